"""Compares answers with the document that describes the API: status, media type, and the body by its schema."""

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from functools import cache
from typing import Any, Final

import jsonschema_rs
import msgspec

from app.http.openapi import describe_api
from app.http.operation import JSON
from app.http.problem_kinds import PROBLEM
from app.http.routes import ROUTES

DOCUMENT: Final = describe_api(ROUTES)
_PATHS: Final = [
    (re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path))), path, described)
    for path, described in DOCUMENT["paths"].items()
]
_ELSEWHERE: Final = {404, 405, 417}
"""What is answered where no route is."""


def faults_of(method: str, path: str, status: int, headers: Mapping[str, str], body: bytes) -> Iterator[str]:
    """Name what is in an answer and not in the document, or the other way round."""
    route, described = _operation(method, path.partition("?")[0])
    if described is None:
        if status not in _ELSEWHERE and status < 500:
            yield f"{method} {path} is in no document, and answers {status}"
        return
    answer = described["responses"].get(str(status))
    if answer is None:
        yield f"{method} {route} answers {status}, which its document does not know"
        return
    if "X-Request-Id" not in headers:
        yield f"{method} {route} answers {status} without X-Request-Id"
    if method == "HEAD":
        return
    content = _followed(answer).get("content", {})
    for fault in _content_faults(content, headers.get("Content-Type", "").partition(";")[0], body):
        yield f"{method} {route} answers {status} {fault}"


def _content_faults(content: Mapping[str, Any], media_type: str, body: bytes) -> Iterator[str]:
    if not content:
        if body:
            yield "with a body"
    elif not any(fnmatch(media_type, each) for each in content):
        yield f"as {media_type or 'nothing'}"
    elif media_type in (JSON, PROBLEM) and "$ref" in content[media_type]["schema"]:
        validator = _validator(msgspec.json.encode(content[media_type]["schema"]))
        for fault in validator.iter_errors(msgspec.json.decode(body)):
            yield f"with {fault.instance_path}: {fault.message}"


def _operation(method: str, path: str) -> tuple[str, dict[str, Any] | None]:
    word = "get" if method == "HEAD" else method.lower()
    for pattern, route, described in _PATHS:
        if pattern.fullmatch(path) and word in described:
            return route, described[word]
    return path, None


def _followed(answer: dict[str, Any]) -> dict[str, Any]:
    reference = answer.get("$ref")
    found: dict[str, Any] = (
        answer if reference is None else DOCUMENT["components"]["responses"][reference.rpartition("/")[2]]
    )
    return found


@cache
def _validator(schema: bytes) -> Any:
    whole = {**msgspec.json.decode(schema), "components": DOCUMENT["components"]}
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
