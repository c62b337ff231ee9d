"""Put FCM together: its address, the service account that may send there, and the phones with Android."""

from collections.abc import Callable
from pathlib import Path

from app.simulator.alerts import Strings
from app.simulator.android_agent import AndroidAgent
from app.simulator.android_phone import AndroidBehaviour, AndroidPhone
from app.simulator.chance import Chance, Profile
from app.simulator.clock import Clock
from app.simulator.errors import SimulatorError
from app.simulator.faults import Faults
from app.simulator.fcm_desk import TOKEN_PATH, FcmDesk
from app.simulator.fcm_rules import Message
from app.simulator.outbox import Line, TicketFor
from app.simulator.pushes import PushLog
from app.simulator.registration_tokens import RegistrationToken, RegistrationTokens
from app.simulator.server import Server
from app.simulator.service_accounts import ServiceAccount, ServiceAccounts, keep_service_account
from app.simulator.streams import StreamLimits

PROJECT_ID = "lockstep-simulated"
DEFAULT_APP = "app.lockstep.demo"
ACCOUNT_FILE = "service-account.json"
# Google's front ends let a client have so many from the first on.
_LIMITS = StreamLimits(before_token=100, after_token=100)


class Fcm:
    """Hold FCM and the phones that it sends to.

    Args:
        seed: from which the phones' chance comes.
        profile: how far they are from instant and orderly, unless one is told otherwise.
        clock: the simulator's time.
        faults: what is to go wrong.
        log: where each message is recorded.
        line: the way to Lockstep.
        directory: where the service account's file is kept.
        serve: makes the server of a desk.
        is_taken: tells whether another phone has this id.
        changed: is told after each change.
    """

    def __init__(
        self,
        *,
        seed: int,
        profile: Profile,
        clock: Clock,
        faults: Faults,
        log: PushLog,
        line: Line,
        directory: Path,
        serve: Callable[[FcmDesk, StreamLimits], Server],
        is_taken: Callable[[str], bool],
        changed: Callable[[], None],
    ) -> None:
        self._seed, self._profile, self._clock, self._line = seed, profile, clock, line
        self._is_taken, self._changed = is_taken, changed
        self.account_file = directory / ACCOUNT_FILE
        self.accounts, self.tokens = ServiceAccounts(), RegistrationTokens()
        self.phones: dict[str, AndroidAgent] = {}
        desk = FcmDesk(
            clock=clock,
            accounts=self.accounts,
            tokens=self.tokens,
            faults=faults,
            log=log,
            deliver=self._deliver,
            replace=self._replace_token,
            changed=changed,
        )
        self.server = serve(desk, _LIMITS)

    @property
    def url(self) -> str:
        """Give the address that takes messages."""
        return self.server.url

    @property
    def token_uri(self) -> str:
        """Give the address that gives access tokens."""
        return self.url + TOKEN_PATH

    def make_account(self, *, host: str | None = None) -> ServiceAccount:
        """Give the service account that may send, and write its file, whose key stays from one time to the next.

        Args:
            host: by which the sender reaches the token endpoint, if that is another than in `token_uri`.
        """
        token_uri = self.token_uri if host is None else f"https://{host}:{self.server.port}{TOKEN_PATH}"
        account = keep_service_account(self.account_file, project_id=PROJECT_ID, token_uri=token_uri)
        self.accounts.register(account)
        return account

    def install_phone(
        self,
        *,
        customer_id: str | None = None,
        ticket: str | None = None,
        ticket_for: TicketFor | None = None,
        phone_id: str | None = None,
        app: str = DEFAULT_APP,
        project_id: str = PROJECT_ID,
        behaviour: AndroidBehaviour | None = None,
        profile: Profile | None = None,
        attributes_types: tuple[str, ...] = ("OrderAttributes",),
        strings: Strings | None = None,
        seed: str | None = None,
    ) -> AndroidAgent:
        """Install the app on a new phone with Android; with a customer, sign in and launch it.

        Args:
            customer_id: who signs in.
            ticket: proves it to Lockstep.
            ticket_for: gives a ticket where there is none, or it was refused.
            phone_id: the simulator's name for the phone.
            app: the name of its package.
            project_id: the Firebase project that the app belongs to.
            behaviour: how it and its app are.
            profile: how far it is from instant and orderly.
            attributes_types: the cards that the app can show.
            strings: the app's texts, by language and key.
            seed: of its ids, tokens and delays, beside the simulator's; its name unless given.
        """
        name = phone_id or f"android-{len(self.phones) + 1}"
        if name in self.phones or self._is_taken(name):
            raise SimulatorError(f"there is a phone {name!r} already")
        chance = Chance(f"{self._seed}:{seed or name}")
        phone = AndroidPhone(
            phone_id=name,
            device_id=chance.identifier().lower(),
            app=app,
            project_id=project_id,
            behaviour=behaviour or AndroidBehaviour(),
            attributes_types=attributes_types,
            strings=strings,
        )
        agent = self.phones[name] = AndroidAgent(
            phone,
            chance=chance,
            profile=profile or self._profile,
            clock=self._clock,
            tokens=self.tokens,
            line=self._line,
            changed=self._changed,
        )
        if customer_id is not None:
            agent.sign_in(customer_id, ticket=ticket, ticket_for=ticket_for)
        return agent

    async def quiet(self) -> None:
        """Wait until no phone's app has a call under way."""
        for agent in list(self.phones.values()):
            await agent.quiet()

    async def stop(self, *, grace_seconds: float) -> None:
        """Switch the phones off and close the address."""
        for agent in self.phones.values():
            await agent.stop()
        await self.server.stop(grace_seconds=grace_seconds)

    def _deliver(self, message: Message) -> None:
        self.phones[message.token.phone_id].deliver(message)

    def _replace_token(self, token: RegistrationToken) -> None:
        self.phones[token.phone_id].replace_token(token)
