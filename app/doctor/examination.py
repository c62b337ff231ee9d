"""Looks at everything in turn; what depends on something that is not there is told as unknown."""

import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Final

from app.doctor.database import (
    examine_keys,
    examine_pauses,
    examine_pooler,
    examine_schema,
    examine_server,
    without_database,
)
from app.doctor.finding import Finding, State, bad, good, warning
from app.doctor.sending import examine_sending
from app.settings import Settings
from events.errors import LockstepError
from events.postgres.pool import open_pool

LOW_BYTES: Final = 2 * 1024**3
FULL_BYTES: Final = 256 * 1024**2


async def examine(
    settings: Settings,
    server: Callable[[], AbstractAsyncContextManager[str]],
    unreachable: Callable[[Exception], Exception],
) -> AsyncIterator[Finding]:
    """Look at an installation, and give each finding as it is made.

    Args:
        settings: Of the installation.
        server: Gives the URL of the database, starting the embedded one where no other is set.
        unreachable: Says why Postgres cannot be used, without its URL.
    """
    if settings.database_url is None:
        yield examine_disk(settings.data_directory)
    try:
        async with server() as dsn:
            async for each in _examine(settings, dsn, unreachable):
                yield each
    except LockstepError as error:
        yield bad("database", str(error), "See the log of the embedded server beside its data.")


async def _examine(
    settings: Settings, dsn: str, unreachable: Callable[[Exception], Exception]
) -> AsyncIterator[Finding]:
    found = await examine_server(dsn, unreachable)
    if isinstance(found, Finding):
        yield found
        for check in ("schema", "secret key", "pauses", "credentials"):
            yield without_database(check)
        return
    for each in found.findings:
        yield each
    if settings.database_direct_url is not None and settings.database_url is not None:
        yield await examine_pooler(settings.database_url, unreachable)
    schema = await examine_schema(dsn)
    yield schema
    if schema.state is not State.GOOD:
        for check in ("secret key", "pauses", "credentials"):
            yield without_database(check)
        return
    async with await open_pool(dsn, name="lockstep-doctor", most=2) as pool:
        secret, keyring = await examine_keys(pool, settings.secrets)
        yield secret
        yield await examine_pauses(pool)
        if keyring is not None:
            for each in await examine_sending(settings, pool, keyring, ahead_seconds=found.ahead_seconds):
                yield each
        else:
            yield without_database("credentials")


def examine_disk(data_directory: Path) -> Finding:
    """Look whether the embedded server has room: a full disk stops it, and keeps it from starting again."""
    place = next((each for each in (data_directory, *data_directory.absolute().parents) if each.exists()), Path("/"))
    free = shutil.disk_usage(place).free
    return judge_room(free, data_directory)


def judge_room(free_bytes: int, data_directory: Path) -> Finding:
    """Say whether so much room is enough."""
    found = f"{free_bytes / 1024**3:.1f} GiB are free for {data_directory}."
    cure = "Make room there, or set LOCKSTEP_DATA_DIRECTORY to another disk."
    if free_bytes < FULL_BYTES:
        return bad("disk", found, cure)
    return warning("disk", found, cure) if free_bytes < LOW_BYTES else good("disk", found)
