"""One pass through a converted network in which every layer runs in a mode of its own: on the chip, in floats, or exactly.

Steps are those of the chip, drain included. Between layers goes either (steps, samples, size) spikes, or (samples, size) rates:
the same analog value in every step in which the source is active.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.blame.cells import Fired, Own, float_cell, integer_cell, uncapped_cell
from neurodeploy.blame.stages import Stage, Staged
from neurodeploy.blame.wiring import Wiring
from neurodeploy.convert.notes import NotedLayer, expanded
from neurodeploy.convert.rates import activation_of
from neurodeploy.trained.forward import windows_of
from neurodeploy.trained.layers import Layer
from neurodeploy.trained.operations import Activate, MaxPool

__all__ = ["Mode", "Pass", "clock_signals", "has_largest", "layer_pass", "rates_in_window"]

Array = NDArray[Any]
Mode = Literal["chip", "float", "rate", "uncapped", "exact"]
"""chip: the target's integers. float: spikes with the network's weights. rate: the chip's weights for unlimited steps. uncapped:
the chip's weights, with several spikes in a step where a rate is above 1. exact: the trained layer on what arrives, sent as
analog values."""


class Pass(NamedTuple):
    """A run of a fixed number of steps of input."""

    staged: Staged
    steps: int
    clocks: dict[str, Array]
    """Population that no input reaches -> its (steps, 1, size) spikes."""

    @property
    def total(self) -> int:
        """Steps with the drain."""
        return self.steps + self.staged.last


def layer_pass(work: Pass, layer: NotedLayer, mode: Mode, signals: Mapping[str, Array]) -> dict[str, Array]:
    """Return population -> activity of a layer in a mode, or for the output its (samples, size) values.

    `signals`: activity of its sources.
    """
    pool = isinstance(layer.activation, MaxPool)
    if mode == "exact" or (pool and mode == "rate"):
        return _largest(work, layer, signals) if pool else _exact(work, layer, signals)
    mode = "chip" if mode == "uncapped" and not has_largest(layer) else mode
    found: dict[str, Array] = {}
    for unit in layer.units:
        stage = work.staged.stages[unit.population]
        if layer.activation is None:
            found[stage.name] = _read(work, layer, stage, mode, signals)
        elif mode == "rate":
            mean = _mean(work, stage.chip, stage, signals) / stage.threshold
            found[stage.name] = np.clip(mean, 0, 1).astype(np.float32)
        else:
            found[stage.name] = _fired(work, stage, mode, signals).spikes
    return found


def _fired(work: Pass, stage: Stage, mode: Mode, signals: Mapping[str, Array]) -> Fired:
    dt_s = work.staged.network.time.dt_s
    if mode == "float" and stage.neuron is not None:
        return float_cell(stage.neuron, _drive(work, stage.floats, stage, signals), _own(stage.own_floats), dt_s)
    drive = _drive(work, stage.chip, stage, signals)
    if mode == "uncapped":
        return uncapped_cell(drive, stage.threshold)
    return integer_cell(stage.registers, work.staged.dialect, drive, _own(stage.own_chip))


def _read(work: Pass, layer: NotedLayer, stage: Stage, mode: Mode, signals: Mapping[str, Array]) -> Array:
    """(samples, size) values of the output, from its v."""
    used: Mode = "float" if mode == "float" else "chip"
    v = _fired(work, stage, used, signals).v
    unit = 1.0 if used == "float" else stage.registers.scale or 1.0
    return v / unit / work.steps * expanded(layer.units[0].gain, stage.size)


def _exact(work: Pass, layer: NotedLayer, signals: Mapping[str, Array]) -> dict[str, Array]:
    """The trained layer's function of the mean of what arrives; what its units cannot send is added to the first of them."""
    stages = [work.staged.stages[unit.population] for unit in layer.units]
    size = stages[0].size
    sums = _mean(work, stages[0].floats, stages[0], signals) - expanded(layer.units[0].correction, size)
    slopes, offsets, gains = (
        [expanded(getattr(unit, field), size) for unit in layer.units] for field in ("slope", "offset", "gain")
    )
    x = (sums - offsets[0]) / slopes[0]
    if layer.activation is None:
        return {stages[0].name: x}
    shape = Layer(layer.name, layer.shape, layer.sum_shape, layer.activation, (), np.zeros(size), layer.nodes)
    rates = [np.clip(x * slope + offset, 0, 1) for slope, offset in zip(slopes, offsets, strict=True)]
    rest = activation_of(shape, x, {}) - expanded(layer.shift, size)
    rest = rest - sum(gain * rate for gain, rate in zip(gains, rates, strict=True))
    rates[0] = rates[0] + rest / gains[0]
    return {stage.name: rate.astype(np.float32) for stage, rate in zip(stages, rates, strict=True)}


