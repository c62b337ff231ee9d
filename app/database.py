"""The database of the settings: embedded, direct, or through a pooler that gives a connection for a transaction."""

from contextlib import AsyncExitStack

from app.settings import Settings
from events.postgres.embedded import EmbeddedPostgres
from events.postgres.migrator import migrate
from events.postgres.pool import Pool, open_pool
from events.postgres.pool_share import PoolShare


def share_of_readers(settings: Settings, pool: Pool) -> Pool:
    """Give what those have of a pool who only read pages, lists and histories: three of five connections.

    Args:
        settings: Say how many connections it has, and how long to wait for one.
        pool: The one of the API.
    """
    most = settings.database_connections * 3 // 5
    return PoolShare(pool, most, wait_seconds=settings.rules().database.wait)


async def open_database(settings: Settings, stack: AsyncExitStack) -> str:
    """Give the URL for what needs a session; where none is set the embedded server is started, and migrated."""
    if settings.session_url is not None:
        return settings.session_url
    server = await EmbeddedPostgres.start(settings.data_directory / "postgres")
    stack.push_async_callback(server.stop)
    await migrate(server.dsn)
    return server.dsn


async def open_pool_of(
    settings: Settings, dsn: str, *, name: str, server_settings: dict[str, str] | None = None
) -> Pool:
    """Open a pool for statements and transactions, through the pooler where there is one.

    Args:
        settings: Say how many connections, and how long they may keep us waiting.
        dsn: As `open_database` gave it.
        name: The application name.
        server_settings: What replaces the usual ones; a pooler keeps them from us.
    """
    return await open_pool(
        settings.database_url or dsn,
        name=name,
        most=settings.database_connections,
        settings=server_settings,
        rules=settings.rules().database,
        pooled=settings.database_direct_url is not None,
    )
