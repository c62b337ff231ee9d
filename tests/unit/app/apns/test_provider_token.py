"""One token for a key, signed as seldom as Apple wants."""

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from app.apns.errors import SigningKeyError
from app.apns.held_token import Invalidation, IssuedToken
from app.apns.provider_token import ProviderToken

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


def token(provider: ProviderToken, now: float) -> str:
    """Give the current token, replaced when it is due, as one process alone would."""
    if provider.due(now):
        provider.adopt(provider.sign(now))
    assert provider.current
    return provider.current.value


def test_a_token_is_what_apple_asks_for() -> None:
    """ES256 with kid in the header, iss and iat in the claims, and nothing else."""
    signed = a_provider().sign(T0 + 0.9).value
    assert jwt.get_unverified_header(signed) == {"alg": "ES256", "kid": "KEY4567890", "typ": "JWT"}
    claims = jwt.decode(signed, KEY.public_key(), algorithms=["ES256"], options={"verify_iat": False})
    assert claims == {"iss": "TEAM567890", "iat": int(T0)}


def test_a_token_is_kept_for_three_quarters_of_an_hour() -> None:
    """It is renewed at 45 minutes, so never older than 60 when sent."""
    provider = a_provider()
    first = token(provider, T0)
    assert token(provider, T0 + 45 * MINUTE - 1) == first
    assert not provider.due(T0 + 45 * MINUTE - 1)
    assert provider.due(T0 + 45 * MINUTE)
    assert token(provider, T0 + 45 * MINUTE) != first


def test_an_expired_token_is_renewed_once_it_may_be() -> None:
    """After twenty minutes the refused token gives way to a new one."""
    provider = a_provider()
    first = token(provider, T0)
    assert provider.invalidate(first, T0 + 20 * MINUTE) is Invalidation.RENEWING
    assert token(provider, T0 + 20 * MINUTE) != first


def test_a_young_token_is_kept_although_it_was_refused() -> None:
    """Within twenty minutes a new one would be refused too: the clock is off."""
    provider = a_provider()
    first = token(provider, T0)
    assert provider.invalidate(first, T0 + 20 * MINUTE - 1) is Invalidation.TOO_YOUNG
    assert token(provider, T0 + 20 * MINUTE) == first


def test_a_late_refusal_of_an_old_token_changes_nothing() -> None:
    """A storm of answers about the last token does not renew the next one."""
    provider = a_provider()
    old = token(provider, T0)
    provider.invalidate(old, T0 + 30 * MINUTE)
    new = token(provider, T0 + 30 * MINUTE)
    assert provider.invalidate(old, T0 + 60 * MINUTE) is Invalidation.REPLACED
    assert token(provider, T0 + 60 * MINUTE) == new


def test_a_clock_that_went_back_does_not_keep_a_token_for_hours() -> None:
    """A token from the future is replaced, but not within twenty minutes."""
    provider = a_provider()
    first = token(provider, T0)
    assert token(provider, T0 - 19 * MINUTE) == first
    assert token(provider, T0 - 21 * MINUTE) != first


def test_a_token_that_was_adopted_is_the_current_one() -> None:
    """Whoever signed it; a refused one that comes back stays refused."""
    provider = a_provider()
    token(provider, T0)
    shared = IssuedToken("shared", int(T0) - 60)
    provider.adopt(shared)
    assert token(provider, T0) == "shared"
    provider.invalidate("shared", T0 + 20 * MINUTE)
    provider.adopt(shared)
    assert provider.due(T0 + 20 * MINUTE)


def test_a_token_that_is_due_is_allowed_until_its_hour_is_nearly_over() -> None:
    """Unless APNs refused it."""
    provider = a_provider()
    assert not provider.allowed(T0)
    first = token(provider, T0)
    assert provider.allowed(T0 + 59 * MINUTE - 1)
    assert not provider.allowed(T0 + 59 * MINUTE)
    provider.invalidate(first, T0 + 30 * MINUTE)
    assert not provider.allowed(T0 + 30 * MINUTE)


def test_a_representation_shows_no_secret() -> None:
    """Neither the key nor a token can reach a log by accident."""
    provider = a_provider()
    issued = provider.sign(T0)
    assert repr(provider) == "ProviderToken(team_id='TEAM567890', key_id='KEY4567890')"
    assert issued.value not in repr(issued)


@pytest.mark.parametrize("text", ["", "secret-text", pem(ec.generate_private_key(ec.SECP384R1()))])
def test_a_key_that_cannot_sign_is_refused_without_quoting_it(text: str) -> None:
    """The error names what is wrong, and holds none of the text."""
    with pytest.raises(SigningKeyError) as refused:
        ProviderToken("T", "K", text)
    assert "secret-text" not in str(refused.value)
    assert refused.value.__cause__ is None
