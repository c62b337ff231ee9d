"""Recipients on a real Postgres: whichever came later, the order or the phone, sees the other."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from events.postgres.doorbell import Ring
from events.postgres.pool import Pool
from events.postgres.statements import statement
from events.slot import slot_of
from projections.card import Lane
from projections.matcher import BATCH, Matcher
from projections.wanted_cards import StartRule
from tests.conftest import Clock
from tests.integration.flow import Flow

ONE = [("order-1", "phone-1", "customer-7")]


class Step:
    """A matcher that stops between reading and writing, until told to go on."""

    def __init__(self, pool: Pool, stop_before: str) -> None:
        self._pool, self._stop_before = pool, statement(stop_before)
        self.arrived, self.go_on = asyncio.Event(), asyncio.Event()

    async def fetch(self, query: str, *values: Any) -> Any:
        """Run a statement, the one named only when told to."""
        if query == self._stop_before:
            self.arrived.set()
            await self.go_on.wait()
        return await self._pool.fetch(query, *values)

    async def execute(self, query: str, *values: Any) -> Any:
        """Run a statement without rows."""
        return await self._pool.execute(query, *values)


async def test_a_phone_that_is_there_gets_a_card_in_debt(flow: Flow) -> None:
    """One card, due now, on every phone of the customer, and its slot is announced."""
    await flow.register("phone-1")
    await flow.register("phone-2")
    await flow.register("phone-3", "customer-8")
    await flow.happen("order-1", "order.placed")
    await flow.project("order-1")
    flow.due.clear()
    assert await flow.matcher.match_views() == 1

    assert await flow.pairs() == [*ONE, ("order-1", "phone-2", "customer-7")]
    assert {(row["phase"], row["debt"], row["generation"], row["starter"]) for row in await flow.rows()} == {
        ("wanted", 1, 1, "server")
    }
    assert flow.due == [slot_of("order-1")]
    assert await flow.matcher.match_views() == 0


async def test_a_late_phone_gets_the_cards_of_its_open_orders(flow: Flow) -> None:
    """Those that are open, of its customer, and that may appear by now."""
    for subject in ("order-1", "order-2", "order-3", "order-4"):
        await flow.place(subject, "customer-8" if subject == "order-2" else "customer-7")
    await flow.happen("order-3", "order.delivered")
    await flow.settle("order-1", "order-2", "order-3", "order-4")
    assert await flow.rows() == []
    await flow.register()
    await flow.match()

    assert await flow.pairs() == [*ONE, ("order-4", "phone-1", "customer-7")]


async def fold(flow: Flow) -> None:
    """Fold the order."""
    await flow.project("order-1")


async def launch(flow: Flow) -> None:
    """Register the phone."""
    await flow.register()


async def match_views(flow: Flow) -> None:
    """Match flagged views."""
    await flow.matcher.match_views()


async def match_devices(flow: Flow) -> None:
    """Match flagged devices."""
    await flow.matcher.match_devices()


@pytest.mark.parametrize(
    "order",
    list(itertools.permutations([fold, launch, match_views, match_devices])),
    ids=lambda order: "-".join(f.__name__ for f in order),
)
async def test_registration_and_fold_in_every_order(
    flow: Flow, order: tuple[Callable[[Flow], Awaitable[None]], ...]
) -> None:
    """Promise 7: after both have happened and a matcher has run once more, there is one card."""
    await flow.happen("order-1", "order.placed")
    for step in order:
        await step(flow)
    await flow.match()

    assert await flow.pairs() == ONE
    flags = await flow.pool.fetchval(
        "SELECT (SELECT count(*) FROM views WHERE match_due_at IS NOT NULL) "
        "+ (SELECT count(*) FROM devices WHERE match_due_at IS NOT NULL)"
    )
    assert flags == 0


@pytest.mark.parametrize(
    ("side", "before"),
    [
        ("views", "projections/find_devices_of_customers"),
        ("views", "projections/add_cards"),
        ("devices", "projections/wake_cards_of_devices"),
        ("devices", "projections/find_open_views"),
        ("devices", "projections/add_cards"),
    ],
)
async def test_the_other_side_commits_while_the_matcher_is_between_its_steps(
    flow: Flow, side: str, before: str
) -> None:
    """Promise 7: wherever the matcher stands, the one that commits meanwhile is seen by it or flags itself."""
    step = Step(flow.pool, before)
    matcher = Matcher(step, flow.keyring, flow.due.extend)  # type: ignore[arg-type] # a pool that can be stopped
    await flow.happen("order-1", "order.placed")
    if side == "views":
        await fold(flow)
        matching = asyncio.ensure_future(matcher.match_views())
        await step.arrived.wait()
        await launch(flow)
    else:
        await launch(flow)
        matching = asyncio.ensure_future(matcher.match_devices())
        await step.arrived.wait()
        await fold(flow)
    step.go_on.set()
    await matching
    await flow.match()

    assert await flow.pairs() == ONE


async def test_two_matchers_add_a_card_once(flow: Flow) -> None:
    """What both found missing is inserted by one; the other's conflict is nothing."""
    steps = [Step(flow.pool, "projections/add_cards") for _ in range(2)]
    await flow.register()
    await flow.happen("order-1", "order.placed")
    await flow.project("order-1")
    tasks = [
        asyncio.ensure_future(Matcher(step, flow.keyring, flow.due.extend).match_views())  # type: ignore[arg-type] # the same
        for step in steps
    ]
    for step in steps:
        await step.arrived.wait()
    for step in steps:
        step.go_on.set()
    await asyncio.gather(*tasks)
    await flow.match()

    assert await flow.pairs() == ONE


