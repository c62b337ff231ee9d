"""A receiver of webhooks on a real port, which looks at each signature."""

import asyncio
import base64
import hmac
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Any, Final

import msgspec
from aiohttp import web

from app.webhooks.address import AddressRules
from app.webhooks.attempt import WebhookRules
from app.webhooks.deliverer import Deliverer
from app.webhooks.post import Poster
from app.webhooks.signature import make_secret, read_secret
from app.webhooks.webhook import DeliveryState, WebhookRequest
from app.webhooks.webhook_store import WebhookStore
from tests.integration.flow import Flow

LOCAL: Final = AddressRules(http=True, networks=[ip_network("127.0.0.0/8")])
SECRET: Final = make_secret(lambda length: b"s" * length)


@dataclass
class Receiver:
    """Answers as it is told, 204 after that, and keeps what was genuine.

    Attributes:
        answers: Statuses that come next.
        retry_after: What it asks for when it takes nothing.
        requests: How many there were.
        taken: What it answered 204 to.
        signatures: How many each had.
        held: Nothing is answered until it is set, and nothing of that is taken.
    """

    url: str = ""
    answers: list[int] = field(default_factory=list)
    retry_after: str | None = None
    requests: list[str] = field(default_factory=list)
    taken: list[dict[str, Any]] = field(default_factory=list)
    signatures: list[int] = field(default_factory=list)
    held: asyncio.Event | None = None
    _came: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def until(self, predicate: Callable[[], bool]) -> None:
        """Wait until what came makes something true."""
        async with self._came:
            await self._came.wait_for(predicate)

    async def take(self, request: web.Request) -> web.Response:
        """Take one."""
        body = await request.read()
        id_, sent = request.headers["webhook-id"], request.headers["webhook-timestamp"]
        given = request.headers["webhook-signature"].split(" ")
        expected = base64.b64encode(hmac.digest(read_secret(SECRET), f"{id_}.{sent}.".encode() + body, "sha256"))
        self.requests.append(id_)
        self.signatures.append(len(given))
        async with self._came:
            self._came.notify_all()
        if self.held is not None:
            await self.held.wait()
            return web.Response(status=503)
        status = self.answers.pop(0) if self.answers else 204
        document = msgspec.json.decode(body)
        if f"v1,{expected.decode()}" not in given or document["id"] != id_:
            status = 401
        if status == 204:
            self.taken.append(document)
            async with self._came:
                self._came.notify_all()
        asked = {"Retry-After": self.retry_after} if self.retry_after is not None and status >= 300 else {}
        return web.Response(status=status, headers=asked)

    def told(self) -> list[tuple[str, str]]:
        """Give type and code of what was taken."""
        return [(each["type"], each["data"]["code"]) for each in self.taken]


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """Run a receiver."""
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/hook", receiver.take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    try:
        yield receiver
    finally:
        await runner.cleanup()


def webhooks_of(flow: Flow) -> WebhookStore:
    """Give what sets webhooks up."""
    return WebhookStore(flow.pool, flow.keyring, LOCAL)


async def listen(flow: Flow, receiver: Receiver, name: str = "shop", **changes: Any) -> None:
    """Set a webhook up that leads to the receiver."""
    await webhooks_of(flow).put(name, WebhookRequest(**{"url": receiver.url, "secret": SECRET} | changes))


async def deliver(*deliverers: Deliverer) -> None:
    """Let deliverers send what is due now, and write what became of it."""
    poster = Poster(LOCAL, 5.0)
    try:
        await asyncio.gather(*(each.deliver_some(poster) for each in deliverers))
        for each in deliverers:
            await each.drained()
    finally:
        await poster.close()


def deliverers(flow: Flow, count: int = 1, **rules: Any) -> Sequence[Deliverer]:
    """Give some processes' deliverers."""
    return [Deliverer(flow.pool, flow.keyring, addresses=LOCAL, rules=WebhookRules(**rules)) for _ in range(count)]


async def written(flow: Flow) -> dict[str, int]:
    """Count the rows that there are for whoever listens."""
    names = ("card_facts", "card_fact_slots", "webhook_deliveries", "webhook_attempts")
    return {name: await flow.pool.fetchval(f"SELECT count(*) FROM {name}") for name in names}


async def states(flow: Flow, state: str | None = None) -> Sequence[DeliveryState]:
    """Give the log of the webhook."""
    return await webhooks_of(flow).deliveries("shop", state=state, limit=100)
