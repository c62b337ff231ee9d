"""Find phones of both kinds, and let their users act."""

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, TypeVar

from aiohttp import web

from app.simulator.acts import ACTS
from app.simulator.agent import PhoneAgent
from app.simulator.android_acts import ANDROID_ACTS
from app.simulator.android_agent import AndroidAgent
from app.simulator.errors import UnknownActError

if TYPE_CHECKING:
    from app.simulator.simulator import Simulator

Agent = TypeVar("Agent", PhoneAgent, AndroidAgent)


def agents_of(simulator: "Simulator") -> list[PhoneAgent | AndroidAgent]:
    """Give all phones, iPhones first."""
    return [*simulator.phones.values(), *simulator.fcm.phones.values()]


def find_agent(simulator: "Simulator", phone_id: str) -> PhoneAgent | AndroidAgent:
    """Give a phone.

    Raises:
        UnknownPhoneError: there is none.
    """
    return simulator.fcm.phones.get(phone_id) or simulator.find_phone(phone_id)


async def act(agent: PhoneAgent | AndroidAgent, name: str, request: web.Request) -> None:
    """Let a phone's user do something, as the body of the request says.

    Raises:
        UnknownActError: a phone of its kind cannot do that.
        SimulatorError: it cannot be done now.
        msgspec.ValidationError: the body is not what it takes.
    """
    if isinstance(agent, AndroidAgent):
        await _known(ANDROID_ACTS, name)(agent, request)
    else:
        await _known(ACTS, name)(agent, request)


def _known(
    acts: Mapping[str, Callable[[Agent, web.Request], Awaitable[None]]], name: str
) -> Callable[[Agent, web.Request], Awaitable[None]]:
    if name not in acts:
        raise UnknownActError(acts)
    return acts[name]
