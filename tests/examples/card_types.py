"""A card whose types hold everything that a card may hold, and a way to define others."""

from enum import StrEnum
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct

from projections.card_fields import CardId, Fraction, SubjectId, UnixSeconds, Word
from projections.card_refusals import schema_of
from projections.card_shape import Reading, shape_of
from projections.definition import CardDefinition


class Vehicle(StrEnum):
    """What somebody comes with."""

    BICYCLE = "bicycle"
    CARGO_BICYCLE = "cargo_bicycle"


class Stop(Struct, frozen=True, omit_defaults=True, rename="camel", kw_only=True):
    """One stop of a tour."""

    name: Annotated[str, Meta(max_length=20)]
    planned_at: UnixSeconds
    parcels: Annotated[int, Meta(ge=1, lt=100)] = 1


class TourAttributes(Struct, frozen=True, omit_defaults=True, rename="camel", kw_only=True):
    """What a tour is started with."""

    card_id: CardId
    tour_id: SubjectId
    title: Annotated[str, Meta(max_length=30, description="What the tour is called.")] | None = None


class TourState(Struct, frozen=True, omit_defaults=True, rename="camel", kw_only=True):
    """What changes on a tour."""

    status: Word
    in_: Annotated[bool, Meta(description="Whether it is inside.")] = False
    mood: Literal["good", "so-so"] | None = None
    vehicle: Vehicle
    done: Fraction
    balance: float | None = None
    height: Annotated[int, Meta(ge=-50, le=9_000, extra_json_schema={"unit": "m"})] | None = None
    next_stop: Stop | None = None
    stops: Annotated[tuple[Stop, ...], Meta(max_length=3)] = ()
    tags: Annotated[list[Annotated[str, Meta(max_length=4)]], Meta(max_length=2)] = []
    arrival_time: UnixSeconds | None = None
    updated_at: UnixSeconds


def a_card(
    content_state: type[Struct],
    attributes: type[Struct] = TourAttributes,
    *,
    attributes_type: str = "TourAttributes",
    kind: str = "tour",
    **more: Any,
) -> CardDefinition:
    """Define a card by its types; it can be looked at and not be drawn."""
    return CardDefinition(
        kind=kind,
        attributes_type=attributes_type,
        attributes=attributes,
        content_state=content_state,
        render=_undrawn,
        render_attributes=_undrawn,
        alerts={},
        otherwise="There is news.",
        title=lambda _: "A tour",
        **more,
    )


def reading_of(content_state: type[Struct], attributes: type[Struct] = TourAttributes) -> Reading:
    """Read the types of a card."""
    return shape_of(schema_of([a_card(content_state, attributes)])["$defs"]["TourAttributes"])


def state_of(name: str = "TourState", **fields: Any) -> type[Struct]:
    """Make a content state of these types; a tuple has a default behind its type."""
    return msgspec.defstruct(
        name,
        [(key, *(each if isinstance(each, tuple) else (each,))) for key, each in fields.items()],
        frozen=True,
        omit_defaults=True,
        rename="camel",
        kw_only=True,
    )


def _undrawn(*_: Any, **__: Any) -> Struct:
    raise AssertionError("only its types are looked at")


TOUR: Final = a_card(TourState)
