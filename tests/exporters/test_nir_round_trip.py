"""Random networks come back from a NIR file as they were, and the same network gives the same bytes."""

from __future__ import annotations

import h5py
import nir
import numpy as np
import pytest
from factories import examples, one_layer
from hypothesis import given, settings
from hypothesis import strategies as st

import neurodeploy as nd
from neurodeploy.exporters import LOSSES
from neurodeploy.exporters.nir.export import export_nir
from neurodeploy.network import (
    AvgPool2d,
    Chain,
    Conv1d,
    Conv2d,
    CubaLi,
    Explicit,
    OneToOne,
    Reset,
    SigmaDelta,
    Sparse,
    StateReset,
    SumPool2d,
    WeightFormat,
)
from neurodeploy.network.neurons import Noise

SHAPES = ((3,), (4,), (2, 3, 4), (1, 4, 4), (2, 4, 4), (2, 6), (12,))
NAMES = ("a", "b.c", "x-1", "_", "0", "in", "out", "a_delay", "conv1", "Type", "edges", "w")


def arrays(rng, shape, dice):
    """One value, an array of the shape, or a flat array, as parameters may be."""
    low = rng.uniform(0.5, 2.0, shape).astype(dice.choice((np.float64, np.float32)))
    return dice.choice((float(low.ravel()[0]), low, low.ravel()))


def neuron(dice, rng, shape):
    of = lambda scale=1.0: scale * arrays(rng, shape, dice)  # noqa: E731
    spiking = {
        "v_threshold": of(2.0),
        "comparison": dice.choice((">", ">=")),
        "reset": dice.choice(("zero", "subtract", "none", Reset(mode="value", value=-0.25))),
        "refractory_steps": dice.choice((0, 0, 3)),
        "v_floor": dice.choice((None, -1.5)),
        "bias": dice.choice((0.0, of(0.1))),
    }
    rule = dice.choice(("euler", "exact", Explicit(keep_v=0.75, gain_v=0.5, keep_i=0.5, gain_i=2.0), Explicit(keep_v=1.0, gain_v=1.0)))  # fmt: skip
    leaky = {"tau_m_s": of(0.02), "r": of(), "v_leak": dice.choice((0.0, of(0.1))), "discretization": rule}
    kind = dice.choice(("if", "lif", "cuba_lif", "li", "cuba_li", "loihi_cuba", "sigma_delta"))
    if kind == "if":
        return nd.If(r=of(), **spiking)
    if kind == "lif":
        return nd.Lif(**leaky, **spiking)
    if kind == "cuba_lif":
        return nd.CubaLif(**leaky, **spiking, tau_syn_s=of(0.01), w_in=of())
    if kind == "li":
        return nd.Li(**leaky)
    if kind == "cuba_li":
        return CubaLi(**leaky, tau_syn_s=0.01)
    if kind == "sigma_delta":
        return SigmaDelta(threshold=3, spike_exp=dice.choice((0, 2)))
    words = {"noise": dice.choice((None, Noise(at="current", exponent=3))), "reset": dice.choice(("zero", "subtract"))}
    registers = {"du": dice.choice((4095, 400)), "dv": dice.choice((0, 128)), "bias_mant": dice.choice((0, 5))}
    return nd.LoihiCuba(**registers, **words, vth_mant=100, vmin_exp=dice.choice((23, 8)))


def operation(dice, rng, source, target):
    """An operation between two shapes: a window if one fits, else any other."""
    n, m = int(np.prod(source)), int(np.prod(target))
    kind = dice.choice((np.float64, np.float32, np.int64))
    weights = lambda *shape: rng.integers(-8, 8, shape).astype(kind)  # noqa: E731
    found = [nd.dense("x", "y", weights(m, n)).operation]
    some = rng.random((m, n)) < 0.4
    post, pre = np.nonzero(some)
    found.append(Sparse(shape=(m, n), post=post, pre=pre, weights=weights(post.size)))
    if n == m:
        found += [OneToOne(weights=weights()), OneToOne(weights=weights(n)), OneToOne(weights=np.array(1.0))]
    found.append(Chain(operations=(OneToOne(weights=weights(n)), nd.dense("x", "y", weights(m, n)).operation)))
    if len(source) == 3 and len(target) == 3 and source[1:] == target[1:]:
        same = Conv2d(input_shape=source, weights=weights(target[0], source[0], 3, 3), padding=(1, 1))
        found += [same] * 4
        if source[0] == target[0]:
            found.append(SumPool2d(input_shape=source, kernel=(1, 1), stride=(1, 1)))
            found.append(Chain(operations=(same, AvgPool2d(input_shape=source, kernel=(3, 3), stride=(1, 1), padding=(1, 1)))))  # fmt: skip
    if n == 12 and m == 12:
        found.append(Conv1d(input_shape=(2, 6), weights=weights(2, 2, 3), padding=1))
    return dice.choice(found)


