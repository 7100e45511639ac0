"""Feed-forward graphs spike as in a framework that passes all layers in one step, later by their depth; loops take longer."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from factories import examples
from hypothesis import given, settings
from hypothesis import strategies as st

import neurodeploy as nd

STEPS, DRAIN = 24, 16
FIXED = nd.ImportOptions(dt_s=1e-3, time_unit="step")


class Edge(NamedTuple):
    """A Linear node, and a Delay node behind it if `steps` is not None."""

    source: str
    weight: np.ndarray
    steps: int | None


class Layer(NamedTuple):
    """Neurons of one node, and what they receive."""

    name: str
    kind: str
    size: int
    threshold: float
    tau: float
    edges: list[Edge]


eighths = st.integers(-6, 10).map(lambda n: n / 8)


@st.composite
def graphs(draw, most=5):
    """Inputs {name: size} and layers, in order; weights, thresholds and factors are binary fractions, so that floats are exact."""
    inputs = {f"in{k}": draw(st.integers(1, 3)) for k in range(draw(st.integers(1, 2)))}
    sizes, layers = dict(inputs), []
    for k in range(draw(st.integers(2, most))):
        size = draw(st.integers(1, 3))
        sources = draw(st.lists(st.sampled_from(sorted(sizes)), min_size=1, max_size=3, unique=True))
        edges = []
        for source in sources:
            rows = draw(st.lists(eighths, min_size=size * sizes[source], max_size=size * sizes[source]))
            delay = draw(st.none() | st.integers(0, 3))
            edges.append(Edge(source, np.array(rows).reshape(size, sizes[source]), delay))
        kind = draw(st.sampled_from(["IF", "LIF", "Threshold", "LI"]))
        name = draw(st.sampled_from("azm")) + f"{k}"
        layers.append(
            Layer(name, kind, size, draw(st.sampled_from([0.25, 0.5, 1.0])), draw(st.sampled_from([2.0, 4.0])), edges)
        )
        sizes[name] = size
    return inputs, layers


def fields(layer):
    ones = np.ones(layer.size)
    threshold = layer.threshold * ones
    if layer.kind == "Threshold":
        return {"threshold": threshold}
    leaky = {"tau": layer.tau * ones, "r": ones, "v_leak": 0 * ones}
    return {"r": ones, "v_threshold": threshold} if layer.kind == "IF" else {**leaky, "v_threshold": threshold}


def write(nir_file, inputs, layers, readout):
    """The graph as a NIR file. An "LI" layer is an LI and a Threshold node; `readout` is a linear layer at the end."""
    nodes = {name: ("Input", {"shape": [size]}) for name, size in inputs.items()}
    edges = []
    for layer in [*layers, readout]:
        into = layer.name
        if layer.kind == "LI":
            into = f"{layer.name}.inner"
            nodes[into] = ("LI", {key: item for key, item in fields(layer).items() if key != "v_threshold"})
            nodes[layer.name] = ("Threshold", {"threshold": fields(layer)["v_threshold"]})
            edges.append((into, layer.name))
        else:
            nodes[into] = ("Output", {"shape": [layer.size]}) if layer is readout else (layer.kind, fields(layer))
        for edge in layer.edges:
            chain = [edge.source, f"{edge.source}_{layer.name}"]
            nodes[chain[1]] = ("Linear", {"weight": edge.weight})
            if edge.steps is not None:
                chain.append(f"{chain[1]}_wait")
                nodes[chain[2]] = ("Delay", {"delay": [float(edge.steps)] * layer.size})
            edges += list(zip(chain, [*chain[1:], into], strict=True))
    for layer in layers:
        nodes[f"out_{layer.name}"] = ("Output", {"shape": [layer.size]})
        edges.append((layer.name, f"out_{layer.name}"))
    return nir_file(nodes, edges, "1.0.8")


def framework(inputs, layers, readout, rasters, subtract):
    """What a framework computes whose layers all see the spikes of the same step: spikes of each layer, and the readout."""
    found = {name: np.asarray(rasters[name], float) for name in inputs}
    total = len(next(iter(found.values())))
    for layer in layers:
        found[layer.name] = np.zeros((total, layer.size))
    values, v = np.zeros((total, readout.size)), {layer.name: np.zeros(layer.size) for layer in layers}

    def drive(layer, t):
        past = [(edge, t - (edge.steps or 0)) for edge in layer.edges]
        return sum((edge.weight @ found[edge.source][at] for edge, at in past if at >= 0), np.zeros(layer.size))

    for t in range(total):
        for layer in layers:
            x = drive(layer, t)
            if layer.kind == "Threshold":
                found[layer.name][t] = x > layer.threshold
                continue
            keep, gain = (1.0, 1.0) if layer.kind == "IF" else (1 - 1 / layer.tau, 1 / layer.tau)
            v[layer.name] = keep * v[layer.name] + gain * x
            fired = v[layer.name] > layer.threshold
            found[layer.name][t] = fired
            if layer.kind != "LI":
                v[layer.name] = (
                    v[layer.name] - layer.threshold * fired if subtract else np.where(fired, 0, v[layer.name])
                )
        values[t] = drive(readout, t)
    return found, values


def depths(inputs, layers):
    """Longest path to each layer, in edges."""
    found = dict.fromkeys(inputs, 0)
    for layer in layers:
        found[layer.name] = 1 + max(found[edge.source] for edge in layer.edges)
    return found


@settings(max_examples=examples(300, 12), deadline=None)
@given(graph=graphs(), seed=st.integers(0, 999), subtract=st.booleans())
def test_feed_forward_graphs_spike_as_in_frameworks_later_by_their_depth(tmp_path_factory, graph, seed, subtract):
    inputs, layers = graph
    rng = np.random.default_rng(seed)
    ends = sorted({layers[-1].name, layers[len(layers) // 2].name})
    sizes = {layer.name: layer.size for layer in layers}
    readout = Layer("read", "", 2, 0, 0, [Edge(end, rng.integers(-8, 9, (2, sizes[end])) / 8, None) for end in ends])
    rasters = {
        name: np.concatenate([rng.random((STEPS, size)) < 0.5, np.zeros((DRAIN, size))])
        for name, size in inputs.items()
    }
    expected, values = framework(inputs, layers, readout, rasters, subtract)
    depth = depths(inputs, [*layers, readout])
    path = write(writer(tmp_path_factory.mktemp("nir")), inputs, layers, readout)
    made = nd.load(path, FIXED.model_copy(update={"reset": "subtract" if subtract else "zero"}), kind=nd.Imported)
    program = nd.compile(made.network, "loihi1")
    shown = {name: raster[None].astype(np.uint8) for name, raster in rasters.items()}
    found = nd.run(program, shown, backend="reference")
    for layer in layers:
        late = depth[layer.name]
        raster = np.zeros((STEPS + DRAIN + 40, layer.size))
        for _, step, cell in found.spikes[layer.name]:
            raster[step - 1, cell] = 1
        assert not raster[:late].any()
        assert np.array_equal(raster[late : STEPS + DRAIN], expected[layer.name][: STEPS + DRAIN - late]), layer.name
    late = depth["read"]
    assert np.allclose(found.states["read.v"][0, late : STEPS + DRAIN], values[: STEPS + DRAIN - late])
    latency = {
        name: line.got for line in made.ledger if line.quantity == "latency of an output" for name in line.subject.names
    }
    for layer in [*layers, readout]:
        name = "read" if layer is readout else f"out_{layer.name}"
        assert latency[name] == f"{depth[layer.name]} step{'s' if depth[layer.name] != 1 else ''}"


def writer(folder):
    """As the fixture nir_file, for a folder."""
    import h5py

    def write(nodes, edges, version):
        with h5py.File(folder / "net.nir", "w") as file:
            file["version"] = version
            graph = file.create_group("node")
            graph["type"], graph["edges"] = "NIRGraph", np.array(edges, dtype="S")
            for name, (kind, values) in nodes.items():
                graph[f"nodes/{name}/type"] = kind
                for key, value in values.items():
                    graph[f"nodes/{name}/{key}"] = value
        return folder / "net.nir"

    return write


def ring(nir_file, names, back, skips=()):
    """IF neurons in a row behind an input, an edge `back` that closes a loop, and edges that skip some of them."""
    one = ("Linear", {"weight": [[1.5]]})
    nodes = {"input": ("Input", {"shape": [1]}), "output": ("Output", {"shape": [1]})}
    nodes |= {name: ("IF", {"r": [1.0], "v_threshold": [1.0]}) for name in names}
    pairs = [*zip(["input", *names], names, strict=False), back, *skips]
    edges = [(names[-1], "output")]
    for source, target in pairs:
        nodes[f"{source}_{target}"] = one
        edges += [(source, f"{source}_{target}"), (f"{source}_{target}", target)]
    return nir_file(nodes, edges, "1.0.8")


def first_spikes(path):
    """Steps in which each neuron spikes after a single spike of the input, and the ledger."""
    made = nd.load(path, FIXED.model_copy(update={"reset": "zero"}), kind=nd.Imported)
    shown = np.zeros((1, 20, 1), np.uint8)
    shown[0, 0] = 1
    spikes = nd.run(nd.compile(made.network, "loihi1"), shown, backend="reference").spikes
    lines = [line for line in made.ledger if line.quantity == "latency of a loop"]
    return {name: [int(row[1]) for row in rows] for name, rows in spikes.items()}, lines, made.network


def test_a_loop_says_how_many_steps_it_takes_and_how_many_in_frameworks(nir_file):
    spikes, lines, _ = first_spikes(ring(nir_file, ["a", "b", "c"], ("c", "a")))
    assert spikes["a"][:3] == [2, 5, 8], "around three populations in three steps"
    (line,) = lines
    assert (line.asked, line.got) == ("1 step around the loop, as in frameworks", "3 steps: 'c -> a' closes it")
    assert line.note == "spikes of 'c' reach 'a' 2 steps later than there"
    assert line.level == "approximate"


def test_a_population_connected_to_itself_takes_one_step_as_in_frameworks(nir_file):
    spikes, lines, _ = first_spikes(ring(nir_file, ["a", "b"], ("b", "b")))
    assert spikes["b"][:3] == [3, 4, 5]
    assert lines == []


def test_a_skip_beside_a_loop_is_balanced_and_the_loop_is_not(nir_file):
    path = ring(nir_file, ["a", "b", "c"], ("b", "a"), [("input", "c"), ("a", "c")])
    _, lines, network = first_spikes(path)
    delays = {item.name: item.delay_steps for item in network.projections if np.any(item.delay_steps)}
    assert delays == {"input_c": 2, "a_c": 1}
    assert [line.got for line in lines] == ["2 steps: 'b -> a' closes it"]


def test_many_loops_are_counted_beyond_the_first(nir_file):
    nodes = {"input": ("Input", {"shape": [1]})}
    cell, edges = ("IF", {"r": [1.0], "v_threshold": [1.0]}), []
    for k in range(12):
        nodes |= {f"a{k:02}": cell, f"b{k:02}": cell}
        edges += [("input", f"a{k:02}"), (f"a{k:02}", f"b{k:02}"), (f"b{k:02}", f"a{k:02}")]
    made = nd.load(nir_file(nodes, edges, "1.0.8"), FIXED.model_copy(update={"reset": "zero"}), kind=nd.Imported)
    lines = [line for line in made.ledger if line.quantity == "latency of a loop"]
    assert len(lines) == 9
    assert lines[-1].got == "4 more loops of several steps"
