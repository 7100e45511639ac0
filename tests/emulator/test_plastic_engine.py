"""Plastic projections on both engines: random rules in random programs, and what they brought to light."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from engines import Choice, assert_engines_agree
from factories import examples, with_limits
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from random_programs import drawn, race

import neurodeploy as nd
from neurodeploy.network import Current, WeightFormat
from neurodeploy.network.plasticity_shapes import LEARNED_VARIABLES
from neurodeploy.simulate import Stimulus
from neurodeploy.simulate.probes import probes_named

STEPS = 30
MIXED = WeightFormat(weight_bits=8, exponent=0, sign_mode="mixed")
TRACE = nd.Trace(impulse=40.25, tau_steps=6)


@settings(
    max_examples=examples(1_000, quick=60),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
@given(st.randoms(use_true_random=False))
def test_random_rules_learn_the_same_on_both_engines(dice: Any) -> None:
    case = drawn(dice)
    assume(case is not None)
    assert case is not None
    assume(any(item.plasticity is not None for item in case.program.network.projections))
    race(case)


def learner(rule: nd.SumOfProducts, *, exponent: int = 0, delay: int = 0, size: int = 40) -> nd.Network:
    """An input of 33 lines that excites `size` neurons through synapses that learn, and a reward."""
    weights = np.random.default_rng(0).integers(-20, 60, (size, 33)) * 2
    style = MIXED.model_copy(update={"exponent": exponent})
    inner = nd.dense("cells", "cells", -np.eye(size, k=1) * 100, weight_format=MIXED)
    return nd.Network(
        name="learner",
        time=nd.Time(dt_s=1e-3),
        inputs=(nd.Input(name="in", shape=33), nd.Input(name="reward", shape=1, encoder=Current())),
        populations=(nd.Population(name="cells", shape=size, neuron=nd.LoihiCuba(du=2048, dv=300, vth_mant=300)),),
        projections=(
            nd.Projection(
                name="see",
                source="in",
                target="cells",
                operation=nd.network.Dense(weights=weights),
                weight_format=style,
                delay_steps=delay,
                plasticity=rule,
            ),
            inner,
        ),
    )


def shown(samples: int = 2) -> Stimulus:
    """Spikes in every fifth step or so, and small rewards."""
    rng = np.random.default_rng(1)
    rows = np.argwhere(rng.random((samples, STEPS, 33)) < 0.2) + [0, 1, 0]
    rewards = rng.integers(-2, 3, (samples, STEPS, 1)) / 2
    return Stimulus(
        n_samples=samples, n_steps=STEPS, spikes={"in": rows.astype(np.int32)}, currents={"reward": rewards}
    )


def probes(program: nd.Program) -> Any:
    return probes_named(program.network, ["cells.v", *(f"see.{name}" for name in LEARNED_VARIABLES)])


RULES = {
    "pairs": nd.SumOfProducts(dw="2^-2*y0*x1 - 2^-2*x0*y1", x1=TRACE, y1=TRACE, seed=5),
    "epochs": nd.SumOfProducts(dw="2^-2*y0*x1 - 2^-2*x0*y1", x1=TRACE, y1=TRACE, epoch_steps=7, seed=5),
    "decay": nd.SumOfProducts(dw="2^-2*y0*x1 - u2*2^-3*(w-20)", x1=TRACE, y1=TRACE, seed=5),
    "tags": nd.SumOfProducts(dt="y0*x1*sgn(t+3) - u0*2^-2*t", dw="2^-3*u0*t", x1=TRACE, tag=-257),
    "reward": nd.SumOfProducts(
        dt="y0*x1 - u0*2^-2*t",
        dw="2^-3*u0*t*y2",
        x1=TRACE,
        y1=TRACE,
        third_factors=(nd.ThirdFactor(source="reward", trace="y2", weight=7),),
        epoch_steps=2,
    ),
}


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("learn", ["apart", "sequential", "off"])
def test_samples_learn_alike_on_both_engines(rule: str, learn: str) -> None:
    program = nd.compile(learner(RULES[rule], exponent=-1, delay=2), "loihi2")
    found = [
        assert_engines_agree(program, shown(3), STEPS, probes=probes(program), learn=learn, threads=threads)
        for threads in (1, 3)
    ]
    assert found[0] == found[1]
    learned = found[0].learned.synapses["see.w"]
    assert len(learned) == (1 if learn == "sequential" else 3)
    assert bool((found[0].states["see.w"][0, -1] != found[0].states["see.w"][0, 0]).any()) == (learn != "off")


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("cut", [1, 6, 16])
def test_a_state_resumes_on_the_other_engine(rule: str, cut: int) -> None:
    program, given = nd.compile(learner(RULES[rule]), "loihi2"), shown()
    whole = assert_engines_agree(program, given, STEPS, keep_state=True, learn="apart")
    for first, second in (("native", "spec"), ("spec", "native")):
        before = nd.run(program, given, until=cut, engine=first, keep_state=True, learn="apart")
        after = nd.run(
            program, given, until=STEPS, engine=second, resume=before.final_state, keep_state=True, learn="apart"
        )
        assert after.learned == whole.learned
        assert after.final_state == whole.final_state


def test_placement_changes_no_weight() -> None:
    whole = nd.compile(learner(RULES["pairs"]), "loihi2")
    parts = nd.compile(learner(RULES["pairs"]), with_limits(nd.load_target("loihi2"), compartments=7))
    assert parts.tables.n_cores > whole.tables.n_cores
    found = [assert_engines_agree(program, shown(), STEPS, learn="apart") for program in (whole, parts)]
    assert np.array_equal(found[0].learned.synapses["see.w"], found[1].learned.synapses["see.w"])


def test_auto_runs_rules_natively_and_several_threads_share_no_plastic_sample() -> None:
    program = nd.compile(learner(RULES["pairs"]), "loihi2")
    assert nd.run(program, shown(1), until=STEPS).engine == "native"
    assert_engines_agree(program, shown(1), STEPS, Choice(pieces=3), probes=probes(program))


def test_a_tag_that_the_accumulator_does_not_hold_moves_without_spikes() -> None:
    """-257 times 128 is below the least sum: the end of an epoch makes it -256 in most steps, whoever spikes."""
    program = nd.compile(learner(RULES["tags"].model_copy(update={"dt": RULES["pairs"].dw})), "loihi2")
    found = assert_engines_agree(program, Stimulus(n_samples=1, n_steps=1), 5, probes=probes(program))
    assert set(np.unique(found.states["see.t"][0, -1])) == {-256}
