"""Sends one planned push, judges the answer and hands on what it leaves behind."""

import random
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import assert_never

import msgspec
import structlog
from msgspec.structs import replace

from app.apns.answer import Answer
from app.apns.credentials import Credentials, no_key
from app.apns.dispatch_rules import SendingRules
from app.apns.errors import Ambiguous, NotSent
from app.apns.fcm_request import FcmRequest
from app.apns.health import Health
from app.apns.held_token import Invalidation
from app.apns.judge import judge, said
from app.apns.lease_clock import LeaseClock
from app.apns.operator_call import call_operator
from app.apns.pace import Pace
from app.apns.preflight import problem_of
from app.apns.push_count import count_judged
from app.apns.reasons import reason_of
from app.apns.request import ApnsRequest, Environment, PushKind
from app.apns.rules import Pause
from app.apns.settlement import settle_sent, settle_shadowed, settle_unbegun
from app.apns.settler import Settler
from app.apns.shared_token import SharedProviderToken
from app.apns.transports import PushTransport
from app.apns.verdict import Outcome, TokenAction, Verdict
from app.metrics.counters import count_freshness, count_push
from events.errors import StoreUnavailableError
from events.postgres.errors import translated
from events.sealing import seal
from projections.card import NO_KEY, UNFIT, Intent, Kind
from projections.card_store import CardStore, Claimed, PhoneWithToken
from projections.choice import Send
from projections.face import Face
from projections.pauses import Pauses
from projections.receipt import Receipt, receipt_context
from projections.view_store import StoredView

log = structlog.get_logger()

SHADOWED = "shadow"
REFUSED_AT_ONCE = "Google refuses an access token that it has just given: check the service account in its console."


class PlannedPush(msgspec.Struct, frozen=True):
    """A planned push with all that its settlement needs.

    Attributes:
        clock: Of the claim.
    """

    claimed: Claimed
    sent: Send
    stored: StoredView | None
    face: Face | None
    phone: PhoneWithToken | None
    token_hash: bytes | None
    request: ApnsRequest | FcmRequest
    intent: Intent
    clock: LeaseClock

    @property
    def trying_other_environment(self) -> bool:
        """Tell whether the push goes where the token was not reported for, because it was refused there."""
        card = self.claimed.card
        return card.was_tried_elsewhere(self.token_hash) and card.tried_environment == self.request.environment

    @property
    def is_notification(self) -> bool:
        """Tell whether it is an ordinary notification, in a card's place."""
        return self.sent.kind is Kind.ALERT

    @property
    def lends_token(self) -> bool:
        """Tell whether it starts a card that is sent to by its phone's own token from then on."""
        return self.sent.kind is Kind.START and self.claimed.card.is_android

    @property
    def token_registered_at(self) -> datetime | None:
        """Tell when the app reported the token that the push goes to."""
        if self.sent.kind is Kind.START:
            return None if self.phone is None else self.phone.phone.start_token_registered_at
        if self.sent.kind is Kind.ALERT:
            known = None if self.phone is None else self.phone.phone.alert_token
            return None if known is None else known.registered_at
        return self.claimed.card.token_registered_at


class Answered(msgspec.Struct, frozen=True):
    """A push that was judged.

    Attributes:
        reason: What was given for it, a word of our tables.
    """

    push: PlannedPush
    outcome: Outcome
    reason: str
    sent_at: datetime
    answered_at: datetime


