"""Linear maps of layers in integers: weights are multiples of a unit, times a power of two for each term."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.convert.integers.model import IntegerTerm
from neurodeploy.network import AvgPool2d, Dense, OneToOne, Projection, Sparse, SumPool2d
from neurodeploy.network.connectivity import WindowConnectivity, connectivity_of
from neurodeploy.network.convolution import output_shape, window_of
from neurodeploy.network.operations import Step
from neurodeploy.trained.chains import as_operation, merged
from neurodeploy.trained.layers import Term

__all__ = ["SAME", "WEIGHTS", "integer_term", "least_units", "real_steps"]

Array = NDArray[Any]
WEIGHTS = (-128, 127)
"""Least and greatest integer weight of 8 bits."""

DENSE = 4
"""A list of at least one synapse for so many pairs of neurons becomes a matrix."""
SAME = 1e-9
"""Relative difference of units that are the same but for rounding."""
POOL = ("input_shape", "kernel", "stride", "padding")
"""Fields of a pool."""


def real_steps(term: Term, unit: Array) -> tuple[Step, ...]:
    """Return the operations of a term from integers of its source to values of the trained network.

    `term`: the term. `unit`: (size,) value for which 1 of the source stands. Averages become sums, whose synapses have the
    weight 1, times a factor.
    """
    steps, factor = list[Step](), 1.0
    for step in term.steps:
        average = isinstance(step, AvgPool2d)
        factor /= float(np.prod(step.kernel)) if average else 1.0
        steps.append(SumPool2d(**{name: getattr(step, name) for name in POOL}) if average else step)
    if (unit == unit[0]).all():
        return merged((*steps, OneToOne(weights=np.asarray(unit[0] * factor))), unit.size)
    scaled: list[Step] = [OneToOne(weights=unit)]
    if steps and isinstance(steps[0], SumPool2d):  # a factor of a channel is the same before and after a sum
        height, width = output_shape(window_of(steps[0]))[1:]
        channels = unit.reshape(steps[0].input_shape[0], -1)[:, 0]
        scaled = [steps.pop(0), OneToOne(weights=np.repeat(channels, height * width))]
    tail = () if factor == 1.0 else (OneToOne(weights=np.asarray(factor)),)
    return merged((*scaled, *steps, *tail), unit.size)


def least_units(steps: tuple[Step, ...], n_source: int) -> tuple[Array, Array | None]:
    """Return (n_target,) least units of the sums for which weights, in units, are integers of 8 bits; and the units for which
    all weights are 1 or -1, or None if there are none.

    `steps`: operations in sequence. `n_source`: number of values of the source. A target without synapses has the unit 0.
    """
    low, high = WEIGHTS
    if len(steps) > 1 and all(_selects(step) for step in steps[:-1]) and not isinstance(steps[-1], Sparse | OneToOne):
        return least_units(steps[-1:], _size_of(steps[-1]))
    connectivity = _connected(steps, n_source)
    if isinstance(connectivity, WindowConnectivity):
        kernel = connectivity.kernel.reshape(len(connectivity.kernel), -1)
        most, least = (np.repeat(k, connectivity.n_target // len(k)) for k in (kernel.max(axis=1), kernel.min(axis=1)))
        return np.maximum(np.maximum(most, 0) / high, np.maximum(-least, 0) / -low), None
    most, least = np.zeros(connectivity.n_target), np.zeros(connectivity.n_target)
    np.maximum.at(most, connectivity.targets, connectivity.weights)
    np.minimum.at(least, connectivity.targets, connectivity.weights)
    largest = np.maximum(most, -least)
    signs = np.allclose(np.abs(connectivity.weights), largest[connectivity.targets], rtol=SAME, atol=0)
    return np.maximum(most / high, -least / -low), largest if signs else None


def integer_term(source: str, steps: tuple[Step, ...], n_source: int, unit: Array, exponent: int) -> IntegerTerm:
    """Return a term whose weights are rounded to multiples of unit * 2**exponent.

    `source`: the input or layer. `steps`: operations from its integers to values. `n_source`: number of its values. `unit`:
    (n_target,) unit of the sums, the same for all neurons of a channel. `exponent`: power of two, at least 0.
    """
    factor = 1.0 / (unit * 2.0**exponent)
    each = np.asarray(factor[0]) if (factor == factor[0]).all() else factor
    scaled = merged((*steps, OneToOne(weights=each)), n_source)
    weighted = [place for place, step in enumerate(scaled) if not _of_ones(step)]
    if len(weighted) < 2:
        rounded = tuple(_rounded(step) if place in weighted else step for place, step in enumerate(scaled))
        apart = all(_selects(step) for step in scaled[:-1])
        if apart or np.abs(_connected(rounded, n_source).weights).max(initial=0) <= WEIGHTS[1]:
            return IntegerTerm(source, rounded, exponent)
    listed = _connected(scaled, n_source).listed()
    weights, shape = np.rint(listed.weights), (listed.n_target, n_source)
    kept = np.flatnonzero(weights)
    if weights.size * DENSE > shape[0] * shape[1]:
        matrix = np.zeros(shape)
        np.add.at(matrix, (listed.post, listed.pre), weights)
        return IntegerTerm(source, (Dense(weights=matrix),), exponent)
    made = Sparse(shape=shape, post=listed.post[kept], pre=listed.pre[kept], weights=weights[kept])
    return IntegerTerm(source, (made,), exponent)


def _connected(steps: tuple[Step, ...], n_source: int) -> Any:
    projection = Projection(name="term", source="source", target="target", operation=as_operation(steps, n_source))
    return connectivity_of(projection, n_source)


def _selects(step: Step) -> bool:
    """Whether each value reaches one place at most with the weight 1, so that weights after this step are those of synapses."""
    if isinstance(step, SumPool2d):
        return all(stride >= kernel for stride, kernel in zip(step.stride, step.kernel, strict=True))
    return isinstance(step, Sparse) and _of_ones(step) and np.unique(step.pre).size == step.pre.size


def _size_of(step: Step) -> int:
    """Number of values that a step reads."""
    return step.weights.shape[1] if isinstance(step, Dense) else int(np.prod(getattr(step, "input_shape", 0)))


def _of_ones(step: Step) -> bool:
    return isinstance(step, SumPool2d) or bool(np.all(np.asarray(getattr(step, "weights", 0)) == 1))


def _rounded(step: Step) -> Step:
    return step.model_copy(update={"weights": np.rint(np.asarray(getattr(step, "weights", 1.0), dtype=np.float64))})
