"""What the console can do in a demo: see what simulated phones show, act as their users, let things go wrong."""

from typing import Any, Final

import msgspec
from aiohttp import web

from app.access.api_key import Scope
from app.http.answers import json_answer
from app.http.operation import Answer, Body, Endpoint, Parameter, describe
from app.http.problems import bad_request, not_found
from app.http.routes import Route, Rule
from app.simulator.acts import ACTS
from app.simulator.android_acts import ANDROID_ACTS
from app.simulator.android_agent import AndroidAgent
from app.simulator.errors import SimulatorError, UnknownCardError, UnknownPhoneError
from app.simulator.fault_plans import PLANS, find_plan
from app.simulator.faults import Fault
from app.simulator.readings import read_android, read_phone
from app.simulator.simulator import Simulator

MOST_PHONES: Final = 50


class ShownPlan(msgspec.Struct, frozen=True):
    """A plan by which things go wrong, and what is to be seen of it."""

    name: str
    what: str
    expect: str


class Faults(msgspec.Struct, frozen=True):
    """What can go wrong, and what does."""

    plans: list[ShownPlan]
    faults: list[Fault]


class SeenPhones(msgspec.Struct, frozen=True):
    """Simulated phones as they are, and what goes wrong."""

    phones: list[dict[str, Any]]
    faults: list[Fault]


class ChosenPlan(msgspec.Struct, frozen=True):
    """Names a plan."""

    plan: str


_PLANS: Final = [ShownPlan(each.name, each.what, each.expect) for each in PLANS.values()]
_NO_FAULTS: Final[dict[str, Any]] = {"plans": [], "faults": []}
_NO_PHONES: Final[dict[str, Any]] = {"phones": [], "faults": []}


def desk_routes(simulator: Simulator) -> tuple[Route, ...]:
    """Give the routes of a demo, beside those of every Lockstep; they take an admin's key.

    Args:
        simulator: Whose phones and faults they are.
    """
    desk = _Desk(simulator)
    rule = Rule(Scope.ADMIN)
    return (
        Route("GET", "/demo/faults", desk.faults(), rule, described=False),
        Route("POST", "/demo/faults", desk.begin(), rule, described=False),
        Route("DELETE", "/demo/faults", desk.end(), rule, described=False),
        Route("GET", "/demo/phones", desk.phones(), rule, described=False),
        Route("POST", "/demo/phones/{phone}/{act}", desk.act(), rule, described=False),
    )


class _Desk:
    """Makes the handlers."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    def faults(self) -> Endpoint:
        @describe(answers={200: Answer(what="What can go wrong, and does.", shape=Faults, example=_NO_FAULTS)})
        async def get_faults(_: web.Request) -> web.Response:
            """Tell what can go wrong in this demo, and what does."""
            return self._told()

        return get_faults

    def begin(self) -> Endpoint:
        @describe(
            answers={201: Answer(what="What goes wrong now.", shape=Faults, example=_NO_FAULTS)},
            bodies=(Body(shape=ChosenPlan, example={"plan": "goaway"}),),
        )
        async def post_fault(request: web.Request) -> web.Response:
            """Let something go wrong."""
            try:
                chosen = msgspec.json.decode(await request.read(), type=ChosenPlan)
                self._simulator.begin_plan(find_plan(chosen.plan))
            except (SimulatorError, msgspec.DecodeError, UnicodeDecodeError) as error:
                raise bad_request(str(error)) from None
            return self._told(status=201)

        return post_fault

    def end(self) -> Endpoint:
        @describe(answers={200: Answer(what="Nothing goes wrong any more.", shape=Faults, example=_NO_FAULTS)})
        async def delete_faults(_: web.Request) -> web.Response:
            """Let nothing go wrong any more."""
            self._simulator.faults.clear()
            return self._told()

        return delete_faults

    def phones(self) -> Endpoint:
        @describe(
            answers={200: Answer(what="The phones that are there.", shape=SeenPhones, example=_NO_PHONES)},
            parameters=(
                Parameter(name="device", where="query", what="The device id of one; may be repeated.",
                          schema={"type": "array", "items": {"type": "string"}, "maxItems": MOST_PHONES}, example=[]),
            ),
        )  # fmt: skip
        async def get_phones(request: web.Request) -> web.Response:
            """Show simulated phones, with what each push did."""
            wanted = set(request.query.getall("device", ())[:MOST_PHONES])
            now, simulator = self._simulator.clock(), self._simulator
            seen = [
                read_phone(each, now, records=True)
                for each in simulator.phones.values()
                if each.phone.device_id in wanted
            ]
            seen += [
                read_android(each, now, records=True)
                for each in simulator.fcm.phones.values()
                if each.phone.device_id in wanted
            ]
            return json_answer(SeenPhones(seen, list(simulator.faults.waiting)))

        return get_phones

    def act(self) -> Endpoint:
        @describe(
            answers={204: Answer(what="It was done.", media_type=None)},
            bodies=(Body(shape=dict[str, Any], example={}),),
        )
        async def post_act(request: web.Request) -> web.Response:
            """Let the user of a phone do something."""
            phone_id, name, simulator = request.match_info["phone"], request.match_info["act"], self._simulator
            try:
                android = simulator.fcm.phones.get(phone_id)
                agent = android or simulator.find_phone(phone_id)
                acts: Any = ANDROID_ACTS if isinstance(agent, AndroidAgent) else ACTS
                if name not in acts:
                    raise bad_request(f"A phone can: {', '.join(acts)}.")
                await acts[name](agent, request)
            except (UnknownCardError, UnknownPhoneError) as error:
                raise not_found(str(error)) from None
            except (SimulatorError, msgspec.DecodeError, UnicodeDecodeError) as error:
                raise bad_request(str(error)) from None
            return web.Response(status=204)

        return post_act

    def _told(self, *, status: int = 200) -> web.Response:
        return json_answer(Faults(_PLANS, list(self._simulator.faults.waiting)), status=status)
