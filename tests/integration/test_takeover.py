"""Lines of another backend's file against a real Postgres: what is taken, what is known, what is refused."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from app.takeover.exporter import moving_phones
from app.takeover.importer import LineReport, PhoneImporter
from app.takeover.judgement import Fate
from app.takeover.line import read_line, write_line
from app.takeover.phone_rows import PhoneRows
from events.postgres.pool import Pool
from events.sealing import Keyring
from projections.card import Card, Intent, Kind
from projections.card_store import Claimed
from projections.registry import Registry
from tests.cards.order_in_brief import CARD as BRIEF
from tests.integration.command_line import begin, lockstep
from tests.integration.flow import Flow

HOUR = timedelta(hours=1)


@pytest.fixture
def flow(pool: Pool, keyring: Keyring) -> Flow:
    """The stages, moved by hand."""
    return Flow(pool, keyring)


def moment(ago: timedelta = HOUR) -> str:
    """Give a time that is past."""
    return (datetime.now(UTC) - ago).isoformat()


def phone(
    name: str = "phone-1", *cards: dict[str, Any], ago: timedelta = HOUR, **device_changes: Any
) -> dict[str, Any]:
    """Give a line of a phone."""
    token = name.encode().hex()
    told = {
        "app": "com.example.shop",
        "environment": "sandbox",
        "iosVersion": "18.1",
        "customerId": "customer-7",
        "startTokens": {"OrderAttributes": f"{token}aa"},
        "alertToken": f"{token}bb",
    }
    return {"deviceId": name, "registeredAt": moment(ago), "device": told | device_changes, "cards": list(cards)}


def card(subject: str = "order-1", update: str | None = "00aa", **changes: Any) -> dict[str, Any]:
    """Give a card of a line."""
    started_at = moment(HOUR / 2)
    told = {
        "subject": subject,
        "attributesType": "OrderAttributes",
        "activityId": f"activity of {subject}",
        "updateToken": update,
        "startedAt": started_at,
        "lastPush": {"timestamp": int(datetime.now(UTC).timestamp()) - 60},
    }
    return told | changes


async def take(flow: Flow, *lines: Any, dry_run: bool = False, batch: int = 500) -> list[LineReport]:
    """Take lines over, and give what became of each."""
    importer = PhoneImporter(flow.pool, flow.keyring, dry_run=dry_run, batch=batch)
    texts = iter([each if isinstance(each, bytes) else msgspec.json.encode(each) + b"\n" for each in lines])
    found: list[LineReport] = []
    while (reports := await importer.take(texts)) is not None:
        found += reports
    return found


async def everything(pool: Pool) -> dict[str, list[Any]]:
    """Read all that a file can change."""
    tables = ("devices", "push_tokens", "start_tokens", "cards")
    return {name: sorted(map(tuple, await pool.fetch(f"SELECT * FROM {name}")), key=str) for name in tables}


async def ids_in(pool: Pool, table: str) -> list[str]:
    """Give the phones that a table knows."""
    return [row["device_id"] for row in await pool.fetch(f"SELECT device_id FROM {table} ORDER BY 1")]


def fates(reports: list[LineReport]) -> list[tuple[str, list[str]]]:
    """Give the fates of lines and of their cards."""
    return [(each.fate.value, [one.fate.value for one in each.cards]) for each in reports]


async def test_a_dry_run_foresees_and_changes_nothing(flow: Flow) -> None:
    """It says of each line what the run after it does, and that one says the same."""
    await flow.place()
    await flow.project("order-1")
    lines = [phone("phone-1", card()), phone("phone-2", card("order-2", "00bb")), b"{}\n"]
    before = await everything(flow.pool)
    foreseen = await take(flow, *lines, dry_run=True)
    assert await everything(flow.pool) == before
    done = await take(flow, *lines)

    assert foreseen == done
    assert fates(done) == [("new", ["new"]), ("new", ["new"]), ("refused", [])]
    assert done[0].cards[0].why == "taken over; it is sent the newest state"
    assert done[1].cards[0].why.startswith("taken over; it waits for the events of its order")


async def test_a_second_run_changes_nothing(flow: Flow) -> None:
    """Neither rows, nor debts, nor leases: whatever it holds is known."""
    lines = [phone("phone-1", card(), card("order-9", "00dd", state="dismissed")), phone("phone-2")]
    await take(flow, *lines)
    before = await everything(flow.pool)
    again = await take(flow, *lines)

    assert fates(again) == [("known", ["known", "known"]), ("known", [])]
    assert await everything(flow.pool) == before


async def test_no_start_is_wanted_for_a_card_that_was_taken_over(flow: Flow) -> None:
    """Neither when the order was known before, nor when it comes later, nor for one that was swiped away."""
    await flow.place()
    await flow.project("order-1")
    lines = [phone("phone-1", card("order-1"), card("order-2", "00bb"), card("order-3", None, state="dismissed"))]
    await take(flow, *lines)
    await flow.place("order-2")
    await flow.place("order-3")
    await flow.settle("order-1", "order-2", "order-3")

    assert [(row["subject_id"], row["starter"], row["phase"], row["reported_state"]) for row in await flow.rows()] == [
        ("order-1", "other", "shown", "active"),
        ("order-2", "other", "shown", "active"),
        ("order-3", "other", "shown", "dismissed"),
    ]


async def test_a_card_that_was_only_wanted_becomes_the_one_that_is_there(flow: Flow) -> None:
    """And who had a lease on it, about to start it, has it no more: nothing is sent."""
    await flow.wanted()
    [claimed] = await flow.claim()
    [report] = await take(flow, phone("phone-1", card()))
    row = await flow.card()

    assert (report.why, report.cards[0].fate) == ("its app has told Lockstep more since", Fate.NEW)
    assert (row["starter"], row["phase"], row["card_id"]) == ("other", "shown", claimed.card.card_id)
    assert await flow.cards.record_intents([begun(claimed)]) == set()


async def test_an_order_that_moves_while_its_card_is_taken_over_gets_no_second(flow: Flow) -> None:
    """A process may stop between a phone and its cards: until they are there, there is nothing to start a card with."""
    line = phone("phone-1", card())
    await PhoneRows(flow.pool, flow.keyring).store([read_line(msgspec.json.encode(line))])
    await flow.place()
    await flow.settle("order-1")
    wanted = await flow.card()
    assert await flow.pool.fetchval("SELECT count(*) FROM start_tokens") == 0
    [report] = await take(flow, line)
    row = await flow.card()

    assert (report.fate, report.cards[0].fate, wanted["phase"]) == (Fate.KNOWN, Fate.NEW, "wanted")
    assert (row["card_id"], row["starter"], row["phase"]) == (wanted["card_id"], "other", "shown")
    assert await flow.pool.fetchval("SELECT count(*) FROM start_tokens") == 1


async def test_a_card_of_our_own_keeps_the_other_out(flow: Flow) -> None:
    """The phone would have two: the line is refused whole, so that nothing else comes of it."""
    await flow.wanted()
    [claimed] = await flow.claim()
    await flow.cards.record_intents([begun(claimed)])
    before = await everything(flow.pool)
    [report] = await take(flow, phone("phone-1", card()))

    assert report.fate is Fate.REFUSED
    assert [each.pointer for each in report.faults] == ["/cards/0/subject"]
    assert report.faults[0].detail.startswith("Lockstep has a card of its own of this order on the phone")
    assert await everything(flow.pool) == before


async def test_what_an_app_has_told_since_stands(flow: Flow) -> None:
    """A file from before does not take its tokens back, nor who is signed in, under whichever id it goes."""
    token = "ab" * 20
    await flow.register("phone-1", "customer-8", start_tokens={"OrderAttributes": token})
    before = await everything(flow.pool)
    old: dict[str, Any] = {"startTokens": {"OrderAttributes": token}, "alertToken": None}
    reports = await take(flow, phone("phone-1", **old), phone("an-id-of-before", **old))

    assert [(each.device_id, each.why) for each in reports] == [
        ("phone-1", "its app has told Lockstep more since"),
        ("phone-1", "its app has told Lockstep more since, as phone-1"),
    ]
    assert await everything(flow.pool) == before


async def test_a_phone_that_signed_out_here_stays_so(flow: Flow) -> None:
    """What was told before it signed out does not sign it in again."""
    await flow.register("phone-1")
    await flow.registry.forget("phone-1")
    [report] = await take(flow, phone("phone-1"))

    assert report.fate is Fate.KNOWN
    assert await flow.pool.fetchval("SELECT count(*) FROM push_tokens") == 0


async def test_a_later_file_changes_what_it_knows_more_of(flow: Flow) -> None:
    """Another token, a later push, another customer; and a push that is not later than ours changes nothing."""
    first = card()
    await take(flow, phone("phone-1", first))
    await flow.pool.execute("UPDATE cards SET accepted_hash = '\\x01', due_at = NULL, lane = 0")
    later = first | {
        "updateToken": "00ff",
        "registeredAt": moment(timedelta(minutes=1)),
        "lastPush": {"timestamp": first["lastPush"]["timestamp"] + 30},
    }
    [report] = await take(flow, phone("phone-1", later, ago=HOUR / 2, locale="el"))
    row = await flow.card()

    assert report.fate is Fate.CHANGED
    assert report.cards[0].why == (
        "it has another update token; another backend has sent it something later: it is sent the newest state"
    )
    assert row["token_hash"] == flow.keyring.blind("com.example.shop", "sandbox", "00ff")
    assert (row["accepted_hash"], row["timestamp_used"]) == (None, later["lastPush"]["timestamp"])
    assert row["due_at"] is not None
    assert await flow.pool.fetchval("SELECT locale FROM devices") == "el"


async def test_a_card_that_iOS_has_ended_is_noted_and_not_followed_by_another(flow: Flow) -> None:  # noqa: N802
    """Eight hours after its start it is over on the phone, whatever the other backend thinks."""
    old = card(startedAt=moment(9 * HOUR), lastPush={"timestamp": int(datetime.now(UTC).timestamp()) - 3_600})
    [report] = await take(flow, phone("phone-1", old))

    assert report.cards[0].why == "noted as ended by the phone after eight hours: none is started in its place"
    assert (await flow.card())["reported_state"] == "ended"


@pytest.mark.parametrize(
    ("line", "pointer", "detail"),
    [
        (b"{\n", "", "is not JSON that can be read"),
        (phone() | {"registered": 1}, "", "known fields: deviceId, registeredAt, device, cards"),
        (phone() | {"registeredAt": "2026-01-01T00:00:00"}, "/registeredAt", "timezone"),
        (phone() | {"registeredAt": "2126-01-01T00:00:00Z"}, "/registeredAt", "is in the future"),
        (phone(environment="live"), "/device/environment", "is not a value that is known here"),
        (phone(startTokens={"OrderAttributes": "no hex"}), "/device/startTokens", "regex"),
        (phone(platform="web"), "/device/platform", "is ios or android"),
        (phone(cards=[]), "/device/cards", "give cards beside device"),
        (phone("p", card(startedAt=None)), "/cards/0/startedAt", "Expected `datetime`"),
        (phone("p", card(lastPush={"timestamp": 1_790_000_000_000})), "/cards/0/lastPush/timestamp", "milliseconds"),
        (phone("p", card(lastPush={"timestamp": 4_000_000_000})), "/cards/0/lastPush/timestamp", "ahead of the"),
        (phone("p", card(), card(update="00bb")), "/cards/1/activityId", "is that of /cards/0 too"),
        (phone("p", card(attributesType="Ride")), "/cards/0/attributesType", "LOCKSTEP_CARDS"),
        (phone("p", card(), customerId="customer-8"), "/cards/0/subject", "is for somebody else than this phone"),
        (
            phone("p", card(lastPush={"timestamp": 1_790_000_000, "contentState": {"step": 3}})),
            "/cards/0/lastPush/contentState",
            "missing required field",
        ),
    ],
)
async def test_a_line_that_cannot_be_taken_names_field_and_cure(
    flow: Flow, line: Any, pointer: str, detail: str
) -> None:
    """Nothing is taken of it, the lines around it are, and no token is repeated."""
    await flow.place()
    await flow.project("order-1")
    reports = await take(flow, phone("before"), line, phone("after"))

    assert fates(reports) == [("new", []), ("refused", [each.fate.value for each in reports[1].cards]), ("new", [])]
    [fault] = reports[1].faults
    assert fault.pointer == pointer
    assert detail in fault.detail
    assert "no hex" not in fault.detail
    assert await ids_in(flow.pool, "devices") == ["after", "before"]
    assert await flow.rows() == []


async def test_two_lines_of_one_token_are_one_phone(flow: Flow) -> None:
    """The later word has it, in whichever order they stand, and within one batch."""
    token: dict[str, Any] = {"startTokens": {"OrderAttributes": "00cc"}, "alertToken": None}
    old, new = phone("old-id", ago=2 * HOUR, **token), phone("new-id", ago=HOUR, **token)
    await take(flow, old, new)
    first = await ids_in(flow.pool, "push_tokens")
    reports = await take(flow, new, old)

    assert first == ["new-id"]
    assert [each.device_id for each in reports] == ["new-id", "new-id"]
    assert await ids_in(flow.pool, "push_tokens") == ["new-id"]


async def test_the_cards_of_a_phone_follow_its_later_line(flow: Flow) -> None:
    """Not those of who was signed in under the earlier id; and what is there already stays."""
    token: dict[str, Any] = {"startTokens": {"OrderAttributes": "00cc"}, "alertToken": None}
    one, two = card("order-1", "00aa"), card("order-2", "00bb", state="dismissed")
    await take(flow, phone("old-id", one, two, ago=2 * HOUR, **token))
    await flow.pool.execute("UPDATE cards SET phase = 'over' WHERE subject_id = 'order-2'")
    await take(flow, phone("new-id", one, ago=HOUR, **token))
    moved = await flow.pairs()
    await take(flow, phone("new-id", ago=HOUR / 2, **token | {"customerId": "customer-9"}))
    await take(flow, phone("newest-id", ago=HOUR / 4, **token | {"customerId": "customer-9"}))

    assert moved == [("order-1", "new-id", "customer-7"), ("order-2", "new-id", "customer-7")]
    assert await flow.pairs() == moved


async def test_of_two_cards_of_an_order_the_later_is_the_next_generation(flow: Flow) -> None:
    """However they stand in the line; the one before it ended there, and is not taken for the one that is there."""
    older = card("order-1", None, activityId="A", state="ended", startedAt=moment(3 * HOUR), lastPush=None)
    newer = card("order-1", "00ab", activityId="B")
    [report] = await take(flow, phone("phone-1", newer, older))
    rows = await flow.rows()

    assert [each.fate for each in report.cards] == [Fate.NEW, Fate.NEW]
    assert [(row["generation"], row["activity_id"], row["reported_state"]) for row in rows] == [
        (1, "A", "ended"),
        (2, "B", "active"),
    ]


async def test_a_wanted_card_of_another_type_is_not_started_beside_the_one_that_is_there(
    flow: Flow, cards: Registry
) -> None:
    """The team's card of before has a name of its own."""
    await flow.wanted()
    cards.install([BRIEF])
    await take(flow, phone("phone-1", card(attributesType="BriefAttributes", lastPush=None)))
    row = await flow.card()

    assert (row["attributes_type"], row["starter"], row["phase"]) == ("BriefAttributes", "other", "shown")


