"""Puts an explanation into lines for people."""

from datetime import datetime
from typing import TYPE_CHECKING, Final

from projections.advice import clock_of
from projections.explanation import ExplainedCard, Explanation, Finding, Sent

if TYPE_CHECKING:
    from rich.console import RenderableType

EVENTS_SHOWN: Final = 5
_CAME_BACK: Final = {
    "accepted": "accepted by Apple (APNs)",
    "retry": "not accepted, to be sent again",
    "rejected": "refused",
    "unknown": "no answer",
}


def ago(moment: datetime, now: datetime) -> str:
    """Spell how long ago a time was, or how far ahead it is, in its largest unit."""
    seconds = (now - moment).total_seconds()
    minutes = round(abs(seconds) / 60)
    if minutes == 0:
        return "just now" if seconds >= 0 else "in a moment"
    amount, unit = (minutes, "minute") if minutes < 120 else (round(minutes / 60), "hour")
    if unit == "hour" and amount >= 48:
        amount, unit = round(amount / 24), "day"
    spelled = f"{amount} {unit}{'' if amount == 1 else 's'}"
    return f"{spelled} ago" if seconds >= 0 else f"in {spelled}"


def explained(explanation: Explanation) -> "RenderableType":
    """Give what rich prints: the order, then each card, then what happened."""
    from rich.console import Group
    from rich.text import Text

    now = explanation.at
    status = explanation.status or "not placed yet"
    lines: list[RenderableType] = [
        Text.assemble((f"Order {explanation.order_id}", "bold"), f": {status} (as of {clock_of(now, now)})"),
        _facts(explanation.finding, now, [("Events", _events(explanation))]),
    ]
    for card in explanation.cards:
        place = f"Card {card.card_id} on phone {card.device_id}"
        lines += [Text(), Text(place, "bold"), _facts(card.finding, now, _pushes(card, now))]
    if explanation.more_cards:
        lines += [Text(), Text("There are more cards; these are the newest of those that are not over.")]
    return Group(*lines)


def _facts(finding: Finding, now: datetime, more: "list[tuple[str, str]]") -> "RenderableType":
    from rich.table import Table
    from rich.text import Text

    facts = [("State", finding.state), ("Why", finding.why)]
    if finding.since is not None:
        facts.append(("Since", f"{clock_of(finding.since, now)} ({ago(finding.since, now)})"))
    facts += [("Next", finding.next_step), *more]
    table = Table.grid(padding=(0, 1))
    table.add_column(width=9)
    table.add_column()
    for label, text in facts:
        table.add_row(Text(f"  {label}", "dim"), Text(text, "bold" if label == "Next" else ""))
    return table


def _events(explanation: Explanation) -> str:
    return "\n".join(
        f"{each.version} {each.type}, {clock_of(each.recorded_at, explanation.at)}"
        f"{'' if each.folded else ' (not worked in yet)'}"
        for each in explanation.events[:EVENTS_SHOWN]
    )


def _pushes(card: ExplainedCard, now: datetime) -> list[tuple[str, str]]:
    found = []
    if card.perhaps:
        found.append(("Perhaps", "If the phone shows something else, the cause may be one of these:"))
        found += [("", f"- {each}") for each in card.perhaps]
    found.append(("Pushes", "\n".join(_push(each, now) for each in card.sent) or "none so far"))
    return found


def _push(sent: Sent, now: datetime) -> str:
    details = [" ".join(str(each) for each in (sent.status, sent.reason) if each is not None)]
    if sent.outcome == "rejected":
        details.append(f"apns-id {sent.apns_id}")
    answer = "" if sent.outcome == "accepted" else ", ".join(each for each in details if each)
    demoted = ", not urgent because the phone had its urgent pushes for the hour" if sent.demoted else ""
    kind = "ordinary notification" if sent.kind == "alert" else sent.kind
    line = f"{clock_of(sent.sent_at, now)}, {kind} with version {sent.version}{demoted}: "
    return line + _CAME_BACK.get(sent.outcome, sent.outcome) + (f" ({answer})" if answer else "")
