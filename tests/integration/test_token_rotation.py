"""A new key takes over while processes with older ones go on; no token is lost, and none stays behind."""

import asyncio
from dataclasses import replace

import pytest

from app.devices.device import CardReport, DeviceReport
from app.devices.registry import DeviceRegistry
from app.token_rotation import NotRotatedError, TokenRotation
from app.webhooks.address import AddressRules
from app.webhooks.webhook import WebhookRequest
from app.webhooks.webhook_store import WebhookStore
from events.keyring import KNOWN_SECONDS, open_keyring
from events.keyring_keeper import KeyringKeeper
from events.postgres.pool import Pool
from events.postgres.statements import statement
from events.sealing import Keyring, TokenKeys, prefix_of
from tests.conftest import SECRETS, Clock
from tests.integration.command_line import lockstep


def registry_of(pool: Pool, keyring: Keyring) -> DeviceRegistry:
    """Give a process's registry."""
    return DeviceRegistry(pool, keyring, ring_matcher=lambda: None, ring_due=lambda _: None)


async def register(pool: Pool, keyring: Keyring, number: int) -> None:
    """Let a phone register, with a card."""
    registry = registry_of(pool, keyring)
    report = DeviceReport(
        app="com.example.shop",
        environment="sandbox",
        ios_version="18.2",
        start_tokens={"OrderAttributes": f"{number:04x}"},
        alert_token=f"aa{number:04x}",
    )
    await registry.register(f"phone-{number}", report)
    card = CardReport(subject=f"order-{number}", attributes_type="OrderAttributes", update_token=f"cc{number:04x}")
    await registry.report_card(f"phone-{number}", f"activity-{number}", card)


async def tokens(pool: Pool, keyring: Keyring) -> tuple[list[str], set[bytes]]:
    """Open every token that is stored, and give them with what they begin with."""
    rows = await pool.fetch(
        "SELECT token_sealed FROM push_tokens UNION ALL SELECT token_sealed FROM cards WHERE token_sealed IS NOT NULL"
    )
    sealed = [row["token_sealed"] for row in rows]
    return sorted(keyring.open_token(each) for each in sealed), {each[:8] for each in sealed}


@pytest.fixture
async def stored(pool: Pool, keyring: Keyring) -> list[str]:
    """Give some tokens of phones and cards, and a webhook with a secret."""
    for number in range(7):
        await register(pool, keyring, number)
    await WebhookStore(pool, keyring, AddressRules()).put("crm", WebhookRequest(url="https://crm.example.com/"))
    opened, _ = await tokens(pool, keyring)
    assert len(opened) == 21
    return opened


async def test_a_new_key_takes_over_in_batches(pool: Pool, keyring: Keyring, clock: Clock, stored: list[str]) -> None:
    """It seals once every process knows of it; then all is sealed anew, and a second run finds nothing to do."""
    running = await open_keyring(pool, SECRETS)
    rotation = TokenRotation(pool, SECRETS, keyring, batch=2)
    secret = await pool.fetchval("SELECT secret_sealed FROM webhooks")
    assert await rotation.add() == 1
    assert await rotation.look() == (1, False)
    assert (await rotation.reseal()).total == 0
    await clock.advance(seconds=KNOWN_SECONDS)
    assert await rotation.look() == (1, True)
    done = await rotation.reseal()
    assert (done.phones, done.cards, done.secrets, done.unreadable) == (14, 7, 1, 0)
    assert await tokens(pool, keyring) == (stored, {prefix_of(1)})
    anew = await pool.fetchval("SELECT secret_sealed FROM webhooks")
    assert anew.startswith(prefix_of(1))
    assert keyring.open_webhook_secret(anew, "crm") == running.open_webhook_secret(secret, "crm")
    assert (await rotation.reseal()).total == 0


async def test_who_runs_meanwhile_opens_old_and_new(
    pool: Pool, keyring: Keyring, clock: Clock, stored: list[str]
) -> None:
    """A process that knows of the key opens what others sealed with it before it seals with it itself."""
    await TokenRotation(pool, SECRETS, keyring).add()
    running = await open_keyring(pool, SECRETS)
    await register(pool, running, 7)
    await clock.advance(seconds=KNOWN_SECONDS)
    ahead = await open_keyring(pool, SECRETS)
    await register(pool, ahead, 8)
    opened, prefixes = await tokens(pool, running)
    assert set(stored) < set(opened)
    assert len(opened) == len(stored) + 6
    assert prefix_of(1) in prefixes
    assert len(prefixes) > 1


