"""Let the app on a phone with Android report to Lockstep, and obey the answer."""

from collections.abc import Callable
from functools import partial
from typing import Any, Literal

from app.simulator.android_phone import AndroidPhone
from app.simulator.app_calls import card_call, device_call, sign_out_call
from app.simulator.live_update import LiveUpdate
from app.simulator.outbox import Account, Outbox


class AndroidReports:
    """Register the phone, and tell what the user swiped away; nothing is told while nobody is signed in.

    Args:
        phone: where the app runs.
        outbox: makes its calls.
        clock: the time.
        obeyed: is told after the app did what Lockstep said.

    Attributes:
        missing: the cards that Lockstep missed on the phone, by its last answer.
    """

    def __init__(
        self, phone: AndroidPhone, *, outbox: Outbox, clock: Callable[[], float], obeyed: Callable[[], None]
    ) -> None:
        self.account: Account | None = None
        self.missing: list[dict[str, Any]] = []
        self._phone, self._outbox, self._clock, self._obeyed = phone, outbox, clock, obeyed
        # Cards that are over and that Lockstep knows to be.
        self._told: set[str] = set()

    def report_device(self) -> None:
        """Register the phone with all its cards: at a launch, with another token, after messages were discarded."""
        if self.account is not None and self._phone.token is not None:
            self._report_device(self.account)

    def report_dismissed(self, subject: str) -> None:
        """Tell that the user swiped a Live Update away."""
        shown = self._phone.live_updates[subject]
        if self.account is not None and shown.state == "dismissed":
            body = partial(_card_report, shown)
            self._outbox.submit(card_call(self._phone.device_id, self.account, shown.card_id, body))

    def report_sign_out(self, by: Literal["delete", "put"]) -> None:
        """Forget the user, and say so with the old user's ticket."""
        account, self.account, self._phone.customer_id = self.account, None, None
        self._outbox.drop(cards_only=True)
        self._told.update(each.card_id for each in self._phone.live_updates.values())
        if account is not None and by == "delete":
            self._outbox.submit(sign_out_call(self._phone.device_id, account))
        elif account is not None:
            self._report_device(account)

    def forget(self) -> None:
        """Give up all calls and remember nothing, as an app that is deleted."""
        self._outbox.drop(cards_only=False)
        self._told.clear()

    def _report_device(self, account: Account) -> None:
        customer_id, told = self._phone.customer_id, set[str]()

        def body() -> dict[str, Any]:
            shown = self._phone.live_updates.values()
            told.update(each.card_id for each in shown if each.state != "active")
            return _device_report(self._phone, customer_id, [each for each in shown if each.card_id not in self._told])

        def obey(answer: dict[str, Any]) -> None:
            self._told |= told
            self.missing = list(answer.get("missing") or ())
            over = {card["cardId"] for card in answer.get("cards") or () if card.get("end")}
            for subject, shown in list(self._phone.live_updates.items()):
                if shown.card_id in over:
                    self._phone.cancel(subject, "the app, told at launch", self._clock())
            self._obeyed()

        self._outbox.submit(device_call(self._phone.device_id, account, body, obey))


def _device_report(phone: AndroidPhone, customer_id: str | None, cards: list[LiveUpdate]) -> dict[str, Any]:
    behaviour = phone.behaviour
    return {
        "platform": "android",
        "customerId": customer_id,
        "app": phone.app,
        "osVersion": behaviour.os_version,
        "appBuild": behaviour.app_build,
        "locale": behaviour.locale,
        "notificationsEnabled": behaviour.notifications_enabled,
        "fcmToken": phone.token,
        "attributesTypes": list(phone.attributes_types),
        "cards": [_card_report(each) | {"cardId": each.card_id} for each in cards],
    }


def _card_report(shown: LiveUpdate) -> dict[str, Any]:
    return {"subject": shown.subject, "attributesType": shown.attributes_type, "state": shown.state}
