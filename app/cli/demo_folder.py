"""The folder of a demo: its data, who runs there, and what a start there leaves for the next one."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from app.cli.errors import CommandError

FOLDER: Final = "demo"
LOG: Final = "log"
_LOCK: Final = "demo.lock"
"""Held while a demo runs; it has the address at which that serves."""


def folder_of(data_directory: Path) -> Path:
    """Give the folder of the demos of a data directory, which may be the folder of one already."""
    return data_directory if is_demo(data_directory) else data_directory / FOLDER


def is_demo(directory: Path) -> bool:
    """Tell whether a folder is one of demos."""
    return (directory / _LOCK).is_file()


def address_in(directory: Path) -> str | None:
    """Give the address of the demo that runs in a folder, empty while it starts; None where none runs."""
    import fcntl  # absent on Windows, where the embedded Postgres does not run either

    try:
        lock = os.open(directory / _LOCK, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return os.read(lock, 4_096).decode()
    finally:
        os.close(lock)
    return None


@contextmanager
def alone_in(directory: Path) -> Iterator[Callable[[str], None]]:
    """Hold a folder: two demos would send each other's pushes to the wrong simulator.

    Yields:
        What takes the address at which the demo serves.

    Raises:
        CommandError: Another demo runs there, or the folder cannot be used.
    """
    import fcntl  # as above

    try:
        directory.mkdir(parents=True, exist_ok=True)
        lock = os.open(directory / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise CommandError(
            f"{directory} cannot be used: {error.strerror}. Set LOCKSTEP_DATA_DIRECTORY to a folder that this user may "
            "write."
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(lock)
        raise CommandError(
            f"Another demo runs in {directory}. Stop it, or set LOCKSTEP_DATA_DIRECTORY to another folder."
        ) from error

    def tell(address: str) -> None:
        os.pwrite(lock, address.encode(), 0)

    try:
        os.ftruncate(lock, 0)
        yield tell
    finally:
        os.close(lock)


def empty(directory: Path) -> None:
    """Remove what demos have left in a folder that is held.

    Raises:
        CommandError: It belongs to somebody else.
    """
    try:
        for each in directory.iterdir():
            if each.is_dir():
                shutil.rmtree(each)
            elif each.name not in {_LOCK, LOG}:
                each.unlink()
    except OSError as error:
        raise CommandError(
            f"{error.filename} cannot be removed: {error.strerror}. Remove {directory} as the user who owns it."
        ) from error
