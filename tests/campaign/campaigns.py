"""A small classifier, its samples, and what a fault does to it by the long way."""

from __future__ import annotations

import functools

import numpy as np
from factories import network_of

import neurodeploy as nd
from neurodeploy.campaign import Outcome
from neurodeploy.campaign.golden import outcome_of

STEPS = 16
EVERYWHERE = tuple(
    nd.FaultChoice(where=where, what=what, when=when)
    for where, what in (
        ("synapse", ("flip", "stuck_at_0", "stuck_at_1", "dead")),
        ("register", ("flip", "stuck_at_1")),
        ("neuron", ("dead", "stuck_at_1")),
        ("axon", ("dead",)),
        ("in_axon", ("dead",)),
        ("core", ("dead",)),
        ("line", ("dead", "stuck_at_1")),
    )
    for when in ("always", "from", "at")
)


def classifier():
    """Six lines, seven hidden neurons and three answers; one line and one hidden neuron are silent."""
    rng, cells = np.random.default_rng(5), nd.Lif(tau_m_s=0.01, v_threshold=1.0)
    first, second = rng.normal(0.4, 1.0, (7, 6)), rng.normal(0.2, 1.0, (3, 7))
    first[6] = -1.0
    return network_of(
        [nd.Population(name="hidden", shape=7, neuron=cells), nd.Population(name="answer", shape=3, neuron=cells)],
        [nd.dense("lines", "hidden", 4 * first), nd.dense("hidden", "answer", 6 * second)],
        inputs=(nd.Input(name="lines", shape=6, encoder="rate"),),
        outputs="answer",
        name="classifier",
        steps_per_sample=STEPS,
    )


@functools.cache
def program(target="loihi1"):
    return nd.compile(classifier(), target)


@functools.cache
def samples(n=5):
    values = np.random.default_rng(6).random((n, 6))
    values[:, 5] = 0
    return values


@functools.cache
def labels(n=5):
    made = program()
    return nd.answers(made, nd.run(made, samples(n)))


def long_way(results, number, faults) -> Outcome:
    """The outcome of an injected program."""
    faulty = nd.inject(results.program, faults)
    recording = nd.run(faulty, results.stimulus, until=results.n_steps, threads=1)
    return outcome_of(number, results.program, results.golden, recording)
