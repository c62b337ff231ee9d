"""Puts what an order was into lines for people."""

from datetime import datetime
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import Raw

from app.cli.output import table_of_facts
from projections.order_state import CardState, OrderState, RecordedState, StateAfter

if TYPE_CHECKING:
    from rich.console import RenderableType

WORDS: Final = (
    "Events and Content are what Lockstep had recorded, as this Lockstep processes it. Accepted is what Apple had "
    "taken; whether it reached the phone or was shown, Apple does not say."
)


def stated(state: OrderState) -> "RenderableType":
    """Give what rich prints: what had been recorded, then for each card what Apple had accepted."""
    from rich.console import Group
    from rich.text import Text

    recorded = state.recorded
    point = f"at {_spelled(state.at)}" if state.at is not None else f"as of version {recorded.version}"
    status = f"status {recorded.status}" if recorded.status else "no status"
    title = Text.assemble(
        (f"Order {state.order_id}", "bold"),
        f" {point} (all times are UTC): version {recorded.version} of {state.head_version}, {status}",
    )
    lines: list[RenderableType] = [title, table_of_facts(_recorded(recorded))]
    for card in state.cards:
        place = f"Card {card.card_id} on phone {card.device_id}"
        lines += [Text(), Text(place, "bold"), table_of_facts(_card(card))]
    if not state.cards:
        lines += [Text(), Text("No phone had a card of it.")]
    lines += [Text(each) for each in (_more(state), state.incomplete) if each is not None]
    return Group(*lines, Text(), Text(WORDS, "dim"))


def content_with_size(content: Raw, size_bytes: int) -> str:
    """Spell a content state as JSON with a field a line, below its size."""
    fields = msgspec.json.decode(content, type=dict[str, Raw])
    lines = (f'"{name}": {msgspec.json.format(bytes(value), indent=0).decode()}' for name, value in fields.items())
    return f"{size_bytes} bytes\n" + "{" + ",\n ".join(lines) + "}"


def after_event(version: int, state: StateAfter | None) -> str:
    """Spell what an order showed after an event."""
    if state is None:
        return f"version {version}: cannot be said"
    if state.content_state is None:
        return f"version {version}: nothing to show yet"
    return f"version {version}: {content_with_size(state.content_state, state.content_bytes)}"


def _recorded(recorded: RecordedState) -> list[tuple[str, str]]:
    first = ["earlier ones are not listed"] if recorded.more_events else []
    events = [
        f"version {each.version}: {each.type}, {_spelled(each.recorded_at)}"
        + ("" if each.changed is None else f", changed {', '.join(each.changed) or 'nothing that shows'}")
        for each in recorded.events
    ]
    facts = [("Events", "\n".join([*first, *events]) or "none")]
    if recorded.content_state is not None:
        facts.append(("Content", content_with_size(recorded.content_state, recorded.content_bytes)))
    else:
        facts.append(("Content", f"None. {recorded.why_not}"))
    if recorded.erased:
        facts.append(("Erased", "The order's personal values have been erased, and are missing here."))
    return facts


def _card(card: CardState) -> list[tuple[str, str]]:
    accepted, facts = card.accepted, []
    if accepted is None:
        facts.append(("Accepted", str(card.why_not)))
    else:
        moments = f"sent at {_spelled(accepted.sent_at)}, accepted at {_spelled(accepted.accepted_at)}"
        facts.append(("Accepted", f"version {accepted.version}, {accepted.kind}, {moments}"))
        content, why_not = accepted.content_state, str(accepted.why_not)
        facts.append(("Content", why_not if content is None else content_with_size(content, accepted.content_bytes)))
    if card.unanswered is not None:
        after = (
            f"version {card.unanswered.version}, {card.unanswered.kind}, sent at {_spelled(card.unanswered.sent_at)}"
        )
        facts.append(("Unanswered", f"{after}: perhaps Apple took it"))
    return facts


def _more(state: OrderState) -> str | None:
    return "There are more cards." if state.more_cards else None


def _spelled(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"
