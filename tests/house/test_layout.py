"""The shape of the tree: small files with one subject, named for it."""

import ast
import re
from pathlib import Path
from typing import Final

import pytest

REPOSITORY: Final = Path(__file__).resolve().parents[2]
ROOMS: Final = ("app", "events", "projections", "sql", "tests", "bench")
MOST_LINES: Final = 400
LONGER: Final = {
    "sql/schema.sql": "is written by pg_dump",
    "tests/integration/test_embedded_postgres.py": "holds one way to lose a server a test",
}
"""Files that are longer, each with its reason."""
EMPTY_WORDS: Final = frozenset({"utils", "util", "helpers", "helper", "common", "base", "misc"})

FILES: Final = sorted(
    path
    for room in ROOMS
    for path in (REPOSITORY / room).rglob("*")
    if path.suffix in {".py", ".sql", ".js", ".css", ".html"}
)
MODULES: Final = [path for path in FILES if path.suffix == ".py"]
SOURCES: Final = [path for path in MODULES if path.relative_to(REPOSITORY).parts[0] in {"app", "events", "projections"}]


def name_of(path: Path) -> str:
    """Give a file's name from the root of the repository."""
    return path.relative_to(REPOSITORY).as_posix()


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_file_can_be_read_in_one_sitting(path: Path) -> None:
    """No file is over 400 lines, save those with a reason."""
    lines = len(path.read_text(encoding="utf-8").splitlines())

    assert lines <= MOST_LINES or name_of(path) in LONGER


def test_every_exception_is_still_one() -> None:
    """A file that became short, or went, needs no reason any more."""
    long = {name_of(path) for path in FILES if len(path.read_text(encoding="utf-8").splitlines()) > MOST_LINES}

    assert set(LONGER) - long <= {"sql/schema.sql"}


def test_a_module_is_named_for_its_subject() -> None:
    """Nothing is called utils, helpers, common, base or misc."""
    assert [name_of(path) for path in MODULES if EMPTY_WORDS & {path.stem, path.parent.name}] == []


@pytest.mark.parametrize("path", [path for path in MODULES if path.name == "__init__.py"], ids=name_of)
def test_a_package_holds_a_docstring_alone(path: Path) -> None:
    """Nothing is exported twice."""
    tree = ast.parse(path.read_text(encoding="utf-8"))

    assert ast.get_docstring(tree)
    assert len(tree.body) == 1


def test_only_the_command_line_prints() -> None:
    """Everything else logs."""
    printing = [name_of(path) for path in SOURCES if re.search(r"\bprint\(", path.read_text(encoding="utf-8"))]

    assert [name for name in printing if not name.startswith("app/cli/")] == []
