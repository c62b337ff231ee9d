"""Speak HTTP/2 with one client, as APNs does, and FCM save for the provider token: it allows many streams at once.

The rules: one stream at a time until a request came with a good provider token, then many; a stream above the
limit is refused, not an error of the connection; GOAWAY names the last stream that will be answered and may
carry a reason in JSON; the limit of streams may fall while streams are open, which are answered all the same.

Source:
    Apple, "Sending notification requests to APNs"; RFC 9113.
"""

import asyncio
import contextlib
from collections.abc import Callable
from types import MappingProxyType
from typing import cast

import msgspec
import structlog
from h2.config import H2Configuration
from h2.errors import ErrorCodes
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    RemoteSettingsChanged,
    RequestReceived,
    StreamEnded,
    StreamReset,
    WindowUpdated,
)
from h2.exceptions import ProtocolError, StreamClosedError
from h2.settings import SettingCodes, Settings
from hyperframe.frame import GoAwayFrame

from app.simulator.answers import Answer, Handled
from app.simulator.channel_desk import ChannelDesk
from app.simulator.desk import Desk
from app.simulator.device_tokens import Environment
from app.simulator.faults import Fault
from app.simulator.fcm_desk import FcmDesk
from app.simulator.provider_keys import ProviderKey
from app.simulator.rules import Request
from app.simulator.streams import Http2, Stream, StreamLimits

log = structlog.get_logger()

# A client may still be reading the last answers when its streams are done.
_LINGER_SECONDS = 0.1
_RECEIVE_WINDOW = 2**20
_RESETS = MappingProxyType({"internal": ErrorCodes.INTERNAL_ERROR, "cancel": ErrorCodes.CANCEL})
_CONFIGURATION = H2Configuration(
    client_side=False,
    header_encoding="utf-8",
    validate_outbound_headers=False,
    normalize_outbound_headers=False,
)


