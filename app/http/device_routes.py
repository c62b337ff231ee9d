"""Takes what apps report of their phones and cards."""

from typing import Final

from aiohttp import web

from app.access.caller import Customer, may_follow_order, may_sign_in, may_touch_device
from app.devices.device import AndroidReport, AnyReport, CardAnswer, CardReport, DeviceReport, LaunchAnswer
from app.devices.errors import UnknownDeviceError
from app.http.answers import json_answer
from app.http.bodies import read_json, read_value, value_of
from app.http.edge import caller_of, edge_of
from app.http.operation import Answer, Body, Made, describe, no_content
from app.http.path import path_id
from app.http.problem_kinds import FORBIDDEN
from app.http.problems import ProblemError, invalid, not_found, problem
from events.errors import Fault
from events.json_schema import Schema


def _by_platform(iphone: Schema, android: Schema) -> Schema:
    """Give the schema of both reports; without a platform it is an iPhone."""
    taken = []
    for report, platform, required in ((iphone, "ios", ()), (android, "android", ("platform",))):
        properties = {"platform": {"const": platform}, **report["properties"]}
        taken.append({**report, "properties": properties, "required": [*required, *report["required"]]})
    return {"oneOf": taken}


_REPORT: Final = {
    "app": "com.example.shop", "environment": "sandbox", "iosVersion": "18.1", "customerId": "customer-7",
    "startTokens": {"OrderAttributes": "00ff00ff"}, "cards": [],
}  # fmt: skip
_CARD: Final = {
    "subject": "order-4711", "attributesType": "OrderAttributes", "updateToken": "00aa00aa", "state": "active",
}  # fmt: skip
_CARD_ANSWER: Final = {
    "cardId": "a1b2c3d4-7dbb-4d6c-9f0b-0123456789ab", "activityId": "A1B2", "subject": "order-4711",
    "attributesType": "OrderAttributes", "end": False, "contentState": {"status": "placed"},
}  # fmt: skip


@describe(
    answers={
        200: Answer(
            what="What each reported card should do, and which cards are missing.",
            shape=LaunchAnswer,
            example={"deviceId": "phone-1", "cards": [], "missing": []},
        )
    },
    bodies=(Body(shape=Made("PhoneReport", (DeviceReport, AndroidReport), _by_platform), example=_REPORT),),
)
async def put_device(request: web.Request) -> web.Response:
    """Store a launch report; the latest user who signs in takes the phone."""
    device_id, caller = path_id(request, "device_id"), caller_of(request)
    report = await _read_report(request)
    if not may_sign_in(caller, report.customer_id):
        raise problem(*FORBIDDEN, "The ticket is not this customer's.")
    if report.customer_id is None:
        await let_in(request, device_id, missing_is_fine=True)
    return json_answer(await edge_of(request).registry.register(device_id, report))


async def _read_report(request: web.Request) -> AnyReport:
    """Read what an app says of its phone; without a platform it is an iPhone."""
    document = await read_json(request)
    platform = document.pop("platform", "ios") if isinstance(document, dict) else "ios"
    match platform:
        case "ios":
            return value_of(document, DeviceReport)
        case "android":
            return value_of(document, AndroidReport)
        case _:
            raise invalid((Fault("/platform", "is ios or android"),))


@describe(answers=no_content("The phone is signed out."))
async def delete_device(request: web.Request) -> web.Response:
    """Sign a phone out: its tokens are forgotten."""
    device_id = path_id(request, "device_id")
    await let_in(request, device_id)
    if not await edge_of(request).registry.forget(device_id):
        raise _no_device()
    return web.Response(status=204)


@describe(
    answers={200: Answer(what="What the card should do.", shape=CardAnswer, example=_CARD_ANSWER)},
    bodies=(Body(shape=CardReport, example=_CARD),),
)
async def put_card(request: web.Request) -> web.Response:
    """Store what a phone says of one card."""
    device_id, card_id = path_id(request, "device_id"), path_id(request, "card_id")
    edge, caller = edge_of(request), caller_of(request)
    report = await read_value(request, CardReport)
    await let_in(request, device_id)
    if isinstance(caller, Customer):
        order = await edge.read_order(report.subject)
        if order is not None and not may_follow_order(caller, report.subject, order.customer_id):
            raise not_found("There is no such order.")
    return json_answer(await edge.registry.report_card(device_id, card_id, report))


@describe(answers=no_content("The card is gone."))
async def delete_card(request: web.Request) -> web.Response:
    """Note that a phone has a card no more."""
    device_id, card_id = path_id(request, "device_id"), path_id(request, "card_id")
    await let_in(request, device_id)
    if not await edge_of(request).registry.forget_card(device_id, card_id):
        raise not_found("The device has no such card.")
    return web.Response(status=204)


async def let_in(request: web.Request, device_id: str, *, missing_is_fine: bool = False) -> None:
    """Let the caller pass if the phone is theirs or nobody's; another's phone does not exist for them."""
    caller = caller_of(request)
    if not isinstance(caller, Customer):
        return
    try:
        owner = await edge_of(request).registry.owner(device_id)
    except UnknownDeviceError:
        if missing_is_fine:
            return
        raise
    if not may_touch_device(caller, owner):
        raise _no_device()


def _no_device() -> ProblemError:
    return not_found("No such device is registered.")
