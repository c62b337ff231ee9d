"""Decide what an iPhone does with pushes and with its user; pure but for the state it holds.

The rules of a start: iOS 17.2, Live Activities switched on, no Low Power Mode, budget left, an alert with a
title, a type the app declares, attributes and content that decode. Updates and ends of priority 10 count against a
budget an hour, and those beyond it are dropped; those of priority 5 do not. The first card a push starts asks the user
to allow it, and brings no update token before that. A force-quit app is not launched in the background: it
learns nothing until it is opened.

Source:
    Apple, "Starting and updating Live Activities with ActivityKit push notifications"; Apple Developer Forums
    799505 (start budget), 747624 and 797554 (pushes of priority 10 in an hour), 801072 (Allow), 834934 (force-quit).
"""

from collections import deque
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from app.simulator import card as cards
from app.simulator.alerts import Reader, Strings, alert_fault, has_title
from app.simulator.allowance import Allowance
from app.simulator.behaviour import Behaviour
from app.simulator.card import APPLIED, Card, Effect, dropped
from app.simulator.channels import Message
from app.simulator.declaration import Declaration, find_fault
from app.simulator.device_tokens import Environment, TokenKind
from app.simulator.notifications import Notification, read_notification
from app.simulator.rules import Push

START_BUDGET = 10.0
# Apple names no pace; users report about an hour until starts work again.
START_REFILL_SECONDS = 360.0
HOUR_SECONDS = 3600.0
# Apple names no number. It is more than a sender that rations itself will need, and less than one that does not.
URGENT_AN_HOUR, URGENT_AN_HOUR_SELDOM = 120.0, 30.0
# Apple advises two or three.
WAKES_AN_HOUR = 6.0
_FIRST_IOS_WITH_START = (17, 2)

_FIRST_IOS_WITH_CHANNELS = (18, 0)


PushedTo = TokenKind | Literal["channel"]


class Picture(msgspec.Struct, frozen=True, rename="camel"):
    """Say which picture the app has fetched; `ref` is what cards call it."""

    ref: str
    key: str
    sha256: str
    size_bytes: int


class PushRecord(msgspec.Struct, frozen=True, rename="camel"):
    """Say what one push did on the phone.

    Args:
        alert: the title of its alert, as the phone shows it; `None` without one.
    """

    at: float
    apns_id: str
    token_kind: PushedTo
    event: str | None
    timestamp: int | None
    effect: str
    applied: bool
    activity_id: str | None
    priority: int
    alert: str | None
    alert_body: str | None = None
    sound: str | None = None