class Sender:
    """Sends planned pushes; what became of each goes to the settler."""

    def __init__(
        self,
        cards: CardStore,
        pauses: Pauses,
        transport: PushTransport,
        credentials: Credentials,
        settler: Settler,
        *,
        note: Callable[[Answered], None],
        rules: SendingRules,
        pace: Pace,
        dice: random.Random,
    ) -> None:
        self._cards = cards
        self._pauses = pauses
        self._transport = transport
        self._credentials = credentials
        self._settler = settler
        self._note = note
        self._rules = rules
        self._dice = dice
        self._health = Health()
        self.pace = pace

    async def send(self, begun: PlannedPush) -> None:
        """Send a push, if its lease still lasts long enough, and settle it."""
        card, rules = begun.claimed.card, self._rules
        environment = Environment(begun.request.environment)
        token = self._credentials.find(card.app, environment)
        if token is None:
            self._refuse(begun, no_key(card.app, environment), NO_KEY)
            return
        outcome: Answer | NotSent | Ambiguous | None = None
        bearer = ""
        try:
            bearer = await token.bearer(begun.claimed.now.timestamp())
        except StoreUnavailableError:
            log.warning("push_waits_for_the_provider_token")
            self._settler.add(settle_unbegun(card, begun.claimed.now, planned=begun.sent))
            return
        except NotSent as error:
            outcome = error.with_traceback(None)
        # looked at after the last wait before the push
        if rules.lease - begun.clock.spent_seconds() <= rules.deadline:
            self._settler.add(settle_unbegun(card, begun.claimed.now, planned=begun.sent))
            return
        request = begun.request
        if isinstance(request, FcmRequest):
            request = replace(request, project=token.team_id)
        problem = problem_of(request)
        if problem is not None:
            self._refuse(begun, f"{problem}.", UNFIT)
            return
        sent_at = begun.clock.moment(begun.claimed.now)
        if outcome is None:
            try:
                outcome = await self._transport.send(
                    request, credential=token.credential, bearer=bearer, deadline_seconds=rules.deadline
                )
            except (NotSent, Ambiguous) as error:
                # its traceback names this very frame: a cycle that keeps all of the push until the collector comes by
                outcome = error.with_traceback(None)
        answered_at = begun.clock.moment(begun.claimed.now)
        self._health.note(begun.request.topic, environment, token.credential, outcome)
        verdict = judge(
            outcome,
            kind=PushKind(begun.sent.kind),
            attempt=card.attempts + 1,
            jitter=self._dice.random(),
            token_registered_at=begun.token_registered_at,
            refused_before=card.suspect_hash is not None and card.suspect_hash == begun.token_hash,
            same_before=card.answered_before(said(outcome)),
            # what is tried elsewhere is remembered for the card, which an ordinary notification has nothing to do with
            other_environment_tried=(
                card.is_android or begun.is_notification or card.was_tried_elsewhere(begun.token_hash)
            ),
            trying_other_environment=begun.trying_other_environment,
            # a claim goes by the card's environment
            held_back=card.environment == environment,
            server_errors=self._health.server_errors(environment, token.credential),
            bad_tokens_lately=self._health.bad_tokens(begun.request.topic, environment),
            repeatable=card.is_android,
            settings=rules.verdicts,
        )
        if begun.is_notification and verdict.pause is Pause.TOPIC:
            # a topic that takes no notifications may well take cards
            verdict = replace(verdict, pause=None)
        await self._act(begun, verdict, token, bearer, outcome, answered_at)
        self._finish(begun, verdict, outcome, sent_at, answered_at, word=said(outcome))

    def shadow(self, planned: PlannedPush) -> None:
        """Record a push, and do not send it."""
        now = planned.claimed.now
        count_push(planned.request.environment, planned.sent.kind, SHADOWED, None, None)
        settlement = settle_shadowed(planned.claimed.card, planned.sent, planned.intent.version, now)
        self._settler.add(settlement, _receipt(planned, SHADOWED, None, now, now))

    async def _act(
        self,
        begun: PlannedPush,
        verdict: Verdict,
        token: SharedProviderToken,
        bearer: str,
        outcome: Answer | NotSent | Ambiguous,
        answered_at: datetime,
    ) -> None:
        """Do what a verdict asks for besides the card: the token, the credential, the operator."""
        card, now = begun.claimed.card, begun.claimed.now
        environment = Environment(begun.request.environment)
        if verdict.slow_down:
            self.pace.slow_down(time.monotonic())
        elif verdict.outcome is Outcome.ACCEPTED:
            self.pace.accepted()
        if verdict.refresh_provider_token:
            came = token.invalidate(bearer, now.timestamp())
            if came is Invalidation.TOO_YOUNG:
                detail = REFUSED_AT_ONCE if card.is_android else _off(outcome, answered_at)
                call_operator(environment, detail)
        if verdict.new_generation:
            self._transport.renew(environment, token.credential)
            self._health.renewed(environment, token.credential)
        if verdict.tell_operator is not None:
            call_operator(environment, verdict.tell_operator, app=card.app)
        try:
            with translated():
                to_phone = begun.sent.kind is Kind.START or begun.is_notification or card.is_android
                if to_phone and begun.phone is not None and begun.token_hash is not None:
                    await self._note_phone_token(begun, begun.phone.phone.environment, begun.token_hash, verdict)
                if verdict.pause is not None:
                    hold = now + timedelta(seconds=self._rules.verdicts.hold)
                    key = pause_key(verdict.pause, card.app, token.key_id, environment)
                    await self._pauses.pause(verdict.pause, key, reason=verdict.why, until=hold)
                    self._health.paused(begun.request.topic, environment)
        except StoreUnavailableError:
            # the next answer of the same kind says it again
            log.warning("verdict_not_written", app=card.app)

    async def _note_phone_token(
        self, begun: PlannedPush, reported_for: str, token_hash: bytes, verdict: Verdict
    ) -> None:
        """Write what is known now of a phone's own token, which other cards of the phone would use too."""
        app, sent_to = begun.claimed.card.app, begun.request.environment
        if verdict.token is TokenAction.RETIRE:
            await self._cards.refuse_tokens([(app, reported_for, token_hash)])
        elif verdict.own_lane and verdict.retry_after_seconds is not None:
            await self._cards.block_token(app, reported_for, token_hash, verdict.retry_after_seconds)
        elif verdict.outcome is Outcome.ACCEPTED and begun.trying_other_environment:
            await self._cards.place_token(app, reported_for, token_hash, sent_to)

    def _refuse(self, begun: PlannedPush, why: str, word: str) -> None:
        """Settle a push that must not be sent: the card fails visibly, and a person hears of it."""
        call_operator(begun.request.environment, why, app=begun.claimed.card.app)
        verdict = Verdict(outcome=Outcome.REJECTED, why=f"Not sent: {why}")
        self._finish(begun, verdict, None, begun.claimed.now, begun.claimed.now, word=word)

    def _finish(
        self,
        begun: PlannedPush,
        verdict: Verdict,
        outcome: Answer | NotSent | Ambiguous | None,
        sent_at: datetime,
        answered_at: datetime,
        *,
        word: str,
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
            said=word,
            environment=Environment(begun.request.environment),
        )
        answer = outcome if isinstance(outcome, Answer) else None
        _count(begun, verdict, answer, sent_at, answered_at, word)
        self._note(Answered(begun, verdict.outcome, reason_of(word), sent_at, answered_at))
        self._settler.add(settlement, _receipt(begun, verdict.outcome, answer, sent_at, answered_at))


