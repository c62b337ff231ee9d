"""The commands on a real database, each as a process of its own."""

import re
import shlex
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from app.access.key_store import KeyStore
from events.postgres.pool import Pool
from events.sealing import Keyring
from events.slot import ALL_SLOTS, slot_of
from events.store import EventStore
from projections.order_view import FOLD_VERSION
from projections.pauses import Pauses
from projections.projector import Projector
from tests.examples.log import fact, group, note
from tests.integration.command_line import begin, lockstep
from tests.integration.flow import Flow


async def folded(pool: Pool, keyring: Keyring, *subject_ids: str) -> None:
    """Bring views up to date."""
    projector = Projector(pool, keyring, lambda _slots, _matching: None)
    await projector.adopt()
    await projector.project(subject_ids)


async def test_a_key_is_made_listed_and_revoked(dsn: str, pool: Pool, keyring: Keyring) -> None:
    """The key works until it is revoked; lists never show it."""
    made = await lockstep("keys", "create", "--name", "kitchen", "--scope", "events:write", "--json", dsn=dsn)
    key, key_id = made.json["key"], made.json["keyId"]
    service = await KeyStore(pool, keyring).find(key)
    listed = await lockstep("keys", "list", "--json", dsn=dsn)
    revoked = await lockstep("keys", "revoke", key_id, dsn=dsn)

    assert service is not None
    assert service.scopes == {"events:write"}
    assert [(each["keyId"], each["name"]) for each in listed.json["keys"]] == [(key_id, "kitchen")]
    assert key not in listed.out
    assert revoked.code == 0
    assert await KeyStore(pool, keyring).find(key) is None
    assert (await lockstep("keys", "revoke", "lk_live_nobody", dsn=dsn)).code == 1


async def test_a_key_is_rotated_by_its_name(dsn: str, pool: Pool, keyring: Keyring) -> None:
    """Both are good for the overlap; a name that several have, or none, is told with what to do."""
    old = (await lockstep("keys", "create", "--name", "till", "--scope", "admin", "--json", dsn=dsn)).json
    new = await lockstep("keys", "rotate", "till", "--overlap", "60", "--json", dsn=dsn)
    listed = (await lockstep("keys", "list", "--json", dsn=dsn)).json["keys"]
    await lockstep("keys", "create", "--name", "till", "--scope", "admin", dsn=dsn)
    several = await lockstep("keys", "rotate", "till", dsn=dsn)
    none = await lockstep("keys", "rotate", "nobody", dsn=dsn)

    assert new.json["scopes"] == ["admin"]
    assert [await KeyStore(pool, keyring).find(each["key"]) is not None for each in (old, new.json)] == [True, True]
    assert {each["keyId"]: each["replacedBy"] for each in listed} == {
        old["keyId"]: new.json["keyId"],
        new.json["keyId"]: None,
    }
    assert (several.code, new.json["keyId"] in several.err) == (2, True)
    assert (none.code, none.out) == (1, "")


async def test_a_scope_that_is_not_there_is_named(dsn: str) -> None:
    """The error says which scope is unknown and which are known."""
    done = await lockstep("keys", "create", "--name", "x", "--scope", "everything", dsn=dsn)

    assert (done.code, done.out) == (2, "")
    assert "everything" in done.err
    assert "events:write" in done.err


async def test_migrating_twice_does_nothing_the_second_time(
    other_database: Callable[[], Awaitable[str]],
) -> None:
    """An empty database gets every migration, and a second run none; before it, other commands say what to do."""
    empty = await other_database()
    before = await lockstep("keys", "list", dsn=empty)
    first = await lockstep("migrate", "--json", dsn=empty)
    second = await lockstep("migrate", "--json", dsn=empty)

    assert before.code == 2
    assert "Run: lockstep migrate" in before.err
    assert first.json["applied"][0] == "0001_log"
    assert second.json == {"applied": []}


async def test_an_unreachable_database_says_cause_and_cure() -> None:
    """The message names the setting, and never the password."""
    done = await lockstep("pauses", dsn="postgresql://lockstep:hunter2@127.0.0.1:1/none")

    assert done.code == 2
    assert "LOCKSTEP_DATABASE_URL" in done.err
    assert "hunter2" not in done.err


