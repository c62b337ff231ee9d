"""Steer and read the simulator over HTTP."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from aiohttp import web

from app.simulator.acts import Input, read_input, ticket_from
from app.simulator.agent import PhoneAgent
from app.simulator.agents import act, agents_of, find_agent
from app.simulator.android_agent import AndroidAgent
from app.simulator.android_phone import AndroidBehaviour
from app.simulator.behaviour import Behaviour
from app.simulator.chance import PROFILES, Profile
from app.simulator.declaration import Declaration
from app.simulator.device_tokens import Environment
from app.simulator.errors import SimulatorError, UnknownActError, UnknownCardError, UnknownPhoneError
from app.simulator.fault_plans import PLANS, find_plan
from app.simulator.faults import Fault
from app.simulator.fcm import DEFAULT_APP
from app.simulator.readings import read_agent

if TYPE_CHECKING:
    from app.simulator.simulator import Simulator

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_DEFAULT_PUSHES = 200


class Install(Input, frozen=True):
    """Say which phone to install; `behaviour` is an object or `"mixed"`."""

    platform: Literal["ios"] = "ios"
    customer_id: str | None = None
    ticket: str | None = None
    ticket_url: str | None = None
    phone_id: str | None = None
    bundle_id: str = "app.lockstep.demo"
    environment: Environment = "sandbox"
    behaviour: Behaviour | Literal["mixed"] = Behaviour()
    profile: str | None = None
    declarations: list[Declaration] | None = None


class InstallAndroid(Input, frozen=True):
    """Say which phone with Android to install."""

    platform: Literal["android"]
    customer_id: str | None = None
    ticket: str | None = None
    ticket_url: str | None = None
    phone_id: str | None = None
    app: str = DEFAULT_APP
    behaviour: AndroidBehaviour = AndroidBehaviour()
    profile: str | None = None
    attributes_types: tuple[str, ...] = ("OrderAttributes",)


class NewKey(Input, frozen=True):
    """Hold a provider key's public half."""

    team_id: str
    key_id: str
    public_pem: str
    environment: Environment | None = None


class NewPlan(Input, frozen=True):
    """Name a plan."""

    plan: str


class NewClock(Input, frozen=True):
    """Say how far the simulator's time is from the clock's."""

    offset_seconds: float


def build_control(simulator: "Simulator") -> web.Application:
    """Give the routes that steer this simulator."""
    app = web.Application(middlewares=[_explain])
    control = _Control(simulator)
    app.add_routes(
        [
            web.get("/", control.summary),
            web.get("/phones", control.list_phones),
            web.post("/phones", control.install),
            web.get("/phones/{phone}", control.show_phone),
            web.post("/phones/{phone}/{act}", control.act),
            web.get("/pushes", control.list_pushes),
            web.get("/channels", control.list_channels),
            web.delete("/channels", control.lose_channels),
            web.get("/faults", control.list_faults),
            web.get("/faults/plans", control.list_plans),
            web.post("/faults", control.add_fault),
            web.delete("/faults", control.clear_faults),
            web.post("/keys", control.register_key),
            web.get("/clock", control.show_clock),
            web.post("/clock", control.set_clock),
        ]
    )
    return app


