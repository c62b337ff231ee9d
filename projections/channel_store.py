"""Claims, intents and settlements of channels: the only module with their statements."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID, uuid4

import asyncpg
import msgspec

from events.postgres.deadlocks import commit_through_deadlocks, fetch_through_deadlocks
from events.postgres.pool import Connection, Pool
from events.postgres.statements import statement
from events.slot import ALL_SLOTS, slot_of
from projections.card import Card, Kind, Phase
from projections.channel import Channel, ChannelPhase, ChannelSettlement, ChannelState, Storage
from projections.pause import Route
from projections.phone import Phone, environment_of
from projections.receipt import Receipt, add_receipts

CLAIMS_A_SLOT = 20


class ClaimedChannel(msgspec.Struct, frozen=True):
    """A channel under our lease, with the time that the database gave it.

    Attributes:
        shadowed: Nothing is to be asked of APNs.
        withheld_until: APNs makes no more channels for its app, and is not asked before; None: it is.
    """

    channel: Channel
    now: datetime
    shadowed: bool = False
    withheld_until: datetime | None = None


class Place(NamedTuple):
    """Where a channel is for: of a subject, the cards of one type, in one app and environment."""

    subject_id: str
    app: str
    environment: str
    attributes_type: str


def place_of(card: Card, phone: Phone | None) -> Place:
    """Say where the channel of a card that is to be started would be: where its phone's start token works."""
    token_hash = None if phone is None else phone.start_token_hash
    return Place(card.subject_id, card.app, environment_of(card, Kind.START, phone, token_hash), card.attributes_type)


class ChannelsOf(msgspec.Struct, frozen=True):
    """The channels of some subjects: each by our id, and the newest of each place."""

    by_key: dict[UUID, ChannelState]
    newest: dict[Place, ChannelState]

    def of(self, card: Card, place: Place) -> ChannelState | None:
        """Give what a card follows; of one that is to be started there, or may be again, the newest that it could."""
        if card.channel is None or (card.phase in (Phase.WANTED, Phase.STARTING) and not card.is_on_phone):
            return self.newest.get(place)
        return self.by_key.get(card.channel)


