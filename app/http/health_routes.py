"""Says whether the process lives, and whether it should get requests."""

from aiohttp import web

from app.http.answers import json_answer
from app.http.edge import edge_of
from app.http.problems import problem


async def get_live(_request: web.Request) -> web.Response:
    """Answer: the loop turns."""
    return json_answer({"live": True})


async def get_ready(request: web.Request) -> web.Response:
    """Answer 200 when requests may come, 503 with the reasons when they should go elsewhere."""
    reasons = await edge_of(request).ready()
    if reasons:
        raise problem(503, "not-ready", "This process should not get requests now.", ", ".join(reasons))
    return json_answer({"ready": True})
