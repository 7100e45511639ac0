"""Building blocks of the conformance corpus: registers, projections with even mantissas, events. All seeds are fixed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurodeploy.base.noun import Noun
from neurodeploy.network import (
    Current,
    Input,
    LoihiCuba,
    Network,
    Neuron,
    Operation,
    Output,
    Population,
    Probe,
    Projection,
    Time,
    WeightFormat,
    dense,
)
from neurodeploy.signals.stimulus import Stimulus

__all__ = ["Case", "cells", "events", "joined", "lines", "mixed", "one", "projection", "registers", "shown", "values"]

STEPS, SAMPLES, LINES, CELLS = 24, 2, 6, 5
"""Sizes of most cases: large enough to exercise decays, resets and delays, small enough to read."""
MIXED = WeightFormat(weight_bits=8, exponent=0, sign_mode="mixed")


class Case(Noun):
    """Test of one feature: a network, its stimulus, and the number of steps to run."""

    name: str
    feature: str
    """Heading of the case in tables."""
    network: Network
    stimulus: Stimulus
    steps: int
    dialect: str | None = None
    """Dialect that the case tests; for backends that support several."""


def registers(**fields: object) -> LoihiCuba:
    """Return registers with which neurons spike occasionally under the events of the corpus."""
    return LoihiCuba.model_validate({"du": 1200, "dv": 300, "vth_mant": 120, **fields})


def cells(name: str = "cells", size: int = CELLS, neuron: Neuron | None = None, **fields: object) -> Population:
    """Return a population."""
    return Population.model_validate({"name": name, "shape": (size,), "neuron": neuron or registers(), **fields})


def lines(size: int = LINES, name: str = "in", **fields: object) -> Input:
    """Return an input."""
    return Input.model_validate({"name": name, "shape": (size,), **fields})


def mixed(seed: int, shape: tuple[int, ...], low: int = -60, high: int = 100) -> NDArray[np.int64]:
    """Return random even mantissas, which weights of mixed sign store exactly."""
    return 2 * np.random.default_rng(seed).integers(low // 2, high // 2, shape)


def projection(
    source: str,
    target: str,
    weights: ArrayLike | None = None,
    *,
    seed: int = 1,
    n: tuple[int, int] = (CELLS, LINES),
    **fields: object,
) -> Projection:
    """Return a dense projection of (post, pre) weights, random by default."""
    made = dense(source, target, mixed(seed, n) if weights is None else weights, weight_format=MIXED)
    return made.model_copy(update=fields)


def joined(source: str, target: str, operation: Operation, **fields: object) -> Projection:
    """Return a projection with any operation."""
    usual = {"name": f"{source}_to_{target}", "weight_format": MIXED}
    ends = {"source": source, "target": target, "operation": operation}
    return Projection.model_validate({**usual, **ends, **fields})


def events(
    seed: int, lines: int = LINES, rate: float = 0.3, steps: int = STEPS, samples: int = SAMPLES
) -> NDArray[np.int32]:
    """Return Bernoulli spikes, rows (sample, step, line)."""
    drawn = np.random.default_rng(seed).random((samples, steps, lines)) < rate
    return (np.argwhere(drawn) + np.array([0, 1, 0])).astype(np.int32)


def values(
    seed: int, lines: int, low: int, high: int, steps: int = STEPS, samples: int = SAMPLES
) -> NDArray[np.float64]:
    """Return (samples, steps, lines) integers as floats, half of them 0."""
    rng = np.random.default_rng(seed)
    return (rng.integers(low, high, (samples, steps, lines)) * (rng.random((samples, steps, lines)) < 0.5)).astype(
        float
    )


def shown(network: Network, given: dict[str, Any], steps: int = STEPS, samples: int = SAMPLES) -> Stimulus:
    """Return a stimulus. `given`: input -> event rows, or values for inputs with a current encoder."""
    currents = {item.name for item in network.inputs if isinstance(item.encoder, Current)}
    return Stimulus(
        n_samples=samples,
        n_steps=steps,
        spikes={name: rows for name, rows in given.items() if name not in currents},
        currents={name: rows for name, rows in given.items() if name in currents},
    )


def one(
    name: str,
    feature: str,
    populations: Sequence[Population] | None = None,
    projections: Sequence[Projection] | None = None,
    *,
    inputs: Sequence[Input] | None = None,
    probes: tuple[tuple[str, str], ...] = (("cells", "u"), ("cells", "v")),
    given: dict[str, Any] | None = None,
    extra: int = 4,
    dialect: str | None = None,
) -> Case:
    """Return a case. Default: one population driven by six lines, u and v probed, run `extra` steps beyond the stimulus."""
    inputs = inputs or (lines(),)
    populations = populations or (cells(),)
    network = Network(
        name=name,
        time=Time(dt_s=1e-3, steps_per_sample=STEPS),
        inputs=tuple(inputs),
        populations=tuple(populations),
        projections=tuple(projections or (projection("in", "cells", n=(populations[0].size, inputs[0].size)),)),
        outputs=(Output(name="out", source=populations[-1].name),),
        probes=tuple(Probe.model_validate({"name": f"{p}.{v}", "target": p, "variable": v}) for p, v in probes),
    )
    shows = given or {item.name: events(7 + k, item.size) for k, item in enumerate(inputs)}
    return Case(
        name=name,
        feature=feature,
        network=network,
        stimulus=shown(network, shows),
        steps=STEPS + extra,
        dialect=dialect,
    )
