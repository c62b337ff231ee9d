"""SQL by name: one statement a file, found from the folder and the function that runs it."""

from functools import cache
from pathlib import Path

SQL_DIRECTORY = Path(__file__).resolve().parents[2] / "sql"


@cache
def statement(name: str) -> str:
    """Read `sql/<name>.sql`, for example `events/append_events`.

    Raises:
        FileNotFoundError: No such statement; a spelling mistake in our own code.
    """
    return (SQL_DIRECTORY / f"{name}.sql").read_text(encoding="utf-8")
