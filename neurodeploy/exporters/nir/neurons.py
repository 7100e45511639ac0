"""Neurons as NIR nodes.

NIR has continuous time: LIF and LI have tau dv/dt = v_leak - v + r I, IF has dv/dt = r I, and the Cuba kinds filter I first with
tau_syn di/dt = w_in I - i. Factors per step, and registers of a chip, become the time constants and gains with which forward
Euler at the network's step gives the same factors: keep = 1 - dt / tau, gain = dt / tau.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.exporters.nir.graph import Fields, Node, floats
from neurodeploy.exporters.notes import ExportNotes
from neurodeploy.network import CubaLi, CubaLif, Explicit, If, Li, Lif, LoihiCuba, Population
from neurodeploy.network.graded import IntegerNeuron

__all__ = ["constant_current", "neuron_node", "weight_unit"]

Shape = tuple[int, ...]
Array = NDArray[Any]
UNIT = 6
"""Exponent of the unit of integer weights and thresholds: 2**6."""
ENDLESS = 2.0**30
"""Time constant in steps that stands for no decay: the voltage loses less than 1e-9 in a step."""
FULL_DECAY = 4095
"""du of a current that lasts one step."""


def weight_unit(population: Population, exponent: int) -> float:
    """Return the factor from stored weights to the units of the neurons: 2**(exponent + 6) for integer kinds, else 1."""
    return 2.0 ** (exponent + UNIT) if isinstance(population.neuron, IntegerNeuron) else 1.0


def constant_current(population: Population) -> Array | None:
    """Return the constant current of each neuron that its node cannot hold, (n,); None if there is none."""
    neuron = population.neuron
    if isinstance(neuron, LoihiCuba):
        held = not _is_plain(neuron)
        value = 0.0 if held else np.asarray(neuron.bias_mant) * np.exp2(np.asarray(neuron.bias_exp, dtype=float))
    else:
        value = 0.0 if isinstance(neuron, IntegerNeuron) else neuron.bias
    current = floats(value, (population.size,))
    return current if current.any() else None


def neuron_node(population: Population, shape: Shape, dt_s: float, notes: ExportNotes) -> Node:
    """Return the node of a population whose parameters get `shape`; what it loses is noted."""
    neuron, name = population.neuron, population.name
    if population.state_reset is not None:
        has = f"a reset every {population.state_reset.interval_steps} steps"
        notes.lose("state_reset", "population", name, has, "no reset")
    if isinstance(neuron, LoihiCuba):
        return _integer(neuron, name, shape, dt_s, notes)
    if isinstance(neuron, IntegerNeuron):
        got = "IF with threshold 1"
        notes.lose("kinds", "population", name, neuron.kind, got)
        return Node("IF", {"r": floats(1, shape), "v_threshold": floats(1, shape)})
    fields: Fields = {"r": floats(neuron.r, shape)}
    if not isinstance(neuron, If):
        fields["v_leak"] = floats(neuron.v_leak, shape)
        fields |= _times(neuron, name, shape, dt_s, notes)
    if isinstance(neuron, (If, Lif, CubaLif)):
        fields |= _spiking(neuron, name, shape, notes)
    kinds = {"if": "IF", "lif": "LIF", "cuba_lif": "CubaLIF", "li": "LI", "cuba_li": "CubaLI"}
    return Node(kinds[neuron.kind], fields)


def _spiking(neuron: If | Lif | CubaLif, name: str, shape: Shape, notes: ExportNotes) -> Fields:
    """Threshold and reset value. NIR spikes at v > v_threshold and then sets v to v_reset."""
    value, mode = 0.0, neuron.reset.mode
    if mode == "value":
        value = neuron.reset.value
        note = "NIR does not say where v starts"
        notes.line("population", name, "v at the start of a sample", "v_reset", "left open", "dropped", note)
    elif mode != "zero":
        notes.lose("reset", "population", name, mode, "v_reset 0")
    if neuron.comparison != ">":
        notes.lose("comparison", "population", name, neuron.comparison, ">")
    if neuron.refractory_steps:
        notes.lose("refractory", "population", name, f"{neuron.refractory_steps} steps", "none")
    if neuron.v_floor is not None:
        notes.lose("floor", "population", name, f"v at least {np.min(neuron.v_floor):g}", "no limit")
    return {"v_threshold": floats(neuron.v_threshold, shape), **_reset(value, shape)}


def _reset(value: Any, shape: Shape) -> Fields:
    """The reset value. Without it, nir 1.0.8 takes 0, and nir 1.0.4, which sinabs needs, does not know the field."""
    return {"v_reset": floats(value, shape)} if np.any(np.asarray(value)) else {}


def _times(neuron: Lif | CubaLif | Li | CubaLi, name: str, shape: Shape, dt_s: float, notes: ExportNotes) -> Fields:
    """Time constants, and with explicit factors the gains that go with them."""
    rule, with_current = neuron.discretization, isinstance(neuron, (CubaLif, CubaLi))
    tau = "tau_mem" if with_current else "tau"
    fields: Fields = {tau: floats(neuron.tau_m_s, shape)}
    if isinstance(neuron, (CubaLif, CubaLi)):
        fields |= {"tau_syn": floats(neuron.tau_syn_s, shape), "w_in": floats(neuron.w_in, shape)}
    if not isinstance(rule, Explicit):
        notes.line("population", name, "discretization", rule.kind, "continuous time", "assumed", _CONTINUOUS)
        return fields
    keeps = [floats(rule.keep_v, shape), *([floats(rule.keep_i, shape)] if with_current else [])]
    if any(np.any((keep >= 1) | (keep < 0)) for keep in keeps):
        low, high = min(keep.min() for keep in keeps), max(keep.max() for keep in keeps)
        notes.lose("discretization", "population", name, f"keep {low:g} to {high:g}", "the time constants as stated")
        return fields
    gain = floats(rule.gain_v, shape) / (1 - keeps[0])
    fields |= {tau: dt_s / (1 - keeps[0]), "r": gain * floats(neuron.r, shape)}
    fields["v_leak"] = gain * floats(neuron.v_leak, shape)
    if isinstance(neuron, (CubaLif, CubaLi)):
        own = floats(rule.gain_i, shape) / (1 - keeps[1])
        fields |= {"tau_syn": dt_s / (1 - keeps[1]), "w_in": own * floats(neuron.w_in, shape)}
    got = f"time constants that give the same factors by the euler rule at {dt_s:g} s"
    notes.line("population", name, "discretization", "explicit factors", got, "rounded", "as far as floats allow")
    return fields


_CONTINUOUS = "a reader applies its own rule; the rule is kept in the metadata"


def _is_plain(neuron: LoihiCuba) -> bool:
    """Whether the compartment is an IF exactly: the current lasts one step, and the voltage does not decay."""
    return bool(np.all(np.asarray(neuron.du) == FULL_DECAY) and np.all(np.asarray(neuron.dv) == 0))


def _integer(neuron: LoihiCuba, name: str, shape: Shape, dt_s: float, notes: ExportNotes) -> Node:
    """A compartment of a chip: u keeps 1 - (du + 1) / 4096, v keeps 1 - dv / 4096, and both add their input whole."""
    fields: Fields = {"v_threshold": floats(neuron.vth_mant, shape) * 2.0**UNIT, "r": floats(1, shape)}
    _integer_losses(neuron, name, notes)
    if _is_plain(neuron):
        got = "IF with the same numbers"
        notes.line("population", name, "registers", "loihi_cuba", got, "exact", "as long as no register overflows")
        return Node("IF", fields)
    notes.lose("rounding", "population", name, "decays rounded to integers", "decays of real numbers")
    decay = floats(neuron.dv, shape)
    steps = np.where(decay > 0, 4096 / np.maximum(decay, 1), ENDLESS)
    bias = floats(neuron.bias_mant, shape) * np.exp2(floats(neuron.bias_exp, shape))
    fields |= {"r": steps, "v_leak": bias * steps}
    if np.all(np.asarray(neuron.du) == FULL_DECAY):
        return Node("LIF", {**fields, "tau": steps * dt_s})
    held = 4096 / (floats(neuron.du, shape) + 1)
    return Node("CubaLIF", {**fields, "tau_mem": steps * dt_s, "tau_syn": held * dt_s, "w_in": held})


def _integer_losses(neuron: LoihiCuba, name: str, notes: ExportNotes) -> None:
    if neuron.reset != "zero":
        notes.lose("reset", "population", name, neuron.reset, "v_reset 0")
    if np.any(np.asarray(neuron.refractory_steps)):
        most = int(np.max(neuron.refractory_steps))
        notes.lose("refractory", "population", name, f"{most} steps", "none")
    if neuron.vmin_exp < LoihiCuba.model_fields["vmin_exp"].default:
        notes.lose("floor", "population", name, f"v at least {1 - 2**neuron.vmin_exp}", "no limit")
    if neuron.noise is not None:
        notes.lose("noise", "population", name, f"noise of the {neuron.noise.at}", "none")
