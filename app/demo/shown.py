"""Tell what a card shows of each order, be it of a single one or of several, and what a page shows."""

from typing import Any

from app.demo.steps import AwaitPage
from app.simulator.browser import BrowserTab
from app.simulator.card import Card


def lines_of(card: Card) -> dict[str, dict[str, Any]]:
    """Give what a card shows, by the id of the subject that it is of."""
    lines = card.content.get("orders")
    return {card.subject: card.content} if lines is None else {line["orderId"]: line for line in lines}


def page_shows(tab: BrowserTab, step: AwaitPage) -> bool:
    """Tell whether a page shows what a step waits for."""
    state = tab.state or {}
    return (
        step.status in (None, state.get("status"))
        and step.phase in (None, state.get("phase"))
        and step.word in (None, tab.word)
    )
