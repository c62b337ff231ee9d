"""Writes an export to a file that is whole or not there: beside it until the last line, then put in its place.

What a killed process left is beside it under another name, and can be gone on with: half a line at its end is cut off,
and the last whole line says which event came last.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, Self

import msgspec

from app.errors import ExportFileError
from events.cloud_event import LONGEST_LINE
from events.durable_file import appear
from events.exporter import Position

_WRITTEN_AT_ONCE: Final = 1 << 20


class _Last(msgspec.Struct, frozen=True):
    """What is needed of the last line."""

    subject: str
    version: int


class ExportFile:
    """A file that is being written; made by `begin` or `resume`.

    Attributes:
        after: The last event that it has already; None if it has none.
    """

    def __init__(self, path: Path, partial: Path, descriptor: int, after: Position | None) -> None:
        self._path = path
        self._partial = partial
        self._file = os.fdopen(descriptor, "ab", buffering=_WRITTEN_AT_ONCE)
        self.after = after

    @classmethod
    def begin(cls, path: Path, *, kind: str) -> Self:
        """Begin a file, for this account alone to read.

        Args:
            path: Where it will stand.
            kind: What it holds; one kind does not go on with what another left.

        Raises:
            ExportFileError: Something is there already.
        """
        partial = _partial(path, kind)
        if path.exists():
            raise ExportFileError(f"{path} is there already. Choose another name, or remove it.")
        try:
            return cls(path, partial, os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600), None)
        except FileExistsError:
            raise ExportFileError(
                f"{partial} was left by an export that was stopped. Remove it or, if it was of all orders, go on with "
                "it by --resume."
            ) from None
        except OSError as error:
            raise ExportFileError(f"{partial} cannot be written: {error.strerror}.") from error

    @classmethod
    def resume(cls, path: Path, *, kind: str) -> Self:
        """Go on with what an export left that was stopped.

        Raises:
            ExportFileError: There is nothing to go on with, or it is no export.
        """
        partial = _partial(path, kind)
        try:
            descriptor = os.open(partial, os.O_RDWR | os.O_APPEND)
        except OSError as error:
            raise ExportFileError(
                f"There is nothing to go on with: {partial} cannot be opened ({error.strerror}). Leave out --resume."
            ) from error
        try:
            after = _cut_to_whole_lines(descriptor)
        except (msgspec.DecodeError, UnicodeDecodeError):
            os.close(descriptor)
            raise ExportFileError(f"{partial} does not hold an export. Remove it, and leave out --resume.") from None
        return cls(path, partial, descriptor, after)

    def write(self, line: bytes) -> None:
        """Add a line.

        Raises:
            ExportFileError: The disk does not take it.
        """
        with self._told():
            self._file.write(line)

    def finish(self) -> None:
        """Put the file in its place, once it is on the disk.

        Raises:
            ExportFileError: The disk does not take it, or something else stands there by now.
        """
        with self._told():
            self._file.flush()
            os.fsync(self._file.fileno())
        self._file.close()
        try:
            appear(self._partial, self._path)
        except FileExistsError:
            raise ExportFileError(f"{self._path} is there by now; the export is in {self._partial}.") from None
        self._partial.unlink()

    def leave(self) -> None:
        """Keep what has been written, to be gone on with."""
        # what a full disk does not take is read again from the log
        with suppress(OSError):
            self._file.close()

    def discard(self) -> None:
        """Remove what has been written, if it is not in its place: it is of no use, or too much of one."""
        self.leave()
        self._partial.unlink(missing_ok=True)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise ExportFileError(
                f"{self._partial} cannot be written: {error.strerror}. Mend that, and go on by --resume."
            ) from error


def _partial(path: Path, kind: str) -> Path:
    return path.with_name(f"{path.name}.{kind}.partial")


def _cut_to_whole_lines(descriptor: int) -> Position | None:
    """Cut half a line off the end, and tell which event the last whole one is about."""
    size = os.fstat(descriptor).st_size
    # two lines at their longest: the half one, and the one before it
    start = max(0, size - 2 * LONGEST_LINE)
    tail = os.pread(descriptor, size - start, start)
    whole = tail.rfind(b"\n") + 1
    os.ftruncate(descriptor, start + whole)
    if not whole:
        return None
    last = msgspec.json.decode(tail[:whole].rstrip(b"\n").rpartition(b"\n")[2], type=_Last)
    return Position(last.subject, last.version)
