"""A simulator at a fixed time, and senders to it: what the tests of the simulator share."""

import ssl

import httpx

from app.simulator.simulator import Simulator
from tests.unit.app.simulator.examples import Provider

PROVIDER = Provider()


def connect(simulator: Simulator, url: str | None = None) -> httpx.AsyncClient:
    """Give a client that trusts the simulator."""
    trust = ssl.create_default_context(cafile=simulator.ca_file)
    return httpx.AsyncClient(http1=False, http2=True, verify=trust, base_url=url or simulator.apns_url, timeout=5)
