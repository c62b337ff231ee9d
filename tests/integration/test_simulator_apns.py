"""Push to the simulator over HTTP/2 as a sender would."""

import asyncio
import ssl
import uuid
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from app.simulator.agent import PhoneAgent
from app.simulator.errors import SimulatorError
from app.simulator.faults import Fault
from app.simulator.simulator import Simulator
from tests.integration.simulated import PROVIDER, connect
from tests.unit.app.simulator.examples import NOW, encoded, headers, start, update

UNKNOWN_TOKEN = "ab" * 32


@pytest.fixture
async def client(simulator: Simulator) -> AsyncIterator[httpx.AsyncClient]:
    """Connect a sender."""
    async with connect(simulator) as connected:
        yield connected


async def push(
    client: httpx.AsyncClient, token: str, payload: dict[str, Any] | None = None, **changes: str | None
) -> httpx.Response:
    """Send one push with a good provider token, unless told otherwise."""
    content = encoded(start() if payload is None else payload)
    return await client.post(f"/3/device/{token}", content=content, headers=headers(PROVIDER.token(), **changes))


def start_token(phone: PhoneAgent) -> str:
    """Give the phone's start token."""
    return phone.phone.start_tokens["OrderAttributes"]


async def test_a_good_push_is_accepted_and_shown(client: httpx.AsyncClient, phone: PhoneAgent) -> None:
    """A start is answered 200 with its apns-id and an empty body, and the card is on the phone."""
    apns_id = str(uuid.uuid4())

    answer = await push(client, start_token(phone), apns_id=apns_id)

    assert (answer.http_version, answer.status_code, answer.content) == ("HTTP/2", 200, b"")
    assert answer.headers["apns-id"] == apns_id
    assert [card.card_id for card in phone.phone.cards.values()] == ["card-1"]


async def test_a_refusal_carries_reason_and_apns_id(client: httpx.AsyncClient) -> None:
    """A push to an unknown token is answered 400 BadDeviceToken in JSON."""
    answer = await push(client, UNKNOWN_TOKEN)

    assert (answer.status_code, answer.json()) == (400, {"reason": "BadDeviceToken"})
    assert uuid.UUID(answer.headers["apns-id"])


async def test_a_dead_token_is_answered_with_the_time_in_milliseconds(
    client: httpx.AsyncClient, phone: PhoneAgent
) -> None:
    """After a reinstallation the old start token is 410 Unregistered since then."""
    old = start_token(phone)
    phone.reinstall()

    answer = await push(client, old)

    assert (answer.status_code, answer.json()) == (410, {"reason": "Unregistered", "timestamp": NOW * 1000})
    assert (await push(client, start_token(phone))).status_code == 200


async def test_each_environment_has_its_own_address(simulator: Simulator) -> None:
    """A sandbox token is unknown to production, and the other way round."""
    sandbox = start_token(simulator.install_phone(environment="sandbox"))
    production = start_token(simulator.install_phone(environment="production"))

    async with connect(simulator, simulator.sandbox_url) as here, connect(simulator, simulator.production_url) as there:
        answers = [
            (await push(client, token)).status_code for client in (here, there) for token in (sandbox, production)
        ]

    assert answers == [200, 400, 400, 200]


async def test_a_body_of_4097_bytes_is_too_large(client: httpx.AsyncClient, phone: PhoneAgent) -> None:
    """4,096 bytes pass, one more is refused, and so is a megabyte, without ending the connection."""
    empty = len(encoded(start() | {"x": ""}))
    fits, too_large, huge = (start() | {"x": "a" * (size - empty)} for size in (4096, 4097, 2**20))

    answers = [
        (await push(client, start_token(phone), payload)).status_code for payload in (fits, too_large, huge, fits)
    ]

    assert answers == [200, 413, 413, 200]


async def test_one_stream_until_a_good_provider_token_then_a_thousand(simulator: Simulator, phone: PhoneAgent) -> None:
    """The first SETTINGS allow one stream; after an accepted token they allow a thousand."""
    limits: list[int] = []
    async with connect(simulator) as client:
        for token in ("nonsense", PROVIDER.token()):
            await push(client, start_token(phone), authorization=f"bearer {token}")
            # The limit travels beside the answer; one more answer brings it for certain.
            await push(client, UNKNOWN_TOKEN, authorization=f"bearer {token}")
            limits.append(remote_stream_limit(client))

    assert limits == [1, 1000]


async def test_two_hundred_pushes_fly_at_once(client: httpx.AsyncClient, simulator: Simulator) -> None:
    """200 concurrent pushes to 200 phones over one connection are each accepted and shown."""
    phones = [simulator.install_phone() for _ in range(200)]

    answers = await asyncio.gather(*(push(client, start_token(phone)) for phone in phones))

    assert {answer.status_code for answer in answers} == {200}
    assert [len(phone.phone.cards) for phone in phones] == [1] * 200
    assert simulator.servers[0].connections_made == 1


async def test_a_client_that_speaks_http_1_gets_no_status(simulator: Simulator) -> None:
    """Without HTTP/2 the connection is dropped."""
    trust = ssl.create_default_context(cafile=simulator.ca_file)
    async with httpx.AsyncClient(verify=trust, base_url=simulator.apns_url) as client:
        with pytest.raises(httpx.TransportError):
            await client.post(f"/3/device/{UNKNOWN_TOKEN}", content=b"{}")


