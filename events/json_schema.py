"""JSON Schema (2020-12) of our own values, from the types that read and write them."""

import re
from collections.abc import Collection, Iterable
from inspect import cleandoc
from typing import Any, Final

import msgspec

Schema = dict[str, Any]

_ATTRIBUTE: Final = re.compile(r"^    (\w+): ")
_HEADING: Final = "\n\nAttributes:"


def schemas_of(types: Iterable[Any], reference: str) -> tuple[list[Schema], dict[str, Schema]]:
    """Give the schema of each type, and those of the values that they refer to, by name.

    What a docstring says of an attribute becomes the description of its property.

    Args:
        types: Anything that msgspec reads or writes.
        reference: Leads to a value, with `{name}` in it: `#/$defs/{name}`.
    """
    asked, named = msgspec.json.schema_components(types, ref_template=reference)
    plain = msgspec.json.decode(msgspec.json.encode((asked, named)))
    for schema in plain[1].values():
        _tell_attributes(schema)
    return plain[0], plain[1]


def without_null(schema: Schema) -> Schema:
    """Give a schema that takes the same, save null."""
    arms = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    if not arms:
        return schema
    rest = {name: value for name, value in schema.items() if name not in ("anyOf", "default")}
    return {**arms[0], **rest} if len(arms) == 1 else {**rest, "anyOf": arms}


def names_in(schema: Any, prefix: str) -> Collection[str]:
    """Give the names of all that a schema refers to."""
    found: set[str] = set()
    pending = [schema]
    while pending:
        each = pending.pop()
        if isinstance(each, dict):
            target = each.get("$ref")
            if isinstance(target, str) and target.startswith(prefix):
                found.add(target.removeprefix(prefix))
            pending += each.values()
        elif isinstance(each, list):
            pending += each
    return found


def _tell_attributes(schema: Schema) -> None:
    """Share a docstring out: its sentences to the schema, each line of `Attributes` to its property."""
    if "description" not in schema:
        return
    said, _, rest = cleandoc(schema["description"]).partition(_HEADING)
    schema["description"] = said
    told: dict[str, str] = {}
    name = ""
    for line in rest.splitlines():
        if (found := _ATTRIBUTE.match(line)) is not None:
            name = found[1]
            told[name] = line[found.end() :]
        elif name and line.startswith("        "):
            told[name] += " " + line.strip()
        elif line.strip():
            name = ""
    for attribute, words in told.items():
        for encoded in (attribute, _in_camel_case(attribute)):
            if encoded in schema.get("properties", ()):
                schema["properties"][encoded].setdefault("description", words)


def _in_camel_case(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(each.capitalize() for each in others)