class _Control:
    """Answer the control address."""

    def __init__(self, simulator: "Simulator") -> None:
        self._simulator = simulator

    async def summary(self, _: web.Request) -> web.Response:
        """Say where everything is and what was counted."""
        simulator = self._simulator
        return _json(
            {
                "apnsUrl": simulator.apns_url,
                "sandboxUrl": simulator.sandbox_url,
                "productionUrl": simulator.production_url,
                "channelsUrl": simulator.channels_url,
                "sandboxChannelsUrl": simulator.sandbox_channels_url,
                "productionChannelsUrl": simulator.production_channels_url,
                "fcmUrl": simulator.fcm.url,
                "fcmTokenUri": simulator.fcm.token_uri,
                "caFile": str(simulator.ca_file),
                "lockstepUrl": simulator.lockstep_url,
                "phones": len(simulator.phones) + len(simulator.fcm.phones),
                "pushes": dict(simulator.pushes.counts),
                "now": simulator.clock(),
            }
        )

    async def list_phones(self, _: web.Request) -> web.Response:
        """List the phones with their cards, without what pushes did."""
        now = self._simulator.clock()
        return _json({"phones": [read_agent(each, now, records=False) for each in agents_of(self._simulator)]})

    async def install(self, request: web.Request) -> web.Response:
        """Install the app on a new phone."""
        given = await read_input(request, dict[str, Any])
        if given.get("platform") == "android":
            return self._show(self._install_android(msgspec.convert(given, InstallAndroid)), status=201)
        return self._show(self._install(msgspec.convert(given, Install)), status=201)

    def _install_android(self, wanted: InstallAndroid) -> AndroidAgent:
        return self._simulator.fcm.install_phone(
            customer_id=wanted.customer_id,
            ticket=wanted.ticket,
            ticket_for=ticket_from(wanted.ticket_url),
            phone_id=wanted.phone_id,
            app=wanted.app,
            behaviour=wanted.behaviour,
            profile=_profile(wanted.profile),
            attributes_types=wanted.attributes_types,
        )

    def _install(self, wanted: Install) -> PhoneAgent:
        behaviour = wanted.behaviour
        return self._simulator.install_phone(
            customer_id=wanted.customer_id,
            ticket=wanted.ticket,
            ticket_for=ticket_from(wanted.ticket_url),
            phone_id=wanted.phone_id,
            bundle_id=wanted.bundle_id,
            environment=wanted.environment,
            behaviour=self._simulator.draw_behaviour() if behaviour == "mixed" else behaviour,
            profile=_profile(wanted.profile),
            declarations=None if wanted.declarations is None else {one.name: one for one in wanted.declarations},
        )

    async def show_phone(self, request: web.Request) -> web.Response:
        """Show a phone, its cards and what each push did."""
        return self._show(self._agent(request))

    async def act(self, request: web.Request) -> web.Response:
        """Let the phone's user do something."""
        agent = self._agent(request)
        await act(agent, request.match_info["act"], request)
        return self._show(agent)

    async def list_pushes(self, request: web.Request) -> web.Response:
        """List the newest pushes APNs and FCM received, the newest last."""
        limit = request.query.get("limit", str(_DEFAULT_PUSHES))
        if not limit.isdigit():
            raise SimulatorError("limit is a number")
        pushes = self._simulator.pushes
        return _json({"counts": dict(pushes.counts), "pushes": pushes.newest(int(limit))})

    async def list_channels(self, _: web.Request) -> web.Response:
        """List the channels with what was published on each, and the requests to manage them."""
        simulator = self._simulator
        listed = [
            {
                "channelId": each.channel_id,
                "app": each.app,
                "environment": each.environment,
                "policy": each.policy,
                "published": each.published,
                "followers": sum(each.channel_id in agent.phone.followed for agent in simulator.phones.values()),
            }
            for each in simulator.channels
        ]
        return _json({"channels": listed, "counts": dict(simulator.channel_desk.counts)})

    async def lose_channels(self, request: web.Request) -> web.Response:
        """Forget every channel, as happens when broadcast is switched off for an app and on again."""
        self._simulator.channels.lose_all()
        return await self.list_channels(request)

    async def list_faults(self, _: web.Request) -> web.Response:
        """List the faults that wait, and how often each happened."""
        faults = self._simulator.faults
        return _json({"faults": faults.waiting, "happened": dict(faults.happened)})

    async def list_plans(self, _: web.Request) -> web.Response:
        """List the plans by which things can go wrong."""
        return _json({"plans": list(PLANS.values())})

    async def add_fault(self, request: web.Request) -> web.Response:
        """Let something go wrong with the next requests: a fault, or all that a plan holds."""
        given = await read_input(request, dict[str, Any])
        if "plan" in given:
            self._simulator.begin_plan(find_plan(msgspec.convert(given, NewPlan).plan))
        else:
            self._simulator.add_fault(msgspec.convert(given, Fault))
        return _json({"faults": self._simulator.faults.waiting}, status=201)

    async def clear_faults(self, _: web.Request) -> web.Response:
        """Forget all faults that wait."""
        self._simulator.faults.clear()
        return _json({"faults": []})

    async def register_key(self, request: web.Request) -> web.Response:
        """Make a provider key known."""
        key = await read_input(request, NewKey)
        self._simulator.register_key(key.team_id, key.key_id, key.public_pem, environment=key.environment)
        return _json({"teamId": key.team_id, "keyId": key.key_id}, status=201)

    async def show_clock(self, _: web.Request) -> web.Response:
        """Tell the simulator's time."""
        clock = self._simulator.clock
        return _json({"now": clock(), "offsetSeconds": clock.offset_seconds})

    async def set_clock(self, request: web.Request) -> web.Response:
        """Move the simulator's time."""
        self._simulator.set_clock((await read_input(request, NewClock)).offset_seconds)
        return await self.show_clock(request)

    def _agent(self, request: web.Request) -> PhoneAgent | AndroidAgent:
        return find_agent(self._simulator, request.match_info["phone"])

    def _show(self, agent: PhoneAgent | AndroidAgent, *, status: int = 200) -> web.Response:
        return _json(read_agent(agent, self._simulator.clock(), records=True), status=status)


def _profile(name: str | None) -> Profile | None:
    if name is not None and name not in PROFILES:
        raise SimulatorError(f"no profile is called {name!r}; known: {', '.join(PROFILES)}")
    return None if name is None else PROFILES[name]


@web.middleware
async def _explain(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer what was asked wrongly with a sentence."""
    try:
        return await handler(request)
    except (UnknownPhoneError, UnknownCardError, UnknownActError) as error:
        return _json({"error": str(error)}, status=404)
    except (SimulatorError, msgspec.ValidationError, msgspec.DecodeError) as error:
        return _json({"error": str(error)}, status=422)


def _json(content: object, *, status: int = 200) -> web.Response:
    return web.Response(body=msgspec.json.encode(content), status=status, content_type="application/json")
