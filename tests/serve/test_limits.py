"""How much a request may be, and how much all requests together."""

from __future__ import annotations

import json

import numpy as np
import pytest
from asgi_calls import infer_body, tiny_program, tiny_service
from raw_clients import QUICK, connected, request, spoken, until_closed

from neurodeploy.serve.in_thread import running
from neurodeploy.serve.inference.models import Model
from neurodeploy.serve.inference.nouns import InferParameters, InferRequest, Tensor
from neurodeploy.serve.limits import over_limits, over_size
from neurodeploy.serve.options import Limits, ServeOptions
from neurodeploy.serve.service import Service

LIMITS = Limits(samples=10, steps=100, sample_steps=500)


def asked(samples, steps):
    return [(item.subject.field, item.found, item.limit) for item in over_size(samples, steps, LIMITS)]


def test_samples_steps_and_their_product_are_limited_each():
    assert asked(10, 50) == asked(5, 100) == []
    assert asked(11, 1) == [("samples", 11, 10)]
    assert asked(1, 101) == [("steps", 101, 100)]
    assert asked(10, 51) == [("samples_times_steps", 510, 500)]
    assert len(asked(11, 101)) == 3


@pytest.mark.parametrize(
    ("array", "parameters", "field"),
    [
        (np.zeros((11, 5, 3), np.uint8), InferParameters(), "samples"),
        (np.array([[10, 1, 0]]), InferParameters(), "samples"),
        (np.array([[0, 1, 0]]), InferParameters(samples=11), "samples"),
        (np.array([[0, 1, 0]]), InferParameters(steps=101), "steps"),
    ],
    ids=["a raster", "rows of events", "a number of samples", "a number of steps"],
)
def test_a_request_is_judged_before_it_is_encoded(array, parameters, field):
    request = InferRequest((Tensor("in", "INT64", array),), parameters=parameters)
    found = over_limits(Model("tiny", tiny_program()), request, LIMITS)
    assert [(item.code, item.subject.field) for item in found] == [("ND913", field)]


def test_a_request_over_a_limit_gets_413():
    few = QUICK.model_copy(update={"samples": 2})
    with running(tiny_service().models, ServeOptions(port=0, limits=few)) as address:
        rows = np.array([[2, 1, 0]], dtype=np.int32)
        answer = spoken(address, request("POST", "/v2/models/tiny/infer", infer_body(rows)))
    assert answer.status == 413
    assert "asks for 3 samples; the server allows 2" in json.loads(answer.body)["error"]


def test_bodies_of_all_requests_together_are_limited():
    """The first client keeps a part of what all may take; the second is told to come again."""
    limits = QUICK.model_copy(update={"held_bytes": 60_000, "receive_s": 20.0})
    service = Service(tiny_service().models, ServeOptions(port=0, limits=limits))
    start = request("POST", "/v2/models/tiny/infer", b"x" * 40_000, length=50_000)
    with running(service) as address:
        with connected(address) as first:
            first.sendall(start)
            answer = spoken(address, start)
            first.sendall(b"x" * 10_000)
            kept = until_closed(first)
        again = spoken(address, request("POST", "/v2/models/tiny/infer", infer_body()))
    assert (answer.status, b"retry-after: 1\r\n" in answer.whole) == (503, True)
    assert "the bodies of all requests take 60000 bytes" in json.loads(answer.body)["error"]
    assert (kept.status, again.status, service.held_bytes) == (400, 200, 0)
