"""What the tracking page shows of a subject: a few named parts, which the page lays out. The law is `docs/web.md`.

A definition gives them itself by `render_web`, or they are taken from its content state by the names of its fields.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

from msgspec import Struct

MOST_LINES: Final = 24
MOST_STEPS: Final = 24
MOST_CHARACTERS: Final = 240

_EARLIEST, _LATEST = 1_000_000_000, 4_102_444_800
"""Unix seconds, from 2001 to 2099: a number outside of them is no time."""
TEXTS: Final = ("text", "message", "subtitle", "note", "reason")
PROGRESS: Final[tuple[tuple[str, Literal[1, 100]], ...]] = (("progress", 1), ("percent", 100))
"""Fields of a bar, with what they hold when it is full."""
HIDDEN: Final = frozenset({"title", "status", "headline", "progress", "percent", "history", "updatedAt", "freshness"})
_ends_as_a_time = re.compile(r"(?:At|Time|Date)$").search
_names_no_words = re.compile(r"(?:^id|Ids?|Keys?|^cardId|^subject)$").search
_word_begins = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[_\-.]+")


class WebLine(Struct, frozen=True, rename="camel", omit_defaults=True):
    """One line: a label, and a text or a time in Unix seconds."""

    label: str
    text: str | None = None
    at: int | None = None


class WebFace(Struct, frozen=True, rename="camel", omit_defaults=True, kw_only=True):
    """What a page shows.

    Attributes:
        title: Whose or what it is of.
        headline: Where it stands, in a few words.
        text: A sentence more.
        progress: 0 to 1; None shows no bar.
        lines: What else there is to know.
        steps: What has happened, oldest first.
    """

    title: str
    headline: str
    text: str | None = None
    progress: float | None = None
    lines: tuple[WebLine, ...] = ()
    steps: tuple[WebLine, ...] = ()


def bounded(face: WebFace) -> WebFace:
    """Give a face within what a page has room for: longer texts are cut, and the last steps are kept."""
    return WebFace(
        title=_cut(face.title),
        headline=_cut(face.headline),
        text=None if face.text is None else _cut(face.text),
        progress=None if face.progress is None else min(max(float(face.progress), 0.0), 1.0),
        lines=tuple(_cut_line(each) for each in face.lines[:MOST_LINES]),
        steps=tuple(_cut_line(each) for each in face.steps[-MOST_STEPS:]),
    )


def plain_face(title: str, content: Mapping[str, Any]) -> WebFace:
    """Read a content state by the names of its fields.

    Args:
        title: Where the content has none.
        content: JSON, as a card shows it.
    """
    told = next((name for name in TEXTS if isinstance(content.get(name), str)), None)
    headline, status = (content.get(name) for name in ("headline", "status"))
    shown = {name: value for name, value in content.items() if name not in HIDDEN and name != told}
    return bounded(
        WebFace(
            title=content["title"] if isinstance(content.get("title"), str) else title,
            headline=headline if isinstance(headline, str) else in_words(status) if isinstance(status, str) else "",
            text=None if told is None else content[told],
            progress=_progress(content),
            lines=tuple(_lines(shown)),
            steps=tuple(_steps(content.get("history"))),
        )
    )


def names_time(name: str) -> bool:
    """Tell whether a field of this name holds a time, if a number."""
    return name == "at" or _ends_as_a_time(name) is not None


def names_no_words(name: str) -> bool:
    """Tell whether a field of this name, an id or a key, says nothing to people."""
    return _names_no_words(name) is not None


def in_words(name: str) -> str:
    """Give the words of a name such as `courier_arriving` or `deliveryTime`."""
    words = _word_begins.sub(" ", name).strip()
    plain = words.lower() if words != name else words
    return plain[:1].upper() + plain[1:]


def _progress(content: Mapping[str, Any]) -> float | None:
    for name, whole in PROGRESS:
        if _is_number(content.get(name)):
            return float(content[name]) / whole
    return None


def _lines(content: Mapping[str, Any], under: str = "") -> Iterator[WebLine]:
    for name, value in content.items():
        if names_no_words(name):
            continue
        label = f"{under}, {in_words(name).lower()}" if under else in_words(name)
        if isinstance(value, dict) and not under:
            yield from _lines(value, label)
        elif _is_time(name, value):
            yield WebLine(label, at=int(value))
        elif (text := _text(value)) is not None:
            yield WebLine(label, text)


def _steps(history: Any) -> Iterator[WebLine]:
    for each in history if isinstance(history, list) else ():
        if isinstance(each, dict) and isinstance(each.get("step"), str):
            yield WebLine(in_words(each["step"]), at=int(each["at"]) if _is_time("at", each.get("at")) else None)


def _text(value: Any) -> str | None:
    """Give a value in words; None for what has none."""
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, str):
        return value or None
    if _is_number(value):
        return f"{value:g}" if isinstance(value, float) else str(value)
    if isinstance(value, list) and value:
        parts = [_text(each) for each in value[:MOST_LINES] if not isinstance(each, list)]
        return ", ".join(each for each in parts if each is not None) or None
    return None


def _is_time(name: str, value: Any) -> bool:
    return names_time(name) and _is_number(value) and _EARLIEST <= value < _LATEST


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _cut_line(line: WebLine) -> WebLine:
    return WebLine(_cut(line.label), None if line.text is None else _cut(line.text), line.at)


def _cut(text: str) -> str:
    return text if len(text) <= MOST_CHARACTERS else text[: MOST_CHARACTERS - 1] + "…"
