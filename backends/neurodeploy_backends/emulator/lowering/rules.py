"""Learning rules as tables: products and factors, and what becomes of every value of a trace in a step.

The definition calls exp for each value of a trace; here it is called once for each value that a trace can have, with the same
operations, so that the kernels call none and the bits are the same.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.network import SumOfProducts
from neurodeploy.network.equations import Factor, RuleProduct
from neurodeploy.network.plasticity import Trace
from neurodeploy_backends.emulator.engine.plastic_tables import (
    FACTOR,
    LEAST_TRACE,
    OF_U,
    OF_X0,
    OF_Y0,
    OVERFLOWING,
    OVERWRITE,
    REGULAR,
    SATURATING,
    TERM,
    TRACE,
    TRACE_VALUES,
    X0,
    X1,
    X2,
    Y0,
    Y1,
    Y2,
    Y3,
    D,
    T,
    W,
)
from neurodeploy_backends.emulator.spec_learning import (
    ACCUMULATOR_BITS,
    FACTOR_BITS,
    FRACTION_BITS,
    IMPULSE_FRACTIONS,
    MANTISSA_BITS,
    THIRD_TRACE,
    TRACE_TOP,
)

__all__ = ["NO_PRODUCTS", "TRACES", "RuleTables", "rule_tables", "third_sources"]

Array = NDArray[Any]
TRACES = ("x1", "x2", "y1", "y2", "y3")
VARIABLES = {"x1": X1, "x2": X2, "y1": Y1, "y2": Y2, "y3": Y3, "x0": X0, "y0": Y0, "w": W, "d": D, "t": T}
DEPENDENCIES = {"x0": OF_X0, "y0": OF_Y0, "u": OF_U}
GRADED = {"none": REGULAR, "overwrite": OVERWRITE, "add_saturating": SATURATING, "add_overflowing": OVERFLOWING}
NO_PRODUCTS = SumOfProducts.model_construct()
"""What stands for a rule that is no sum of products: its tables are empty."""
MOST_SHIFT = 31
"""Shifts down by more leave only the sign, as this one does."""


class RuleTables(NamedTuple):
    """The tables of all rules; see `Plasticity` for shapes."""

    rows: list[dict[str, int]]
    """Fields of each projection's record."""
    traces: Array
    terms: Array
    factors: Array
    decay: Array
    fraction: Array
    computed: Array


def rule_tables(rules: list[SumOfProducts]) -> RuleTables:
    """The tables of rules, in the order of their projections."""
    terms, factors, rows = list[tuple[int, ...]](), list[tuple[int, ...]](), list[dict[str, int]]()
    for rule in rules:
        starts = list[int]()
        for products in (rule.dw, rule.dd, rule.dt):
            starts.append(len(terms))
            for item in products:
                terms.append(_term(item, len(factors)))
                factors += [_factor(factor) for factor in item.factors]
        names = ("terms", "term_d", "term_t", "term_stop")
        row = dict(zip(names, [*starts, len(terms)], strict=True))
        graded, thirds = GRADED[rule.graded], int(bool(rule.third_factors))
        rows.append(row | {"epoch": rule.epoch_steps, "graded": graded, "thirds": thirds})
    each = [(rule, name) for rule in rules for name in TRACES]
    steps = [_decay(_at_end(rule, name)) for rule, name in each]
    return RuleTables(
        rows=rows,
        traces=np.array([_trace(rule, name) for rule, name in each], dtype=TRACE),
        terms=np.array(terms, dtype=TERM),
        factors=np.array(factors, dtype=FACTOR),
        decay=np.concatenate([down for down, _ in steps]),
        fraction=np.concatenate([rest for _, rest in steps]),
        computed=np.concatenate([_computed(getattr(rule, name)) for rule, name in each]),
    )


def third_sources(rule: SumOfProducts, numbers: dict[str, int]) -> dict[str, int]:
    """Number of the population that sets y1, y2 and y3; -1 for none. The last of several counts."""
    found = {"third_1": -1, "third_2": -1, "third_3": -1}
    return found | {f"third_{third.trace[1]}": numbers[third.source] for third in rule.third_factors}


def _term(item: RuleProduct, first: int) -> tuple[int, ...]:
    width = MANTISSA_BITS + sum(FACTOR_BITS[factor.variable] for factor in item.factors)
    down = min(max(0, width - ACCUMULATOR_BITS), MOST_SHIFT)
    ends = (down, item.exponent + FRACTION_BITS, first, first + len(item.factors))
    return (DEPENDENCIES[item.dependency], 1 << (item.decimation or 0), item.mantissa, *ends)


def _factor(factor: Factor) -> tuple[int, ...]:
    bits = FACTOR_BITS[factor.variable]
    return (VARIABLES[factor.variable], factor.constant, int(factor.sign), -(1 << bits), (1 << bits) - 1)


def _at_end(rule: SumOfProducts, name: str) -> Trace:
    """A trace as the learning engine follows it through an epoch."""
    if rule.third_factors and name.startswith("y"):
        return THIRD_TRACE
    trace: Trace = getattr(rule, name)
    return trace.model_copy(update={"impulse": 0.0}) if name == "x1" and rule.graded != "none" else trace


def _impulse(trace: Trace) -> tuple[int, int]:
    """What a spike adds, and the draw below which it adds 1 more."""
    whole = int(np.floor(trace.impulse))
    return whole, round((trace.impulse - whole) * IMPULSE_FRACTIONS)


def _trace(rule: SumOfProducts, name: str) -> tuple[int, ...]:
    own, end = getattr(rule, name), _at_end(rule, name)
    sets = any(third.trace == name for third in rule.third_factors) or (name == "x1" and rule.graded != "none")
    return (int(sets or own.impulse > 0), *_impulse(own), *_impulse(end))


def _values() -> Array:
    return np.arange(LEAST_TRACE, LEAST_TRACE + TRACE_VALUES, dtype=np.int64)


def _decay(trace: Trace) -> tuple[Array, Array]:
    """(floor, fraction) of every value one step later."""
    if trace.tau_steps == 0:
        return np.zeros(TRACE_VALUES, dtype=np.int16), np.zeros(TRACE_VALUES)
    value = np.exp(-1 / trace.tau_steps) * _values()
    return np.floor(value).astype(np.int16), value % 1


def _computed(trace: Trace) -> Array:
    """(2 * TRACE_VALUES,) every value one step later where the target computes the trace: without and with a spike."""
    keep = np.exp(-1 / trace.tau_steps) if trace.tau_steps else 0.0
    both = [np.minimum(np.floor(_values() * keep + trace.impulse * sent), TRACE_TOP) for sent in (0, 1)]
    return np.concatenate(both).astype(np.int16)
