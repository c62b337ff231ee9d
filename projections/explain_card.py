"""What is the matter with one card: its plan of this moment, what holds that back, what became of its last push."""

import shlex
from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from projections.advice import PAUSE_CURE, found
from projections.card import NO_KEY, NOT_MADE, NOT_SENT, OTHER, UNFIT, Card, Phase
from projections.choice import Renew, Send
from projections.clock import clock_by, moment_by
from projections.definition import PLACED
from projections.explain_order import BLOCKED, LATE
from projections.explanation import Finding, Surroundings, TracedCard
from projections.face import Face
from projections.hindrance import not_for_this_phone
from projections.pause import PauseRow, lifted_by, told, within
from projections.plan import plan
from projections.reasons import Reason
from projections.sentences import (
    AT_THE_NEXT_ORDER,
    ENDED_BY_A_PERSON,
    HELD_BACK,
    MAY_HELP,
    NEVER_UPDATED,
    NO_CARD_TO_MOVE,
    NOT_REPORTED,
    OPEN_THE_APP,
    START_NOT_REPEATED,
)
from projections.shown_card import last_end, removed_at

_OVER = {
    "accepted": Reason.ENDED,
    "never_shown": Reason.NEVER_SHOWN,
    "gone": Reason.GONE,
    "replaced": Reason.REPLACED,
    "expired": Reason.EXPIRED,
    "recalled": Reason.RECALLED,
    "ended": Reason.ENDED_BY_PERSON,
}
PHONES_NAMED = 3
_OPERATORS = "The operator's own words"
_LOCKSTEPS = "Lockstep's reason"
_BETWEEN_PUSHES = (Reason.ONE_A_SECOND, Reason.CLOCK_WENT_BACK)
"""A push is wanted all the same: what keeps it for longer is the better answer."""


def explain_card(traced: TracedCard, order: Finding, face: Face | None, around: Surroundings) -> Finding:
    """Say what is the matter with a card; `order` is what is the matter with its order."""
    card, now = traced.card, around.now
    if card.phase is Phase.OVER:
        return _over(traced, face, around)
    if order.reason is Reason.UNREADABLE:
        return _waits_for(order, now)
    if traced.leased_at is not None and not card.lease_ran_out:
        return found(
            Reason.UNDER_WAY, "Lockstep is sending it, or waits for Apple's answer.", now, since=traced.leased_at
        )
    decided = plan(face, card, traced.phone, now, around.rules, traced.channel)
    if isinstance(decided, Send | Renew):
        return _unsent(traced, decided, face, around)
    wanted = decided.reason in _BETWEEN_PUSHES or _channel_is_behind(traced, decided.reason, face)
    if wanted and (held := _held_back(traced, face, around)) is not None:
        return held
    if order.reason in BLOCKED and decided.reason in (Reason.UNCHANGED, Reason.NOT_PLACED):
        return _waits_for(order, now)
    reason, why = decided.reason, decided.why
    if reason is Reason.FOLLOWS_CHANNEL and traced.channel is not None and traced.channel.why is not None:
        why = f"{why} What it did last: {traced.channel.why}"
    if reason in (Reason.GONE, Reason.EXPIRED):
        return _ended(traced, reason, why, _since(reason, traced), around)
    if reason is Reason.NO_UPDATE_TOKEN:
        reason, why = _without_token(card, why)
    return found(
        reason,
        why,
        now,
        since=order.since if reason is Reason.NOT_PLACED else _since(reason, traced),
        until=decided.until,
        none=_if_there_is_none(traced, face, around),
        silence=_after_silence(card, decided.until, around),
        signed_in=_signed_in(around),
        order=shlex.quote(card.subject_id),
        opening=PLACED if face is None else face.opening,
        cards="The card does not move" if card.is_on_phone else "There is no card",
    )


def _channel_is_behind(traced: TracedCard, reason: Reason, face: Face | None) -> bool:
    """Tell whether the channel that a card follows has not looked at what its cards should show."""
    if reason is not Reason.FOLLOWS_CHANNEL or traced.channel is None or face is None:
        return False
    return traced.channel.considered_version < face.version


