"""The one door for foreign JSON."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.document import LIMIT_NODES, read_document
from events.errors import DocumentError, Fault


def faults_of(body: bytes) -> tuple[Fault, ...]:
    """Give what the door says against a body."""
    with pytest.raises(DocumentError) as caught:
        read_document(body)
    return caught.value.faults


@pytest.mark.parametrize(
    ("body", "pointer", "words"),
    [
        pytest.param(b'{"a":NaN}', "", "not JSON", id="NaN"),
        pytest.param(b'{"a":-Infinity}', "", "not JSON", id="-Infinity"),
        pytest.param(b'{"a":1e400}', "", "out of range", id="1e400"),
        pytest.param(b'{"a":[18446744073709551616]}', "/a/0", "2^53-1", id="2^64"),
        pytest.param(b'{"a":-9007199254740992}', "/a", "2^53-1", id="-2^53"),
        pytest.param(b'{"a":' + b"1" * 5000 + b"}", "", "out of range", id="5,000 digits"),
        pytest.param(b'{"a":"\\ud800"}', "", "not JSON", id="lone surrogate"),
        pytest.param(b'{"a":{"b/c~":"x\\u0000"}}', "/a/b~1c~0", "NUL", id="NUL"),
        pytest.param(b'{"a":{"b\\u0000":1}}', "/a", "NUL", id="NUL in a name"),
        pytest.param(b'{"a":"\xff"}', "", "not UTF-8", id="bad UTF-8"),
        pytest.param(b"[" * 5000 + b"]" * 5000, "", "nested deeper", id="nesting 5,000"),
        pytest.param(b"[" * 33 + b"]" * 33, "/0" * 32, "nested deeper", id="nesting 33"),
        pytest.param(b"[" + b"1," * 1000 + b"1]", "", "more than 1000 values", id="1,002 values"),
        pytest.param(b'"' + b"x" * 262_143 + b'"', "", "at most 262144", id="too large"),
        pytest.param(b"", "", "not JSON", id="nothing"),
        pytest.param(b"\xef\xbb\xbf{}", "", "not JSON", id="byte order mark"),
    ],
)
def test_a_hostile_document_is_refused(body: bytes, pointer: str, words: str) -> None:
    """Every row of the table of hostile documents gives a fault with its place."""
    faults = faults_of(body)

    assert len(faults) == 1
    assert faults[0].pointer == pointer
    assert words in faults[0].detail


def test_of_duplicate_keys_the_last_counts() -> None:
    """The row of the table that is not refused: all readers agree on the last one."""
    assert read_document(b'{"a":1,"a":2}') == {"a": 2}


def test_the_largest_integers_and_the_deepest_nesting_pass() -> None:
    """The limits themselves are allowed."""
    body = b"[" * 32 + b"9007199254740991,-9007199254740991" + b"]" * 32

    assert msgspec.json.encode(read_document(body)) == body


def test_a_backslash_before_u0000_is_not_nul() -> None:
    """A text that spells the escape out is a text like any other."""
    assert read_document(rb'{"a":"\\u0000"}') == {"a": r"\u0000"}


def test_every_fault_is_listed() -> None:
    """The sender learns everything at once."""
    assert [fault.pointer for fault in faults_of(b'["\\u0000",9007199254740992,{"a":"\\u0000"}]')] == [
        "/0",
        "/1",
        "/2/a",
    ]


def test_a_size_alone_is_told_apart() -> None:
    """HTTP answers 413 for it."""
    with pytest.raises(DocumentError) as caught:
        read_document(b"[1,2]", limit_bytes=4)

    assert caught.value.too_large


def test_a_batch_may_hold_more_values() -> None:
    """Who reads batches says how much they may hold."""
    body = b"[" + b"1," * LIMIT_NODES + b"1]"

    assert len(read_document(body, limit_nodes=2000)) == LIMIT_NODES + 1


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    """Nothing but DocumentError ever comes out of the door."""
    try:
        read_document(body)
    except DocumentError as error:
        assert error.faults  # noqa: PT017 - both ways are right


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=30,
)


@given(JSON)
def test_a_document_comes_out_as_it_went_in_unless_a_value_is_unfit(value: object) -> None:
    """The quick look at the bytes misses nothing that the slow walk would refuse."""
    body = msgspec.json.encode(value)

    try:
        assert read_document(body) == value
        fit = True
    except DocumentError:
        fit = False
    assert fit is not is_unfit(value)


def is_unfit(value: object) -> bool:
    """Look for NUL and large integers, by other means than the door's."""
    if isinstance(value, dict):
        return any(is_unfit(key) or is_unfit(member) for key, member in value.items())
    if isinstance(value, list):
        return any(is_unfit(member) for member in value)
    if isinstance(value, str):
        return "\0" in value
    return isinstance(value, int) and not -(2**53) < value < 2**53
