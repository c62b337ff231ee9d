"""A view in the making, and the small values a view is made of."""

from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

import msgspec

from events.envelope import EffectiveEvent, FoldableEvent
from projections.history import Line

Stamp = tuple[int, int]
"""(effective time in Unix microseconds, version) of the event that wrote a register."""

NEVER: Final[Stamp] = (-(2**62), 0)

EVENTS_KEPT_BEFORE_OPENING: Final = 64

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Alert(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An event that asks for attention and changed what is shown; rank 3 is the strongest."""

    rank: int
    version: int
    type: str


class Early(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """An event that came before the one that opens its subject, such as `order.placed`, and waits for it."""

    at: int
    version: int
    source: str
    event_id: str
    type: str
    schema_version: int
    data: str
    personal: str | None = None


class Appearing:
    """What is so of any view, whatever its kind: it may have a time to appear."""

    __slots__ = ()
    show_at: datetime | None

    def is_early(self, now: datetime) -> bool:
        """Tell whether its time to appear has not come."""
        return self.show_at is not None and self.show_at > now

    def heard_since(self, recorded_at: datetime) -> datetime:
        """Give the time from which its news grows old: nobody expects any before it is to appear.

        Args:
            recorded_at: When the newest event was recorded.
        """
        return recorded_at if self.show_at is None else max(recorded_at, self.show_at)


class ViewFields(Appearing, msgspec.Struct, omit_defaults=True, rename="camel", gc=False):
    """The fields of an order's view, finished or in the making; `OrderView` says what they mean.

    They stand in the order in which they are stored, in which they are read fastest.
    """

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


def kept(early: tuple[Early, ...], event: FoldableEvent, *, erased: bool) -> tuple[Early, ...]:
    """Keep an event that came before the one that opens its subject: the newest `EVENTS_KEPT_BEFORE_OPENING`."""
    data = event.data if isinstance(event.data, str) else event.data.decode()
    personal = None if event.personal is None or erased else event.personal.decode()
    one = Early(event.at, event.version, event.source, event.event_id, event.type, event.schema_version, data, personal)
    return (*early, one)[-EVENTS_KEPT_BEFORE_OPENING:]


def awaited(early: Early, subject_id: str) -> EffectiveEvent:
    """Give an event that was kept as it came."""
    return EffectiveEvent(
        subject_id,
        early.version,
        early.source,
        early.event_id,
        early.type,
        early.schema_version,
        early.data,
        None if early.personal is None else early.personal.encode(),
        early.at,
    )


class InTheMaking(Protocol):
    """What a view in the making remembers of changes, whatever its kind."""

    alerts: tuple[Alert, ...]
    changed_version: int
    changed_at: int | None


def show(draft: InTheMaking, type_: str, rank: int, stamp: Stamp) -> None:
    """Remember that an event changed what is shown, by its version: one that waited counts by its own.

    Of each rank the newest alert is kept.
    """
    at, version = stamp
    if version > draft.changed_version:
        draft.changed_version, draft.changed_at = version, at
    if rank == 0:
        return
    alerts, place = draft.alerts, 0
    if not alerts or alerts[-1].rank < rank:
        draft.alerts = (*alerts, Alert(rank, version, type_))
        return
    for alert in alerts:
        if alert.rank >= rank:
            break
        place += 1
    after = place
    if place < len(alerts) and alerts[place].rank == rank:
        if alerts[place].version > version:
            return
        after += 1
    draft.alerts = (*alerts[:place], Alert(rank, version, type_), *alerts[after:])


def moment_of(microseconds: int) -> datetime:
    """Give the time, in UTC, of Unix microseconds."""
    return _EPOCH + timedelta(microseconds=microseconds)
