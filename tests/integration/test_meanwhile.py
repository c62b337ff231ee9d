"""Cards and channels that come while others write what they should know, in transactions that are held open."""

import asyncio
from uuid import uuid4

import pytest
from msgspec.structs import replace

from app.apns.newcomers import marked_channel
from events.postgres.statements import statement
from events.slot import ALL_SLOTS, slot_of
from projections.card import Intent, Kind, Phase, Settlement
from projections.card_modules import install_cards
from projections.channel_store import ChannelStore
from projections.matcher import Matcher
from projections.plan_rules import PlanRules
from projections.registry import Registry
from projections.shadows import Shadows
from projections.view_store import ViewStore
from tests.conftest import Clock
from tests.examples.devices import APP, START_TOKEN, TYPE, UPDATE_TOKEN, reported
from tests.integration.dispatching import POLL_NEVER, Apns, dispatcher, work
from tests.integration.flow import ROUTES, Flow
from tests.integration.holding import before_its_commit, until_waiting
from tests.integration.test_channel_store import PLACE, settlement


async def in_the_end(flow: Flow, clock: Clock, apns: Apns) -> list[str]:
    """Let a second pass and what is due be done; give what the phone was told."""
    await clock.advance(seconds=1.1)
    await work(dispatcher(flow, apns))
    return apns.events()


async def test_a_card_that_is_reported_while_its_order_is_folded_first(flow: Flow, clock: Clock) -> None:
    """The fold does not know of the card, and the card's plan not of the fold: it is looked at again."""
    apns = Apns()
    await flow.happen("order-1", "order.placed", "order.delivered")
    async with before_its_commit(flow.pool, "views", flow.project("order-1")):
        await flow.register()
        await flow.registry.report_card("phone-1", "our-card", reported(update_token=UPDATE_TOKEN))
        await work(dispatcher(flow, apns))
    assert apns.events() == []

    assert await in_the_end(flow, clock, apns) == ["end"]


async def test_a_card_that_is_reported_while_its_order_is_folded_further(flow: Flow, clock: Clock) -> None:
    """What it was told is what was known then, and it does not stay so."""
    apns = Apns()
    await flow.place()
    await flow.project("order-1")
    await flow.happen("order-1", "order.accepted")
    async with before_its_commit(flow.pool, "views", flow.project("order-1")):
        await flow.register()
        await flow.registry.report_card("phone-1", "our-card", reported(update_token=UPDATE_TOKEN))
        await work(dispatcher(flow, apns))
    assert apns.events() == ["update"]

    assert await in_the_end(flow, clock, apns) == ["update", "update"]


async def test_a_card_that_is_wanted_while_its_order_is_folded(flow: Flow, clock: Clock) -> None:
    """It is started with what was known, and then told the rest."""
    apns = Apns()
    await flow.place()
    await flow.settle("order-1")
    await flow.happen("order-1", "order.delivered")
    async with before_its_commit(flow.pool, "views", flow.project("order-1")):
        await flow.register(start_tokens={})
        await flow.match()
        await work(dispatcher(flow, apns))
        assert (await flow.card())["phase"] == "wanted"

    assert await in_the_end(flow, clock, apns) == []
    assert (await flow.card())["outcome"] == "never_shown"


async def test_a_card_that_has_been_there_costs_no_look_although_its_view_is_behind(flow: Flow) -> None:
    """Whoever folds by now knows of it."""
    await flow.register(start_tokens={})
    await flow.place()
    await flow.settle("order-1")
    await flow.pool.execute("UPDATE cards SET lease = 6")
    await flow.happen("order-1", "order.accepted")
    await work(dispatcher(flow, Apns()))

    assert (await flow.card())["due_at"] is None


async def test_a_card_of_several_orders_that_is_wanted_while_they_are_gathered(
    flow: Flow,
    cards: Registry,  # noqa: ARG001 - put back afterwards
) -> None:
    """Its customer's view is put in debt when it can be seen, with whatever cards there are by then."""
    install_cards(["projections.customer_card"])
    await flow.place()
    await flow.settle("order-1")
    await flow.place("order-2")
    await flow.project("order-2")
    apns = Apns()
    async with before_its_commit(flow.pool, "customer_views", flow.match()):
        await flow.register(start_tokens={"OrdersAttributes": START_TOKEN})
        await Matcher(flow.pool, flow.keyring, flow.due.extend).match_devices()
        await work(dispatcher(flow, apns))
    assert apns.events() == ["start"]
    assert await flow.pool.fetchval("SELECT due_at <= lockstep_now() AND debt = 2 FROM cards")


