"""The dispatcher: claims cards in debt, plans, writes intents, sends, judges, settles.

No transaction is open while it sends.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from uuid import uuid4

import msgspec
import structlog

from app.apns.answer import Answer
from app.apns.errors import Ambiguous, NotSent
from app.apns.judge import judge
from app.apns.preflight import preflight
from app.apns.provider_token import ProviderToken
from app.apns.push import SendRules, build_push
from app.apns.request import ApnsRequest, Environment, PushKind
from app.apns.settlement import settle_failed, settle_sent, settle_unbegun, settle_unsent
from app.apns.settler import Settler
from app.apns.transports import ApnsTransport
from app.apns.verdict import DEFAULT, Outcome, TokenAction, Verdict, VerdictSettings
from events.errors import StoreUnavailableError
from events.postgres.doorbell import Ring
from events.postgres.errors import translated
from events.postgres.pool import Pool
from events.sealing import Keyring, seal
from projections.card import Intent, Kind
from projections.card_store import CLAIMS_A_SLOT, CardStore, Claimed, PhoneWithToken, Receipt
from projections.face import Face, face_of
from projections.pauses import Pauses
from projections.plan import PlanRules, Send, plan
from projections.view_store import ALL_SLOTS, StoredView, ViewStore

log = structlog.get_logger()

AWAY_SECONDS = 0.5


class DispatchRules(msgspec.Struct, frozen=True, kw_only=True):
    """How the dispatcher works; seconds, unless the name says otherwise.

    Attributes:
        lease: How long a claim holds.
        deadline: The longest a push may take; a push is begun only while the lease lasts longer.
        batch: Cards claimed at once, at the most.
        in_flight: Pushes under way at the most, those whose settlement is still to be written included.
        poll: How often cards are looked for that no hint named.
        plan: The thresholds of plans.
        send: Expiry of pushes.
        verdicts: The thresholds of verdicts.
    """

    lease: float = 60.0
    deadline: float = 15.0
    batch: int = 200
    in_flight: int = 500
    poll: float = 1.0
    plan: PlanRules = PlanRules()
    send: SendRules = SendRules()
    verdicts: VerdictSettings = DEFAULT


class _Begun(msgspec.Struct, frozen=True):
    """A planned push with all that its settlement needs."""

    claimed: Claimed
    sent: Send
    stored: StoredView | None
    face: Face | None
    phone: PhoneWithToken | None
    token: str
    token_hash: bytes | None
    request: ApnsRequest
    intent: Intent
    claimed_monotonic: float


class Dispatcher:
    """Brings cards to where their views are.

    Args:
        pool: Connections.
        keyring: Opens tokens, seals receipts.
        transport: Sends.
        provider_token: Authorises.
        announce: Called with slots of cards that are due again; must not block.
        rules: Thresholds.
        dice: Draws the jitter.
    """

    def __init__(
        self,
        pool: Pool,
        keyring: Keyring,
        transport: ApnsTransport,
        provider_token: ProviderToken,
        announce: Callable[[Collection[int]], None],
        *,
        rules: DispatchRules | None = None,
        dice: random.Random | None = None,
    ) -> None:
        self._pool = pool
        self._keyring = keyring
        self._cards = CardStore(pool, keyring)
        self._views = ViewStore(keyring)
        self._pauses = Pauses(pool)
        self._transport = transport
        self._provider_token = provider_token
        self._announce = announce
        self._rules = rules or DispatchRules()
        self._dice = dice or random.SystemRandom()
        self._settler = Settler(self._cards, self._settled)
        self._slots: dict[int, None] = {}
        self._work = asyncio.Event()
        self._sending: set[asyncio.Task[None]] = set()

    def hear(self, ring: Ring) -> None:
        """Take a hint."""
        if ring.due or ring.settings:
            self._slots.update(dict.fromkeys(ring.due or ALL_SLOTS))
            self._work.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Dispatch until told to stop; then finish what is in flight and write what became of it."""
        settler_stop = asyncio.Event()
        settling = asyncio.ensure_future(self._settler.run(settler_stop))
        stopping = asyncio.ensure_future(stop.wait())
        next_poll = 0.0
        try:
            while not stop.is_set():
                if time.monotonic() >= next_poll:
                    self._slots.update(dict.fromkeys(ALL_SLOTS))
                    next_poll = time.monotonic() + self._rules.poll
                self._work.clear()
                try:
                    if self._slots and await self.dispatch_some():
                        continue
                except StoreUnavailableError:
                    log.warning("dispatcher_waits_for_postgres")
                    await asyncio.wait({stopping}, timeout=AWAY_SECONDS)
                    continue
                work = asyncio.ensure_future(self._work.wait())
                wait_seconds = max(0.0, next_poll - time.monotonic())
                await asyncio.wait({work, stopping}, timeout=wait_seconds, return_when=asyncio.FIRST_COMPLETED)
                work.cancel()
        finally:
            stopping.cancel()
            if self._sending:
                await asyncio.wait(self._sending)
            settler_stop.set()
            await settling

    async def dispatch_some(self) -> int:
        """Claim a batch and begin its pushes; return how many cards were claimed.

        Raises:
            StoreUnavailableError: Postgres is away; nothing was begun.
        """
        room = min(self._rules.batch, self._rules.in_flight - len(self._sending) - self._settler.waiting)
        if room <= 0:
            return 0
        # taken out first: a hint that comes while we claim speaks of what the claim may not have seen
        slots, self._slots = list(self._slots), {}
        claimed_monotonic = time.monotonic()
        try:
            with translated():
                claimed = await self._cards.claim(slots, lane=0, most=room, lease_seconds=self._rules.lease)
        except BaseException:
            self._slots.update(dict.fromkeys(slots))
            raise
        if len(claimed) >= room:
            half = len(slots) // 2
            self._slots.update(dict.fromkeys(slots[half:] + slots[:half]))
        else:
            # nothing is left in the others but what a hint or the next poll will name
            found = Counter(each.card.slot for each in claimed)
            self._slots.update(dict.fromkeys(slot for slot, count in found.items() if count >= CLAIMS_A_SLOT))
        if claimed:
            with translated():
                await self._begin(claimed, claimed_monotonic)
        return len(claimed)

    async def drained(self) -> None:
        """Wait until every push that was begun is settled."""
        while self._sending:
            await asyncio.wait(self._sending)
        await self._settler.drained()

    async def _begin(self, claimed: Sequence[Claimed], claimed_monotonic: float) -> None:
        # Views and phones are read in statements that begin after the claim committed: what came before it is seen.
        async with self._pool.acquire() as connection:
            views = await self._views.read(connection, sorted({each.card.subject_id for each in claimed}))
            phones = await self._cards.read_phones(connection, [each.card for each in claimed])
        faces: dict[str, Face] = {}
        begun: list[_Begun] = []
        for each in claimed:
            stored = views.get(each.card.subject_id)
            phone = phones.get((each.card.device_id, each.card.attributes_type))
            try:
                push = self._plan(each, stored, phone, faces, claimed_monotonic)
            except Exception as error:  # noqa: BLE001 - a bug of ours must stop one card, not its whole batch
                name, version = type(error).__name__, 0 if stored is None else stored.version
                log.error("card_failed", error=name)  # noqa: TRY400 - a traceback would carry personal values
                self._settler.add(settle_failed(each.card, name, version, each.now))
                continue
            begun += [] if push is None else [push]
        written = [each for each in begun if each.sent.kind is not Kind.UPDATE or each.sent.alert is not None]
        held = (
            await self._cards.record_intents([(each.claimed.card, each.intent) for each in written])
            if written
            else set()
        )
        lost = {each.claimed.card.card_id for each in written} - held
        for push in begun:
            if push.claimed.card.card_id not in lost:
                sending = asyncio.get_running_loop().create_task(self._send(push))
                self._sending.add(sending)
                sending.add_done_callback(self._sent)

    def _plan(
        self,
        claimed: Claimed,
        stored: StoredView | None,
        phone: PhoneWithToken | None,
        faces: dict[str, Face],
        claimed_monotonic: float,
    ) -> _Begun | None:
        """Plan a card: give the push to begin, or settle it and give None. `faces` keeps what was rendered."""
        card = claimed.card
        if stored is not None and card.subject_id not in faces:
            faces[card.subject_id] = face_of(stored.view, self._keyring.hash)
        face = faces.get(card.subject_id)
        decided = plan(face, card, None if phone is None else phone.phone, claimed.now, self._rules.plan)
        if isinstance(decided, Send):
            return self._prepare(claimed, decided, stored, face, phone, claimed_monotonic)
        self._settler.add(settle_unsent(card, decided, 0 if face is None else face.version, claimed.now))
        return None

    def _prepare(
        self,
        claimed: Claimed,
        sent: Send,
        stored: StoredView | None,
        face: Face | None,
        phone: PhoneWithToken | None,
        claimed_monotonic: float,
    ) -> _Begun:
        card = claimed.card
        if sent.kind is Kind.START:
            token = None if phone is None else phone.start_token
            token_hash = None if phone is None else phone.phone.start_token_hash
        else:
            token, token_hash = claimed.token, card.token_hash
        if token is None:
            raise AssertionError("a push is planned only where there is a token")
        version = 0 if face is None else face.version
        apns_id = uuid4()
        request = build_push(
            sent,
            card=card,
            view=None if stored is None else stored.view,
            face=face,
            token=token,
            environment="production" if phone is None else phone.phone.environment,
            apns_id=apns_id,
            rules=self._rules.send,
        )
        alert = version if sent.alert is not None else None
        intent = Intent(sent.kind, version, alert, sent.timestamp, apns_id, claimed.now)
        return _Begun(claimed, sent, stored, face, phone, token, token_hash, request, intent, claimed_monotonic)

    async def _send(self, begun: _Begun) -> None:
        card, rules = begun.claimed.card, self._rules
        elapsed = time.monotonic() - begun.claimed_monotonic
        if rules.lease - elapsed <= rules.deadline:
            self._settler.add(settle_unbegun(card, begun.sent, begun.claimed.now))
            return
        problem = preflight(begun.request)
        sent_at = begun.claimed.now + timedelta(seconds=elapsed)
        if problem is not None:
            verdict = Verdict(outcome=Outcome.REJECTED, why=f"Not sent: {problem.why}.", tell_operator=problem.why)
            self._finish(begun, verdict, None, sent_at, sent_at)
            return
        bearer = self._provider_token.token(begun.claimed.now.timestamp())
        outcome: Answer | NotSent | Ambiguous
        try:
            outcome = await self._transport.send(begun.request, bearer=bearer, deadline_seconds=rules.deadline)
        except (NotSent, Ambiguous) as error:
            outcome = error
        answered_at = begun.claimed.now + timedelta(seconds=time.monotonic() - begun.claimed_monotonic)
        verdict = judge(
            outcome,
            kind=PushKind(begun.sent.kind),
            attempt=card.attempts + 1,
            jitter=self._dice.random(),
            token_registered_at=self._token_registered_at(begun),
            refused_before=card.suspect_hash is not None and card.suspect_hash == begun.token_hash,
            same_before=card.attempts,
            # one environment is configured for each device; trying the other host comes with several credentials
            other_environment_tried=True,
            settings=rules.verdicts,
        )
        await self._act(begun, verdict, bearer)
        self._finish(begun, verdict, outcome, sent_at, answered_at)

    def _token_registered_at(self, begun: _Begun) -> datetime | None:
        if begun.sent.kind is Kind.START:
            return None if begun.phone is None else begun.phone.phone.start_token_registered_at
        return begun.claimed.card.token_registered_at

    async def _act(self, begun: _Begun, verdict: Verdict, bearer: str) -> None:
        """Do what a verdict asks for besides the card: the token, the credential, the operator."""
        card, now = begun.claimed.card, begun.claimed.now
        environment = Environment(begun.request.environment)
        if verdict.refresh_provider_token:
            self._provider_token.invalidate(bearer, now.timestamp())
        if verdict.new_generation:
            self._transport.renew(environment)
        if verdict.tell_operator is not None:
            log.error("apns_needs_an_operator", app=card.app, environment=environment, detail=verdict.tell_operator)
        try:
            with translated():
                if (
                    begun.sent.kind is Kind.START
                    and begun.token_hash is not None
                    and verdict.token in (TokenAction.RETIRE, TokenAction.SUSPECT)
                ):
                    await self._cards.refuse_tokens([(card.app, environment, begun.token_hash)])
                if verdict.pause is not None:
                    hold = now + timedelta(seconds=self._rules.verdicts.hold)
                    key = {"topic": card.app, "endpoint": environment}.get(verdict.pause, self._provider_token.key_id)
                    await self._pauses.pause(verdict.pause, key, reason=verdict.why, until=hold)
        except StoreUnavailableError:
            # the next answer of the same kind says it again
            log.warning("verdict_not_written", app=card.app)

    def _finish(
        self,
        begun: _Begun,
        verdict: Verdict,
        outcome: Answer | NotSent | Ambiguous | None,
        sent_at: datetime,
        answered_at: datetime,
    ) -> None:
        card, sent, face = begun.claimed.card, begun.sent, begun.face
        settlement = settle_sent(
            card,
            sent,
            verdict,
            version=begun.intent.version,
            content_hash=face.content_hash if face is not None and sent.with_content else None,
            token_hash=begun.token_hash,
            now=answered_at,
            rules=self._rules.plan,
            answer_lost=isinstance(outcome, Ambiguous),
        )
        answer = outcome if isinstance(outcome, Answer) else None
        receipt = Receipt(
            card=card,
            sent_at=sent_at,
            answered_at=answered_at,
            folded_at=None if begun.stored is None else begun.stored.folded_at,
            kind=sent.kind,
            version=begun.intent.version,
            why=sent.why,
            outcome=verdict.outcome,
            apns_id=begun.intent.apns_id,
            timestamp=sent.timestamp,
            priority=sent.priority,
            status=None if answer is None else answer.status,
            reason=None if answer is None else answer.reason,
            sealed=self._seal(begun),
        )
        self._settler.add(settlement, receipt)

    def _seal(self, begun: _Begun) -> bytes | None:
        """Seal the payload with the subject's data key, so that an erasure reaches it too."""
        key = None if begun.stored is None else begun.stored.data_key
        if key is None:
            return None
        return seal(key, begun.request.payload, context=b"receipt\n" + begun.intent.apns_id.bytes)

    def _settled(self, due: Collection[int]) -> None:
        self._work.set()
        if due:
            self._announce(due)

    def _sent(self, task: asyncio.Task[None]) -> None:
        self._sending.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            # the lease runs out and the card is looked at again; the bug is for us to see
            log.error("dispatch_failed", error=type(error).__name__)
        self._work.set()
