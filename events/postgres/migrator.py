"""Brings the schema to where the code is: plain SQL files, forward only, each once."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import structlog

from events.errors import MigrationError, SchemaAheadError
from events.postgres.pool import connect
from events.postgres.statements import SQL_DIRECTORY

log = structlog.get_logger()

# Any constant of our own: two migrators of one database take turns.
MIGRATION_LOCK = 0x10C57E9

LEDGER = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    number     integer PRIMARY KEY,
    name       text NOT NULL,
    checksum   text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
)
"""


@dataclass(frozen=True)
class Migration:
    """One file of `sql/migrations`."""

    number: int
    name: str
    text: str

    @property
    def checksum(self) -> str:
        """The SHA-256 of the text, in hex."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def read_migrations(directory: Path = SQL_DIRECTORY / "migrations") -> list[Migration]:
    """Read the migrations in their order.

    Raises:
        MigrationError: Numbers that are not 1, 2, 3 …
    """
    found = [
        Migration(int(path.stem.split("_", 1)[0]), path.stem, path.read_text(encoding="utf-8"))
        for path in sorted(directory.glob("*.sql"))
    ]
    if [each.number for each in found] != list(range(1, len(found) + 1)):
        raise MigrationError(f"The migrations in {directory} are not numbered 1, 2, 3 … without gaps.")
    return found


def pending(found: list[Migration], applied: dict[int, str]) -> list[Migration]:
    """Tell which migrations are still to be applied.

    Args:
        found: The files, in order.
        applied: Checksums by number, as the database remembers them.

    Raises:
        MigrationError: A file was changed after it was applied.
        SchemaAheadError: The database is ahead of this code.
    """
    for each in found:
        if each.number in applied and applied[each.number] != each.checksum:
            raise MigrationError(
                f"Migration {each.name} was changed after it had been applied. Put its old text back and "
                "write a new migration."
            )
    ahead = sorted(set(applied) - {each.number for each in found})
    if ahead:
        raise SchemaAheadError(
            f"The database has migration {ahead[-1]}, which this version does not know. Run the newer version."
        )
    return [each for each in found if each.number not in applied]


async def migrate(dsn: str) -> list[str]:
    """Apply what is missing, one transaction a file, and return the names of what was applied.

    Raises:
        MigrationError: The database and the files do not fit together.
    """
    found = read_migrations()
    connection = await connect(dsn, name="lockstep-migrate")
    try:
        await connection.execute("SET statement_timeout = 0")
        await connection.execute("SELECT pg_advisory_lock($1)", MIGRATION_LOCK)
        await connection.execute(LEDGER)
        rows = await connection.fetch("SELECT number, checksum FROM schema_migrations")
        todo = pending(found, {row["number"]: row["checksum"] for row in rows})
        for each in todo:
            async with connection.transaction():
                await connection.execute(each.text)
                await connection.execute(
                    "INSERT INTO schema_migrations (number, name, checksum) VALUES ($1, $2, $3)",
                    each.number,
                    each.name,
                    each.checksum,
                )
            log.info("migration_applied", migration=each.name)
        return [each.name for each in todo]
    finally:
        await connection.close()


async def schema_behind(dsn: str) -> list[str]:
    """Name the migrations that the database still lacks; empty when it fits this version."""
    connection = await connect(dsn, name="lockstep-migrate")
    try:
        if await connection.fetchval("SELECT to_regclass('schema_migrations')") is None:
            return [each.name for each in read_migrations()]
        rows = await connection.fetch("SELECT number, checksum FROM schema_migrations")
        return [each.name for each in pending(read_migrations(), {r["number"]: r["checksum"] for r in rows})]
    finally:
        await connection.close()
