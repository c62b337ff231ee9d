"""Cards that would stay in their phase for ever: brought to an end with a reason, and counted."""

from typing import Any

import pytest

from app.housekeeping import Housekeeper, KeepRules
from events.postgres.statements import statement
from events.slot import ALL_SLOTS
from projections.shadows import Shadows
from tests.conftest import Clock
from tests.examples.devices import UPDATE_TOKEN, reported
from tests.integration.dispatching import Apns, dispatcher, live, work
from tests.integration.flow import Flow


def keeper(flow: Flow) -> Housekeeper:
    """Give a housekeeper that keeps phones for a month."""
    return Housekeeper(flow.pool, flow.due.extend, keep=KeepRules(devices=30))


async def ended(flow: Flow) -> tuple[str, str, str]:
    """Read how the one card ended."""
    row = await flow.card()
    return row["phase"], row["outcome"], row["why"]


EXPIRED = ("over", "expired", "The phone ends every card after eight hours.")


async def test_a_card_that_the_app_reported_for_an_order_that_never_came_ends(flow: Flow, clock: Clock) -> None:
    """Nobody says anything of the order any more; eight hours later the phone has ended the card."""
    await flow.register()
    await flow.registry.report_card("phone-1", "card-of-the-app", reported("order-9", update_token=UPDATE_TOKEN))
    await work(dispatcher(flow, Apns()))
    assert (await flow.card())["phase"] == "shown"
    await clock.advance(hours=8.1)
    await work(dispatcher(flow, Apns()))

    assert await ended(flow) == EXPIRED


async def test_a_card_in_shadow_ends_with_its_life(owing: Flow, clock: Clock) -> None:
    """What was recorded in the place of a push is not waited for."""
    await live(owing, clock)
    await Shadows(owing.pool).cast("all", "*", reason="a test")
    await owing.happen("order-1", "order.accepted")
    await owing.project("order-1")
    await work(dispatcher(owing, Apns()))
    assert (await owing.card())["outcome"] == "shadow"
    await clock.advance(hours=9)
    await work(dispatcher(owing, Apns()))

    assert await ended(owing) == EXPIRED


@pytest.mark.parametrize("phase", ["starting", "shown", "ending"])
async def test_a_card_on_a_phone_that_nobody_will_look_at_is_found(owing: Flow, clock: Clock, phase: str) -> None:
    """However it came to that: the sweep counts it, and its plan says what is the matter."""
    await live(owing, clock)
    await work(dispatcher(owing, Apns()))
    await owing.pool.execute(
        "UPDATE cards SET phase = $1, due_at = NULL, token_hash = NULL, reported_state = NULL", phase
    )
    await clock.advance(hours=9)
    await work(dispatcher(owing, Apns()))
    assert (await owing.card())["phase"] == phase

    assert await keeper(owing).wake_forgotten(ALL_SLOTS) == 1
    for _ in range(2):
        await clock.advance(hours=9)
        await work(dispatcher(owing, Apns()))
    assert await ended(owing) == EXPIRED
    assert await keeper(owing).wake_forgotten(ALL_SLOTS) == 0


async def test_a_card_that_is_well_is_not_disturbed(owing: Flow, clock: Clock) -> None:
    """Neither on its phone, nor while it waits for one."""
    await live(owing, clock)
    await work(dispatcher(owing, Apns()))
    await owing.register("phone-2", activities_enabled=False)
    await owing.match()
    await work(dispatcher(owing, Apns()))

    assert sorted(row["phase"] for row in await owing.rows()) == ["shown", "wanted"]
    assert await keeper(owing).wake_forgotten(ALL_SLOTS) == 0
    assert await keeper(owing).wake_orphans(ALL_SLOTS) == 0


async def test_the_card_of_a_phone_that_is_silent_for_long_ends_before_the_phone_goes(flow: Flow, clock: Clock) -> None:
    """A card that waited to be started on it would wait for ever."""
    await flow.register(activities_enabled=False)
    await flow.place()
    await flow.settle("order-1")
    await work(dispatcher(flow, Apns()))
    await clock.advance(days=31)
    await keeper(flow).prune()
    await flow.match()
    await work(dispatcher(flow, Apns()))
    assert await ended(flow) == ("over", "recalled", "The phone has signed out.")
    await flow.match()
    await clock.advance(days=1.1)

    assert (await keeper(flow).prune())[1] == 1
    assert await flow.pool.fetchval("SELECT count(*) FROM devices") == 0


async def test_a_phone_that_launches_after_all_keeps_its_row(flow: Flow, clock: Clock) -> None:
    """It was signed out for its silence, and is as welcome as any."""
    await flow.register()
    await clock.advance(days=31)
    await keeper(flow).prune()
    await flow.register()
    await flow.match()
    await clock.advance(days=2)

    assert (await keeper(flow).prune())[1] == 0
    assert await flow.registry.owner("phone-1") == "customer-7"


async def test_a_card_whose_phone_has_no_row_any_more_is_found(flow: Flow) -> None:
    """As a restore of one table may leave it."""
    await flow.register(activities_enabled=False)
    await flow.place()
    await flow.settle("order-1")
    await work(dispatcher(flow, Apns()))
    await flow.pool.execute("DELETE FROM devices")
    await work(dispatcher(flow, Apns()))
    assert (await flow.card())["phase"] == "wanted"

    assert await keeper(flow).wake_orphans(ALL_SLOTS) == 1
    await work(dispatcher(flow, Apns()))
    assert await ended(flow) == ("over", "recalled", "The phone has signed out.")
    assert await keeper(flow).wake_orphans(ALL_SLOTS) == 0


async def test_a_sweep_that_meets_a_deadlock_tries_again(owing: Flow) -> None:
    """Postgres ends one of two that wait for one another; what was forgotten is found all the same."""
    await work(dispatcher(owing, Apns()))
    await owing.pool.execute("UPDATE cards SET phase = 'shown', due_at = NULL")

    class Deadlocked:
        """The pool, whose first look for forgotten cards ends in a deadlock."""

        failures = 1

        async def fetch(self, query: str, *values: Any) -> Any:
            """Run a statement."""
            if query == statement("projections/wake_forgotten_cards") and self.failures:
                self.failures -= 1
                await owing.pool.execute(
                    "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'deadlock_detected', MESSAGE = 'a test'; END $$"
                )
            return await owing.pool.fetch(query, *values)

    sweep = Housekeeper(Deadlocked(), owing.due.extend)  # type: ignore[arg-type] # the same

    assert await sweep.wake_forgotten(ALL_SLOTS) == 1
