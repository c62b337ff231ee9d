"""What a demo leaves for other terminals, and for the start after it."""

import subprocess
from dataclasses import replace
from pathlib import Path

from app.cli.demo_invitation import Kept, kept_in
from tests.unit.app.cli.test_demo_screen import INVITATION


def test_a_shell_takes_it_up_whatever_the_folder_is_called(tmp_path: Path) -> None:
    """The printed line works as it stands; the file is for its owner alone."""
    folder = tmp_path / "it's a folder"
    folder.mkdir()
    made = replace(INVITATION, folder=folder, settings={"LOCKSTEP_CARDS": "a,b"})
    made.write()
    [line] = [each for each in str(made).splitlines() if each.startswith("  . ")]
    asked = 'echo "$AUTH|$JSON|$CUSTOMER|$PHONE|$ORDER|$LOCKSTEP_CARDS|$LOCKSTEP_DATA_DIRECTORY"; command -v lockstep'
    said = subprocess.run(  # noqa: S603 - what the demo prints
        ["/bin/sh", "-c", f"{line}\n{asked}"], capture_output=True, text=True, check=True, cwd="/", env={}
    ).stdout.splitlines()

    assert said[0].split("|") == [
        f"Authorization: Bearer {INVITATION.api_key}",
        "Content-Type: application/json",
        "you",
        "http://127.0.0.1:40000/phones/your-phone",
        "http://127.0.0.1:8080/v1/orders/mine-1f3a",
        "a,b",
        str(folder),
    ]
    assert said[1].endswith("/bin/lockstep")
    assert (folder / "env").stat().st_mode & 0o777 == 0o600


def test_the_next_start_finds_what_is_to_stay_as_it_was(tmp_path: Path) -> None:
    """The key, and where the phones are; nothing at the first start."""
    assert kept_in(tmp_path) == Kept(None, 0)
    replace(INVITATION, folder=tmp_path).write()
    assert kept_in(tmp_path) == Kept(INVITATION.api_key, 40_000)
