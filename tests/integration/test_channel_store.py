"""Channels on a real Postgres: leases, debt, and the cards that follow."""

from typing import Any
from uuid import UUID

import pytest

from app.housekeeping import Housekeeper
from events.slot import ALL_SLOTS
from projections.card_desk import CardDesk
from projections.channel import Channel, ChannelPhase, ChannelSettlement
from projections.channel_store import ChannelStore, ClaimedChannel, Place
from projections.matcher import Matcher
from projections.spreader import Spreader
from tests.conftest import Clock
from tests.integration.flow import ROUTES, Flow

PLACE = Place("order-1", "com.example.shop", "sandbox", "OrderAttributes")
PHONES = 12


@pytest.fixture
async def channels(flow: Flow) -> ChannelStore:
    """An order on twelve phones, which are a crowd, and a channel that is wanted for it."""
    flow.matcher = Matcher(flow.pool, flow.keyring, flow.due.extend, no_crowd=10)
    for number in range(PHONES):
        await flow.register(f"phone-{number:02}")
    await flow.place()
    await flow.settle("order-1")
    store = ChannelStore(flow.pool)
    assert await store.want([(PLACE, "latest")])
    return store


async def claim(store: ChannelStore) -> list[ClaimedChannel]:
    """Claim what is due in any slot."""
    return await store.claim(ALL_SLOTS, most=10, lease_seconds=60.0, keys=ROUTES)


async def claim_one(store: ChannelStore) -> Channel:
    """Claim the one channel that is due."""
    [claimed] = await claim(store)
    return claimed.channel


def settlement(channel: Channel, **changes: Any) -> ChannelSettlement:
    """Give an example of what a lease leaves: the channel is open, and due when there is a reason."""
    fields: dict[str, Any] = {
        "phase": ChannelPhase.OPEN,
        "channel_id": "Y2hhbm5lbA==",
        "considered_version": 1,
        "outcome": "accepted",
        "why": "Apple made the channel.",
    }
    return ChannelSettlement(channel=channel, **(fields | changes))


async def follow(flow: Flow, channel: UUID) -> None:
    """Let every card be on its phone, and follow the channel."""
    await flow.pool.execute(
        "UPDATE cards SET phase = 'shown', carrier = 'channel', channel = $1, started_at = created_at, "
        "due_at = lockstep_now() + interval '8 hours', accepted_version = 1, considered_version = 1",
        channel,
    )


async def in_debt(flow: Flow) -> tuple[int, int]:
    """Count the cards and the channels in debt."""
    row = await flow.pool.fetchrow(
        "SELECT (SELECT count(*) FROM cards WHERE due_at <= lockstep_now()) AS cards, "
        "(SELECT count(*) FROM channels WHERE due_at <= lockstep_now()) AS channels"
    )
    assert row is not None
    return row["cards"], row["channels"]


async def spread(flow: Flow) -> None:
    """Let the spreader come to its end."""
    spreader = Spreader(flow.pool, flow.due.extend, cards=5)
    while await spreader.spread_some():
        pass


async def test_one_channel_is_wanted_however_many_ask(channels: ChannelStore, flow: Flow) -> None:
    """Also while it is made, and when it is there."""
    assert await channels.want([(PLACE, "latest")]) == set()
    claimed = await claim_one(channels)
    assert await channels.want([(PLACE, "none")]) == set()
    await channels.settle([settlement(claimed)])
    assert await channels.want([(PLACE, "latest")]) == set()

    assert await flow.pool.fetchval("SELECT count(*) FROM channels") == 1


async def test_a_lease_that_ran_out_is_another_s_and_timestamps_rise(channels: ChannelStore, clock: Clock) -> None:
    """Whoever comes late writes nothing; what may have been sent is never sent again under the same second."""
    first = await claim_one(channels)
    assert await claim(channels) == []
    await clock.advance(seconds=61)

    second = await claim_one(channels)
    late = await channels.settle([settlement(first, channel_id="bGF0ZQ==")])

    assert (late, second.lease, second.timestamp_used > first.timestamp_used) == (set(), first.lease + 1, True)
    assert not await channels.record_intent(first, ChannelPhase.CREATING)
    assert await channels.record_intent(second, ChannelPhase.CREATING)


