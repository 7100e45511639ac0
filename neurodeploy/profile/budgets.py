"""Budgets: limits that a user sets on figures of a report.

A budget is FIGURE, a comparison and a number: cores<=4, synapse_memory<=80%, energy_per_inference<2uJ. A percentage
refers to the limit that the report gives for the figure.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from difflib import SequenceMatcher
from math import isfinite
from typing import NamedTuple

from neurodeploy.diagnostics import Diagnostic, DiagnosticError, Subject, about, finding
from neurodeploy.hardware.consistency import limit_units
from neurodeploy.hardware.target import LearningEngine
from neurodeploy.hardware.units import field_units

__all__ = ["Budget", "Measure", "budget_findings", "met_budgets", "read_budgets", "similar_figures", "unit_of"]

WRITTEN = re.compile(
    r"^\s*([A-Za-z_][\w.\-]*)\s*(<=|>=|==|<|>)\s*([+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)\s*(\S*)\s*$"
)
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
SIGNED = ("accuracy_drop", "r2", "metric")
"""Figures that may be below 0."""
WRITTEN_OUT = {"J": ("joule",), "s": ("second", "sec"), "W": ("watt",)}
ALIKE, MISSPELT, SPREAD = 0.75, 1.7, 0.4
"""Least similarity (0 to 1) of a suggestion; score (0 to 2) of a certain match; largest difference in score of further
suggestions."""
SYNONYMS = {
    "joule": "energy",
    "joules": "energy",
    "power": "static",
    "latency": "time",
    "duration": "time",
    "memory": "synapse",
}
OF_A_RUN: Mapping[str, str] = {
    "accuracy": "fraction",
    "accuracy_drop": "fraction",
    "spikes_per_inference": "spike",
    "silent_neurons": "neuron",
    "energy_per_inference": "J",
    "energy_static_per_inference": "J",
    "time_per_inference": "s",
    "time_per_step": "s",
    "synops_per_inference": "synaptic operation",
    "updates_per_inference": "update",
    "active_updates_per_inference": "update",
    "messages_per_inference": "message",
    "hops_per_inference": "hop",
    "chip_messages_per_inference": "message",
}
"""Figures of runs only -> unit."""
METRIC_UNITS: Mapping[str, str] = {
    "balanced_accuracy": "fraction",
    "precision": "fraction",
    "recall": "fraction",
    "f1": "fraction",
    "auc": "fraction",
    "r2": "fraction",
    "support": "sample",
    "confusion": "sample",
    "mae": "",
    "rmse": "",
    "max_error": "",
    "metric": "",
}
"""Figures of metrics, without what follows the dot -> unit; empty: the unit of an output, or none."""
OF_A_COMPILATION: Mapping[str, str] = {
    "chips": "chip",
    "weight_error": "fraction",
    "warnings": "warning",
    "seconds": "s",
}
"""Figures of compilations only -> unit."""
FORM = "FIGURE<=NUMBER, with <, <=, ==, >= or >, and then %, or the figure's unit, or nothing"


class Measure(NamedTuple):
    """One figure of a report."""

    value: float | None
    """The figure; None if it is unknown."""
    unit: str
    whole: float | None = None
    """The value of 100 %; None if the figure has no limit."""
    source: str = ""
    """Source of `whole`."""
    why_none: str = ""


class Budget(NamedTuple):
    """One budget."""

    text: str
    """The text as typed."""
    figure: str
    sign: str
    number: float
    unit: str


def read_budgets(texts: Iterable[object], figures: Iterable[str]) -> tuple[Budget, ...]:
    """Return the budgets of texts. `figures`: names, or groups of names such as "recall.*".

    Raises DiagnosticError: ND706 (not understood, or a wrong unit), ND707 (unknown figure)."""
    known, read, faults = list(dict.fromkeys(figures)), list[Budget](), list[Diagnostic]()
    for text in (text if isinstance(text, str) else repr(text) for text in texts):
        match = WRITTEN.match(text)
        if (
            match is None
            or not isfinite(float(match[3]))
            or (float(match[3]) < 0 and match[1].partition(".")[0] not in SIGNED)
        ):
            faults.append(finding("ND706", _subject(text), f"is not {FORM}", fixes=_guess(text, known)))
        elif not _is_known(match[1], known):
            faults.append(_unknown(text, match[1], known))
        else:
            budget = Budget(
                text, match[1], match[2], float(match[3]), match[4].replace("\u00b5", "u").replace("\u03bc", "u")
            )
            measure = Measure(None, unit_of(budget.figure) or budget.unit)
            wrong = budget.unit != "%" and _in_unit(budget, measure) is None
            faults += [_unit_fault(budget, measure)] if wrong else []
            read.append(budget)
    if faults:
        raise DiagnosticError("usage", tuple(faults))
    return tuple(read)


def _is_known(figure: str, known: Iterable[str]) -> bool:
    """Whether a figure is listed, or belongs to a listed group, such as "recall.*", whose names end in one of the user's."""
    base, _, rest = figure.partition(".")
    return figure in known or bool(rest and f"{base}.*" in known)


