"""The installation's keys: made once, whoever starts first, and closed to another secret key."""

import asyncio
import sys

import pytest

from events.errors import SecretKeyError
from events.keyring import NAMES, open_keyring
from events.postgres.pool import Pool
from events.secret_keys import SecretKeys
from tests.conftest import SECRET_KEY, SECRETS

OPENER = """
import asyncio, hashlib, sys
from events.keyring import open_keyring
from events.postgres.pool import open_pool
from events.secret_keys import SecretKeys

async def main():
    async with await open_pool(sys.argv[1], name="lockstep-test", most=1) as pool:
        sys.stdin.readline()
        keys = await open_keyring(pool, SecretKeys(bytes.fromhex(sys.argv[2])))
    print(hashlib.sha256(keys.wrap + keys.hash + keys.tokens.keys[0] + keys.tickets).hexdigest())

asyncio.run(main())
"""


async def opened_by_a_process(dsn: str, start: asyncio.Event) -> str:
    """Open the keys from another process, and give their fingerprint."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", OPENER, dsn, SECRET_KEY.hex()), stdin=-1, stdout=-1
    )
    await start.wait()
    out, _ = await process.communicate(b"\n")
    assert process.returncode == 0
    return out.decode().strip()


async def test_the_keys_are_made_once(pool: Pool) -> None:
    """Whoever opens them later has the same; the four differ from each other."""
    first = await open_keyring(pool, SECRETS)

    assert await open_keyring(pool, SECRETS) == first
    assert len({first.wrap, first.hash, first.tokens.keys[0], first.tickets, SECRET_KEY}) == 5


async def test_eight_that_race_have_one_set_of_keys(pool: Pool) -> None:
    """On a fresh database, all first starts agree."""
    keyrings = await asyncio.gather(*(open_keyring(pool, SECRETS) for _ in range(8)))

    assert all(keyring == keyrings[0] for keyring in keyrings)
    assert await pool.fetchval("SELECT count(*) FROM keyring") == len(NAMES)


async def test_processes_that_race_have_one_set_of_keys(dsn: str, pool: Pool) -> None:
    """As tasks do, so do processes."""
    start = asyncio.Event()
    openers = [asyncio.create_task(opened_by_a_process(dsn, start)) for _ in range(3)]
    start.set()

    assert len(set(await asyncio.gather(*openers))) == 1
    assert await pool.fetchval("SELECT count(*) FROM keyring") == len(NAMES)


async def test_another_secret_key_opens_nothing(pool: Pool) -> None:
    """It is refused with a sentence that names the setting, and what is stored stays as it is."""
    first = await open_keyring(pool, SECRETS)
    with pytest.raises(SecretKeyError, match="LOCKSTEP_SECRET_KEY"):
        await open_keyring(pool, SecretKeys(SECRET_KEY[::-1]))

    assert await open_keyring(pool, SECRETS) == first


async def test_no_key_is_stored_plain(pool: Pool) -> None:
    """A dump holds wrapped keys alone."""
    keys = await open_keyring(pool, SECRETS)
    stored = b"".join(row["wrapped"] for row in await pool.fetch("SELECT wrapped FROM keyring"))

    assert not [key for key in (keys.wrap, keys.hash, keys.tokens.keys[0], keys.tickets, SECRET_KEY) if key in stored]