async def test_a_flag_that_is_raised_meanwhile_is_not_lost(flow: Flow) -> None:
    """It is cleared by the counter that was read, so the later one stands: on views and on devices."""
    await flow.register()
    await flow.happen("order-1", "order.placed")
    await flow.project("order-1")
    for table, match, before in (
        ("views", "match_views", "projections/add_cards"),
        ("devices", "match_devices", "projections/add_cards"),
    ):
        step = Step(flow.pool, before)
        matcher = Matcher(step, flow.keyring, flow.due.extend)  # type: ignore[arg-type] # the same
        matching = asyncio.ensure_future(getattr(matcher, match)())
        await step.arrived.wait()
        await flow.pool.execute(f"UPDATE {table} SET match_due_at = lockstep_now(), match_count = match_count + 1")
        step.go_on.set()
        assert await matching == 1
        assert await flow.pool.fetchval(f"SELECT count(*) FROM {table} WHERE match_due_at IS NOT NULL") == 1


async def test_a_change_of_customer_looks_at_every_card_of_the_phone(flow: Flow) -> None:
    """The old cards are put in debt, so that the plan recalls them; the new customer's orders get theirs."""
    await flow.place("order-1", "customer-7")
    await flow.place("order-2", "customer-8")
    await flow.register("phone-1", "customer-7")
    await flow.settle("order-1", "order-2")
    [before] = await flow.rows("order-1")
    await flow.register("phone-1", "customer-8")
    await flow.match()
    [after] = await flow.rows("order-1")

    assert await flow.pairs() == [*ONE, ("order-2", "phone-1", "customer-8")]
    assert after["debt"] == before["debt"] + 1


async def test_a_sign_out_looks_at_every_card_of_the_phone(flow: Flow) -> None:
    """No card is added for nobody, and the open ones are due."""
    await flow.happen("order-1", "order.placed")
    await flow.register()
    await flow.settle("order-1")
    await flow.pool.execute("UPDATE cards SET due_at = NULL")
    assert await flow.registry.forget("phone-1")
    await flow.happen("order-2", "order.placed")
    await flow.settle("order-2")
    [card] = await flow.rows()

    assert (card["subject_id"], card["due_at"] is not None) == ("order-1", True)


async def test_types_that_share_a_start_token_have_one_card(flow: Flow) -> None:
    """The token's value stands once, for both types of the device."""
    await flow.register(start_tokens={"OrderAttributes": "ab" * 32, "RideAttributes": "ab" * 32})
    await flow.happen("order-1", "order.placed")
    await flow.settle("order-1")

    assert await flow.pairs() == ONE
    assert await flow.pool.fetchval("SELECT count(*) FROM push_tokens") == 1
    assert await flow.pool.fetchval("SELECT count(*) FROM start_tokens") == 2


async def test_a_card_for_later_does_not_exist_before_its_time(flow: Flow, clock: Clock) -> None:
    """Neither for a phone that is there, nor for one that comes meanwhile; then for both."""
    show_at = (await clock.now() + timedelta(hours=2)).isoformat()
    await flow.register("phone-1")
    await flow.place("order-1", showAt=show_at)
    await flow.settle("order-1")
    await flow.register("phone-2")
    await flow.match()
    assert await flow.rows() == []
    await clock.advance(hours=1.9)
    await flow.match()
    assert await flow.rows() == []
    await clock.advance(hours=0.11)
    await flow.match()

    assert await flow.pairs() == [*ONE, ("order-1", "phone-2", "customer-7")]


async def test_an_order_that_is_over_before_its_time_gets_no_card(flow: Flow, clock: Clock) -> None:
    """Nor a flag."""
    show_at = (await clock.now() + timedelta(hours=2)).isoformat()
    await flow.register()
    await flow.place("order-1", showAt=show_at)
    await flow.happen("order-1", "order.cancelled")
    await flow.settle("order-1")
    await clock.advance(hours=3)
    await flow.match()

    assert await flow.rows() == []
    assert await flow.pool.fetchval("SELECT count(*) FROM views WHERE match_due_at IS NOT NULL") == 0


async def test_the_apps_own_type_waits_for_the_app(flow: Flow, clock: Clock) -> None:
    """With `app_first` the card is first looked at after the grace."""
    matcher = Matcher(
        flow.pool, flow.keyring, flow.due.extend, start_rules={"OrderAttributes": StartRule("app_first", 30.0)}
    )
    await flow.register()
    await flow.happen("order-1", "order.placed")
    await flow.project("order-1")
    await matcher.match_views()
    [card] = await flow.rows()

    assert (card["starter"], card["due_at"] - card["created_at"]) == ("app_first", timedelta(seconds=30))
    assert await flow.claim() == []
    await clock.advance(seconds=31)
    assert len(await flow.claim()) == 1


