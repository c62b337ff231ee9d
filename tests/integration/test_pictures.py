"""Phones in debt for pictures: what is noted of cards, who is told, once, and what a report leads to."""

import json
from datetime import datetime, timedelta
from typing import Any, Final

import pytest

from app.apns.announcer import Announcer
from app.apns.answer import Answer
from app.apns.provider_token import ProviderToken
from app.apns.shared_token import SharedProviderToken
from app.devices.pictures import AssetReport, FailedAsset, HeldAsset, PhoneAssets, Pictures
from app.housekeeping import Housekeeper
from events.postgres.pool import Pool
from events.sealing import Keyring
from projections.pauses import Pauses
from tests.conftest import Clock
from tests.integration.dispatching import PEM, POLL_NEVER, Apns, dispatcher, live, one_key, work
from tests.integration.flow import Flow

FIRST: Final = "aa" * 32
SECOND: Final = "bb" * 32
REF: Final = "taverna@aaaaaaaaaaaa"
LIVE: Final = 3


@pytest.fixture
def flow(pool: Pool, keyring: Keyring) -> Flow:
    """The stages before the phone."""
    return Flow(pool, keyring)


class Shop:
    """A shop's pictures, and the phones that are told of them."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.rung: list[bool] = []
        self.pictures = Pictures(flow.pool, lambda: self.rung.append(True))

    async def put(self, sha256: str = FIRST, expires_at: datetime | None = None) -> None:
        """Put a version of the picture."""
        await self.pictures.put(
            "taverna", AssetReport(url="https://shop/taverna", sha256=sha256, size_bytes=9, expires_at=expires_at)
        )

    async def show(self, order: str = "order-1", device_id: str = "phone-1") -> None:
        """Place an order that names the picture, for a phone that can be woken, and start its card."""
        await self.flow.register(device_id, alert_token=(device_id.encode() * LIVE).hex())
        await self.flow.place(order, imageKey="taverna")
        await self.flow.settle(order)
        await work(dispatcher(self.flow, Apns()))

    async def has(self, *versions: str, failed: tuple[str, ...] = (), device_id: str = "phone-1") -> list[list[str]]:
        """Let the app say what it has, and give what it is to fetch and delete."""
        answer = await self.pictures.report(
            device_id,
            PhoneAssets(
                assets=tuple(HeldAsset(key="taverna", sha256=each) for each in versions),
                failed=tuple(FailedAsset(key="taverna", sha256=each, problem="no_space") for each in failed),
            ),
        )
        return [[each.ref for each in answer.fetch], answer.drop]

    async def announce(self, *answers: Answer) -> list[dict[str, Any]]:
        """Let a worker tell everybody who is to be told, and give what it sent."""
        apns = Apns(*answers)
        announcer = self.announcer(apns)
        while await announcer.announce_some():
            pass
        assert {each.expiration for each in apns.requests} <= {0}
        return [json.loads(each.payload)["lockstep"] for each in apns.requests]

    def announcer(self, apns: Apns) -> Announcer:
        """Give one more worker."""
        token = SharedProviderToken(self.flow.pool, self.flow.keyring, ProviderToken("TEAM123456", "KEY1234567", PEM))
        flow = self.flow
        return Announcer(
            flow.pool, flow.keyring, apns, one_key(token), flow.due.extend, note=lambda _: None, rules=POLL_NEVER
        )

    async def shown(self, apns: Apns | None = None) -> str:
        """Let the card get its update, and give what its picture is then."""
        apns = apns or Apns()
        await work(dispatcher(self.flow, apns))
        return str(json.loads(apns.requests[-1].payload)["aps"]["content-state"]["imageKey"])


@pytest.fixture
def shop(flow: Flow) -> Shop:
    """A shop."""
    return Shop(flow)


async def test_one_push_tells_of_all_and_nothing_is_told_twice(shop: Shop, clock: Clock) -> None:
    """However many cards want it; a card of a picture that the app brings along wakes nobody."""
    await shop.put()
    await shop.show()
    await shop.show("order-2")
    told = await shop.announce()

    assert [[each["ref"] for each in one["fetch"]] for one in told] == [[REF]]
    await clock.advance(seconds=30)
    await shop.show("order-3")
    await shop.flow.place("order-4", imageKey="bicycle")
    await shop.flow.settle("order-4")
    await work(dispatcher(shop.flow, Apns()))
    assert await shop.announce() == []
    await clock.advance(hours=1)
    assert [len(one["fetch"]) for one in await shop.announce()] == [1], "the app has kept silent for an hour"
    assert await shop.flow.pool.fetchval("SELECT count(*) FROM asset_uses") == 3


async def test_a_report_brings_the_picture_onto_the_card(shop: Shop, clock: Clock) -> None:
    """What was stored is found by any worker: the one that took the report may have died; and it goes back likewise."""
    await shop.put()
    await shop.flow.register(alert_token="ab" * 32)
    await shop.flow.place(imageKey="taverna")
    await shop.flow.settle("order-1")
    await live(shop.flow, clock)

    assert await shop.has(failed=(FIRST,)) == [[REF], []]
    assert await shop.announce() == [], "the answer has told it"
    assert await shop.has(FIRST) == [[], []]
    assert await shop.announce() == []
    assert await shop.shown() == REF
    await clock.advance(seconds=2)

    assert await shop.has() == [[REF], []]
    await shop.announce()
    assert await shop.shown() == "placeholder"
    assert await shop.has(FIRST) == [[], []]
    await shop.announce()
    await clock.advance(seconds=2)
    assert await shop.shown() == REF
    await clock.advance(seconds=2)

    assert await shop.pictures.withdraw("taverna")
    await shop.announce()
    assert await shop.shown() == "placeholder"


async def test_a_worker_that_died_leaves_the_debt_to_another(shop: Shop, clock: Clock) -> None:
    """Its lease runs out; while it lasts nobody else tells the app."""
    await shop.put()
    await shop.show()
    store = shop.announcer(Apns())._store
    [claimed] = await store.claim(most=9, lease_seconds=60, keys=(), away=())

    assert claimed.device_id == "phone-1"
    assert await shop.announce() == []
    await clock.advance(seconds=61)
    assert len(await shop.announce()) == 1


async def test_a_new_version_reaches_phones_in_batches(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every phone with a card that names the key is looked at, though more than one batch; then the walk is over."""
    monkeypatch.setattr("app.apns.announcer.TOLD_AT_ONCE", 2)
    await shop.put()
    for number in range(5):
        await shop.show(device_id=f"phone-{number}")
        await shop.has(FIRST, device_id=f"phone-{number}")
    await shop.announce()
    await shop.put(SECOND)
    told = await shop.announce()

    assert [[each["ref"] for each in one["fetch"]] for one in told] == 5 * [["taverna@bbbbbbbbbbbb"]]
    assert await shop.flow.pool.fetchval("SELECT count(*) FROM assets WHERE telling_after IS NOT NULL") == 0


