"""Segments and tags: who an audience may be."""

from typing import Annotated, Final

import msgspec
from aiohttp import web

from app.devices.device import Identifier, Tags, Word
from app.http.answers import json_answer
from app.http.bodies import read_value
from app.http.edge import edge_of
from app.http.operation import Answer, Body, Parameter, describe, no_content
from app.http.path import path_id
from app.http.problem_kinds import NOT_FOUND
from app.http.problems import invalid, not_found
from events.errors import Fault
from projections.audience import Who
from projections.errors import FilterError, SegmentUnknownError
from projections.segment_store import Counted, Segment

MOST_IDS: Final = 10_000
"""Ids in a request; a list may have any number, by several."""

Ids = Annotated[tuple[Identifier, ...], msgspec.Meta(max_length=MOST_IDS)]


class SegmentReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a segment is to be: one of these."""

    filter: str | None = None
    customers: Ids | None = None
    devices: Ids | None = None


class IdsReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Ids that join a list, and ids that leave it."""

    add: Ids = ()
    remove: Ids = ()


class TagsReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All tags of a customer."""

    tags: Tags


class AudienceReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Whom an activity would be for: one of these."""

    customers: Annotated[tuple[Identifier, ...], msgspec.Meta(min_length=1, max_length=500)] | None = None
    segment: Identifier | None = None
    everybody: bool = False


class CountReport(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True, kw_only=True):
    """What is to be counted: an audience, or whom a filter takes that may not be saved yet."""

    attributes_type: Word
    audience: AudienceReport | None = None
    filter: str | None = None


class Segments(msgspec.Struct, frozen=True):
    """A page of segments, by name."""

    segments: list[Segment]


class CustomerTags(msgspec.Struct, frozen=True):
    """All tags of a customer."""

    tags: list[str]


_REGULARS: Final = {"name": "regulars", "idsOf": "customers", "ids": 1, "changedAt": "2026-11-22T18:35:37Z"}
_SEGMENT: Final = Answer(what="The segment.", shape=Segment, example=_REGULARS)
_CUSTOMER: Final = Answer(what="The tags.", shape=CustomerTags, example={"tags": ["vip"]})


@describe(answers={200: _SEGMENT}, bodies=(Body(shape=SegmentReport, example={"customers": ["customer-7"]}),))
async def put_segment(request: web.Request) -> web.Response:
    """Store a segment in place of what was there by its name."""
    name, store = path_id(request, "name"), edge_of(request).segments
    report = await read_value(request, SegmentReport, limit_nodes=MOST_IDS + 10)
    if (report.filter is not None) + (report.customers is not None) + (report.devices is not None) != 1:
        raise invalid([Fault("", "is to have one of filter, customers and devices")])
    if report.filter is not None:
        try:
            await store.put_filter(name, report.filter)
        except FilterError as error:
            raise invalid([_at_filter(error)]) from None
    elif report.customers is not None:
        await store.put_ids(name, "customers", report.customers)
    else:
        await store.put_ids(name, "devices", report.devices or ())
    return await _answer(request, name)


@describe(answers={200: _SEGMENT})
async def get_segment(request: web.Request) -> web.Response:
    """Show a segment; of a list of ids, how many there are."""
    return await _answer(request, path_id(request, "name"))


@describe(
    answers={200: Answer(what="Segments by name.", shape=Segments, example={"segments": [_REGULARS]})},
    parameters=(
        Parameter(name="after", where="query", what="The name after which to begin.", schema={"type": "string"}),
    ),
)
async def get_segments(request: web.Request) -> web.Response:
    """List segments by name, up to a thousand after one."""
    return json_answer(Segments(await edge_of(request).segments.list_after(request.query.get("after", ""))))


@describe(answers=no_content("The segment is deleted."))
async def delete_segment(request: web.Request) -> web.Response:
    """Delete a segment; cards that are there because of it stay."""
    if not await edge_of(request).segments.drop(path_id(request, "name")):
        raise _no_segment()
    return web.Response(status=204)


@describe(answers={200: _SEGMENT}, bodies=(Body(shape=IdsReport, example={"add": ["customer-8"], "remove": []}),))
async def post_segment_ids(request: web.Request) -> web.Response:
    """Add ids to a list, and take others out."""
    name = path_id(request, "name")
    report = await read_value(request, IdsReport, limit_nodes=2 * MOST_IDS + 10)
    if not await edge_of(request).segments.change_ids(name, add=report.add, remove=report.remove):
        raise not_found("There is no segment by this name that is a list of ids.")
    return await _answer(request, name)


@describe(answers={200: _CUSTOMER}, bodies=(Body(shape=TagsReport, example={"tags": ["vip"]}),))
async def put_customer_tags(request: web.Request) -> web.Response:
    """Store all tags of a customer."""
    customer_id, edge = path_id(request, "customer_id"), edge_of(request)
    report = await read_value(request, TagsReport)
    await edge.segments.put_customer_tags(customer_id, report.tags)
    edge.ring_matcher()
    return await _tags(request, customer_id)


@describe(answers={200: _CUSTOMER})
async def get_customer_tags(request: web.Request) -> web.Response:
    """Show a customer's tags."""
    return await _tags(request, path_id(request, "customer_id"))


@describe(
    answers={200: Answer(what="The counts.", shape=Counted, example={"phones": 1_200, "reachable": 1_105})},
    bodies=(Body(shape=CountReport, example={"attributesType": "OrderAttributes", "audience": {"everybody": True}}),),
    problems=(NOT_FOUND,),
)
async def post_audience_count(request: web.Request) -> web.Response:
    """Count the phones of an audience, and those of them that can be sent a card now; nothing is sent."""
    store = edge_of(request).segments
    report = await read_value(request, CountReport, limit_nodes=1_000)
    if (report.audience is None) == (report.filter is None):
        raise invalid([Fault("", "is to have either audience or filter")])
    if report.filter is not None:
        try:
            return json_answer(await store.count_filter(report.filter, report.attributes_type))
        except FilterError as error:
            raise invalid([_at_filter(error)]) from None
    try:
        return json_answer(await store.count(_who(report.audience or AudienceReport()), report.attributes_type))
    except SegmentUnknownError:
        raise _no_segment() from None


def _who(audience: AudienceReport) -> Who:
    if (audience.customers is not None) + (audience.segment is not None) + audience.everybody != 1:
        raise invalid([Fault("/audience", "is to have one of customers, segment and everybody")])
    return Who(audience.customers, audience.segment)


async def _tags(request: web.Request, customer_id: str) -> web.Response:
    return json_answer(CustomerTags(await edge_of(request).segments.customer_tags(customer_id)))


async def _answer(request: web.Request, name: str) -> web.Response:
    segment = await edge_of(request).segments.read(name)
    if segment is None:
        raise _no_segment()
    return json_answer(segment)


def _at_filter(error: FilterError) -> Fault:
    return Fault("/filter", str(error))


def _no_segment() -> Exception:
    return not_found("There is no segment by this name.")
