"""Metrics: what was done is counted, what stands in the database is sampled, and no label holds an id."""

import asyncio
from collections.abc import Callable
from typing import Final

import pytest
from prometheus_client.parser import text_string_to_metric_families

from app.access.api_key import Scope
from app.apns.answer import Answer
from app.apns.errors import Ambiguous
from app.http.metrics_routes import build_metrics_app
from app.http.routes import ROUTES
from app.http.server import serving
from app.metrics import backlog
from app.metrics.page import MetricsPage
from app.supervisor import supervise
from events.appender import Appender
from events.postgres.pool import Pool, open_pool
from events.sealing import Keyring
from projections.card_store import ENVIRONMENTS
from projections.outages import Outages
from projections.pauses import Pauses
from tests.conftest import Clock
from tests.examples.devices import APP, TYPE
from tests.integration.dispatching import Apns, dispatcher, live, work
from tests.integration.flow import Flow
from tests.integration.http_api import exchange, running_api
from tests.integration.wire import Wire

Series = dict[tuple[str, frozenset[tuple[str, str]]], float]

PUSHES: Final = "lockstep_pushes_total"


async def read(page: MetricsPage) -> Series:
    """Read a page as Prometheus does."""
    text = (await page.write()).decode()
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def of(series: Series, name: str, **labels: str) -> float:
    """Give the value of one series; 0 where it has not begun."""
    return series.get((name, frozenset(labels.items())), 0.0)


@pytest.fixture
def page(pool: Pool) -> MetricsPage:
    """A page of a process with two roles."""
    return MetricsPage(pool, roles=("api", "projector"), pools={"api": pool})


def rises(before: Series, after: Series) -> Callable[..., float]:
    """Give what tells by how much a series rose."""
    return lambda name, **labels: of(after, name, **labels) - of(before, name, **labels)


async def test_events_are_counted_by_what_became_of_them(flow: Flow, page: MetricsPage) -> None:
    """One that is new, and its repetition; each request took its time."""
    before = await read(page)
    appender = Appender(flow.store, lambda _: None)
    placed = flow.event("order-1", "order.placed")
    await appender.append([placed])
    await appender.append([placed])

    rose = rises(before, await read(page))

    assert rose("lockstep_events_total", outcome="appended") == 1
    assert rose("lockstep_events_total", outcome="duplicate") == 1
    assert rose("lockstep_append_seconds_count") == 2


async def test_pushes_are_counted_by_the_words_of_our_tables(flow: Flow, clock: Clock, page: MetricsPage) -> None:
    """An accepted start with its time, a refusal by Apple's word, and one by a word that nobody knows."""
    await flow.wanted()
    before = await read(page)
    await live(flow, clock)
    for type_, answer in (
        ("order.preparing", Answer(200)),
        ("order.ready", Answer(429, "TooManyRequests")),
        ("order.courier_assigned", Answer(400, "order-4711 is bad")),
        ("order.picked_up", Ambiguous("cut")),
    ):
        await flow.happen("order-1", type_)
        await flow.settle("order-1")
        await clock.advance(hours=1)
        await work(dispatcher(flow, Apns(answer)))

    after = await read(page)
    rose = rises(before, after)

    assert rose(PUSHES, environment="sandbox", kind="start", outcome="accepted", reason="none") == 1
    assert rose(PUSHES, environment="sandbox", kind="update", outcome="retry", reason="TooManyRequests") == 1
    assert rose(PUSHES, environment="sandbox", kind="update", outcome="rejected", reason="other") == 1
    assert rose("lockstep_event_to_accepted_seconds_count", environment="sandbox") == 1
    assert rose("lockstep_operator_needed_total", environment="sandbox") >= 1
    assert "order-4711" not in str(after)


async def test_a_worker_that_vanished_is_seen(owing: Flow, clock: Clock, page: MetricsPage) -> None:
    """A card whose lease ran out is counted when the next worker claims it."""
    before = await read(page)
    await owing.claim(lease_seconds=10)
    await clock.advance(seconds=11)
    await work(dispatcher(owing, Apns()))

    rose = rises(before, await read(page))

    assert rose("lockstep_leases_run_out_total") == 1
    assert rose("lockstep_cards_claimed_total") == 1


async def test_what_stands_in_the_database_is_sampled(owing: Flow, clock: Clock, page: MetricsPage) -> None:
    """A card that is due, an order that is behind, a pause and an outage, each with its age."""
    await owing.happen("order-2", "order.placed")
    await Pauses(owing.pool).pause("topic", f"{APP}/sandbox", reason="TopicDisallowed")
    await Outages(owing.pool).note("production", "no route", seconds=3_600)
    await clock.advance(seconds=90)

    now = await read(page)

    assert of(now, "lockstep_database_up") == 1
    assert of(now, "lockstep_cards_due", lane="urgent", environment="sandbox") == 1
    assert of(now, "lockstep_cards_due", lane="bulk", environment="sandbox") == 0
    assert of(now, "lockstep_cards_due_oldest_seconds", lane="urgent", environment="sandbox") >= 90
    assert of(now, "lockstep_subjects_behind") == 1
    assert of(now, "lockstep_subjects_behind_oldest_seconds") >= 90
    assert of(now, "lockstep_pauses", kind="topic") == 1
    assert of(now, "lockstep_outage_seconds", environment="production") >= 90
    assert ("lockstep_outage_seconds", frozenset({("environment", "sandbox")})) not in now
    assert of(now, "lockstep_role", role="projector") == 1
    assert of(now, "lockstep_pool_connections_most", pool="api") == 16


