"""A simulator at a fixed time, senders to it, and a stand-in for Lockstep: what the tests of the simulator share."""

import ssl
from collections import deque
from typing import Any

import httpx
from aiohttp import web

from app.simulator.simulator import Simulator
from tests.unit.app.simulator.examples import Provider

PROVIDER = Provider()


def connect(simulator: Simulator, url: str | None = None) -> httpx.AsyncClient:
    """Give a client that trusts the simulator."""
    trust = ssl.create_default_context(cafile=simulator.ca_file)
    return httpx.AsyncClient(http1=False, http2=True, verify=trust, base_url=url or simulator.apns_url, timeout=5)


class Lockstep:
    """Keep the calls it receives and answer as told."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, str, Any]] = []
        self.statuses: deque[int] = deque()
        self.answer: dict[str, Any] = {"cards": [], "missing": []}
        self.url = ""
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Listen at a free port."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._take)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()

    def bodies(self, ending: str) -> list[Any]:
        """Give what was put to paths with this ending."""
        return [body for _, path, _, body in self.calls if path.endswith(ending)]

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.json() if request.can_read_body else None
        self.calls.append((request.method, request.path, request.headers.get("Authorization", ""), body))
        status = self.statuses.popleft() if self.statuses else 200
        return web.json_response(self.answer, status=status)
