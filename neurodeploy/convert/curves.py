"""Activation functions as rates: sums of clipped linear units, fitted where the calibration samples have their sums.

A unit is gain * clip((x - low) / (high - low), 0, 1). One unit is a relu with an upper limit, or a hard sigmoid; units of opposite
signs are a leaky relu; several units, of which one lies inside the other or beside it, follow a sigmoid or tanh. The intervals of
units lie between places where the function is at some levels of its range, and their gains are those of the least squares
over the samples, with the rounding of rates.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from neurodeploy.convert.coding import Coded, Unit, relu_coding
from neurodeploy.trained.forward import activated
from neurodeploy.trained.operations import Activate

__all__ = ["curve_of", "fitted", "is_curve", "leaky_coding"]

Array = NDArray[Any]
TOLERANCE = 0.01
"""Mean error that is accepted before another unit is added, in shares of the range of the function."""
MOST_UNITS = 4
"""Units at most."""
STEP_TOLERANCE = 0.002
"""Mean error that is accepted of a ramp instead of a step: in simulations of 16 to 256 steps, steeper ones were not better."""
LEVELS = (0.01, 0.03, 0.08, 0.15, 0.25, 0.4, 0.5, 0.6, 0.75, 0.85, 0.92, 0.97, 0.99)
"""Shares of the range of a function at which units may begin and end."""
PLACES, SEEN = 257, 50_000
"""Quantiles of the sums on which an error is measured; sums of which quantiles are taken, at most."""
ROUNDING = 1 / 12 / 16**2
"""Variance of a rate that is rounded to counts of 16 steps: units whose large gains cancel each other pay for it."""
NARROWEST = 0.02
"""Least width of a unit, in shares of where the function changes: the drives of steeper ones swing, and their weights are large."""


def is_curve(activation: Activate) -> bool:
    """Whether a function has a coding that is fitted to the sums, not to the largest value of its layer."""
    return activation.function in ("sigmoid", "tanh", "step", "hard_sigmoid")


def curve_of(activation: Activate, sums: Array) -> Coded:
    """Return the coding of a function that `is_curve`, from the (samples, size) sums of its layer."""
    size = sums.shape[1]
    if activation.function == "hard_sigmoid":
        slope = np.broadcast_to(np.asarray(activation.slope, dtype=np.float64).ravel(), (size,))
        return Coded((Unit(slope.copy(), np.full(size, 0.5), np.ones(size)),), np.zeros(size))
    places = _places(sums)
    if activation.function != "sigmoid" and activation.function != "tanh":
        low, high = _step(places)
        return _coded([(low, high)], np.array([0.0, 1.0]), size)
    intervals, gains = _followed(activation.function, places.tobytes())
    return _coded(intervals, gains, size)


@lru_cache(maxsize=64)
def _followed(function: Literal["sigmoid", "tanh"], places: bytes) -> tuple[list[tuple[float, float]], Array]:
    """Units of a function for quantiles of sums; a calibration asks for the same ones for every plan that it tries."""
    x = np.frombuffer(places)
    return fitted(x, activated(Activate(function=function), x), MOST_UNITS)


def leaky_coding(largest: Array, lowest: Array, slope: float | Array) -> Coded:
    """Return the coding of x, times `slope` below 0: a unit for each sign.

    `largest` and `lowest`: (size,) greatest x and greatest -x that rates can send, above 0. `slope`: one number, or (size,).
    """
    positive = relu_coding(largest)
    below = np.broadcast_to(np.asarray(slope, dtype=np.float64).ravel(), largest.shape)
    if not below.any():
        return positive
    negative = Unit(-1.0 / lowest, np.zeros_like(lowest), -below * lowest)
    return Coded((*positive.units, negative), positive.shift)


def _coded(intervals: list[tuple[float, float]], gains: Array, size: int) -> Coded:
    """Units of all neurons alike. `gains`: the shift, then the gain of each unit."""
    units = [
        Unit(np.full(size, 1 / (high - low)), np.full(size, -low / (high - low)), np.full(size, gain))
        for (low, high), gain in zip(intervals, gains[1:].tolist(), strict=True)
    ]
    return Coded(tuple(units), np.full(size, gains[0]))


def _places(sums: Array) -> Array:
    """(PLACES,) quantiles of the sums, in float64: equally likely places, each in the middle of its share."""
    every = sums.ravel()
    seen = every[:: -(-every.size // SEEN)].astype(np.float64)
    return np.quantile(seen, (np.arange(PLACES) + 0.5) / PLACES)


def _knots(x: Array, y: Array) -> Array:
    """Ends that units may have: where y is at some levels of its range, and the outermost places."""
    order = np.argsort(y, kind="stable")
    levels = y.min() + (y.max() - y.min()) * np.array(LEVELS)
    inner = cast("Array", np.interp(levels, y[order], x[order]))
    return np.unique(np.append(inner, x[[0, -1]]))


def fitted(x: Array, y: Array, most: int) -> tuple[list[tuple[float, float]], Array]:
    """Return the fewest units, at most `most`, that follow y at equally likely places x within TOLERANCE; else the best.

    `x` and `y`: (places,) float64, x ascending. Returned: intervals of units, and the shift with the gain of each unit.
    """
    knots, best = _knots(x, y), ([(x[0] - 0.5, x[0] + 0.5)], np.array([float(y.mean()), 0.0]), np.inf)
    if knots.size < 2:
        return best[0], best[1]
    inner = knots[1:-1] if knots.size > 3 else knots  # the outermost sums may lie far away
    least = NARROWEST * (inner[-1] - inner[0])
    pairs = [(float(a), float(b)) for a, b in combinations(knots, 2) if b - a >= least]
    columns = np.stack([np.clip((x - a) / (b - a), 0, 1) for a, b in pairs], axis=1)
    accepted = TOLERANCE * float(y.max() - y.min())
    chosen: tuple[int, ...] = ()
    for count in range(1, min(most, len(pairs)) + 1):
        every, more = range(len(pairs)), [(*chosen, k) for k in range(len(pairs)) if k not in chosen]
        tried = list(combinations(every, count)) if count < 3 else more
        chosen, gains = _least_squares(columns, y, np.array(tried))
        error = float(np.abs(gains[0] + columns[:, chosen] @ gains[1:] - y).mean())
        if error < best[2]:
            best = ([pairs[k] for k in chosen], gains, error)
        if error <= accepted:
            break
    return best[0], best[1]


def _least_squares(columns: Array, y: Array, tried: Array) -> tuple[tuple[int, ...], Array]:
    """The set of columns, of those tried, with the least square error and rounding, and its constant and factors.

    Sets whose factors are all at least 0 come first: values then grow with every rate.
    """
    every = np.concatenate([np.ones((len(y), 1)), columns], axis=1)
    products, toward = every.T @ every / len(y), every.T @ y / len(y)
    sets = np.concatenate([np.zeros((len(tried), 1), dtype=np.int64), tried + 1], axis=1)
    gram = products[sets[:, :, None], sets[:, None, :]] + np.diag([0.0] + [ROUNDING] * (sets.shape[1] - 1))
    factors = np.linalg.solve(gram, toward[sets][:, :, None])[:, :, 0]
    gained = (2 * factors * toward[sets]).sum(axis=1) - np.einsum("ni,nij,nj->n", factors, gram, factors)
    grows = (factors[:, 1:] >= 0).all(axis=1)
    best = int((gained - np.abs(gained).max() * ~grows).argmax())
    return tuple(int(k) for k in tried[best]), factors[best]


def _step(places: Array) -> tuple[float, float]:
    """The widest interval around 0, or above it, in which so few sums lie that the mean error of a ramp is accepted; else the
    narrowest."""
    widths: Array = np.unique(np.abs(places)[places != 0])
    wanted, found = (places > 0).astype(np.float64), list[tuple[float, float]]()
    for width in widths.tolist():
        for low in (-width, 0.0):
            error = float(np.abs(np.clip((places - low) / (width - low), 0, 1) - wanted).mean())
            found += [(low, width)] if error <= STEP_TOLERANCE else []
    least = float(widths[0]) if widths.size else 1.0
    return max(found, key=lambda item: item[1] - item[0], default=(0.0, least))
