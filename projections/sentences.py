"""The sentences that plans and explanations share, and those that name versions; written for whoever asks why."""

from typing import Final

from projections.card import Card
from projections.definition import PLACED
from projections.draft import Alert
from projections.face import Face

ENDED_BY_A_PERSON: Final = "An operator ended the card."
START_NOT_REPEATED: Final = (
    "Apple's answer to the push that starts the card was lost, and the app has not reported the card. Lockstep does "
    "not send it again: the phone might show two."
)
NOT_REPORTED: Final = (
    "The app has not reported the card's update token: the customer has not tapped Allow, or the app was force-quit."
)
REFUSED: Final = (
    "Apple refused the card's update token: usually because the card was removed, or the token is out of date."
)
EXPIRED_ON_ANDROID: Final = "The card was not ended within four weeks, after which it is given up."
FCM_REFUSED: Final = (
    "Google refused the phone's registration token: the app was removed, or has another token, which it reports at its "
    "next launch."
)
NEVER_UPDATED: Final = (
    "The phone ends every card after eight hours. The app never reported this one's address for updates (update "
    "token), so the card, if it appeared, could not be updated."
)
AT_THE_NEXT_ORDER: Final = (
    "Customer, at the next order: a new card comes; tap Allow on it if it asks, and open the app once, so that the "
    "card can move."
)
FOLLOWS_CHANNEL: Final = (
    "The card follows the order's channel: one push there reaches all its cards, and it is sent none of its own."
)
CHANNEL_ENDS_IT: Final = "The order is over: the channel that the card follows has ended it."
CHANNEL_LOST: Final = (
    "The channel that the card follows is not there any more at Apple: the card cannot be told anything."
)
CANNOT_BE_ENDED_ALONE: Final = (
    "The card follows a channel, by which no card can be ended alone: its app ends it, when it is opened."
)
MOST_LIKELY: Final = "most likely "
"""Begins what a phone shows as far as Lockstep can know."""

RUNS: Final = "runs, is not overloaded, and reaches Postgres; its log says what it waits for."
THE_APP_SHOWS_IT: Final = "Customer, meanwhile: the app itself shows the order."
NO_CARD_TO_MOVE: Final = (
    f"{THE_APP_SHOWS_IT} Lockstep does not know of a card on the phone that opening the app could move."
)
OPEN_THE_APP: Final = (
    "Customer, meanwhile: open the app. It shows the order, and in most cases gives the card the newest state."
)
MAY_HELP: Final = (
    "Customer, meanwhile: open the app. It shows the order; whether it can give the card the newest state, too, "
    "depends on what is wrong."
)
HELD_BACK: Final = (
    f"{THE_APP_SHOWS_IT} (Do not ask them to open it for the card's sake: the card could then get what is held back "
    "here.)"
)
BEHIND: Final = (
    "Customer, meanwhile: the app itself shows the order as it is, unless the app takes it from Lockstep. Until this "
    "is fixed, opening the app does not move the card beyond what is processed."
)
"""What a customer can do until the card moves. The answer to an app's launch report gives a card on the phone what
Lockstep has processed, whatever became of pushes; the rest it cannot give, nor does it bring a card that is to be sent.
"""


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
    elif card.accepted_hash is not None and card.accepted_version == face.version and face.images:
        changed = (
            f"Nothing has happened since the last push (version {face.version}), but a picture that the card names has "
            "come to the phone or gone from it, or the card is drawn otherwise now."
        )
    elif card.accepted_hash is None or card.accepted_version >= face.version:
        changed = f"It is not certain that the card shows the newest state (version {face.version})."
    else:
        changed = (
            f"The order has changed since the last push (version {card.accepted_version} sent, now {face.version})."
        )
    return changed if alert is None else f"{changed} The customer should notice it."


def why_suspect(unreported_starts: int) -> str:
    """Say what speaks against a phone's start token; its app left out so many cards in a row, this one included."""
    return (
        f"The app has reported none of the last {unreported_starts} cards sent to this phone, this one included. Most "
        "likely the customer did not tap Allow, the app was force-quit, or the phone's address for new cards (start "
        "token) is out of date, for example after an iOS update."
    )


def never_placed(opening: str = PLACED) -> str:
    """Say why there is nothing to show before the event that opens an order."""
    return (
        f"Without {opening}, Lockstep does not know what a card should show: it keeps the order's other events, but "
        "takes no status from them, and starts no card."
    )
