"""The events that Lockstep takes, and those that it tells, as AsyncAPI 3.0: for teams that describe theirs so."""

from importlib.metadata import version
from typing import Any, Final

from events.event_schema import cloud_events, data_schemas
from events.json_schema import Schema, schemas_of
from projections.card_fact import FactDocument, FactType

_REFERENCE: Final = "#/components/schemas/{name}"
_CLOUD_EVENT: Final = "application/cloudevents+json"


def describe_events() -> dict[str, Any]:
    """Give the document, of the vocabulary that this process reads."""
    data, named = data_schemas(_REFERENCE)
    [fact], facts = schemas_of([FactDocument], _REFERENCE)
    taken = {each["title"]: each for each in cloud_events(data)["oneOf"]}
    messages = {type_: _message(type_, schema, _CLOUD_EVENT) for type_, schema in taken.items()}
    told = {each.value: _message(each.value, _told(each, fact), "application/json") for each in FactType}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Lockstep",
            "version": version("lockstep"),
            "description": "CloudEvents of orders and activities come in; what became of their cards is told.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {
            "events": _channel("/v1/events", "Takes CloudEvents by POST, one or a batch.", messages),
            "cards": _channel("/v1/cards/stream", "Tells by server-sent events, and by webhooks.", told),
        },
        "operations": {
            "takeEvents": _operation("receive", "events", "Appends events; a repeat is known by source and id."),
            "tellOfCards": _operation("send", "cards", "Tells at least once what became of a card."),
        },
        "components": {"messages": {**messages, **told}, "schemas": {**named, **facts}},
    }


def _message(name: str, payload: Schema, content_type: str) -> dict[str, Any]:
    return {"name": name, "title": name, "contentType": content_type, "payload": payload}


def _told(type_: FactType, fact: Schema) -> Schema:
    return {**fact, "properties": {"type": {"const": type_.value}}}


def _channel(address: str, what: str, messages: dict[str, Any]) -> dict[str, Any]:
    return {
        "address": address,
        "description": what,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
        "bindings": {"http": {}},
    }


def _operation(action: str, channel: str, what: str) -> dict[str, Any]:
    method = "POST" if action == "receive" else "GET"
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "summary": what,
        "bindings": {"http": {"method": method, "bindingVersion": "0.3.0"}},
    }
