"""The secret key is changed while everything goes on: nothing closes, nothing is lost, what was erased stays erased."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Final

import pytest

from app.access.api_key import Scope
from app.access.caller import Customer
from app.access.key_store import KeyStore
from app.access.senders import Senders
from app.access.ticket import mint, read
from app.devices.registry import DeviceRegistry
from app.webhooks.address import AddressRules
from app.webhooks.signature import signed_headers
from app.webhooks.webhook import WebhookRequest
from app.webhooks.webhook_store import WebhookStore
from events.errors import SecretKeyError
from events.feed_cursor import FeedCursor, FeedName, read_cursor, write_cursor
from events.keyring import NAMES, add_keys, name_of, open_keyring, read_keyring
from events.outcome import Appended, Duplicate
from events.postgres.pool import Pool
from events.rewrapping import Rewrapped, rewrap, wrapped_before
from events.sealing import Keyring
from events.secret_keys import SecretKeys
from events.store import EventStore
from tests.conftest import SECRET_KEY, SECRETS
from tests.examples.devices import device
from tests.examples.log import group, note
from tests.integration.command_line import Done, begin, lockstep
from tests.integration.dumped import dumped, found_in
from tests.integration.wire import backend_that_waits

NEW: Final = b"the secret key that is to be ...."[:32]
CHANGING: Final = SecretKeys(NEW, SECRET_KEY)
CHANGED: Final = SecretKeys(NEW)
NOTE: Final = "Please ring twice for Eleni Papadaki"
GONE: Final = "Never mind, says Kostas"
TOKEN: Final = "5d" * 32
NOW: Final = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def in_base64(key: bytes) -> str:
    """Write a key as it is set."""
    return base64.b64encode(key).decode()


async def changing(*command: str, dsn: str) -> Done:
    """Run a command that was given the new key and the one before it."""
    return await lockstep(
        *command, dsn=dsn, LOCKSTEP_SECRET_KEY=in_base64(NEW), LOCKSTEP_SECRET_KEY_PREVIOUS=in_base64(SECRET_KEY)
    )


class Kept:
    """Something of every kind that hangs on the secret key, made with one keyring and looked for with others."""

    def __init__(self, pool: Pool, keyring: Keyring) -> None:
        self._pool = pool
        self._made_with = keyring
        self._ticket, _ = mint(Customer("customer-7"), keyring.tickets, now=NOW, ttl_seconds=600)
        self._cursor = write_cursor(FeedCursor(), FeedName.EVENTS, keyring.hash)
        self._key = self._secret = self._webhook_secret = ""

    async def store(self) -> None:
        """Store it: an order with a note, another that is erased, a phone, a key, and secrets."""
        log = EventStore(self._pool, self._made_with)
        await log.append([group(note(NOTE)), group(note(GONE, subject_id="order-2"))])
        await log.erase("order-2")
        await self._register("phone-1", self._made_with)
        self._key, _ = await KeyStore(self._pool, self._made_with).create(
            name="shop", environment="test", scopes=[Scope.EVENTS_WRITE]
        )
        self._secret = await Senders(self._pool, self._made_with).put("pos", None, overlap_seconds=0)
        await WebhookStore(self._pool, self._made_with, AddressRules()).put(
            "crm", WebhookRequest(url="https://crm.example.com/")
        )
        self._webhook_secret = await self._opened_webhook_secret(self._made_with)

    async def opens(self, keyring: Keyring) -> None:
        """See that whoever has these keys finds and opens all of it, and nothing that was erased."""
        log = EventStore(self._pool, keyring)
        assert [each.personal async for each in log.read_subject("order-1")] == [note(NOTE).personal]
        assert [(each.type, each.personal) async for each in log.read_subject("order-2")] == [
            ("order.note", None),
            ("order.erased", None),
        ]
        assert await self._pool.fetchval("SELECT wrapped IS NULL FROM subject_keys WHERE subject_id = 'order-2'")
        [[repeated]] = await log.append([group(note(NOTE))])
        assert isinstance(repeated, Duplicate)
        service = await KeyStore(self._pool, keyring).find(self._key)
        assert service is not None
        signed = signed_headers("m", int(NOW.timestamp()), b"", [self._secret])
        assert await Senders(self._pool, keyring).identify("pos", signed, b"", now=NOW)
        assert await self._opened_webhook_secret(keyring) == self._webhook_secret
        assert read(self._ticket, keyring.tickets, now=NOW) == Customer("customer-7")
        assert read_cursor(self._cursor, FeedName.EVENTS, keyring.hash) == FeedCursor()
        # the blind index finds the token: it is one row, and goes to who registers it last
        await self._register("phone-2", keyring)
        await self._register("phone-1", keyring)
        [row] = await self._pool.fetch("SELECT device_id, token_sealed FROM push_tokens")
        assert (row["device_id"], keyring.open_token(row["token_sealed"])) == ("phone-1", TOKEN)

    async def _register(self, device_id: str, keyring: Keyring) -> None:
        registry = DeviceRegistry(self._pool, keyring, ring_matcher=lambda: None, ring_due=lambda _: None)
        await registry.register(device_id, device(start_tokens={"OrderAttributes": TOKEN}, customer_id="customer-7"))

    async def _opened_webhook_secret(self, keyring: Keyring) -> str:
        return keyring.open_webhook_secret(await self._pool.fetchval("SELECT secret_sealed FROM webhooks"), "crm")


class Traffic:
    """Writers of two processes, each with the keys that it has opened, that append to one order in turn."""

    def __init__(self, pool: Pool, *keyrings: Keyring) -> None:
        self._stores = [EventStore(pool, each) for each in keyrings]
        self._stop = asyncio.Event()
        self.written = 0

    @asynccontextmanager
    async def flowing(self) -> AsyncIterator[None]:
        """Append for as long as the block lasts, and once from each at the least."""
        task = asyncio.create_task(self._flow())
        try:
            yield
        finally:
            self._stop.set()
            await task

    async def read(self, store: EventStore) -> list[bytes | None]:
        """Read what they have written."""
        return [each.personal async for each in store.read_subject("order-3")]

    async def _flow(self) -> None:
        while not self._stop.is_set() or self.written < len(self._stores):
            for store in self._stores:
                event = note(f"{NOTE} {self.written}", f"event-{self.written}", subject_id="order-3")
                [[outcome]] = await store.append([group(event)])
                assert isinstance(outcome, Appended)
                self.written += 1


async def kill_in_the_middle(dsn: str, pool: Pool) -> None:
    """Kill the command when it has read the keys and waits for the lock of one of them."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT FROM keyring WHERE name = 'tickets' FOR UPDATE")
        process = await begin(
            *("secret", "rewrap"), dsn=dsn,
            LOCKSTEP_SECRET_KEY=in_base64(NEW), LOCKSTEP_SECRET_KEY_PREVIOUS=in_base64(SECRET_KEY),
        )  # fmt: skip
        try:
            async with pool.acquire() as looking:
                backend = await backend_that_waits(looking)
                process.kill()
                await process.communicate()
                # Postgres would do what a client that is gone has asked for
                await looking.execute("SELECT pg_terminate_backend($1, 5000)", backend)
        finally:
            if process.returncode is None:
                process.kill()
                await process.communicate()


