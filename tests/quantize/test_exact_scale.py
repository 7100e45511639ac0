"""Networks of small integers, or of integer multiples of any number, spike as float arithmetic does, ties included."""

from __future__ import annotations

import numpy as np
import pytest
from factories import examples, network_of, one_layer
from hypothesis import given, settings
from hypothesis import strategies as st

import neurodeploy as nd
from neurodeploy.compiler import CompileOptions, compile_network
from neurodeploy.hardware import load_target
from neurodeploy.importers import ImportOptions, load
from neurodeploy.network import Conv2d, Dense, OneToOne, Sparse
from neurodeploy.network.files import load_network
from neurodeploy.network.neurons import Explicit
from neurodeploy.simulate import Stimulus

pytestmark = pytest.mark.usefixtures("engine")

TARGETS = {name: load_target(name) for name in ("loihi1", "loihi2")}


def one(neuron, weights=1.0, **fields):
    """One neuron, or one for each row of weights, behind as many input lines as there are columns."""
    return one_layer(neuron, weights, source="x", target="c", output="o", name="one", **fields)


def built(network, target="loihi1", **options):
    result = compile_network(network, TARGETS[target], CompileOptions(fixes=False, **options))
    return result.require(), result


def always(network, steps):
    return Stimulus(n_samples=1, n_steps=steps, rasters={"x": np.ones((1, steps, network.inputs[0].size), np.uint8)})


def spikes(network, target="loihi1", steps=60, backend="emulator", stimulus=None):
    """Steps in which neuron 0 fires; an input spike in every step by default."""
    program, _ = built(network, target)
    recording = nd.run(program, stimulus or always(network, steps), until=steps, backend=backend)
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
    """(target, network): populations of small whole numbers, each in a separate unit."""
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
    network = network_of(
        populations,
        projections,
        inputs=(nd.Input(name="x", shape=n_in),),
        outputs=(nd.Output(name="o", source="p0"),),
        name="small",
    )
    return target, network


def leaves_a_rest(neuron):
    """Whether a soft reset leaves a remainder that a full decay, at most 4095 parts of 4096, does not remove completely."""
    return neuron.reset.mode == "subtract" and neuron.kind == "lif" and neuron.discretization.keep_v == 0


def fires_as_floats_do(case, seed):
    target, network = case
    program, result = built(network, target, soft_reset="two_compartments")  # autapses leak: see test_soft_reset.py
    findings = {str(item.subject) for item in result.findings if item.code in ("ND217", "ND220")}
    assert findings <= {f"population '{item.name}'" for item in network.populations if leaves_a_rest(item.neuron)}
    if findings:
        return
    raster = (np.random.default_rng(seed).random((2, 40, network.inputs[0].size)) < 0.5).astype(np.uint8)
    stimulus = Stimulus(n_samples=2, n_steps=40, rasters={"x": raster})
    wanted = nd.run(program, stimulus, until=50, backend="reference").spikes
    got = nd.run(program, stimulus, until=50).spikes
    for name, rows in wanted.items():
        assert np.array_equal(got[name], rows), (
            f"{name}: {[line for line in result.ledger if name in str(line.subject)]}"
        )


@settings(max_examples=examples(80), deadline=None)
@given(case=networks(), seed=st.integers(0, 2**32 - 1))
def test_small_whole_numbers_fire_as_float_arithmetic_does(case, seed):
    fires_as_floats_do(case, seed)


@pytest.mark.slow
@settings(max_examples=examples(1500), deadline=None)
@given(case=networks(), seed=st.integers(0, 2**32 - 1))
def test_many_networks_of_small_whole_numbers_fire_as_float_arithmetic_does(case, seed):
    fires_as_floats_do(case, seed)


@pytest.mark.parametrize("target", TARGETS)
def test_odd_weights_of_both_signs_of_a_file_are_stored(reference_data, target):
    found = load(reference_data / "cases/netx-odd-weights/a.net", ImportOptions(dt_s=1e-3))
    as_given = load_target(target, rules={"loihi1": "nengo-loihi", "loihi2": "lava-loihi"}[target])
    result = compile_network(found.network, as_given, CompileOptions(fixes=False))
    program = result.require()
    style = program.formats[0]
    assert np.unique(program.tables.entry_mantissa).tolist() == [-2, 2]  # -1 and 1 of the file, with the exponent below
    assert style.exponent == -1
    assert all(line.level == "exact" for line in (*found.ledger, *result.ledger) if line.quantity == "weights")


@pytest.mark.parametrize("target", TARGETS)
def test_a_floor_of_any_whole_number_holds_without_a_finding(target):
    neuron = nd.If(v_threshold=7.0, v_floor=-7.0, comparison=">=")
    network = one(neuron, [[3.0, -2.0] if target == "loihi1" else [1.0, -1.0]])
    _, result = built(network, target)
    assert {item.code for item in result.findings} <= {"ND214"}
    raster = (np.random.default_rng(2).random((1, 200, 2)) < [0.9, 0.4]).astype(np.uint8)
    raster[0, 40:80, 0] = 0  # down to the floor
    stimulus = Stimulus(n_samples=1, n_steps=200, rasters={"x": raster})
    got = [spikes(network, target, 200, backend, stimulus) for backend in ("emulator", "reference")]
    assert got[0] == got[1]
    assert len(got[0]) > 2