class Connection(asyncio.Protocol):
    """Serve one client until either side leaves.

    Args:
        desk: decides the requests.
        environment: the one this address serves; `None` serves both.
        limits: how many streams may be open.
        on_made: is told when the connection stands.
        on_lost: is told when it is gone.
    """

    def __init__(
        self,
        desk: Desk | ChannelDesk | FcmDesk,
        environment: Environment | None,
        limits: StreamLimits,
        on_made: Callable[["Connection"], None],
        on_lost: Callable[["Connection"], None],
    ) -> None:
        self._desk, self._environment, self._limits = desk, environment, limits
        self._on_made, self._on_lost = on_made, on_lost
        self._h2 = Http2(_CONFIGURATION)
        self._limit = limits.before_token
        self._bound_to: ProviderKey | None = None
        self._streams: dict[int, Stream] = {}
        self._newest = 0
        self._leaving = False
        self._leaves_when_idle = False
        # Since a fault lowered the limit: the newest stream then.
        self._lowered_at: int | None = None
        self._hole: Fault | None = None
        self._later: set[asyncio.TimerHandle] = set()
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet with our settings, or drop a client that does not speak HTTP/2."""
        self._transport = cast("asyncio.Transport", transport)
        if transport.get_extra_info("ssl_object").selected_alpn_protocol() != "h2":
            self._transport.abort()
            return
        self._on_made(self)
        self._h2.local_settings = Settings(
            client=False,
            initial_values={
                SettingCodes.MAX_CONCURRENT_STREAMS: self._limit,
                SettingCodes.INITIAL_WINDOW_SIZE: _RECEIVE_WINDOW,
                SettingCodes.MAX_HEADER_LIST_SIZE: 8000,
            },
        )
        self._h2.initiate_connection()
        self._h2.increment_flow_control_window(_RECEIVE_WINDOW)
        self._flush()

    def data_received(self, data: bytes) -> None:
        """Handle all that came in one go, and answer in one write."""
        try:
            for event in self._h2.receive_data(data):
                self._on_event(event)
                if self._transport.is_closing():
                    return
        except ProtocolError as error:
            log.warning("simulator_protocol_error", error=type(error).__name__)
            self._flush()
            self._transport.close()
            return
        self._flush()
        self._close_if_done()

    def pause_writing(self) -> None:
        """Read no more while the client does not read."""
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Read again."""
        self._transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio names the argument
        """Forget everything that was to be sent."""
        for timer in self._later:
            timer.cancel()
        self._streams.clear()
        self._on_lost(self)

    def limit_streams(self, limit: int) -> None:
        """Tell the client how many streams it may open from now on."""
        self._limit = limit
        self._h2.update_settings({SettingCodes.MAX_CONCURRENT_STREAMS: limit})

    def leave(self, *, last_stream: int | None = None, reason: str | None = None) -> None:
        """Send GOAWAY, answer the streams up to the last one and close.

        Args:
            last_stream: the last stream that is served; by default the newest.
            reason: Apple's reason, sent as JSON.
        """
        if self._leaving or self._transport.is_closing():
            return
        self._leaving = True
        self._newest = self._newest if last_stream is None else last_stream
        self._flush()
        data = b"" if reason is None else msgspec.json.encode({"reason": reason})
        self._transport.write(GoAwayFrame(0, last_stream_id=self._newest, additional_data=data).serialize())
        self._streams = {number: stream for number, stream in self._streams.items() if number <= self._newest}
        self._close_if_done()

    def abort(self) -> None:
        """Cut the connection."""
        self._transport.abort()

    def _on_event(self, event: Event) -> None:
        match event:
            case RequestReceived():
                self._on_request(event)
            case DataReceived():
                self._on_data(event)
            case StreamEnded(stream_id=number):
                self._on_end(number)
            case StreamReset(stream_id=number):
                self._streams.pop(number or 0, None)
            case WindowUpdated() | RemoteSettingsChanged():
                for number in [number for number, stream in self._streams.items() if stream.unsent]:
                    self._send_body(number)
            case ConnectionTerminated():
                # h2 sends nothing more once the client has said goodbye.
                self._leaving = True
                self._streams.clear()

    def _on_request(self, event: RequestReceived) -> None:
        number = event.stream_id
        if self._leaving:
            return
        self._newest = max(self._newest, number)
        if len(self._streams) >= self._limit:
            self._reset(number, ErrorCodes.REFUSED_STREAM)
            return
        self._streams[number] = Stream(cast("list[tuple[str, str]]", event.headers))

    def _on_data(self, event: DataReceived) -> None:
        number = event.stream_id
        if event.flow_controlled_length:
            self._h2.acknowledge_received_data(event.flow_controlled_length, number)
        stream = self._streams.get(number)
        if stream is not None and event.data and len(stream.body) <= self._desk.most_bytes:
            stream.body += event.data

    def _on_end(self, number: int | None) -> None:
        stream = self._streams.get(number or 0)
        if number is None or stream is None:
            return
        request = Request(stream.headers, bytes(stream.body))
        if self._hole is not None:
            self._desk.lose(request, self._hole)
            return
        handled = self._desk.handle(request, environment=self._environment, bound_to=self._bound_to)
        if handled.key is not None and self._bound_to is None:
            self._bound_to = handled.key
            self.limit_streams(self._limits.after_token)
        self._carry_out(number, handled)

    def _carry_out(self, number: int, handled: Handled) -> None:
        fault, answer = handled.fault, handled.answer
        match None if fault is None else fault.family:
            case "cut_after_processing":
                # What was answered before is answered.
                self._flush()
                self._transport.close()
            case "cut_after_headers" if answer is not None:
                self._send_headers(number, answer, end_stream=False)
                self._flush()
                self._transport.close()
            case "reset" if fault is not None:
                del self._streams[number]
                self._reset(number, _RESETS.get(fault.detail or "", ErrorCodes.REFUSED_STREAM))
            case "goaway" if fault is not None:
                self.leave(last_stream=0 if fault.reason else None, reason=fault.reason)
                self._answer(number, answer)
            case "goaway_when_idle":
                self._leaves_when_idle = True
                self._answer(number, answer)
            case "stream_limit":
                self.limit_streams(1)
                self._lowered_at = self._newest
                self._answer(number, answer)
            case "slow" if fault is not None:
                self._answer_later(number, answer, fault.seconds)
            case "black_hole":
                self._flush()
                self._hole = fault
            case _:
                self._answer(number, answer)

    def _reset(self, number: int, code: ErrorCodes) -> None:
        with contextlib.suppress(StreamClosedError):
            self._h2.reset_stream(number, code)

    def _answer_later(self, number: int, answer: Answer | None, seconds: float) -> None:
        def send() -> None:
            self._later.discard(timer)
            self._answer(number, answer)
            self._flush()
            self._close_if_done()

        timer = asyncio.get_running_loop().call_later(seconds, send)
        self._later.add(timer)

    def _answer(self, number: int, answer: Answer | None) -> None:
        """Answer the stream, if it is still there; no answer leaves it open."""
        stream = self._streams.get(number)
        if stream is None or answer is None:
            return
        if not self._send_headers(number, answer, end_stream=not answer.body):
            # The reset came in the same read as the request: h2 knows of it before we do.
            del self._streams[number]
            return
        if self._lowered_at is not None and number > self._lowered_at and answer.status == 200:
            self._lowered_at = None
            self.limit_streams(self._limits.after_token)
        if answer.body:
            stream.unsent = answer.body
            self._send_body(number)
        else:
            del self._streams[number]

    def _send_headers(self, number: int, answer: Answer, *, end_stream: bool) -> bool:
        """Send the head of an answer; say whether the stream still took it."""
        try:
            self._h2.send_headers(number, [(":status", str(answer.status)), *answer.headers], end_stream=end_stream)
        except StreamClosedError:
            return False
        return True

    def _send_body(self, number: int) -> None:
        stream = self._streams[number]
        while stream.unsent:
            room = min(self._h2.local_flow_control_window(number), self._h2.max_outbound_frame_size)
            if room <= 0:
                return
            now, stream.unsent = stream.unsent[:room], stream.unsent[room:]
            self._h2.send_data(number, now, end_stream=not stream.unsent)
        del self._streams[number]

    def _flush(self) -> None:
        data = self._h2.data_to_send()
        if data and self._hole is None and not self._transport.is_closing():
            self._transport.write(data)

    def _close_if_done(self) -> None:
        if self._leaves_when_idle and not self._leaving and not self._streams:
            self.leave()
            return
        if self._leaving and not self._streams and not self._later:
            timer = asyncio.get_running_loop().call_later(_LINGER_SECONDS, self._transport.close)
            self._later.add(timer)
