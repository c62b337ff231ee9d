"""The Postgres that tests run on: an embedded one, a container, or one that is named."""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit
from uuid import uuid4

from events.postgres.embedded import EmbeddedPostgres
from events.postgres.pool import connect

CHOICE: Final = "LOCKSTEP_TEST_POSTGRES"
"""Unset: the embedded Postgres; `docker`: a container; else the URL of a server."""

FORGETFUL: Final[Mapping[str, str]] = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    # a new database is written to the log page by page: twice the work where pages are compressed
    "wal_compression": "off",
}
"""For a store that may be lost: nothing waits for the disk."""


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[str]:
    """Give the URL of a server's database from which others can be made, and stop the server if it was started here.

    Args:
        folder: Where an embedded server keeps its things.
    """
    choice = os.environ.get(CHOICE, "")
    if choice == "docker":
        from testcontainers.community.postgres import PostgresContainer

        with PostgresContainer("postgres:18", driver=None) as container:
            yield container.get_connection_url()
    elif choice:
        yield choice
    else:
        server = await EmbeddedPostgres.start(folder, settings=FORGETFUL)
        try:
            yield server.dsn
        finally:
            await server.stop(grace_seconds=2, keep_data=False)


@asynccontextmanager
async def new_database(server: str, *, template: str = "template1") -> AsyncIterator[str]:
    """Make a database for a while and give its URL.

    Args:
        server: The URL of another database of the server.
        template: The name of the database to copy; nobody may be connected to it.
    """
    # the schema refuses to move time in a database whose name lacks this word
    name = f"lockstep_test_{uuid4().hex[:12]}"
    await _run(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    try:
        yield urlsplit(server)._replace(path=f"/{name}").geturl()
    finally:
        await _run(server, f"DROP DATABASE {name} WITH (FORCE)")


def database_of(dsn: str) -> str:
    """Give the name of a URL's database."""
    return urlsplit(dsn).path[1:]


async def _run(dsn: str, statement: str) -> None:
    connection = await connect(dsn, name="lockstep-test")
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
