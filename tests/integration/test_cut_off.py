"""A process that is cut off while others go on to a new key: it takes nothing for damaged, and loses nothing."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.access.senders import Senders
from app.cli.database import database_of
from app.token_rotation import RETIRED_SECONDS, TokenRotation
from events import keyring_keeper
from events.errors import StoreUnavailableError
from events.keyring import KNOWN_SECONDS, add_keys, name_of, open_keyring
from events.keyring_keeper import LOOKED_SECONDS, TRUSTED_SECONDS, KeyringKeeper
from events.postgres.pool import Pool, open_pool
from events.rewrapping import rewrap
from events.sealing import Keyring, prefix_of
from events.secret_keys import SecretKeys
from tests.conftest import SECRET_KEY, SECRETS, Clock
from tests.integration.dispatching import Apns, dispatcher, work
from tests.integration.flow import Flow
from tests.integration.wire import Wire


@dataclass
class Far:
    """A process at the other end of a line that may be cut; its seconds pass when the test says so."""

    wire: Wire
    pool: Pool
    keyring: Keyring
    seconds: float = 0.0

    def __post_init__(self) -> None:
        self.keeper = KeyringKeeper(self.pool, SECRETS, self.keyring, seconds=lambda: self.seconds)
        self.flow = Flow(self.pool, self.keyring)

    async def come_back(self, *, seconds: float) -> None:
        """See that it has not learnt of anything, and let it reach Postgres again after so long."""
        with pytest.raises(StoreUnavailableError):
            await self.keeper.look()
        self.seconds += seconds
        self.wire.mend()


@pytest.fixture
async def far(wire: Wire, keyring: Keyring) -> AsyncIterator[Far]:
    """A process that has opened the keys, as the others have."""
    async with await open_pool(wire.dsn, name="lockstep-far", most=4) as pool:
        made = Far(wire, pool, await open_keyring(pool, SECRETS))
        assert made.keyring == keyring
        yield made


async def replace_key(rotation: TokenRotation, clock: Clock) -> None:
    """Let a new key take over what the one before it has sealed."""
    await rotation.add()
    await clock.advance(seconds=KNOWN_SECONDS)
    await rotation.look()
    await rotation.reseal()


async def test_what_a_new_key_has_sealed_is_not_taken_for_damaged(flow: Flow, clock: Clock, far: Far) -> None:
    """Its cards wait until it has looked, instead of failing for an hour, and Apple is shown no second token."""
    await flow.wanted()
    await work(dispatcher(flow, Apns()))
    far.wire.lose()
    await replace_key(TokenRotation(flow.pool, SECRETS, flow.keyring), clock)
    await flow.pool.execute("DELETE FROM provider_tokens")
    await flow.place("order-2")
    await flow.settle("order-2")
    near = Apns()
    await work(dispatcher(flow, near))
    await flow.place("order-3")
    await flow.settle("order-3")
    signed = await flow.pool.fetch("SELECT * FROM provider_tokens")
    await far.come_back(seconds=KNOWN_SECONDS)
    apns = Apns()
    theirs = dispatcher(far.flow, apns)
    with pytest.raises(StoreUnavailableError):
        await work(theirs)
    assert apns.requests == []
    [card] = await flow.rows("order-3")
    assert (card["phase"], card["claim_at"] <= await clock.now()) == ("wanted", True)
    await far.keeper.look()
    await work(theirs)
    assert (near.events(), apns.events()) == (["start"], ["start"])
    assert await flow.pool.fetch("SELECT * FROM provider_tokens") == signed


async def test_nothing_is_sealed_with_a_key_that_was_retired(flow: Flow, clock: Clock, far: Far) -> None:
    """After more than an hour away: whoever asks is to ask again, nothing is stored, and the next look mends it."""
    far.wire.lose()
    rotation = TokenRotation(flow.pool, SECRETS, flow.keyring)
    await replace_key(rotation, clock)
    await clock.advance(seconds=RETIRED_SECONDS)
    assert await rotation.retire() == [0]
    await far.come_back(seconds=RETIRED_SECONDS)
    with pytest.raises(StoreUnavailableError, match="ask again"):
        await far.flow.register()
    with pytest.raises(StoreUnavailableError, match="ask again"):
        await Senders(far.pool, far.keyring).put("pos", None, overlap_seconds=0)
    assert [await flow.pool.fetchval(f"SELECT count(*) FROM {each}") for each in ("devices", "senders")] == [0, 0]
    await far.keeper.look()
    await far.flow.register()
    sealed = await flow.pool.fetchval("SELECT token_sealed FROM push_tokens")
    assert sealed.startswith(prefix_of(1))
    assert flow.keyring.open_token(sealed) == b"phone-1".hex()


async def test_a_short_cut_is_not_felt(flow: Flow, far: Far) -> None:
    """Nobody can have gone on to another key by then: a new one waits for longer than the old ones are trusted."""
    far.wire.lose()
    await far.come_back(seconds=TRUSTED_SECONDS)
    await far.flow.register()
    assert flow.keyring.open_token(await flow.pool.fetchval("SELECT token_sealed FROM push_tokens"))
    assert TRUSTED_SECONDS + LOOKED_SECONDS < KNOWN_SECONDS


async def test_who_was_not_given_the_new_secret_key_serves_on_until_there_is_a_key_that_it_cannot_open(
    flow: Flow, far: Far
) -> None:
    """What it has opened is what the others have; a key that it does not have is another matter."""
    changing = SecretKeys(SECRET_KEY[::-1], SECRET_KEY)
    await rewrap(flow.pool, changing)
    for _ in range(3):
        far.seconds += TRUSTED_SECONDS
        await far.keeper.look()
    await far.flow.register()
    await add_keys(flow.pool, changing, [name_of(1)])
    await far.keeper.look()
    far.seconds += TRUSTED_SECONDS + 1
    await far.keeper.look()
    with pytest.raises(StoreUnavailableError):
        await far.flow.register("phone-2")


async def test_a_command_that_takes_long_follows_too(
    dsn: str, pool: Pool, keyring: Keyring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An import may go on for longer than a key is kept; what it seals is sealed with one that is there."""
    monkeypatch.setattr(keyring_keeper, "LOOKED_SECONDS", 0.0)
    async with database_of(dsn, tmp_path, lambda: SECRETS) as database:
        assert database.keyring == keyring
        await add_keys(pool, SECRETS, [name_of(1)])
        while 1 not in database.keyring.tokens.keys:
            await pool.fetchval("SELECT 1")


async def test_a_rotation_takes_nothing_back_from_a_newer_key(flow: Flow, clock: Clock, far: Far) -> None:
    """It was begun before, and goes on after somebody else has made another key."""
    await flow.register()
    behind = TokenRotation(far.pool, SECRETS, far.keyring)
    await replace_key(behind, clock)
    await replace_key(TokenRotation(flow.pool, SECRETS, flow.keyring), clock)
    assert far.keyring.tokens.current == 1
    assert (await behind.reseal()).total == 0
    sealed = await flow.pool.fetchval("SELECT token_sealed FROM push_tokens")
    assert sealed.startswith(prefix_of(2))