def unit_of(figure: str) -> str | None:
    """Return the unit of a figure; None if it depends on the target."""
    base = figure.partition(".")[0]
    learning = {"source_traces": field_units(LearningEngine)["source_traces"].name}
    known = {**limit_units(), **learning, **OF_A_RUN, **METRIC_UNITS, **OF_A_COMPILATION, "lower_bound": "core"}
    return known.get(base)


def _unknown(text: str, figure: str, known: list[str]) -> Diagnostic:
    """ND707 for a figure that the report does not have, with similar ones, or the report that has it."""
    base, similar = figure.partition(".")[0], similar_figures(figure, known)
    message, plain = f"figure '{figure}' does not exist", [name for name in known if "." not in name]
    if base not in known and f"{base}.*" not in known and base in (*OF_A_RUN, *METRIC_UNITS, *OF_A_COMPILATION):
        return finding("ND707", _subject(text), f"figure '{figure}' exists only in {_reports(base)}")
    other = similar_figures(figure, (*OF_A_RUN, *METRIC_UNITS, *OF_A_COMPILATION)) if not similar else []
    if similar or other:
        of = f", of {_reports(other[0])}" if other else ""
        fix = f"did you mean {' or '.join(_named(name) for name in similar or other)}{of}?"
    else:
        fix = f"figures are {', '.join(plain)}, and these with a suffix after a dot"
    return finding("ND707", _subject(text), message, fixes=[fix])


def _reports(figure: str) -> str:
    return "`run` and `profile`" if figure in (*OF_A_RUN, *METRIC_UNITS) else "`check` and `compile`"


def _named(figure: str) -> str:
    unit = unit_of(figure)
    return f"'{figure}' ({unit})" if unit else f"'{figure}'"


def similar_figures(figure: str, known: Iterable[str]) -> list[str]:
    """Return up to three figures that share a word with `figure` or have a similar spelling, best first."""
    wanted, scores = _words(figure), dict[str, float]()
    for name in known:
        whole = SequenceMatcher(None, figure.lower(), name).ratio()
        own = sum(max(SequenceMatcher(None, word, part).ratio() for part in _words(name)) for word in wanted) / len(
            wanted
        )
        if max(whole, own) >= ALIKE:
            scores[name] = own + whole - ("." in name and "." not in figure)
    nearest = sorted(scores, key=lambda name: -scores[name])
    spread = 0 if nearest and scores[nearest[0]] >= MISSPELT else SPREAD
    return [name for name in nearest if scores[name] >= scores[nearest[0]] - spread][:3]


def _words(figure: str) -> list[str]:
    """The words of a figure without common words and units."""
    found = [
        word
        for word in re.split(r"[^a-z]+", figure.lower())
        if word and word not in ("per", "j", "uj", "nj", "mj", "s")
    ]
    return [SYNONYMS.get(word, word) for word in found] or [figure.lower()]


def _subject(text: str) -> Subject:
    return about("budget", text[:200])


