"""One HTTP/2 connection of httpx's engine, mended where a push would suffer.

What httpcore 1.0.9 does, and what stands here instead:
    - It waits for free streams while it holds the lock that frees them, when the server lowers
      SETTINGS_MAX_CONCURRENT_STREAMS in flight; APNs does that after errors. Here pushes wait before the engine.
    - It keeps to one stream when the server never names a limit. Here that means no limit but the engine's own.
    - It sends headers, a window update, the body and an end in four writes. Here it is one.
    - It does not say whether a failed request had left. Here `Attempt.left` does.

A push whose last frame was never given to the connection cannot have been processed.
"""

import asyncio
from collections import deque
from typing import Any

import h2.config
import h2.events
import h2.exceptions
import h2.settings
import httpcore
from hpack import HeaderTuple, NeverIndexedHeaderTuple

from app.apns.generation import Attempt, SupersededError
from app.apns.http2_reading import ReadingConnection

MOST_STREAMS = 100
"""The engine's own limit of streams on a connection."""

_STREAMS = h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS


def fields(attempt: Attempt, *, authority: bytes) -> list[tuple[bytes, bytes]]:
    """Write a request's header fields, in order."""
    request = attempt.request
    # The table of header fields is small at APNs: what differs from push to push must not push out the rest.
    return [
        HeaderTuple(b":method", request.method.encode("ascii")),
        HeaderTuple(b":authority", authority),
        HeaderTuple(b":scheme", b"https"),
        NeverIndexedHeaderTuple(b":path", request.path.encode("ascii")),
        HeaderTuple(b"authorization", b"bearer " + attempt.bearer.encode("ascii")),
        *(
            (HeaderTuple if shared else NeverIndexedHeaderTuple)(name.encode("ascii"), value.encode("ascii"))
            for name, value, shared in request.headers
        ),
        NeverIndexedHeaderTuple(b"content-length", b"%d" % len(request.payload)),
    ]


class StreamSlots:
    """Counts the streams that may be open; one until the server said otherwise."""

    def __init__(self) -> None:
        self.limit = 1
        self._closed = False
        self._used = 0
        # whether a stream is given; False sends away
        self._waiting: deque[asyncio.Future[bool]] = deque()

    async def acquire(self) -> None:
        """Wait for a stream, first come, first served.

        Raises:
            SupersededError: the connection was retired meanwhile.
        """
        if self._closed:
            raise SupersededError
        if self._used < self.limit and not self._waiting:
            self._used += 1
            return
        turn: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            given = await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                if turn in self._waiting:
                    self._waiting.remove(turn)
            elif turn.result():
                self.release()
            raise
        # an exception within the future would hold this frame, which holds the future, until the collector comes by
        if not given:
            raise SupersededError

    def release(self) -> None:
        """Give a stream back."""
        self._used -= 1
        self._wake()

    def resize(self, limit: int) -> None:
        """Take the server's new limit; streams above it finish, none begins."""
        self.limit = min(limit, MOST_STREAMS)
        self._wake()

    def close(self) -> None:
        """Send those that wait away."""
        self._closed = True
        for turn in self._waiting:
            if not turn.done():
                turn.set_result(False)
        self._waiting.clear()

    def _wake(self) -> None:
        while self._used < self.limit and self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                self._used += 1
                turn.set_result(True)


class Http2Link(ReadingConnection):
    """A connection that takes one `Attempt` a request, as an extension beside its `fields`."""

    # Our headers are in order already; and h2 would never index the authorization, 200 bytes a push.
    CONFIG = h2.config.H2Configuration(
        validate_inbound_headers=False, validate_outbound_headers=False, normalize_outbound_headers=False
    )

    def __init__(self, origin: httpcore.Origin, stream: httpcore.AsyncNetworkStream) -> None:
        super().__init__(origin=origin, stream=stream)
        self.slots = StreamSlots()
        self._settled = False

    def _farewell(self) -> None:
        self.slots.close()

    async def _send_request_headers(self, request: httpcore.Request, stream_id: int) -> None:
        if self.goaway is not None:
            # it came between the slot and here
            raise httpcore.ConnectionNotAvailable
        try:
            self._h2_state.send_headers(stream_id, request.extensions["fields"])
        except h2.exceptions.TooManyStreamsError as error:
            # The limit was lowered between the slot and here.
            raise SupersededError from error

    async def _send_request_body(self, request: httpcore.Request, stream_id: int) -> None:
        attempt: Attempt = request.extensions["attempt"]
        body = attempt.request.payload
        while True:
            flow = await self._wait_for_outgoing_flow(request, stream_id)
            if len(body) <= flow:
                break
            self._h2_state.send_data(stream_id, body[:flow])
            await self._write_outgoing_data(request)
            body = body[flow:]
        self._h2_state.send_data(stream_id, body, end_stream=True)
        attempt.left = True
        try:
            await self._write_outgoing_data(request)
        except httpcore.NetworkError as error:
            if self._is_left_behind(stream_id):
                # a GOAWAY came while it was to be written
                raise httpcore.ConnectionNotAvailable from error
            raise

    async def _receive_remote_settings_change(self, event: h2.events.RemoteSettingsChanged) -> None:
        changed: dict[Any, Any] = event.changed_settings
        if _STREAMS in changed:
            self.slots.resize(changed[_STREAMS].new_value)
        elif not self._settled:
            self.slots.resize(MOST_STREAMS)
        if not self._settled:
            # The engine's own count is opened once and for all; ours is the one that is kept.
            self._settled = True
            while self._max_streams < MOST_STREAMS:
                await self._max_streams_semaphore.release()
                self._max_streams += 1
