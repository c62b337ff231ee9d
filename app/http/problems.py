"""Problem documents (RFC 9457): the one shape of everything that goes wrong.

Rules:
    `type` is `urn:lockstep:problem:` and a word that never changes its meaning; `instance` is the request id.
    `errors` names each fault by JSON pointer. No internals, no values of the caller's document.
"""

import traceback
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Final

import asyncpg
import msgspec
import structlog
from aiohttp import web

from app.devices.errors import UnknownDeviceError
from app.http.answers import EventAnswer, encode
from app.http.problem_kinds import (
    BAD_REQUEST,
    BUSY,
    EXPECTATION_FAILED,
    INTERNAL,
    INVALID_DOCUMENT,
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
    PROBLEM,
    TOO_LARGE,
    TYPE_PREFIX,
    UNAVAILABLE,
)
from app.webhooks.errors import NoSuchWebhookError, WebhookError
from events.errors import DocumentError, Fault, LockstepError, StoreUnavailableError, TooManyWaitingError

log = structlog.get_logger()


# Conditions of the data that was sent: out of range, not in the encoding, and so on.
_CLASS_OF_BAD_DATA: Final = "22"


class Problem(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, kw_only=True):
    """A problem document, with our extension members."""

    type: str
    title: str
    status: int
    detail: str | None = None
    instance: str | None = None
    errors: tuple[Fault, ...] = ()
    current_version: int | None = None
    results: tuple[EventAnswer, ...] = ()


class ProblemError(LockstepError):
    """The request ends here, with this answer."""

    def __init__(self, problem: Problem, headers: Mapping[str, str] | None = None) -> None:
        """Keep the document and the headers that go with it."""
        super().__init__(problem.title)
        self.problem = problem
        self.headers = headers or {}


def problem(
    status: int,
    word: str,
    title: str,
    detail: str | None = None,
    *,
    errors: Sequence[Fault] = (),
    headers: Mapping[str, str] | None = None,
    current_version: int | None = None,
    results: Sequence[EventAnswer] = (),
) -> ProblemError:
    """Make a problem to be raised.

    Args:
        status: The HTTP status.
        word: Names the kind of problem for programs.
        title: Says it for people; the same for every problem of its kind.
        detail: What is particular to this one.
        errors: Every fault, with its place.
        headers: What the answer carries besides.
        current_version: Where the subject stands, when that was the question.
        results: What became of each event.
    """
    document = Problem(
        type=TYPE_PREFIX + word,
        title=title,
        status=status,
        detail=detail,
        errors=tuple(errors),
        current_version=current_version,
        results=tuple(results),
    )
    return ProblemError(document, headers)


def invalid(errors: Sequence[Fault]) -> ProblemError:
    """Give the answer to a document that we do not accept."""
    return problem(*INVALID_DOCUMENT, errors=errors)


def bad_request(detail: str) -> ProblemError:
    """Give the answer to a header or a query that makes no sense."""
    return problem(*BAD_REQUEST, detail)


def not_found(detail: str) -> ProblemError:
    """Give the answer to a thing that is not there, or not for this caller."""
    return problem(*NOT_FOUND, detail)


def problem_of(error: Exception) -> ProblemError:
    """Turn whatever a handler raised into the answer."""
    match error:
        case ProblemError():
            raised = error
        case web.HTTPException():
            raised = _of_http(error)
        case DocumentError(too_large=True):
            raised = _too_large(error.faults[0].detail)
        case DocumentError() | WebhookError():
            raised = invalid(error.faults)
        case UnknownDeviceError():
            raised = not_found("No such device is registered.")
        case NoSuchWebhookError():
            raised = not_found(str(error))
        case StoreUnavailableError():
            raised = _unavailable(error)
        case web.RequestPayloadError():
            raised = bad_request("The body could not be read as its headers say.")
        case asyncpg.PostgresError() if (error.sqlstate or "").startswith(_CLASS_OF_BAD_DATA):
            log.warning("data_refused_by_postgres", sqlstate=error.sqlstate)
            raised = invalid((Fault("", "holds a value that cannot be stored"),))
        case _:
            raised = _unexpected(error)
    return raised


def answer(raised: ProblemError, request_id: str) -> web.Response:
    """Give the HTTP answer of a problem."""
    document = msgspec.structs.replace(raised.problem, instance=request_id)
    return web.Response(
        status=document.status,
        body=encode(document),
        headers={"Content-Type": PROBLEM, "Cache-Control": "no-store", **raised.headers},
    )


def _of_http(error: web.HTTPException) -> ProblemError:
    match error:
        case web.HTTPNotFound():
            return not_found("No route has this path.")
        case web.HTTPMethodNotAllowed():
            allowed = ", ".join(sorted(error.allowed_methods))
            return problem(
                *METHOD_NOT_ALLOWED, f"Known here: {allowed}.",
                headers={"Allow": allowed},
            )  # fmt: skip
        case web.HTTPRequestEntityTooLarge():
            return _too_large("The body is larger than is read.")
        case web.HTTPExpectationFailed():
            return problem(*EXPECTATION_FAILED, "Expect is to be 100-continue, or absent.")
        case web.HTTPClientError():
            return bad_request(f"{HTTPStatus(error.status).phrase}.")
        case _:
            return _unexpected(error)


def _too_large(detail: str) -> ProblemError:
    return problem(*TOO_LARGE, detail)


def _unavailable(error: StoreUnavailableError) -> ProblemError:
    again = {"Retry-After": "1"}
    if isinstance(error, TooManyWaitingError):
        return problem(*BUSY, f"{error} Nothing was done.", headers=again)
    detail = f"{error} Nothing is known of the outcome, and the same ids make it safe."
    return problem(*UNAVAILABLE, detail, headers=again)


def _unexpected(error: Exception) -> ProblemError:
    # The text of an error may hold what a caller sent; its type and its places do not.
    frames = traceback.extract_tb(error.__traceback__)
    where = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    log.error("request_failed", error=type(error).__qualname__, where=where)
    return problem(*INTERNAL, "It is in our log under the request id that `instance` gives.")
