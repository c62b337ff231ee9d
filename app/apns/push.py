"""From a plan to the request that carries it out: pure."""

from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final, assert_never
from uuid import UUID

from msgspec import UNSET

from app.apns import payload
from app.apns.dispatch_rules import SendRules
from app.apns.fcm_message import build_message
from app.apns.fcm_request import FcmRequest
from app.apns.request import ApnsRequest, Environment, PushType, build
from projections.alert_text import AlertText, LocalisedText
from projections.card import Card, Kind
from projections.channel import Channel
from projections.choice import Send
from projections.customer_view import CustomerView
from projections.draft import Alert
from projections.face import Face
from projections.freshness import with_freshness
from projections.order_view import EMPTY
from projections.registry import CARDS
from projections.view import CardView, without_personal

MOST_COLLAPSE_ID_BYTES: Final = 64


def build_push(
    sent: Send,
    *,
    card: Card,
    view: CardView | None,
    face: Face | None,
    token: str,
    environment: str,
    apns_id: UUID,
    rules: SendRules,
    locale: str | None = None,
) -> ApnsRequest | FcmRequest:
    """Build the request of a plan.

    Args:
        sent: The plan.
        card: The card as claimed.
        view: The subject's view; only an end can do without it.
        face: The same, rendered.
        token: The device token that fits the kind.
        environment: Where it goes.
        apns_id: The id of the push.
        rules: Expiry.
        locale: The phone's, as its app says; None for unknown.

    Raises:
        RenderError: It cannot be drawn.
    """
    if sent.kind is Kind.ALERT:
        return _notification(sent, card, view, token, environment, apns_id, rules, locale)
    content = None
    if face is not None and face.placed and sent.with_content and not face.is_blank:
        content = with_freshness(face.content, sent.freshness)
    text = None if sent.alert is None else _text(sent.alert, card.attributes_type, view, locale)
    if card.is_android:
        return build_message(sent, card=card, content=content, text=text, token=token, rules=rules)
    alert = None if text is None else alert_of(text)
    attributes = b""
    if view is not None and sent.kind is not Kind.END:
        definition = CARDS.of_type(card.attributes_type, view.kind)
        attributes = definition.draw_attributes(view, card_id=str(card.card_id), subject_id=card.subject_id)
    match sent.kind:
        case Kind.START:
            if alert is None or content is None:
                raise AssertionError("a start has an alert and content")
            expiry = rules.start_expiry
            body = payload.start(
                timestamp=sent.timestamp,
                content_state=content,
                attributes_type=card.attributes_type,
                attributes=attributes,
                alert=alert,
                channel_id=None if sent.channel is None else sent.channel.channel_id,
                stale_date=_seconds(sent.stale_at),
                relevance_score=sent.relevance_score,
            )
        case Kind.UPDATE | Kind.END:
            expiry = rules.end_expiry if sent.kind is Kind.END else rules.update_expiry
            body = _change(sent, content, alert)
        case _:
            assert_never(sent.kind)
    return build(
        environment=Environment(environment),
        app=card.app,
        token=token,
        apns_id=apns_id,
        priority=sent.priority,
        expiration=sent.timestamp + int(timedelta(seconds=expiry).total_seconds()),
        payload=body,
        attributes_size_bytes=len(attributes),
        once=sent.kind is Kind.START,
    )


def build_broadcast(sent: Send, *, channel: Channel, view: CardView, face: Face) -> bytes:
    """Build the body of what is published on a channel, for every card that follows it.

    Its alert has the words for a phone whose locale is not known: an app's own strings suit them all.

    Raises:
        RenderError: It cannot be drawn.
    """
    shows = sent.with_content and not face.is_blank
    if face.failure is not None and shows:
        raise face.failure
    content = with_freshness(face.content, sent.freshness) if shows else None
    alert = None if sent.alert is None else _alert(sent.alert, channel.attributes_type, view, None)
    return _change(sent, content, alert)


def _change(sent: Send, content: bytes | None, alert: payload.Alert | None) -> bytes:
    """Build the body of an update or an end, whatever carries it."""
    if sent.kind is Kind.END:
        return payload.end(
            timestamp=sent.timestamp,
            content_state=content,
            alert=alert,
            dismissal_date=_seconds(sent.dismiss_at),
            relevance_score=sent.relevance_score,
        )
    if content is None:
        raise AssertionError("an update has content")
    return payload.update(
        timestamp=sent.timestamp,
        content_state=content,
        alert=alert,
        stale_date=_seconds(sent.stale_at),
        relevance_score=sent.relevance_score,
    )


def _seconds(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp())


def _notification(
    sent: Send,
    card: Card,
    view: CardView | None,
    token: str,
    environment: str,
    apns_id: UUID,
    rules: SendRules,
    locale: str | None,
) -> ApnsRequest:
    """Build an ordinary notification: the newest of an order replaces those before it."""
    if sent.alert is None:
        raise AssertionError("a notification says something")
    return build(
        environment=Environment(environment),
        app=card.app,
        token=token,
        apns_id=apns_id,
        priority=sent.priority,
        expiration=sent.timestamp + int(rules.alert_expiry),
        payload=payload.notification(
            alert=_alert(sent.alert, card.attributes_type, view, locale), subject=card.subject_id
        ),
        push_type=PushType.ALERT,
        collapse_id=collapse_id(card.subject_id),
        once=True,
    )


def collapse_id(subject_id: str) -> str:
    """Give what names a subject within Apple's 64 bytes."""
    fits = subject_id.isascii() and len(subject_id) <= MOST_COLLAPSE_ID_BYTES
    return subject_id if fits else sha256(subject_id.encode()).hexdigest()


def _alert(alert: Alert, attributes_type: str, view: CardView | None, locale: str | None) -> payload.Alert:
    return alert_of(_text(alert, attributes_type, view, locale))


def _text(alert: Alert, attributes_type: str, view: CardView | None, locale: str | None) -> AlertText:
    if view is None:
        raise AssertionError("an alert speaks of something")
    told = (view.speaker(alert) or EMPTY) if isinstance(view, CustomerView) else view
    return CARDS.of_type(attributes_type, view.kind).words(alert.type, without_personal(told), locale)


def alert_of(text: AlertText) -> payload.Alert:
    """Give what a push holds of the words of an alert."""
    return payload.Alert(
        title=_said(text.title), body=_said(text.body), sound=UNSET if text.sound is None else text.sound
    )


def _said(text: str | LocalisedText) -> str | payload.Localised:
    return text if isinstance(text, str) else payload.Localised(text.key, text.args)
