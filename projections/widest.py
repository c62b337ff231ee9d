"""The largest value that a type of a card allows, in bytes of JSON.

`max_length` counts code points, and JSON counts bytes: a letter has 1 to 4, and a control character 6, because it is
written as an escape. So the largest text is made of what its type allows and nobody writes; how large the same card
is in somebody's language is told beside it.
"""

import re
import sys
from collections.abc import Iterator
from enum import Enum
from functools import cache
from typing import Any, Final, assert_never

import msgspec

from projections.card_shape import Choice, Flag, Number, Record, Refusal, Rows, Shape, Text, Whole

_encode: Final = msgspec.json.Encoder().encode
_WIDEST_INTEGER: Final = -(2**63)
_WIDEST_NUMBER: Final = -2.2250738585072014e-308
_ONE_CLASS: Final = re.compile(r"\^(\[(?:[^\]\\]|\\.)+\])[*+]\$", re.DOTALL)
"""A pattern that says of each character by itself whether it may be there."""


class Writing(Enum):
    r"""Texts by which a card is measured: `(what stands before, what is repeated, what stands behind)`.

    Attributes:
        RIGHT_TO_LEFT: Arabic with its vowels, isolated so that it does not turn what stands around it.
        EMOJI: With skin tones.
        JOINED_EMOJI: People of two skin tones, made one by joiners.
        QUOTES: Quotation marks and backslashes.
        CONTROL: Characters that JSON writes as `\u0001`: more than this no text has.
    """

    LATIN = ("", "a", "")
    GREEK = ("", "Ώρα", "")
    RIGHT_TO_LEFT = ("\u2067", "مَرْحَبًا", "\u2069")
    EMOJI = ("", "👋🏽", "")
    JOINED_EMOJI = ("", "👩🏽‍🤝‍👨🏿", "")
    QUOTES = ("", '"\\', "")
    CONTROL = ("", "\x01", "")


def size_bytes(value: Any) -> int:
    """Give the size of a value as JSON."""
    return len(_encode(value))


def widest(shape: Shape, writing: Writing = Writing.CONTROL) -> Any:
    """Give the largest value of a type, as builtins, its texts in one kind of writing.

    Raises:
        ValueError: The type has no largest value: see `unbounded`.
    """
    match shape:
        case Text():
            return _text(shape, writing)
        case Choice():
            return max(shape.words, key=size_bytes)
        case Whole(least, most):
            ends = (_WIDEST_INTEGER if least is None else least, -_WIDEST_INTEGER - 1 if most is None else most)
            return max(ends, key=size_bytes)
        case Number(least):
            return _WIDEST_NUMBER if least is None or least < 0 else -_WIDEST_NUMBER
        case Flag():
            return False
        case Rows():
            if shape.most is None:
                raise ValueError("a list without max_length")
            return [widest(shape.item, writing)] * shape.most
        case Record():
            return {field.key: widest(field.shape, writing) for field in shape.fields}
        case _:
            assert_never(shape)


def unbounded(shape: Shape, path: str) -> Iterator[Refusal]:
    """Name the texts and lists that have no largest value, each with its cure."""
    match shape:
        case Text(most=None):
            yield Refusal(path, "is a text of any length; take Annotated[str, Meta(max_length=…)]")
        case Rows():
            if shape.most is None:
                yield Refusal(path, "is a list of any length; take Annotated[tuple[…, ...], Meta(max_length=…)]")
            yield from unbounded(shape.item, f"{path}[]")
        case Record():
            for field in shape.fields:
                yield from unbounded(field.shape, f"{path}.{field.key}")


def _text(text: Text, writing: Writing) -> str:
    if text.most is None:
        raise ValueError("a text without max_length")
    before, repeated, behind = writing.value
    room = text.most - len(before) - len(behind)
    if room < 0:
        before, behind, room = "", "", text.most
    written = before + (repeated * (room // len(repeated) + 1))[:room] + behind
    if text.pattern is None or re.search(text.pattern, written):
        return written
    one = _widest_character(text.pattern)
    if one is None:
        return Writing.CONTROL.value[1] * text.most
    # a line feed may follow whatever `$` ends
    return max(one * text.most, one * (text.most - 1) + "\n", key=size_bytes)


@cache
def _widest_character(pattern: str) -> str | None:
    """Give the character with most bytes that a pattern lets stand anywhere; None where that is not plain to see."""
    one_class = _ONE_CLASS.fullmatch(pattern)
    if one_class is None:
        return None
    escaped = re.findall(one_class[1], "".join(map(chr, range(0x80))))
    highest = re.search(one_class[1], _every_character())
    return max((*escaped, highest[0]), key=size_bytes) if highest else ""


@cache
def _every_character() -> str:
    """Give every character that UTF-8 has, the one with most bytes first."""
    return "".join(map(chr, (*range(sys.maxunicode, 0xDFFF, -1), *range(0xD7FF, -1, -1))))
