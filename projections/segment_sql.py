"""A filter of a segment as a condition of SQL: words of ours, and parameters for everything that came from outside.

It stands in a statement that names a phone `d` and the tags of its customer `t`, in the place of `PLACE`.
"""

from collections.abc import Sequence
from typing import Any, Final, assert_never

import msgspec

from projections.segment_filter import All, Either, Field, Filter, IosFrom, IosIs, Is, Not

PLACE: Final = "true /* the filter */"

_VERSION: Final = "(string_to_array(d.ios_version || '.0.0', '.')::integer[])[1:{}]"
# the letters of ASCII alone, whatever the database's collation: so it is read by `segment_filter` too
_LOCALE: Final = "lower(replace(d.locale, '_', '-') COLLATE \"C\")"
_COLUMNS: Final = {
    Field.APP: "d.app",
    Field.ENVIRONMENT: "d.environment",
    Field.CUSTOMER: "d.customer_id",
    Field.DEVICE: "d.device_id",
}


class Condition(msgspec.Struct, frozen=True):
    """A condition with its parameters; it is true or false, never unknown."""

    sql: str
    values: tuple[Any, ...] = ()


EVERYBODY: Final = Condition("true")
NOBODY: Final = Condition("false")


def condition_of(filter_: Filter, first: int) -> Condition:
    """Give a filter as a condition.

    Args:
        filter_: What phones are to be like.
        first: The number of its first parameter.
    """
    values: list[Any] = []
    sql = _written(filter_, first, values)
    return Condition(sql, tuple(values))


def of_customers(customer_ids: Sequence[str], first: int) -> Condition:
    """Take the phones on which one of these customers is signed in."""
    return Condition(f"coalesce(d.customer_id = ANY (${first}::text[]), false)", (list(customer_ids),))


def ids_of_segment(name: str, ids_of: str, first: int) -> Condition:
    """Take the phones whose id, or whose customer's, stands in a segment's list."""
    column = "d.customer_id" if ids_of == "customers" else "d.device_id"
    return Condition(f"EXISTS (SELECT FROM segment_ids AS s WHERE s.name = ${first} AND s.id = {column})", (name,))


def in_place(statement: str, condition: Condition) -> str:
    """Put a condition where a statement has its place for one."""
    if PLACE not in statement:
        raise AssertionError("the statement has no place for a filter")
    return statement.replace(PLACE, condition.sql)


def _written(filter_: Filter, first: int, values: list[Any]) -> str:
    match filter_:
        case Not(part):
            return f"NOT {_written(part, first, values)}"
        case All(parts):
            return _joined(" AND ", parts, first, values)
        case Either(parts):
            return _joined(" OR ", parts, first, values)
        case IosIs(version):
            bind = _bind(list(version), first, values)
            return f"coalesce({_VERSION.format(len(version))} = {bind}::integer[], false)"
        case IosFrom(version):
            bind = _bind(list((*version, 0, 0)[:3]), first, values)
            return f"coalesce({_VERSION.format(3)} >= {bind}::integer[], false)"
        case Is(Field.TAG, wanted):
            bind = f"{_bind(list(wanted), first, values)}::text[]"
            return f"(d.tags && {bind} OR coalesce(t.tags && {bind}, false))"
        case Is(Field.LOCALE, wanted):
            bind = _bind(list(wanted), first, values)
            return (
                f"EXISTS (SELECT FROM unnest({bind}::text[]) AS w(locale) "
                f"WHERE {_LOCALE} = w.locale OR starts_with({_LOCALE}, w.locale || '-'))"
            )
        case Is(field, wanted):
            return f"coalesce({_COLUMNS[field]} = ANY ({_bind(list(wanted), first, values)}::text[]), false)"
        case _:
            assert_never(filter_)


def _joined(word: str, parts: Sequence[Filter], first: int, values: list[Any]) -> str:
    return f"({word.join(_written(each, first, values) for each in parts)})"


def _bind(value: Any, first: int, values: list[Any]) -> str:
    values.append(value)
    return f"${first + len(values) - 1}"