async def test_the_secret_key_is_changed_under_traffic(dsn: str, pool: Pool, keyring: Keyring) -> None:
    """Old and new processes write side by side, the command is killed and run again, and the old key opens nothing."""
    kept = Kept(pool, keyring)
    await kept.store()
    between = await open_keyring(pool, CHANGING)
    traffic = Traffic(pool, keyring, between)
    async with traffic.flowing():
        await kill_in_the_middle(dsn, pool)
        for secrets in (SECRETS, CHANGING):
            await kept.opens(await open_keyring(pool, secrets))
        done = await changing("secret", "rewrap", "--json", dsn=dsn)
        again = await changing("secret", "rewrap", "--json", dsn=dsn)
        await kept.opens(keyring)
    assert (done.json, again.json) == ({"rewrapped": 4, "already": 0}, {"rewrapped": 0, "already": 4})
    with pytest.raises(SecretKeyError, match=r"does not open 4 of the 4 .*give this process the new one"):
        await open_keyring(pool, SECRETS)
    after = await open_keyring(pool, CHANGED)
    assert after == keyring == between
    await kept.opens(after)
    written = await traffic.read(EventStore(pool, after))
    assert written == [note(f"{NOTE} {number}").personal for number in range(traffic.written)]
    # a dump from now on is of no use to who has the old key
    assert found_in(await dumped(dsn), {NOTE, GONE, TOKEN}) == set()


