"""A scale at which every weight, bias, threshold and floor of a population is a whole number that the target stores.

All numbers of such a population are multiples of one unit (see grid). Without a leak v is then a multiple of it in every
step, so spikes are those of exact arithmetic, ties at the threshold included: the threshold register only has to lie in the
gap between the last multiple that may not fire and the first that must. `>=` is `>` in the gap below.

Where nothing decays, the smallest such scale is taken, which leaves the most room for sums; else the largest, whose rounding
of what decays is finest. A register may hold v a little off its multiple for good (a floor that is a power of two, a rest
that a full decay leaves), as long as the gap is wide enough for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.hardware.target import Target
from neurodeploy.network.neurons import CubaLi, Li, Neuron, SpikingNeuron
from neurodeploy.quantize.fold import Folded
from neurodeploy.quantize.grid import DOUBLE, SINGLE, are_single, common_unit, magnitudes, whole
from neurodeploy.quantize.scale import choose_scale, worst_current, worst_sum
from neurodeploy.quantize.storable import exact_exponent
from neurodeploy.quantize.weights import ProjectionWeights

__all__ = ["ExactScale", "exact_scale", "sums_can_meet"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
MOST = float(1 << 23)
"""Multiples of the unit that a number may be; registers that hold more do not exist."""
REGISTERS = 1 << 13
"""Distinct values of a parameter that are still looked at."""
FACTORS = 64
"""Whole factors of the least scale that are tried, before powers of two."""


class ExactScale(NamedTuple):
    """Where every number of a population is stored exactly."""

    scale: float
    exponents: tuple[int, ...]
    """Of each incoming projection."""
    vth_mant: Ints
    bias_mant: Ints
    bias_exp: Ints
    vmin_exp: Ints | None
    """None: no floor was asked for, or it is not exact."""
    spikes: int | None
    """Spikes of a neuron in one sample for which this holds; None: any number."""
    single: bool
    """Whether numbers are held but for the last bits of single precision."""
    open_ties: bool
    """Whether numbers in single precision are multiples of the unit only nearly, and lie on both sides of them."""


class _Grid(NamedTuple):
    """A population in whole multiples of a unit."""

    unit: float
    single: bool
    """Whether numbers are its multiples only to single precision."""
    weights: tuple[Ints, ...]
    """The distinct ones of each incoming projection."""
    bias: Ints
    threshold: Floats | None
    """Not always whole."""
    tie: NDArray[np.bool_]
    """Where the threshold is whole, so that v can meet it."""
    fires: bool | None
    """Whether a neuron fires where v meets its threshold; None: that was not to be told from its numbers."""
    floor: Ints | None


def _grid(
    folded: Folded,
    incoming: list[ProjectionWeights],
    neuron: SpikingNeuron | None,
    tolerances: tuple[float, ...] = (DOUBLE, SINGLE),
) -> _Grid | None:
    sets = [magnitudes(item.volts) for item in incoming]
    others = [folded.bias]
    if folded.floor is not None and folded.stepwise:
        others.append(folded.floor)
    if neuron is not None and neuron.reset.mode == "subtract" and folded.threshold is not None:
        others.append(folded.threshold)
    more = [magnitudes(values, REGISTERS) for values in others]
    known, rest = [found for found in sets if found is not None], [found for found in more if found is not None]
    every = np.unique(np.concatenate([*known, *rest]))
    if len(known) < len(sets) or len(rest) < len(more) or not every.size:
        return None
    if folded.threshold is not None and folded.threshold.max() > MOST * every.max():
        return None
    for tolerance in tolerances:
        single = tolerance == DOUBLE or all(are_single(item.connectivity.weights) for item in incoming)
        unit = common_unit(every, MOST, tolerance) if single else None
        if unit is not None:
            return _in_units(folded, incoming, known, unit, tolerance, weak=_weak(neuron))
    return None


def _weak(neuron: SpikingNeuron | None) -> bool:
    return neuron is not None and neuron.comparison == ">="


def _fires(
    folded: Folded, incoming: list[ProjectionWeights], unit: float, tie: NDArray[np.bool_], *, weak: bool
) -> bool | None:
    """Whether sums of single-precision numbers that meet the threshold but for their last bits fire; None if some may not.

    Ten times the float32 nearest to 0.1 is more than 1, and a double shows it: such sums go by the side that they are on.
    """
    if folded.threshold is None or not tie.any():
        return weak
    values = np.concatenate([*(item.volts for item in incoming), folded.bias])
    values, aims = values[values != 0], folded.threshold[tie] / np.rint(folded.threshold[tie] / unit)
    off = values / (np.rint(values / unit) * aims[0]) - 1.0
    if np.abs(off).max() <= 4 * DOUBLE:
        return weak
    to_one_side = bool((values > 0).all()) or bool(off.max() - off.min() <= 4 * DOUBLE)
    if aims.max() - aims.min() > 4 * DOUBLE * aims[0] or folded.floor is not None or not to_one_side:
        return None
    above, below = bool((off > DOUBLE).all()), bool((off < -DOUBLE).all())
    return above if above or below else None


def _signed(sizes: Ints, sign_mode: str) -> Ints:
    """Both signs where they are mixed: a format holds a mantissa as well as its opposite."""
    below = -sizes if sign_mode != "excitatory" else sizes[:0]
    return np.concatenate([below, sizes if sign_mode != "inhibitory" else sizes[:0]])


def _in_units(
    folded: Folded, incoming: list[ProjectionWeights], sets: list[Floats], unit: float, tolerance: float, *, weak: bool
) -> _Grid:
    def counted(values: Floats) -> Ints:
        return np.rint(values / unit).astype(np.int64)

    threshold = None if folded.threshold is None else folded.threshold / unit
    tie = np.zeros(folded.bias.size, dtype=bool)
    if threshold is not None and folded.threshold is not None:
        tie = whole(folded.threshold, unit, tolerance)
        threshold = np.where(tie, np.rint(threshold), threshold)
    floor = counted(folded.floor) if folded.floor is not None and folded.stepwise else None
    weights = tuple(_signed(counted(found), item.sign_mode) for found, item in zip(sets, incoming, strict=True))
    fires = _fires(folded, incoming, unit, tie, weak=weak) if tolerance == SINGLE else weak
    return _Grid(unit, tolerance == SINGLE, weights, counted(folded.bias), threshold, tie, fires, floor)


class _Offsets(NamedTuple):
    low: Ints
    """Least distance of the register's v from its multiple."""
    high: Ints
    vmin: Ints | None


