"""A network as an objective: a point gives what compiling, running and profiling by hand gives."""

from __future__ import annotations

import numpy as np
import pytest
from factories import one_layer

import neurodeploy as nd

RNG = np.random.default_rng(3)
IMAGES, LABELS = RNG.random((12, 6)), RNG.integers(0, 3, 12)


def network():
    neuron = nd.Lif(tau_m_s=0.02, r=20, v_threshold=1.0)
    made = one_layer(neuron, RNG.normal(0.2, 0.6, (3, 6)), source="lines", output="answer", steps_per_sample=10)
    return made.model_copy(update={"inputs": (nd.Input(name="lines", shape=6, encoder="poisson"),)})


NETWORK = network()
CELLS = NETWORK.populations[0].name
WIRES = NETWORK.projections[0].name
SAMPLES = {"lines": IMAGES, "labels": LABELS}


@pytest.fixture(scope="module")
def deployment():
    return nd.Deployment(network=NETWORK, samples=SAMPLES)


def by_hand(network, steps, seed, **options):
    program = nd.compile(network, "loihi1", **options)
    recording = nd.run(program, {"lines": IMAGES}, steps=steps, seed=seed)
    made = nd.profile(program, recording, labels=LABELS)
    assert made.energy_per_inference is not None
    spikes = sum(item.spikes_per_inference for item in made.populations)
    return made.accuracy, made.energy_per_inference.value, made.time_per_inference.value, spikes


@pytest.mark.parametrize("bits", [2, 6])
@pytest.mark.parametrize("steps", [5, 10])
@pytest.mark.parametrize("seed", [0, 9])
def test_a_point_is_what_the_functions_give(deployment, bits, steps, seed):
    found = deployment(weight_bits=bits, steps=steps, seed=seed)
    timed = NETWORK.model_copy(update={"time": NETWORK.time.model_copy(update={"steps_per_sample": steps})})
    wanted = by_hand(timed, steps, seed, weight_bits={"*": bits})
    assert (found["accuracy"], found["energy_j"], found["latency_s"], found["spikes"]) == wanted
    assert found["energy_low_j"] <= found["energy_j"] <= found["energy_high_j"]


def test_options_of_one_projection_and_thresholds(deployment):
    one = deployment(**{f"weight_bits.{WIRES}": 3})
    assert one == deployment(weight_bits=3)
    scaled = deployment(threshold_scale=1.5)
    neuron = NETWORK.populations[0].neuron.model_copy(update={"v_threshold": 1.5})
    changed = NETWORK.model_copy(
        update={"populations": (NETWORK.populations[0].model_copy(update={"neuron": neuron}),)}
    )
    assert scaled["spikes"] == by_hand(changed, 10, 0)[3]
    assert scaled == deployment(**{f"threshold_scale.{CELLS}": 1.5})
    assert scaled["spikes"] < deployment()["spikes"]


def test_targets_are_an_axis(deployment):
    result = nd.sweep({"target": ["loihi1", "loihi2", "nowhere"]}, deployment, executor="serial")
    assert [row.failed for row in result.rows] == [False, False, True]
    assert result.rows[2].findings[0].code == "ND020"
    assert result.objective == NETWORK.name


@pytest.mark.parametrize(
    "axis", ["weight_bit", "weight_bits.nowhere", "steps.lines", "level.x", "threshold_scale.lines"]
)
def test_an_axis_that_would_change_nothing_is_refused(deployment, axis):
    with pytest.raises(nd.DiagnosticError) as caught:
        nd.sweep({axis: [1, 2]}, deployment, executor="serial")
    assert {item.code for item in caught.value.diagnostics} == {"ND960"}


@pytest.mark.parametrize(
    "values", [{"steps": 2.5}, {"steps": 0}, {"seed": "x"}, {"target": 3}, {"threshold_scale": -1}]
)
def test_a_wrong_value_is_a_row(deployment, values):
    result = nd.sweep([values], deployment, executor="serial")
    assert [item.code for item in result.rows[0].findings] == ["ND960"]


def test_addresses_follow_content(deployment, tmp_path):
    """Equal networks find their results again; another sample, option or target file does not."""
    axes = {"seed": [1, 2]}

    def ran(**fields):
        made = nd.Deployment(network=network_again, samples=fields.pop("samples", SAMPLES), **fields)
        return nd.sweep(axes, made, executor="serial", store=tmp_path / "s").ran

    network_again = NETWORK.model_copy(deep=True)
    assert [ran(), ran(), ran(threads=None)] == [2, 0, 0]
    assert ran(samples={"lines": IMAGES + 0.0, "labels": LABELS}) == 0
    assert ran(samples={"lines": IMAGES[::-1], "labels": LABELS}) == 2
    assert ran(options=nd.CompileOptions(weight_bits={"*": 4}, fixes=False)) == 2
    assert ran(target="loihi2") == 2


def test_a_backend_without_samples_of_labels_has_no_accuracy():
    made = nd.Deployment(network=NETWORK, samples={"lines": IMAGES})
    assert made(seed=1)["accuracy"] is None
