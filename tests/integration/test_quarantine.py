"""Subjects that are set aside: a fold that fails, and events that are newer than this worker."""

from collections.abc import Sequence

import pytest

import projections.projector as projector_module
from events.envelope import RecordedEvent
from events.postgres.pool import Pool
from events.postgres.statements import statement
from events.slot import ALL_SLOTS, slot_of
from events.vocabulary import vocabulary
from projections.order_view import FOLD_VERSION, OrderView, fold
from tests.integration.flow import Flow, from_a_newer_release


async def behind(flow: Flow) -> set[str]:
    """Give what a sweep finds."""
    rows = await flow.pool.fetch(statement("projections/find_behind"), ALL_SLOTS, FOLD_VERSION, 1_000, vocabulary())
    return {row["subject_id"] for row in rows}


class Poison:
    """A fold that fails for one customer's orders, as a bug would."""

    def __init__(self) -> None:
        self.active = True

    def __call__(self, view: OrderView, events: Sequence[RecordedEvent]) -> OrderView:
        """Fold, or fail with a personal value in the message."""
        after = fold(view, events)
        if self.active and after.customer_id == "poison":
            raise ValueError("Anna Kaya")
        return after


async def test_a_fold_that_fails_quarantines_its_subject_alone(
    flow: Flow, pool: Pool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its neighbours are folded, the sweep leaves it out, it is counted, and its release folds it."""
    poison = Poison()
    monkeypatch.setattr(projector_module, "fold", poison)
    await flow.place("order-1", "poison")
    await flow.happen("order-1", "order.courier_assigned")
    await flow.place("order-2")
    done = await flow.project("order-1", "order-2")

    assert done.won == ["order-2"]
    assert await behind(flow) == set()
    assert dict((await pool.fetchrow(statement("projections/count_trouble"), ALL_SLOTS)) or {}) == {
        "quarantined": 1,
        "held": 0,
    }
    error = await pool.fetchval("SELECT error FROM views WHERE subject_id = 'order-1'")
    assert error is not None
    assert b"Anna" not in error
    assert "Anna" not in capsys.readouterr().out
    assert (await flow.project("order-1")).won == []
    assert (await pool.fetchval(statement("projections/count_trouble"), ALL_SLOTS)) == 1

    poison.active = False
    assert await pool.fetchval(statement("projections/release_view"), slot_of("order-1"), "order-1")
    assert await behind(flow) == {"order-1"}
    assert (await flow.project("order-1")).won == ["order-1"]
    assert await flow.views(["order-1"]) == {"order-1": 2}
    assert not await pool.fetchval(statement("projections/release_view"), slot_of("order-1"), "order-1")


async def test_a_quarantined_subject_keeps_its_last_view(flow: Flow, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was folded before the bug still shows."""
    await flow.place("order-1", "poison")
    await flow.project("order-1")
    monkeypatch.setattr(projector_module, "fold", Poison())
    await flow.happen("order-1", "order.accepted")
    await flow.project("order-1")

    assert await flow.views(["order-1"]) == {"order-1": 1}
    row = await flow.pool.fetchrow("SELECT customer_id, quarantined_at FROM views")
    assert row is not None
    assert row["customer_id"] == "poison"
    assert row["quarantined_at"] is not None


async def test_an_event_that_is_newer_than_this_worker_holds_its_subject(flow: Flow, pool: Pool) -> None:
    """What came before it is folded; the rest waits for a newer worker, is counted, and starves nobody."""
    await flow.happen("order-1", "order.placed", "order.accepted")
    await from_a_newer_release(pool, "order-1", 3)
    await flow.happen("order-2", "order.placed")
    done = await flow.project("order-1", "order-2")

    assert set(done.won) == {"order-1", "order-2"}
    assert await flow.views(["order-1"]) == {"order-1": 2}
    assert await behind(flow) == set()
    assert (await flow.project("order-1")).won == []
    counted = await pool.fetchrow(statement("projections/count_trouble"), ALL_SLOTS)
    assert counted is not None
    assert dict(counted) == {"quarantined": 0, "held": 1}
    newer = await pool.fetch(
        statement("projections/find_behind"), ALL_SLOTS, FOLD_VERSION, 10, [*vocabulary(), "order.teleported 1"]
    )
    assert [row["subject_id"] for row in newer] == ["order-1"]
    refolding = await pool.fetch(
        statement("projections/find_behind"), ALL_SLOTS, FOLD_VERSION + 1, 10, [*vocabulary(), "order.teleported 1"]
    )
    assert refolding == []  # the slots are this version's still


async def test_a_subject_whose_first_event_is_newer_is_held_without_a_view(flow: Flow, pool: Pool) -> None:
    """It has a row that says so, at version 0."""
    await flow.happen("order-1", "order.placed")
    await pool.execute(
        "ALTER TABLE events DISABLE TRIGGER events_are_facts; UPDATE events SET type = 'order.teleported'; "
        "ALTER TABLE events ENABLE TRIGGER events_are_facts"
    )
    done = await flow.project("order-1")

    assert done.won == []
    assert await flow.views(["order-1"]) == {"order-1": 0}
    assert await behind(flow) == set()
