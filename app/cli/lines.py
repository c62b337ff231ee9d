"""Opens a file of lines for a command."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from app.cli.errors import CommandError


def open_lines(file: str) -> BinaryIO:
    """Open a file to be read; - stands for standard input.

    Raises:
        CommandError: It cannot be read.
    """
    if file == "-":
        return sys.stdin.buffer
    try:
        return Path(file).open("rb")
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.") from error


def lines_of(source: BinaryIO, longest: int) -> Iterator[bytes]:
    """Give line by line; what is longer than any line may be comes in pieces, and is refused.

    Args:
        source: What is read.
        longest: Bytes.
    """
    while line := source.readline(longest + 1):
        yield line
