"""Puts the check of cards into lines for people, and into a document for programs."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from app.apns.preflight import MOST_BODY_BYTES
from app.card_sizes import BytesByWriting, Sizes
from projections.card_compatibility import Judgement
from projections.card_shape import Refusal
from projections.widest import Writing

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

WORDS: Final = (
    "JSON with all texts as long as their types allow, in one kind of writing each; at most: in characters that JSON "
    "writes as escapes of six bytes. Pushes have the longest alert and ids, and content up to content_limit_bytes."
)
DECLARE: Final = (
    'If it may be all the same, say why in the definition: breaks={{"{field}": "builds before 42 are gone"}}.'
)
_COLUMNS: Final = {
    Writing.LATIN: "Latin",
    Writing.GREEK: "Greek",
    Writing.RIGHT_TO_LEFT: "Arabic",
    Writing.EMOJI: "emoji",
    Writing.JOINED_EMOJI: "joined",
    Writing.QUOTES: "quotes",
}


def checked(sizes: Mapping[str, Sizes], refused: Sequence[Refusal], judged: Judgement) -> "RenderableType":
    """Give what rich prints: each card with its sizes, then what is refused, declared, and to be tidied up."""
    from rich.console import Group
    from rich.text import Text

    lines: list[RenderableType] = []
    for name, found in sizes.items():
        lines += [
            Text(f"{name}, in bytes of {MOST_BODY_BYTES:,}", "bold"),
            _table("push", found.pushes),
            _table("field", dict(sorted(found.fields.items(), key=lambda each: -max(each[1].values())))),
        ]
    if sizes:
        lines += [Text(WORDS, "dim"), Text()]
    lines += [Text(f"Refused: {each.field} {each.why}.", "bold") for each in refused]
    if judged.refused:
        lines.append(Text(DECLARE.format(field=judged.refused[0].field.partition(".")[2])))
    lines += [Text(f"Declared: {each.field}: {each.why}.") for each in judged.declared]
    lines += [
        Text(f"Warning: breaks has {each}, and nothing needs it any more: take it out.") for each in judged.unneeded
    ]
    if not refused:
        lines.append(Text("Nothing is refused."))
    return Group(*lines)


def as_document(sizes: Mapping[str, Sizes], refused: Sequence[Refusal], judged: Judgement) -> dict[str, Any]:
    """Give the same as builtins."""
    return {
        "cards": [
            {
                "attributesType": name,
                "limitBytes": MOST_BODY_BYTES,
                "pushes": [{"push": push, "bytes": _by_name(found.pushes[push])} for push in found.pushes],
                "fields": [{"field": field, "bytes": _by_name(found.fields[field])} for field in found.fields],
            }
            for name, found in sizes.items()
        ],
        "refused": [each._asdict() for each in refused],
        "declared": [each._asdict() for each in judged.declared],
        "unneeded": judged.unneeded,
    }


def _table(first: str, rows: Mapping[str, BytesByWriting]) -> "Table":
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(first, overflow="fold")
    for title in (*_COLUMNS.values(), "at most"):
        table.add_column(title, justify="right")
    for name, by_writing in rows.items():
        sizes = [by_writing[writing] for writing in _COLUMNS]
        table.add_row(Text(name), *(f"{size:,}" for size in (*sizes, max(by_writing.values()))))
    return table


def _by_name(by_writing: BytesByWriting) -> dict[str, int]:
    return {writing.name.lower(): size for writing, size in by_writing.items()} | {"most": max(by_writing.values())}
