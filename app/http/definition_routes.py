"""Saves definitions of activities by name, shows and deletes them."""

from datetime import datetime
from typing import Final

import msgspec
from aiohttp import web

from app.http.answers import json_answer
from app.http.bodies import media_type_of, read_body
from app.http.edge import edge_of
from app.http.operation import JSON, Answer, Body, Parameter, describe, no_content
from app.http.problem_kinds import INVALID_DOCUMENT
from app.http.problems import invalid, not_found
from app.http.queries import query_number
from events.document import read_document
from events.errors import EventError, Fault
from events.saved_definition import NAME_RULE, Reference, SavedDefinition, is_definition_name, read_definition


class SaveAnswer(msgspec.Struct, frozen=True, rename="camel"):
    """What a save did.

    Attributes:
        outcome: `saved`, or `unchanged`: the newest version is the same.
    """

    name: str
    outcome: str
    version: int
    saved_at: datetime


class DefinitionPage(msgspec.Struct, frozen=True, rename="camel"):
    """A version of a definition."""

    name: str
    version: int
    saved_at: datetime
    definition: SavedDefinition


_MATCH: Final = {"attributesType": "MatchAttributes", "contentState": {"period": 1}}
_SAVED: Final = {"name": "match", "version": 1, "savedAt": "2026-11-22T18:35:37Z"}


@describe(
    answers={
        200: Answer(what="What the save did.", shape=SaveAnswer, example={**_SAVED, "outcome": "saved"}),
    },
    bodies=(Body(shape=SavedDefinition, example=_MATCH),),
)
async def put_definition(request: web.Request) -> web.Response:
    """Save a definition under its next version."""
    media_type_of(request, (JSON,))
    name = _name(request)
    document = read_document(await read_body(request))
    try:
        definition = read_definition(document)
    except EventError as error:
        raise invalid(error.faults) from None
    saved = await edge_of(request).definitions.save(name, definition)
    return json_answer(SaveAnswer(name, "saved" if saved.added else "unchanged", saved.version, saved.saved_at))


@describe(
    answers={
        200: Answer(what="The definition.", shape=DefinitionPage, example={**_SAVED, "definition": _MATCH}),
    },
    parameters=(
        Parameter(name="version", where="query", what="An older one; 0 is the newest.",
                  schema={"type": "integer", "minimum": 0, "default": 0}),
    ),
    problems=(INVALID_DOCUMENT,),
)  # fmt: skip
async def get_definition(request: web.Request) -> web.Response:
    """Show a definition, or a version of it."""
    version = query_number(request, "version", 0)
    reference = Reference(_name(request), version or None)
    stored = await edge_of(request).definitions.read(reference) if version < 2**31 else None
    if stored is None:
        raise not_found("There is no such definition.")
    named = stored.named
    return json_answer(DefinitionPage(named.name, named.version, stored.saved_at, named.definition))


@describe(answers=no_content("The name is free."), problems=(INVALID_DOCUMENT,))
async def delete_definition(request: web.Request) -> web.Response:
    """Let a name be used no more."""
    if not await edge_of(request).definitions.delete(_name(request)):
        raise not_found("There is no such definition.")
    return web.Response(status=204)


def _name(request: web.Request) -> str:
    name = request.match_info["name"]
    if not is_definition_name(name):
        raise invalid((Fault("/name", NAME_RULE),))
    return name
