"""Remedies for learning rules that a target cannot run: other numbers, another dialect, or fixed weights. Each is tried."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from neurodeploy.compiler.trials import Trials
from neurodeploy.diagnostics import Diagnostic, Fix
from neurodeploy.hardware.files import dialect_names, load_dialect, on_dialect
from neurodeploy.network import Network, Projection
from neurodeploy.quantize.learning_limits import DIALECT_RULES

__all__ = ["fixed_weights", "other_dialect", "within_engine"]


def _cores(count: int) -> str:
    return f"{count:,} core{'s' * (count != 1)}"


def _plastic(trials: Trials, item: Diagnostic) -> list[Projection]:
    """Plastic projections that a finding is about: the one it names, or those into the population that it names."""
    subject = item.subject
    return [
        one
        for one in trials.network.projections
        if one.plasticity is not None and subject.name == (one.name if subject.kind == "projection" else one.target)
    ]


def _with(network: Network, projection: Projection, plasticity: Any) -> Network:
    changed = projection.model_copy(update={"plasticity": plasticity})
    return network.model_copy(
        update={"projections": tuple(changed if one is projection else one for one in network.projections)}
    )


def fixed_weights(trials: Trials, item: Diagnostic) -> Iterator[Fix]:
    """Yield the first rule without which the network fits. `trials`: of the network; `item`: the finding."""
    for projection in _plastic(trials, item):
        cores = trials.cores_of(_with(trials.network, projection, None))
        if cores is not None:
            text = f"in projection '{projection.name}' write plasticity = null: with fixed weights it needs {_cores(cores)}"
            yield Fix(text=text)
            return


def within_engine(trials: Trials, item: Diagnostic) -> Iterator[Fix]:
    """Yield the nearest number that the engine holds, for a field of a rule. `trials`: of the network; `item`: the finding."""
    field = item.subject.field.removeprefix("plasticity.")
    for projection in _plastic(trials, item):
        rule = projection.plasticity
        if rule is None or item.limit is None or not isinstance(getattr(rule, field, None), int):
            continue
        changed = rule.model_copy(update={field: int(item.limit)})
        cores = trials.cores_of(_with(trials.network, projection, changed))
        if cores is not None:
            where = f"in projection '{projection.name}' write plasticity.{field} = {int(item.limit)}"
            yield Fix(text=f"{where}: it needs {_cores(cores)}")


def other_dialect(trials: Trials, item: Diagnostic) -> Iterator[Fix]:
    """Yield the first dialect that models the rule. `trials`: of the network; `item`: the finding."""
    kinds = {one.plasticity.kind for one in _plastic(trials, item) if one.plasticity is not None}
    for name in dialect_names():
        if not kinds <= set(DIALECT_RULES[load_dialect(name).learning]):
            continue
        cores = trials.cores({}, on_dialect(trials.target, name))
        if cores is not None:
            text = f"in dialect '{name}' it needs {_cores(cores)}"
            yield Fix(text=text, flag=f"--dialect {name}", change={"dialect": name})
            return
