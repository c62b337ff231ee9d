"""A whole service, a simulated APNs and virtual phones, in one process; everything goes over HTTP."""

import asyncio
import base64
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from app.access.api_key import Scope
from app.bootstrap import Service
from app.http.routes import Route
from app.settings import Settings, load_settings
from app.simulator.agent import PhoneAgent
from app.simulator.alerts import Strings
from app.simulator.android_agent import AndroidAgent
from app.simulator.android_phone import AndroidBehaviour
from app.simulator.behaviour import Behaviour
from app.simulator.card import Card
from app.simulator.chance import CALM
from app.simulator.declaration import ORDER, Declaration
from app.simulator.faults import Fault
from app.simulator.pushes import ReceivedPush
from app.simulator.simulator import Options, Simulator
from tests.conftest import SECRET_KEY, Clock

TEAM_ID: Final = "TEAM123456"
KEY_ID: Final = "KEY1234567"
SCOPES: Final = [Scope.ADMIN, Scope.EVENTS_WRITE, Scope.ORDERS_READ, Scope.DEVICES_WRITE]
PATIENCE_SECONDS: Final = 60.0
"""When a test is given up; nothing is measured by it."""


@dataclass
class World:
    """A service and what is around it.

    Attributes:
        api_key: The shop's key.
        signing_key: The .p8 file's text.
        settings: Of the service.
        ahead_seconds: How far the clocks of the database and of the simulator were moved.
    """

    service: Service
    simulator: Simulator
    shop: aiohttp.ClientSession
    clock: Clock
    api_key: str
    signing_key: str
    settings: Settings
    tickets: list[str] = field(default_factory=list)
    ahead_seconds: float = 0.0
    _events: int = 0

    async def happen(self, order: str, type_: str, *, expected: int = 200, **data: Any) -> None:
        """Let the shop post an event, to be answered by this status."""
        self._events += 1
        event = {"type": type_, "data": data, "id": f"event-{self._events}", "source": "shop"}
        async with self.shop.post(f"{self.service.url}/v1/orders/{order}/events", json=event) as answer:
            assert answer.status == expected, await answer.text()

    async def place(self, order: str = "order-1", customer_id: str = "customer-1", **data: Any) -> None:
        """Let a customer order."""
        facts = {"customerId": customer_id, "merchantName": "Taverna Ilios", **data}
        await self.happen(order, "order.placed", **facts)

    async def call(self, method: str, path: str, document: dict[str, Any]) -> None:
        """Let the shop make a call, to be answered 200."""
        async with self.shop.request(method, f"{self.service.url}{path}", json=document) as answer:
            assert answer.status == 200, await answer.text()

    async def order(self, order: str = "order-1") -> dict[str, Any]:
        """Read an order as the API gives it."""
        async with self.shop.get(f"{self.service.url}/v1/orders/{order}") as answer:
            assert answer.status == 200, await answer.text()
            page: dict[str, Any] = await answer.json()
            return page

    async def ticket(self, customer_id: str) -> str:
        """Let the shop mint a ticket."""
        async with self.shop.post(f"{self.service.url}/v1/tickets", json={"customerId": customer_id}) as answer:
            ticket: str = (await answer.json())["ticket"]
        self.tickets.append(ticket)
        return ticket

    async def phone(
        self,
        customer_id: str = "customer-1",
        declarations: Sequence[Declaration] = (ORDER,),
        strings: Strings | None = None,
        **behaviour: Any,
    ) -> PhoneAgent:
        """Install the app, which declares some attributes types and ships some strings, on a new phone and sign in."""
        phone = self.simulator.install_phone(
            customer_id=customer_id,
            ticket_for=self.ticket,
            behaviour=Behaviour(**behaviour),
            declarations={each.name: each for each in declarations},
            strings=strings,
        )
        await phone.quiet()
        return phone

    async def android(self, customer_id: str = "customer-1", **behaviour: Any) -> AndroidAgent:
        """Install the app on a new phone with Android and sign in."""
        phone = self.simulator.fcm.install_phone(
            customer_id=customer_id, ticket_for=self.ticket, behaviour=AndroidBehaviour(**behaviour)
        )
        await phone.quiet()
        return phone

    async def until(self, predicate: Callable[[], bool]) -> None:
        """Wait until the phones and APNs have come to something."""
        await self.simulator.wait_until(predicate, within_seconds=PATIENCE_SECONDS)

    async def pass_time(self, seconds: float) -> None:
        """Move the clocks of the database and of the simulator."""
        self.ahead_seconds += seconds
        await self.clock.advance(seconds=seconds)
        self.simulator.set_clock(self.ahead_seconds)

    async def serve_again(self) -> None:
        """Start the service, which has been stopped, at the address that it had."""
        port = urlsplit(str(self.simulator.lockstep_url)).port
        self.service = await Service.start(self.settings.model_copy(update={"port": port}))

    async def move(self, dsn: str, clock: Clock) -> None:
        """Start the service, which has been stopped, on another database."""
        self.clock = clock
        await clock.advance(seconds=self.ahead_seconds)
        self.service = await Service.start(self.settings.model_copy(update={"database_url": dsn}))
        self.simulator.lockstep_url = self.service.url

    async def come_to_rest(self) -> None:
        """Wait until nothing is left to be done now, moving the clocks past the second that a push waits for."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            calm = 0
            while calm < 2:
                await self.simulator.quiet()
                busy = await self.service.pool.fetchrow(
                    "SELECT (SELECT count(*) FROM heads h JOIN slots s USING (slot) "
                    "        LEFT JOIN views v USING (slot, generation, subject_id) "
                    "        WHERE h.version > coalesce(v.version, 0) AND h.archived_at IS NULL) "
                    "+ (SELECT count(*) FROM views WHERE match_due_at <= lockstep_now()) "
                    "+ (SELECT count(*) FROM devices WHERE match_due_at <= lockstep_now()) "
                    "+ (SELECT count(*) FROM customer_tags WHERE match_due_at <= lockstep_now()) "
                    "+ (SELECT count(*) FROM audiences a JOIN slots s USING (slot) "
                    "        JOIN views v USING (slot, generation, subject_id) "
                    "        WHERE a.done_at IS NULL AND a.stopped_at IS NULL AND a.over_at IS NULL AND NOT v.over "
                    "        AND coalesce((v.state ->> 'showAt')::timestamptz <= lockstep_now(), true)) "
                    "+ (SELECT count(*) FROM fan_outs) "
                    "+ (SELECT count(*) FROM channels WHERE leased_at IS NOT NULL OR claim_at <= lockstep_now()) "
                    "+ (SELECT count(*) FROM cards WHERE leased_at IS NOT NULL OR claim_at <= lockstep_now()) AS now, "
                    "(SELECT count(*) FROM cards WHERE claim_at < lockstep_now() + interval '5 s') "
                    "+ (SELECT count(*) FROM channels WHERE claim_at < lockstep_now() + interval '5 s') AS soon"
                )
                assert busy is not None
                calm = 0 if busy["now"] or busy["soon"] else calm + 1
                if busy["soon"] and not busy["now"]:
                    await self.pass_time(1)
                # the database has no event for "nothing left to do"
                await asyncio.sleep(0.01)

    async def happen_and_rest(self, order: str, type_: str, **data: Any) -> None:
        """Let the shop post an event, and everything come of it."""
        await self.happen(order, type_, **data)
        await self.come_to_rest()

    def fault(self, name: str, **how: Any) -> None:
        """Let something go wrong with the next requests to APNs."""
        self.simulator.add_fault(Fault(name, **how))

    @property
    def apple(self) -> dict[str, str]:
        """Give the variables by which another process sends its pushes to this APNs."""
        return {
            "LOCKSTEP_APNS_TEAM_ID": TEAM_ID,
            "LOCKSTEP_APNS_KEY_ID": KEY_ID,
            "LOCKSTEP_APNS_KEY": self.signing_key,
            "LOCKSTEP_APNS_SANDBOX_URL": self.simulator.apns_url,
            "LOCKSTEP_APNS_PRODUCTION_URL": self.simulator.apns_url,
            "LOCKSTEP_APNS_SANDBOX_CHANNELS_URL": self.simulator.channels_url,
            "LOCKSTEP_APNS_PRODUCTION_CHANNELS_URL": self.simulator.channels_url,
            "LOCKSTEP_APNS_CA_FILE": str(self.simulator.ca_file),
        }

    @property
    def pushes(self) -> list[ReceivedPush]:
        """Give every request that APNs received."""
        return list(self.simulator.pushes)

    def kinds(self) -> list[str | None]:
        """Give what the accepted pushes were to do, in order."""
        return [push.event for push in self.pushes if push.status == 200]


def cards_of(phone: PhoneAgent) -> list[Card]:
    """Give the cards that the phone has had, the oldest first."""
    return list(phone.phone.cards.values())


def card_of(phone: PhoneAgent) -> Card:
    """Give the only card that the phone has ever had."""
    [card] = cards_of(phone)
    return card


def is_live(phone: PhoneAgent) -> bool:
    """Tell whether the phone has an active card whose token its app knows."""
    return any(card.state == "active" and card.update_token is not None for card in cards_of(phone))


@asynccontextmanager
async def running_world(
    dsn: str,
    clock: Clock,
    certificates: Path,
    *,
    routes: Callable[[Simulator], Iterable[Route]] = lambda _: (),
    **settings: Any,
) -> AsyncIterator[World]:
    """Run everything on a migrated database.

    Args:
        dsn: The database.
        clock: Its clock.
        certificates: Where the simulator keeps them; making them takes a while.
        routes: Gives those that the service has beside its own.
        settings: What is not as a fast trial has it.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    async with AsyncExitStack() as stack:
        simulator = await Simulator.start(certificates, options=Options(profile=CALM, grace_seconds=0.1))
        stack.push_async_callback(simulator.stop)
        simulator.register_key(TEAM_ID, KEY_ID, public)
        given: dict[str, Any] = {
            "database_url": dsn,
            "secret_key": base64.b64encode(SECRET_KEY).decode(),
            "port": 0,
            "database_connections": 4,
            "apns_team_id": TEAM_ID,
            "apns_key_id": KEY_ID,
            "apns_key": pem,
            "apns_production_url": simulator.apns_url,
            "apns_sandbox_url": simulator.apns_url,
            "apns_production_channels_url": simulator.channels_url,
            "apns_sandbox_channels_url": simulator.channels_url,
            "apns_ca_file": simulator.ca_file,
            "fcm_account": msgspec.json.encode(simulator.fcm.make_account()).decode(),
            "fcm_url": simulator.fcm.url,
            "profile": "fast",
        }
        chosen = load_settings(**(given | settings))
        service = await Service.start(chosen, routes(simulator))
        stack.push_async_callback(service.stop)
        simulator.lockstep_url = service.url
        api_key, _ = await service.key_store.create(name="shop", environment="test", scopes=SCOPES)
        shop = await stack.enter_async_context(aiohttp.ClientSession(headers={"Authorization": f"Bearer {api_key}"}))
        world = World(service, simulator, shop, clock, api_key, pem, chosen)
        try:
            yield world
        finally:
            await world.service.stop()
