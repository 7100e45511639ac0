"""W7: the cortical microcircuit of Potjans and Diesmann at full density, in the integers of a Loihi compartment.

Neuron numbers, connection probabilities, weights, time constants and mean delays are those of the paper (Cerebral Cortex
24(3), 2014, tables 4 and 5), at a step of 0.1 ms. Three things differ: delays are the means, not distributed; the Poisson
background is the direct current of its mean, different for each neuron; and weights are integers from -127 to 127. The
currents' spread breaks the symmetry of a start from rest; the network then fires at 4.9 Hz per neuron, which makes 1.4
billion synaptic events per biological second. Built projection by projection, in the memory of the finished network.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from workloads import pd14_pairs, pd14_sizes

import neurodeploy as nd
from neurodeploy.network.operations import Sparse, WeightFormat

__all__ = [
    "BIAS_EXP",
    "DT_S",
    "DU",
    "DV",
    "INHIBITION",
    "LARGEST",
    "NAMES",
    "REFRACTORY_STEPS",
    "SETTLE_STEPS",
    "SPREAD",
    "THRESHOLD",
    "WEIGHT",
    "background",
    "network",
]

Array = NDArray[Any]
NAMES = ("L23E", "L23I", "L4E", "L4I", "L5E", "L5I", "L6E", "L6I")
"""The populations; excitatory and inhibitory ones alternate."""
DT_S = 1e-4
SETTLE_STEPS = 500
"""Steps until the burst of the start is over and rates are stationary."""

WEIGHT, INHIBITION, SPREAD, LARGEST = 24, -4, 0.1, 127
"""Mean mantissa of an excitatory weight, inhibitory weights in its units, relative standard deviation, largest mantissa."""
DU, DV = 742, 41
"""Decay registers of a synaptic time constant of 0.5 ms and a membrane time constant of 10 ms."""
THRESHOLD = 11352
"""A hundred postsynaptic potentials of the mean weight: 15 mV above rest, in potentials of 0.15 mV."""
REFRACTORY_STEPS = 20
DELAYS = (14, 7)
"""Delay of excitatory and of inhibitory synapses in steps, beyond the one that every synapse takes: 1.5 and 0.75 ms."""
BACKGROUND = (1600, 1500, 2100, 1900, 2000, 1900, 2900, 2100)
"""Background synapses of a neuron of each population; each fires at 8 Hz."""
RATE_HZ, CURRENT_SPREAD, BIAS_EXP = 8, 0.3, 3
"""Rate of a background synapse; relative standard deviation of the current that stands for them; exponent of the bias."""


def _bias(rng: np.random.Generator, population: int, size: int) -> Array:
    """(size,) mantissas of the mean background current of each neuron."""
    mean = BACKGROUND[population] * RATE_HZ * DT_S * 64 * WEIGHT * 4096 / (DU + 1)
    drawn = mean * (1 + CURRENT_SPREAD * rng.standard_normal(size))
    return np.rint(drawn / (1 << BIAS_EXP)).clip(-4095, 4095).astype(np.int32)


def background(population: int, size: int) -> Array:
    """Return (size,) mantissas of the bias of each neuron of a population that stands alone."""
    return _bias(np.random.default_rng(1 + population), population, size)


def _weights(rng: np.random.Generator, pre: int, post: int, n: int) -> Array:
    """(n,) int8 mantissas; those from layer 4 to layer 2/3, excitatory both, are twice as large."""
    mean = WEIGHT * (INHIBITION if pre % 2 else 2 if (pre, post) == (2, 0) else 1)
    drawn = rng.standard_normal(n, dtype=np.float32)
    drawn *= SPREAD * abs(mean)
    drawn += mean
    low, high = (-LARGEST, -1) if mean < 0 else (1, LARGEST)
    return np.rint(drawn, out=drawn).clip(low, high, out=drawn).astype(np.int8)


def _projections(scale: float, k_scale: float) -> Iterator[nd.Projection]:
    """One projection for each pair of populations that is connected."""
    rng, sizes = np.random.default_rng(0), pd14_sizes(scale)
    for item in pd14_pairs(scale, k_scale):
        pre, post = item.source_population, item.target_population
        operation = Sparse(
            shape=(int(sizes[post]), int(sizes[pre])),
            post=item.target.astype(np.uint16),
            pre=item.source.astype(np.uint16),
            weights=_weights(rng, pre, post, item.source.size),
        )
        yield nd.Projection(
            name=f"{NAMES[pre]}_to_{NAMES[post]}",
            source=NAMES[pre],
            target=NAMES[post],
            operation=operation,
            delay_steps=DELAYS[pre % 2],
            weight_format=WeightFormat(weight_bits=8, sign_mode="inhibitory" if pre % 2 else "excitatory"),
        )


def network(scale: float = 1.0, k_scale: float | None = None) -> nd.Network:
    """Return the network: `scale` of its neurons, each with `k_scale` of its synapses (default: `scale`)."""
    rng = np.random.default_rng(1)
    populations = []
    for number, (name, size) in enumerate(zip(NAMES, pd14_sizes(scale), strict=True)):
        neuron = nd.LoihiCuba(
            du=DU,
            dv=DV,
            vth_mant=THRESHOLD,
            bias_mant=_bias(rng, number, int(size)),
            bias_exp=BIAS_EXP,
            refractory_steps=REFRACTORY_STEPS,
        )
        populations.append(nd.Population(name=name, shape=int(size), neuron=neuron))
    return nd.Network(
        name="microcircuit",
        time=nd.Time(dt_s=DT_S),
        populations=populations,
        projections=list(_projections(scale, scale if k_scale is None else k_scale)),
    )
