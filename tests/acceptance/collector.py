"""A collector of traces that speaks OTLP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass
class Collector:
    """Takes spans, as a collector does.

    Attributes:
        batches: What was sent, as it was sent.
    """

    url: str = ""
    batches: list[ExportTraceServiceRequest] = field(default_factory=list)

    @property
    def spans(self) -> list[Any]:
        """Give every span that was sent."""
        resources = [each for batch in self.batches for each in batch.resource_spans]
        return [span for each in resources for scope in each.scope_spans for span in scope.spans]

    async def take(self, request: web.Request) -> web.Response:
        """Take a batch."""
        self.batches.append(ExportTraceServiceRequest.FromString(await request.read()))
        return web.Response(content_type="application/x-protobuf")

    def named(self, name: str) -> list[Any]:
        """Give the spans of a name, the oldest first."""
        return sorted((each for each in self.spans if each.name == name), key=lambda each: each.start_time_unix_nano)


@asynccontextmanager
async def collecting() -> AsyncIterator[Collector]:
    """Run a collector."""
    made = Collector()
    app = web.Application()
    app.router.add_post("/v1/traces", made.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1/traces"
    try:
        yield made
    finally:
        await runner.cleanup()
