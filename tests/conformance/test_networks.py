"""Whole networks on every simulator where they are proven to agree: the example, real files, random programs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import neurodeploy as nd
from neurodeploy.check import dialect_verdict
from neurodeploy.compiler import compile_network
from neurodeploy.hardware import load_dialect, load_target
from neurodeploy.importers import ImportOptions, load
from neurodeploy.network import Network, Sparse, WeightFormat
from neurodeploy.simulate import (
    SampleValues,
    Stimulus,
    compare_findings,
    drain_steps,
    encode,
    get_backend,
    load_stimulus,
)

RANDOM = settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


def program_of(network, dialect):
    """Program in a dialect, on a chip of Loihi 1's size."""
    target = load_target("loihi1").model_copy(update={"dialect": load_dialect(dialect)})
    return compile_network(network, target).require()


def agree(program, stimulus, vendor, steps=None):
    """Number of spikes of a run; asserts that simulator and emulator give the same bits."""
    runs = [nd.run(program, stimulus, backend=name, until=steps) for name in ("emulator", vendor)]
    assert compare_findings(*runs, program) == ()
    assert runs[0].states.keys() == runs[1].states.keys()
    return sum(len(rows) for rows in runs[1].spikes.values())


def proven(program, vendor, steps):
    """Whether a simulator is proven to give the bits of the program's dialect."""
    dialect = get_backend(vendor).dialect
    own = program.target.dialect.name
    return own == dialect or dialect in dialect_verdict(program, [load_dialect(dialect)], steps).proven


def test_the_digits_example(vendor, root):
    """Compiled for loihi1. Brian2Loihi does not limit v, and the hidden layer can reach the limit, so it refuses."""
    network = nd.load(root / "examples/digits/digits.nd.json")
    program = nd.compile(network, "loihi1")
    values = load_stimulus(root / "examples/digits/digits.stimulus.npz", network)
    stimulus = encode(network, SampleValues(values={k: v[:30] for k, v in values.values.items()}))
    steps = stimulus.n_steps + drain_steps(network)
    refusals = [item.code for item in get_backend(vendor).check(program)]
    if not proven(program, vendor, steps):
        assert refusals == ["ND543"]
        program = program_of(network, get_backend(vendor).dialect)
    assert agree(program, stimulus, vendor) > 3000


def braille(reference_data):
    options = ImportOptions(dt_s=1e-4, reset="zero")
    path = reference_data / "real_inputs/nir_paper/03_rnn/braille_noDelay_noBias_subtract.nir"
    network = load(path, options).network
    raster = (np.random.default_rng(0).random((4, 256, 12)) < 0.05).astype(int)
    return network, encode(network, SampleValues(values={"input": raster}))


def test_the_recurrent_braille_network(vendor, reference_data):
    network, stimulus = braille(reference_data)
    assert agree(program_of(network, get_backend(vendor).dialect), stimulus, vendor) > 400


def test_convolutions_whose_resets_subtract(vendor, reference_data):
    """Each neuron has a synapse to itself, in arithmetic that every simulator has."""
    path = reference_data / "cases/nir-flatten/b.nir"
    network = load(path, ImportOptions(dt_s=1e-3, reset="subtract")).network
    raster = (np.random.default_rng(0).random((2, 60, network.inputs[0].size)) < 0.3).astype(np.uint8)
    stimulus = Stimulus(n_samples=2, n_steps=60, rasters={network.inputs[0].name: raster})
    assert agree(program_of(network, get_backend(vendor).dialect), stimulus, vendor) > 100


