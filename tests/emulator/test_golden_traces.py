"""The emulator against traces that other simulators computed, and against a recording of a real Loihi 2."""

from __future__ import annotations

import json

import numpy as np
import pytest
from factories import network_of

import neurodeploy as nd
from neurodeploy.hardware import load_dialect, load_target
from neurodeploy.hardware.arithmetic import effective_weights
from neurodeploy.importers import ImportOptions
from neurodeploy.mapping import emit_program, partition, place
from neurodeploy.network import Sparse, WeightFormat
from neurodeploy.quantize import quantize
from neurodeploy.simulate import SampleValues, Stimulus, encode

pytestmark = pytest.mark.usefixtures("engine")

VARIANTS = {"": {}, "vmin0": {"vmin_exp": 0}, "vminexp12": {"vmin_exp": 12}, "vmaxexp3": {"vmax_exp": 3}}
BEYOND = {
    ("brian2loihi", "loihi1"): {"wrap_u_slow", "wrap_q", "clip_v"},  # unbounded there, wrapped and clipped on the chip
    ("lava", "loihi1"): {"wrap_q"},  # lava has no 21-bit accumulator
}


def target_of(dialect):
    return load_target("loihi1").model_copy(update={"dialect": load_dialect(dialect)})


def mantissa_and_exponent(weight):
    mantissa, exponent = weight >> 6, 0
    while mantissa > 255 and mantissa % 2 == 0:
        mantissa, exponent = mantissa // 2, exponent + 1
    assert (mantissa << exponent) << 6 == weight
    return mantissa, exponent


def scenario_network(scenario, limits):
    """One projection for each source, sign and exponent; registers as the scenario gives them."""
    size = len(scenario["neurons"])
    column = {key: np.array([row[key] for row in scenario["neurons"]]) for key in scenario["neurons"][0]}
    neuron = nd.LoihiCuba(
        du=column["du"],
        dv=column["dv"],
        vth_mant=column["vth_mant"],
        bias_mant=column["bias_mant"],
        bias_exp=column["bias_exp"],
        refractory_steps=column["refract"] - 1,
        **limits,
    )
    groups = {}
    for source, pre, post, weight in scenario["synapses"]:
        mantissa, exponent = mantissa_and_exponent(abs(weight))
        sign = "excitatory" if weight > 0 else "inhibitory"
        groups.setdefault((source, sign, exponent), []).append((post, pre, mantissa if weight > 0 else -mantissa))
    projections = []
    for number, ((source, sign, exponent), rows) in enumerate(groups.items()):
        post, pre, mantissas = np.array(rows).T
        width = scenario["n_inputs"] if source == "in" else size
        projections.append(
            nd.Projection(
                name=f"p{number}",
                source="in" if source == "in" else "cells",
                target="cells",
                operation=Sparse(shape=(size, width), post=post, pre=pre, weights=mantissas),
                weight_format=WeightFormat(weight_bits=8, exponent=exponent, sign_mode=sign),
            )
        )
    return network_of(
        (nd.Population(name="cells", shape=size, neuron=neuron),),
        tuple(projections),
        inputs=scenario["n_inputs"],
        name=scenario["name"],
        probes=tuple(nd.Probe(name=name, target="cells", variable=name) for name in ("u", "v")),
    )


def trace(scenario, limits, target):
    """(u, v, s), each (steps, neurons); an event that arrives in step k fires in step k - 1."""
    program = emit_program(place(partition(quantize(scenario_network(scenario, limits), target), target)))
    events = np.array([[0, arrival - 1, line] for arrival, line in scenario["inputs"]], dtype=np.int32).reshape(-1, 3)
    stimulus = Stimulus(n_samples=1, n_steps=scenario["T"], spikes={"in": events})
    recording = nd.run(program, stimulus, until=scenario["T"])
    spikes = np.zeros((scenario["T"], len(scenario["neurons"])), dtype=int)
    rows = recording.spikes["cells"]
    spikes[rows[:, 1] - 1, rows[:, 2]] = 1
    return recording.states["u"][0], recording.states["v"][0], spikes


@pytest.mark.parametrize(
    ("peer", "dialect", "count"),
    [
        ("nengo", "loihi1", 34),
        ("brian2loihi", "loihi1", 25),
        ("lava", "loihi1", 24),
        ("lava", "loihi2", 25),
        ("nengo", "nengo", 34),
        ("brian2loihi", "brian2loihi", 28),
    ],
)
def test_traces_of_peers_are_reproduced(reference_data, peer, dialect, count):
    scenarios = {item["name"]: item for item in json.loads((reference_data / "golden/scenarios.json").read_text())}
    traces = json.loads((reference_data / f"golden/{peer}.json").read_text())["traces"]
    target, exact = target_of(dialect), 0
    for name, expected in traces.items():
        if name in BEYOND.get((peer, dialect), ()):
            continue
        base, _, variant = name.partition("__")
        got = trace(scenarios[base], VARIANTS[variant], target)
        for key, values in zip("uvs", got, strict=True):
            assert np.array_equal(values, np.array(expected[key]).reshape(values.shape)), f"{name}: {key}"
        exact += 1
    assert exact == count


