"""Findings on faults that a program cannot have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from neurodeploy.diagnostics import Diagnostic, about, finding, raise_errors
from neurodeploy.faults.forms import Form, register_form, weight_form
from neurodeploy.faults.places import entry_of, logical_core
from neurodeploy.network import Current
from neurodeploy.network.graded import IntegerNeuron
from neurodeploy.network.neurons import CUBA_KINDS
from neurodeploy.program.fault import CONFIGURATION, FAULT_EFFECTS, FAULT_PLACES, STATE_REGISTERS, Fault
from neurodeploy.program.program import Program
from neurodeploy.program.tables import SynapseFormat

__all__ = ["axon_rows", "fault_findings", "form_of", "is_graded", "require_faults", "style_of"]

EVERY_PLACE = tuple(dict.fromkeys(name for names in FAULT_PLACES.values() for name in names))


def require_faults(program: Program, faults: Sequence[Fault] | None = None) -> None:
    """Raise DiagnosticError for faults that a program cannot have: ND970 (contradictory), ND971 (no such place), ND972 (bit),
    ND973 (not defined). `faults`: default: those that it has, which are checked once."""
    if faults is None:
        if program.faults:
            raise_errors("faults", program.derived("_fault_findings", lambda own: fault_findings(own, own.faults)))
        return
    raise_errors("faults", fault_findings(program, faults))


def fault_findings(program: Program, faults: Sequence[Fault]) -> tuple[Diagnostic, ...]:
    """Return ND970 to ND973 for each of the `faults` that a `program` cannot have."""
    return tuple(item for number, fault in enumerate(faults) for item in _findings(program, fault, number))


def _findings(program: Program, fault: Fault, number: int) -> Iterator[Diagnostic]:
    where = about("option", f"faults[{number}]")
    message = _contradiction(fault)
    if message:
        yield finding("ND970", where, message)
        return
    message = _missing(program, fault)
    if message:
        yield finding("ND971", where, message)
        return
    message = _undefined(program, fault)
    if message:
        yield finding("ND973", where, message)
        return
    form = form_of(program, fault)
    if form is not None and fault.bit is not None and fault.bit >= form.bits:
        message = f"names bit {fault.bit} of a {fault.field} of {form.bits} bits, 0 to {form.bits - 1}"
        yield finding("ND972", where, message)


def _contradiction(fault: Fault) -> str | None:
    """What contradicts itself, whatever the program."""
    needed = list(FAULT_PLACES[fault.where])
    if fault.where == "synapse" and fault.what == "dead":
        needed = needed[:3]
    given = [name for name in EVERY_PLACE if getattr(fault, name) is not None]
    if fault.what not in FAULT_EFFECTS[fault.where]:
        return f"says '{fault.what}' of a {fault.where}, which can be {', '.join(FAULT_EFFECTS[fault.where])}"
    if sorted(given) != sorted(needed):
        return f"names a {fault.where} by {', '.join(given) or 'nothing'}; needs {', '.join(needed)}"
    fields = {"synapse": ("weight", "delay"), "register": (*STATE_REGISTERS, *CONFIGURATION)}.get(fault.where, ())
    if fault.field is not None and fault.field not in fields:
        return f"names field '{fault.field}' of a {fault.where}, which has {', '.join(fields)}"
    return _time_contradiction(fault)


def _time_contradiction(fault: Fault) -> str | None:
    if fault.when in ("from", "at") and fault.step is None:
        return f"is there '{fault.when}' a step that it does not name"
    if fault.when == "always" and fault.step is not None:
        return f"is there always, which contradicts step {fault.step}"
    if (fault.when == "random") != (fault.probability is not None):
        return (
            "has a probability exactly if it is random"
            if fault.when != "random"
            else "is random but has no probability"
        )
    return None


def _missing(program: Program, fault: Fault) -> str | None:
    """The place that the program does not have, as the end of a sentence."""
    sizes = {item.name: item.size for item in program.populations}
    lines = {item.name: item.size for item in program.network.inputs}
    if fault.population is not None:
        return _outside(sizes, "population", fault.population, "neuron", fault.neuron) or _no_axon(program, fault)
    if fault.input is not None:
        return _outside(lines, "input", fault.input, "line", fault.line)
    if fault.projection is not None:
        return _no_synapse(program, fault, {**sizes, **lines})
    if fault.link is not None:
        return _no_link(program, fault)
    core = logical_core(program, fault)
    if core < 0:
        return f"names core {fault.core}{' of the board' if fault.physical else ''}, which holds nothing of the program"
    axons = int(np.diff(program.tables.in_axon_ptr)[core])
    if fault.axon is not None and not axon_rows(program, core, fault.axon).size:
        return f"names input axon {fault.axon} of core {fault.core}, which has rows for {axons}"
    return None


def _outside(sizes: dict[str, int], kind: str, name: str, part: str, number: int | None) -> str | None:
    if name not in sizes:
        return f"names {kind} '{name}', which does not exist; there are {', '.join(sizes) or 'none'}"
    if number is not None and number >= sizes[name]:
        return f"names {part} {number} of {kind} '{name}', which has {sizes[name]:,}"
    return None


def _no_axon(program: Program, fault: Fault) -> str | None:
    if fault.core is None:
        return None
    row, tables = int(program.table_rows[fault.population or ""][fault.neuron or 0]), program.tables
    to = tables.out_core[tables.out_axon_ptr[row] : tables.out_axon_ptr[row + 1]]
    if logical_core(program, fault) in to:
        return None
    return f"names an axon of neuron {fault.neuron} of '{fault.population}' to core {fault.core}, to which it has none"


def _no_synapse(program: Program, fault: Fault, sizes: dict[str, int]) -> str | None:
    wires = {item.name: item for item in program.network.projections}
    wire = wires.get(fault.projection or "")
    if wire is None:
        return f"names projection '{fault.projection}', which does not exist; there are {', '.join(wires) or 'none'}"
    ends = ((wire.source, fault.pre, "source"), (wire.target, fault.post, "target"))
    for name, number, word in ends:
        if number is not None and number >= sizes[name]:
            return f"names {word} {number} of projection '{wire.name}', which has {sizes[name]:,}"
    if wire.plasticity is None and entry_of(program, fault) < 0:
        return f"names a synapse from {fault.pre} to {fault.post} of projection '{wire.name}', which stores none"
    return None


def _no_link(program: Program, fault: Fault) -> str | None:
    chip, (x0, y0, x1, y1) = program.target.chip, fault.link or (0, 0, 0, 0)
    columns, rows = int(chip.mesh_columns.value), int(chip.mesh_rows.value)
    inside = all(0 <= x < columns for x in (x0, x1)) and all(0 <= y < rows for y in (y0, y1))
    if not inside or abs(x0 - x1) + abs(y0 - y1) != 1:
        return f"names a link from ({x0}, {y0}) to ({x1}, {y1}); links join neighbors of {columns} x {rows} routers"
    if (fault.chip or 0) >= program.target.chips:
        return f"names chip {fault.chip}; the target has {program.target.chips}"
    return None


def axon_rows(program: Program, core: int, axon: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Rows of the input axon table that belong to an input axon of a core."""
    tables = program.tables
    first, last = int(tables.in_axon_ptr[core]), int(tables.in_axon_ptr[core + 1])
    if tables.in_axon_id is None:
        return np.array([first + axon] if axon < last - first else [], dtype=np.int64)
    return first + np.flatnonzero(tables.in_axon_id[first:last] == axon)


