"""Finished orders leave for files, and come back as they were."""

import gzip
from pathlib import Path

import pytest

from events.errors import ArchiveError
from events.feed_writer import FeedWriter
from projections import archiver
from projections.archive_check import check
from projections.comparison import Difference, Verified
from projections.found import Found
from projections.order_view import FOLD_VERSION
from tests.conftest import Clock
from tests.integration.archiving import Archiving
from tests.integration.feeding import Copy, number
from tests.integration.flow import Flow
from tests.integration.rebuilding import Rebuilding

ORDERS = [f"order-{number}" for number in range(1, 13)]
CANARY = "Please ring twice for Eleni Papadaki"
GUEST = b'{"guest":"Despina Xenou"}'


async def check_file(archiving: Archiving, name: str) -> Verified:
    """Compare what is in a file with what it folds to."""
    total = Verified()
    async for each in check(archiving.flow.pool, archiving.flow.keyring, archiving.folder / name):
        total += each.found
    return total


async def test_finished_orders_leave_and_come_back_as_they_were(archiving: Archiving, flow: Flow) -> None:
    """Every column, and a view with the same fingerprint; a second time nothing happens."""
    await flow.append(flow.event(ORDERS[0], "order.ready", {}, extensions=GUEST))
    await archiving.finish(*ORDERS)
    before = await archiving.stored()
    done = await archiving.run()
    left = await archiving.rows()
    again = await archiving.run()
    [name] = done.files
    back = await archiving.put_back(name)
    after = await archiving.stored()
    once_more = await archiving.put_back(name)

    assert (done.orders, done.events, done.stayed, done.different) == (12, 49, 0, Found())
    assert left == {"events": 0, "views": 0, "cards": 0, "receipts": 0, "feed": 0}
    assert (again.orders, again.files, archiving.names()) == (0, (), [name])
    assert (back.orders, back.events, back.known, back.refused) == (12, 49, 0, Found())
    assert after == before
    assert (once_more.orders, once_more.known, once_more.refused) == (0, 12, Found())
    assert (await archiving.verify()).same


async def test_what_is_not_finished_stays(archiving: Archiving, flow: Flow) -> None:
    """Open, unfolded, too young, set aside, looked for by the matcher, spread, unsettled; shown, owing, leased."""
    await archiving.finish(*ORDERS)
    await flow.happen("open", "order.placed")
    await archiving.settle("open")
    late = await archiving.clock.now()
    await archiving.finish("young")
    await flow.happen(ORDERS[0], "order.note")
    for order, change in {
        ORDERS[1]: "UPDATE views SET quarantined_at = now() WHERE subject_id = $1",
        ORDERS[2]: "UPDATE views SET match_due_at = now() + interval '1 day' WHERE subject_id = $1",
        ORDERS[3]: "INSERT INTO fan_outs SELECT slot, subject_id, now() FROM heads WHERE subject_id = $1",
        ORDERS[4]: "UPDATE heads SET settled_at = NULL WHERE subject_id = $1",
    }.items():
        await flow.pool.execute(change, order)
    for order, state in zip(ORDERS[5:8], ("phase = 'shown'", "due_at = now()", "leased_at = now()"), strict=True):
        await archiving.give_card(order, state)
    done = await archiving.run(before=late)

    assert (done.orders, done.different.count) == (4, 0)
    assert await archiving.archived() == set(ORDERS[8:])
    assert (await archiving.verify()).same


async def test_what_hangs_on_an_order_goes_with_it(archiving: Archiving, flow: Flow) -> None:
    """Cards, receipts, and views of every generation; those of others stay, and generations move on."""
    await archiving.finish(*ORDERS[:3])
    await flow.happen("open", "order.placed")
    await flow.settle("open")
    rebuilding = Rebuilding(flow.pool, flow.keyring)
    await rebuilding.run()
    await rebuilding.begin()
    await rebuilding.build()
    before = await rebuilding.stored()
    for each in (ORDERS[0], "open"):
        await archiving.give_card(each, "phase = 'over'")
        await archiving.give_receipt(each)
    done = await archiving.run()

    assert (done.orders, before) == (3, {1: 4, 2: 4, 3: 4})
    assert await archiving.rows() == {"events": 1, "views": 3, "cards": 1, "receipts": 1, "feed": 0}
    assert (await rebuilding.run()).moved == 256
    await archiving.put_back(done.files[0], ORDERS[1])
    assert await rebuilding.versions() == {ORDERS[1]: 4, "open": 1}
    assert (await rebuilding.roll_back()).moved == 256
    assert await rebuilding.versions() == {ORDERS[1]: 4, "open": 1}
    assert (await archiving.verify()).same


