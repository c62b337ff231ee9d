"""What apps report, on a real Postgres: tokens, cards, and the answer to the launch."""

import asyncio
import uuid
from typing import Any

import asyncpg
import msgspec
import pytest

from app.devices.device import CardAnswer
from app.devices.errors import UnknownDeviceError
from events.postgres.pool import Pool
from events.sealing import Keyring
from events.slot import slot_of
from projections.card import Phase, Settlement
from tests.conftest import Clock
from tests.examples.devices import START_TOKEN, TYPE, UPDATE_TOKEN, at_launch, reported
from tests.integration.courier import Courier
from tests.integration.flow import Flow


@pytest.fixture
async def flow(pool: Pool, keyring: Keyring) -> Flow:
    """The stages, with the slots adopted."""
    made = Flow(pool, keyring)
    await made.projector.adopt()
    return made


async def wanted(flow: Flow) -> asyncpg.Record:
    """Give a card that is wanted on a phone."""
    await flow.register()
    await flow.place()
    await flow.settle("order-1")
    return await row_of(flow)


async def row_of(flow: Flow) -> asyncpg.Record:
    """Give the one card."""
    [row] = await flow.rows()
    return row


async def token_row(flow: Flow) -> asyncpg.Record:
    """Give the one start token."""
    row = await flow.pool.fetchrow("SELECT * FROM push_tokens")
    assert row is not None
    return row


def shown(answer: CardAnswer) -> str:
    """Give the status that a card is told to show."""
    assert answer.content_state is not None
    status: str = msgspec.json.decode(answer.content_state)["status"]
    return status


async def test_the_latest_device_takes_a_token(flow: Flow) -> None:
    """A value belongs to one device for each app and environment, and starts anew with it."""
    await flow.register("phone-1", start_tokens={TYPE: START_TOKEN})
    first = await token_row(flow)
    await flow.cards.refuse_tokens([("com.example.shop", "sandbox", first["token_hash"])])
    await flow.register("phone-2", start_tokens={TYPE: START_TOKEN.upper()})
    taken = await token_row(flow)

    assert (taken["device_id"], taken["refused_at"]) == ("phone-2", None)
    assert taken["registered_at"] > first["registered_at"]
    await flow.register("phone-2", environment="production", start_tokens={TYPE: START_TOKEN})
    assert await flow.pool.fetchval("SELECT count(*) FROM push_tokens") == 2


async def test_the_same_value_keeps_its_time_and_what_apns_said(flow: Flow, clock: Clock) -> None:
    """Registering again confirms the device and not the token."""
    await flow.register(start_tokens={TYPE: START_TOKEN})
    before = await token_row(flow)
    await flow.cards.refuse_tokens([("com.example.shop", "sandbox", before["token_hash"])])
    await clock.advance(hours=1)
    await flow.register(start_tokens={TYPE: START_TOKEN})
    after = await token_row(flow)

    assert after["registered_at"] == before["registered_at"]
    assert after["refused_at"] is not None
    confirmed = await flow.pool.fetchrow("SELECT registered_at, confirmed_at FROM devices")
    assert confirmed is not None
    assert confirmed["confirmed_at"] > confirmed["registered_at"]


async def test_a_phone_that_returns_under_another_id_takes_its_cards_away(flow: Flow) -> None:
    """The token says that it is the same phone: the earlier id is signed out and its cards are looked at."""
    card = await wanted(flow)
    await flow.register("phone-2", "customer-8", start_tokens={TYPE: b"phone-1".hex()})
    assert await flow.registry.owner("phone-1") is None
    await flow.match()
    assert (await row_of(flow))["debt"] > card["debt"]


async def test_two_devices_that_take_tokens_from_one_another_are_both_stored(flow: Flow) -> None:
    """Neither waits for the other for ever."""
    left, right = {TYPE: "aa" * 32}, {TYPE: "bb" * 32}
    await flow.register("phone-1", start_tokens=left)
    await flow.register("phone-2", start_tokens=right)
    await asyncio.gather(flow.register("phone-1", start_tokens=right), flow.register("phone-2", start_tokens=left))

    holders = "SELECT count(DISTINCT device_id) FROM push_tokens"
    assert await flow.pool.fetchval(holders) == 2


