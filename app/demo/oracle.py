"""Say what a card must show after an order's events: a second reading of `docs/projection.md`.

It is written to be compared with that page and not with the fold: nothing is folded here. The events are sorted,
filtered, and the latest of them taken, each time anew and however slowly. It imports nothing of Lockstep's.

Events are dicts as `GET /v1/orders/{id}/events` gives them: version, id, source, type, data, occurredAt, recordedAt.
"""

import json
import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import msgspec

Event = Mapping[str, Any]
Moment = tuple[datetime, int]

# `None` stands for "that of the best step so far".
PROGRESS: Mapping[str, float | None] = MappingProxyType(
    {
        "order.placed": 0.0,
        "order.accepted": 0.15,
        "order.preparing": 0.3,
        "order.ready": 0.5,
        "order.courier_assigned": 0.6,
        "order.picked_up": 0.75,
        "order.courier_arriving": 0.9,
        "order.delayed": None,
        "order.delivered": 1.0,
        "order.cancelled": None,
        "order.failed": None,
    }
)
STEPLESS = ("order.note", "order.eta_changed", "order.rescheduled")
CALLED_OFF = ("order.cancelled", "order.failed")
TERMINAL = ("order.delivered", *CALLED_OFF)
SHOWS_IMAGE = ("order.placed", "order.courier_assigned")
SETS_SHOW_AT = ("order.placed", "order.rescheduled")
SHOWS_NOTE = ("order.accepted", "order.preparing", "order.ready")

KEPT_BEFORE_PLACED = 64
NOTE_CHARACTERS = 160
COURIER_CHARACTERS = 160
NUMBER_CHARACTERS = 40
MERCHANT_CHARACTERS = 64
HISTORY_LINES = 12
CONTENT_BYTES = 2304
LATE_SECONDS, STALE_SECONDS, STALE_GRACE_SECONDS = 300, 3600, 900
# Ten digits, as every time from 2001 to 2286 has; only its length matters.
_SOME_UPDATED_AT = 1_760_000_000


class Expected(msgspec.Struct, frozen=True):
    """Hold what is expected of an order.

    Args:
        over: whether its status is terminal.
        status: the step it is at; `None` before it was placed.
        customer_id: who should see it.
        show_at: the time from which a card may appear; `None` means at once.
        content: the content state without `updatedAt`; empty before it was placed.
        attributes: those of the card's attributes that follow from the events.
        recorded_at: when the newest of them was recorded; `None` before it was placed.
        began_at: the time of its oldest history line, or `show_at` if that is later; `None` before it was placed.
        tells_age: whether its card says how old its news is.
    """

    over: bool
    status: str | None
    customer_id: str | None
    show_at: datetime | None
    content: dict[str, Any]
    attributes: dict[str, Any]
    recorded_at: datetime | None = None
    began_at: datetime | None = None
    tells_age: bool = True

    @property
    def heard_at(self) -> datetime | None:
        """Give the time from which its news grows old."""
        return _last_of(self.recorded_at, self.show_at)


NOTHING = Expected(over=False, status=None, customer_id=None, show_at=None, content={}, attributes={})


def expect(order_id: str, events: Iterable[Event]) -> Expected:
    """Give what is expected after these events of one order, which may come in any order."""
    log = sorted(events, key=version_of)
    placings = [event for event in log if event["type"] == "order.placed"]
    if not placings:
        return NOTHING
    placed = placings[0]
    erased = any(event["type"] == "order.erased" for event in log)
    effective = _those_that_took_effect(_in_folding_order(log, placed))
    status = name_of(_last_step(effective))
    timing = [event for event in effective if event["type"] in SETS_SHOW_AT]
    show_at = _time(_latest(_having(timing, "showAt"), lambda event: event["data"]["showAt"]))
    return Expected(
        over=f"order.{status}" in TERMINAL,
        status=status,
        customer_id=placed["data"]["customerId"],
        show_at=show_at,
        content=_fit(_content(status, effective, erased=erased)),
        attributes=_attributes(order_id, placed),
        recorded_at=_time(log[-1]["recordedAt"]),
        began_at=_last_of(moment_of(_lined(effective, erased=erased)[0])[0], show_at),
    )


def expect_each(order_id: str, events: Iterable[Event]) -> list[Expected]:
    """Give what is expected after the first event, after the first two, and so on; the last is after all."""
    log = sorted(events, key=version_of)
    return [expect(order_id, log[: count + 1]) for count in range(len(log))]


def freshness(expected: Expected, now: datetime) -> str:
    """Give what a card of the order says of the age of its news, by the thresholds that nobody has changed."""
    if expected.over or expected.heard_at is None:
        return "fresh"
    return age(expected.content.get("deliveryTime"), expected.heard_at, now)


def age(delivery: int | None, heard_at: datetime, now: datetime) -> str:
    """Give the age of news of what is open, of which a delivery may be expected, in Unix seconds."""
    silent = (now - heard_at).total_seconds()
    overdue = None if delivery is None else now.timestamp() - delivery
    if silent >= STALE_SECONDS and (overdue is None or overdue >= STALE_GRACE_SECONDS):
        return "stale"
    return "late" if overdue is not None and min(overdue, silent) >= LATE_SECONDS else "fresh"


def _in_folding_order(log: Sequence[Event], placed: Event) -> list[Event]:
    """Give the events that are folded: the placing, those kept for it, and those after it."""
    known = [event for event in log if event["type"] != "order.placed" and _is_known(event)]
    before = [event for event in known if version_of(event) < version_of(placed)]
    after = [event for event in known if version_of(event) > version_of(placed)]
    return [placed, *before[-KEPT_BEFORE_PLACED:], *after]


