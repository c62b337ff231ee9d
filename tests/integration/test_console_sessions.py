"""The console is opened by a ticket that is good once, and then looks with a key of its own."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from app.access.api_key import Scope
from app.access.console_sessions import DEMO, TICKET_SECONDS, USUAL_SCOPES, ConsoleSessions
from app.access.key_store import KeyStore
from app.housekeeping import ENDED_SESSIONS_DAYS, Housekeeper
from events.postgres.pool import Pool
from events.sealing import Keyring
from tests.conftest import Clock
from tests.integration.command_line import lockstep
from tests.integration.http_api import Api, Reply, running_api

PATH = "/v1/console/sessions"


@pytest.fixture
async def api(pool: Pool, keyring: Keyring) -> AsyncIterator[Api]:
    """Run the edge."""
    async with running_api(pool, keyring) as running:
        yield running


async def redeem(api: Api, ticket: str) -> Reply:
    """Send a ticket."""
    return await api.send("POST", PATH, {"ticket": ticket})


async def test_a_ticket_opens_the_console_once(api: Api) -> None:
    """What it gives is a key, which says what it may do, and does that alone."""
    ticket, _ = await api.edge.console_sessions.issue(hours=1)
    begun = await redeem(api, ticket)
    key = begun.json["key"]
    me = await api.send("GET", "/v1/me", token=key)
    [stored] = [each for each in await api.edge.key_store.list_keys() if each.name.startswith("console-")]

    assert begun.status == 201
    assert begun.json["scopes"] == sorted(USUAL_SCOPES)
    assert me.json == {
        "keyId": stored.key_id,
        "name": stored.name,
        "scopes": sorted(USUAL_SCOPES),
        "expiresAt": begun.json["expiresAt"],
    }
    assert (await api.send("GET", "/v1/orders", token=key)).status == 200
    assert (await api.send("GET", "/v1/webhooks", token=key)).problem == "forbidden"
    again = await redeem(api, ticket)
    assert (again.status, again.problem) == (401, "ticket-refused")
    assert "used already" in again.json["detail"]
    assert await api.edge.key_store.revoke(stored.key_id)
    assert (await api.send("GET", "/v1/me", token=key)).problem == "unauthenticated"


async def test_a_demos_session_has_a_demos_key(pool: Pool, keyring: Keyring) -> None:
    """By which the page knows that it may ask for what only a demo has; nobody can give that to another ticket."""
    sessions = ConsoleSessions(pool, keyring)
    ticket, _ = await sessions.issue(environment=DEMO)
    usual, _ = await sessions.issue()
    wrong = [await sessions.begin(each) for each in (f"demo.{usual}", ticket.removeprefix("demo."), f"x.{ticket}")]
    begun, plain = await sessions.begin(ticket), await sessions.begin(usual)

    assert wrong == [None, None, None]
    assert begun is not None
    assert begun.key.startswith("lk_demo_")
    assert plain is not None
    assert plain.key.startswith("lk_console_")


async def test_of_many_who_send_a_ticket_at_once_one_gets_in(pool: Pool, keyring: Keyring) -> None:
    """Taking the ticket away and making the key is one statement."""
    sessions = ConsoleSessions(pool, keyring)
    for _ in range(5):
        ticket, _ = await sessions.issue()
        begun = await asyncio.gather(*(sessions.begin(ticket) for _ in range(6)))
        assert sum(each is not None for each in begun) == 1
    assert len(await KeyStore(pool, keyring).list_keys()) == 5


@pytest.mark.parametrize("ticket", ["x", "A" * 43, "é" * 43, "A" * 256, "é." + "A" * 43, "." + "A" * 43])
async def test_a_ticket_that_is_none_opens_nothing(api: Api, ticket: str) -> None:
    """It has a problem of its own, which says where to get one."""
    reply = await redeem(api, ticket)

    assert (reply.status, reply.problem) == (401, "ticket-refused")
    assert "lockstep console open" in reply.json["detail"]


async def test_a_ticket_that_comes_too_late_is_told_so(api: Api, clock: Clock) -> None:
    """In words of its own, with the way to another one, for a day."""
    ticket, _ = await api.edge.console_sessions.issue()
    await clock.advance(seconds=TICKET_SECONDS)
    reply = await redeem(api, ticket)

    assert (reply.status, reply.problem) == (401, "ticket-refused")
    assert reply.json["detail"] == "It has expired. Get another one: lockstep console open"


async def test_who_leaves_ends_the_key_of_the_session_and_no_other(api: Api) -> None:
    """At once, for every request; the key of a backend is not ended so, and neither is another session's."""
    mine, theirs = [(await redeem(api, (await api.edge.console_sessions.issue())[0])).json["key"] for _ in range(2)]
    left = await api.send("DELETE", f"{PATH}/current", token=mine)
    backend = await api.send("DELETE", f"{PATH}/current", token="admin")
    me = [(await api.send("GET", "/v1/me", token=each)).status for each in (mine, theirs, "admin")]
    [revoked] = [each for each in await api.edge.key_store.list_keys() if each.revoked_at is not None]

    assert (left.status, left.body) == (204, b"")
    assert (backend.status, backend.problem) == (404, "not-found")
    assert "lockstep keys revoke" in backend.json["detail"]
    assert me == [401, 200, 200]
    assert mine.startswith(revoked.key_id)


