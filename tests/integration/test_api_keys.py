"""API keys in Postgres."""

import asyncio
from datetime import timedelta

import pytest

from app.access.api_key import Scope
from app.access.caller import Service
from app.access.key_store import REMEMBERED_SECONDS, KeyStore
from events.errors import StoreUnavailableError
from events.postgres.pool import Pool, open_pool
from events.sealing import Keyring
from tests.conftest import Clock


class Monotonic:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        """Read it."""
        return self.seconds


async def make(keys: KeyStore, *scopes: Scope, **more: object) -> tuple[str, str]:
    """Make a key and give it with its id."""
    key, stored = await keys.create(name="shop", environment="live", scopes=scopes, **more)  # type: ignore[arg-type]  # expires_at
    return key, stored.key_id


async def test_a_key_is_found_with_its_scopes(pool: Pool, keyring: Keyring) -> None:
    """What was made is found, and its id is public."""
    keys = KeyStore(pool, keyring)
    key, key_id = await make(keys, Scope.EVENTS_WRITE, Scope.ORDERS_READ)
    assert await keys.find(key) == Service(key_id, frozenset({Scope.EVENTS_WRITE, Scope.ORDERS_READ}))
    assert key.startswith(key_id)
    assert len(key_id) < len(key) / 2


async def test_the_table_holds_no_key(pool: Pool, keyring: Keyring) -> None:
    """A dump gives hashes that another installation's key would not make."""
    keys = KeyStore(pool, keyring)
    key, key_id = await make(keys, Scope.ADMIN)
    dump = str([dict(row) for row in await pool.fetch("SELECT * FROM api_keys")])
    assert key_id in dump
    assert key not in dump
    assert key[len(key_id) : -6] not in dump
    await pool.execute("UPDATE api_keys SET hash = sha256($1::bytea)", key.encode())
    assert await KeyStore(pool, keyring).find(key) is None


async def test_a_key_with_the_same_id_and_another_secret_is_not_found(pool: Pool, keyring: Keyring) -> None:
    """The id alone opens nothing."""
    keys = KeyStore(pool, keyring)
    key, _ = await make(keys, Scope.ADMIN)
    other, _ = await make(keys, Scope.ADMIN)
    await pool.execute("UPDATE api_keys SET hash = 'x'")
    assert await keys.find(key) is None
    assert await keys.find(other) is None
    assert await keys.find(key[:-1]) is None


async def test_a_revocation_holds_here_at_once(pool: Pool, keyring: Keyring) -> None:
    """The process that revokes forgets the key."""
    keys = KeyStore(pool, keyring)
    key, key_id = await make(keys, Scope.ADMIN)
    assert await keys.find(key)
    assert await keys.revoke(key_id)
    assert await keys.find(key) is None
    assert not await keys.revoke("lk_live_unknown")


async def test_a_revocation_holds_elsewhere_within_ten_seconds(pool: Pool, keyring: Keyring) -> None:
    """Another process remembers a key for ten seconds from when it asked, and no longer."""
    seconds = Monotonic()
    here, elsewhere = KeyStore(pool, keyring), KeyStore(pool, keyring, monotonic=seconds)
    key, key_id = await make(here, Scope.ADMIN)
    assert await elsewhere.find(key)
    await here.revoke(key_id)
    seconds.seconds = REMEMBERED_SECONDS - 0.1
    assert await elsewhere.find(key)
    seconds.seconds = REMEMBERED_SECONDS
    assert await elsewhere.find(key) is None


async def test_an_expiry_is_not_outlived_by_memory(pool: Pool, keyring: Keyring) -> None:
    """A key that ends in five seconds is remembered for five."""
    seconds = Monotonic()
    keys = KeyStore(pool, keyring, monotonic=seconds)
    now = await pool.fetchval("SELECT lockstep_now()")
    key, key_id = await make(keys, Scope.ADMIN, expires_at=now + timedelta(seconds=5))
    assert await keys.find(key)
    await pool.execute("UPDATE api_keys SET expires_at = $2 WHERE key_id = $1", key_id, now)
    seconds.seconds = 5.1
    assert await keys.find(key) is None


async def test_a_crowd_asks_once(pool: Pool, keyring: Keyring) -> None:
    """Many requests with one key that is not remembered are one question, and one that gives up harms nobody."""
    keys = KeyStore(pool, keyring)
    key, key_id = await make(keys, Scope.ADMIN)
    tasks = [asyncio.ensure_future(keys.find(key)) for _ in range(50)]
    await asyncio.sleep(0)
    assert len(keys._lookups) == 1
    tasks[0].cancel()
    found = await asyncio.gather(*tasks[1:])
    assert {service.key_id for service in found if service is not None} == {key_id}
    assert not keys._lookups


async def test_a_revocation_during_the_question_is_not_remembered_away(pool: Pool, keyring: Keyring) -> None:
    """An answer from before a revocation does not come back into memory."""
    keys = KeyStore(pool, keyring)
    key, key_id = await make(keys, Scope.ADMIN)
    asked = asyncio.ensure_future(keys.find(key))
    await asyncio.sleep(0)
    await keys.revoke(key_id)
    await asked
    assert await keys.find(key) is None


