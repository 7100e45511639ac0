"""Random learning rules with the spikes that they learn from: everything that the engine of lava-nc takes.

Case number k is always the same. Rules have products of every dependency and of up to five factors, so that products leave 32
bits; weights begin at their limits; targets may have third factors, sources graded spikes.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.network import SumOfProducts, Trace
from neurodeploy.network.equations import Factor, RuleProduct

__all__ = ["LearningCase", "case_of", "random_rule"]

Array = NDArray[Any]
STEPS = 60
EPOCHS = (*(1, 1, 1, 2, 3, 4, 5, 7, 8, 10, 12, 15, 16, 20), 30, 31, 40, 60, 63)
"""Lengths of epochs by their share; the last two end once or never within the steps."""
TRACES = ("x1", "x2", "y1", "y2", "y3")
LIMITS = {"mixed": (-256, 255), "excitatory": (0, 255), "inhibitory": (-255, 0)}
LONG_TAU = (1e4, 2.0**31)
"""Time constants with which a trace hardly decays."""


class LearningCase(NamedTuple):
    """A rule, the synapses that it changes, and what their ends send."""

    number: int
    sample: int
    """Number of the sample, which determines the random numbers."""
    rule: SumOfProducts
    sign_mode: str
    weight_bits: int
    w: Array
    """(n_target, n_source) weights at the start, before low bits are dropped."""
    d: Array
    t: Array
    sent: Array
    """(steps, n_source) 0, 1, or the values of graded spikes."""
    returned: Array
    """(steps, n_target) spikes of the target, 0 or 1."""
    signals: dict[str, Array]
    """Trace -> (steps, n_target) values that third factors send."""
    graded: bool
    begin: dict[str, Array]
    """Trace -> value of each neuron at the start; 0 without."""


def case_of(number: int, steps: int = STEPS) -> LearningCase:
    """Return case `number`. `steps`: length of its spikes."""
    dice = np.random.default_rng([20261130, number])
    n_source, n_target = (int(size) for size in dice.integers(1, 13, size=2))
    sign_mode = str(dice.choice(("mixed", "mixed", "excitatory", "inhibitory")))
    graded = bool(dice.random() < 0.3)
    rule, thirds = random_rule(dice, graded)
    shape = (n_target, n_source)
    rates = dice.choice((0.02, 0.1, 0.3, 0.7), size=2)
    sent: Array = (dice.random((steps, n_source)) < rates[0]).astype(np.int64)
    if graded:
        sent *= dice.choice((1, 2, 3, 100, 127, 254, 255, 256, 511, 70_000, -1, -3, -200), size=sent.shape)
    return LearningCase(
        number=number,
        sample=int(dice.choice((0, 0, 0, 1, 7))),
        rule=rule,
        sign_mode=sign_mode,
        weight_bits=int(dice.integers(1, 9)) if dice.random() < 0.3 else 8,
        w=_between(dice, *LIMITS[sign_mode], shape),
        d=_between(dice, 0, 255, shape),
        t=_between(dice, -257, 255, shape),
        sent=sent,
        returned=(dice.random((steps, n_target)) < rates[1]).astype(np.int64),
        signals={name: dice.integers(-150, 151, size=(steps, n_target)) for name in thirds},
        graded=graded,
        begin=_begin(dice, n_source, n_target, thirds),
    )


def _begin(dice: np.random.Generator, n_source: int, n_target: int, thirds: tuple[str, ...]) -> dict[str, Array]:
    """Traces at the start, as in a run that goes on: of a target only if the engine and not the neuron computes them."""
    names = ("x1", "x2", *(() if thirds else ("y1", "y2", "y3"))) if dice.random() < 0.3 else ()
    return {name: dice.integers(0, 128, size=n_source if name.startswith("x") else n_target) for name in names}


def _between(dice: np.random.Generator, low: int, high: int, shape: tuple[int, int]) -> Array:
    """Values in a range: a few at the limits, or all near 0, or anything."""
    if dice.random() < 0.2:
        return np.clip(dice.integers(-3, 4, size=shape), low, high)
    found = dice.integers(low, high + 1, size=shape)
    edge = dice.random(shape) < 0.3
    return np.where(edge, dice.choice((low, high, low + 1, high - 1), size=shape), found)


def random_rule(
    dice: np.random.Generator, graded: bool, *, third_factors: bool = True
) -> tuple[SumOfProducts, tuple[str, ...]]:
    """Return a rule, and the traces that third factors set. `dice`: generator of its numbers. `graded`: the source has values.

    `third_factors`: whether there may be some; their source is named "signal".
    """
    decimation = int(dice.integers(0, 10)) if dice.random() < 0.3 else int(dice.integers(0, 3))
    present = [name for name in ("dw", "dd", "dt") if dice.random() < 0.6] or [str(dice.choice(("dw", "dd", "dt")))]
    equations = {name: tuple(_product(dice, decimation) for _ in range(int(dice.integers(1, 5)))) for name in present}
    thirds = tuple(name for name in ("y1", "y2", "y3") if dice.random() < 0.4) if dice.random() < 0.3 else ()
    thirds = thirds if third_factors else ()
    modes = ("none", "overwrite", "add_saturating", "add_overflowing")
    given = {
        **equations,
        **{name: _trace(dice) for name in TRACES},
        "epoch_steps": int(dice.choice(EPOCHS)),
        "rounding": "none" if dice.random() < 0.1 else "stochastic",
        "seed": int(dice.integers(0, 2**31 - 50)),
        "graded": str(dice.choice(modes)) if graded or dice.random() < 0.05 else "none",
        "third_factors": tuple({"source": "signal", "trace": name} for name in thirds),
    }
    return SumOfProducts.model_validate(given), thirds


def _trace(dice: np.random.Generator) -> Trace:
    impulse = float(dice.choice((0, 1, 16, 30, 64, 127))) + float(dice.choice((0, 0, 0.25, 0.5, 0.75, 1 / 256, 0.9)))
    tau = dice.choice((0.0, 0.5, 1.0, 3.3, 10.0, 40.0, *LONG_TAU))
    return Trace(impulse=impulse, tau_steps=float(tau))


def _product(dice: np.random.Generator, decimation: int) -> RuleProduct:
    dependency = str(dice.choice(("x0", "y0", "u")))
    count = int(dice.choice((0, 1, 1, 2, 2, 3, 5)))
    given = {
        "dependency": dependency,
        "decimation": decimation if dependency == "u" else None,
        "mantissa": int(dice.integers(-8, 8)),
        "exponent": int(dice.integers(-7, 9)) if dice.random() < 0.5 else int(dice.integers(-7, -2)),
        "factors": tuple(_factor(dice) for _ in range(count)),
    }
    return RuleProduct.model_validate(given)


def _factor(dice: np.random.Generator) -> Factor:
    name = str(dice.choice((*TRACES, *TRACES, "w", "d", "t", "x0", "y0")))
    constant = int(dice.choice((0, 0, 0, 1, -4, 100, -128, 300, -1000)))
    sign = name in ("w", "d", "t") and bool(dice.random() < 0.4)
    return Factor.model_validate({"variable": name, "constant": constant, "sign": sign})
