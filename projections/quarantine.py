"""Subjects that are set aside because their fold failed, or their events are newer than the worker: let go by hand."""

from events.postgres.errors import translated
from events.postgres.pool import Pool
from events.postgres.statements import statement
from events.slot import slot_of
from projections.order_list import relist


async def release(pool: Pool, subject_id: str) -> bool:
    """Let a subject be folded again; False if it was not set aside.

    Raises:
        StoreUnavailableError: Postgres is away.
    """
    with translated():
        async with pool.acquire() as connection, connection.transaction():
            released: bool = await connection.fetchval(
                statement("projections/release_view"), slot_of(subject_id), subject_id
            )
            if released:
                await relist(connection, [subject_id])
    return released
