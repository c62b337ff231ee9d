"""Cards that should be there: the one statement that adds those which are missing, for the matcher and the enroller."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple

import asyncpg
import msgspec

from events.activity import ACTIVITY
from events.postgres.deadlocks import fetch_through_deadlocks
from events.postgres.pool import Connection, Pool
from events.postgres.statements import statement
from projections.card import Lane
from projections.registry import CARDS

_ADD: Final = "projections/add_cards"
NO_CROWD: Final = 1_000
"""Cards of one subject that a fold puts in debt by itself."""

Starter = Literal["server", "app", "app_first"]


class StartRule(msgspec.Struct, frozen=True):
    """Whose job the start of a card is.

    Attributes:
        starter: `server`; `app`; or `app_first`, the server after a grace.
        grace_seconds: How long the app has for `app_first`.
    """

    starter: Starter = "server"
    grace_seconds: float = 10.0


class WantedCard(msgspec.Struct, frozen=True):
    """A card that should be there.

    Attributes:
        show_at: When its order is to be shown, where the order is why it is looked at; of several, when the last came.
        begun_at: When the first of several orders came that it shows.
        lane: Bulk for those whose time was known ahead, and for audiences: many may have the same.
        attributes_type: Of the card; None: what subjects of its kind get.
    """

    slot: int
    subject_id: str
    kind: str
    device_id: str
    customer_id: str | None
    app: str
    environment: str
    show_at: datetime | None = None
    lane: Lane = Lane.URGENT
    begun_at: datetime | None = None
    attributes_type: str | None = None


class Flag(NamedTuple):
    """A view's flag that is to be lowered once its cards are there.

    Attributes:
        match_count: Its counter, as it was read: one that was raised again stays.
        again_at: When to look again; None: when it is raised.
    """

    slot: int
    generation: int
    subject_id: str
    match_count: int
    again_at: datetime | None


def wanted_by(
    audience: asyncpg.Record, device_id: str, customer_id: str | None, app: str, environment: str
) -> WantedCard:
    """Want the card of a phone that belongs to an audience, for whoever is signed in there, or for nobody."""
    return WantedCard(
        audience["slot"],
        audience["subject_id"],
        audience["kind"],
        device_id,
        customer_id,
        app,
        environment,
        show_at=audience["show_at"],
        lane=Lane.BULK,
        attributes_type=audience["attributes_type"],
    )


async def add_cards(
    pool: Pool, wanted: Sequence[WantedCard], rules: Mapping[str, StartRule], flags: Sequence[Flag]
) -> list[asyncpg.Record]:
    """Add the cards that are missing, and lower flags, in one statement.

    Args:
        pool: Where.
        wanted: Cards that should be there.
        rules: By attributes type; the server starts what is not named.
        flags: To be lowered.

    Returns:
        Slot, subject id and cards of each subject that has more of them now.
    """
    return await fetch_through_deadlocks(pool, _ADD, *_values(wanted, rules, flags))


async def add_cards_within(connection: Connection, wanted: Sequence[WantedCard]) -> list[asyncpg.Record]:
    """Do the same, for activities, in a transaction of the caller's, who begins it anew after a deadlock."""
    return await connection.fetch(statement(_ADD), *_values(wanted, {}, ()))


def _values(
    wanted: Sequence[WantedCard], rules: Mapping[str, StartRule], flags: Sequence[Flag]
) -> tuple[list[Any], ...]:
    types = [each.attributes_type or CARDS.of_kind(each.kind).attributes_type for each in wanted]
    starts = [
        # who sends an activity's start wants it started
        StartRule() if each.kind == ACTIVITY else rules.get(type_, StartRule())
        for each, type_ in zip(wanted, types, strict=True)
    ]
    return (
        [each.slot for each in wanted],
        [each.subject_id for each in wanted],
        [uuid.uuid4() for _ in wanted],
        [each.device_id for each in wanted],
        [each.customer_id for each in wanted],
        [each.app for each in wanted],
        [each.environment for each in wanted],
        types,
        [each.starter for each in starts],
        [each.grace_seconds if each.starter == "app_first" else 0.0 for each in starts],
        [each.show_at for each in wanted],
        [each.lane for each in wanted],
        [each.slot for each in flags],
        [each.generation for each in flags],
        [each.subject_id for each in flags],
        [each.match_count for each in flags],
        [each.again_at for each in flags],
        [each.begun_at for each in wanted],
    )


async def mark_crowds(pool: Pool, grown: Sequence[asyncpg.Record], no_crowd: int = NO_CROWD) -> None:
    """Have the spreader put subjects' cards in debt that have become too many for a fold.

    Args:
        pool: Where.
        grown: What `add_cards` gave.
        no_crowd: Cards of one subject that a fold puts in debt by itself.
    """
    await fetch_through_deadlocks(
        pool,
        "projections/mark_crowds",
        [row["slot"] for row in grown],
        [row["subject_id"] for row in grown],
        no_crowd,
    )
