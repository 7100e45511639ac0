"""Checks of a target beyond its schema: units, whole numbers, and figures that contradict each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple, cast

from pydantic import BaseModel

from neurodeploy.diagnostics import Diagnostic, Subject, about, finding
from neurodeploy.diagnostics.translate import nearest
from neurodeploy.hardware.feasibility_target import LIMITS, FeasibilityTarget, LayeredTarget
from neurodeploy.hardware.figure import (
    AnyFigure,
    CostFigure,
    Figure,
    FigureList,
    FigurePerCore,
    FigureRange,
    FigureTable,
    high_of,
    low_of,
)
from neurodeploy.hardware.representable import Fault, representation_faults
from neurodeploy.hardware.target import CoreLimits, RuleSet, Target
from neurodeploy.hardware.units import Unit, field_units

__all__ = ["TargetFigure", "contradictions", "figures_of", "limit_units", "target_findings", "unit_findings"]

MAX_COUNT = 1 << 40
"""Largest supported count; sums of such counts fit into 64 bits."""
MEMORY_RULES = ("power_of_two", "exact")


class TargetFigure(NamedTuple):
    """One figure of a target."""

    path: str
    """Field path, such as "limits.fan_in"."""
    unit: Unit
    """The unit that the field requires."""
    figure: AnyFigure


def figures_of(target: Target | FeasibilityTarget) -> Iterator[TargetFigure]:
    """Yield every figure of a target in field order."""
    yield from _figures("", None, target)


def _figures(path: str, unit: Unit | None, value: object) -> Iterator[TargetFigure]:
    """Figures of a value, its items and its fields. Items of a table are in the unit of the table's field."""
    if isinstance(value, (Figure, FigureRange, FigureList, FigureTable)):
        yield TargetFigure(path, unit or Unit(value.unit), value)
    elif isinstance(value, Mapping):
        for key, item in cast("Mapping[str, object]", value).items():
            yield from _figures(f"{path}.{key}", unit, item)
    elif isinstance(value, BaseModel):
        units = field_units(type(value))
        for name in type(value).model_fields:
            yield from _figures(f"{path}.{name}" if path else name, units.get(name), getattr(value, name))


def limit_units() -> dict[str, str]:
    """Return the unit of every limit of every architecture, by field name."""
    return {name: unit.name for noun in (CoreLimits, RuleSet, *LIMITS) for name, unit in field_units(noun).items()}


def unit_findings(where: Subject, target: Target | FeasibilityTarget) -> tuple[Diagnostic, ...]:
    """Return a finding for each figure whose unit differs from that of its field (ND029)."""
    return _unit_findings(where, tuple(figures_of(target)))


def _unit_findings(where: Subject, figures: tuple[TargetFigure, ...]) -> tuple[Diagnostic, ...]:
    found: list[Diagnostic] = []
    for path, unit, figure in figures:
        if figure.unit not in unit.accepted:
            found.append(_unit_finding(where, f"field '{path}'", figure.unit, unit.accepted))
        if isinstance(figure, FigureTable) and unit.x is not None and figure.x_unit != unit.x:
            found.append(_unit_finding(where, f"x of field '{path}'", figure.x_unit, (unit.x,)))
    return tuple(found)


def _unit_finding(where: Subject, field: str, unit: str, accepted: tuple[str, ...]) -> Diagnostic:
    key = "x_unit" if field.startswith("x of ") else "unit"
    fixes = nearest(unit, accepted) or [f'convert the figure, and write {key} = "{accepted[0]}"']
    return finding("ND029", where, f"{field} must be in '{accepted[0]}', not in '{unit}'", fixes=fixes)


def contradictions(where: Subject, target: Target | FeasibilityTarget) -> tuple[Diagnostic, ...]:
    """Return a finding for each contradiction in a target that was read from a file (ND026)."""
    if isinstance(target, Target):
        faults = [*_numbers(figures_of(target)), *_references(target), *_empty_limits(target)]
        faults += list(representation_faults(target)) or list(_widths(target))
    else:
        faults = [*_numbers(figures_of(target)), *(_layered(target) if isinstance(target, LayeredTarget) else ())]
    return tuple(finding("ND026", where, message, fixes=fixes) for message, fixes in faults)


def target_findings(target: Target) -> tuple[Diagnostic, ...]:
    """Return all faults that prevent compiling for or running on a target, from a file or not (ND026, ND029)."""
    where = about("target", target.name)
    figures = tuple(figures_of(target))
    faults = [*_numbers(figures), *_references(target), *representation_faults(target)]
    return (
        *_unit_findings(where, figures),
        *(finding("ND026", where, message, fixes=fixes) for message, fixes in faults),
    )


def _ascending(figure: FigureList) -> bool:
    return isinstance(figure, FigurePerCore) or list(figure.values) == sorted(set(figure.values))


