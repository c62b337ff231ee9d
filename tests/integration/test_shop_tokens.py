"""The shop's own tokens, with keys that a real server gives, is slow to give, and gives no more."""

import asyncio
from collections.abc import AsyncIterator

import jwt
import msgspec
import pytest
from aiohttp import web

from app.access.caller import Customer
from app.access.errors import KeysUnavailableError, TicketError
from app.access.shop_tokens import ASKED_SECONDS, FRESH_SECONDS, MOST_BYTES, STALE_SECONDS
from app.webhooks.address import AddressRules
from tests.integration.http_api import NOON
from tests.integration.shop_sign_in import SignIn, reading, sign_in


class Monotonic:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        """Read it."""
        return self.seconds


@pytest.fixture
async def shop() -> AsyncIterator[SignIn]:
    """A sign-in with one key."""
    async with sign_in() as running:
        yield running


@pytest.fixture
def clock() -> Monotonic:
    """The process's clock."""
    return Monotonic()


async def test_a_crowd_asks_for_the_keys_once(shop: SignIn) -> None:
    """Whoever comes first has them asked for; all others wait for the same answer, and later ones for none."""
    async with reading(shop) as tokens:
        found = await asyncio.gather(*(tokens.read(shop.token(f"c-{n}"), now=NOON) for n in range(50)))
        await tokens.read(shop.token("c-1"), now=NOON)
    assert found == [Customer(f"c-{n}") for n in range(50)]
    assert shop.asked == 1