def _alike(columns: list[NDArray[Any]]) -> tuple[Ints, Ints]:
    """(first neuron of each kind, kind of each neuron) of neurons that differ in no column."""
    table = np.stack([np.asarray(column, dtype=np.float64) for column in columns], axis=1)
    if (table == table[:1]).all():
        return np.zeros(1, dtype=np.int64), np.zeros(len(table), dtype=np.int64)
    _, first, kind = np.unique(table, axis=0, return_index=True, return_inverse=True)
    return first, kind.ravel()


class _Search:
    """Tries scales, in units per unit of the grid. Neurons with the same numbers are tried once."""

    def __init__(
        self,
        target: Target,
        folded: Folded,
        incoming: list[ProjectionWeights],
        neuron: SpikingNeuron | None,
        grid: _Grid,
    ) -> None:
        self.target, self.incoming, self.grid, self.stepwise = target, incoming, grid, folded.stepwise
        sums = worst_sum(incoming, folded.bias.size)
        drive = (worst_current(folded, sums) + np.abs(folded.bias)) / grid.unit
        bound = drive + (0.0 if grid.threshold is None else grid.threshold + 1.0)
        self.sum = float(sums.max(initial=0.0)) / grid.unit
        self.drive = float(drive[np.isfinite(drive)].max(initial=0.0))
        self.most = 0.0 if folded.stepwise else choose_scale(target, folded, incoming) * grid.unit * (1 + 1e-9)
        self.shift = target.dialect.threshold_shift_bits
        self.weak = _weak(neuron) if grid.fires is None else grid.fires
        self.subtract = neuron is not None and neuron.reset.mode == "subtract"
        if self.subtract:
            self.drive = float(bound.max(initial=0.0))  # what is above the threshold is kept
            self.most = choose_scale(target, folded, incoming) * grid.unit * (1 + 1e-9)
        forgets = folded.keep_v == 0
        rest = np.where(forgets & folded.stepwise, bound, 0.0)
        columns = [grid.bias, grid.tie, rest, *(item for item in (grid.threshold, grid.floor) if item is not None)]
        first, self.kind = _alike(columns)
        self.rest, self.tie, self.bias = rest[first], grid.tie[first], grid.bias[first]
        self.threshold = None if grid.threshold is None else grid.threshold[first]
        self.floor = None if grid.floor is None else grid.floor[first]

    def candidates(self) -> Iterator[int]:
        """Scales in the order in which they are liked."""
        weights = np.concatenate([*self.grid.weights, np.zeros(1, dtype=np.int64)])
        one = 1 << self.target.dialect.weight_shift_bits
        least = one // int(np.gcd(one, np.gcd.reduce(weights))) if np.any(weights) else 1
        if not self.stepwise or (self.subtract and self.weak):
            yield from (least << power for power in reversed(range(40)) if least << power <= self.most)
            return
        factors = {*range(1, FACTORS + 1), *(1 << power for power in range(20))}
        if self.floor is not None:
            factors |= set(self._floor_factors(least))
        yield from (least * factor for factor in sorted(factors))

    def _floor_factors(self, least: int) -> Iterator[int]:
        """Factors at which the deepest floor lies near a power of two, with few enough bits for a mantissa."""
        depth = float(-self.floor.min(initial=0)) * least if self.floor is not None else 0.0
        span = self.target.precision.vmin_exponent
        for exponent in range(int(span.low), int(span.high) + 1) if depth > 0 else ():
            for power in range(20):
                factor = round(2.0**exponent / depth / 2**power)
                if 0 < factor < 1 << self.target.dialect.mantissa_bits:
                    yield factor << power

    def overflows(self, scale: int) -> bool:
        """Return whether the worst step leaves the range of a sum or a state."""
        dialect = self.target.dialect
        top = 2.0**dialect.state_bits
        summed = self.sum * scale >= 2.0 ** (dialect.accumulator_wrap_bits or dialect.state_bits)
        return summed or self.drive * scale >= top

    def at(self, scale: int, *, negative: bool, least: int) -> ExactScale | None:
        """Return the registers at a scale; None if one does not hold its number, or a threshold is below `least`."""
        exponents = self._exponents(scale, negative=negative)
        bias = None if exponents is None else self._bias(scale)
        offsets = None if bias is None else self._offsets(scale)
        held = None if offsets is None else self._thresholds(scale, offsets, least)
        if exponents is None or bias is None or offsets is None or held is None:
            return None
        limited = self.subtract and self.weak and self.stepwise
        spikes = (scale >> self.shift) - 1 if limited else None
        vmin = None if offsets.vmin is None else offsets.vmin[self.kind]
        registers = (held[self.kind], bias[0][self.kind], bias[1][self.kind], vmin)
        return ExactScale(
            scale / self.grid.unit, exponents, *registers, spikes, self.grid.single, self.grid.fires is None
        )

    def _exponents(self, scale: int, *, negative: bool) -> tuple[int, ...] | None:
        one, found = 1 << self.target.dialect.weight_shift_bits, list[int]()
        for weights, item in zip(self.grid.weights, self.incoming, strict=True):
            scaled = weights * scale
            if np.any(scaled % one):
                return None
            exponent = exact_exponent(self.target, scaled // one, item.weight_bits, item.sign_mode, negative=negative)
            if exponent is None:
                return None
            found.append(exponent)
        return tuple(found)

    def _bias(self, scale: int) -> tuple[Ints, Ints] | None:
        """(mantissas, exponents), each neuron's own."""
        values, precision = self.bias * scale, self.target.precision
        mantissas, exponents = np.zeros_like(values), np.full(values.size, -1)
        for exponent in range(int(precision.bias_exponent.low), int(precision.bias_exponent.high) + 1):
            moved = values >> exponent
            fits = (moved << exponent == values) & (exponents < 0)
            fits &= (moved >= precision.bias_mantissa.low) & (moved <= precision.bias_mantissa.high)
            mantissas[fits], exponents[fits] = moved[fits], exponent
        return None if (exponents < 0).any() else (mantissas, exponents)

    def _offsets(self, scale: int) -> _Offsets | None:
        """How far v lies from its multiple at most; None where that is too far."""
        if not self.stepwise:
            return _Offsets(np.zeros_like(self.bias), np.zeros_like(self.bias), None)
        dialect, span = self.target.dialect, self.target.precision.vmin_exponent
        kept = (1 << dialect.decay_bits) - int(self.target.precision.dv.high) - dialect.voltage_decay_offset
        rest = self.rest * scale * kept / (1 << dialect.decay_bits)
        if not np.isfinite(rest).all():
            return None
        low, high, vmin = -rest.astype(np.int64), rest.astype(np.int64), None
        if self.floor is not None:
            depth = -self.floor * scale
            if (depth < 0).any():
                return None
            near = np.clip(np.rint(np.log2(depth + 1.0)), span.low, span.high).astype(np.int64)
            off = depth - ((np.int64(1) << near) - 1)
            if (np.abs(off) >= scale).any():
                return None
            low, high, vmin = low + np.minimum(off, 0), high + np.maximum(off, 0), near
        return _Offsets(low, high, vmin)

    def _thresholds(self, scale: int, offsets: _Offsets, least: int) -> Ints | None:
        """Mantissas in the gap between what may not and what must fire."""
        if self.threshold is None:
            return np.zeros_like(self.bias)
        units, one = self.threshold * scale, 1 << self.shift
        met = np.rint(units).astype(np.int64) % one == 0
        # one register step below a threshold that fires when v meets it
        mantissas = np.rint(units / one).astype(np.int64) - (self.tie & self.weak)
        good = bool(met[self.tie].all())
        if self.stepwise:
            below = np.floor(self.threshold).astype(np.int64) - (self.tie & self.weak)
            quiet, fires = below * scale + offsets.high, (below + 1) * scale + offsets.low
            if not self.subtract:  # which takes the register's value off v
                mantissas, good = np.maximum(-(-quiet >> self.shift), least), True
            good = good and bool(((mantissas << self.shift >= quiet) & (mantissas << self.shift < fires)).all())
        span = self.target.precision.threshold_mantissa
        inside = (mantissas >= max(int(span.low), least)) & (mantissas <= span.high)
        return mantissas if good and bool(inside.all()) else None


def sums_can_meet(folded: Folded, incoming: list[ProjectionWeights], neuron: SpikingNeuron) -> bool:
    """Return whether all numbers are multiples of one unit and a threshold is too, whatever a target stores."""
    grid = _grid(folded, incoming, neuron, (DOUBLE,))
    return grid is not None and bool(grid.tie.any())


def exact_scale(target: Target, folded: Folded, incoming: list[ProjectionWeights], neuron: Neuron) -> ExactScale | None:
    """Return where every number of a population of floats is stored exactly; None if there is no such scale."""
    spiking = neuron if isinstance(neuron, SpikingNeuron) else None
    if spiking is None and not isinstance(neuron, (Li, CubaLi)):
        return None
    grid = _grid(folded, incoming, spiking)
    if grid is None:
        return None
    search = _Search(target, folded, incoming, spiking, grid)
    # liked least: a sum that could overflow, and a threshold of 0, which not every simulator has
    for strict, negative in product((True, False), (False, True)):
        for scale in search.candidates():
            if strict and search.overflows(scale):
                continue
            found = search.at(scale, negative=negative, least=int(strict and spiking is not None))
            if found is not None:
                return found
    return None
