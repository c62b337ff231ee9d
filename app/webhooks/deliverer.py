"""Tells webhooks what became of cards: claims what is due, posts it once, and writes what became of that.

Any number of processes may. What one has claimed when it dies is due again when the lease runs out, so it may be sent
twice, and is never lost.
"""

import asyncio
import random
import time
from collections import Counter
from datetime import timedelta
from typing import Final

import msgspec
import structlog

from app.metrics.counters import count_webhook_attempt
from app.webhooks.address import AddressRules
from app.webhooks.attempt import WebhookRules, judge_attempt
from app.webhooks.post import Poster
from app.webhooks.signature import signed_headers
from app.webhooks.webhook import FACT_WENT, Delivery, Readiness, Unkept
from app.webhooks.webhook_store import WebhookStore
from events.errors import StoreUnavailableError
from events.postgres.doorbell import Ring
from events.postgres.pool import Pool
from events.sealing import Keyring
from events.slot import ALL_SLOTS
from events.waiting import first_of
from projections.card_fact import FactDocument, unnamed_fact

log = structlog.get_logger()

IDLE_SECONDS: Final = 10.0
"""How often it is looked whether there is a webhook by now, without a hint."""
AWAY_SECONDS: Final = 0.5


class Deliverer:
    """Delivers facts to webhooks.

    Args:
        pool: Connections.
        keyring: Opens secrets.
        addresses: Where webhooks may go.
        rules: Thresholds.
        dice: Draws the jitter.
    """

    def __init__(
        self,
        pool: Pool,
        keyring: Keyring,
        *,
        addresses: AddressRules,
        rules: WebhookRules | None = None,
        dice: random.Random | None = None,
    ) -> None:
        self._store = WebhookStore(pool, keyring, addresses)
        self._addresses = addresses
        self._rules = rules or WebhookRules()
        self._dice = dice or random.Random()  # noqa: S311 - jitter
        self._work = asyncio.Event()
        self._under_way: Counter[str] = Counter()
        self._sending: set[asyncio.Task[None]] = set()
        self._first = 0
        self._more: set[str] = set()

    def hear(self, ring: Ring) -> None:
        """Take a hint."""
        if ring.facts or ring.settings:
            self._work.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until told to stop; then finish what is under way."""
        poster = Poster(self._addresses, self._rules.timeout)
        try:
            while not stop.is_set():
                self._work.clear()
                pause = IDLE_SECONDS
                try:
                    pause = await self.deliver_some(poster)
                except StoreUnavailableError as error:
                    log.warning("webhooks_wait_for_postgres", reason=str(error))
                    pause = AWAY_SECONDS
                await first_of(stop, self._work, seconds=pause)
        finally:
            await self.drained()
            await poster.close()

    async def deliver_some(self, poster: Poster) -> float:
        """Begin what is due and there is room for; give when to look again at the latest, in seconds."""
        webhooks = await self._store.readiness()
        if not webhooks:
            return IDLE_SECONDS
        rooms = {name: self._room(name, readiness) for name, readiness in webhooks.items()}
        rooms = {name: room for name, room in rooms.items() if room > 0}
        if not rooms:
            return self._rules.poll
        # one slot after the other comes first
        self._first = (self._first + 1) % len(ALL_SLOTS)
        slots = [*ALL_SLOTS[self._first :], *ALL_SLOTS[: self._first]]
        claimed_at = time.monotonic()
        claimed = await self._store.claim(rooms, slots, self._rules.lease)
        found = Counter(each.webhook for each in claimed)
        self._more -= rooms.keys()
        self._more |= {name for name, room in rooms.items() if found[name] >= room}
        for each in claimed:
            if isinstance(each, Unkept):
                log.error("webhook_gave_up", webhook=each.webhook, id=unnamed_fact(each.place), detail=FACT_WENT)
                continue
            self._under_way[each.webhook] += 1
            sending = asyncio.get_running_loop().create_task(self._deliver(poster, each, claimed_at))
            self._sending.add(sending)
            sending.add_done_callback(self._sent)
        return self._rules.poll

    async def drained(self) -> None:
        """Wait until everything that was begun is settled."""
        while self._sending:
            await asyncio.wait(self._sending)

    def _room(self, name: str, readiness: Readiness) -> int:
        most = {Readiness.EVERYTHING: self._rules.in_flight, Readiness.ONE: 1, Readiness.NOTHING: 0}
        free = most[readiness] - self._under_way[name]
        # a claim for each request that ends would cost more than the request
        return free if 2 * free >= most[readiness] else 0

    async def _deliver(self, poster: Poster, delivery: Delivery, claimed_at: float) -> None:
        """Post one delivery, and write what became of it."""
        try:
            began = time.monotonic()
            sent_at = delivery.now + timedelta(seconds=began - claimed_at)
            body = body_of(delivery.document)
            headers = signed_headers(
                delivery.document.id, int(sent_at.timestamp()), body, self._store.secrets_of(delivery)
            )
            answered = await poster.post(delivery.url, body, headers)
            verdict = judge_attempt(
                answered.status,
                answered.error,
                attempt=delivery.attempt,
                failures=delivery.failures,
                retry_after=answered.retry_after,
                jitter=self._dice.random(),
                rules=self._rules,
            )
            why = await self._store.settle(
                delivery,
                verdict,
                status=answered.status,
                sent_at=sent_at,
                seconds=time.monotonic() - began,
                rules=self._rules,
            )
        except StoreUnavailableError:
            # the lease runs out, and it is sent again
            log.warning("webhook_not_settled", webhook=delivery.webhook)
            return
        finally:
            self._under_way[delivery.webhook] -= 1
        count_webhook_attempt("dead" if verdict.is_dead else "delivered" if verdict.error is None else "failed")
        if verdict.is_dead:
            log.error("webhook_gave_up", webhook=delivery.webhook, id=delivery.document.id, detail=verdict.error)
        if why is not None:
            log.error("webhook_needs_an_operator", webhook=delivery.webhook, detail=f"It is switched off. {why}")

    def _sent(self, task: asyncio.Task[None]) -> None:
        self._sending.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            # the lease runs out and it is sent again; the bug is for us to see
            log.error("webhook_failed", error=type(error).__name__)
        if self._more:
            self._work.set()


def body_of(document: FactDocument) -> bytes:
    """Give the bytes of a document, the same each time."""
    return msgspec.json.encode(document)
