"""How a card is drawn whose definition does not say: by the names of its fields, as the tracking page reads them."""

from collections.abc import Iterator
from typing import Final

from projections.card_refusals import read_card
from projections.card_shape import CardShape, Choice, Flag, Number, Record, Rows, Shape, Text, Whole
from projections.definition import CardDefinition, SendersCard
from projections.errors import CardTypesError
from projections.layout import (
    ATTRIBUTES,
    CONTENT_STATE,
    Block,
    PhoneLayout,
    PictureBlock,
    ProgressBlock,
    StepsBlock,
    TextBlock,
    TextStyle,
    TimeBlock,
)
from projections.web_face import HIDDEN, MOST_LINES, PROGRESS, TEXTS, in_words, names_no_words, names_time

_NUMBERS: Final = (Whole, Number)
_WORDS: Final = (Text, Choice)
_HISTORY: Final = "history"
_ATTRIBUTES: Final = "Attributes"


def layout_of(card: CardDefinition) -> PhoneLayout:
    """Give the layout of a card: its own, or a plain one."""
    if card.layout is not None:
        return card.layout
    if isinstance(card, SendersCard):
        return _usual_layout()
    try:
        return plain_layout(read_card(card).card)
    except CardTypesError:  # `lockstep card check` tells of it; no phone gets such a card
        return _usual_layout()


def plain_layout(shape: CardShape) -> PhoneLayout:
    """Read the types of a card by the names of their fields."""
    fields = {field.key: field.shape for field in shape.content_state.fields}
    told = next((name for name in TEXTS if isinstance(fields.get(name), _WORDS)), None)
    heading = list(_heading(fields, shape))
    status = [*_texts(fields, "headline", "headline"), *_texts(fields, "status", "headline", words=True)]
    progress = list(_progress(fields))
    text = [] if told is None else [*_texts(fields, told, "body")]
    others = {key: each for key, each in fields.items() if key not in HIDDEN and key != told}
    lines = list(_lines(others))[:MOST_LINES]
    steps = [StepsBlock(_name(_HISTORY))] if _is_history(fields.get(_HISTORY)) else []
    times = [TimeBlock(each.value, "countdown") for each in lines if isinstance(each, TimeBlock)]
    compact: list[Block] = [*times, *progress, *status]
    return PhoneLayout(
        lock_screen=(*heading, *status, *progress, *text, *lines, *steps),
        compact_leading=PictureBlock(symbol="bell"),
        compact_trailing=compact[0] if compact else None,
        minimal=progress[0] if progress else PictureBlock(symbol="bell"),
        expanded=(*heading, *status, *progress, *text),
    )


def _usual_layout() -> PhoneLayout:
    """Give a layout by the usual names, where types say nothing: what is absent is left out."""
    status = (TextBlock(_name("headline"), "headline"), TextBlock(_name("status"), "headline", words=True))
    progress = tuple(ProgressBlock(_name(name), whole) for name, whole in PROGRESS)
    texts = tuple(TextBlock(_name(name)) for name in TEXTS)
    return PhoneLayout(
        lock_screen=(TextBlock(_name("title"), "title"), *status, *progress, *texts, StepsBlock(_name(_HISTORY))),
        compact_leading=PictureBlock(symbol="bell"),
        compact_trailing=status[1],
        minimal=PictureBlock(symbol="bell"),
        expanded=(TextBlock(_name("title"), "title"), *status, *progress, *texts),
    )


def _texts(fields: dict[str, Shape], key: str, style: TextStyle, *, words: bool = False) -> Iterator[Block]:
    if isinstance(fields.get(key), _WORDS):
        yield TextBlock(_name(key), style, words=words)


def _heading(fields: dict[str, Shape], shape: CardShape) -> Iterator[Block]:
    """Give the title, then what the card was started with; one of both is there."""
    values = [_name("title")] if isinstance(fields.get("title"), _WORDS) else []
    values += [
        _name(each.key, ATTRIBUTES)
        for each in shape.attributes.fields
        if isinstance(each.shape, _WORDS) and not names_no_words(each.key)
    ]
    first, *others = values or [in_words(shape.attributes_type.removesuffix(_ATTRIBUTES))]
    yield TextBlock(first, "title")
    yield from (TextBlock(each, "caption") for each in others)


def _progress(fields: dict[str, Shape]) -> Iterator[Block]:
    for key, whole in PROGRESS:
        if isinstance(fields.get(key), _NUMBERS):
            yield ProgressBlock(_name(key), whole)
            return


def _lines(fields: dict[str, Shape], within: str = "", under: str = "") -> Iterator[Block]:
    for key, shape in fields.items():
        if names_no_words(key):
            continue
        label = f"{under}, {in_words(key).lower()}" if under else in_words(key)
        path = _name(f"{within}{key}")
        match shape:
            case Record() if not within:
                yield from _lines({each.key: each.shape for each in shape.fields}, f"{key}.", label)
            case Whole() | Number() if names_time(key):
                yield TimeBlock(path, label=label)
            case Text() | Choice() | Whole() | Number() | Flag():
                yield TextBlock(f"{label}: {path}", "caption")
            case Rows() if not isinstance(shape.item, Record | Rows):
                yield TextBlock(f"{label}: {path}", "caption")
            case _:
                pass


def _is_history(shape: Shape | None) -> bool:
    if not isinstance(shape, Rows) or not isinstance(shape.item, Record):
        return False
    fields = {each.key: each.shape for each in shape.item.fields}
    return isinstance(fields.get("step"), _WORDS) and isinstance(fields.get("at"), _NUMBERS)


def _name(key: str, half: str = CONTENT_STATE) -> str:
    return f"{{{half}.{key}}}"
