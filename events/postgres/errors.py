"""Translates the driver's errors once, at the border, by SQLSTATE."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from events.errors import StoreUnavailableError

# 08 connection, 57P01 to 57P03 shutting down or starting up, 53300 too many connections, 25P03 idle in transaction
UNAVAILABLE_STATES = frozenset({"57P01", "57P02", "57P03", "53300", "25P03"})
DEADLOCK = "40P01"
UNIQUE_VIOLATION = "23505"
NOT_NULL_VIOLATION = "23502"


def is_unavailable(error: BaseException) -> bool:
    """Tell whether an error says that Postgres is away rather than that we asked for something wrong."""
    if isinstance(error, asyncpg.PostgresError):
        state = error.sqlstate or ""
        return state.startswith("08") or state in UNAVAILABLE_STATES
    if isinstance(error, asyncpg.InterfaceError):
        return "connection" in str(error) or "pool is clos" in str(error)
    return isinstance(error, OSError | TimeoutError | asyncio.IncompleteReadError)


@contextmanager
def translated() -> Iterator[None]:
    """Raise StoreUnavailableError for every error that means Postgres is away.

    Raises:
        StoreUnavailableError: The connection was refused, lost or timed out.
    """
    try:
        yield
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
        if is_unavailable(error):
            raise StoreUnavailableError("Postgres is not reachable now; ask again.") from error
        raise
