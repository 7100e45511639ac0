"""PES in the compiled engine: the bits of the definition, from errors of every kind of source, and nengo-loihi's values."""

from __future__ import annotations

import json
import random

import numpy as np
import pytest
import random_programs
from engines import Choice, assert_engines_agree, assert_same
from factories import examples, network_of
from neurodeploy_backends.emulator import spec_plastic
from random_pes_programs import ERRORS, drawn, moves, race

import neurodeploy as nd
from neurodeploy.hardware import load_dialect, load_target
from neurodeploy.network import Current, Dense, Pes, Trace, WeightFormat
from neurodeploy.simulate import Stimulus
from neurodeploy.simulate.pes_draws import PesDraws

MIXED = WeightFormat(weight_bits=8, exponent=0, sign_mode="mixed")
UP = 10
"""Bits by which nengo-loihi shifts the mantissas of the golden run up."""


@pytest.mark.parametrize("kind", ERRORS)
def test_random_programs_give_the_same_bits_on_both_engines(kind):
    cases = [drawn(random.Random(f"{kind} {k}"), kind) for k in range(examples(200, quick=10))]
    moved = [moves(case, race(case)) for case in cases if case is not None]
    assert sum(moved) > len(moved) / 4


@pytest.fixture
def golden(reference_data):
    return json.loads((reference_data / "golden" / "nengo_pes.json").read_text())


def golden_program(golden, **rule):
    """The golden run as a network: three lines, four neurons without leak, and an input of values that gives the error."""
    info = golden["info"]
    neuron = nd.LoihiCuba(du=4094, dv=0, vth_mant=info["vth"][0] >> 6, vmin_exp=0)
    trace = Trace(impulse=info["tracing_mag"], tau_steps=info["tracing_tau"])
    learned = nd.Projection(
        name="learned",
        source="given",
        target="post",
        operation=Dense(weights=(np.array(info["w0"])[:, 0].T >> UP).astype(np.int16)),
        weight_format=WeightFormat(weight_bits=8, exponent=UP - 6, sign_mode="mixed"),
        plasticity=Pes(error="error", error_scale=golden["pes_error_scale"], trace=trace, **rule),
    )
    network = nd.Network(
        name="golden",
        time=nd.Time(dt_s=0.001, steps_per_sample=len(golden["steps"])),
        inputs=(nd.Input(name="given", shape=3), nd.Input(name="error", shape=2, encoder=Current())),
        populations=(nd.Population(name="post", shape=4, neuron=neuron),),
        projections=(learned,),
    )
    return nd.compile(network, load_target("loihi1").model_copy(update={"dialect": load_dialect("nengo")}))


def golden_input(golden):
    given = np.zeros((1, len(golden["steps"]), 3), dtype=np.uint8)
    for step, lines in golden["spikes"].items():
        given[0, int(step) - 1, lines] = 1
    errors = np.zeros((1, len(golden["steps"]), 2))
    errors[0, :-1] = golden["errors"][1:]  # an error acts in the step after it is sent
    return {"given": given, "error": errors}


def nengo_draws():
    """What takes the place of `pes_draws`: the draws of the golden run, step by step."""
    rng = np.random.RandomState(11)

    def draws(rule, samples, t, n_source, n_synapses):
        trace = rng.rand(n_source if t % 2 == 0 else 0)
        rows = [rng.rand(1, 4 if t % 4 == 0 else 0) for _ in range(3)] if t % 4 == 0 else [np.zeros((1, 0))]
        rng.randint(-127, 128, size=4, dtype=np.int32)
        return PesDraws(trace[None], np.concatenate(rows, axis=1))

    return draws


def values(golden, name):
    return np.array([row[name] for row in golden["steps"]]).reshape(len(golden["steps"]), -1)


PROBES = ["learned.w", "learned.x1", "post.v"]


def test_the_definition_runs_the_golden_model_with_its_draws(golden, monkeypatch):
    monkeypatch.setattr(spec_plastic, "pes_draws", nengo_draws())
    steps = len(golden["steps"])
    found = nd.run(golden_program(golden), golden_input(golden), engine="spec", until=steps, probes=PROBES).states
    np.testing.assert_array_equal(found["learned.w"][0] << UP, values(golden, "w"))
    np.testing.assert_array_equal(found["learned.x1"][0], values(golden, "trace"))
    np.testing.assert_array_equal(found["post.v"][0], values(golden, "v"))


