"""The service with its door open: everybody may post, and what comes is stored as if it had been looked at.

It is there to be measured beside the service, and put together from outside: nothing in the service can leave it so.
What is taken away is what finds out who calls, counts and lets in, and what looks into a document; what is left decodes
JSON, makes the digest of an event, and stores it in the same way.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from hashlib import blake2b
from types import ModuleType
from typing import Any, Final

import msgspec
import uvloop
from aiohttp import web

from app.access.api_key import Scope
from app.access.caller import Caller, Service
from app.access.quota_keeper import QuotaKeeper
from app.http import event_routes, routes
from app.http.edge import Edge
from bench.service import main
from events.codec import DIGEST_BYTES
from events.envelope import NewEvent
from events.vocabulary import TODAY_VERSION

EVERYBODY: Final = Service("everybody", frozenset(Scope))
_encode = msgspec.json.Encoder(order="sorted").encode
_decode = msgspec.json.decode


async def _let_in(_request: web.Request, _edge: Edge, _scope: Scope, *, tickets: bool) -> Caller:  # noqa: ARG001
    return EVERYBODY


async def _count_nobody(_request: web.Request, _keeper: QuotaKeeper, _caller: Caller) -> None:
    pass


def _take_any(_request: web.Request, _taken: object) -> str:
    return event_routes.CLOUD_EVENT


def _refuse_nothing(_request: web.Request, _documents: object) -> None:
    pass


async def _believed(request: web.Request, edge: Edge, documents: Sequence[Any]) -> list[NewEvent]:
    """Make events of documents, whatever is in them."""
    trace = request.headers.get("traceparent")
    return [_event(each, edge.keyring.hash, trace) for each in documents]


def _event(document: dict[str, Any], key: bytes, trace: str | None) -> NewEvent:
    type_, data = document["type"], _encode(document["data"])
    return NewEvent(
        document["subject"],
        document["source"],
        document["id"],
        type_,
        TODAY_VERSION[type_],
        data,
        None,
        blake2b(b"\0".join((type_.encode(), data, b"")), digest_size=DIGEST_BYTES, key=key).digest(),
        datetime.fromisoformat(document["time"]),
        trace,
    )


OPENED: Final[tuple[tuple[ModuleType, str, Callable[..., Any]], ...]] = (
    (routes, "authenticate", _let_in),
    (routes, "count", _count_nobody),
    (event_routes, "media_type_of", _take_any),
    (event_routes, "read_document", _decode),
    (event_routes, "_refuse_other_sources", _refuse_nothing),
    (event_routes, "_drafts_of", _believed),
)
"""What stands in the place of what, by its module and name."""


def open_the_door() -> None:
    """Put it in place; whatever has another name by now is told of at once."""
    for module, name, replacement in OPENED:
        getattr(module, name)
        setattr(module, name, replacement)


if __name__ == "__main__":
    open_the_door()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
