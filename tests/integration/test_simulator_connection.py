"""Speak raw HTTP/2 with the simulator, where ordinary clients hide what happens."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, Event, RemoteSettingsChanged, ResponseReceived, StreamEnded, StreamReset
from h2.settings import SettingCodes, Settings
from hyperframe.frame import Frame, GoAwayFrame, HeadersFrame

from app.simulator.agent import PhoneAgent
from app.simulator.chance import CALM
from app.simulator.faults import Fault
from app.simulator.simulator import Options, Simulator
from tests.integration.simulated import PROVIDER
from tests.unit.app.simulator.examples import NOW, encoded, headers, start


class RawClient:
    """Send streams whenever it is told to, whatever the settings say, and keep what comes back."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self.h2 = H2Connection(H2Configuration(header_encoding="utf-8"))
        self.events: list[Event] = []
        self._next = 1

    @classmethod
    async def connect(cls, simulator: Simulator, *, window: int | None = None) -> "RawClient":
        """Connect and greet; a window narrows what the server may send before it is widened."""
        context = ssl.create_default_context(cafile=simulator.ca_file)
        context.set_alpn_protocols(["h2"])
        port = simulator.servers[0].port
        client = cls(*await asyncio.open_connection("127.0.0.1", port, ssl=context))
        if window is not None:
            client.h2.local_settings = Settings(initial_values={SettingCodes.INITIAL_WINDOW_SIZE: window})
        client.h2.initiate_connection()
        await client.flush()
        return client

    def open(self, token: str, authorization: str | None = None) -> int:
        """Put one push into the buffer; give its stream."""
        number, self._next = self._next, self._next + 2
        changed = {"authorization": authorization} if authorization else {}
        pairs = [
            (":method", "POST"),
            (":scheme", "https"),
            (":authority", "localhost"),
            (":path", f"/3/device/{token}"),
            *headers(PROVIDER.token(), **changed).items(),
        ]
        self.h2.send_headers(number, pairs)
        self.h2.send_data(number, encoded(start()), end_stream=True)
        return number

    async def flush(self) -> None:
        """Send what is in the buffer, in one write."""
        self._writer.write(self.h2.data_to_send())
        await self._writer.drain()

    async def read_until(self, *kinds: type[Event], count: int = 1) -> list[Event]:
        """Read until so many events of these kinds came, or the server hung up; give those."""
        while sum(isinstance(event, kinds) for event in self.events) < count:
            data = await asyncio.wait_for(self._reader.read(65536), timeout=5)
            if not data:
                break
            self.events += self.h2.receive_data(data)
            await self.flush()
        return [event for event in self.events if isinstance(event, kinds)]

    def answered(self) -> list[int | None]:
        """Give the streams that were answered to their end."""
        return [event.stream_id for event in self.events if isinstance(event, StreamEnded)]

    async def close(self) -> None:
        """Hang up."""
        self._writer.close()
        await asyncio.gather(self._writer.wait_closed(), return_exceptions=True)


@pytest.fixture
async def client(simulator: Simulator) -> AsyncIterator[RawClient]:
    """Connect."""
    connected = await RawClient.connect(simulator)
    yield connected
    await connected.close()


def start_token(phone: PhoneAgent) -> str:
    """Give the phone's start token."""
    return phone.phone.start_tokens["OrderAttributes"]


async def test_streams_opened_before_a_body_came_are_refused(client: RawClient, phone: PhoneAgent) -> None:
    """While the first request is still incomplete a second stream is refused, and the connection stands."""
    first = client.h2.get_next_available_stream_id()
    pairs = [(":method", "POST"), (":scheme", "https"), (":authority", "x"), (":path", "/3/device/00")]
    client.h2.send_headers(first, [*pairs, ("authorization", f"bearer {PROVIDER.token()}")])
    client._next = first + 2
    second = client.open(start_token(phone))
    await client.flush()

    (reset,) = await client.read_until(StreamReset)
    client.h2.end_stream(first)
    await client.flush()
    await client.read_until(StreamEnded)

    assert isinstance(reset, StreamReset)
    assert (reset.stream_id, reset.error_code, client.answered()) == (second, 7, [first])


