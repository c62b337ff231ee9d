"""Single-event POSTs over HTTP, load by wrk, beside a bare handler that decodes the same body."""

from app.access.api_key import Scope
from app.access.key_store import KeyStore
from bench.database import bed
from bench.processes import lockstep_environment, python
from bench.report import Figure, beside
from bench.wrk import CONNECTIONS, wrk


async def run(*, quick: bool) -> list[Figure]:
    """Measure.

    Raises:
        RuntimeError: wrk is not installed, or requests were refused.
    """
    seconds, rounds = (3, 1) if quick else (6, 3)
    async with bed() as on:
        key, _ = await KeyStore(on.pool, on.keyring).create(
            name="bench", environment="test", scopes=[Scope.EVENTS_WRITE]
        )
        with wrk(key) as client:
            ours = bare = 0.0
            async with (
                python("bench.service", **lockstep_environment(on, "api")) as (_, service),
                python("bench.bare") as (_, limit),
            ):
                await client.load(service, 1)
                for _ in range(rounds):
                    ours += (await client.load(service, seconds)).rate / rounds
                    bare += (await client.load(limit, seconds)).rate / rounds
        stored = await on.pool.fetchval("SELECT sum(version) FROM heads WHERE slot BETWEEN 0 AND 255")
        if stored < ours * seconds * rounds * 0.9:
            raise AssertionError("fewer events were stored than were answered")
    what = f"single-event POSTs, committed, {CONNECTIONS} connections"
    return [beside("http", what, ours, "requests/s", "bare handler", bare, "≥ 0.3")]