async def test_an_update_token_keeps_its_time_until_its_value_changes(flow: Flow, clock: Clock) -> None:
    """The 410 rule compares with when the value came, not with when it was last said."""
    card = await wanted(flow)
    times = []
    for token in (UPDATE_TOKEN, UPDATE_TOKEN.upper(), None, "cc" * 32):
        await flow.registry.report_card("phone-1", str(card["card_id"]), reported(update_token=token))
        times.append((await row_of(flow))["token_registered_at"])
        await clock.advance(minutes=1)

    assert times[0] == times[1] == times[2]
    assert times[3] > times[0]


async def test_a_type_that_is_not_reported_any_more_has_no_token(flow: Flow) -> None:
    """The launch report names all of them."""
    await flow.register(start_tokens={TYPE: START_TOKEN, "RideAttributes": "cc" * 32})
    await flow.register(start_tokens={TYPE: START_TOKEN})

    assert await flow.pool.fetchval("SELECT array_agg(attributes_type) FROM start_tokens") == [TYPE]


async def test_no_token_stands_in_plain(flow: Flow) -> None:
    """Sealed, and found by a keyed hash."""
    card = await wanted(flow)
    await flow.register(start_tokens={TYPE: START_TOKEN}, alert_token="dd" * 32)
    await flow.registry.report_card("phone-1", str(card["card_id"]), reported(update_token=UPDATE_TOKEN))
    rows = [
        row["line"]
        for table in ("devices", "push_tokens", "start_tokens", "cards")
        for row in await flow.pool.fetch(f"SELECT t::text AS line FROM {table} AS t")
    ]
    assert [token for token in (START_TOKEN, UPDATE_TOKEN, "dd" * 32) if any(token in row for row in rows)] == []


@pytest.mark.parametrize(
    ("reports", "state"),
    [
        (("starting",), "starting"),
        (("active", "starting"), "active"),
        (("starting", "active"), "active"),
        (("dismissed", "active"), "dismissed"),
        (("ended", "active", "starting"), "ended"),
        (("active", "ended", "dismissed"), "ended"),
    ],
)
async def test_what_ended_on_the_phone_stays_ended(flow: Flow, reports: tuple[Any, ...], state: str) -> None:
    """Reports come in any order."""
    card = await wanted(flow)
    for each in reports:
        await flow.registry.report_card("phone-1", str(card["card_id"]), reported(state=each))

    assert (await row_of(flow))["reported_state"] == state


async def test_a_report_adds_debt_and_rings(flow: Flow) -> None:
    """Also for the same again; a card that is over is not woken."""
    card = await wanted(flow)
    flow.due.clear()
    await flow.registry.report_card("phone-1", str(card["card_id"]), reported())
    row = await row_of(flow)
    assert (row["debt"], flow.due) == (card["debt"] + 1, [slot_of("order-1")])
    await flow.pool.execute("UPDATE cards SET phase = 'over', due_at = NULL")
    await flow.registry.report_card("phone-1", str(card["card_id"]), reported())
    assert (await row_of(flow))["due_at"] is None


async def test_a_card_that_the_app_started_is_added_once(flow: Flow) -> None:
    """By the app's own id, however often and however concurrently it is reported."""
    await flow.register()
    await asyncio.gather(*(flow.registry.report_card("phone-1", "activity-1", reported()) for _ in range(8)))
    row = await row_of(flow)

    assert (row["activity_id"], row["starter"], row["phase"], row["customer_id"]) == (
        "activity-1",
        "app",
        "shown",
        "customer-7",
    )


async def test_a_report_for_an_order_that_is_not_known_is_kept_and_matched(flow: Flow) -> None:
    """When the order comes there is one card, the app's, and it is in debt."""
    await flow.register()
    answer = await flow.registry.report_card("phone-1", "activity-1", reported())
    assert (answer.end, answer.content_state) == (False, None)
    before = await row_of(flow)
    await flow.place()
    await flow.settle("order-1")
    after = await row_of(flow)

    assert after["card_id"] == before["card_id"]
    assert after["debt"] > before["debt"]


