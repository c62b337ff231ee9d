"""Run one process of Lockstep from its settings, and let it die where the kill harness says.

`LOCKSTEP_CHAOS_EXIT=after_intent:3` makes the process exit, as by a SIGKILL, when that place is passed for the third
time. The places are wrapped here; no line of the product knows of them.
"""

import asyncio
import itertools
import os
import signal
import sys
from collections.abc import Callable, Sized
from types import MappingProxyType
from typing import Any, Final

import asyncpg
import msgspec
import structlog

from app.apns.channel_request import ChannelRequest
from app.apns.engine_transport import EngineTransport
from app.apns.request import ApnsRequest
from app.bootstrap import Service
from app.logs import set_up_logs
from app.settings import load_settings
from events.errors import LockstepError, StoreUnavailableError
from events.postgres.errors import is_unavailable
from events.store import EventStore
from projections.card_store import CardStore
from projections.channel_store import ChannelStore
from projections.enroller import Enroller
from projections.matcher import Matcher
from projections.projector import Projector
from tests.faults import probe

EXIT_VARIABLE: Final = "LOCKSTEP_CHAOS_EXIT"
READY: Final = b"ready\n"
KILLED: Final = 137
"""What a shell says of a process that SIGKILL ended."""
UNABLE: Final = 75
"""The process could not start because Postgres was away; whoever started it tries again."""
HOPELESS: Final = 78
"""The process could not start, and will not."""


def _always(_: Any, *_given: Any) -> bool:
    return True


def _any(done: Any, *_given: Any) -> bool:
    return bool(done)


def _has_won(done: Any, *_given: Any) -> bool:
    return bool(done.won)


def _sent(request: ApnsRequest | ChannelRequest) -> dict[str, Any]:
    aps: dict[str, Any] = msgspec.json.decode(request.payload or b"{}").get("aps", {})
    return aps


def _sent_a_start(_: Any, _transport: EngineTransport, request: ApnsRequest | ChannelRequest) -> bool:
    return bool(_sent(request).get("event") == "start")


def _sent_to_a_channel(_: Any, _transport: EngineTransport, request: ApnsRequest | ChannelRequest) -> bool:
    # to look at Apple's list changes nothing
    return isinstance(request, ChannelRequest) and request.method != "GET"


def _sent_of_pictures(_: Any, _transport: EngineTransport, request: ApnsRequest | ChannelRequest) -> bool:
    return "content-available" in _sent(request)


# Where a process may die: after which call, and whether what it gave, and was given, counts as a pass.
PLACES: Final = MappingProxyType[str, tuple[type, str, Callable[..., bool]]](
    {
        "after_claim": (CardStore, "claim", _any),
        "after_intent": (CardStore, "record_intents", _any),
        "after_send": (EngineTransport, "send", _always),
        "after_start": (EngineTransport, "send", _sent_a_start),
        "after_commit": (CardStore, "settle", _always),
        "after_append": (EventStore, "append", _always),
        "after_fold": (Projector, "project", _has_won),
        "after_match": (Matcher, "match_views", _any),
        "after_enrol": (Enroller, "enrol_some", _any),
        "after_channel_intent": (ChannelStore, "record_intent", _any),
        "after_channel_send": (EngineTransport, "send", _sent_to_a_channel),
        "after_picture_push": (EngineTransport, "send", _sent_of_pictures),
    }
)


# The answers that come meanwhile are lost with this one.
HOLD_SECONDS: Final = MappingProxyType({"after_start": 1.5})


def arm(order: str) -> None:
    """Let this process die at a place, `after_send:7`: the seventh time."""
    place, _, count = order.partition(":")
    owner, name, counts = PLACES[place]
    original = getattr(owner, name)
    passes = itertools.count(1)

    async def die_in_time(*args: Any, **named: Any) -> Any:
        done = await original(*args, **named)
        if counts(done, *args) and next(passes) >= int(count):
            size = len(done) if isinstance(done, Sized) else None
            structlog.get_logger().warning("chaos_exit", place=place, size=size)
            await asyncio.sleep(HOLD_SECONDS.get(place, 0.0))
            os._exit(KILLED)
        return done

    setattr(owner, name, die_in_time)


async def run() -> int:
    """Run until SIGTERM; give the exit status."""
    settings = load_settings()
    set_up_logs(settings.log_level, settings.log_format)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    if probe.VARIABLE in os.environ:
        probe.answer_probes()
    try:
        service = await Service.start(settings)
    except (
        OSError,
        asyncpg.PostgresError,
        asyncpg.InterfaceError,
        asyncpg.InternalClientError,
        LockstepError,
    ) as error:
        away = is_unavailable(error) or isinstance(error, StoreUnavailableError)
        structlog.get_logger().warning("service_not_started", error=type(error).__name__, postgres_away=away)
        return UNABLE if away else HOPELESS
    sys.stdout.buffer.write(READY)
    sys.stdout.buffer.flush()
    await stop.wait()
    await service.stop()
    return 0


if __name__ == "__main__":
    if EXIT_VARIABLE in os.environ:
        arm(os.environ[EXIT_VARIABLE])
    sys.exit(asyncio.run(run()))
