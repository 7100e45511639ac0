"""Verb: faults of a target file that its fields alone do not show: wrong units, and figures that contradict each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import cast

from pydantic import BaseModel

from neurodeploy.diagnostics import Diagnostic, finding
from neurodeploy.diagnostics.translate import nearest
from neurodeploy.hardware.feasibility_target import FeasibilityTarget, LayeredTarget
from neurodeploy.hardware.figure import Figure, FigureList, FigurePerCore, FigureRange, FigureTable
from neurodeploy.hardware.representable import held_faults
from neurodeploy.hardware.target import Target

__all__ = ["contradictions", "target_findings", "unit_findings"]

UNITS: dict[str, tuple[str, ...]] = {
    "accumulators": ("accumulator",),
    "atom_bits": ("bit",),
    "axons": ("axon",),
    "barrier": ("s",),
    "barrier_chips": ("s",),
    "base_step": ("compartment",),
    "bias_exponent": ("power of two",),
    "bias_mantissa": ("mantissa",),
    "bias_memory": ("entry",),
    "channels": ("channel",),
    "chips": ("chip",),
    "compartments": ("compartment",),
    "core_memory": ("byte",),
    "cores": ("core",),
    "cores_per_neuron": ("core",),
    "cores_per_tile": ("core",),
    "decay_shift": ("bit",),
    "delay_bits": ("bit",),
    "delay_steps": ("step",),
    "destination_groups": ("group", "core"),
    "destinations": ("layer",),
    "dilation": ("pixel",),
    "du": ("register",),
    "dv": ("register",),
    "energy": ("J",),
    "entry_prefix": ("bit",),
    "extra_atom_bits": ("bit",),
    "fan_in": ("synapse",),
    "fan_out": ("synapse",),
    "hidden": ("neuron",),
    "id_bits": ("bit",),
    "index_bits": ("bit",),
    "input_axons": ("axon",),
    "input_reach": ("neuron",),
    "input_side": ("pixel",),
    "inputs": ("channel",),
    "kernel_memory": ("entry",),
    "kernel_side": ("pixel",),
    "list_end": ("bit",),
    "learning": ("axon",),
    "mesh_columns": ("tile",),
    "mesh_rows": ("tile",),
    "neuron_memory": ("entry",),
    "neurons": ("neuron",),
    "other_chip": ("axon",),
    "output_axons": ("axon",),
    "output_reads": ("neuron",),
    "output_side": ("pixel",),
    "outputs": ("neuron",),
    "padding": ("pixel",),
    "parameter_sets": ("set",),
    "pools": ("pixel",),
    "published_energy_error": ("fraction",),
    "published_time_error": ("fraction",),
    "readout_classes": ("class",),
    "refractory_delay": ("step",),
    "refractory_steps": ("step",),
    "resets": ("compartment",),
    "static_power": ("W",),
    "shared_base": ("compartment",),
    "skip_bits": ("bit",),
    "strides": ("pixel",),
    "synapse_formats": ("format",),
    "synapse_memory": ("word",),
    "synapses": ("synapse",),
    "synapses_per_entry": ("synapse",),
    "threshold_mantissa": ("mantissa",),
    "threshold_sets": ("threshold",),
    "time": ("s",),
    "v_floor": ("voltage",),
    "vmax_exponent": ("register",),
    "vmin_exponent": ("power of two",),
    "weight_bits": ("bit",),
    "weight_exponent": ("power of two",),
    "weights_per_neuron": ("weight",),
    "word": ("bit",),
    "words_per_axon": ("word",),
}
"""Field -> the units in which its figures count; what is computed from them relies on it."""
SCALED = ("J", "s", "W", "fraction", "voltage")
"""Units of figures that need not be whole numbers."""
MOST = 1 << 40
"""No chip has more of anything, and sums of such counts stay inside 64 bits."""
ANY = Figure | FigureRange | FigureList | FigureTable


def _figures(path: str, field: str, value: object) -> Iterator[tuple[str, str, ANY]]:
    """(path, field that fixes its unit, figure) of everything below a value; items of a table have the table's field."""
    if isinstance(value, (Figure, FigureRange, FigureList, FigureTable)):
        yield path, field, value
    elif isinstance(value, Mapping):
        for key, item in cast("Mapping[str, object]", value).items():
            yield from _figures(f"{path}.{key}", field, item)
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _figures(f"{path}.{name}" if path else name, name, getattr(value, name))


def unit_findings(where: str, target: Target | FeasibilityTarget) -> tuple[Diagnostic, ...]:
    """Return figures whose unit is not that of their field (ND029)."""
    found: list[Diagnostic] = []
    for path, field, figure in _figures("", "", target):
        legal = UNITS.get(field, (figure.unit,))
        if figure.unit not in legal:
            message = f"field '{path}' counts in '{legal[0]}', and the file gives it in '{figure.unit}'"
            fix = nearest(figure.unit, legal) or [f'convert the figure, and write unit = "{legal[0]}"']
            found.append(finding("ND029", where, message, fixes=fix))
    return tuple(found)


def contradictions(where: str, target: Target | FeasibilityTarget) -> tuple[Diagnostic, ...]:
    """Return fields that contradict each other, or what they count (ND026)."""
    told = [*_numbers(target), *(_loihi_style(target) if isinstance(target, Target) else _other(target))]
    return tuple(finding("ND026", where, message, fixes=fixes) for message, fixes in told)


