"""Writes the files of an archive, each whole or not there, and reads them.

A file is written beside its place, under its name and `.partial`, and gets its name once it is on the disk. It keeps
the other name until its orders have left the log: so whoever finds both knows that this is still to be done.
"""

import gzip
import os
import secrets
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Final, Self

import msgspec

from events.archive_lines import (
    FORMAT,
    ArchivedEvent,
    ArchivedOrder,
    Closing,
    Line,
    Opening,
    decode_line,
    encode_line,
    installation_of,
)
from events.durable_file import appear
from events.errors import ArchiveError
from events.sealing import Keyring
from events.slot import slot_of

LONGEST_LINE: Final = 8 * 1_048_576
"""Bytes: an event of the largest body that is taken, every character of it escaped twice, and its sealed values."""
ENDING: Final = ".jsonl.gz"
_PARTIAL: Final = ".partial"

Filed = tuple[ArchivedOrder, list[ArchivedEvent]]
"""An order of a file, with its events."""


class ArchiveFolder:
    """A folder of archives, held by one writer at a time; made by `held`.

    Args:
        path: The folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    @contextmanager
    def held(cls, path: Path) -> Iterator[Self]:
        """Hold a folder, which is made if it is not there; what a killed writer left half is removed.

        Raises:
            ArchiveError: It cannot be used, or somebody else writes there.
        """
        import fcntl  # absent on Windows

        with _told(path):
            path.mkdir(mode=0o700, exist_ok=True)
            folder = os.open(path, os.O_RDONLY)
        try:
            with _told(path):
                try:
                    fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    raise ArchiveError(
                        f"Another `lockstep archive` writes to {path}. Wait for it, or choose another folder."
                    ) from None
                for each in path.glob(f"*{ENDING}{_PARTIAL}"):
                    if not each.with_suffix("").exists():
                        each.unlink()
            yield cls(path)
        finally:
            os.close(folder)

    def unfinished(self) -> list[Path]:
        """Give the files whose orders may not have left the log yet, the oldest first."""
        return sorted(each.with_suffix("") for each in self.path.glob(f"*{ENDING}{_PARTIAL}"))

    def begin(self, at: datetime, keyring: Keyring) -> "ArchiveFile":
        """Begin a file, for this account alone to read.

        Args:
            at: Goes into its name.
            keyring: Of the installation.
        """
        return ArchiveFile(self.path / f"orders-{at:%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}{ENDING}", keyring)

    def has_left(self, file: Path) -> int:
        """Note that the orders of a file have left the log; give its size in bytes."""
        with _told(file):
            _partial(file).unlink()
            return file.stat().st_size


class ArchiveFile:
    """A file that is being written; made by `ArchiveFolder.begin`.

    Attributes:
        path: Where it will stand.
        events: How many have been written.
    """

    def __init__(self, path: Path, keyring: Keyring) -> None:
        self.path = path
        self.events = self._orders = 0
        with _told(path):
            descriptor = os.open(_partial(path), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            self._raw = os.fdopen(descriptor, "wb")
            self._packed = gzip.GzipFile(filename="", mode="wb", fileobj=self._raw, mtime=0)
        self.write([Opening(format=FORMAT, installation=installation_of(keyring.hash))])

    def write(self, lines: Iterable[Line]) -> None:
        """Add lines: orders, each followed by its events.

        Raises:
            ArchiveError: The disk does not take them.
        """
        encoded = bytearray()
        for line in lines:
            encoded += encode_line(line)
            self._orders += isinstance(line, ArchivedOrder)
            self.events += isinstance(line, ArchivedEvent)
        with _told(self.path):
            self._packed.write(encoded)

    def finish(self) -> None:
        """Let the file appear, once it is on the disk.

        Raises:
            ArchiveError: The disk does not take it.
        """
        self.write([Closing(orders=self._orders, events=self.events)])
        with _told(self.path):
            self._packed.close()
            self._raw.flush()
            os.fsync(self._raw.fileno())
            self._raw.close()
            appear(_partial(self.path), self.path)

    def leave(self) -> None:
        """Close it as it is; one that has not appeared is removed by the next writer."""
        # what a full disk does not take is in the log
        with suppress(OSError):
            self._packed.close()
            self._raw.close()


def read_archive(path: Path, keyring: Keyring) -> Iterator[Filed]:
    """Read the orders of a file, one after the other; that it is whole is known once the last was given.

    Raises:
        ArchiveError: It cannot be read, is no archive, is damaged or cut, or is of another installation.
    """
    lines = _lines(path)
    _judge_opening(path, next(lines, None), keyring)
    order: ArchivedOrder | None = None
    events: list[ArchivedEvent] = []
    orders = count = 0
    for line in lines:
        match line:
            case ArchivedEvent() if order is not None:
                events.append(line)
                continue
            case ArchivedOrder() | Closing():
                if order is not None:
                    orders, count = orders + 1, count + len(events)
                    yield order, events
                order, events = (line, []) if isinstance(line, ArchivedOrder) else (None, [])
                if isinstance(line, Closing):
                    if (line.orders, line.events) != (orders, count) or next(lines, None) is not None:
                        break
                    return
            case _:
                break
    else:
        raise _cut(path)
    raise _damaged(path, "its lines are not in their order")


def batches(filed: Iterable[Filed], most_events: int) -> Iterator[list[Filed]]:
    """Put orders together, whole ones, until they have so many events."""
    batch: list[Filed] = []
    events = 0
    for each in filed:
        batch.append(each)
        events += len(each[1]) + 1
        if events >= most_events:
            yield batch
            batch, events = [], 0
    if batch:
        yield batch


def by_slot(filed: Iterable[Filed]) -> dict[int, list[Filed]]:
    """Put the orders of each slot together."""
    found: dict[int, list[Filed]] = {}
    for each in filed:
        found.setdefault(slot_of(each[0].id), []).append(each)
    return found


def _lines(path: Path) -> Iterator[Line]:
    try:
        with gzip.open(path, "rb") as file:
            while text := file.readline(LONGEST_LINE):
                yield decode_line(text)
    except EOFError:
        raise _cut(path) from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise _damaged(path, str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise _damaged(path, "it holds a line that no archive has") from None
    except OSError as error:
        raise ArchiveError(f"{path} cannot be read: {error.strerror}.") from error


def _judge_opening(path: Path, line: Line | None, keyring: Keyring) -> None:
    if not isinstance(line, Opening):
        raise _damaged(path, "it does not begin as an archive")
    if line.format != FORMAT:
        raise ArchiveError(
            f"{path} has format {line.format}, and this release reads format {FORMAT}. Take the release that wrote it, "
            "or a newer one."
        )
    if line.installation != installation_of(keyring.hash):
        raise ArchiveError(
            f"{path} is of another installation: its keys are not in this database. Name the database that it was "
            "written from, by LOCKSTEP_DATABASE_URL."
        )


def _cut(path: Path) -> ArchiveError:
    return ArchiveError(f"{path} ends too early: it was cut. Take a whole copy.")


def _damaged(path: Path, why: str) -> ArchiveError:
    return ArchiveError(f"{path} is damaged, or no archive: {why}. Take another copy.")


def _partial(path: Path) -> Path:
    return path.with_name(f"{path.name}{_PARTIAL}")


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Say what could not be written; what is in the log is still there."""
    try:
        yield
    except OSError as error:
        raise ArchiveError(
            f"{path} cannot be written: {error.strerror}. What is not in a file is in the log; mend that, and run this "
            "again."
        ) from error
