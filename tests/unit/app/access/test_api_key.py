"""API keys by themselves."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.access.api_key import hash_api_key, key_id_of, make_api_key

KEY = make_api_key("live", random=lambda count: bytes(range(count)))


def test_a_key_is_made_of_environment_id_secret_and_checksum() -> None:
    """The shape is pinned: scanners and clients know it."""
    assert KEY == "lk_live_R5hpdoktc7BIwDV8X4jiSMraDkZkrC5FSUfNxVukMD1ru905"
    assert key_id_of(KEY) == "lk_live_R5hpdoktc7"


@given(st.integers(0, len(KEY) - 1), st.characters(codec="ascii"))
def test_a_typo_is_seen_without_a_database(place: int, letter: str) -> None:
    """One changed letter makes it no key."""
    changed = KEY[:place] + letter + KEY[place + 1 :]
    assert (key_id_of(changed) is None) == (changed != KEY)


@given(st.text(max_size=80))
def test_noise_is_no_key(text: str) -> None:
    """Any text is answered, and is none."""
    assert key_id_of(text) is None
    assert key_id_of(f"lk_live_{text}") is None


def test_keys_differ() -> None:
    """Chance makes each its own."""
    assert len({make_api_key("test") for _ in range(100)}) == 100


@pytest.mark.parametrize("environment", ["", "Live", "a_b", "x" * 17, "é"])
def test_an_environment_is_a_short_word(environment: str) -> None:
    """Anything else would not be read back."""
    with pytest.raises(ValueError, match="environment"):
        make_api_key(environment)


def test_a_hash_needs_the_secret() -> None:
    """The same key under another installation's secret has another hash."""
    secrets = [os.urandom(32), os.urandom(32)]
    assert hash_api_key(KEY, secrets[0]) == hash_api_key(KEY, secrets[0])
    assert hash_api_key(KEY, secrets[0]) != hash_api_key(KEY, secrets[1])
