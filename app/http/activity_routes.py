"""Starts, moves and ends activities: one call each, which writes one event and says what became of it.

The body is the event's data. A repeat is known by `Idempotency-Key`; without one a start and an end are known by the
activity's id, for there is one of each.
"""

import uuid
from collections.abc import Callable, Mapping
from typing import Any, Final, assert_never

import msgspec
from aiohttp import web

from app.http.answers import json_answer
from app.http.bodies import media_type_of, read_body
from app.http.conditions import (
    IDEMPOTENCY_KEY,
    IF_MATCH,
    IF_NONE_MATCH,
    TRACEPARENT,
    expected_version,
    idempotency_key,
    trace_of,
)
from app.http.drafts import Invalid, Repeat, read_plain_event, references_in
from app.http.edge import edge_of
from app.http.operation import JSON, Answer, Body, Endpoint, Handler, Named, describe
from app.http.outcomes import answer_of, refusal_of, repeat_answer
from app.http.path import path_id
from app.http.problem_kinds import ID_REUSED, ORDER_ARCHIVED, VERSION_CONFLICT
from app.http.problems import invalid
from app.http.repeats import know_repeats
from events.activity import ActivityEnded, ActivityStarted, ActivityUpdated
from events.document import read_document
from events.envelope import NewEvent
from events.errors import Fault
from events.fact import Fact

ENVELOPE: Final = ("occurredAt", "source")
"""What is said of the event, beside its data."""


class ActivityAnswer(msgspec.Struct, frozen=True, rename="camel"):
    """What a call did.

    Attributes:
        outcome: `appended`, or `duplicate`: it was done before, under this version.
        event: The type of the event.
        id: The event's, by which a repeat is known.
    """

    activity_id: str
    outcome: str
    event: str
    id: str
    version: int | None


def _describe(schema: str, event: str, example: Mapping[str, Any]) -> Callable[[Handler], Endpoint]:
    """Say what a call takes and answers: the data of its event, and what became of it."""
    became = {"activityId": "match-1", "outcome": "appended", "event": event, "id": "start", "version": 1}
    return describe(
        answers={200: Answer(what="What became of the call.", shape=ActivityAnswer, example=became)},
        bodies=(Body(shape=Named(schema), example=example),),
        parameters=(IDEMPOTENCY_KEY, IF_MATCH, IF_NONE_MATCH, TRACEPARENT),
        problems=(ID_REUSED, ORDER_ARCHIVED, VERSION_CONFLICT),
    )


@_describe(
    "ActivityStart",
    ActivityStarted.TYPE,
    {
        "customerId": "customer-7", "attributesType": "MatchAttributes", "attributes": {"home": "Roma"},
        "contentState": {"score": "0:0"}, "alert": {"title": "Kick-off", "body": "Roma plays."},
    },
)  # fmt: skip
async def post_start(request: web.Request) -> web.Response:
    """Start an activity for those whom the body names."""
    return await _say(request, ActivityStarted, once="start")


@_describe("ActivityUpdate", ActivityUpdated.TYPE, {"contentState": {"score": "1:0"}})
async def post_update(request: web.Request) -> web.Response:
    """Show something else on all cards of an activity."""
    return await _say(request, ActivityUpdated)


@_describe("ActivityEnd", ActivityEnded.TYPE, {"contentState": {"score": "2:0"}})
async def post_end(request: web.Request) -> web.Response:
    """End all cards of an activity."""
    return await _say(request, ActivityEnded, once="end")


async def _say(request: web.Request, fact: type[Fact], *, once: str | None = None) -> web.Response:
    """Append the event that a body is the data of.

    Args:
        request: The call.
        fact: What it says.
        once: The event's id where the caller gives none; None makes one up.
    """
    media_type_of(request, (JSON,))
    activity_id = path_id(request, "activity_id")
    body = read_document(await read_body(request))
    if not isinstance(body, dict):
        raise invalid((Fault("", "is to be an object"),))
    edge = edge_of(request)
    document = {
        "type": fact.TYPE,
        "data": {name: each for name, each in body.items() if name not in ENVELOPE},
        **{name: body[name] for name in ENVELOPE if name in body},
    }
    draft = read_plain_event(
        document,
        order_id=activity_id,
        event_id=idempotency_key(request) or once or str(uuid.uuid4()),
        key=edge.keyring.hash,
        now=edge.clock(),
        trace=trace_of(request),
        definitions=await edge.definitions.find(references_in([document])),
    )
    [known] = await know_repeats(edge.store, [draft])
    match known:
        case Invalid():
            raise invalid([Fault(each.pointer.removeprefix("/data"), each.detail) for each in known.faults])
        case Repeat():
            told = repeat_answer(known)
        case NewEvent():
            [outcome] = await edge.appender.append((known,), expected=expected_version(request))
            if (refusal := refusal_of([outcome], ())) is not None:
                raise refusal
            told = answer_of(known, outcome)
        case _:
            assert_never(known)
    return json_answer(ActivityAnswer(activity_id, told.outcome, fact.TYPE, known.event_id, told.version))
