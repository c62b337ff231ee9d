"""What the documents tell their reader to type."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

REPOSITORY: Final = Path(__file__).resolve().parents[1]
DOCUMENTS: Final = sorted([*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/**/*.md")])
_STEP: Final = re.compile(r"^ *```sh\n(?P<block>.*?)^ *```\n+(?P<answer>(?:^    [^\n]*\n)*)", re.MULTILINE | re.DOTALL)


ASSIGNMENT: Final = re.compile(r"(?:export )?(\w+)=\$\((.*)\)", re.DOTALL)
"""A command whose output goes into a variable."""


class Command(NamedTuple):
    """A command, over as many lines as it takes.

    Attributes:
        answer: what stands below its block, indented, if the command is the last there; empty without.
    """

    text: str
    answer: str


def name_of(path: Path) -> str:
    """Give a file's name from the root of the repository."""
    return path.relative_to(REPOSITORY).as_posix()


def section_of(text: str, heading: str) -> str:
    """Give what stands below a heading of a document."""
    [section] = re.findall(rf"^## {heading}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    return str(section)


def commands_in(text: str) -> Iterator[Command]:
    """Give the commands of a document's `sh` blocks in their order."""
    for found in _STEP.finditer(text):
        commands = list(_apart(found["block"]))
        for command in commands:
            yield Command(command, found["answer"] if command is commands[-1] else "")


def _apart(block: str) -> Iterator[str]:
    """Tell the commands of a block apart, as a shell does: one may hold line ends in its quotes."""
    begun = ""
    for line in block.replace("\\\n", " ").splitlines():
        begun = f"{begun}\n{line}" if begun else line.strip()
        if begun and _is_whole(begun):
            yield begun
            begun = ""
    if begun:
        raise ValueError(f"a quote is never closed: {begun}")


def _is_whole(command: str) -> bool:
    try:
        shlex.split(command, comments=True)
    except ValueError:
        return False
    return True
