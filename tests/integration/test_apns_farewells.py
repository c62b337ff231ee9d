"""The engine against the simulator's connections: farewells, and answers among silence."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest

from app.apns import payload
from app.apns.answer import Answer
from app.apns.engine_transport import EngineTransport, TransportSettings
from app.apns.errors import Ambiguous, NotSent
from app.apns.httpx_engine import HttpxEngine
from app.apns.request import Environment, build
from app.simulator.chance import CALM
from app.simulator.faults import Fault
from app.simulator.simulator import DEFAULT_BUNDLE_ID, Options, Simulator
from tests.unit.app.simulator.examples import NOW, Provider

PROVIDER = Provider()
BEARER = PROVIDER.token()


@pytest.fixture
async def simulator(tmp_path: Path) -> AsyncIterator[Simulator]:
    """Run a simulator at a fixed time, with one phone."""
    running = await Simulator.start(
        tmp_path, options=Options(profile=CALM, grace_seconds=0.1), now=lambda: float(NOW), host="localhost"
    )
    running.register_key(PROVIDER.team_id, PROVIDER.key_id, PROVIDER.public_pem)
    running.install_phone()
    yield running
    await running.stop()


@pytest.fixture
async def transport(simulator: Simulator) -> AsyncIterator[EngineTransport]:
    """Give a sender whose connection has been answered once."""
    urls = {Environment.SANDBOX: simulator.sandbox_url}
    sender = EngineTransport(HttpxEngine(ca_file=str(simulator.ca_file)), TransportSettings(base_urls=urls))
    await send(sender, simulator, 0)
    yield sender
    await sender.close()


async def send(transport: EngineTransport, simulator: Simulator, number: int) -> Answer:
    """Send the push of that number to the phone; the phone drops it, which is no matter here."""
    request = build(
        environment=Environment.SANDBOX,
        app=DEFAULT_BUNDLE_ID,
        token=simulator.phones["phone-1"].phone.start_tokens["OrderAttributes"],
        apns_id=UUID(int=number),
        priority=5,
        expiration=NOW + 600,
        payload=payload.update(timestamp=NOW, content_state=b'{"status":"ready"}'),
    )
    return await transport.send(request, credential="TEAM/KEY", bearer=BEARER, deadline_seconds=20.0)


async def test_each_push_of_a_graceful_goaway_is_answered_or_was_not_processed(
    transport: EngineTransport, simulator: Simulator
) -> None:
    """What the GOAWAY covers is answered behind it, in the same read and later; nothing is left in doubt."""
    simulator.add_fault(Fault("slow", times=3, seconds=0.2))
    simulator.add_fault(Fault("goaway"))
    outcomes = await asyncio.gather(*(send(transport, simulator, n) for n in range(1, 41)), return_exceptions=True)

    processed = {push.apns_id for push in simulator.pushes}
    for number, outcome in enumerate(outcomes, start=1):
        expected = Answer if str(UUID(int=number)) in processed else NotSent
        assert isinstance(outcome, expected), (number, outcome)
    assert len(processed) >= 5
    assert (await send(transport, simulator, 99)).status == 200
    assert simulator.servers[1].connections_made == 2


async def test_a_push_that_began_behind_a_goaway_was_not_processed(
    transport: EngineTransport, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the connection is closed before its last frame is handed over, or at that moment."""
    monkeypatch.setattr("app.simulator.connection._LINGER_SECONDS", 0.0)
    simulator.add_fault(Fault("goaway", times=None, every=5))
    doubted: list[int] = []

    async def push(number: int) -> None:
        try:
            await send(transport, simulator, number)
        except Ambiguous:
            doubted.append(number)
        except NotSent:
            pass

    for burst in range(5):
        await asyncio.gather(*(push(100 * burst + n) for n in range(1, 60)))

    processed = {push.apns_id for push in simulator.pushes}
    assert [number for number in doubted if str(UUID(int=number)) not in processed] == []


async def test_a_goaway_with_a_reason_leaves_nothing_in_doubt(transport: EngineTransport, simulator: Simulator) -> None:
    """Last stream 0 means that no push was processed, and every push learns the reason."""
    simulator.add_fault(Fault("goaway:InvalidProviderToken"))
    outcomes = await asyncio.gather(*(send(transport, simulator, n) for n in range(1, 21)), return_exceptions=True)

    told = {outcome.goaway_reason for outcome in outcomes if isinstance(outcome, NotSent)}
    assert "InvalidProviderToken" in told
    assert not [outcome for outcome in outcomes if isinstance(outcome, Ambiguous)]


async def test_an_answer_does_not_wait_behind_silence(transport: EngineTransport, simulator: Simulator) -> None:
    """A push that is answered returns while older ones on the same connection wait for theirs."""
    simulator.add_fault(Fault("never_answers", times=4))
    silent = [asyncio.create_task(send(transport, simulator, number)) for number in range(1, 5)]
    await simulator.wait_until(lambda: simulator.pushes.counts["never_answers"] == 4, within_seconds=20)
    answer = await send(transport, simulator, 9)

    assert (answer.status, [task.done() for task in silent]) == (200, [False] * 4)
    assert simulator.servers[1].connections_made == 1
    for task in silent:
        task.cancel()
    await asyncio.gather(*silent, return_exceptions=True)


async def test_a_connection_that_says_goodbye_while_idle_costs_nothing(
    transport: EngineTransport, simulator: Simulator
) -> None:
    """The next push goes over a new connection, and is answered."""
    simulator.add_fault(Fault("goaway_when_idle"))
    await send(transport, simulator, 1)
    await simulator.servers[1].empty()

    assert (await send(transport, simulator, 2)).status == 200
    assert simulator.servers[1].connections_made == 2
