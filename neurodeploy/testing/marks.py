"""The marker `neurodeploy` of a test: budgets of every run in it, by words."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import TYPE_CHECKING, Any

from neurodeploy.base.plain import as_items
from neurodeploy.diagnostics import Diagnostic, about, finding, raise_errors
from neurodeploy.diagnostics.translate import nearest

if TYPE_CHECKING:
    from neurodeploy.profile import Profile

__all__ = ["MARKER", "Marked", "marked"]

MARKER = "neurodeploy"
LIMITS: Mapping[str, str] = {
    "cores": "cores<={}",
    "chips": "chips<={}",
    "spikes": "spikes_per_inference<={}",
    "synops": "synops_per_inference<={}",
    "energy_high_j": "energy_per_inference.high<={}J",
    "time_high_s": "time_per_inference.high<={}s",
    "accuracy": "accuracy>={}",
    "accuracy_drop": "accuracy_drop<={}",
}
"""Word of the marker -> the budget that it stands for."""
OTHERS = ("utilisation", "budgets", "baseline")
NUMBERS = (int, float)


class Marked:
    """What the markers of a test ask for."""

    def __init__(self, words: Mapping[str, Any]) -> None:
        self.words = dict(words)

    @property
    def baseline(self) -> str | bool | None:
        """Name of the entry in the baseline; True: the name of the test; None: nothing is compared."""
        return self.words.get("baseline")

    def budgets(self, shown: Profile) -> list[str]:
        """Return the budgets as texts. `shown`: the profile, whose resources `utilisation` limits."""
        found = [form.format(self.words[name]) for name, form in LIMITS.items() if name in self.words]
        if "utilisation" in self.words:
            percent = f"{100 * self.words['utilisation']:.10g}%"
            found += [f"{item.name}<={percent}" for item in shown.resources if item.limit]
        own = self.words.get("budgets", ())
        return [*found, *([own] if isinstance(own, str) else own)]

    @property
    def names(self) -> list[str]:
        """Budgets as they are known before a run."""
        own = self.words.get("budgets", ())
        return [*self.words, *([own] if isinstance(own, str) else own)]


def marked(markers: list[tuple[tuple[Any, ...], Mapping[str, Any]]]) -> Marked:
    """Return what markers ask for. `markers`: arguments of each, the nearest to the test first.

    Raises DiagnosticError: ND786 (a word that is unknown, or has a wrong value).
    """
    faults = list[Diagnostic]()
    for positional, words in markers:
        faults += [_fault("takes its budgets by name", ["cores=4"])] if positional else []
        faults += [fault for name, value in words.items() for fault in _faults(name, value)]
    raise_errors("neurodeploy_run", faults)
    return Marked({name: value for _, words in reversed(markers) for name, value in words.items()})


def _fault(message: str, fixes: list[str]) -> Diagnostic:
    return finding("ND786", about("marker", MARKER), message, fixes=fixes)


def _faults(name: str, value: Any) -> list[Diagnostic]:
    if name not in (*LIMITS, *OTHERS):
        known = (*LIMITS, *OTHERS)
        return [_fault(f"has no budget '{name}'", nearest(name, known) or [f"budgets are {', '.join(known)}"])]
    if name == "baseline":
        right = isinstance(value, (str, bool)) and value != ""
        return [] if right else [_fault("'baseline' needs the name of an entry, or True", [])]
    if name == "budgets":
        items = as_items(value)
        right = isinstance(value, str) or (items is not None and all(isinstance(item, str) for item in items))
        return [] if right else [_fault("'budgets' needs texts such as 'cores<=4'", [])]
    number = isinstance(value, NUMBERS) and not isinstance(value, bool) and isfinite(value)
    if not number or (value < 0 and name != "accuracy_drop"):
        return [_fault(f"'{name}' needs a number that is not negative, not {value!r:.60}", [])]
    return []
