"""A key that comes into the manifest is sought once in what cards show already, whoever of the workers dies."""

import pytest
from msgspec.structs import replace

from app.devices.pictures import AssetReport, Pictures
from events.postgres.pool import Pool
from events.sealing import Keyring
from projections import customer_card
from projections.picture_seeker import LEASE_SECONDS, PictureSeeker
from projections.registry import Registry
from tests.conftest import Clock
from tests.integration.dispatching import Apns, dispatcher, work
from tests.integration.flow import Flow

ORDERS = 7


@pytest.fixture
async def flow(pool: Pool, keyring: Keyring) -> Flow:
    """Seven orders whose cards were looked at, every second of which names a picture that the app brings along."""
    made = Flow(pool, keyring)
    await made.register()
    for number in range(ORDERS):
        await made.place(f"order-{number}", imageKey="taverna" if number % 2 else "bicycle")
    await made.settle(*(f"order-{number}" for number in range(ORDERS)))
    await work(dispatcher(made, Apns()))
    return made


async def put(flow: Flow, key: str, sha256: str = "aa" * 32) -> None:
    """Put a picture into the manifest."""
    report = AssetReport(url="https://shop/picture", sha256=sha256, size_bytes=9)
    await Pictures(flow.pool, lambda: None).put(key, report)


async def owing(flow: Flow) -> set[str]:
    """Give the orders whose cards are in debt, and look at these."""
    rows = await flow.pool.fetch("SELECT subject_id FROM cards WHERE claim_at <= lockstep_now()")
    await flow.pool.execute("UPDATE cards SET due_at = NULL WHERE claim_at <= lockstep_now()")
    return {row["subject_id"] for row in rows}


async def test_a_new_key_puts_the_cards_in_debt_that_name_it(flow: Flow) -> None:
    """Those alone, each once; another version of it is found by what their plans have noted."""
    await owing(flow)
    seeker = PictureSeeker(flow.pool, flow.keyring, flow.due.extend, subjects=2)
    assert not await seeker.seek_some()
    flow.due.clear()
    await put(flow, "taverna")

    steps = 0
    while await seeker.seek_some():
        steps += 1

    assert (steps, len(flow.due)) == (4, 3)
    assert await owing(flow) == {"order-1", "order-3", "order-5"}
    await put(flow, "taverna", sha256="bb" * 32)
    assert not await seeker.seek_some()


async def test_a_worker_that_dies_leaves_the_search_to_another(flow: Flow, clock: Clock) -> None:
    """After its lease, from the place that it had come to; a key that came meanwhile is sought along with it."""
    await owing(flow)
    first, second = (PictureSeeker(flow.pool, flow.keyring, flow.due.extend, subjects=3) for _ in range(2))
    await put(flow, "taverna")
    await first.seek_some()
    found = await owing(flow)
    await flow.pool.execute("UPDATE assets SET sought_until = lockstep_now() + interval '30 s'")
    await put(flow, "bicycle")
    assert not await second.seek_some()

    await clock.advance(seconds=LEASE_SECONDS + 1)
    steps = 0
    while await second.seek_some():
        steps += 1

    assert steps == 3
    assert found | await owing(flow) == {f"order-{number}" for number in range(ORDERS)}
    assert await flow.pool.fetchval("SELECT count(*) FROM assets WHERE seek_slot IS NOT NULL") == 0


async def test_the_card_of_all_orders_of_a_customer_is_found_too(pool: Pool, keyring: Keyring, cards: Registry) -> None:
    """It is of a view of its own."""
    cards.install([replace(customer_card.CARD, images=("orders.status",))])
    flow = Flow(pool, keyring)
    await flow.register()
    await flow.place("order-1")
    await flow.settle("order-1")
    await owing(flow)
    seeker = PictureSeeker(pool, keyring, flow.due.extend)
    await put(flow, "ready")
    await seeker.seek_some()
    assert await owing(flow) == set()

    await put(flow, "placed")
    await seeker.seek_some()

    assert await owing(flow) == {"customer:customer-7"}
