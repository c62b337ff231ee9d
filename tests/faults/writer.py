"""The shop: posts events under a ledger, and asks again with the same ids until each is acknowledged."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

import aiohttp
import msgspec

from tests.faults.ledger import Ledger
from tests.faults.orders import Request

PATIENCE_SECONDS = 90.0
ANSWER_SECONDS = 4.0
ASK_AGAIN = frozenset({429, 502, 503, 504})


class Shop:
    """Speaks to all API processes in turn.

    Attributes:
        under_way: Requests without an answer yet.
        answers: How many of each status; 0 is "no answer".
        given_up: Requests that were not acknowledged in time.
        longest: Seconds until the slowest acknowledgement.
    """

    def __init__(self, urls: Sequence[str], api_key: str, ledger: Ledger, chance: random.Random) -> None:
        self._urls = urls
        self._ledger = ledger
        self._chance = chance
        self._session = aiohttp.ClientSession(
            headers={"Authorization": f"Bearer {api_key}"}, timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS)
        )
        self.under_way = 0
        self.answers: Counter[int] = Counter()
        self.given_up: list[str] = []
        self.longest = 0.0

    async def post(self, request: Request) -> None:
        """Post one request until it is acknowledged."""
        await self._ledger.intend(request)
        path = f"/v1/orders/{request[0].order_id}/events"
        documents = [said.document() for said in request]
        body = msgspec.json.encode(documents if len(documents) > 1 else documents[0])
        began = time.monotonic()
        self.under_way += 1
        try:
            while time.monotonic() - began < PATIENCE_SECONDS:
                status, answer = await self._call("POST", path, body)
                results = answer.get("results", [answer]) if status == 200 else []
                await self._ledger.answer(request if results else (), status, results)
                if status == 200:
                    self.longest = max(self.longest, time.monotonic() - began)
                    return
                if status not in ASK_AGAIN and status != 0:
                    self._ledger.wrong.append(f"POST {path} was answered {status}: {answer}")
                    return
                await asyncio.sleep(self._chance.uniform(0.05, 0.3))
            self.given_up.append(f"POST {path} was not acknowledged within {PATIENCE_SECONDS:g} s")
        finally:
            self.under_way -= 1

    async def put(self, path: str, document: dict[str, Any]) -> None:
        """Put a document until that is acknowledged; to put it again changes nothing."""
        began = time.monotonic()
        while time.monotonic() - began < PATIENCE_SECONDS:
            status, answer = await self._call("PUT", path, msgspec.json.encode(document))
            if status == 200:
                return
            if status not in ASK_AGAIN and status != 0:
                self._ledger.wrong.append(f"PUT {path} was answered {status}: {answer}")
                return
            await asyncio.sleep(self._chance.uniform(0.05, 0.3))
        self.given_up.append(f"PUT {path} was not acknowledged within {PATIENCE_SECONDS:g} s")

    async def ticket_for(self, customer_id: str) -> str:
        """Mint a ticket for a customer's app.

        Raises:
            ConnectionError: Lockstep is away; the app asks again.
        """
        status, answer = await self._call("POST", "/v1/tickets", msgspec.json.encode({"customerId": customer_id}))
        if status != 200:
            raise ConnectionError(f"no ticket: {status}")
        return str(answer["ticket"])

    async def read_events(self, order_id: str) -> list[dict[str, Any]]:
        """Read all events of an order by the API; none where it is not known."""
        events: list[dict[str, Any]] = []
        after: int | None = 0
        while after is not None:
            status, page = await self._call("GET", f"/v1/orders/{order_id}/events?after={after}&limit=500", None)
            if status == 404:
                return []
            if status != 200:
                await asyncio.sleep(0.2)
                continue
            events += page["events"]
            after = page["nextAfter"]
        return events

    async def read_order(self, order_id: str) -> dict[str, Any]:
        """Read what the API says of an order; empty where it is not known."""
        while True:
            status, answer = await self._call("GET", f"/v1/orders/{order_id}", None)
            if status in (200, 404):
                return answer if status == 200 else {}
            await asyncio.sleep(0.2)

    async def close(self) -> None:
        """Hang up."""
        await self._session.close()

    async def _call(self, method: str, path: str, body: bytes | None) -> tuple[int, dict[str, Any]]:
        headers = {} if body is None else {"Content-Type": "application/json"}
        url = self._chance.choice(self._urls) + path
        try:
            async with self._session.request(method, url, data=body, headers=headers) as answer:
                status, text = answer.status, await answer.read()
        except (aiohttp.ClientError, OSError, TimeoutError):
            self.answers[0] += 1
            return 0, {}
        self.answers[status] += 1
        try:
            return status, msgspec.json.decode(text, type=dict[str, Any])
        except msgspec.DecodeError:
            return status, {"text": text.decode(errors="replace")[:200]}
