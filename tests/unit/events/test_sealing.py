"""Sealed bytes open with their key, in their place, unchanged; or not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.errors import SecretKeyError
from events.sealing import KEY_BYTES, NONCE_BYTES, Keyring, TokenKeys, prefix_of, seal, unseal

KEY = bytes(range(KEY_BYTES))
KEYRING = Keyring(wrap=KEY, hash=KEY[::-1], tokens=TokenKeys({0: b"t" * KEY_BYTES}), tickets=b"k" * KEY_BYTES)


@given(st.binary(), st.binary())
def test_what_was_sealed_can_be_opened(plain: bytes, context: bytes) -> None:
    """Any bytes, for any place."""
    assert unseal(KEY, seal(KEY, plain, context=context), context=context) == plain


@given(st.data())
def test_a_changed_bit_is_noticed(data: st.DataObject) -> None:
    """In the nonce, in the text and in the tag."""
    sealed = bytearray(seal(KEY, b"Eleni", context=b"here"))
    place = data.draw(st.integers(0, 8 * len(sealed) - 1))
    sealed[place // 8] ^= 1 << place % 8

    with pytest.raises(SecretKeyError):
        unseal(KEY, bytes(sealed), context=b"here")


@pytest.mark.parametrize("length", [0, 5, NONCE_BYTES, NONCE_BYTES + 15, NONCE_BYTES + 20])
def test_bytes_that_were_cut_off_are_noticed(length: int) -> None:
    """However few are left, the error is ours."""
    with pytest.raises(SecretKeyError):
        unseal(KEY, seal(KEY, b"Eleni", context=b"here")[:length], context=b"here")


def test_another_key_or_place_opens_nothing() -> None:
    """A sealed value cannot be moved to another row."""
    sealed = seal(KEY, b"Eleni", context=b"here")

    for key, context in ((KEY[::-1], b"here"), (KEY, b"there")):
        with pytest.raises(SecretKeyError, match="LOCKSTEP_SECRET_KEY"):
            unseal(key, sealed, context=context)


def test_the_same_value_never_looks_the_same() -> None:
    """Each time has a nonce of its own."""
    assert len({seal(KEY, b"Eleni", context=b"here") for _ in range(100)}) == 100


def test_a_data_key_is_wrapped_for_one_subject() -> None:
    """A row of one subject is worth nothing to another."""
    wrapped = KEYRING.wrap_key(b"d" * KEY_BYTES, "order-1")

    assert KEYRING.unwrap_key(wrapped, "order-1") == b"d" * KEY_BYTES
    with pytest.raises(SecretKeyError):
        KEYRING.unwrap_key(wrapped, "order-2")


def test_a_token_is_sealed_and_found_by_its_blind_index() -> None:
    """The index is the same each time, differs by app and environment, and tells nothing without the key."""
    sealed = KEYRING.seal_token("c0ffee")
    other = Keyring(wrap=KEY, hash=KEY, tokens=KEYRING.tokens, tickets=KEYRING.tickets)
    indexes = {
        ring.blind(*place, "c0ffee") for ring in (KEYRING, other) for place in (("a", "s"), ("a", "p"), ("b", "s"))
    }

    assert KEYRING.open_token(sealed) == "c0ffee"
    assert b"c0ffee" not in sealed
    assert KEYRING.blind("a", "s", "c0ffee") in indexes
    assert len(indexes) == 6


def test_keys_are_in_no_log() -> None:
    """Neither the text nor the representation of a keyring holds a key."""
    shown = f"{KEYRING} {KEYRING!r}"

    assert repr(KEY)[2:-1] not in shown
    assert "ttt" not in shown


def test_a_value_says_which_key_sealed_it() -> None:
    """What the first key sealed is as it always was; later ones leave their number, and all of it opens."""
    first = TokenKeys({0: b"a" * KEY_BYTES})
    old = first.seal(b"c0ffee", context=b"push-token")
    assert unseal(b"a" * KEY_BYTES, old, context=b"push-token") == b"c0ffee"
    first.take(TokenKeys({0: b"a" * KEY_BYTES, 1: b"b" * KEY_BYTES, 2: b"c" * KEY_BYTES}, current=2))
    new = first.seal(b"c0ffee", context=b"push-token")
    assert new.startswith(prefix_of(2))
    assert [first.unseal(each, context=b"push-token") for each in (old, new)] == [b"c0ffee"] * 2


def test_a_key_that_is_not_known_opens_nothing() -> None:
    """Neither a number that is not there, also where the first is not there, nor another place."""
    keys = TokenKeys({0: b"a" * KEY_BYTES, 1: b"b" * KEY_BYTES}, current=1)
    sealed = keys.seal(b"c0ffee", context=b"push-token")
    first, third = TokenKeys({0: b"a" * KEY_BYTES}), TokenKeys({2: b"c" * KEY_BYTES}, current=2)
    for ring, context in ((first, b"push-token"), (third, b"push-token"), (keys, b"there")):
        with pytest.raises(SecretKeyError):
            ring.unseal(sealed, context=context)


def test_a_nonce_that_looks_like_the_mark_is_no_mark() -> None:
    """What the first key sealed opens whatever its random bytes are."""
    sealed = seal(b"a" * KEY_BYTES, b"c0ffee", context=b"here", random=lambda _: prefix_of(1) + b"1234")
    keys = TokenKeys({0: b"a" * KEY_BYTES, 1: b"b" * KEY_BYTES}, current=1)
    assert keys.unseal(sealed, context=b"here") == b"c0ffee"
