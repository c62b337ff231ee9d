"""When a delivery time that somebody put is worth an event.

Whoever follows a courier knows a new time every second; a card shows minutes. So times are put, the latest counts, and
an event is made of those alone that move the card: at once where the time moved by a minute or more, and of a smaller
move once it has stood for a while. Between events a card is never further off than that.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from events.codec import encode_new
from events.envelope import NewEvent, effective_at
from events.order import EtaChanged
from events.outcome import Archived
from projections.draft import NEVER, Stamp
from projections.registers import LATER_BY_SECONDS

FORGOTTEN_AFTER: Final = timedelta(days=1)
"""A time that has not moved for so long, and has nothing left to say, is let go; what was recorded is in the log."""


class EtaRules(msgspec.Struct, frozen=True, kw_only=True):
    """How much a put delivery time must move the card to become an event.

    Attributes:
        moves: A put delivery time that moved by so much becomes an event at once.
        apart: The least time between such events of an order; five minutes later, which alerts, waits for nothing.
        stands: A put delivery time that moved by less becomes an event when it has not moved for so long.
        confirms: One that did not move becomes an event if nothing was heard of its order for so long before it.
    """

    moves: float = 60.0
    apart: float = 15.0
    stands: float = 60.0
    confirms: float = 1_800.0


class Eta(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery time that was put for an order. Times are aware UTC.

    Attributes:
        at: When it was so, as whoever put it says; never after it was put.
        source: Who says so.
    """

    subject_id: str
    delivery_time: datetime
    at: datetime
    source: str


class Expected(msgspec.Struct, frozen=True):
    """A delivery time of the log.

    Attributes:
        stamp: When it took effect, and the version of its event.
    """

    delivery_time: datetime
    stamp: Stamp


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What a put time is judged by. Times are aware UTC.

    Attributes:
        folded: The delivery time of the view; None for none.
        recorded: What became an event last, whether it has been folded or not; None for nothing yet.
        recorded_at: When that was.
        changed_at: Since when the put time has been what it is.
        heard_at: When the newest event of the order was recorded; None for none yet.
        now: The database's time.
    """

    folded: Expected | None = None
    recorded: Expected | None = None
    recorded_at: datetime | None = None
    changed_at: datetime
    heard_at: datetime | None = None
    now: datetime

    @property
    def shown(self) -> Expected | None:
        """Give what cards show, or will once all is folded."""
        return max((each for each in (self.folded, self.recorded) if each), key=lambda each: each.stamp, default=None)


class Record(msgspec.Struct, frozen=True):
    """It becomes an event now."""


class Hold(msgspec.Struct, frozen=True):
    """It waits, and becomes an event then, unless it moves."""

    until: datetime


class Unchanged(msgspec.Struct, frozen=True):
    """The card shows it."""


class Overtaken(msgspec.Struct, frozen=True):
    """Another time is known that is newer."""


Judgement = Record | Hold | Unchanged | Overtaken


class Recorded(msgspec.Struct, frozen=True):
    """It is an event of its order, with this version."""

    version: int


class Over(msgspec.Struct, frozen=True):
    """The order is over: no time changes it any more."""


class NotAnOrder(msgspec.Struct, frozen=True):
    """It is of another kind, whose times come with events of its own."""

    kind: str


Became = Recorded | Hold | Unchanged | Overtaken | Over | Archived | NotAnOrder
"""What became of a time that was put."""


def judge(eta: Eta, known: Known, rules: EtaRules) -> Judgement:
    """Decide what becomes of the latest time that was put for an order which is not over."""
    shown, at = known.shown, min(eta.at, known.now)
    if shown is None:
        return Record()
    if effective_at(at, at) < shown.stamp[0]:
        return Overtaken()
    if is_same(eta.delivery_time, shown.delivery_time):
        heard_at = max((each for each in (known.heard_at, known.recorded_at) if each), default=at)
        return Record() if at - heard_at >= timedelta(seconds=rules.confirms) else Unchanged()
    later = (eta.delivery_time - shown.delivery_time).total_seconds()
    if later >= LATER_BY_SECONDS:
        return Record()
    if abs(later) >= rules.moves:
        due = known.now if known.recorded_at is None else known.recorded_at + timedelta(seconds=rules.apart)
    else:
        due = known.changed_at + timedelta(seconds=rules.stands)
    return Hold(due) if due > known.now else Record()


def is_same(one: datetime, other: datetime) -> bool:
    """Tell whether two times are the same to a card, which has whole seconds."""
    return int(one.timestamp()) == int(other.timestamp())


def eta_event(eta: Eta, key: bytes) -> NewEvent:
    """Make the event of a put time; of the same one always the same, so that a repeat is known as one.

    Args:
        eta: What was put.
        key: Of the digest.

    Raises:
        EventError: With every fault; pointers are those of a CloudEvent.
    """
    at, delivery_time = (effective_at(each, each) for each in (eta.at, eta.delivery_time))
    return encode_new(
        subject_id=eta.subject_id,
        source=eta.source,
        event_id=f"eta:{at}:{delivery_time}",
        type=EtaChanged.TYPE,
        data={"deliveryTime": eta.delivery_time.astimezone(UTC).isoformat()},
        occurred_at=eta.at,
        key=key,
    )


class WaitingEta(msgspec.Struct, frozen=True, rename="camel"):
    """A delivery time that was put and that cards do not show yet.

    Attributes:
        put_at: When it was so.
        due_at: When it is looked at again, at the latest.
    """

    delivery_time: datetime
    put_at: datetime
    due_at: datetime


def not_shown(put: WaitingEta, shown: Expected | None) -> bool:
    """Tell whether a put time is another than the card's, and no older."""
    if shown is None:
        return True
    return effective_at(put.put_at, put.put_at) >= shown.stamp[0] and not is_same(
        put.delivery_time, shown.delivery_time
    )


class _FoldedTime(msgspec.Struct, rename="camel"):
    """The part of a stored view that tells the delivery time."""

    next_expected_at: datetime | None = None
    delivery_stamp: Stamp = NEVER


_decode = msgspec.json.Decoder(_FoldedTime).decode


def folded_time(state: bytes | str) -> Expected | None:
    """Read the delivery time of a stored view, if it has one."""
    folded = _decode(state)
    return None if folded.next_expected_at is None else Expected(folded.next_expected_at, folded.delivery_stamp)
