"""The secret key and the one before it: what they wrap, what they open, and what is said where they do not."""

import base64

import pytest

from app.errors import SettingsError
from app.settings import load_settings
from events.errors import SecretKeyError
from events.keyring import StoredKey, unwrap_keys
from events.sealing import KEY_BYTES
from events.secret_keys import SecretKeys, read_secret_key

OLD, NEW = b"o" * KEY_BYTES, b"n" * KEY_BYTES
KEY = bytes(range(KEY_BYTES))


def in_base64(key: bytes) -> str:
    """Write a key as it is set."""
    return base64.b64encode(key).decode()


def test_a_secret_key_is_32_bytes_in_base64() -> None:
    """As `openssl rand -base64 32` makes it."""
    assert read_secret_key(in_base64(KEY)) == KEY


@pytest.mark.parametrize("text", ["", "no base64!", "çççç", in_base64(KEY[1:]), KEY.hex()])
def test_anything_else_is_refused_with_the_cure(text: str) -> None:
    """The error names the setting, says how to make a key, and does not repeat the one that was given."""
    with pytest.raises(SecretKeyError, match=r"KEY_PREVIOUS .*openssl rand -base64 32") as refused:
        read_secret_key(text, "LOCKSTEP_SECRET_KEY_PREVIOUS")
    assert not text or text not in str(refused.value)


def test_the_one_before_opens_and_the_new_one_wraps() -> None:
    """What either has wrapped opens under its own name; what the old one has wrapped is told apart."""
    old, changing = SecretKeys(OLD), SecretKeys(NEW, OLD)
    before, after = old.wrap(KEY, "hash"), changing.wrap(KEY, "hash")
    assert [changing.unwrap(each, "hash") for each in (before, after)] == [KEY, KEY]
    assert [changing.has_wrapped(each, "hash") for each in (before, after)] == [False, True]
    assert SecretKeys(NEW).unwrap(after, "hash") == KEY
    for keys, wrapped, name in ((old, after, "hash"), (SecretKeys(NEW), before, "hash"), (changing, after, "wrap")):
        with pytest.raises(SecretKeyError):
            keys.unwrap(wrapped, name)


def test_what_cannot_be_opened_is_said_with_the_cure() -> None:
    """How many of the keys, and which setting to look at."""
    old = SecretKeys(OLD)
    stored = [StoredKey(name, old.wrap(KEY, name), known=True) for name in ("hash", "wrap")]
    mixed = [*stored, StoredKey("tickets", SecretKeys(NEW).wrap(KEY, "tickets"), known=True)]
    with pytest.raises(SecretKeyError, match=r"LOCKSTEP_SECRET_KEY does not open 2 of the 3 .*_PREVIOUS .*rewrap"):
        unwrap_keys(mixed, SecretKeys(NEW))
    with pytest.raises(SecretKeyError, match="Neither LOCKSTEP_SECRET_KEY nor LOCKSTEP_SECRET_KEY_PREVIOUS opens 2 of"):
        unwrap_keys(stored, SecretKeys(NEW, KEY))
    assert unwrap_keys(mixed, SecretKeys(NEW, OLD)) == dict.fromkeys(("hash", "wrap", "tickets"), KEY)


def test_both_are_read_from_the_settings() -> None:
    """Each by its own name; the same twice is refused, for then nothing would change."""
    given = {"database_url": "postgresql://there/orders", "secret_key": in_base64(NEW)}
    assert load_settings(**given).secrets() == SecretKeys(NEW)
    assert load_settings(**given, secret_key_previous=in_base64(OLD)).secrets() == SecretKeys(NEW, OLD)
    with pytest.raises(SettingsError, match="the same"):
        load_settings(**given, secret_key_previous=in_base64(NEW)).secrets()


def test_no_representation_shows_a_key() -> None:
    """Neither in a log nor in an error."""
    assert "nnn" not in f"{SecretKeys(NEW, OLD)} {SecretKeys(NEW, OLD)!r}"