@pytest.mark.parametrize("name", ["activity-1", "5E1C7A52-7DBB-4D6C-9F0B-0123456789AB"])
async def test_the_app_that_is_faster_takes_over_the_wanted_card(flow: Flow, name: str) -> None:
    """`app_first`: its own card is the one that we wanted; nothing is started beside it."""
    card = await wanted(flow)
    answer = await flow.registry.report_card("phone-1", name, reported(activity_id=name, update_token=UPDATE_TOKEN))
    row = await row_of(flow)

    assert answer.card_id == str(card["card_id"]) == str(row["card_id"])
    assert (row["activity_id"], row["reported_state"]) == (name, "active")
    assert shown(answer) == "placed"
    again = await flow.registry.report_card("phone-1", name, reported(activity_id=name))
    assert again.card_id == answer.card_id
    assert len(await flow.rows()) == 1


async def test_a_card_id_of_another_device_is_no_obstacle(flow: Flow) -> None:
    """Each device has a card of its own, and the other's is not touched."""
    card = await wanted(flow)
    await flow.register("phone-2", "customer-8")
    first = await flow.registry.report_card("phone-2", str(card["card_id"]), reported(activity_id=None))
    second = await flow.registry.report_card("phone-2", str(card["card_id"]), reported(activity_id=None))
    rows = await flow.rows()

    assert first.card_id == second.card_id != str(card["card_id"])
    assert (first.end, first.content_state) == (True, None)
    assert [(row["device_id"], row["reported_state"]) for row in rows] == [("phone-1", None), ("phone-2", "active")]


async def test_a_report_of_a_device_that_is_not_known_is_refused(flow: Flow) -> None:
    """The app launches first."""
    with pytest.raises(UnknownDeviceError):
        await flow.registry.report_card("phone-9", "activity-1", reported())
    assert not await flow.registry.forget("phone-9")
    assert not await flow.registry.forget_card("phone-9", "activity-1")


async def test_a_newer_card_on_the_phone_replaces_the_older(flow: Flow) -> None:
    """Once the next generation is reported active, and not before."""
    card = await wanted(flow)
    [claimed] = await flow.claim()
    renewal = Settlement(
        card=claimed.card,
        phase=Phase.SHOWN,
        considered_version=1,
        outcome="renewing",
        why="old",
        next_card_id=uuid.uuid4(),
    )
    await flow.cards.settle([renewal], [])
    _, newer = await flow.rows()
    newer_id = str(newer["card_id"])
    await flow.registry.report_card("phone-1", newer_id, reported(activity_id="activity-2", state="starting"))
    assert [row["replaced_at"] for row in await flow.rows()] == [None, None]
    await flow.registry.report_card("phone-1", newer_id, reported(activity_id="activity-2"))
    older, newer = await flow.rows()

    assert older["card_id"] == card["card_id"]
    assert older["replaced_at"] is not None
    assert newer["replaced_at"] is None
    answer = await flow.register(
        cards=(at_launch(card_id=str(card["card_id"])), at_launch(card_id=newer_id, activity_id="activity-2"))
    )
    assert [each.end for each in answer.cards] == [True, False]


async def test_a_dismissed_card_is_noted_by_either_id(flow: Flow) -> None:
    """The phone has it no more."""
    card = await wanted(flow)
    await flow.registry.report_card("phone-1", str(card["card_id"]), reported())
    assert await flow.registry.forget_card("phone-1", "activity-1")
    assert (await row_of(flow))["reported_state"] == "dismissed"
    assert await flow.registry.forget_card("phone-1", str(card["card_id"]))


@pytest.mark.parametrize("name", ["my-card", "5E1C7A52-7DBB-4D6C-9F0B-0123456789AB"])
@pytest.mark.parametrize("is_wanted", [False, True])
async def test_a_card_answers_to_each_id_that_it_was_reported_by(flow: Flow, name: str, *, is_wanted: bool) -> None:
    """The app's own, ActivityKit's and ours mean one card, in whatever order they come."""
    await (wanted(flow) if is_wanted else flow.register())
    told = await flow.registry.report_card("phone-1", name, reported(activity_id="activity-1"))
    for each in (name, "activity-1", told.card_id, name):
        await flow.registry.report_card("phone-1", each, reported(activity_id=None))
    row = await row_of(flow)
    assert (str(row["card_id"]), row["activity_id"]) == (told.card_id, "activity-1")
    for each in (name, "activity-1", told.card_id):
        assert await flow.registry.forget_card("phone-1", each)


