"""Counts the requests of API keys and of tickets, and says in answers how many are left."""

from hashlib import blake2b
from typing import Final

from aiohttp import web

from app.access.caller import Caller, Customer, Service
from app.access.quota import Allowance
from app.http.authentication import bearer_of
from app.http.edge import Edge
from app.http.problem_kinds import QUOTA_EXCEEDED
from app.http.problems import problem

ALLOWANCE: Final[web.RequestKey[tuple[str, Allowance]]] = web.RequestKey("allowance")
_NAME_BYTES: Final = 16


async def count(request: web.Request, edge: Edge, caller: Caller) -> None:
    """Count a request.

    Raises:
        ProblemError: 429, the caller has used its quota up.
    """
    if isinstance(caller, Service):
        keeper, name = edge.quotas, caller.key_id
    else:
        keeper, name = edge.ticket_quotas, _name_of(caller, bearer_of(request), edge.keyring.hash)
    allowance = await keeper.take(name)
    request[ALLOWANCE] = (keeper.policy, allowance)
    if not allowance.is_granted:
        raise problem(
            *QUOTA_EXCEEDED,
            f"It may send {keeper.quota.requests} requests in {keeper.quota.window} seconds. Nothing was done.",
            headers={"Retry-After": str(allowance.seconds)},
        )


def quota_headers(request: web.BaseRequest) -> dict[str, str]:
    """Give the headers that tell a caller its quota; none where nothing was counted."""
    counted = request.get(ALLOWANCE)
    if counted is None:
        return {}
    policy, allowance = counted
    return {"RateLimit-Policy": policy, "RateLimit": allowance.limit}


def _name_of(caller: Customer, ticket: str | None, key: bytes) -> str:
    """Name who is counted, so that nobody reads it from the count: a customer, or a ticket that names none."""
    # what is signed: some readers take a signature that is written in several ways
    signed = (ticket or "").rpartition(".")[0]
    counted = f"ticket {signed}" if caller.customer_id is None else f"customer {caller.customer_id}"
    digest = blake2b(counted.encode("utf-8", "surrogateescape"), key=key, digest_size=_NAME_BYTES, person=b"quota")
    return f"ticket:{digest.hexdigest()}"
