"""Says whether the process lives, whether it should get requests, and how the installation is."""

from typing import Literal

import msgspec
from aiohttp import web

from app.http.answers import json_answer
from app.http.edge import edge_of
from app.http.operation import Answer, describe
from app.http.problem_kinds import NOT_READY
from app.http.problems import problem
from app.metrics.health import Health


class Live(msgspec.Struct, frozen=True):
    """The process lives."""

    live: Literal[True]


class Ready(msgspec.Struct, frozen=True):
    """Requests may come."""

    ready: Literal[True]


@describe(answers={200: Answer(what="The loop turns.", shape=Live, example={"live": True})})
async def get_live(_request: web.Request) -> web.Response:
    """Answer: the loop turns."""
    return json_answer(Live(live=True))


@describe(answers={200: Answer(what="Requests may come.", shape=Ready, example={"ready": True})}, problems=(NOT_READY,))
async def get_ready(request: web.Request) -> web.Response:
    """Answer 200 when requests may come, 503 with the reasons when they should go elsewhere."""
    reasons = await edge_of(request).ready()
    if reasons:
        raise problem(*NOT_READY, ", ".join(reasons))
    return json_answer(Ready(ready=True))


@describe(
    answers={
        200: Answer(
            what="How it is; a second old at the most.",
            shape=Health,
            example={
                "at": "2026-11-22T18:35:37Z", "appended": 4711, "folded": 4711, "lagSeconds": 0.0, "cardsDue": 3,
                "oldestDueSeconds": 0.4, "overSeconds": 277.0,
                "pushes": [{"outcome": "accepted", "reason": None, "count": 912}], "pauses": [],
            },
        )
    }
)  # fmt: skip
async def get_health_figures(request: web.Request) -> web.Response:
    """Tell how the installation is: what all its processes have done, what waits, and what is paused."""
    return json_answer(await edge_of(request).read_health())
