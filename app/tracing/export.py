"""Hands spans to OpenTelemetry: the only module that imports it, and only where traces are collected."""

import asyncio
from typing import Final

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, Status, StatusCode, TraceFlags

from app.tracing.span import Span, SpanKind
from app.tracing.traceparent import Traceparent

EXPORT_SECONDS: Final = 5.0
NANOSECONDS: Final = 1_000_000_000
_KINDS: Final = {
    SpanKind.SERVER: trace.SpanKind.SERVER,
    SpanKind.CLIENT: trace.SpanKind.CLIENT,
    SpanKind.INTERNAL: trace.SpanKind.INTERNAL,
}


class Exporter:
    """Sends spans to a collector by OTLP over HTTP, from a thread of its own; what it does not take is dropped.

    Args:
        url: Of the collector's traces, such as `http://collector:4318/v1/traces`.
        roles: What this process does.
    """

    def __init__(self, url: str, roles: str) -> None:
        resource = Resource.create({"service.name": "lockstep", "lockstep.roles": roles})
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=url, timeout=EXPORT_SECONDS)))
        self._tracer = self._provider.get_tracer("lockstep")

    def add(self, span: Span) -> None:
        """Take a span that is over."""
        self._add(span, _below(span.parents[0]), [Link(_context(each)) for each in span.parents[1:]])

    async def close(self) -> None:
        """Send what was taken."""
        await asyncio.to_thread(self._provider.shutdown)

    def _add(self, span: Span, above: Context, links: list[Link]) -> None:
        made = self._tracer.start_span(
            span.name,
            context=above,
            kind=_KINDS[span.kind],
            attributes=span.attributes,
            links=links,
            start_time=int(span.began_at * NANOSECONDS),
        )
        if span.error is not None:
            made.set_status(Status(StatusCode.ERROR, span.error))
        for each in span.inner:
            self._add(each, trace.set_span_in_context(made), [])
        made.end(int(span.ended_at * NANOSECONDS))


def _context(parent: Traceparent) -> SpanContext:
    return SpanContext(parent.trace_id, parent.span_id, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))


def _below(parent: Traceparent) -> Context:
    return trace.set_span_in_context(NonRecordingSpan(_context(parent)))