async def test_news_puts_the_channel_in_debt_and_none_of_its_cards(channels: ChannelStore, flow: Flow) -> None:
    """Also news that comes while the channel is under a lease; the walk finds nothing that was forgotten."""
    channel = await claim_one(channels)
    await channels.settle([settlement(channel)])
    await spread(flow)
    await follow(flow, channel.channel)
    assert await in_debt(flow) == (0, 0)

    await flow.happen("order-1", "order.accepted")
    await flow.project("order-1")
    claimed = await claim_one(channels)
    await flow.happen("order-1", "order.preparing")
    await flow.project("order-1")
    await spread(flow)
    due = await channels.settle([settlement(claimed, considered_version=2)])

    assert due == {claimed.slot}
    assert await in_debt(flow) == (0, 1)
    house = Housekeeper(flow.pool, flow.due.extend)
    assert await house.wake_forgotten(ALL_SLOTS) == 0
    await flow.pool.execute("UPDATE channels SET due_at = NULL")
    assert await house.wake_forgotten_channels(ALL_SLOTS) == 1


async def test_the_cards_of_a_crowd_hear_of_its_end_by_the_spreader(channels: ChannelStore, flow: Flow) -> None:
    """Those that wait hear when it is there, those that follow when it has ended."""
    channel = await claim_one(channels)
    await flow.pool.execute("UPDATE cards SET due_at = NULL")
    await channels.settle([settlement(channel, tell_waiting=True)])
    assert await in_debt(flow) == (0, 0)
    await spread(flow)
    assert await in_debt(flow) == (PHONES, 0)
    await follow(flow, channel.channel)
    await flow.happen("order-1", "order.delivered")
    await flow.project("order-1")
    await spread(flow)
    assert await in_debt(flow) == (0, 1)

    ending = await claim_one(channels)
    await channels.settle([settlement(ending, phase=ChannelPhase.ENDED, tell_members=True)])
    await spread(flow)

    assert await in_debt(flow) == (PHONES, 0)


async def test_a_channel_that_closes_stays_for_who_comes_unless_it_is_being_deleted(channels: ChannelStore) -> None:
    """Then another is wanted once it is gone."""
    await channels.settle([settlement(await claim_one(channels), phase=ChannelPhase.CLOSING)])
    assert await channels.want([(PLACE, "latest")])
    channel = await claim_one(channels)
    assert channel.phase is ChannelPhase.OPEN
    await channels.settle([settlement(channel, phase=ChannelPhase.CLOSING, due_at=channel.created_at)])

    deleting = await claim_one(channels)
    assert await channels.want([(PLACE, "latest")]) == set()
    await channels.settle([settlement(deleting, phase=ChannelPhase.GONE)])
    assert await channels.want([(PLACE, "latest")])

    assert (await claim_one(channels)).generation == 2


async def test_a_start_that_crosses_a_push_is_known(channels: ChannelStore, flow: Flow, clock: Clock) -> None:
    """One of an older version, accepted since shortly before the push; not one of the same version, or of before."""
    now = await clock.now()
    channel = await claim_one(channels)
    told = {"accepted_version": 2, "published_at": now, "due_at": now}
    await channels.settle([settlement(channel, **told)])
    await spread(flow)
    await follow(flow, channel.channel)

    seen = []
    for version, seconds in ((2, 1), (1, -60), (1, 1)):
        await flow.pool.execute(
            "UPDATE cards SET accepted_version = $1, started_at = $2::timestamptz + $3 * interval '1 second'",
            version, now, seconds,
        )  # fmt: skip
        claimed = await claim_one(channels)
        seen.append(claimed.crossed_at is not None)
        await channels.settle([settlement(claimed, due_at=now)])

    assert seen == [False, False, True]


async def test_a_restore_doubts_channels_too(channels: ChannelStore, flow: Flow) -> None:
    """What each said is said again, later than all that was said."""
    channel = await claim_one(channels)
    await channels.settle([settlement(channel, accepted_version=1, accepted_hash=b"shown")])

    await CardDesk(flow.pool).doubt()

    doubted = await claim_one(channels)
    assert (doubted.accepted_hash, doubted.timestamp_used >= channel.timestamp_used) == (None, True)


async def test_all_cards_are_asked_to_end_or_not_all(channels: ChannelStore, flow: Flow) -> None:
    """The channel can end them all, and none alone; and it can say again what it said."""
    channel = await claim_one(channels)
    await channels.settle([settlement(channel)])
    await spread(flow)
    await follow(flow, channel.channel)
    desk = CardDesk(flow.pool)
    [first, *_] = await flow.rows()

    seen = []
    for what, card_id in (("end", first["card_id"]), ("resend", None), ("end", None)):
        await desk.ask("order-1", what, card_id=card_id)  # type: ignore[arg-type]
        claimed = await claim_one(channels)
        seen.append((claimed.asked_to_end, claimed.asked_again))
        await channels.settle([settlement(claimed, published_at=await flow.pool.fetchval("SELECT lockstep_now()"))])

    assert seen == [(False, False), (False, True), (True, False)]
