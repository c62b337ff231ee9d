"""Audiences: how far their cards are, stop, go on."""

from typing import Final

import msgspec
from aiohttp import web

from app.http.answers import json_answer
from app.http.edge import edge_of
from app.http.operation import Answer, Parameter, describe
from app.http.path import path_id
from app.http.problems import ProblemError, bad_request, not_found
from app.http.queries import LIMIT, page_limit
from projections.audience_store import OUTCOMES, Progress, StartedPhone

_BY_WORD: Final = {each: each for each in OUTCOMES}


class Phones(msgspec.Struct, frozen=True, rename="camel"):
    """A page of phones, by id.

    Attributes:
        next_after: What `after` is to be for the next page; None: there is none.
    """

    phones: list[StartedPhone]
    next_after: str | None


_PROGRESS: Final = Answer(
    what="How far the starts are.",
    shape=Progress,
    example={
        "activityId": "match-1", "everybody": True, "customers": None, "segment": None,
        "attributesType": "MatchAttributes", "state": "running", "begunAt": "2026-11-22T18:35:37Z", "doneAt": None,
        "stoppedAt": None, "phones": 2, "accepted": 1, "waiting": 1, "unknown": 0, "rejected": 0, "leftOut": 0,
        "reasons": [{"outcome": "accepted", "reason": "accepted", "phones": 1}],
    },
)  # fmt: skip


@describe(answers={200: _PROGRESS})
async def get_audience(request: web.Request) -> web.Response:
    """Tell how far the cards of an activity's audience are."""
    return await _answer(request, path_id(request, "activity_id"))


@describe(
    answers={
        200: Answer(
            what="Phones by id.",
            shape=Phones,
            example={"phones": [], "nextAfter": None},
        )
    },
    parameters=(
        LIMIT,
        Parameter(name="after", where="query", what="`nextAfter` of the page before.", schema={"type": "string"}),
        Parameter(name="outcome", where="query", what="Those with this outcome alone.", schema={"enum": [*OUTCOMES]}),
    ),
)
async def get_audience_phones(request: web.Request) -> web.Response:
    """List the phones of an activity's audience with what became of the start on each."""
    activity_id, limit = path_id(request, "activity_id"), page_limit(request)
    word = request.query.get("outcome")
    if word is not None and word not in _BY_WORD:
        raise bad_request(f"outcome is to be one of {', '.join(OUTCOMES)}, or absent.")
    audiences = edge_of(request).audiences
    phones = await audiences.phones(
        activity_id,
        outcome=None if word is None else _BY_WORD[word],
        after=request.query.get("after", ""),
        most=limit,
    )
    if not phones and await audiences.progress(activity_id) is None:
        raise _no_audience()
    return json_answer(Phones(phones, phones[-1].device_id if len(phones) == limit else None))


@describe(answers={200: _PROGRESS})
async def post_audience_stop(request: web.Request) -> web.Response:
    """Start no further cards of an activity's audience."""
    activity_id = path_id(request, "activity_id")
    if not await edge_of(request).audiences.stop(activity_id):
        raise _no_audience()
    return await _answer(request, activity_id)


@describe(answers={200: _PROGRESS})
async def post_audience_resume(request: web.Request) -> web.Response:
    """Go on starting the cards of an activity's audience."""
    activity_id = path_id(request, "activity_id")
    if not await edge_of(request).audiences.resume(activity_id):
        raise _no_audience()
    return await _answer(request, activity_id)


async def _answer(request: web.Request, activity_id: str) -> web.Response:
    progress = await edge_of(request).audiences.progress(activity_id)
    if progress is None:
        raise _no_audience()
    return json_answer(progress)


def _no_audience() -> ProblemError:
    return not_found("No activity by this id is for an audience, or its time has not come.")
