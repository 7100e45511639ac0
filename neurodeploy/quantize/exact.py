"""The scale at which every weight, bias, threshold and floor of a population is an integer that the target stores.

All numbers of such a population are multiples of one unit (see `quantize.grid`). Without a leak, v is then a multiple of the
unit in every step, and spikes are those of exact arithmetic, ties at the threshold included: the threshold register only has
to lie in the gap between the last multiple that must not fire and the first that must. `>=` becomes `>` in the gap below.

Where nothing decays, the smallest such scale is chosen, which leaves the most headroom for sums; otherwise the largest,
which rounds decaying state most finely. A register may hold v permanently off its multiple (a floor that is a power of two,
the remainder that a full decay leaves), as long as the gap is wide enough.
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
from neurodeploy.quantize.integrator import drift_of
from neurodeploy.quantize.scale import choose_scale, depth_of_u, worst_current, worst_sum
from neurodeploy.quantize.storable import exact_exponent
from neurodeploy.quantize.weights import ProjectionWeights

__all__ = ["ExactScale", "exact_scale", "sums_can_meet"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
MOST = float(1 << 23)
"""Largest multiple of the unit that is considered; no register holds more."""
REGISTERS = 1 << 13
"""Distinct values of a parameter up to which a unit is sought."""
FACTORS = 64
"""Factors of the least scale that are tried one by one; beyond them, powers of two."""


class ExactScale(NamedTuple):
    """A scale at which a population is stored exactly, and its registers there; arrays are (size,)."""

    scale: float
    """Integer units of v per unit of the network's v."""
    exponents: tuple[int, ...]
    """Weight exponent of each incoming projection."""
    vth_mant: Ints
    """Threshold mantissas."""
    bias_mant: Ints
    """Bias mantissas."""
    bias_exp: Ints
    """Bias exponents."""
    vmin_exp: Ints | None
    """Exponents of the floor; None if there is no floor or it is not exact."""
    steps: int | None
    """Steps of a sample for which an integrating current provably gives the spikes of floats; None: no current integrates."""
    spikes: int | None
    """Spikes of a neuron in one sample up to which this is exact; None: any number."""
    single: bool
    """Whether numbers are exact only up to the last bits of float32."""
    open_ties: bool
    """Whether float32 numbers lie just above some multiples of the unit and just below others, so ties are ambiguous."""


class _Grid(NamedTuple):
    """The numbers of a population in multiples of a unit; arrays are (size,) unless noted."""

    unit: float
    """The unit, in volts."""
    single: bool
    """Whether numbers are multiples only to the precision of float32."""
    weights: tuple[Ints, ...]
    """Distinct weights of each incoming projection."""
    bias: Ints
    """Biases."""
    threshold: Floats | None
    """Thresholds, which need not be whole; None: the neurons do not spike."""
    tie: NDArray[np.bool_]
    """Whether the threshold is whole, so that v can equal it."""
    fires: bool | None
    """Whether a neuron fires where v equals its threshold; None: the numbers do not decide it."""
    floor: Ints | None
    """Lowest v; None: no floor."""


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
            return _in_units(folded, incoming, known, unit, tolerance, inclusive=_is_inclusive(neuron))
    return None


def _is_inclusive(neuron: SpikingNeuron | None) -> bool:
    return neuron is not None and neuron.comparison == ">="


def _fires(
    folded: Folded, incoming: list[ProjectionWeights], unit: float, tie: NDArray[np.bool_], *, inclusive: bool
) -> bool | None:
    """Whether sums of float32 numbers that equal the threshold up to rounding fire; None if only some do.

    Ten times the float32 nearest to 0.1 exceeds 1, which float64 resolves: such sums fire or not by the side they are on.
    """
    if folded.threshold is None or not tie.any():
        return inclusive
    values = np.concatenate([*(item.volts for item in incoming), folded.bias])
    values, aims = values[values != 0], folded.threshold[tie] / np.rint(folded.threshold[tie] / unit)
    off = values / (np.rint(values / unit) * aims[0]) - 1.0
    if np.abs(off).max() <= 4 * DOUBLE:
        return inclusive
    to_one_side = bool((values > 0).all()) or bool(off.max() - off.min() <= 4 * DOUBLE)
    if aims.max() - aims.min() > 4 * DOUBLE * aims[0] or folded.floor is not None or not to_one_side:
        return None
    above, below = bool((off > DOUBLE).all()), bool((off < -DOUBLE).all())
    return above if above or below else None


