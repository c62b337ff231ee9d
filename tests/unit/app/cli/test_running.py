"""What goes wrong becomes a sentence and an exit code."""

import errno
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from app.cli.errors import CommandError
from app.cli.running import NO, explain, listening, run, unknown
from app.demo.errors import DemoError
from app.simulator.errors import SimulatorError
from events.errors import LockstepError, StoreUnavailableError


async def _answer(code: int) -> int:
    return code


async def _fail(error: Exception) -> int:
    raise error


def test_an_answer_is_the_exit_code() -> None:
    """A command's own number leaves with it; 0 just returns."""
    run(_answer(0))
    with pytest.raises(typer.Exit) as left:
        run(_answer(1))

    assert left.value.exit_code == 1


def test_an_error_is_one_message_and_2(capsys: pytest.CaptureFixture[str]) -> None:
    """No traceback; the message goes to standard error."""
    with pytest.raises(typer.Exit) as left:
        run(_fail(CommandError("The cause. The cure.")))

    assert left.value.exit_code == 2
    assert capsys.readouterr() == ("", "lockstep: The cause. The cure.\n")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (LockstepError("Ours."), "Ours."),
        (StoreUnavailableError("Away."), "Away. Is it running, and does LOCKSTEP_DATABASE_URL name it?"),
        (SimulatorError("no phone"), "The simulator: no phone."),
        (DemoError("It ended."), "The demo: It ended."),
        (ExceptionGroup("several", [LockstepError("The first.")]), "The first."),
    ],
)
def test_known_errors_keep_their_words(error: Exception, words: str) -> None:
    """Errors of ours say cause and cure already."""
    assert explain(error) == words


def test_a_fault_of_ours_says_so_and_where() -> None:
    """What nobody foresaw names its place instead of spilling a traceback."""
    with pytest.raises(ZeroDivisionError) as failed:
        _ = 1 / 0
    words = explain(failed.value)

    assert words.startswith("ZeroDivisionError at ")
    assert "test_running.py" in words
    assert "LOCKSTEP_LOG_LEVEL=debug" in words


def test_who_stops_reading_is_told_nothing() -> None:
    """As after `| head`: no message, no traceback, and the exit code of a broken pipe."""
    says = """
import typer
from app.cli.running import run

async def work():
    while True:
        print("a line")

try:
    run(work())
except typer.Exit as left:
    raise SystemExit(left.exit_code)
"""
    with subprocess.Popen([sys.executable, "-c", says], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:  # noqa: S603 - ours
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == b"a line\n"
        process.stdout.close()
        said = process.stderr.read()

    assert (said, process.returncode) == (b"", 141)


def test_a_taken_port_says_how_to_take_another() -> None:
    """The cure is the caller's; other errors pass."""
    with (
        pytest.raises(CommandError, match=r"Cannot listen: it is taken. Choose another with --port."),
        listening("Choose another with --port."),
    ):
        raise OSError(errno.EADDRINUSE, "it is taken")
    said = "error while attempting to bind on address ('127.0.0.1', 8080): address already in use"
    with (
        pytest.raises(CommandError, match=r"^Cannot listen at 127.0.0.1:8080: address already in use. "),
        listening(""),
    ):
        raise OSError(errno.EADDRINUSE, said)
    with pytest.raises(ConnectionRefusedError), listening(""):
        raise ConnectionRefusedError


def test_what_is_unknown_may_be_known_to_the_demo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A demo keeps its data in a folder of its own, and whoever has just played one asks the other."""
    monkeypatch.delenv("LOCKSTEP_DATABASE_URL", raising=False)
    monkeypatch.setenv("LOCKSTEP_DATA_DIRECTORY", str(tmp_path))
    assert unknown("order-1") == NO
    alone = capsys.readouterr().err
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo/env").touch()
    unknown("order-1")

    assert alone == "Nothing is known of order-1. Ids are told apart by upper and lower case.\n"
    assert capsys.readouterr().err.endswith(f" type first: . {tmp_path / 'demo/env'}\n")
