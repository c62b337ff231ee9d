"""What the files of `sql/` say of themselves in their heads."""

import re
from pathlib import Path
from typing import Final

import msgspec

from events.postgres.statements import SQL_DIRECTORY

FOLDERS: Final = ("events", "projections", "app")
STATEMENTS: Final = {
    f"{folder}/{path.stem}": path for folder in FOLDERS for path in sorted((SQL_DIRECTORY / folder).glob("*.sql"))
}
"""Name → file, for everything that is run by name."""

_TYPE = r"(?:double precision|[a-z0-9_]+)(?:\[\])?"
_bind = re.compile(rf"--\s+\$(\d+)\s+({_TYPE})\s+(\S.*)").fullmatch
_column = re.compile(rf"(\w+) ({_TYPE})").fullmatch


class SqlHead(msgspec.Struct, frozen=True):
    """The comment that a statement begins with.

    Attributes:
        binds: the documented type of each bind, in the order of their numbers.
        columns: name and type of each column that comes back.
    """

    binds: list[str]
    columns: list[tuple[str, str]]


def text_of(path: Path) -> str:
    """Read a statement as it is run."""
    return path.read_text(encoding="utf-8")


def body_of(path: Path) -> str:
    """Give a statement without its comments."""
    return re.sub(r"--[^\n]*", "", text_of(path)).strip()


def read_head(path: Path) -> SqlHead:
    """Read the head of a statement's file.

    Raises:
        ValueError: the head does not have its form: a sentence, the binds 1, 2, 3 …, and `Returns:` with columns.
    """
    lines = []
    for line in text_of(path).splitlines():
        if not line.startswith("--"):
            break
        lines.append(line)
    if not lines or not re.fullmatch(r"-- [A-Z].*", lines[0]):
        raise ValueError("begins with no sentence that says what it does")
    binds = [bind.groups() for line in lines if (bind := _bind(line))]
    if [int(number) for number, _, _ in binds] != list(range(1, len(binds) + 1)):
        raise ValueError(f"documents the binds {[number for number, _, _ in binds]}")
    columns = []
    for text in _returned(lines):
        column = _column(text)
        if column is None:
            raise ValueError(f"names a column as {text!r} instead of by a name and a type")
        columns.append((column[1], column[2]))
    return SqlHead([type_ for _, type_, _ in binds], columns)


def _returned(lines: list[str]) -> list[str]:
    """Give the columns after `Returns:`, which go on in lines that are indented."""
    found = ""
    for line in lines:
        if line.startswith("-- Returns: "):
            found = line.removeprefix("-- Returns: ")
        elif found and line.startswith("--  "):
            found += f" {line.removeprefix('--').strip()}"
        elif found:
            break
    return found.split(", ") if found else []
