"""One token for a key, signed as seldom as Apple wants."""

import threading
from concurrent.futures import ThreadPoolExecutor

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from app.apns.errors import SigningKeyError
from app.apns.provider_token import Invalidation, IssuedToken, ProviderToken

KEY = ec.generate_private_key(ec.SECP256R1())
MINUTE = 60
T0 = 1_800_000_000.0


def pem(key: ec.EllipticCurvePrivateKey = KEY) -> str:
    """Write a key as Apple's .p8 file has it."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def a_provider() -> ProviderToken:
    """Make one with a fresh memory."""
    return ProviderToken("TEAM567890", "KEY4567890", pem())


def test_a_token_is_what_apple_asks_for() -> None:
    """ES256 with kid in the header, iss and iat in the claims, and nothing else."""
    token = a_provider().token(T0 + 0.9)
    assert jwt.get_unverified_header(token) == {"alg": "ES256", "kid": "KEY4567890", "typ": "JWT"}
    claims = jwt.decode(token, KEY.public_key(), algorithms=["ES256"], options={"verify_iat": False})
    assert claims == {"iss": "TEAM567890", "iat": int(T0)}


def test_a_token_is_kept_for_three_quarters_of_an_hour() -> None:
    """It is renewed at 45 minutes, so never older than 60 when sent."""
    provider = a_provider()
    first = provider.token(T0)
    assert provider.token(T0 + 45 * MINUTE - 1) == first
    assert not provider.due(T0 + 45 * MINUTE - 1)
    assert provider.due(T0 + 45 * MINUTE)
    assert provider.token(T0 + 45 * MINUTE) != first


def test_a_hundred_callers_share_one_signature() -> None:
    """Whoever comes at once, from whatever thread, gets the same token."""
    provider = a_provider()
    together = threading.Barrier(20)

    def call(_: int) -> str:
        together.wait()
        return provider.token(T0)

    with ThreadPoolExecutor(20) as pool:
        assert len(set(pool.map(call, range(100)))) == 1


def test_an_expired_token_is_renewed_once_it_may_be() -> None:
    """After twenty minutes the refused token gives way to a new one."""
    provider = a_provider()
    token = provider.token(T0)
    assert provider.invalidate(token, T0 + 20 * MINUTE) is Invalidation.RENEWING
    assert provider.token(T0 + 20 * MINUTE) != token


def test_a_young_token_is_kept_although_it_was_refused() -> None:
    """Within twenty minutes a new one would be refused too: the clock is off."""
    provider = a_provider()
    token = provider.token(T0)
    assert provider.invalidate(token, T0 + 20 * MINUTE - 1) is Invalidation.TOO_YOUNG
    assert provider.token(T0 + 20 * MINUTE) == token


def test_a_late_refusal_of_an_old_token_changes_nothing() -> None:
    """A storm of answers about the last token does not renew the next one."""
    provider = a_provider()
    old = provider.token(T0)
    provider.invalidate(old, T0 + 30 * MINUTE)
    new = provider.token(T0 + 30 * MINUTE)
    assert provider.invalidate(old, T0 + 60 * MINUTE) is Invalidation.REPLACED
    assert provider.token(T0 + 60 * MINUTE) == new


def test_a_clock_that_went_back_does_not_keep_a_token_for_hours() -> None:
    """A token from the future is replaced, but not within twenty minutes."""
    provider = a_provider()
    token = provider.token(T0)
    assert provider.token(T0 - 19 * MINUTE) == token
    assert provider.token(T0 - 21 * MINUTE) != token


def test_another_processs_newer_token_is_adopted() -> None:
    """All processes send the same token."""
    provider = a_provider()
    provider.token(T0)
    provider.adopt(IssuedToken("newer", int(T0) + 60))
    provider.adopt(IssuedToken("older", int(T0) - 60))
    assert provider.token(T0 + 120) == "newer"


def test_a_representation_shows_no_secret() -> None:
    """Neither the key nor a token can reach a log by accident."""
    provider = a_provider()
    issued = provider.issue(T0)
    assert repr(provider) == "ProviderToken(team_id='TEAM567890', key_id='KEY4567890')"
    assert issued.value not in repr(issued)


@pytest.mark.parametrize("text", ["", "secret-text", pem(ec.generate_private_key(ec.SECP384R1()))])
def test_a_key_that_cannot_sign_is_refused_without_quoting_it(text: str) -> None:
    """The error names what is wrong, and holds none of the text."""
    with pytest.raises(SigningKeyError) as refused:
        ProviderToken("T", "K", text)
    assert "secret-text" not in str(refused.value)
    assert refused.value.__cause__ is None
