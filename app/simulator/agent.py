"""Move one phone: deliver pushes to it, let its user act and its app report."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, Literal

import msgspec
import structlog

from app.simulator.app_reports import AppReports
from app.simulator.chance import Chance, Profile
from app.simulator.channels import Channels
from app.simulator.clock import Clock
from app.simulator.deliveries import Deliveries
from app.simulator.device_tokens import DeviceToken, DeviceTokens, TokenKind
from app.simulator.errors import SimulatorError, UnknownCardError
from app.simulator.faults import Faults
from app.simulator.following import Following
from app.simulator.outbox import Account, Complaint, Line, TicketFor
from app.simulator.phone import Phone
from app.simulator.rules import TOPIC_SUFFIX, Push

log = structlog.get_logger()


class PhoneAgent:
    """Act for a phone, its user and its app.

    Everything returns at once; calls to Lockstep go on in the background until `quiet` returns.

    Args:
        phone: what it moves.
        chance: draws its delays and tokens.
        profile: how far it is from instant and orderly.
        clock: the simulator's time.
        tokens: where its tokens become known to APNs.
        channels: those that its cards may follow.
        line: the way to Lockstep.
        faults: what is to go wrong with pictures.
        changed: is told after each change.
    """

    def __init__(
        self,
        phone: Phone,
        *,
        chance: Chance,
        profile: Profile,
        clock: Clock,
        tokens: DeviceTokens,
        channels: Channels,
        line: Line,
        faults: Faults,
        changed: Callable[[], None],
    ) -> None:
        self.phone = phone
        self.profile = profile
        self._chance, self._clock, self._tokens, self._changed = chance, clock, tokens, changed
        self._app = AppReports(
            phone,
            line=line,
            faults=faults,
            profile=profile,
            chance=chance,
            clock=self._now,
            obeyed=self._react,
            changed=changed,
        )
        self.following = Following(
            self, channels, chance=chance, clock=clock, phone_clock=self._now, reacted=self._react
        )
        self._pending: dict[str, asyncio.TimerHandle] = {}
        self._deliveries = Deliveries(chance)
        self._stored: Push | None = None
        self._issue_tokens()

    @property
    def phone_id(self) -> str:
        """Give the simulator's name for the phone."""
        return self.phone.phone_id

    @property
    def complaints(self) -> list[Complaint]:
        """Give the calls Lockstep refused for good."""
        return self._app.outbox.complaints

    @property
    def missing(self) -> list[dict[str, Any]]:
        """Give the cards that Lockstep missed on the phone, by its last answer."""
        return self._app.missing

    @property
    def online(self) -> bool:
        """Say whether the phone has a network."""
        return self._app.outbox.online

    def deliver(self, push: Push) -> None:
        """Bring a push to the phone, sooner or later, or lose it; while the phone is offline APNs keeps the newest."""
        if self._chance.happens(self.profile.push_loss_probability):
            self._miss(push, "lost between APNs and the phone")
            return
        if not self.online and push.expiration == 0:
            self._miss(push, "the phone was offline, and APNs was not to keep it")
            return
        if not self.online:
            if self._stored is not None:
                self._miss(self._stored, "a newer push came while the phone was offline, and APNs keeps one")
            self._stored = push
            return
        self._deliveries.bring(partial(self._take, push), self.profile.delivery_seconds)

    def go_offline(self) -> None:
        """Take the phone's network away: its calls fail, and APNs keeps the newest push for it."""
        self._app.outbox.online = False
        self._changed()

    def go_online(self) -> None:
        """Give the phone its network back, and what APNs kept unless that has expired."""
        self._app.outbox.online = True
        stored, self._stored = self._stored, None
        if stored is not None and stored.expiration is not None and stored.expiration <= self._clock():
            self._miss(stored, "expired while the phone was offline")
        elif stored is not None:
            self.deliver(stored)
        self.following.catch_up()
        self._changed()

    def upgrade(self, ios_version: str) -> None:
        """Let the user upgrade iOS: APNs takes pushes to the old start tokens, and nothing comes of them.

        The app learns of the new ones when it is opened.
        """
        self.phone.behaviour = msgspec.structs.replace(self.phone.behaviour, ios_version=ios_version)
        self._issue_start_tokens()
        self._changed()

    def tick(self) -> None:
        """Let the phone notice that time has passed."""
        self.phone.tick(self._now())
        self._react()

    def launch(self) -> None:
        """Let the user open the app, which tells Lockstep all it knows."""
        self.phone.force_quit = False
        self._app.report_launch()
        self._react()

    def force_quit(self) -> None:
        """Let the user swipe the app away."""
        self.phone.force_quit = True
        self._react()

    def allow(self) -> None:
        """Let the user tap Allow."""
        self.phone.allow()
        self._react()

    def dismiss(self, card: str) -> None:
        """Let the user swipe a card away.

        Args:
            card: its card id or activity id.
        """
        self.phone.dismiss(self.find_card(card), self._now())
        self._react()

    def start_activity(
        self, subject: str, attributes_type: str = "OrderAttributes", attributes: dict[str, Any] | None = None
    ) -> str:
        """Let the app start a card itself; give its activity id."""
        declaration = self.phone.declarations.get(attributes_type)
        if declaration is None:
            raise SimulatorError(f"the app declares no type {attributes_type!r}")
        self.phone.force_quit = False
        activity_id = self._chance.identifier()
        data = attributes if attributes is not None else {"orderId": subject}
        self.phone.start_by_app(activity_id, declaration, subject, data, self._now())
        self._issue_update_token(activity_id)
        return activity_id

    def rotate_token(self, card: str) -> None:
        """Let the system replace a card's update token; APNs answers 410 for the old one."""
        self._issue_update_token(self.find_card(card))

    def rotate_start_tokens(self) -> None:
        """Let the system replace the start tokens, which the app reports."""
        self._retire_start_tokens()
        self._issue_start_tokens()
        self._app.report_device()

    def replace_token(self, token: DeviceToken) -> None:
        """Let the system replace a token that died, and the user open the app for a moment, which reports the new one.

        A token that was replaced before, or whose card is over, has no successor.
        """
        card = None if token.activity_id is None else self.phone.cards.get(token.activity_id)
        if token.value in self.phone.start_tokens.values():
            self._retire_start_tokens()
            self._issue_start_tokens()
            self._app.report_launch()
        elif token.value == self.phone.alert_token:
            self._tokens.retire(token.value, "Unregistered", now=self._clock())
            self.phone.alert_token = self._new_token("alert", None)
            self._app.report_launch()
        elif card is not None and card.state == "active" and card.update_token == token.value:
            self._issue_update_token(card.activity_id)
            if self.phone.force_quit:
                self._app.report_launch()

    def behave(self, **changes: Any) -> None:
        """Change the phone's behaviour or settings; the app reports what it can see of them."""
        self.phone.behaviour = msgspec.structs.replace(self.phone.behaviour, **changes)
        self.phone.force_quit = changes.get("force_quit", self.phone.force_quit)
        self._app.report_device()
        self._react()

    def sign_in(self, customer_id: str, *, ticket: str | None = None, ticket_for: TicketFor | None = None) -> None:
        """Let a user sign in, after signing out whoever was."""
        if self._app.account is not None:
            self.sign_out()
        self._app.account = Account(customer_id, ticket, ticket_for)
        self.phone.customer_id = customer_id
        self.launch()

    def sign_out(self, *, by: Literal["delete", "put"] = "delete") -> None:
        """Let the app forget its user, end its cards and tell Lockstep."""
        self.phone.force_quit = False
        for activity_id in self.phone.cards:
            self.phone.end_by_app(activity_id, "signing out", self._now())
        self._app.report_sign_out(by)
        self._react()

    def reinstall(self) -> None:
        """Let the user delete the app and install it again: another device id, other tokens, the old ones 410."""
        now = self._clock()
        self._retire_start_tokens()
        if self.phone.alert_token is not None:
            self._tokens.retire(self.phone.alert_token, "Unregistered", now=now)
        for card in self.phone.cards.values():
            if card.update_token is not None:
                self._tokens.retire(card.update_token, "Unregistered", now=now)
        self._app.forget()
        self._cancel_timers()
        self.phone.reinstall(self._chance.identifier())
        self._issue_tokens()
        self.launch()

    def find_card(self, card: str) -> str:
        """Give the activity id of a card; where several have one card id, of the newest.

        Raises:
            UnknownCardError: there is none.
        """
        if card in self.phone.cards:
            return card
        found = [known.activity_id for known in self.phone.cards.values() if known.card_id == card]
        if not found:
            raise UnknownCardError(card)
        return found[-1]

    async def quiet(self) -> None:
        """Wait until the app has no call under way."""
        await self._app.quiet()

    async def stop(self) -> None:
        """Switch the phone off."""
        self._cancel_timers()
        await self._app.stop()

    def _take(self, push: Push) -> None:
        token = self._tokens.find(push.token.value)
        if token is not None and token.dead_since_ms is not None and token.dead_reason == "Unregistered":
            log.debug("simulated_push_came_after_uninstall", phone=self.phone_id)
            return
        if push.token.kind == "start" and push.token.value not in self.phone.start_tokens.values():
            self._miss(push, "the start token is stale since iOS was upgraded")
            return
        if push.token.kind == "alert":
            if push.push_type != "background":
                self.phone.notify(
                    push.payload,
                    apns_id=push.apns_id,
                    priority=push.priority,
                    collapse_id=push.collapse_id,
                    now=self._now(),
                )
            elif self.phone.wake(push, now=self._now()).applied:
                self._app.pictures.obey(push.payload.get("lockstep") or {})
            self._changed()
            return
        self.phone.receive(
            push.payload,
            apns_id=push.apns_id,
            priority=push.priority,
            to_activity=push.token.activity_id,
            new_activity_id=self._chance.identifier() if push.token.activity_id is None else "",
            now=self._now(),
            knows_channel=self.following.knows(push.payload["aps"].get("input-push-channel")),
        )
        self._react()
        self.following.catch_up()

    def _miss(self, push: Push, why: str) -> None:
        self.phone.miss(push, why, now=self._now())
        self._changed()

    def _now(self) -> float:
        """Give the time by the phone's own clock."""
        return self._clock() + self.phone.behaviour.clock_offset_seconds

    def _react(self) -> None:
        """Bring everything behind the phone's state: reports, tokens, the next timer."""
        self._retire_ended_tokens()
        self._app.report_cards()
        if self.phone.permission == "asked" and self.phone.behaviour.allow == "now":
            self._after(self.profile.allow_seconds, "allow", self.allow)
        for activity_id in list(self.phone.cards):
            if self.phone.awaits_token(activity_id):
                self._after(self.profile.token_seconds, activity_id, partial(self._grant_token, activity_id))
        self._watch_next_end()
        self._changed()

    def _retire_ended_tokens(self) -> None:
        if self.phone.behaviour.after_end == "expired":
            for card in self.phone.cards.values():
                if card.state != "active" and card.update_token is not None:
                    self._tokens.retire(card.update_token, "ExpiredToken", now=self._clock())

    def _after(self, span: tuple[float, float], name: str, act: Callable[[], None]) -> None:
        if name in self._pending:
            return
        delay = self._chance.between(span)
        if not delay:
            act()
            return

        def run() -> None:
            del self._pending[name]
            act()

        self._pending[name] = asyncio.get_running_loop().call_later(delay, run)

    def _grant_token(self, activity_id: str) -> None:
        if self.phone.awaits_token(activity_id):
            self._issue_update_token(activity_id)

    def _watch_next_end(self) -> None:
        timer = self._pending.pop("end", None)
        if timer is not None:
            timer.cancel()
        end = self.phone.next_end()
        if end is not None:
            wait = max(0.05, end - self._now())
            self._pending["end"] = asyncio.get_running_loop().call_later(wait, self.tick)

    def _issue_update_token(self, activity_id: str) -> None:
        old = self.phone.cards[activity_id].update_token
        if old is not None:
            self._tokens.retire(old, "ExpiredToken", now=self._clock())
        self.phone.set_update_token(activity_id, self._new_token("update", activity_id))
        self._react()

    def _issue_tokens(self) -> None:
        """Give a newly installed app the tokens that serve it as a whole."""
        self._issue_start_tokens()
        self.phone.alert_token = self._new_token("alert", None)

    def _issue_start_tokens(self) -> None:
        for name in self.phone.declarations:
            self.phone.start_tokens[name] = self._new_token("start", None)

    def _retire_start_tokens(self) -> None:
        for token in self.phone.start_tokens.values():
            self._tokens.retire(token, "Unregistered", now=self._clock())

    def _new_token(self, kind: TokenKind, activity_id: str | None) -> str:
        value = self._chance.token()
        topic = self.phone.bundle_id if kind == "alert" else self.phone.bundle_id + TOPIC_SUFFIX
        token = DeviceToken(
            value, self.phone_id, kind, topic, self.phone.environment, activity_id, issued_at=self._clock()
        )
        self._tokens.add(token)
        return value

    def _cancel_timers(self) -> None:
        for timer in self._pending.values():
            timer.cancel()
        self._pending.clear()
        self._deliveries.stop()
        self.following.stop()