def test_a_floor_that_no_register_holds_is_a_finding():
    _, result = built(one(nd.If(v_threshold=7.0, v_floor=-3.0), 1.0), "loihi2")
    assert "ND217" in {item.code for item in result.findings}


def test_subtraction_at_the_threshold_reports_how_long_it_is_exact():
    network = one(nd.If(v_threshold=5.0, comparison=">=", reset="subtract"), 2.0)
    _, result = built(network, soft_reset="two_compartments")
    findings = [item for item in result.findings if item.code == "ND220"]
    assert [item.severity for item in findings] == ["warning"]
    assert "first 8,191 spikes" in findings[0].message
    assert spikes(network, steps=500) == spikes(network, steps=500, backend="reference")


@pytest.mark.parametrize("numbers", [[[1.0, 1001.0]], [[0.5, 0.5 + 2**-20]]])
def test_ties_that_registers_cannot_hold_are_a_warning(numbers):
    network = one(nd.If(v_threshold=5.0 * numbers[0][1]), numbers)
    _, result = built(network)
    assert ("ND220", "warning") in {(item.code, item.severity) for item in result.findings}


def test_trained_weights_give_no_finding_about_ties():
    weights = np.random.default_rng(0).normal(size=(20, 300)).astype(np.float32)
    _, result = built(one(nd.If(v_threshold=1.0, comparison=">="), weights))
    assert not [item for item in result.findings if item.code == "ND220"]


def test_float32_decimals_go_by_the_side_of_the_threshold_that_they_are_on():
    single = np.array([[0.1, 0.2]], dtype=np.float32)
    assert float(single[0, 0]) * 10 > 1
    network = one(nd.If(v_threshold=1.0), single)
    _, result = built(network)
    assert not result.findings
    assert spikes(network) == spikes(network, backend="reference") == list(range(5, 61, 4))
    mixed = one(nd.If(v_threshold=1.0), np.array([[0.7, 0.1]], dtype=np.float32))
    _, result = built(mixed)
    assert [(item.code, item.severity) for item in result.findings] == [("ND220", "info")]


@pytest.mark.parametrize(("keep", "bias"), [(0.9, 0.31), (0.5, 0.31), (0.95, 0.07)])
def test_a_bias_of_a_filtered_current_is_a_warning_with_its_size(keep, bias):
    rule = Explicit(keep_v=1.0, gain_v=1.0, keep_i=keep, gain_i=1 - keep)
    neuron = nd.CubaLif(tau_m_s=1.0, tau_syn_s=1.0, bias=bias, v_threshold=1.0, discretization=rule, reset="subtract")
    network = one(neuron, 1.0)
    program, result = built(network, soft_reset="two_compartments")
    findings = [item for item in result.findings if item.code == "ND219"]
    assert [item.severity for item in findings] == ["warning"]
    extra = float(findings[0].message.split(" more in each sample")[0].split()[-1])
    assert extra == pytest.approx(bias * keep / (1 - keep), rel=1e-3)
    silent = Stimulus(n_samples=1, n_steps=200, rasters={"x": np.zeros((1, 200, 1), np.uint8)})
    counts = [len(nd.run(program, silent, backend=name).spikes["c"]) for name in ("emulator", "reference")]
    assert abs(counts[0] - counts[1] - extra) <= 1.5, "about as many spikes more as the finding says"


@pytest.mark.parametrize("fields", [{"bias": 0.0}, {"bias": 0.5}])
def test_a_bias_without_a_filter_is_exact_and_gives_no_finding(fields):
    _, result = built(one(nd.If(v_threshold=1.0, **fields), 1.0))
    assert not [item for item in result.findings if item.code == "ND219"]


def test_a_current_that_never_settles_is_refused():
    rule = Explicit(keep_v=0.5, gain_v=1.0, keep_i=1.0, gain_i=1.0)
    neuron = nd.CubaLif(tau_m_s=1.0, tau_syn_s=1.0, bias=0.1, v_threshold=1.0, discretization=rule)
    result = compile_network(one(neuron, 1.0), TARGETS["loihi1"], CompileOptions(fixes=False))
    assert ("ND219", "error") in {(item.code, item.severity) for item in result.findings}


def test_a_floor_off_its_register_does_not_fire_on_ties():
    network = one(nd.If(v_threshold=3.0, v_floor=-4.0), [[1.0, -5.0]])
    raster = np.zeros((1, 30, 2), dtype=np.uint8)
    raster[0, 0, 1] = raster[0, 1:, 0] = 1
    stimulus = Stimulus(n_samples=1, n_steps=30, rasters={"x": raster})
    for backend in ("emulator", "reference"):
        assert spikes(network, steps=20, backend=backend, stimulus=stimulus) == [10, 14, 18]  # -4 + 7 is 3, + 8 is more


def test_the_remainder_of_a_full_decay_does_not_fire_on_ties():
    keeps = Explicit(keep_v=0.0, gain_v=1.0)
    network = one(nd.Lif(tau_m_s=1e-3, v_threshold=100.0, discretization=keeps), [[100.0, 1.0]])
    raster = np.zeros((1, 30, 2), dtype=np.uint8)
    raster[0, :, 0] = raster[0, 20, 1] = 1
    stimulus = Stimulus(n_samples=1, n_steps=30, rasters={"x": raster})
    for backend in ("emulator", "reference"):
        assert spikes(network, steps=31, backend=backend, stimulus=stimulus) == [22]
