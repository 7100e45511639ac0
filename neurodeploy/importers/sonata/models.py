"""Point neurons of NEST, PyNN and NEURON as neurons of a network, with the steps of their simulators.

All voltages count from the reset value, so that a spike resets v to 0. With h the step, a = exp(-h/tau_m), b = exp(-h/tau_syn)
and C the capacitance (units mV, ms, pF and pA; PyNN: nF and nA):

  iaf_psc_exp    V' = a V + p i + (1 - a) (E_L + tau_m/C I_e);  i' = b i + w;  spike if V >= V_th.
                 p = tau_m tau_syn / (C (tau_m - tau_syn)) (a - b). The voltage uses the current of the step before.
  iaf_psc_delta  V' = a V + (1 - a) (E_L + tau_m/C I_e) + w;  spike if V >= V_th.
  IntFire1       m' = a m + w;  spike if m > 1. An event at the very end of the refractory period counts, so that the period
                 holds v one step less than its length.

Source: NEST 3.10 (iaf_psc_exp, iaf_psc_delta, iaf_psc_alpha: exact integration, Rotter and Diesmann 1999), PyNN 0.13 (units of
standard cells), NEURON 9.0 (IntFire1). A kernel that a neuron cannot have (alpha, or two time constants) is replaced with an
exponential of the same charge, the same mean time and, for alpha, the same variance.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.network import CubaLif, Explicit, Lif, Neuron

__all__ = ["MODELS", "Kernel", "Made", "Model", "model_of"]

Column = NDArray[np.float64]
Values = Mapping[str, Column]
ALPHA_SD = float(np.sqrt(2.0))
"""Standard deviation of t exp(-t/tau), in tau."""


class Kernel(NamedTuple):
    """How the current of one sign is replaced. Each has one value for each neuron."""

    factor: Column
    """Factor of the weights."""
    later_ms: Column
    """Additional delay."""


class Made(NamedTuple):
    """Neurons of one model, and what their synapses need."""

    neuron: Neuron
    earlier_steps: int
    """Steps of a delay that every projection takes anyway."""
    excitatory: Kernel
    inhibitory: Kernel
    approximate: str
    """What the kernels replace, for the ledger; "": nothing."""
    starts_off_mv: Column
    """Start of v minus the start in the simulator of the model, in mV."""


class Model(NamedTuple):
    """A model: its parameters with their defaults, and how its neurons are made."""

    defaults: Mapping[str, float]
    source: str
    """Where the defaults come from."""
    refractory: str
    """Name of the refractory period, in ms."""
    positive: tuple[str, ...]
    """Parameters that must be above 0."""
    make: Callable[[Values, float, int], Made]
    """(parameters, step in ms, refractory steps) -> neurons."""
    zero: tuple[str, ...] = ()
    """Parameters that must be 0, because other values have no counterpart."""
    taus: tuple[str, str] | None = None
    """Names of the time constants of excitatory and inhibitory currents; None: the model has none."""


def _voltage(values: Values, h: float) -> tuple[Column, dict[str, Any]]:
    """The factor of the voltage in a step, and the fields that all current-based models share."""
    keep = np.exp(-h / values["tau_m"])
    drive = values["tau_m"] / values["C_m"] * values["I_e"]
    fields: dict[str, Any] = {
        "v_threshold": _one(values["V_th"] - values["V_reset"]),
        "v_leak": _one(values["E_L"] - values["V_reset"] + drive),
        "tau_m_s": _one(values["tau_m"] * 1e-3),
        "comparison": ">=",
        "reset": "zero",
    }
    floor = values.get("V_min")
    if floor is not None and np.isfinite(floor).any():
        fields["v_floor"] = _one(np.maximum(floor - values["V_reset"], -1e30))
    return keep, fields


def _one(values: Column) -> Any:
    """One number if all are equal, else the array."""
    return float(values[0]) if values.size and bool((values == values[0]).all()) else values


def _propagator(values: Values, tau: Column, h: float) -> Column:
    """mV that a current of 1 pA at the start of a step adds in the step, exp(-h/tau) being its decay."""
    rates = h / values["tau_m"], h / tau
    small = np.abs(rates[0] - rates[1]) < 1e-7
    difference = np.where(small, 1.0, rates[1] - rates[0])
    quotient = np.where(small, np.exp(-rates[0]), (np.exp(-rates[0]) - np.exp(-rates[1])) / difference)
    return h / values["C_m"] * quotient


def _current_based(values: Values, h: float, dead: int, *, alpha: bool) -> Made:
    """Neurons with exponential or alpha currents."""
    spread = ALPHA_SD if alpha else 1.0
    taus = values["tau_syn_ex"], values["tau_syn_in"]
    tau = spread * np.minimum(*taus)
    keep, fields = _voltage(values, h)
    gain = -np.expm1(-h / values["tau_m"])
    rule = Explicit(keep_v=_one(keep), gain_v=_one(gain), keep_i=_one(np.exp(-h / tau)), gain_i=1.0)
    fields |= {"r": _one(_propagator(values, tau, h) / gain), "tau_syn_s": _one(tau * 1e-3), "discretization": rule}
    different = bool((taus[0] != taus[1]).any())
    words = ["alpha-shaped currents"] if alpha else []
    words += ["two synaptic time constants"] if different else []
    return Made(
        neuron=CubaLif(**fields, refractory_steps=dead),
        earlier_steps=0,
        excitatory=_kernel(taus[0], tau, alpha=alpha),
        inhibitory=_kernel(taus[1], tau, alpha=alpha),
        approximate=" with ".join(words),
        starts_off_mv=values["V_reset"] - values["E_L"],
    )


def _kernel(own: Column, tau: Column, *, alpha: bool) -> Kernel:
    """The replacement of a current with time constant `own` by an exponential with time constant `tau`, both in ms.

    An alpha current peaks at the weight: its charge is e tau_syn w and its mean time 2 tau_syn; of an exponential, tau w and
    tau.
    """
    charge, mean = (np.e * own, 2.0 * own) if alpha else (own, own)
    return Kernel(charge / tau, np.maximum(mean - tau, 0.0))


def _psc_exp(values: Values, h: float, dead: int) -> Made:
    return _current_based(values, h, dead, alpha=False)


def _psc_alpha(values: Values, h: float, dead: int) -> Made:
    return _current_based(values, h, dead, alpha=True)


def _direct(size: int) -> Kernel:
    return Kernel(np.ones(size), np.zeros(size))


def _psc_delta(values: Values, h: float, dead: int) -> Made:
    keep, fields = _voltage(values, h)
    gain = -np.expm1(-h / values["tau_m"])
    rule = Explicit(keep_v=_one(keep), gain_v=_one(gain))
    neuron = Lif(**fields, r=_one(1.0 / gain), discretization=rule, refractory_steps=dead)
    size = keep.size
    return Made(neuron, 1, _direct(size), _direct(size), "", values["V_reset"] - values["E_L"])


def _int_fire1(values: Values, h: float, dead: int) -> Made:
    keep = np.exp(-h / values["tau"])
    gain = -np.expm1(-h / values["tau"])
    rule = Explicit(keep_v=_one(keep), gain_v=_one(gain))
    neuron = Lif(
        v_threshold=1.0,
        tau_m_s=_one(values["tau"] * 1e-3),
        r=_one(1.0 / gain),
        discretization=rule,
        refractory_steps=max(dead - 1, 0),
    )
    return Made(neuron, 1, _direct(keep.size), _direct(keep.size), "", np.zeros(keep.size))


def _pynn(make: Callable[[Values, float, int], Made]) -> Callable[[Values, float, int], Made]:
    """A model with PyNN's names and units (nF, nA) in place of NEST's (pF, pA); weights stay in nA."""
    names = {
        "V_th": "v_thresh",
        "V_reset": "v_reset",
        "E_L": "v_rest",
        "tau_m": "tau_m",
        "C_m": "cm",
        "I_e": "i_offset",
        "tau_syn_ex": "tau_syn_E",
        "tau_syn_in": "tau_syn_I",
    }

    def made(values: Values, h: float, dead: int) -> Made:
        return make({nest: values[name] for nest, name in names.items() if name in values}, h, dead)

    return made


_MEMBRANE = {"C_m": 250.0, "tau_m": 10.0, "t_ref": 2.0, "E_L": -70.0, "V_reset": -70.0, "V_th": -55.0, "I_e": 0.0}
_SYNAPSES = {"tau_syn_ex": 2.0, "tau_syn_in": 2.0}
_FLOOR = {"V_min": float("-inf")}
_NEST = "NEST 3.10"
_POSITIVE = ("C_m", "tau_m", "tau_syn_ex", "tau_syn_in")
_PYNN_MEMBRANE = {
    **{"cm": 1.0, "tau_m": 20.0, "tau_refrac": 0.1, "v_rest": -65.0, "v_reset": -65.0, "v_thresh": -50.0},
    "i_offset": 0.0,
}
_PYNN_SYNAPSES = {"tau_syn_E": 5.0, "tau_syn_I": 5.0}
_PYNN_ALPHA = {"tau_syn_E": 0.5, "tau_syn_I": 0.5}
_PYNN_POSITIVE = ("cm", "tau_m", "tau_syn_E", "tau_syn_I")
_TAUS, _PYNN_TAUS = ("tau_syn_ex", "tau_syn_in"), ("tau_syn_E", "tau_syn_I")
MODELS = {
    "iaf_psc_exp": Model({**_MEMBRANE, **_SYNAPSES}, _NEST, "t_ref", _POSITIVE, _psc_exp, ("delta",), _TAUS),
    "iaf_psc_alpha": Model({**_MEMBRANE, **_SYNAPSES, **_FLOOR}, _NEST, "t_ref", _POSITIVE, _psc_alpha, (), _TAUS),
    "iaf_psc_delta": Model({**_MEMBRANE, **_FLOOR}, _NEST, "t_ref", _POSITIVE[:2], _psc_delta, ("refractory_input",)),
    "if_curr_exp": Model(
        {**_PYNN_MEMBRANE, **_PYNN_SYNAPSES}, "PyNN 0.13", "tau_refrac", _PYNN_POSITIVE, _pynn(_psc_exp), (), _PYNN_TAUS
    ),
    "if_curr_alpha": Model(
        {**_PYNN_MEMBRANE, **_PYNN_ALPHA}, "PyNN 0.13", "tau_refrac", _PYNN_POSITIVE, _pynn(_psc_alpha), (), _PYNN_TAUS
    ),
    "if_curr_delta": Model(_PYNN_MEMBRANE, "PyNN 0.13", "tau_refrac", _PYNN_POSITIVE[:2], _pynn(_psc_delta)),
    "intfire1": Model({"tau": 10.0, "refrac": 5.0}, "NEURON 9.0", "refrac", ("tau",), _int_fire1),
}
"""Models by name in lower case."""


def model_of(template: str) -> Model | None:
    """Return the model of a template such as "nest:iaf_psc_exp" or "pyNN:IF_curr_exp"; None: there is no counterpart."""
    scheme, _, name = template.strip().lower().rpartition(":")
    return MODELS.get(name) if scheme in ("nest", "pynn", "nrn", "") else None