def delays(dice, rng, made, n, m):
    axis = dice.choice(("projection", "projection", "source", "target", "synapse"))
    shape = {"projection": (), "source": (n,), "target": (m,)}.get(axis)
    if axis == "synapse":
        if made.kind not in ("dense", "sparse", "one_to_one"):
            return {}
        shape = made.weights.shape
    steps = rng.integers(0, 4, shape)
    return {"delay_steps": int(steps) if steps.ndim == 0 else steps, "delay_axis": axis}


def projection(dice, rng, name, source, target):
    made = operation(dice, rng, source.shape, target.shape)
    integer = hasattr(target.neuron, "sends_values")
    more = {"weight_format": WeightFormat(weight_bits=8, exponent=dice.choice((0, 2)))} if integer else {}
    late = delays(dice, rng, made, int(np.prod(source.shape)), int(np.prod(target.shape)))
    return nd.Projection(name=name, source=source.name, target=target.name, operation=made, **late, **more)


def random_network(dice):
    rng = np.random.default_rng(dice.randrange(2**32))
    names = dice.sample(NAMES, len(NAMES))
    inputs = [
        nd.Input(name=names.pop(), shape=dice.choice(SHAPES), encoder=dice.choice(("spikes", "rate", "current")))
        for _ in range(dice.choice((0, 1, 1, 2)))
    ]
    populations = []
    for _ in range(dice.choice((1, 2, 3))):
        shape = dice.choice(SHAPES)
        more = {"state_reset": dice.choice((None, None, StateReset(interval_steps=5)))}
        populations.append(nd.Population(name=names.pop(), shape=shape, neuron=neuron(dice, rng, shape), **more))
    ends = [(dice.choice((*inputs, *populations)), dice.choice(populations)) for _ in range(dice.choice((1, 3, 5)))]
    wires = [projection(dice, rng, f"{dice.choice(NAMES)}{k}", *end) for k, end in enumerate(ends)]
    never = ("li", "cuba_li")
    return nd.Network(
        name="random",
        time=nd.Time(dt_s=dice.choice((1e-3, 1e-4)), steps_per_sample=dice.choice((None, 20))),
        inputs=inputs,
        populations=populations,
        projections=wires,
        outputs=[
            nd.Output(name=f"{item.name}", source=item.name, decoder="membrane" if item.neuron.kind in never else "first_spike")
            for item in populations[:2]
        ],
        probes=[nd.Probe(name="p", target=populations[0].name, variable="v")],
        metadata={"note": "ü\n", "list": [1, 2.5, None]},
    )  # fmt: skip


def written(network, folder):
    file = folder / "a.nir"
    nd.save(network, file, lossy="all")
    return file


@given(st.randoms(use_true_random=False))
@settings(max_examples=examples(300, 30), deadline=None)
def test_a_network_comes_back_as_it_was(tmp_path_factory, dice):
    network = random_network(dice)
    file = written(network, tmp_path_factory.mktemp("nir"))
    found = nd.load(file, kind=nd.Imported)
    assert found.network == network
    assert found.findings == ()
    assert nd.load(file, nd.ImportOptions(dt_s=network.time.dt_s)) == network
    assert export_nir(found.network, LOSSES).content == file.read_bytes()


@given(st.randoms(use_true_random=False))
@settings(max_examples=examples(100, 15), deadline=None)
def test_others_read_the_graph(tmp_path_factory, dice):
    """The graph is sound by itself: the importer takes it without the metadata, and so does nir."""
    network = random_network(dice)
    file = written(network, tmp_path_factory.mktemp("nir"))
    options = nd.ImportOptions(producer="nir", dt_s=network.time.dt_s, time_unit="s", reset="zero")
    graph = nd.load(file, options, kind=nd.Imported).network
    sizes = {item.name: item.size for item in (*network.inputs, *network.populations)}
    assert sizes.items() <= {item.name: item.size for item in (*graph.inputs, *graph.populations)}.items()
    assert set(nir.read(file, type_check=False).nodes) >= set(sizes)


