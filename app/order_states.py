"""Tells what an order was: what had been recorded of it, and what APNs had accepted. It reads, and can send nothing."""

from collections import deque
from datetime import UTC, datetime, time, timedelta
from typing import Final, NamedTuple

import asyncpg
import msgspec

from app.errors import PointError
from app.point import AtTime, AtVersion, Point
from events.envelope import RecordedEvent
from events.errors import NewerEventError, SecretKeyError, UnreadableEventError
from events.postgres.errors import translated
from events.postgres.pool import Pool
from events.postgres.statements import statement
from events.sealing import Keyring, unseal
from events.slot import slot_of
from events.store import EventStore
from projections.errors import EvolveError
from projections.order_state import (
    AcceptedPush,
    CardState,
    OrderState,
    StateAfter,
    Told,
    UnansweredPush,
    attributes_at,
    content_sent,
    recorded_state,
    states_after,
)
from projections.order_view import EMPTY
from projections.receipt import receipt_context
from projections.view import View, evolve

EVENTS: Final = 100
CARDS: Final = 50
_ANY_VERSION: Final = 2**62
_A_CENTURY: Final = 36_500
"""Days; whoever keeps receipts for longer than that keeps them for ever."""


class _Past(msgspec.Struct):
    """The events of an order up to a point, the last of them with the views they led to.

    Attributes:
        told: The last of them.
        before: The order before the first of these.
        count: How many there were.
        failure: Why one of them cannot be folded.
        next_at: When the first event after the point was recorded; None when there is none.
    """

    told: deque[Told]
    before: View | None = EMPTY
    count: int = 0
    failure: str | None = None
    next_at: datetime | None = None

    @property
    def view(self) -> View | None:
        """Give the order at the point; None where it cannot be folded, or nothing had come."""
        return self.told[-1].view if self.told and self.failure is None else None


class _Horizon(NamedTuple):
    """Up to where pushes count.

    Attributes:
        until: Cards that were there by this time.
        answered: Pushes and answers by this time.
        version: Pushes of versions up to this one.
        nothing: What is said of a card for which there was none.
        kept_since: Receipts from before this time are gone.
    """

    until: datetime
    answered: datetime
    version: int
    nothing: str
    kept_since: datetime


class StateReader:
    """Answers for one order at a time.

    Args:
        pool: Connections; one is used at a time.
        keyring: Opens personal values and the payloads of receipts.
        keep_receipts_days: For how many days receipts are kept.
    """

    def __init__(self, pool: Pool, keyring: Keyring, *, keep_receipts_days: int) -> None:
        self._pool = pool
        self._keyring = keyring
        self._store = EventStore(pool, keyring)
        self._keep_days = keep_receipts_days

    async def read(self, order_id: str, point: Point) -> OrderState | None:
        """Tell what an order was; None when nothing happened to it yet.

        Raises:
            PointError: The time has not come, or there is no such version.
        """
        with translated():
            known = await self._pool.fetchrow(statement("projections/read_past"), slot_of(order_id), order_id)
        if known is None:
            return None
        _refuse_what_has_not_come(point, known["version"], known["now"])
        past = await _read_past(self._store, order_id, point, EVENTS)
        if known["archived_at"] is not None:
            past.failure = f"{_archived(known)} What it was is told once it is put back: lockstep archive restore"
        horizon = self._horizon(point, past, known["now"])
        with translated():
            rows = await self._pool.fetch(
                statement("projections/read_cards_then"),
                slot_of(order_id), order_id, horizon.until, horizon.answered, horizon.version, CARDS + 1,
            )  # fmt: skip
        return OrderState(
            order_id=order_id,
            at=point.at if isinstance(point, AtTime) else None,
            head_version=known["version"],
            recorded=recorded_state(
                list(past.told),
                past.before,
                failure=past.failure,
                erased=known["erased"],
                more_events=past.count > len(past.told),
            ),
            cards=tuple(self._card(order_id, row, known, horizon, past.view) for row in rows[:CARDS]),
            more_cards=len(rows) > CARDS,
            incomplete=self._incomplete(known, horizon),
        )

    def _incomplete(self, known: asyncpg.Record, horizon: _Horizon) -> str | None:
        """Say what is not known any more."""
        if known["archived_at"] is not None:
            return f"{_archived(known)} Which cards it had, and what Apple accepted, is not known any more."
        if horizon.until >= horizon.kept_since:
            return None
        return f"{self._gone(horizon)} Cards that had ended by then may be missing too."

    def _horizon(self, point: Point, past: _Past, now: datetime) -> _Horizon:
        kept_days = timedelta(min(self._keep_days, _A_CENTURY))
        kept_since = datetime.combine(now.astimezone(UTC).date() - kept_days, time(), UTC)
        match point:
            case AtTime(at=at):
                return _Horizon(at, at, _ANY_VERSION, "Apple had accepted no push to it by then.", kept_since)
            case AtVersion(version=version):
                nothing = f"Apple has accepted no push of version {version}, or of one before it."
                return _Horizon(past.next_at or now, now, version, nothing, kept_since)

    def _gone(self, horizon: _Horizon) -> str:
        first = f"{horizon.kept_since:%Y-%m-%d}"
        return f"Receipts are kept for {self._keep_days} days, and those from before {first} are gone."

    def _card(
        self, order_id: str, row: asyncpg.Record, known: asyncpg.Record, horizon: _Horizon, view: View | None
    ) -> CardState:
        accepted = None if row["version"] is None else self._accepted(order_id, row, known)
        open_version = row["open_version"]
        return CardState(
            device_id=row["device_id"],
            card_id=str(row["card_id"]),
            attributes_type=row["attributes_type"],
            generation=row["generation"],
            attributes=attributes_at(view, row["attributes_type"], card_id=str(row["card_id"]), subject_id=order_id),
            accepted=accepted,
            why_not=None if accepted is not None else self._why_nothing(row, horizon),
            unanswered=None
            if open_version is None
            else UnansweredPush(version=open_version, kind=row["open_kind"], sent_at=row["open_sent_at"]),
        )

    def _why_nothing(self, row: asyncpg.Record, horizon: _Horizon) -> str:
        """Say why no push is known that APNs had accepted: the card itself remembers the last one."""
        had_one = row["accepted_at"] is not None and (
            row["accepted_at"] <= horizon.answered and row["accepted_version"] <= horizon.version
        )
        if had_one or row["created_at"] < horizon.kept_since:
            return f"Not known any more. {self._gone(horizon)}"
        return horizon.nothing

    def _accepted(self, order_id: str, row: asyncpg.Record, known: asyncpg.Record) -> AcceptedPush:
        content, why_not = self._open(order_id, row, known)
        return AcceptedPush(
            version=row["version"],
            kind=row["kind"],
            sent_at=row["sent_at"],
            accepted_at=row["answered_at"],
            apns_id=str(row["apns_id"]),
            content_state=content,
            content_bytes=0 if content is None else len(bytes(content)),
            why_not=why_not,
        )

    def _open(self, order_id: str, row: asyncpg.Record, known: asyncpg.Record) -> tuple[msgspec.Raw | None, str | None]:
        """Give what a push showed, or say why that is not known."""
        if row["sealed"] is None:
            return None, (
                "What was sent was not kept: nothing was personal in the order at that time, or it had been erased. "
                f"Ask for version {row['version']}: it is what was to be shown."
            )
        if known["wrapped"] is None:
            return None, "What was sent can be opened by nobody any more: the order's personal values were erased."
        try:
            key = self._keyring.unwrap_key(known["wrapped"], order_id)
            content = content_sent(unseal(key, row["sealed"], context=receipt_context(row["apns_id"])))
        except (SecretKeyError, msgspec.DecodeError):
            return None, "What was sent cannot be opened: its receipt is damaged, or sealed with another secret key."
        return content, "The push carried no content: the card kept what it had." if content is None else None


