"""Conversion of NIR neuron nodes into neuron kinds.

Semantics that the file does not specify come from the options or from the conventions of a framework, and are never
guessed. Ledger lines name the origin.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurodeploy.importers.nir.nodes import Cell
from neurodeploy.importers.nir.producers import Convention
from neurodeploy.importers.notes import Notes, listed
from neurodeploy.importers.options import ImportOptions
from neurodeploy.network import CubaLi, CubaLif, Euler, Exact, Explicit, If, Li, Lif, Neuron, Reset
from neurodeploy.network.discretize import factors
from neurodeploy.network.neurons import Discretization

__all__ = ["Made", "NeuronReader"]

Array = NDArray[np.float64]
Values = dict[str, float | Array]
"""Parameters of a node: one number, or one for each neuron, flat."""
_RESET_SINCE = (1, 0, 6)
"""First nir version in which v_reset is meaningful; earlier files assume a subtractive reset."""
SMALLEST = 1e-12
RESETTING = ("LIF", "CubaLIF", "IF")
"""Node types that a spike resets."""
USER, FILE = "given by the user", "from the file"


class Made(NamedTuple):
    """A neuron, and what its population needs in addition."""

    neuron: Neuron
    correction: Array | None = None
    """Weights of a synapse from each neuron to itself that compensates for a late reset."""
    late_steps: int = 0
    """Additional delay in steps of everything that arrives."""


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".")[:3] if part.isdigit() and len(part) < 9)


def _plain(value: ArrayLike) -> float | Array:
    """A parameter as one number, or as a flat array with one number for each neuron."""
    array = np.asarray(value, dtype=np.float64).ravel()
    return float(array[0]) if array.size == 1 else array


@dataclass
class NeuronReader:
    """Converter of the neurons of one file, which also collects unspecified semantics."""

    notes: Notes
    version: str
    options: ImportOptions
    convention: Convention | None
    dt_s: float
    looped: frozenset[str] = frozenset()
    """Populations with a direct connection to themselves."""
    without_reset: list[str] = field(default_factory=list[str])
    late: list[tuple[str, float]] = field(default_factory=list[tuple[str, float]])
    """Populations whose late reset cannot be expressed exactly, and the fraction of the threshold that is lost."""

    def make(self, name: str, cell: Cell, bias: Array | None) -> Made:
        """Return the neuron of a node with valid fields; `bias` is the constant current that arrives, (n,)."""
        values = {key: _plain(value) for key, value in cell.values.items()}
        common: dict[str, Any] = {"bias": 0.0 if bias is None or not bias.any() else bias}
        if cell.kind == "Threshold":
            return Made(self.stateless(name, values, common))
        if "threshold" in values:
            own = {key: value for key, value in cell.values.items() if key != "threshold"}
            inner = self.make(name, Cell(cell.kind, own), bias)
            return inner._replace(neuron=self.joined(name, inner.neuron, values["threshold"]))
        common["r"] = values["r"]
        common |= {} if cell.kind in ("IF", "I") else {"v_leak": values["v_leak"]}
        rule = None if cell.kind in ("IF", "I") else self.discretization(name, cell.kind, values, common)
        correction = None
        if cell.kind in RESETTING:
            correction = self.spiking(name, cell.kind, values, common, rule)
        if rule is not None:
            common["discretization"] = rule
        if cell.kind in ("IF", "I"):
            return Made(self.without_leak(common))
        if cell.kind in ("LIF", "LI"):
            made: Neuron = (Lif if cell.kind == "LIF" else Li)(**common, tau_m_s=values["tau"])
            return Made(made, correction)
        common |= {"tau_syn_s": values["tau_syn"], "tau_m_s": values["tau_mem"], "w_in": values.get("w_in", 1.0)}
        late = 1 if self.convention is not None and self.convention.current_late else 0
        if late:
            got = "1 more step of delay for everything that arrives"
            self.by_producer(name, "synaptic current", "v uses i of the same step", got)
        return Made((CubaLif if cell.kind == "CubaLIF" else CubaLi)(**common), correction, late)

    def without_leak(self, common: dict[str, Any]) -> Neuron:
        """Return an IF or I node: v[t] = v[t-1] + r * I[t], with r per step or per second."""
        if self.options.if_gain == "second":
            common["r"] = common["r"] * self.dt_s
        if "v_threshold" in common:
            return If(**common)
        return Li(**common, tau_m_s=self.dt_s, discretization=Explicit(keep_v=1.0, gain_v=1.0))

    def stateless(self, name: str, values: Values, common: dict[str, Any]) -> Lif:
        """Return a Threshold node, which compares the current of each step: v[t] = I[t]."""
        self.notes.line(name, "Threshold node", "no state", "lif that keeps nothing of v", "exact")
        common |= {"v_threshold": values["threshold"], "comparison": self.comparison(name)}
        return Lif(**common, tau_m_s=self.dt_s, discretization=Explicit(keep_v=0.0, gain_v=1.0))

    def joined(self, name: str, inner: Neuron, threshold: float | Array) -> Neuron:
        """Return an integrator with a Threshold behind it, which nothing resets.

        Without a synaptic current, its voltage becomes the current of a cuba_lif whose v keeps nothing, so that the reset of v
        has no effect and chips can run it; v_leak is then charged by an equal bias.
        """
        if not isinstance(inner, (Li, CubaLi)):
            raise TypeError(f"internal: {name} is not an integrator")
        fields: dict[str, Any] = {"v_threshold": threshold, "comparison": self.comparison(name), "bias": inner.bias}
        if isinstance(inner, CubaLi):
            own = {
                key: getattr(inner, key) for key in ("tau_m_s", "tau_syn_s", "r", "v_leak", "w_in", "discretization")
            }
            return CubaLif(**fields, **own, reset=Reset(mode="none"))
        r, leak = np.asarray(inner.r), np.asarray(inner.v_leak)
        if np.any(leak) and not np.all(r):
            own = {key: getattr(inner, key) for key in ("tau_m_s", "r", "v_leak", "discretization")}
            return Lif(**fields, **own, reset=Reset(mode="none"))
        if np.any(leak):
            fields["bias"] = _plain(np.asarray(inner.bias) + leak / r)
        keep, gain, _, _ = factors(inner, self.dt_s)
        rule = Explicit(keep_v=0.0, gain_v=1.0, keep_i=_plain(keep), gain_i=_plain(gain))
        self.notes.line(
            name, "Threshold node", "v of an integrator", "current of a cuba_lif that keeps nothing of v", "exact"
        )
        return CubaLif(**fields, tau_m_s=self.dt_s, tau_syn_s=inner.tau_m_s, w_in=inner.r, discretization=rule)

    def comparison(self, name: str) -> Literal[">", ">="]:
        """Return the comparison with the threshold: from the options, the framework, or NIR."""
        convention, given = self.convention, self.options.comparison
        usual = ">" if convention is None else convention.comparison
        if given is not None:
            note = USER if given == usual or convention is None else f"{USER}; {convention.name} uses {usual}"
            self.notes.line(name, "comparison", "> in NIR", f"v {given} v_threshold", "assumed", note)
            return given
        note = "as NIR defines it" if convention is None else f"set by --from {convention.name}"
        self.notes.line(name, "comparison", "> in NIR", f"v {usual} v_threshold", "assumed", note)
        return usual

    def check_reset(self, name: str, cell: Cell) -> None:
        """Check that the reset of a node is specified, without making a neuron."""
        if cell.kind in RESETTING:
            self.reset(name, {key: _plain(value) for key, value in cell.values.items()})

    def by_producer(self, name: str, quantity: str, asked: str, got: str) -> None:
        """Add a ledger line for a value that --from sets."""
        if self.convention is not None:
            self.notes.line(name, quantity, asked, got, "assumed", f"set by --from {self.convention.name}")

    def discretization(self, name: str, kind: str, values: Values, common: dict[str, Any]) -> Discretization:
        """Return the discretization of a leaky neuron: from the options, the framework, or euler. Sets r to 1 for spyx."""
        asked, rule, convention = "not in the file", self.options.discretization, self.convention
        if rule is not None:
            against = f"; {convention.name} uses {convention.keep}" if convention and convention.keep != rule else ""
            self.notes.line(name, "discretization", asked, rule, "assumed", USER + against)
            return Exact() if rule == "exact" else Euler()
        if convention is None:
            self.notes.line(name, "discretization", asked, "euler", "assumed", "default")
            return Euler()
        same = convention.keep == convention.gain and (not kind.startswith("Cuba") or convention.gain_i == "same")
        if convention.gain == "one" and np.any(np.asarray(common["r"]) != 1.0):
            self.by_producer(name, "r", "in the file", "not used: spyx ignores r")
            common["r"] = 1.0
        if same:
            self.by_producer(name, "discretization", asked, convention.keep)
            return Exact() if convention.keep == "exact" else Euler()
        return self.explicit(name, kind, values, convention)

    def explicit(self, name: str, kind: str, values: Values, convention: Convention) -> Explicit:
        """Return the factors of a framework that combines different rules."""
        x = self.dt_s / np.asarray(values["tau" if kind in ("LIF", "LI") else "tau_mem"])
        gains = {"euler": x, "exact": 1.0 - np.exp(-x), "one": 1.0}
        gain = {"euler": "dt/tau", "exact": "1 - exp(-dt/tau)", "one": "1"}[convention.gain]
        keep = "exp(-dt/tau)" if convention.keep == "exact" else "1 - dt/tau"
        keeps: dict[str, Any] = {"keep_v": _plain(_kept(convention, x)), "gain_v": _plain(gains[convention.gain])}
        if kind.startswith("Cuba"):
            y = self.dt_s / np.asarray(values["tau_syn"])
            kept = _kept(convention, y)
            own = {"same": 1.0 - kept if convention.keep == "exact" else y, "one": 1.0, "keep": kept}
            keeps |= {"keep_i": _plain(kept), "gain_i": _plain(own[convention.gain_i])}
            word = {"same": "as v", "one": "gain 1", "keep": "gain equal to keep"}[convention.gain_i]
            gain = f"{gain}; synaptic current: {word}"
        self.by_producer(name, "discretization", "not in the file", f"keep {keep}, gain {gain}")
        return Explicit(**keeps)

    def spiking(
        self, name: str, kind: str, values: Values, common: dict[str, Any], rule: Discretization | None
    ) -> Array | None:
        """Set threshold, reset, comparison, floor and refractory steps in `common`; return the weights for a late reset."""
        reset, convention = self.reset(name, values), self.convention
        common |= {"v_threshold": values["v_threshold"], "reset": reset, "comparison": self.comparison(name)}
        if convention is None:
            return None
        if convention.floor and kind == "IF":
            common["v_floor"] = _plain(-np.asarray(values["v_threshold"]))
            self.by_producer(name, "v_floor", "not in the file", "-v_threshold, as in sinabs")
        if kind not in convention.late_resets:
            return None
        if reset.mode in ("zero", "value"):
            self.late_zero(name, kind, common)
        if reset.mode == "subtract" and rule is not None:
            return self.late_subtract(name, kind, values, common, rule)
        return None

    def late_zero(self, name: str, kind: str, common: dict[str, Any]) -> None:
        """Handle a reset to a value in the step after a spike; some kinds of snntorch discard the input of that step."""
        discards = kind == "CubaLIF" or name in self.looped
        if discards:
            common["refractory_steps"] = 1
        got = "1 refractory step, which discards its input" if discards else "same as an immediate reset: input is kept"
        self.by_producer(name, "reset in the step after a spike", "not in the file", got)

    def late_subtract(
        self, name: str, kind: str, values: Values, common: dict[str, Any], rule: Discretization
    ) -> Array | None:
        """Handle a subtraction after the leak of the next step: return a compensating synapse, or note that it is inexact."""
        if isinstance(rule, Explicit):
            keep, gain = np.asarray(rule.keep_v), np.asarray(rule.gain_v)
        else:
            x = self.dt_s / np.asarray(values["tau" if kind == "LIF" else "tau_mem"])
            keep = np.exp(-x) if isinstance(rule, Exact) else 1.0 - x
            gain = 1.0 - keep
        drive = gain * np.asarray(common["r"])
        if kind == "CubaLIF" or np.any(np.abs(drive) < SMALLEST):
            self.late.append((name, float(np.max(1.0 - keep))))
            return None
        got = "immediate, with a synapse from each neuron to itself that compensates for the leak"
        self.by_producer(name, "reset in the step after a spike", "not in the file", got)
        return np.atleast_1d(-(1.0 - keep) * np.asarray(common["v_threshold"]) / drive)

    def reset(self, name: str, values: Values) -> Reset:
        """Return the reset: from the options, from the file if v_reset is meaningful, or from the framework."""
        stated, mode, convention = values.get("v_reset"), self.options.reset, self.convention
        trusted = stated is not None and _version(self.version) >= _RESET_SINCE
        asked = f"v_reset {_shown(stated)}" if stated is not None else "not in the file"
        if stated is not None and not trusted:
            asked += f", not meaningful in nir {self.version or 'of unknown version'}"
        file_reset = Reset(mode="zero")
        if stated is not None and np.any(np.asarray(stated)):
            file_reset = Reset(mode="value", value=stated)
        if mode is not None:
            reset = file_reset if mode == "value" and stated is not None else Reset(mode=mode)
            if mode == "value" and stated is None:
                self.without_reset.append(name)
            against = trusted and reset != file_reset
            note = f"{USER}, which contradicts the file" if against else f"{USER}; spikes depend on it"
            if convention is not None and convention.reset not in (None, reset.mode):
                note += f"; {convention.name} uses {convention.reset}"
            self.notes.line(name, "reset", asked, _word(reset), "assumed", note)
            return reset
        if convention is not None and convention.reset is not None:
            reset = file_reset if convention.reset == "zero" and trusted else Reset(mode=convention.reset)
            self.notes.line(name, "reset", asked, _word(reset), "assumed", f"set by --from {convention.name}")
            return reset
        if trusted and convention is None:
            self.notes.line(name, "reset", asked, _word(file_reset), "exact", FILE)
            return file_reset
        self.without_reset.append(name)
        return Reset(mode="zero")

    def require(self) -> None:
        """Add findings for resets that are not specified (ND048) and for resets without an exact form (ND055)."""
        names = listed(sorted(self.without_reset))
        if self.without_reset and self.options.reset == "value":
            self.notes.add("ND048", f"does not specify v_reset for nodes {names}", "--reset zero")
        elif self.without_reset:
            why = f"written by nir {self.version or 'of unknown version'}"
            if self.convention is not None:
                why = f"{self.convention.name} always writes v_reset = 0"
            fix = "--reset zero or --reset subtract; spike counts differ several-fold between them"
            self.notes.add("ND048", f"does not specify what a spike does to the voltage ({why}; nodes {names})", fix)
        if self.late and self.convention is not None:
            share = max(share for _, share in self.late)
            message = (
                f"{self.convention.name} subtracts the threshold in the step after a spike, after the leak; imported neurons "
                f"subtract it immediately, so up to {100 * share:.3g} % of it leaks: nodes {listed([n for n, _ in self.late])}"
            )
            self.notes.add("ND055", message)


def _kept(convention: Convention, x: Any) -> Any:
    return np.exp(-x) if convention.keep == "exact" else 1.0 - x


def _shown(value: Any) -> str:
    array = np.unique(np.asarray(value))
    return f"{float(array[0]):g}" if array.size == 1 else f"{float(array[0]):g} to {float(array[-1]):g}"


def _word(reset: Reset) -> str:
    return f"value {_shown(reset.value)}" if reset.mode == "value" else reset.mode