def target_findings(target: Target) -> tuple[Diagnostic, ...]:
    """Return what keeps a target that is in memory, from a file or not, from being compiled for and run (ND026, ND029)."""
    where = f"target '{target.name}'"
    told = [*_numbers(target), *_references(target), *held_faults(target)]
    return (*unit_findings(where, target), *(finding("ND026", where, message, fixes=fixes) for message, fixes in told))


Told = Iterator[tuple[str, list[str]]]


def _ascends(figure: FigureList) -> bool:
    return isinstance(figure, FigurePerCore) or list(figure.values) == sorted(set(figure.values))


def _numbers(target: Target | FeasibilityTarget) -> Told:
    """Figures that are no numbers of what they count: parts of things, ranges that end before they begin."""
    for path, _, figure in _figures("", "", target):
        if isinstance(figure, FigureRange) and figure.low > figure.high:
            yield f"{path}: low {figure.low:g} is above high {figure.high:g}", []
        if isinstance(figure, FigureTable) and list(figure.points) != sorted(figure.points):
            yield f"{path}: its points do not ascend", []
        if isinstance(figure, FigureList) and not _ascends(figure):
            yield f"{path}: its values do not ascend", []
        if isinstance(figure, Figure) and figure.unit not in SCALED:
            if figure.value > MOST:
                yield f"{path}: {figure.value:g} {figure.unit} is more than anything counts, {MOST:,}", []
            elif figure.value != int(figure.value):
                yield f"{path}: {figure.value:g} {figure.unit} is no whole number", []


def _loihi_style(target: Target) -> Told:
    yield from _references(target)
    for name in type(target.limits).model_fields:
        yield from _nothing(f"limits.{name}", getattr(target.limits, name))
    held = list(held_faults(target))
    yield from held or _widths(target)


def _nothing(name: str, figure: Figure | None) -> Told:
    if figure is not None and figure.value < 1:
        yield f"{name} is {figure.value:g} {figure.unit}: a core holds nothing; leave it out if it is not known", []


def _references(target: Target) -> Told:
    """Names that stand for nothing, and cores that hold nothing."""
    if target.rule_set not in target.rules:
        fixes = nearest(target.rule_set, list(target.rules))
        yield f"rule_set '{target.rule_set}' is not among rules {sorted(target.rules)}", fixes
    nominal = target.energy_nominal
    if (nominal is None) != (not target.energy) or (nominal is not None and nominal not in target.energy):
        fixes = nearest(nominal or "", list(target.energy))
        yield f"energy_nominal '{nominal}' is not among energy profiles {sorted(target.energy)}", fixes
    chip = target.chip
    mesh = chip.mesh_columns.value * chip.mesh_rows.value * chip.cores_per_tile.value
    if mesh < chip.cores.value:
        yield f"chip.cores {chip.cores.value:g} do not fit the mesh of {mesh:g} cores", []
    for name, figure in (
        ("chip.cores", chip.cores),
        *((f"boards.{k}.chips", b.chips) for k, b in target.boards.items()),
    ):
        if figure.value < 1:
            yield f"{name} is {figure.value:g}: there is nothing to run on", []
    for mode in target.neurons.extensions:
        if mode not in target.neurons.resets:
            yield f"neurons.extensions names reset '{mode}', which neurons.resets lacks", []
    counted = ("word", "synapses_per_entry", "words_per_axon", "synapse_formats", "synapse_memory")
    for rule, rules in target.rules.items():
        for name in counted:
            yield from _nothing(f"rules.{rule}.{name}", getattr(rules, name))
    if target.board is not None and target.board not in target.boards:
        yield f"board '{target.board}' is not among boards {sorted(target.boards)}", []


def _widths(target: Target) -> Told:
    """Fields that are too narrow for what they hold."""
    limits, precision = target.limits, target.precision
    delay, held = precision.delay_steps.high, 2 ** max(precision.delay_bits.values) - 1
    if delay > held:
        yield f"precision.delay_steps: a delay of {delay:g} does not fit delay_bits, which hold {held:g}", []
    if limits.compartments is None:
        return
    count, named = limits.compartments.value, 2 ** max(precision.index_bits.values)
    if named < count:
        yield f"precision.index_bits tell {named:g} targets apart, and limits.compartments are {count:g}", []
    if limits.accumulators is not None and limits.accumulators.value < count:
        message = f"limits.accumulators {limits.accumulators.value:g} are fewer than limits.compartments {count:g}"
        yield f"{message}, and each takes one", []


def _other(target: FeasibilityTarget) -> Told:
    if not isinstance(target, LayeredTarget):
        return
    limits = target.limits
    lengths = {
        "kernel_memory": len(limits.kernel_memory.values),
        "neuron_memory": len(limits.neuron_memory.values),
        "bias_memory": len(limits.bias_memory.values),
    }
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{count} of limits.{name}" for name, count in lengths.items())
        yield f"the memories are of different numbers of cores: {told}", []
    rules = target.memory_rule.words
    if len(rules) != 1 or rules[0] not in ("power_of_two", "exact"):
        yield (
            "memory_rule is not one of power_of_two, exact",
            nearest(rules[0] if rules else "", ["power_of_two", "exact"]),
        )