async def test_an_unusable_folder_says_cause_and_cure(tmp_path: Path) -> None:
    """A file where the folder should be is told, for a command and for the demo."""
    (tmp_path / "file").touch()
    for command in (("keys", "list"), ("demo", "--once")):
        done = await lockstep(*command, dsn=None, LOCKSTEP_DATA_DIRECTORY=str(tmp_path / "file"))

        assert done.code == 2
        assert "LOCKSTEP_DATA_DIRECTORY" in done.err


async def test_every_wrong_setting_is_listed() -> None:
    """One error tells all that is wrong."""
    done = await lockstep("serve", dsn=None, LOCKSTEP_PORT="many", LOCKSTEP_PROFILE="slow")

    assert done.code == 2
    assert "LOCKSTEP_PORT" in done.err
    assert "LOCKSTEP_PROFILE" in done.err


async def test_an_order_is_shown_without_a_server(dsn: str, pool: Pool, keyring: Keyring, store: EventStore) -> None:
    """Status, content and events come from the database; an order nobody knows is a no."""
    await store.append([group(fact("e1", type_="order.placed"), note("Ring twice", "e2"))])
    await folded(pool, keyring, "order-1")
    shown = await lockstep("order", "show", "order-1", "--json", dsn=dsn)
    events = await lockstep("order", "events", "order-1", "--json", dsn=dsn)

    assert (shown.json["status"], shown.json["version"], shown.json["viewVersion"]) == ("placed", 2, 2)
    assert [line.count("Ring twice") for line in events.out.splitlines()] == [0, 1]
    assert (await lockstep("order", "show", "order-2", dsn=dsn)).code == 1


async def test_an_order_is_explained_to_people_and_to_programs(
    dsn: str, pool: Pool, keyring: Keyring, store: EventStore
) -> None:
    """Both say the same of it, and of an order nobody knows no."""
    await store.append([group(fact("e1", type_="order.placed"), note("Ring twice", "e2"))])
    await folded(pool, keyring, "order-1")
    told = await lockstep("order", "explain", "order-1", dsn=dsn)
    shown = await lockstep("order", "explain", "order-1", "--json", dsn=dsn)
    finding = shown.json["finding"]

    assert (finding["reason"], shown.json["version"], shown.json["cards"]) == ("matcher_late", 2, [])
    assert finding["state"] in " ".join(told.out.split())
    assert " ".join(finding["nextStep"].split()) in " ".join(told.out.split())
    assert "Ring twice" not in told.out + shown.out
    assert (await lockstep("order", "explain", "order-2", dsn=dsn)).code == 1


async def test_an_order_is_told_as_it_was_to_people_and_to_programs(
    dsn: str, pool: Pool, keyring: Keyring, store: EventStore
) -> None:
    """By version and by time; what cannot be told of could not run, and an order nobody knows is a no."""
    await store.append([group(fact("e1", type_="order.placed"), note("Ring twice", "e2"))])
    await folded(pool, keyring, "order-1")
    recorded_at = await pool.fetchval("SELECT max(recorded_at) FROM events")
    told = await lockstep("order", "state", "order-1", "--version", "2", dsn=dsn)
    shown = await lockstep("order", "state", "order-1", "--at", recorded_at.isoformat(), "--json", dsn=dsn)
    explained = await lockstep("order", "explain", "order-1", "--states", dsn=dsn)
    beyond = await lockstep("order", "state", "order-1", "--version", "3", dsn=dsn)
    nothing = await lockstep("order", "state", "order-1", dsn=dsn)

    assert shown.json["recorded"]["contentState"]["note"] == "Ring twice"
    assert "as of version 2 (all times are UTC): version 2 of 2, status placed" in " ".join(told.out.split())
    assert '"note": "Ring twice"' in told.out
    assert '"note": "Ring twice"' in explained.out
    assert (beyond.code, nothing.code) == (2, 2)
    assert "the order is at version 2" in beyond.err
    assert "one of the two" in nothing.err
    assert (await lockstep("order", "state", "order-2", "--version", "1", dsn=dsn)).code == 1


