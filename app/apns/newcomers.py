"""Marks new cards and channels whose subjects have moved on: a fold that is under way may not know of them."""

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from events.postgres.pool import Connection
from events.postgres.statements import statement
from events.slot import slot_of
from projections.card_store import Claimed
from projections.channel_store import ClaimedChannel
from projections.customer_view import is_customer
from projections.newcomer import again_seconds
from projections.view_store import StoredView


async def marked(
    connection: Connection, claimed: Sequence[Claimed], views: Mapping[str, StoredView]
) -> Sequence[Claimed]:
    """Give what was claimed, with the new cards marked that show less than has happened.

    Args:
        connection: Asked for subjects alone that have no view yet.
        claimed: Cards.
        views: Theirs, read in a statement that began after the claim.
    """
    new = {each.card.subject_id for each in claimed if again_seconds(each.card.lease) is not None}
    behind = {name for name in new if name in views and views[name].is_behind}
    unfolded = sorted(name for name in new - views.keys() if not is_customer(name))
    if unfolded:
        rows = await connection.fetch(
            statement("projections/find_headed"), [slot_of(each) for each in unfolded], unfolded
        )
        behind |= {row["subject_id"] for row in rows}
    if not behind:
        return claimed
    return [
        replace(each, card=replace(each.card, behind=True)) if each.card.subject_id in behind else each
        for each in claimed
    ]


def marked_channel(claimed: ClaimedChannel, stored: StoredView | None) -> ClaimedChannel:
    """Do the same for a channel, whose subject had a view when a card wanted it."""
    if stored is None or not stored.is_behind:
        return claimed
    return replace(claimed, channel=replace(claimed.channel, behind=True))
