"""Node populations as inputs (virtual nodes) and populations of neurons."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.importers.fields import brief
from neurodeploy.importers.notes import Notes, listed
from neurodeploy.importers.options import ImportOptions
from neurodeploy.importers.sonata.models import MODELS, Made, Model, model_of
from neurodeploy.importers.sonata.tables import ABSENT, Table

__all__ = ["Group", "Nodes", "Received", "neurons_of", "plain_name"]

POINTS = ("point_neuron", "point_process")
"""Model types of point neurons; the second is the name in older files."""
SECONDS = "intfire1"
"""Model whose parameters are read in seconds, as BMTK does."""
SMALLEST, LARGEST = 1e-6, 1e9
"""Range of the magnitude of parameters, in ms, mV, pF, pA, nF and nA."""
START_MV = 1e-9
SAME = 1e-6
MOST_STEPS = 2**31 - 2
IGNORED = ("V_m", "rho", "type", "tau_minus", "tau_minus_triplet")
"""Parameters that do not change an imported neuron; V_m is reported with the start."""


class Group(NamedTuple):
    """Nodes that become one input or one population."""

    name: str
    rows: NDArray[np.int64]
    """Rows of the nodes in their table; neuron k is node rows[k]."""
    made: Made | None
    """The neurons; None: an input."""
    model: str
    """Template of the neurons, as in the file."""


class Nodes(NamedTuple):
    """A node population and its parts."""

    table: Table
    groups: tuple[Group, ...]
    part: NDArray[np.int64]
    """Shape (nodes,): number of the group of each node; -1: none, which a finding explains."""
    place: NDArray[np.int64]
    """Shape (nodes,): neuron or line within the group."""


def plain_name(name: str) -> str:
    """Return a name that networks accept."""
    return re.sub(r"[^A-Za-z0-9_.-]", "_", name).lstrip(".-")[:150] or "population"


class Received(NamedTuple):
    """Signs of the weights that arrive at the nodes of a population, shape (nodes,) each."""

    excitatory: NDArray[np.bool_]
    inhibitory: NDArray[np.bool_]


def neurons_of(table: Table, received: Received, options: ImportOptions, dt_ms: float, notes: Notes) -> Nodes:
    """Return the parts of a node population; faults are findings (ND049, ND090, ND091)."""
    groups = list(_groups(table, received, options, dt_ms, notes))
    part = np.full(table.rows, -1, dtype=np.int64)
    place = np.zeros(table.rows, dtype=np.int64)
    for number, group in enumerate(groups):
        part[group.rows], place[group.rows] = number, np.arange(group.rows.size)
    if not np.array_equal(table.ids, np.arange(table.rows)):
        got = f"0 to {table.rows - 1}, in the order of the file"
        asked = f"{int(table.ids.min())} to {int(table.ids.max())}" if table.rows else "none"
        notes.line(table.name, "numbers of nodes", asked, got, "exact", "neurons count from 0", of="population")
    return Nodes(table, tuple(groups), part, place)


def _groups(table: Table, received: Received, options: ImportOptions, dt_ms: float, notes: Notes) -> Iterator[Group]:
    types, templates = table.text("model_type"), table.text("model_template")
    kinds = np.array([f"{a}\n{b}" for a, b in zip(types, templates, strict=True)], dtype=object)
    name = plain_name(table.name)
    several = len(set(kinds.tolist())) > 1
    for kind in sorted(set(kinds.tolist())):
        rows = np.flatnonzero(kinds == kind)
        model_type, _, template = str(kind).partition("\n")
        if model_type == "virtual":
            _warn_of_rates(table, rows, notes)
            yield Group(f"{name}_virtual" if several else name, rows, None, "")
            continue
        model = model_of(template)
        if model_type not in POINTS or model is None:
            _refuse(table, rows, model_type, template, notes)
            continue
        own = f"{name}_{plain_name(template.rpartition(':')[2])}" if several else name
        yield from _of_model(table, rows, model, template, own, received, options, dt_ms, notes)


def _warn_of_rates(table: Table, rows: NDArray[np.int64], notes: Notes) -> None:
    """Warn of virtual nodes with a rate, as PyNN writes its Poisson sources: nothing plays it (ND092)."""
    rates = np.nan_to_num(table.numbers("rate")[rows], posinf=0.0)
    if rates.size and float(rates.max()) > 0:
        message = f"{table.shown}: a rate of up to {float(rates.max()):g} Hz is stated, but no spikes follow from it"
        notes.add("ND092", message, "give spike trains: an input of the simulation, or --stimulus")


def _refuse(table: Table, rows: NDArray[np.int64], model_type: str, template: str, notes: Notes) -> None:
    """Add a finding for nodes that have no counterpart (ND090)."""
    types = [str(number) for number in np.unique(table.type_ids[rows]).tolist()]
    groups = [str(number) for number in np.unique(table.group_ids[rows]).tolist()]
    what = f"model type '{brief(model_type)}'" if model_type not in POINTS else f"model '{brief(template)}'"
    missing = model_type in ABSENT or (model_type in POINTS and template in ABSENT)
    what = "neither a model type nor a model template" if missing else what
    many = rows.size > 1
    verb = ("have" if many else "has") if missing else ("are of" if many else "is of")
    count = f"{rows.size:,} node{'s' if many else ''}"
    message = f"{table.shown}: {count} (types {listed(types)}, group {listed(groups)}) {verb} {what}"
    notes.add("ND090", f"{message}, not imported", f"point neurons of {', '.join(MODELS)}")


def _of_model(
    table: Table,
    rows: NDArray[np.int64],
    model: Model,
    template: str,
    name: str,
    received: Received,
    options: ImportOptions,
    dt_ms: float,
    notes: Notes,
) -> Iterator[Group]:
    """Yield the neurons of one model: one group for each refractory period in steps."""
    values = _parameters(table, rows, model, template, options, notes)
    if values is None:
        return
    _drop_unused_taus(values, model, received, rows)
    with np.errstate(over="ignore"):  # infinite steps are beyond the limit as well
        exact = values[model.refractory] / dt_ms
    if float(exact.max(initial=0.0)) > MOST_STEPS:
        message = f"{table.shown}: '{model.refractory}' is {float(exact.max()):g} steps; the limit is {MOST_STEPS:,}"
        notes.add("ND091", message)
        return
    steps = np.rint(exact).astype(np.int64)
    moved = np.abs(exact - steps) > SAME * np.maximum(exact, 1.0)
    if moved.any():
        worst = int(np.argmax(np.abs(exact - steps)))
        asked, got = f"{exact[worst]:.6g} steps", f"{int(steps[worst])} steps"
        notes.line(name, "refractory period", asked, got, "rounded", "to whole steps", of="population")
    periods = np.unique(steps).tolist()
    for dead in periods:
        chosen = np.flatnonzero(steps == dead)
        made = model.make({key: column[chosen] for key, column in values.items()}, dt_ms, dead)
        own = name if len(periods) == 1 else f"{name}_ref{dead}"
        if len(periods) > 1:
            note = "a population has one refractory period"
            notes.line(own, "part of", name, f"{chosen.size} neurons", "exact", note, of="population")
        _lines(own, template, made, notes)
        yield Group(own, rows[chosen], made, template)


def _drop_unused_taus(
    values: dict[str, NDArray[np.float64]], model: Model, received: Received, rows: NDArray[np.int64]
) -> None:
    """Make both time constants equal in neurons that receive currents of one sign only."""
    if model.taus is not None:
        excitatory, inhibitory = (values[name] for name in model.taus)
        no_excitatory = ~received.excitatory[rows] & received.inhibitory[rows]
        values[model.taus[0]] = np.where(no_excitatory, inhibitory, excitatory)
        values[model.taus[1]] = np.where(received.inhibitory[rows], inhibitory, values[model.taus[0]])


def _parameters(
    table: Table, rows: NDArray[np.int64], model: Model, template: str, options: ImportOptions, notes: Notes
) -> dict[str, NDArray[np.float64]] | None:
    """Values of all parameters in ms, mV, pF and pA, or nF and nA; None after a finding (ND049, ND090, ND091)."""
    before, found = len(notes.findings), dict[str, NDArray[np.float64]]()
    for key, default in model.defaults.items():
        column = table.numbers(key)[rows]
        absent = np.isnan(column)
        if absent.any() and np.isfinite(default):
            asked = f"not in the file ({int(absent.sum())} of {rows.size})" if not absent.all() else "not in the file"
            notes.line(table.name, key, asked, f"{default:g}", "assumed", f"default of {model.source}", of="population")
        found[key] = np.where(absent, default, column)
        least = SMALLEST if key in model.positive else 0.0 if key == model.refractory else -LARGEST
        inside = (found[key] >= least) & (found[key] <= LARGEST) | (np.isneginf(found[key]) & (key == "V_min"))
        if not inside.all():
            worst = float(found[key][np.argmin(inside)])
            notes.add("ND091", f"{table.shown}: '{key}' is {worst:g}; needs {least:g} to {LARGEST:g}")
    for key in model.zero:
        if np.nan_to_num(table.numbers(key)[rows]).any():
            notes.add("ND090", f"{table.shown}: '{key}' of {template} must be 0; other values are not imported")
    if model is MODELS[SECONDS]:
        _in_ms(table, found, options, notes)
    _unused(table, rows, model, notes)
    return found if len(notes.findings) == before else None


def _in_ms(table: Table, found: dict[str, Any], options: ImportOptions, notes: Notes) -> None:
    """Convert times of IntFire1 to ms. SONATA does not say their unit: BMTK reads files in s, NEURON itself counts in ms."""
    asked = [key for key in ("tau", "refrac") if table.has(key)]
    if not asked:
        return
    unit = options.time_unit
    largest = max(float(found[key].max()) for key in asked)
    if unit is None and largest >= 1.0:
        message = (
            f"{table.shown}: times of IntFire1 up to {largest:g} do not appear to be in seconds, as BMTK reads them"
        )
        notes.add("ND049", message, "--time-unit ms or --time-unit s")
    note = "given by the user" if unit else "default, as BMTK reads them"
    notes.line(table.name, "unit of IntFire1 times", "not in the file", unit or "s", "assumed", note, of="population")
    for key in asked:
        defaulted = np.isnan(table.numbers(key)).all()
        found[key] = found[key] if defaulted or unit == "ms" else found[key] * 1e3


def _unused(table: Table, rows: NDArray[np.int64], model: Model, notes: Notes) -> None:
    """Note parameters of files that the imported neurons do not have."""
    known = {*model.defaults, *model.zero, *IGNORED}
    given = {key for number in np.unique(table.type_ids[rows]).tolist() for key in table.parameters.get(number, {})}
    for key in sorted(given - known):
        notes.line(
            table.name, f"parameter {brief(key)}", "in the file", "none", "dropped", "no counterpart", of="population"
        )


def _lines(name: str, template: str, made: Made, notes: Notes) -> None:
    """Note how the neurons of a model differ from it."""
    if made.approximate:
        got = "one exponential each: same charge and mean time"
        note = "delays and weights are adjusted; the shape of a response differs"
        notes.line(
            name, "synaptic currents", f"{made.approximate} ({template})", got, "approximate", note, of="population"
        )
    off = made.starts_off_mv[np.argmax(np.abs(made.starts_off_mv))] if made.starts_off_mv.size else 0.0
    if abs(off) > START_MV:
        got, note = f"at V_reset, up to {off:+g} mV", "decays with tau_m; a network starts at the reset value"
        notes.line(name, "voltage at the start", "at E_L", got, "approximate", note, of="population")
    if template.lower().rpartition(":")[2] == SECONDS:
        note = "the same unless both signs arrive in one step"
        notes.line(name, "events of one step", "one by one", "added", "approximate", note, of="population")
    else:
        note = "unit mV; thresholds and leaks are shifted alike"
        notes.line(name, "origin of v", "0 mV", "V_reset", "exact", note, of="population")
