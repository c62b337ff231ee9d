"""JSON Schema of the events that upstream may post, for their own tests: of the vocabulary that this process reads."""

from collections.abc import Mapping
from typing import Final

from events.activity import ACTIVITY
from events.codec import OWN_SOURCE, RESERVED_SUBJECTS
from events.extensions import ATTRIBUTES, MOST_EXTENSIONS, NAMES, OWN_ATTRIBUTES, VALUE
from events.fact import YEARS
from events.json_schema import Schema, names_in, schemas_of, without_null
from events.saved_definition import AlertName
from events.vocabulary import TODAY, TODAY_VERSION, kind_of, public_types

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
IDENTIFIER: Final[Schema] = {"type": "string", "pattern": "^[!-~]{1,128}$"}
MOMENT: Final[Schema] = {"type": "string", "format": "date-time", **YEARS}
SUBJECT: Final[Schema] = {**IDENTIFIER, "not": {"pattern": f"^{RESERVED_SUBJECTS}"}}
_COMPLETED: Final = "ByDefinition"


def _optional(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


PLAIN_ATTRIBUTES: Final[Mapping[str, Schema]] = {
    "id": _optional({**IDENTIFIER, "description": "Names the event within its source; made up if absent."}),
    "source": _optional({**IDENTIFIER, "not": {"const": OWN_SOURCE}, "description": "Who says so; `api` if absent."}),
    "occurredAt": _optional({**MOMENT, "description": "When it happened; now if absent."}),
    "extensions": _optional(
        {
            "type": "object",
            "description": "What a CloudEvent would have as extension attributes.",
            "propertyNames": {**NAMES, "not": {"enum": sorted(ATTRIBUTES | OWN_ATTRIBUTES)}},
            "additionalProperties": _optional(VALUE),
            "maxProperties": MOST_EXTENSIONS,
        }
    ),
}


def data_schemas(reference: str) -> tuple[dict[str, Schema], dict[str, Schema]]:
    """Give the schema of each type's data as it is posted, and the schemas that it refers to, by name.

    Args:
        reference: Leads to one of these, with `{name}` in it.
    """
    facts = {type_: TODAY[type_] for type_ in public_types()}
    shapes, named = schemas_of([*facts.values(), AlertName], reference)
    for schema in named.values():
        _refuse_erased(schema)
    data = dict(zip(facts, shapes, strict=False))
    for type_, fact in facts.items():
        if kind_of(type_) == ACTIVITY:
            name = fact.__name__ + _COMPLETED
            named[name] = _completed(named[data[type_]["$ref"].removeprefix(reference.format(name=""))], shapes[-1])
            data[type_] = {"anyOf": [data[type_], {"$ref": reference.format(name=name)}]}
    return data, named


def cloud_events(data: Mapping[str, Schema]) -> Schema:
    """Give the schema of a CloudEvent 1.0 that may be posted, whose `subject` is what it is about."""
    attributes = {
        "specversion": {"const": "1.0"},
        "id": {**IDENTIFIER, "description": "Names the event within its source: a repeat is known by both."},
        "source": {**IDENTIFIER, "not": {"const": OWN_SOURCE}, "description": "Who says so."},
        "subject": {**SUBJECT, "description": "The order, or another subject."},
        "time": _optional({**MOMENT, "description": "When it happened; now if absent."}),
        "datacontenttype": _optional({"const": "application/json"}),
        "dataschema": _optional({"type": "string"}),
        "traceparent": _optional({"type": "string", "pattern": "^[ -~]{1,512}$"}),
    }
    open_ = {"propertyNames": NAMES, "additionalProperties": _optional(VALUE)}
    return _either(data, attributes, "schemaversion", ("specversion", "id", "source", "subject"), others=open_)


def plain_events(data: Mapping[str, Schema]) -> Schema:
    """Give the schema of the plain shape, whose subject stands in the path."""
    return _either(data, PLAIN_ATTRIBUTES, "schemaVersion", (), others={"additionalProperties": False})


def events_document() -> Schema:
    """Give one document with the CloudEvents that may be posted, for a validator in somebody's tests."""
    data, named = data_schemas("#/$defs/{name}")
    return {
        "$schema": DIALECT,
        "title": "Events that Lockstep takes",
        "description": "A CloudEvent 1.0 in JSON. `$defs` has the data of each type, by itself.",
        **cloud_events(data),
        "$defs": named,
    }


def one_event_document(type_: str) -> Schema | None:
    """Give a document with the data of one type; None: nobody may post such a type."""
    data, named = data_schemas("#/$defs/{name}")
    if type_ not in data:
        return None
    needed: dict[str, Schema] = {}
    pending = [data[type_]]
    while pending:
        for name in names_in(pending.pop(), "#/$defs/"):
            if name not in needed:
                needed[name] = named[name]
                pending.append(named[name])
    return {"$schema": DIALECT, "title": f"The data of {type_}", **data[type_], "$defs": needed}


def _either(
    data: Mapping[str, Schema],
    attributes: Mapping[str, Schema],
    version: str,
    required: tuple[str, ...],
    *,
    others: Schema,
) -> Schema:
    return {
        "oneOf": [
            {
                "title": type_,
                "type": "object",
                "properties": {
                    "type": {"const": type_},
                    "data": schema,
                    version: _optional({"const": TODAY_VERSION[type_]}),
                    **attributes,
                },
                "required": ["type", "data", *required],
                **others,
            }
            for type_, schema in data.items()
        ]
    }


def _refuse_erased(schema: Schema) -> None:
    """Say that what must be given cannot be null: null stands in the log alone, for what was erased."""
    for name in schema.get("required", ()):
        schema["properties"][name] = without_null(schema["properties"][name])


def _completed(fact: Schema, alert_name: Schema) -> Schema:
    """Give the schema of data that a saved definition completes: whatever it adds may be left out."""
    properties = dict(fact["properties"])
    properties["definition"] = without_null(properties["definition"])
    properties["alert"] = {**properties["alert"], "anyOf": [*properties["alert"]["anyOf"], alert_name]}
    return {**fact, "title": f"{fact['title']}{_COMPLETED}", "properties": properties, "required": ["definition"]}
