"""What keeps a card off a phone, or from moving there: it is not for who uses it, or the phone takes no push."""

from typing import NamedTuple

from projections.card import Card, Phase
from projections.face import Face
from projections.phone import Phone
from projections.reasons import Reason

PUSH_TO_START = (17, 2)
ENDED_BY_A_PERSON = "A person ended the card."

START_SUSPECT, START_SUSPECT_UPGRADED = 2, 1
"""So many accepted starts in a row of which an app says nothing speak against its start token: in general, and where
the token is from before a new major version of iOS."""


class Because(NamedTuple):
    """A reason with the sentence that tells it."""

    reason: Reason
    why: str


def not_for_this_phone(face: Face | None, card: Card, phone: Phone | None) -> Because | None:
    """Say why a card must not be on this phone, or None."""
    if card.recalled:
        return Because(
            Reason.PHONE_CHANGED_HANDS,
            "The phone changed hands: this card ends, and its customer's return brings another.",
        )
    if phone is None or phone.forgotten:
        return Because(Reason.SIGNED_OUT, "The phone has signed out.")
    if phone.customer_id != card.customer_id:
        return Because(Reason.ANOTHER_CUSTOMER, "Another customer, or nobody, is signed in on the phone now.")
    if face is not None and face.placed and face.customer_id != card.customer_id:
        return Because(Reason.ORDER_OF_ANOTHER, "The order belongs to another customer.")
    return None


def start_hindrance(card: Card, phone: Phone) -> Because | None:
    """Say why a card cannot be started by a push to this phone, or None."""
    if card.starter == "app":
        return Because(Reason.APP_STARTS, "Cards of this type are started by the app; it has not started this one.")
    if phone.ios < PUSH_TO_START:
        version = ".".join(map(str, phone.ios))
        why = f"The phone has iOS {version}; cards can be started from here on iOS 17.2 and newer."
        return Because(Reason.IOS_TOO_OLD, why)
    if not phone.activities_enabled:
        return Because(Reason.SWITCHED_OFF, "Live Activities are switched off for this app on the phone.")
    if phone.start_token_hash is None:
        return Because(Reason.NO_START_TOKEN, "The app has not reported a start token for this type of card.")
    if phone.start_token_refused:
        return Because(
            Reason.START_TOKEN_REFUSED,
            "APNs refused the phone's start token; a new one comes with the app's next launch.",
        )
    return None


def update_hindrance(card: Card, phone: Phone | None) -> Because:
    """Say why a card without a working update token stands still."""
    if card.token_hash is not None:
        return Because(
            Reason.UPDATE_TOKEN_REFUSED,
            "APNs refused the card's update token; the card moves again when the app reports a new one.",
        )
    silent_starts = phone.unreported_starts if card.is_silent and phone is not None else 0
    old = None if phone is None else phone.upgraded_from
    if phone is not None and old is not None and silent_starts >= START_SUSPECT_UPGRADED:
        return Because(
            Reason.START_TOKEN_SUSPECT,
            "APNs accepted this start, and the app told nothing of it. The app still reports the start token of iOS "
            f"{old} on iOS {phone.ios[0]}: it may have gone stale with the upgrade. Where opening the app does not "
            "help, switching Live Activities off and on for it in the iPhone's Settings may bring a new one.",
        )
    if silent_starts >= START_SUSPECT:
        return Because(
            Reason.START_TOKEN_SUSPECT,
            f"APNs accepted this start, and the app told of none of its last {silent_starts} cards: the "
            "customer has not tapped Allow, the app was force-quit, or its start token is stale, as after an upgrade "
            "of iOS.",
        )
    return Because(
        Reason.NO_UPDATE_TOKEN,
        "The app has not reported an update token: the customer has not tapped Allow, or the app was force-quit.",
    )


def reason_to_end(face: Face | None, card: Card, refusal: Because | None) -> str | None:
    """Say why a card on the phone is to end, or None."""
    if refusal is not None:
        return refusal.why
    if card.replaced:
        return "A newer card of this order is on the phone."
    if card.phase is Phase.ENDING:
        return "The answer to the end was lost: it is sent again."
    if face is not None and face.over:
        return "The order is over."
    if card.asked == "end":
        return ENDED_BY_A_PERSON
    return None