async def test_a_reset_in_the_same_read_as_its_request_does_no_harm(client: RawClient, phone: PhoneAgent) -> None:
    """A request that was cancelled at once is not answered, and the next one is."""
    cancelled = client.open(start_token(phone))
    client.h2.reset_stream(cancelled, 8)
    await client.flush()
    next_one = client.open(start_token(phone))
    await client.flush()

    await client.read_until(StreamEnded)

    assert client.answered() == [next_one]


async def test_goaway_answers_what_is_open_and_takes_nothing_new(
    client: RawClient, simulator: Simulator, phone: PhoneAgent
) -> None:
    """After a graceful GOAWAY the streams it covers are answered and later ones are not processed."""
    warm = client.open(start_token(phone))
    await client.flush()
    await client.read_until(StreamEnded)
    simulator.add_fault(Fault("slow", seconds=0.2))
    simulator.add_fault(Fault("goaway"))
    slow, last = client.open(start_token(phone)), client.open(start_token(phone))
    too_late = client.open(start_token(phone))
    await client.flush()

    await read_past_goaway(client)

    assert client.answered() == [warm, last, slow]
    assert too_late not in client.answered()
    assert len(phone.phone.cards) == 3


async def test_a_limit_lowered_in_flight_rises_after_a_success(
    client: RawClient, simulator: Simulator, phone: PhoneAgent
) -> None:
    """1000, then 1 while streams are open, which are answered, then 1000 with the next acceptance."""
    warm = client.open(start_token(phone))
    await client.flush()
    await client.read_until(StreamEnded)
    simulator.add_fault(Fault("slow", times=2, seconds=0.2))
    simulator.add_fault(Fault("stream_limit"))
    in_flight = [client.open(start_token(phone)) for _ in range(3)]
    await client.flush()
    await client.read_until(StreamEnded, count=4)
    last = client.open(start_token(phone))
    await client.flush()
    await client.read_until(StreamEnded, count=5)

    assert sorted(number or 0 for number in client.answered()) == [warm, *in_flight, last]
    assert limits_in(client.events) == [1, 1000, 1, 1000]


async def test_stopping_says_goodbye(tmp_path: Path) -> None:
    """A simulator that stops lets a slow answer out before it closes."""
    simulator = await Simulator.start(tmp_path, options=Options(profile=CALM), now=lambda: float(NOW))
    simulator.register_key(PROVIDER.team_id, PROVIDER.key_id, PROVIDER.public_pem)
    phone = simulator.install_phone()
    simulator.add_fault(Fault("slow", seconds=0.2))
    client = await RawClient.connect(simulator)
    slow = client.open(start_token(phone))
    await client.flush()
    await simulator.wait_until(lambda: len(simulator.pushes) == 1, within_seconds=5)

    await asyncio.gather(simulator.stop(), read_past_goaway(client))

    assert client.answered() == [slow]
    await client.close()


async def test_an_answer_waits_for_the_clients_window(simulator: Simulator) -> None:
    """With a window of ten bytes the reason comes in pieces, as the window is widened."""
    client = await RawClient.connect(simulator, window=10)
    stream = client.open("ab" * 32)
    await client.flush()
    await client.read_until(ResponseReceived)
    await client.read_until(DataReceived)

    client.h2.increment_flow_control_window(100, stream)
    await client.flush()
    await client.read_until(StreamEnded)

    pieces = [event.data for event in client.events if isinstance(event, DataReceived)]
    assert (len(pieces[0]), b"".join(pieces)) == (10, b'{"reason":"BadDeviceToken"}')
    await client.close()


def limits_in(events: list[Event]) -> list[int]:
    """Give the limits of streams that the server named, in order."""
    changes = [event.changed_settings for event in events if isinstance(event, RemoteSettingsChanged)]
    code = SettingCodes.MAX_CONCURRENT_STREAMS
    return [changed[code].new_value for changed in changes if code in changed]


async def read_past_goaway(client: RawClient) -> None:
    """Read frames to the end by hand, because h2's client side stops at GOAWAY."""
    rest, left = b"", False
    while data := await asyncio.wait_for(client._reader.read(65536), timeout=5):
        rest += data
        while len(rest) >= 9:
            frame, length = Frame.parse_frame_header(memoryview(rest[:9]))
            if len(rest) < 9 + length:
                break
            frame.parse_body(memoryview(rest[9 : 9 + length]))
            rest = rest[9 + length :]
            left = left or isinstance(frame, GoAwayFrame)
            if isinstance(frame, HeadersFrame):
                client.events.append(StreamEnded(stream_id=frame.stream_id))
    assert left
