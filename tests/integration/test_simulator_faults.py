"""Meet each fault of the simulator as a sender would."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from app.simulator.agent import PhoneAgent
from app.simulator.fault_plans import PLANS
from app.simulator.faults import KINDS, Fault
from app.simulator.simulator import Simulator
from tests.integration.simulated import PROVIDER, connect
from tests.unit.app.simulator.examples import NOW, encoded, headers, start


@pytest.fixture
async def client(simulator: Simulator) -> AsyncIterator[httpx.AsyncClient]:
    """Connect a sender."""
    async with connect(simulator) as connected:
        yield connected


async def push(client: httpx.AsyncClient, phone: PhoneAgent, token: str | None = None) -> httpx.Response:
    """Send a start, by default to the phone's start token."""
    value = token or phone.phone.start_tokens["OrderAttributes"]
    payload: dict[str, Any] = start()
    return await client.post(f"/3/device/{value}", content=encoded(payload), headers=headers(PROVIDER.token()))


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind.at_handshake and name != "tls:stall"])
async def test_a_bad_handshake_ends_the_connection_and_the_next_is_good(
    client: httpx.AsyncClient, simulator: Simulator, phone: PhoneAgent, name: str
) -> None:
    """An open connection is sent away, the next one fails, nothing arrives, and the one after that serves."""
    warm = await push(client, phone)
    simulator.add_fault(Fault(name))
    await simulator.servers[0].empty()

    async with connect(simulator) as second:
        with pytest.raises(httpx.ConnectError) as failed:
            await push(second, phone)
        served = await push(second, phone)

    assert (warm.status_code, served.status_code, len(simulator.pushes)) == (200, 200, 2)
    words = {"tls:unknown_ca": "unable to get local issuer", "tls:wrong_name": "address mismatch"}
    assert words.get(name, "") in str(failed.value)


async def test_a_stalled_handshake_is_never_answered(simulator: Simulator) -> None:
    """The client waits for a greeting that does not come; others are served, and stopping does not wait for it."""
    simulator.add_fault(Fault("tls:stall"))
    port = simulator.servers[0].port
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    trust = ssl.create_default_context(cafile=simulator.ca_file)
    trust.set_alpn_protocols(["h2"])
    upgrading = asyncio.ensure_future(writer.start_tls(trust, server_hostname="localhost"))
    served = await asyncio.open_connection("localhost", port, ssl=trust)

    assert (await served[0].read(9), upgrading.done()) != (b"", True)
    await simulator.stop()
    with pytest.raises(ConnectionError):
        await upgrading
    served[1].close()


@pytest.mark.parametrize(("which", "size_bytes"), [("empty", 0), ("html", 89), ("large", 2**20)])
async def test_a_proxy_may_answer(
    client: httpx.AsyncClient, simulator: Simulator, phone: PhoneAgent, which: str, size_bytes: int
) -> None:
    """The body is whole, whatever its size, and the push was not processed."""
    simulator.add_fault(Fault(f"body:{which}"))

    answer = await push(client, phone)

    assert (answer.status_code, len(answer.content)) == (502, size_bytes)
    assert len(phone.phone.cards) == 0


async def test_an_answer_without_apns_id_was_an_acceptance(
    client: httpx.AsyncClient, simulator: Simulator, phone: PhoneAgent
) -> None:
    """The push arrived, and only the header is missing."""
    simulator.add_fault(Fault("no_apns_id"))

    answer = await push(client, phone)

    assert (answer.status_code, "apns-id" in answer.headers, len(phone.phone.cards)) == (200, False, 1)


@pytest.mark.parametrize("code", ["internal", "cancel"])
async def test_a_reset_says_its_code(
    client: httpx.AsyncClient, simulator: Simulator, phone: PhoneAgent, code: str
) -> None:
    """The stream ends with the code that was asked for, and nothing was processed."""
    simulator.add_fault(Fault(f"reset:{code}"))

    with pytest.raises(httpx.RemoteProtocolError, match={"internal": "2", "cancel": "8"}[code]):
        await push(client, phone)

    assert len(phone.phone.cards) == 0


async def test_a_cut_behind_the_headers_has_shown_the_push(
    client: httpx.AsyncClient, simulator: Simulator, phone: PhoneAgent
) -> None:
    """The status came, its end did not, and the phone shows the card."""
    simulator.add_fault(Fault("cut_after_headers"))

    with pytest.raises(httpx.RemoteProtocolError):
        await push(client, phone)

    assert len(phone.phone.cards) == 1


async def test_a_connection_that_is_idle_says_goodbye(
    client: httpx.AsyncClient, simulator: Simulator, phone: PhoneAgent
) -> None:
    """The push is answered, and then the connection goes."""
    simulator.add_fault(Fault("goaway_when_idle"))
    first = await push(client, phone)
    await simulator.servers[0].empty()

    assert (first.status_code, simulator.servers[0].connections_made) == (200, 1)


async def test_a_black_hole_swallows_the_whole_connection(
    client: httpx.AsyncClient, simulator: Simulator, phone: PhoneAgent
) -> None:
    """The request it began with and those behind it on the same connection are neither processed nor answered."""
    warm = await push(client, phone)
    simulator.add_fault(Fault("black_hole"))
    lost = [asyncio.create_task(push(client, phone)) for _ in range(3)]
    await simulator.wait_until(lambda: simulator.pushes.counts["black_hole"] == 3, within_seconds=5)

    assert [warm.status_code, *(task.done() for task in lost)] == [200, False, False, False]
    assert len(phone.phone.cards) == 1
    for task in lost:
        task.cancel()
    await asyncio.gather(*lost, return_exceptions=True)


async def test_a_dead_token_was_replaced_on_its_phone(
    client: httpx.AsyncClient, simulator: Simulator, phone: PhoneAgent
) -> None:
    """APNs calls the old token dead from now on, by itself, and takes pushes to the new one."""
    old = phone.phone.start_tokens["OrderAttributes"]
    simulator.add_fault(Fault("reason:BadDeviceToken", replaces_token=True))

    reasons = [(await push(client, phone, old)).json()["reason"] for _ in range(2)]

    assert reasons == ["BadDeviceToken", "Unregistered"]
    assert (await push(client, phone)).status_code == 200


@pytest.mark.parametrize("seconds", [-3600, 60])
async def test_a_token_dies_before_or_after_its_phone_got_it(
    client: httpx.AsyncClient, simulator: Simulator, phone: PhoneAgent, seconds: int
) -> None:
    """The timestamp counts from the token's issue, in milliseconds."""
    simulator.add_fault(Fault("reason:Unregistered", died_after_seconds=seconds))

    answer = await push(client, phone)

    assert answer.json() == {"reason": "Unregistered", "timestamp": (NOW + seconds) * 1000}


async def test_a_refusal_may_say_when_to_come_again(
    client: httpx.AsyncClient, simulator: Simulator, phone: PhoneAgent
) -> None:
    """Retry-After goes with any refusal."""
    simulator.add_fault(Fault("reason:ServiceUnavailable", retry_after_seconds=7))

    assert (await push(client, phone)).headers["retry-after"] == "7"


@pytest.mark.parametrize("name", PLANS)
async def test_every_plan_can_begin(simulator: Simulator, name: str) -> None:
    """The simulator takes each plan as it is written."""
    plan = PLANS[name]
    simulator.begin_plan(plan)

    assert list(simulator.faults.waiting) == list(plan.faults)
