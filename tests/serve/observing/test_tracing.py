"""Spans of requests, where OpenTelemetry is installed and has a provider; nothing otherwise."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise

import pytest
from asgi_calls import call, infer_body, tiny_service

from neurodeploy.serve.app import make_app
from neurodeploy.serve.observing import layer
from neurodeploy.serve.observing.tracing import Tracing, find_tracing

pytest.importorskip(
    "opentelemetry.sdk", reason="opentelemetry-sdk is missing and cannot be had: it comes with the `test` extra"
)

from opentelemetry import propagate, trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

PARENT = ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")


class OwnTrace:
    """opentelemetry.trace with a provider of the test's own, because that of the process can be set only once."""

    def __init__(self, provider: TracerProvider) -> None:
        self.get_tracer = provider.get_tracer

    def __getattr__(self, name: str) -> object:
        return getattr(trace, name)


@pytest.fixture
def spans(monkeypatch):
    kept = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    monkeypatch.setattr(layer, "find_tracing", lambda: Tracing(OwnTrace(provider), propagate))
    yield kept
    provider.shutdown()


def test_a_request_is_a_span_of_its_caller(spans):
    service = tiny_service()
    reply = call(make_app(service), "POST", "/v2/models/tiny/infer", infer_body(), [PARENT, ("x-request-id", "i1")])
    assert reply.status == 200
    request = next(item for item in spans.get_finished_spans() if item.name.startswith("POST"))
    assert request.name == "POST /v2/models/{name}/infer"
    assert format(request.context.trace_id, "032x") == "0af7651916cd43dd8448eb211c80319c"
    assert format(request.parent.span_id, "016x") == "b7ad6b7169203331"
    assert request.kind is trace.SpanKind.SERVER
    assert dict(request.attributes) == {
        "http.response.status_code": 200,
        "neurodeploy.request_id": "i1",
        "neurodeploy.model": "tiny",
        "neurodeploy.version": service.models.by_name["tiny"][0].version,
    }


def test_parts_of_a_request_are_spans_within_it(spans):
    call(make_app(tiny_service()), "POST", "/v2/models/tiny/infer", infer_body(), [PARENT])
    found = {item.name.partition(" ")[0]: item for item in spans.get_finished_spans()}
    assert set(found) == {"POST", "wait", "run", "encode"}
    request, parts = found["POST"], [found[name] for name in ("wait", "run", "encode")]
    times = [
        request.start_time,
        *(time for part in parts for time in (part.start_time, part.end_time)),
        request.end_time,
    ]
    slack_ns = 2_000_000  # the two clocks of a machine are read one after the other
    assert all(earlier <= later + slack_ns for earlier, later in pairwise(times))
    assert {part.parent.span_id for part in parts} == {request.context.span_id}


def test_a_malformed_traceparent_begins_a_trace(spans):
    call(make_app(tiny_service()), "GET", "/v2/health/live", headers=[("traceparent", "00-zz\r\n-x")])
    (request,) = spans.get_finished_spans()
    assert request.parent is None


def test_a_failure_is_marked(spans, monkeypatch):
    service = tiny_service()
    service.ready = False
    assert call(make_app(service), "GET", "/v2/health/ready").status == 503
    (request,) = spans.get_finished_spans()
    assert request.status.status_code is trace.StatusCode.ERROR


def test_without_a_provider_nothing_is_made():
    assert find_tracing() is None


def test_without_the_package_nothing_is_made():
    code = (
        "import sys; sys.modules['opentelemetry'] = None\n"
        "from neurodeploy.serve.observing.tracing import find_tracing\n"
        "assert find_tracing() is None"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
