"""Activity of drawn counts, and a small program whose population has as many spikes as its samples say."""

from __future__ import annotations

import numpy as np
from factories import network_of

import neurodeploy as nd
from neurodeploy.monitor.counts import activity_of_counts

STEPS = 20


def drawn(draw, n=400, seed=0, **fields):
    """The activity of (n,) counts that `draw` returns for a generator."""
    return activity_of_counts({"cells": np.asarray(draw(np.random.default_rng(seed), n), dtype=np.int64), **fields})


def echo(size=6):
    """Lines onto as many neurons: a spike on a line makes its neuron spike a step later."""
    neuron = nd.LoihiCuba(du=4095, dv=4095, vth_mant=1)
    network = network_of(
        (nd.Population(name="cells", shape=size, neuron=neuron),),
        (nd.dense("in", "cells", np.eye(size) * 100),),
        inputs=size,
        name="echo",
        outputs="cells",
    )
    return nd.compile(network, "loihi1")


def rasters(n, rate=0.5, seed=0, size=6):
    """(n, steps, size) spikes, each with the probability `rate`, an array of (n,) or a number."""
    rates = np.broadcast_to(np.asarray(rate, dtype=float), n)
    return (np.random.default_rng(seed).random((n, STEPS, size)) < rates[:, None, None]).astype(np.uint8)