class Phone:
    """Hold an iPhone with one app.

    Args:
        phone_id: the simulator's name for it, which never changes.
        device_id: the app's id for itself, new with each installation.
        bundle_id: the app.
        environment: where its tokens are valid.
        behaviour: how it and its user behave.
        declarations: the attributes types the app declares, by name.
        strings: the app's texts, by language and key.
        keep_records: how many pushes are remembered.
    """

    def __init__(
        self,
        *,
        phone_id: str,
        device_id: str,
        bundle_id: str,
        environment: Environment,
        behaviour: Behaviour,
        declarations: Mapping[str, Declaration],
        strings: Strings | None = None,
        keep_records: int = 500,
    ) -> None:
        self.phone_id, self.device_id, self.bundle_id = phone_id, device_id, bundle_id
        self.environment, self.behaviour, self.declarations = environment, behaviour, declarations
        self._strings = strings or {}
        self.customer_id: str | None = None
        self.former_customers: list[str] = []
        self.start_tokens: dict[str, str] = {}
        self.alert_token: str | None = None
        self.notifications: list[Notification] = []
        self.cards: dict[str, Card] = {}
        self.pictures: dict[str, Picture] = {}
        self.failed_pictures: dict[str, str] = {}
        self.records: deque[PushRecord] = deque(maxlen=keep_records)
        self.permission: Literal["unasked", "asked", "allowed"] = "unasked"
        self.force_quit = behaviour.force_quit
        self._starts, self._urgent, self._wakes = Allowance(), Allowance(), Allowance()

    def receive(
        self,
        payload: Mapping[str, Any],
        *,
        apns_id: str,
        priority: int,
        to_activity: str | None,
        new_activity_id: str,
        now: float,
        knows_channel: bool = False,
    ) -> Effect:
        """Take a push and remember what it did.

        Args:
            payload: the push's JSON.
            apns_id: its id.
            priority: 5 or 10.
            to_activity: whose update token it came to; `None` for a start token.
            new_activity_id: the id of the card it may start.
            now: Unix seconds.
            knows_channel: whether the channel that a start names is there.
        """
        self.tick(now)
        aps: dict[str, Any] = payload["aps"]
        activity_id = to_activity
        if to_activity is None:
            effect = self._start(aps, new_activity_id, now, knows_channel=knows_channel)
            activity_id = new_activity_id if effect.applied else None
        elif to_activity not in self.cards:
            effect = dropped("the card is gone with its app")
        elif priority == 10 and not self._take_urgent(now):
            effect = dropped("the hour's budget of pushes with priority 10 is used up")
        else:
            self.cards[to_activity], effect = cards.receive(self.cards[to_activity], aps, now)
        kind: PushedTo = "start" if to_activity is None else "update"
        self._keep(aps, effect, apns_id, priority, kind, activity_id, now)
        return effect

    def notify(
        self, payload: Mapping[str, Any], *, apns_id: str, priority: int, collapse_id: str | None, now: float
    ) -> Effect:
        """Show an ordinary notification, in the place of an earlier one with its collapse id, and remember the push."""
        told = read_notification(payload, self._reader, apns_id=apns_id, collapse_id=collapse_id, now=now)
        if told is None:
            effect = dropped("a notification without title and body shows nothing")
        elif not self.behaviour.notifications_enabled:
            effect = dropped("notifications are switched off")
        else:
            replaced = [each for each in self.notifications if collapse_id and each.collapse_id == collapse_id]
            self.notifications = [each for each in self.notifications if each not in replaced] + [told]
            effect = APPLIED
        self._keep(payload["aps"], effect, apns_id, priority, "alert", None, now)
        return effect

    def wake(self, push: Push, *, now: float) -> Effect:
        """Launch the app in the background for a push, if iOS lets it, and remember the push."""
        aps = push.payload["aps"]
        if aps.get("content-available") != 1 or {"alert", "sound", "badge"} & aps.keys():
            effect = dropped("what wakes an app has content-available 1, and shows nothing")
        elif self.force_quit:
            effect = dropped("the app was force-quit: iOS does not launch it")
        elif not self._wakes.take(now, most=WAKES_AN_HOUR, refill_seconds=HOUR_SECONDS / WAKES_AN_HOUR):
            effect = dropped("the app was woken too often in this hour")
        else:
            effect = APPLIED
        self._keep(aps, effect, push.apns_id, push.priority, "alert", None, now)
        return effect

    @property
    def _reader(self) -> Reader:
        return Reader(self._strings, self.behaviour.locale)

    def miss(self, push: Push, why: str, *, now: float) -> None:
        """Remember a push that APNs took and that did nothing here, with why."""
        token = push.token
        self._keep(push.payload["aps"], dropped(why), push.apns_id, push.priority, token.kind, token.activity_id, now)

    @property
    def followed(self) -> frozenset[str]:
        """Give the channels that cards follow."""
        return frozenset(
            card.channel_id for card in self.cards.values() if card.channel_id is not None and card.state == "active"
        )

    def receive_broadcast(self, message: Message, now: float) -> None:
        """Take a message of a channel, for each card that follows it; it counts against no budget of the phone's."""
        self.tick(now)
        aps = message.payload["aps"]
        for activity_id in [each.activity_id for each in self.cards.values() if each.channel_id == message.channel_id]:
            if self.cards[activity_id].state == "active":
                self.cards[activity_id], effect = cards.receive(self.cards[activity_id], aps, now)
                self._keep(aps, effect, message.request_id, message.priority, "channel", activity_id, now)

    def miss_broadcast(self, message: Message, why: str, now: float) -> None:
        """Remember a message of a channel that did nothing here, with why."""
        aps = message.payload["aps"]
        self._keep(aps, dropped(why), message.request_id, message.priority, "channel", None, now)

    def urgent_left(self, now: float) -> float:
        """Give how many pushes of priority 10 the phone still takes in this hour."""
        most = self._urgent_an_hour()
        return self._urgent.left(now, most=most, refill_seconds=HOUR_SECONDS / most) if most else 0.0

    def tick(self, now: float) -> list[str]:
        """End cards that have lived eight hours; give their ids."""
        over = [card for card in self.cards.values() if card.state == "active" and card.ends_at <= now]
        for card in over:
            self.cards[card.activity_id] = cards.end(card, "eight hours", card.ends_at)
        return [card.activity_id for card in over]

    def next_end(self) -> float | None:
        """Give the time at which the system ends the next card."""
        return min((card.ends_at for card in self.cards.values() if card.state == "active"), default=None)

    def start_by_app(
        self, activity_id: str, declaration: Declaration, subject: str, attributes: dict[str, Any], now: float
    ) -> Card:
        """Start a card as the app does, in the foreground and without asking."""
        card = Card(
            activity_id=activity_id,
            declaration=declaration,
            attributes=attributes,
            content=dict(declaration.initial),
            shown_timestamp=0,
            started_at=now,
            by_push=False,
            card_id=None,
            subject=subject,
        )
        self.cards[activity_id] = card
        return card

    def forget_customer(self) -> None:
        """Let nobody be signed in; who was is remembered."""
        if self.customer_id is not None:
            self.former_customers.append(self.customer_id)
        self.customer_id = None

    def allow(self) -> None:
        """Let the user tap Allow."""
        self.permission = "allowed"

    def awaits_token(self, activity_id: str) -> bool:
        """Say whether the system would hand the app an update token for the card now."""
        card = self.cards.get(activity_id)
        return (
            card is not None
            and card.state == "active"
            and card.update_token is None
            and card.channel_id is None
            and not self.force_quit
            and (self.permission == "allowed" or not card.by_push)
        )

    def set_update_token(self, activity_id: str, token: str) -> None:
        """Hand the app an update token for the card, the first or a new one."""
        self.cards[activity_id] = msgspec.structs.replace(self.cards[activity_id], update_token=token)

    def dismiss(self, activity_id: str, now: float) -> None:
        """Let the user swipe a card away."""
        self.cards[activity_id] = cards.dismiss(self.cards[activity_id], now)

    def end_by_app(self, activity_id: str, by: str, now: float) -> None:
        """Let the app end a card and remove it at once."""
        self.cards[activity_id] = cards.end(self.cards[activity_id], by, now, dismissal_date=now)

    def show(self, activity_id: str, content: dict[str, Any]) -> None:
        """Let the app show content it was told at launch, if it decodes."""
        card = self.cards[activity_id]
        if card.state == "active" and cards.content_fault(card.declaration, card.attributes, content) is None:
            self.cards[activity_id] = msgspec.structs.replace(card, content=content)

    def reinstall(self, device_id: str) -> None:
        """Forget everything that goes with the app; the caller retires its tokens."""
        self.device_id = device_id
        self.cards, self.start_tokens, self.alert_token, self.notifications = {}, {}, None, []
        self.pictures, self.failed_pictures = {}, {}
        self.permission, self.force_quit = "unasked", False

    def _start(self, aps: dict[str, Any], activity_id: str, now: float, *, knows_channel: bool) -> Effect:
        why = cards.timestamp_fault(aps.get("timestamp"), now) or self._system_fault(aps, now)
        why = why or self._start_fault(aps) or self._channel_fault(aps, knows_channel=knows_channel)
        if why is not None:
            return dropped(why)
        declaration, attributes = self.declarations[aps["attributes-type"]], aps["attributes"]
        self.cards[activity_id] = Card(
            activity_id=activity_id,
            declaration=declaration,
            attributes=attributes,
            content=aps["content-state"],
            shown_timestamp=aps["timestamp"],
            started_at=now,
            by_push=True,
            card_id=attributes.get("cardId"),
            subject=str(attributes.get(declaration.subject, "")),
            stale_at=aps.get("stale-date"),
            alerts=1,
            channel_id=aps.get("input-push-channel"),
        )
        if self.permission == "unasked":
            self.permission = "asked"
        return APPLIED

    def _system_fault(self, aps: dict[str, Any], now: float) -> str | None:
        if aps.get("event") != "start":
            return f"a start token takes start, not {aps.get('event')!r}"
        if _version(self.behaviour.ios_version) < _FIRST_IOS_WITH_START:
            return f"iOS {self.behaviour.ios_version} cannot start a card by push; 17.2 can"
        if not self.behaviour.activities_enabled:
            return "Live Activities are switched off"
        if self.behaviour.low_power:
            return "Low Power Mode starts no cards"
        if not self._starts.take(now, most=START_BUDGET, refill_seconds=START_REFILL_SECONDS):
            return "push-to-start budget exceeded"
        return None

    def _start_fault(self, aps: dict[str, Any]) -> str | None:
        if not has_title(aps.get("alert")):
            return "a start needs an alert with a title"
        why = alert_fault(aps.get("alert"))
        if why is not None:
            return why
        declaration = self.declarations.get(str(aps.get("attributes-type")))
        if declaration is None:
            return f"the app declares no type {aps.get('attributes-type')!r}"
        attributes = aps.get("attributes")
        if not isinstance(attributes, dict):
            return "attributes is no object"
        fault = find_fault(attributes, declaration.attributes)
        if fault is not None:
            return f"attributes do not decode: {fault}"
        return cards.content_fault(declaration, attributes, aps.get("content-state"))

    def _channel_fault(self, aps: dict[str, Any], *, knows_channel: bool) -> str | None:
        if "input-push-channel" not in aps:
            return None
        if _version(self.behaviour.ios_version) < _FIRST_IOS_WITH_CHANNELS:
            return "input-push-channel needs iOS 18"
        return None if knows_channel else "there is no such channel"

    def _keep(
        self,
        aps: dict[str, Any],
        effect: Effect,
        apns_id: str,
        priority: int,
        token_kind: PushedTo,
        activity_id: str | None,
        now: float,
    ) -> None:
        timestamp = aps.get("timestamp")
        # an ordinary notification has no event
        told = self._reader.read(aps.get("alert")) if "event" in aps else self._reader.read_notification(aps)
        self.records.append(
            PushRecord(
                at=now,
                apns_id=apns_id,
                token_kind=token_kind,
                event=aps.get("event"),
                timestamp=timestamp if isinstance(timestamp, int) else None,
                effect=effect.reason,
                applied=effect.applied,
                activity_id=activity_id,
                priority=priority,
                alert=None if told is None else told.title,
                alert_body=None if told is None else told.body,
                sound=None if told is None else told.sound,
            )
        )

    def _take_urgent(self, now: float) -> bool:
        most = self._urgent_an_hour()
        return self._urgent.take(now, most=most, refill_seconds=HOUR_SECONDS / most) if most else False

    def _urgent_an_hour(self) -> float:
        if self.behaviour.urgent_an_hour is not None:
            return self.behaviour.urgent_an_hour
        return URGENT_AN_HOUR if self.behaviour.frequent_pushes_enabled else URGENT_AN_HOUR_SELDOM


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isdigit())
