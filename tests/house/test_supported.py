"""SUPPORTED.md is current and complete, and what it says runs does run."""

from __future__ import annotations

import re
from typing import get_args

import numpy as np
import pytest

import neurodeploy as nd
from neurodeploy.compiler import compile_network
from neurodeploy.hardware import load_target, target_names
from neurodeploy.network import Neuron, Operation
from neurodeploy.report.supported import KINDS, OPERATIONS, markdown, smallest
from neurodeploy.report.supported_learning import PLACES, RULES, learns_by, place_of
from neurodeploy.simulate import Stimulus, backend_names, get_backend


def kinds_of(union):
    """Tags of a tagged union."""
    return {get_args(item.model_fields["kind"].annotation)[0] for item in get_args(get_args(union)[0])}


def test_the_page_is_current(root, update_golden):
    page, met = root / "SUPPORTED.md", markdown()
    if update_golden:
        page.write_text(met, encoding="utf-8")
    assert page.read_text(encoding="utf-8") == met, "refresh it: python -m neurodeploy.report.supported > SUPPORTED.md"


def test_every_kind_operation_target_and_backend_is_on_it(root):
    text = (root / "SUPPORTED.md").read_text(encoding="utf-8")
    assert set(KINDS) == kinds_of(Neuron)
    assert set(OPERATIONS) == kinds_of(Operation)
    headings = {name for line in re.findall(r"^## (.*)$", text, re.MULTILINE) for name in line.split(", ")}
    assert set(target_names()) <= headings
    for name in (*KINDS, *(item.replace("_", " ") for item in OPERATIONS), *backend_names()):
        assert name in text


PAIRS = [*((kind, "dense") for kind in KINDS), *(("lif", name) for name in OPERATIONS if name != "dense")]


@pytest.mark.parametrize(("kind", "operation"), PAIRS)
def test_what_the_page_says_runs_does_run(kind, operation):
    target = load_target("loihi2")
    program = compile_network(smallest(kind, operation, target), target).require()
    rows = np.array([(0, step, line) for step in range(1, 6) for line in range(4)], dtype=np.int32)
    stimulus = Stimulus(n_samples=1, n_steps=5, spikes={"lines": rows})
    # the simulators have a suite of their own, tests/conformance
    for name in ("emulator", "reference"):
        if not list(get_backend(name).check(program)):
            recording = nd.run(program, stimulus, backend=name)
            assert recording.complete
            assert len(recording.spikes["before"]), "the neurons before the operation were to spike"


@pytest.mark.parametrize("title", RULES)
def test_rules_that_the_page_says_are_learned_are_learned(title):
    rule, ran = RULES[title], 0
    for place in PLACES:
        result = compile_network(learns_by(rule), place_of(place))
        if result.program is None:
            continue
        inputs = result.program.network.inputs
        shown = {item.name: np.full((1, 12, item.size), 8 if item.encoder.kind == "current" else 1) for item in inputs}
        recording = nd.run(result.program, shown, engine="spec")
        assert len(recording.spikes["cells"]), "the neurons were to spike"
        assert any((values != 20).any() for name, values in recording.learned.synapses.items() if name.endswith(".w"))
        ran += 1
    assert ran