@pytest.mark.parametrize("seed", [1, 2])
def test_nets_of_the_shape_of_the_oxford_file(vendor, seed):
    """200 -> 256 -> 200 CUBA neurons with dense layers of even mantissas, as lava-dl exports them."""
    rng, style = np.random.default_rng(seed), WeightFormat(weight_bits=8, exponent=0, sign_mode="mixed")
    cell = nd.LoihiCuba(du=1023, dv=127, vth_mant=900)
    links = [
        nd.dense(source, target, 2 * rng.integers(-60, 70, shape), weight_format=style)
        for source, target, shape in (("in", "first", (256, 200)), ("first", "second", (200, 256)))
    ]
    network = Network(
        name="oxford",
        time=nd.Time(dt_s=1e-3, steps_per_sample=60),
        inputs=(nd.Input(name="in", shape=200),),
        populations=tuple(
            nd.Population(name=name, shape=n, neuron=cell) for name, n in (("first", 256), ("second", 200))
        ),
        projections=tuple(links),
        outputs=(nd.Output(name="out", source="second"),),
        probes=(nd.Probe(name="v", target="second", variable="v"),),
    )
    rows = (np.argwhere(rng.random((2, 60, 200)) < 0.05) + [0, 1, 0]).astype(np.int32)
    stimulus = Stimulus(n_samples=2, n_steps=60, spikes={"in": rows})
    assert agree(program_of(network, get_backend(vendor).dialect), stimulus, vendor) > 1000


@st.composite
def networks(draw):
    """Several small unconnected networks in one, so that one run of a simulator covers more."""
    rng, populations, links, inputs = np.random.default_rng(draw(st.integers(0, 2**32))), [], [], []
    bias, delays = draw(st.booleans()), draw(st.booleans())
    for number in range(3):
        size = int(rng.integers(1, 6))
        registers = {name: rng.integers(0, 4096, size) for name in ("du", "dv")}
        neuron = nd.LoihiCuba(
            **registers, vth_mant=rng.integers(1, 300, size), bias_mant=int(bias) * rng.integers(0, 60)
        )
        populations.append(nd.Population(name=f"cells{number}", shape=size, neuron=neuron))
        inputs.append(nd.Input(name=f"in{number}", shape=size))
        for source in (f"in{number}", f"cells{number}"):
            pairs = np.argwhere(rng.random((size, size)) < 0.7)
            style = WeightFormat(weight_bits=8, exponent=int(rng.integers(0, 3)), sign_mode="mixed")
            operation = Sparse(
                shape=(size, size), post=pairs[:, 0], pre=pairs[:, 1], weights=2 * rng.integers(-60, 127, len(pairs))
            )
            more = {"delay_steps": int(rng.integers(0, 4)) if delays else 0, "weight_format": style}
            name = f"{source}_to_{number}"
            links.append(nd.Projection(name=name, source=source, target=f"cells{number}", operation=operation, **more))
    probes = [nd.Probe(name=f"{p.name}.{v}", target=p.name, variable=v) for p in populations for v in ("u", "v")]
    return Network(
        name="random",
        time=nd.Time(dt_s=1e-3, steps_per_sample=20),
        inputs=tuple(inputs),
        populations=tuple(populations),
        projections=tuple(links),
        outputs=(nd.Output(name="out", source="cells0"),),
        probes=tuple(probes),
    )


@RANDOM
@given(network=networks(), seed=st.integers(0, 2**32))
def _random(vendor, network, seed):
    """In dialect loihi1 where that is proven equal, else in the simulator's own; else the simulator refuses it."""
    rng = np.random.default_rng(seed)
    shown = {
        i.name: (np.argwhere(rng.random((2, 20, i.size)) < 0.4) + [0, 1, 0]).astype(np.int32) for i in network.inputs
    }
    stimulus, adapter = Stimulus(n_samples=2, n_steps=20, spikes=shown), get_backend(vendor)
    program = nd.compile(network, "loihi1")
    if not proven(program, vendor, 24):
        program = program_of(network, adapter.dialect) if not _lacks(adapter, network) else program
    if any(adapter.check(program)):
        assert {item.code for item in adapter.check(program)} <= {"ND502", "ND543"}
        return
    agree(program, stimulus, vendor, steps=24)


def _lacks(adapter, network):
    """Features that a dialect lacks, so that no target with it accepts them."""
    dialect = load_dialect(adapter.dialect)
    biased = any(np.any(item.neuron.bias_mant) for item in network.populations)
    late = max(int(np.max(item.delay_steps)) for item in network.projections)
    return (dialect.bias == "none" and biased) or late > dialect.delay_steps_max


def test_random_programs(vendor):
    _random(vendor)
