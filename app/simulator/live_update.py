"""Fold messages into one Live Update, as an app for Android does that follows `docs/android.md`.

The rules: the notification's tag is the subject, so that each message replaces what the one before showed; a message
holds all that is shown, so that any may be missing; what is not newer than what is shown is dropped, save an end of
the same card; nothing changes a card that has ended or was swiped away; an end without a face takes away what is shown
at once; one whose time to leave has come is cancelled. A face that does not decode changes nothing.
"""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from app.simulator.alerts import Reader, ShownAlert
from app.simulator.card import APPLIED, Effect, dropped
from app.simulator.declaration import Declaration

Kind = Literal["start", "update", "end"]
_KINDS: Mapping[str, Kind] = {"start": "start", "update": "update", "end": "end"}

FACE = Declaration(
    name="AndroidFace",
    attributes={},
    content={
        "title": "str",
        "text": "str?",
        "shortCriticalText": "str?",
        "progress": "int?",
        "segments": "list?",
        "points": "list?",
        "when": "int?",
        "ongoing": "bool?",
        "freshness": "str?",
    },
    rows={"segments": {"length": "int", "color": "str?"}, "points": {"position": "int", "color": "str?"}},
)


class Told(msgspec.Struct, frozen=True):
    """Hold what a message says; `face` is what is shown, and `dismiss_at` when it leaves, in Unix seconds."""

    kind: Kind
    card_id: str
    subject: str
    attributes_type: str
    timestamp: int
    face: dict[str, Any] | None
    alert: ShownAlert | None
    dismiss_at: int | None
    attributes: dict[str, Any] | None


class LiveUpdate(msgspec.Struct, frozen=True, rename="camel"):
    """Hold a Live Update as the phone shows it.

    Args:
        subject: what it is about, the notification's tag.
        card_id: the sender's id for the card.
        face: the fields of the notification, and how old the news is.
        shown_timestamp: that of the newest message shown.
        posted_at: when it was first shown, in Unix seconds.
        ended_by: a message, the user, or the app.
        dismiss_at: when an ended one leaves; `None` when the user swipes it away.
    """

    subject: str
    card_id: str
    attributes_type: str
    face: dict[str, Any]
    shown_timestamp: int
    posted_at: float
    attributes: dict[str, Any] | None = None
    state: Literal["active", "ended", "dismissed"] = "active"
    ended_by: str | None = None
    dismiss_at: float | None = None
    alerts: int = 0

    def is_visible(self, now: float) -> bool:
        """Say whether the phone shows it."""
        return self.state == "active" or (self.state == "ended" and (self.dismiss_at is None or now < self.dismiss_at))

    def gone(self, state: Literal["ended", "dismissed"], by: str, now: float) -> "LiveUpdate":
        """Give the Live Update after it was taken away."""
        return msgspec.structs.replace(self, state=state, ended_by=by, dismiss_at=now)


def read_message(data: Mapping[str, str], reader: Reader) -> Told | str:
    """Give what the data of a message say, or why they cannot be read; alerts may name strings of the app's."""
    missing = [name for name in ("kind", "cardId", "subject", "attributesType", "timestamp") if not data.get(name)]
    if missing:
        return f"{missing[0]} is missing"
    kind = _KINDS.get(data["kind"])
    if kind is None:
        return f"kind is {data['kind']!r}, not start, update or end"
    for name in ("timestamp", "dismissAt"):
        if not data.get(name, "0").isdecimal():
            return f"{name} is no whole number"
    face, attributes = (_decoded(data.get(name)) for name in ("card", "attributes"))
    for name, value in (("card", face), ("attributes", attributes)):
        if not isinstance(value, dict | None):
            return f"{name} does not decode: {value}"
    fault = FACE.content_fault(face) if isinstance(face, dict) else None
    if fault is not None:
        return f"card does not decode: {fault}"
    if face is None and kind != "end":
        return "card is missing"
    dismiss_at = data.get("dismissAt")
    try:
        title, body = (_spoken(data, name, reader) for name in ("alertTitle", "alertBody"))
    except msgspec.DecodeError as error:
        return f"the alert does not decode: {error}"
    return Told(
        kind=kind,
        card_id=data["cardId"],
        subject=data["subject"],
        attributes_type=data["attributesType"],
        timestamp=int(data["timestamp"]),
        face=face if isinstance(face, dict) else None,
        alert=ShownAlert(title, body, data.get("alertSound")) if title else None,
        dismiss_at=None if dismiss_at is None else int(dismiss_at),
        attributes=attributes if isinstance(attributes, dict) else None,
    )


def receive(shown: LiveUpdate | None, told: Told, now: float) -> tuple[LiveUpdate | None, Effect]:
    """Fold a message into what is shown under its tag."""
    same = shown is not None and shown.card_id == told.card_id
    if same and shown is not None and shown.state != "active":
        return shown, dropped("the Live Update is over")
    if shown is not None and told.timestamp <= shown.shown_timestamp and not (same and told.kind == "end"):
        older = "older than" if told.timestamp < shown.shown_timestamp else "of the same second as"
        return shown, dropped(f"{older} what is shown")
    if told.kind == "end":
        if shown is None or not same:
            return shown, dropped("there is nothing to end")
        return _ended(shown, told, now), APPLIED
    face = told.face or {}
    if shown is None or not same:
        shown = LiveUpdate(told.subject, told.card_id, told.attributes_type, face, told.timestamp, now)
    return (
        msgspec.structs.replace(
            shown,
            face=face,
            shown_timestamp=told.timestamp,
            attributes=told.attributes or shown.attributes,
            alerts=shown.alerts + (told.alert is not None),
        ),
        APPLIED,
    )


def _ended(shown: LiveUpdate, told: Told, now: float) -> LiveUpdate:
    return msgspec.structs.replace(
        shown,
        face=shown.face if told.face is None else told.face,
        shown_timestamp=max(shown.shown_timestamp, told.timestamp),
        state="ended",
        ended_by="a message",
        dismiss_at=now if told.face is None else told.dismiss_at,
        alerts=shown.alerts + (told.alert is not None),
    )


def _spoken(data: Mapping[str, str], name: str, reader: Reader) -> str:
    """Give a text, or what the app's string says that is named in its place, with what stands in it."""
    key = data.get(f"{name}Key")
    if key is None:
        return data.get(name, "")
    return reader.look_up(key, msgspec.json.decode(data.get(f"{name}Args", "[]"), type=list[str]))


def _decoded(text: str | None) -> Any:
    """Give the JSON of a text; one that is none is given itself."""
    if text is None:
        return None
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text
