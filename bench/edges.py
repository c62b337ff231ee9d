"""What authentication and validation cost: single-event POSTs with them, beside the same service without.

The service without them is put together here, and by nothing that could be set: see `bench.open_door`.
"""

import statistics
from dataclasses import dataclass, field

from app.access.api_key import Scope
from app.access.key_store import KeyStore
from bench.database import bed
from bench.processes import cpu_seconds, lockstep_environment, python
from bench.report import Figure, beside
from bench.wrk import CONNECTIONS, Wrk, wrk


@dataclass
class Side:
    """One of the two.

    Attributes:
        rates: Requests a second, by round.
        costs: Microseconds of a processor that the server took for a request, by round.
        client_parts: Of one processor, that the client took, by round.
    """

    url: str
    pid: int
    rates: list[float] = field(default_factory=list)
    costs: list[float] = field(default_factory=list)
    client_parts: list[float] = field(default_factory=list)

    async def measure(self, client: Wrk, seconds: int) -> None:
        """Add a round."""
        before = cpu_seconds(self.pid)
        load = await client.load(self.url, seconds)
        self.rates.append(load.rate)
        self.costs.append((cpu_seconds(self.pid) - before) / load.requests * 1_000_000)
        self.client_parts.append(load.client_part)


async def run(*, quick: bool) -> list[Figure]:
    """Measure.

    Raises:
        RuntimeError: wrk is not installed, or requests were refused.
    """
    seconds, rounds = (3, 4) if quick else (5, 8)
    async with bed() as on:
        key, _ = await KeyStore(on.pool, on.keyring).create(
            name="bench", environment="test", scopes=[Scope.EVENTS_WRITE]
        )
        environment = lockstep_environment(on, "api", LOCKSTEP_QUOTA_REQUESTS="100000000")
        with wrk(key) as client:
            async with (
                python("bench.service", **environment) as (guarded_pid, guarded_url),
                python("bench.open_door", **environment) as (open_pid, open_url),
            ):
                guarded, opened = Side(guarded_url, guarded_pid), Side(open_url, open_pid)
                for each in (guarded, opened):
                    await client.load(each.url, 2)
                for number in range(rounds):
                    # by turns also within a round: what the machine does beside us falls on both
                    for each in (guarded, opened) if number % 2 == 0 else (opened, guarded):
                        await each.measure(client, seconds)
        stored = await on.pool.fetchval("SELECT sum(version) FROM heads WHERE slot BETWEEN 0 AND 255")
    answered = sum(sum(each.rates) * seconds for each in (guarded, opened))
    if stored < answered * 0.9:
        raise AssertionError("fewer events were stored than were answered")
    name, what = "edges", f"single-event POSTs, {CONNECTIONS} connections, authentication and validation on"
    median = statistics.median
    return [
        beside(name, what, median(guarded.rates), "requests/s", "off", median(opened.rates), "≥ 0.75"),
        beside(name, "the same: processor time of the server", median(guarded.costs), "µs a request", "off",
               median(opened.costs)),
        Figure(name, "the same: of a processor, that the client took",
               max(guarded.client_parts + opened.client_parts) * 100, "%", target="≤ 80"),
    ]  # fmt: skip
