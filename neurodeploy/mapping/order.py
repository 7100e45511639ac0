"""Verb: in which order a population's neurons fill cores. Places nothing.

Neurons that receive a convolution go tile by tile, each tile through all channels: the neurons of a core then share sources
and lists. Tiles are squares or rows of the map; the one that lets an empty core hold most neurons is taken.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from neurodeploy.check.demand import Projection, demand_of
from neurodeploy.check.limits import Limit, core_limits, exceeded
from neurodeploy.check.sends import alone
from neurodeploy.quantize.quantized import Quantized, QuantizedPopulation
from neurodeploy.target.target import Target

__all__ = ["furthest", "order_of", "placing_limits"]

Ints = NDArray[np.int64]


def placing_limits(target: Target) -> dict[str, Limit]:
    """Return the limits of a core that depend on what else it holds."""
    return {name: limit for name, limit in core_limits(target).items() if name != "fan_in"}


def furthest(start: int, end: int, fits: Callable[[int], bool], hint: int = 64) -> int:
    """Return the largest stop in [start, end] for which [start, stop) fits; `hint`: how long it may be.

    Gallops from the hint, then bisects: slices are often much shorter than the rest, and as long as the one before.
    """
    low, high = start, end
    probe, step = min(start + hint, end), max(hint // 8, 1)
    while low < high:
        if fits(probe):
            low = probe
            if low == end or step > end:
                break
            probe, step = min(low + step, high), step * 2
        else:
            high = probe - 1
            break
        if probe == low:
            break
    while low < high:
        middle = (low + high + 1) // 2
        if fits(middle):
            low = middle
        else:
            high = middle - 1
    return low


def order_of(quantized: Quantized, target: Target, population: QuantizedPopulation, into: list[Projection]) -> Ints:
    """Return a permutation (size,) of a population's neurons."""
    natural = np.arange(population.size)
    shape = quantized.network.population_by_name[population.name].shape
    if len(shape) != 3 or not any(item.shares for item in into):
        return natural
    candidates = [natural, *(_by_tile(shape, height, width) for height, width in _tiles(shape, target))]
    held = [_neurons_in_core(target, population, into, order) for order in candidates]
    return candidates[int(np.argmax(held))]


def _tiles(shape: tuple[int, ...], target: Target) -> list[tuple[int, int]]:
    """Heights and widths to try: halves of the map's width and height, as many places as can be a base at most."""
    limit = target.precision.shared_base
    most = int(limit.high) + 1 if limit else shape[1] * shape[2]
    heights, widths = (sorted({-(-n // (1 << k)) for k in range(n.bit_length() + 1)}) for n in shape[1:])
    return [(h, w) for h in heights for w in widths if h * w <= most and (h >= w or h == 1 or 2 * h >= w)]


def _by_tile(shape: tuple[int, ...], height: int, width: int) -> Ints:
    channel, y, x = np.indices(shape).reshape(3, -1)
    return np.lexsort((x, y, channel, x // width, y // height))


def _neurons_in_core(target: Target, population: QuantizedPopulation, into: list[Projection], order: Ints) -> int:
    """Neurons from the middle of an order that fit an empty core; the first ones lie on the edge of the map."""
    limits, unsent = placing_limits(target), alone(np.zeros(population.size, dtype=np.int64))
    first = population.size // 3

    def fits(stop: int) -> bool:
        demand = demand_of(target, population, into, np.sort(order[first:stop]), unsent)
        return not exceeded(demand.figures(), limits)

    return furthest(first, population.size, fits) - first
