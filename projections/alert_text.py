"""What an alert says: plain words, words by locale, or a key that the app looks up in its own strings.

An alert lights a locked screen, so nothing personal may stand in it: whoever asks for the words gives a view without
personal values, and functions of a definition see no other.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

TITLE_LIMIT_BYTES: Final = 128
BODY_LIMIT_BYTES: Final = 256
"""As JSON; longer texts are cut, so that an alert fits beside the largest card."""

_KEY_CHARACTERS: Final = 80
_SOUND_CHARACTERS: Final = 64

_encode: Final = msgspec.json.Encoder().encode
_is_locale = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*").fullmatch

Text = str | Callable[[Any], str]
"""Words, or a function that gives them from a view without personal values."""


class Localised(Struct, frozen=True):
    """A text of the app's own strings, which the phone looks up in its language.

    Attributes:
        key: As in the app's string catalogue.
        args: Gives what stands in the places of the text, in their order, from a view without personal values.
    """

    key: str
    args: Callable[[Any], Sequence[str]] | None = None


class Translated(Struct, frozen=True):
    """Words by the locale of the phone, for an app that has none.

    Attributes:
        default: For phones of other locales.
        by_locale: By BCP 47 tag; `el` is also for `el-GR`.
    """

    default: Text
    by_locale: Mapping[str, Text]


Words = str | Callable[[Any], str] | Localised | Translated


class EventAlert(Struct, frozen=True, kw_only=True):
    """What the alert of an event says and how it sounds.

    Attributes:
        title: The card's own, if None.
        sound: `default`, or the name of a sound file of the app; None for silence.
    """

    body: Words
    title: Words | None = None
    sound: str | None = "default"


class LocalisedText(Struct, frozen=True):
    """A key, with what stands in its places."""

    key: str
    args: tuple[str, ...] = ()


class AlertText(Struct, frozen=True):
    """What a phone is told to say."""

    title: str | LocalisedText
    body: str | LocalisedText
    sound: str | None = "default"


def spoken(words: Words, view: Any, locale: str | None, limit_bytes: int) -> str | LocalisedText:
    """Give what a text of a definition says of a view, within its limit.

    Args:
        words: The text.
        view: Without personal values.
        locale: The phone's, BCP 47; None for unknown.
        limit_bytes: As JSON.

    Raises:
        TypeError: A function gave no text; any other error is the function's own.
        ValueError: The text is empty.
    """
    if isinstance(words, Localised):
        args = () if words.args is None else _listed(words.args(view))
        share = (limit_bytes - len(words.key)) // max(1, len(args))
        return LocalisedText(words.key, tuple(_fit(each, share) for each in args))
    text = _of_locale(words, locale) if isinstance(words, Translated) else words
    said = text(view) if callable(text) else text
    if not said:
        raise ValueError("an alert says something")
    return _fit(said, limit_bytes)


def keys_of(words: Words | EventAlert | None) -> Iterator[str]:
    """Name the keys of the app's strings that a text needs."""
    if isinstance(words, EventAlert):
        yield from keys_of(words.title)
        yield from keys_of(words.body)
    elif isinstance(words, Localised):
        yield words.key


def locales_of(words: Words | EventAlert | None) -> Iterator[str]:
    """Name the locales that a text has words of their own for."""
    if isinstance(words, EventAlert):
        yield from locales_of(words.title)
        yield from locales_of(words.body)
    elif isinstance(words, Translated):
        yield from words.by_locale


def faults_of(words: Any) -> Iterator[str]:
    """Say what is wrong with a text or an alert of a definition, which may be anything."""
    if isinstance(words, EventAlert):
        yield from _alert_faults(words)
    elif isinstance(words, Localised):
        yield from _localised_faults(words)
    elif isinstance(words, Translated):
        yield from _translated_faults(words)
    elif not _is_text(words):
        yield "is to be a text, a function of a view, Localised or Translated"


def _alert_faults(alert: Any) -> Iterator[str]:
    if alert.title is not None:
        yield from (f"title {fault}" for fault in faults_of(alert.title))
    yield from (f"body {fault}" for fault in faults_of(alert.body))
    if alert.sound is not None and not (isinstance(alert.sound, str) and 0 < len(alert.sound) <= _SOUND_CHARACTERS):
        yield "sound is to be the name of a file, default, or None"


def _localised_faults(words: Any) -> Iterator[str]:
    if not isinstance(words.key, str) or not 0 < len(words.key) <= _KEY_CHARACTERS:
        yield f"key is to be a text of 1 to {_KEY_CHARACTERS} characters"
    if words.args is not None and not callable(words.args):
        yield "args is to be a function of a view"


def _translated_faults(words: Any) -> Iterator[str]:
    if not _is_text(words.default):
        yield "default is to be a text, or a function of a view"
    if not isinstance(words.by_locale, Mapping):
        yield "by_locale is to give a text by the tag of a locale"
        return
    for tag, text in words.by_locale.items():
        if not isinstance(tag, str) or not _is_locale(tag):
            yield f"by_locale has {tag!r}, which is no tag of a locale, such as el or pt-BR"
        elif not _is_text(text):
            yield f"by_locale[{tag!r}] is to be a text, or a function of a view"


def _is_text(value: Any) -> bool:
    return bool(value) if isinstance(value, str) else callable(value)


def _listed(args: Sequence[str]) -> tuple[str, ...]:
    """Give arguments, which a text of its own is not: its letters would be taken for them."""
    if isinstance(args, str):
        raise TypeError("arguments are a list of texts")
    return tuple(args)


def _of_locale(words: Translated, locale: str | None) -> Text:
    """Choose the words of the longest tag that the locale begins with (RFC 4647, lookup)."""
    known = {tag.casefold(): text for tag, text in words.by_locale.items()}
    tag = (locale or "").replace("_", "-").casefold()
    while tag:
        if tag in known:
            return known[tag]
        tag = tag.rpartition("-")[0]
    return words.default


def _fit(text: str, limit_bytes: int) -> str:
    """Cut a text so that it has no more bytes as JSON, quotes aside."""
    if not isinstance(text, str):
        raise TypeError(f"{type(text).__name__} is no text")
    if len(text) <= limit_bytes and len(_encode(text)) - 2 <= limit_bytes:
        return text
    text = text[:limit_bytes]
    while text and len(_encode(f"{text}…")) - 2 > limit_bytes:
        text = text[:-1]
    return f"{text}…"
