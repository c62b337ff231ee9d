"""The fixture for other teams' tests, in a project of theirs that has an `app` too."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Final

THEIR_TEST: Final = """
import json
from urllib.request import Request, urlopen

import app

def test_a_phone_is_installed(lockstep_simulator):
    assert app.NAME == "theirs"
    assert lockstep_simulator.settings["LOCKSTEP_APNS_SANDBOX_URL"] == lockstep_simulator.apns_url
    with urlopen(f"{lockstep_simulator.control_url}/phones") as answer:
        assert json.load(answer) == {"phones": []}
"""


async def test_a_team_runs_the_simulator_by_a_fixture(tmp_path: Path) -> None:
    """It is found without being named, runs while it is needed, and stops."""
    (tmp_path / "app.py").write_text('NAME = "theirs"\n', encoding="utf-8")
    (tmp_path / "test_theirs.py").write_text(THEIR_TEST, encoding="utf-8")
    outside = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", ".",
        cwd=tmp_path, env=outside, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()
    assert b"1 passed" in said
