"""The document that describes the API (OpenAPI 3.1), made of the routes and of the types that they read and write.

Rules:
    Nothing is written here that another place says: a route's handler says what it takes and answers, the route table
    who may call, the types what documents look like, the vocabulary what events there are.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from typing import Any, Final

from app.access.api_key import Scope
from app.access.senders import SIGNATURE
from app.http.operation import Answer, Body, Endpoint, Made, Named, Parameter
from app.http.posted import posted_schemas
from app.http.problem_kinds import (
    BAD_REQUEST,
    BUSY,
    EXPECTATION_FAILED,
    FORBIDDEN,
    INTERNAL,
    INVALID_DOCUMENT,
    MEDIA_TYPE,
    NOT_FOUND,
    PROBLEM,
    QUOTA_EXCEEDED,
    TOO_LARGE,
    TOO_SLOW,
    TYPE_PREFIX,
    UNAUTHENTICATED,
    UNAVAILABLE,
    ProblemKind,
)
from app.http.problems import Problem
from app.http.routes import OPEN, Route
from app.tracking.tracked import TrackedState
from events.event_schema import IDENTIFIER, SUBJECT
from events.json_schema import Schema, schemas_of
from projections.card_fact import FactDocument

_REFERENCE: Final = "#/components/schemas/{name}"
_STREAMED: Final = (TrackedState, FactDocument)
"""What server-sent events carry; no answer is one of these by itself."""

ANYWHERE: Final = (BAD_REQUEST, EXPECTATION_FAILED, INTERNAL)
BEHIND_A_RULE: Final = (UNAUTHENTICATED, FORBIDDEN, INVALID_DOCUMENT, UNAVAILABLE, BUSY, QUOTA_EXCEEDED)
WITH_AN_ID: Final = (NOT_FOUND,)
WITH_A_BODY: Final = (TOO_SLOW, TOO_LARGE, MEDIA_TYPE, INVALID_DOCUMENT, BUSY)

_KEY: Final = "apiKey"
_TICKET: Final = "orderTicket"
_SIGNATURE: Final = "signature"
_IN_A_PATH: Final[Mapping[str, tuple[str, Schema, str]]] = {
    "order_id": ("The order, or another subject.", SUBJECT, "order-4711"),
    "activity_id": ("Chosen by the sender.", SUBJECT, "match-1"),
    "device_id": ("Chosen by the app.", IDENTIFIER, "phone-1"),
    "card_id": ("`cardId` of the attributes, ActivityKit's id, or one of the app's own.", IDENTIFIER, "A1B2"),
    "customer_id": ("As the shop knows its customer.", IDENTIFIER, "customer-7"),
    "key": ("The picture's.", {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,100}$"}, "taverna"),
    "kind": ("Of a pause.", {"type": "string"}, "app"),
    "file": ("Of the page.", {"enum": ["docs.js", "swagger-ui-bundle.js", "swagger-ui.css"]}, "docs.js"),
    "type": ("Of an event.", {"type": "string"}, "order.placed"),
}
_NAMES: Final[Mapping[str, tuple[str, Schema, str]]] = {
    "definitions": ("The definition's.", {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"}, "match"),
    "pauses": ("What is paused.", IDENTIFIER, "com.example.shop"),
    "segments": ("The segment's.", IDENTIFIER, "regulars"),
    "webhooks": ("The webhook's.", {"type": "string", "pattern": "^[a-z0-9][a-z0-9-]{0,62}$"}, "crm"),
}
_HEADERS: Final[Mapping[str, tuple[str, Schema]]] = {
    "X-Request-Id": ("Names the request in the log; the caller's own, if it sent one.", {"type": "string"}),
    "WWW-Authenticate": ("What to authenticate with.", {"type": "string", "pattern": "^Bearer"}),
    "Retry-After": ("Seconds until it may be tried again.", {"type": "string", "pattern": "^[0-9]+$"}),
}
_HEADER_OF: Final = {UNAUTHENTICATED.status: "WWW-Authenticate", QUOTA_EXCEEDED.status: "Retry-After"}
_ABOUT: Final = """\
Event-sourced order tracking that keeps Live Activities on iPhones, and Live Updates on Android, in step.

