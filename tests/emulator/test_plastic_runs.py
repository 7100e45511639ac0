"""Runs of plastic programs by the definition: cut and whole, apart and in sequence, on other cores, and lava's values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from factories import with_limits
from neurodeploy_backends.emulator.spec_learning import Synapses, cleared_epoch, count_source, count_target, learn

import neurodeploy as nd
from neurodeploy.network import Current, Dense, Sparse, WeightFormat
from neurodeploy.simulate.learning_draws import epoch_draws

STEPS = 24


def network(rule: nd.SumOfProducts, *, delay: int = 0, exponent: int = 0, seed: int = 0) -> nd.Network:
    """An input of 9 lines, 8 neurons, and plastic synapses from the input and among the neurons."""
    rng, style = np.random.default_rng(seed), WeightFormat(weight_bits=8, exponent=exponent)
    dense, some = rng.integers(-50, 50, (8, 9)) * 2, rng.random((8, 8)) < 0.4
    post, pre = np.nonzero(some)
    inner = Sparse(shape=(8, 8), post=post, pre=pre, weights=rng.integers(-20, 20, post.size) * 2)
    return nd.Network(
        name="learns",
        time=nd.Time(dt_s=0.001, steps_per_sample=STEPS),
        inputs=(nd.Input(name="x", shape=9), nd.Input(name="reward", shape=1, encoder=Current())),
        populations=(nd.Population(name="p", shape=8, neuron=nd.LoihiCuba(du=2048, dv=300, vth_mant=90)),),
        projections=(
            nd.Projection(
                name="in",
                source="x",
                target="p",
                operation=Dense(weights=dense),
                weight_format=style,
                plasticity=rule,
                delay_steps=delay,
            ),
            nd.Projection(
                name="inner",
                source="p",
                target="p",
                operation=inner,
                weight_format=style,
                plasticity=nd.SumOfProducts(dw="2^-3*y0*(w+3)", rounding=rule.rounding),
            ),
        ),
        outputs=(nd.Output(name="out", source="p"),),
    )


TRACE = nd.Trace(impulse=40.25, tau_steps=6)
RULES = {
    "stdp": nd.SumOfProducts(dw="2^-2*y0*x1 - 2^-2*x0*y1", x1=TRACE, y1=TRACE, epoch_steps=3, seed=5),
    "reward": nd.SumOfProducts(
        dt="y0*x1 - u0*2^-2*t",
        dw="2^-3*u0*t*y2",
        x1=TRACE,
        y1=TRACE,
        third_factors=(nd.ThirdFactor(source="reward", trace="y2", weight=7),),
        tag=3,
    ),
    "floors": nd.SumOfProducts(dw="2^-3*x0*y1 + u1*(w-9)*2^-4", y1=TRACE, rounding="none", epoch_steps=2),
}


def samples(n: int = 3) -> dict[str, Any]:
    """Rasters of the input, and rewards."""
    rng = np.random.default_rng(7)
    return {
        "x": (rng.random((n, STEPS, 9)) < 0.3).astype(np.uint8),
        "reward": rng.integers(-2, 3, (n, STEPS, 1)).astype(np.float64),
    }


def run(program: nd.Program, given: dict[str, Any], **choices: Any) -> nd.Recording:
    """A run of the definition that keeps its state."""
    choices = {"learn": "apart", "keep_state": True, "engine": "spec"} | choices
    return nd.run(program, given, **choices)


def same(one: nd.Learned | None, other: nd.Learned | None) -> None:
    """Both have learned the same, whatever their programs."""
    assert one is not None
    assert other is not None
    assert one == other.model_copy(update={"program_digest": one.program_digest})


@pytest.mark.parametrize("rule", RULES)
def test_a_cut_run_learns_what_a_whole_one_does(rule: str) -> None:
    program, given = nd.compile(network(RULES[rule], delay=2, exponent=-1), target="loihi2"), samples()
    whole = run(program, given)
    for cut in (1, 7, 12):
        first = run(program, given, until=cut)
        second = run(program, given, resume=first.final_state)
        assert second.learned == whole.learned
        assert second.final_state == whole.final_state
        assert nd.compare(nd.continued([first, second]), whole).identical


def test_placement_and_batches_change_nothing() -> None:
    given, made = samples(), network(RULES["stdp"])
    program = nd.compile(made, target="loihi2")
    whole = run(program, given)
    small = with_limits(nd.load_target("loihi2"), compartments=3)
    spread = run(nd.compile(made, target=small), given)
    assert spread.active_updates is not None
    assert spread.active_updates.shape[2] == 3
    same(whole.learned, spread.learned)
    rows = [{name: values[k] for name, values in given.items()} for k in range(3)]
    one_by_one = run(program, iter(rows), batch=1)
    assert one_by_one.learned == whole.learned


def test_samples_in_sequence_hand_on_their_weights() -> None:
    program, given = nd.compile(network(RULES["floors"]), target="loihi2"), samples()
    learned = None
    for k in range(3):
        one = run(program, {name: values[k : k + 1] for name, values in given.items()}, learned=learned)
        learned = one.learned
    together = run(program, given, learn="sequential", keep_state=False, until=STEPS)
    same(together.learned, learned)


def test_without_learning_weights_stay_and_are_met_with_all_bits() -> None:
    program, given = nd.compile(network(RULES["stdp"]), target="loihi2"), samples(1)
    trained = run(program, given).learned
    assert trained is not None
    assert (trained.synapses["in.w"] % 2).any()
    off = run(program, given, learn="off", learned=trained, probes=["p.u"])
    assert off.learned == trained
    shown, weights = given["x"][0].astype(np.int64), trained.synapses["in.w"].reshape(9, 8).astype(np.int64)
    first = int(np.flatnonzero(shown.any(axis=1))[0])
    np.testing.assert_array_equal(off.states["p.u"][0, first + 1], (shown[first] @ weights) << 6)


GOLDEN = {
    "learning_stdp_epoch4": nd.SumOfProducts(
        dw="(1) * (-1) * x0 * y1 +(1) * (1) * y0 * x1",
        x1=nd.Trace(impulse=16, tau_steps=10),
        y1=nd.Trace(impulse=16, tau_steps=10),
        epoch_steps=4,
        seed=7,
    ),
    "learning_custom_epoch1": nd.SumOfProducts(
        dw="2^-4*x1*u0 - 2^-5*y1*x0 + 2^-2*w*y0",
        x1=nd.Trace(impulse=16.5, tau_steps=8),
        y1=nd.Trace(impulse=32, tau_steps=5),
        seed=1,
    ),
}
"""Rules of the recorded cases, which state impulses, time constants and seed in part only."""


@pytest.mark.parametrize("name", GOLDEN)
def test_weights_and_traces_are_those_of_lava(name: str, reference_data: Path) -> None:
    case, rule = json.loads((reference_data / "golden" / "lava_models.json").read_text())["cases"][name], GOLDEN[name]
    pre, post = (np.array(case[key]).T[:, None, :] for key in ("pre", "post"))
    pairs = Synapses(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]), 2, 2, "mixed")
    zero = np.zeros(4, dtype=np.int64)
    epoch, draws = cleared_epoch(pairs, np.array(case["w0"]).T.ravel(), zero, zero, 1), epoch_draws(rule, len(pre), 0)
    for t in range(1, len(pre) + 1):
        count_source(rule, epoch, pre[t - 1], t)
        count_target(rule, epoch, post[t - 1], {}, t, draws)
        learn(rule, pairs, epoch, t, draws)
        assert epoch.w.reshape(2, 2).T.ravel().tolist() == case["w"][t - 1]
        for trace in ("x1", "x2", "y1", "y2", "y3"):
            assert getattr(epoch, trace)[0].tolist() == case[trace][t - 1]
