"""A view in the making, and the small values a view is made of."""

from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from projections.history import Line

Stamp = tuple[int, int]
"""(effective time in Unix microseconds, version) of the event that wrote a register."""

NEVER: Final[Stamp] = (-(2**62), 0)

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Alert(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An event that asks for attention and changed what is shown; rank 3 is the strongest."""

    rank: int
    version: int
    type: str


class Early(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """An event that came before `order.placed` and waits for it."""

    at: int
    version: int
    source: str
    event_id: str
    type: str
    schema_version: int
    data: str
    personal: str | None = None


class ViewFields(msgspec.Struct, omit_defaults=True, rename="camel", gc=False):
    """The fields of a view, finished or in the making; `OrderView` says what they mean."""

    alerts: tuple[Alert, ...] = ()
    changed_version: int = 0
    courier_id: str | None = None
    courier_keys: tuple[tuple[str, str], ...] = ()
    courier_name: str | None = None
    courier_stamp: Stamp = NEVER
    customer_id: str | None = None
    delivery_stamp: Stamp = NEVER
    early: tuple[Early, ...] = ()
    erased: bool = False
    history: tuple[Line, ...] = ()
    image_key: str | None = None
    image_stamp: Stamp = NEVER
    merchant_name: str | None = None
    next_expected_at: datetime | None = None
    note: str | None = None
    note_stamp: Stamp = NEVER
    order_number: str | None = None
    placed: bool = False
    progress_percent: int = 0
    reason: str | None = None
    reason_stamp: Stamp = NEVER
    show_at: datetime | None = None
    show_stamp: Stamp = NEVER
    status: str = ""
    status_stamp: Stamp = NEVER
    updated_at: datetime | None = None
    version: int = 0


class Draft(ViewFields, gc=False):
    """A view in the making.

    Attributes:
        changed_at: When what is shown changed last, in Unix microseconds; None: not in this fold.
    """

    changed_at: int | None = None


def moment_of(microseconds: int) -> datetime:
    """Give the time, in UTC, of Unix microseconds."""
    return _EPOCH + timedelta(microseconds=microseconds)
