"""Which types of events this process reads, each in its versions: of orders, activities, and a team's own cards.

A team's facts are installed once, at the start of the process.
"""

from collections.abc import Collection
from functools import cache
from typing import Any, Final, get_args

import msgspec

from events.activity import ActivityEvent
from events.fact import Fact
from events.order import OrderErased, OrderEvent
from events.personal import PersonalFields, personal_fields
from events.upcasts import OLD_SHAPES, OldShapes, Upcast

NONE: Final[OldShapes] = {}


class Shape(msgspec.Struct, frozen=True):
    """One version of one type, ready for use.

    Attributes:
        moments: attributes that hold a time, whose year is bounded.
        erased: what stands in for the personal fields that must be there, as the inside of a JSON object.
        joins: whether the two halves meet as bytes, without being read first.
        upcast: leads from its JSON to that of the next version; None: it is today's.
    """

    fact: type[Fact]
    personal: PersonalFields
    moments: tuple[str, ...]
    erased: bytes
    joins: bool
    decoder: msgspec.json.Decoder[Any]
    upcast: Upcast | None = None


SHAPES: Final[dict[tuple[str, int], Shape]] = {}
"""(type, schema version) → its shape."""

TODAY: Final[dict[str, type[Fact]]] = {}
"""Type → the shape it has today, in the order of a subject's life."""

TODAY_VERSION: Final[dict[str, int]] = {}


def install_facts(facts: Collection[type[Fact]] = (), old_shapes: OldShapes = NONE) -> None:
    """Read these facts from now on, and those of orders and activities.

    Args:
        facts: Of a team's own cards.
        old_shapes: Those they were stored in before.
    """
    SHAPES.clear()
    TODAY.clear()
    TODAY_VERSION.clear()
    TODAY.update({fact.TYPE: fact for fact in (*get_args(OrderEvent), *get_args(ActivityEvent), *facts)})
    for key, (fact, upcast) in {**OLD_SHAPES, **old_shapes}.items():
        SHAPES[key] = _shape(fact, upcast)
    for name in TODAY:
        TODAY_VERSION[name] = 1 + max((version for old, version in SHAPES if old == name), default=0)
    SHAPES.update({(name, TODAY_VERSION[name]): _shape(fact, None) for name, fact in TODAY.items()})


def public_types() -> list[str]:
    """Give what upstream may post; the rest is written by Lockstep itself."""
    return [name for name in TODAY if name != OrderErased.TYPE]


def is_known(type: str, schema_version: int) -> bool:  # noqa: A002 - the field's name everywhere
    """Tell whether this process reads such an event; one that it does not is for a newer, or one with more cards."""
    return (type, schema_version) in SHAPES


def named(type: str, schema_version: int) -> str:  # noqa: A002 - the field's name everywhere
    """Name a version of a type, as a subject that waits for somebody who reads it is marked."""
    return f"{type} {schema_version}"


def vocabulary() -> list[str]:
    """Name everything that this process reads."""
    return [named(*each) for each in SHAPES]


def kind_of(type: str) -> str:  # noqa: A002 - the field's name everywhere
    """Give the kind of the subjects that events of a type are about: what stands before its dot."""
    return type.partition(".")[0]


@cache
def _shape(fact: type[Fact], upcast: Upcast | None) -> Shape:
    personal = personal_fields(fact)
    moments = tuple(field.name for field in msgspec.structs.fields(fact) if holds_moment(field.type))
    erased = ",".join(f'"{name}":null' for name in personal.required).encode()
    joins = upcast is None and not personal.inside
    return Shape(fact, personal, moments, erased, joins, msgspec.json.Decoder(fact), upcast)


def holds_moment(kind: Any) -> bool:
    """Tell whether a field of this type holds a time."""
    return _is_moment(msgspec.inspect.type_info(kind))


def _is_moment(described: msgspec.inspect.Type) -> bool:
    if isinstance(described, msgspec.inspect.UnionType):
        return any(_is_moment(member) for member in described.types)
    if isinstance(described, msgspec.inspect.Metadata):
        return _is_moment(described.type)
    return isinstance(described, msgspec.inspect.DateTimeType)


install_facts()