async def test_the_list_shows_everything_but_the_keys(pool: Pool, keyring: Keyring) -> None:
    """The newest comes first; revoked ones stay, with the time of the first revocation."""
    keys = KeyStore(pool, keyring)
    _, old = await make(keys, Scope.ADMIN)
    _, new = await make(keys, Scope.DEVICES_WRITE, Scope.EVENTS_WRITE)
    await keys.revoke(old)
    first = (await keys.list_keys())[1].revoked_at
    await keys.revoke(old)
    listed = await keys.list_keys()
    assert [(each.key_id, each.scopes) for each in listed] == [
        (new, ("devices:write", "events:write")),
        (old, ("admin",)),
    ]
    assert (listed[0].revoked_at, listed[1].revoked_at) == (None, first)
    assert first is not None


async def test_a_scope_of_a_newer_release_is_ignored(pool: Pool, keyring: Keyring) -> None:
    """What this release does not know allows nothing."""
    keys = KeyStore(pool, keyring)
    key, _ = await make(keys, Scope.ORDERS_READ)
    await pool.execute("UPDATE api_keys SET scopes = scopes || '{orders:teleport}'")
    found = await keys.find(key)
    assert found is not None
    assert found.scopes == {Scope.ORDERS_READ}


async def test_without_postgres_nobody_is_known(dsn: str, keyring: Keyring) -> None:
    """A store that is away is said to be away, not taken for a refusal."""
    pool = await open_pool(dsn, name="tests")
    keys = KeyStore(pool, keyring)
    key, _ = await make(keys, Scope.ADMIN)
    await pool.close()
    with pytest.raises(StoreUnavailableError):
        await keys.find(key)


async def test_the_successor_does_what_the_old_one_did_while_both_are_good(
    pool: Pool, keyring: Keyring, clock: Clock
) -> None:
    """Both open the same for the overlap; after it the old one opens nothing. A key has one successor."""
    keys = KeyStore(pool, keyring)
    old, old_id = await make(keys, Scope.EVENTS_WRITE)
    [chosen] = await keys.rotatable("shop")
    rotated = await keys.rotate(chosen.key_id, overlap_seconds=3_600)
    assert rotated is not None
    new, stored = rotated
    listed = {each.key_id: each for each in await keys.list_keys()}

    assert chosen.key_id == old_id
    assert await KeyStore(pool, keyring).find(new) == Service(stored.key_id, frozenset({Scope.EVENTS_WRITE}))
    assert await KeyStore(pool, keyring).find(old) == Service(old_id, frozenset({Scope.EVENTS_WRITE}))
    assert listed[old_id].replaced_by == stored.key_id
    assert (stored.name, stored.environment, stored.expires_at) == ("shop", "live", None)
    assert await keys.rotate(old_id, overlap_seconds=3_600) is None
    assert [each.key_id for each in await keys.rotatable("shop")] == [stored.key_id]
    await clock.advance(seconds=3_601)
    assert await KeyStore(pool, keyring).find(old) is None
    assert await KeyStore(pool, keyring).find(new) is not None


async def test_a_rotation_makes_no_life_longer(pool: Pool, keyring: Keyring, clock: Clock) -> None:
    """An old key that ends sooner than the overlap ends then; the new one lives as long as the old one was made for."""
    keys = KeyStore(pool, keyring)
    now = await clock.now()
    _, old_id = await make(keys, Scope.ADMIN, expires_at=now + timedelta(days=90))
    await clock.advance(days=89)
    rotated = await keys.rotate(old_id, overlap_seconds=7 * 86_400)
    assert rotated is not None
    listed = {each.key_id: each for each in await keys.list_keys()}

    assert listed[old_id].expires_at == now + timedelta(days=90)
    assert rotated[1].expires_at is not None
    assert timedelta(days=89.9) < rotated[1].expires_at - await clock.now() <= timedelta(days=90)
    await clock.advance(days=91)
    assert await keys.rotatable("shop") == []
    assert await keys.rotate(rotated[1].key_id, overlap_seconds=1) is None


async def test_use_is_written_off_the_request_path_and_once_a_minute(
    pool: Pool, keyring: Keyring, clock: Clock
) -> None:
    """Finding a key writes nothing; what was found is written together, by all processes once a minute."""
    here, elsewhere = KeyStore(pool, keyring), KeyStore(pool, keyring)
    key, key_id = await make(here, Scope.ADMIN)
    _, unused = await make(here, Scope.ADMIN)

    async def used() -> dict[str, object]:
        return {each.key_id: each.last_used_at for each in await here.list_keys()}

    assert await here.find(key)
    assert await elsewhere.find(key)
    assert await used() == {key_id: None, unused: None}
    await here.note_use()
    first = (await used())[key_id]
    assert first is not None
    await elsewhere.note_use()
    assert await used() == {key_id: first, unused: None}
    await clock.advance(seconds=61)
    await here.note_use()
    assert await used() == {key_id: first, unused: None}
    assert await here.find(key)
    await here.note_use()
    assert (await used())[key_id] != first


async def test_a_process_that_leaves_writes_what_was_used(pool: Pool, keyring: Keyring) -> None:
    """Its last minute is not lost."""
    keys = KeyStore(pool, keyring)
    key, _ = await make(keys, Scope.ADMIN)
    assert await keys.find(key)
    stop = asyncio.Event()
    stop.set()
    await keys.run(stop)
    assert [each.last_used_at is not None for each in await keys.list_keys()] == [True]
