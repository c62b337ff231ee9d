"""One provider token for all processes of a key, sealed in one row."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from app.apns.dispatcher import Dispatcher
from app.apns.held_token import Invalidation
from app.apns.provider_token import ProviderToken
from app.apns.shared_token import ASK_AGAIN_SECONDS, SharedProviderToken
from events.errors import StoreUnavailableError
from events.postgres.pool import Pool, open_pool
from events.sealing import Keyring
from tests.conftest import Clock
from tests.integration.dispatching import EVERYTHING, PEM, POLL_NEVER, Apns, dispatcher, one_key, work
from tests.integration.flow import Flow

T0 = 1_800_000_000.0
MINUTE = 60


class Signer(ProviderToken):
    """Counts what it signs."""

    signed = 0

    def _sign(self, issued_at: int) -> str:
        self.signed += 1
        return super()._sign(issued_at)


def a_signer() -> Signer:
    """Make a signer with a fresh memory."""
    return Signer("TEAM123456", "KEY1234567", PEM)


def a_process(pool: Pool, keyring: Keyring, signer: Signer | None = None) -> SharedProviderToken:
    """Give what one process has."""
    return SharedProviderToken(pool, keyring, signer or a_signer())


@pytest.fixture
async def own_pool(dsn: str) -> AsyncIterator[Pool]:
    """A pool that a test may close; Postgres is away for it then."""
    pool = await open_pool(dsn, name="lockstep-test", most=2)
    yield pool
    pool.terminate()


async def test_two_processes_send_one_token(pool: Pool, keyring: Keyring) -> None:
    """The second takes what the first signed, and signs nothing."""
    second = a_signer()
    first = await a_process(pool, keyring).bearer(T0)
    assert await a_process(pool, keyring, second).bearer(T0 + 30 * MINUTE) == first
    assert second.signed == 0


async def test_of_twenty_processes_that_renew_at_once_one_wins(pool: Pool, keyring: Keyring) -> None:
    """At the first token and at each renewal: all of them use what is stored, whoever signed it."""
    processes = [a_process(pool, keyring) for _ in range(20)]
    seen = set()
    for now in (T0, T0 + 46 * MINUTE, T0 + 92 * MINUTE):
        # each process has a clock that is a little off, so that two winners would show
        bearers = await asyncio.gather(*(each.bearer(now + place) for place, each in enumerate(processes)))
        [bearer] = set(bearers)
        assert await a_process(pool, keyring).bearer(now + 60) == bearer
        seen.add(bearer)
    assert len(seen) == 3


async def test_a_hundred_pushes_of_a_process_share_one_signature(pool: Pool, keyring: Keyring) -> None:
    """Whoever comes while the token is renewed waits for it."""
    signer = a_signer()
    process = a_process(pool, keyring, signer)
    assert len(set(await asyncio.gather(*(process.bearer(T0) for _ in range(100))))) == 1
    assert signer.signed == 1


async def test_a_push_asks_nobody_while_the_token_is_good(own_pool: Pool, keyring: Keyring) -> None:
    """Without one step of the event loop."""
    process = a_process(own_pool, keyring)
    token = await process.bearer(T0)
    own_pool.terminate()
    push = process.bearer(T0 + 45 * MINUTE - 1)
    with pytest.raises(StopIteration) as done:
        push.send(None)
    assert done.value.value == token


async def test_a_token_that_replaces_a_refused_one_is_shared(pool: Pool, keyring: Keyring) -> None:
    """The other process takes it when its own is refused; a refusal of a young one changes nothing."""
    first, second = a_process(pool, keyring), a_process(pool, keyring)
    old = await first.bearer(T0)
    assert await second.bearer(T0) == old
    now = T0 + 25 * MINUTE
    assert first.invalidate(old, now) is Invalidation.RENEWING
    new = await first.bearer(now)
    assert new != old
    assert second.invalidate(old, now) is Invalidation.RENEWING
    assert await second.bearer(now) == new
    assert second.invalidate(new, now + 60) is Invalidation.TOO_YOUNG
    assert second.invalidate(old, now + 60) is Invalidation.REPLACED
    assert await second.bearer(now + 60) == new


async def test_without_postgres_the_token_is_used_as_long_as_apple_takes_it(own_pool: Pool, keyring: Keyring) -> None:
    """Then pushes wait: a token that others do not know would be refused, or would have theirs refused."""
    signer = a_signer()
    process = a_process(own_pool, keyring, signer)
    token = await process.bearer(T0)
    own_pool.terminate()
    for minutes in (45, 50, 58):
        assert await process.bearer(T0 + minutes * MINUTE) == token
        assert await process.bearer(T0 + minutes * MINUTE + ASK_AGAIN_SECONDS / 2) == token
    with pytest.raises(StoreUnavailableError):
        await process.bearer(T0 + 59 * MINUTE)
    another = a_signer()
    with pytest.raises(StoreUnavailableError):
        await a_process(own_pool, keyring, another).bearer(T0)
    assert (signer.signed, another.signed) == (1, 0)


async def test_a_clock_that_went_back_leaves_all_with_one_token(pool: Pool, keyring: Keyring) -> None:
    """The row is taken although its token is the older one by its time."""
    first, second = a_process(pool, keyring), a_process(pool, keyring)
    ahead = await first.bearer(T0)
    assert await second.bearer(T0) == ahead
    back = T0 - 30 * MINUTE
    token = await first.bearer(back)
    assert token != ahead
    assert await second.bearer(back + 1) == token
    assert await first.bearer(back + 2) == token


async def test_the_row_shows_no_token(pool: Pool, keyring: Keyring) -> None:
    """Neither whole nor in part; and it opens for its own key and time alone."""
    token = await a_process(pool, keyring).bearer(T0)
    [row] = await pool.fetch("SELECT team_id, key_id, sealed, issued_at FROM provider_tokens")
    assert (row["team_id"], row["key_id"], row["issued_at"].timestamp()) == ("TEAM123456", "KEY1234567", T0)
    for part in token.split("."):
        assert part.encode() not in row["sealed"]


async def test_a_row_that_cannot_be_opened_is_replaced(pool: Pool, keyring: Keyring) -> None:
    """So that pushes go on, at the price of Apple's twenty minutes."""
    await a_process(pool, keyring).bearer(T0)
    await pool.execute("UPDATE provider_tokens SET issued_at = issued_at - interval '1 second'")
    token = await a_process(pool, keyring).bearer(T0 + 60)
    assert await a_process(pool, keyring).bearer(T0 + 120) == token