def has_largest(layer: NotedLayer) -> bool:
    """Return whether a largest rate cuts off values of a layer that its function does not."""
    own = layer.activation
    return isinstance(own, Activate) and own.function in ("relu", "leaky_relu") and own.high is None


def _largest(work: Pass, layer: NotedLayer, signals: Mapping[str, Array]) -> dict[str, Array]:
    """The rates of the source with the largest value of each window, for a layer of maxima."""
    pool = layer.activation
    assert isinstance(pool, MaxPool), "internal: no other layer has windows"
    stages = [work.staged.stages[unit.population] for unit in layer.units]
    shape = (-1, *layer.sum_shape)

    def windows(x: Array, fill: float) -> Array:
        made = windows_of(x.reshape(shape), pool.kernel, pool.stride, pool.begin, pool.end, fill=fill)
        return made.reshape(len(made), stages[0].size, -1)

    rates = [rates_in_window(work, stage.floats[0].source, signals[stage.floats[0].source]) for stage in stages]
    gains = [expanded(unit.gain, stages[0].size).reshape(layer.sum_shape[0], -1)[:, 0] for unit in layer.units]
    values = sum(np.repeat(gain, rate.shape[1] // gain.size) * rate for gain, rate in zip(gains, rates, strict=True))
    best = windows(np.asarray(values), -np.inf).argmax(axis=2)[:, :, None]
    return {
        stage.name: np.take_along_axis(windows(rate, 0.0), best, axis=2)[:, :, 0]
        for stage, rate in zip(stages, rates, strict=True)
    }


def _own(wires: Iterable[Wiring]) -> Own | None:
    applied = [wire.apply for wire in wires]
    return (lambda spikes: sum((apply(spikes) for apply in applied[1:]), start=applied[0](spikes))) if applied else None


def _samples(signals: Mapping[str, Array], wires: Iterable[Wiring]) -> int:
    return max((signals[wire.source].shape[-2] for wire in wires if wire.source in signals), default=1)


def _drive(work: Pass, wires: tuple[Wiring, ...], stage: Stage, signals: Mapping[str, Array]) -> Array:
    """(steps, samples, size) sums that arrive in each step."""
    every = {**signals, **work.clocks}
    made = np.zeros((work.total, _samples(every, wires), stage.size), dtype=np.float32)
    for wire in wires:
        given, late = every[wire.source], 1 + wire.delay
        if given.ndim == 2:
            first = work.staged.depth.get(wire.source, 0) + late
            made[first : first + work.steps] += wire.apply(given)
        else:
            rows = wire.apply(given.reshape(-1, given.shape[-1])).reshape(*given.shape[:2], -1)
            made[late:] += rows[: work.total - late]
    return made


def _mean(work: Pass, wires: tuple[Wiring, ...], stage: Stage, signals: Mapping[str, Array]) -> Array:
    """(samples, size) mean of what arrives in a step; of clocks what they send in the end, which leaves out the start."""
    total: Any = 0.0
    for wire in wires:
        if wire.source in work.clocks:
            step = stage.depth + work.steps - 2 - wire.delay
            total = total + wire.apply(work.clocks[wire.source][step])
        else:
            total = total + wire.apply(rates_in_window(work, wire.source, signals[wire.source]))
    return np.asarray(total, dtype=np.float64)


def rates_in_window(work: Pass, name: str, signal: Array) -> Array:
    """Return (samples, size) mean activity of a source over the steps that the output receives."""
    if signal.ndim == 2:
        return signal
    first = work.staged.depth.get(name, 0)
    return signal[first : first + work.steps].mean(axis=0)


def clock_signals(staged: Staged, steps: int) -> Pass:
    """Return the pass of a run of `steps` steps of input, with the spikes of its clocks."""
    work = Pass(staged, steps, {})
    for stage in staged.clocks:
        drive = np.zeros((work.total, 1, stage.size))
        work.clocks[stage.name] = integer_cell(stage.registers, staged.dialect, drive, _own(stage.own_chip)).spikes
    return work
