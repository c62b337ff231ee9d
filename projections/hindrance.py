"""What keeps a card off a phone: it is not for who uses it, or the phone takes no start."""

from typing import NamedTuple

from projections.card import Card
from projections.face import Face
from projections.phone import Phone
from projections.reasons import Reason

PUSH_TO_START = (17, 2)


class Because(NamedTuple):
    """A reason with the sentence that tells it."""

    reason: Reason
    why: str


def not_for_this_phone(face: Face | None, card: Card, phone: Phone | None) -> Because | None:
    """Say why a card must not be on this phone, or None."""
    if card.recalled:
        return Because(
            Reason.PHONE_CHANGED_HANDS,
            "Who is signed in on the phone has changed: this card ends. Its customer gets another on signing in again.",
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
        why = f"The phone has iOS {version}; Lockstep can start cards on iOS 17.2 and newer."
        return Because(Reason.IOS_TOO_OLD, why)
    if not phone.activities_enabled:
        return Because(
            Reason.SWITCHED_OFF, "At its last launch the app reported that Live Activities are switched off for it."
        )
    if phone.start_token_hash is None:
        return Because(Reason.NO_START_TOKEN, "The app has not reported a start token for this type of card.")
    if phone.start_token_refused:
        return Because(
            Reason.START_TOKEN_REFUSED,
            "Apple refused the phone's start token: it is out of date, or the app was removed.",
        )
    return None
