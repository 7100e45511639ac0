"""The definition in plain numpy against the compiled engine: every case of the corpus, all that is recorded."""

from __future__ import annotations

import numpy as np
import pytest
from neurodeploy_backends.emulator.spec_run import run_spec

from neurodeploy.conformance.corpus import corpus
from neurodeploy.conformance.judge import program_of
from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.simulate import RunOptions, run_program

CASES = {case.name: case for case in corpus()}
DIALECTS = ("loihi1", "loihi2", "nengo", "brian2loihi")


def same(one, other, names):
    for name in names:
        left, right = getattr(one, name), getattr(other, name)
        assert left.keys() == right.keys(), name
        for key in left:
            assert np.array_equal(left[key], right[key]), f"{name} {key}"


def assert_equal(program, stimulus, steps, options):
    fast = run_program(program, stimulus, steps=steps, options=options)
    slow = run_spec(program, stimulus, steps, options)
    same(fast, slow, ("spikes", "payloads", "states", "input_spikes"))
    assert np.array_equal(fast.active_updates, slow.active_updates)
    for population, counted in fast.overflows.items():
        assert np.array_equal(counted, slow.overflows[population]), population


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name", CASES)
def test_the_engine_equals_the_definition(name, dialect):
    case = CASES[name]
    try:
        program = program_of(case, dialect)
    except DiagnosticError as error:  # what a dialect cannot express has no bits to compare
        assert {item.code for item in error.diagnostics} <= {
            "ND208",
            "ND209",
            "ND210",
            "ND211",
            "ND212",
            "ND213",
            "ND549",
        }, str(error)
        return
    assert_equal(program, case.stimulus, case.steps, RunOptions(seed=5))