def _undefined(program: Program, fault: Fault) -> str | None:
    """Why no definition says what happens."""
    learns = [item.name for item in program.network.projections if item.plasticity is not None]
    if learns:
        return f"is in a program whose projection '{learns[0]}' learns; faults are not defined for what is learned"
    if fault.where in ("core", "neuron", "register"):
        return _no_comparator(program, fault)
    if fault.where == "line":
        item = program.network.input_by_name[fault.input or ""]
        if isinstance(item.encoder, Current) and fault.what != "dead":
            return f"makes a line of input '{item.name}' spike, which shows values"
    if fault.where == "synapse":
        style = style_of(program, entry_of(program, fault))
        if fault.field == "delay" and style.delay_bits == 0:
            return f"is in a delay of projection '{style.projection}', which stores none"
        if fault.field == "delay" and style.exponent < 0 and program.target.dialect.exponent_stage == "sum":
            return f"is in a delay of projection '{style.projection}', whose sums are shifted by their delay"
    return None


def _no_comparator(program: Program, fault: Fault) -> str | None:
    names = [item.name for item in program.populations if item.name == fault.population]
    if fault.where == "core":
        own = np.unique(program.tables.population[_rows_of_core(program, logical_core(program, fault))])
        names = [program.populations[int(number)].name for number in own]
    for item in program.populations:
        if item.name not in names:
            continue
        if item.kind not in CUBA_KINDS:
            return f"is in neurons of kind '{item.kind}'; registers are defined for current-based compartments"
        if fault.what == "stuck_at_1" and fault.where == "neuron" and not _spikes(program, item.name):
            return f"makes population '{item.name}' spike, which has no threshold"
    return None


def _spikes(program: Program, name: str) -> bool:
    return bool(program.tables.spiking[program.table_rows[name]].all())


def _rows_of_core(program: Program, core: int) -> slice:
    ptr = program.tables.compartment_ptr
    return slice(int(ptr[core]), int(ptr[core + 1]))


def style_of(program: Program, entry: int) -> SynapseFormat:
    """Return the format of an `entry` of a program."""
    segment = int(np.searchsorted(program.tables.entry_ptr, entry, side="right")) - 1
    return program.formats[int(program.tables.segment_format[segment])]


def form_of(program: Program, fault: Fault) -> Form | None:
    """Return the word in which the bit of a possible `fault` lies; None for a fault of no bit."""
    if fault.where == "register" and fault.field is not None:
        return register_form(program.target, fault.field)
    if fault.where != "synapse" or fault.field is None:
        return None
    style = style_of(program, entry_of(program, fault))
    if fault.field == "weight":
        return weight_form(program.target, style)
    return Form(style.delay_bits, False, 0, (1 << style.delay_bits) - 1)


def is_graded(program: Program, source: str) -> bool:
    """Return whether the spikes of a population or input of a program carry a value."""
    for item in program.network.inputs:
        if item.name == source:
            return isinstance(item.encoder, Current)
    neuron = program.network.population_by_name[source].neuron
    return isinstance(neuron, IntegerNeuron) and neuron.sends_values
