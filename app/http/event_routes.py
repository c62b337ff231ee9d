"""Takes events: CloudEvents, one or many, and the plain shape."""

import uuid
from collections.abc import Sequence
from typing import Any, Final, assert_never

import structlog
from aiohttp import web
from msgspec.structs import replace

from app.access.caller import Service
from app.http.admission import stand_aside
from app.http.answers import EventAnswer, EventAnswers, json_answer
from app.http.binary_event import attributes_in, is_binary
from app.http.bodies import media_type_of, read_body
from app.http.conditions import (
    EVENT_HEADERS,
    IDEMPOTENCY_KEY,
    expected_version,
    idempotency_key,
    is_lenient,
    trace_of,
    wait_seconds,
)
from app.http.drafts import Draft, Invalid, Repeat, read_cloud_event, read_plain_event, references_in
from app.http.edge import Edge, caller_of, edge_of
from app.http.operation import JSON, Answer, Body, Made, Named, Parameter, describe
from app.http.outcomes import answer_many, answer_one, repeat_answer
from app.http.path import path_id
from app.http.problem_kinds import ID_REUSED, ORDER_ARCHIVED, TOO_LARGE, VERSION_CONFLICT
from app.http.problems import bad_request, invalid, problem
from app.http.repeats import know_repeats
from events.document import read_document
from events.envelope import NewEvent
from events.errors import Fault, StoreUnavailableError

log = structlog.get_logger()

BATCH_EVENTS: Final = 500
BATCH_VALUES: Final = 20_000

CLOUD_EVENT: Final = "application/cloudevents+json"
CLOUD_EVENTS: Final = "application/cloudevents-batch+json"
_TAKEN: Final = (CLOUD_EVENT, CLOUD_EVENTS, JSON)


_PLACED: Final = {"customerId": "customer-7", "merchantName": "Trattoria Roma"}
_CLOUD_EVENT: Final = {
    "specversion": "1.0", "id": "placed-1", "source": "shop", "subject": "order-4711", "type": "order.placed",
    "data": _PLACED,
}  # fmt: skip
_BATCH: Final = [
    {**_CLOUD_EVENT, "id": "placed-2", "subject": "order-4712"},
    {**_CLOUD_EVENT, "id": "placed-3", "subject": "order-4713"},
]
_PLAIN: Final = {"type": "order.preparing", "id": "preparing-1", "data": {"note": "Extra basil"}}
_APPENDED: Final = {
    "outcome": "appended", "id": "placed-1", "source": "shop", "subject": "order-4711", "version": 1,
}  # fmt: skip
_BECAME: Final = Answer(
    what="What became of the event, or of each.",
    shape=Made("EventOutcome", (EventAnswer, EventAnswers), lambda one, many: {"anyOf": [one, many]}),
    example=_APPENDED,
    headers={"Preference-Applied": {"type": "string"}},
)
_HANDSHAKE: Final = {
    "WebHook-Allowed-Origin": {"type": "string", "const": "*"},
    "WebHook-Allowed-Rate": {"type": "string", "const": "*"},
}
_REFUSED: Final = (ID_REUSED, ORDER_ARCHIVED, VERSION_CONFLICT)


@describe(
    answers={200: _BECAME},
    bodies=(
        Body(shape=Named("PostedCloudEvent"), example=_CLOUD_EVENT, media_type=CLOUD_EVENT),
        Body(shape=Named("PostedCloudEvents"), example=_BATCH, media_type=CLOUD_EVENTS),
        Body(shape=Named("PostedCloudEvent"), example=_CLOUD_EVENT),
    ),
    parameters=(
        *EVENT_HEADERS,
        Parameter(
            name="source",
            where="query",
            what="Whose signature this is, where there is one in place of a key.",
            schema={"type": "string"},
        ),
    ),
    problems=_REFUSED,
)
async def post_events(request: web.Request) -> web.Response:
    """Append one CloudEvent or a batch of them.

    In binary mode the attributes stand in headers, `ce-id`, `ce-type` and so on, and the body is the data. JSON may be
    packed as `data_base64`.
    """
    if is_binary(request.headers) and not _is_structured(request):
        if _signed_source(request) is not None:
            # whoever changes them on the way would speak for the sender
            raise bad_request("A signature does not reach headers: send the whole CloudEvent as the body.")
        return await _post_binary(request)
    media_type = media_type_of(request, _TAKEN)
    body = await _read_body(request)
    edge = edge_of(request)
    if media_type != CLOUD_EVENTS:
        document = read_document(body)
        _refuse_other_sources(request, [("", document)])
        [draft] = await _drafts_of(request, edge, [document])
        return await _append_one(request, edge, draft)
    documents = _batch(read_document(body, limit_nodes=BATCH_VALUES))
    _refuse_other_sources(request, [(f"/{place}", each) for place, each in enumerate(documents)])
    return await _append_many(request, edge, await _drafts_of(request, edge, documents))