async def read_states(store: EventStore, order_id: str, version: int, most: int) -> dict[int, StateAfter]:
    """Say what an order showed after each of its last events up to a version; those that cannot be folded are left out.

    Args:
        store: The log.
        order_id: The order.
        version: Of the last of them.
        most: At the most so many.
    """
    past = await _read_past(store, order_id, AtVersion(version), most)
    states = states_after(list(past.told), past.before)
    return {told.event.version: state for told, state in zip(past.told, states, strict=True) if state is not None}


def _archived(known: asyncpg.Record) -> str:
    return f"The order was archived on {known['archived_at']:%Y-%m-%d}, into {known['archived_to']}."


def _refuse_what_has_not_come(point: Point, version: int, now: datetime) -> None:
    match point:
        case AtTime(at=at) if at > now:
            raise PointError(f"That time has not come: it is {now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ} now.")
        case AtVersion(version=wanted) if wanted > version:
            raise PointError(f"There is no version {wanted}: the order is at version {version}.")


async def _read_past(store: EventStore, order_id: str, point: Point, most: int) -> _Past:
    """Fold the events up to a point; the order after the last few of them is kept."""
    past = _Past(deque(maxlen=most))
    view: View | None = EMPTY
    try:
        async for event in store.read_subject(order_id):
            if not _is_past(event, point):
                past.next_at = event.recorded_at
                break
            if view is not None:
                view, past.failure = _folded(view, event)
            if len(past.told) == most:
                past.before = past.told[0].view
            past.told.append(Told(event, view))
            past.count += 1
    except SecretKeyError:
        if point != AtVersion(past.count):
            past.failure = f"Event {past.count + 1} cannot be opened: it is damaged, or sealed with another secret key."
    if not past.count and past.failure is None:
        past.failure = (
            "The order's events have left the log."
            if past.next_at is None
            else f"Nothing had been recorded by then: the first event came at {past.next_at:%Y-%m-%dT%H:%M:%SZ}."
        )
    return past


def _is_past(event: RecordedEvent, point: Point) -> bool:
    match point:
        case AtTime(at=at):
            return event.recorded_at <= at
        case AtVersion(version=version):
            return event.version <= version


def _folded(view: View, event: RecordedEvent) -> tuple[View | None, str | None]:
    """Give the order after one more event, or say why there is none, without a value of the event's."""
    place = f"event {event.version} ({event.type})"
    try:
        return evolve(view, event), None
    except NewerEventError:
        return None, f"This Lockstep does not understand {place}: it is too old, or LOCKSTEP_CARDS lacks a module."
    except UnreadableEventError:
        return None, f"The stored {place} is damaged and cannot be read."
    except EvolveError as error:
        return None, f"The stored {place} cannot be folded: {error}."
    except Exception as error:  # noqa: BLE001 - an order is set aside by such a bug, and is asked about all the more
        return None, f"The stored {place} causes an error in Lockstep ({type(error).__name__})."
