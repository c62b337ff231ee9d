"""Verify folds the log again, and names every view that is not what it should be."""

import pytest

from events.postgres.pool import Pool
from events.sealing import Keyring
from events.slot import slot_of
from events.store import EventStore
from projections import found as found_module
from projections import log_scan
from projections.comparison import Difference, OtherFold, Verified
from projections.found import Found
from projections.projector import Projector
from projections.verifier import verify
from tests.conftest import Clock
from tests.examples.log import fact, group, note
from tests.integration.command_line import lockstep

ORDERS = [f"order-{number}" for number in range(1, 41)]


async def fold(pool: Pool, keyring: Keyring, *subject_ids: str) -> None:
    """Bring views up to date."""
    projector = Projector(pool, keyring, lambda _slots, _matching: None)
    await projector.adopt()
    await projector.project(subject_ids)


@pytest.fixture
async def played(pool: Pool, keyring: Keyring, store: EventStore) -> None:
    """Forty orders of three events each, personal values among them, all folded."""
    await store.append(
        [
            group(
                fact("e1", subject_id=each, type_="order.placed"),
                fact("e2", subject_id=each, type_="order.courier_assigned"),
                note("Ring twice", "e3", subject_id=each),
            )
            for each in ORDERS
        ]
    )
    await fold(pool, keyring, *ORDERS)


async def tamper(pool: Pool, change: str) -> None:
    """Change the view of order-7."""
    await pool.execute(f"UPDATE views SET {change} WHERE subject_id = 'order-7'")


@pytest.mark.usefixtures("played")
async def test_views_that_were_folded_are_the_same(pool: Pool, keyring: Keyring) -> None:
    """What the projector wrote is what a fold from nothing gives."""
    seen: list[Verified] = []
    found = await verify(pool, keyring, on_slot=seen.append)

    assert (found.same, found.orders, found.events) == (True, 40, 120)
    assert (found.behind, found.quarantined, found.archived) == (Found(), Found(), 0)
    assert (sum(each.slots for each in seen), found.slots, sum(each.events for each in seen)) == (256, 256, 120)


@pytest.mark.usefixtures("played")
async def test_pages_do_not_change_the_answer(pool: Pool, keyring: Keyring, monkeypatch: pytest.MonkeyPatch) -> None:
    """A subject that spans pages, and a slot of several pages, are folded whole."""
    monkeypatch.setattr(log_scan, "PAGE_EVENTS", 2)
    monkeypatch.setattr(log_scan, "PAGE_SUBJECTS", 1)

    found = await verify(pool, keyring)

    assert (found.same, found.orders, found.events) == (True, 40, 120)


@pytest.mark.usefixtures("played")
@pytest.mark.parametrize(
    ("change", "paths"),
    [
        ("state = convert_from(replace(state::text, 'Taverna', 'Tavern')::bytea, 'UTF8')::json", ("/merchantName",)),
        ("sealed = NULL", ("/courierName", "/note")),
        ("sealed = '\\x00'", ("/",)),
        ("fingerprint = '\\x00'", ("/fingerprint",)),
        ("customer_id = 'somebody else'", ("/customerId",)),
        ("version = 9", ("/events",)),
    ],
)
async def test_a_view_that_was_changed_is_named_with_its_fields(
    pool: Pool, keyring: Keyring, change: str, paths: tuple[str, ...]
) -> None:
    """Whichever part of the row was touched, the subject and what differs are told."""
    await tamper(pool, change)

    [difference] = (await verify(pool, keyring)).different.first

    assert (difference.subject_id, difference.paths) == ("order-7", paths)


@pytest.mark.usefixtures("played")
async def test_a_view_that_is_behind_is_compared_at_its_own_version(
    pool: Pool, keyring: Keyring, store: EventStore
) -> None:
    """Events that no projector has seen are no difference."""
    await store.append([group(fact("e4", subject_id="order-7")), group(fact("e1", subject_id="new-order"))])

    found = await verify(pool, keyring)

    assert (found.same, found.events) == (True, 120)
    assert (found.behind.count, set(found.behind.first)) == (2, {"new-order", "order-7"})


