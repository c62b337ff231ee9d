"""The arrays that our statements take and give, as Postgres has them in every database.

The driver knows the types of the catalogue, but of arrays those of text alone. It would ask each new connection for
the others, by a statement that costs Postgres more than all else a short connection does.
"""

from typing import Any, Final

# numbers of pg_type.dat, which never change: array, its element
_NUMBERS: Final = {
    "bool": (1000, 16),
    "bytea": (1001, 17),
    "int2": (1005, 21),
    "int4": (1007, 23),
    "int8": (1016, 20),
    "float8": (1022, 701),
    "json": (199, 114),
    "timestamptz": (1185, 1184),
    "uuid": (2951, 2950),
}

ARRAY_TYPES: Final[tuple[dict[str, Any], ...]] = tuple(
    {
        "oid": array,
        "ns": "pg_catalog",
        "name": f"_{element}",
        "kind": b"b",
        "basetype": None,
        "elemtype": number,
        "elemdelim": ",",
        "range_subtype": None,
        "attrtypoids": None,
    }
    for element, (array, number) in _NUMBERS.items()
)
"""Rows as the driver's own question gives them."""