async def test_what_changed_since_it_was_read_is_left_alone(
    pool: Pool, keyring: Keyring, clock: Clock, stored: list[str]
) -> None:
    """A phone that registers another token between the reading and the writing keeps it."""
    rotation = TokenRotation(pool, SECRETS, keyring)
    await rotation.add()
    await clock.advance(seconds=KNOWN_SECONDS)
    await rotation.look()
    row = await pool.fetchrow("SELECT app, environment, token_hash, token_sealed FROM push_tokens LIMIT 1")
    assert row is not None
    key = [row["app"]], [row["environment"]], [row["token_hash"]]
    other = keyring.seal_token("beef")
    await pool.execute("UPDATE push_tokens SET token_sealed = $1 WHERE token_hash = $2", other, row["token_hash"])
    late = await pool.fetch(statement("app/reseal_push_tokens"), *key, [row["token_sealed"]], [b"late"])
    assert late == []
    assert "beef" in (await tokens(pool, keyring))[0]
    assert len(stored) == 21


async def test_one_that_was_stopped_goes_on(
    dsn: str, pool: Pool, keyring: Keyring, clock: Clock, stored: list[str]
) -> None:
    """What has the new key's mark is done; the command makes no second key for the rest."""
    rotation = TokenRotation(pool, SECRETS, keyring, batch=1)
    await rotation.add()
    await clock.advance(seconds=KNOWN_SECONDS)
    await rotation.look()

    class StoppedError(Exception):
        """Somebody pressed Ctrl-C."""

    def stop(_: int) -> None:
        raise StoppedError

    with pytest.raises(StoppedError):
        await rotation.reseal(stop)
    assert len((await tokens(pool, keyring))[1]) > 1
    done = await lockstep("secret", "rotate", "--json", dsn=dsn)
    assert done.json == {"key": 1, "sealed": {"phones": 14, "cards": 6, "secrets": 1, "unreadable": 0}}
    assert "goes on with key 1" in done.err
    await rotation.look()
    assert await tokens(pool, keyring) == (stored, {prefix_of(1)})


async def test_older_keys_go_once_they_are_of_no_use(
    pool: Pool, keyring: Keyring, clock: Clock, stored: list[str]
) -> None:
    """Not before there is another, not within its first hour, not while something is sealed by them."""
    rotation = TokenRotation(pool, SECRETS, keyring)
    with pytest.raises(NotRotatedError, match="secret rotate"):
        await rotation.retire()
    old = await open_keyring(pool, SECRETS)
    await rotation.add()
    await clock.advance(seconds=KNOWN_SECONDS)
    await rotation.look()
    await rotation.reseal()
    with pytest.raises(NotRotatedError, match="an hour"):
        await rotation.retire()
    await clock.advance(hours=1)
    await register(pool, old, 9)
    with pytest.raises(NotRotatedError, match="still sealed"):
        await rotation.retire()
    assert await rotation.retire() == [0]
    after = await open_keyring(pool, SECRETS)
    opened, prefixes = await tokens(pool, after)
    assert (len(opened), prefixes) == (len(stored) + 3, {prefix_of(1)})
    assert list(after.tokens.keys) == [1]
    assert await rotation.add() == 2


async def test_what_no_key_opens_stands_in_nobodys_way(pool: Pool, keyring: Keyring, clock: Clock) -> None:
    """It is counted, and left as it is."""
    await register(pool, keyring, 1)
    await pool.execute("UPDATE push_tokens SET token_sealed = 'nothing that anybody sealed'")
    rotation = TokenRotation(pool, SECRETS, keyring, batch=1)
    await rotation.add()
    await clock.advance(seconds=KNOWN_SECONDS)
    await rotation.look()
    done = await rotation.reseal()
    assert (done.phones, done.cards, done.unreadable) == (0, 1, 2)


async def test_a_process_learns_of_a_new_key(pool: Pool, keyring: Keyring, clock: Clock) -> None:
    """Without a restart."""
    running, stop = await open_keyring(pool, SECRETS), asyncio.Event()

    class Watched(TokenKeys):
        """Tells that it has other keys."""

        def take(self, other: TokenKeys) -> None:
            super().take(other)
            stop.set()

    watched = replace(running, tokens=Watched(running.tokens.keys))
    await TokenRotation(pool, SECRETS, keyring).add()
    await clock.advance(seconds=KNOWN_SECONDS)
    await KeyringKeeper(pool, SECRETS, watched).run(stop)
    assert (running.tokens.current, watched.tokens.current) == (0, 1)
