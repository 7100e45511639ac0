"""The order in which the neurons of a population fill cores.

Targets of a convolution are ordered tile by tile, each with all channels, so that the neurons of a core share sources and
lists.
Tiles are squares or rows of the map; the one with which an empty core holds most neurons is chosen.
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

__all__ = ["longest_fitting_prefix", "order_of", "placing_limits"]

Ints = NDArray[np.int64]


def placing_limits(target: Target) -> dict[str, Limit]:
    """Limits of a core that depend on its whole content: all but the fan-in of a neuron."""
    return {name: limit for name, limit in core_limits(target).items() if name != "fan_in"}


def longest_fitting_prefix(
    start: int, end: int, filled: Callable[[int], float], hint: int = 64, before: float = 0.0
) -> int:
    """Return the largest stop in [start, end] for which [start, stop) fits a core.

    `filled(stop)`: share of the core that is used with [start, stop), at most 1 where it fits, and `before` without any of it;
    `hint`: likely length of the result. Each evaluation is expensive: extrapolate linearly from `hint`, then gallop and bisect.
    """
    low, high, probe, step = start, end + 1, min(start + hint, end), 0  # low fits, high does not
    while high - low > 1:
        share = filled(probe)
        low, high = (probe, high) if share <= 1 else (low, probe)
        if step:
            after = probe + step if share <= 1 else probe - step
            probe = after if low < after < high else (low + high) // 2
        else:
            extrapolated = start + (probe - start) * (1 - before) / (share - before) if share > before else end
            probe = int(min(max(extrapolated, low + 1), high - 1))
        step = max(2 * step, 1)
    return low


def order_of(
    quantized: Quantized, target: Target, population: QuantizedPopulation, into: list[QuantizedProjection]
) -> Ints:
    """Return a permutation (size,) of a population's neurons; `into`: the projections that end in it."""
    natural = np.arange(population.size)
    shape = quantized.network.population_by_name[population.name].shape
    if len(shape) != 3 or not any(item.connectivity.shares_weights for item in into):
        return natural
    candidates = [natural, *(_by_tile(shape, height, width) for height, width in _tiles(shape, target))]
    best, most = natural, 0
    for order in candidates:
        count = _neurons_in_core(target, population, into, order, most)
        best, most = (order, count) if count > most else (best, most)
    return best


def _tiles(shape: tuple[int, ...], target: Target) -> list[tuple[int, int]]:
    """Heights and widths to try: those of the map, repeatedly halved, with no more places than a shared list has bases."""
    limit = target.precision.shared_base
    most = int(limit.high) + 1 if limit else shape[1] * shape[2]
    heights, widths = (sorted({-(-n // (1 << k)) for k in range(n.bit_length() + 1)}) for n in shape[1:])
    return [(h, w) for h in heights for w in widths if h * w <= most and (h >= w or h == 1 or 2 * h >= w)]


def _by_tile(shape: tuple[int, ...], height: int, width: int) -> Ints:
    """Order of the neurons of a map by tile row, tile, channel, row and column; tiles at the edges are smaller."""
    channels, rows, columns = shape
    c, y, x = np.ogrid[:channels, :rows, :columns]
    high, wide = np.minimum(height, rows - y // height * height), np.minimum(width, columns - x // width * width)
    before = channels * (y // height * height * columns + high * (x // width * width))
    place = before + (c * high + y % height) * wide + x % width
    order: Ints = np.empty(place.size, dtype=np.int64)
    order[place.ravel()] = np.arange(place.size)
    return order


def _neurons_in_core(
    target: Target, population: QuantizedPopulation, into: list[QuantizedProjection], order: Ints, most: int
) -> int:
    """Number of neurons from within an order that fit an empty core, or `most` if that is larger.

    The first neurons are left out: they lie on the edge of the map and have fewer sources.
    """
    limits, silent = placing_limits(target), alone(np.zeros(population.size, dtype=np.int64))
    first = population.size // 3

    def filled(stop: int) -> float:
        return fullness(core_usage(target, population, into, np.sort(order[first:stop]), silent).figures(), limits)

    if first + most >= population.size or (most and filled(first + most + 1) > 1):
        return most
    return longest_fitting_prefix(first, population.size, filled, max(64, most + 1)) - first
