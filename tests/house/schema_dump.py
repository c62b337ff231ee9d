"""Dumps the migrated schema in a form that two versions of the same Postgres agree on.

python -m tests.house.schema_dump --write
"""

import asyncio
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from events.postgres.embedded_binaries import find_installation
from events.postgres.migrator import migrate
from events.postgres.statements import SQL_DIRECTORY
from tests.database import new_database, serving

SCHEMA_FILE: Final = SQL_DIRECTORY / "schema.sql"
_HEAD: Final = "-- The schema that the migrations make: written by `make dump`, compared by a test, never edited.\n\n"
_NOISE: Final = ("--", "SET ", "SELECT pg_catalog.set_config", "\\restrict", "\\unrestrict")


def dump(dsn: str) -> str:
    """Dump a database's schema without what differs between versions, settings and runs."""
    command = [str(find_installation() / "bin" / "pg_dump"), "--schema-only", "--no-owner", "--no-privileges", dsn]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - our own program
    blocks = [
        "\n".join(line for line in block.splitlines() if not line.startswith(_NOISE)).strip()
        for block in done.stdout.split("\n\n")
    ]
    return _HEAD + "\n\n".join(block for block in blocks if block) + "\n"


def dump_major() -> int:
    """Give the major version of the tool that dumps."""
    command = [str(find_installation() / "bin" / "pg_dump"), "--version"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - our own program
    return int(done.stdout.split()[2].split(".")[0])


async def _dump_anew(folder: Path) -> str:
    async with serving(folder) as server, new_database(server) as dsn:
        await migrate(dsn)
        return await asyncio.to_thread(dump, dsn)


def main() -> None:
    """Write `sql/schema.sql`, or show what it would hold."""
    with tempfile.TemporaryDirectory(prefix="lockstep-dump-") as folder:
        schema = asyncio.run(_dump_anew(Path(folder) / "server"))
    if "--write" in sys.argv[1:]:
        SCHEMA_FILE.write_text(schema, encoding="utf-8")
    else:
        sys.stdout.write(schema)


if __name__ == "__main__":
    main()