async def test_two_imports_at_once_take_each_card_once(flow: Flow) -> None:
    """Whoever is slower finds what the faster has added."""
    lines = [phone(f"phone-{n}", card(f"order-{n}", f"00{n:02x}")) for n in range(40)]
    first, second = await asyncio.gather(take(flow, *lines, batch=7), take(flow, *reversed(lines), batch=9))

    assert {each.fate for each in (*first, *second)} <= {Fate.NEW, Fate.KNOWN}
    assert [(row["subject_id"], row["generation"]) for row in await flow.rows()] == sorted(
        (f"order-{n}", 1) for n in range(40)
    )


async def test_an_import_that_was_killed_is_run_again(flow: Flow, dsn: str, tmp_path: Path) -> None:
    """Wherever it stopped, nothing is started meanwhile, and the next run takes the rest."""
    lines = [phone(f"phone-{n}", card(f"order-{n}", f"00{n:04x}", startedAt=moment())) for n in range(700)]
    file = tmp_path / "phones.jsonl"
    file.write_bytes(b"".join(msgspec.json.encode(each) + b"\n" for each in lines))
    process = await begin("devices", "import", "-", dsn=dsn)
    assert process.stdin is not None
    process.stdin.writelines(file.read_bytes().splitlines(keepends=True)[:600])
    while await flow.pool.fetchval("SELECT count(*) FROM cards") < 500:
        assert process.returncode is None
    process.kill()
    await process.communicate()
    again = await lockstep("devices", "import", str(file), "--json", dsn=dsn)
    third = await lockstep("devices", "import", str(file), "--json", dsn=dsn)
    counts = await flow.pool.fetchrow(
        "SELECT (SELECT count(*) FROM devices), (SELECT count(*) FROM start_tokens), (SELECT count(*) FROM cards), "
        "(SELECT count(*) FROM cards WHERE starter = 'other' AND generation = 1)"
    )

    assert again.json["phones"]["new"] + again.json["phones"]["known"] == 700
    assert third.json["phones"] == {"new": 0, "changed": 0, "known": 700, "refused": 0}
    assert third.json["cards"] == {"new": 0, "changed": 0, "known": 700, "refused": 0}
    assert tuple(counts or ()) == (700,) * 4


