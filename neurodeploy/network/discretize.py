"""Factors of one step of a neuron kind, computed from its time constants and discretization."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.network.neurons import CubaLi, CubaLif, Euler, Explicit, If, Li, Lif

__all__ = ["Factors", "factors"]


class Factors(NamedTuple):
    """Factors of the updates v = keep_v * v + gain_v * drive and i = keep_i * i + gain_i * drive.

    Each is a scalar array or has the shape of the population.
    """

    keep_v: NDArray[np.float64]
    gain_v: NDArray[np.float64]
    keep_i: NDArray[np.float64]
    gain_i: NDArray[np.float64]


def _one(*values: float) -> list[NDArray[np.float64]]:
    return [np.float64(value) * np.ones(()) for value in values]


def _pair(kind: Any, tau_s: Any, dt_s: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    with np.errstate(over="ignore"):  # a time constant near 0 makes x infinite, which a check of the factors reports
        x = dt_s / np.asarray(tau_s, dtype=np.float64)
    if isinstance(kind, Euler):
        return 1.0 - x, x
    return np.exp(-x), -np.expm1(-x)


def factors(neuron: If | Lif | CubaLif | Li | CubaLi, dt_s: float) -> Factors:
    """Return the factors of voltage and current, as defined in neurodeploy.network.neurons.

    Kinds without a synaptic current have keep_i = 0 and gain_i = 1.
    """
    if isinstance(neuron, If):
        return Factors(*_one(1.0, 1.0, 0.0, 1.0))
    rule = neuron.discretization
    if isinstance(rule, Explicit):
        factors = (rule.keep_v, rule.gain_v, rule.keep_i, rule.gain_i)
        return Factors(*(np.asarray(value, dtype=np.float64) for value in factors))
    voltage = _pair(rule, neuron.tau_m_s, dt_s)
    current = _pair(rule, neuron.tau_syn_s, dt_s) if isinstance(neuron, (CubaLif, CubaLi)) else _one(0.0, 1.0)
    return Factors(*voltage, *current)
