"""A plan with its weights rounded as a target stores them, so that a calibration sees what the chip will compute."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.convert.apply import apply_all
from neurodeploy.convert.build import constants_of, network_of, start_of, wire_names
from neurodeploy.convert.plan import Plan, Planned, Wire
from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.hardware.arithmetic import dropped_bits, mantissa_limits
from neurodeploy.hardware.target import Target
from neurodeploy.network import AvgPool2d, Dense, OneToOne, SumPool2d
from neurodeploy.quantize import quantize
from neurodeploy.quantize.projection import QuantizedProjection

__all__ = ["Stored", "stored"]

Array = NDArray[Any]
MOST_SOURCES = 4096
"""Neurons from which operations in sequence are not multiplied out."""


class Stored(NamedTuple):
    """A plan as a target stores it."""

    plan: Plan
    """The plan with rounded weights and constants."""
    room: dict[str, float]
    """Population -> greatest |v| that the target holds, in thresholds; of the output, in its own units times the steps."""


def stored(plan: Plan, steps: int, target: Target) -> Stored:
    """Return a plan whose numbers are those that a target stores for a network of samples of `steps` steps.

    A plan that the target cannot hold is returned as it is, without bounds: compiling it will say why. Operations in sequence
    become one, as what the target rounds are the products of their weights; those with too many products keep them.
    """
    try:
        made = quantize(network_of(plan, "network", steps), target)
    except DiagnosticError:
        return Stored(plan, {})
    projections = {item.name: item for item in made.projections}
    registers = {item.name: item for item in made.populations}
    populations, room, kept = list[Planned](), dict[str, float](), plan.keep
    one, top = 1 << target.dialect.decay_bits, 2.0**target.dialect.state_bits
    for item in plan.populations:
        own, scale = registers[item.name], float(registers[item.name].scale or 1.0)
        constant = np.zeros_like(item.constant)
        for name, values in constants_of(item).items():
            constant += _rounded(values, projections[name], scale, target) if name in projections else values
        first = None if item.first is None else _first(item, projections, scale, target)
        wires = [
            _wire(_product(wire, _lines(plan, wire)), projections[name], scale, target)
            for wire, name in zip(item.wires, wire_names(plan, item), strict=True)
        ]
        populations.append(item._replace(wires=tuple(wires), constant=constant, first=first))
        room[item.name] = top / scale
        if item.kind == "integrate" and not plan.hard and own.reset != "subtract":
            kept = 1.0 - (int(own.du[0]) + target.dialect.current_decay_offset) / one
    return Stored(plan._replace(populations=tuple(populations), keep=kept), room)


def _first(item: Planned, projections: Mapping[str, QuantizedProjection], scale: float, target: Target) -> Array:
    """What the stored start of a population adds beside half the threshold, in thresholds."""
    name, start = start_of(item)
    rounded = _rounded(start, projections[name], scale, target) if name in projections else start
    return rounded - (start - item.first)


def _lines(plan: Plan, wire: Wire) -> int:
    """Number of neurons or lines that a wire comes from."""
    coded = plan.codings[wire.source]
    inputs = {item.name for item in plan.layers.inputs}
    return coded.shift.size * (len(coded.units) if wire.source in inputs else 1)


def _product(wire: Wire, n_source: int) -> Wire:
    """The wire with operations in sequence as one matrix, unless that is too large."""
    if len(wire.steps) < 2 or n_source > MOST_SOURCES:
        return wire
    return wire._replace(steps=(Dense(weights=apply_all(wire.steps, np.eye(n_source)).T),))


def _wire(wire: Wire, projection: QuantizedProjection, scale: float, target: Target) -> Wire:
    if len(wire.steps) > 1:
        return wire
    step = wire.steps[0] if wire.steps else OneToOne(weights=np.ones(()))
    if isinstance(step, (AvgPool2d, SumPool2d)):
        given = np.array(1.0 / np.prod(step.kernel) if isinstance(step, AvgPool2d) else 1.0)
        changed = _rounded(given, projection, scale, target) / given
        return wire._replace(steps=(step, OneToOne(weights=changed)))
    weights = _rounded(np.asarray(step.weights, dtype=np.float64), projection, scale, target)
    return wire._replace(steps=(step.model_copy(update={"weights": weights}),))


def _rounded(weights: Array, projection: QuantizedProjection, scale: float, target: Target) -> Array:
    """The nearest stored weights, as `quantize.weights.round_weights` chooses them, in thresholds."""
    style, dialect = projection.weight_format, target.dialect
    step = 1 << dropped_bits(dialect, style.weight_bits, style.sign_mode)
    low, high = mantissa_limits(dialect, style.weight_bits, style.sign_mode)
    unit = float(1 << dialect.weight_shift_bits) * 2.0**style.exponent / scale
    return np.clip(np.rint(weights / (unit * step)) * step, -high if style.sign_mode == "mixed" else low, high) * unit
