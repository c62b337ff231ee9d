"""The page that Prometheus reads: what was counted, what stands in the database, and how this process is."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from prometheus_client import GCCollector, PlatformCollector, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

import projections.metrics  # noqa: F401 - its counters are to be on the page of every process
from app.metrics import counters  # noqa: F401 - likewise
from app.metrics.backlog import Backlog, Figure, families
from events.metrics import REGISTRY
from events.postgres.pool import Pool

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
"""What every Prometheus since 2014 reads."""

# Memory, descriptors and processor time; the version of Python; the collector of garbage.
for collector in (ProcessCollector, PlatformCollector, GCCollector):
    collector(registry=REGISTRY)


class MetricsPage(Collector):
    """Writes the page.

    Args:
        pool: Connections, for what stands in the database.
        roles: What this process does.
        pools: Its pools, by name; some may be added later.
        waiting: Tells how many events wait to be appended.
        tokens_issued: Tells when the tokens that authorise pushes were given, in Unix seconds by environment.
    """

    def __init__(
        self,
        pool: Pool,
        *,
        roles: Sequence[str] = (),
        pools: Mapping[str, Pool] | None = None,
        waiting: Callable[[], int] = lambda: 0,
        tokens_issued: Callable[[], Mapping[str, float]] = dict,
    ) -> None:
        self._backlog = Backlog(pool)
        self._roles = roles
        self._pools = {} if pools is None else pools
        self._waiting = waiting
        self._tokens_issued = tokens_issued
        self._figures: Sequence[Figure] | None = None

    async def write(self) -> bytes:
        """Give the page, in Prometheus' text format; it has no figures of the database where Postgres is away."""
        self._figures = await self._backlog.sample()
        return generate_latest(self)

    def collect(self) -> Iterator[Metric]:
        """Give every metric there is."""
        yield from REGISTRY.collect()
        yield from self._own()
        yield from families(self._figures)

    def _own(self) -> Iterator[Metric]:
        roles = GaugeMetricFamily("lockstep_role", "1 for each role that this process has.", labels=["role"])
        for role in self._roles:
            roles.add_metric([role], 1)
        yield roles
        yield GaugeMetricFamily("lockstep_append_waiting", "Events that wait to be appended.", value=self._waiting())
        used = GaugeMetricFamily(
            "lockstep_pool_connections", "Connections by pool and state.", labels=["pool", "state"]
        )
        most = GaugeMetricFamily("lockstep_pool_connections_most", "How many a pool may have.", labels=["pool"])
        for name, pool in self._pools.items():
            idle = pool.get_idle_size()
            used.add_metric([name, "idle"], idle)
            used.add_metric([name, "busy"], pool.get_size() - idle)
            most.add_metric([name], pool.get_max_size())
        yield used
        yield most
        ages = GaugeMetricFamily(
            "lockstep_push_credential_age_seconds",
            "Age of the oldest token that authorises pushes, by environment; one that is not used grows old.",
            labels=["environment"],
        )
        for environment, issued_at in self._tokens_issued().items():
            ages.add_metric([environment], max(0.0, time.time() - issued_at))
        yield ages
