"""Put the simulator together: APNs and FCM at their addresses, virtual phones, and a control address."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self

import msgspec
import structlog
from aiohttp import web

from app.simulator.agent import PhoneAgent
from app.simulator.alerts import Strings
from app.simulator.behaviour import Behaviour
from app.simulator.browser import Browser
from app.simulator.certificates import Certificates, Contexts, ensure_certificates
from app.simulator.chance import LIVELY, Chance, Profile
from app.simulator.changes import Changes
from app.simulator.channel_desk import ChannelDesk
from app.simulator.channels import MOST_CHANNELS, Channels, Message
from app.simulator.clock import Clock
from app.simulator.control import build_control
from app.simulator.declaration import ORDER, Declaration
from app.simulator.desk import Desk
from app.simulator.device_tokens import DeviceToken, DeviceTokens, Environment
from app.simulator.errors import SimulatorError, UnknownPhoneError
from app.simulator.fault_plans import FaultPlan
from app.simulator.faults import Fault, Faults
from app.simulator.fcm import Fcm
from app.simulator.fcm_desk import FcmDesk
from app.simulator.outbox import Line, TicketFor
from app.simulator.phone import Phone
from app.simulator.provider_keys import ProviderKey, ProviderKeys
from app.simulator.pushes import PushLog
from app.simulator.rules import Push
from app.simulator.server import Server, reachable
from app.simulator.streams import StreamLimits

log = structlog.get_logger()

DEFAULT_BUNDLE_ID = "app.lockstep.demo"


class Options(msgspec.Struct, frozen=True):
    """Hold what a test or an operator may set otherwise.

    Args:
        seed: from which all chance comes.
        profile: how far phones are from instant and orderly, unless one is told otherwise.
        stream_limits: how many streams a connection may have open.
        limit_token_updates: whether a provider key may change its token only once in 20 minutes.
        keep_pushes: how many received pushes are remembered.
        host_names: further names the server's certificate holds, for instance a container's.
        grace_seconds: how long open streams may take when the simulator stops.
        declarations: the attributes types that the apps of phones declare, unless one is told otherwise.
        most_channels: how many channels an app may have in an environment.
    """

    seed: int = 1
    profile: Profile = LIVELY
    stream_limits: StreamLimits = StreamLimits()
    limit_token_updates: bool = True
    keep_pushes: int = 20_000
    host_names: tuple[str, ...] = ()
    grace_seconds: float = 1.0
    declarations: tuple[Declaration, ...] = (ORDER,)
    most_channels: int = MOST_CHANNELS


class Simulator:
    """Hold a running simulator; make one with `start`."""

    def __init__(
        self,
        *,
        host: str,
        lockstep_url: str | None,
        options: Options,
        now: Callable[[], float],
        certificates: Certificates,
    ) -> None:
        self.host, self.options, self.certificates = host, options, certificates
        self.clock = Clock(now)
        self.keys = ProviderKeys(limit_token_updates=options.limit_token_updates)
        self.tokens, self.faults, self.pushes = DeviceTokens(), Faults(), PushLog(options.keep_pushes)
        self.channels = Channels(Chance(f"{options.seed}:channels").identifier, most=options.most_channels)
        self.phones: dict[str, PhoneAgent] = {}
        self._line = Line(lockstep_url)
        self._changes = Changes()
        self.browser = Browser(lambda: self._line.url, self._changes.tell)
        self._chance = Chance(f"{options.seed}:simulator")
        self.channel_desk = ChannelDesk(
            clock=self.clock,
            keys=self.keys,
            channels=self.channels,
            faults=self.faults,
            log=self.pushes,
            deliver=self._broadcast,
            changed=self._changes.tell,
        )
        self._desk = Desk(
            clock=self.clock,
            keys=self.keys,
            tokens=self.tokens,
            faults=self.faults,
            log=self.pushes,
            channels=self.channel_desk,
            deliver=self._deliver,
            replace=self._replace_token,
            changed=self._changes.tell,
        )
        self._contexts = Contexts(certificates)
        self._any, self._sandbox, self._production = (
            self._server(self._desk, each) for each in (None, "sandbox", "production")
        )
        self._manage_any, self._manage_sandbox, self._manage_production = (
            self._server(self.channel_desk, each) for each in (None, "sandbox", "production")
        )
        self.fcm = Fcm(
            seed=options.seed,
            profile=options.profile,
            clock=self.clock,
            faults=self.faults,
            log=self.pushes,
            line=self._line,
            directory=certificates.ca_file.parent,
            serve=lambda desk, limits: self._server(desk, limits=limits),
            is_taken=lambda name: name in self.phones,
            changed=self._changes.tell,
        )
        self._control: web.AppRunner | None = None

    @classmethod
    async def start(
        cls,
        directory: Path,
        *,
        apns_port: int = 0,
        channels_port: int = 0,
        fcm_port: int = 0,
        control_port: int = 0,
        host: str = "127.0.0.1",
        lockstep_url: str | None = None,
        options: Options | None = None,
        now: Callable[[], float] = time.time,
    ) -> Self:
        """Start a simulator.

        Args:
            directory: where the certificates are, or will be made.
            apns_port: where pushes of both environments are taken; 0 takes a free port.
            channels_port: where channels of both environments are managed; 0 takes a free port.
            fcm_port: where FCM takes messages, and gives access tokens.
            control_port: where it is steered over HTTP.
            host: the address it listens at.
            lockstep_url: where the phones' app reports to; may be set later.
            options: everything else.
            now: Unix seconds.
        """
        options = options or Options()
        certificates = ensure_certificates(directory, host_names=options.host_names)
        simulator = cls(host=host, lockstep_url=lockstep_url, options=options, now=now, certificates=certificates)
        try:
            await simulator._listen(apns_port, channels_port, fcm_port, control_port)
        except OSError:
            await simulator.stop()
            raise
        log.info("simulator_started", apns_url=simulator.apns_url, control_url=simulator.control_url)
        return simulator

    @property
    def ca_file(self) -> Path:
        """Give the certificate a client must trust."""
        return self.certificates.ca_file

    @property
    def apns_url(self) -> str:
        """Give the address that takes pushes for both environments."""
        return self._any.url

    @property
    def sandbox_url(self) -> str:
        """Give the address that knows sandbox tokens only."""
        return self._sandbox.url

    @property
    def production_url(self) -> str:
        """Give the address that knows production tokens only."""
        return self._production.url

    @property
    def channels_url(self) -> str:
        """Give the address where channels of both environments are managed."""
        return self._manage_any.url

    @property
    def sandbox_channels_url(self) -> str:
        """Give the address where the sandbox's channels are managed, at Apple port 2195."""
        return self._manage_sandbox.url

    @property
    def production_channels_url(self) -> str:
        """Give the address where production's channels are managed, at Apple port 2196."""
        return self._manage_production.url

    @property
    def control_url(self) -> str:
        """Give the address where the simulator is steered."""
        return f"http://{reachable(self.host)}:{self._control.addresses[0][1] if self._control is not None else 0}"

    @property
    def lockstep_url(self) -> str | None:
        """Give the address the phones' app reports to."""
        return self._line.url

    @lockstep_url.setter
    def lockstep_url(self, url: str | None) -> None:
        self._line.url = url

    @property
    def servers(self) -> tuple[Server, Server, Server]:
        """Give the listeners for both environments, for the sandbox and for production."""
        return self._any, self._sandbox, self._production

    def register_key(
        self, team_id: str, key_id: str, public_pem: str | bytes, *, environment: Environment | None = None
    ) -> None:
        """Make a provider key known, as the developer account does.

        Args:
            team_id: what the token's `iss` says.
            key_id: what its `kid` says.
            public_pem: the key's public half.
            environment: the one it serves; `None` serves both.
        """
        self.keys.register(ProviderKey(team_id, key_id, environment), public_pem)

    def install_phone(
        self,
        *,
        customer_id: str | None = None,
        ticket: str | None = None,
        ticket_for: TicketFor | None = None,
        phone_id: str | None = None,
        bundle_id: str = DEFAULT_BUNDLE_ID,
        environment: Environment = "sandbox",
        behaviour: Behaviour | None = None,
        profile: Profile | None = None,
        declarations: Mapping[str, Declaration] | None = None,
        strings: Strings | None = None,
        seed: str | None = None,
    ) -> PhoneAgent:
        """Install the app on a new phone; with a customer, sign in and launch it.

        Args:
            customer_id: who signs in.
            ticket: proves it to Lockstep.
            ticket_for: gives a ticket where there is none, or it was refused.
            phone_id: the simulator's name for the phone.
            bundle_id: the app.
            environment: where its tokens are valid.
            behaviour: how it behaves; by default as one hopes. `draw_behaviour` gives one of the usual mix.
            profile: how far it is from instant and orderly.
            declarations: the attributes types its app declares.
            strings: the app's texts, by language and key.
            seed: of its ids, tokens and delays, beside the simulator's; its name unless given.
        """
        name = phone_id or f"phone-{len(self.phones) + 1}"
        if name in self.phones or name in self.fcm.phones:
            raise SimulatorError(f"there is a phone {name!r} already")
        chance = Chance(f"{self.options.seed}:{seed or name}")
        declared = {each.name: each for each in self.options.declarations} if declarations is None else declarations
        phone = Phone(
            phone_id=name,
            device_id=chance.identifier(),
            bundle_id=bundle_id,
            environment=environment,
            behaviour=behaviour or Behaviour(),
            declarations=declared,
            strings=strings,
        )
        agent = PhoneAgent(
            phone,
            chance=chance,
            profile=profile or self.options.profile,
            clock=self.clock,
            tokens=self.tokens,
            channels=self.channels,
            line=self._line,
            faults=self.faults,
            changed=self._changes.tell,
        )
        self.phones[name] = agent
        if customer_id is not None:
            agent.sign_in(customer_id, ticket=ticket, ticket_for=ticket_for)
        if phone.behaviour.force_quit:
            agent.force_quit()
        return agent

    def find_phone(self, phone_id: str) -> PhoneAgent:
        """Give an iPhone.

        Raises:
            UnknownPhoneError: there is none.
        """
        agent = self.phones.get(phone_id)
        if agent is None:
            raise UnknownPhoneError(phone_id)
        return agent

    def draw_behaviour(self) -> Behaviour:
        """Give a behaviour of the usual mix."""
        return self._chance.behaviour()

    def add_fault(self, fault: Fault) -> None:
        """Let something go wrong with the next requests, or with the next handshakes: then clients connect anew."""
        self.faults.add(fault)
        if fault.kind.at_handshake:
            for server in (*self.servers, self.fcm.server):
                server.send_away()

    def begin_plan(self, plan: FaultPlan) -> None:
        """Let all that a plan says go wrong."""
        for fault in plan.faults:
            self.add_fault(fault)

    def set_clock(self, offset_seconds: float) -> None:
        """Move the simulator's time, measured from its source, and let the phones notice."""
        self.clock.offset_seconds = offset_seconds
        self.tick()

    def tick(self) -> None:
        """Let the phones notice that time has passed."""
        for agent in self.phones.values():
            agent.tick()
        self._changes.tell()

    async def wait_until(self, predicate: Callable[[], bool], *, within_seconds: float | None = None) -> None:
        """Wait until the predicate holds; it is asked after changes only.

        Raises:
            TimeoutError: it did not hold in time.
        """
        await self._changes.wait_until(predicate, within_seconds=within_seconds)

    async def quiet(self) -> None:
        """Wait until no phone's app has a call under way."""
        for agent in list(self.phones.values()):
            await agent.quiet()
        await self.fcm.quiet()

    async def stop(self) -> None:
        """Switch the phones off, say goodbye to the clients and close all addresses."""
        for agent in self.phones.values():
            await agent.stop()
        await self.browser.stop()
        await self.fcm.stop(grace_seconds=self.options.grace_seconds)
        for server in (*self.servers, *self._managing):
            await server.stop(grace_seconds=self.options.grace_seconds)
        if self._control is not None:
            await self._control.cleanup()
            self._control = None
        await self._line.close()

    @property
    def _managing(self) -> tuple[Server, Server, Server]:
        return self._manage_any, self._manage_sandbox, self._manage_production

    async def _listen(self, apns_port: int, channels_port: int, fcm_port: int, control_port: int) -> None:
        await self.fcm.server.start(self.host, fcm_port)
        for first, servers in ((apns_port, self.servers), (channels_port, self._managing)):
            for server, port in zip(servers, (first, 0, 0), strict=True):
                await server.start(self.host, port)
        self._control = web.AppRunner(build_control(self), access_log=None)
        await self._control.setup()
        await web.TCPSite(self._control, self.host, control_port).start()

    def _server(
        self,
        desk: Desk | ChannelDesk | FcmDesk,
        environment: Environment | None = None,
        limits: StreamLimits | None = None,
    ) -> Server:
        return Server(
            desk,
            environment=environment,
            limits=limits or self.options.stream_limits,
            faults=self.faults,
            context_for=self._contexts.of,
        )

    def _deliver(self, push: Push) -> None:
        self.phones[push.token.phone_id].deliver(push)

    def _broadcast(self, message: Message) -> None:
        for agent in self.phones.values():
            agent.following.deliver(message)

    def _replace_token(self, token: DeviceToken) -> None:
        self.phones[token.phone_id].replace_token(token)