def _those_that_took_effect(folded: Sequence[Event]) -> list[Event]:
    """Leave out what came when the order was over already and could not change that."""
    ends = [place for place, event in enumerate(folded) if event["type"] in TERMINAL]
    if not ends:
        return list(folded)
    first = ends[0]

    def replaces_all_before(place: int) -> bool:
        rivals = [folded[first], *(event for event in folded[first:place] if event["type"] in CALLED_OFF)]
        return folded[place]["type"] in CALLED_OFF and all(
            moment_of(folded[place]) > moment_of(each) for each in rivals
        )

    return [
        event
        for place, event in enumerate(folded)
        if place <= first or event["type"] == "order.note" or replaces_all_before(place)
    ]


def _last_step(effective: Collection[Event]) -> Event:
    """Give the event that wrote the status: the latest of those that end the order, else the latest step."""
    steps = [event for event in effective if event["type"] in PROGRESS]
    return max([event for event in steps if event["type"] in TERMINAL] or steps, key=moment_of)


def _content(status: str, effective: Collection[Event], *, erased: bool) -> dict[str, Any]:
    couriers = [event for event in effective if event["type"] == "order.courier_assigned"]
    courier = None if erased else _latest(couriers, lambda event: event["data"].get("courierName"))
    delivery = _latest(_having(effective, "deliveryTime"), lambda event: event["data"]["deliveryTime"])
    pictured = [event for event in effective if event["type"] in SHOWS_IMAGE]
    image = _latest(_having(pictured, "imageKey"), lambda event: event["data"]["imageKey"])
    note = None if erased else _latest([event for event in effective if _note_of(event)], _note_of)
    content = {
        "status": status,
        "courierName": courier and courier[:COURIER_CHARACTERS],
        "deliveryTime": delivery and _seconds(_time(delivery)),
        "progress": max([0.0, *(PROGRESS.get(event["type"]) or 0.0 for event in effective)]),
        "history": _history(effective, erased=erased)[-HISTORY_LINES:],
        "imageKey": image,
        "note": note and note[:NOTE_CHARACTERS],
    }
    return {name: value for name, value in content.items() if value is not None}


def _history(effective: Collection[Event], *, erased: bool) -> list[dict[str, Any]]:
    return [{"step": name_of(each), "at": _seconds(moment_of(each)[0])} for each in _lined(effective, erased=erased)]


def _lined(effective: Collection[Event], *, erased: bool) -> list[Event]:
    """Give the event of each line, one for each step key: the latest with that key, the earliest line first."""
    lined = [event for event in effective if event["type"] in PROGRESS or event["type"] == "order.note"]
    keys = {_step_key(event, erased=erased) for event in lined}
    newest = [max((each for each in lined if _step_key(each, erased=erased) == key), key=moment_of) for key in keys]
    return sorted(newest, key=moment_of)


def _step_key(event: Event, *, erased: bool) -> tuple[str, ...]:
    data = event["data"]
    if event["type"] == "order.note":
        return "note", event["source"], event["id"]
    if event["type"] != "order.courier_assigned":
        return (event["type"],)
    if data.get("courierId"):
        return "courier by id", data["courierId"]
    return "courier by name", "" if erased else (data.get("courierName") or "")


def _note_of(event: Event) -> str | None:
    field = {"order.note": "text"}.get(event["type"], "note" if event["type"] in SHOWS_NOTE else "")
    text: str | None = event["data"].get(field)
    return text


def _fit(content: dict[str, Any]) -> dict[str, Any]:
    """Drop the oldest lines, then the note, until the content is small enough."""
    tries = [{**content, "history": content["history"][skipped:]} for skipped in range(len(content["history"]) + 1)]
    tries.append({name: value for name, value in tries[-1].items() if name != "note"})
    return next((each for each in tries if _size_bytes(each) <= CONTENT_BYTES), tries[-1])


def _size_bytes(content: dict[str, Any]) -> int:
    whole = {**content, "updatedAt": _SOME_UPDATED_AT}
    return len(json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode())


def _attributes(order_id: str, placed: Event) -> dict[str, Any]:
    number = placed["data"].get("orderNumber")
    attributes = {"orderId": order_id, "merchantName": placed["data"]["merchantName"][:MERCHANT_CHARACTERS]}
    return attributes | ({"orderNumber": number[:NUMBER_CHARACTERS]} if number else {})


def _is_known(event: Event) -> bool:
    return event["type"] in PROGRESS or event["type"] in STEPLESS


def _having(events: Iterable[Event], field: str) -> list[Event]:
    return [event for event in events if event["data"].get(field)]


def _latest(events: Collection[Event], value_of: Callable[[Event], Any]) -> Any:
    return value_of(max(events, key=moment_of)) if events else None


def moment_of(event: Event) -> Moment:
    """Give the effective time and the version, by which everything is compared."""
    recorded = _time(event["recordedAt"])
    occurred = _time(event.get("occurredAt")) or recorded
    if occurred is None or recorded is None:
        raise ValueError(f"version {version_of(event)} has no recordedAt")
    return min(occurred, recorded), version_of(event)


def version_of(event: Event) -> int:
    """Give its version."""
    return int(event["version"])


def name_of(event: Event) -> str:
    """Give its type without the kind of its subject."""
    return str(event["type"]).partition(".")[2]


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(UTC) if text else None


def _last_of(*times: datetime | None) -> datetime | None:
    return max((each for each in times if each is not None), default=None)


def _seconds(moment: datetime | None) -> int | None:
    return None if moment is None else math.floor(moment.timestamp())
