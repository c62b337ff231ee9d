"""What stands in a query."""

from typing import Final

from aiohttp import web

from app.http.operation import Parameter
from app.http.problems import bad_request
from events.whole_number import read_whole_number

PAGE_EVENTS: Final = 100
LONGEST_PAGE: Final = 500
LARGEST_NUMBER: Final = 10**15 - 1

LIMIT: Final = Parameter(
    name="limit",
    where="query",
    what="How many the page holds at the most.",
    schema={"type": "integer", "minimum": 1, "maximum": LONGEST_PAGE, "default": PAGE_EVENTS},
)
AFTER_VERSION: Final = Parameter(
    name="after",
    where="query",
    what="The version after which to begin.",
    schema={"type": "integer", "minimum": 0, "maximum": LARGEST_NUMBER, "default": 0},
)


def seconds_parameter(longest: float) -> Parameter:
    """Say how a stream is cut short."""
    return Parameter(
        name="seconds",
        where="query",
        what=f"When the stream ends once there is nothing more; after {longest:g} at the latest.",
        schema={"type": "integer", "minimum": 0, "maximum": LARGEST_NUMBER, "default": int(longest)},
        example=0,
    )


def query_number(request: web.Request, name: str, default: int) -> int:
    """Read a whole number.

    Raises:
        ProblemError: 400, it is something else.
    """
    text = request.query.get(name)
    if text is None:
        return default
    number = read_whole_number(text)
    if number is None:
        raise bad_request(f"{name} is to be a whole number.")
    return number


def query_flag(request: web.Request, name: str) -> bool:
    """Read what is true or false; absent is false.

    Raises:
        ProblemError: 400, it is something else.
    """
    text = request.query.get(name, "false")
    if text not in ("true", "false"):
        raise bad_request(f"{name} is to be true or false.")
    return text == "true"


def page_limit(request: web.Request) -> int:
    """Read how many events a page may hold.

    Raises:
        ProblemError: 400, there are no such pages.
    """
    limit = query_number(request, "limit", PAGE_EVENTS)
    if not 1 <= limit <= LONGEST_PAGE:
        raise bad_request(f"limit is to be 1 to {LONGEST_PAGE}.")
    return limit
