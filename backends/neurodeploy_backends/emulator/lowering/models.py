"""Additions to the layout for neuron kinds beyond plain compartments: model, parameters, noise, periodic resets."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.network.graded import IntegerNeuron
from neurodeploy.network.neurons import CUBA_KINDS
from neurodeploy.program.program import PlacedPopulation, Program
from neurodeploy_backends.emulator.engine.tables import (
    ADAPTIVE,
    CUBA,
    DELTA,
    PRODUCT,
    RELU,
    RESONATE,
    RESONATE_ZERO,
    SIGMA,
    SIGMA_DELTA,
    TERNARY,
)

__all__ = ["MODELS", "columns", "graded", "is_plain", "numbers", "ports"]

Array = NDArray[Any]
MODELS = {
    **dict.fromkeys(CUBA_KINDS, CUBA),
    "ternary_cuba": TERNARY,
    "sigma_delta": SIGMA_DELTA,
    "delta": DELTA,
    "sigma": SIGMA,
    "relu": RELU,
    "product": PRODUCT,
    "resonate_fire": RESONATE,
    "resonate_zero": RESONATE_ZERO,
    "adaptive_lif": ADAPTIVE,
}
"""Neuron kind -> model of its kernel; a kind without one runs on the definition."""


def is_plain(item: PlacedPopulation) -> bool:
    """Whether a narrow layout can hold this population: a compartment without noise."""
    return MODELS[item.kind] == CUBA and "noise_at" not in item.parameters


def _integers(program: Program) -> dict[str, IntegerNeuron]:
    """Populations of kinds that are given in registers."""
    return {p.name: p.neuron for p in program.network.populations if isinstance(p.neuron, IntegerNeuron)}


def graded(program: Program) -> set[str]:
    """Populations whose spikes carry a value."""
    return {name for name, neuron in _integers(program).items() if neuron.sends_values}


def ports(program: Program) -> dict[str, int]:
    """Number of ports of the populations that have more than one."""
    return {name: neuron.ports for name, neuron in _integers(program).items() if neuron.ports > 1}


def numbers(program: Program) -> dict[str, dict[str, int]]:
    """Population -> fields of its `Population` record that its kind sets."""
    found = dict[str, dict[str, int]]()
    resets, valued = {item.name: item.state_reset for item in program.network.populations}, graded(program)
    for item in program.populations:
        given, reset = item.parameters, resets[item.name]
        row = {"model": MODELS[item.kind], "graded": int(item.name in valued), "noise_column": -1}
        row |= {"reset_every": reset.interval_steps if reset else 0}
        row |= {"reset_at": reset.offset_steps % reset.interval_steps if reset else 0}
        if "noise_at" in given:
            row |= {"noise": 1 + int(given["noise_at"][0]), "noise_exponent": int(given["noise_exponent"][0])}
            row |= {"noise_offset": int(given["noise_offset"][0])}
        found[item.name] = row
    return found


def _parameters(program: Program, item: PlacedPopulation) -> list[Array]:
    """(size,) parameters of the model in the order and the units in which its kernel reads them."""
    p, dialect = item.parameters, program.target.dialect
    up, one = float(1 << dialect.threshold_shift_bits), float(1 << dialect.decay_bits)
    if item.kind == "ternary_cuba":
        return [p["v_upper_mant"] * up, p["v_lower_mant"] * up]
    if item.kind == "sigma_delta":
        unit = 2.0 ** (p["spike_exp"] + p["state_exp"])
        return [p["threshold"] * unit, p["bias"] * unit, p["state_exp"], p["activation"], p["cumulative_error"]]
    if item.kind == "delta":
        both = p["spike_exp"] + p["state_exp"]
        return [p["threshold"] * 2.0**both, both, p["state_exp"]]
    if item.kind == "relu":
        return [p["threshold"], p["rectify"]]
    if item.kind == "product":
        return [p["threshold"], p["exponent"]]
    if item.kind == "resonate_fire":
        limit = p["threshold"] * 2.0 ** p["state_exp"]
        return [p["sin_decay"], p["cos_decay"], p["decay_bits"], limit, p["state_exp"], p["reset"]]
    if item.kind == "resonate_zero":
        return [p["sin_decay"], p["cos_decay"], p["threshold"]]
    if item.kind == "adaptive_lif":
        current = one - (p["delta_i"] * one + dialect.current_decay_offset)
        whole = [np.trunc(one - one * p[name]) for name in ("delta_v", "delta_theta", "delta_r")]
        return [current, *whole, np.trunc(p["theta_0"] * up), np.trunc(p["theta_step"] * up)]
    return []


def columns(program: Program, parts: list[Any], rows: int, *, wide: bool) -> dict[str, Array]:
    """Arenas of parameters, initial states and neuron numbers; empty in a narrow layout."""
    width = rows if wide else 0
    parameters, initial = np.zeros((6, width)), np.zeros((2, width), dtype=np.int64)
    number, first = np.zeros(width, dtype=np.int64), 0
    for item in program.populations if wide else ():
        values = _parameters(program, item)
        for part in parts:
            if part.name != item.name or part.is_input:
                continue
            here = slice(part.start, part.start + part.size)
            number[here] = first + part.neurons
            for place, value in enumerate(values):
                parameters[place, here] = value[part.neurons]
            if item.kind == "adaptive_lif":
                initial[0, here] = parameters[4, here]
        first += item.size
    return {"parameters": parameters, "initial": initial, "global_neuron": number}