async def test_a_card_id_of_another_device_names_the_own_card_later(flow: Flow) -> None:
    """DELETE by the path of the PUT finds it, and leaves the other's alone."""
    card = await wanted(flow)
    await flow.register("phone-2", "customer-8")
    await flow.registry.report_card("phone-2", str(card["card_id"]), reported())
    assert await flow.registry.forget_card("phone-2", str(card["card_id"]))
    assert [row["reported_state"] for row in await flow.rows()] == [None, "dismissed"]


async def test_the_launch_answer_tells_what_each_card_shows(flow: Flow) -> None:
    """Content for what is open, an end for what is over or gone; what the server starts by itself is not missing."""
    await flow.register()
    for subject in ("order-1", "order-2", "order-3", "order-4"):
        await flow.place(subject)
    await flow.happen("order-2", "order.delivered")
    await flow.settle("order-1", "order-2", "order-3", "order-4")
    ids = {row["subject_id"]: str(row["card_id"]) for row in await flow.rows()}
    await flow.registry.report_card("phone-1", ids["order-3"], reported("order-3", state="dismissed"))
    answer = await flow.register(
        cards=(
            at_launch("order-1", card_id=ids["order-1"]),
            at_launch("order-2", activity_id="activity-2"),
            at_launch("order-3", card_id=ids["order-3"]),
            at_launch("order-9", activity_id="activity-9"),
        )
    )
    told = {each.subject: each for each in answer.cards}

    assert {subject: each.end for subject, each in told.items()} == {
        "order-1": False,
        "order-2": True,
        "order-3": True,
        "order-9": False,
    }
    assert shown(told["order-1"]) == "placed"
    assert told["order-9"].content_state is None
    assert answer.missing == []


async def test_nobody_is_told_of_the_order_of_another(flow: Flow) -> None:
    """Invariant 9: not by launch, not by report, whoever signs in on the phone; the card is to end."""
    card = await wanted(flow)
    mine = at_launch(card_id=str(card["card_id"]))
    for customer_id in ("customer-8", None):
        answer = await flow.register(customer_id=customer_id, cards=(mine,))
        assert [(each.end, each.content_state) for each in answer.cards] == [(True, None)]
        assert answer.missing == []
        told = await flow.registry.report_card("phone-1", str(card["card_id"]), reported())
        assert (told.end, told.content_state) == (True, None)
    await flow.register("phone-2", "customer-8")
    foreign = await flow.registry.report_card("phone-2", "activity-5", reported(activity_id="activity-5"))
    assert (foreign.end, foreign.content_state) == (True, None)


async def test_a_signed_out_device_belongs_to_nobody_and_has_no_tokens(flow: Flow) -> None:
    """Until its app launches again."""
    await wanted(flow)
    assert await flow.registry.owner("phone-1") == "customer-7"
    assert await flow.registry.forget("phone-1")
    assert await flow.registry.owner("phone-1") is None
    assert await flow.pool.fetchval("SELECT count(*) FROM push_tokens") == 0
    assert await flow.pool.fetchval("SELECT count(*) FROM start_tokens") == 0
    await flow.register()
    assert await flow.registry.owner("phone-1") == "customer-7"


@pytest.mark.parametrize("renewed", [False, True])
async def test_a_customer_who_comes_back_gets_a_new_generation(flow: Flow, *, renewed: bool) -> None:
    """After a recall, also where an earlier generation had ended by itself."""
    await wanted(flow)
    if renewed:
        [claimed] = await flow.claim()
        done = Settlement(
            card=claimed.card,
            phase=Phase.OVER,
            considered_version=1,
            outcome="expired",
            why="old",
            next_card_id=uuid.uuid4(),
        )
        await flow.cards.settle([done], [])
    await flow.registry.forget("phone-1")
    await flow.match()
    await Courier(flow, {}).dispatch()
    await flow.register()
    await flow.match()
    open_cards = [row["generation"] for row in await flow.rows() if row["phase"] != "over"]

    assert open_cards == [3 if renewed else 2]
