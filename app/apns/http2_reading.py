"""Read one HTTP/2 connection for all its streams, and go on after a farewell.

What httpcore 1.0.9 and h2 4.3 do, and what stands here instead:
    - Every stream reads in its turn, under one lock: an answer that has come waits behind requests that have none, as
      long as these wait. Here one task reads and wakes the streams that something came for.
    - A GOAWAY ends the connection: answers behind it are not read, and it is forgotten when one came in the same read.
      Here the streams up to its last one are answered, and those above it are known not to have been processed.
"""

import asyncio
from typing import Any

import h2.connection
import h2.events
import httpcore
from hyperframe.frame import Frame, GoAwayFrame


class _Http2(h2.connection.H2Connection):
    def _receive_goaway_frame(self, frame: GoAwayFrame) -> tuple[list[Frame], list[h2.events.Event]]:
        """Tell of the GOAWAY, and stay open for the answers behind it."""
        event = h2.events.ConnectionTerminated()
        event.error_code = frame.error_code
        event.last_stream_id = frame.last_stream_id
        event.additional_data = frame.additional_data or None
        return [], [event]


class ReadingConnection(httpcore.AsyncHTTP2Connection):
    """A connection whose streams wait for their own events alone."""

    def __init__(self, origin: httpcore.Origin, stream: httpcore.AsyncNetworkStream) -> None:
        super().__init__(origin=origin, stream=stream)
        self._h2_state = _Http2(config=self.CONFIG)
        self._reading: asyncio.Task[None] | None = None
        # None: whoever waits for room to send.
        self._turns: dict[int | None, set[asyncio.Future[None]]] = {}

    @property
    def goaway(self) -> h2.events.ConnectionTerminated | None:
        """Give the GOAWAY that came, if one did."""
        return self._connection_terminated

    def is_available(self) -> bool:
        """Tell whether the connection takes requests."""
        return self.goaway is None and super().is_available()

    async def _receive_events(self, request: httpcore.Request, stream_id: int | None = None) -> None:  # noqa: ARG002 - the engine's signature
        """Wait until something came for a stream.

        Raises:
            httpcore.ConnectionNotAvailable: a GOAWAY says that the stream was not processed.
        """
        if self._is_left_behind(stream_id):
            raise httpcore.ConnectionNotAvailable
        if self._read_exception is not None:
            raise self._read_exception if self.goaway is None else httpcore.RemoteProtocolError(self.goaway)
        if self._reading is None:
            self._reading = asyncio.create_task(self._read())
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._turns.setdefault(stream_id, set()).add(turn)
        try:
            await turn
        finally:
            turns = self._turns.get(stream_id, set())
            turns.discard(turn)
            if not turns:
                self._turns.pop(stream_id, None)

    def _farewell(self) -> None:
        """Take note that the other side serves no further stream."""

    async def _read(self) -> None:
        try:
            while data := await self._network_stream.read(self.READ_NUM_BYTES):
                for event in self._h2_state.receive_data(data):
                    await self._take(event)
                self._wake(None)
                await self._network_stream.write(self._h2_state.data_to_send())
            self._fail(httpcore.RemoteProtocolError("Server disconnected"))
        except Exception as error:  # noqa: BLE001 - every stream that waits raises it
            self._fail(error)

    async def _take(self, event: h2.events.Event) -> None:
        match event:
            case h2.events.RemoteSettingsChanged():
                await self._receive_remote_settings_change(event)
            case (
                h2.events.ResponseReceived()
                | h2.events.DataReceived()
                | h2.events.StreamEnded()
                | h2.events.StreamReset()
            ):
                stream: Any = event
                if stream.stream_id in self._events:
                    self._events[stream.stream_id].append(stream)
                    self._wake(stream.stream_id)
            case h2.events.ConnectionTerminated():
                self._connection_terminated = event
                self._farewell()
                for stream_id in [each for each in self._turns if self._is_left_behind(each)]:
                    self._wake(stream_id)

    def _is_left_behind(self, stream_id: int | None) -> bool:
        last = None if self.goaway is None else self.goaway.last_stream_id
        return stream_id is not None and last is not None and stream_id > last

    def _fail(self, error: Exception) -> None:
        self._read_exception = error
        self._connection_error = True
        for stream_id in list(self._turns):
            self._wake(stream_id)

    def _wake(self, stream_id: int | None) -> None:
        for turn in self._turns.get(stream_id, ()):
            if not turn.done():
                turn.set_result(None)
