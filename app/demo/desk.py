"""What the console can do in a demo: see what simulated phones show, act as their users, let things go wrong.

These routes are no part of the API, and its document is silent about them.
"""

from typing import Final

import msgspec
from aiohttp import web

from app.access.api_key import Scope
from app.http.answers import json_answer
from app.http.operation import Handler, describe
from app.http.problems import bad_request, not_found
from app.http.routes import Route, Rule
from app.simulator.agents import act, agents_of, find_agent
from app.simulator.errors import SimulatorError, UnknownActError, UnknownCardError, UnknownPhoneError
from app.simulator.fault_plans import PLANS, find_plan
from app.simulator.readings import read_agent
from app.simulator.simulator import Simulator

MOST_PHONES: Final = 50

_PLANS: Final = [{"name": each.name, "what": each.what, "expect": each.expect} for each in PLANS.values()]


class ChosenPlan(msgspec.Struct, frozen=True):
    """Names a plan."""

    plan: str


def desk_routes(simulator: Simulator) -> tuple[Route, ...]:
    """Give the routes of a demo, beside those of every Lockstep; they take an admin's key.

    Args:
        simulator: Whose phones and faults they are.
    """
    desk = _Desk(simulator)

    def route(method: str, path: str, handler: Handler) -> Route:
        return Route(method, f"/demo/{path}", describe(answers={})(handler), Rule(Scope.ADMIN), described=False)

    return (
        route("GET", "faults", desk.get_faults),
        route("POST", "faults", desk.post_fault),
        route("DELETE", "faults", desk.delete_faults),
        route("GET", "phones", desk.get_phones),
        route("POST", "phones/{phone}/{act}", desk.post_act),
    )


class _Desk:
    """Answers for one simulator."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    async def get_faults(self, _: web.Request) -> web.Response:
        """Tell what can go wrong in this demo, and what does."""
        return self._told()

    async def post_fault(self, request: web.Request) -> web.Response:
        """Let something go wrong."""
        try:
            chosen = msgspec.json.decode(await request.read(), type=ChosenPlan)
            self._simulator.begin_plan(find_plan(chosen.plan))
        except (SimulatorError, msgspec.DecodeError, UnicodeDecodeError) as error:
            raise bad_request(str(error)) from None
        return self._told(status=201)

    async def delete_faults(self, _: web.Request) -> web.Response:
        """Let nothing go wrong any more."""
        self._simulator.faults.clear()
        return self._told()

    async def get_phones(self, request: web.Request) -> web.Response:
        """Show simulated phones, with what each push did."""
        wanted = set(request.query.getall("device", ())[:MOST_PHONES])
        now, agents = self._simulator.clock(), agents_of(self._simulator)
        seen = [read_agent(each, now, records=True) for each in agents if each.phone.device_id in wanted]
        return json_answer({"phones": seen, "faults": self._simulator.faults.waiting})

    async def post_act(self, request: web.Request) -> web.Response:
        """Let the user of a phone do something."""
        try:
            await act(find_agent(self._simulator, request.match_info["phone"]), request.match_info["act"], request)
        except UnknownActError as error:
            raise bad_request(f"{str(error).capitalize()}.") from None
        except (UnknownCardError, UnknownPhoneError) as error:
            raise not_found(str(error)) from None
        except (SimulatorError, msgspec.DecodeError, UnicodeDecodeError) as error:
            raise bad_request(str(error)) from None
        return web.Response(status=204)

    def _told(self, *, status: int = 200) -> web.Response:
        return json_answer({"plans": _PLANS, "faults": self._simulator.faults.waiting}, status=status)