def _waits_for(order: Finding, now: datetime) -> Finding:
    return found(Reason.ORDER_WAITS, order.state, now, since=order.since, happened=order.since_what or "")


def _over(traced: TracedCard, face: Face | None, around: Surroundings) -> Finding:
    card, now = traced.card, around.now
    if card.asked == "end":
        return found(Reason.ENDED_BY_PERSON, traced.why or ENDED_BY_A_PERSON, now, since=traced.outcome_at)
    reason = Reason.RECALLED if card.recalled else _OVER.get(traced.outcome or "", Reason.OVER)
    if card.recalled and (refusal := not_for_this_phone(face, card, traced.phone, now)) is not None:
        reason = refusal.reason if refusal.reason is Reason.POSTPONED else reason
    known = _since(reason, traced) if reason in (Reason.GONE, Reason.EXPIRED) else traced.outcome_at
    return _ended(traced, reason, traced.why or "The card has ended.", known, around)


def _ended(traced: TracedCard, reason: Reason, why: str, since: datetime | None, around: Surroundings) -> Finding:
    """Say what became of a card that is over, also before a dispatcher has noted it."""
    now, silent = around.now, reason is Reason.EXPIRED and traced.card.token_hash is None
    return found(
        reason,
        NEVER_UPDATED if silent else why,
        now,
        since=since,
        over=_became(traced, reason),
        happened="Lockstep noted that" if last_end(traced) is None else "Apple accepted that push",
        gone=_removal(removed_at(traced, reason, around.rules), now),
        next=f"\n{AT_THE_NEXT_ORDER}" if silent else " The next order gets a card.",
        signed_in=_signed_in(around),
    )


def _became(traced: TracedCard, reason: Reason) -> str:
    """Say what became of a card, as far as it is known."""
    card = traced.card
    if reason is Reason.RECALLED:
        if last_end(traced) is not None:
            return "Lockstep told this phone to end the card"
        was_there = card.started_at is not None or card.is_on_phone or card.is_gone
        return "The card has ended on this phone" if was_there else "There is no card on this phone"
    if reason is Reason.EXPIRED:
        known = card.is_on_phone or card.is_gone
        ended = "The card has ended: its eight hours are over"
        return ended if known else "The card's eight hours are over; it is not known that it ever appeared"
    return "The card was removed from the phone" if card.reported_state == "dismissed" else "The card has ended"


def _removal(removed: datetime | None, now: datetime) -> str:
    """Say what is left of a card that has ended, and for how long."""
    if removed is None:
        return "iOS removes the card by itself; the customer can remove it before."
    if removed <= now:
        return "nothing is left to do for this card."
    return (
        f"iOS removes the card by {moment_by(removed, now)}, if it is there; until then it does not move, and the "
        "customer can remove it."
    )


def _unsent(traced: TracedCard, decided: Send | Renew, face: Face | None, around: Surroundings) -> Finding:
    """Say why a push that the plan wants has not gone yet."""
    held, now = _held_back(traced, face, around), around.now
    if isinstance(decided, Send) and decided.with_content and face is not None and face.failure is not None:
        return _not_made(traced, f"{face.failure}.", now)
    if held is not None:
        return held
    if traced.outcome == "shadow" and (traced.due_at is None or traced.due_at > now):
        return found(Reason.SHADOWED, decided.why, now, since=traced.outcome_at)
    if traced.due_at is None or traced.due_at > now:
        return found(Reason.NOT_LOOKED_AT, decided.why, now)
    if isinstance(decided, Renew):
        return found(decided.reason, decided.why, now, since=traced.due_at)
    meanwhile = _meanwhile(traced.card)
    since = max(traced.due_at, traced.blocked_until or traced.due_at)
    reason = Reason.DISPATCHER_LATE if now - since > LATE else Reason.DUE
    return found(reason, decided.why, now, since=since, meanwhile=meanwhile)


