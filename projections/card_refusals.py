"""What keeps a card's types from being sent, whatever their values: the whole list, with the cure of each."""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from msgspec import inspect

from projections.card_fields import CARD_ID_CHARACTERS, SUBJECT_ID_CHARACTERS
from projections.card_schema import FRESHNESS, card_schema
from projections.card_shape import TIME_AS_TEXT, CardShape, Reading, Refusal, Text, shape_of
from projections.definition import CardDefinition
from projections.errors import CardTypesError
from projections.swift_names import CARD_ID, misnamed, subject_key
from projections.widest import unbounded


def read_card(definition: CardDefinition) -> Reading:
    """Read the types of a definition, and refuse what Swift or a phone would; of a field the first that is wrong.

    Raises:
        CardTypesError: A struct holds what JSON does not.
    """
    card, refused = shape_of(schema_of([definition])["$defs"][definition.attributes_type])
    if any(field.encode_name == FRESHNESS for field in msgspec.structs.fields(definition.content_state)):
        refused.append(
            Refusal(f"contentState.{FRESHNESS}", "collides with what Lockstep adds when it sends a card; rename it")
        )
    for half, struct in (("attributes", definition.attributes), ("contentState", definition.content_state)):
        refused.extend(_naive_times(inspect.type_info(struct), half, ()))
    refused.extend(_short_ids(card, definition.kind))
    refused.extend(misnamed(card, definition.kind))
    for half, record in card.halves():
        refused.extend(unbounded(record, half))
    first = {each.field: each for each in reversed(refused)}
    return Reading(card, [each for each in refused if first[each.field] is each])


def schema_of(definitions: Iterable[CardDefinition]) -> dict[str, Any]:
    """Give the schema of some cards.

    Raises:
        CardTypesError: A struct holds what JSON does not.
    """
    try:
        return card_schema(definitions)
    except TypeError as error:
        raise CardTypesError(f"The types of a card cannot be told in JSON: {error}") from None


def _naive_times(type_: inspect.Type, path: str, within: tuple[type, ...]) -> Iterator[Refusal]:
    """Name the times without an offset, which a schema does not tell from texts."""
    match type_:
        case inspect.DateTimeType(tz=None | False) | inspect.TimeType(tz=None | False):
            yield Refusal(path, TIME_AS_TEXT)
        case inspect.Metadata():
            yield from _naive_times(type_.type, path, within)
        case inspect.UnionType():
            for each in type_.types:
                yield from _naive_times(each, path, within)
        case inspect.ListType() | inspect.VarTupleType():
            yield from _naive_times(type_.item_type, f"{path}[]", within)
        case inspect.StructType() if type_.cls not in within:
            for field in type_.fields:
                yield from _naive_times(field.type, f"{path}.{field.encode_name}", (*within, type_.cls))


def _short_ids(card: CardShape, kind: str) -> Iterator[Refusal]:
    """Name the ids whose types are not made for the longest one."""
    ids = {CARD_ID: ("CardId", CARD_ID_CHARACTERS), subject_key(card, kind): ("SubjectId", SUBJECT_ID_CHARACTERS)}
    for field in card.attributes.fields:
        if (made_for := ids.get(field.key)) is not None:
            name, needed = made_for
            if not isinstance(field.shape, Text) or field.shape.most is None or field.shape.most < needed:
                why = f"is to be {name} of projections.card_fields, a text of up to {needed} characters"
                yield Refusal(f"attributes.{field.key}", why)
