"""Rows that cannot be opened: each costs its own subject, phone or card, and nobody else's."""

import pytest

from events.postgres.pool import Pool
from projections.order_view import EMPTY, fold
from projections.verifier import verify
from projections.view_store import ViewStore
from tests.examples.devices import UPDATE_TOKEN, at_launch, reported
from tests.integration.dispatching import Apns, dispatcher, work
from tests.integration.flow import Flow

PERSONAL = ("order.placed", "order.courier_assigned")


async def damage_events(pool: Pool, subject_id: str) -> None:
    """Flip what is sealed in the log of a subject, as a bad disk would."""
    await pool.execute(
        "ALTER TABLE events DISABLE TRIGGER events_are_facts; "
        f"UPDATE events SET sealed = sealed || '\\x00' WHERE subject_id = '{subject_id}'; "
        "ALTER TABLE events ENABLE TRIGGER events_are_facts"
    )


async def test_an_event_that_cannot_be_opened_quarantines_its_order_alone(flow: Flow, pool: Pool) -> None:
    """The neighbours of its batch are folded, and its release finds it once the row is mended."""
    for subject_id in ("order-1", "order-2"):
        await flow.happen(subject_id, *PERSONAL)
    await damage_events(pool, "order-1")
    done = await flow.project("order-1", "order-2")

    assert done.won == ["order-2"]
    assert await flow.views(["order-1", "order-2"]) == {"order-1": 0, "order-2": 2}
    assert await pool.fetchval("SELECT quarantined_at IS NOT NULL FROM views WHERE subject_id = 'order-1'")


async def test_a_data_key_that_cannot_be_opened_quarantines_its_order_alone(flow: Flow, pool: Pool) -> None:
    """Nothing of it can be read any more; the others never notice."""
    for subject_id in ("order-1", "order-2"):
        await flow.happen(subject_id, *PERSONAL)
    await pool.execute("UPDATE subject_keys SET wrapped = wrapped || '\\x00' WHERE subject_id = 'order-1'")

    assert (await flow.project("order-1", "order-2")).won == ["order-2"]


@pytest.mark.parametrize("column", ["sealed = sealed || '\\x00'", 'state = \'{"version": "three"}\''])
async def test_a_view_that_cannot_be_read_is_folded_anew_from_the_log(flow: Flow, pool: Pool, column: str) -> None:
    """The log is the truth: the next event mends the view, whole."""
    for subject_id in ("order-1", "order-2"):
        await flow.happen(subject_id, *PERSONAL)
    await flow.project("order-1", "order-2")
    await pool.execute(f"UPDATE views SET {column} WHERE subject_id = 'order-1'")
    for subject_id in ("order-1", "order-2"):
        await flow.happen(subject_id, "order.picked_up")
    done = await flow.project("order-1", "order-2")
    events = [event async for event in flow.store.read_subject("order-1")]
    async with pool.acquire() as connection:
        stored = (await ViewStore(flow.keyring).read(connection, ["order-1"]))["order-1"]

    assert set(done.won) == {"order-1", "order-2"}
    assert stored.view == fold(EMPTY, events)


async def two_cards(flow: Flow) -> None:
    """Put two phones' cards in debt."""
    for number in (1, 2):
        await flow.register(f"phone-{number}", f"customer-{number}")
        await flow.place(f"order-{number}", f"customer-{number}")
        await flow.happen(f"order-{number}", "order.courier_assigned")
    await flow.settle("order-1", "order-2")


async def outcomes(flow: Flow) -> list[str]:
    """Give how the last plan of each card ended."""
    return [row["outcome"] for row in await flow.rows()]


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE views SET sealed = sealed || '\\x00' WHERE subject_id = 'order-1'",
        "UPDATE push_tokens SET token_sealed = token_sealed || '\\x00' WHERE device_id = 'phone-1'",
    ],
    ids=["its view", "its start token"],
)
async def test_a_card_with_a_damaged_row_fails_alone(flow: Flow, pool: Pool, damage: str) -> None:
    """It says that it failed; the card beside it in the same batch is sent."""
    await two_cards(flow)
    await pool.execute(damage)
    apns = Apns()
    await work(dispatcher(flow, apns))

    assert await outcomes(flow) == ["failed", "accepted"]
    assert apns.events() == ["start"]


async def test_an_update_token_that_cannot_be_opened_fails_its_card_alone(flow: Flow, pool: Pool) -> None:
    """The claim itself survives it."""
    await two_cards(flow)
    await work(dispatcher(flow, Apns()))
    for row in await flow.rows():
        report = reported(row["subject_id"], activity_id=row["subject_id"], update_token=UPDATE_TOKEN)
        await flow.registry.report_card(row["device_id"], str(row["card_id"]), report)
        await flow.happen(row["subject_id"], "order.picked_up")
    await flow.project("order-1", "order-2")
    await pool.execute("UPDATE cards SET token_sealed = token_sealed || '\\x00' WHERE subject_id = 'order-1'")
    await pool.execute("UPDATE cards SET timestamp_used = 0, timestamp_reserved = 0")
    apns = Apns()
    await work(dispatcher(flow, apns))

    assert await outcomes(flow) == ["failed", "accepted"]
    assert apns.events() == ["update"]


async def test_a_phone_launches_although_one_of_its_orders_cannot_be_read(flow: Flow, pool: Pool) -> None:
    """It is told of the others, and nothing of that one."""
    await flow.register()
    for subject_id in ("order-1", "order-2"):
        await flow.place(subject_id)
        await flow.happen(subject_id, "order.courier_assigned")
    await flow.settle("order-1", "order-2")
    await pool.execute("UPDATE views SET sealed = sealed || '\\x00' WHERE subject_id = 'order-1'")
    answer = await flow.register(
        cards=(at_launch("order-1", activity_id="activity-1"), at_launch("order-2", activity_id="activity-2"))
    )

    assert [(each.end, each.content_state is None) for each in answer.cards] == [(False, True), (False, False)]


@pytest.mark.parametrize("table", ["events", "subject_keys"])
async def test_a_verification_goes_on_past_what_cannot_be_opened(flow: Flow, pool: Pool, table: str) -> None:
    """It is one difference among those that are told."""
    for subject_id in ("order-1", "order-2"):
        await flow.happen(subject_id, *PERSONAL)
    await flow.project("order-1", "order-2")
    if table == "events":
        await damage_events(pool, "order-1")
    else:
        await pool.execute("UPDATE subject_keys SET wrapped = wrapped || '\\x00' WHERE subject_id = 'order-1'")
    verified = await verify(pool, flow.keyring)

    assert (verified.orders, verified.same) == (2, False)
    assert [(each.subject_id, each.paths) for each in verified.different.first] == [
        ("order-1", ("/ (the fold fails: SecretKeyError)",))
    ]
