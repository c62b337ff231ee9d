"""One connection to APNs from its first push to its last, whatever engine holds it."""

import asyncio
from typing import Protocol

import msgspec

from app.apns.answer import Answer
from app.apns.request import Asked


class Attempt(msgspec.Struct):
    """A push under way.

    Attributes:
        bearer: the provider token.
        left: its last byte was given to the engine; until then APNs cannot have processed it.
        generation: the connection it is an exchange on; none while it waits for one.
    """

    request: Asked
    bearer: str
    left: bool = False
    generation: "Generation | None" = None


class SupersededError(Exception):
    """Says that the connection does not take this push after all; it has to queue again, here or on the next."""


class Link(Protocol):
    """A connection as an engine holds it."""

    @property
    def spent(self) -> bool:
        """Tell whether the next push needs another connection."""

    async def exchange(self, attempt: Attempt) -> Answer:
        """Send a push and give the answer; the first one opens the connection.

        Raises:
            NotSent: APNs provably did not process it.
            Ambiguous: it may have been processed.
            SupersededError: the connection takes no more pushes, and this one did not begin.
        """

    def retire(self) -> None:
        """Send away those that wait for a stream; what began goes on."""

    async def close(self) -> None:
        """Close the connection; nothing is under way on it."""


def authority_of(host: str, port: int) -> str:
    """Give what requests on a connection name as their authority."""
    return host if port == 443 else f"{host}:{port}"


class Generation:
    """Counts what is under way on a connection, and closes it when it is retired and empty.

    Attributes:
        gate: held by the one push that goes first.
        warm: a first push was answered.
        retired: takes no new pushes.
    """

    def __init__(
        self,
        link: Link,
        *,
        idle_seconds: float,
        max_age_seconds: float,
        most_timeouts: int,
        closing: set[asyncio.Task[None]],
    ) -> None:
        self.gate = asyncio.Lock()
        self.warm = False
        self.retired = False
        self._link = link
        self._idle_seconds = idle_seconds
        self._most_timeouts = most_timeouts
        self._loop = asyncio.get_running_loop()
        self._begun_at = self._used_at = self._loop.time()
        self._old_at = self._begun_at + max_age_seconds
        self._under_way = 0
        self._timeouts = 0
        self._closing = closing
        self._closed = False

    @property
    def age(self) -> float:
        """Tell for how many seconds it has been there."""
        return self._loop.time() - self._begun_at

    @property
    def spent(self) -> bool:
        """Tell whether the next push needs another connection."""
        if self.retired or self._link.spent:
            return True
        if not self.warm:
            return False
        now = self._loop.time()
        idle = not self._under_way and now - self._used_at > self._idle_seconds
        return idle or now > self._old_at

    async def exchange(self, attempt: Attempt) -> Answer:
        """Send a push and give the answer; see `Link.exchange`."""
        attempt.generation = self
        self._under_way += 1
        try:
            answer = await self._link.exchange(attempt)
        except SupersededError:
            attempt.generation = None
            raise
        finally:
            self._under_way -= 1
            self._used_at = self._loop.time()
            if self._link.spent:
                self.retire()
            else:
                self._close_if_empty()
        self.warm = True
        self._timeouts = 0
        return answer

    def note_timeout(self) -> None:
        """Retire after so many timeouts in a row, or the first when nothing was ever answered."""
        self._timeouts += 1
        if not self.warm or self._timeouts >= self._most_timeouts:
            self.retire()

    def retire(self) -> None:
        """Take no new pushes, and close when the last one is done."""
        self.retired = True
        self._link.retire()
        self._close_if_empty()

    def _close_if_empty(self) -> None:
        if self.retired and not self._under_way and not self._closed:
            self._closed = True
            task = self._loop.create_task(self._link.close())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)
