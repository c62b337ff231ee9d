"""Folds one order again into its live view, and takes it out of quarantine. It puts no card in debt."""

import msgspec

from events.postgres.errors import translated
from events.postgres.pool import Connection, Pool
from events.postgres.statements import statement
from events.sealing import Keyring
from events.slot import slot_of
from projections.errors import EvolveError, OtherFoldError
from projections.log_scan import events_of, fold_of, subjects_between
from projections.order_list import relist
from projections.order_view import FOLD_VERSION
from projections.refold import Refold
from projections.view_store import encoded_view


class Replayed(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What became of an order.

    Attributes:
        version: Of the view that was written, or stands.
        head: The newest event's; a projector folds what is between.
        changed: Whether the view is another than before.
        released: Whether it was set aside before, and is not any more.
        failure: Why it cannot be folded: the name of the error, or what a definition says. Nothing was written.
    """

    order_id: str
    version: int
    head: int
    changed: bool = False
    released: bool = False
    failure: str | None = None


async def replay_order(pool: Pool, keyring: Keyring, order_id: str) -> Replayed | None:
    """Fold an order again up to the version of its view, once all of its events are seen to fold.

    Args:
        pool: One connection is used.
        keyring: Opens and seals personal values.
        order_id: The order; None is given for one that nothing is known of.

    Raises:
        OtherFoldError: Its slot's views are made by another fold version.
        StoreUnavailableError: Postgres is away.
    """
    with translated():
        async with pool.acquire() as connection:
            while True:
                done = await _replay(connection, keyring, order_id)
                if done is not _RACED:
                    return done


_RACED = Replayed(order_id="", version=0, head=0)
"""A projector was faster; the next attempt reads what it wrote."""


async def _replay(connection: Connection, keyring: Keyring, order_id: str) -> Replayed | None:
    slot = slot_of(order_id)
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        made_by = await fold_of(connection, slot)
        rows = await subjects_between(connection, slot, order_id, order_id)
        if not rows or rows[0]["head_version"] is None:
            return None
        [row] = rows
        head, stored = row["head_version"], row["view_version"] or 0
        if made_by not in (FOLD_VERSION, None):
            raise OtherFoldError(
                f"The views of {order_id}'s slot are folded by version {made_by}, and this release folds by version "
                f"{FOLD_VERSION}. Run: lockstep replay rebuild"
            )
        if row["archived"]:
            return Replayed(order_id=order_id, version=stored, head=head, failure="its events are archived")
        if row["view_version"] is None:
            return Replayed(order_id=order_id, version=0, head=head)
        refold = Refold(order_id, min(stored, head), row["wrapped"], keyring)
        whole = Refold(order_id, head, row["wrapped"], keyring)
        async for _, events in events_of(connection, slot, [order_id]):
            page = list(events)
            refold.take(page)
            whole.take(page)
    whole.end()
    if whole.failure is not None:
        error = whole.failure
        cause = str(error) if isinstance(error, EvolveError) else type(error).__name__
        why = f"{cause} at version {whole.folded + 1}"
        return Replayed(order_id=order_id, version=stored, head=head, failure=why)
    view = refold.view
    encoded = encoded_view(order_id, view, refold.data_key, keyring)
    written = await connection.fetchval(
        statement("projections/refold_view"), slot, order_id, FOLD_VERSION, stored, view.version, *encoded,
        view.customer_id, view.status, view.over,
    )  # fmt: skip
    if not written:
        return _RACED
    await relist(connection, [order_id])
    return Replayed(
        order_id=order_id,
        version=view.version,
        head=head,
        changed=encoded.fingerprint != row["fingerprint"] or encoded.state != row["state"],
        released=row["quarantined"] or row["held"],
    )
