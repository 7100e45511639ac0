"""Runs that tests of the page's sections share."""

from __future__ import annotations

import numpy as np
from factories import network_of

import neurodeploy as nd
from neurodeploy.network import Rate
from neurodeploy.report.page import ReportSubject
from neurodeploy.simulate import SampleValues


def small_network(probes=()):
    """16 lines as a picture of 4 x 4 onto six and then three neurons."""
    draw = np.random.default_rng(5)
    neuron = nd.Lif(tau_m_s=0.01, v_threshold=1.0)
    return network_of(
        [nd.Population(name="hidden", shape=6, neuron=neuron), nd.Population(name="class", shape=3, neuron=neuron)],
        [
            nd.dense("picture", "hidden", draw.normal(1, 5, (6, 16)), name="first"),
            nd.dense("hidden", "class", draw.normal(2, 8, (3, 6)), name="second"),
        ],
        inputs=(nd.Input(name="picture", shape=(4, 4), encoder=Rate(max_rate=0.9)),),
        outputs="class",
        name="small",
        steps_per_sample=24,
        probes=tuple(nd.Probe(name=f"{name}.{variable}", target=name, variable=variable) for name, variable in probes),
    )


def small_samples(count=12):
    draw = np.random.default_rng(8)
    return SampleValues(values={"picture": draw.random((count, 4, 4))}, labels=draw.integers(0, 3, count))


def small_subject(probes=(), *, reference=True, samples=None, **fields):
    network, given = small_network(probes), samples or small_samples()
    program = nd.compile(network, target="loihi1")
    floats = nd.run(program, given, backend="reference") if reference else None
    return ReportSubject(program, nd.run(program, given), floats, samples=given, **fields)


def spread_subject(**fields):
    """Three populations on five cores of the board "pair" of the test chip, which has two chips."""
    draw, neuron = np.random.default_rng(3), nd.Lif(tau_m_s=0.01, v_threshold=1.0)
    sizes = {"first": 9, "middle": 8, "last": 3}
    network = network_of(
        [nd.Population(name=name, shape=size, neuron=neuron) for name, size in sizes.items()],
        [
            nd.dense("in", "first", draw.normal(1, 4, (9, 4)), name="into_first"),
            nd.dense("first", "middle", draw.normal(1, 4, (8, 9)), name="into_middle"),
            nd.dense("middle", "last", draw.normal(1, 4, (3, 8)), name="into_last"),
        ],
        inputs=4,
        outputs="last",
        name="spread",
        steps_per_sample=20,
    )
    samples = SampleValues(
        values={"in": (draw.random((6, 20, 4)) < 0.5).astype(np.uint8)}, labels=draw.integers(0, 3, 6)
    )
    program = nd.compile(network, "tiny", board="pair")
    recording = nd.run(program, samples)
    figures = nd.profile(program, recording, labels=samples.labels)
    return ReportSubject(program, recording, None, figures, samples, figures.findings, **fields)