Services authenticate with an API key, apps with an order ticket: `Authorization: Bearer …`. Everything that goes wrong
is answered by `application/problem+json` (RFC 9457). JSON is refused that holds the character NUL, integers beyond
2^53-1, or is nested deeper than 32. A repeat of an event is known by its source and id, so every request may be sent
again."""


def describe_api(routes: Iterable[Route]) -> dict[str, Any]:
    """Give the document."""
    served = list(routes)
    builder = _Builder(served)
    paths: dict[str, dict[str, Any]] = {}
    for each in served:
        paths.setdefault(each.path, {})[each.method.lower()] = builder.operation(each)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Lockstep",
            "version": version("lockstep"),
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": each} for each in sorted({_tag(route) for route in served})],
        "paths": paths,
        "components": {
            "securitySchemes": {
                _KEY: {
                    "type": "http",
                    "scheme": "bearer",
                    "description": f"An API key of a service, with one of the scopes {', '.join(Scope)}.",
                },
                _TICKET: {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "An order ticket of an app, or the token of the shop's own sign-in where that is "
                    "taken. It opens what belongs to its customer, or to its order.",
                },
                _SIGNATURE: {
                    "type": "apiKey",
                    "in": "header",
                    "name": SIGNATURE,
                    "description": "By Standard Webhooks, with webhook-id and webhook-timestamp, and the secret of the "
                    "source that ?source= names: it posts events of that source alone.",
                },
            },
            "headers": {name: {"description": what, "schema": schema} for name, (what, schema) in _HEADERS.items()},
            "responses": builder.responses,
            "schemas": builder.schemas,
        },
    }


class _Builder:
    """Describes one route after the other, and gathers what they share."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self.responses: dict[str, Any] = {}
        endpoints = [each.handler for each in routes]
        types = list(dict.fromkeys(_types_in(endpoints)))
        schemas, self.schemas = schemas_of(types, _REFERENCE)
        self._of = dict(zip(types, schemas, strict=True))
        self.schemas.update(posted_schemas())

    def operation(self, route: Route) -> dict[str, Any]:
        """Describe a route."""
        told, what = route.handler.told, route.handler.operation
        summary, _, rest = told.partition("\n\n")
        by_status: dict[int, list[ProblemKind]] = {}
        for kind in sorted({*what.problems, *problems_of(route)}):
            by_status.setdefault(kind.status, []).append(kind)
        described: dict[str, Any] = {
            "operationId": route.handler.name,
            "tags": [_tag(route)],
            "summary": " ".join(summary.split()),
            "parameters": [*_path_parameters(route.path), *map(_parameter, what.parameters)],
            "responses": {
                **{str(status): self._answer(each) for status, each in what.answers.items()},
                **{str(status): self._problem(kinds) for status, kinds in by_status.items()},
            },
            "security": _security(route),
        }
        if rest.strip():
            described["description"] = " ".join(rest.split())
        if what.bodies:
            content = {
                each.media_type: {"schema": self._schema(each.shape), "example": each.example} for each in what.bodies
            }
            described["requestBody"] = {"required": True, "content": content}
        return described

    def _schema(self, shape: Any) -> Schema:
        match shape:
            case Named(name):
                return {"$ref": _REFERENCE.format(name=name)}
            case Made(name, types, make):
                parts = [self.schemas[self._of[each]["$ref"].rpartition("/")[2]] for each in types]
                self.schemas[name] = make(*parts)
                return {"$ref": _REFERENCE.format(name=name)}
            case _:
                found: Schema = self._of[shape]
                return found

    def _answer(self, answer: Answer) -> dict[str, Any]:
        headers: dict[str, Any] = {"X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"}}
        for name, schema in answer.headers.items():
            headers[name] = {"schema": schema}
        described: dict[str, Any] = {"description": answer.what, "headers": headers}
        if answer.media_type is not None:
            is_json = answer.media_type.endswith("json")
            bare = {"type": "object" if is_json else "string"}
            schema = bare if answer.shape is None else self._schema(answer.shape)
            content = {"schema": schema} if answer.example is None else {"schema": schema, "example": answer.example}
            described["content"] = {answer.media_type: content}
        return described

    def _problem(self, kinds: Sequence[ProblemKind]) -> dict[str, Any]:
        """Refer to the answer that these kinds of one status share; there are few such sets."""
        status = kinds[0].status
        name = "-".join((str(status), *(each.word for each in kinds)))
        if name not in self.responses:
            header = _HEADER_OF.get(status)
            names = ("X-Request-Id", *(() if header is None else (header,)))
            self.responses[name] = {
                "description": " ".join(dict.fromkeys(each.title for each in kinds)),
                "headers": {each: {"$ref": f"#/components/headers/{each}"} for each in names},
                "content": {
                    PROBLEM: {
                        "schema": {
                            "$ref": self._of[Problem]["$ref"],
                            "properties": {
                                "type": {"enum": [TYPE_PREFIX + each.word for each in kinds]},
                                "status": {"const": status},
                            },
                        },
                        "examples": {
                            each.word: {
                                "value": {
                                    "type": TYPE_PREFIX + each.word,
                                    "title": each.title,
                                    "status": status,
                                    "instance": "57e7c0a1b2d3e4f50000000001",
                                }
                            }
                            for each in kinds
                        },
                    }
                },
            }
        return {"$ref": f"#/components/responses/{name}"}


def problems_of(route: Route) -> set[ProblemKind]:
    """Give what may go wrong with a route because of its place in the table, its path, and its having a body."""
    kinds = {*ANYWHERE}
    if route.rule != OPEN:
        kinds |= {*BEHIND_A_RULE}
    if "{" in route.path:
        kinds |= {*WITH_AN_ID}
    if route.handler.operation.bodies:
        kinds |= {*WITH_A_BODY}
    return kinds


def _types_in(endpoints: Iterable[Endpoint]) -> Iterable[Any]:
    yield from (Problem, *_STREAMED)
    for each in endpoints:
        shapes: list[Body | Answer] = [*each.operation.bodies, *each.operation.answers.values()]
        for shape in (part.shape for part in shapes):
            if isinstance(shape, Made):
                yield from shape.types
            elif shape is not None and not isinstance(shape, Named):
                yield shape


def _tag(route: Route) -> str:
    first, *others = route.path.strip("/").split("/")
    return others[0] if first == "v1" else "service"


def _path_parameters(path: str) -> list[dict[str, Any]]:
    described = []
    for name in re.findall(r"\{(\w+)\}", path):
        what, schema, example = _NAMES[path.split("/")[2]] if name == "name" else _IN_A_PATH[name]
        described.append(
            {"name": name, "in": "path", "required": True, "description": what, "schema": schema, "example": example}
        )
    return described


def _parameter(each: Parameter) -> dict[str, Any]:
    described = {"name": each.name, "in": each.where, "description": each.what, "schema": each.schema}
    return described if each.example is None else {**described, "example": each.example}


def _security(route: Route) -> list[dict[str, list[str]]]:
    rule = route.rule
    if rule == OPEN:
        return []
    ways: list[dict[str, list[str]]] = [{_KEY: [] if rule.scope is None else [rule.scope.value]}]
    if rule.tickets:
        ways.append({_TICKET: []})
    if rule.signed:
        ways.append({_SIGNATURE: []})
    return ways
