"""Files that come with the service: pages, their style and their scripts. A policy lets them load nothing else."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from aiohttp import web

from app.http.operation import Answer
from app.http.tags import has_tagged, tag_of, tagged

_HEADERS: Final = {
    "Cache-Control": "no-cache",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}
OWN_FILES_ALONE: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The policy of a page that draws what it holds, and asks this service alone."""
_TYPES: Final = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}


def file_answers(suffix: str, what: str) -> Mapping[int, Answer]:
    """Say that a file is answered, or that the caller has it.

    Args:
        suffix: `.html`, `.css` or `.js`.
        what: Which file it is.
    """
    return document_answers(_TYPES[suffix], what)


def document_answers(media_type: str, what: str) -> Mapping[int, Answer]:
    """Say that a document is answered, or that the caller has it."""
    return tagged(Answer(what=what, media_type=media_type))


def answer_file(request: web.Request, file: Path, policy: str) -> web.Response:
    """Answer with a file.

    Args:
        request: What asks for it.
        file: Read once.
        policy: What the page may load and do, as `Content-Security-Policy`.
    """
    body, tag = _read(file)
    headers = {**_HEADERS, "Content-Security-Policy": policy, "ETag": tag}
    if has_tagged(request, tag):
        return web.Response(status=304, headers=headers)
    return web.Response(body=body, content_type=_TYPES[file.suffix], charset="utf-8", headers=headers)


def answer_document(request: web.Request, body: bytes, media_type: str) -> web.Response:
    """Answer with a document that stays the same as long as the service runs."""
    headers = {"Cache-Control": "no-cache", "ETag": tag_of(body), "X-Content-Type-Options": "nosniff"}
    if has_tagged(request, headers["ETag"]):
        return web.Response(status=304, headers=headers)
    return web.Response(body=body, content_type=media_type, headers=headers)


@cache
def _read(file: Path) -> tuple[bytes, str]:
    body = file.read_bytes()
    return body, tag_of(body)