async def test_a_channel_that_is_wanted_while_its_order_is_folded(flow: Flow, clock: Clock) -> None:
    """It is opened with what was known, and looked at again."""
    await flow.place()
    await flow.settle("order-1")
    await flow.happen("order-1", "order.accepted")
    store = ChannelStore(flow.pool)
    async with before_its_commit(flow.pool, "views", flow.project("order-1")):
        await store.want([(PLACE, "latest")])
        [claimed] = await store.claim(ALL_SLOTS, most=10, lease_seconds=60.0, keys=ROUTES)
        async with flow.pool.acquire() as connection:
            views = await ViewStore(flow.keyring).read(connection, ["order-1"])
        await store.settle([settlement(marked_channel(claimed, views["order-1"]).channel)], [])
    await clock.advance(seconds=1.1)

    [again] = await store.claim(ALL_SLOTS, most=10, lease_seconds=60.0, keys=ROUTES)
    assert again.channel.channel == claimed.channel.channel


async def test_a_card_that_is_wanted_while_its_channel_opens(flow: Flow, clock: Clock) -> None:
    """Who opens it tells the cards that wait, as far as it knows them."""
    await flow.place()
    await flow.settle("order-1")
    store = ChannelStore(flow.pool)
    await store.want([(PLACE, "latest")])
    [claimed] = await store.claim(ALL_SLOTS, most=10, lease_seconds=60.0, keys=ROUTES)
    apns, rules = Apns(), replace(POLL_NEVER, plan=PlanRules(carrier="channel"))
    async with before_its_commit(flow.pool, "channels", store.settle([settlement(claimed.channel)], [])):
        await flow.register()
        await flow.match()
        await work(dispatcher(flow, apns, rules))
    assert apns.events() == []
    await clock.advance(seconds=1.1)
    await work(dispatcher(flow, apns, rules))

    assert apns.events() == ["start"]
    assert (await flow.card())["channel"] == claimed.channel.channel


@pytest.mark.parametrize("commits", ["before", "after"])
async def test_a_card_that_is_claimed_while_a_shadow_is_lifted(owing: Flow, commits: str) -> None:
    """Who claimed it under the shadow records its push, and does not know that it may be sent by now."""
    shadows = Shadows(owing.pool)
    await shadows.cast("all", "", reason="a trial")
    if commits == "before":
        [claimed] = await owing.claim()
        await shadows.lift("all", "")
    else:
        async with before_its_commit(owing.pool, "cards", owing.claim()) as held:
            lifting = asyncio.ensure_future(shadows.lift("all", ""))
            await until_waiting(held.connection, lifting, beside=1)
        [claimed] = await held.task
        await lifting
    assert claimed.shadowed
    shadowed = Settlement(card=claimed.card, phase=Phase.WANTED, considered_version=1, outcome="shadow", why="")
    await owing.cards.settle([shadowed], [])

    assert (await owing.card())["due_at"] is not None


async def test_a_card_that_the_app_reports_while_its_start_is_planned(owing: Flow) -> None:
    """The app was faster than we: what was planned without knowing finds no lease, and no second card comes."""
    apns = Apns()
    async with before_its_commit(owing.pool, "cards", owing.claim()) as held:
        reporting = asyncio.ensure_future(
            owing.registry.report_card("phone-1", "our-card", reported(update_token=UPDATE_TOKEN))
        )
        await until_waiting(held.connection, reporting, beside=1)
    [claimed] = await held.task
    await reporting
    start = Intent(Kind.START, 1, 1, 1_790_000_000, uuid4(), claimed.now)

    assert await owing.cards.record_intents([(claimed.card, start)]) == set()
    await work(dispatcher(owing, apns))
    assert apns.events() == ["update"]


async def test_a_card_is_not_added_beside_one_that_is_wanted_by_now(owing: Flow) -> None:
    """It came after the look at those that are there: the next look finds it."""
    row = await owing.pool.fetchrow(
        statement("app/add_reported_card"),
        slot_of("order-1"), "order-1", uuid4(), "phone-1", "customer-7", APP, "sandbox", TYPE, "activity-1", "starting",
        None, None, None,
    )  # fmt: skip

    assert row is not None
    assert (row["card_id"], row["archived"], len(await owing.rows())) == (None, False, 1)
