"""A test set in parts gives the bits of one run: random encoders, noise, probes, states, events and learning."""

from __future__ import annotations

import numpy as np
import pytest
from factories import one_layer
from hypothesis import given, settings
from hypothesis import strategies as st

import neurodeploy as nd
from neurodeploy.base.noun import _same  # pyright: ignore[reportPrivateUsage]

RNG = np.random.default_rng(5)
N = 11
IMAGES, LABELS = RNG.random((N, 6)), RNG.integers(0, 3, N)


def program_of(encoder):
    neuron = nd.Lif(tau_m_s=0.02, r=20, v_threshold=1.0)
    made = one_layer(neuron, RNG.normal(0.2, 0.6, (3, 6)), source="lines", output="answer", steps_per_sample=10)
    return nd.compile(made.model_copy(update={"inputs": (nd.Input(name="lines", shape=6, encoder=encoder),)}))


PROGRAMS = {name: program_of(name) for name in ("poisson", "rate", "spikes")}
POPULATION = PROGRAMS["poisson"].network.populations[0].name


def differing(one, other):
    """Fields of two recordings that are not equal, apart from words on parts."""
    return [
        name
        for name in type(one).model_fields
        if not _same(getattr(one, name), getattr(other, name)) and name != "findings"
    ]


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 13), st.integers(-5, 5), st.sampled_from(["poisson", "rate"]), st.booleans())
def test_parts_are_bit_for_bit_one_run(part, seed, encoder, keep):
    program = PROGRAMS[encoder]
    choices = {"seed": seed, "keep_state": keep, "probes": f"{POPULATION}.v"}
    one = nd.run(program, {"lines": IMAGES}, **choices)
    parts = nd.evaluate(program, {"lines": IMAGES}, LABELS, executor="threads", workers=2, part=part, **choices)
    assert differing(one, parts.recording) == []
    assert np.array_equal(parts.answers, nd.answers(program, one))
    assert parts.accuracy == nd.accuracy(program, one, LABELS)
    assert parts.parts == -(-N // part)


@pytest.mark.parametrize("steps", [None, 7])
def test_forms_of_samples(steps):
    """Rows of events whose last one sets the length, spikes over time, a Stimulus, values with labels."""
    program = PROGRAMS["spikes"]
    timed = program.model_copy(update={"network": program.network.model_copy(update={"time": program.network.time})})
    rows = np.unique(np.column_stack([RNG.integers(0, N, 60), RNG.integers(1, 8, 60), RNG.integers(0, 6, 60)]), axis=0)
    raster = (RNG.random((N, 7, 6)) < 0.3).astype(np.uint8)
    stimulus = nd.encode(timed, {"lines": raster}, seed=3)
    for samples in (
        {"lines": rows},
        {"lines": raster},
        stimulus,
        nd.SampleValues(values={"lines": raster}, labels=LABELS),
    ):
        own = None if isinstance(samples, nd.Stimulus) else steps
        one = nd.run(timed, samples, steps=own)
        parts = nd.evaluate(timed, samples, executor="serial", part=4, steps=own)
        assert differing(one, parts.recording) == []
        assert (parts.accuracy is not None) == isinstance(samples, nd.SampleValues)


def test_a_run_that_resumes_and_given_noise():
    program = PROGRAMS["poisson"]
    first = nd.run(program, {"lines": IMAGES}, until=4, keep_state=True, seed=2)
    choices = {"resume": first.final_state, "seed": 2, "until": 9, "keep_state": True}
    one = nd.run(program, {"lines": IMAGES}, **choices)
    parts = nd.evaluate(program, {"lines": IMAGES}, executor="serial", part=3, **choices)
    assert differing(one, parts.recording) == []


def test_a_second_start_runs_only_parts_that_are_missing(tmp_path):
    program = PROGRAMS["poisson"]

    def evaluated(images=IMAGES, **choices):
        return nd.evaluate(program, {"lines": images}, LABELS, executor="serial", part=4, store=tmp_path, **choices)

    first = evaluated()
    again = evaluated()
    assert (first.ran, again.ran) == (3, 0)
    assert again.recording == first.recording
    next((tmp_path / "parts").glob("*.ndr")).write_bytes(b"torn")
    assert evaluated().ran == 1
    assert evaluated(seed=1).ran == 3
    changed = IMAGES.copy()
    changed[-1] = 0
    assert evaluated(changed).ran == 1


def test_samples_that_depend_on_one_another_are_refused():
    program = PROGRAMS["poisson"]
    for samples, choices in (({"lines": IMAGES}, {"learn": "sequential"}), (iter(IMAGES), {})):
        with pytest.raises(nd.DiagnosticError) as caught:
            nd.evaluate(program, samples, executor="serial", **choices)
        assert [item.code for item in caught.value.diagnostics] == ["ND968"]


@pytest.mark.parametrize(
    "samples", [{"lines": IMAGES + 5}, {"other": IMAGES}, {"lines": IMAGES[:, :4]}], ids=["range", "name", "shape"]
)
def test_faults_of_samples_are_those_of_a_run(samples):
    program = PROGRAMS["poisson"]
    with pytest.raises(nd.DiagnosticError) as one:
        nd.run(program, samples)
    with pytest.raises(nd.DiagnosticError) as parts:
        nd.evaluate(program, samples, executor="serial", part=4)
    assert [item.code for item in one.value.diagnostics] == [item.code for item in parts.value.diagnostics]


def test_labels_are_checked():
    with pytest.raises(nd.DiagnosticError) as caught:
        nd.evaluate(PROGRAMS["poisson"], {"lines": IMAGES}, LABELS[:4], executor="serial")
    assert caught.value.diagnostics[0].code == "ND505"
