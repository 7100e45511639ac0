"""Verb: in which order a population's neurons fill cores. Places nothing.

Neurons that receive a convolution go tile by tile, each tile through all channels: the neurons of a core then share sources
and lists. Tiles are squares or rows of the map; the one that lets an empty core hold most neurons is taken.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from neurodeploy.hardware.target import Target
from neurodeploy.quantize.projection import QuantizedProjection
from neurodeploy.quantize.quantized import Quantized, QuantizedPopulation
from neurodeploy.resources.core_usage import core_usage
from neurodeploy.resources.limits import Limit, core_limits, fullness
from neurodeploy.resources.output_axons import alone

__all__ = ["furthest", "order_of", "placing_limits"]

Ints = NDArray[np.int64]


def placing_limits(target: Target) -> dict[str, Limit]:
    """Return the limits of a core that depend on what else it holds."""
    return {name: limit for name, limit in core_limits(target).items() if name != "fan_in"}


def furthest(start: int, end: int, filled: Callable[[int], float], hint: int = 64, before: float = 0.0) -> int:
    """Return the largest stop in [start, end] for which [start, stop) fits; `hint`: how long it may be.

    `filled` (stop) is at most 1 where it fits, and the share of what there is, `before` that of nothing. Every count is
    dear: the first, at the hint, foretells the length at which 1 would be reached if all grew evenly; from there it gallops,
    and bisects what is left.
    """
    low, high, probe, step = start, end + 1, min(start + hint, end), 0  # low fits, high does not
    while high - low > 1:
        share = filled(probe)
        low, high = (probe, high) if share <= 1 else (low, probe)
        if step:
            after = probe + step if share <= 1 else probe - step
            probe = after if low < after < high else (low + high) // 2
        else:
            foretold = start + (probe - start) * (1 - before) / (share - before) if share > before else end
            probe = int(min(max(foretold, low + 1), high - 1))
        step = max(2 * step, 1)
    return low


def order_of(
    quantized: Quantized, target: Target, population: QuantizedPopulation, into: list[QuantizedProjection]
) -> Ints:
    """Return a permutation (size,) of a population's neurons."""
    natural = np.arange(population.size)
    shape = quantized.network.population_by_name[population.name].shape
    if len(shape) != 3 or not any(item.connectivity.shares_weights for item in into):
        return natural
    candidates = [natural, *(_by_tile(shape, height, width) for height, width in _tiles(shape, target))]
    best, most = natural, 0
    for order in candidates:
        held = _neurons_in_core(target, population, into, order, most)
        best, most = (order, held) if held > most else (best, most)
    return best


def _tiles(shape: tuple[int, ...], target: Target) -> list[tuple[int, int]]:
    """Heights and widths to try: halves of the map's width and height, as many places as can be a base at most."""
    limit = target.precision.shared_base
    most = int(limit.high) + 1 if limit else shape[1] * shape[2]
    heights, widths = (sorted({-(-n // (1 << k)) for k in range(n.bit_length() + 1)}) for n in shape[1:])
    return [(h, w) for h in heights for w in widths if h * w <= most and (h >= w or h == 1 or 2 * h >= w)]


def _by_tile(shape: tuple[int, ...], height: int, width: int) -> Ints:
    channel, y, x = np.indices(shape).reshape(3, -1)
    return np.lexsort((x, y, channel, x // width, y // height))


def _neurons_in_core(
    target: Target, population: QuantizedPopulation, into: list[QuantizedProjection], order: Ints, most: int
) -> int:
    """Neurons from the middle of an order that fit an empty core, where that is more than `most`, else `most`.

    The first ones lie on the edge of the map.
    """
    limits, unsent = placing_limits(target), alone(np.zeros(population.size, dtype=np.int64))
    first = population.size // 3

    def filled(stop: int) -> float:
        return fullness(core_usage(target, population, into, np.sort(order[first:stop]), unsent).figures(), limits)

    if first + most >= population.size or (most and filled(first + most + 1) > 1):
        return most
    return furthest(first, population.size, filled, max(64, most + 1)) - first
