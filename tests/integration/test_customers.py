"""The orders of a customer gathered by workers that race, are killed, or come late."""

import asyncio
from datetime import timedelta

import pytest

from app.orders import OrderReader
from events.postgres.statements import statement
from events.slot import ALL_SLOTS
from projections import customer_card
from projections.card_desk import CardDesk
from projections.card_modules import install_cards
from projections.customer_check import verify_customers
from projections.customer_store import CustomerStore
from projections.customer_view import subject_of
from projections.matcher import Matcher
from projections.registry import Registry
from tests.conftest import Clock
from tests.integration.flow import Flow

SUBJECT = subject_of("customer-7")
TYPES = ("order.accepted", "order.ready", "order.picked_up")


@pytest.fixture
async def flow(flow: Flow, cards: Registry) -> Flow:  # noqa: ARG001 - put back afterwards
    """A flow in which a customer's orders share a card."""
    install_cards(["projections.customer_card"])
    return flow


async def row(flow: Flow) -> tuple[int, bool, list[str]]:
    """Give the customer's view: its version, whether it is over, and which orders are in it."""
    found = await flow.pool.fetchrow(
        "SELECT version, over, (SELECT array_agg(o ->> 0) FROM json_array_elements(orders) AS o) AS ids "
        "FROM customer_views WHERE subject_id = $1",
        SUBJECT,
    )
    assert found is not None
    return found["version"], found["over"], sorted(found["ids"] or [])


async def test_matchers_that_race_end_with_the_orders_that_there_are(flow: Flow) -> None:
    """Orders come, change and go while four matchers look: one card, the right orders, nothing left flagged."""
    await flow.register()
    await flow.projector.adopt()
    done = asyncio.Event()

    async def match() -> None:
        matcher = Matcher(flow.pool, flow.keyring, flow.due.extend)
        while not done.is_set():
            await matcher.match_views()

    async def live(number: int) -> None:
        order = f"order-{number}"
        await flow.place(order)
        await flow.projector.project([order])
        for type_ in TYPES if number % 2 else (*TYPES, "order.delivered"):
            await flow.happen(order, type_)
            await flow.projector.project([order])

    matchers = [asyncio.ensure_future(match()) for _ in range(4)]
    await asyncio.gather(*(live(number) for number in range(12)))
    done.set()
    await asyncio.gather(*matchers)
    # who found a slot taken left it to the next
    await flow.settle(*(f"order-{number}" for number in range(12)))

    assert (await row(flow))[1:] == (False, sorted(f"order-{number}" for number in range(1, 12, 2)))
    assert [each["subject_id"] for each in await flow.rows()] == [SUBJECT]
    assert (await verify_customers(flow.pool, flow.keyring)).same


async def test_a_matcher_that_dies_in_the_middle_is_followed_by_another(flow: Flow) -> None:
    """The view was written and no card was made: the flag still stands, and the next one makes it."""
    await flow.register()
    await flow.place()
    await flow.project("order-1")
    await CustomerStore(flow.keyring).gather(flow.pool, ["customer-7"])
    assert (await row(flow), await flow.rows()) == ((1, False, ["order-1"]), [])
    assert (await verify_customers(flow.pool, flow.keyring)).behind.count == 1
    await flow.match()

    assert await row(flow) == (1, False, ["order-1"])
    assert [each["subject_id"] for each in await flow.rows()] == [SUBJECT]


async def test_a_phone_and_an_order_that_come_at_once_find_each_other(flow: Flow) -> None:
    """Whichever commits first."""
    for number in range(10):
        customer = f"customer-{number}"
        await flow.place(f"order-{number}", customer)
        await flow.project(f"order-{number}")
        other = Matcher(flow.pool, flow.keyring, flow.due.extend)
        await asyncio.gather(flow.match(), flow.register(f"phone-{number}", customer), other.match_views())
    await flow.match()

    assert [each["subject_id"] for each in await flow.rows()] == [subject_of(f"customer-{n}") for n in range(10)]


async def test_a_customer_with_an_order_that_cannot_be_read_is_left_alone(flow: Flow, clock: Clock) -> None:
    """Without it the card would end, and begin anew: another worker may read it, and is left some seconds."""
    await flow.register()
    await flow.place("order-1")
    await flow.settle("order-1")
    await flow.happen("order-1", "order.ready")
    await flow.place("order-2")
    await flow.project("order-1", "order-2")
    good = await flow.pool.fetchval("SELECT state::text FROM views WHERE subject_id = 'order-1'")
    broken = "UPDATE views SET state = $1::text::json WHERE subject_id = 'order-1'"
    await flow.pool.execute(broken, '{"placed": "perhaps"}')
    await flow.match()
    assert await row(flow) == (1, False, ["order-1"])
    await flow.pool.execute(broken, good)
    assert await flow.matcher.match_views() == 0
    await clock.advance(seconds=11)
    await flow.match()

    assert await row(flow) == (2, False, ["order-1", "order-2"])


async def test_orders_from_before_the_setting_are_on_the_card_of_a_phone_that_comes(
    flow: Flow, cards: Registry
) -> None:
    """Nothing has gathered them yet: the phone has them gathered."""
    cards.install([])
    await flow.place("order-1")
    await flow.settle("order-1")
    cards.install([customer_card.CARD])
    await flow.register()
    await flow.match()

    assert await row(flow) == (1, False, ["order-1"])
    assert [each["subject_id"] for each in await flow.rows()] == [SUBJECT]


