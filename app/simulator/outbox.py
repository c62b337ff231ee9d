"""Make the app's calls to Lockstep: late, twice, out of order, and again until they succeed."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import msgspec
import structlog

from app.simulator.chance import Chance, Profile

log = structlog.get_logger()

TicketFor = Callable[[str], Awaitable[str]]
_RETRIED = frozenset({408, 425, 429})


class Account:
    """Hold who is signed in, and the ticket that proves it.

    Args:
        customer_id: the user.
        ticket: what the app sends; fetched when needed if it is `None`.
        ticket_for: gives a new ticket for the user.
    """

    def __init__(self, customer_id: str, ticket: str | None, ticket_for: TicketFor | None) -> None:
        self.customer_id, self.ticket, self._ticket_for = customer_id, ticket, ticket_for

    @property
    def can_renew(self) -> bool:
        """Say whether a new ticket can be had."""
        return self._ticket_for is not None

    async def current_ticket(self) -> str | None:
        """Give the ticket, fetched if there is none."""
        if self.ticket is None and self._ticket_for is not None:
            self.ticket = await self._ticket_for(self.customer_id)
        return self.ticket


class Call(msgspec.Struct, frozen=True):
    """Say what the app wants to tell Lockstep.

    Args:
        method: PUT or DELETE.
        path: below Lockstep's address.
        account: whose ticket it carries.
        body: gives the JSON at the moment of sending; `None` sends none.
        lane: calls with the same lane keep their order; `None` has no order.
        about_card: whether signing out makes the call pointless.
        on_answer: is given the JSON of a good answer.
    """

    method: str
    path: str
    account: Account
    body: Callable[[], dict[str, Any]] | None = None
    lane: str | None = None
    about_card: bool = False
    on_answer: Callable[[dict[str, Any]], None] | None = None


class Complaint(msgspec.Struct, frozen=True, rename="camel"):
    """Say which call Lockstep refused for good, and with what words."""

    method: str
    path: str
    status: int
    text: str


class Line:
    """Hold the way to Lockstep, which all phones share; `url` is `None` until it is known."""

    def __init__(self, url: str | None) -> None:
        self.url = url
        self._session: aiohttp.ClientSession | None = None

    async def send(self, call: Call) -> tuple[int, str, bytes]:
        """Make the call once and give status, Retry-After and content.

        Raises:
            OSError: Lockstep cannot be reached, or its address is not known yet.
            aiohttp.ClientError: the call broke off.
        """
        if self.url is None:
            raise ConnectionRefusedError("Lockstep's address is not known yet")
        ticket = await call.account.current_ticket()
        headers = {"Authorization": f"Bearer {ticket}"} if ticket else {}
        body = call.body() if call.body is not None else None
        url = self.url.rstrip("/") + call.path
        async with self._client().request(call.method, url, json=body, headers=headers) as answer:
            return answer.status, answer.headers.get("Retry-After", ""), await answer.read()

    async def fetch(self, url: str) -> bytes:
        """Give what is at an address.

        Raises:
            OSError: it cannot be reached.
            aiohttp.ClientError: it broke off, or there is nothing.
        """
        async with self._client().get(url) as answer:
            answer.raise_for_status()
            return await answer.read()

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30))
        return self._session

    async def close(self) -> None:
        """Hang up."""
        if self._session is not None:
            await self._session.close()
            self._session = None


class Outbox:
    """Make one phone's calls.

    Args:
        line: the way to Lockstep.
        profile: how late, how often and in what order.
        chance: draws the delays.
        changed: is told after each call.
    """

    def __init__(self, line: Line, profile: Profile, chance: Chance, changed: Callable[[], None]) -> None:
        self._line, self._profile, self._chance, self._changed = line, profile, chance, changed
        self._running: dict[asyncio.Task[None], Call] = {}
        self._lanes: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self.complaints: list[Complaint] = []
        self.answered = 0
        self.online = True

    def submit(self, call: Call) -> None:
        """Make the call in the background, now and then twice."""
        for _ in range(2 if self._chance.happens(self._profile.repeat_probability) else 1):
            task = asyncio.get_running_loop().create_task(self._run(call))
            self._running[task] = call
            task.add_done_callback(self._finish)

    def drop(self, *, cards_only: bool) -> None:
        """Give up calls that were not answered yet."""
        for task, call in self._running.items():
            if call.about_card or not cards_only:
                task.cancel()

    async def quiet(self) -> None:
        """Wait until no call is under way."""
        while self._running:
            await asyncio.wait(self._running)

    async def stop(self) -> None:
        """Give up all calls, as an app that is stopped."""
        self.drop(cards_only=False)
        await self.quiet()

    def _finish(self, task: asyncio.Task[None]) -> None:
        del self._running[task]
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("simulated_app_failed", error=type(error).__name__, exc_info=error)
        self._changed()

    async def _run(self, call: Call) -> None:
        lane = "all" if self._profile.ordered else call.lane
        if lane is None:
            await self._late(call)
        else:
            async with self._lanes[lane]:
                await self._late(call)

    async def _late(self, call: Call) -> None:
        delay = self._chance.between(self._profile.call_seconds)
        if delay:
            await asyncio.sleep(delay)
        attempt, renewed = 0, False
        while True:
            status, retry_after, content = await self._try(call)
            if status == 401 and call.account.can_renew and not renewed:
                call.account.ticket, renewed = None, True
                continue
            if status == 0 or status in _RETRIED or status >= 500:
                await asyncio.sleep(self._pause(attempt, retry_after))
                attempt += 1
                continue
            self._settle(call, status, content)
            return

    async def _try(self, call: Call) -> tuple[int, str, bytes]:
        lost = self._chance.happens(self._profile.call_loss_probability)
        if not self.online or (lost and self._chance.happens(0.5)):
            return 0, "", b""
        try:
            answer = await self._line.send(call)
        except (OSError, aiohttp.ClientError, TimeoutError) as error:
            log.debug("simulated_call_failed", method=call.method, error=type(error).__name__)
            return 0, "", b""
        # What Lockstep did it did, and the app does not know.
        return (0, "", b"") if lost else answer

    def _pause(self, attempt: int, retry_after: str) -> float:
        first, longest = self._profile.retry_seconds
        pause = min(longest, first * 2.0 ** min(attempt, 16)) * self._chance.between((0.5, 1.0))
        return max(pause, min(float(retry_after), longest)) if retry_after.isdigit() else pause

    def _settle(self, call: Call, status: int, content: bytes) -> None:
        self.answered += 1
        if status >= 300:
            self._complain(call, status, content.decode(errors="replace")[:2000])
        elif call.on_answer is not None:
            try:
                call.on_answer(msgspec.json.decode(content, type=dict))
            except (msgspec.DecodeError, KeyError, TypeError, AttributeError) as error:
                self._complain(call, status, f"the answer cannot be read: {error!r}")

    def _complain(self, call: Call, status: int, text: str) -> None:
        self.complaints.append(Complaint(call.method, call.path, status, text))
        log.warning("simulated_call_refused", method=call.method, status=status)
