"""Runs a command's coroutine and turns what goes wrong into a sentence and an exit code.

Exit codes: 0 it is so, or it was done; 1 the answer is no; 2 the command could not run.
"""

import asyncio
import errno
import os
import re
import signal
import sys
import traceback
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, NoReturn

import typer

from app.cli.demo_folder import FOLDER
from app.cli.demo_invitation import FILE
from app.cli.errors import CommandError
from events.errors import LockstepError, StoreUnavailableError

NO: Final = 1
COULD_NOT_RUN: Final = 2

_PORT_ERRORS: Final = {errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EACCES}
_STOPPING: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_DATABASE: Final = "Is it running, and does LOCKSTEP_DATABASE_URL name it?"


def run(work: Coroutine[Any, Any, int]) -> None:
    """Run a command and leave with its exit code; errors become one message on standard error."""
    try:
        code = _run(work)
    except (KeyboardInterrupt, asyncio.CancelledError):
        code = 128 + signal.SIGINT
    except Exception as error:  # noqa: BLE001 - the last place that can say what happened
        code = _failed(error)
    if code:
        raise typer.Exit(code)


def _failed(error: Exception) -> int:
    """Say what went wrong; give the exit code."""
    if isinstance(error, ExceptionGroup):
        return _failed(error.exceptions[0])
    if isinstance(error, BrokenPipeError):
        # who read our words has left, as head does; what is still to be written goes nowhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    typer.echo(f"lockstep: {explain(error)}", err=True)
    if os.environ.get("LOCKSTEP_LOG_LEVEL") == "debug":
        traceback.print_exception(error, file=sys.stderr)
    return COULD_NOT_RUN


def unknown(id_: str) -> int:
    """Say that nothing is known of an order or a customer; give the exit code."""
    typer.echo(f"Nothing is known of {id_}. Ids are told apart by upper and lower case.{_elsewhere()}", err=True)
    return NO


def _elsewhere() -> str:
    """Say where a demo keeps its data, if there was one beside the database that was asked."""
    # no settings here: they know the sender, which a command that replays does not reach
    terminal = Path(os.environ.get("LOCKSTEP_DATA_DIRECTORY", ".lockstep")) / FOLDER / FILE
    if os.environ.get("LOCKSTEP_DATABASE_URL") or not terminal.is_file():
        return ""
    return f" To ask about what a demo was told, type first: . {terminal}"


def explain(error: Exception) -> str:
    """Give cause and cure of an error as a person wants to read them."""
    import asyncpg

    from app.demo.errors import DemoError
    from app.simulator.errors import SimulatorError

    if isinstance(error, ExceptionGroup):
        return explain(error.exceptions[0])
    match error:
        case LockstepError():
            return f"{error} {_DATABASE}" if isinstance(error, StoreUnavailableError) else str(error)
        case SimulatorError():
            return f"The simulator: {error}."
        case DemoError():
            return f"The demo: {error}"
        case asyncpg.PostgresError():
            return f"Postgres refused: {error.as_dict().get('message', error)} (SQLSTATE {error.sqlstate}). {_DATABASE}"
        case TimeoutError():
            return f"Postgres did not answer in time. {_DATABASE}"
        case OSError():
            return f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}. {_DATABASE}"
        case _:
            place = traceback.extract_tb(error.__traceback__)[-1]
            return (
                f"{type(error).__name__} at {place.filename}:{place.lineno}. This is a fault of Lockstep; "
                "LOCKSTEP_LOG_LEVEL=debug shows the way there."
            )


@contextmanager
def listening(cure: str) -> Iterator[None]:
    """Explain a port that cannot be had.

    Args:
        cure: How to take another.

    Raises:
        CommandError: The port is taken, or may not be used.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _PORT_ERRORS:
            raise
        # asyncio says "error while attempting to bind on address ('127.0.0.1', 8080): address already in use"
        where = re.fullmatch(r".* address \('(.*?)', (\d+).*?\): (.*)", error.strerror or "")
        cause = f" at {where[1]}:{where[2]}: {where[3]}" if where else f": {error.strerror or error}"
        raise CommandError(f"Cannot listen{cause}. {cure}") from error


def stop_on_signals() -> asyncio.Event:
    """Give what SIGTERM, Ctrl-C or a closed terminal sets; a second one cancels the command, which then only tidies up.

    More of them do nothing: what they could break off is the tidying, and a Postgres would be left behind.
    """
    stop, command = asyncio.Event(), asyncio.current_task()
    if command is None:
        raise AssertionError("a command is a task")
    steps: Iterator[Callable[[], object]] = iter((stop.set, command.cancel))

    def hear() -> None:
        next(steps, bool)()

    loop = asyncio.get_running_loop()
    for each in _STOPPING:
        # who runs us with nohup has had SIGHUP ignored, and means it
        if each != signal.SIGHUP or signal.getsignal(each) is not signal.SIG_IGN:
            loop.add_signal_handler(each, hear)
    return stop


def leave_at_once(code: int) -> NoReturn:
    """End the process with this exit code as it is; what is under way may wait for somebody who does not answer."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Give what makes event loops; None stands for the standard library's own."""
    with suppress(ImportError):  # there is none for Windows
        import uvloop

        return uvloop.new_event_loop
    return None


def _run(work: Coroutine[Any, Any, int]) -> int:
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        return runner.run(work)
