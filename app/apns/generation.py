"""One connection to APNs from its first push to its last."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpcore

from app.apns.errors import NotSent, NotSentCause
from app.apns.http2_link import Http2Link, Push
from app.apns.wire import Wire, connect


class Generation:
    """Counts what is under way on a connection, and closes it when it is retired and empty.

    Attributes:
        gate: held by the one push that goes first.
        warm: a first push was answered.
        retired: takes no new pushes.
    """

    def __init__(
        self, host: str, port: int, *, idle_seconds: float, max_age_seconds: float, closing: set[asyncio.Task[None]]
    ) -> None:
        self.gate = asyncio.Lock()
        self.warm = False
        self.retired = False
        self._host = host
        self._port = port
        self._idle_seconds = idle_seconds
        self._loop = asyncio.get_running_loop()
        self._old_at = self._loop.time() + max_age_seconds
        self._used_at = self._loop.time()
        self._under_way = 0
        self._link: Http2Link | None = None
        self._wire: Wire | None = None
        self._closing = closing
        self._closed = False
        self._origin = httpcore.Origin(b"https", host.encode("ascii"), port)
        self._url = httpcore.URL(scheme=b"https", host=host.encode("ascii"), port=port, target=b"/")

    @property
    def spent(self) -> bool:
        """Tell whether the next push needs another connection."""
        if self.retired:
            return True
        if self._link is None or self._wire is None:
            return False
        now = self._loop.time()
        idle = not self._under_way and now - self._used_at > self._idle_seconds
        return idle or now > self._old_at or self._wire.cut or not self._link.is_available()

    async def connect(self, context: ssl.SSLContext, *, timeout_seconds: float) -> None:
        """Open the connection, unless an earlier first push did.

        Raises:
            NotSent: it cannot be opened.
        """
        if self._link is None:
            self._wire = await connect(self._host, self._port, context, timeout_seconds=timeout_seconds)
            self._link = Http2Link(self._origin, self._wire)

    @asynccontextmanager
    async def stream(self) -> AsyncIterator[Http2Link]:
        """Wait for a stream and hold it.

        Raises:
            SupersededError: the connection was retired meanwhile.
        """
        link = self._link
        if link is None:
            raise NotSent("the connection is not open", cause=NotSentCause.CONNECT)
        self._under_way += 1
        try:
            await link.slots.acquire()
            try:
                yield link
            finally:
                link.slots.release()
        finally:
            self._under_way -= 1
            self._used_at = self._loop.time()
            self._close_if_empty()

    def request(self, push: Push) -> httpcore.Request:
        """Wrap a push as the engine takes it."""
        return httpcore.Request(b"POST", self._url, extensions={"push": push})

    def retire(self) -> None:
        """Take no new pushes, send those that wait for a stream away, and close when the last one is done."""
        self.retired = True
        if self._link is not None:
            self._link.slots.close()
        self._close_if_empty()

    def _close_if_empty(self) -> None:
        if self.retired and not self._under_way and not self._closed and self._wire is not None:
            self._closed = True
            task = asyncio.create_task(self._wire.shut())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)
