"""Apple's lists of channels on a real Postgres: who looks, and what is certain of a channel that nobody knows."""

import pytest

from events.slot import ALL_SLOTS
from projections.channel import Channel, ChannelPhase
from projections.channel_list_store import ChannelListStore, Looked
from projections.channel_store import ChannelStore, Place
from projections.pause import ALL
from projections.pauses import Pauses
from tests.conftest import Clock
from tests.integration.command_line import lockstep
from tests.integration.flow import ROUTES, Flow
from tests.integration.test_channel_store import settlement

APP, ENVIRONMENT = "com.example.shop", "sandbox"
PLACE = Place("order-1", APP, ENVIRONMENT, "OrderAttributes")
DONE = Looked(again_seconds=3_600, outcome="accepted", why="All is known.", channels=1)


@pytest.fixture
async def lists(flow: Flow) -> ChannelListStore:
    """The lists, of which one is due."""
    store = ChannelListStore(flow.pool)
    await store.open(APP, ENVIRONMENT, 0)
    return store


async def creating(flow: Flow) -> Channel:
    """Begin to have a channel made."""
    await flow.register()
    await flow.place()
    await flow.settle("order-1")
    channels = ChannelStore(flow.pool)
    await channels.want([(PLACE, "latest")])
    [claimed] = await channels.claim(ALL_SLOTS, most=1, lease_seconds=60.0, keys=ROUTES)
    assert await channels.record_intent(claimed.channel, ChannelPhase.CREATING)
    return claimed.channel


async def is_certain(lists: ChannelListStore) -> list[bool]:
    """Tell of each unknown channel whether it is nobody's for certain."""
    return [each.certain for each in await lists.unknown(APP, ENVIRONMENT)]


async def test_one_worker_looks_and_is_asked_again_meanwhile(lists: ChannelListStore, flow: Flow, clock: Clock) -> None:
    """Another goes on when it died; who asks while it looks is not forgotten; a pause holds it."""
    first = await lists.claim(lease_seconds=60, keys=ROUTES)
    assert first is not None
    assert await lists.claim(lease_seconds=60, keys=ROUTES) is None
    await clock.advance(seconds=61)
    second = await lists.claim(lease_seconds=60, keys=ROUTES)
    assert second is not None
    await lists.hurry(APP, ENVIRONMENT)
    await lists.settle(second, DONE)
    third = await lists.claim(lease_seconds=60, keys=ROUTES)
    assert third is not None
    await lists.settle(third, DONE)
    assert await lists.claim(lease_seconds=60, keys=ROUTES) is None

    await clock.advance(hours=1)
    await Pauses(flow.pool).pause(*ALL, reason="a test")
    assert await lists.claim(lease_seconds=60, keys=ROUTES) is None


async def test_what_a_request_under_way_may_have_made_is_not_certain(
    lists: ChannelListStore, flow: Flow, clock: Clock
) -> None:
    """Its answer may bring the id; once another worker has the channel it is too late for that."""
    first = await creating(flow)
    await lists.note(APP, ENVIRONMENT, ["Y2hhbm5lbA=="])
    assert await is_certain(lists) == [False]
    await clock.advance(seconds=61)
    assert await is_certain(lists) == [False], "whoever was stopped may go on, as long as nobody else has begun"
    channels = ChannelStore(flow.pool)
    [second] = await channels.claim(ALL_SLOTS, most=1, lease_seconds=60.0, keys=ROUTES)
    assert await channels.settle([settlement(first)]) == set()
    assert await is_certain(lists) == [True]

    await channels.settle([settlement(second.channel)])
    assert await is_certain(lists) == [], "it has become known"


async def test_unknown_channels_are_listed_and_deleted_by_name(lists: ChannelListStore, flow: Flow, dsn: str) -> None:
    """What is not unknown is not deleted; the next look does it."""
    claimed = await lists.claim(lease_seconds=60, keys=ROUTES)
    assert claimed is not None
    await lists.note(APP, ENVIRONMENT, ["YQ==", "Yg=="])
    await lists.settle(claimed, DONE)
    listed = await lockstep("channels", "unknown", "--json", dsn=dsn)
    refused = await lockstep("channels", "delete", "YQ==", "Yw==", dsn=dsn)
    neither = await lockstep("channels", "delete", dsn=dsn)
    asked = await lockstep("channels", "delete", "YQ==", dsn=dsn)
    counted = await lockstep("channels", "count", "--json", dsn=dsn)

    assert [(each["channelId"], each["certain"]) for each in listed.json["channels"]] == [
        ("YQ==", True),
        ("Yg==", True),
    ]
    assert (refused.code, "No unknown channel is Yw==" in refused.err) == (2, True)
    assert (neither.code, "--all" in neither.err) == (2, True)
    assert (asked.code, asked.out[:20]) == (0, "1 unknown channel is")
    assert [(each["listed"], each["unknown"]) for each in counted.json["counts"]] == [(1, 2)]
    assert await flow.pool.fetchval("SELECT count(*) FROM unknown_channels WHERE delete_asked_at IS NOT NULL") == 1
    assert await lists.claim(lease_seconds=60, keys=ROUTES) is not None
