"""The broadcaster: claims channels in debt, plans, asks APNs to make, publish on, or delete them, judges, settles.

What the dispatcher is for cards, it is for the channels that carry them: one request an update, however many follow. No
transaction is open while it asks.
"""

import asyncio
import random
import time
from collections.abc import Callable, Collection
from datetime import timedelta
from uuid import UUID, uuid4

import msgspec
import structlog

from app.apns import channel_request
from app.apns.answer import Answer
from app.apns.channel_asking import Outcome, act_upon, ask
from app.apns.channel_request import ChannelRequest
from app.apns.channel_settlement import (
    Asked,
    settle_asked,
    settle_not_made,
    settle_postponed,
    settle_rest,
    settle_withheld,
)
from app.apns.channel_supply import ChannelSupply
from app.apns.channel_verdict import ChannelOutcome, ChannelVerdict, judge_channel
from app.apns.credentials import Credentials, no_key
from app.apns.dispatch_rules import DispatchRules
from app.apns.errors import Ambiguous
from app.apns.judge import said
from app.apns.lease_clock import LeaseClock
from app.apns.newcomers import marked_channel
from app.apns.operator_call import call_operator
from app.apns.pictures import face_for_all
from app.apns.preflight import message_problem
from app.apns.push import build_broadcast
from app.apns.push_count import count_judged
from app.apns.request import Environment
from app.apns.sender import pause_key
from app.apns.traced_push import published_of
from app.apns.transports import ChannelTransport
from app.tracing.span import Pushed
from events.errors import StoreUnavailableError
from events.postgres.doorbell import Ring
from events.postgres.errors import translated
from events.postgres.pool import Pool
from events.sealing import Keyring, seal
from events.slot import ALL_SLOTS
from events.waiting import first_of
from projections.card import Kind
from projections.channel import ChannelPhase, ChannelSettlement
from projections.channel_list_store import ChannelListStore
from projections.channel_plan import Check, Create, Delete, Rest, plan_channel
from projections.channel_store import ChannelStore, ClaimedChannel
from projections.choice import Send
from projections.errors import RenderError
from projections.face import Face
from projections.pauses import Pauses
from projections.receipt import Leased, Receipt, receipt_context
from projections.view_store import StoredView, ViewStore

log = structlog.get_logger()

AWAY_SECONDS = 0.5
SHADOWED_SECONDS = 60.0
MOST_UNDER_WAY = 100


class _Begun(msgspec.Struct, frozen=True):
    """A request with all that its settlement needs."""

    claimed: ClaimedChannel
    decided: Create | Send | Delete | Check
    stored: StoredView | None
    face: Face | None
    request: ChannelRequest
    request_id: UUID
    clock: LeaseClock


