"""How a process leaves when it is told to."""

import asyncio
import base64
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import pytest

from app.access.api_key import Scope
from app.access.key_store import KeyStore
from app.bootstrap import Service
from app.settings import load_settings
from events.postgres.pool import Pool
from events.sealing import Keyring
from tests.conftest import SECRET_KEY
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


async def test_workers_finish_beside_the_requests_that_are_under_way(dsn: str, pool: Pool, keyring: Keyring) -> None:
    """They take nothing more at once, and a request whose body is still to come is taken all the same."""
    key, _ = await KeyStore(pool, keyring).create(name="shop", environment="test", scopes=[Scope.EVENTS_WRITE])
    body = msgspec.json.encode({"type": "order.preparing", "data": {}})
    head = (
        "POST /v1/orders/order-1/events HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {key}\r\nExpect: 100-continue\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    secret = base64.b64encode(SECRET_KEY).decode()
    service = await Service.start(
        load_settings(database_url=dsn, secret_key=secret, port=0, roles=ROLES, log_level="error")
    )
    assert service.url is not None
    assert service._workers is not None
    reader, writer = await asyncio.open_connection("127.0.0.1", int(service.url.rpartition(":")[2]))
    writer.write(head.encode())
    assert await reader.readline() == b"HTTP/1.1 100 Continue\r\n"
    stopping = asyncio.create_task(service.stop())
    await service._workers
    assert not stopping.done()
    writer.write(body)
    assert b"HTTP/1.1 200 OK\r\n" in await reader.read()
    await stopping
    assert await pool.fetchval("SELECT count(*) FROM events WHERE slot BETWEEN 0 AND 255") == 1
    assert await pool.fetchval("SELECT count(*) FROM views WHERE slot BETWEEN 0 AND 255") == 0
    writer.close()
