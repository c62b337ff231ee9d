"""What an order was, in lines for people."""

import io
from typing import Any

import pytest
from msgspec import Raw
from rich.console import Console

from app.cli.stated import WORDS, stated
from projections.order_state import AcceptedPush, CardState, OrderState, Told, UnansweredPush, recorded_state
from projections.order_view import EMPTY
from projections.view import evolve
from tests.examples.cards import seconds
from tests.examples.events import NOON, happened


def accepted(**changes: Any) -> AcceptedPush:
    """Give an example of a push whose content is known."""
    fields: dict[str, Any] = {
        "version": 1, "kind": "start", "sent_at": NOON, "accepted_at": seconds(1), "apns_id": "id",
        "content_state": Raw(b'{"status":"placed"}'), "content_bytes": 19, "why_not": None,
    }  # fmt: skip
    return AcceptedPush(**(fields | changes))


def card(**changes: Any) -> CardState:
    """Give an example of a card that APNs had accepted."""
    fields: dict[str, Any] = {
        "device_id": "phone-1", "card_id": "card-1", "attributes_type": "OrderAttributes", "generation": 1,
        "attributes": None, "accepted": accepted(), "why_not": None, "unanswered": None,
    }  # fmt: skip
    return CardState(**(fields | changes))


def printed(*cards: CardState, **changes: Any) -> str:
    """Print what an order was that had just been placed."""
    event = happened(1, "order.placed", {"customerId": "c", "merchantName": "M"}, at=0)
    recorded: dict[str, Any] = {"failure": None, "erased": False, "more_events": False}
    recorded |= {name: changes.pop(name) for name in tuple(changes) if name in recorded}
    fields: dict[str, Any] = {
        "order_id": "order-1", "at": seconds(30), "head_version": 2, "cards": cards, "more_cards": False,
        "incomplete": None, "recorded": recorded_state([Told(event, evolve(EMPTY, event))], EMPTY, **recorded),
    }  # fmt: skip
    out = io.StringIO()
    Console(file=out, width=500).print(stated(OrderState(**(fields | changes))))
    return out.getvalue().partition(f"\n\n{WORDS[:20]}")[0]


def test_both_answers_stand_under_one_another() -> None:
    """What was recorded, then each card with what was accepted."""
    lines = [line.rstrip() for line in printed(card()).splitlines()]

    assert lines == [
        "Order order-1 at 2025-11-01 12:00:30 (all times are UTC): version 1 of 2, status placed",
        "  Events      version 1: order.placed, 2025-11-02 12:00:00, changed status, progress, history",
        "  Content     103 bytes",
        '              {"status": "placed",',
        '               "progress": 0.0,',
        '               "history": [{"step": "placed", "at": 1761998400}],',
        '               "updatedAt": 1761998400}',
        "",
        "Card card-1 on phone phone-1",
        "  Accepted    version 1, start, sent at 2025-11-01 12:00:00, accepted at 2025-11-01 12:00:01",
        "  Content     19 bytes",
        '              {"status": "placed"}',
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (printed(), "No phone had a card of it."),
        (printed(card(accepted=None, why_not="Nothing.")), "Accepted    Nothing."),
        (printed(card(accepted=accepted(content_state=None, why_not="Gone."))), "Content     Gone."),
        (
            printed(card(unanswered=UnansweredPush(version=2, kind="update", sent_at=seconds(2)))),
            "Unanswered  version 2, update, sent at 2025-11-01 12:00:02: perhaps Apple took it",
        ),
        (printed(failure="It is damaged."), "Content     None. It is damaged."),
        (printed(erased=True), "Erased      The order's personal values have been erased, and are missing here."),
        (printed(more_events=True), "Events      earlier ones are not listed\n"),
        (printed(card(), more_cards=True), "There are more cards."),
        (printed(incomplete="Receipts are gone."), "Receipts are gone."),
        (printed(at=None), "Order order-1 as of version 1 (all"),
    ],
)
def test_what_is_not_known_or_left_out_is_said(text: str, said: str) -> None:
    """Each in its place."""
    assert said in "\n".join(line.rstrip() for line in text.splitlines()) + "\n"
