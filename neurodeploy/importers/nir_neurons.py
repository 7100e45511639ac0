"""Verb: NIR neuron nodes to neuron kinds; asks for what the file leaves open, guesses nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from neurodeploy.diagnostics import Diagnostic, finding
from neurodeploy.importers.nir_reader import NirNode
from neurodeploy.importers.options import ImportOptions
from neurodeploy.ledger import LedgerLine
from neurodeploy.network import CubaLi, CubaLif, Euler, Exact, If, Li, Lif, Neuron, Reset

__all__ = ["NeuronReader"]

_FIELDS = {
    "LIF": ("tau", "r", "v_leak", "v_threshold"),
    "CubaLIF": ("tau_syn", "tau_mem", "r", "v_leak", "v_threshold"),
    "IF": ("r", "v_threshold"),
    "LI": ("tau", "r", "v_leak"),
    "CubaLI": ("tau_syn", "tau_mem", "r", "v_leak"),
}
_RESET_SINCE = (1, 0, 6)
"""The writer's version from which v_reset means what it says; files before were written for subtraction."""


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".")[:3] if part.isdigit())


@dataclass
class NeuronReader:
    """Reads the neurons of one file, collecting what is missing."""

    path: str
    version: str
    options: ImportOptions
    findings: list[Diagnostic] = field(default_factory=list[Diagnostic])
    ledger: list[LedgerLine] = field(default_factory=list[LedgerLine])
    without_reset: list[str] = field(default_factory=list[str])
    odd_taus: list[str] = field(default_factory=list[str])

    def say(self, code: str, message: str, *fixes: str) -> None:
        """Add a finding about the file."""
        self.findings.append(finding(code, f"file '{self.path}'", message, fixes=fixes))

    def read(self, name: str, node: NirNode, size: int, bias: Any) -> Neuron | None:
        """Return the neuron of a node, or None with a finding."""
        missing = [key for key in _FIELDS[node.type] if key not in node.fields]
        if missing:
            self.say(
                "ND045",
                f"node '{name}' ({node.type}) lacks its field{'s' if len(missing) > 1 else ''} {', '.join(map(repr, missing))}",
            )
            return None
        values = {
            key: self.value(name, node, key, size)
            for key in (*_FIELDS[node.type], "w_in", "v_reset")
            if key in node.fields
        }
        if any(value is None for value in values.values()):
            return None
        common: dict[str, Any] = {"r": values["r"], "bias": 0.0 if bias is None else bias}
        if node.type not in ("LI", "CubaLI"):
            common |= {"v_threshold": values["v_threshold"], "reset": self.reset(name, values)}
        if node.type == "IF":
            return If(**common)
        common |= {
            "v_leak": values["v_leak"],
            "discretization": Exact() if self.options.discretization == "exact" else Euler(),
        }
        if node.type in ("CubaLIF", "CubaLI"):
            taus = {
                "tau_syn_s": self.seconds(name, values["tau_syn"]),
                "tau_m_s": self.seconds(name, values["tau_mem"]),
            }
            cuba = CubaLif if node.type == "CubaLIF" else CubaLi
            return cuba(**common, **taus, w_in=values.get("w_in", 1.0))
        tau = self.seconds(name, values["tau"])
        return Lif(**common, tau_m_s=tau) if node.type == "LIF" else Li(**common, tau_m_s=tau)

    def value(self, name: str, node: NirNode, key: str, size: int) -> Any:
        """A parameter as a float or a flat (size,) array; None with a finding if it is neither."""
        array = np.asarray(node.fields[key])
        if array.dtype.kind not in "iuf" or not np.isfinite(array).all():
            self.say(
                "ND046",
                f"node '{name}' ({node.type}): field '{key}' holds values that are not finite numbers",
            )
            return None
        if key.startswith("tau") and array.size and array.min() <= 0:
            self.say(
                "ND046",
                f"node '{name}' ({node.type}): time constant '{key}' must be above 0, smallest given is {array.min():g}",
            )
            return None
        if array.size not in (1, size):
            self.say(
                "ND046",
                f"node '{name}' ({node.type}): field '{key}' has shape {list(array.shape)}; the population has {size} neurons",
            )
            return None
        return float(array.ravel()[0]) if array.size == 1 else array.ravel().astype(np.float64)

    def reset(self, name: str, values: dict[str, Any]) -> Reset:
        """The reset: the file's if it can be trusted, else the user's; a name is noted where neither says."""
        stated = values.get("v_reset")
        if stated is not None and _version(self.version) >= _RESET_SINCE:
            return Reset(mode="value", value=stated) if np.any(np.asarray(stated)) else Reset(mode="zero")
        mode = self.options.reset
        if mode is None:
            self.without_reset.append(name)
            return Reset(mode="zero")
        return Reset(mode=mode, value=stated if mode == "value" and stated is not None else 0.0)

    def seconds(self, name: str, tau: Any) -> Any:
        """A time constant in seconds; a name is noted where the unit is in doubt."""
        unit, dt_s = self.options.time_unit, self.options.dt_s
        if unit is None and (np.max(tau) > 1.0 or (dt_s is not None and np.min(tau) < dt_s * (1 - 1e-6))):
            self.odd_taus.append(f"{name} ({float(np.max(tau)):g})")
        if unit == "step":
            return tau * dt_s if dt_s is not None else tau
        return tau * 1e-3 if unit == "ms" else tau

    def ask(self) -> None:
        """Add the findings that ask for what the file does not say (ND047, ND048, ND049)."""
        if self.options.dt_s is None:
            self.say("ND047", "does not say how long a step is", "--dt SECONDS, e.g. --dt 1e-4")
        if self.without_reset:
            names = ", ".join(sorted(self.without_reset))
            self.say(
                "ND048",
                f"does not say what a spike does to the voltage (written by nir {self.version or 'of unknown version'}; nodes {names})",
                "--reset zero, or --reset subtract; spike counts differ several-fold between them",
            )
        if self.odd_taus:
            self.say(
                "ND049",
                f"has time constants that are no seconds, or shorter than a step: nodes {', '.join(self.odd_taus)}",
                "--time-unit step, --time-unit ms or --time-unit s",
            )
