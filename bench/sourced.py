"""What the eventsourcing library does on the same server: saves, and reads with decoding."""

import os
import threading
import time
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

PAGE = 5_000
LIFE = 10


class Order(Aggregate):
    """An order that learns when it will come."""

    @event("Ready")
    def ready(self, delivery_time: str) -> None:
        """Expect it then."""
        self.delivery_time = delivery_time


def saves(dsn: str, *, threads: int, seconds: float) -> float:
    """Give the saves a second, one event each."""
    application = _application(dsn, threads)
    ends, counts = time.perf_counter() + seconds, [0] * threads

    def save(place: int) -> None:
        order = Order()
        while time.perf_counter() < ends:
            order.ready("2026-11-01T13:00:00Z")
            application.save(order)
            counts[place] += 1

    working = [threading.Thread(target=save, args=(place,)) for place in range(threads)]
    began = time.perf_counter()
    for each in working:
        each.start()
    for each in working:
        each.join()
    taken = time.perf_counter() - began
    application.close()
    return sum(counts) / taken


def reads(dsn: str, *, events: int) -> float:
    """Give the events a second that are read and decoded, in pages, of a log with so many; none is folded."""
    application = _application(dsn, 1)
    for _ in range(events // LIFE):
        order = Order()
        for _ in range(LIFE - 1):
            order.ready("2026-11-01T13:00:00Z")
        application.save(order)
    began, read, start = time.perf_counter(), 0, 1
    while page := application.recorder.select_notifications(start=start, limit=PAGE):
        for notification in page:
            application.mapper.to_domain_event(notification)
        read, start = read + len(page), page[-1].id + 1
    taken = time.perf_counter() - began
    application.close()
    if read < events:
        raise AssertionError(f"{read} of {events} events were read")
    return read / taken


def _application(dsn: str, connections: int) -> Application[UUID]:
    parts = urlsplit(dsn)
    os.environ.update(
        PERSISTENCE_MODULE="eventsourcing.postgres",
        POSTGRES_DBNAME=parts.path.lstrip("/"),
        POSTGRES_HOST=parse_qs(parts.query)["host"][0],
        POSTGRES_PORT=parse_qs(parts.query).get("port", ["5432"])[0],
        POSTGRES_USER=parts.username or "",
        POSTGRES_PASSWORD=parts.password or "",
        POSTGRES_POOL_SIZE=str(connections),
        POSTGRES_MAX_OVERFLOW="0",
    )
    return Application()