@describe(
    answers={
        200: Answer(what="Events may be delivered here, at any rate.", media_type=None, headers=_HANDSHAKE),
        204: Answer(what="Nobody asked for leave; what is taken here stands in the headers.", media_type=None),
    },
    parameters=(
        Parameter(
            name="WebHook-Request-Origin",
            where="header",
            what="Who would deliver.",
            schema={"type": "string"},
        ),
        Parameter(
            name="WebHook-Request-Rate",
            where="header",
            what="Requests a minute.",
            schema={"type": "string"},
        ),
    ),
)
async def options_events(request: web.Request) -> web.Response:
    """Answer whoever asks whether events may be delivered here, before it does: anybody who has a key, at any rate.

    Source:
        CNCF, "HTTP 1.1 Web Hooks for Event Delivery" 1.0.2, section 4.
    """
    headers = {"Allow": "GET, HEAD, OPTIONS, POST", "Accept-Post": ", ".join(_TAKEN)}
    origin = request.headers.get("WebHook-Request-Origin")
    if origin is not None:
        headers["WebHook-Allowed-Origin"] = "*"
        if "WebHook-Request-Rate" in request.headers:
            headers["WebHook-Allowed-Rate"] = "*"
    return web.Response(status=200 if origin is not None else 204, headers=headers)


async def _post_binary(request: web.Request) -> web.Response:
    """Append a CloudEvent whose attributes stand in headers."""
    media_type_of(request, (JSON,), suffix="+json")
    document, faults = attributes_in(request.headers)
    document["data"] = read_document(await _read_body(request))
    edge = edge_of(request)
    [draft] = await _drafts_of(request, edge, [document])
    if faults:
        known = draft if isinstance(draft, Invalid) else Invalid(())
        draft = Invalid((*faults, *known.faults))
    return await _append_one(request, edge, draft)


async def _drafts_of(request: web.Request, edge: Edge, documents: Sequence[Any]) -> list[Draft]:
    """Read CloudEvents, with the definitions that they name."""
    trace, key, now = trace_of(request), edge.keyring.hash, edge.clock()
    saved = await edge.definitions.find(references_in(documents))
    return [read_cloud_event(each, key=key, now=now, trace=trace, definitions=saved) for each in documents]


async def _read_body(request: web.Request) -> bytes:
    """Read the body; where it could not be stored now, it is not read, or not looked at.

    Raises:
        TooManyWaitingError: Too many events wait to be stored.
    """
    appender = edge_of(request).appender
    appender.refuse_when_full()
    body = await read_body(request)
    appender.refuse_when_full()
    return body


def _is_structured(request: web.Request) -> bool:
    return request.headers.get("Content-Type", "").strip().lower().startswith("application/cloudevents")


@describe(
    answers={200: _BECAME},
    bodies=(Body(shape=Named("PostedEvents"), example=_PLAIN),),
    parameters=(IDEMPOTENCY_KEY, *EVENT_HEADERS),
    problems=_REFUSED,
)
async def post_order_events(request: web.Request) -> web.Response:
    """Append one event in the plain shape, or a list of them, to the order of the path."""
    media_type_of(request, (JSON,))
    order_id = path_id(request, "order_id")
    document = read_document(await _read_body(request), limit_nodes=BATCH_VALUES)
    edge, trace = edge_of(request), trace_of(request)
    key, now = edge.keyring.hash, edge.clock()
    name = idempotency_key(request) or str(uuid.uuid4())
    documents = _batch(document) if isinstance(document, list) else [document]
    said: dict[str, Any] = {"order_id": order_id, "key": key, "now": now, "trace": trace}
    said["definitions"] = await edge.definitions.find(references_in(documents))
    if not isinstance(document, list):
        return await _append_one(request, edge, read_plain_event(document, event_id=name, **said))
    drafts = [read_plain_event(each, event_id=f"{name}:{place}", **said) for place, each in enumerate(documents)]
    return await _append_many(request, edge, drafts)


