"""Let the app on a phone report to Lockstep, and obey the answer."""

from collections.abc import Callable
from functools import partial
from typing import Any, Literal

from app.simulator.app_calls import card_call, device_call, sign_out_call
from app.simulator.app_pictures import AppPictures
from app.simulator.chance import Chance, Profile
from app.simulator.faults import Faults
from app.simulator.outbox import Account, Line, Outbox
from app.simulator.phone import Phone
from app.simulator.reports import card_report, device_report


class AppReports:
    """Compare what the phone shows with what was reported, and report the difference.

    Nothing is reported while the app is force-quit or nobody is signed in.

    Args:
        phone: where the app runs.
        line: the way to Lockstep.
        faults: what is to go wrong with pictures.
        profile: how late, how often and in what order it calls.
        chance: draws the delays.
        clock: the phone's time.
        obeyed: is told after the app did what Lockstep said.
        changed: is told after each call.
    """

    def __init__(
        self,
        phone: Phone,
        *,
        line: Line,
        faults: Faults,
        profile: Profile,
        chance: Chance,
        clock: Callable[[], float],
        obeyed: Callable[[], None],
        changed: Callable[[], None],
    ) -> None:
        self.account: Account | None = None
        self.missing: list[dict[str, Any]] = []
        self.outbox = Outbox(line, profile, chance, changed)
        self.pictures = AppPictures(
            phone,
            account=lambda: self.account,
            line=line,
            outbox=self.outbox,
            faults=faults,
            profile=profile,
            changed=changed,
        )
        self._phone, self._clock, self._obeyed = phone, clock, obeyed
        self._reported: dict[str, dict[str, Any]] = {}
        # Cards that are over and that Lockstep knows to be, or that were another user's.
        self._forgotten: set[str] = set()

    def report_launch(self) -> None:
        """Report the device with all its cards."""
        if self.account is not None:
            for card in self._phone.cards.values():
                self._reported[card.activity_id] = card_report(card)
            self.pictures.retry()
            self._report_device(self.account)

    def report_device(self) -> None:
        """Report the device, if the app can."""
        if self.account is not None and not self._phone.force_quit:
            self._report_device(self.account)

    async def quiet(self) -> None:
        """Wait until the app has no call under way, and fetches nothing."""
        await self.outbox.quiet()
        await self.pictures.quiet()
        await self.outbox.quiet()

    async def stop(self) -> None:
        """Give up all calls, and what is being fetched."""
        self.pictures.forget()
        await self.outbox.stop()

    def report_cards(self) -> None:
        """Report each card that is not as it was reported last, if the app can."""
        account = self.account
        if account is None or self._phone.force_quit:
            return
        for card in self._phone.cards.values():
            report = card_report(card)
            if card.activity_id in self._forgotten or self._reported.get(card.activity_id) == report:
                continue
            self._reported[card.activity_id] = report
            self.outbox.submit(
                card_call(
                    self._phone.device_id,
                    account,
                    card.card_id or card.activity_id,
                    partial(dict, report),
                    # Of two update tokens the newer must come last; nothing else a card says has an order.
                    lane=card.activity_id if card.update_token else None,
                )
            )

    def report_sign_out(self, by: Literal["delete", "put"]) -> None:
        """Forget the user and the cards, and say so with the old user's ticket."""
        account, self.account = self.account, None
        self._phone.forget_customer()
        self.outbox.drop(cards_only=True)
        self._forgotten.update(self._phone.cards)
        if account is not None and by == "delete":
            self.outbox.submit(sign_out_call(self._phone.device_id, account))
        elif account is not None:
            self._report_device(account)

    def forget(self) -> None:
        """Give up all calls and remember nothing, as an app that is deleted."""
        self.outbox.drop(cards_only=False)
        self.pictures.forget()
        self._reported.clear()
        self._forgotten.clear()

    def _report_device(self, account: Account) -> None:
        told: set[str] = set()
        customer_id = self._phone.customer_id

        def body() -> dict[str, Any]:
            told.update(card.activity_id for card in self._phone.cards.values() if card.state != "active")
            return device_report(self._phone, customer_id, without=self._forgotten)

        def obey(answer: dict[str, Any]) -> None:
            if self._phone.force_quit:
                return  # whoever asked is not there any more
            self._forgotten |= told
            self._obey(answer)
            self.pictures.report()

        self.outbox.submit(device_call(self._phone.device_id, account, body, obey))

    def _obey(self, answer: dict[str, Any]) -> None:
        self.missing = list(answer.get("missing") or ())
        for told in answer.get("cards") or ():
            activity_id = told.get("activityId") or self._activity_of(told.get("cardId"))
            if activity_id not in self._phone.cards:
                continue
            if told.get("end"):
                self._phone.end_by_app(activity_id, "the app, told at launch", self._clock())
            elif told.get("contentState") is not None:
                self._phone.show(activity_id, told["contentState"])
        self._obeyed()

    def _activity_of(self, card_id: str | None) -> str | None:
        found = [card.activity_id for card in self._phone.cards.values() if card.card_id == card_id]
        return found[-1] if found else None