class Broadcaster:
    """Brings channels to where the views of their subjects are.

    Args:
        pool: Connections.
        keyring: Opens views, seals receipts.
        pushes: Takes what is published.
        management: Makes and deletes channels, at an address of its own.
        credentials: Authorise.
        announce: Called with slots of cards and channels that are due again; must not block.
        note: Takes what became of each push; must not block.
        rules: Thresholds.
        dice: Draws the jitter.
    """

    def __init__(
        self,
        pool: Pool,
        keyring: Keyring,
        pushes: ChannelTransport,
        management: ChannelTransport,
        credentials: Credentials,
        announce: Callable[[Collection[int]], None],
        *,
        note: Callable[[Pushed], None],
        rules: DispatchRules | None = None,
        dice: random.Random | None = None,
    ) -> None:
        self._pool, self._keyring = pool, keyring
        self._rules = rules or DispatchRules()
        self._channels = ChannelStore(pool, settle_seconds=self._rules.plan.channel_settle)
        self._views, self._pauses = ViewStore(keyring), Pauses(pool)
        self._supply = ChannelSupply(self._channels, self._pauses, hold_seconds=self._rules.verdicts.hold)
        self._lists = ChannelListStore(pool)
        self._pushes, self._management = pushes, management
        self._credentials, self._announce, self._note_push = credentials, announce, note
        self._dice = dice or random.Random()  # noqa: S311 - jitter
        self._slots: dict[int, None] = {}
        self._work = asyncio.Event()
        self._asking: set[asyncio.Task[None]] = set()
        self._stopping = False

    def hear(self, ring: Ring) -> None:
        """Take a hint."""
        if ring.due or ring.settings:
            self._slots.update(dict.fromkeys(ring.due or ALL_SLOTS))
            self._work.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Broadcast until told to stop; then finish what is under way and write what became of it."""
        next_poll = 0.0
        try:
            while not stop.is_set():
                if time.monotonic() >= next_poll:
                    self._slots.update(dict.fromkeys(ALL_SLOTS))
                    next_poll = time.monotonic() + self._rules.poll
                self._work.clear()
                try:
                    if await self.broadcast_some():
                        continue
                except StoreUnavailableError as error:
                    log.warning("broadcaster_waits_for_postgres", reason=str(error))
                    await first_of(stop, seconds=AWAY_SECONDS)
                    continue
                await first_of(stop, self._work, seconds=max(0.0, next_poll - time.monotonic()))
        finally:
            self._stopping = True
            await self.drained()

    async def broadcast_some(self) -> int:
        """Claim channels and begin what is to be asked for them; return how many were claimed.

        Raises:
            StoreUnavailableError: Postgres is away; nothing was begun.
        """
        room = MOST_UNDER_WAY - len(self._asking)
        # taken out first: a hint that comes while we claim speaks of what the claim may not have seen
        slots, self._slots = list(self._slots), {}
        if room <= 0 or not slots:
            self._slots.update(dict.fromkeys(slots))
            return 0
        asked = time.monotonic()
        try:
            with translated():
                claimed = await self._channels.claim(
                    slots, most=room, lease_seconds=self._rules.lease, keys=self._credentials.routes
                )
                clock = LeaseClock.since(asked)
                # views are read in a statement that begins after the claim committed
                views = await self._read_views({each.channel.subject_id for each in claimed})
        except BaseException:
            self._slots.update(dict.fromkeys(slots))
            raise
        if claimed:
            self._slots.update(dict.fromkeys(slots))
        for each in claimed:
            stored = views.get(each.channel.subject_id)
            task = asyncio.get_running_loop().create_task(self._see_to(marked_channel(each, stored), stored, clock))
            self._asking.add(task)
            task.add_done_callback(self._asked)
        return len(claimed)

    async def drained(self) -> None:
        """Wait until everything that was begun is settled."""
        while self._asking:
            await asyncio.wait(self._asking)

    async def _read_views(self, subject_ids: Collection[str]) -> dict[str, StoredView]:
        if not subject_ids:
            return {}
        async with self._pool.acquire() as connection:
            return await self._views.read(connection, sorted(subject_ids))

    async def _see_to(self, claimed: ClaimedChannel, stored: StoredView | None, clock: LeaseClock) -> None:
        """Plan for a channel, carry that out, and write what became of it; a lease that nobody settles runs out."""
        try:
            settlement, receipt = await self._carry_out(claimed, stored, clock)
        except StoreUnavailableError as error:
            # it went away before anything was asked
            log.warning("broadcaster_waits_for_postgres", reason=str(error))
            why = "Nothing was begun in time; it is looked at again at once."
            settlement, receipt = settle_postponed(claimed.channel, why, claimed.now), None
        if due := await self._settle(settlement, receipt):
            self._announce(due)

    async def _settle(self, settlement: ChannelSettlement, receipt: Receipt | None) -> set[int]:
        """Write what became of a lease; while Postgres is away it is kept, for only here it is known."""
        while True:
            try:
                with translated():
                    return await self._channels.settle([settlement], [] if receipt is None else [receipt])
            except StoreUnavailableError as error:
                log.warning("broadcaster_waits_for_postgres", reason=str(error))
                if self._stopping:
                    return set()  # the lease runs out, and the answer counts as unknown
                await asyncio.sleep(AWAY_SECONDS)

    async def _carry_out(
        self, claimed: ClaimedChannel, stored: StoredView | None, clock: LeaseClock
    ) -> tuple[ChannelSettlement, Receipt | None]:
        channel, now = claimed.channel, claimed.now
        version = 0 if stored is None else stored.version
        try:
            face = await face_for_all(
                self._pool, stored, channel.attributes_type, self._rules.plan.placeholder, self._keyring.hash
            )
            decided = plan_channel(face, channel, now, self._rules.plan)
            if isinstance(decided, Rest):
                return settle_rest(channel, decided, version), None
            if claimed.shadowed:
                why = "Shadow mode: nothing is asked of Apple for the channel."
                return settle_postponed(channel, why, now + timedelta(seconds=SHADOWED_SECONDS)), None
            if isinstance(decided, Create) and claimed.withheld_until is not None:
                return settle_withheld(channel, version, claimed.withheld_until, now), None
            request_id = uuid4()
            request = self._request(claimed, decided, stored, face, request_id)
        except StoreUnavailableError:
            raise
        except Exception as error:  # noqa: BLE001 - a bug must stop one channel alone
            why = str(error) if isinstance(error, RenderError) else type(error).__name__
            log.error("channel_failed", error=why)  # noqa: TRY400 - a traceback would carry values
            return settle_not_made(channel, why, version, now, self._rules.plan), None
        return await self._ask(_Begun(claimed, decided, stored, face, request, request_id, clock), version)

    def _request(
        self,
        claimed: ClaimedChannel,
        decided: Create | Send | Delete | Check,
        stored: StoredView | None,
        face: Face | None,
        request_id: UUID,
    ) -> ChannelRequest:
        channel = claimed.channel
        environment = Environment(channel.environment)
        if isinstance(decided, Create):
            return channel_request.create(environment, channel.app, storage=channel.storage, request_id=request_id)
        if channel.channel_id is None:
            raise AssertionError("a channel that is open has Apple's id")
        if isinstance(decided, Delete):
            return channel_request.delete(
                environment, channel.app, channel_id=channel.channel_id, request_id=request_id
            )
        if isinstance(decided, Check):
            return channel_request.read(environment, channel.app, channel_id=channel.channel_id, request_id=request_id)
        if stored is None or face is None:
            raise AssertionError("what is published was drawn")
        body = build_broadcast(decided, channel=channel, view=stored.view, face=face)
        send = self._rules.send
        expiry = send.end_expiry if decided.kind is Kind.END else send.update_expiry
        return channel_request.publish(
            environment,
            channel.app,
            channel_id=channel.channel_id,
            request_id=request_id,
            priority=decided.priority,
            expiration=0 if channel.storage == "none" else decided.timestamp + int(expiry),
            payload=body,
        )

    async def _ask(self, begun: _Begun, version: int) -> tuple[ChannelSettlement, Receipt | None]:
        channel, now, rules = begun.claimed.channel, begun.claimed.now, self._rules
        environment = Environment(channel.environment)
        is_push = isinstance(begun.decided, Send)
        problem = message_problem(begun.request.payload) if is_push else None
        if problem is not None:
            call_operator(environment, problem.why, app=channel.app)
            return settle_not_made(channel, problem.why, version, now, rules.plan), None
        token = self._credentials.find(channel.app, environment)
        if token is None:
            again_at = now + timedelta(seconds=rules.plan.failed_again)
            return settle_postponed(channel, no_key(channel.app, environment), again_at), None
        bearer = await token.bearer(now.timestamp())
        if not await self._intend(begun) or rules.lease - begun.clock.spent_seconds() <= rules.deadline:
            return settle_postponed(channel, "Nothing was begun in time; it is looked at again at once.", now), None
        begun_at = begun.clock.moment(now)
        transport = self._pushes if is_push else self._management
        outcome = await ask(transport, begun.request, token, bearer, deadline_seconds=rules.deadline)
        answered_at = begun.clock.moment(now)
        verdict = judge_channel(
            outcome,
            attempt=channel.attempts + 1,
            jitter=self._dice.random(),
            same_before=channel.answered_before(said(outcome)),
            settings=rules.verdicts,
        )
        if is_push:
            seconds = (answered_at - begun_at).total_seconds() if isinstance(outcome, Answer) else None
            count_judged(environment, "broadcast", verdict.sender, word=said(outcome), seconds=seconds)
        act_upon(verdict, transport, begun.request, token, bearer, now)
        await self._note(begun, verdict, outcome, token.key_id)
        asked = Asked(
            channel=channel,
            decided=begun.decided,
            face=begun.face,
            begun_at=begun_at,
            now=answered_at,
            said=said(outcome),
            channel_id=outcome.channel_id if isinstance(outcome, Answer) else None,
            answer_lost=isinstance(outcome, Ambiguous),
        )
        settlement = settle_asked(asked, verdict, rules.plan)
        if not is_push:
            return settlement, None
        self._note_push(published_of(asked, verdict.sender, now))
        return settlement, _receipt(begun, verdict, outcome, asked)

    async def _intend(self, begun: _Begun) -> bool:
        """Write what is about to be asked; False where another holds the channel by now."""
        channel, decided = begun.claimed.channel, begun.decided
        with translated():
            if isinstance(decided, Send):
                spoken = 0 if decided.alert is None or begun.face is None else begun.face.version
                return await self._channels.record_intent(
                    channel, channel.phase, timestamp=decided.timestamp, alert=spoken
                )
            if not isinstance(decided, Create):
                return await self._channels.record_intent(channel, channel.phase)
            # before it is made: what may be left behind by whoever dies now, or died, is found in the list
            if channel.phase is ChannelPhase.CREATING:
                await self._lists.hurry(channel.app, channel.environment)
            else:
                await self._lists.open(channel.app, channel.environment, self._rules.channel_list)
            return await self._channels.record_intent(channel, ChannelPhase.CREATING)

    async def _note(self, begun: _Begun, verdict: ChannelVerdict, outcome: Outcome, key_id: str) -> None:
        """Write what an outcome says of pushes, and of the app's channels together."""
        now, sender = begun.claimed.now, verdict.sender
        channel, environment = begun.claimed.channel, Environment(begun.claimed.channel.environment)
        if verdict.outcome is ChannelOutcome.GONE and not isinstance(begun.decided, Delete):
            log.error("channel_was_lost", app=channel.app, environment=environment)
        try:
            with translated():
                if sender.pause is not None:
                    hold = now + timedelta(seconds=self._rules.verdicts.hold)
                    key = pause_key(sender.pause, channel.app, key_id, environment)
                    await self._pauses.pause(sender.pause, key, reason=verdict.why, until=hold)
                await self._supply.note(
                    channel, begun.decided, verdict.outcome, word=said(outcome), why=verdict.why, now=now
                )
                if isinstance(begun.decided, Create) and isinstance(outcome, Ambiguous):
                    await self._lists.hurry(channel.app, environment)
        except StoreUnavailableError:
            # the next answer of the same kind says it again; what was asked is settled all the same
            log.warning("verdict_not_written", app=channel.app)

    def _asked(self, task: asyncio.Task[None]) -> None:
        self._asking.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            # the lease runs out and the channel is looked at again; the bug is for us to see
            log.error("broadcast_failed", error=type(error).__name__)
        self._work.set()


def _receipt(begun: _Begun, verdict: ChannelVerdict, outcome: Outcome, asked: Asked) -> Receipt:
    if not isinstance(begun.decided, Send):
        raise TypeError(begun.decided)
    answer, channel = outcome if isinstance(outcome, Answer) else None, asked.channel
    key = None if begun.stored is None else begun.stored.data_key
    return Receipt(
        card=Leased(channel.slot, channel.subject_id, channel.channel, channel.lease),
        sent_at=asked.begun_at,
        answered_at=asked.now,
        folded_at=None if begun.stored is None else begun.stored.folded_at,
        kind=begun.decided.kind,
        version=asked.version,
        why=begun.decided.why,
        outcome=verdict.sender.outcome,
        apns_id=begun.request_id,
        timestamp=begun.decided.timestamp,
        priority=begun.decided.priority,
        demoted=False,
        status=None if answer is None else answer.status,
        reason=None if answer is None else answer.reason,
        sealed=None if key is None else seal(key, begun.request.payload, context=receipt_context(begun.request_id)),
    )
