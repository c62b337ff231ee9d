"""What senders save under a name for their activities: a type, what their states have in common, and alerts.

An event that names a definition is completed from it when it comes in, and stored whole, with the version that was
used: so a replay gives the same, whatever becomes of the definition.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from events.activity import (
    ActivityAlert,
    ActivityEnded,
    ActivityStarted,
    Attributes,
    Carrier,
    ChannelStorage,
    ContentState,
    Priority,
    RelevanceScore,
    SwiftName,
    carrier_faults,
    start_faults,
)
from events.errors import EventError, Fault
from events.fact import Judged
from events.faults import faults_of, text_faults

is_definition_name = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}").fullmatch
NAME_RULE: Final = "is to be 1 to 64 letters, digits, dots, hyphens and underscores, such as match"

AlertName = Annotated[str, Meta(min_length=1, max_length=64)]
Seconds = Annotated[int, Meta(ge=1, le=365 * 86_400)]


class SavedDefinition(Judged, frozen=True, kw_only=True):
    """What an activity of a definition has, unless its event says otherwise.

    Attributes:
        attributes: Of each start; those of an event are laid over them, key by key.
        content_state: Of each state, likewise.
        alerts: By a name of the sender's, which an event gives as its `alert`. Starts and ends that have none take
            `start` and `end`, where they are there.
        stale_after_seconds: From when an event occurred until the phone is to call its state out of date.
        dismiss_after_seconds: From the end until the card leaves the Lock Screen.
        carrier: Of each start.
        channel_storage: Of each start that a channel carries.
    """

    attributes_type: SwiftName
    attributes: Attributes = msgspec.field(default_factory=dict)
    content_state: ContentState = msgspec.field(default_factory=dict)
    alerts: Annotated[dict[AlertName, ActivityAlert], Meta(max_length=100)] = msgspec.field(default_factory=dict)
    priority: Priority | None = None
    relevance_score: RelevanceScore | None = None
    stale_after_seconds: Seconds | None = None
    dismiss_after_seconds: Seconds | None = None
    carrier: Carrier | None = None
    channel_storage: ChannelStorage | None = None

    def faults(self) -> Iterator[Fault]:
        """Name what is wrong with it beside its fields."""
        for name, alert in self.alerts.items():
            yield from (Fault(f"/alerts/{name}{each.pointer}", each.detail) for each in alert.faults())
        yield from carrier_faults(self.carrier, self.channel_storage)
        yield from start_faults(self.attributes, self.content_state)


class Reference(msgspec.Struct, frozen=True):
    """A definition as an event names it; the newest version unless it names one."""

    name: str
    version: int | None = None


class Named(msgspec.Struct, frozen=True):
    """A version of a definition."""

    name: str
    version: int
    definition: SavedDefinition


Found = Mapping[Reference, Named]

_encode: Final = msgspec.json.Encoder(order="sorted").encode
_decode: Final = msgspec.json.Decoder(SavedDefinition).decode


def read_definition(document: Any) -> SavedDefinition:
    """Read a definition from builtins.

    Raises:
        EventError: With every fault.
    """
    faults = [*faults_of(document, SavedDefinition, ""), *text_faults(document, "")]
    if isinstance(document, dict) and isinstance(document.get("alerts"), dict):
        nested = [
            fault
            for name, alert in document["alerts"].items()
            for fault in faults_of(alert, ActivityAlert, f"/alerts/{name}")
        ]
        faults = [*(each for each in faults if not (nested and each.pointer == "/alerts")), *nested]
    if not faults:
        definition = msgspec.convert(document, SavedDefinition)
        faults = list(definition.faults())
    if faults:
        raise EventError(faults)
    return definition


def encode_definition(definition: SavedDefinition) -> bytes:
    """Give the canonical JSON of a definition: of equal ones it is equal."""
    return _encode(definition)


def decode_definition(stored: bytes | str) -> SavedDefinition:
    """Read a stored definition."""
    return _decode(stored)


def reference_of(data: Any) -> Reference | None:
    """Give the definition that an event's data names, if it names one as it should."""
    if not isinstance(data, dict):
        return None
    name, version = data.get("definition"), data.get("definitionVersion")
    if not isinstance(name, str) or not is_definition_name(name):
        return None
    if version is None or (type(version) is int and 0 < version < 2**31):
        return Reference(name, version)
    return None


def completed(data: dict[str, Any], type_: str, found: Found, occurred_at: datetime) -> dict[str, Any]:
    """Give an event's data with what its definition adds; itself if it names none.

    Args:
        data: Builtins, as they came.
        type_: Of the event.
        found: The definitions that are there.
        occurred_at: From when the times of the definition count.

    Raises:
        EventError: There is no such definition, or no such alert in it.
    """
    if data.get("definition") is None:
        return data
    reference = reference_of(data)
    named = None if reference is None else found.get(reference)
    if named is None:
        place = "/data/definition" if data.get("definitionVersion") is None else "/data/definitionVersion"
        raise EventError([Fault(place, "is not saved; save it by PUT /v1/definitions/NAME, or see: definitions list")])
    return _over(data, type_, named, occurred_at)


def _over(data: dict[str, Any], type_: str, named: Named, occurred_at: datetime) -> dict[str, Any]:
    """Lay an event's data over a definition; null stands for none."""
    saved = named.definition
    ends, starts = type_ == ActivityEnded.TYPE, type_ == ActivityStarted.TYPE
    follows = data.get("carrier", saved.carrier) == saved.carrier
    common: dict[str, Any] = {"priority": saved.priority, "relevanceScore": saved.relevance_score}
    if starts:
        common |= {"attributesType": saved.attributes_type, "attributes": {}, "alert": _alert(saved, "start")}
        # the storage goes with the channel: a start that goes by tokens has neither
        common |= {"carrier": saved.carrier, "channelStorage": saved.channel_storage if follows else None}
    if ends:
        common |= {"alert": _alert(saved, "end"), "dismissalDate": _after(occurred_at, saved.dismiss_after_seconds)}
    else:
        common |= {"contentState": {}, "staleDate": _after(occurred_at, saved.stale_after_seconds)}
    whole = {name: each for name, each in common.items() if each is not None} | data
    for name, each in (("attributes", saved.attributes), ("contentState", saved.content_state)):
        if isinstance(whole.get(name), dict):
            whole[name] = each | whole[name]
    if isinstance(alert := whole.get("alert"), str):
        whole["alert"] = _alert(saved, alert)
        if whole["alert"] is None:
            known = ", ".join(sorted(saved.alerts)) or "none"
            detail = f"is no alert of {named.name}, version {named.version}; its alerts: {known}"
            raise EventError([Fault("/data/alert", detail)])
    return whole | {"definition": named.name, "definitionVersion": named.version}


def _alert(saved: SavedDefinition, name: str) -> Any:
    found = saved.alerts.get(name)
    return None if found is None else msgspec.to_builtins(found)


def _after(occurred_at: datetime, seconds: int | None) -> str | None:
    return None if seconds is None else (occurred_at + timedelta(seconds=seconds)).isoformat()
