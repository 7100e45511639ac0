"""Shapes, check, compile, the API and fit give one network the same verdict, and offered fixes work."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest
from factories import examples, with_limits
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import neurodeploy as nd
from neurodeploy.cli.main import app
from neurodeploy.compiler import CompileOptions, compile_network, fit_network
from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.hardware import load_target
from neurodeploy.mapping import MappingOptions, fit_layers, partition
from neurodeploy.network.connectivity import synapses_of
from neurodeploy.network.layer_shapes import LayerStack, geometries
from neurodeploy.network.operations import Conv2d, Dense, Sparse, WeightFormat
from neurodeploy.quantize import quantize

STYLE = WeightFormat(weight_bits=8)
CELLS = nd.LoihiCuba(du=4095, dv=64, vth_mant=200)


def numbers(rng, shape):
    """Even mantissas, none of them 0."""
    return 2 * rng.integers(1, 60, shape)


def weighted(stack, *, seed=0, keep=1.0):
    """Return the network of a stack of layers, without `1 - keep` of its weights."""
    rng, source, links = np.random.default_rng(seed), "in", []
    for layer in geometries(stack):
        deep = layer.source[0] // layer.groups
        if layer.shares:
            weights = numbers(rng, (layer.shape[0], deep, *layer.kernel))
            weights = np.full_like(weights, 64) if layer.equal_weights else weights
            operation = Conv2d(
                input_shape=layer.source,
                weights=weights * (rng.random(weights.shape) < keep),
                stride=layer.stride,
                padding=layer.padding,
                groups=layer.groups,
            )
        else:
            weights = numbers(rng, (layer.shape[0], deep))
            operation = Dense(weights=weights * (rng.random(weights.shape) < keep))
        links.append(
            nd.Projection(
                name=f"to_{layer.name}", source=source, target=layer.name, operation=operation, weight_format=STYLE
            )
        )
        source = layer.name
    return nd.Network(
        name=stack.name,
        time=nd.Time(dt_s=1e-3),
        inputs=(nd.Input(name="in", shape=stack.input),),
        populations=tuple(
            nd.Population(name=layer.name, shape=layer.shape, neuron=CELLS) for layer in geometries(stack)
        ),
        projections=tuple(links),
    )


def gestures():
    """Return a network of six layers and 18,678 neurons, as event cameras drive them, and a layout of 42 cores for it."""
    layers = [
        {"kind": "depthwise", "name": "relay"},
        {"kind": "conv", "name": "c1", "channels": 16, "kernel": 4, "stride": 2},
        {"kind": "conv", "name": "c2", "channels": 32, "kernel": 3},
        {"kind": "conv", "name": "c3", "channels": 64, "kernel": 3},
        {"kind": "conv", "name": "c4", "channels": 11, "kernel": 3},
        {"kind": "dense", "name": "out", "channels": 11},
    ]
    stack = LayerStack.model_validate({"name": "gestures", "input": (1, 32, 32), "layers": layers})
    cores, first = {}, 0
    for name, count in {"relay": 1, "c1": 4, "c2": 16, "c3": 16, "c4": 4, "out": 1}.items():
        cores[name], first = tuple(range(first, first + count)), first + count
    return weighted(stack), cores


def written_out(network):
    """Return a network with every synapse of its convolutions written out."""
    links = []
    for item in network.projections:
        found = synapses_of(item, network.source_size(item.source))
        shape = (network.source_size(item.target), network.source_size(item.source))
        operation = Sparse(shape=shape, pre=found.pre, post=found.post, weights=found.weights)
        links.append(item.model_copy(update={"operation": operation}))
    return network.model_copy(update={"projections": tuple(links)})


TILES = {"fits": "fits", "proven not to fit": "proven not to fit", "not placed": "not placed by this mapper"}
"""The verdicts of shapes in the words of a compilation."""


def chip(cores, rules=None, **limits):
    """Loihi 1 with so many cores and the limits given."""
    return with_limits(
        load_target("loihi1", rules=rules), cores=cores, mesh_columns=cores, mesh_rows=1, cores_per_tile=1, **limits
    )


@st.composite
def layered(draw):
    """A few small layers, and a chip with about as many cores as they need."""
    kinds = draw(st.lists(st.sampled_from(["conv", "conv", "depthwise", "pool"]), min_size=1, max_size=3))
    layers = []
    for kind in kinds:
        kernel = 2 if kind == "pool" else draw(st.sampled_from([1, 2, 3]))
        stride = 2 if kind == "pool" else draw(st.sampled_from([1, 1, 2]))
        layers.append({"kind": kind, "kernel": kernel, "stride": stride, "padding": kernel // 3})
        layers[-1] |= {"channels": draw(st.integers(2, 9))} if kind == "conv" else {}
    if draw(st.booleans()):
        layers.append({"kind": "dense", "channels": draw(st.integers(2, 12))})
    size = draw(st.integers(8, 10))
    net = {"name": "net", "input": (draw(st.integers(1, 3)), size, size + draw(st.integers(-1, 1))), "layers": layers}
    limits = {name: draw(st.sampled_from([64, 128, 256])) for name in ("input_axons", "output_axons")}
    limits["compartments"] = draw(st.sampled_from([16, 32, 64]))
    rules = draw(st.sampled_from(["nengo-loihi", "nxtf"]))
    return LayerStack.model_validate(net), rules, limits, draw(st.integers(-3, 2))


def shaped(drawn):
    """The layers, or None where a map is smaller than the kernel over it."""
    try:
        geometries(drawn)
    except DiagnosticError:
        return False
    return True


@settings(max_examples=examples(25), deadline=None)
@given(layered())
def test_a_verdict_from_shapes_is_that_of_compile_at_its_default_level(drawn):
    stack, rules, limits, beyond = drawn
    if not shaped(stack):
        return
    needed = fit_layers(stack, chip(2000, rules, **limits)).cores
    target = chip(max((needed or 1) + beyond, 1), rules, **limits)
    told = fit_layers(stack, target)
    result = compile_network(weighted(stack), target, CompileOptions(fixes=False))
    assert TILES[told.verdict] == result.verdict
    if told.verdict == "fits":
        assert result.n_cores <= told.cores <= target.cores


def asked(model, target, *options):
    run = CliRunner().invoke(app, ["check", str(model), "-t", str(target), "--json", "--fix-time", "0", *options])
    return json.loads(run.stdout)


@st.composite
def small_networks(draw):
    """A recurrent network and a few cores of a tiny chip, which may hold it or not."""
    size, n_in = draw(st.integers(2, 26)), draw(st.integers(1, 8))
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    drive = 2 * rng.integers(1, 60, (size, n_in)) * (rng.random((size, n_in)) < 0.6)
    loop = 2 * rng.integers(1, 60, (size, size)) * (rng.random((size, size)) < 0.1)
    return nd.Network(
        name="net",
        time=nd.Time(dt_s=1e-3),
        inputs=(nd.Input(name="in", shape=n_in),),
        populations=(nd.Population(name="cells", shape=size, neuron=CELLS),),
        projections=(
            nd.dense("in", "cells", drive, weight_format=STYLE),
            nd.sparse("cells", "cells", loop, weight_format=STYLE),
        ),
        outputs=(nd.Output(name="out", source="cells"),),
    )


@settings(max_examples=examples(15), deadline=None)
@given(network=small_networks(), board=st.sampled_from([None, "pair"]))
def test_check_compile_the_api_and_fit_agree(tmp_path_factory, network, board):
    folder = tmp_path_factory.mktemp("agree")
    nd.save(network, folder / "net.nd.json")
    target = load_target("tiny", board=board)
    whole = compile_network(network, target, CompileOptions(fix_time_s=0))
    found = {whole.verdict, compile_network(network, target, CompileOptions(fixes=False)).verdict}
    cores = {whole.n_cores}
    told = asked(folder / "net.nd.json", "tiny", *(("--board", board) if board else ()))
    (row,) = [row for row in fit_network(network, [target]) if row.board == board]
    found |= {told["verdict"], row.verdict}
    cores |= {told["cores"], row.cores}
    assert (len(found), len(cores)) == (1, 1)
    why = [(item.code, item.message, item.found) for item in whole.findings if item.severity == "error"]
    assert why == [
        (item["code"], item["message"], item.get("found")) for item in told["findings"] if item["severity"] == "error"
    ]
    try:
        program = nd.compile(network, target, options=CompileOptions(fix_time_s=0))
    except DiagnosticError:
        assert whole.verdict != "fits"
    else:
        assert program.digest() == whole.require().digest()


def test_a_bound_is_never_above_the_cores_and_a_proof_holds_for_every_way_to_ask():
    network = weighted(
        LayerStack.model_validate({"name": "n", "input": (1, 9, 9), "layers": [{"kind": "conv", "channels": 8}]})
    )
    for cores in range(1, 12):
        result = compile_network(network, chip(cores, compartments=64), CompileOptions(fixes=False))
        bound = max(result.lower_bounds.values())
        assert (result.verdict == "proven not to fit") == (bound > cores)
        assert result.n_cores is None or result.n_cores >= bound


def test_a_pin_to_too_few_cores_is_the_reason_that_is_named_with_what_helps():
    network, target = weighted(STACK), chip(40, compartments=64)
    pinned = CompileOptions(pins={"conv1": (0,), "conv2": tuple(range(1, 12))})
    result = compile_network(network, target, pinned)
    (item,) = [item for item in result.findings if item.severity == "error"]
    assert (item.code, str(item.subject), item.limit, item.unit) == ("ND401", "population 'conv1'", 1, "core")
    assert item.message.startswith("needs more cores than it is pinned to (proven")
    assert item.found == 8  # 8 x 8 x 8 neurons, 64 to a core
    assert result.verdict == "proven not to fit"
    fix = item.fixes[0]
    assert fix.change == {"pins": {"conv2": tuple(range(1, 12))}}
    assert fix.text.startswith("without --pin conv1 it needs ")
    again = compile_network(network, target, CompileOptions(**fix.change))
    assert again.verdict == "fits"
    assert f" {again.n_cores} cores" in fix.text


STACK = LayerStack.model_validate(
    {
        "name": "net",
        "input": (1, 8, 8),
        "layers": [{"kind": "conv", "channels": 8}, {"kind": "conv", "channels": 8}],
    }
)


def test_avoided_cores_are_named_where_they_are_the_reason():
    network, target = weighted(STACK), chip(20, compartments=64)
    assert compile_network(network, target).verdict == "fits"
    avoided = CompileOptions(avoid_cores=tuple(range(10)))
    result = compile_network(network, target, avoided)
    (item,) = [item for item in result.findings if item.severity == "error"]
    assert (item.code, item.limit) == ("ND401", 10)
    assert "10 of its cores are excluded by option 'avoid_cores'" in item.message
    assert result.verdict == "proven not to fit"
    assert item.fixes[0].change == {"avoid_cores": ()}
    assert item.fixes[0].text == f"without --avoid-cores it needs {compile_network(network, target).n_cores} cores"


def test_cores_left_beside_pinned_ones_are_too_few():
    result = compile_network(
        weighted(STACK), chip(20, compartments=64), CompileOptions(pins={"conv1": tuple(range(18))})
    )
    (item,) = [item for item in result.findings if item.severity == "error"]
    assert str(item.subject) == "population 'conv2'"
    assert item.message.startswith("needs more cores than are left by pinned populations")
    assert (item.found, item.limit) == (8, 2)


TIGHT_LIMITS = {"compartments": 16, "input_axons": 64, "output_axons": 128}
WIDE = {"kind": "conv", "kernel": 3, "padding": 1}
TIGHT = {
    "name": "net",
    "input": (2, 8, 8),
    "layers": [{**WIDE, "channels": 7}, {**WIDE, "channels": 8}, {**WIDE, "channels": 8, "stride": 2}],
}


def test_a_chain_that_first_fit_spreads_too_far_is_cut_into_tiles():
    stack = LayerStack.model_validate(TIGHT)
    target = chip(fit_layers(stack, chip(2000, **TIGHT_LIMITS)).cores, **TIGHT_LIMITS)
    with pytest.raises(DiagnosticError, match="ND401"):
        partition(quantize(weighted(stack), target), target)
    assert partition(quantize(weighted(stack), target), target, options=MappingOptions(level=1)).n_cores == target.cores
    assert compile_network(weighted(stack), target).verdict == "fits"


@pytest.mark.slow
def test_a_pinned_layout_of_six_layers_is_placed_and_one_that_is_too_small_is_refused_soon():
    network, layout = gestures()
    assert sum(item.size for item in network.populations) == 18_678
    target = load_target("loihi1")
    placed = compile_network(network, target, CompileOptions(pins=layout))
    assert placed.verdict == "fits"
    written = compile_network(written_out(network), target, CompileOptions(pins=layout))
    (item,) = [item for item in written.findings if item.severity == "error"]
    assert (str(item.subject), item.found, item.limit) == ("population 'c3'", 18, 16)  # 2.2 million synapses of 8 bits
    seconds = dict(written.stage_seconds)
    assert seconds.pop("fixes") <= 2 * max(10.0, 3.0 * sum(seconds.values()))


@pytest.mark.slow
def test_mobilenet_gets_the_same_verdict_and_cores_from_shapes_and_from_compile():
    layers = [{"kind": "conv", "channels": 32, "kernel": 3, "padding": 1}]
    for out, step in [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2), (1024, 1)]:
        layers.append({"kind": "depthwise", "kernel": 3, "padding": 1, "stride": step})
        layers.append({"kind": "conv", "channels": out})
    layers += [{"kind": "pool", "kernel": 2, "stride": 2}, {"kind": "dense", "channels": 10}]
    stack = LayerStack.model_validate(
        {"name": "mobilenet", "input": (3, 32, 32), "reset": "subtract", "layers": layers}
    )
    target = load_target("loihi1", board="nahuku8", rules="nxtf")
    told, soft = fit_layers(stack, target), CELLS.model_copy(update={"reset": "subtract"})
    network = weighted(stack)
    cells = [item.model_copy(update={"neuron": soft}) for item in network.populations]
    result = compile_network(network.model_copy(update={"populations": tuple(cells)}), target)
    assert (told.neurons, told.verdict, result.verdict) == (412_682, "fits", "fits")
    assert result.n_cores == told.cores <= 820


@settings(max_examples=examples(20), deadline=None)
@given(layered(), st.randoms(use_true_random=False))
def test_pins_and_avoided_cores_are_kept_and_what_is_offered_without_them_passes(drawn, dice):
    stack, rules, limits, beyond = drawn
    if not shaped(stack):
        return
    needed = fit_layers(stack, chip(2000, rules, **limits)).cores or 1
    target, network = chip(max(needed + beyond, 1), rules, **limits), weighted(stack)
    free = dice.sample(range(target.cores), target.cores)
    avoid, free = tuple(free[: dice.randint(0, 2)]), free[2:]
    pins = {}
    for item in network.populations:
        count = dice.randint(1, 6) if dice.random() < 0.4 else 0
        pins |= {item.name: tuple(free[:count])} if count <= len(free) and count else {}
        free = free[count:]
    options = CompileOptions(pins=pins, avoid_cores=avoid, fix_time_s=60)
    result = compile_network(network, target, options)
    if result.program is not None:
        tables, places = result.program.tables, {}
        row_core = np.repeat(tables.core_id, np.diff(tables.compartment_ptr))
        for number, item in enumerate(result.program.populations):
            places[item.name] = set(row_core[tables.population == number].tolist())
        assert not set(avoid) & set(tables.core_id.tolist())
        assert all(places[name] <= set(cores) for name, cores in pins.items())
    for item in (item for item in result.findings if item.severity == "error"):
        assert item.found is None or item.found > item.limit
        for fix in item.fixes:
            if fix.change.keys() & {"pins", "avoid_cores"}:
                again = compile_network(network, target, options.model_copy(update={**fix.change, "fixes": False}))
                assert (again.verdict, f" {again.n_cores} core" in fix.text) == ("fits", True)


@pytest.mark.parametrize("beyond", [-1, 0])
def test_a_large_chain_is_judged_by_tiles_alone_and_never_with_fewer_found_than_there_are(monkeypatch, beyond):
    stack = LayerStack.model_validate(TIGHT)
    needed = fit_layers(stack, chip(2000, **TIGHT_LIMITS)).cores
    target = chip(needed + beyond, **TIGHT_LIMITS)
    monkeypatch.delattr(sys.modules["neurodeploy.mapping.partition.strategy"], "first_fit_of")
    result = compile_network(weighted(stack), target, CompileOptions(fixes=False))
    assert (result.verdict, result.n_cores) == (
        ("fits", needed) if beyond == 0 else ("not placed by this mapper", None)
    )
    assert fit_layers(stack, target).verdict == ("fits" if beyond == 0 else "not placed")
    assert all(item.found == needed > item.limit for item in result.findings if item.code == "ND401")
