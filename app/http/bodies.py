"""Bodies that come in: read once, sized, decoded by the one door, and turned into values."""

import asyncio
from collections.abc import Collection
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from app.http.admission import standing_aside
from app.http.content_encoding import content_encoding, unpack
from app.http.edge import edge_of
from app.http.operation import JSON
from app.http.problem_kinds import MEDIA_TYPE, TOO_SLOW
from app.http.problems import bad_request, invalid, problem
from app.metrics.counters import count_cut_off
from events.document import LIMIT_BYTES, LIMIT_NODES, read_document
from events.faults import misfit

T = TypeVar("T")


def media_type_of(request: web.Request, taken: Collection[str], *, suffix: str | None = None) -> str:
    """Give the media type of the body; one that ends in the suffix is taken too.

    Raises:
        ProblemError: 415, it is not one of those taken.
    """
    stated = request.headers.get("Content-Type", "")
    if stated in taken:
        return stated
    bare = stated.partition(";")[0].strip().lower()
    if bare in taken or (suffix is not None and bare.endswith(suffix)):
        return bare
    known = ", ".join(taken)
    raise problem(
        *MEDIA_TYPE,
        f"Taken: {known}.",
        headers={"Accept-Post" if request.method == "POST" else "Accept": known},
    )


async def read_body(request: web.Request) -> bytes:
    """Read the whole body.

    Raises:
        ProblemError: 408, it came too slowly; 400, the client hung up, or it cannot be unpacked; 413, it is too large
            then; 415, we do not unpack such; 503, there is no room for it now.
    """
    encoding = content_encoding(request)
    body = await receive_body(request)
    return body if encoding is None else unpack(body, encoding)


async def receive_body(request: web.Request) -> bytes:
    """Receive the whole body as it was sent.

    Raises:
        ProblemError: 408, it came too slowly; 400, the client hung up; 413, it is too large; 503, there is no room for
            it now.
    """
    try:
        if request.content.is_eof():
            # it came with its headers, as small ones do: nothing to wait for
            return await request.read()
        with standing_aside(request, size_bytes=_size_of(request)):
            async with asyncio.timeout(edge_of(request).limits.body):
                return await request.read()
    except TimeoutError:
        count_cut_off("body")
        raise problem(*TOO_SLOW, headers={"Connection": "close"}) from None
    except ConnectionResetError:
        # nobody reads this answer; it is for our log, where a client's going is no error of ours
        raise bad_request("The client hung up before its body was read.") from None


async def read_value(request: web.Request, type_: type[T], *, limit_nodes: int = LIMIT_NODES) -> T:
    """Read the body as a value, which holds so many values at the most.

    Raises:
        ProblemError: 415 or 422.
        DocumentError: The body is not JSON that we read.
    """
    return value_of(await read_json(request, limit_nodes=limit_nodes), type_)


async def read_json(request: web.Request, *, limit_nodes: int = LIMIT_NODES) -> Any:
    """Read the body as JSON, which holds so many values at the most.

    Raises:
        ProblemError: 415.
        DocumentError: The body is not JSON that we read.
    """
    media_type_of(request, (JSON,))
    return read_document(await read_body(request), limit_nodes=limit_nodes)


def value_of(document: Any, type_: type[T]) -> T:
    """Give a value of JSON.

    Raises:
        ProblemError: 422.
    """
    try:
        return msgspec.convert(document, type_)
    except msgspec.ValidationError as error:
        raise invalid((misfit(error, type_),)) from None


def _size_of(request: web.Request) -> int:
    """Give the size that a body will have; the largest one where its headers do not say so."""
    stated = request.content_length
    if stated is None or stated > LIMIT_BYTES or "Content-Encoding" in request.headers:
        return LIMIT_BYTES
    return stated
