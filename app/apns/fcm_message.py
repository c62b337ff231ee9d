"""From a plan for a card on a phone with Android to the message that carries it out: pure."""

from datetime import timedelta

import msgspec
from msgspec import UNSET, UnsetType

from app.apns.dispatch_rules import SendRules
from app.apns.fcm_request import AndroidData, FcmRequest
from projections.alert_text import AlertText, LocalisedText
from projections.card import Card, Kind
from projections.choice import Send

_encode = msgspec.json.Encoder().encode


def build_message(
    sent: Send, *, card: Card, content: bytes | None, text: AlertText | None, token: str, rules: SendRules
) -> FcmRequest:
    """Build the message of a plan.

    Args:
        sent: The plan.
        card: The card as claimed.
        content: What it shows, an `AndroidFace` as JSON; None takes it back.
        text: What is to be heard of it; None for nothing.
        token: The phone's registration token.
        rules: How long Firebase keeps it.
    """
    expiry = {Kind.START: rules.start_expiry, Kind.END: rules.end_expiry}.get(sent.kind, rules.update_expiry)
    title, title_key, title_args = _spoken(None if text is None else text.title)
    body, body_key, body_args = _spoken(None if text is None else text.body)
    return FcmRequest(
        app=card.app,
        token=token,
        urgent=sent.priority == 10,
        ttl_seconds=int(timedelta(seconds=expiry).total_seconds()),
        data=AndroidData(
            kind=sent.kind,
            card_id=str(card.card_id),
            subject=card.subject_id,
            attributes_type=card.attributes_type,
            timestamp=str(sent.timestamp),
            card=UNSET if content is None else content.decode(),
            alert_title=title,
            alert_title_key=title_key,
            alert_title_args=title_args,
            alert_body=body,
            alert_body_key=body_key,
            alert_body_args=body_args,
            alert_sound=UNSET if text is None or text.sound is None else text.sound,
            dismiss_at=UNSET if sent.dismiss_at is None else str(int(sent.dismiss_at.timestamp())),
        ),
    )


def _spoken(text: str | LocalisedText | None) -> tuple[str | UnsetType, str | UnsetType, str | UnsetType]:
    """Give a text; or the name of a string of the app's, and what stands in it."""
    match text:
        case None:
            return UNSET, UNSET, UNSET
        case str():
            return text, UNSET, UNSET
        case _:
            return UNSET, text.key, _encode(text.args).decode() if text.args else UNSET