async def test_news_of_a_booking_is_as_old_as_its_time(flow: Flow, clock: Clock) -> None:
    """A card that it joins is not silent for as long as it was booked before; an order that has gone is no news."""
    show_at = await clock.now() + timedelta(days=7)
    await flow.place("order-1")
    await flow.place("table", showAt=show_at.isoformat())
    await flow.settle("order-1", "table")
    await clock.advance(days=7, seconds=5)
    await flow.match()
    await clock.advance(hours=1)
    await flow.happen("order-1", "order.delivered")
    await flow.settle("order-1")

    async with flow.pool.acquire() as connection:
        [stored] = (await CustomerStore(flow.keyring).read(connection, [SUBJECT])).values()
    assert stored.heard_at == show_at
    assert await row(flow) == (3, False, ["table"])


async def test_a_card_of_several_orders_is_found_by_each(flow: Flow, clock: Clock) -> None:
    """For the page of an order, and for whoever lists, ends or sends again; not by one that has left it."""
    await flow.register()
    await flow.place("order-0")
    await flow.settle("order-0")
    await flow.happen("order-0", "order.delivered")
    await flow.settle("order-0")
    await clock.advance(seconds=5)
    await flow.place("order-1")
    await flow.place("order-2")
    await flow.settle("order-1", "order-2")
    desk, reader = CardDesk(flow.pool), OrderReader(flow.pool, flow.keyring)
    newest = (await flow.rows())[-1]

    for order_id in ("order-1", "order-2"):
        found = await desk.find(order_id=order_id)
        assert {(each.order_id, each.view_version) for each in found} == {(SUBJECT, 3)}
        page = await reader.read(order_id)
        assert page is not None
        assert [each.card_id for each in page.cards] == [str(newest["card_id"])]
    assert str(newest["card_id"]) in await desk.ask("order-2", "resend")
    assert (await desk.find(order_id="order-0"), await desk.ask("order-0", "end")) == ([], [])


async def test_a_card_from_before_ends_though_others_are_open_now(flow: Flow, clock: Clock) -> None:
    """The first order ends and another comes before anybody looked at the card: it ends, and a new one is wanted."""
    await flow.register()
    await flow.place("order-1")
    await flow.settle("order-1")
    [first] = await flow.rows()
    await flow.happen("order-1", "order.delivered")
    await flow.settle("order-1")
    await clock.advance(seconds=5)
    await flow.place("order-2")
    await flow.settle("order-2")

    cards = await flow.rows()
    assert [(each["generation"], each["card_id"] == first["card_id"]) for each in cards] == [(1, True), (2, False)]
    begun_at = await flow.pool.fetchval("SELECT begun_at FROM customer_views")
    assert cards[0]["created_at"] < begun_at <= cards[1]["created_at"]


@pytest.mark.parametrize(
    ("ended", "generations"),
    [
        ("outcome = 'expired'", 2),
        ("outcome = 'gone', reported_state = 'dismissed'", 1),
        ("outcome = 'ended', asked = 'end'", 1),
    ],
)
async def test_a_card_that_ended_by_itself_is_followed_by_another(
    flow: Flow, clock: Clock, ended: str, generations: int
) -> None:
    """With the next order that joins, and not before; not where somebody wanted it so."""
    await flow.register()
    await flow.place("order-1")
    await flow.settle("order-1")
    await clock.advance(hours=8)
    await flow.pool.execute(f"UPDATE cards SET phase = 'over', outcome_at = lockstep_now(), {ended}")
    await clock.advance(seconds=5)
    await flow.happen("order-1", "order.ready")
    await flow.settle("order-1")
    assert len(await flow.rows()) == 1
    await flow.place("order-2")
    await flow.settle("order-2")

    assert [each["generation"] for each in await flow.rows()] == [1, 2][:generations]


async def test_the_sweep_finds_cards_that_nobody_looks_at(flow: Flow) -> None:
    """A customer's view that moved without its cards is found as an order's is."""
    await flow.register()
    await flow.place()
    await flow.settle("order-1")
    await flow.pool.execute("UPDATE cards SET due_at = NULL")
    await flow.pool.execute("UPDATE customer_views SET version = version + 1")
    found = await flow.pool.fetch(statement("projections/wake_forgotten_cards"), ALL_SLOTS)
    assert [(each["subject_id"], each["behind"]) for each in found] == [(SUBJECT, True)]


async def test_a_customer_without_orders_and_cards_is_forgotten(flow: Flow, clock: Clock) -> None:
    """Cards of orders that are over go after their days, and then what was kept of the customer."""
    await flow.register()
    await flow.place()
    await flow.settle("order-1")
    await flow.happen("order-1", "order.delivered")
    await flow.settle("order-1")
    await flow.pool.execute("UPDATE cards SET phase = 'over', outcome_at = lockstep_now()")
    prune, rows = statement("projections/prune_cards"), "SELECT count(*) FROM customer_views"
    assert await flow.pool.fetchval(prune, ALL_SLOTS, 30, 100) == 0
    await clock.advance(days=31)

    assert await flow.pool.fetchval(prune, ALL_SLOTS, 30, 100) == 1
    assert await flow.pool.fetchval(rows) == 1
    assert await flow.pool.fetchval(prune, ALL_SLOTS, 30, 100) == 0
    assert await flow.pool.fetchval(rows) == 0
