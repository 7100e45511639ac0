"""Figures of reports by name, for budgets."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from neurodeploy.compiler import Compilation
from neurodeploy.diagnostics import Diagnostic
from neurodeploy.feasibility import Judgement
from neurodeploy.hardware.feasibility_target import LIMITS
from neurodeploy.hardware.target import Target
from neurodeploy.mapping import LayersVerdict
from neurodeploy.profile.budgets import OF_A_RUN, Measure
from neurodeploy.profile.build import resource_use
from neurodeploy.profile.metric_measures import METRIC_FIGURES, METRIC_GROUPS, metric_measures
from neurodeploy.profile.profile import Profile, ResourceUse
from neurodeploy.program.program import Program
from neurodeploy.resources import core_limits
from neurodeploy.resources.limits import CODES

__all__ = [
    "COMPILATION_FIGURES",
    "JUDGEMENT_FIGURES",
    "PROFILE_FIGURES",
    "compilation_measures",
    "judgement_measures",
    "layers_measures",
    "profile_measures",
]

RESOURCES = tuple(CODES)
STAGES = ("validate", "quantize", "check", "partition", "place")
COMPILATION_FIGURES: tuple[str, ...] = (
    "cores",
    "chips",
    "lower_bound",
    *(f"lower_bound.{name}" for name in RESOURCES),
    *RESOURCES,
    *(f"{name}.mean" for name in RESOURCES),
    *(f"{name}.total" for name in RESOURCES),
    "weight_error",
    "warnings",
    "seconds",
    *(f"seconds.{name}" for name in STAGES),
)
"""Every figure that `check` and `compile` can report. A resource is its fullest core; .mean is over cores, .total all of them."""

JUDGEMENT_FIGURES: tuple[str, ...] = (*(name for noun in LIMITS for name in noun.model_fields), "cores", "warnings")
"""Every figure that `check` can report for a target of another architecture."""
ESTIMATES = ("energy_per_inference", "energy_static_per_inference", "time_per_inference", "time_per_step")
"""Figures of a profile that have an interval: the nominal one, .low and .high."""
COUNTS = ("synops", "updates", "active_updates", "messages", "hops", "chip_messages")
"""What is counted for each inference."""
PROFILE_FIGURES: tuple[str, ...] = (
    "cores",
    "lower_bound",
    "accuracy",
    "accuracy_drop",
    "spikes_per_inference",
    "silent_neurons",
    *ESTIMATES,
    *(f"{name}.{end}" for name in ESTIMATES for end in ("low", "high")),
    *(f"{name}_per_inference" for name in COUNTS),
    *RESOURCES,
    *(f"{name}.{part}" for name in RESOURCES for part in ("mean", "total")),
    *METRIC_FIGURES,
    *METRIC_GROUPS,
)
"""Every figure that `run` and `profile` can report. accuracy_drop is from the float reference to the program."""
NOT_PLACED = "the network was not placed"


def _resource(item: ResourceUse) -> dict[str, Measure]:
    total, count = sum(item.per_core), max(len(item.per_core), 1)
    whole = None if item.limit is None else item.limit * count
    return {
        item.name: Measure(item.worst, item.unit, item.limit, item.source),
        f"{item.name}.mean": Measure(total / count, item.unit, item.limit, item.source),
        f"{item.name}.total": Measure(total, item.unit, whole, item.source),
    }


def _placed(program: Program) -> dict[str, Measure]:
    """Figures that are available only for a placed program."""
    target = program.target
    chips = int(np.unique(program.tables.core_id // int(target.chip.cores.value)).size)
    board = f"{target.name} on board {target.board}" if target.board else f"one chip of {target.name}"
    found = {
        "cores": Measure(program.tables.n_cores, "core", target.cores, board),
        "chips": Measure(chips, "chip", target.chips, board),
    }
    for item in resource_use(program):
        found.update(_resource(item))
    return found


def _unplaced(target: Target | None) -> dict[str, Measure]:
    names = ["cores", "chips"] + [name for name in RESOURCES if target is None or name in core_limits(target)]
    every = [*names, *(f"{name}.{kind}" for name in names[2:] for kind in ("mean", "total"))]
    return {name: Measure(None, "", why_none=NOT_PLACED) for name in every}


def compilation_measures(result: Compilation, target: Target | None = None) -> dict[str, Measure]:
    """Return what `check` reports, by the names of COMPILATION_FIGURES; resources without a limit are omitted.
    `target`: for a network that was not placed; otherwise the program's target is used.
    """
    found = _placed(result.program) if result.program else _unplaced(target)
    for name, cores in result.lower_bounds.items():
        found[f"lower_bound.{name}"] = Measure(cores, "core")
    if result.lower_bounds:
        found["lower_bound"] = Measure(max(*result.lower_bounds.values(), 1), "core")
    errors = [line.relative_error for line in result.ledger if line.quantity == "weights"]
    known = [error for error in errors if error is not None]
    source = "root mean square of the weights, worst projection"
    found["weight_error"] = Measure(max(known, default=None), "fraction", 1.0, source, "no weight was converted")
    found["warnings"] = Measure(sum(item.severity == "warning" for item in result.findings), "warning")
    found["seconds"] = Measure(sum(result.stage_seconds.values()), "s")
    found.update((f"seconds.{name}", Measure(took, "s")) for name, took in result.stage_seconds.items())
    return found


def judgement_measures(result: Judgement, findings: Iterable[Diagnostic]) -> dict[str, Measure]:
    """Return what `check` reports for a target of another architecture, by the names of its limits."""
    found = {item.name: Measure(item.found, item.unit, item.limit, item.source) for item in result.uses}
    return {**found, "warnings": Measure(sum(item.severity == "warning" for item in findings), "warning")}


def layers_measures(result: LayersVerdict) -> dict[str, Measure]:
    """Return what `check --shapes` reports; figures of `check` that need the network itself have no value."""
    unknown = Measure(None, "", why_none="only the shapes of the layers are known")
    found = dict.fromkeys((*COMPILATION_FIGURES, *JUDGEMENT_FIGURES), unknown)
    worst = max(result.lower_bounds.values(), default=None)
    found |= {"cores": Measure(result.cores, "core"), "chips": Measure(result.chips, "chip")}
    found["warnings"] = Measure(sum(item.severity == "warning" for item in result.findings), "warning")
    bounds = {f"lower_bound.{name}": Measure(count, "core") for name, count in result.lower_bounds.items()}
    return {**found, "lower_bound": Measure(worst, "core"), **bounds}


def _accuracy(shown: Profile) -> dict[str, Measure]:
    drop = None
    if shown.accuracy is not None and shown.reference_accuracy is not None:
        drop = shown.reference_accuracy - shown.accuracy
    whole, why = (1.0, "all samples"), "there are no labels, or the reference was not run"
    return {
        "accuracy": Measure(shown.accuracy, "fraction", *whole, why_none="there are no labels"),
        "accuracy_drop": Measure(drop, "fraction", *whole, why_none=why),
    }


def profile_measures(shown: Profile) -> dict[str, Measure]:
    """Return what `run` and `profile` report, by the names of PROFILE_FIGURES."""
    found = {"cores": Measure(shown.cores, "core"), "lower_bound": Measure(shown.cores_lower_bound, "core")}
    found.update(_accuracy(shown))
    neurons = sum(item.size for item in shown.populations)
    spikes, silent = (item.spikes_per_inference for item in shown.populations), "all neurons"
    found["spikes_per_inference"] = Measure(sum(spikes), "spike")
    found["silent_neurons"] = Measure(sum(i.silent_neurons for i in shown.populations), "neuron", neurons, silent)
    for name in ESTIMATES:
        item, why = getattr(shown, name), "; ".join(shown.no_figure)
        ends = {"": "value", ".low": "low", ".high": "high"}
        for end, field in ends.items():
            value = None if item is None else getattr(item, field)
            found[name + end] = Measure(value, "" if item is None else item.unit, why_none=why)
    for name in (f"{count}_per_inference" for count in COUNTS):
        found[name] = Measure(getattr(shown, name), OF_A_RUN[name])
    for item in shown.resources:
        found.update(_resource(item))
    return found | metric_measures(shown.metrics)