async def test_an_expired_picture_is_told_to_go_a_day_after_its_last_card(shop: Shop, clock: Clock) -> None:
    """From then on no card refers to it; when nobody has it any more the manifest forgets it too."""
    await shop.put(expires_at=await clock.now() + timedelta(hours=1))
    await shop.show()
    await shop.has(FIRST)
    await shop.announce()
    await shop.flow.happen("order-1", "order.cancelled")
    await shop.flow.settle("order-1")
    await clock.advance(hours=9)
    await work(dispatcher(shop.flow, Apns()))
    gone_at = await shop.flow.pool.fetchval("SELECT until FROM asset_uses")
    await clock.advance(seconds=(gone_at - await clock.now()).total_seconds() + 24 * 3_600 - 5)
    assert await shop.announce() == []

    await clock.advance(seconds=6)
    assert await shop.announce() == [{"drop": [REF]}]
    assert await shop.flow.pool.fetchval("SELECT dropping FROM device_assets")
    assert await shop.has() == [[], []]
    await clock.advance(days=31)
    await shop.announce()
    await Housekeeper(shop.flow.pool, shop.flow.due.extend).prune()
    assert await shop.pictures.read("taverna") is None


async def test_what_holds_cards_holds_this_too(shop: Shop, clock: Clock) -> None:
    """A pause, and what Apple says of the token: 410 retires it, 429 makes it wait."""
    await shop.put()
    await shop.show()
    await Pauses(shop.flow.pool).pause("all", "*", reason="wrong pictures")
    assert await shop.announce() == []
    await Pauses(shop.flow.pool).resume("all", "*")

    assert len(await shop.announce(Answer(429, reason="TooManyRequests"))) == 1
    assert await shop.announce() == []
    await clock.advance(seconds=60)
    died_ms = int((await clock.now()).timestamp() * 1_000)
    assert len(await shop.announce(Answer(410, reason="Unregistered", timestamp_ms=died_ms))) == 1
    await clock.advance(hours=2)
    assert await shop.announce() == []
    row = await shop.flow.pool.fetchrow("SELECT outcome, why FROM asset_debts")
    assert row is not None
    assert row["outcome"] in ("no_token", "rejected")
