"""The shop's own tokens and key sets by themselves; forged ones are tried on every route in the integration tests."""

import math
from datetime import timedelta
from typing import Any

import jwt
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from jwt.algorithms import OKPAlgorithm, RSAAlgorithm

from app.access.caller import Customer
from app.access.errors import KeySetError, TicketError
from app.access.key_set import MOST_KEYS, read_key_set
from app.access.shop_token import CLOCK_SKEW_SECONDS, header_of, read_shop_token
from app.access.shop_token_rules import ALGORITHMS
from tests.integration.http_api import NOON
from tests.integration.shop_sign_in import SignIn

SHOP = SignIn(url="https://shop.example/keys")
SHOP.add("first")
RULES = SHOP.rules()
NOW = int(NOON.timestamp())


def keys_of(*keys: dict[str, Any]) -> bytes:
    """Write a set."""
    return msgspec.json.encode({"keys": keys})


def read(token: str, **changes: Any) -> Customer:
    """Read a token by the key that its header names."""
    header = header_of(token)
    assert header is not None
    key = read_key_set(keys_of(SHOP.public("first")), ALGORITHMS).find(header.key_id, header.algorithm)
    assert key is not None
    return read_shop_token(token, key, msgspec.structs.replace(RULES, **changes), now=NOON)


def test_a_token_speaks_for_the_customer_of_its_claim() -> None:
    """`sub`, unless the settings name another claim; the audience may be one of several."""
    assert read(SHOP.token("c-7")) == Customer("c-7")
    assert read(SHOP.token("c-7", aud=["elsewhere", RULES.audience])) == Customer("c-7")
    assert read(SHOP.token("user", shop_customer="c-7"), customer_claim="shop_customer") == Customer("c-7")


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://shop.example"},
        {"iss": None},
        {"aud": "elsewhere"},
        {"aud": None},
        {"exp": None},
        {"exp": NOW},
        {"exp": str(NOW + 60)},
        {"exp": True},
        {"exp": math.inf},
        {"exp": math.nan},
        {"iat": -math.inf},
        {"nbf": -math.inf},
        {"nbf": math.nan},
        {"iat": NOW + CLOCK_SKEW_SECONDS + 1},
        {"nbf": NOW + CLOCK_SKEW_SECONDS + 1},
        {"sub": None},
        {"sub": ""},
        {"sub": "two words"},
        {"sub": "c" * 129},
    ],
)
def test_a_token_that_is_not_for_us_or_not_of_now_is_refused(changes: dict[str, Any]) -> None:
    """Issuer, audience, time and customer are all to be right."""
    with pytest.raises(TicketError):
        read(SHOP.token("c-7", **changes))


def test_a_clock_may_be_a_minute_behind() -> None:
    """A token that was made by a clock ahead of ours is taken."""
    assert read(SHOP.token("c-7", iat=NOW + CLOCK_SKEW_SECONDS, nbf=NOW + CLOCK_SKEW_SECONDS)) == Customer("c-7")


def test_an_algorithm_that_is_not_allowed_is_refused_though_the_key_could() -> None:
    """The settings say which, not the token."""
    key = read_key_set(keys_of(SHOP.public("first")), ALGORITHMS).find("first", "ES256")
    assert key is not None
    with pytest.raises(TicketError):
        read_shop_token(SHOP.token("c-7"), key, msgspec.structs.replace(RULES, algorithms=("RS256",)), now=NOON)


def test_a_set_gives_each_key_for_its_own_algorithms() -> None:
    """A kind of key serves what it can, or what it names; a private part, another use, and HMAC are passed over."""
    rsa = generate_private_key(65_537, 2_048)
    public = RSAAlgorithm.to_jwk(rsa.public_key(), as_dict=True)
    edwards = OKPAlgorithm.to_jwk(Ed25519PrivateKey.generate().public_key(), as_dict=True)
    short = RSAAlgorithm.to_jwk(generate_private_key(65_537, 1_024).public_key(), as_dict=True)  # noqa: S505 - it is to be refused
    found = read_key_set(
        keys_of(
            {**public, "kid": "any"},
            {**public, "kid": "named", "alg": "PS256"},
            {**public, "kid": "sealing", "use": "enc"},
            {**short, "kid": "short"},
            {**RSAAlgorithm.to_jwk(rsa, as_dict=True), "kid": "private"},
            {**edwards, "kid": "edwards"},
            {"kty": "oct", "k": "c2VjcmV0", "kid": "shared"},
            {"kty": "RSA", "kid": "broken", "n": "?", "e": "AQAB"},
            {"kty": ["RSA"], "kid": "odd"},
        ),
        ("RS256", "PS256", "EdDSA"),
    )
    ids = ("any", "named", "sealing", "short", "private", "edwards", "shared", "broken", "odd")
    served = {
        key_id: [name for name in (*ALGORITHMS, "HS256", "none") if found.find(key_id, name) is not None]
        for key_id in ids
    }
    assert {key_id: names for key_id, names in served.items() if names} == {
        "any": ["RS256", "PS256"],
        "named": ["PS256"],
        "edwards": ["EdDSA"],
    }


def test_a_token_without_a_key_id_is_read_where_one_key_fits() -> None:
    """Of two that fit none is tried."""
    one, other = SHOP.public("first"), {**SHOP.public("first"), "kid": "second"}
    assert read_key_set(keys_of(one), ALGORITHMS).find(None, "ES256") is not None
    assert read_key_set(keys_of(one, other), ALGORITHMS).find(None, "ES256") is None


def test_a_set_is_bounded() -> None:
    """More keys than any shop has are refused."""
    with pytest.raises(KeySetError):
        read_key_set(keys_of(*[SHOP.public("first")] * (MOST_KEYS + 1)), ALGORITHMS)


def test_noise_has_no_header() -> None:
    """What is no token, or too long for one, is told as such."""
    for text in ("", "a.b.c", "x" * 9_000, jwt.utils.base64url_encode(b"[" * 1_400).decode() + ".e30.e30"):
        assert header_of(text) is None


def test_a_token_lasts_until_it_ends() -> None:
    """To the second."""
    token = SHOP.token("c-7", exp=NOW + 60)
    key = read_key_set(keys_of(SHOP.public("first")), ALGORITHMS).find("first", "ES256")
    assert key is not None
    assert read_shop_token(token, key, RULES, now=NOON + timedelta(seconds=59)) == Customer("c-7")
    with pytest.raises(TicketError):
        read_shop_token(token, key, RULES, now=NOON + timedelta(seconds=60))
