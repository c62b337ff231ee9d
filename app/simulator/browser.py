"""Play a browser that has the tracking page open: it loads the page, and follows the stream as the page's script does.

Rules (WHATWG HTML, "Server-sent events"; WHATWG URL): what stands behind the `#` is not sent. The id of the last event
is sent as `Last-Event-ID` when the line is made anew, after the milliseconds that `retry` gave. 204 says to stop.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final
from urllib.parse import parse_qs, quote, urlsplit

import aiohttp
import msgspec

from app.simulator.errors import SimulatorError

_REFUSED: Final = frozenset({400, 401, 403})
_FOR_GOOD: Final = frozenset({"over", "gone"})
_PARTS: Final = ("", ".css", ".js")


class BrowserTab:
    """Show one link, until told to close.

    Attributes:
        state: what the page was told last; `None` before that.
        word: `open`, `lost`, `unknown` while there is nothing under the link, `closed` once nothing follows, or
            `refused`.
        lines: how many lines it has had.

    Args:
        origin: Lockstep's address.
        link: the path of the page with what stands behind the `#`.
        changed: is told after each change.
        longest_wait_seconds: how long it waits at most before it makes the line anew.
    """

    def __init__(
        self, origin: str, link: str, changed: Callable[[], None], *, longest_wait_seconds: float = 0.05
    ) -> None:
        self._origin, self._changed, self._longest_wait = origin.rstrip("/"), changed, longest_wait_seconds
        parts = urlsplit(link)
        named = parse_qs(parts.fragment)
        self._path, self._order, self._ticket = parts.path, named["order"][0], named["ticket"][0]
        self.state: dict[str, Any] | None = None
        self.word = "lost"
        self.lines = 0
        self._last_id, self._wait = "", longest_wait_seconds
        self._line: aiohttp.ClientResponse | None = None
        self._following = asyncio.get_running_loop().create_task(self._follow())

    def cut(self) -> None:
        """Break the line, as a tunnel does; it is made anew."""
        if self._line is not None:
            self._line.close()

    async def close(self) -> None:
        """Close the tab."""
        self._following.cancel()
        with suppress(asyncio.CancelledError):
            await self._following

    async def _follow(self) -> None:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None, sock_read=45)) as session:
            await self._load(session)
            while self.word not in ("closed", "refused"):
                try:
                    await self._read(session)
                except (aiohttp.ClientError, OSError, TimeoutError):
                    self.word = "lost"
                self._changed()
                if self.word in ("lost", "unknown"):
                    await asyncio.sleep(self._wait)

    async def _load(self, session: aiohttp.ClientSession) -> None:
        """Load the page with its style and its script, which may reach nothing but where they came from."""
        for part in _PARTS:
            async with session.get(f"{self._origin}{self._path}{part}") as answer:
                answer.raise_for_status()
                policy = answer.headers["Content-Security-Policy"]
                if "default-src 'none'" not in policy or "connect-src 'self'" not in policy:
                    raise ValueError(f"the policy of the page allows too much or too little: {policy}")

    async def _read(self, session: aiohttp.ClientSession) -> None:
        headers = {"Authorization": f"Bearer {self._ticket}"}
        if self._last_id:
            headers["Last-Event-ID"] = self._last_id
        address = f"{self._origin}/v1/orders/{quote(self._order, safe='')}/stream"
        async with session.get(address, headers=headers) as answer:
            self._line = answer
            self.lines += 1
            if answer.status in _REFUSED:
                self.word = "refused"
            elif answer.status == 404:
                self.word = "unknown"
            elif answer.status == 204:
                self.word = "closed"
            elif answer.status == 200:
                self.word = "open"
                await self._read_blocks(answer)
                self.word = "closed" if self.state is not None and self.state["phase"] in _FOR_GOOD else "lost"
            else:
                self.word = "lost"

    async def _read_blocks(self, answer: aiohttp.ClientResponse) -> None:
        fields: dict[str, str] = {}
        async for raw in answer.content:
            line = raw.decode().rstrip("\n")
            if line:
                name, _, value = line.partition(":")
                fields[name] = value.removeprefix(" ")
                continue
            self._take(fields)
            fields = {}

    def _take(self, fields: dict[str, str]) -> None:
        if "retry" in fields:
            self._wait = min(int(fields["retry"]) / 1000, self._longest_wait)
        if "data" in fields:
            self.state = msgspec.json.decode(fields["data"], type=dict[str, Any])
            self._last_id = fields.get("id", self._last_id)
            self._changed()


class Browser:
    """Hold the tabs that are open.

    Args:
        origin: gives Lockstep's address; `None` while it is not known.
        changed: is told after each change of a tab.
    """

    def __init__(self, origin: Callable[[], str | None], changed: Callable[[], None]) -> None:
        self._origin, self._changed = origin, changed
        self._tabs: set[BrowserTab] = set()

    def open(self, link: str) -> BrowserTab:
        """Open a link to the tracking page in a tab of its own."""
        origin = self._origin()
        if origin is None:
            raise SimulatorError("Lockstep's address is not known yet")
        tab = BrowserTab(origin, link, self._changed)
        self._tabs.add(tab)
        return tab

    async def close(self, tab: BrowserTab) -> None:
        """Close a tab."""
        self._tabs.discard(tab)
        await tab.close()

    async def stop(self) -> None:
        """Close all tabs."""
        for tab in list(self._tabs):
            await self.close(tab)
