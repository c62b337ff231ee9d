"""Puts an explanation into lines for people."""

from collections.abc import Sequence
from datetime import datetime
from itertools import zip_longest
from typing import TYPE_CHECKING, Final

from msgspec import UNSET

from app.cli.output import table_of_facts
from app.cli.stated import after_event
from projections.card import FCM
from projections.clock import ago, clock_of
from projections.explanation import ExplainedCard, Explanation, Finding, Sent
from projections.reasons import Reason
from projections.sentences import MOST_LIKELY

if TYPE_CHECKING:
    from rich.console import RenderableType

EVENTS_SHOWN: Final = 5
PUSHES_SHOWN: Final = 3
VERSIONS: Final = "Version n is the order as of its n-th event."
SHARED: Final = "Of a card that shows several orders it is those after the n-th change of any."
ANSWERS: Final = (
    "Accepted by {who}: {who} took the push; whether it reached the phone or was shown, {who} does not say. Refused by "
    "{who}: {who} did not take it. No answer from {who}: none came back, and it is not known whether {who} took it."
)
_CAME_BACK: Final = {
    "accepted": "accepted by {who}",
    "retry": "refused by {who} for now, to be sent again",
    "rejected": "refused by {who}",
    "unknown": "no answer from {who}",
    "shadow": "recorded, not sent (shadow mode)",
}
_SAID_BY_THE_STATE: Final = (Reason.ORDER_WAITS, Reason.UNCHANGED)
"""Of these the sentence that says why adds nothing for people."""


def explained(explanation: Explanation) -> "RenderableType":
    """Give what rich prints: the order with its events, then each card with its pushes, then what the words mean."""
    from rich.console import Group
    from rich.text import Text

    now, finding = explanation.at, explanation.finding
    title = f"Order {explanation.order_id}"
    lines: list[RenderableType] = [
        Text.assemble((title, "bold"), f" at {clock_of(now, now)} (all times are UTC): {_status(explanation)}"),
        table_of_facts(
            [
                *_order_facts(finding, now),
                ("Events", _events(explanation)),
                *_waiting(explanation),
                *_states(explanation),
            ]
        ),
    ]
    for card in explanation.cards:
        place = f"Card {card.card_id} on phone {card.device_id}"
        lines += [Text(), Text(place, "bold"), table_of_facts(_card_facts(card, now))]
    if explanation.more_cards:
        lines += [Text(), Text("There are more cards; these are the newest of those that have not ended.")]
    several = any(card.shared for card in explanation.cards)
    meanings = [VERSIONS, *([SHARED] if several else []), *([_answers(explanation)] if explanation.cards else [])]
    lines += [Text(), Text(" ".join(meanings), "dim")]
    return Group(*lines)


def _answers(explanation: Explanation) -> str:
    """Say what the words mean that come back, for whoever was sent pushes."""
    return ANSWERS.format(who=" or ".join(sorted({_service(card) for card in explanation.cards})))


def _service(card: ExplainedCard) -> str:
    return "Google" if card.environment == FCM else "Apple"


def _status(explanation: Explanation) -> str:
    if explanation.finding.reason is Reason.NOT_PLACED:
        return f"status unknown, event {explanation.opening} is missing"
    status = "status unknown" if explanation.status is None else f"status {explanation.status}"
    if explanation.view_version < explanation.version:
        return f"{status} as of version {explanation.view_version} of {explanation.version}"
    return status


def _order_facts(finding: Finding, now: datetime) -> list[tuple[str, str]]:
    if finding.reason is Reason.IN_STEP:
        return [("State", finding.state)]
    return [("State", _state(finding, now)), ("Why", finding.why), ("Next", finding.next_step)]


def _card_facts(card: ExplainedCard, now: datetime) -> list[tuple[str, str]]:
    facts = [("State", card.finding.state if card.finding.reason is Reason.ORDER_WAITS else _state(card.finding, now))]
    if card.finding.reason not in _SAID_BY_THE_STATE:
        facts.append(("Why", card.finding.why))
    facts += [*_shown(card), *_pictures(card), ("Next", card.finding.next_step)]
    if card.perhaps:
        causes = "\n".join(f"- {each}" for each in card.perhaps)
        facts.append(("Causes", f"Possible causes, if the card shows something else:\n{causes}"))
    facts.append(("Pushes", _pushes(card.sent, now, _service(card))))
    return facts


