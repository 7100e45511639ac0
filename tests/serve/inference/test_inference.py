"""Replies are those of nd.run, whatever runs together with a request."""

from __future__ import annotations

import numpy as np
import pytest
from served_programs import KINDS, alone, model_of, request_of, same

import neurodeploy as nd
from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.serve.inference.infer import Circumstances, infer
from neurodeploy.serve.inference.nouns import InferParameters, InferReply, InferRequest, Tensor, WantedOutput


@pytest.mark.parametrize("kind", KINDS)
def test_replies_of_requests_that_run_together_are_those_of_each_alone(kind):
    model, requests = model_of(kind), [request_of(kind, number) for number in range(24)]
    replies, runs = infer(model, requests)
    for request, reply in zip(requests, replies, strict=True):
        assert isinstance(reply, InferReply), reply
        assert same(reply, alone(model, request)), request
        assert reply.id == request.id
    assert sorted(place for run in runs for place in run.places) == list(range(24))
    together = kind not in ("noisy", "plastic")
    assert (len(runs) < 13) == together


def test_what_does_not_change_replies_does_not():
    model, requests = model_of("rate"), [request_of("rate", number) for number in range(12)]
    first, _ = infer(model, requests)
    counted = Circumstances(threads=2, expected_s=0.2, overflow=True, ended=lambda: False, run_s=100.0)
    again, runs = infer(model, requests, counted)
    assert all(same(b, {item.name: item.array for item in a.outputs}) for a, b in zip(first, again, strict=True))
    assert all(run.recording.overflows.keys() == {"cells"} for run in runs)


def test_counts_of_a_run_are_those_of_all_its_samples():
    model, requests = model_of("rate"), [_constant(0.7), _constant(0.4, 2)]
    _, (run,) = infer(model, requests)
    both = nd.run(model.program, np.full((3, 6), [[0.7], [0.4], [0.4]]))
    assert np.array_equal(run.counts["cells"], both.spike_counts("cells", 8))
    assert run.places == (0, 1)


def _constant(value, samples=1, outputs=(), **parameters):
    tensor = Tensor("in", "FP64", np.full((samples, 6), value))
    return InferRequest((tensor,), tuple(map(WantedOutput, outputs)), "", InferParameters(**parameters))


def test_a_request_that_is_wrong_does_not_reach_the_others():
    model = model_of("rate")
    wrong = {
        1: _constant(1.5),
        3: _constant(0.5, outputs=("oat",)),
        4: _constant(np.nan),
        5: _constant(0.5, seed=2**70),
        7: _constant(0.5, steps=0),
    }
    requests = [wrong.get(number, _constant(number / 10)) for number in range(9)]
    replies, runs = infer(model, requests)
    for number, reply in enumerate(replies):
        if number in wrong:
            assert isinstance(reply, DiagnosticError)
        else:
            assert same(reply, alone(model, requests[number]))
    assert replies[1].diagnostics[0].code == "ND505"
    assert replies[3].diagnostics[0].code == "ND912"
    assert replies[3].diagnostics[0].fixes[0].text == "did you mean 'out'?"
    assert replies[5].diagnostics[0].code == "ND511"
    assert sum(run.failed for run in runs) == len(wrong)


def test_findings_of_the_encoding_are_told_to_the_request_that_caused_them():
    late = np.array([[0, 1, 2], [0, 40, 3]], dtype=np.int32)
    rows = [late, late[:1], late[:1], late]
    requests = [InferRequest((Tensor("in", "INT32", array),)) for array in rows]
    replies, runs = infer(model_of("rows"), requests)
    assert [[item.code for item in reply.findings] for reply in replies] == [["ND066"], [], [], ["ND066"]]
    assert len(runs) == 1


def test_a_profile_says_what_an_inference_costs_and_of_which_kind_the_figure_is():
    model = model_of("rate")
    plain, paid = infer(model, [_constant(0.6), _constant(0.6, profile=True)])[0]
    assert "profile" not in plain.parameters
    cost, own = paid.parameters["profile"], nd.profile(model.program, nd.run(model.program, np.full((1, 6), 0.6)))
    assert cost["energy_per_inference"] == own.energy_per_inference.model_dump()
    assert cost["energy_per_inference"]["low"] < cost["energy_per_inference"]["high"]
    assert cost["energy_per_inference"]["kind"] == "modelled"
    assert same(paid, {item.name: item.array for item in plain.outputs})


def test_a_figure_that_nobody_has_published_is_null_with_the_reason():
    model = model_of("graded")
    target = model.program.target.model_copy(update={"energy": {}})
    bare = type(model)("bare", model.program.model_copy(update={"target": target}))
    request = InferRequest((Tensor("in", "FP64", np.ones((1, 5, 3))),), (), "", InferParameters(profile=True))
    (reply,), _ = infer(bare, [request])
    assert reply.parameters["profile"]["energy_per_inference"] is None
    assert "no public figure" in reply.parameters["profile"]["no_figure"][0]


def test_an_early_answer_says_when_it_was_decided():
    model, request = model_of("early"), request_of("early", 3)
    (reply,), (run,) = infer(model, [request])
    whole = InferRequest(request.inputs, tuple(map(WantedOutput, ("out", "out.steps"))), "", request.parameters)
    expected = alone(model, whole)
    assert reply.parameters["mean_steps"] == expected["out.steps"].mean()
    assert np.array_equal(run.early_steps, expected["out.steps"])


def test_margins_that_do_not_apply_are_findings():
    steps = _constant(0.5, outputs=("out.steps",))
    (without, elsewhere), _ = infer(model_of("early"), [steps, _constant(0.5, margin=-1.0)])
    assert "without the parameter 'margin'" in str(without)
    assert elsewhere.diagnostics[0].code == "ND853"
    (counted,), _ = infer(model_of("rate"), [_constant(0.5, margin=1.0)])
    assert counted.diagnostics[0].code == "ND853"


def test_a_run_that_takes_too_long_is_stopped():
    request = _constant(0.5, 200, steps=200_000)
    (reply,), (run,) = infer(model_of("rate"), [request], Circumstances(threads=1, run_s=0.05))
    assert reply.diagnostics[0].code == "ND923"
    assert "after 0.05 s" in str(reply)
    assert run.failed == 1
    (ended,), _ = infer(model_of("rate"), [request], Circumstances(threads=1, ended=lambda: True))
    assert "the server ends" in str(ended)


def test_other_backends_run_one_request_at_a_time_and_are_named(monkeypatch):
    rate = model_of("rate")
    model = type(rate)("rate", rate.program, None, "reference")
    requests = [_constant(0.3), _constant(0.8)]
    replies, runs = infer(model, requests)
    expected = nd.run(rate.program, np.full((1, 6), 0.8), backend="reference")
    assert replies[1].outputs[0].array.tolist() == nd.answers(rate.program, expected).tolist()
    assert replies[1].parameters == {"backend": "reference", "ran_on": "reference"}
    assert len(runs) == 2
