"""What a route does, for the document that describes the API: it stands with the handler that does it.

What follows from a route's path, its scope and its having a body is not repeated here; `openapi` adds it.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from aiohttp import web

from app.http.problem_kinds import ProblemKind
from events.json_schema import Schema

JSON: Final = "application/json"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Named:
    """A schema that is made of the vocabulary, by its name in the document."""

    name: str


@dataclass(frozen=True)
class Made:
    """A schema that is made of those of some types.

    Attributes:
        name: In the document.
        make: Takes the schemas of the types.
    """

    name: str
    types: tuple[Any, ...]
    make: Callable[..., Schema]


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """A header or a part of the query; those of the path are known by their names."""

    name: str
    where: Literal["query", "header"]
    what: str
    schema: Schema
    example: Any = None


@dataclass(frozen=True, kw_only=True)
class Body:
    """A body that is taken.

    Attributes:
        shape: A type that msgspec reads, or a schema of our own: `Named` or `Made`.
        example: Builtins, taken as they stand.
    """

    shape: Any
    example: Any
    media_type: str = JSON


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An answer that is no problem.

    Attributes:
        shape: A type that msgspec writes; None for an answer without a body, or with one that is no JSON.
        example: Builtins.
        media_type: None for an answer without a body.
        headers: By name, with the schema of the value.
    """

    what: str
    shape: Any = None
    example: Any = None
    media_type: str | None = JSON
    headers: Mapping[str, Schema] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Operation:
    """What a route takes and answers.

    Attributes:
        answers: By status.
        bodies: One for each media type; none for a route that reads no body.
        problems: What may go wrong here, beside what may anywhere.
    """

    answers: Mapping[int, Answer]
    bodies: tuple[Body, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    problems: tuple[ProblemKind, ...] = ()


@dataclass(frozen=True)
class Endpoint:
    """A handler with what it does; its docstring is the summary."""

    handler: Handler
    operation: Operation

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        """Answer a request."""
        return await self.handler(request)

    @property
    def name(self) -> str:
        """Give the handler's name, `put_card`."""
        return self.handler.__name__

    @property
    def told(self) -> str:
        """Give the handler's docstring."""
        return self.handler.__doc__ or ""


def describe(
    *,
    answers: Mapping[int, Answer],
    bodies: tuple[Body, ...] = (),
    parameters: tuple[Parameter, ...] = (),
    problems: tuple[ProblemKind, ...] = (),
) -> Callable[[Handler], Endpoint]:
    """Say of a handler what it takes and answers."""
    operation = Operation(answers=answers, bodies=bodies, parameters=parameters, problems=problems)
    return lambda handler: Endpoint(handler, operation)


def no_content(what: str) -> Mapping[int, Answer]:
    """Give the answer to what was done, and has nothing to say."""
    return {204: Answer(what=what, media_type=None)}
