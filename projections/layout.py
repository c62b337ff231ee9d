"""How a card is drawn on an iPhone: a few blocks, put together by a definition. The law is `docs/cards.md`.

A value is plain text in which `{contentState.field}`, `{attributes.field}` and, one level deeper,
`{contentState.field.inner}` stand for what the card shows; within `each`, `{item.field}` is of the record at hand. A
block whose fields are all absent is left out.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Final, Literal, TypeAlias

from msgspec import Meta, Struct

CONTENT_STATE: Final = "contentState"
ATTRIBUTES: Final = "attributes"
ITEM: Final = "item"

TextStyle = Literal["title", "headline", "body", "caption"]
TimeStyle = Literal["clock", "countdown", "both"]
Symbol = Literal["bag", "bicycle", "clock", "check", "cross", "door", "film", "ball", "bell", "fork", "box"]
Colour = Annotated[str, Meta(pattern="^#[0-9a-fA-F]{6}$")]
Few = Annotated[int, Meta(ge=1, le=12)]

_placeholder: Final = re.compile(r"\{([^{}]*)\}")


class TextBlock(Struct, frozen=True, tag_field="show", tag="text", rename="camel"):
    """A text.

    Attributes:
        words: Whether the values are words of the server, such as a status, of which people read something else.
    """

    value: str
    style: TextStyle = "body"
    words: bool = False


class TimeBlock(Struct, frozen=True, tag_field="show", tag="time", rename="camel"):
    """A time, of a field with Unix seconds.

    Attributes:
        style: The time of the day, how long until then, or both.
        label: What stands before it.
    """

    value: str
    style: TimeStyle = "clock"
    label: str | None = None


class ProgressBlock(Struct, frozen=True, tag_field="show", tag="progress", rename="camel"):
    """A bar.

    Attributes:
        whole: What its field holds when it is full.
        points: Marks that divide it evenly; None: it has none.
    """

    value: str
    whole: Literal[1, 100] = 1
    points: Few | None = None


class PictureBlock(Struct, frozen=True, tag_field="show", tag="picture", rename="camel"):
    """A picture, of a field that holds the key of one; where that is absent, the symbol."""

    value: str | None = None
    symbol: Symbol | None = None


class StepsBlock(Struct, frozen=True, tag_field="show", tag="steps", rename="camel"):
    """The last steps, of a list of records with `step`, one of the server's words, and `at`, Unix seconds."""

    value: str
    most: Few = 3


class RowBlock(Struct, frozen=True, tag_field="show", tag="row", rename="camel"):
    """Blocks from left to right."""

    blocks: tuple["Block", ...]


class ColumnBlock(Struct, frozen=True, tag_field="show", tag="column", rename="camel"):
    """Blocks from top to bottom."""

    blocks: tuple["Block", ...]


class EachBlock(Struct, frozen=True, tag_field="show", tag="each", rename="camel"):
    """The same blocks for each record of a list, the first ones."""

    value: str
    blocks: tuple["Block", ...]
    most: Few = 3


Block: TypeAlias = (
    TextBlock | TimeBlock | ProgressBlock | PictureBlock | StepsBlock | RowBlock | ColumnBlock | EachBlock
)


class PhoneLayout(Struct, frozen=True, rename="camel", kw_only=True):
    """How a card looks in each of its places.

    Attributes:
        lock_screen: The card, from top to bottom.
        compact_leading: Left of the camera, while the Dynamic Island shows this card alone.
        compact_trailing: Right of it.
        minimal: Beside the island, while it shows two.
        expanded: The island when it is held, from top to bottom.
        tint: Of bars and symbols; None: as the page has them.
        words: What people read in the place of a word of the server; others are put in words by their own letters.
    """

    lock_screen: tuple[Block, ...]
    compact_leading: Block | None = None
    compact_trailing: Block | None = None
    minimal: Block | None = None
    expanded: tuple[Block, ...] = ()
    tint: Colour | None = None
    words: Mapping[str, str] = {}

    def places(self) -> Iterator[tuple[str, Block]]:
        """Give each block that is not within another, by its path in JSON."""
        for name, blocks in (("lockScreen", self.lock_screen), ("expanded", self.expanded)):
            yield from ((f"{name}[{place}]", block) for place, block in enumerate(blocks))
        for name, block in (
            ("compactLeading", self.compact_leading),
            ("compactTrailing", self.compact_trailing),
            ("minimal", self.minimal),
        ):
            if block is not None:
                yield name, block


def names_in(value: str) -> list[str]:
    """Give what stands between braces in a value, `contentState.status`, in order."""
    return _placeholder.findall(value)


def is_one_name(value: str) -> bool:
    """Tell whether a value is the name of one field, and no text beside it."""
    return _placeholder.fullmatch(value) is not None


def has_stray_brace(value: str) -> bool:
    """Tell whether a value holds a brace that belongs to no name."""
    return not {"{", "}"}.isdisjoint(_placeholder.sub("", value))