async def _append_one(request: web.Request, edge: Edge, draft: Draft) -> web.Response:
    [known] = await know_repeats(edge.store, [draft])
    match known:
        case Invalid():
            raise invalid(known.faults)
        case Repeat():
            return await _answer(request, edge, repeat_answer(known))
        case NewEvent():
            [outcome] = await edge.appender.append((known,), expected=expected_version(request))
            return await _answer(request, edge, answer_one(known, outcome))
        case _:
            assert_never(known)


async def _append_many(request: web.Request, edge: Edge, drafts: Sequence[Draft]) -> web.Response:
    known = await know_repeats(edge.store, drafts)
    events = [draft for draft in known if isinstance(draft, NewEvent)]
    lenient = is_lenient(request)
    faults = _faults_of(known)
    if faults and not (lenient and any(not isinstance(draft, Invalid) for draft in known)):
        raise invalid(faults)
    expected = expected_version(request)
    if expected is not None and len({event.subject_id for event in events}) > 1:
        raise bad_request("A version can be expected of one order alone; this request is about several.")
    outcomes = await edge.appender.append(events, expected=expected) if events else []
    applied = ("handling=lenient",) if lenient else ()
    return await _answer(request, edge, answer_many(known, outcomes), *applied)


async def _answer(request: web.Request, edge: Edge, answer: EventAnswer | EventAnswers, *applied: str) -> web.Response:
    """Answer what became of events; if the request asks for that and they are of one order, once they show."""
    seconds = wait_seconds(request)
    results = (answer,) if isinstance(answer, EventAnswer) else answer.results
    stored = {each.subject: each.version for each in results if each.subject is not None and each.version is not None}
    if seconds is not None and len(stored) == 1:
        [(order_id, version)] = stored.items()
        stand_aside(request)
        try:
            progress = await edge.plan_waiter.wait(order_id, version, seconds=seconds)
        except StoreUnavailableError:
            # the events are stored, and that is the answer
            log.warning("events_are_not_waited_for")
        else:
            answer = replace(answer, view_version=progress.view_version, cards=progress.cards)
            applied += (f"wait={seconds}",) if progress.complete else ()
    return json_answer(answer, headers={"Preference-Applied": ", ".join(applied)} if applied else None)


def _refuse_other_sources(request: web.Request, documents: Sequence[tuple[str, Any]]) -> None:
    """See that whoever signs for one source posts events of no other.

    Args:
        request: Of a known caller.
        documents: Each with its pointer.

    Raises:
        ProblemError: 422, with every event that is of another.
    """
    source = _signed_source(request)
    faults = [
        Fault(f"{place}/source", f"is to be {source}, whose signature this is")
        for place, each in documents
        if source is not None and not (isinstance(each, dict) and each.get("source") == source)
    ]
    if faults:
        raise invalid(faults)


def _signed_source(request: web.Request) -> str | None:
    """Give the source whose signature a request shows; None for a key, which speaks for all."""
    caller = caller_of(request)
    return caller.source if isinstance(caller, Service) else None


def _batch(document: Any) -> list[Any]:
    if not isinstance(document, list):
        raise invalid((Fault("", "is to be a list of events"),))
    if len(document) > BATCH_EVENTS:
        raise problem(*TOO_LARGE, f"A batch holds {BATCH_EVENTS} events at the most.")
    return document


def _faults_of(drafts: Sequence[Draft | Repeat]) -> list[Fault]:
    return [
        Fault(f"/{place}{fault.pointer}", fault.detail)
        for place, draft in enumerate(drafts)
        if isinstance(draft, Invalid)
        for fault in draft.faults
    ]