async def test_a_released_order_can_be_folded_again(dsn: str, pool: Pool, keyring: Keyring, store: EventStore) -> None:
    """What was set aside is no longer; releasing it twice is a no."""
    await store.append([group(fact("e1", type_="order.placed"))])
    await folded(pool, keyring, "order-1")
    await pool.execute("UPDATE views SET quarantined_at = now() WHERE slot = $1", slot_of("order-1"))
    released = await lockstep("order", "release", "order-1", dsn=dsn)

    assert released.code == 0
    assert await pool.fetchval("SELECT count(*) FROM views WHERE quarantined_at IS NOT NULL") == 0
    assert (await lockstep("order", "release", "order-1", dsn=dsn)).code == 1


async def test_pauses_are_set_listed_and_lifted(dsn: str, pool: Pool) -> None:
    """A pause of all and one of an app stand side by side."""
    await lockstep("pause", "all", "--reason", "wrong texts", dsn=dsn)
    await lockstep("pause", "--app", "com.example.shop", "--reason", "a new app", "--minutes", "5", dsn=dsn)
    listed = await lockstep("pauses", "--json", dsn=dsn)
    lifted = await lockstep("resume", "all", dsn=dsn)

    assert {(each["kind"], each["key"]) for each in listed.json["pauses"]} == {
        ("all", "*"),
        ("app", "com.example.shop"),
    }
    assert lifted.code == 0
    assert [each.kind for each in await Pauses(pool).list()] == ["app"]
    assert (await lockstep("resume", "all", dsn=dsn)).code == 1


async def test_every_pause_is_lifted_by_the_command_that_is_listed_with_it(dsn: str, pool: Pool) -> None:
    """Those that answers of APNs have set, too."""
    pauses = Pauses(pool)
    for kind, key in (
        ("all", "*"),
        ("app", "com.example.shop"),
        ("type", "OrderAttributes"),
        ("topic", "com.example.shop"),
        ("credential", "KEY 123"),
    ):
        await pauses.pause(kind, key, reason="a test")
    table = await lockstep("pauses", dsn=dsn)
    for each in (await lockstep("pauses", "--json", dsn=dsn)).json["pauses"]:
        assert each["resume"] in table.out
        name, *words = shlex.split(each["resume"])
        assert (name, (await lockstep(*words, dsn=dsn)).code) == ("lockstep", 0)
    assert await pauses.list() == []


async def test_an_event_is_posted_to_a_server_that_leaves_when_told(dsn: str, store: EventStore) -> None:
    """The API alone takes the event; refusals are a no; SIGTERM ends it with 0."""
    key = (await lockstep("keys", "create", "--name", "t", "--scope", "admin", dsn=dsn)).out.strip()
    server = await begin("serve", "--role", "api", "--port", "0", dsn=dsn)
    assert server.stderr is not None
    url = ""
    while not url:
        line = (await server.stderr.readline()).decode()
        assert line, "the server ended"
        found = re.search(r"http://[0-9.:]+", line)
        url = found[0] if found else ""
    named = {"LOCKSTEP_URL": url, "LOCKSTEP_API_KEY": key}
    posted = await lockstep("events", "post", "o 1", "order.picked_up", "--id", "e1", dsn=None, **named)
    good = await lockstep("events", "post", "order-1", "order.picked_up", "--id", "e1", "--json", dsn=None, **named)
    bad = await lockstep("events", "post", "order-1", "order.lost", dsn=None, **named)
    server.terminate()
    await server.communicate()

    assert posted.code == 1
    assert (good.code, good.json["outcome"], good.json["version"]) == (0, "appended", 1)
    assert (bad.code, bad.out) == (1, "")
    assert "/type" in bad.err
    assert server.returncode == 0
    head = await store.read_head("order-1")
    assert head is not None


async def test_a_post_without_key_or_server_could_not_run() -> None:
    """Both say what to do."""
    keyless = await lockstep("events", "post", "order-1", "order.ready", dsn=None)
    alone = await lockstep(
        "events", "post", "order-1", "order.ready", "--key", "x", "--url", "http://127.0.0.1:1", dsn=None
    )

    assert (keyless.code, alone.code) == (2, 2)
    assert "lockstep keys create" in keyless.err
    assert "lockstep serve" in alone.err


async def test_a_ticket_speaks_for_somebody(dsn: str) -> None:
    """A customer gets a ticket; nobody gets none."""
    made = await lockstep("tickets", "mint", "--customer", "customer-7", "--json", dsn=dsn)

    assert made.json["ticket"].count(".") == 2
    assert (await lockstep("tickets", "mint", dsn=dsn)).code == 2


