"""A network as a NIR graph, with the whole network in the graph's metadata."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics import raise_errors
from neurodeploy.exporters.nir.graph import GraphBuilder, floats, wholes
from neurodeploy.exporters.nir.layout import graph_shapes
from neurodeploy.exporters.nir.neurons import constant_current, neuron_node, weight_unit
from neurodeploy.exporters.nir.paths import MOST_ENTRIES, Paths, carries_bias
from neurodeploy.exporters.nir.timing import added_steps
from neurodeploy.exporters.nir.write import graph_bytes
from neurodeploy.exporters.notes import ExportNotes
from neurodeploy.exporters.options import Exported
from neurodeploy.network import CubaLi, Li, Network, Projection, SpikeCount, Spikes
from neurodeploy.network.embedded import digest, embed
from neurodeploy.network.validate import require_valid
from neurodeploy.network.written_out import written_out

__all__ = ["export_nir"]

STAGE = "export"
Array = NDArray[Any]


def export_nir(network: Network, lossy: Collection[str] = ()) -> Exported:
    """Return the content of the NIR file of a network. `lossy`: losses (LOSSES) that are allowed.

    Raises DiagnosticError: ND075 (losses that are not allowed, all at once), ND076 (parts that NIR cannot hold),
    ND101-ND120, ND124, ND134 (an invalid network), ND135 (too many drawn synapses).
    """
    require_valid(network)
    notes, drawn = ExportNotes(network.name, lossy), network
    network = written_out(network)
    for before, after in zip(drawn.projections, network.projections, strict=True):
        if before is not after:
            note = "NIR has no drawn synapses"
            notes.line("projection", before.name, "operation", before.operation.kind, "sparse", "exact", note)
    graph, held = GraphBuilder(), dict[str, tuple[tuple[str, str], Array]]()
    _Export(network, graph, notes, held).write()
    notes.refuse_losses("NIR")
    findings = raise_errors(STAGE, notes.findings)
    nodes = {
        name: {"type": digest(node.kind), **{key: digest(value) for key, value in node.fields.items()}}
        for name, node in graph.nodes.items()
    }
    embedded = embed(network, held, nodes, graph.edges)
    content = graph_bytes(graph, network.time.dt_s, embedded)
    return Exported(content=content, ledger=notes.ledger, findings=findings)


class _Export:
    """Writer of one network into a graph."""

    def __init__(
        self, network: Network, graph: GraphBuilder, notes: ExportNotes, held: dict[str, tuple[tuple[str, str], Array]]
    ) -> None:
        self.network, self.graph, self.notes = network, graph, notes
        self.projections = self.carrying()
        self.current = {item.name: constant_current(item) for item in network.populations}
        self.host = {name: self.hosting(name, bias) for name, bias in self.current.items() if bias is not None}
        alone = [name for name, host in self.host.items() if host is None]
        self.shapes = graph_shapes(network, self.projections, alone)
        self.paths = Paths(graph, self.shapes, network.time.dt_s, notes, held)

    def carrying(self) -> tuple[Projection, ...]:
        """The projections except those of populations that never spike, whose NIR nodes would send v."""
        kept = list[Projection]()
        for item in self.network.projections:
            source = self.network.population_by_name.get(item.source)
            if source is not None and isinstance(source.neuron, (Li, CubaLi)):
                note = f"'{item.source}' never spikes, but a {source.neuron.kind.upper()} node sends its v"
                self.notes.line("projection", item.name, "projection", "carries nothing", "left out", "exact", note)
            else:
                kept.append(item)
        return tuple(kept)

    def hosting(self, name: str, bias: Array) -> str | None:
        """The projection whose bias holds the constant current of a population; None if there is none."""
        into = (item for item in self.projections if item.target == name)
        return next((item.name for item in into if carries_bias(item, bias)), None)

    def write(self) -> None:
        """Add all nodes and edges."""
        network, graph = self.network, self.graph
        for item in (*network.inputs, *network.populations):
            graph.reserve(item.name)
        ends = {item.name: graph.reserve(item.name) for item in network.outputs}
        main = {item.name: graph.reserve(item.name) for item in self.projections}
        for item in network.inputs:
            graph.put(item.name, "Input", {"shape": wholes(*self.shapes[item.name])})
        for item in network.populations:
            made = neuron_node(item, self.shapes[item.name], network.time.dt_s, self.notes)
            graph.put(item.name, made.kind, made.fields)
        late = added_steps(network, self.projections, self.notes)
        for item in self.projections:
            self.projection(item, main[item.name], late[item.name])
        for name, host in self.host.items():
            if host is None:
                self.bias(name)
        for item in network.outputs:
            graph.put(ends[item.name], "Output", {"shape": wholes(*self.shapes[item.source])})
            graph.connect(item.source, ends[item.name])
        self.left_out()

    def projection(self, item: Projection, name: str, late: int) -> None:
        """Add one projection."""
        if item.port != "a":
            self.notes.lose("ports", "projection", item.name, f"port '{item.port}'", "the only input")
        if item.plasticity is not None:
            has = f"a learning rule ({item.plasticity.kind.replace('_', ' ')})"
            self.notes.lose("plasticity", "projection", item.name, has, "weights that stay as they are")
        style = item.weight_format
        unit = weight_unit(self.network.population_by_name[item.target], 0 if style is None else style.exponent)
        if unit != 1.0:
            got, note = f"times {unit:g}", "mantissa * 2**exponent * 2**6, in the units of v"
            self.notes.line("projection", item.name, "integer weights", "mantissas", got, "exact", note)
        bias = self.current[item.target] if self.host.get(item.target) == item.name else None
        self.paths.write(item, name, unit, late, bias)

    def bias(self, name: str) -> None:
        """Add an Affine node of weight 0 for a constant current that no projection can hold."""
        bias, inputs = self.current[name], self.network.inputs
        assert bias is not None, "internal: a population without a constant current has no node for it"
        source = min(inputs, key=lambda item: item.size).name if inputs else None
        if source is None:
            source = "constant" if "constant" in self.graph.nodes else self.graph.reserve("constant")
            self.graph.put(source, "Input", {"shape": wholes(1)})
        n_in = int(np.prod(self.shapes[source])) if inputs else 1
        if bias.size * n_in > MOST_ENTRIES:
            self.notes.fault("population", name, f"needs a matrix of {bias.size * n_in:,} entries in NIR for its bias")
            return
        label = self.graph.reserve(f"{name}_bias")
        before = [] if not inputs or len(self.shapes[source]) == 1 else [self.paths.flatten(label, self.shapes[source])]
        self.graph.put(label, "Affine", {"weight": np.zeros((bias.size, n_in)), "bias": floats(bias, bias.shape)})
        self.graph.connect(source, *before, label, name)
        got, note = f"an Affine node '{label}' of weight 0", "NIR neurons have no constant current"
        self.notes.line("population", name, "bias", "of the neurons", got, "exact", note)

    def left_out(self) -> None:
        """Add ledger lines for what only the metadata holds."""
        network, notes, only = self.network, self.notes, "in the metadata only"
        notes.line("network", network.name, "dt_s", f"{network.time.dt_s:g} s", only, "dropped", "NIR has no step")
        steps = network.time.steps_per_sample
        if steps is not None:
            notes.line("network", network.name, "steps_per_sample", f"{steps}", only, "dropped")
        for item in network.inputs:
            if not isinstance(item.encoder, Spikes):
                note = "other tools take spikes or currents as they are given"
                notes.line("input", item.name, "encoder", item.encoder.kind, only, "dropped", note)
        for item in network.outputs:
            if item.decoder != SpikeCount():
                notes.line("output", item.name, "decoder", item.decoder.kind, only, "dropped")
        for item in network.projections:
            if item.plasticity is not None:
                note = "NIR has no learning; other tools keep the weights as they are"
                notes.line("projection", item.name, "plasticity", item.plasticity.text, only, "dropped", note)
        for item in network.probes:
            notes.line("probe", item.name, "probe", f"{item.target}.{item.variable}", only, "dropped")
