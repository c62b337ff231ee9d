"""What is old goes, and nothing that is still wanted."""

from app.housekeeping import Housekeeper, KeepRules, make_receipt_days
from events.postgres.pool import Pool
from events.slot import ALL_SLOTS
from tests.conftest import Clock
from tests.integration.dispatching import Apns, dispatcher, live, work
from tests.integration.flow import Flow

KEEP = KeepRules(receipts=7, cards=14, devices=30)


async def counts(pool: Pool) -> tuple[int, int, int]:
    """Count receipts, cards and phones."""
    row = await pool.fetchrow(
        "SELECT (SELECT count(*) FROM receipts) AS receipts, (SELECT count(*) FROM cards) AS cards, "
        "(SELECT count(*) FROM devices) AS devices"
    )
    assert row is not None
    return row["receipts"], row["cards"], row["devices"]


async def prune(keeper: Housekeeper) -> None:
    """Let go whatever is old enough."""
    await keeper.prune()
    await keeper.prune_cards(ALL_SLOTS)


async def test_receipts_cards_and_phones_go_in_their_time(owing: Flow, pool: Pool, clock: Clock) -> None:
    """Receipts by the day, cards once they and their order are over, phones with their tokens; the log stays."""
    keeper = Housekeeper(pool, owing.due.extend, keep=KEEP)
    await make_receipt_days(pool)
    await live(owing, clock)
    await owing.happen("order-1", "order.delivered")
    await owing.project("order-1")
    await work(dispatcher(owing, Apns()))
    assert (await owing.card())["phase"] == "over"
    assert await counts(pool) == (2, 1, 1)
    await clock.advance(days=6)
    await prune(keeper)
    assert await counts(pool) == (2, 1, 1)
    await clock.advance(days=2)
    await prune(keeper)
    assert await counts(pool) == (0, 1, 1)
    await clock.advance(days=7)
    await prune(keeper)
    assert await counts(pool) == (0, 0, 1)
    await clock.advance(days=16)
    await prune(keeper)
    assert await counts(pool) == (0, 0, 1)
    assert await pool.fetchval("SELECT count(*) FROM push_tokens") == 0
    await owing.match()
    await clock.advance(days=1.1)
    await prune(keeper)

    assert await counts(pool) == (0, 0, 0)
    assert await pool.fetchval("SELECT count(*) FROM events") == 2


async def test_a_card_of_an_open_order_is_kept(owing: Flow, pool: Pool, clock: Clock) -> None:
    """It says that the customer swiped it away; without it the order would get another."""
    card_id = await live(owing, clock)
    await owing.registry.forget_card("phone-1", card_id)
    await work(dispatcher(owing, Apns()))
    assert (await owing.card())["phase"] == "over"
    await clock.advance(days=100)
    await prune(Housekeeper(pool, owing.due.extend, keep=KEEP))

    assert (await owing.card())["outcome"] == "gone"


async def test_receipts_of_the_default_partition_go_too(owing: Flow, pool: Pool, clock: Clock) -> None:
    """Where nobody made the day's partition in time."""
    await clock.advance(days=400)
    await work(dispatcher(owing, Apns()))
    assert await pool.fetchval("SELECT count(*) FROM receipts_other") == 1
    await clock.advance(days=9)
    await prune(Housekeeper(pool, owing.due.extend, keep=KEEP))

    assert await pool.fetchval("SELECT count(*) FROM receipts_other") == 0
