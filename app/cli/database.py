"""Opens the database for a command that needs no running server.

It knows no settings: who composes the command line hands over how to open. So a command whose module may not reach
the sender can still read the log.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import asyncpg
import typer

from app.cli.errors import CommandError
from events.errors import LockstepError
from events.keyring import open_keyring
from events.keyring_keeper import KeyringKeeper
from events.postgres.embedded import EmbeddedPostgres
from events.postgres.migrator import migrate, schema_behind
from events.postgres.pool import Pool, open_pool
from events.sealing import Keyring
from events.secret_keys import SecretKeys


@dataclass(frozen=True)
class Database:
    """An open database and its keys."""

    dsn: str
    pool: Pool
    keyring: Keyring


OpenDatabase = Callable[[], AbstractAsyncContextManager[Database]]


def opened(context: typer.Context) -> AbstractAsyncContextManager[Database]:
    """Open the database of the settings, as the command line was told to."""
    return cast("OpenDatabase", context.obj)()


@asynccontextmanager
async def server_of(url: str | None, data_directory: Path) -> AsyncIterator[str]:
    """Give the URL of the database; an embedded one that is not running is started, and stopped again after the block.

    Args:
        url: Of a Postgres of one's own; None for the embedded one.
        data_directory: Of the settings.

    Raises:
        EmbeddedPostgresError: It cannot be started.
    """
    if url is not None:
        yield url
        return
    server = await EmbeddedPostgres.start(data_directory / "postgres")
    try:
        await migrate(server.dsn)
        yield server.dsn
    finally:
        await server.stop()


@asynccontextmanager
async def database_of(
    url: str | None, data_directory: Path, secrets: Callable[[], SecretKeys]
) -> AsyncIterator[Database]:
    """Open the database with its keys.

    Args:
        url: Of a Postgres of one's own; None for the embedded one.
        data_directory: Of the settings.
        secrets: Gives the secret key, and the one before it.

    Raises:
        LockstepError: It cannot be opened; the message says cause and cure.
    """
    try:
        secret_keys = secrets()
    except OSError as error:
        raise CommandError(
            f"{data_directory} cannot be used: {error.strerror}. Set LOCKSTEP_DATA_DIRECTORY to a folder that this "
            "user may write, or LOCKSTEP_DATABASE_URL and LOCKSTEP_SECRET_KEY."
        ) from error
    async with server_of(url, data_directory) as dsn:
        await refuse_old_schema(dsn)
        async with await open_pool(dsn, name="lockstep-cli", most=4) as pool:
            keyring, stop = await open_keyring(pool, secret_keys), asyncio.Event()
            # a command may take hours, as the import of another backend's phones
            following = asyncio.create_task(KeyringKeeper(pool, secret_keys, keyring).run(stop))
            try:
                yield Database(dsn, pool, keyring)
            finally:
                stop.set()
                await following


async def refuse_old_schema(dsn: str) -> None:
    """See that the database answers and has every migration.

    Raises:
        CommandError: It cannot be reached.
        LockstepError: It lacks migrations, or has more than we know.
    """
    try:
        behind = await schema_behind(dsn)
    except (OSError, TimeoutError, asyncpg.PostgresError, ValueError) as error:
        raise unreachable(error) from error
    if behind:
        raise LockstepError(f"The database lacks {', '.join(behind)}. Run: lockstep migrate")


def unreachable(error: Exception) -> CommandError:
    """Say why Postgres cannot be used, without its URL, which may hold a password."""
    cause = f"{type(error).__name__} {error.strerror or ''}".strip() if isinstance(error, OSError) else ""
    if isinstance(error, asyncpg.PostgresError):
        cause = f"{error.as_dict().get('message', '')} (SQLSTATE {error.sqlstate})"
    elif isinstance(error, ValueError):
        cause = "LOCKSTEP_DATABASE_URL is not a URL of the form postgresql://user:password@host:5432/database"
    return CommandError(
        f"Postgres cannot be used: {cause or type(error).__name__}. See that it is running and that "
        "LOCKSTEP_DATABASE_URL names it, or unset that to use the embedded one."
    )