async def test_one_that_gives_up_waiting_keeps_nobody_from_the_keys(shop: SignIn) -> None:
    """Its request ends, the question goes on."""
    async with reading(shop) as tokens:
        waiting = [asyncio.ensure_future(tokens.read(shop.token("c-1"), now=NOON)) for _ in range(2)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        assert await waiting[1] == Customer("c-1")
    assert shop.asked == 1


async def test_a_new_key_is_asked_for_at_once_and_nonsense_only_now_and_then(shop: SignIn, clock: Monotonic) -> None:
    """A key id that is not known has the set asked for, twice in thirty seconds for nobody."""
    async with reading(shop, monotonic=clock) as tokens:
        await tokens.read(shop.token("c-1"), now=NOON)
        shop.add("second")
        with pytest.raises(TicketError):
            await tokens.read(shop.token("c-1", key_id="second"), now=NOON)
        assert shop.asked == 1
        clock.seconds += ASKED_SECONDS
        assert await tokens.read(shop.token("c-1", key_id="second"), now=NOON) == Customer("c-1")
        assert shop.asked == 2
        stranger = SignIn()
        for n in range(20):
            stranger.add(f"nonsense-{n}")
            with pytest.raises(TicketError):
                await tokens.read(stranger.token("c-1", key_id=f"nonsense-{n}"), now=NOON)
        assert shop.asked == 2


async def test_old_keys_serve_while_the_url_is_away(shop: SignIn, clock: Monotonic) -> None:
    """After ten minutes they are asked for beside the requests; for a day those of before are good enough."""
    async with reading(shop, monotonic=clock) as tokens:
        await tokens.read(shop.token("c-1"), now=NOON)
        shop.answer = lambda: web.Response(status=500)
        clock.seconds += FRESH_SECONDS
        assert await tokens.read(shop.token("c-1"), now=NOON) == Customer("c-1")
        assert tokens._asking is not None
        await tokens._asking
        shop.add("second")
        # whether the shop has this key is not known
        with pytest.raises(KeysUnavailableError):
            await tokens.read(shop.token("c-1", key_id="second"), now=NOON)
        assert await tokens.read(shop.token("c-1"), now=NOON) == Customer("c-1")
        assert shop.asked == 2
        clock.seconds += STALE_SECONDS
        with pytest.raises(KeysUnavailableError):
            await tokens.read(shop.token("c-1"), now=NOON)
        shop.answer = None
        clock.seconds += ASKED_SECONDS
        assert await tokens.read(shop.token("c-1", key_id="second"), now=NOON) == Customer("c-1")


async def test_a_key_that_the_shop_withdrew_opens_nothing_more(shop: SignIn, clock: Monotonic) -> None:
    """The set that came last counts alone."""
    old = shop.token("c-1")
    async with reading(shop, monotonic=clock) as tokens:
        await tokens.read(old, now=NOON)
        del shop.keys["first"]
        shop.add("second")
        clock.seconds += FRESH_SECONDS
        await tokens.read(shop.token("c-1", key_id="second"), now=NOON)
        with pytest.raises(TicketError):
            await tokens.read(old, now=NOON)


@pytest.mark.parametrize(
    "answer",
    [
        lambda: web.Response(status=404),
        lambda: web.Response(body=b"<html>"),
        lambda: web.Response(body=b"[" * 60_000),
        lambda: web.json_response([]),
        lambda: web.json_response({"keys": []}),
        lambda: web.json_response({"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "first", "alg": "HS256"}]}),
    ],
    ids=["not found", "a page", "too deep", "a list", "no keys", "a shared secret"],
)
async def test_what_is_no_key_set_makes_no_keys(shop: SignIn, answer: object) -> None:
    """Nobody is let in, and nobody refused: the keys are not known."""
    shop.answer = answer  # type: ignore[assignment]  # one of those above
    async with reading(shop) as tokens:
        with pytest.raises(KeysUnavailableError):
            await tokens.read(shop.token("c-1"), now=NOON)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_not_followed(shop: SignIn, status: int) -> None:
    """Where keys come from is the settings' to say, and not the answer's."""
    followed = []

    def answer() -> web.StreamResponse:
        followed.append(shop.asked)
        return web.Response(status=status, headers={"Location": shop.url})

    shop.answer = answer
    async with reading(shop) as tokens:
        with pytest.raises(KeysUnavailableError):
            await tokens.read(shop.token("c-1"), now=NOON)
    assert followed == [1]


async def test_a_set_is_read_up_to_its_limit(shop: SignIn) -> None:
    """One byte more is too much, though it be the set."""
    whole = msgspec.json.encode({"keys": [shop.public("first")]})
    shop.answer = lambda: web.Response(body=whole.ljust(MOST_BYTES))
    async with reading(shop) as tokens:
        assert await tokens.read(shop.token("c-1"), now=NOON) == Customer("c-1")
    shop.answer = lambda: web.Response(body=whole.ljust(MOST_BYTES + 1))
    async with reading(shop) as tokens:
        with pytest.raises(KeysUnavailableError):
            await tokens.read(shop.token("c-1"), now=NOON)


async def test_an_address_that_the_settings_do_not_allow_is_not_asked(shop: SignIn) -> None:
    """Neither one in the URL, nor one that its name leads to."""
    for url in (shop.url, shop.url.replace("127.0.0.1", "localhost")):
        async with reading(shop, url=url, addresses=AddressRules(http=True)) as tokens:
            with pytest.raises(KeysUnavailableError):
                await tokens.read(shop.token("c-1"), now=NOON)
    assert shop.asked == 0


async def test_where_a_token_says_its_key_is_makes_no_difference(shop: SignIn) -> None:
    """`jku`, `x5u` and a key in the header are not looked at: the forger's own server is never asked."""
    async with sign_in() as forger, reading(shop) as tokens:
        headers = {"kid": "first", "jku": forger.url, "x5u": forger.url, "jwk": forger.public("first")}
        claims = jwt.decode(forger.token("c-1"), options={"verify_signature": False})
        forged = jwt.encode(claims, forger.keys["first"], algorithm="ES256", headers=headers)
        genuine = jwt.encode(claims, shop.keys["first"], algorithm="ES256", headers=headers)
        with pytest.raises(TicketError):
            await tokens.read(forged, now=NOON)
        assert await tokens.read(genuine, now=NOON) == Customer("c-1")
        assert forger.asked == 0
