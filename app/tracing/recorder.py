"""Records what becomes of a request of the shop: answered, folded, planned, pushed, each as a span of its trace.

A span is made when all is over, aside from the work: what was sent is noted, and where the events behind it came from
is read later, for many at once. Only traces that the shop records are; and an order without one costs nothing.
"""

import asyncio
import time
from collections.abc import Iterable, Sequence
from typing import Final

import structlog

from app.tracing.export import Exporter
from app.tracing.span import Pushed, Span, SpanKind
from app.tracing.traceparent import Traceparent, sampled
from events.errors import StoreUnavailableError
from events.postgres.errors import translated
from events.postgres.pool import Pool
from events.postgres.statements import statement
from events.slot import slot_of
from events.waiting import first_of

log = structlog.get_logger()

MOST_WAITING: Final = 10_000
BATCH: Final = 200
MOST_EVENTS: Final = 8
"""A push that tells of more events is linked to the newest of them."""
GATHER_SECONDS: Final = 1.0
NEWEST: Final = 2**63 - 1
"""No version is as high."""


class Recorder:
    """Makes spans.

    Args:
        pool: Connections, to read where events came from.
        exporter: Where spans go.
    """

    def __init__(self, pool: Pool, exporter: Exporter) -> None:
        self._pool = pool
        self._exporter = exporter
        self._waiting: list[Pushed] = []
        self._work = asyncio.Event()

    def answered(self, traceparent: str | None, method: str, route: str | None, status: int, seconds: float) -> None:
        """Note a request that was just answered."""
        parent, now = sampled(traceparent), time.time()
        if parent is None:
            return
        attributes: dict[str, str | int] = {"http.request.method": method, "http.response.status_code": status}
        self._exporter.add(
            Span(
                name=f"{method} {route or ''}".strip(),
                parents=(parent,),
                began_at=now - seconds,
                ended_at=now,
                kind=SpanKind.SERVER,
                attributes=attributes if route is None else {**attributes, "http.route": route},
                error=f"answered {status}" if status >= 500 else None,
            )
        )

    def folded(self, subject_id: str, version: int, traces: Sequence[str], seconds: float) -> None:
        """Note a subject that was just folded, with the `traceparent`s of its news, the newest last."""
        parents, now = parents_of(reversed(traces)), time.time()
        if parents:
            self._exporter.add(
                Span(
                    name="fold",
                    parents=parents,
                    began_at=now - seconds,
                    ended_at=now,
                    attributes={"lockstep.subject": subject_id, "lockstep.version": version},
                )
            )

    def pushed(self, push: Pushed) -> None:
        """Note a push; where too many wait it is passed over."""
        if len(self._waiting) < MOST_WAITING:
            self._waiting.append(push)
            self._work.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Make the spans of pushes until told to stop, and then of what is left."""
        while not stop.is_set():
            await first_of(stop, self._work)
            # so that one reading serves many
            await first_of(stop, seconds=GATHER_SECONDS)
            await self.record()

    async def record(self) -> None:
        """Make the spans of the pushes that wait; they are lost where Postgres is away."""
        self._work.clear()
        waiting, self._waiting = self._waiting, []
        try:
            for place in range(0, len(waiting), BATCH):
                await self._record(waiting[place : place + BATCH])
        except StoreUnavailableError as error:
            log.warning("traces_lost", reason=str(error))

    async def _record(self, pushes: Sequence[Pushed]) -> None:
        with translated():
            rows = await self._pool.fetch(
                statement("app/read_traces"),
                [slot_of(each.subject_id) for each in pushes],
                [each.subject_id for each in pushes],
                [each.after_version for each in pushes],
                [NEWEST if each.version is None else each.version for each in pushes],
                MOST_EVENTS,
            )
        traces: dict[int, list[str]] = {}
        for row in rows:
            traces.setdefault(row["ord"] - 1, []).append(row["trace"])
        for place, found in traces.items():
            parents = parents_of(found)
            if parents:
                self._exporter.add(span_of(pushes[place], parents))


def parents_of(traces: Iterable[str]) -> tuple[Traceparent, ...]:
    """Read `traceparent`s, each once, in their order; those whose traces are not recorded are left out."""
    return tuple(dict.fromkeys(parent for each in traces if (parent := sampled(each)) is not None))


def span_of(push: Pushed, parents: tuple[Traceparent, ...]) -> Span:
    """Give the span of a card, a channel or a phone from its claim to the answer, with the push within."""
    sent = Span(
        name=f"push {push.environment}",
        parents=(),
        began_at=push.sent_at,
        ended_at=push.answered_at,
        kind=SpanKind.CLIENT,
        attributes={"lockstep.outcome": push.outcome},
        error=push.error,
    )
    attributes: dict[str, str | int] = {"lockstep.subject": push.subject_id}
    return Span(
        name=f"plan {push.kind}",
        parents=parents,
        began_at=push.claimed_at,
        ended_at=push.answered_at,
        attributes=attributes if push.version is None else {**attributes, "lockstep.version": push.version},
        inner=(sent,),
    )
