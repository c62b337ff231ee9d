"""Decide what a phone with Android does with messages and with its user; pure but for the state it holds.

The rules: while the user has switched the app's notifications off nothing is shown, and what was shown is gone; a card
that ended or was swiped away does not come back, whatever arrives late for it; a card that another takes the place of
is over too.

Source:
    Android, "Create and manage notification channels", "Live Updates"; `docs/android.md`.
"""

from collections import deque
from typing import Literal

import msgspec

from app.simulator.alerts import Reader, ShownAlert, Strings
from app.simulator.card import Effect, dropped
from app.simulator.fcm_rules import Message, Priority
from app.simulator.live_update import LiveUpdate, read_message, receive


class AndroidBehaviour(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Say how a phone and its app are."""

    notifications_enabled: bool = True
    os_version: str = "16"
    app_build: str = "100"
    locale: str = "en"


class MessageRecord(msgspec.Struct, frozen=True, rename="camel"):
    """Say what one message did on the phone; `alert` is the title of its alert, `None` without one."""

    at: float
    name: str
    event: str | None
    card_id: str | None
    subject: str | None
    timestamp: int | None
    effect: str
    applied: bool
    priority: Priority
    alert: str | None = None
    alert_body: str | None = None
    sound: str | None = None


class AndroidPhone:
    """Hold a phone with Android and one app.

    Args:
        phone_id: the simulator's name for it, which never changes.
        device_id: the app's id for itself, new with each installation.
        app: the name of its package.
        project_id: the Firebase project that its app belongs to.
        behaviour: how it and its app are.
        attributes_types: the cards that the app can show.
        strings: the app's texts, by language and key.
        keep_records: how many messages are remembered.

    Attributes:
        live_updates: what it shows or has shown, by tag.
        token: its registration token; `None` once the app is gone.
    """

    def __init__(
        self,
        *,
        phone_id: str,
        device_id: str,
        app: str,
        project_id: str,
        behaviour: AndroidBehaviour,
        attributes_types: tuple[str, ...],
        strings: Strings | None = None,
        keep_records: int = 500,
    ) -> None:
        self.phone_id, self.device_id, self.app, self.project_id = phone_id, device_id, app, project_id
        self.behaviour, self.attributes_types = behaviour, attributes_types
        self._strings = strings or {}
        self.customer_id: str | None = None
        self.token: str | None = None
        self.live_updates: dict[str, LiveUpdate] = {}
        self.records: deque[MessageRecord] = deque(maxlen=keep_records)
        self._over: set[str] = set()

    def receive(self, message: Message, now: float) -> Effect:
        """Take a message and remember what it did."""
        told = read_message(message.data, Reader(self._strings, self.behaviour.locale))
        if isinstance(told, str):
            effect = dropped(told)
        elif told.attributes_type not in self.attributes_types:
            effect = dropped(f"the app knows no {told.attributes_type}")
        elif told.card_id in self._over:
            effect = dropped("the Live Update is over")
        elif not self.behaviour.notifications_enabled:
            effect = dropped("notifications are switched off")
        else:
            before = self.live_updates.get(told.subject)
            after, effect = receive(before, told, now)
            if after is not None:
                self.live_updates[told.subject] = after
            if before is not None and after is not None and before.card_id != after.card_id:
                self._over.add(before.card_id)
        if not isinstance(told, str) and told.kind == "end":
            self._over.add(told.card_id)
        self._keep(message, effect, now, None if isinstance(told, str) else told.alert)
        return effect

    def miss(self, message: Message, why: str, *, now: float) -> None:
        """Remember a message that FCM took and that did nothing here, with why."""
        self._keep(message, dropped(why), now)

    def dismiss(self, subject: str, now: float) -> None:
        """Let the user swipe a Live Update away."""
        was_active = self.live_updates[subject].state == "active"
        self._take_away(subject, "dismissed" if was_active else "ended", "the user", now)

    def cancel(self, subject: str, by: str, now: float) -> None:
        """Let the app take its notification away."""
        self._take_away(subject, "ended", by, now)

    def clear(self) -> None:
        """Take all notifications away, as the system does when the user switches them off, or moves to a new phone."""
        self.live_updates.clear()

    def uninstall(self) -> None:
        """Forget everything that goes with the app; the caller retires its token."""
        self.token = None
        self.live_updates.clear()
        self._over.clear()

    def _take_away(self, subject: str, state: Literal["ended", "dismissed"], by: str, now: float) -> None:
        shown = self.live_updates[subject]
        if shown.is_visible(now):
            self.live_updates[subject] = shown.gone(state, by, now)
            self._over.add(shown.card_id)

    def _keep(self, message: Message, effect: Effect, now: float, alert: ShownAlert | None = None) -> None:
        data = message.data
        timestamp = data.get("timestamp", "")
        self.records.append(
            MessageRecord(
                at=now,
                name=message.name,
                event=data.get("kind"),
                card_id=data.get("cardId"),
                subject=data.get("subject"),
                timestamp=int(timestamp) if timestamp.isdecimal() else None,
                effect=effect.reason,
                applied=effect.applied,
                priority=message.priority,
                alert=None if alert is None else alert.title,
                alert_body=None if alert is None else alert.body,
                sound=None if alert is None else alert.sound,
            )
        )
