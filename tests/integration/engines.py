"""Both engines against a scripted peer: what the tests of the transport share."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from app.apns import payload
from app.apns.answer import Answer
from app.apns.engine_transport import Engine, EngineTransport, TransportSettings
from app.apns.httpx_engine import HttpxEngine
from app.apns.pyqwest_engine import PyqwestEngine
from app.apns.request import ApnsRequest, Environment, build
from tests.integration.scripted_apns import OK, Action, ScriptedApns, Seen, scripted_apns

Script = Callable[[Seen], tuple[Action, ...]]
PATIENT = 20.0
CREDENTIAL = "TEAM123456/KEY1234567"


@dataclass(frozen=True)
class Make:
    """An engine, and where it differs from the other by nature.

    Attributes:
        moves_on: it moves pushes that a GOAWAY left behind to a new connection itself.
        tries: how often it sends a push itself that was provably not processed.
        most_timeouts: so many in a row cost it the connection.
        adds: header fields of its own.
    """

    name: str
    engine: Callable[..., Engine]
    moves_on: bool
    tries: int
    most_timeouts: int
    adds: dict[str, str]

    def __str__(self) -> str:
        return self.name


MAKES = (
    # httpx leaves a cancelled stream open, so one timeout costs it the connection.
    Make("httpx", HttpxEngine, moves_on=False, tries=1, most_timeouts=1, adds={}),
    Make("pyqwest", PyqwestEngine, moves_on=True, tries=3, most_timeouts=3, adds={"accept": "*/*"}),
)


def a_push(
    number: int = 1, body: bytes | None = None, *, once: bool = False, app: str = "com.example.shop"
) -> ApnsRequest:
    """Build an update that differs from others by its number."""
    return build(
        environment=Environment.SANDBOX,
        app=app,
        token=f"{number:0160x}",
        apns_id=UUID(int=number),
        priority=5,
        expiration=1_800_000_600,
        payload=body or payload.update(timestamp=1_800_000_000, content_state=b'{"status":"ready"}'),
        once=once,
    )


async def send(
    transport: EngineTransport,
    number: int = 1,
    within: float = PATIENT,
    body: bytes | None = None,
    *,
    once: bool = False,
    credential: str = CREDENTIAL,
    bearer: str = "a.provider.token",
    app: str = "com.example.shop",
) -> Answer:
    """Send the push of that number."""
    push = a_push(number, body, once=once, app=app)
    return await transport.send(push, credential=credential, bearer=bearer, deadline_seconds=within)


async def outcomes(transport: EngineTransport, numbers: range, within: float = PATIENT) -> list[Answer | BaseException]:
    """Send many at once and give what became of each."""
    sends = (send(transport, number, within) for number in numbers)
    return await asyncio.gather(*sends, return_exceptions=True)


def transport_to(
    make: Make,
    url: str,
    ca_file: str | None,
    *,
    max_in_flight: int = 500,
    connect_timeout: float = 10.0,
    reconnect_pause: float = 0.0,
    idle: float = 3_600.0,
    max_age: float = 3_600.0,
    topic: float = 300.0,
) -> EngineTransport:
    """Make a transport to an address."""
    return EngineTransport(
        make.engine(ca_file=ca_file, connect_timeout_seconds=connect_timeout),
        TransportSettings(
            base_urls={Environment.SANDBOX: url},
            max_in_flight=max_in_flight,
            reconnect_pause_seconds=reconnect_pause,
            idle_seconds=idle,
            max_age_seconds=max_age,
            topic_seconds=topic,
        ),
    )


@asynccontextmanager
async def sending_to(
    make: Make, peer: ScriptedApns, *, max_in_flight: int = 500, **limits: float
) -> AsyncIterator[EngineTransport]:
    """Give a transport that trusts the peer alone; for the limits see `transport_to`."""
    transport = transport_to(make, peer.url, peer.ca_file, max_in_flight=max_in_flight, **limits)
    try:
        yield transport
    finally:
        await transport.close()


@asynccontextmanager
async def against(
    make: Make, folder: Path, script: Script, *, first_limit: int | None = 100, max_in_flight: int = 500
) -> AsyncIterator[tuple[ScriptedApns, EngineTransport]]:
    """Give a peer that follows the script and a transport to it."""
    async with (
        scripted_apns(folder, script, first_limit=first_limit) as peer,
        sending_to(make, peer, max_in_flight=max_in_flight) as transport,
    ):
        yield peer, transport


def all_well(_seen: Seen) -> tuple[Action, ...]:
    """Answer 200."""
    return (OK,)
