"""A process that has imported Lockstep and forks for each command: commands start at once, and are still processes.

`python -m tests.integration.warm_command_line FD` answers on that listening socket until its standard input ends. Each
connection asks once, as `Asked`, and is told how the command ended, as `Ended`; both are one line of JSON.
"""

import gc
import importlib
import os
import pkgutil
import select
import signal
import socket
import sys
import tempfile
from pathlib import Path
from typing import IO, NoReturn

import msgspec

import app
from app.cli.main import main


class Asked(msgspec.Struct, frozen=True):
    """A command."""

    arguments: tuple[str, ...]
    environment: dict[str, str]


class Ended(msgspec.Struct, frozen=True):
    """How it ended; a code below zero is the signal that ended it."""

    code: int
    out: bytes
    err: bytes


def serve(listener: socket.socket) -> None:
    """Fork for each connection, until there is nobody left to ask."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        ready, _, _ = select.select([listener, sys.stdin], [], [])
        if sys.stdin in ready:
            return
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            answer(connection)
        connection.close()


def answer(connection: socket.socket) -> NoReturn:
    """Run the command that is asked for in a process of its own, and tell how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    with (
        connection,
        connection.makefile("rb") as asking,
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as err,
    ):
        asked = msgspec.json.decode(asking.readline(), type=Asked)
        command = os.fork()
        if command == 0:
            become(asked, out, err)
            main()
            sys.exit(0)
        _, status = os.waitpid(command, 0)
        out.seek(0)
        err.seek(0)
        ended = Ended(os.waitstatus_to_exitcode(status), out.read(), err.read())
        connection.sendall(msgspec.json.encode(ended) + b"\n")
    os._exit(0)


def become(asked: Asked, out: IO[bytes], err: IO[bytes]) -> None:
    """Take the place that a shell would give the command."""
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(out.fileno(), 1)
    os.dup2(err.fileno(), 2)
    os.environ.clear()
    os.environ.update(asked.environment)
    sys.path[1:1] = filter(None, asked.environment.get("PYTHONPATH", "").split(os.pathsep))
    sys.argv = ["lockstep", *asked.arguments]


if __name__ == "__main__":
    for module in pkgutil.walk_packages(app.__path__, "app."):
        importlib.import_module(module.name)
    gc.freeze()
    serve(socket.socket(fileno=int(sys.argv[1])))
