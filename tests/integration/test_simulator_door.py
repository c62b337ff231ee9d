"""How a client comes in at the simulator's door, whatever the loop that serves it."""

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import uvloop

from app.simulator.chance import CALM
from app.simulator.simulator import Options, Simulator


def greet(port: int, ca_file: str, said: list[str | None]) -> None:
    """Open TLS with the simulator from another thread, and note the protocol that was agreed."""
    context = ssl.create_default_context(cafile=ca_file)
    context.set_alpn_protocols(["h2"])
    with (
        socket.create_connection(("localhost", port), timeout=20) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as secure,
    ):
        said.append(secure.selected_alpn_protocol())


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_a_client_that_greets_at_once_is_heard(loop: Callable[[], asyncio.AbstractEventLoop], tmp_path: Path) -> None:
    """Its first bytes may be there before the simulator has looked at the connection."""

    async def let_in() -> list[str | None]:
        simulator = await Simulator.start(tmp_path, options=Options(profile=CALM, grace_seconds=0.1), host="localhost")
        said: list[str | None] = []
        port = int(simulator.sandbox_url.rpartition(":")[2])
        client = threading.Thread(target=greet, args=(port, str(simulator.ca_file), said))
        client.start()
        # holds the loop up until connection and greeting wait for it together
        time.sleep(0.3)  # noqa: ASYNC251
        await asyncio.to_thread(client.join)
        await simulator.stop()
        return said

    with asyncio.Runner(loop_factory=loop) as runner:
        assert runner.run(let_in()) == ["h2"]
