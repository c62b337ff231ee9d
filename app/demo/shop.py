"""Play the shop's backend: post events, hand out tickets, read orders, by Lockstep's HTTP API alone."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any, Self
from urllib.parse import urlencode

import aiohttp
import msgspec

from app.demo.errors import DemoError
from app.demo.steps import Style

_UNAVAILABLE = frozenset({429, 502, 503, 504})
_PAGE_EVENTS = 500
_PAGE_PHONES = 100
_NO_PHONES: dict[str, Any] = {"phones": [], "nextAfter": None}
"""Of an order that is for no audience."""
_RETRY_SECONDS = 0.2
_MOST_ATTEMPTS = 50


class Posting(msgspec.Struct, frozen=True):
    """Hold an event ready to be posted, and posted again.

    Args:
        type: with what stands before its dot.
        occurred_at: RFC 3339.
    """

    order_id: str
    id: str
    source: str
    type: str
    occurred_at: str
    data: dict[str, Any]

    def plain(self) -> dict[str, Any]:
        """Give the plain shape."""
        occurred_at = {"occurredAt": self.occurred_at}
        return {"type": self.type, "data": self.data, "id": self.id, "source": self.source} | occurred_at

    def cloud_event(self) -> dict[str, Any]:
        """Give the CloudEvent."""
        return {
            "specversion": "1.0",
            "id": self.id,
            "source": self.source,
            "type": self.type,
            "subject": self.order_id,
            "time": self.occurred_at,
            "datacontenttype": "application/json",
            "data": self.data,
        }


class Shop:
    """Speak to Lockstep with a service key; make one with `open`."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session, self._url = session, url.rstrip("/")

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, api_key: str) -> AsyncIterator[Self]:
        """Open the way to Lockstep."""
        timeout = aiohttp.ClientTimeout(total=30)
        headers = {"Authorization": f"Bearer {api_key}"}
        async with aiohttp.ClientSession(headers=headers, timeout=timeout) as session:
            yield cls(session, url)

    async def post(self, posting: Posting, style: Style) -> None:
        """Post one event."""
        if style == "plain":
            await self._call("POST", f"/v1/orders/{posting.order_id}/events", posting.plain())
        else:
            await self._call("POST", "/v1/events", posting.cloud_event(), media_type="application/cloudevents+json")

    async def post_batch(self, postings: Sequence[Posting]) -> None:
        """Post several events as one batch."""
        body = [posting.cloud_event() for posting in postings]
        await self._call("POST", "/v1/events", body, media_type="application/cloudevents-batch+json")

    async def put_eta(self, order_id: str, delivery_time: str, source: str) -> None:
        """Put an order's delivery time."""
        await self._call("PUT", f"/v1/orders/{order_id}/eta", {"deliveryTime": delivery_time, "source": source})

    async def put_tags(self, customer_id: str, tags: Sequence[str]) -> None:
        """Put all tags of a customer."""
        await self._call("PUT", f"/v1/customers/{customer_id}/tags", {"tags": tags})

    async def put_segment(self, name: str, filter_: str) -> None:
        """Call those whom a filter takes by a name."""
        await self._call("PUT", f"/v1/segments/{name}", {"filter": filter_})

    async def put_asset(self, key: str, asset: dict[str, Any]) -> None:
        """Put a version of a picture into the manifest."""
        await self._call("PUT", f"/v1/assets/{key}", asset)

    async def withdraw_asset(self, key: str) -> None:
        """Withdraw a picture from the manifest."""
        await self._call("DELETE", f"/v1/assets/{key}")

    async def ticket_for(self, customer_id: str) -> str:
        """Mint the ticket that lets a customer's app speak for them."""
        answer = await self._call("POST", "/v1/tickets", {"customerId": customer_id})
        return str(answer["ticket"])

    async def tracking_link(self, order_id: str, customer_id: str | None) -> str:
        """Give the path of an order's tracking page, with a ticket for the order, or with a customer's own."""
        if customer_id is not None:
            return "/track#" + urlencode({"order": order_id, "ticket": await self.ticket_for(customer_id)})
        answer = await self._call("POST", "/v1/tickets", {"orderId": order_id})
        return str(answer["trackingPath"])

    async def read_order(self, order_id: str) -> dict[str, Any]:
        """Give an order as Lockstep shows it."""
        return await self._call("GET", f"/v1/orders/{order_id}")

    async def read_live_update(self, order_id: str) -> dict[str, Any] | None:
        """Give the Live Update of an order as its stream gives it now, `None` where there is none.

        Raises:
            DemoError: the stream cannot be had.
        """
        path = f"/v1/orders/{order_id}/stream?face=android"
        try:
            async with self._session.get(self._url + path) as answer:
                answer.raise_for_status()
                async for line in answer.content:
                    if line.startswith(b"data:"):
                        state = msgspec.json.decode(line.removeprefix(b"data:"), type=dict[str, Any])
                        shown: dict[str, Any] | None = state["android"]
                        return shown
        except (aiohttp.ClientError, TimeoutError) as error:
            raise DemoError(f"Lockstep gave no answer to GET {path}: {type(error).__name__}") from error
        raise DemoError(f"Lockstep said nothing to GET {path}")

    async def read_events(self, order_id: str) -> list[dict[str, Any]]:
        """Give all events of an order, oldest first."""
        events: list[dict[str, Any]] = []
        after: int | None = 0
        while after is not None:
            page = await self._call("GET", f"/v1/orders/{order_id}/events?after={after}&limit={_PAGE_EVENTS}")
            events += page["events"]
            after = page.get("nextAfter")
        return events

    async def read_unknown_starts(self, order_id: str) -> list[dict[str, Any]]:
        """Give the phones of which Lockstep does not know whether they have an order's card."""
        phones: list[dict[str, Any]] = []
        after: str | None = ""
        while after is not None:
            query = urlencode({"outcome": "unknown", "after": after, "limit": _PAGE_PHONES})
            page = await self._call("GET", f"/v1/activities/{order_id}/audience/phones?{query}", missing=_NO_PHONES)
            phones += page["phones"]
            after = page["nextAfter"]
        return phones

    async def _call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        media_type: str = "application/json",
        missing: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Make a call, again where that may help; it is always safe: events carry their ids, and a put may be repeated.

        Args:
            method: Of HTTP.
            path: With its query.
            body: Written as JSON.
            media_type: Of the body.
            missing: What 404 means, where that is an answer too.

        Raises:
            DemoError: Lockstep refused it, or cannot be reached.
        """
        content = None if body is None else msgspec.json.encode(body)
        headers = {} if content is None else {"Content-Type": media_type}
        for _ in range(_MOST_ATTEMPTS):
            try:
                async with self._session.request(method, self._url + path, data=content, headers=headers) as answer:
                    status, text = answer.status, await answer.read()
            except (aiohttp.ClientError, TimeoutError):
                status, text = 0, b"no connection"
            if status != 0 and status not in _UNAVAILABLE:
                break
            await asyncio.sleep(_RETRY_SECONDS)
        if status == HTTPStatus.NOT_FOUND and missing is not None:
            return missing
        if not 200 <= status < 300:
            raise DemoError(f"Lockstep answered {status} to {method} {path}: {text.decode(errors='replace')[:500]}")
        return msgspec.json.decode(text or b"{}", type=dict[str, Any])