@pytest.mark.parametrize(
    ("peer", "dialect"), [("brian2loihi", "loihi1"), ("brian2loihi", "brian2loihi"), ("lava", "loihi2")]
)
def test_weight_pipeline_of_every_mantissa_width_exponent_and_sign(reference_data, peer, dialect):
    data = json.loads((reference_data / f"golden/weights_{peer}.json").read_text())
    signs, rules = {"mixed": "mixed", "exc": "excitatory", "inh": "inhibitory"}, load_dialect(dialect)
    assert len(data["rows"]) == 384
    for sign, bits, exponent, expected in data["rows"]:
        got = effective_weights(rules, np.array(data["W"][sign]), bits, exponent, signs[sign])
        if rules.exponent_stage == "sum" and exponent < 0:
            got = (got >> -exponent) << rules.weight_shift_bits
        assert np.array_equal(got, expected), (sign, bits, exponent)


@pytest.fixture
def loihi2_recording(reference_data):
    return np.loadtxt(reference_data / "real_inputs/nir_paper/01_lif/lif_lava_loihi_fixed.csv", delimiter=",")


def test_a_real_loihi_2_recording_is_reproduced(loihi2_recording):
    network = nd.Network(
        name="lif",
        time=nd.Time(dt_s=1e-4),
        inputs=(nd.Input(name="in", shape=1),),
        populations=(nd.Population(name="cell", shape=1, neuron=nd.LoihiCuba(du=4095, dv=163, vth_mant=25)),),
        projections=(
            nd.dense("in", "cell", [[10]], weight_format=WeightFormat(weight_bits=8, sign_mode="excitatory")),
        ),
        probes=(
            nd.Probe(name="register", target="cell", variable="v_register"),
            nd.Probe(name="v", target="cell", variable="v"),
        ),
    )
    fires = np.flatnonzero(loihi2_recording[:, 0])
    events = np.stack([0 * fires, fires + 1, 0 * fires], axis=1).astype(np.int32)
    for target in ("loihi1", "loihi2"):
        stimulus = Stimulus(n_samples=1, n_steps=1000, spikes={"in": events})
        recording = nd.run(nd.compile(network, target), stimulus, until=1000)
        assert np.array_equal(recording.states["register"][0, :, 0], loihi2_recording[:, 1])
        assert recording.spikes["cell"][:, 1].tolist() == [462, 512, 712, 762]
        assert np.flatnonzero(loihi2_recording[:, 2]).tolist() == [461, 511, 711, 761]
        assert (recording.states["v"][0, [461, 511, 711, 761], 0] == 0).all(), "the voltage itself is reset to 0"


def test_the_same_neuron_from_nir_quantized_by_our_rule_spikes_in_the_same_steps(reference_data, loihi2_recording):
    path = reference_data / "real_inputs/nir_paper/01_lif/lif_norse.nir"
    network = nd.load(path, ImportOptions(dt_s=1e-4, reset="zero", producer="nir"))
    program = nd.compile(network, "loihi1")
    assert program.tables.dv.tolist() == [164]
    stimulus = encode(network, SampleValues(values={"input": loihi2_recording[None, :, :1].astype(int)}))
    for backend in ("emulator", "reference"):
        assert nd.run(program, stimulus, backend=backend, until=1000).spikes["1"][:, 1].tolist() == [
            462,
            512,
            712,
            762,
        ]


def test_delays_arrive_as_in_brian2loihi(reference_data):
    """Brian2Loihi counts from 0; a generator's spike acts in the step given there, one step after its stamp here."""
    case = json.loads((reference_data / "golden/brian2loihi_models.json").read_text())["cases"]["delays"]
    count, style = len(case["delays"]), WeightFormat(weight_bits=8, exponent=2, sign_mode="excitatory")
    quiet, relay = (nd.LoihiCuba(du=4095, dv=0, vth_mant=vth) for vth in (131071, 100))
    delays = {"weight_format": style, "delay_steps": np.array(case["delays"]), "delay_axis": "target"}
    network = network_of(
        (
            nd.Population(name="relay", shape=1, neuron=relay),
            nd.Population(name="near", shape=count, neuron=quiet),
            nd.Population(name="far", shape=count, neuron=quiet),
        ),
        (
            nd.dense("in", "relay", [[200]], weight_format=style),
            nd.dense("in", "near", np.full((count, 1), 10), **delays),
            nd.dense("relay", "far", np.full((count, 1), 10), **delays),
        ),
        inputs=1,
        name="delays",
        probes=tuple(nd.Probe(name=name, target=name, variable="u") for name in ("near", "far")),
    )
    target = target_of("brian2loihi")
    program = emit_program(place(partition(quantize(network, target), target)))
    stamp = case["gen_brian_time"]
    stimulus = Stimulus(n_samples=1, n_steps=20, spikes={"in": np.array([[0, stamp, 0]], dtype=np.int32)})
    recording = nd.run(program, stimulus, until=20)
    assert (recording.spikes["relay"][:, 1] - 1).tolist() == case["relay_spike_brian_time"]
    for name, key in (("near", "gen_to_neuron"), ("far", "neuron_to_neuron")):
        first = (recording.states[name][0] != 0).argmax(axis=0)
        assert first.tolist() == case[f"{key}_I_first_nonzero_brian_time"]
