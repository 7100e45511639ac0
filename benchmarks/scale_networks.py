"""Large networks whose synapses are generated: the cortical microcircuit at full density, and a sheet of cortex."""

from __future__ import annotations

import math

from microcircuit import (
    BIAS_EXP,
    DT_S,
    DU,
    DV,
    INHIBITION,
    LARGEST,
    NAMES,
    REFRACTORY_STEPS,
    SPREAD,
    THRESHOLD,
    WEIGHT,
    background,
)
from workloads import PD14_PROBABILITY, pd14_sizes

import neurodeploy as nd
from neurodeploy.network.operations import WeightFormat
from neurodeploy.network.procedural.operations import DistanceKernel, FixedProbability, Normal

__all__ = ["microcircuit", "sheet"]

DELAYS = ((14, 7.5), (7, 3.75))
"""Mean and standard deviation of the delays of excitatory and inhibitory synapses in steps of 0.1 ms, beyond the first step."""
LONGEST = 62
"""Longest delay in steps: what 6 bits hold."""
SIGMA, PEAK = 4.0, 0.8
"""Length scale of the sheet's kernels in distances of excitatory neurons; probability at distance 0. With one inhibitory
neuron on four excitatory ones, a neuron has 80 excitatory and 20 inhibitory synapses."""


def microcircuit(scale: float = 1.0) -> nd.Network:
    """Return the microcircuit of Potjans and Diesmann (Cerebral Cortex 24(3), 2014, tables 4 and 5), its synapses generated.

    Pairs are connected with the paper's probabilities; weights and delays are normal as there. `scale`: share of the neurons.
    """
    sizes, projections = pd14_sizes(scale), list[nd.Projection]()
    for post, row in enumerate(PD14_PROBABILITY):
        for pre, probability in enumerate(row):
            if not probability:
                continue
            mean = WEIGHT * (INHIBITION if pre % 2 else 2 if (pre, post) == (2, 0) else 1)
            low, high = (-LARGEST, -1) if mean < 0 else (1, LARGEST)
            delay, spread = DELAYS[pre % 2]
            operation = FixedProbability(
                shape=(int(sizes[post]), int(sizes[pre])),
                probability=probability,
                weights=Normal(mean=mean, std=SPREAD * abs(mean), low=low, high=high, whole=True),
                delays=Normal(mean=delay, std=spread, low=0, high=LONGEST, whole=True),
                seed=8 * post + pre,
                self_connections=pre != post,
            )
            form = WeightFormat(weight_bits=8, sign_mode="inhibitory" if pre % 2 else "excitatory")
            name = f"{NAMES[pre]}_to_{NAMES[post]}"
            projections.append(
                nd.Projection(name=name, source=NAMES[pre], target=NAMES[post], operation=operation, weight_format=form)
            )
    return nd.Network(
        name="microcircuit",
        time=nd.Time(dt_s=DT_S),
        populations=[
            _cells(name, number, int(size)) for number, (name, size) in enumerate(zip(NAMES, sizes, strict=True))
        ],
        projections=projections,
    )


def _cells(name: str, number: int, size: int) -> nd.Population:
    neuron = nd.LoihiCuba(
        du=DU,
        dv=DV,
        vth_mant=THRESHOLD,
        bias_mant=background(number, size),
        bias_exp=BIAS_EXP,
        refractory_steps=REFRACTORY_STEPS,
    )
    return nd.Population(name=name, shape=size, neuron=neuron)


def sheet(neurons: int) -> nd.Network:
    """Return a sheet of about `neurons` neurons, one in five inhibitory, each with about 100 synapses from its surround."""
    side = math.isqrt(neurons // 5)
    grids = {"E": (2 * side, 2 * side), "I": (side, side)}
    cell = nd.LoihiCuba(du=1024, dv=128, vth_mant=4000, bias_mant=60, bias_exp=6)
    projections = [
        nd.Projection(
            name=f"{pre}_to_{post}",
            source=pre,
            target=post,
            operation=DistanceKernel(
                source_shape=grids[pre],
                target_shape=grids[post],
                extent=(2.0 * side, 2.0 * side),
                periodic=True,
                probability=PEAK,
                scale=SIGMA,
                radius=3 * SIGMA,
                weights=Normal(
                    mean=sign * 20, std=4, low=min(sign, sign * 127), high=max(sign, sign * 127), whole=True
                ),
                seed=10 * (post == "I") + (pre == "I"),
                self_connections=pre != post,
            ),
            weight_format=WeightFormat(weight_bits=8, sign_mode="excitatory" if sign > 0 else "inhibitory"),
        )
        for pre, sign in (("E", 1), ("I", -1))
        for post in grids
    ]
    populations = [nd.Population(name=name, shape=shape, neuron=cell) for name, shape in grids.items()]
    return nd.Network(name="sheet", time=nd.Time(dt_s=1e-3), populations=populations, projections=projections)