def _held_back(traced: TracedCard, face: Face | None, around: Surroundings) -> Finding | None:
    """Say what keeps a push that is wanted from being sent: a pause, a wait, a refusal, or an outage."""
    now, outage = around.now, around.outages.get(traced.card.environment)
    holding = [each for each in around.pauses if each.holds(traced.card, around.routes)]
    if holding:
        return _paused(traced.card, holding, around)
    answer = around.said(traced.card.last_answer or "")
    do = "Nobody" if answer.do is None else f"{answer.do}\nNobody else"
    until = traced.blocked_until
    if until is not None and until > now and not (outage is not None and traced.card.last_answer == NOT_SENT):
        return found(
            Reason.RETRYING, answer.means, now,
            since=traced.outcome_at, until=until, do=do, meanwhile=_meanwhile(traced.card),
        )  # fmt: skip
    looked_at = face is None or traced.considered_version >= face.version
    if traced.outcome in ("failed", "refused") and looked_at and traced.due_at is not None and traced.due_at > now:
        ours = traced.card.last_answer in (NOT_MADE, UNFIT, NO_KEY)
        why = traced.why if ours and traced.why is not None else answer.means
        if traced.card.last_answer == NOT_MADE:
            return _not_made(traced, why, now)
        return found(
            Reason.FAILED, why, now, since=traced.outcome_at, until=traced.due_at, do=do, meanwhile=_may_help(traced)
        )
    if outage is not None and traced.outcome != "shadow":
        return found(
            Reason.UNREACHABLE, f'The last try failed: "{outage.why}".', now,
            since=outage.since, paused=f"all pushes {within(outage.environment)}", meanwhile=_meanwhile(traced.card),
        )  # fmt: skip
    return None


def _not_made(traced: TracedCard, why: str, now: datetime) -> Finding:
    """Say that a push cannot be made: a bug, of Lockstep's or of the card's definition."""
    return found(
        Reason.NOT_MADE, why, now,
        since=traced.outcome_at, until=traced.due_at, do="Nobody else", meanwhile=_may_help(traced),
    )  # fmt: skip


def _may_help(traced: TracedCard) -> str:
    return MAY_HELP if traced.card.is_on_phone else NO_CARD_TO_MOVE


def _paused(card: Card, holding: Sequence[PauseRow], around: Surroundings) -> Finding:
    ours = [each for each in holding if not each.by_person]
    reasons = "; ".join(f'{_OPERATORS if each.by_person else _LOCKSTEPS}: "{each.reason}"' for each in holding)
    by_person = len(ours) < len(holding)
    more = []
    if by_person:
        more.append("Lockstep does not record who it was.")
    if around.routes is None and any(each.kind == "credential" for each in holding):
        more.append("Whether that key signs for this card is not known here: no keys are in the settings.")
    ends = [each.until for each in holding]
    until = None if None in ends else max(each for each in ends if each is not None)
    paused = found(
        Reason.PAUSED_BY_APNS if ours else Reason.PAUSED_BY_PERSON,
        " ".join((f"{reasons}." if more else reasons, *more)),
        around.now,
        since=min(each.paused_at for each in holding),
        paused=" and ".join(told(each.kind, each.key) for each in holding),
        lift="\n".join(f"    {lifted_by(each.kind, each.key)}" for each in holding),
        cure="; ".join(PAUSE_CURE[each.kind] for each in ours),
        ends=_ends(len(holding), until, around.now, by_apns=bool(ours)),
        meanwhile=HELD_BACK if by_person else _meanwhile(card),
    )
    return replace(paused, until=until)


def _ends(pauses: int, until: datetime | None, now: datetime, *, by_apns: bool) -> str:
    if until is None:
        return "The pause does not end by itself." if pauses == 1 else "Not all of these pauses end by themselves."
    ends, at = "The pause ends" if pauses == 1 else "The pauses end", clock_by(until, now)
    by_itself = f"{ends} at {moment_by(until, now)} in any case"
    if not by_apns:
        return f"{by_itself}."
    return (
        f"{by_itself}; if the cause is not fixed by then, the next push fails again, and Lockstep pauses again: do not "
        f"promise {at}."
    )