class ChannelStore:
    """Channels in Postgres.

    Args:
        pool: Connections.
        settle_seconds: How long a phone takes to follow a channel after its start was accepted.
    """

    def __init__(self, pool: Pool, *, settle_seconds: float = 5.0) -> None:
        self._pool = pool
        self._settle_seconds = settle_seconds

    async def want(self, places: Collection[tuple[Place, Storage]]) -> set[int]:
        """Want a channel for each place that has none; return the slots in which there is something to do."""
        wanted = sorted(dict(places).items())
        rows = await fetch_through_deadlocks(
            self._pool,
            "projections/want_channels",
            [slot_of(each.subject_id) for each, _ in wanted],
            [each.subject_id for each, _ in wanted],
            [each.app for each, _ in wanted],
            [each.environment for each, _ in wanted],
            [each.attributes_type for each, _ in wanted],
            [uuid4() for _ in wanted],
            [storage for _, storage in wanted],
        )
        return {row["slot"] for row in rows}

    async def read(self, connection: Connection, subject_ids: Collection[str]) -> ChannelsOf:
        """Read the channels of subjects as they are now."""
        subjects = sorted(subject_ids)
        rows = await connection.fetch(
            statement("projections/read_channels"), [slot_of(each) for each in subjects], subjects
        )
        found = ChannelsOf({}, {})
        for row in rows:
            state = _state(row)
            found.by_key[state.channel] = state
            place = Place(row["subject_id"], state.app, state.environment, state.attributes_type)
            found.newest.setdefault(place, state)
        return found

    async def claim(
        self, slots: Sequence[int], *, most: int, lease_seconds: float, keys: Sequence[Route] = ()
    ) -> list[ClaimedChannel]:
        """Take channels in debt under a new lease each; see `CardStore.claim`."""
        rows = await self._pool.fetch(
            statement("projections/claim_channels"),
            slots,
            min(most, CLAIMS_A_SLOT),
            most,
            lease_seconds,
            self._settle_seconds,
            [app for app, _, _ in keys],
            [environment for _, environment, _ in keys],
            [key_id for _, _, key_id in keys],
        )
        return [ClaimedChannel(_channel(row), row["now"], row["shadowed"], row["withheld_until"]) for row in rows]

    async def record_intent(self, channel: Channel, phase: ChannelPhase, *, timestamp: int = 0, alert: int = 0) -> bool:
        """Write what is about to be asked; False when the lease was lost meanwhile.

        Args:
            channel: The channel as claimed.
            phase: The phase from here on.
            timestamp: Of a push, Unix seconds.
            alert: The version that its alert covers.
        """
        held = await self._pool.fetch(
            statement("projections/record_channel_intents"),
            [channel.slot],
            [channel.subject_id],
            [channel.channel],
            [channel.lease],
            [phase],
            [timestamp],
            [alert],
        )
        return bool(held)

    async def settle(self, settlements: Sequence[ChannelSettlement], receipts: Sequence[Receipt] = ()) -> set[int]:
        """Write what became of leases, and the receipts, in one transaction.

        Returns:
            The slots in which channels or cards are due again at once.
        """

        async def write(connection: Connection) -> set[int]:
            due = await self._settle(connection, settlements)
            if receipts:
                await add_receipts(connection, receipts)
            return due

        return await commit_through_deadlocks(self._pool, write)

    async def count(self) -> dict[tuple[str, str], int]:
        """Count the channels that we have at Apple, by app and environment."""
        rows = await self._pool.fetch(statement("projections/count_channels"), ALL_SLOTS)
        return {(row["app"], row["environment"]): row["channels"] for row in rows}

    async def _settle(self, connection: Connection, settlements: Sequence[ChannelSettlement]) -> set[int]:
        rows = await connection.fetch(
            statement("projections/settle_channels"),
            [each.channel.slot for each in settlements],
            [each.channel.subject_id for each in settlements],
            [each.channel.channel for each in settlements],
            [each.channel.lease for each in settlements],
            [each.channel.debt for each in settlements],
            [each.phase for each in settlements],
            [each.channel_id for each in settlements],
            [each.considered_version for each in settlements],
            [each.due_at for each in settlements],
            [each.block_seconds for each in settlements],
            [each.timestamp_used for each in settlements],
            [each.channel.alerted_version if (v := each.alerted_version) is None else v for each in settlements],
            [each.accepted_version for each in settlements],
            [each.accepted_hash for each in settlements],
            [each.published_at for each in settlements],
            [each.freshness for each in settlements],
            [each.attempts for each in settlements],
            [each.last_answer for each in settlements],
            [each.same_answers for each in settlements],
            [each.outcome for each in settlements],
            [each.why for each in settlements],
            [each.lost for each in settlements],
            [each.wakes_waiting for each in settlements],
            [each.tell_members for each in settlements],
            [each.seen for each in settlements],
            [each.look_seconds for each in settlements],
        )
        return {row["slot"] for row in rows if row["due"]}


def _state(row: asyncpg.Record) -> ChannelState:
    return ChannelState(
        channel=row["channel"],
        app=row["app"],
        environment=row["environment"],
        attributes_type=row["attributes_type"],
        phase=ChannelPhase(row["phase"]),
        channel_id=row["channel_id"],
        lost=row["lost"],
        last_answer=row["last_answer"],
        why=row["why"],
        accepted_version=row["accepted_version"],
        accepted_hash=row["accepted_hash"],
        accepted_at=row["accepted_at"],
        considered_version=row["considered_version"],
    )


def _channel(row: asyncpg.Record) -> Channel:
    return Channel(
        slot=row["slot"],
        subject_id=row["subject_id"],
        channel=row["channel"],
        app=row["app"],
        environment=row["environment"],
        attributes_type=row["attributes_type"],
        generation=row["generation"],
        storage=row["storage"],
        created_at=row["created_at"],
        debt=row["debt"],
        phase=ChannelPhase(row["phase"]),
        channel_id=row["channel_id"],
        lease=row["lease"],
        timestamp_used=row["timestamp_used"],
        alerted_version=row["alerted_version"],
        accepted_version=row["accepted_version"],
        accepted_hash=row["accepted_hash"],
        accepted_at=row["accepted_at"],
        freshness=row["freshness"],
        attempts=row["attempts"],
        last_answer=row["last_answer"],
        same_answers=row["same_answers"],
        followed=row["followed"],
        asked_to_end=row["asked_to_end"],
        asked_again=row["asked_again"],
        crossed_at=row["crossed_at"],
        missing=row["missing"],
    )