def _numbers(figures: Iterable[TargetFigure]) -> Iterator[Fault]:
    """Figures in the wrong order, too large to count, or not whole."""
    for path, unit, figure in figures:
        if isinstance(figure, FigureRange) and figure.low > figure.high:
            yield Fault(f"{path}: low {figure.low:g} is above high {figure.high:g}")
        if isinstance(figure, CostFigure) and not low_of(figure) <= figure.value <= high_of(figure):
            yield Fault(f"{path}: value {figure.value:g} is not within low and high")
        if isinstance(figure, FigureTable) and list(figure.points) != sorted(figure.points):
            yield Fault(f"{path}: points must be in ascending order")
        if isinstance(figure, FigureList) and not _ascending(figure):
            yield Fault(f"{path}: values must be in ascending order")
        if isinstance(figure, Figure) and unit.whole:
            if figure.value > MAX_COUNT:
                yield Fault(
                    f"{path}: {figure.value:g} {figure.unit} exceeds the largest supported count, {MAX_COUNT:,}"
                )
            elif figure.value != int(figure.value):
                yield Fault(f"{path}: {figure.value:g} {figure.unit} is not a whole number")


def _below_one(path: str, figure: Figure | None) -> Iterator[Fault]:
    if figure is not None and figure.value < 1:
        yield Fault(f"{path} is {figure.value:g} {figure.unit}; it must be at least 1, or left out if it is unknown")


def _empty_limits(target: Target) -> Iterator[Fault]:
    for name in type(target.limits).model_fields:
        yield from _below_one(f"limits.{name}", getattr(target.limits, name))


def _references(target: Target) -> Iterator[Fault]:
    """Names without a definition, and counts of zero that make the target unusable."""
    if target.rule_set not in target.rules:
        known = ", ".join(sorted(target.rules))
        fixes = tuple(nearest(target.rule_set, list(target.rules)))
        yield Fault(f"rule_set '{target.rule_set}' is not one of the rule sets: {known}", fixes)
    nominal = target.energy_nominal
    if (nominal is None) != (not target.energy) or (nominal is not None and nominal not in target.energy):
        known = ", ".join(sorted(target.energy)) or "none is defined"
        fixes = tuple(nearest(nominal or "", list(target.energy)))
        yield Fault(f"energy_nominal '{nominal}' is not one of the energy profiles: {known}", fixes)
    if target.board is not None and target.board not in target.boards:
        yield Fault(f"board '{target.board}' is not one of the boards: {', '.join(sorted(target.boards))}")
    for mode in target.neurons.extensions:
        if mode not in target.neurons.resets:
            yield Fault(f"neurons.extensions names reset '{mode}', which neurons.resets does not list")
    yield from _core_counts(target)
    counted = ("word", "synapses_per_entry", "words_per_axon", "synapse_formats", "synapse_memory")
    for rule, rules in target.rules.items():
        for name in counted:
            yield from _below_one(f"rules.{rule}.{name}", getattr(rules, name))


def _core_counts(target: Target) -> Iterator[Fault]:
    chip = target.chip
    mesh = chip.mesh_columns.value * chip.mesh_rows.value * chip.cores_per_tile.value
    if mesh < chip.cores.value:
        yield Fault(f"chip.cores: {chip.cores.value:g} cores do not fit the mesh of {mesh:g} cores")
    counts = {"chip.cores": chip.cores, **{f"boards.{name}.chips": item.chips for name, item in target.boards.items()}}
    for path, figure in counts.items():
        if figure.value < 1:
            yield Fault(f"{path} is {figure.value:g}; it must be at least 1")


def _widths(target: Target) -> Iterator[Fault]:
    """Stored fields that are too narrow for their range."""
    limits, precision = target.limits, target.precision
    delay, longest = precision.delay_steps.high, 2 ** max(precision.delay_bits.values) - 1
    if delay > longest:
        yield Fault(
            f"precision.delay_steps: a delay of {delay:g} does not fit delay_bits, which hold up to {longest:g}"
        )
    if limits.compartments is None:
        return
    count, indexed = limits.compartments.value, 2 ** max(precision.index_bits.values)
    if indexed < count:
        yield Fault(f"precision.index_bits distinguish {indexed:g} targets, but limits.compartments is {count:g}")
    if limits.accumulators is not None and limits.accumulators.value < count:
        given = f"limits.accumulators is {limits.accumulators.value:g}, but limits.compartments is {count:g}"
        yield Fault(f"{given}, and each compartment takes one")


def _layered(target: LayeredTarget) -> Iterator[Fault]:
    limits = target.limits
    lengths = {
        "kernel_memory": len(limits.kernel_memory.values),
        "neuron_memory": len(limits.neuron_memory.values),
        "bias_memory": len(limits.bias_memory.values),
    }
    if len(set(lengths.values())) > 1:
        given = ", ".join(f"limits.{name} has {count}" for name, count in lengths.items())
        yield Fault(f"memories must have one value for each core, but {given}")
    rules = target.memory_rule.words
    if len(rules) != 1 or rules[0] not in MEMORY_RULES:
        fixes = tuple(nearest(rules[0] if rules else "", MEMORY_RULES))
        yield Fault(f"memory_rule must be one of {', '.join(MEMORY_RULES)}", fixes)