def _signed(sizes: Ints, sign_mode: str) -> Ints:
    """The sizes with the signs of the mode; mixed: both, as a format that holds a mantissa holds its negative."""
    below = -sizes if sign_mode != "excitatory" else sizes[:0]
    return np.concatenate([below, sizes if sign_mode != "inhibitory" else sizes[:0]])


def _in_units(
    folded: Folded,
    incoming: list[ProjectionWeights],
    sets: list[Floats],
    unit: float,
    tolerance: float,
    *,
    inclusive: bool,
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
    fires = _fires(folded, incoming, unit, tie, inclusive=inclusive) if tolerance == SINGLE else inclusive
    return _Grid(unit, tolerance == SINGLE, weights, counted(folded.bias), threshold, tie, fires, floor)


class _Offsets(NamedTuple):
    """Bounds of the distance between v in its register and its multiple of the unit, (size,) each."""

    low: Ints
    """Lower bound."""
    high: Ints
    """Upper bound."""
    vmin: Ints | None
    """Exponent of the floor; None: no floor."""


def _classes(columns: list[NDArray[Any]]) -> tuple[Ints, Ints]:
    """(first neuron of each class, class of each neuron), where neurons of a class agree in every column."""
    table = np.stack([np.asarray(column, dtype=np.float64) for column in columns], axis=1)
    if (table == table[:1]).all():
        return np.zeros(1, dtype=np.int64), np.zeros(len(table), dtype=np.int64)
    _, first, kind = np.unique(table, axis=0, return_index=True, return_inverse=True)
    return first, kind.ravel()


class _Search:
    """Search over scales, in integer units per unit of the grid. Neurons with equal numbers are examined once."""

    def __init__(
        self,
        target: Target,
        folded: Folded,
        incoming: list[ProjectionWeights],
        neuron: SpikingNeuron | None,
        grid: _Grid,
    ) -> None:
        self.target, self.incoming, self.grid, self.stepwise = target, incoming, grid, folded.stepwise
        self.drift = drift_of(folded, incoming) if folded.integrates and not folded.valued else None
        steady = depth_of_u(folded, incoming, None)[1] / grid.unit
        self.roomy = 2.0**target.dialect.state_bits / steady if steady else np.inf
        sums = worst_sum(incoming, folded.bias.size)
        drive = (worst_current(folded, sums) + np.abs(folded.bias)) / grid.unit
        bound = drive + (0.0 if grid.threshold is None else grid.threshold + 1.0)
        self.sum = float(sums.max(initial=0.0)) / grid.unit
        self.drive = float(drive[np.isfinite(drive)].max(initial=0.0))
        self.most = (
            0.0
            if folded.stepwise
            else choose_scale(target, folded, incoming, whole_mantissas=True) * grid.unit * (1 + 1e-9)
        )
        self.shift = target.dialect.threshold_shift_bits
        self.inclusive = _is_inclusive(neuron) if grid.fires is None else grid.fires
        self.subtract = neuron is not None and neuron.reset.mode == "subtract"
        if self.subtract:
            self.drive = float(bound.max(initial=0.0))  # a reset by subtraction keeps the excess over the threshold
            self.most = choose_scale(target, folded, incoming, whole_mantissas=True) * grid.unit * (1 + 1e-9)
        forgets = folded.keep_v == 0
        rest = np.where(forgets & folded.stepwise, bound, 0.0)
        columns = [grid.bias, grid.tie, rest, *(item for item in (grid.threshold, grid.floor) if item is not None)]
        first, self.kind = _classes(columns)
        self.rest, self.tie, self.bias = rest[first], grid.tie[first], grid.bias[first]
        self.threshold = None if grid.threshold is None else grid.threshold[first]
        self.floor = None if grid.floor is None else grid.floor[first]

    def candidates(self) -> Iterator[int]:
        """Yield scales, best first."""
        weights = np.concatenate([*self.grid.weights, np.zeros(1, dtype=np.int64)])
        one = 1 << self.target.dialect.weight_shift_bits
        least = one // int(np.gcd(one, np.gcd.reduce(weights))) if np.any(weights) else 1
        if self.drift is not None:  # first those with headroom for steady drive
            powers = [least << power for power in range(40) if least << power <= self.most]
            yield from sorted(powers, key=lambda scale: (scale > self.roomy, -scale if scale <= self.roomy else scale))
            return
        if not self.stepwise or (self.subtract and self.inclusive):
            yield from (least << power for power in reversed(range(40)) if least << power <= self.most)
            return
        factors = {*range(1, FACTORS + 1), *(1 << power for power in range(20))}
        if self.floor is not None:
            factors |= set(self._floor_factors(least))
        yield from (least * factor for factor in sorted(factors))

    def _floor_factors(self, least: int) -> Iterator[int]:
        """Factors at which the deepest floor is close to a power of two and fits a mantissa."""
        depth = float(-self.floor.min(initial=0)) * least if self.floor is not None else 0.0
        span = self.target.precision.vmin_exponent
        for exponent in range(int(span.low), int(span.high) + 1) if depth > 0 else ():
            for power in range(20):
                factor = round(2.0**exponent / depth / 2**power)
                if 0 < factor < 1 << self.target.dialect.mantissa_bits:
                    yield factor << power

    def overflows(self, scale: int) -> bool:
        """Return whether the worst case of a step exceeds the range of a sum or a state."""
        dialect = self.target.dialect
        top = 2.0**dialect.state_bits
        summed = self.sum * scale >= 2.0 ** (dialect.accumulator_wrap_bits or dialect.state_bits)
        return summed or self.drive * scale >= top

    def at(self, scale: int, *, negative: bool, least: int) -> ExactScale | None:
        """Return the registers at a scale; None if one cannot hold its number, or a threshold is below `least`.

        `negative`: whether negative weight exponents may be used.
        """
        exponents = self._exponents(scale, negative=negative)
        bias = None if exponents is None else self._bias(scale)
        offsets = None if bias is None else self._offsets(scale)
        thresholds = None if offsets is None else self._thresholds(scale, offsets, least)
        if exponents is None or bias is None or offsets is None or thresholds is None:
            return None
        limited = self.subtract and self.inclusive and self.stepwise
        spikes = (scale >> self.shift) - 1 if limited else None
        vmin = None if offsets.vmin is None else offsets.vmin[self.kind]
        registers = (thresholds[self.kind], bias[0][self.kind], bias[1][self.kind], vmin)
        steps = self._steps(scale, thresholds)
        volts = scale / self.grid.unit
        return ExactScale(volts, exponents, *registers, steps, spikes, self.grid.single, self.grid.fires is None)

    def _steps(self, scale: int, thresholds: Ints) -> int | None:
        """Steps for which the leak of an integrating current moves no v across its threshold."""
        if self.drift is None or self.threshold is None:
            return None
        quiet, fires = self._gaps(scale)
        places = thresholds << self.shift
        above = (fires - places)[self.kind]
        return self.drift.steps(scale / self.grid.unit, (places - quiet)[self.kind], above)

    def _gaps(self, scale: int) -> tuple[Ints, Ints]:
        """(greatest multiple of the unit that must not fire, least that must), in integer units of v."""
        threshold = np.zeros_like(self.bias) if self.threshold is None else self.threshold
        below = np.floor(threshold).astype(np.int64) - (self.tie & self.inclusive)
        return below * scale, (below + 1) * scale

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
        """(mantissas, exponents) of the biases; None if one cannot be held."""
        values, precision = self.bias * scale, self.target.precision
        mantissas, exponents = np.zeros_like(values), np.full(values.size, -1)
        for exponent in range(int(precision.bias_exponent.low), int(precision.bias_exponent.high) + 1):
            moved = values >> exponent
            fits = (moved << exponent == values) & (exponents < 0)
            fits &= (moved >= precision.bias_mantissa.low) & (moved <= precision.bias_mantissa.high)
            mantissas[fits], exponents[fits] = moved[fits], exponent
        return None if (exponents < 0).any() else (mantissas, exponents)

    def _offsets(self, scale: int) -> _Offsets | None:
        """Bounds of the distance of v from its multiple; None where they exceed the gap."""
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
            nearest = np.clip(np.rint(np.log2(depth + 1.0)), span.low, span.high).astype(np.int64)
            off = depth - ((np.int64(1) << nearest) - 1)
            if (np.abs(off) >= scale).any():
                return None
            low, high, vmin = low + np.minimum(off, 0), high + np.maximum(off, 0), nearest
        return _Offsets(low, high, vmin)

    def _thresholds(self, scale: int, offsets: _Offsets, least: int) -> Ints | None:
        """Threshold mantissas in the gap between values that must not fire and values that must; None if a gap contains no
        mantissa."""
        if self.threshold is None:
            return np.zeros_like(self.bias)
        units, one = self.threshold * scale, 1 << self.shift
        met = np.rint(units).astype(np.int64) % one == 0
        # one register step below a threshold at which v = threshold fires
        mantissas = np.rint(units / one).astype(np.int64) - (self.tie & self.inclusive)
        good = bool(met[self.tie].all())
        if self.stepwise:
            quiet, fires = self._gaps(scale)
            quiet, fires = quiet + offsets.high, fires + offsets.low
            if not self.subtract:  # a subtracting reset takes the value of the register off v
                mantissas, good = np.maximum(-(-quiet >> self.shift), least), True
            good = good and bool(((mantissas << self.shift >= quiet) & (mantissas << self.shift < fires)).all())
        elif self.drift is not None:
            quiet, fires = self._gaps(scale)
            wanted = quiet + (scale // 4 if self.drift.rises else 0)  # the leak lowers v, and raises it below 0
            mantissas = np.maximum(np.maximum(-(-quiet >> self.shift), wanted >> self.shift), least)
            good = bool((mantissas << self.shift < fires).all())
        span = self.target.precision.threshold_mantissa
        inside = (mantissas >= max(int(span.low), least)) & (mantissas <= span.high)
        return mantissas if good and bool(inside.all()) else None


def sums_can_meet(folded: Folded, incoming: list[ProjectionWeights], neuron: SpikingNeuron) -> bool:
    """Return whether all numbers and a threshold are multiples of one unit, so that sums can equal the threshold."""
    grid = _grid(folded, incoming, neuron, (DOUBLE,))
    return grid is not None and bool(grid.tie.any())


def exact_scale(target: Target, folded: Folded, incoming: list[ProjectionWeights], neuron: Neuron) -> ExactScale | None:
    """Return the scale at which every number of a population of floats is stored exactly; None if no such scale exists.

    `incoming`: the projections into the population.
    """
    spiking = neuron if isinstance(neuron, SpikingNeuron) else None
    if spiking is None and not isinstance(neuron, (Li, CubaLi)):
        return None
    grid = _grid(folded, incoming, spiking)
    if grid is None:
        return None
    search = _Search(target, folded, incoming, spiking, grid)
    # last resorts: a sum that may overflow, and a threshold of 0, which not every simulator supports
    for strict, negative in product((True, False), (False, True)):
        for scale in search.candidates():
            if strict and search.overflows(scale):
                continue
            found = search.at(scale, negative=negative, least=int(strict and spiking is not None))
            if found is not None:
                return found
    return None
