"""The folder of a demo says whether one runs there, to commands beside it too."""

from pathlib import Path

import pytest

from app.cli.configured import refuse_beside_a_demo
from app.cli.demo_folder import address_in, alone_in, folder_of
from app.cli.errors import CommandError
from app.settings import load_settings


def test_a_folder_says_whether_a_demo_runs_there_and_where_it_serves(tmp_path: Path) -> None:
    """A folder of demos is one itself: a demo that is told of it does not begin another below."""
    folder = folder_of(tmp_path)
    assert (folder, address_in(folder)) == (tmp_path / "demo", None)
    with alone_in(folder) as tell:
        assert address_in(folder) == ""
        tell("http://127.0.0.1:8080")
        assert address_in(folder) == "http://127.0.0.1:8080"
    assert address_in(folder) is None
    assert folder_of(folder) == folder
    with alone_in(folder):
        assert address_in(folder) == ""


def test_a_command_that_could_mean_either_database_asks_which(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a demo runs below a data directory that nobody has named; it begins no other database there."""
    for name in ("LOCKSTEP_DATA_DIRECTORY", "LOCKSTEP_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    refuse_beside_a_demo(load_settings())
    with alone_in(Path(".lockstep/demo")):
        with pytest.raises(CommandError, match=r"\. \.lockstep/demo/env\n.*LOCKSTEP_DATA_DIRECTORY=\.lockstep\."):
            refuse_beside_a_demo(load_settings())
        monkeypatch.setenv("LOCKSTEP_DATA_DIRECTORY", ".lockstep")
        refuse_beside_a_demo(load_settings())
