"""`ETag` of answers, and `If-None-Match` of those who have them already (RFC 9110, section 13.1.2)."""

from collections.abc import Mapping
from dataclasses import replace
from hashlib import blake2b
from typing import Any, Final

from aiohttp import web

from app.http.answers import encode, encoded_answer
from app.http.operation import Answer, Parameter

_TAG_BYTES: Final = 12
IF_CHANGED: Final = Parameter(
    name="If-None-Match",
    where="header",
    what="The ETag of the answer that the caller has; 304 if it is still the same.",
    schema={"type": "string"},
)


def tagged(answer: Answer) -> Mapping[int, Answer]:
    """Say that an answer has an ETag, or that the caller has it."""
    tag = {"ETag": {"type": "string", "description": "Another one as soon as anything in the answer is."}}
    return {
        200: replace(answer, headers={**answer.headers, **tag}),
        304: Answer(what="The caller has it.", media_type=None, headers=tag),
    }


def tag_of(body: bytes) -> str:
    """Give the ETag of a body: another one as soon as anything in it is."""
    return f'"{_digest_of(body)}"'


def has_tagged(request: web.Request, tag: str) -> bool:
    """Tell whether the caller has an answer, by a weak comparison, or would be content with any."""
    stated = ",".join(request.headers.getall("If-None-Match", ()))
    return any(each.strip().removeprefix("W/") in (tag, "*") for each in stated.split(","))


def tagged_answer(request: web.Request, body: Any, *, version: int | None = None) -> web.Response:
    """Give an answer with a JSON body and its ETag; without the body, if the caller has it.

    Args:
        request: What asks.
        body: The answer.
        version: Of an order: its ETag begins with it, and is good for `If-Match`.
    """
    encoded = encode(body)
    tag = tag_of(encoded) if version is None else f'"{version}-{_digest_of(encoded)}"'
    answer = encoded_answer(encoded, headers={"ETag": tag})
    if has_tagged(request, tag):
        return web.Response(status=304, headers={name: answer.headers[name] for name in ("ETag", "Cache-Control")})
    return answer


def _digest_of(body: bytes) -> str:
    return blake2b(body, digest_size=_TAG_BYTES).hexdigest()
