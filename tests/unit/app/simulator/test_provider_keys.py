"""Verify provider tokens over time."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from app.simulator.errors import SimulatorError
from app.simulator.provider_keys import ProviderKey, ProviderKeys
from tests.unit.app.simulator.examples import KEY_ID, NOW, TEAM_ID, Provider

PROVIDER = Provider()
KEY = ProviderKey(TEAM_ID, KEY_ID)


def known(*, limit_token_updates: bool = True) -> ProviderKeys:
    """Give the one registered key."""
    keys = ProviderKeys(limit_token_updates=limit_token_updates)
    keys.register(KEY, PROVIDER.public_pem)
    return keys


def test_a_second_token_within_twenty_minutes_is_one_too_many() -> None:
    """The new token is refused, the old one goes on; after twenty minutes a new one is welcome."""
    keys, first, second = known(), PROVIDER.token(NOW), PROVIDER.token(NOW + 60)

    answers = [
        keys.verify(first, now=NOW),
        keys.verify(second, now=NOW + 60),
        keys.verify(first, now=NOW + 61),
        keys.verify(second, now=NOW + 1200),
        keys.verify(first, now=NOW + 1201),
    ]

    assert answers == [KEY, "TooManyProviderTokenUpdates", KEY, KEY, KEY]


def test_tokens_of_the_same_moment_count_as_one() -> None:
    """Two processes that align `iat` are not punished, although their signatures differ."""
    keys, tokens = known(), [PROVIDER.token(NOW) for _ in range(2)]

    assert tokens[0] != tokens[1]
    assert [keys.verify(token, now=NOW) for token in tokens] == [KEY, KEY]


def test_the_limit_can_be_switched_off() -> None:
    """Without the limit every new token is taken."""
    keys = known(limit_token_updates=False)

    assert [keys.verify(PROVIDER.token(NOW + second), now=NOW + second) for second in range(3)] == [KEY] * 3


def test_a_token_that_was_good_expires_after_an_hour() -> None:
    """An hour is allowed; a second more is not, though the signature was verified before."""
    keys, token = known(), PROVIDER.token(NOW)

    answers = [keys.verify(token, now=NOW + age) for age in (0, 3600, 3601)]

    assert answers == [KEY, KEY, "ExpiredProviderToken"]


def test_a_key_registered_anew_forgets_the_old_signature() -> None:
    """After the key was replaced under its id, tokens of the old one are refused."""
    keys, token = known(), PROVIDER.token(NOW)
    keys.verify(token, now=NOW)

    keys.register(KEY, Provider().public_pem)

    assert keys.verify(token, now=NOW) == "InvalidProviderToken"


@pytest.mark.parametrize("curve", [ec.SECP384R1(), None])
def test_only_a_p256_key_can_be_registered(curve: ec.EllipticCurve | None) -> None:
    """Another curve, or no key at all, is an error that says so."""
    pem = "nonsense"
    if curve is not None:
        public = ec.generate_private_key(curve).public_key()
        pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    with pytest.raises(SimulatorError):
        known().register(KEY, pem)
