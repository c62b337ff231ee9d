"""Sentences that name versions, for whoever asks why a card was updated."""

import pytest

from projections.card import Card
from projections.face import Face
from projections.sentences import why_update
from tests.examples.cards import PLACED, face, live, moved


@pytest.mark.parametrize(
    ("seen", "card", "why"),
    [
        (moved(), live(), "The order has changed since the last push (version 1 sent, now 2)."),
        (
            moved(),
            live(accepted_version=None, accepted_hash=None),
            "Apple has not accepted a push to this card yet; the order is at version 2.",
        ),
        (
            moved(),
            live(accepted_version=2, accepted_hash=None),
            "It is not certain that the card shows the newest state (version 2).",
        ),
        (face(), live(accepted_hash=b"x"), "It is not certain that the card shows the newest state (version 1)."),
        (face(), live(asked="resend"), "An operator asked for the card to be sent again."),
    ],
    ids=["it changed", "nothing was accepted", "in doubt after a restore", "rendered otherwise", "asked for"],
)
def test_an_update_says_what_is_sent_and_what_is_newer(seen: Face, card: Card, why: str) -> None:
    """Versions that are equal are not called a change."""
    assert why_update(seen, card, None) == why


def test_an_update_that_speaks_says_so() -> None:
    """Also where a person asked for it."""
    assert why_update(moved(), live(asked="resend"), PLACED) == (
        "The order has changed since the last push (version 1 sent, now 2). The customer should notice it."
    )
