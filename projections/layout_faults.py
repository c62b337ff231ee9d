"""Every reason why a card cannot be drawn by its layout, each with its place and what it is to be."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple, assert_never

import msgspec

from projections.card_shape import CardShape, Choice, Flag, Number, Record, Rows, Shape, Text, Whole
from projections.layout import (
    ITEM,
    Block,
    ColumnBlock,
    EachBlock,
    PhoneLayout,
    PictureBlock,
    ProgressBlock,
    RowBlock,
    StepsBlock,
    TextBlock,
    TimeBlock,
    has_stray_brace,
    is_one_name,
    names_in,
)

_DEEPEST: Final = 6
_LEAVES: Final = (Text, Choice, Whole, Number, Flag)
_NUMBERS: Final = (Whole, Number)
_WORDS: Final = (Text, Choice)


class _Wanted(NamedTuple):
    """Which types a block can show."""

    what: str
    fits: Any


_A_TEXT: Final = _Wanted(
    "a text, a number, a flag, or a list of these",
    lambda shape: isinstance(shape.item if isinstance(shape, Rows) else shape, _LEAVES),
)
_A_NUMBER: Final = _Wanted("a number", lambda shape: isinstance(shape, _NUMBERS))
_A_KEY: Final = _Wanted("a text, the key of a picture", lambda shape: isinstance(shape, _WORDS))
_STEPS: Final = _Wanted(
    "a list of records with step, a text, and at, a number",
    lambda shape: (
        isinstance(fields := _fields_of(shape), Mapping)
        and isinstance(fields.get("step"), _WORDS)
        and isinstance(fields.get("at"), _NUMBERS)
    ),
)
_RECORDS: Final = _Wanted("a list of records", lambda shape: _fields_of(shape) is not None)


def faults_of_layout(layout: object, shape: CardShape) -> list[str]:
    """Name everything that is wrong with a layout of a card of these types; nothing if it can be drawn."""
    if not isinstance(layout, PhoneLayout):
        return ["layout is to be a PhoneLayout, or None"]
    try:
        msgspec.convert(msgspec.to_builtins(layout), PhoneLayout)
    except (msgspec.ValidationError, TypeError, RecursionError) as error:
        return [f"layout: {error}"]
    return [
        f"layout.{fault}"
        for path, block in layout.places()
        for fault in _of_block(block, path, dict(shape.halves()), _DEEPEST)
    ]


def _of_block(block: Block, path: str, known: Mapping[str, Shape], deep: int) -> Iterator[str]:
    if not deep:
        yield f"{path} is deeper than {_DEEPEST} blocks"
        return
    match block:
        case TextBlock():
            yield from _of_value(block.value, f"{path}.value", known, _A_TEXT)
        case TimeBlock() | ProgressBlock():
            yield from _of_field(block.value, f"{path}.value", known, _A_NUMBER)
        case PictureBlock(value=None, symbol=None):
            yield f"{path} is to have a value or a symbol"
        case PictureBlock():
            yield from _of_field(block.value, f"{path}.value", known, _A_KEY)
        case StepsBlock():
            yield from _of_field(block.value, f"{path}.value", known, _STEPS)
        case RowBlock() | ColumnBlock():
            yield from _of_blocks(block.blocks, path, known, deep)
        case EachBlock():
            yield from _of_each(block, path, known, deep)
        case _:
            assert_never(block)


def _of_each(block: EachBlock, path: str, known: Mapping[str, Shape], deep: int) -> Iterator[str]:
    faults = list(_of_field(block.value, f"{path}.value", known, _RECORDS))
    if faults:
        yield from faults
        return
    [name] = names_in(block.value)
    rows = _find(name, known)
    item = rows.item if isinstance(rows, Rows) else rows
    yield from _of_blocks(block.blocks, path, {**known, ITEM: item}, deep)


def _of_blocks(blocks: tuple[Block, ...], path: str, known: Mapping[str, Shape], deep: int) -> Iterator[str]:
    for place, block in enumerate(blocks):
        yield from _of_block(block, f"{path}.blocks[{place}]", known, deep - 1)


def _of_field(value: str | None, path: str, known: Mapping[str, Shape], wanted: _Wanted) -> Iterator[str]:
    if value is None:
        return
    if not is_one_name(value):
        yield f"{path} is to name one field, such as {{contentState.…}}, and nothing beside it"
        return
    yield from _of_value(value, path, known, wanted)


def _of_value(value: str, path: str, known: Mapping[str, Shape], wanted: _Wanted) -> Iterator[str]:
    if has_stray_brace(value):
        yield f"{path} has a brace that belongs to no field; a field is named as in {{contentState.status}}"
    for name in names_in(value):
        try:
            shape = _find(name, known)
        except LookupError as error:
            yield f"{path} names {name}, and {error.args[0]}"
            continue
        if not wanted.fits(shape):
            yield f"{path} names {name}, which is to be {wanted.what}"


def _find(name: str, known: Mapping[str, Shape]) -> Shape:
    """Find the type of a field.

    Raises:
        LookupError: There is none; it says what there is.
    """
    half, *keys = name.split(".")
    if half not in known or not 1 <= len(keys) <= 2:
        raise LookupError(f"a field is named by one of {', '.join(known)}, a dot, its name, and one deeper if need be")
    shape, path = known[half], half
    for key in keys:
        fields = {field.key: field.shape for field in shape.fields} if isinstance(shape, Record) else {}
        if key not in fields:
            raise LookupError(f"{path} has {', '.join(sorted(fields)) or 'no fields'}")
        shape, path = fields[key], f"{path}.{key}"
    return shape


def _fields_of(shape: Shape) -> Mapping[str, Shape] | None:
    """Give the fields of the records of a list; None for anything else."""
    if isinstance(shape, Rows) and isinstance(shape.item, Record):
        return {field.key: field.shape for field in shape.item.fields}
    return None
