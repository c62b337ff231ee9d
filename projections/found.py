"""How many of something were found, and the first of them by name, so that a report does not grow with its bad news."""

from typing import Final, Generic, TypeVar

import msgspec

T = TypeVar("T")

NAMED: Final = 1_000


class Found(msgspec.Struct, Generic[T], frozen=True):
    """A count, and those that are named.

    Attributes:
        first: At most `NAMED` of them.
    """

    count: int = 0
    first: tuple[T, ...] = ()

    def __add__(self, other: "Found[T]") -> "Found[T]":
        """Give both together."""
        return Found(self.count + other.count, (self.first + other.first)[:NAMED])


def found(them: list[T]) -> Found[T]:
    """Count them, and name the first."""
    return Found(len(them), tuple(them[:NAMED]))
