"""What is the matter with one card: its plan of this moment, what holds that back, what became of its last push."""

from collections.abc import Callable, Sequence
from datetime import datetime

from msgspec.structs import replace

from projections.advice import PAUSE_CURE, clock_of, found
from projections.card import LIFETIME, NOT_MADE, Card, Phase
from projections.choice import Renew, Send
from projections.explain_order import BLOCKED, LATE
from projections.explanation import Finding, Said, TracedCard
from projections.face import Face
from projections.fallback import BY_NOTIFICATION
from projections.hindrance import ENDED_BY_A_PERSON
from projections.pause import PauseRow, lifted_by, told
from projections.plan import PlanRules, plan
from projections.reasons import Reason

_OVER = {
    "accepted": Reason.ENDED,
    "never_shown": Reason.NEVER_SHOWN,
    "gone": Reason.GONE,
    "replaced": Reason.REPLACED,
    "expired": Reason.EXPIRED,
    "recalled": Reason.RECALLED,
    "ended": Reason.ENDED_BY_PERSON,
}
_BETWEEN_PUSHES = (Reason.ONE_A_SECOND, Reason.CLOCK_WENT_BACK)
"""A push is wanted all the same: what keeps it for longer is the better answer."""


def explain_card(
    traced: TracedCard,
    order: Finding,
    face: Face | None,
    now: datetime,
    pauses: Sequence[PauseRow],
    said: Callable[[str], Said],
    rules: PlanRules,
) -> Finding:
    """Say what is the matter with a card; `order` is what is the matter with its order."""
    card = traced.card
    if card.phase is Phase.OVER:
        if card.asked == "end":
            return found(Reason.ENDED_BY_PERSON, traced.why or ENDED_BY_A_PERSON, now, since=traced.outcome_at)
        reason = Reason.RECALLED if card.recalled else _OVER.get(traced.outcome or "", Reason.OVER)
        known = _since(reason, traced) if reason in (Reason.GONE, Reason.EXPIRED) else traced.outcome_at
        return found(reason, traced.why or "The card is over.", now, since=known)
    if order.reason is Reason.UNREADABLE:
        return found(Reason.ORDER_WAITS, order.state, now, since=order.since)
    if traced.leased_at is not None and not card.lease_ran_out:
        return found(Reason.UNDER_WAY, "Lockstep is sending it, or waits for APNs.", now, since=traced.leased_at)
    decided = plan(face, card, traced.phone, now, rules)
    if isinstance(decided, Send | Renew):
        return _unsent(traced, decided, face, now, pauses, said)
    if decided.reason in _BETWEEN_PUSHES and (held := _held_back(traced, face, now, pauses, said)) is not None:
        return held
    if order.reason in BLOCKED and decided.reason in (Reason.UNCHANGED, Reason.NOT_PLACED):
        return found(Reason.ORDER_WAITS, order.state, now, since=order.since)
    reason, why = decided.reason, decided.why
    if reason is Reason.NO_UPDATE_TOKEN:
        reason, why = _without_token(card, why)
    return found(reason, why, now, since=_since(reason, traced), until=decided.until)


def _unsent(
    traced: TracedCard,
    decided: Send | Renew,
    face: Face | None,
    now: datetime,
    pauses: Sequence[PauseRow],
    said: Callable[[str], Said],
) -> Finding:
    """Say why a push that the plan wants has not gone yet."""
    held = _held_back(traced, face, now, pauses, said)
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


def _held_back(
    traced: TracedCard, face: Face | None, now: datetime, pauses: Sequence[PauseRow], said: Callable[[str], Said]
) -> Finding | None:
    """Say what keeps a push that is wanted from being sent: a pause, a wait, or that it was refused."""
    holding = [each for each in pauses if each.holds(traced.card)]
    if holding:
        return _paused(holding, now)
    answer = said(traced.card.last_answer or "")
    do = answer.do or "Nothing:"
    if traced.blocked_until is not None and traced.blocked_until > now:
        until = traced.blocked_until
        return found(Reason.RETRYING, answer.means, now, since=traced.outcome_at, until=until, do=do)
    looked_at = face is None or traced.considered_version >= face.version
    if traced.outcome in ("failed", "refused") and looked_at and traced.due_at is not None and traced.due_at > now:
        if traced.card.last_answer == NOT_MADE:
            why = traced.why or answer.means
            return found(Reason.NOT_MADE, why, now, since=traced.outcome_at, until=traced.due_at)
        return found(Reason.FAILED, answer.means, now, since=traced.outcome_at, do=do)
    return None


def _paused(holding: Sequence[PauseRow], now: datetime) -> Finding:
    ours = [each for each in holding if not each.by_person]
    why = " ".join(f"Paused are {told(each.kind, each.key)}. Reason given: {each.reason}" for each in holding)
    paused = found(
        Reason.PAUSED_BY_APNS if ours else Reason.PAUSED_BY_PERSON,
        why,
        now,
        since=min(each.paused_at for each in holding),
        lift=" and ".join(lifted_by(each.kind, each.key) for each in holding),
        do=" ".join(PAUSE_CURE[each.kind] for each in ours),
    )
    ends = [each.until for each in holding]
    if None in ends:
        return paused
    until = max(each for each in ends if each is not None)
    then = f"{paused.next_step} By itself the pause ends at {clock_of(until, now)}."
    return replace(paused, next_step=then, until=until)


def _without_token(card: Card, why: str) -> tuple[Reason, str]:
    """Say more of a card without an update token: what its app has told, and whether its start is certain."""
    if card.is_on_phone:
        told = "The app has told of the card, so it is on the phone: most likely Allow was not tapped."
        return Reason.NO_UPDATE_TOKEN, f"{why} {told}"
    if card.accepted_version is None:
        lost = "The answer to the start was lost, and the app has told nothing of the card since."
        return Reason.START_COUNTED, f"{lost} {BY_NOTIFICATION}" if BY_NOTIFICATION in why else lost
    silent = (
        "The app has told nothing since the card was started: most likely it was force-quit, that is, swiped out of "
        "the app switcher, and does not run. Whether the card is on the phone, nobody can know."
    )
    return Reason.APP_SILENT, f"{why} {silent}"


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
