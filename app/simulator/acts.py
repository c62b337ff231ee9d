"""Let an iPhone's user act, told over HTTP."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Literal, TypeVar

import aiohttp
import msgspec
from aiohttp import web

from app.simulator.agent import PhoneAgent
from app.simulator.behaviour import Behaviour
from app.simulator.outbox import TicketFor

Wanted = TypeVar("Wanted")


class Input(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Hold a request's JSON."""


class SignIn(Input, frozen=True):
    """Say who signs in."""

    customer_id: str
    ticket: str | None = None
    ticket_url: str | None = None


class SignOut(Input, frozen=True):
    """Say by which call the app tells Lockstep."""

    by: Literal["delete", "put"] = "delete"


class ThisCard(Input, frozen=True):
    """Name a card by its card id or activity id."""

    card: str


class Upgrade(Input, frozen=True):
    """Say to which iOS."""

    ios_version: str


class StartActivity(Input, frozen=True):
    """Say what the app's own card is about."""

    subject: str
    attributes_type: str = "OrderAttributes"
    attributes: dict[str, Any] | None = None


async def read_input(request: web.Request, kind: type[Wanted]) -> Wanted:
    """Give the JSON of a request.

    Raises:
        msgspec.ValidationError: it is not of this kind.
    """
    return msgspec.json.decode(await request.read() or b"{}", type=kind)


def ticket_from(url: str | None) -> TicketFor | None:
    """Give what fetches tickets from the shop's backend at this address."""
    return None if url is None else partial(_fetch_ticket, url)


async def _fetch_ticket(url: str, customer_id: str) -> str:
    """Ask the shop's backend for a ticket: POST {"customerId"}, answered by {"ticket"}."""
    async with (
        aiohttp.ClientSession(raise_for_status=True) as session,
        session.post(url, json={"customerId": customer_id}) as answer,
    ):
        return str((await answer.json())["ticket"])


async def _launch(agent: PhoneAgent, _: web.Request) -> None:
    agent.launch()


async def _allow(agent: PhoneAgent, _: web.Request) -> None:
    agent.allow()


async def _force_quit(agent: PhoneAgent, _: web.Request) -> None:
    agent.force_quit()


async def _dismiss(agent: PhoneAgent, request: web.Request) -> None:
    agent.dismiss((await read_input(request, ThisCard)).card)


async def _rotate_token(agent: PhoneAgent, request: web.Request) -> None:
    agent.rotate_token((await read_input(request, ThisCard)).card)


async def _sign_out(agent: PhoneAgent, request: web.Request) -> None:
    agent.sign_out(by=(await read_input(request, SignOut)).by)


async def _sign_in(agent: PhoneAgent, request: web.Request) -> None:
    wanted = await read_input(request, SignIn)
    agent.sign_in(wanted.customer_id, ticket=wanted.ticket, ticket_for=ticket_from(wanted.ticket_url))


async def _start_activity(agent: PhoneAgent, request: web.Request) -> None:
    wanted = await read_input(request, StartActivity)
    agent.start_activity(wanted.subject, wanted.attributes_type, wanted.attributes)


async def _reinstall(agent: PhoneAgent, _: web.Request) -> None:
    agent.reinstall()


async def _behave(agent: PhoneAgent, request: web.Request) -> None:
    current = agent.phone.behaviour
    given = await read_input(request, dict[str, Any])
    wanted = msgspec.convert(msgspec.to_builtins(current) | given, Behaviour)
    fields = msgspec.structs.asdict(wanted).items()
    agent.behave(**{name: value for name, value in fields if value != getattr(current, name)})


async def _rotate_start_tokens(agent: PhoneAgent, _: web.Request) -> None:
    agent.rotate_start_tokens()


async def _upgrade(agent: PhoneAgent, request: web.Request) -> None:
    agent.upgrade((await read_input(request, Upgrade)).ios_version)


async def _go_offline(agent: PhoneAgent, _: web.Request) -> None:
    agent.go_offline()


async def _go_online(agent: PhoneAgent, _: web.Request) -> None:
    agent.go_online()


ACTS: dict[str, Callable[[PhoneAgent, web.Request], Awaitable[None]]] = {
    "launch": _launch,
    "allow": _allow,
    "force-quit": _force_quit,
    "dismiss": _dismiss,
    "rotate-token": _rotate_token,
    "rotate-start-tokens": _rotate_start_tokens,
    "sign-out": _sign_out,
    "sign-in": _sign_in,
    "start-activity": _start_activity,
    "reinstall": _reinstall,
    "behave": _behave,
    "upgrade": _upgrade,
    "go-offline": _go_offline,
    "go-online": _go_online,
}
