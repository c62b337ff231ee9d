"""Translates the driver's errors once, at the border, by SQLSTATE."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from events.errors import StoreUnavailableError

OUT_OF_TIME = "57014"
# 57P01 to 57P03 shutting down or starting up, 25P03 idle in transaction
UNAVAILABLE_STATES = frozenset({"57P01", "57P02", "57P03", OUT_OF_TIME, "25P03"})
LOST = "08"
USED_UP = "53"
UNAVAILABLE_CLASSES = (LOST, USED_UP)
DEADLOCK = "40P01"
UNIQUE_VIOLATION = "23505"
NOT_NULL_VIOLATION = "23502"


def is_unavailable(error: BaseException) -> bool:
    """Tell whether an error says that Postgres is away rather than that we asked for something wrong."""
    if isinstance(error, asyncpg.PostgresError):
        state = error.sqlstate or ""
        return state.startswith(UNAVAILABLE_CLASSES) or state in UNAVAILABLE_STATES
    if isinstance(error, asyncpg.InterfaceError):
        return "connection" in str(error) or "pool is clos" in str(error)
    if isinstance(error, asyncpg.InternalClientError):
        # the driver's state after a backend that was ended between two statements; the end itself is read only later
        return True
    return isinstance(error, OSError | TimeoutError | asyncio.IncompleteReadError)


@contextmanager
def translated() -> Iterator[None]:
    """Raise StoreUnavailableError for every error that means Postgres is away.

    Raises:
        StoreUnavailableError: The connection was refused, lost or timed out.
    """
    try:
        yield
    except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError) as error:
        if is_unavailable(error):
            raise StoreUnavailableError(f"{_cause(error)}; ask again.") from error
        raise


def _cause(error: BaseException) -> str:
    """Say what keeps Postgres from us: a statement that is too slow is another trouble than a server that is gone."""
    state = getattr(error, "sqlstate", None) or ""
    if state == OUT_OF_TIME or isinstance(error, TimeoutError):
        return "Postgres did not answer in time"
    if state.startswith(USED_UP):
        return f"Postgres has run out of connections, memory or disk (SQLSTATE {state})"
    return "Postgres is not reachable now"
