"""Group commit: many callers, one transaction.

While a batch is under way, requests gather; the next batch takes all of them. So a lone caller waits for nobody, and a
crowd shares its round trips. A request never fails or delays a neighbour's: what a batch cannot carry is tried alone.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence

import msgspec
import structlog

from events.envelope import NewEvent
from events.errors import StoreUnavailableError, TooManyWaitingError
from events.metrics import APPEND_FAILURES, APPEND_SECONDS, count_outcomes
from events.outcome import Appended, Duplicate, Outcome
from events.slot import slot_of
from events.store import EventStore, Group

log = structlog.get_logger()

BATCH_EVENTS = 500
WAITING_EVENTS = 10_000
WAITING_SECONDS = 2.0


class _Waiting(msgspec.Struct, frozen=True, eq=False):
    """A request's group and the caller who waits for its outcomes, since when by the monotonic clock."""

    group: Group
    answer: asyncio.Future[list[Outcome]]
    since: float


class Appender:
    """Appends for many callers at once.

    Args:
        store: The log.
        hint: Called with the subjects of each committed batch; must not block.
        writers: Batches under way at the most.
        batch_events: Events in a batch at the most.
        waiting_events: Events that may wait before callers are turned away.
        waiting_seconds: How long the first of them may wait before new callers are turned away.
    """

    def __init__(
        self,
        store: EventStore,
        hint: Callable[[Sequence[str]], None],
        *,
        writers: int = 2,
        batch_events: int = BATCH_EVENTS,
        waiting_events: int = WAITING_EVENTS,
        waiting_seconds: float = WAITING_SECONDS,
    ) -> None:
        self._store = store
        self._hint = hint
        self._writers = writers
        self._batch_events = batch_events
        self._most_waiting = waiting_events
        self._longest_seconds = waiting_seconds
        self._waiting: deque[_Waiting] = deque()
        self._waiting_events = 0
        self._batches: set[asyncio.Task[None]] = set()
        self._writing = 0
        self._duplicates_likely = False

    async def append(self, events: Sequence[NewEvent], *, expected: int | None = None) -> list[Outcome]:
        """Append the events of one request and wait until they are committed.

        Args:
            events: One request's events; those of one subject are stored all or none.
            expected: The version that the one subject must be at; 0 for "not there yet".

        Returns:
            An outcome for each event, in the order given.

        Raises:
            StoreUnavailableError: Postgres is away; ask again with the same ids.
            TooManyWaitingError: Too many callers wait.
            ValueError: An expected version for several subjects.
        """
        if self._waiting_events + len(events) > self._most_waiting:
            raise _too_many()
        loop, since = asyncio.get_running_loop(), time.monotonic()
        if len(events) == 1:
            event = events[0]
            group = Group(slot_of(event.subject_id), event.subject_id, events, expected)
            alone = _Waiting(group, loop.create_future(), since)
            self._enqueue([alone])
            return await alone.answer
        places: dict[str, list[int]] = {}
        for place, event in enumerate(events):
            places.setdefault(event.subject_id, []).append(place)
        if expected is not None and len(places) > 1:
            raise ValueError("an expected version is about one subject")
        waiting = [
            _Waiting(
                Group(slot_of(subject_id), subject_id, [events[place] for place in mine], expected),
                loop.create_future(),
                since,
            )
            for subject_id, mine in places.items()
        ]
        self._enqueue(waiting)
        outcomes: dict[int, Outcome] = {}
        answers = await asyncio.gather(*(each.answer for each in waiting))
        for mine, answer in zip(places.values(), answers, strict=True):
            outcomes.update(zip(mine, answer, strict=True))
        return [outcomes[place] for place in range(len(events))]

    @property
    def waiting(self) -> int:
        """Tell how many events wait for a batch."""
        return self._waiting_events

    def refuse_when_full(self) -> None:
        """Refuse a request before it is read: if it were as large as a batch, or would wait for longer than is of use.

        Raises:
            TooManyWaitingError: Too many callers wait, or they have waited for too long.
        """
        if self._waiting_events + self._batch_events > self._most_waiting:
            raise _too_many()
        if self._waiting and time.monotonic() - self._waiting[0].since > self._longest_seconds:
            raise _too_many()

    async def drain(self) -> None:
        """Wait until everything that was accepted has been answered."""
        while self._batches:
            await asyncio.gather(*self._batches, return_exceptions=True)

    def _enqueue(self, waiting: list[_Waiting]) -> None:
        for each in waiting:
            self._waiting.append(each)
            self._waiting_events += len(each.group.events)
        # The batch starts on the loop's next round: whoever is ready in this one rides along.
        self._start_batches()

    def _start_batches(self) -> None:
        # counted apart from the tasks: one that has ended stays in the set until the loop's next round
        if self._waiting and self._writing < self._writers:
            self._writing += 1
            batch = asyncio.get_running_loop().create_task(self._run_batches())
            self._batches.add(batch)
            batch.add_done_callback(self._batches.discard)

    def _take(self) -> list[_Waiting]:
        """Take the next batch: plain groups together; a group with an expected version alone with its like.

        Within a batch of expected versions each subject stands once.
        """
        first = self._waiting[0]
        conditional = first.group.expected is not None
        taken: list[_Waiting] = []
        subjects: set[str] = set()
        size = 0
        while self._waiting:
            each = self._waiting[0]
            events = len(each.group.events)
            if (each.group.expected is not None) != conditional or (taken and size + events > self._batch_events):
                break
            if conditional and each.group.subject_id in subjects:
                break
            subjects.add(each.group.subject_id)
            taken.append(self._waiting.popleft())
            size += events
        self._waiting_events -= size
        return taken

    async def _run_batches(self) -> None:
        try:
            while self._waiting:
                taken = self._take()
                # A second writer helps only while there is more to write.
                self._start_batches()
                await self._run(taken)
        finally:
            self._writing -= 1

    async def _run(self, taken: list[_Waiting]) -> None:
        try:
            answers = await self._store.append(
                [each.group for each in taken], duplicates_likely=self._duplicates_likely
            )
        except StoreUnavailableError as error:
            for each in taken:
                _fail(each, error)
            return
        except Exception as error:  # noqa: BLE001 - handed to the one caller whose group it is
            if len(taken) == 1:
                _fail(taken[0], error)
                return
            log.warning("append_batch_split", groups=len(taken), error=type(error).__name__)
            for each in taken:
                await self._run([each])
            return
        self._duplicates_likely = any(isinstance(o, Duplicate) for outcomes in answers for o in outcomes)
        changed = {
            each.group.subject_id: None
            for each, outcomes in zip(taken, answers, strict=True)
            if any(isinstance(o, Appended) for o in outcomes)
        }
        now = time.monotonic()
        for each, outcomes in zip(taken, answers, strict=True):
            APPEND_SECONDS.observe(now - each.since)
            if not each.answer.done():
                each.answer.set_result(outcomes)
        count_outcomes(answers)
        if changed:
            self._hint(list(changed))


def _too_many() -> TooManyWaitingError:
    APPEND_FAILURES.inc()
    return TooManyWaitingError("Too many events wait to be stored; ask again.")


def _fail(waiting: _Waiting, error: Exception) -> None:
    APPEND_FAILURES.inc()
    if not waiting.answer.done():
        waiting.answer.set_exception(error)