async def test_nothing_to_stop_is_a_no(tmp_path: Path) -> None:
    """Where no embedded server runs, there is nothing to stop."""
    done = await lockstep("stop", dsn=None, LOCKSTEP_DATA_DIRECTORY=str(tmp_path))

    assert done.code == 1


async def test_the_demo_prints_one_line_and_starts_over_when_told(tmp_path: Path) -> None:
    """Its result is exactly four facts; --reset leaves nothing of the run before."""
    place = {"LOCKSTEP_DATA_DIRECTORY": str(tmp_path)}
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "leftover").touch()
    played = await lockstep("demo", "--once", "--json", "--reset", dsn=None, **place)

    assert played.code == 0, played.err
    assert list(played.json) == ["orders", "events", "pushes", "phones_match"]
    assert played.json["phones_match"] is True
    assert not (tmp_path / "demo" / "leftover").exists()


@pytest.mark.faults
async def test_the_demo_sends_nothing_to_phones_of_a_demo_before(flow: Flow, dsn: str, tmp_path: Path) -> None:
    """They went with their simulator: pushes to them would look like a storm of bad tokens, and stop everything."""
    for number in range(20):
        await flow.register(f"old-{number}", f"customer-{number}", app="app.lockstep.demo")
        await flow.place(f"old-{number}", f"customer-{number}")
    await flow.settle(*(f"old-{number}" for number in range(20)))
    played = await lockstep("demo", "--once", "--json", dsn=dsn, LOCKSTEP_DATA_DIRECTORY=str(tmp_path))

    assert played.code == 0, played.err
    assert await flow.pool.fetchval("SELECT count(*) FROM receipts WHERE reason = 'BadDeviceToken'") == 0


@pytest.mark.faults
async def test_every_demo_gives_your_phone_tokens_that_serve(flow: Flow, dsn: str, tmp_path: Path) -> None:
    """The phone of the demo before is signed out, its tokens retired; the same ones again would bring no card."""
    place = {"dsn": dsn, "LOCKSTEP_DATA_DIRECTORY": str(tmp_path)}
    for _ in range(2):
        played = await lockstep("demo", "--once", "--json", "--scenario", "upload", **place)
        assert played.code == 0, played.err
    phones = await flow.pool.fetch(
        "SELECT count(*) FILTER (WHERE t.refused_at IS NULL) > 0 AS serves"
        " FROM devices AS d JOIN push_tokens AS t USING (device_id)"
        " WHERE d.customer_id = 'you' GROUP BY d.device_id"
    )

    assert [each["serves"] for each in phones] == [True]


@pytest.mark.faults
async def test_the_demo_goes_on_with_what_a_release_before_has_left(flow: Flow, dsn: str, tmp_path: Path) -> None:
    """Views of another fold are made anew, or no order of the demo would be folded; here with bookings."""
    await flow.place("order-1")
    await flow.settle("order-1")
    await flow.pool.execute("UPDATE slots SET fold_version = $1", FOLD_VERSION - 1)
    place = {"dsn": dsn, "LOCKSTEP_DATA_DIRECTORY": str(tmp_path)}
    played = await lockstep("demo", "--once", "--json", "--scenario", "booking", **place)

    assert played.code == 0, played.err
    assert played.json["phones_match"] is True
    assert await flow.pool.fetchval("SELECT count(*) FROM slots WHERE fold_version = $1", FOLD_VERSION) == len(
        ALL_SLOTS
    )


async def test_a_demo_of_single_orders_refuses_a_card_for_them_all(tmp_path: Path) -> None:
    """By the settings they would share a card, and no phone would show what the scenario is about."""
    place = {"LOCKSTEP_DATA_DIRECTORY": str(tmp_path), "LOCKSTEP_CARDS": "projections.customer_card"}
    done = await lockstep("demo", "--once", dsn=None, **place)

    assert done.code == 2
    assert "--scenario many-orders" in done.err


async def test_a_reset_does_not_touch_a_database_of_ones_own(dsn: str, tmp_path: Path) -> None:
    """--reset removes the embedded one only, and says so."""
    done = await lockstep("demo", "--once", "--reset", dsn=dsn, LOCKSTEP_DATA_DIRECTORY=str(tmp_path))

    assert done.code == 2
    assert "LOCKSTEP_DATABASE_URL" in done.err
