"""A .nir file as a Network. dt, reset and doubtful units are asked for; every assumption is a ledger line."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.noun import NAME_PATTERN
from neurodeploy.diagnostics import about, finding, raise_errors
from neurodeploy.importers.fields import brief, numbers
from neurodeploy.importers.hdf5 import Item, Unread
from neurodeploy.importers.nir_chains import Arrival, Arrivals, arrivals, own_steps
from neurodeploy.importers.nir_depth import balancing
from neurodeploy.importers.nir_graph import FlatGraph, flatten
from neurodeploy.importers.nir_neurons import Made, NeuronReader
from neurodeploy.importers.nir_nodes import Cell, Node, Port, read_nodes
from neurodeploy.importers.nir_producers import CONVENTIONS, Convention, guessed
from neurodeploy.importers.nir_reader import NirGraph, read_nir
from neurodeploy.importers.nir_shapes import Shapes, find_shapes
from neurodeploy.importers.nir_times import SECONDS, Times
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

    Raises DiagnosticError, all findings of a stage at once: ND001, ND003, ND040 (file), ND041, ND042 (graph), ND043-ND046
    (nodes), ND047-ND049 (what the file does not say), ND050 (assumptions under strict). Warns: ND055 (what a framework does
    and nothing here says), ND056 (who seems to have written it).
    """
    notes = Notes(str(path))
    source = read_nir(path, notes, options.memory_limit_bytes)
    graph = flatten(source, notes)
    _names(graph, notes)
    convention = CONVENTIONS.get(options.producer or "")
    times = _times(source, options, convention, notes)
    nodes = read_nodes(graph, notes, times)
    shapes = find_shapes(graph, nodes, notes)
    reader = NeuronReader(notes, source.version, options, convention, times.dt_s or 1.0, _looped(graph, nodes))
    reached = {} if _broken(notes) else arrivals(graph, nodes, shapes, notes)
    cells = {name: node for name, node in sorted(nodes.items()) if isinstance(node, Cell)}
    times.ask()
    made = dict[str, Made]()
    for name, cell in cells.items():
        if _broken(notes):
            reader.question(name, cell)
        else:
            made[name] = reader.make(name, cell, reached[name].bias)
    reader.ask()
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
            told = f"node name '{brief(name)}' has characters that a name may not have"
            notes.say("ND041", f"{told}: letters, digits, '_', '.', '-'")
        elif len(name) > LONGEST_NAME:
            notes.say("ND041", f"node name '{brief(name)}' has {len(name):,} letters; {LONGEST_NAME} are the limit")


def _looped(graph: FlatGraph, nodes: dict[str, Node]) -> frozenset[str]:
    """Populations that reach themselves at once or through one operation."""
    edges = {(source, target) for target, sources in graph.into.items() for source in sources}
    back = {target for source, target in edges if source == target or (target, source) in edges}
    return frozenset(name for name in back if isinstance(nodes.get(name), Cell))


def _times(source: NirGraph, options: ImportOptions, convention: Convention | None, notes: Notes) -> Times:
    """Return the clock and the unit: the user's, the file's (metadata), or what the framework writes."""
    unit = options.time_unit or (convention.time_unit if convention else None)
    stated = _stated_dt(source.metadata, unit, notes)
    by_name = f"set by --from {convention.name}" if convention else ""
    asked = "not in the file" if stated is None else f"metadata {stated:g} s"
    if options.dt_s is not None:
        against = stated is not None and abs(stated - options.dt_s) > 1e-9 * options.dt_s
        note = "given by the user" + (", against the file" if against else "")
        if convention is not None and convention.dt_s not in (None, options.dt_s):
            note += f"; {convention.name} writes files for {convention.dt_s:g} s"
        notes.line("", "dt_s", asked, f"{options.dt_s:g} s", "assumed", note)
        return Times(notes, options.dt_s, unit)
    if stated is not None:
        notes.line("", "dt_s", asked, f"{stated:g} s", "exact", "from the file")
        return Times(notes, stated, unit)
    if convention is not None and convention.dt_s is not None:
        notes.line("", "dt_s", asked, f"{convention.dt_s:g} s", "assumed", by_name)
        return Times(notes, convention.dt_s, unit)
    return Times(notes, None, unit)


def _stated_dt(metadata: dict[str, Item], unit: str | None, notes: Notes) -> float | None:
    """The step that the metadata state, in seconds; None if they state none."""
    for key, scale in (("dt_s", 1.0), ("neurodeploy_dt_s", 1.0), ("dt", SECONDS.get(unit or "s"))):
        if key not in metadata or scale is None:
            continue
        found = numbers(metadata[key])
        if isinstance(found, Unread):
            notes.say("ND046", f"metadata '{key}' {found.why}")
        elif found.size != 1 or not 1e-12 <= float(found.ravel()[0]) * scale <= 1e6:
            notes.say("ND046", f"metadata '{key}' is no length of a step: {brief(str(found.ravel()[:3].tolist()))}")
        else:
            return float(found.ravel()[0]) * scale
    return None


