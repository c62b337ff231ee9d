"""What is the matter with one card: its plan of this moment, what holds that back, what became of its last push."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from projections.advice import PAUSE_CURE, clock_of, found
from projections.card import LIFETIME, NO_KEY, NOT_MADE, UNFIT, Card, Phase
from projections.explain_order import BLOCKED, LATE
from projections.explanation import Finding, Surroundings, TracedCard
from projections.face import Face
from projections.hindrance import not_for_this_phone
from projections.pause import PauseRow, lifted_by, told
from projections.plan import Renew, Send, plan
from projections.reasons import Reason
from projections.sentences import ENDED_BY_A_PERSON, NOT_REPORTED, START_NOT_REPEATED

_OVER = {
    "accepted": Reason.ENDED,
    "never_shown": Reason.NEVER_SHOWN,
    "gone": Reason.GONE,
    "replaced": Reason.REPLACED,
    "expired": Reason.EXPIRED,
    "recalled": Reason.RECALLED,
    "ended": Reason.ENDED_BY_PERSON,
}
ON_THE_LOCK_SCREEN = timedelta(hours=4)
"""Apple: a card that ended without a dismissal date stays there for so long at the most."""
_BETWEEN_PUSHES = (Reason.ONE_A_SECOND, Reason.CLOCK_WENT_BACK)
"""A push is wanted all the same: what keeps it for longer is the better answer."""


def explain_card(traced: TracedCard, order: Finding, face: Face | None, around: Surroundings) -> Finding:
    """Say what is the matter with a card; `order` is what is the matter with its order."""
    card, now = traced.card, around.now
    if card.phase is Phase.OVER:
        return _over(traced, now)
    if order.reason is Reason.UNREADABLE:
        return found(Reason.ORDER_WAITS, order.state, now, since=order.since)
    if traced.leased_at is not None and not card.lease_ran_out:
        return found(
            Reason.UNDER_WAY, "Lockstep is sending it, or waits for Apple's answer.", now, since=traced.leased_at
        )
    decided = plan(face, card, traced.phone, now, around.rules)
    if isinstance(decided, Send | Renew):
        return _unsent(traced, decided, face, around)
    if decided.reason in _BETWEEN_PUSHES and (held := _held_back(traced, face, around)) is not None:
        return held
    if order.reason in BLOCKED and decided.reason in (Reason.UNCHANGED, Reason.NOT_PLACED):
        return found(Reason.ORDER_WAITS, order.state, now, since=order.since)
    reason, why = decided.reason, decided.why
    if reason is Reason.NO_UPDATE_TOKEN:
        reason, why = _without_token(card, why)
    return found(
        reason,
        why,
        now,
        since=_since(reason, traced),
        until=decided.until,
        none=_if_there_is_none(traced, face, around),
        silence=_after_silence(card, around),
    )


def _over(traced: TracedCard, now: datetime) -> Finding:
    card = traced.card
    if card.asked == "end":
        return found(Reason.ENDED_BY_PERSON, traced.why or ENDED_BY_A_PERSON, now, since=traced.outcome_at)
    reason = Reason.RECALLED if card.recalled else _OVER.get(traced.outcome or "", Reason.OVER)
    known = _since(reason, traced) if reason in (Reason.GONE, Reason.EXPIRED) else traced.outcome_at
    gone = clock_of((known or now) + ON_THE_LOCK_SCREEN, now)
    why = traced.why or "The card is over."
    if reason is Reason.EXPIRED and card.token_hash is None and card.accepted_version is not None:
        why = f"{why} It never moved from version {card.accepted_version}: the app never reported its update token."
    return found(reason, why, now, since=known, gone=gone)


def _unsent(traced: TracedCard, decided: Send | Renew, face: Face | None, around: Surroundings) -> Finding:
    """Say why a push that the plan wants has not gone yet."""
    held, now = _held_back(traced, face, around), around.now
    if held is not None:
        return held
    if traced.outcome == "shadow" and (traced.due_at is None or traced.due_at > now):
        return found(Reason.SHADOWED, decided.why, now, since=traced.outcome_at)
    if traced.due_at is None or traced.due_at > now:
        return found(Reason.NOT_LOOKED_AT, decided.why, now)
    if isinstance(decided, Renew):
        return found(decided.reason, decided.why, now, since=traced.due_at)
    since = max(traced.due_at, traced.blocked_until or traced.due_at)
    return found(Reason.DISPATCHER_LATE if now - since > LATE else Reason.DUE, decided.why, now, since=since)


def _held_back(traced: TracedCard, face: Face | None, around: Surroundings) -> Finding | None:
    """Say what keeps a push that is wanted from being sent: a pause, a wait, or that it was refused."""
    now = around.now
    holding = [each for each in around.pauses if each.holds(traced.card, around.routes)]
    if holding:
        return _paused(holding, around)
    answer = around.said(traced.card.last_answer or "")
    do = answer.do or "Nobody:"
    if traced.blocked_until is not None and traced.blocked_until > now:
        until = traced.blocked_until
        return found(Reason.RETRYING, answer.means, now, since=traced.outcome_at, until=until, do=do)
    looked_at = face is None or traced.considered_version >= face.version
    if traced.outcome in ("failed", "refused") and looked_at and traced.due_at is not None and traced.due_at > now:
        ours = traced.card.last_answer in (NOT_MADE, UNFIT, NO_KEY)
        why = traced.why if ours and traced.why is not None else answer.means
        reason = Reason.NOT_MADE if traced.card.last_answer == NOT_MADE else Reason.FAILED
        return found(reason, why, now, since=traced.outcome_at, until=traced.due_at, do=do)
    return None


def _paused(holding: Sequence[PauseRow], around: Surroundings) -> Finding:
    ours = [each for each in holding if not each.by_person]
    reasons = "; ".join(
        f'{"Operator" if each.by_person else "Lockstep"}\'s reason: "{each.reason}"' for each in holding
    )
    if around.routes is None and any(each.kind == "credential" for each in holding):
        reasons += ". Whether that key signs for this card is not known here: no keys are in the settings."
    ends = [each.until for each in holding]
    until = None if None in ends else max(each for each in ends if each is not None)
    paused = found(
        Reason.PAUSED_BY_APNS if ours else Reason.PAUSED_BY_PERSON,
        reasons,
        around.now,
        since=min(each.paused_at for each in holding),
        paused=" and ".join(told(each.kind, each.key) for each in holding),
        lift=" and ".join(lifted_by(each.kind, each.key) for each in holding),
        do="; ".join(PAUSE_CURE[each.kind] for each in ours),
        ends=_ends(len(holding), until, around.now),
    )
    return replace(paused, until=until)


def _ends(pauses: int, until: datetime | None, now: datetime) -> str:
    if until is not None:
        ends = "The pause ends" if pauses == 1 else "The pauses end"
        return f"{ends} by {'itself' if pauses == 1 else 'themselves'} at {clock_of(until, now)}."
    return "The pause does not end by itself." if pauses == 1 else "Not all of these pauses end by themselves."


def _without_token(card: Card, why: str) -> tuple[Reason, str]:
    """Say more of a card without an update token: what its app has reported, and whether its start is certain."""
    if card.is_on_phone:
        more = "The app has reported the card, and no update token: most likely the customer has not tapped Allow."
        return Reason.NO_UPDATE_TOKEN, why.replace(NOT_REPORTED, more)
    if card.accepted_version is None:
        return Reason.START_COUNTED, why.replace(NOT_REPORTED, START_NOT_REPEATED)
    more = (
        "Most likely the app was force-quit (swiped out of the app switcher), or the customer has not tapped Allow. A "
        "card that is there does not move: Lockstep has no update token for it."
    )
    return Reason.APP_SILENT, why.replace(NOT_REPORTED, more)


def _if_there_is_none(traced: TracedCard, face: Face | None, around: Surroundings) -> str:
    """Say what the app does, once it is opened, about a card that its phone has not: see `missing_cards`."""
    card, now = traced.card, around.now
    refused = not_for_this_phone(face, card, traced.phone) is not None
    if refused or face is None or face.over or card.replaced or card.asked == "end":
        return "If there is none, nothing is missing: this card is to end."
    lost_at = (card.started_at or now) + timedelta(seconds=around.rules.arrival)
    if now >= lost_at:
        return "If there is none, the app puts one up."
    return f"If there is none, opening the app again after {clock_of(lost_at, now)} puts one up."


def _after_silence(card: Card, around: Surroundings) -> str:
    """Say what follows if the app does not report a card whose start has no answer."""
    if around.rules.on_unknown_start == "after_silence" and card.restarts == 0:
        return "Lockstep sends the card again, once"
    return "Lockstep does not send it again, since the phone might show two; the customer then has to open the app"


def _since(reason: Reason, traced: TracedCard) -> datetime | None:
    """Tell since when a plan's reason holds, as well as the row can say."""
    card = traced.card
    match reason:
        case Reason.UNCHANGED:
            return traced.accepted_at
        case Reason.GONE:
            return card.reported_at
        case Reason.NO_UPDATE_TOKEN | Reason.APP_SILENT | Reason.START_TOKEN_SUSPECT:
            return card.started_at or card.created_at
        case Reason.START_UNKNOWN | Reason.START_COUNTED:
            return min((each.sent_at for each in traced.sent), default=card.created_at)
        case Reason.EXPIRED:
            return (card.started_at or card.created_at) + LIFETIME
        case (
            Reason.SIGNED_OUT
            | Reason.ANOTHER_CUSTOMER
            | Reason.ORDER_OF_ANOTHER
            | Reason.PHONE_CHANGED_HANDS
            | Reason.UPDATE_TOKEN_REFUSED
            | Reason.START_TOKEN_REFUSED
        ):
            return traced.outcome_at
        case _:
            return card.created_at
