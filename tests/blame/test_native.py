"""Blame of spiking networks that were not converted: mixtures are the emulator's and the reference's, and shares name the guilty one."""

from __future__ import annotations

import numpy as np
import pytest

import neurodeploy as nd
from neurodeploy.blame.mixed import mixed
from neurodeploy.network import Conv2d
from neurodeploy.signals import RunOptions
from neurodeploy.simulate import encode, get_backend


def recurrent(rng, outlier=None):
    """Inputs to a, a to itself and to b; a is leaky, b filters its input. `outlier`: population with one very large weight."""
    weights = {"a": rng.normal(0.3, 0.5, (14, 10)), "b": rng.normal(0.2, 0.4, (6, 14))}
    if outlier:
        weights[outlier][0, 0] = 60.0
    populations = (
        nd.Population(name="a", shape=14, neuron=nd.Lif(tau_m_s=0.01, v_threshold=0.15)),
        nd.Population(name="b", shape=6, neuron=nd.CubaLif(tau_m_s=0.02, tau_syn_s=0.004, v_threshold=0.02, refractory_steps=2)),
    )  # fmt: skip
    projections = (
        nd.dense("in", "a", weights["a"]),
        nd.dense("a", "a", rng.normal(-0.1, 0.2, (14, 14))).model_copy(update={"delay_steps": 2}),
        nd.dense("a", "b", weights["b"]),
    )
    return nd.Network(
        name="mixed", time=nd.Time(dt_s=1e-3, steps_per_sample=12), populations=populations, projections=projections,
        inputs=(nd.Input(name="in", shape=10, encoder="rate"),), outputs=(nd.Output(name="out", source="b"),),
    )  # fmt: skip


def convolutional(rng):
    """A convolution whose spikes take the threshold off, then a population that is only read."""
    kernel = Conv2d(input_shape=(1, 5, 5), weights=rng.normal(0.2, 0.3, (2, 1, 3, 3)))
    populations = (
        nd.Population(name="a", shape=(2, 3, 3), neuron=nd.If(v_threshold=1.0, reset="subtract")),
        nd.Population(name="b", shape=4, neuron=nd.Li(tau_m_s=0.05)),
    )
    projections = (
        nd.Projection(name="in_to_a", source="in", target="a", operation=kernel),
        nd.dense("a", "b", rng.normal(0, 0.5, (4, 18))),
    )
    return nd.Network(
        name="mixed", time=nd.Time(dt_s=1e-3, steps_per_sample=12), populations=populations, projections=projections,
        inputs=(nd.Input(name="in", shape=(1, 5, 5), encoder="rate"),),
        outputs=(nd.Output(name="out", source="b", decoder="membrane"),),
    )  # fmt: skip


@pytest.mark.parametrize("build", [recurrent, convolutional])
def test_mixtures_of_one_kind_are_the_emulator_and_the_reference(build):
    rng = np.random.default_rng(3)
    network = build(rng)
    stimulus = encode(network, rng.random((8, *network.inputs[0].shape)))
    result = nd.check(network, "loihi1")
    backend = get_backend("reference")
    for names, name in (({"a", "b"}, "emulator"), ((), "reference")):
        wanted = nd.run(result.program, stimulus, backend=name)
        program = result.program.model_copy(update={"network": mixed(result.quantized, names)})
        found = backend.run(program, stimulus, steps=wanted.n_steps, options=RunOptions())
        assert wanted.spikes["a"].size
        for population, rows in wanted.spikes.items():
            assert np.array_equal(found.spikes[population], rows), (name, population)
        for probe, values in wanted.states.items():
            assert np.allclose(found.states[probe], values)


@pytest.mark.parametrize("guilty", ["a", "b"])
def test_a_population_with_coarse_weights_is_named_first(guilty):
    rng = np.random.default_rng(5)
    network = recurrent(rng, outlier=guilty)
    result = nd.blame(network, rng.random((40, 10)))
    rows = {row.layer: row for row in result.layers}
    assert result.worst.layer == guilty
    assert rows[guilty].share > 0.7
    assert rows[guilty].weight_error < 1
    assert sum(row.share for row in result.layers) == pytest.approx(1)
    other = {"a": "b", "b": "a"}[guilty]
    assert rows[guilty].error > 3 * rows[other].error
    assert all(row.kind == "population" for row in result.layers)


def test_scores_are_those_of_the_runs():
    rng = np.random.default_rng(6)
    network, x, labels = recurrent(rng), rng.random((30, 10)), rng.integers(0, 6, 30)
    result = nd.blame(network, x, labels)
    program = nd.compile(network, "loihi1")
    chip, floats = nd.run(program, x), nd.run(program, x, backend="reference")
    assert (result.chip, result.trained) == (nd.accuracy(program, chip, labels), nd.accuracy(program, floats, labels))
    counts = [item.spike_counts("a", 14) for item in (chip, floats)]
    steps = chip.n_steps
    row = result.layers[0]
    assert row.rate_shift == pytest.approx((counts[0] - counts[1]).mean() / steps)
    assert row.silent == (counts[0].sum(axis=0) == 0).sum()
    part = nd.blame(network, x, labels, most=11)
    chosen = np.linspace(0, 29, 11).round().astype(int)
    assert (part.n_samples, part.offered) == (11, 30)
    assert part.model_copy(update={"offered": 11}) == nd.blame(network, x[chosen], labels[chosen])


def test_networks_without_answers_are_compared_by_spikes():
    rng = np.random.default_rng(7)
    network, x = recurrent(rng).model_copy(update={"outputs": ()}), rng.random((10, 10))
    result = nd.blame(network, x)
    assert (result.measure, result.trained) == ("spikes", 1.0)
    assert 0.5 < result.chip < 1


@pytest.mark.parametrize("labels", [[0], np.zeros(3), np.zeros((3, 1), dtype=int)])
def test_labels_that_are_no_classes_are_findings(labels):
    rng = np.random.default_rng(8)
    with pytest.raises(nd.DiagnosticError) as error:
        nd.blame(recurrent(rng), rng.random((3, 10)), labels)
    assert [item.code for item in error.value.diagnostics] == ["ND505"]


def test_integers_have_no_floats_to_compare():
    neuron = nd.LoihiCuba(du=4095, dv=0, vth_mant=10)
    network = recurrent(np.random.default_rng(9))
    integers = [item.model_copy(update={"neuron": neuron}) for item in network.populations]
    with pytest.raises(nd.DiagnosticError) as error:
        nd.blame(network.model_copy(update={"populations": tuple(integers)}), np.zeros((1, 10)))
    assert [item.code for item in error.value.diagnostics] == ["ND866"]
