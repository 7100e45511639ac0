"""Verb: short ways to write the corpus: registers, projections of even mantissas, events. All from fixed seeds."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.noun import Noun
from neurodeploy.network import (
    Current,
    Input,
    LoihiCuba,
    Network,
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
"""Of most cases: long enough for decays, resets and delays to show, small enough to be read."""
MIXED = WeightFormat(weight_bits=8, exponent=0, sign_mode="mixed")


class Case(Noun):
    """One feature: a network, what it is shown, and for how many steps it runs."""

    name: str
    feature: str
    """Heading under which tables show it."""
    network: Network
    stimulus: Stimulus
    steps: int
    dialect: str | None = None
    """For backends without a dialect of their own: the one that the case is about."""


def registers(**fields: Any) -> LoihiCuba:
    """Return registers that fire now and then under the corpus's events."""
    return LoihiCuba.model_validate({"du": 1200, "dv": 300, "vth_mant": 120, **fields})


def cells(name: str = "cells", size: int = CELLS, neuron: Any = None, **fields: Any) -> Population:
    """Return a population."""
    return Population(name=name, shape=(size,), neuron=neuron or registers(), **fields)


def lines(size: int = LINES, name: str = "in", **fields: Any) -> Input:
    """Return an input."""
    return Input(name=name, shape=(size,), **fields)


def mixed(seed: int, shape: tuple[int, ...], low: int = -60, high: int = 100) -> NDArray[np.int64]:
    """Return even mantissas, as mixed signs hold them exactly."""
    return 2 * np.random.default_rng(seed).integers(low // 2, high // 2, shape)


def projection(
    source: str, target: str, weights: Any = None, *, seed: int = 1, n: tuple[int, int] = (CELLS, LINES), **fields: Any
) -> Projection:
    """Return a dense projection; weights (post, pre) are drawn unless given."""
    fields = {"weight_format": MIXED, **fields}
    return dense(source, target, mixed(seed, n) if weights is None else weights, **fields)


def joined(source: str, target: str, operation: Any, **fields: Any) -> Projection:
    """Return a projection of any operation."""
    fields = {"name": f"{source}_to_{target}", "weight_format": MIXED, **fields}
    return Projection(source=source, target=target, operation=operation, **fields)


def events(seed: int, lines: int = LINES, rate: float = 0.3, steps: int = STEPS, samples: int = SAMPLES) -> Any:
    """Return Bernoulli spikes, rows (sample, step, line)."""
    drawn = np.random.default_rng(seed).random((samples, steps, lines)) < rate
    return (np.argwhere(drawn) + np.array([0, 1, 0])).astype(np.int32)


def values(seed: int, lines: int, low: int, high: int, steps: int = STEPS, samples: int = SAMPLES) -> Any:
    """Return whole numbers (samples, steps, lines) as floats, half of them 0."""
    rng = np.random.default_rng(seed)
    return (rng.integers(low, high, (samples, steps, lines)) * (rng.random((samples, steps, lines)) < 0.5)).astype(
        float
    )


def shown(network: Network, given: dict[str, Any], steps: int = STEPS, samples: int = SAMPLES) -> Stimulus:
    """Return the stimulus of events and values by input."""
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
    populations: Any = None,
    projections: Any = None,
    *,
    inputs: Any = None,
    probes: tuple[tuple[str, str], ...] = (("cells", "u"), ("cells", "v")),
    given: dict[str, Any] | None = None,
    extra: int = 4,
    dialect: str | None = None,
) -> Case:
    """Return a case: by default one population that six lines drive, watched in u and v, `extra` steps beyond the stimulus."""
    inputs = inputs or (lines(),)
    populations = populations or (cells(),)
    network = Network(
        name=name,
        time=Time(dt_s=1e-3, steps_per_sample=STEPS),
        inputs=inputs,
        populations=populations,
        projections=projections or (projection("in", "cells", n=(populations[0].size, inputs[0].size)),),
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
