"""Spans of OpenTelemetry, where its API is installed and a provider is set, as `opentelemetry-instrument` does.

A request is one span, the child of its header traceparent, with up to three children: "wait" in the queue, "run" on the
backend, and "encode" of the reply. Without the package, or without a provider, nothing is done.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opentelemetry.trace import Span

    from neurodeploy.serve.observing.seen import Seen

__all__ = ["Tracing", "find_tracing"]


class Tracing:
    """Makes spans with the provider that is set."""

    def __init__(self, trace: ModuleType, propagate: ModuleType) -> None:
        self.trace, self.propagate = trace, propagate
        self.tracer = trace.get_tracer("neurodeploy.serve")

    def begin(self, headers: Mapping[str, str]) -> Span:
        """Return the begun span of a request with these `headers`."""
        context = self.propagate.extract(dict(headers))
        return self.tracer.start_span("request", context=context, kind=self.trace.SpanKind.SERVER)

    def end(self, span: Span, name: str, seen: Seen, model: tuple[str, str]) -> None:
        """End the `span` of a request, after the spans of its parts.

        `name`: of the span, method and route. `seen`: times of its parts. `model`: name and version, empty if none.
        """
        parts = (
            ("wait", seen.queued, seen.started),
            ("run", seen.started, seen.ended),
            ("encode", seen.ended, seen.replied),
        )
        context, now = self.trace.set_span_in_context(span), (time.time_ns(), time.perf_counter())
        for part, begun, ended in parts:
            if 0.0 < begun <= ended:
                child = self.tracer.start_span(part, context=context, start_time=_wall(begun, now))
                child.end(end_time=_wall(ended, now))
        span.update_name(name)
        known: dict[str, str | int] = {"http.response.status_code": seen.status, "neurodeploy.request_id": seen.id}
        if model[0]:
            known |= {"neurodeploy.model": model[0], "neurodeploy.version": model[1]}
        span.set_attributes(known)
        if seen.status >= 500:
            span.set_status(self.trace.Status(self.trace.StatusCode.ERROR))
        span.end()


def _wall(then: float, now: tuple[int, float]) -> int:
    """A reading of perf_counter as nanoseconds since 1970. `now`: both clocks at one time."""
    return now[0] - int(1e9 * (now[1] - then))


def find_tracing() -> Tracing | None:
    """Return what makes spans; None if OpenTelemetry is not installed, or no provider of spans is set."""
    try:
        from opentelemetry import propagate, trace
    except ImportError:
        return None
    provider = trace.get_tracer_provider()
    if isinstance(provider, trace.ProxyTracerProvider | trace.NoOpTracerProvider):
        return None
    return Tracing(trace, propagate)
