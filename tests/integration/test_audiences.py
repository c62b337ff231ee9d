"""Who gets a card of an activity that is for many: once each, at a pace, whoever comes when."""

from typing import Any

import pytest

from events.postgres.pool import Pool
from projections.audience import AudienceRules
from projections.audience_store import AudienceStore, Progress
from projections.enroller import Enroller
from projections.segment_store import SegmentStore
from projections.spreader import Spreader
from tests.conftest import Clock
from tests.integration.command_line import lockstep
from tests.integration.dispatching import Apns, dispatcher, work
from tests.integration.flow import Flow

TYPE = "MatchAttributes"
STARTED: dict[str, Any] = {
    "attributesType": TYPE,
    "attributes": {"home": "PAOK"},
    "contentState": {"score": [0, 0]},
    "alert": {"title": "PAOK against Aris", "body": "Kick-off!"},
}
EVERYBODY = {"everybody": True}


@pytest.fixture
def enroller(flow: Flow) -> Enroller:
    """What adds the cards, two a step."""
    return Enroller(flow.pool, flow.due.extend, rules=AudienceRules(rate=8.0, ahead=1.0), looked_through=3)


async def phones(flow: Flow, count: int, first: int = 1) -> None:
    """Let apps launch, and whatever comes of that."""
    for n in range(first, first + count):
        await flow.register(f"phone-{n}", f"customer-{n}", start_tokens={TYPE: f"{n:064x}"})
    await flow.match()


async def start(flow: Flow, audience: dict[str, Any], subject: str = "match-1", **more: Any) -> None:
    """Let an activity start, and have its audience looked for."""
    await flow.append(flow.event(subject, "activity.started", STARTED | {"audience": audience} | more))
    await flow.settle(subject)


async def enrol(enroller: Enroller, clock: Clock) -> int:
    """Add cards until there is nothing left to add, and give the number of seconds that it took."""
    seconds = 0.0
    await enroller.follow_segments()
    while (waits := await enroller.enrol_some()) is not None:
        await clock.advance(seconds=waits)
        seconds += waits
    return round(seconds)


async def enrolled(flow: Flow) -> list[str]:
    """Name the phones that have a card, or are to have one."""
    return sorted(row["device_id"] for row in await flow.rows())


async def progress(pool: Pool, subject: str = "match-1") -> Progress:
    """Read how far an audience is."""
    found = await AudienceStore(pool).progress(subject)
    assert found is not None
    return found


async def test_everybody_gets_one_card_at_a_pace(flow: Flow, enroller: Enroller, clock: Clock) -> None:
    """Two a step, eight a second, in the bulk lane; a phone that cannot be sent one is passed over until it can."""
    await flow.register("phone-0", None, start_tokens={TYPE: "0a" * 32})
    await flow.register("phone-9", "customer-9", start_tokens={"OrderAttributes": "0b" * 32})
    await phones(flow, 6)
    await start(flow, EVERYBODY)
    before = await enrolled(flow)
    waits = await enroller.enrol_some()
    again = await enroller.enrol_some()
    assert (before, waits, again, await enrolled(flow)) == ([], 0.25, 0.25, ["phone-0", "phone-1"])
    await enrol(enroller, clock)

    assert await enrolled(flow) == [f"phone-{n}" for n in range(7)]
    assert {row["lane"] for row in await flow.rows()} == {1}
    assert [row["customer_id"] for row in await flow.rows()][:2] == [None, "customer-1"]
    assert (await progress(flow.pool)).state == "done"
    await flow.register("phone-9", "customer-9", start_tokens={TYPE: "0b" * 32})
    await flow.match()
    assert (await enrolled(flow))[-1] == "phone-9"


async def test_starts_that_are_not_sent_hold_up_those_that_come(flow: Flow, enroller: Enroller, clock: Clock) -> None:
    """No more are made than are sent in the seconds ahead: what a pause holds back is no flood when it is lifted."""
    await phones(flow, 12)
    await start(flow, EVERYBODY)
    await enrol(enroller, clock)
    waiting = len(await enrolled(flow))
    await work(dispatcher(flow, Apns()))
    await clock.advance(seconds=2)
    await enrol(enroller, clock)

    assert (waiting, len(await enrolled(flow))) == (8, 12)


