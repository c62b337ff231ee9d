"""Who is let in while many are: places among the requests under way, and room for bodies that come slowly.

A request has a place from its first handling to its answer. Whoever only waits (for the rest of a body, for news, for
the lines of a stream) stands aside meanwhile, so that those who are slow take no place from those who are not.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from aiohttp import web

from app.http.limits import USUAL, HttpLimits
from app.http.problem_kinds import BUSY
from app.http.problems import ProblemError, problem

AGAIN_SECONDS: Final = 1
"""When to come again; what is under way is done by then."""
MEBIBYTE: Final = 1_048_576


class Place:
    """A request's place; made by `enter`.

    Attributes:
        taken: Whether it counts among the requests under way.
        held_bytes: Room that its body has.
    """

    __slots__ = ("_admission", "held_bytes", "taken")

    def __init__(self, admission: "Admission") -> None:
        self._admission = admission
        self.taken = False
        self.held_bytes = 0

    def take(self) -> None:
        """Take the place.

        Raises:
            ProblemError: 503, so many requests are under way.
        """
        if self._admission.requests >= self._admission.limits.requests:
            raise busy("Too many requests are under way here now.")
        self._admission.requests += 1
        self.taken = True

    def stand_aside(self) -> None:
        """Give the place up for now, or for good."""
        if self.taken:
            self._admission.requests -= 1
            self.taken = False

    def hold(self, size_bytes: int) -> None:
        """Take room for a body until the request ends.

        Raises:
            ProblemError: 503, so much is held already.
        """
        if self._admission.held_bytes + size_bytes > self._admission.limits.bodies_mib * MEBIBYTE:
            raise busy("Too many large bodies are under way here now.")
        self._admission.held_bytes += size_bytes
        self.held_bytes += size_bytes

    def leave(self) -> None:
        """Give everything back."""
        self.stand_aside()
        self._admission.held_bytes -= self.held_bytes
        self.held_bytes = 0


class Admission:
    """The places of a process.

    Attributes:
        requests: How many are taken.
        held_bytes: Room that bodies have.
    """

    def __init__(self, limits: HttpLimits = USUAL) -> None:
        self.limits = limits
        self.requests = 0
        self.held_bytes = 0

    def enter(self) -> Place:
        """Give a place to a request.

        Raises:
            ProblemError: 503, so many requests are under way.
        """
        place = Place(self)
        place.take()
        return place


PLACE: Final[web.RequestKey[Place]] = web.RequestKey("place")


def stand_aside(request: web.Request) -> None:
    """Give a request's place up for good: it waits more than it works."""
    place = request.get(PLACE)
    if place is not None:
        place.stand_aside()


@contextmanager
def standing_aside(request: web.Request, *, size_bytes: int = 0) -> Iterator[None]:
    """Let a request wait for something without a place, and take one again.

    Args:
        request: It may have no place, as those of open routes.
        size_bytes: Room to take for its body.

    Raises:
        ProblemError: 503, there is no room, or no place any more.
    """
    place = request.get(PLACE)
    if place is None:
        yield
        return
    place.hold(size_bytes)
    place.stand_aside()
    yield
    place.take()


def busy(detail: str) -> ProblemError:
    """Give the answer to a request that finds no place."""
    return problem(*BUSY, f"{detail} Nothing was done.", headers={"Retry-After": str(AGAIN_SECONDS)})
