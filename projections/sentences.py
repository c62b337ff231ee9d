"""The sentences that plans and explanations share, and those that name versions; written for whoever asks why."""

from typing import Final

from projections.card import Card
from projections.draft import Alert
from projections.face import Face

ENDED_BY_A_PERSON: Final = "An operator ended the card."
NEVER_PLACED: Final = "Without order.placed, Lockstep does not know what a card should show."
START_NOT_REPEATED: Final = (
    "Apple's answer to the push that starts the card was lost, and the app has not reported the card. Lockstep does "
    "not send it again: the phone might show two."
)
NOT_REPORTED: Final = (
    "The app has not reported the card's update token: the customer has not tapped Allow, or the app was force-quit."
)
REFUSED: Final = (
    "Apple refused the card's update token: mostly because the card was removed, or the token is out of date."
)


def why_unchanged(card: Card) -> str:
    """Say why a card that shows what it should is left alone."""
    version = card.accepted_version
    return f"Nothing new for the card has come since the last push (version {version}), which Apple accepted."


def why_update(face: Face, card: Card, alert: Alert | None) -> str:
    """Say why a card is updated; `alert` is what the push speaks of."""
    if card.asked == "resend" and alert is None:
        return "An operator asked for the card to be sent again."
    if card.accepted_version is None:
        changed = f"Apple has not accepted a push to this card yet; the order is at version {face.version}."
    elif card.accepted_hash is None or card.accepted_version >= face.version:
        changed = f"It is not certain that the card shows the newest state (version {face.version})."
    else:
        changed = (
            f"The order has changed since the last push (version {card.accepted_version} sent, now {face.version})."
        )
    return changed if alert is None else f"{changed} The customer should notice it."


def why_suspect(unreported_starts: int) -> str:
    """Say what speaks against a phone's start token."""
    return (
        f"Apple accepted this card, and the app has reported none of its last {unreported_starts} cards: the customer "
        "has not tapped Allow, the app was force-quit, or its start token is out of date, as after an update of iOS."
    )