def _guess(text: str, known: list[str]) -> list[str]:
    """A suggested budget: the most similar figure and the given number."""
    text = text[:200]
    word, number = re.search(r"[A-Za-z_][\w.]*", text), re.search(r"[0-9][0-9.]*\s*%?", text)
    similar = similar_figures(word[0], known) if word else []
    name = word[0] if word and word[0] in known else similar[0] if similar else "cores"
    return [f"write it as --budget '{name}<={number[0] if number else 4}'"]


def _in_unit(budget: Budget, measure: Measure) -> tuple[float, float, str, float] | None:
    """(figure, bound, unit, scale): both numbers in `scale` of the unit, as typed; None if the unit of the budget does not
    fit the figure.
    """
    value = measure.value or 0.0
    if budget.unit == "%":
        return None if not measure.whole else (100 * value / measure.whole, budget.number, "%", 1.0)
    if measure.unit in SCALED and budget.unit.endswith(measure.unit):
        scale = PREFIXES.get(budget.unit.removesuffix(measure.unit))
        return None if scale is None else (value, budget.number * scale, budget.unit, scale)
    same = budget.unit in ("", measure.unit, f"{measure.unit}s")
    return (value, budget.number, measure.unit, 1.0) if same else None


def _unit_fault(budget: Budget, measure: Measure) -> Diagnostic:
    if budget.unit == "%":
        message = f"'{budget.figure}' has no limit, so a percentage has no meaning"
    else:
        message = f"'{budget.figure}' has the unit '{measure.unit or 'none'}', not '{budget.unit}'"
    start = f"{budget.figure}{budget.sign}{budget.number:g}"
    if measure.unit not in SCALED:
        return finding("ND706", _subject(budget.text), message, fixes=[f"write it as --budget '{start}'"])
    meant = _meant_prefix(budget.unit, measure.unit)
    every = ", ".join(f"{prefix}{measure.unit}" for prefix in PREFIXES)
    fix = f"give it in {every}" if meant is None else f"write it as --budget '{start}{meant}{measure.unit}'"
    return finding("ND706", _subject(budget.text), message, fixes=[fix])


def _meant_prefix(unit: str, wanted: str) -> str | None:
    """The SI prefix of a unit in another case or spelled out; None if it is a different unit."""
    plain = unit.lower().removesuffix("s") if len(unit) > 2 else unit.lower()
    for prefix, word in zip(PREFIXES, ("pico", "nano", "micro", "milli", "", "kilo", "mega", "giga"), strict=True):
        if plain in (f"{prefix}{wanted}".lower(), *(f"{word}{name}" for name in WRITTEN_OUT[wanted])):
            return prefix
    return None


def _judged(budget: Budget, measure: Measure) -> Diagnostic | None:
    """The finding of one budget, or None if it is met."""
    if measure.value is None:
        why = f": {measure.why_none}" if measure.why_none else ""
        return finding("ND605", _subject(budget.text), f"cannot be checked because '{budget.figure}' has no value{why}")
    scaled = _in_unit(budget, measure)
    if scaled is None:
        return _unit_fault(budget, measure)
    value, bound, unit, scale = scaled
    if COMPARISONS[budget.sign](value, bound):
        return None
    value, bound = value / scale, budget.number
    message = f"'{budget.figure}' is not {budget.sign} {bound:g}{' ' if unit != '%' else ''}{unit}".rstrip()
    share = (
        f"the command line, where 100 % is {measure.whole:,g} {measure.unit} ({measure.source})" if unit == "%" else ""
    )
    return finding("ND604", _subject(budget.text), message, found=value, limit=bound, unit=unit, limit_source=share)


def budget_findings(budgets: Iterable[Budget], measures: Mapping[str, Measure]) -> tuple[Diagnostic, ...]:
    """Return ND604 for budgets that are not met, ND605 for unknown figures, and ND706 for wrong units."""
    nothing = Measure(None, "", why_none="the report does not contain it")
    judged = (_judged(budget, measures.get(budget.figure, nothing)) for budget in budgets)
    return tuple(item for item in judged if item is not None)


def met_budgets(budgets: Iterable[Budget], findings: Iterable[Diagnostic]) -> tuple[str, ...]:
    """Return the texts of budgets without a finding."""
    failed = {item.subject.name for item in findings}
    return tuple(budget.text for budget in budgets if _subject(budget.text).name not in failed)
