"""Importer of NIR files (.nir).

The step length, the reset and doubtful units must be given as options; every other assumption is a ledger line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.noun import NAME_PATTERN
from neurodeploy.diagnostics import about, finding, raise_errors
from neurodeploy.importers.fields import brief, numbers
from neurodeploy.importers.hdf5 import Item, Unread
from neurodeploy.importers.nir.analog import check_voltages, join_thresholds
from neurodeploy.importers.nir.bias import check_start
from neurodeploy.importers.nir.chains import Arrival, Arrivals, arrivals, own_steps
from neurodeploy.importers.nir.corrections import coded_dt, corrected
from neurodeploy.importers.nir.depth import balancing
from neurodeploy.importers.nir.graph import FlatGraph, flatten
from neurodeploy.importers.nir.neurons import RESETTING, Made, NeuronReader
from neurodeploy.importers.nir.nodes import Cell, Node, Port, read_nodes
from neurodeploy.importers.nir.own_metadata import own_network
from neurodeploy.importers.nir.producers import CONVENTIONS, Convention, guessed
from neurodeploy.importers.nir.reader import NirGraph, read_nir
from neurodeploy.importers.nir.shapes import Shapes, find_shapes
from neurodeploy.importers.nir.times import SECONDS, Times
from neurodeploy.importers.notes import Notes, listed
from neurodeploy.importers.options import Imported, ImportOptions
from neurodeploy.network import (
    Chain,
    Explicit,
    Input,
    Li,
    Membrane,
    Network,
    OneToOne,
    Output,
    Population,
    Projection,
    SpikeCount,
    Time,
)

__all__ = ["load_nir"]

STAGE = "import"
LONGEST_NAME = 200


def load_nir(path: Path, options: ImportOptions) -> Imported:
    """Return the network of a .nir file.

    Raises DiagnosticError with all findings of a stage: ND001, ND003, ND040 (file), ND041, ND042 (graph), ND043-ND046
    (nodes), ND047-ND049 (not specified in the file), ND050 (assumptions under strict). Warnings: ND055 (semantics of a
    framework that cannot be expressed), ND056 (framework not named), ND078, ND079 (a network in the metadata).
    """
    notes = Notes(str(path))
    source = read_nir(path, notes, options.memory_limit_bytes)
    own = own_network(source, options, notes)
    if own is not None:
        return own
    convention = CONVENTIONS.get(options.producer or "")
    graph = corrected(flatten(source, notes), convention, notes)
    _names(graph, notes)
    _ports(graph, notes)
    times = _times(source, options, convention, notes, coded_dt(graph.nodes, convention))
    nodes = read_nodes(graph, notes, times)
    shapes = find_shapes(graph, nodes, notes)
    if not _broken(notes):
        graph, nodes = join_thresholds(graph, nodes, notes)
    reader = NeuronReader(notes, source.version, options, convention, times.dt_s or 1.0, _looped(graph, nodes))
    reached = {} if _broken(notes) else arrivals(graph, nodes, shapes, notes)
    check_voltages(graph, nodes, reached, notes)
    cells = {name: node for name, node in sorted(nodes.items()) if isinstance(node, Cell)}
    times.require()
    made = dict[str, Made]()
    for name, cell in cells.items():
        if _broken(notes):
            reader.check_reset(name, cell)
        else:
            made[name] = reader.make(name, cell.spread(shapes.out[name]), reached[name].bias)
    reader.require()
    if not _broken(notes):
        work = _Assembly(graph, nodes, shapes, reached, made, times.dt_s or 1.0, notes, convention)
        network = work.network(path, source.version)
        _unused(nodes, reached, notes)
        _general(cells, times, options, notes)
        _writer(source, nodes, path, options, notes)
        _strict(options, notes)
        raise_errors(STAGE, notes.findings, strict=options.strict)
        return Imported(network=network, ledger=notes.ledger, findings=tuple(notes.findings))
    raise_errors(STAGE, notes.findings)
    raise RuntimeError("internal: a fault without a finding")


def _broken(notes: Notes) -> bool:
    return any(item.severity == "error" for item in notes.findings)


def _names(graph: FlatGraph, notes: Notes) -> None:
    for name in graph.nodes:
        if not re.match(NAME_PATTERN, name):
            message = f"node name '{brief(name)}' contains characters that names do not allow"
            notes.add("ND041", f"{message}; allowed are letters, digits, '_', '.' and '-'")
        elif len(name) > LONGEST_NAME:
            notes.add("ND041", f"node name '{brief(name)}' has {len(name):,} characters; the limit is {LONGEST_NAME}")


def _ports(graph: FlatGraph, notes: Notes) -> None:
    """Warn of a graph without inputs or outputs (ND072), and note repeated edges."""
    kinds = {graph.nodes[name].type for name in graph.roots}
    for kind, effect in (("Input", "no spikes reach the network"), ("Output", "nothing is read out")):
        if kind not in kinds and graph.nodes:
            fix = f"add an {kind} node, with its shape and edges; nir.NIRGraph.from_list does"
            notes.add("ND072", f"has no {kind} node, so {effect}", fix)
    for source, target in graph.repeated:
        asked = f"'{brief(source)}' -> '{brief(target)}' more than once"
        notes.line("", "edges", asked, "one edge", "assumed", "the nir package refuses repeated edges")


def _looped(graph: FlatGraph, nodes: dict[str, Node]) -> frozenset[str]:
    """Populations connected to themselves directly or through one operation."""
    edges = {(source, target) for target, sources in graph.into.items() for source in sources}
    back = {target for source, target in edges if source == target or (target, source) in edges}
    return frozenset(name for name in back if isinstance(nodes.get(name), Cell))


def _times(
    source: NirGraph, options: ImportOptions, convention: Convention | None, notes: Notes, coded: float | None
) -> Times:
    """Return the step length and the unit of times: from the options, the file's metadata, or the framework.

    `coded`: step length in seconds that the parameters code.
    """
    unit = options.time_unit or (convention.time_unit if convention else None)
    stated = _stated_dt(source.metadata, unit, notes)
    usual = coded if convention is None or convention.dt_s is None else convention.dt_s
    name = "" if convention is None else convention.name
    by_producer = f"set by --from {name}" if coded is None else f"r of the nodes codes it, as {name} writes it"
    asked = "not in the file" if stated is None else f"metadata {stated:g} s"
    if options.dt_s is not None:
        against = stated is not None and abs(stated - options.dt_s) > 1e-9 * options.dt_s
        note = "given by the user" + (", which contradicts the file" if against else "")
        if usual is not None and abs(usual - options.dt_s) > 1e-3 * options.dt_s:
            note += f"; {name} assumes {usual:g} s"
        notes.line("", "dt_s", asked, f"{options.dt_s:g} s", "assumed", note)
        return Times(notes, options.dt_s, unit)
    if stated is not None:
        notes.line("", "dt_s", asked, f"{stated:g} s", "exact", "from the file")
        return Times(notes, stated, unit)
    if usual is not None:
        notes.line("", "dt_s", asked, f"{usual:g} s", "assumed", by_producer)
        return Times(notes, usual, unit)
    return Times(notes, None, unit)


def _stated_dt(metadata: dict[str, Item], unit: str | None, notes: Notes) -> float | None:
    """Step length in the metadata, in seconds; None if absent."""
    for key, scale in (("dt_s", 1.0), ("neurodeploy_dt_s", 1.0), ("dt", SECONDS.get(unit or "s"))):
        if key not in metadata or scale is None:
            continue
        found = numbers(metadata[key])
        if isinstance(found, Unread):
            notes.add("ND046", f"metadata '{key}' {found.why}")
        elif found.size != 1 or not 1e-12 <= float(found.ravel()[0]) * scale <= 1e6:
            shown = brief(str(found.ravel()[:3].tolist()))
            notes.add("ND046", f"metadata '{key}' is not a valid step length: {shown}")
        else:
            return float(found.ravel()[0]) * scale
    return None


@dataclass
class _Assembly:
    """Assembles populations, projections and outputs into a network."""

    graph: FlatGraph
    nodes: dict[str, Node]
    shapes: Shapes
    reached: dict[str, Arrivals]
    made: dict[str, Made]
    dt_s: float
    notes: Notes
    convention: Convention | None
    depth: dict[str, int] = field(default_factory=dict[str, int])
    """Steps by which the spikes of each population come later than in the framework."""

    def network(self, path: Path, version: str) -> Network:
        """Return the network."""
        inputs = [
            Input(name=name, shape=self.shapes.out[name])
            for name, node in sorted(self.nodes.items())
            if isinstance(node, Port) and node.kind == "Input" and name in self.graph.roots
        ]
        populations = {
            name: Population(name=name, shape=self.shapes.out[name], neuron=item.neuron)
            for name, item in self.made.items()
        }
        outputs, readouts = self.outputs(populations)
        populations |= readouts
        ends = [name for name in populations if name in self.reached]
        arriving = [(name, item) for name in ends for item in self.reached[name].paths]
        projections = self.projections(arriving, [*(item.name for item in inputs), *populations])
        for item in outputs:
            steps = self.depth.get(item.source, 0)
            got, note = f"{steps} step{'s' if steps != 1 else ''}", "one for each projection on the longest path"
            self.notes.line(item.name, "latency of an output", "all layers in one step", got, "exact", note)
        check_start(populations.values(), self.depth, self.dt_s, self.notes)
        return Network(
            name=_network_name(path),
            time=Time(dt_s=self.dt_s),
            inputs=tuple(inputs),
            populations=tuple(populations.values()),
            projections=tuple(projections),
            outputs=tuple(outputs),
            metadata={"imported_from": {"format": "nir", "file": brief(path.name), "version": brief(version)}},
        )

    def outputs(self, populations: dict[str, Population]) -> tuple[list[Output], dict[str, Population]]:
        """Return the outputs, and the non-spiking populations that represent final layers without neurons."""
        found, readouts = list[Output](), dict[str, Population]()
        for name, node in sorted(self.nodes.items()):
            if not isinstance(node, Port) or node.kind != "Output" or name not in self.graph.roots:
                continue
            arrived = self.reached[name]
            if (
                len(arrived.paths) == 1
                and arrived.paths[0].is_plain
                and arrived.bias is None
                and arrived.paths[0].source in populations
            ):
                path = arrived.paths[0]
                if path.via:
                    got, asked = f"read from '{path.source}'", listed(list(path.via))
                    note = "they change no value" if path.delay is None else "read without the delay, so earlier"
                    self.notes.line(name, "operations before the output", asked, got, "exact", note)
                reads_v = not hasattr(populations[path.source].neuron, "v_threshold")
                found.append(Output(name=name, source=path.source, decoder=Membrane() if reads_v else SpikeCount()))
            elif arrived.paths:
                readouts[name] = self.readout(name, arrived)
                found.append(Output(name=name, source=name, decoder=Membrane()))
            else:
                self.notes.line(name, "output", "not connected", "left out", "dropped")
        return found, readouts

    def readout(self, name: str, arrived: Arrivals) -> Population:
        """A non-spiking population whose voltages are the values of a final layer without neurons."""
        last = sorted({path.via[-1] if path.via else path.source for path in arrived.paths})
        note = "v is the value of the layer in each step; the answer is the largest in the last step"
        self.notes.line(name, "layer without neurons", listed(last), "li without memory", "assumed", note)
        bias: Any = 0.0 if arrived.bias is None else arrived.bias
        rule = Explicit(keep_v=0.0, gain_v=1.0)
        return Population(
            name=name, shape=self.shapes.out[name], neuron=Li(tau_m_s=self.dt_s, discretization=rule, bias=bias)
        )

    def projections(self, arriving: list[tuple[str, Arrival]], names: list[str]) -> list[Projection]:
        """Return one projection for each chain of operations, named after the last node of the chain."""
        labels = _unique([item.via[-1] if item.via else f"{item.source}_to_{target}" for target, item in arriving])
        ends = [(label, item.source, target) for label, (target, item) in zip(labels, arriving, strict=True)]
        if self.convention is None or self.convention.within_step:
            late, self.depth = balancing(ends, names, self.notes)
        else:
            note = f"as in {self.convention.name}, where each layer takes a step"
            self.notes.line("", "unequal depth", "not in the file", "no balancing delays", "assumed", note)
            late, self.depth = [0] * len(ends), dict.fromkeys({target for _, _, target in ends}, 1)
        found = [
            self.projection(label, target, item, steps)
            for label, (target, item), steps in zip(labels, arriving, late, strict=True)
        ]
        taken = set(labels)
        for name, item in self.made.items():
            if item.correction is not None:
                weights = np.broadcast_to(item.correction, (self.shapes.width(name),))
                label = next(label for label in _candidates(f"{name}_reset") if label not in taken)
                found.append(Projection(name=label, source=name, target=name, operation=OneToOne(weights=weights)))
        return found

    def projection(self, label: str, target: str, item: Arrival, late: int) -> Projection:
        steps = (*item.steps, *own_steps(item)) or (OneToOne(weights=np.array(1.0)),)
        operation = steps[0] if len(steps) == 1 else Chain(operations=steps)
        delay: NDArray[np.int64] = np.zeros(1, dtype=np.int64) if item.delay is None else item.delay
        late += self.made[target].late_steps if target in self.made else 0
        fields: Any = {"name": label, "source": item.source, "target": target, "operation": operation}
        if len(np.unique(delay)) == 1:
            return Projection(**fields, delay_steps=int(delay[0]) + late)
        return Projection(**fields, delay_steps=delay + late, delay_axis=item.delay_at)


def _network_name(path: Path) -> str:
    name = re.sub(r"[^A-Za-z0-9_.-]", "_", path.name.removesuffix(".nir"))[:LONGEST_NAME]
    return name if re.match(NAME_PATTERN, name) else f"_{name}"[:LONGEST_NAME]


def _candidates(label: str) -> Iterator[str]:
    yield label
    yield from (f"{label}_{number}" for number in range(2, 10**6))


def _unique(labels: list[str]) -> list[str]:
    """The labels, made unique by appending numbers."""
    found, taken = list[str](), set[str]()
    for label in labels:
        free = next(name for name in _candidates(label[: LONGEST_NAME - 8]) if name not in taken)
        taken.add(free)
        found.append(free)
    return found


def _unused(nodes: dict[str, Node], reached: dict[str, Arrivals], notes: Notes) -> None:
    """Note operations that are not on any path between neurons, inputs and outputs."""
    used = {name for arrived in reached.values() for path in arrived.paths for name in path.via}
    for name, node in sorted(nodes.items()):
        if name not in used and not isinstance(node, (Cell, Port)) and getattr(node, "bias", None) is None:
            notes.line(name, "operation", "in the file", "not used", "dropped", "on no path between neurons")


def _general(cells: dict[str, Cell], times: Times, options: ImportOptions, notes: Notes) -> None:
    """Add ledger lines for the whole file, and for options without effect."""
    user, absent = "given by the user", "not in the file"
    kinds = {cell.kind for cell in cells.values()}
    if times.used:
        other = f"set by --from {options.producer}" if options.producer in CONVENTIONS else "default"
        notes.line("", "unit of times", absent, times.unit or "s", "assumed", user if options.time_unit else other)
    unused = [
        ("--reset", options.reset, kinds & set(RESETTING)),
        ("--comparison", options.comparison, any(cell.spikes for cell in cells.values())),
        ("--if-gain", options.if_gain, kinds & {"IF", "I"}),
        ("--discretization", options.discretization, kinds & {"LIF", "CubaLIF", "LI", "CubaLI"}),
        ("--time-unit", options.time_unit, times.used),
        ("--from", options.producer, kinds),
    ]
    for flag, value, used in unused:
        if value is not None and not used:
            notes.line("", flag, value, "without effect", "dropped", f"{user}; without effect on this file")
    if kinds & {"IF", "I"}:
        asked, note = "per step or per second: not in the file", "as in files written by sinabs"
        got = f"per {options.if_gain or 'step'}"
        notes.line(
            "",
            f"r of {' and '.join(sorted(kinds & {'IF', 'I'}))}",
            asked,
            got,
            "assumed",
            user if options.if_gain else note,
        )
    balanced = "" if options.producer == "spyx" else "; paths of unequal depth are balanced"
    got = f"1 step per projection, loops included{balanced}"
    notes.line("", "latency of an edge", absent, got, "assumed", "in frameworks a spike passes all layers in one step")
    notes.line("", "encoder of inputs", absent, "spikes", "assumed", "default of the format")
    notes.line("", "decoder of outputs", absent, "spike_count, or membrane of li", "assumed", "default of the format")


def _writer(source: NirGraph, nodes: dict[str, Node], path: Path, options: ImportOptions, notes: Notes) -> None:
    """Warn of semantics that cannot be expressed (ND055), and of a framework that is not named (ND056)."""
    convention = CONVENTIONS.get(options.producer or "")
    if convention is not None and convention.several_spikes:
        message = (
            f"{convention.name} allows several spikes of a neuron in one step; imported neurons spike at most once"
        )
        rest = "keep the excess of v for later steps (reset subtract) or lose it (reset zero)"
        notes.add("ND055", f"{message}, and {rest}: strongly driven layers spike later and less")
    if options.producer == "nir":
        notes.line("", "--from", "not in the file", "nir", "assumed", "given by the user: read as NIR defines it")
        return
    described = " ".join(f"{key} {item}" for key, item in source.metadata.items() if isinstance(item, str))
    found = guessed(nodes, described[:10_000], path.name, in_seconds=options.time_unit in (None, "s"))
    if found is not None and found[0] != options.producer:
        name, sign = found
        applied = f"the semantics of {options.producer} are applied" if convention else "its semantics are not applied"
        other = "--from nir, to read the file as NIR defines it"
        notes.add("ND056", f"appears to be written by {name} ({sign}); {applied}", f"--from {name}", other)


def _strict(options: ImportOptions, notes: Notes) -> None:
    if not options.strict:
        return
    flags = {"discretization": "discretization", "unit of times": "time-unit"}
    for line in notes.ledger:
        if line.note == "default":
            message = f"{line.quantity}: {line.asked}; '{line.got}' would be assumed"
            fix = f"--{flags[line.quantity]} {line.got}"
            notes.findings.append(finding("ND050", about("file", notes.path), message, fixes=[fix]))
