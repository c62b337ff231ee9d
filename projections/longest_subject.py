"""Subjects to which the longest of everything has happened, so that a card's code can be tried on what it may meet."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, get_args

from msgspec import inspect

from events.codec import encode_new
from events.envelope import RecordedEvent, as_recorded
from events.fact import Fact
from events.order import OrderErased, OrderEvent
from projections.card_fields import SUBJECT_ID_CHARACTERS
from projections.card_shape import Text
from projections.definition import CardDefinition
from projections.history import LINES_SHOWN
from projections.order_view import EMPTY
from projections.steps import STEPS, Step
from projections.view import View, fold
from projections.widest import Writing, widest

LONGEST_SUBJECT_ID: Final = '"' * SUBJECT_ID_CHARACTERS
"""Visible ASCII, of which JSON writes a quotation mark with two bytes."""

_CHARACTERS: Final = 1_000
"""Of a text that nothing bounds."""

_ROWS: Final = 3
_LARGEST: Final = 2**53 - 1
_DEEPEST: Final = 4
_LATEST: Final = datetime(2100, 12, 31, 12, tzinfo=UTC)


def longest_subjects(definition: CardDefinition, writing: Writing) -> Iterator[View]:
    """Give views of subjects with the longest texts: just opened, with a full history, and over in each way.

    Args:
        definition: One that this process knows.
        writing: Of the texts.

    Raises:
        EventError: There is no longest value of a fact, for a text of it follows a pattern.
        EvolveError: The definition's code fails.
    """
    steps: Mapping[str, Step] = definition.steps or STEPS
    facts = [fact for fact in definition.facts or get_args(OrderEvent) if fact is not OrderErased]
    opening = next(fact for fact in facts if definition.opening == fact.TYPE)
    going_on = [fact for fact in facts if fact is not opening and not steps[fact.TYPE].terminal]
    opened = fold(EMPTY, _events([opening], writing, 1))
    yield opened
    # one more than fits, so that something has to be left out
    full = fold(opened, _events(going_on * (LINES_SHOWN + 1), writing, opened.version + 1))
    yield full
    for fact in facts:
        if steps[fact.TYPE].terminal:
            yield fold(full, _events([fact], writing, full.version + 1))


def _events(facts: Iterable[type[Fact]], writing: Writing, first: int) -> list[RecordedEvent]:
    return [
        as_recorded(
            encode_new(
                subject_id=LONGEST_SUBJECT_ID,
                source="shop",
                event_id=str(version),
                type=fact.TYPE,
                data=_longest(inspect.type_info(fact), writing, version),
                occurred_at=_LATEST + timedelta(seconds=version),
                key=b"",
            ),
            version,
            _LATEST + timedelta(seconds=version),
        )
        for version, fact in enumerate(facts, first)
    ]


def _longest(type_: inspect.Type, writing: Writing, number: int, depth: int = 0) -> Any:
    """Give the longest value of a field, as builtins; the texts of two numbers differ."""
    match type_:
        case inspect.Metadata():
            return _longest(type_.type, writing, number, depth)
        case inspect.UnionType():
            if type_.includes_none and depth > _DEEPEST:
                return None
            some = next(each for each in type_.types if not isinstance(each, inspect.NoneType))
            return _longest(some, writing, number, depth)
        case inspect.StructType():
            return {field.encode_name: _longest(field.type, writing, number, depth + 1) for field in type_.fields}
        case inspect.ListType() | inspect.VarTupleType():
            rows = 0 if depth > _DEEPEST else min(_ROWS if type_.max_length is None else type_.max_length, _ROWS)
            return [_longest(type_.item_type, writing, number + row, depth + 1) for row in range(rows)]
        case inspect.StrType():
            text: str = widest(Text(type_.max_length or _CHARACTERS, type_.pattern), writing)
            return text if type_.pattern else f"{number}{text}"[: len(text)]
        case _:
            return _largest(type_, number)


def _largest(type_: inspect.Type, number: int) -> Any:
    """Give the largest value of what is no text; None of what is none of these."""
    match type_:
        case inspect.IntType():
            return max(_bound(type_.ge, type_.gt, 1, -_LARGEST), _bound(type_.le, type_.lt, -1, _LARGEST), key=_digits)
        case inspect.FloatType():
            return next((each for each in (type_.le, type_.ge) if each is not None), 0.1)
        case inspect.BoolType():
            return True
        case inspect.DateTimeType():
            return (_LATEST + timedelta(seconds=number)).isoformat()
        case inspect.LiteralType():
            return max(type_.values, key=_digits)
        case inspect.EnumType():
            return max((each.value for each in type_.cls), key=_digits)
        case _:
            return None


def _bound(inclusive: int | None, exclusive: int | None, step: int, otherwise: int) -> int:
    if exclusive is not None:
        return exclusive + step
    return otherwise if inclusive is None else inclusive


def _digits(value: object) -> int:
    return len(str(value))