@pytest.mark.usefixtures("played")
async def test_an_erased_order_is_the_same_before_and_after_its_fold(
    pool: Pool, keyring: Keyring, store: EventStore
) -> None:
    """Personal values that can no longer be opened make no difference."""
    await store.erase("order-7")
    before = await verify(pool, keyring)
    await fold(pool, keyring, "order-7")
    after = await verify(pool, keyring)

    assert (before.different, before.behind) == (Found(), Found(1, ("order-7",)))
    assert (after.different, after.behind) == (Found(), Found())


@pytest.mark.usefixtures("played")
async def test_a_quarantined_order_is_counted_apart(pool: Pool, keyring: Keyring) -> None:
    """What was set aside is neither the same nor different."""
    await tamper(pool, "quarantined_at = now(), fingerprint = '\\x00'")

    found = await verify(pool, keyring)

    assert (found.same, found.quarantined, found.events) == (True, Found(1, ("order-7",)), 117)


@pytest.mark.usefixtures("played")
async def test_one_order_is_verified_alone(pool: Pool, keyring: Keyring) -> None:
    """Another order's difference is not this one's."""
    await tamper(pool, "fingerprint = '\\x00'")

    assert (await verify(pool, keyring, subject_id="order-8")).same
    assert (await verify(pool, keyring, subject_id="order-7")).different == Found(
        1, (Difference("order-7", 3, ("/fingerprint",)),)
    )
    assert (await verify(pool, keyring, subject_id="order")).orders == 0


@pytest.mark.usefixtures("played")
async def test_a_view_of_another_fold_is_no_difference(pool: Pool, keyring: Keyring) -> None:
    """Its slot says who folded it; how many views would change is told, by the version that made them."""
    await tamper(pool, "fingerprint = '\\x00'")
    await pool.execute("UPDATE slots SET fold_version = 99 WHERE slot = $1", slot_of("order-7"))
    in_that_slot = [each for each in ORDERS if slot_of(each) == slot_of("order-7")]

    found = await verify(pool, keyring)

    assert (found.same, found.orders) == (True, 40)
    assert found.other_folds == (OtherFold(99, len(in_that_slot), 1),)


@pytest.mark.usefixtures("played")
async def test_only_what_was_recorded_by_then_is_compared(
    pool: Pool, keyring: Keyring, store: EventStore, clock: Clock
) -> None:
    """A view that has a later event in it is counted, and its difference is not one of the time asked for."""
    then = await clock.now()
    await clock.advance(hours=1)
    await store.append([group(fact("e4", subject_id="order-7"))])
    await fold(pool, keyring, "order-7")
    await tamper(pool, "fingerprint = '\\x00'")

    by_then = await verify(pool, keyring, until=then)
    by_now = await verify(pool, keyring, until=await clock.now())

    assert (by_then.same, by_then.later, by_then.events) == (True, 1, 120)
    assert (by_now.different.count, by_now.later, by_now.events) == (1, 0, 121)


@pytest.mark.usefixtures("played")
async def test_verify_names_some_and_counts_all(pool: Pool, keyring: Keyring, monkeypatch: pytest.MonkeyPatch) -> None:
    """A report does not grow with the number of orders that differ."""
    monkeypatch.setattr(found_module, "NAMED", 3)
    await pool.execute("UPDATE views SET fingerprint = '\\x00'")

    found = await verify(pool, keyring)

    assert (found.different.count, len(found.different.first)) == (40, 3)


@pytest.mark.usefixtures("played")
async def test_the_command_says_same_or_different(dsn: str, pool: Pool) -> None:
    """Exit code 0 and 1, and the subject by name; 2 when it could not run."""
    same = await lockstep("replay", "verify", "--full-speed", "--json", dsn=dsn)
    await tamper(pool, "status = 'lost'")
    different = await lockstep("replay", "verify", "--full-speed", dsn=dsn)
    in_json = await lockstep("replay", "verify", "--full-speed", "--json", dsn=dsn)
    unknown = await lockstep("replay", "verify", "--order", "nobody", dsn=dsn)
    await pool.execute("UPDATE slots SET fold_version = 99")
    failed = await lockstep("replay", "verify", "--full-speed", dsn=dsn)

    assert (same.code, same.json["same"], same.json["events"]) == (0, True, 120)
    assert different.code == 1
    assert "order-7 at version 3 differs in /status" in different.out
    assert in_json.json["different"] == {
        "count": 1,
        "first": [{"subjectId": "order-7", "version": 3, "paths": ["/status"]}],
    }
    assert (unknown.code, failed.code) == (1, 2)
