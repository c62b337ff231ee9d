"""What one fact does to a placed order: last writer wins, by (effective time, version)."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple, get_args

from events.fact import Fact
from events.order import (
    CourierAssigned,
    EtaChanged,
    OrderCancelled,
    OrderDelayed,
    OrderEvent,
    OrderFailed,
    OrderNoted,
    OrderPlaced,
    OrderRescheduled,
    Remarked,
    Timed,
)
from projections.draft import Draft, Stamp, show
from projections.history import LINES_SHOWN, Line, named_courier_key, record, shown
from projections.steps import ENDS_FOR_GOOD, STEPS, TERMINAL, Step

CHARACTERS_SHOWN: Final = 160
LATER_BY_SECONDS: Final = 300
_SECOND: Final = timedelta(seconds=1)


class _Kind(NamedTuple):
    """What is to be done for facts of one type; a tuple, because a replay asks for millions.

    Attributes:
        timed: Whether they may move the delivery time.
        rank: Gives the rank of the alert where the table does not; asked before anything is written.
        effect: Writes what only such facts say, and tells whether that shows.
    """

    step: Step
    timed: bool
    rank: Callable[[Draft, Any], int] | None
    effect: Callable[[Draft, Any, str, str, Stamp], bool] | None


def apply(draft: Draft, fact: Fact, source: str, event_id: str, stamp: Stamp) -> None:
    """Write one fact into the registers of a placed order, its line into the history, its alert beside them.

    Args:
        draft: The view in the making.
        fact: The fact.
        source: Who says so.
        event_id: Names it within its source.
        stamp: When it takes effect, and its version.
    """
    type_ = fact.TYPE
    try:
        step, timed, rank_of, effect = _KINDS[type_]
    except KeyError:
        return  # it is about a subject of another kind
    if draft.status in TERMINAL and not _counts_still(draft, fact, step, stamp):
        return
    rank = step.rank if rank_of is None else rank_of(draft, fact)
    status = step.status
    changed = status is not None and _advance(draft, step, status, stamp)
    if timed and (delivery_time := fact.delivery_time) is not None:  # type: ignore[attr-defined] # these have one
        changed |= _expect(draft, delivery_time, stamp)
    if effect is not None:
        changed |= effect(draft, fact, source, event_id, stamp)
    if changed:
        show(draft, type_, rank, stamp)


def _counts_still(draft: Draft, fact: Fact, step: Step, stamp: Stamp) -> bool:
    """Tell whether a fact may change an order that is over: it hears notes and later bad endings alone."""
    return isinstance(fact, OrderNoted) or (step.status in ENDS_FOR_GOOD and stamp > draft.status_stamp)


def _rank_of_note(_: Draft, fact: OrderNoted) -> int:
    return 3 if fact.alert else 0


def _rank_of_eta(draft: Draft, fact: EtaChanged) -> int:
    if draft.next_expected_at is None:
        return STEPS[EtaChanged.TYPE].rank
    return int((fact.delivery_time - draft.next_expected_at).total_seconds() >= LATER_BY_SECONDS)


def _expect(draft: Draft, delivery_time: datetime, stamp: Stamp) -> bool:
    if stamp <= draft.delivery_stamp:
        return False
    before = draft.next_expected_at
    now = delivery_time if delivery_time.tzinfo is UTC else delivery_time.astimezone(UTC)
    draft.next_expected_at, draft.delivery_stamp = now, stamp
    # the second is enough, and dearer
    return before is None or abs(now - before) >= _SECOND or int(before.timestamp()) != int(now.timestamp())


def _place(draft: Draft, fact: OrderPlaced, source: str, event_id: str, stamp: Stamp) -> bool:
    _reschedule(draft, fact, source, event_id, stamp)
    return _picture(draft, fact, source, event_id, stamp)


def _reschedule(draft: Draft, fact: OrderPlaced | OrderRescheduled, _source: str, _id: str, stamp: Stamp) -> bool:
    """Set the time from which a card may appear, which no card shows."""
    if fact.show_at is not None and stamp > draft.show_stamp:
        draft.show_at, draft.show_stamp = fact.show_at.astimezone(UTC), stamp
    return False


def _picture(draft: Draft, fact: OrderPlaced | CourierAssigned, _source: str, _id: str, stamp: Stamp) -> bool:
    if fact.image_key is None or stamp <= draft.image_stamp:
        return False
    changed = fact.image_key != draft.image_key
    draft.image_key, draft.image_stamp = fact.image_key, stamp
    return changed


def _advance(draft: Draft, step: Step, status: str, stamp: Stamp) -> bool:
    """Move the status, the progress and the line of a step; tell whether that shows."""
    percent = step.progress_percent
    changed = percent > draft.progress_percent
    if changed:
        draft.progress_percent = percent
    if step.terminal or stamp > draft.status_stamp:
        changed = changed or status != draft.status
        draft.status, draft.status_stamp = status, stamp
    if status != "courier_assigned":
        return _write_line(draft, Line(stamp[0], stamp[1], status, status)) or changed
    return changed


def _assign(draft: Draft, fact: CourierAssigned, source: str, event_id: str, stamp: Stamp) -> bool:
    """Set the picture, the courier and the line of that courier; tell whether that shows."""
    name = None if draft.erased else fact.courier_name
    changed = _picture(draft, fact, source, event_id, stamp)
    if stamp > draft.courier_stamp:
        changed |= _cut(name) != _cut(draft.courier_name)
        draft.courier_name, draft.courier_id, draft.courier_stamp = name, fact.courier_id, stamp
    if fact.courier_id is not None:
        key = f"courier_assigned:{fact.courier_id}"
    elif name is None:
        key = named_courier_key(0)
    else:
        keys = dict(draft.courier_keys)
        key = keys.setdefault(name, named_courier_key(stamp[1]))
        changed |= _write_line(draft, Line(*stamp, "courier_assigned", key))
        alive = {line.key for line in draft.history}
        draft.courier_keys = tuple((known, its) for known, its in keys.items() if its in alive)
        return changed
    return _write_line(draft, Line(*stamp, "courier_assigned", key)) or changed


def _remark(draft: Draft, fact: Remarked, _source: str, _id: str, stamp: Stamp) -> bool:
    return fact.note is not None and _note(draft, fact.note, stamp)


def _take_note(draft: Draft, fact: OrderNoted, source: str, event_id: str, stamp: Stamp) -> bool:
    changed = fact.text is not None and _note(draft, fact.text, stamp)
    return _write_line(draft, Line(*stamp, "note", f"note:{source}:{event_id}")) or changed


def _note(draft: Draft, text: str, stamp: Stamp) -> bool:
    if draft.erased or stamp <= draft.note_stamp:
        return False
    changed = _cut(text) != _cut(draft.note)
    draft.note, draft.note_stamp = text, stamp
    return changed


def _say_why(
    draft: Draft, fact: OrderDelayed | OrderCancelled | OrderFailed, _source: str, _id: str, stamp: Stamp
) -> bool:
    """Keep a reason, which no card shows."""
    if stamp > draft.reason_stamp:
        draft.reason, draft.reason_stamp = fact.reason, stamp
    return False


def _write_line(draft: Draft, line: Line) -> bool:
    before, draft.history = draft.history, record(draft.history, line)
    if len(before) < len(draft.history) <= LINES_SHOWN:
        return True
    return before is not draft.history and shown(before) != shown(draft.history)


def _cut(text: str | None) -> str | None:
    return text if text is None else text[:CHARACTERS_SHOWN]


_EFFECTS: Final[dict[str, Callable[[Draft, Any, str, str, Stamp], bool]]] = {
    "order.placed": _place,
    "order.accepted": _remark,
    "order.preparing": _remark,
    "order.ready": _remark,
    "order.courier_assigned": _assign,
    "order.rescheduled": _reschedule,
    "order.delayed": _say_why,
    "order.cancelled": _say_why,
    "order.failed": _say_why,
    "order.note": _take_note,
}
_RANKS: Final[dict[str, Callable[[Draft, Any], int]]] = {
    "order.eta_changed": _rank_of_eta,
    "order.note": _rank_of_note,
}
_KINDS: Final = {
    fact.TYPE: _Kind(
        STEPS[fact.TYPE], issubclass(fact, (Timed, EtaChanged)), _RANKS.get(fact.TYPE), _EFFECTS.get(fact.TYPE)
    )
    for fact in get_args(OrderEvent)
}
