"""How a process leaves when it is told to."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import pytest

from tests.integration.command_line import begin
from tests.integration.wire import Wire

ROLES = "api,projector,matcher"


@asynccontextmanager
async def serving(dsn: str, **more: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the service until it has started; end it the hard way if the test did not."""
    process = await begin("serve", "--role", ROLES, "--port", "0", dsn=dsn, **more)
    try:
        await line_of(process, "service_started")
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def line_of(process: asyncio.subprocess.Process, event: str) -> None:
    """Read the log until an event is told of."""
    assert process.stderr is not None
    while line := await process.stderr.readline():
        if msgspec.json.decode(line)["event"] == event:
            return
    pytest.fail(f"it ended without {event}")


async def test_a_process_that_is_told_to_stop_leaves_with_nothing_undone(dsn: str) -> None:
    """Exit code 0, and it says so."""
    async with serving(dsn) as process:
        process.send_signal(signal.SIGTERM)
        await line_of(process, "service_stopped")
        assert await process.wait() == 0


async def test_a_process_leaves_although_postgres_does_not_answer(wire: Wire) -> None:
    """When its time is over it goes, and says that something was left."""
    async with serving(wire.dsn, LOCKSTEP_LEAVE_SECONDS="0.5") as process:
        wire.hang()
        process.send_signal(signal.SIGTERM)
        await line_of(process, "service_left_before_all_was_done")
        assert await process.wait() == 0
