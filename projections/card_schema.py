"""The types of cards as one JSON Schema, draft 2020-12, in an order that is theirs, so that it can be committed."""

from collections.abc import Iterable
from inspect import cleandoc
from typing import Any, Final

import msgspec

from projections.definition import CardDefinition
from projections.freshness import Freshness

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
FRESHNESS: Final = "freshness"
"""What is put behind a content state when it is sent."""


def card_schema(cards: Iterable[CardDefinition]) -> dict[str, Any]:
    """Give the schema of a value that is one of these cards: its attributes type, attributes and content state.

    Raises:
        TypeError: A struct has a type that JSON cannot hold.
    """
    definitions = {card.attributes_type: _schema_of(card) for card in cards}
    schema = {
        "$schema": DIALECT,
        "title": "Cards",
        "oneOf": [{"$ref": f"#/$defs/{name}"} for name in definitions],
        "$defs": definitions,
    }
    # as it is read back from a file: defaults are values of Python until then
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(schema))
    return plain


def _schema_of(card: CardDefinition) -> dict[str, Any]:
    place = f"#/$defs/{card.attributes_type}/$defs/"
    (attributes, content_state, freshness), components = msgspec.json.schema_components(
        [card.attributes, card.content_state, Freshness], ref_template=place + "{name}"
    )
    for each in components.values():
        if "description" in each:
            each["description"] = cleandoc(each["description"])
    content = components[content_state["$ref"].removeprefix(place)]
    content["properties"] |= {FRESHNESS: {"description": "How old the news is.", **freshness}}
    return {
        "title": card.attributes_type,
        "type": "object",
        "properties": {
            "attributesType": {"const": card.attributes_type},
            "attributes": attributes,
            "contentState": content_state,
        },
        "required": ["attributesType", "attributes", "contentState"],
        "$defs": components,
    }
