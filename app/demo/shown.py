"""Tell what a card shows of each order: one that is of a single order, or of several."""

from typing import Any

from app.simulator.card import Card


def lines_of(card: Card) -> dict[str, dict[str, Any]]:
    """Give what a card shows, by the id of the subject that it is of."""
    lines = card.content.get("orders")
    return {card.subject: card.content} if lines is None else {line["orderId"]: line for line in lines}
