"""Counts the requests of API keys, and says in answers how many are left."""

from typing import Final

from aiohttp import web

from app.access.caller import Caller, Service
from app.access.quota import Allowance
from app.access.quota_keeper import QuotaKeeper
from app.http.problem_kinds import QUOTA_EXCEEDED
from app.http.problems import problem

ALLOWANCE: Final[web.RequestKey[tuple[str, Allowance]]] = web.RequestKey("allowance")


async def count(request: web.Request, keeper: QuotaKeeper, caller: Caller) -> None:
    """Count a request, if an API key sent it.

    Raises:
        ProblemError: 429, the key has used its quota up.
    """
    if not isinstance(caller, Service):
        return
    allowance = await keeper.take(caller.key_id)
    request[ALLOWANCE] = (keeper.policy, allowance)
    if not allowance.is_granted:
        raise problem(
            *QUOTA_EXCEEDED,
            f"It may send {keeper.quota.requests} requests in {keeper.quota.window} seconds. Nothing was done.",
            headers={"Retry-After": str(allowance.seconds)},
        )


def quota_headers(request: web.BaseRequest) -> dict[str, str]:
    """Give the headers that tell a key its quota; none where nothing was counted."""
    counted = request.get(ALLOWANCE)
    if counted is None:
        return {}
    policy, allowance = counted
    return {"RateLimit-Policy": policy, "RateLimit": allowance.limit}