async def test_a_change_is_all_or_nothing(pool: Pool, keyring: Keyring) -> None:
    """Also where a key that neither opens is among them: then nothing is changed, and it is said."""
    await add_keys(pool, SecretKeys(NEW[::-1]), [name_of(1)])
    before = await read_keyring(pool)
    with pytest.raises(SecretKeyError, match=r"Neither .* opens 1 of the 5"):
        await rewrap(pool, CHANGING)
    assert await read_keyring(pool) == before
    await pool.execute("DELETE FROM keyring WHERE name = $1", name_of(1))
    assert await rewrap(pool, CHANGING) == Rewrapped(4, 0)
    assert await open_keyring(pool, CHANGED) == keyring


@pytest.mark.usefixtures("keyring")
async def test_a_key_that_came_meanwhile_from_who_has_the_old_one_is_wrapped_too(pool: Pool) -> None:
    """Somebody who was not given the new secret key makes a new key for tokens: the next run finds it."""
    await rewrap(pool, CHANGING)
    await add_keys(pool, SECRETS, [name_of(1)])
    with pytest.raises(SecretKeyError, match="does not open 1 of the 5"):
        await open_keyring(pool, CHANGED)
    assert [each.name for each in wrapped_before(await read_keyring(pool), CHANGING)] == [name_of(1)]
    assert await rewrap(pool, CHANGING) == Rewrapped(1, 4)
    assert len((await open_keyring(pool, CHANGED)).tokens.keys) == 2


@pytest.mark.usefixtures("keyring")
async def test_who_has_another_secret_key_adds_nothing(pool: Pool) -> None:
    """Where a key is missing, one that the others cannot open would keep them all from starting again."""
    await pool.execute("DELETE FROM keyring WHERE name = 'tickets'")
    with pytest.raises(SecretKeyError):
        await open_keyring(pool, SecretKeys(NEW))
    assert {each.name for each in await read_keyring(pool)} == set(NAMES) - {"tickets"}
    await open_keyring(pool, SECRETS)
    assert {each.name for each in await read_keyring(pool)} == set(NAMES)


@pytest.mark.usefixtures("keyring")
async def test_the_command_line_says_cause_and_cure(dsn: str) -> None:
    """With the new key alone, too early; with the old one alone, too late; with both the same; and in the right way."""
    early = await lockstep("keys", "list", dsn=dsn, LOCKSTEP_SECRET_KEY=in_base64(NEW))
    same = await lockstep("keys", "list", dsn=dsn, LOCKSTEP_SECRET_KEY_PREVIOUS=in_base64(SECRET_KEY))
    rotated = await changing("secret", "rotate", dsn=dsn)
    done = await changing("secret", "rewrap", dsn=dsn)
    late = await lockstep("keys", "list", dsn=dsn)
    assert [each.code for each in (early, same, rotated, done, late)] == [2, 2, 1, 0, 2]
    assert "set LOCKSTEP_SECRET_KEY_PREVIOUS to the one before it" in early.err
    assert "is the same as LOCKSTEP_SECRET_KEY" in same.err
    assert "lockstep secret rewrap" in rotated.err
    assert "Wrapped 4 keys" in done.out
    assert "take LOCKSTEP_SECRET_KEY_PREVIOUS out of every process" in done.out
    assert "If it was changed elsewhere, give this process the new one" in late.err
    assert (await lockstep("keys", "list", dsn=dsn, LOCKSTEP_SECRET_KEY=in_base64(NEW))).code == 0