async def test_a_segment_is_followed_while_the_activity_is_open(flow: Flow, enroller: Enroller, clock: Clock) -> None:
    """Whoever is tagged later joins, whichever side that is on; whoever the segment takes later does; over is over."""
    segments = SegmentStore(flow.pool)
    await phones(flow, 6)
    await segments.put_customer_tags("customer-2", ["vip"])
    await start(flow, {"segment": "fans"})
    await enrol(enroller, clock)
    assert (await enrolled(flow), (await progress(flow.pool)).state) == ([], "done")

    await segments.put_filter("fans", "tag = vip")
    await enrol(enroller, clock)
    assert await enrolled(flow) == ["phone-2"]

    await segments.put_customer_tags("customer-5", ["vip"])
    await flow.register("phone-3", "customer-3", start_tokens={TYPE: f"{3:064x}"}, tags=("vip",))
    await flow.match()
    assert await enrolled(flow) == ["phone-2", "phone-3", "phone-5"]

    await segments.put_ids("fans", "devices", ["phone-6"])
    await enrol(enroller, clock)
    assert await enrolled(flow) == ["phone-2", "phone-3", "phone-5", "phone-6"]

    await flow.append(flow.event("match-1", "activity.ended", {}))
    await flow.settle("match-1")
    await segments.put_ids("fans", "devices", ["phone-1"])
    await enrol(enroller, clock)
    await enroller.close()
    await flow.register("phone-1", "customer-1", start_tokens={TYPE: f"{1:064x}"})
    await flow.match()
    assert len(await enrolled(flow)) == 4
    assert (await progress(flow.pool)).state == "over"


async def test_a_list_is_for_its_customers_alone(flow: Flow, enroller: Enroller, clock: Clock) -> None:
    """Those who sign in later get theirs; a phone that changes hands loses it."""
    await phones(flow, 4)
    await start(flow, {"customers": ["customer-1", "customer-3", "customer-8"]})
    await enrol(enroller, clock)
    assert await enrolled(flow) == ["phone-1", "phone-3"]

    await phones(flow, 1, first=8)
    await flow.register("phone-3", "customer-4", start_tokens={TYPE: f"{3:064x}"})
    await flow.match()
    apns = Apns()
    await work(dispatcher(flow, apns))

    assert await enrolled(flow) == ["phone-1", "phone-3", "phone-8"]
    assert apns.events() == ["start", "start"]
    assert {row["device_id"]: row["phase"] for row in await flow.rows()}["phone-3"] == "over"


async def test_a_stop_holds_what_was_not_begun(flow: Flow, enroller: Enroller, clock: Clock, dsn: str) -> None:
    """Neither a card that waits nor a phone that comes is started; afterwards each is, once."""
    await phones(flow, 6)
    await start(flow, EVERYBODY)
    await enroller.enrol_some()
    apns = Apns()
    assert await AudienceStore(flow.pool).stop_running() == ["match-1"]
    assert (await lockstep("audience", "stop", "match-1", dsn=dsn)).code == 0
    await enrol(enroller, clock)
    await phones(flow, 1, first=0)
    await work(dispatcher(flow, apns))
    stopped = await progress(flow.pool)
    assert (stopped.state, stopped.phones, stopped.waiting, apns.requests) == ("stopped", 2, 2, [])
    assert "has stopped" in stopped.reasons[0].reason

    for _ in range(2):
        assert (await lockstep("audience", "resume", "match-1", dsn=dsn)).code == 0
    await enrol(enroller, clock)
    while await Spreader(flow.pool, flow.due.extend).spread_some():
        pass
    await work(dispatcher(flow, apns))
    after = await progress(flow.pool)
    listed = await lockstep("audience", "phones", "match-1", "--outcome", "accepted", "--most", "3", "--json", dsn=dsn)
    nobody = await lockstep("audience", "stop", "match-2", dsn=dsn)
    assert [each["deviceId"] for each in listed.json["phones"]] == ["phone-0", "phone-1", "phone-2"]
    assert (nobody.code, "for no audience" in nobody.err) == (1, True)
    assert (after.state, after.phones, after.accepted) == ("done", 7, 7)
    assert apns.events() == ["start"] * 7


async def test_two_that_enrol_at_once_add_each_card_once(flow: Flow, enroller: Enroller, clock: Clock) -> None:
    """The slower finds that the row has moved, and adds nothing."""
    await phones(flow, 6)
    await start(flow, EVERYBODY)
    audience = await flow.pool.fetchrow("SELECT a.*, 'activity' AS kind FROM audiences AS a")
    assert audience is not None
    assert (await enroller._step(audience), await enroller._step(audience)) == (2, 0)
    await enrol(enroller, clock)
    assert await enrolled(flow) == [f"phone-{n}" for n in range(1, 7)]
