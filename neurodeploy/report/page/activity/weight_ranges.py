"""Weights of a program against what their formats store: ranges, levels, and the error of rounding."""

from __future__ import annotations

from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from neurodeploy.network import Projection, WeightFormat
from neurodeploy.network.connectivity import connectivity_of
from neurodeploy.network.graded import IntegerNeuron
from neurodeploy.program import Program
from neurodeploy.quantize.fold import fold
from neurodeploy.quantize.integers import given_format
from neurodeploy.quantize.storable import stored_range
from neurodeploy.quantize.weights import round_weights, volts_of

__all__ = ["WeightRange", "weight_ranges"]

Floats = NDArray[np.float64]
QUANTILES = (0.0, 0.05, 0.5, 0.95, 1.0)


class WeightRange(NamedTuple):
    """The weights of one projection beside the range of their format, in the units of the network's weights."""

    projection: str
    n_weights: int
    """Weights; those of a convolution count once."""
    quantiles: Floats
    """(5,) least weight, 5th percentile, median, 95th percentile and greatest weight."""
    storable: tuple[float, float]
    """Least and greatest weight that the format stores."""
    step: float
    """Difference of neighbouring weights of the format."""
    levels_used: int
    """Different values that the weights have after rounding."""
    levels: int
    """Different values that the format stores."""
    bits: int
    rms_relative: float
    """RMS of the rounding error, relative to the RMS of the weights; 0: exact."""
    clipped: int
    """Weights beyond the range."""
    vanished: int
    """Weights other than 0 that round to 0."""


def weight_ranges(program: Program) -> tuple[WeightRange, ...]:
    """Return the range of every projection with weights, in the order of the network. `program`: with its formats."""
    styles = {style.projection: style for style in reversed(program.formats)}
    found = list[WeightRange]()
    for item in program.network.projections:
        style = styles.get(item.name)
        if style is None:
            continue
        form = WeightFormat(
            weight_bits=style.weight_bits, exponent=style.exponent, sign_mode=cast(Any, style.sign_mode)
        )
        neuron = program.network.population_by_name[item.target].neuron
        measure = _of_integers if isinstance(neuron, IntegerNeuron) else _of_floats
        one = measure(program, item, form)
        found += [one] if one is not None else []
    return tuple(found)


def _quantiles(weights: Floats) -> Floats:
    return np.quantile(weights, QUANTILES)


def _of_floats(program: Program, item: Projection, style: WeightFormat) -> WeightRange | None:
    """Weights of a target with float parameters, rounded once more as in the conversion."""
    network, target = program.network, program.target
    scale = next(placed.scale for placed in program.populations if placed.name == item.target)
    gain = fold(network.population_by_name[item.target], network.time.dt_s).weight_gain
    connectivity = connectivity_of(item, network.source_size(item.source))
    same = bool((gain == gain[:1]).all())
    connectivity = connectivity if same else connectivity.listed()
    volts = volts_of(connectivity, gain)
    if not volts.size or scale is None:
        return None
    mantissas, loss = round_weights(target.dialect, volts, scale, style)
    low, high, step = stored_range(target, style.weight_bits, style.sign_mode)
    low = -high if style.sign_mode == "mixed" else low  # as in round_weights
    each = 2.0 ** (style.exponent + target.dialect.weight_shift_bits) / scale
    per = float(gain[0]) if same and gain.size and gain[0] else 1.0  # neurons of different gain: volts per spike
    used = np.bincount((mantissas - low) // step)
    return WeightRange(
        projection=item.name,
        n_weights=loss.n_weights,
        quantiles=_quantiles(volts / per),
        storable=(min(low * each / per, high * each / per), max(low * each / per, high * each / per)),
        step=abs(step * each / per),
        levels_used=int(np.count_nonzero(used)),
        levels=(high - low) // step + 1,
        bits=style.weight_bits,
        rms_relative=loss.rms_relative,
        clipped=loss.clipped,
        vanished=loss.vanished,
    )


def _of_integers(program: Program, item: Projection, style: WeightFormat) -> WeightRange | None:
    """Weights that the network already gives as integers, which the format stores exactly."""
    weights = connectivity_of(item, program.network.source_size(item.source)).weights.astype(np.float64)
    if not weights.size:
        return None
    low, high, step = stored_range(program.target, style.weight_bits, style.sign_mode)
    each = 2.0 ** (style.exponent - given_format(item, weights, style.weight_bits).exponent)
    return WeightRange(
        projection=item.name,
        n_weights=int(weights.size),
        quantiles=_quantiles(weights),
        storable=(low * each, high * each),
        step=step * each,
        levels_used=int(np.unique(weights).size),
        levels=(high - low) // step + 1,
        bits=style.weight_bits,
        rms_relative=0.0,
        clipped=0,
        vanished=0,
    )
