"""Audiences as people look at them, and what is asked of them: how far they are, stop, go on."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final, Literal, get_args

import msgspec

from events.postgres.deadlocks import fetch_through_deadlocks
from events.postgres.errors import translated
from events.postgres.pool import Connection, Pool
from events.postgres.statements import statement
from events.slot import ALL_SLOTS, slot_of
from projections.activity import audience_of
from projections.audience import Who
from projections.card import Card, Phase
from projections.view_store import StoredView

Outcome = Literal["accepted", "waiting", "unknown", "rejected", "left_out"]
OUTCOMES: Final[tuple[Outcome, ...]] = get_args(Outcome)
State = Literal["running", "done", "stopped", "over"]


class ReasonTally(msgspec.Struct, frozen=True):
    """So many phones with the same outcome for the same reason."""

    outcome: Outcome
    reason: str
    phones: int


class Progress(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """How far the cards of an audience are, counted by phones.

    Attributes:
        state: `running`; `done`, when all phones were looked through, and those that come later are added; `stopped`;
            `over`.
        phones: Those that have a card, or are to have one.
        accepted: APNs took the start, or the app told of the card.
        waiting: Nothing was sent yet.
        unknown: The answer of APNs was lost: the start is not repeated.
        rejected: APNs refused it.
        left_out: It was over before it was sent, or taken back.
        reasons: The same by reason, the most phones first.
    """

    activity_id: str
    everybody: bool
    customers: int | None
    segment: str | None
    attributes_type: str
    state: State
    begun_at: datetime
    done_at: datetime | None
    stopped_at: datetime | None
    phones: int
    accepted: int
    waiting: int
    unknown: int
    rejected: int
    left_out: int
    reasons: tuple[ReasonTally, ...]


class StartedPhone(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What became of the start on one phone.

    Attributes:
        why: What the card waits for, or did last.
    """

    device_id: str
    customer_id: str | None
    card_id: str
    outcome: Outcome
    reason: str
    why: str | None
    outcome_at: datetime | None


class AudienceStore:
    """Audiences in Postgres. Every method raises StoreUnavailableError without it."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def progress(self, activity_id: str) -> Progress | None:
        """Count what became of an audience so far; None: the activity is not for one, or has not begun."""
        place = (slot_of(activity_id), activity_id)
        with translated():
            row = await self._pool.fetchrow(statement("projections/read_audience"), *place)
            if row is None:
                return None
            counted = await self._pool.fetch(statement("projections/count_started_phones"), *place)
        phones = dict.fromkeys(OUTCOMES, 0)
        for each in counted:
            phones[each["outcome"]] += each["phones"]
        who = Who(row["customers"], row["segment"])
        return Progress(
            activity_id=activity_id,
            everybody=who.is_everybody,
            customers=None if row["customers"] is None else len(row["customers"]),
            segment=row["segment"],
            attributes_type=row["attributes_type"],
            state=_state(over=row["over"], stopped_at=row["stopped_at"], done_at=row["done_at"]),
            begun_at=row["begun_at"],
            done_at=row["done_at"],
            stopped_at=row["stopped_at"],
            phones=sum(phones.values()),
            **phones,
            reasons=tuple(ReasonTally(each["outcome"], each["reason"], each["phones"]) for each in counted),
        )

    async def phones(
        self, activity_id: str, *, outcome: Outcome | None = None, after: str = "", most: int = 100
    ) -> list[StartedPhone]:
        """List phones by id, from one on, with what became of the start on each."""
        with translated():
            rows = await self._pool.fetch(
                statement("projections/list_started_phones"), slot_of(activity_id), activity_id, outcome, after, most
            )
        return [StartedPhone(**{**row, "card_id": str(row["card_id"])}) for row in rows]

    async def stop(self, activity_id: str) -> bool:
        """Start no further cards; what is on its way goes. False: there is no such audience."""
        with translated():
            stopped_at = await self._pool.fetchval(
                statement("projections/stop_audience"), slot_of(activity_id), activity_id
            )
        return stopped_at is not None

    async def stop_running(self) -> list[str]:
        """Stop every audience whose phones have not all been looked through; give the activities, by id."""
        with translated():
            rows = await fetch_through_deadlocks(self._pool, "projections/stop_running_audiences", ALL_SLOTS)
        return sorted(row["subject_id"] for row in rows)

    async def resume(self, activity_id: str) -> bool:
        """Go on starting cards; False: there is no such audience."""
        with translated():
            resumed = await self._pool.fetchval(
                statement("projections/resume_audience"), slot_of(activity_id), activity_id
            )
        return resumed is not None

    async def stopped(
        self, connection: Connection, cards: Collection[Card], views: Mapping[str, StoredView]
    ) -> set[str]:
        """Give those subjects of cards that want to be started whose starts somebody has stopped."""
        asked = {
            each.subject_id: each.slot
            for each in cards
            if each.phase is Phase.WANTED
            and (stored := views.get(each.subject_id)) is not None
            and audience_of(stored.opened) is not None
        }
        if not asked:
            return set()
        rows = await connection.fetch(
            statement("projections/find_stopped_audiences"), list(asked.values()), list(asked)
        )
        return {row["subject_id"] for row in rows}


def _state(*, over: bool, stopped_at: datetime | None, done_at: datetime | None) -> State:
    if over:
        return "over"
    if stopped_at is not None:
        return "stopped"
    return "running" if done_at is None else "done"
