"""Networks of small whole numbers, and whole multiples of anything, give the spikes of float arithmetic: ties included."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import neurodeploy as nd
from neurodeploy.compiler import CompileOptions, compile_network
from neurodeploy.network import Conv2d, Dense, OneToOne, Sparse
from neurodeploy.network.files import load_network
from neurodeploy.network.neurons import Explicit
from neurodeploy.runtime import Stimulus, run_program
from neurodeploy.target import load_target

TARGETS = {name: load_target(name) for name in ("loihi1", "loihi2")}


def one(neuron, weights=1.0, inputs=None, **fields):
    """One neuron (or one for each row of weights) behind input lines, one line unless told."""
    table = np.atleast_2d(np.asarray(weights))
    return nd.Network(
        name="one",
        time=nd.Time(dt_s=1e-3),
        inputs=(nd.Input(name="x", shape=table.shape[1]),),
        populations=(nd.Population(name="c", shape=table.shape[0], neuron=neuron),),
        projections=(nd.dense("x", "c", table, **fields),),
        outputs=(nd.Output(name="o", source="c"),),
    )


def built(network, target="loihi1"):
    result = compile_network(network, TARGETS[target], CompileOptions(fixes=False))
    return result.require(), result


def always(network, steps):
    return Stimulus(n_samples=1, n_steps=steps, rasters={"x": np.ones((1, steps, network.inputs[0].size), np.uint8)})


def spikes(network, target="loihi1", steps=60, backend="emulator", stimulus=None):
    """Steps in which neuron 0 fires; an input spike in every step unless told."""
    program, _ = built(network, target)
    recording = run_program(program, stimulus or always(network, steps), steps=steps, backend=backend)
    return recording.spikes["c"][:, 1].tolist()


@pytest.mark.parametrize("target", TARGETS)
def test_eight_eighths_do_not_exceed_one(reference_data, target):
    network = load_network(reference_data / "cases/ties/eighth.nd.json")
    stimulus = always(network, 36)
    for backend in ("emulator", "reference"):
        assert spikes(network, target, 37, backend, stimulus) == [10, 19, 28, 37]


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("backend", ["emulator", "reference"])
@pytest.mark.parametrize(
    ("weight", "threshold", "comparison", "period"),
    [
        (1.0, 1.0, ">=", 1),  # a relay
        (1.0, 1.0, ">", 2),
        (0.125, 1.0, ">", 9),
        (0.125, 1.0, ">=", 8),
        (0.1, 1.0, ">", 11),
        (0.1, 1.0, ">=", 10),
        (0.3, 0.9, ">", 4),
        (0.3, 0.9, ">=", 3),
        (1 / 3, 1.0, ">=", 3),
        (1 / 3, 1.0, ">", 4),
        (2.0, 5.0, ">", 3),  # never met: 4 < 5 < 6
        (2.0, 5.0, ">=", 3),
        (7.0, 49.0, ">=", 7),
        (1e-3, 7e-3, ">=", 7),
        (1e6, 7e6, ">", 8),
        (0.7368, 0.7368, ">=", 1),
    ],
)
def test_periods_of_one_weight(target, backend, weight, threshold, comparison, period):
    network = one(nd.If(v_threshold=threshold, comparison=comparison), weight)
    assert spikes(network, target, 45, backend) == list(range(1 + period, 46, period))


def test_a_leaky_relay_fires_at_every_spike():
    network = one(nd.Lif(tau_m_s=0.02, v_threshold=1.0, comparison=">="), 20.0)
    assert spikes(network) == list(range(2, 61))
    strict = one(nd.Lif(tau_m_s=0.02, v_threshold=1.0, comparison=">"), 20.0)
    assert spikes(strict) == list(range(3, 61, 2))


SCALES = (1.0, 1 / 8, 32.0, 1 / 3, 0.1, 3 / 7, 1e-4, 2.5)


def weights_of(draw, shape, top, sign):
    low, high = {"both": (-top, top), "up": (0, top), "down": (-top, 0)}[sign]
    seed = draw(st.integers(0, 2**32 - 1))
    return np.random.default_rng(seed).integers(low, high, size=shape, endpoint=True)


@st.composite
def operations(draw, n_source, n_target, top, scale):
    sign = draw(st.sampled_from(["both", "up", "down"]))
    kind = draw(st.sampled_from(["dense", "sparse", "one_to_one", "conv"]))
    if kind == "one_to_one" and n_source == n_target:
        return OneToOne(weights=weights_of(draw, (n_source,), top, sign) * scale)
    if kind == "conv" and n_source == n_target == 9:
        kernel = weights_of(draw, (1, 1, 3, 3), top, sign) * scale
        return Conv2d(input_shape=(1, 3, 3), weights=kernel, padding=(1, 1))
    table = weights_of(draw, (n_target, n_source), top, sign)
    if kind == "sparse":
        post, pre = np.nonzero(table)
        return Sparse(shape=table.shape, post=post, pre=pre, weights=table[post, pre] * scale)
    return Dense(weights=table * scale)


@st.composite
def neurons(draw, target, size, scale):
    comparison = draw(st.sampled_from([">", ">="]))
    threshold = np.array(draw(st.lists(st.integers(1, 12), min_size=size, max_size=size)))
    mode = draw(st.sampled_from(["zero", "value", "subtract" if target == "loihi1" and comparison == ">" else "zero"]))
    base = draw(st.integers(-3, 0)) if mode == "value" else 0
    fields = {
        "v_threshold": draw(st.sampled_from([threshold, int(threshold[0])])) * scale,
        "comparison": comparison,
        "reset": {"mode": mode, "value": base * scale} if mode == "value" else mode,
        "bias": draw(st.sampled_from([0, 0, 1, -1])) * scale,
        "refractory_steps": draw(st.integers(0, 3)) if target == "loihi1" else 0,
    }
    if draw(st.integers(0, 2)) == 0 and mode != "subtract" and target == "loihi1":
        fields["v_floor"] = draw(st.integers(-9, base)) * scale
    if draw(st.booleans()):
        return nd.If(**fields)
    keeps = Explicit(keep_v=0.0 if draw(st.booleans()) and base == 0 else 1.0, gain_v=1.0)
    return nd.Lif(tau_m_s=1e-3, discretization=keeps, **fields)


@st.composite
def networks(draw):
    """(target, network): populations of small whole numbers, each in a unit of its own."""
    target = draw(st.sampled_from(sorted(TARGETS)))
    sizes = [draw(st.sampled_from([1, 4, 9])) for _ in range(draw(st.integers(1, 3)))]
    scales = [draw(st.sampled_from(SCALES)) for _ in sizes]
    n_in, top = draw(st.sampled_from([1, 4, 9])), draw(st.sampled_from([1, 3, 7]))
    populations = [
        nd.Population(name=f"p{i}", shape=size, neuron=draw(neurons(target, size, scale)))
        for i, (size, scale) in enumerate(zip(sizes, scales, strict=True))
    ]
    projections = []
    for i, (size, scale) in enumerate(zip(sizes, scales, strict=True)):
        for k in range(draw(st.integers(1, 3))):
            j = draw(st.integers(0, len(sizes) - 1))
            source, n_source = ("x", n_in) if k == 0 and i == 0 else (f"p{j}", sizes[j])
            projections.append(
                nd.Projection(
                    name=f"w{i}_{k}",
                    source=source,
                    target=f"p{i}",
                    operation=draw(operations(n_source, size, top, scale)),
                    delay_steps=draw(st.integers(0, 15)),
                )
            )
    network = nd.Network(
        name="small",
        time=nd.Time(dt_s=1e-3),
        inputs=(nd.Input(name="x", shape=n_in),),
        populations=populations,
        projections=projections,
        outputs=(nd.Output(name="o", source="p0"),),
    )
    return target, network


@settings(max_examples=150, deadline=None)
@given(case=networks(), seed=st.integers(0, 2**32 - 1))
def test_small_whole_numbers_fire_as_float_arithmetic_does(case, seed):
    target, network = case
    program, result = built(network, target)
    assert not [item for item in result.findings if item.code in ("ND217", "ND220")]
    raster = (np.random.default_rng(seed).random((2, 40, network.inputs[0].size)) < 0.5).astype(np.uint8)
    stimulus = Stimulus(n_samples=2, n_steps=40, rasters={"x": raster})
    wanted = run_program(program, stimulus, steps=50, backend="reference").spikes
    got = run_program(program, stimulus, steps=50).spikes
    for name, rows in wanted.items():
        assert np.array_equal(got[name], rows), f"{name}: {[line for line in result.ledger if name in line.where]}"
