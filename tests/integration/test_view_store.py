"""Views on a real Postgres: sealed, compared and set."""

import msgspec
import pytest

from events.postgres.pool import Pool
from events.sealing import Keyring
from events.slot import slot_of
from projections.order_view import EMPTY, OrderView, fold
from projections.view import fingerprint
from projections.view_store import FOLD_EVENTS, FoldedView, News, ViewStore, Won
from tests.examples.views import on_its_way
from tests.integration.flow import Flow

SLOT = slot_of("order-1")


@pytest.fixture
async def flow(pool: Pool, keyring: Keyring) -> Flow:
    """The stages."""
    return Flow(pool, keyring)


@pytest.fixture
def views(keyring: Keyring) -> ViewStore:
    """The views."""
    return ViewStore(keyring)


def folded(view: OrderView, prev_version: int, data_key: bytes | None = None) -> FoldedView:
    """Give a view to be written."""
    return FoldedView(SLOT, 1, "order-1", prev_version, view.version, view, data_key, None)


async def test_a_view_is_read_as_it_was_folded(flow: Flow, views: ViewStore, pool: Pool, keyring: Keyring) -> None:
    """Personal values included, which stand sealed in the row."""
    await flow.happen("order-1", "order.placed", "order.accepted", "order.courier_assigned")
    await flow.project("order-1")
    async with pool.acquire() as connection:
        stored = (await views.read(connection, ["order-1", "order-2"]))["order-1"]
        [news] = await views.read_new_events(connection, [("order-1", 0)])
    expected = fold(EMPTY, news.events)

    assert (stored.view, stored.version) == (expected, 3)
    assert expected.courier_name == "Anna Kaya"
    assert stored.fingerprint == fingerprint(expected, keyring.hash)
    row = await pool.fetchrow("SELECT state::text, sealed FROM views")
    assert row is not None
    assert "Anna" not in row["state"]
    assert b"Anna" not in row["sealed"]


@pytest.mark.parametrize("prev_version", [0, 2, 3, 9])
async def test_a_view_is_written_from_the_version_it_was_folded_from_alone(
    views: ViewStore, pool: Pool, prev_version: int
) -> None:
    """Any other version in the row means that somebody was faster."""
    async with pool.acquire() as connection:
        assert await views.write(connection, [folded(on_its_way(), 0)]) == {"order-1": Won.NOTHING}
        later = fold(on_its_way(), [])
        won = await views.write(connection, [folded(later, prev_version)])
    assert won == {}
    assert await pool.fetchval("SELECT version FROM views") == 4


async def test_one_of_many_that_loses_does_not_keep_the_others_from_winning(views: ViewStore, pool: Pool) -> None:
    """Each row is compared by itself."""
    other = FoldedView(slot_of("order-2"), 1, "order-2", 0, 4, on_its_way(), None, None)
    async with pool.acquire() as connection:
        await views.write(connection, [folded(on_its_way(), 0)])
        assert await views.write(connection, [folded(on_its_way(), 0), other]) == {"order-2": Won.NOTHING}


async def test_events_are_read_a_page_a_subject_in_the_order_asked_for(
    flow: Flow, views: ViewStore, pool: Pool
) -> None:
    """A long subject does not keep the short ones waiting."""
    await flow.append(*(flow.event("order-1", "order.picked_up") for _ in range(FOLD_EVENTS + 3)))
    await flow.happen("order-2", "order.placed")
    async with pool.acquire() as connection:
        second, none, first = await views.read_new_events(connection, [("order-2", 0), ("order-3", 0), ("order-1", 1)])
    assert [event.version for event in second.events] == [1]
    assert none == News([])
    assert [event.version for event in first.events] == list(range(2, FOLD_EVENTS + 2))


async def test_a_subject_longer_than_a_page_is_folded_to_its_end(flow: Flow) -> None:
    """The projector asks for it again until there is nothing left."""
    await flow.happen("order-1", "order.placed")
    await flow.append(*(flow.event("order-1", "order.picked_up") for _ in range(FOLD_EVENTS)))
    assert (await flow.project("order-1")).again == {"order-1"}
    await flow.project("order-1")

    assert await flow.views(["order-1"]) == {"order-1": FOLD_EVENTS + 1}


async def test_an_erased_subject_has_no_key_and_no_personal_values(flow: Flow, views: ViewStore, pool: Pool) -> None:
    """Also before the erasure was folded: what is sealed cannot be opened any more."""
    await flow.happen("order-1", "order.placed", "order.courier_assigned")
    await flow.project("order-1")
    await flow.store.erase("order-1")
    async with pool.acquire() as connection:
        stored = (await views.read(connection, ["order-1"]))["order-1"]
    assert isinstance(stored.view, OrderView)
    assert (stored.data_key, stored.view.courier_name, stored.version) == (None, None, 2)


async def test_setting_aside_keeps_the_first_time_and_the_newest_error(views: ViewStore, pool: Pool) -> None:
    """A second failure of the same subject says what fails now."""
    async with pool.acquire() as connection:
        await views.set_aside(connection, "order-1", 1, error=b"first", held_for=None)
        before = await connection.fetchrow("SELECT quarantined_at, error, version FROM views")
        await views.set_aside(connection, "order-1", 1, error=b"second", held_for=None)
        after = await connection.fetchrow("SELECT quarantined_at, error, version FROM views")
    assert before is not None
    assert after is not None
    assert (before["quarantined_at"], 0) == (after["quarantined_at"], after["version"])
    assert (before["error"], after["error"]) == (b"first", b"second")


async def test_what_was_set_aside_while_it_was_folded_is_listed_as_such(
    flow: Flow, views: ViewStore, pool: Pool
) -> None:
    """The view is written, and stays in trouble."""
    await flow.projector.adopt()
    async with pool.acquire() as connection:
        await views.set_aside(connection, "order-1", 1, error=b"error", held_for=None)
        await views.write(connection, [folded(on_its_way(), 0)])
        [row] = await connection.fetch("SELECT status, trouble FROM order_list")
    assert tuple(row) == (on_its_way().status, "quarantined")


async def test_a_view_of_another_generation_is_not_listed(flow: Flow, views: ViewStore, pool: Pool) -> None:
    """A slot may have moved on meanwhile; what it moved to is listed."""
    await flow.projector.adopt()
    async with pool.acquire() as connection:
        await views.write(connection, [msgspec.structs.replace(folded(on_its_way(), 0), generation=2)])
        assert await connection.fetchval("SELECT count(*) FROM order_list") == 0