@given(st.randoms(use_true_random=False))
@settings(max_examples=examples(40, 10), deadline=None)
def test_what_nir_reads_and_writes_again_is_the_same_network(tmp_path_factory, dice):
    network = random_network(dice)
    file = written(network, tmp_path_factory.mktemp("nir"))
    nir.write(file.with_name("b.nir"), nir.read(file, type_check=False))
    assert nd.load(file.with_name("b.nir")) == network


def small():
    return one_layer(nd.If(v_threshold=1.0, reset="subtract"), np.eye(2), output="out")


def edited(folder, change):
    file = written(small(), folder)
    graph = nir.read(file)
    change(graph)
    nir.write(file, graph)
    return nd.load(file, nd.ImportOptions(reset="zero") if change is not new_weight else None, kind=nd.Imported)


def new_weight(graph):
    graph.nodes["in_to_cells"].weight[0, 1] = 5.0


def new_threshold(graph):
    graph.nodes["cells"].v_threshold[:] = 3.0


def new_edge(graph):
    graph.edges.append(("in", "cells"))


def new_node(graph):
    graph.nodes["more"] = nir.Scale(scale=np.ones(2))
    graph.edges.append(("in", "more"))


def test_weights_that_somebody_changed_are_used_with_the_exported_semantics(tmp_path):
    found = edited(tmp_path, new_weight)
    assert [item.code for item in found.findings] == ["ND078"]
    assert "'in_to_cells.weight'" in found.findings[0].message
    assert found.network.projections[0].operation.weights.tolist() == [[1.0, 5.0], [0.0, 1.0]]
    assert found.network.populations == small().populations


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (new_threshold, "other values of 'cells.v_threshold'"),
        (new_edge, "other edges"),
        (new_node, "new nodes 'more'; other edges"),
    ],
)
def test_any_other_change_is_named_and_the_graph_counts(tmp_path, change, words):
    found = edited(tmp_path, change)
    assert words in next(item.message for item in found.findings if item.code == "ND078")
    assert found.network.populations[0].neuron.reset.mode == "zero"
    threshold = found.network.populations[0].neuron.v_threshold
    assert np.all(np.asarray(threshold) == (3.0 if change is new_threshold else 1.0))


@pytest.mark.parametrize("options", [{"dt_s": 5e-4}, {"reset": "zero"}, {"time_unit": "ms"}, {"producer": "norse"}])
def test_options_that_the_network_answers_are_refused(tmp_path, options):
    file = written(small(), tmp_path)
    with pytest.raises(nd.DiagnosticError) as error:
        nd.load(file, nd.ImportOptions(**options))
    assert [item.code for item in error.value.diagnostics] == ["ND054"]
    assert "--from nir" in str(error.value)


def damage(file, text):
    with h5py.File(file, "r+") as handle:
        del handle["node/metadata/neurodeploy_network"]
        if text is not None:
            handle["node/metadata/neurodeploy_network"] = text
    return nd.load(file, nd.ImportOptions(reset="subtract"), kind=nd.Imported)


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda document: 3, "is not text"),
        (lambda document: document[:-9], "is not JSON"),
        (lambda document: "[]", "has no version"),
        (lambda document: document.replace('"version": 1}', '"version": 99}'), "newer release (version 99"),
        (lambda document: document.replace('"edges"', '"hedges"'), "lacks a part"),
        (lambda document: document.replace('"schema_version": 1', '"schema_version": 7'), "has schema version 7"),
        (lambda document: document.replace('"if"', '"of"'), "holds no valid network"),
        (lambda document: document.replace('"in_to_cells", "weight"', '"in_to_cells", "bias"'), "refers to array"),
        (lambda document: document.replace("[2, 2]", "[2, 3]"), "refers to array"),
        (lambda document: document.replace('"<f8"', '"|O"'), "refers to array"),
    ],
)
def test_damaged_metadata_is_told_and_the_graph_is_read(tmp_path, edit, words):
    file = written(small(), tmp_path)
    with h5py.File(file) as handle:
        document = handle["node/metadata/neurodeploy_network"][()].decode()
    found = damage(file, edit(document))
    assert [item.code for item in found.findings] == ["ND079"]
    assert words in found.findings[0].message
    assert found.network.projections[0].operation == small().projections[0].operation