@pytest.mark.parametrize(("kind", "key"), [("all", "*"), ("app", APP), ("type", TYPE)])
async def test_what_a_person_has_paused_is_not_late(
    owing: Flow, clock: Clock, page: MetricsPage, kind: str, key: str
) -> None:
    """It is counted still; what Apple's answers have paused waits like anything else."""
    await Pauses(owing.pool).pause("topic", f"{APP}/sandbox", reason="TopicDisallowed")
    await clock.advance(seconds=90)
    late = await read(page)
    await Pauses(owing.pool).pause(kind, key, reason="trial")

    meant = await read(MetricsPage(owing.pool))

    labels = {"lane": "urgent", "environment": "sandbox"}
    assert of(late, "lockstep_cards_due_oldest_seconds", **labels) >= 90
    assert of(meant, "lockstep_cards_due_oldest_seconds", **labels) == 0
    assert of(meant, "lockstep_cards_due", **labels) == 1


async def test_what_an_alert_waits_for_is_counted_from_zero_on(pool: Pool, keyring: Keyring, page: MetricsPage) -> None:
    """Prometheus sees no rise in a series that begins with one, and so would miss the first of each."""

    async def last(stop: asyncio.Event) -> None:
        await stop.wait()

    stop = asyncio.Event()
    stop.set()
    async with running_api(pool, keyring):
        await supervise({"lasting": last}, stop)
        begun = await read(page)

    waited_for = [
        *(("lockstep_http_requests_total", {"method": r.method, "route": r.path, "status": "500"}) for r in ROUTES),
        *(("lockstep_operator_needed_total", {"environment": each}) for each in ENVIRONMENTS),
        ("lockstep_webhook_attempts_total", {"outcome": "dead"}),
        ("lockstep_loop_failures_total", {"loop": "lasting"}),
    ]
    assert [each for each in waited_for if (each[0], frozenset(each[1].items())) not in begun] == []


async def test_many_scrapes_cost_one_sample(
    owing: Flow, clock: Clock, page: MetricsPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within seconds the database is asked once; after that anew."""
    monkeypatch.setattr(backlog, "SAMPLE_SECONDS", 3_600.0)
    first = await asyncio.gather(*(read(page) for _ in range(5)))
    await clock.advance(hours=1)
    seconds = "lockstep_cards_due_oldest_seconds"
    ages = {of(each, seconds, lane="urgent", environment="sandbox") for each in [*first, await read(page)]}
    monkeypatch.setattr(backlog, "SAMPLE_SECONDS", 0.0)

    assert len(ages) == 1
    assert of(await read(page), seconds, lane="urgent", environment="sandbox") > 3_000
    assert (await owing.card())["due_at"] is not None


async def test_without_postgres_the_rest_is_there(wire: Wire) -> None:
    """The figures of the database miss, and say so; whatever the process counted is told."""
    async with await open_pool(wire.dsn, name="tests") as pool:
        page = MetricsPage(pool)
        assert of(await read(page), "lockstep_database_up") == 1
        await wire.close()
        away = MetricsPage(pool)

        now = await read(away)

    assert of(now, "lockstep_database_up") == 0
    assert not [name for name, _ in now if name.startswith("lockstep_cards_due")]
    assert [name for name, _ in now if name == "process_resident_memory_bytes"]


async def test_requests_are_counted_by_route(pool: Pool, keyring: Keyring, page: MetricsPage) -> None:
    """By the template of the path and never by the path; a method that somebody made up is none of ours."""
    before = await read(page)
    async with running_api(pool, keyring) as api:
        await api.send("GET", "/v1/orders/order-4711", token="orders:read")
        await api.send("GET", "/nowhere/order-4711")
        await exchange(api.port, b"PROPFIND /pot HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        reply = await api.send("GET", "/metrics", token=Scope.METRICS_READ)

    rose = rises(before, await read(page))

    assert rose("lockstep_http_requests_total", method="GET", route="/v1/orders/{order_id}", status="404") == 1
    assert rose("lockstep_http_requests_total", method="GET", route="none", status="404") == 1
    assert rose("lockstep_http_requests_total", method="other", route="none", status="404") == 1
    assert reply.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert b"order-4711" not in reply.body


async def test_a_process_without_the_api_has_a_port_of_its_own(page: MetricsPage) -> None:
    """It gives metrics and life, and nothing else."""
    async with serving(build_metrics_app(page.write), "127.0.0.1", 0) as port:
        answers = [
            await exchange(port, f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
            for path in ("/metrics", "/livez", "/v1/events")
        ]

    assert [answer.split(b" ")[1] for answer in answers] == [b"200", b"200", b"404"]
    assert b"lockstep_database_up 1.0" in answers[0]


async def test_a_loop_that_fails_is_counted(page: MetricsPage) -> None:
    """Each failure of a loop is one, under the loop's name."""
    before, stop = await read(page), asyncio.Event()

    async def fail(stop: asyncio.Event) -> None:
        stop.set()
        raise ValueError

    await supervise({"failing": fail}, stop)

    assert rises(before, await read(page))("lockstep_loop_failures_total", loop="failing") == 1
