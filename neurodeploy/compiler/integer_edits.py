"""Equivalent forms of integer weights that no format can store: another exponent, or two projections."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from neurodeploy.hardware.target import Target
from neurodeploy.network import Network, Projection
from neurodeploy.network.graded import IntegerNeuron
from neurodeploy.network.operations import Conv1d, Conv2d, Dense, OneToOne, Sparse
from neurodeploy.quantize.integers import given_format, stored_weights
from neurodeploy.quantize.storable import legal_exponents

__all__ = ["rewritten"]

Ints = NDArray[np.int64]
SHIFT = 32
LARGEST = 1 << 40
"""Largest weight that is split; two projections cannot hold a larger one."""
Weighted = Dense | Sparse | OneToOne | Conv1d | Conv2d


def _whole_weights(projection: Projection) -> Ints | None:
    """The weights of a projection, if they are integers up to LARGEST."""
    operation = projection.operation
    if not isinstance(operation, Weighted):
        return None
    weights: NDArray[Any] = np.asarray(operation.weights)
    if not weights.size or bool(((weights > LARGEST) | (weights < -LARGEST)).any()):
        return None
    return weights.astype(np.int64) if bool((np.rint(weights) == weights).all()) else None


def _with(projection: Projection, weights: Ints, exponent: int, bits: int, name: str) -> Projection:
    """A projection with new weights and a new format, whose sign mode follows from the weights."""
    plain = projection.model_copy(update={"weight_format": None})
    style = given_format(plain, weights, bits).model_copy(update={"exponent": exponent})
    operation = projection.operation.model_copy(update={"weights": weights})
    return projection.model_copy(update={"name": name, "operation": operation, "weight_format": style})


def _bits(projection: Projection, target: Target, requested: Mapping[str, int]) -> int:
    declared = projection.weight_format.weight_bits if projection.weight_format else None
    return requested.get(projection.name, requested.get("*", declared or int(max(target.precision.weight_bits.values))))


def _fits(projection: Projection, weights: NDArray[Any], bits: int, target: Target) -> bool:
    return not isinstance(stored_weights(projection, weights[weights != 0], bits, target), list)


def _other_exponent(projection: Projection, weights: Ints, bits: int, target: Target) -> tuple[Projection, str] | None:
    """The projection with the nearest legal exponent and the same products, and the edit in words."""
    legal, declared = legal_exponents(target), projection.weight_format.exponent if projection.weight_format else 0
    nearest = min(max(declared, legal[0]), legal[-1])
    shift = declared - nearest
    if not shift or abs(shift) > SHIFT or (shift < 0 and bool((weights % (1 << -shift)).any())):
        return None
    moved = weights << shift if shift >= 0 else weights >> -shift
    new = _with(projection, moved, nearest, bits, projection.name)
    times = f"times {1 << shift}" if shift >= 0 else f"divided by {1 << -shift}"
    words = f"in projection '{projection.name}' write exponent = {nearest} and the weights {times}"
    return (new, words) if _fits(new, moved, bits, target) else None


def _halves(weights: Ints) -> Iterator[tuple[str, str, Ints, Ints]]:
    """(words for the first, words for the second, first, second): split by sign, then into high and low bits."""
    if weights.min() < 0 < weights.max():
        yield "the weights above 0", "those below 0", np.maximum(weights, 0), np.minimum(weights, 0)
    for bits in range(1, int(np.abs(weights).max()).bit_length()):
        high = np.sign(weights) * ((np.abs(weights) >> bits) << bits)
        if np.any(high) and np.any(weights - high):
            words = f"the weights rounded towards 0 to multiples of {1 << bits}"
            yield words, "the remainders", high, weights - high


def _split(
    projection: Projection, weights: Ints, bits: int, target: Target, taken: set[str]
) -> tuple[tuple[Projection, Projection], str] | None:
    """Two projections whose weights add up to those of this one, and the edit in words."""
    name, more = projection.name, f"{projection.name}_2"
    while more in taken:
        more += "_2"
    exponent = projection.weight_format.exponent if projection.weight_format else 0
    floored = exponent < 0 and bool((weights % (1 << min(-exponent, SHIFT))).any())  # rounding is not additive
    if exponent not in legal_exponents(target) or floored:
        return None
    for first, second, high, low in _halves(weights):
        pair = (_with(projection, high, exponent, bits, name), _with(projection, low, exponent, bits, more))
        if _fits(pair[0], high, bits, target) and _fits(pair[1], low, bits, target):
            return pair, f"write projection '{name}' as two, '{name}' with {first} and '{more}' with {second}"
    return None


def rewritten(network: Network, target: Target, requested: Mapping[str, int]) -> tuple[Network, str] | None:
    """Return an equivalent network whose integer weights can all be stored, and the edit in words; None if there is
    none. `requested`: projection -> bits that the user chose, "*" for all others.
    """
    integers = {item.name for item in network.populations if isinstance(item.neuron, IntegerNeuron)}
    taken, every, edits = {item.name for item in network.projections}, list[Projection](), list[str]()
    for item in network.projections:
        fixed = item.target in integers and item.plasticity is None  # rules act on mantissas, which would change
        weights, bits = _whole_weights(item) if fixed else None, _bits(item, target, requested)
        if weights is None or _fits(item, weights, bits, target):
            every.append(item)
            continue
        if item.plasticity is not None:  # its rule counts in these mantissas
            return None
        moved, parts = _other_exponent(item, weights, bits, target), _split(item, weights, bits, target, taken)
        if moved is None and parts is None:
            return None
        new, words = ((moved[0],), moved[1]) if moved is not None else cast(Any, parts)
        taken |= {one.name for one in new}
        every += new
        edits.append(words)
    return (network.model_copy(update={"projections": tuple(every)}), "; ".join(edits)) if edits else None