@pytest.mark.parametrize(
    ("reason", "status"),
    [("TooManyRequests", 429), ("InternalServerError", 500), ("ServiceUnavailable", 503), ("BadTopic", 400)],
)
async def test_a_fault_answers_with_its_reason(
    client: httpx.AsyncClient, simulator: Simulator, phone: PhoneAgent, reason: str, status: int
) -> None:
    """A reason waits for the next request and is used up by it; the phone sees nothing."""
    simulator.add_fault(Fault(f"reason:{reason}"))

    refused, accepted = await push(client, start_token(phone)), await push(client, start_token(phone))

    assert (refused.status_code, refused.json()["reason"], accepted.status_code) == (status, reason, 200)
    assert len(phone.phone.cards) == 1


async def test_a_fault_for_one_token_leaves_others_alone(client: httpx.AsyncClient, simulator: Simulator) -> None:
    """A fault that names a token waits for that token."""
    unlucky, lucky = (start_token(simulator.install_phone()) for _ in range(2))
    simulator.add_fault(Fault("reason:InternalServerError", token=unlucky, times=2))

    answers = [(await push(client, token)).status_code for token in (lucky, unlucky, lucky, unlucky, unlucky)]

    assert answers == [200, 500, 200, 500, 200]


async def test_a_slow_answer_comes_and_is_processed_before(
    client: httpx.AsyncClient, simulator: Simulator, phone: PhoneAgent
) -> None:
    """The phone shows a push whose answer is still on its way; a faster answer overtakes it."""
    await push(client, start_token(phone))
    simulator.add_fault(Fault("slow", seconds=0.5))

    slow = asyncio.create_task(push(client, start_token(phone)))
    await simulator.wait_until(lambda: len(phone.phone.cards) == 2, within_seconds=5)
    fast = await push(client, start_token(phone))

    assert (slow.done(), fast.status_code, (await slow).status_code) == (False, 200, 200)


async def test_a_request_that_is_never_answered_leaves_its_neighbours_alone(
    client: httpx.AsyncClient, simulator: Simulator, phone: PhoneAgent
) -> None:
    """The black hole swallows one request without processing it."""
    await push(client, start_token(phone))
    simulator.add_fault(Fault("never_answers"))

    swallowed = asyncio.create_task(push(client, start_token(phone)))
    await simulator.wait_until(lambda: not simulator.faults.waiting and len(simulator.pushes) == 2, within_seconds=5)
    neighbour = await push(client, start_token(phone))
    swallowed.cancel()

    assert (neighbour.status_code, len(phone.phone.cards)) == (200, 2)


async def test_a_reset_stream_was_not_processed(
    client: httpx.AsyncClient, simulator: Simulator, phone: PhoneAgent
) -> None:
    """A refused stream raises at the client, and the phone sees nothing."""
    simulator.add_fault(Fault("reset"))

    with pytest.raises(httpx.RemoteProtocolError):
        await push(client, start_token(phone))

    assert (len(phone.phone.cards), (await push(client, start_token(phone))).status_code) == (0, 200)


async def test_a_connection_cut_after_processing_has_shown_the_push(
    client: httpx.AsyncClient, simulator: Simulator, phone: PhoneAgent
) -> None:
    """The client cannot know, and the phone shows the card."""
    simulator.add_fault(Fault("cut_after_processing"))

    with pytest.raises(httpx.TransportError):
        await push(client, start_token(phone))

    assert len(phone.phone.cards) == 1


async def test_goaway_with_a_reason_processes_nothing(
    client: httpx.AsyncClient, simulator: Simulator, phone: PhoneAgent
) -> None:
    """Last stream id 0 with a reason means that nothing open was processed."""
    simulator.add_fault(Fault("goaway:BadCertificate"))

    with pytest.raises(httpx.TransportError):
        await push(client, start_token(phone))

    assert len(phone.phone.cards) == 0


async def test_an_unknown_fault_is_refused(simulator: Simulator) -> None:
    """A misspelt fault is an error at once, not a run without faults."""
    with pytest.raises(SimulatorError):
        simulator.add_fault(Fault("reason:NoSuchThing"))


async def test_the_log_knows_every_push_and_its_answer(
    client: httpx.AsyncClient, simulator: Simulator, phone: PhoneAgent
) -> None:
    """Accepted and refused pushes are kept in the order they came."""
    await push(client, start_token(phone))
    await push(client, UNKNOWN_TOKEN, update())

    assert [(one.status, one.reason, one.phone_id, one.event) for one in simulator.pushes] == [
        (200, None, "phone-1", "start"),
        (400, "BadDeviceToken", None, None),
    ]
    assert simulator.pushes.counts == {"200": 1, "BadDeviceToken": 1}


def remote_stream_limit(client: httpx.AsyncClient) -> int:
    """Give the stream limit the client was told last."""
    transport = client._transport
    assert isinstance(transport, httpx.AsyncHTTPTransport)
    connection: Any = transport._pool.connections[0]
    return int(connection._connection._h2_state.remote_settings.max_concurrent_streams)