async def test_what_is_written_is_read_back(flow: Flow) -> None:
    """Of an iPhone and of a phone with Android; and here it is all known."""
    android = {
        "platform": "android",
        "app": "com.example.shop",
        "osVersion": "16",
        "customerId": "customer-7",
        "fcmToken": "dXk3ZqT0R5a:APA91bHPRgkF3JUikC4ENAHEeMrd41Z",
        "attributesTypes": ["OrderAttributes"],
        "tags": ["vip"],
    }
    pixel = {"deviceId": "pixel-1", "registeredAt": moment(), "device": android}
    await take(flow, phone("phone-1", card(), card("order-2", None, activityId=None), locale="el"), pixel)
    await flow.register("phone-3")
    await flow.pool.execute("UPDATE push_tokens SET token_sealed = 'damaged' WHERE device_id = 'phone-3'")
    written = [each async for each in moving_phones(flow.pool, flow.keyring, page=2)]
    before = await everything(flow.pool)
    again = await take(flow, *map(write_line, written))

    assert [each.device_id for each in written] == ["phone-1", "phone-3", "pixel-1"]
    assert [read_line(write_line(each)) for each in written] == written
    assert [[one.update_token for one in each.cards] for each in written] == [["00aa", None], [], []]
    assert [len(each.device.tokens) for each in written] == [1, 0, 1]
    assert fates(again) == [("known", ["known", "known"]), ("known", []), ("known", [])]
    assert (await everything(flow.pool))["cards"] == before["cards"]


def begun(claimed: Claimed) -> tuple[Card, Intent]:
    """Give a claimed card with the start that is about to be sent."""
    card = claimed.card
    return card, Intent(Kind.START, 1, 1, card.timestamp_used + 1, uuid4(), claimed.now)
