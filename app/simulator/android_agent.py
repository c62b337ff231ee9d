"""Move one phone with Android: deliver messages to it, let its user act and its app report."""

from collections.abc import Callable
from functools import partial
from typing import Any, Literal

import msgspec

from app.simulator.android_phone import AndroidPhone
from app.simulator.android_reports import AndroidReports
from app.simulator.chance import Chance, Profile
from app.simulator.clock import Clock
from app.simulator.deliveries import Deliveries
from app.simulator.errors import UnknownCardError
from app.simulator.fcm_rules import Message
from app.simulator.mailbox import MOST_KEPT, Mailbox
from app.simulator.outbox import Account, Complaint, Line, Outbox, TicketFor
from app.simulator.registration_tokens import RegistrationToken, RegistrationTokens


class AndroidAgent:
    """Act for a phone with Android, its user and its app.

    Everything returns at once; calls to Lockstep go on in the background until `quiet` returns.

    Args:
        phone: what it moves.
        chance: draws its delays and tokens.
        profile: how far it is from instant and orderly.
        clock: the simulator's time.
        tokens: where its tokens become known to FCM.
        line: the way to Lockstep.
        changed: is told after each change.

    Attributes:
        dozing: whether the phone lies still, so that FCM keeps what has the priority NORMAL.
    """

    def __init__(
        self,
        phone: AndroidPhone,
        *,
        chance: Chance,
        profile: Profile,
        clock: Clock,
        tokens: RegistrationTokens,
        line: Line,
        changed: Callable[[], None],
    ) -> None:
        self.phone, self.profile, self.dozing = phone, profile, False
        self._chance, self._clock, self._tokens, self._changed = chance, clock, tokens, changed
        self._outbox = Outbox(line, profile, chance, changed)
        self._app = AndroidReports(phone, outbox=self._outbox, clock=clock, obeyed=changed)
        self._mailbox, self._deliveries = Mailbox(), Deliveries(chance)
        self._issue_token()

    @property
    def phone_id(self) -> str:
        """Give the simulator's name for the phone."""
        return self.phone.phone_id

    @property
    def complaints(self) -> list[Complaint]:
        """Give the calls Lockstep refused for good."""
        return self._outbox.complaints

    @property
    def missing(self) -> list[dict[str, Any]]:
        """Give the cards that Lockstep missed on the phone, by its last answer."""
        return self._app.missing

    @property
    def online(self) -> bool:
        """Say whether the phone has a network."""
        return self._outbox.online

    @property
    def waiting(self) -> int:
        """Give how many messages FCM keeps for the phone."""
        return len(self._mailbox)

    def deliver(self, message: Message) -> None:
        """Bring a message to the phone, sooner or later, or lose it; FCM keeps what it cannot deliver now."""
        if self._chance.happens(self.profile.push_loss_probability):
            self._miss(message, "lost between FCM and the phone")
        elif self.online and not (self.dozing and message.priority == "NORMAL"):
            self._deliveries.bring(partial(self._take, message), self.profile.delivery_seconds)
        elif not message.ttl_seconds:
            self._miss(message, "the phone could not be reached, and FCM was not to keep it")
        else:
            for each in self._mailbox.keep(message):
                self._miss(each, f"FCM keeps {MOST_KEPT} messages, and discarded all")

    def go_offline(self) -> None:
        """Take the phone's network away: its calls fail, and FCM keeps messages for it."""
        self._outbox.online = False
        self._changed()

    def go_online(self) -> None:
        """Give the phone its network back, and what FCM kept."""
        self._outbox.online = True
        self._catch_up()

    def doze(self) -> None:
        """Let the phone lie still, with its screen off: only messages of HIGH priority reach it."""
        self.dozing = True
        self._changed()

    def wake(self) -> None:
        """Let the user take the phone up, or the system look after what has waited."""
        self.dozing = False
        self._catch_up()

    def launch(self) -> None:
        """Let the user open the app, which tells Lockstep all it knows."""
        self._app.report_device()
        self._changed()

    def dismiss(self, card: str) -> None:
        """Let the user swipe a Live Update away.

        Args:
            card: its subject or card id.
        """
        subject = self.find_live_update(card)
        self.phone.dismiss(subject, self._clock())
        self._app.report_dismissed(subject)
        self._changed()

    def rotate_token(self) -> None:
        """Let FCM give the app another token, of which it tells; the old one is unregistered."""
        self._retire_token()
        self._issue_token()
        self.launch()

    def replace_token(self, token: RegistrationToken) -> None:
        """Let FCM give the app another token in place of one that died; one that was replaced before is forgotten."""
        if token.value == self.phone.token:
            self.rotate_token()

    def behave(self, **changes: Any) -> None:
        """Change the phone's settings; the app reports them when it is opened, which it is."""
        self.phone.behaviour = msgspec.structs.replace(self.phone.behaviour, **changes)
        if not self.phone.behaviour.notifications_enabled:
            self.phone.clear()
        self.launch()

    def sign_in(self, customer_id: str, *, ticket: str | None = None, ticket_for: TicketFor | None = None) -> None:
        """Let a user sign in, after signing out whoever was."""
        if self._app.account is not None:
            self.sign_out()
        self._app.account = Account(customer_id, ticket, ticket_for)
        self.phone.customer_id = customer_id
        self.launch()

    def sign_out(self, *, by: Literal["delete", "put"] = "delete") -> None:
        """Let the app forget its user, cancel its notifications and tell Lockstep."""
        for subject in self.phone.live_updates:
            self.phone.cancel(subject, "signing out", self._clock())
        self._app.report_sign_out(by)
        self._changed()

    def uninstall(self) -> None:
        """Let the user delete the app, which can tell nobody: FCM answers UNREGISTERED from now on."""
        self._retire_token()
        self._deliveries.stop()
        self._mailbox.empty(self._clock())
        self._app.forget()
        self.phone.uninstall()
        self._changed()

    def reinstall(self) -> None:
        """Let the user install the app anew: another device id, another token, and the same user."""
        self.uninstall()
        self.phone.device_id = self._chance.identifier().lower()
        self._issue_token()
        self.launch()

    def restore(self) -> None:
        """Let the user move to a new phone with what the app had kept: the same device id, another token, no cards."""
        self._deliveries.stop()
        self._mailbox.empty(self._clock())
        self.phone.clear()
        self.rotate_token()

    def find_live_update(self, card: str) -> str:
        """Give the subject of a Live Update.

        Args:
            card: its subject or card id.

        Raises:
            UnknownCardError: there is none.
        """
        for subject, shown in self.phone.live_updates.items():
            if card in (subject, shown.card_id):
                return subject
        raise UnknownCardError(card)

    async def quiet(self) -> None:
        """Wait until the app has no call under way."""
        await self._outbox.quiet()

    async def stop(self) -> None:
        """Switch the phone off."""
        self._deliveries.stop()
        await self._outbox.stop()

    def _catch_up(self) -> None:
        if self.online:
            emptied = self._mailbox.empty(self._clock())
            for message in emptied.expired:
                self._miss(message, "expired while the phone could not be reached")
            for message in emptied.messages:
                self.deliver(message)
            if emptied.overflowed:
                self._app.report_device()
        self._changed()

    def _take(self, message: Message) -> None:
        self.phone.receive(message, self._clock())
        self._changed()

    def _miss(self, message: Message, why: str) -> None:
        self.phone.miss(message, why, now=self._clock())
        self._changed()

    def _issue_token(self) -> None:
        value = self._chance.registration_token()
        self._tokens.add(RegistrationToken(value, self.phone_id, self.phone.project_id))
        self.phone.token = value

    def _retire_token(self) -> None:
        if self.phone.token is not None:
            self._tokens.retire(self.phone.token)