@dataclass
class _Assembly:
    """Puts populations, projections and outputs together."""

    graph: FlatGraph
    nodes: dict[str, Node]
    shapes: Shapes
    reached: dict[str, Arrivals]
    made: dict[str, Made]
    dt_s: float
    notes: Notes
    convention: Convention | None

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
        wires = [(name, item) for name in ends for item in self.reached[name].paths]
        projections = self.projections(wires, [*(item.name for item in inputs), *populations])
        return Network(
            name=_network_name(path),
            time=Time(dt_s=self.dt_s),
            inputs=tuple(self.without_batch(item) for item in inputs),
            populations=tuple(populations.values()),
            projections=tuple(projections),
            outputs=tuple(outputs),
            metadata={"imported_from": {"format": "nir", "file": brief(path.name), "version": brief(version)}},
        )

    def without_batch(self, item: Input) -> Input:
        """An input whose first axis is a batch of 1, as what it feeds shows."""
        shape = item.shape
        for name, placed in self.shapes.placed.items():
            source = tuple(placed.operation.input_shape)
            if item.name in self.graph.into[name] and len(source) < len(shape) and shape[-len(source) :] == source:
                self.notes.line(
                    item.name, "axes", str(list(shape)), str(list(source)), "exact", "a leading axis of 1 is a batch"
                )
                return Input(name=item.name, shape=source)
        return item

    def outputs(self, populations: dict[str, Population]) -> tuple[list[Output], dict[str, Population]]:
        """Return what is read, and the populations without spikes that stand for layers at the end."""
        found, readouts = list[Output](), dict[str, Population]()
        for name, node in sorted(self.nodes.items()):
            if not isinstance(node, Port) or node.kind != "Output" or name not in self.graph.roots:
                continue
            given = self.reached[name]
            if (
                len(given.paths) == 1
                and not given.paths[0].computes
                and given.bias is None
                and given.paths[0].source in populations
            ):
                path = given.paths[0]
                if path.via:
                    told = f"read from '{path.source}'"
                    self.notes.line(
                        name,
                        "operations before the output",
                        listed(list(path.via)),
                        told,
                        "exact",
                        "they compute nothing",
                    )
                reads_v = not hasattr(populations[path.source].neuron, "v_threshold")
                found.append(Output(name=name, source=path.source, decoder=Membrane() if reads_v else SpikeCount()))
            elif given.paths:
                readouts[name] = self.readout(name, given)
                found.append(Output(name=name, source=name, decoder=Membrane()))
            else:
                self.notes.line(name, "output", "nothing reaches it", "left out", "dropped")
        return found, readouts

    def readout(self, name: str, given: Arrivals) -> Population:
        """A layer at the end without neurons: its values of each step are the voltages of a population that never spikes."""
        last = sorted({path.via[-1] if path.via else path.source for path in given.paths})
        note = "v of a step is what the layer gives in it; the answer is the largest in the last step"
        self.notes.line(name, "layer without neurons", listed(last), "li that keeps nothing", "assumed", note)
        bias: Any = 0.0 if given.bias is None else given.bias
        rule = Explicit(keep_v=0.0, gain_v=1.0)
        return Population(
            name=name, shape=self.shapes.out[name], neuron=Li(tau_m_s=self.dt_s, discretization=rule, bias=bias)
        )

    def projections(self, wires: list[tuple[str, Arrival]], names: list[str]) -> list[Projection]:
        """Return one projection for each chain of nodes, named by the last; a delay counts in whole steps."""
        labels = _unique([item.via[-1] if item.via else f"{item.source}_to_{target}" for target, item in wires])
        ends = [(label, item.source, target) for label, (target, item) in zip(labels, wires, strict=True)]
        if self.convention is None or self.convention.within_step:
            late = balancing(ends, names, self.notes)
        else:
            note = f"as in {self.convention.name}, where each layer takes a step"
            self.notes.line("", "unequal depth", "not in the file", "no balancing delays", "assumed", note)
            late = [0] * len(ends)
        found = [
            self.projection(label, target, item, steps)
            for label, (target, item), steps in zip(labels, wires, late, strict=True)
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
        given: Any = {"name": label, "source": item.source, "target": target, "operation": operation}
        if len(np.unique(delay)) == 1:
            return Projection(**given, delay_steps=int(delay[0]) + late)
        return Projection(**given, delay_steps=delay + late, delay_axis=item.delay_at)


def _network_name(path: Path) -> str:
    name = re.sub(r"[^A-Za-z0-9_.-]", "_", path.name.removesuffix(".nir"))[:LONGEST_NAME]
    return name if re.match(NAME_PATTERN, name) else f"_{name}"[:LONGEST_NAME]


def _candidates(label: str) -> Any:
    yield label
    yield from (f"{label}_{number}" for number in range(2, 10**6))


def _unique(labels: list[str]) -> list[str]:
    """The labels, each once: further ones get a number."""
    found, taken = list[str](), set[str]()
    for label in labels:
        free = next(name for name in _candidates(label[: LONGEST_NAME - 8]) if name not in taken)
        taken.add(free)
        found.append(free)
    return found


def _unused(nodes: dict[str, Node], reached: dict[str, Arrivals], notes: Notes) -> None:
    """Note operations that no way from an input or neuron to a neuron or output passes."""
    used = {name for given in reached.values() for path in given.paths for name in path.via}
    for name, node in sorted(nodes.items()):
        if name not in used and not isinstance(node, (Cell, Port)) and getattr(node, "bias", None) is None:
            notes.line(name, "operation", "in the file", "not used", "dropped", "no way between neurons passes it")


def _general(cells: dict[str, Cell], times: Times, options: ImportOptions, notes: Notes) -> None:
    """Lines for what holds for the whole file, and for options that nothing in it needed."""
    user, absent = "given by the user", "not in the file"
    kinds = {cell.kind for cell in cells.values()}
    if times.used:
        by_name = f"set by --from {options.producer}" if options.producer in CONVENTIONS else "default"
        notes.line("", "unit of times", absent, times.unit or "s", "assumed", user if options.time_unit else by_name)
    unused = [
        ("--reset", options.reset, kinds & {"LIF", "CubaLIF", "IF"}),
        ("--discretization", options.discretization, kinds & {"LIF", "CubaLIF", "LI", "CubaLI"}),
        ("--time-unit", options.time_unit, times.used),
        ("--from", options.producer, kinds),
    ]
    for flag, value, used in unused:
        if value is not None and not used:
            notes.line("", flag, value, "without effect", "dropped", f"{user}; nothing in the file depends on it")
    if "IF" in kinds:
        asked = "per step or per second: not in the file"
        notes.line("", "r of IF", asked, "per step", "assumed", "as sinabs writes such files")
    balanced = "" if options.producer == "spyx" else "; paths of unequal depth are balanced"
    told = f"1 step per projection, loops included{balanced}"
    notes.line("", "latency of an edge", absent, told, "assumed", "frameworks pass a layer within the step")
    notes.line("", "encoder of inputs", absent, "spikes", "assumed", "the format's default")
    notes.line("", "decoder of outputs", absent, "spike_count, or membrane of li", "assumed", "the format's default")


def _writer(source: NirGraph, nodes: dict[str, Node], path: Path, options: ImportOptions, notes: Notes) -> None:
    """Warn of what the named framework does and nothing here can (ND055), and of another that seems to have written it (ND056)."""
    convention = CONVENTIONS.get(options.producer or "")
    if convention is not None and convention.several_spikes:
        told = (
            f"{convention.name} lets a neuron spike several times in a step; here it spikes once, and what v has above"
        )
        rest = "its threshold waits (reset subtract) or is lost (reset zero)"
        notes.say("ND055", f"{told} {rest}: layers that get more than a threshold in a step answer later and less")
    if options.producer == "nir":
        notes.line("", "--from", "not in the file", "nir", "assumed", "given by the user: all is as NIR defines it")
        return
    described = " ".join(f"{key} {item}" for key, item in source.metadata.items() if isinstance(item, str))
    found = guessed(nodes, described[:10_000], path.name, in_seconds=options.time_unit in (None, "s"))
    if found is not None and found[0] != options.producer:
        name, sign = found
        applied = (
            f"what {options.producer} does is applied"
            if convention
            else "what it does and NIR cannot say is not applied"
        )
        other = "--from nir, if the file is meant as NIR defines it"
        notes.say("ND056", f"looks as if {name} wrote it: {sign}; {applied}", f"--from {name}", other)


def _strict(options: ImportOptions, notes: Notes) -> None:
    if not options.strict:
        return
    flags = {"discretization": "discretization", "unit of times": "time-unit"}
    for line in notes.ledger:
        if line.note == "default":
            told = f"{line.quantity} is {line.asked}, and '{line.got}' would be assumed"
            fix = f"--{flags[line.quantity]} {line.got}"
            notes.findings.append(finding("ND050", about("file", notes.path), told, fixes=[fix]))