def _count(
    begun: PlannedPush, verdict: Verdict, answer: Answer | None, sent_at: datetime, answered_at: datetime, word: str
) -> None:
    environment, before = begun.request.environment, begun.claimed.card.accepted_version
    seconds = None if answer is None else (answered_at - sent_at).total_seconds()
    count_judged(environment, begun.sent.kind, verdict, word=word, seconds=seconds)
    if verdict.outcome is not Outcome.ACCEPTED or begun.stored is None or before is None:
        # a start may come long after the news, for a phone that comes late
        return
    if begun.intent.version > before:
        count_freshness(environment, (answered_at - begun.stored.heard_at).total_seconds())


def _off(outcome: Answer | NotSent | Ambiguous, now: datetime) -> str:
    """Say whose clock is off, when APNs calls a token expired that has just been signed."""
    words = "APNs calls a provider token expired that is younger than twenty minutes"
    server_time = outcome.server_time if isinstance(outcome, Answer) else None
    if server_time is None:
        return f"{words}: set the clock of the machine that runs Postgres."
    seconds = round(now.timestamp() - server_time)
    side = "ahead of" if seconds > 0 else "behind"
    return f"{words}. The clock of Postgres is {abs(seconds)} s {side} APNs': set it."


def pause_key(pause: Pause, app: str, key_id: str, environment: Environment) -> str:
    """Name what is paused; Apple's two environments have nothing to do with one another."""
    match pause:
        case Pause.TOPIC:
            return f"{app}/{environment}"
        case Pause.CREDENTIAL:
            return f"{key_id}/{environment}"
        case _:
            assert_never(pause)


def _receipt(
    begun: PlannedPush, outcome: str, answer: Answer | None, sent_at: datetime, answered_at: datetime
) -> Receipt:
    return Receipt(
        card=begun.claimed.card,
        sent_at=sent_at,
        answered_at=answered_at,
        folded_at=None if begun.stored is None else begun.stored.folded_at,
        kind=begun.sent.kind,
        version=begun.intent.version,
        why=begun.sent.why,
        outcome=outcome,
        apns_id=begun.intent.apns_id,
        timestamp=begun.sent.timestamp,
        priority=begun.sent.priority,
        demoted=begun.sent.demoted,
        status=None if answer is None else answer.status,
        reason=None if answer is None else answer.reason,
        sealed=_seal(begun),
    )


def _seal(begun: PlannedPush) -> bytes | None:
    """Seal the payload with the subject's data key, so that an erasure reaches it too."""
    key = None if begun.stored is None else begun.stored.data_key
    if key is None:
        return None
    request = begun.request
    told = request.payload if isinstance(request, ApnsRequest) else request.record
    return seal(key, told, context=receipt_context(begun.intent.apns_id))
