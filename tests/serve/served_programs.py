"""Programs of every kind that is served, requests for them, and the outputs that nd.run gives for each request alone."""

from __future__ import annotations

from functools import cache

import numpy as np
from factories import network_of, one_layer
from learners import learner

import neurodeploy as nd
from neurodeploy.network import Events, Noise, WeightFormat
from neurodeploy.network.graded import GradedRelu
from neurodeploy.serve.inference.models import Model
from neurodeploy.serve.inference.nouns import InferParameters, InferRequest, Tensor, WantedOutput
from neurodeploy.signals.stimulus import SampleValues

__all__ = ["KINDS", "alone", "model_of", "request_of", "same", "version_of"]

KINDS = ("rate", "poisson", "noisy", "plastic", "rows", "events", "graded", "early", "linear")
WEIGHTS = np.random.default_rng(5).normal(0, 2.5, (8, 6))


def _layer(name, neuron=None, *, decoder=None, encoder="rate", target="loihi1", **fields):
    neuron = neuron or nd.Lif(tau_m_s=0.01, v_threshold=1)
    out = nd.Output(name="out", source="cells", **({"decoder": decoder} if decoder else {}))
    network = one_layer(neuron, WEIGHTS, encoder=encoder, name=name, steps_per_sample=12, **fields)
    return nd.compile(network.model_copy(update={"outputs": (out,)}), target)


def _noisy():
    neuron = nd.LoihiCuba(du=4095, dv=200, vth_mant=2, noise=Noise(at="current", exponent=7))
    population = nd.Population(name="cells", shape=4, neuron=neuron)
    whole = nd.dense("in", "cells", np.eye(4, dtype=int) * 8, weight_format=WeightFormat(weight_bits=8))
    return nd.compile(
        network_of([population], [whole], inputs=4, outputs="cells", name="noisy", steps_per_sample=12), "loihi1"
    )


def _events():
    network = network_of(
        [nd.Population(name="cells", shape=5, neuron=nd.Lif(tau_m_s=0.01, v_threshold=1))],
        [nd.dense("in", "cells", np.random.default_rng(2).normal(0, 3, (5, 12)))],
        inputs=(nd.Input(name="in", shape=(2, 2, 3), encoder=Events()),),
        outputs="cells",
        name="events",
        steps_per_sample=12,
    )
    return nd.compile(network, "loihi1")


def _graded():
    style = WeightFormat(weight_bits=8, exponent=0, sign_mode="mixed")
    neuron = GradedRelu(threshold=3)
    made = one_layer(neuron, np.eye(3, dtype=int) * 4, encoder="current", name="graded", weight_format=style)
    return nd.compile(made, "loihi2")


@cache
def model_of(kind):
    """The model of a kind."""
    made = {
        "rate": lambda: _layer("rate"),
        "poisson": lambda: _layer("poisson", encoder="poisson"),
        "noisy": _noisy,
        "plastic": lambda: nd.compile(learner(), "loihi1"),
        "rows": lambda: _layer("rows", encoder="spikes"),
        "events": _events,
        "graded": _graded,
        "early": lambda: _layer("early", nd.If(v_threshold=1000.0), decoder=nd.network.Membrane(offset=0.25)),
        "linear": lambda: _layer("linear", decoder=nd.Linear(weights=np.ones((2, 8)), tau_s=0.005)),
    }
    program = made[kind]()
    return Model(program.network.name, program)


def version_of(number):
    """Another version of the rate network: the same name, other weights."""
    network = one_layer(
        nd.Lif(tau_m_s=0.01, v_threshold=1),
        np.random.default_rng(number).normal(0, 2.5, (8, 6)),
        encoder="rate",
        output="out",
        name="rate",
        steps_per_sample=12,
    )
    return nd.compile(network, "loihi1")


def _values(kind, rng, samples):
    """Samples of an input, in another form from time to time."""
    if kind == "events":
        rows = [
            (s, t, rng.integers(3), rng.integers(2), rng.integers(2))
            for s in range(samples)
            for t in range(0, 9000, 700)
        ]
        return "INT64", np.array(rows)
    lines = {"plastic": 4, "noisy": 4, "graded": 3}.get(kind, 6)
    if kind == "graded":
        return "FP64", rng.integers(-4, 9, (samples, 7, lines)).astype(np.float64)
    if kind in ("plastic", "noisy", "rows") and rng.random() < 0.5:
        where = np.argwhere(rng.random((samples, 10, lines)) < 0.4) + [0, 1, 0]
        return "INT32", where.astype(np.int32)
    if kind in ("plastic", "noisy", "rows"):
        return "UINT8", (rng.random((samples, 10, lines)) < 0.4).astype(np.uint8)
    return ("FP32", "FP64")[int(rng.integers(2))], rng.random((samples, lines)).astype(
        ("f4", "f8")[int(rng.integers(2))]
    )


def request_of(kind, number):
    """A request with samples, steps, seed and outputs of its own."""
    rng = np.random.default_rng([number, KINDS.index(kind)])
    samples, model = int(rng.integers(1, 4)), model_of(kind)
    datatype, array = _values(kind, rng, samples)
    names = {
        "early": ("out", "out.scores", "out.steps"),
        "linear": ("out", "out.scores", "cells.counts"),
        "graded": ("cells.payloads", "cells.spikes"),
    }.get(kind, ("out", "out.scores", "cells.counts", "cells.spikes"))
    kept = tuple(WantedOutput(name) for name in names if rng.random() < 0.6)
    parameters = InferParameters(
        steps=(None, 12, 25)[int(rng.integers(3))],
        seed=int(rng.integers(-3, 4)),
        samples=samples,
        margin=float(rng.random() * 5) if kind == "early" else None,
        learn=("apart", "sequential", "off")[int(rng.integers(3))] if kind == "plastic" else None,
    )
    name = model.program.network.inputs[0].name
    return InferRequest((Tensor(name, datatype, array),), kept, f"{kind}-{number}", parameters)


def alone(model, request):
    """Name -> what nd.run gives for a request that runs alone, of the outputs that it asks for."""
    chosen, program = request.parameters, model.program
    values = SampleValues(values={item.name: item.array for item in request.inputs}, n_samples=chosen.samples)
    recording = nd.run(program, values, steps=chosen.steps, seed=chosen.seed, learn=chosen.learn)
    outputs = program.network.outputs
    default = [item.name for item in outputs] or [f"{item.name}.counts" for item in program.network.populations]
    return {
        name: _output(program, recording, name, chosen.margin) for name in [w.name for w in request.outputs] or default
    }


def _output(program, recording, name, margin):
    source, _, what = name.rpartition(".")
    if what in ("counts", "spikes", "payloads"):
        size = program.network.population_by_name[source].size
        found = {
            "counts": lambda: recording.spike_counts(source, size),
            "spikes": lambda: recording.spikes[source],
            "payloads": lambda: recording.payloads[source],
        }
        return found[what]()
    if what == "scores":
        return nd.simulate.decode.scores(program.network, recording, nd.simulate.decode.units_of(program))
    values = nd.decoded(program, recording)
    if name in values:
        return values[name]
    if margin is None:
        return nd.answers(program, recording)
    early = nd.early_stop(program, recording, margin)
    return early.steps if what == "steps" else early.answers


def same(reply, expected):
    """Whether a reply holds exactly the expected outputs, in their order."""
    names = [item.name for item in reply.outputs]
    return names == list(expected) and all(
        item.array.shape == expected[item.name].shape and np.array_equal(item.array, expected[item.name])
        for item in reply.outputs
    )
