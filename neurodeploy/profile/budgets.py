"""Nouns and verbs: budgets, any figure of a report as a gate. Compiles and measures nothing.

A budget is FIGURE, a comparison and a number: cores<=4, synapse_memory<=80%, energy_per_inference<2uJ. Percent is of the
limit that stands beside the figure in the report.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from neurodeploy.diagnostics import Diagnostic, DiagnosticError, finding
from neurodeploy.diagnostics.translate import nearest

__all__ = ["Budget", "Measure", "budget_findings", "met_budgets", "read_budgets"]

WRITTEN = re.compile(r"^\s*([A-Za-z_][\w.]*)\s*(<=|>=|==|<|>)\s*([0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)\s*(\S*)\s*$")
COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
    "==": operator.eq,
}
PREFIXES = {"p": 1e-12, "n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1.0, "k": 1e3, "M": 1e6, "G": 1e9}
SCALED = ("J", "s", "W")
"""Units that take an SI prefix."""
FORM = "FIGURE<=NUMBER, with <, <=, ==, >= or >, and then %, or the figure's unit, or nothing"


class Measure(NamedTuple):
    """One figure of a report."""

    value: float | None
    """None: there is none."""
    unit: str
    whole: float | None = None
    """What 100 % is; None: nothing is."""
    source: str = ""
    """Where the whole comes from."""
    why_none: str = ""


class Budget(NamedTuple):
    """One gate."""

    text: str
    """As it was typed."""
    figure: str
    sign: str
    number: float
    unit: str


def read_budgets(texts: Iterable[str], figures: Iterable[str]) -> tuple[Budget, ...]:
    """Return the gates. Raises DiagnosticError with all of: ND706 not understood, ND707 no such figure."""
    known, read, faults = list(figures), list[Budget](), list[Diagnostic]()
    plain = [name for name in known if "." not in name]
    for text in texts:
        match = WRITTEN.match(text)
        if match is None:
            faults.append(finding("ND706", _where(text), f"is not {FORM}", fixes=_guess(text, known)))
        elif match[1] not in known:
            fixes = nearest(match[1], known) or [f"figures are {', '.join(plain)}, and parts of these with a dot"]
            faults.append(finding("ND707", _where(text), f"figure '{match[1]}' does not exist", fixes=fixes))
        else:
            read.append(Budget(text, match[1], match[2], float(match[3]), match[4]))
    if faults:
        raise DiagnosticError("usage", tuple(faults))
    return tuple(read)


def _where(text: str) -> str:
    return f"budget '{text}'"


def _guess(text: str, known: list[str]) -> list[str]:
    """A budget that could have been meant: the nearest figure and the numbers that were given."""
    word, number = re.search(r"[A-Za-z_][\w.]*", text), re.search(r"[0-9][0-9.]*\s*%?", text)
    close = nearest(word[0], known) if word else []
    name = word[0] if word and word[0] in known else close[0].split("'")[1] if close else "cores"
    return [f"write it as --budget '{name}<={number[0] if number else 4}'"]


def _in_unit(budget: Budget, measure: Measure) -> tuple[float, float, str] | None:
    """(figure, bound, unit) on one scale; None if the budget's unit is not the figure's."""
    value = measure.value or 0.0
    if budget.unit == "%":
        return None if not measure.whole else (100 * value / measure.whole, budget.number, "%")
    if measure.unit in SCALED and budget.unit.endswith(measure.unit):
        scale = PREFIXES.get(budget.unit.removesuffix(measure.unit))
        return None if scale is None else (value, budget.number * scale, measure.unit)
    same = budget.unit in ("", measure.unit, f"{measure.unit}s")
    return (value, budget.number, measure.unit) if same else None


def _unit_fault(budget: Budget, measure: Measure) -> Diagnostic:
    if budget.unit == "%":
        message = f"'{budget.figure}' has no limit of which it could be a share"
    else:
        message = f"'{budget.figure}' counts in '{measure.unit or 'no unit'}', not in '{budget.unit}'"
    plain = f"write it as --budget '{budget.figure}{budget.sign}{budget.number:g}'"
    return finding("ND706", _where(budget.text), message, fixes=[plain])


def _judged(budget: Budget, measure: Measure) -> Diagnostic | None:
    """The finding of one budget, or None if it is met."""
    if measure.value is None:
        why = f": {measure.why_none}" if measure.why_none else ""
        return finding("ND605", _where(budget.text), f"cannot be judged, '{budget.figure}' has no figure{why}")
    scaled = _in_unit(budget, measure)
    if scaled is None:
        return _unit_fault(budget, measure)
    value, bound, unit = scaled
    if COMPARISONS[budget.sign](value, bound):
        return None
    message = f"'{budget.figure}' is not {budget.sign} {bound:g}{' ' if unit != '%' else ''}{unit}".rstrip()
    share = (
        f"the command line, where 100 % is {measure.whole:,g} {measure.unit} ({measure.source})" if unit == "%" else ""
    )
    return finding("ND604", _where(budget.text), message, found=value, limit=bound, unit=unit, limit_source=share)


def budget_findings(budgets: Iterable[Budget], measures: Mapping[str, Measure]) -> tuple[Diagnostic, ...]:
    """Return what is not met (ND604), not known (ND605) or asked in a unit that the figure has not (ND706)."""
    nothing = Measure(None, "", why_none="the report does not contain it")
    judged = (_judged(budget, measures.get(budget.figure, nothing)) for budget in budgets)
    return tuple(item for item in judged if item is not None)


def met_budgets(budgets: Iterable[Budget], findings: Iterable[Diagnostic]) -> tuple[str, ...]:
    """Return the budgets, as typed, against which no finding speaks."""
    failed = {item.where for item in findings}
    return tuple(budget.text for budget in budgets if _where(budget.text) not in failed)
