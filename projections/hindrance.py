"""What keeps a card off a phone, or from moving there: it is not for who uses it, or the phone takes no push."""

from datetime import datetime
from typing import NamedTuple

from projections.card import Card, Phase
from projections.clock import clock_by
from projections.face import Face
from projections.phone import Phone
from projections.reasons import Reason
from projections.sentences import ENDED_BY_A_PERSON, FCM_REFUSED, NOT_REPORTED, REFUSED, why_suspect

PUSH_TO_START = (17, 2)

START_SUSPECT, START_SUSPECT_UPGRADED = 2, 1
"""So many accepted starts in a row of which an app says nothing speak against its start token: in general, and where
the token is from before a new major version of iOS."""


class Because(NamedTuple):
    """A reason with the sentence that tells it."""

    reason: Reason
    why: str


def not_for_this_phone(face: Face | None, card: Card, phone: Phone | None, now: datetime) -> Because | None:
    """Say why a card must not be on this phone now, or None."""
    moved_to = None if face is None or card.is_the_apps else face.show_at
    if moved_to is not None and moved_to <= card.created_at:
        moved_to = None
    if card.recalled and moved_to is None:
        return Because(
            Reason.PHONE_CHANGED_HANDS,
            "Who is signed in on the phone has changed: this card ends. Its customer gets another on signing in again.",
        )
    if phone is None or phone.forgotten:
        return Because(Reason.SIGNED_OUT, "The phone has signed out.")
    if phone.customer_id != card.customer_id:
        return Because(Reason.ANOTHER_CUSTOMER, "Another customer, or nobody, is signed in on the phone now.")
    if face is not None and face.placed and not face.is_for(card.customer_id):
        return Because(Reason.ORDER_OF_ANOTHER, "The order belongs to another customer.")
    if moved_to is not None and (card.recalled or (face is not None and face.is_early(now))):
        return Because(
            Reason.POSTPONED,
            f"The order was moved: this card ends, and another is to appear at {clock_by(moved_to, now)}.",
        )
    return None


def start_hindrance(card: Card, phone: Phone) -> Because | None:
    """Say why a card cannot be started by a push to this phone, or None."""
    if card.starter == "app":
        return Because(Reason.APP_STARTS, "Cards of this type are started by the app; it has not started this one.")
    if phone.ios is None:
        return _android_hindrance(phone)
    if phone.ios < PUSH_TO_START:
        version = ".".join(map(str, phone.ios))
        why = f"The phone has iOS {version}; Lockstep can start cards on iOS 17.2 and newer."
        return Because(Reason.IOS_TOO_OLD, why)
    if not phone.activities_enabled:
        return Because(
            Reason.SWITCHED_OFF, "At its last launch the app reported that Live Activities are switched off for it."
        )
    if phone.start_token_hash is None:
        return Because(
            Reason.NO_START_TOKEN, "The app has reported no start token that Lockstep can use for this card."
        )
    if phone.start_token_refused:
        return Because(
            Reason.START_TOKEN_REFUSED,
            "Apple refused the phone's start token: it is out of date, or the app was removed.",
        )
    return None


def _android_hindrance(phone: Phone) -> Because | None:
    if not phone.activities_enabled:
        return Because(Reason.SWITCHED_OFF, "At its last launch the app reported that its notifications are off.")
    if phone.start_token_hash is None:
        return Because(Reason.NO_START_TOKEN, "The app has reported no registration token for cards of this type.")
    if phone.start_token_refused:
        return Because(Reason.START_TOKEN_REFUSED, FCM_REFUSED)
    return None


def update_hindrance(card: Card, phone: Phone | None) -> Because:
    """Say why a card without a working update token stands still."""
    if card.token_hash is not None:
        return Because(Reason.UPDATE_TOKEN_REFUSED, FCM_REFUSED if card.is_android else REFUSED)
    silent_starts = phone.unreported_starts if card.is_silent and phone is not None else 0
    old = None if phone is None else phone.upgraded_from
    if phone is not None and phone.ios is not None and old is not None and silent_starts >= START_SUSPECT_UPGRADED:
        return Because(
            Reason.START_TOKEN_SUSPECT,
            "The app has not reported this card. Most likely the phone's address for new cards (start token), which is "
            f"from iOS {old}, is out of date since the update to iOS {phone.ios[0]}. Where opening the app does not "
            "help, switching Live Activities off and on for it in the iPhone's Settings may bring a new one.",
        )
    if phone is not None and silent_starts >= START_SUSPECT:
        return Because(Reason.START_TOKEN_SUSPECT, why_suspect(phone.unreported_starts + (not card.unreported)))
    return Because(Reason.NO_UPDATE_TOKEN, NOT_REPORTED)


def reason_to_end(face: Face | None, card: Card, refusal: Because | None) -> str | None:
    """Say why a card on the phone is to end, or None."""
    if refusal is not None:
        return refusal.why
    if card.replaced:
        return "A newer card of this order is on the phone."
    if card.phase is Phase.ENDING:
        return "Apple's answer to the push that ends the card was lost: it is sent again."
    if face is not None and face.over:
        return "The order is over." if face.is_kept else "None of the card's orders is to be shown any more."
    if card.asked == "end":
        return ENDED_BY_A_PERSON
    return None
