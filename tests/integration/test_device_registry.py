"""What apps report, on a real Postgres: tokens, cards, and the answer to the launch."""

import asyncio
import uuid
from collections.abc import Sequence
from typing import Any

import asyncpg
import msgspec
import pytest

from app.devices.device import CardAnswer
from app.devices.errors import UnknownDeviceError
from events.slot import slot_of
from projections.card import Phase, Settlement
from tests.examples.devices import UPDATE_TOKEN, at_launch, reported
from tests.integration.courier import Courier
from tests.integration.flow import Flow


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
    card = await flow.wanted()
    for each in reports:
        await flow.registry.report_card("phone-1", str(card["card_id"]), reported(state=each))

    assert (await flow.card())["reported_state"] == state


async def test_a_report_adds_debt_and_rings(flow: Flow) -> None:
    """Also for the same again; a card that is over is not woken."""
    card = await flow.wanted()
    flow.due.clear()
    await flow.registry.report_card("phone-1", str(card["card_id"]), reported())
    row = await flow.card()
    assert (row["debt"], flow.due) == (card["debt"] + 1, [slot_of("order-1")])
    await flow.pool.execute("UPDATE cards SET phase = 'over', due_at = NULL")
    await flow.registry.report_card("phone-1", str(card["card_id"]), reported())
    assert (await flow.card())["due_at"] is None


async def test_a_card_that_the_app_started_is_added_once(flow: Flow) -> None:
    """By the app's own id, however often and however concurrently it is reported."""
    await flow.register()
    await asyncio.gather(*(flow.registry.report_card("phone-1", "activity-1", reported()) for _ in range(8)))
    row = await flow.card()

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
    before = await flow.card()
    await flow.place()
    await flow.settle("order-1")
    after = await flow.card()

    assert after["card_id"] == before["card_id"]
    assert after["debt"] > before["debt"]


@pytest.mark.parametrize("name", ["activity-1", "5E1C7A52-7DBB-4D6C-9F0B-0123456789AB"])
async def test_the_app_that_is_faster_takes_over_the_wanted_card(flow: Flow, name: str) -> None:
    """`app_first`: its own card is the one that we wanted; nothing is started beside it."""
    card = await flow.wanted()
    answer = await flow.registry.report_card("phone-1", name, reported(activity_id=name, update_token=UPDATE_TOKEN))
    row = await flow.card()

    assert answer.card_id == str(card["card_id"]) == str(row["card_id"])
    assert (row["activity_id"], row["reported_state"]) == (name, "active")
    assert shown(answer) == "placed"
    again = await flow.registry.report_card("phone-1", name, reported(activity_id=name))
    assert again.card_id == answer.card_id
    assert len(await flow.rows()) == 1


async def test_a_card_id_of_another_device_is_no_obstacle(flow: Flow) -> None:
    """Each device has a card of its own, and the other's is not touched."""
    card = await flow.wanted()
    await flow.register("phone-2")
    first = await flow.registry.report_card("phone-2", str(card["card_id"]), reported(activity_id=None))
    second = await flow.registry.report_card("phone-2", str(card["card_id"]), reported(activity_id=None))
    rows = await flow.rows()

    assert first.card_id == second.card_id != str(card["card_id"])
    assert (first.end, shown(first)) == (False, "placed")
    assert [(row["device_id"], row["reported_state"]) for row in rows] == [("phone-1", None), ("phone-2", "active")]


async def test_a_report_of_a_device_that_is_not_known_is_refused(flow: Flow) -> None:
    """The app launches first."""
    with pytest.raises(UnknownDeviceError):
        await flow.registry.report_card("phone-9", "activity-1", reported())
    assert not await flow.registry.forget("phone-9")
    assert not await flow.registry.forget_card("phone-9", "activity-1")


async def test_a_newer_card_on_the_phone_replaces_the_older(flow: Flow) -> None:
    """Once the next generation is reported active, and not before."""
    card = await flow.wanted()
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
    card = await flow.wanted()
    await flow.registry.report_card("phone-1", str(card["card_id"]), reported())
    assert await flow.registry.forget_card("phone-1", "activity-1")
    assert (await flow.card())["reported_state"] == "dismissed"
    assert await flow.registry.forget_card("phone-1", str(card["card_id"]))


@pytest.mark.parametrize("name", ["my-card", "5E1C7A52-7DBB-4D6C-9F0B-0123456789AB"])
@pytest.mark.parametrize("is_wanted", [False, True])
async def test_a_card_answers_to_each_id_that_it_was_reported_by(flow: Flow, name: str, *, is_wanted: bool) -> None:
    """The app's own, ActivityKit's and ours mean one card, in whatever order they come."""
    await (flow.wanted() if is_wanted else flow.register())
    told = await flow.registry.report_card("phone-1", name, reported(activity_id="activity-1"))
    for each in (name, "activity-1", told.card_id, name):
        await flow.registry.report_card("phone-1", each, reported(activity_id=None))
    row = await flow.card()
    assert (str(row["card_id"]), row["activity_id"]) == (told.card_id, "activity-1")
    for each in (name, "activity-1", told.card_id):
        assert await flow.registry.forget_card("phone-1", each)


async def test_a_card_id_of_another_device_names_the_own_card_later(flow: Flow) -> None:
    """DELETE by the path of the PUT finds it, and leaves the other's alone."""
    card = await flow.wanted()
    await flow.register("phone-2")
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
    card = await flow.wanted()
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
    await flow.wanted()
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
    await flow.wanted()
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


async def test_a_single_report_of_somebody_elses_order_leaves_nothing(flow: Flow) -> None:
    """The phone is told to end a card that it should not have; no row is made for it."""
    await flow.place("order-1", "customer-8")
    await flow.settle("order-1")
    await flow.register()
    answer = await flow.registry.report_card("phone-1", "whatever", reported(update_token=UPDATE_TOKEN))

    assert (answer.end, answer.content_state) == (True, None)
    assert await flow.rows() == []


async def test_a_card_that_the_phone_has_is_known_before_the_matcher_looks(
    flow: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database may have lost card and phone, in a restore: a card beside the one that is shown would be started."""
    await flow.place()
    await flow.settle("order-1")
    land = flow.registry._let_pushes_land

    async def match_meanwhile(device_ids: Sequence[str], customer_id: str | None) -> None:
        await land(device_ids, customer_id)
        await flow.match()

    monkeypatch.setattr(flow.registry, "_let_pushes_land", match_meanwhile)
    await flow.register(cards=(at_launch(card_id=str(uuid.uuid4()), state="active", update_token=UPDATE_TOKEN),))
    await flow.match()

    assert [(row["phase"], row["generation"]) for row in await flow.rows()] == [("shown", 1)]