async def test_tickets_and_sessions_end_and_are_swept(pool: Pool, keyring: Keyring, clock: Clock) -> None:
    """A ticket after five minutes, a session after its hours, and the key's row a week later; other keys stay."""
    sessions, keys = ConsoleSessions(pool, keyring), KeyStore(pool, keyring)
    late, _ = await sessions.issue()
    used, _ = await sessions.issue([Scope.ADMIN], hours=2)
    begun = await sessions.begin(used)
    kept, _ = await keys.create(name="kitchen", environment="live", scopes=[Scope.ADMIN], expires_at=await clock.now())
    housekeeper = Housekeeper(pool, lambda _: None)

    await clock.advance(seconds=TICKET_SECONDS)
    assert await sessions.begin(late) is None
    await housekeeper.prune()
    assert await sessions.is_late(late)
    assert begun is not None
    assert await keys.find(begun.key) is not None
    await clock.advance(hours=2)
    assert await KeyStore(pool, keyring).find(begun.key) is None
    await clock.advance(days=ENDED_SESSIONS_DAYS)
    await housekeeper.prune()
    assert not await sessions.is_late(late)
    assert [each.key_id for each in await keys.list_keys()] == [kept[: len(kept) - 38]]


async def test_the_command_prints_an_address_that_opens_it(dsn: str, pool: Pool, keyring: Keyring) -> None:
    """With the ticket behind the #, for the address of the settings or another one."""
    here = await lockstep("console", "open", "--json", dsn=dsn, LOCKSTEP_HOST="::", LOCKSTEP_PORT="8081")
    there = await lockstep(
        "console", "open", "--scope", "admin", "--hours", "1", "--url", "https://track.shop.example/", dsn=dsn
    )
    wrong = [
        await lockstep("console", "open", *more, dsn=dsn) for more in (("--hours", "721"), ("--scope", "everything"))
    ]

    assert here.json["url"] == f"http://[::1]:8081/#ticket={here.json['ticket']}"
    address, ticket = there.out.strip().split("#ticket=")
    assert address == "https://track.shop.example/"
    begun = [await ConsoleSessions(pool, keyring).begin(each) for each in (here.json["ticket"], ticket)]
    assert [None if each is None else each.scopes for each in begun] == [tuple(sorted(USUAL_SCOPES)), ("admin",)]
    assert [each.code for each in wrong] == [2, 2]
    assert "--hours" in wrong[0].err
    assert "metrics:read" in wrong[1].err
