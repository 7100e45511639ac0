"""Verb: a .nir file to a Network. dt, reset and doubtful units are asked for; every assumption is a ledger line."""

from __future__ import annotations

import re
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from neurodeploy._noun import NAME_PATTERN
from neurodeploy.diagnostics import finding, raise_errors
from neurodeploy.importers.nir_chains import NEURONS, OPERATIONS, Arrival, Arrivals, Chains
from neurodeploy.importers.nir_graph import FlatGraph, flatten
from neurodeploy.importers.nir_neurons import NeuronReader
from neurodeploy.importers.nir_reader import NirNode, read_nir
from neurodeploy.importers.nir_windows import own_steps
from neurodeploy.importers.options import Imported, ImportOptions
from neurodeploy.ledger import LedgerLine
from neurodeploy.network import (
    Chain,
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


def load_nir(path: Path, options: ImportOptions) -> Imported:
    """Return the network of a .nir file.

    Raises DiagnosticError, all findings of a stage at once: ND001, ND003, ND040 (file), ND041, ND042 (graph), ND043-ND046
    (nodes), ND047-ND049 (what the file does not say), ND050 (assumptions under strict).
    """
    source = read_nir(path)
    graph = flatten(path, source)
    chains = Chains(graph, str(path))
    reader = NeuronReader(str(path), source.version, options)
    _supported(graph, chains)
    raise_errors(STAGE, chains.findings)
    arrivals = {
        name: chains.arriving(name)
        for name, node in graph.nodes.items()
        if node.type in NEURONS or (node.type == "Output" and name in graph.roots)
    }
    raise_errors(STAGE, chains.findings)
    populations = _populations(graph, arrivals, reader)
    projections = [_projection(name, item, options.dt_s) for name in populations for item in arrivals[name].paths]
    outputs = _outputs(graph, arrivals, populations, chains)
    reader.ask()
    ledger = (*_assumptions(graph, options, source.version), *reader.ledger)
    raise_errors(STAGE, [*chains.findings, *reader.findings, *_strict(path, ledger, options)])
    inputs = tuple(
        Input(name=name, shape=tuple(int(n) for n in np.atleast_1d(graph.nodes[name].fields["shape"])))
        for name in sorted(graph.roots)
        if graph.nodes[name].type == "Input"
    )
    network = Network(
        name=re.sub(r"[^\w.-]", "_", path.name.removesuffix(".nir")),
        time=Time(dt_s=options.dt_s or 1.0),
        inputs=inputs,
        populations=tuple(item for item in populations.values() if item is not None),
        projections=tuple(_unique_names(projections)),
        outputs=outputs,
        metadata={"imported_from": {"format": "nir", "file": path.name, "version": source.version}},
    )
    return Imported(network=network, ledger=ledger)


def _supported(graph: FlatGraph, chains: Chains) -> None:
    known = (*NEURONS, *OPERATIONS, "Input", "Output")
    unknown = [f"'{name}' ({node.type})" for name, node in graph.nodes.items() if node.type not in known]
    if unknown:
        chains.say("ND044", f"{len(unknown)} nodes have types that are not imported: {', '.join(unknown)}")
    for name in graph.nodes:
        if not re.match(NAME_PATTERN, name):
            chains.say(
                "ND041",
                f"node name '{name}' has characters that a name may not have: letters, digits, '_', '.', '-'",
            )
    for name in graph.roots:
        if graph.nodes[name].type == "Input" and "shape" not in graph.nodes[name].fields:
            chains.say("ND045", f"node '{name}' (Input) lacks its field 'shape'")


def _size(name: str, graph: FlatGraph, arrivals: Arrivals) -> int | None:
    """Neurons of a node: its largest parameter, else what reaches it."""
    sizes = {int(np.asarray(value).size) for value in graph.nodes[name].fields.values() if not isinstance(value, str)}
    if max(sizes, default=1) > 1:
        return max(sizes)
    for item in arrivals.paths:
        if item.matrix is not None:
            return int(item.matrix.shape[0])
        if item.steps and item.shape is not None:
            return prod(item.shape)
        if item.scale is not None and item.scale.size > 1:
            return int(item.scale.size)
    shapes = [graph.nodes[item.source].fields.get("shape") for item in arrivals.paths]
    return next((prod(int(n) for n in np.atleast_1d(shape)) for shape in shapes if shape is not None), 1)


def _populations(graph: FlatGraph, arrivals: dict[str, Arrivals], reader: NeuronReader) -> dict[str, Population | None]:
    found: dict[str, Population | None] = {}
    for name, node in sorted(graph.nodes.items()):
        if node.type not in NEURONS:
            continue
        size = _size(name, graph, arrivals[name]) or 1
        bias = arrivals[name].bias
        given = None if bias is None or not np.any(bias) else bias.ravel().astype(np.float64)
        neuron = reader.read(name, node, size, given)
        found[name] = Population(name=name, shape=_shape(node, size, arrivals[name]), neuron=neuron) if neuron else None
    return found


def _shape(node: NirNode, size: int, arrivals: Arrivals) -> tuple[int, ...]:
    """Shape of a population: that of its first parameter with one value for each neuron, else that of what reaches it."""
    for item in arrivals.paths:
        if item.steps and item.shape is not None and prod(item.shape) == size:
            return item.shape
    arrays = [np.asarray(value) for value in node.fields.values() if not isinstance(value, str)]
    return next((array.shape for array in arrays if array.size == size and array.ndim), (size,))


def _projection(target: str, item: Arrival, dt_s: float | None) -> Projection:
    """One projection for a chain of nodes; it has the name of the last, a delay counts in whole steps."""
    name = item.via[-1] if item.via else f"{item.source}_to_{target}"
    steps = (*item.steps, *own_steps(item)) or (OneToOne(weights=np.array(1.0)),)
    operation = steps[0] if len(steps) == 1 else Chain(operations=steps)
    made = Projection(name=name, source=item.source, target=target, operation=operation)
    if item.delay_s is None:
        return made
    delays = np.rint(item.delay_s / (dt_s or 1.0)).astype(np.int64)
    if delays.size == 1:
        return made.model_copy(update={"delay_steps": int(delays[0])})
    return made.model_copy(update={"delay_steps": delays, "delay_axis": item.delay_at})


def _unique_names(projections: list[Projection]) -> list[Projection]:
    seen: dict[str, int] = {}
    found: list[Projection] = []
    for item in projections:
        seen[item.name] = seen.get(item.name, 0) + 1
        found.append(
            item if seen[item.name] == 1 else item.model_copy(update={"name": f"{item.name}_{seen[item.name]}"})
        )
    return found


def _outputs(
    graph: FlatGraph, arrivals: dict[str, Arrivals], populations: dict[str, Any], chains: Chains
) -> tuple[Output, ...]:
    found: list[Output] = []
    for name, item in sorted(arrivals.items()):
        if name in populations:
            continue
        for index, path in enumerate(item.paths):
            if path.via or path.source not in populations:
                chains.say(
                    "ND044",
                    f"output '{name}' is fed by {'operation ' + repr(path.via[-1]) if path.via else 'an input'}, not by a neuron",
                )
                continue
            population = populations[path.source]
            reads_v = population is not None and isinstance(population.neuron, Li)
            label = name if index == 0 else f"{name}_{index + 1}"
            found.append(Output(name=label, source=path.source, decoder=Membrane() if reads_v else SpikeCount()))
    return tuple(found)


def _assumptions(graph: FlatGraph, options: ImportOptions, version: str) -> tuple[LedgerLine, ...]:
    """One line for everything that the file does not say; the note of those that nobody answered is "default"."""
    kinds = {node.type for node in graph.nodes.values()}
    user, absent = "given by the user", "not in the file"
    lines = [("dt_s", absent, f"{options.dt_s:g} s" if options.dt_s else "asked for", user)]
    if kinds & {"LIF", "CubaLIF", "IF"}:
        lines.append(("reset", f"not in files of nir {version}", str(options.reset), f"{user}; spikes depend on it"))
    if kinds & {"LIF", "CubaLIF", "LI", "CubaLI"}:
        rule, unit = options.discretization, options.time_unit
        lines.append(("discretization", absent, rule or "euler", user if rule else "default"))
        lines.append(("unit of time constants", absent, unit or "s", user if unit else "default"))
    if "IF" in kinds:
        lines.append(("r of IF", "per step or per second: not in the file", "per step", "as sinabs writes such files"))
    others = "snnTorch and Norse pass a layer within the step"
    lines.append(("latency of an edge", absent, "1 step per projection, loops included", others))
    lines.append(("encoder of inputs", absent, "spikes", "the format's default"))
    lines.append(("decoder of outputs", absent, "spike_count, or membrane of li", "the format's default"))
    return tuple(
        LedgerLine(where="import", quantity=q, asked=asked, got=got, level="assumed", note=note)
        for q, asked, got, note in lines
    )


def _strict(path: Path, ledger: tuple[LedgerLine, ...], options: ImportOptions) -> list[Any]:
    if not options.strict:
        return []
    open_lines = [line for line in ledger if line.note == "default"]
    return [
        finding(
            "ND050",
            f"file '{path}'",
            f"{line.quantity} is {line.asked}, and '{line.got}' would be assumed",
            fixes=[f"--{'discretization' if line.quantity == 'discretization' else 'time-unit'} {line.got}"],
        )
        for line in open_lines
    ]
