"""Clients that vanish in the middle of what they say, as those of a process do that stood still."""

import asyncio

from structlog.testing import capture_logs

from events.postgres.pool import Pool
from events.sealing import Keyring
from tests.integration.http_api import running_api


async def test_a_client_that_hangs_up_within_its_body_is_no_error_of_ours(pool: Pool, keyring: Keyring) -> None:
    """The log has the request as one of the client's faults, and nothing for an operator."""
    async with running_api(pool, keyring) as api:
        with capture_logs() as entries:
            _, writer = await asyncio.open_connection("127.0.0.1", api.port)
            head = "POST /v1/orders/o/events HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            writer.write(f"{head}Authorization: Bearer {api.keys['admin']}\r\nContent-Length: 99\r\n\r\n{{".encode())
            await writer.drain()
            await asyncio.sleep(0.05)  # the server is to wait for the rest; were it not, the claim holds all the more
            writer.close()
            async with asyncio.timeout(10):
                while not entries:  # noqa: ASYNC110 - a log has no event to wait for
                    await asyncio.sleep(0.01)
    assert [(each["event"], each.get("status")) for each in entries] == [("request", 400)]