async def test_a_start_that_waits_for_the_token_is_not_taken_for_begun(
    pool: Pool, own_pool: Pool, keyring: Keyring, clock: Clock
) -> None:
    """Its intent falls, nothing was sent, and who has a token sends it."""
    flow, apns = Flow(pool, keyring), Apns()
    await flow.register()
    await flow.happen("order-1", "order.placed")
    await flow.settle("order-1")
    own_pool.terminate()
    without = Dispatcher(pool, keyring, apns, one_key(a_process(own_pool, keyring)), flow.due.extend, rules=POLL_NEVER)
    without.hear(EVERYTHING)
    stop = asyncio.Event()
    settled = asyncio.ensure_future(without._settler.run(stop))
    assert await without.dispatch_some() == 1
    await without.drained()
    stop.set()
    await settled
    [card] = await pool.fetch("SELECT phase, outcome, intent_kind FROM cards")
    assert dict(card) == {"phase": "wanted", "outcome": "postponed", "intent_kind": None}
    assert apns.requests == []
    await clock.advance(seconds=2)  # one push a second
    await work(dispatcher(flow, apns))
    assert apns.events() == ["start"]


async def test_a_token_of_another_private_key_under_the_same_id_is_replaced(pool: Pool, keyring: Keyring) -> None:
    """A key that was made anew must not send what its predecessor signed."""
    other = (
        ec.generate_private_key(ec.SECP256R1())
        .private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        .decode()
    )
    first = await a_process(pool, keyring).bearer(T0)
    anew = Signer("TEAM123456", "KEY1234567", other)
    assert await a_process(pool, keyring, anew).bearer(T0 + MINUTE) != first
    assert anew.signed == 1
