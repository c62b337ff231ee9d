"""Gives the documents that describe the API, for programs, and a page that shows them to people.

Rules:
    The page loads nothing from elsewhere, and its policy lets it do no more. It is open to everybody, as the documents
    are: they tell what there is to ask, and no answer.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aiohttp import web

from app.http.operation import JSON, describe
from app.http.problems import not_found
from app.http.static_files import OWN_FILES_ALONE, answer_document, answer_file, document_answers, file_answers
from app.http.tags import IF_CHANGED
from events.vocabulary import public_types


@dataclass(frozen=True)
class Documents:
    """The documents of the application that serves them, each made when it is first asked for."""

    openapi: Callable[[], bytes]
    events: Callable[[], bytes]
    event: Callable[[str], bytes]


DOCUMENTS: Final = web.AppKey("documents", Documents)

SCHEMA: Final = "application/schema+json"
_FOLDER: Final = Path(__file__).parent / "viewer"
_FILES: Final = {name: _FOLDER / name for name in ("docs.js", "swagger-ui-bundle.js", "swagger-ui.css")}


@describe(answers=document_answers(JSON, "This document."), parameters=(IF_CHANGED,))
async def get_openapi(request: web.Request) -> web.Response:
    """Give the API as OpenAPI 3.1."""
    return answer_document(request, request.app[DOCUMENTS].openapi(), JSON)


@describe(answers=file_answers(".html", "The page."), parameters=(IF_CHANGED,))
async def get_docs(request: web.Request) -> web.Response:
    """Show the API, and try it out."""
    return answer_file(request, _FOLDER / "docs.html", OWN_FILES_ALONE)


@describe(answers=document_answers("text/*", "The script or the style."), parameters=(IF_CHANGED,))
async def get_docs_file(request: web.Request) -> web.Response:
    """Give a script or the style of that page."""
    file = _FILES.get(request.match_info["file"])
    if file is None:
        raise not_found("The page has no such file.")
    return answer_file(request, file, OWN_FILES_ALONE)


@describe(answers=document_answers(SCHEMA, "The schema."), parameters=(IF_CHANGED,))
async def get_event_schemas(request: web.Request) -> web.Response:
    """Give the JSON Schema of the CloudEvents that may be posted here."""
    return answer_document(request, request.app[DOCUMENTS].events(), SCHEMA)


@describe(answers=document_answers(SCHEMA, "The schema."), parameters=(IF_CHANGED,))
async def get_event_schema(request: web.Request) -> web.Response:
    """Give the JSON Schema of the data of one type of events."""
    type_, known = request.match_info["type"], public_types()
    if type_ not in known:
        raise not_found(f"Known types: {', '.join(known)}.")
    return answer_document(request, request.app[DOCUMENTS].event(type_), SCHEMA)
