"""The schemas of what is posted as events, by the names that routes give them: of the vocabulary of this process."""

from collections.abc import Mapping
from typing import Final

from app.http.activity_routes import ENVELOPE
from app.http.event_routes import BATCH_EVENTS
from events.activity import ActivityEnded, ActivityStarted, ActivityUpdated
from events.event_schema import PLAIN_ATTRIBUTES, cloud_events, data_schemas, plain_events
from events.json_schema import Schema

_PREFIX: Final = "event."
"""Keeps the names of a team's own facts apart from those of the API."""
_CALLS: Final = {
    "ActivityStart": ActivityStarted.TYPE,
    "ActivityUpdate": ActivityUpdated.TYPE,
    "ActivityEnd": ActivityEnded.TYPE,
}


def posted_schemas() -> dict[str, Schema]:
    """Give the schemas by name, those that they refer to included."""
    reference = f"#/components/schemas/{_PREFIX}{{name}}"
    data, named = data_schemas(reference)
    return {
        **{_PREFIX + name: schema for name, schema in named.items()},
        "PostedCloudEvent": cloud_events(data),
        "PostedCloudEvents": _batch("#/components/schemas/PostedCloudEvent"),
        "PostedEvent": plain_events(data),
        "PostedEvents": {
            "anyOf": [{"$ref": "#/components/schemas/PostedEvent"}, _batch("#/components/schemas/PostedEvent")]
        },
        **{name: _call(data[type_], named) for name, type_ in _CALLS.items()},
    }


def _batch(one: str) -> Schema:
    return {"type": "array", "items": {"$ref": one}, "maxItems": BATCH_EVENTS}


def _call(data: Schema, named: Mapping[str, Schema]) -> Schema:
    """Give the schema of an event's data with what else is said of it beside them."""
    envelope = {name: PLAIN_ATTRIBUTES[name] for name in ENVELOPE}
    shapes = [named[each["$ref"].rpartition(_PREFIX)[2]] for each in data["anyOf"]]
    return {"anyOf": [{**each, "properties": {**each["properties"], **envelope}} for each in shapes]}