def _without_token(card: Card, why: str) -> tuple[Reason, str]:
    """Say more of a card without an update token: what its app has reported, and whether its start is certain."""
    if card.starter == OTHER:
        more = "Another backend has started the card, and no update token has come from its app."
        return Reason.NO_UPDATE_TOKEN, why.replace(NOT_REPORTED, more)
    if card.is_on_phone:
        more = "The app has reported the card, but no update token: most likely the customer has not tapped Allow."
        return Reason.NO_UPDATE_TOKEN, why.replace(NOT_REPORTED, more)
    if card.accepted_version is None:
        return Reason.START_COUNTED, why.replace(NOT_REPORTED, START_NOT_REPEATED)
    more = (
        "Most likely the app was force-quit (swiped out of the app switcher), or the customer has not tapped Allow. A "
        "card that is there does not move: Lockstep does not have its address for updates (update token)."
    )
    return Reason.APP_SILENT, why.replace(NOT_REPORTED, more)


def _meanwhile(card: Card) -> str:
    """Say what a customer can do while pushes do not get through: the answer to the app's launch report does."""
    return OPEN_THE_APP if card.is_on_phone else NO_CARD_TO_MOVE


def _if_there_is_none(traced: TracedCard, face: Face | None, around: Surroundings) -> str:
    """Say what the app does, once it is opened, about a card that its phone has not: see `missing_cards`."""
    card, now = traced.card, around.now
    refused = not_for_this_phone(face, card, traced.phone, around.now) is not None
    if refused or face is None or face.over or card.replaced or card.asked == "end":
        return "If there is none, nothing is missing: this card is to end."
    begun_at = card.started_at or (now if card.intent is None else card.intent.at)
    lost_at = begun_at + timedelta(seconds=around.rules.arrival)
    if now >= lost_at:
        return "If there is none, the app puts one up."
    return (
        f"If there is none, open the app again after {moment_by(lost_at, now)}, if the order is still open: it then "
        "puts one up. (Not earlier, or there could be two.)"
    )


def _after_silence(card: Card, until: datetime | None, around: Surroundings) -> str:
    """Say what follows if the app does not report a card whose start has no answer."""
    at = "then" if until is None else f"after {clock_by(until, around.now)}"
    if around.rules.on_unknown_start == "after_silence" and card.restarts == 0:
        return f"Nobody, {at}: if the app has not reported the card, Lockstep sends it again, once."
    return (
        f"Customer, {at}, if there is no card or it does not move: open the app. In most cases a card that is there "
        "then gets the newest state.\n"
        f"You, {at}: run this again; if there still is no card, it says from when on the app puts one up."
    )


def _signed_in(around: Surroundings) -> str:
    """Say where an order's customer would see it."""
    if not around.signed_in:
        return "at present Lockstep knows of no phone on which the order's customer is signed in"
    *some, last = around.signed_in[:PHONES_NAMED]
    named = f"{', '.join(some)} and {last}" if some else last
    more = " (and more)" if len(around.signed_in) > PHONES_NAMED else ""
    return f"the order's customer is signed in on {named}{more}"


def _since(reason: Reason, traced: TracedCard) -> datetime | None:
    """Tell since when a plan's reason holds, as well as the row can say."""
    card = traced.card
    match reason:
        case Reason.UNCHANGED:
            return traced.accepted_at
        case Reason.GONE:
            return card.reported_at
        case Reason.NO_UPDATE_TOKEN | Reason.APP_SILENT | Reason.START_TOKEN_SUSPECT | Reason.FOLLOWS_CHANNEL:
            return card.started_at or card.created_at
        case Reason.START_UNKNOWN | Reason.START_COUNTED:
            return min((each.sent_at for each in traced.sent), default=card.created_at)
        case Reason.EXPIRED:
            return (card.started_at or card.created_at) + card.lifetime
        case Reason.UPDATE_TOKEN_REFUSED:
            return next((each.answered_at for each in traced.sent if each.outcome == "rejected"), traced.outcome_at)
        case (
            Reason.SIGNED_OUT
            | Reason.ANOTHER_CUSTOMER
            | Reason.ORDER_OF_ANOTHER
            | Reason.PHONE_CHANGED_HANDS
            | Reason.POSTPONED
            | Reason.ONE_A_SECOND
            | Reason.CLOCK_WENT_BACK
        ):
            return traced.outcome_at
        case _:
            return card.created_at