def test_the_compiled_engine_is_one_rounding_away_from_each_state_of_the_golden_model(golden, monkeypatch):
    """Draws are our own, so every step begins with nengo-loihi's state: without rounding it is reached, or missed by one."""
    monkeypatch.setattr(spec_plastic, "pes_draws", nengo_draws())
    shown, differences = golden_input(golden), []
    program, floors = golden_program(golden), golden_program(golden, rounding="none")
    for t in range(1, len(golden["steps"])):
        kept = nd.run(program, shown, engine="spec", until=t, keep_state=True).final_state
        monkeypatch.setattr(spec_plastic, "pes_draws", nengo_draws())
        kept = kept.model_copy(update={"program_digest": floors.digest()})
        step = nd.run(floors, shown, engine="native", until=t + 1, resume=kept, probes=PROBES).states
        w, x1 = step["learned.w"][0, 0] << UP, step["learned.x1"][0, 0]
        lost = np.abs(values(golden, "w")[t]) - np.abs(w), values(golden, "trace")[t] - x1
        assert set(lost[0] >> UP + 1) | set(lost[1]) <= {0, 1}
        differences.append((lost[0].any(), lost[1].any()))
    assert {step % 4 for step, (w, _) in enumerate(differences, start=2) if w} == {0}
    assert {step % 2 for step, (_, x1) in enumerate(differences, start=2) if x1} == {0}


@pytest.mark.parametrize(("sources", "targets"), [(1000, 20), (9, 600)])
def test_large_projections_are_the_same_on_one_thread_and_on_several(sources, targets):
    rng = np.random.default_rng(4)
    weights = rng.integers(-100, 100, (targets, sources)) * 2
    rule = Pes(error="error", error_scale=3.0, exponent=-4)
    learned = nd.dense("given", "post", weights, name="learned", weight_format=MIXED, plasticity=rule)
    neuron = nd.LoihiCuba(du=800, dv=100, vth_mant=900)
    network = nd.Network(
        name="large",
        time=nd.Time(dt_s=0.001, steps_per_sample=25),
        inputs=(nd.Input(name="given", shape=sources), nd.Input(name="error", shape=targets // 2, encoder=Current())),
        populations=(nd.Population(name="post", shape=targets, neuron=neuron),),
        projections=(learned,),
    )
    program = nd.compile(network, "loihi1", dialect="nengo")
    given = {"given": rng.random((5, 25, sources)) < 0.05, "error": rng.normal(0, 9, (5, 25, targets // 2))}
    made = [
        nd.run(program, given, learn="apart", engine=engine, threads=threads, batch=batch)
        for engine, threads, batch in (("spec", 1, None), ("native", 1, None), ("native", 4, None), ("native", 2, 2))
    ]
    assert len(np.unique(made[0].learned.synapses["learned.w"], axis=0)) == 5
    for other in made[1:]:
        assert_same(other, made[0])


@pytest.mark.parametrize("learn", ["off", "apart"])
def test_a_weight_starts_at_the_least_mantissa_that_is_stored(learn):
    """PES never leads to it: the recording, and a state in which such a weight has just been met, were once refused."""
    learned = nd.dense(
        "in", "cells", np.full((2, 3), -256), name="learned", weight_format=MIXED, plasticity=Pes(error="e")
    )
    cells = nd.Population(name="cells", shape=2, neuron=nd.LoihiCuba(du=2048, dv=300, vth_mant=90))
    network = network_of([cells], [learned], inputs=(nd.Input(name="in", shape=3), nd.Input(name="e", shape=2)))
    program, shown = (
        nd.compile(network, "loihi1"),
        {"in": np.ones((1, 4, 3), np.uint8), "e": np.zeros((1, 4, 2), np.uint8)},
    )
    made = [nd.run(program, shown, until=4, learn=learn, engine=engine) for engine in ("native", "spec")]
    assert_same(*made)
    assert_engines_agree(program, Stimulus(n_samples=1, n_steps=4, rasters=shown), 4, Choice(cut=2), learn=learn)
    assert set(made[0].learned.synapses["learned.w"].ravel()) == {-256 if learn == "off" else -254}


def test_what_learns_in_every_step_stays_in_the_definition():
    """The dialect of Brian2Loihi has no compiled kernel for it; `auto` says so."""
    rule = nd.SumOfProducts(dw="2^-2*x1*y0", x1=Trace(impulse=16, tau_steps=10), y1=Trace(impulse=16, tau_steps=10))
    learned = nd.dense("in", "cells", np.full((2, 3), 60), name="learned", weight_format=MIXED, plasticity=rule)
    cells = nd.Population(name="cells", shape=2, neuron=nd.LoihiCuba(du=2048, dv=300, vth_mant=90))
    network = network_of([cells], [learned], inputs=3)
    shown = {"in": np.ones((1, 5, 3), dtype=np.uint8)}
    found = nd.run(nd.compile(network, "loihi1", dialect="brian2loihi"), shown)
    assert found.engine == "spec"
    assert found.engine_note == "no compiled kernel for learning in every step of projection 'learned'"
    assert nd.run(nd.compile(network, "loihi1"), shown).engine == "native"


def test_an_error_is_made_of_values_within_their_limits():
    """Products of up to 2**124 are sent as at most 2**62; the sum of two such errors needs more than 64 bits."""
    assert random_programs.attempt(random.Random("1 6446")) == "runs in loihi2"