async def test_names_and_notes_stay_sealed(archiving: Archiving, flow: Flow) -> None:
    """Nothing personal can be read from a file, so that an erasure reaches it; and what is put back stays erased."""
    for each in ORDERS[:2]:
        await flow.append(flow.event(each, "order.note", {"text": CANARY}, extensions=GUEST))
    await archiving.finish(*ORDERS[:2])
    [name] = (await archiving.run()).files
    text = gzip.decompress((archiving.folder / name).read_bytes())
    await flow.store.erase(ORDERS[0])
    found = await check_file(archiving, name)
    back = await archiving.put_back(name)
    await archiving.settle(*ORDERS[:2])
    erased, open_ = [await archiving.first_event(each) for each in ORDERS[:2]]

    assert ORDERS[0].encode() in text
    assert CANARY.encode() not in text
    assert b"Despina" not in text
    assert (found.same, found.orders, found.erased) == (True, 2, 1)
    assert (back.orders, back.refused) == (2, Found())
    assert (erased.personal, erased.extensions) == (None, None)
    assert (CANARY.encode() in (open_.personal or b""), open_.extensions) == (True, GUEST)
    assert await flow.views(ORDERS[:2]) == {ORDERS[0]: 6, ORDERS[1]: 5}
    assert (await archiving.verify()).same
    assert (await archiving.put_back(name)).known == 2


async def test_readers_of_the_feed_pass_archived_events_over(
    archiving: Archiving, flow: Flow, copy: Copy, writer: FeedWriter
) -> None:
    """What has no number yet stays; what was put back is given again, in order."""
    await archiving.finish(*ORDERS[:2])
    early = await archiving.run()
    await number(writer)
    await flow.projector.sweep(range(256))
    done = await archiving.run()
    far_behind = await copy.catch_up()
    await archiving.finish("order-20")
    await number(writer)
    onward = await copy.catch_up()
    await archiving.put_back(done.files[0])
    await number(writer)

    assert (early.orders, done.orders) == (0, 2)
    assert far_behind == []
    assert {subject for subject, _ in onward} == {"order-20"}
    assert sorted(await copy.catch_up()) == [(each, version) for each in ORDERS[:2] for version in (1, 2, 3, 4)]
    copy.assert_in_order()


async def test_an_order_that_is_not_the_fold_of_its_events_stays(archiving: Archiving, flow: Flow) -> None:
    """A damaged view, and a gap in the log: nothing leaves that could not be put back."""
    await archiving.finish(*ORDERS[:3])
    await flow.pool.execute("UPDATE views SET status = 'lost' WHERE subject_id = $1", ORDERS[0])
    await flow.pool.execute(
        'UPDATE views SET state = (state::jsonb || \'{"merchantName": "Other"}\')::json WHERE subject_id = $1',
        ORDERS[0],
    )
    await flow.pool.execute(
        f"SET lockstep.archiving = 'on'; DELETE FROM events WHERE subject_id = '{ORDERS[1]}' AND version = 2; "
        "RESET lockstep.archiving"
    )
    done = await archiving.run()

    assert done.orders == 1
    assert set(done.different.first) == {
        Difference(ORDERS[0], 4, ("/merchantName",)),
        Difference(ORDERS[1], 4, ("/events",)),
    }
    assert await archiving.archived() == {ORDERS[2]}


async def test_a_view_of_another_fold_is_told_apart(archiving: Archiving, flow: Flow) -> None:
    """Its orders leave all the same: the events are the truth, and all of them fold."""
    await archiving.finish(*ORDERS[:2])
    await flow.pool.execute("UPDATE slots SET fold_version = $1", FOLD_VERSION + 1)
    await flow.pool.execute("UPDATE views SET fingerprint = '\\x01'")
    done = await archiving.run()
    found = await check_file(archiving, done.files[0])

    assert (done.orders, found.same, found.different) == (2, True, Found())
    [other] = found.other_folds
    assert (other.fold_version, other.orders, other.unlike) == (FOLD_VERSION + 1, 2, 2)


