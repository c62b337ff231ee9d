"""Let the user of a phone with Android act, told over HTTP."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from aiohttp import web

from app.simulator.acts import SignIn, SignOut, ThisCard, read_input, ticket_from
from app.simulator.android_agent import AndroidAgent
from app.simulator.android_phone import AndroidBehaviour

Act = Callable[[AndroidAgent, web.Request], Awaitable[None]]


def _plain(act: Callable[[AndroidAgent], None]) -> Act:
    """Give an act of which nothing more is said."""

    async def do(agent: AndroidAgent, _: web.Request) -> None:
        act(agent)

    return do


async def _dismiss(agent: AndroidAgent, request: web.Request) -> None:
    agent.dismiss((await read_input(request, ThisCard)).card)


async def _sign_in(agent: AndroidAgent, request: web.Request) -> None:
    wanted = await read_input(request, SignIn)
    agent.sign_in(wanted.customer_id, ticket=wanted.ticket, ticket_for=ticket_from(wanted.ticket_url))


async def _sign_out(agent: AndroidAgent, request: web.Request) -> None:
    agent.sign_out(by=(await read_input(request, SignOut)).by)


async def _behave(agent: AndroidAgent, request: web.Request) -> None:
    given = await read_input(request, dict[str, Any])
    wanted = msgspec.convert(msgspec.to_builtins(agent.phone.behaviour) | given, AndroidBehaviour)
    agent.behave(**msgspec.structs.asdict(wanted))


ANDROID_ACTS: dict[str, Act] = {
    "launch": _plain(AndroidAgent.launch),
    "dismiss": _dismiss,
    "sign-in": _sign_in,
    "sign-out": _sign_out,
    "behave": _behave,
    "doze": _plain(AndroidAgent.doze),
    "wake": _plain(AndroidAgent.wake),
    "go-offline": _plain(AndroidAgent.go_offline),
    "go-online": _plain(AndroidAgent.go_online),
    "rotate-token": _plain(AndroidAgent.rotate_token),
    "uninstall": _plain(AndroidAgent.uninstall),
    "reinstall": _plain(AndroidAgent.reinstall),
    "restore": _plain(AndroidAgent.restore),
}