async def test_a_running_matcher_works_by_hint_and_by_poll(flow: Flow) -> None:
    """A hint makes it sooner, and a lost one is found by the next look."""
    await flow.register()
    found, stop = asyncio.Event(), asyncio.Event()
    hinted = Matcher(flow.pool, flow.keyring, lambda _: found.set(), poll_seconds=1_000_000)
    running = asyncio.ensure_future(hinted.run(stop))
    await flow.happen("order-1", "order.placed")
    await flow.project("order-1")
    hinted.hear(Ring("somebody", matching=True))
    await found.wait()
    stop.set()
    await running

    found.clear()
    stop.clear()
    polling = Matcher(flow.pool, flow.keyring, lambda _: found.set(), poll_seconds=0.01)
    running = asyncio.ensure_future(polling.run(stop))
    await flow.happen("order-2", "order.placed")
    await flow.project("order-2")
    await found.wait()
    stop.set()
    await running

    assert [subject for subject, _, _ in await flow.pairs()] == ["order-1", "order-2"]


async def test_a_broken_deadlock_is_tried_again(flow: Flow, pool: Pool) -> None:
    """Postgres ends one of two that wait for one another; the matcher asks again."""
    await flow.register()
    await flow.happen("order-1", "order.placed")
    await flow.settle("order-1")
    await flow.register()
    await flow.happen("order-1", "order.accepted")

    class Deadlocked(Step):
        failures = 2

        async def fetch(self, query: str, *values: Any) -> Any:
            if query in (statement("projections/wake_cards_of_devices"), statement("projections/add_cards")):
                self.failures -= 1
                if self.failures >= 0:
                    await self._pool.execute(
                        "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'deadlock_detected', MESSAGE = 'a test'; END $$"
                    )
            return await super().fetch(query, *values)

    matcher = Matcher(Deadlocked(pool, "projections/read_slots"), flow.keyring, flow.due.extend)  # type: ignore[arg-type] # the same
    assert await matcher.match_devices() == 1
    assert await pool.fetchval("SELECT count(*) FROM devices WHERE match_due_at IS NOT NULL") == 0


FLAG = "SELECT match_due_at - lockstep_now() FROM views"


async def test_a_moved_order_is_looked_at_when_it_is_to_appear_now(flow: Flow, clock: Clock) -> None:
    """Later, earlier, and in the past; a word that came late moves nothing."""
    now = await clock.now()
    await flow.place("order-1", showAt=(now + timedelta(days=2)).isoformat())
    for days in (3.0, 1.0, -1.0):
        moved = {"showAt": (now + timedelta(days=days)).isoformat()}
        await flow.append(flow.event("order-1", "order.rescheduled", moved))
        await flow.project("order-1")
        assert await flow.pool.fetchval(FLAG) == pytest.approx(timedelta(days=days), abs=timedelta(minutes=5))
    await flow.register()
    await flow.match()

    assert await flow.pairs() == ONE


async def test_an_order_that_is_over_waits_for_nothing(flow: Flow, clock: Clock) -> None:
    """Its flag goes with the fold that ends it, and a later move raises none."""
    await flow.register()
    later = (await clock.now() + timedelta(days=30)).isoformat()
    await flow.place("order-1", showAt=later)
    await flow.project("order-1")
    assert await flow.pool.fetchval(FLAG) is not None
    await flow.happen("order-1", "order.cancelled")
    await flow.project("order-1")
    assert await flow.pool.fetchval(FLAG) is None
    await flow.append(flow.event("order-1", "order.rescheduled", {"showAt": later}))
    await flow.project("order-1")

    assert await flow.pool.fetchval(FLAG) is None


async def test_the_cards_of_those_whose_time_has_come_are_bulk(flow: Flow, clock: Clock) -> None:
    """There may be very many at one minute; those of orders that are placed now are urgent, and matched before them."""
    await flow.register()
    show_at = (await clock.now() + timedelta(hours=1)).isoformat()
    booked = [f"booked-{number}" for number in range(BATCH + 50)]
    await flow.append(
        *(
            flow.event(each, "order.placed", {"customerId": "customer-7", "merchantName": "Taverna", "showAt": show_at})
            for each in booked
        )
    )
    await flow.project(*booked)
    await clock.advance(hours=2)
    await flow.happen("placed-now", "order.placed")
    await flow.project("placed-now")
    assert await flow.matcher.match_views() == BATCH
    lanes = {row["subject_id"]: row["lane"] for row in await flow.rows()}
    assert (lanes.pop("placed-now"), set(lanes.values())) == (Lane.URGENT, {Lane.BULK})
    assert len(lanes) == BATCH - 1
    await flow.match()

    assert len(await flow.rows()) == len(booked) + 1
