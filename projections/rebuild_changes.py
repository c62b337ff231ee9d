"""What a rebuild changes on phones: counted before slots move, and put in debt after they did, when that was asked for.

Compared are views of the same version in two generations. A view that has moved on since was folded by a projector,
which put its cards in debt for that.
"""

from collections.abc import AsyncIterator
from typing import Final

import asyncpg
import msgspec

from events.errors import LockstepError, SecretKeyError
from events.postgres.errors import translated
from events.postgres.pool import Pool
from events.postgres.statements import statement
from events.sealing import Keyring, unseal
from projections.activity import matched_by
from projections.errors import RenderError
from projections.face import shown_hash
from projections.owed import Owed, owe
from projections.rebuild_ledger import SlotState
from projections.view import View, decode_view, drawn
from projections.view_store import view_context

PAGE_SUBJECTS: Final = 500


async def count_changes(pool: Pool, keyring: Keyring, slot: SlotState) -> tuple[int, int]:
    """Count the orders, and their open cards, that a slot's move would change on phones."""
    orders = cards = 0
    if slot.next_generation is None or slot.moved:
        return orders, cards
    with translated():
        async for changed, _ in _changes(pool, keyring, slot.slot, slot.generation, slot.next_generation):
            orders += len(changed)
            if changed:
                cards += await pool.fetchval(statement("projections/count_open_cards"), slot.slot, changed)
    return orders, cards


async def owe_changes(pool: Pool, keyring: Keyring, slot: SlotState) -> Owed:
    """Put the cards in debt that a slot's move has changed, and end its rebuild.

    It begins anew when it was broken off; a card that is in debt twice gets one push.
    """
    owed = Owed()
    if not slot.moved:
        return owed
    with translated():
        if slot.previous_generation is not None:
            pages = _changes(pool, keyring, slot.slot, slot.previous_generation, slot.generation)
            async for changed, recipients in pages:
                owed += await owe(pool, slot.slot, changed, recipients)
        await pool.execute(statement("projections/end_rebuild"), slot.slot)
    return owed


async def _changes(
    pool: Pool, keyring: Keyring, slot: int, one: int, other: int
) -> AsyncIterator[tuple[list[str], list[str]]]:
    """Give subjects whose content differs, and those whose recipients do, some at a time."""
    after = ""
    while True:
        rows = await pool.fetch(statement("projections/find_changed_views"), slot, one, other, after, PAGE_SUBJECTS)
        pairs = [(row["subject_id"], *_both(row, keyring)) for row in rows]
        changed = [subject_id for subject_id, a, b in pairs if _content(a, keyring) != _content(b, keyring)]
        recipients = [subject_id for subject_id, a, b in pairs if _recipients(a) != _recipients(b)]
        yield changed, recipients
        if len(rows) < PAGE_SUBJECTS:
            return
        after = rows[-1]["subject_id"]


def _both(row: asyncpg.Record, keyring: Keyring) -> tuple[View | None, View | None]:
    subject_id = row["subject_id"]
    try:
        key = None if row["wrapped"] is None else keyring.unwrap_key(row["wrapped"], subject_id)
    except SecretKeyError:
        return None, None
    return (
        _view(subject_id, row["one_state"], row["one_sealed"], key),
        _view(subject_id, row["other_state"], row["other_sealed"], key),
    )


def _view(subject_id: str, state: bytes, sealed: bytes | None, key: bytes | None) -> View | None:
    """Read a view; None: it cannot be read, as one that another release wrote, and counts as another."""
    try:
        personal = None if sealed is None or key is None else unseal(key, sealed, context=view_context(subject_id))
        return decode_view(state, personal)
    except (LockstepError, msgspec.DecodeError, UnicodeDecodeError):
        return None


def _content(view: View | None, keyring: Keyring) -> bytes | None:
    """Tell contents apart; None: there is nothing to show, or it cannot be drawn."""
    if view is None or not view.placed:
        return None
    try:
        return shown_hash(view, drawn(view), keyring.hash)
    except RenderError:
        return None


def _recipients(view: View | None) -> tuple[object, ...] | None:
    return None if view is None or not view.placed else matched_by(view)
