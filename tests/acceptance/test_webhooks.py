"""From an event over HTTP to a backend that is told, by way of a phone, a receiver that fails, and a kill."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.acceptance.world import PATIENCE_SECONDS, World, is_live, running_world
from tests.conftest import Clock
from tests.integration.command_line import begin
from tests.integration.receiving import SECRET, Receiver, receiving


@asynccontextmanager
async def dispatching(world: World, dsn: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a process that sends pushes and webhooks, and kill it after the block, if it is still there."""
    process = await begin(
        "serve",
        dsn=dsn,
        **world.apple,
        LOCKSTEP_ROLES="dispatcher",
        LOCKSTEP_PROFILE="fast",
        LOCKSTEP_WEBHOOK_HTTP="true",
        LOCKSTEP_WEBHOOK_NETWORKS="127.0.0.0/8",
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
        await process.communicate()


async def until(receiver: Receiver, predicate: Callable[[], bool]) -> None:
    """Wait until a backend has heard something, for as long as a busy machine may take to start a process."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        await receiver.until(predicate)


@pytest.mark.faults
async def test_a_backend_hears_everything_although_it_fails_and_we_are_killed(
    dsn: str, clock: Clock, certificates: Path
) -> None:
    """It fails; then the sender is killed while it waits for an answer; in the end all is told, under the same ids."""
    roles = ("api", "projector", "matcher")
    async with (
        running_world(
            dsn, clock, certificates, roles=roles, webhook_http=True, webhook_networks=("127.0.0.0/8",)
        ) as world,
        receiving() as receiver,
    ):
        hook = {"url": receiver.url, "secret": SECRET}
        async with world.shop.put(f"{world.service.url}/v1/webhooks/crm", json=hook) as answer:
            assert answer.status == 201, await answer.text()
        phone = await world.phone()
        async with dispatching(world, dsn) as first:
            receiver.answers = [500, 503]
            await world.place()
            await world.until(lambda: is_live(phone))
            await until(receiver, lambda: len(receiver.requests) >= 2)
            receiver.held = asyncio.Event()
            await until(receiver, lambda: len(receiver.requests) >= 3)
            first.send_signal(signal.SIGKILL)
            await first.wait()
        receiver.held.set()
        receiver.held = None
        async with dispatching(world, dsn):
            await world.happen("order-1", "order.delivered")
            await world.pass_time(10)
            await until(receiver, lambda: len(receiver.taken) >= 2)
        told = sorted((each["type"], each["data"]["subject"], each["data"]["customerId"]) for each in receiver.taken)

    assert told == [("card.ended", "order-1", "customer-1"), ("card.started", "order-1", "customer-1")]
    assert len(set(receiver.requests[:3])) == 1
    assert len(set(receiver.requests)) == 2
