"""Read alerts as the phone does: what it says in its language, from the strings that the app ships.

The rules: a card's alert is an object with a title, a body and a sound; title and body are texts, or objects with a
`loc-key` and perhaps `loc-args`, which are texts. What is of another shape fails the decode of the whole push. Without
a title there is no alert, and no sound. An ordinary notification has its keys beside one another: `title-loc-key`,
`title-loc-args`, `loc-key`, `loc-args`. A key that the app does not ship is shown itself.

Source:
    Apple, "Starting and updating Live Activities with ActivityKit push notifications"; "Generating a remote
    notification"; OneSignal's notes on ActivityKit for the title.
"""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

Strings = Mapping[str, Mapping[str, str]]
"""The app's strings: by language, text by key; `%@` or `%1$@` is a place for an argument, on Android `%s` or `%1$s`."""

_PLACE = re.compile(r"%(?:(\d+)\$)?[@s]|%%")
_LANGUAGE = "en"
"""The app's development language, for phones of others."""


class ShownAlert(msgspec.Struct, frozen=True):
    """Say what an alert says and how it sounds."""

    title: str
    body: str
    sound: str | None


class Reader(msgspec.Struct, frozen=True):
    """Look up the app's strings in the phone's language.

    Args:
        strings: the app's.
        locale: the phone's.
    """

    strings: Strings
    locale: str

    def read(self, alert: object) -> ShownAlert | None:
        """Give what a card's alert says, or `None` if it lights nothing."""
        if not isinstance(alert, dict) or not has_title(alert) or alert_fault(alert) is not None:
            return None
        sound = alert.get("sound")
        title, body = (self._text(alert.get(name)) for name in ("title", "body"))
        return ShownAlert(title, body, sound if isinstance(sound, str) else None)

    def read_notification(self, aps: Mapping[str, Any]) -> ShownAlert | None:
        """Give what an ordinary notification says, or `None` if that is nothing."""
        alert = aps.get("alert")
        told = {"title": alert} if isinstance(alert, str) else alert if isinstance(alert, dict) else {}
        title = self._told(told, "title", "title-loc-key", "title-loc-args")
        body = self._told(told, "body", "loc-key", "loc-args")
        sound = aps.get("sound")
        return ShownAlert(title, body, sound if isinstance(sound, str) else None) if title or body else None

    def look_up(self, key: str, args: list[str]) -> str:
        """Give the app's text for a key, with its places filled."""
        text = self._language().get(key, key)
        count = iter(range(len(args) + text.count("%")))

        def fill(place: re.Match[str]) -> str:
            if place[0] == "%%":
                return "%"
            number = int(place[1]) - 1 if place[1] else next(count)
            return args[number] if 0 <= number < len(args) else "(null)"

        return _PLACE.sub(fill, text)

    def _language(self) -> Mapping[str, str]:
        by_tag = {tag.lower(): texts for tag, texts in self.strings.items()}
        parts = self.locale.replace("_", "-").lower().split("-")
        tags = ["-".join(parts[:length]) for length in range(len(parts), 0, -1)]
        return next((by_tag[tag] for tag in (*tags, _LANGUAGE) if tag in by_tag), {})

    def _text(self, value: object) -> str:
        if isinstance(value, dict):
            return self.look_up(value["loc-key"], value.get("loc-args") or [])
        return value if isinstance(value, str) else ""

    def _told(self, told: Mapping[str, Any], name: str, key: str, args: str) -> str:
        if isinstance(told.get(key), str):
            given = told.get(args)
            return self.look_up(told[key], [str(each) for each in given] if isinstance(given, list) else [])
        return str(told.get(name) or "")


def alert_fault(alert: object) -> str | None:
    """Say why a card's alert does not decode, or `None`; absent is well."""
    if alert is None:
        return None
    if not isinstance(alert, dict):
        return "alert does not decode: it is no object"
    for name in ("title", "body"):
        if not _is_text(alert.get(name)):
            return f"alert does not decode: {name} is neither a text nor a loc-key with loc-args"
    if not isinstance(alert.get("sound", ""), str):
        return "alert does not decode: sound is no text"
    return None


def has_title(alert: object) -> bool:
    """Say whether the system would show the alert."""
    return isinstance(alert, dict) and bool(alert.get("title"))


def _is_text(value: object) -> bool:
    if not isinstance(value, dict):
        return value is None or isinstance(value, str)
    args = value.get("loc-args")
    return isinstance(value.get("loc-key"), str) and (
        args is None or (isinstance(args, list) and all(isinstance(each, str) for each in args))
    )
