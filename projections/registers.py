"""What one fact does to a placed order: last writer wins, by (effective time, version)."""

from datetime import UTC, datetime
from typing import Final

from events.order import (
    CourierAssigned,
    EtaChanged,
    OrderCancelled,
    OrderDelayed,
    OrderEvent,
    OrderFailed,
    OrderNoted,
    OrderPlaced,
    Remarked,
    Timed,
)
from projections.draft import Alert, Draft, Stamp, moment_of
from projections.history import LINES_SHOWN, Line, named_courier_key, record, shown
from projections.steps import ENDS_FOR_GOOD, STEPS, TERMINAL, Step

CHARACTERS_SHOWN: Final = 160
LATER_BY_SECONDS: Final = 300


def apply(draft: Draft, fact: OrderEvent, source: str, event_id: str, stamp: Stamp) -> None:
    """Write one fact into the registers of a placed order, its line into the history, its alert beside them."""
    step = STEPS[fact.TYPE]
    if not _counts(draft, fact, step, stamp):
        return
    rank = _rank(draft, fact, step)
    changed = _advance(draft, step, stamp)
    if isinstance(fact, (Timed, EtaChanged)):
        changed |= _expect(draft, fact.delivery_time, stamp)
    if isinstance(fact, (OrderPlaced, CourierAssigned)):
        changed |= _picture(draft, fact.image_key, stamp)
    if isinstance(fact, CourierAssigned):
        changed |= _assign(draft, fact, stamp)
    elif isinstance(fact, Remarked):
        changed |= _remark(draft, fact.note, stamp)
    elif isinstance(fact, OrderNoted):
        changed |= _remark(draft, fact.text, stamp)
        changed |= _write_line(draft, Line(*stamp, "note", f"note:{source}:{event_id}"))
    elif isinstance(fact, (OrderDelayed, OrderCancelled, OrderFailed)) and stamp > draft.reason_stamp:
        draft.reason, draft.reason_stamp = fact.reason, stamp
    if changed:
        _show(draft, fact.TYPE, rank, stamp)


def _counts(draft: Draft, fact: OrderEvent, step: Step, stamp: Stamp) -> bool:
    """Tell whether a fact may change anything: an order that is over hears notes and later bad endings alone."""
    if draft.status not in TERMINAL or isinstance(fact, OrderNoted):
        return True
    return step.status in ENDS_FOR_GOOD and stamp > draft.status_stamp


def _rank(draft: Draft, fact: OrderEvent, step: Step) -> int:
    if isinstance(fact, OrderNoted):
        return 3 if fact.alert else 0
    if isinstance(fact, EtaChanged) and draft.next_expected_at is not None:
        return int((fact.delivery_time - draft.next_expected_at).total_seconds() >= LATER_BY_SECONDS)
    return step.rank


def _expect(draft: Draft, delivery_time: datetime | None, stamp: Stamp) -> bool:
    if delivery_time is None or stamp <= draft.delivery_stamp:
        return False
    before, now = draft.next_expected_at, delivery_time.astimezone(UTC)
    draft.next_expected_at, draft.delivery_stamp = now, stamp
    return before is None or int(before.timestamp()) != int(now.timestamp())


def _picture(draft: Draft, image_key: str | None, stamp: Stamp) -> bool:
    if image_key is None or stamp <= draft.image_stamp:
        return False
    changed = image_key != draft.image_key
    draft.image_key, draft.image_stamp = image_key, stamp
    return changed


def _advance(draft: Draft, step: Step, stamp: Stamp) -> bool:
    """Move the status, the progress and the line of a step; tell whether that shows."""
    if step.status is None:
        return False
    changed = step.progress_percent > draft.progress_percent
    if changed:
        draft.progress_percent = step.progress_percent
    if step.terminal or stamp > draft.status_stamp:
        changed |= step.status != draft.status
        draft.status, draft.status_stamp = step.status, stamp
    if step.status != "courier_assigned":
        changed |= _write_line(draft, Line(*stamp, step.status, step.status))
    return changed


def _assign(draft: Draft, fact: CourierAssigned, stamp: Stamp) -> bool:
    """Set the courier and the line of that courier; tell whether that shows."""
    name = None if draft.erased else fact.courier_name
    changed = False
    if stamp > draft.courier_stamp:
        changed = _cut(name) != _cut(draft.courier_name)
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


def _remark(draft: Draft, text: str | None, stamp: Stamp) -> bool:
    if text is None or draft.erased or stamp <= draft.note_stamp:
        return False
    changed = _cut(text) != _cut(draft.note)
    draft.note, draft.note_stamp = text, stamp
    return changed


def _write_line(draft: Draft, line: Line) -> bool:
    before, draft.history = draft.history, record(draft.history, line)
    if len(before) < len(draft.history) <= LINES_SHOWN:
        return True
    return before is not draft.history and shown(before) != shown(draft.history)


def _show(draft: Draft, type_: str, rank: int, stamp: Stamp) -> None:
    """Remember that an event changed what is shown, by its version: one that waited counts by its own."""
    at, version = stamp
    if version > draft.changed_version:
        draft.changed_version, draft.updated_at = version, moment_of(at)
    if rank == 0:
        return
    others = [alert for alert in draft.alerts if alert.rank != rank or alert.version > version]
    if len(others) == len(draft.alerts) and any(alert.rank == rank for alert in others):
        return
    draft.alerts = tuple(sorted([*others, Alert(rank, version, type_)], key=_rank_of))


def _rank_of(alert: Alert) -> int:
    return alert.rank


def _cut(text: str | None) -> str | None:
    return text if text is None else text[:CHARACTERS_SHOWN]