def _shown(card: ExplainedCard) -> list[tuple[str, str]]:
    if card.shows_now is None:
        return []
    if card.should_show is None:
        return [("Shows now", card.shows_now)]
    if card.shows_now == f"{MOST_LIKELY}{card.should_show}":
        return [("Shows now", f"{MOST_LIKELY}what it should: {card.should_show}")]
    return [("Shows now", card.shows_now), ("Should show", card.should_show)]


def _pictures(card: ExplainedCard) -> list[tuple[str, str]]:
    """Tell of pictures that are not on the phone."""
    lines = [
        f"{each.key}: the card shows {'the placeholder' if each.shows is None else f'an older one, {each.shows}'}, for "
        f"{each.why}."
        for each in card.pictures
    ]
    return [("Pictures", "\n".join(lines))] if lines else []


def _state(finding: Finding, now: datetime) -> str:
    if finding.since is None:
        return finding.state
    return f"{finding.state} ({finding.since_what} at {clock_of(finding.since, now)}, {ago(finding.since, now)}.)"


def _events(explanation: Explanation) -> str:
    return "\n".join(
        f"version {each.version}: {each.type}, {_second_of(each.recorded_at, explanation.at)}"
        f"{'' if each.folded else ' (not processed yet)'}"
        f"{' (of another kind: it changes nothing)' if each.foreign else ''}"
        for each in explanation.events[:EVENTS_SHOWN]
    )


def _waiting(explanation: Explanation) -> list[tuple[str, str]]:
    """Tell of a delivery time that is no event yet."""
    put, now = explanation.waiting_eta, explanation.at
    if put is None:
        return []
    told = (
        f"delivery time {_second_of(put.delivery_time, now)}, put at {_second_of(put.put_at, now)}. It becomes an "
        f"event if it stands; Lockstep looks again at {_second_of(put.due_at, now)}."
    )
    return [("Waits", told)]


def _states(explanation: Explanation) -> list[tuple[str, str]]:
    told = [after_event(each.version, each.after) for each in explanation.events if each.after is not UNSET]
    return [("After each", "\n".join(told))] if told else []


def _pushes(sent: Sequence[Sent], now: datetime, service: str) -> str:
    shown = sent[:PUSHES_SHOWN]
    lines = []
    for each, before in zip_longest(shown, shown[1:]):
        lines.append(_push(each, now, service))
        if before is not None and each.version > before.version + 1:
            first, last = before.version + 1, each.version - 1
            skipped = f"version {first}" if first == last else f"versions {first} to {last}"
            lines.append(f"no push for {skipped} alone: version {each.version} has all of it")
    return "\n".join(lines) or "none so far"


def _second_of(moment: datetime, now: datetime) -> str:
    return f"{clock_of(moment, now)}:{moment:%S}"


def _push(sent: Sent, now: datetime, service: str) -> str:
    details = [" ".join(str(each) for each in (sent.status, sent.reason) if each is not None)]
    came_back = _CAME_BACK[sent.outcome].format(who=service) if sent.outcome in _CAME_BACK else sent.outcome
    if sent.outcome == "rejected" and sent.status is None:
        came_back = "held back by Lockstep, see Why"
    elif sent.outcome == "retry" and sent.status is None:
        came_back = f"{_CAME_BACK['unknown'].format(who=service)}, to be sent again"
    elif sent.outcome == "rejected":
        details.append(f"apns-id {sent.apns_id}")
    answer = "" if sent.outcome == "accepted" else ", ".join(each for each in details if each)
    demoted = ", not urgent because the phone had its urgent pushes for the hour" if sent.demoted else ""
    kind = "ordinary notification" if sent.kind == "alert" else sent.kind
    line = f"{_second_of(sent.sent_at, now)}, {kind}, version {sent.version}{demoted}: {came_back}"
    return line + (f" ({answer})" if answer else "")
