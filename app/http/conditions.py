"""What a request makes its events depend on: `If-Match`, `If-None-Match`, `Prefer`; and by what it is known again."""

import re
from typing import Final

from aiohttp import web

from app.http.operation import Parameter
from app.http.problems import bad_request
from events.whole_number import read_whole_number

_VERSION: Final = re.compile(r'"(?P<version>[0-9]+)(-[0-9a-f]{24})?"')
IDEMPOTENCY_KEY: Final = Parameter(
    name="Idempotency-Key",
    where="header",
    what="The id of what is posted, where it has none: by it a repeat is known.",
    schema={"type": "string", "pattern": "^[!#-~]{1,128}$"},
    example="a3f1c2",
)
IF_MATCH: Final = Parameter(
    name="If-Match",
    where="header",
    what="Stores only if the order is at this version, in quotes; the ETag of the order is good for that too.",
    schema={"type": "string", "pattern": '^"[0-9]{1,15}(-[0-9a-f]{24})?"$'},
)
IF_NONE_MATCH: Final = Parameter(
    name="If-None-Match", where="header", what="Stores only if the order is not there yet.", schema={"const": "*"}
)
PREFER: Final = Parameter(
    name="Prefer",
    where="header",
    what="`handling=lenient` stores the good events of a batch although others are bad; `wait=5` lets the answer wait "
    "up to so many seconds, 10 at the most, until the events of an order show, and tell the plans for its cards.",
    schema={"type": "string"},
)
TRACEPARENT: Final = Parameter(
    name="traceparent", where="header", what="Of W3C Trace Context; kept with the event.", schema={"type": "string"}
)
EVENT_HEADERS: Final = (IF_MATCH, IF_NONE_MATCH, PREFER, TRACEPARENT)


def expected_version(request: web.Request) -> int | None:
    """Read which version the one subject must be at: 0 for "not there yet", None for any.

    Raises:
        ProblemError: 400, the headers say something else.
    """
    match, none_match = request.headers.get("If-Match"), request.headers.get("If-None-Match")
    if match is None and none_match is None:
        return None
    if match is not None and none_match is not None:
        raise bad_request("If-Match and If-None-Match cannot be asked together.")
    if none_match is not None:
        if none_match.strip() != "*":
            raise bad_request("If-None-Match is to be *: the order must not be there yet.")
        return 0
    stated = _VERSION.fullmatch((match or "").strip())
    number = None if stated is None else read_whole_number(stated["version"])
    if number is None:
        raise bad_request(
            'If-Match is to be the one version that is expected, in quotes, "3", or the ETag of the order as it came.'
        )
    return number


def is_lenient(request: web.Request) -> bool:
    """Tell whether the good events are to be stored although others are bad."""
    return _preference(request, "handling") == "lenient"


def wait_seconds(request: web.Request) -> int | None:
    """Give for how long the answer may wait until the events show; None: not at all."""
    return read_whole_number(_preference(request, "wait"))


def trace_of(request: web.Request) -> str | None:
    """Give the request's `traceparent`; one that cannot be kept is as good as none, says W3C."""
    trace = request.headers.get("traceparent")
    return trace if trace and len(trace) <= 512 and trace.isascii() and trace.isprintable() else None


def idempotency_key(request: web.Request) -> str | None:
    """Give the caller's word for the events of this request, by which a repeat is known."""
    stated = request.headers.get("Idempotency-Key")
    if stated is None:
        return None
    text = stated[1:-1] if len(stated) > 1 and stated[0] == stated[-1] == '"' else stated
    if not text:
        raise bad_request("Idempotency-Key is empty.")
    return text


def _preference(request: web.Request, wanted: str) -> str:
    """Give the value of a preference, that stated first (RFC 7240: one that makes no sense is as good as none)."""
    for stated in request.headers.getall("Prefer", ()):
        for preference in stated.split(","):
            name, _, value = preference.partition(";")[0].partition("=")
            if name.strip().lower() == wanted:
                return value.strip().strip('"').lower()
    return ""