async def test_files_and_pages_are_bounded(archiving: Archiving, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many orders are many files, each of whole orders."""
    await archiving.finish(*ORDERS)
    monkeypatch.setattr(archiver, "FILE_EVENTS", 10)
    monkeypatch.setattr(archiver, "PAGE_SUBJECTS", 2)
    done = await archiving.run()
    found = [await check_file(archiving, each) for each in done.files]

    assert done.orders == sum(each.orders for each in found) == 12
    assert len(done.files) > 3
    assert all(each.same for each in found)


async def test_a_long_order_comes_back_without_a_card(archiving: Archiving, flow: Flow) -> None:
    """It has more events than a projector folds at once: never is it seen as if it were open."""
    await flow.happen("long", "order.placed", *["order.note"] * 700, "order.delivered")
    await archiving.settle("long")
    await archiving.settle("long")
    [name] = (await archiving.run()).files
    await flow.register()
    await archiving.put_back(name)
    await archiving.settle("long")

    assert await flow.rows() == []
    assert await flow.views(["long"]) == {"long": 702}
    assert (await archiving.verify()).same


async def test_what_the_log_contradicts_is_not_put_back(archiving: Archiving, flow: Flow, clock: Clock) -> None:
    """An older copy, other events, another history, and an order of which nothing is known; each is named."""
    await archiving.finish(*ORDERS[:4])
    [first] = (await archiving.run()).files
    await archiving.put_back(first)
    await flow.happen(ORDERS[0], "order.note")
    await archiving.settle(*ORDERS[:4])
    await archiving.run(before=await clock.now())
    await archiving.put_back(next(each for each in archiving.names() if each != first), ORDERS[1])
    await flow.pool.execute(
        "ALTER TABLE events DISABLE TRIGGER events_are_facts; "
        f"UPDATE events SET trace = 'other' WHERE subject_id = '{ORDERS[1]}'; "
        "ALTER TABLE events ENABLE TRIGGER events_are_facts"
    )
    await flow.pool.execute("DELETE FROM heads WHERE subject_id = $1", ORDERS[2])
    await flow.pool.execute(
        "UPDATE heads SET last_recorded_at = last_recorded_at + interval '1 second' WHERE subject_id = $1", ORDERS[3]
    )
    back = await archiving.put_back(first)

    assert (back.orders, back.known, back.refused.count) == (0, 0, 4)
    why = {each.order_id: each.why for each in back.refused.first}
    assert "archived at version 5" in why[ORDERS[0]]
    assert "other events" in why[ORDERS[1]]
    assert "nothing is known" in why[ORDERS[2]]
    assert "with other events" in why[ORDERS[3]]


async def test_a_file_that_was_cut_or_changed_is_refused_as_a_whole(archiving: Archiving) -> None:
    """Wherever it is cut, and whichever byte is wrong, nothing is put back, and the message says what to do."""
    await archiving.finish(*ORDERS)
    [name] = (await archiving.run()).files
    path = archiving.folder / name
    whole = path.read_bytes()
    for place in (0, 5, 30, len(whole) // 2, len(whole) - 9, len(whole) - 1):
        path.write_bytes(whole[:place])
        with pytest.raises(ArchiveError, match=r"cut|damaged"):
            await archiving.put_back(name)
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        if 4 <= place < 9:
            continue  # the time of writing, which nobody reads
        with pytest.raises(ArchiveError, match="Take"):
            await archiving.put_back(name)
    lines = gzip.decompress(whole).splitlines(keepends=True)
    for damaged in (lines[:-1], [*lines, lines[0]], lines[1:], [lines[0], *lines[2:]], lines[:2] + lines[6:]):
        path.write_bytes(gzip.compress(b"".join(damaged)))
        with pytest.raises(ArchiveError, match=r"cut|damaged"):
            await archiving.put_back(name)
    path.write_bytes(gzip.compress(b"".join(lines).replace(b'"format":1', b'"format":2')))
    with pytest.raises(ArchiveError, match="format 2"):
        await archiving.put_back(name)
    path.write_bytes(gzip.compress(b"".join(lines).replace(b'"installation":"', b'"installation":"x')))
    with pytest.raises(ArchiveError, match="another installation"):
        await archiving.put_back(name)

    assert await archiving.archived() == set(ORDERS)
    path.write_bytes(whole)
    with pytest.raises(ArchiveError, match="has no order"):
        await archiving.put_back(name, "ORDER-1")
    assert (await archiving.put_back(name, ORDERS[0])).orders == 1


async def test_one_writer_at_a_time_has_a_folder(archiving: Archiving, tmp_path: Path) -> None:
    """Another is told so; and a folder that cannot be made is an error with its cause."""
    with archiving.held(), pytest.raises(ArchiveError, match="Another"):
        await archiving.run()
    archiving.folder = tmp_path / "no" / "such"
    with pytest.raises(ArchiveError, match="No such file"):
        await archiving.run()
