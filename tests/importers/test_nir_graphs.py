"""Times, widths, shapes and paths of NIR graphs: what is accepted, and which findings name what is not."""

from __future__ import annotations

import numpy as np
import pytest
from factories import nir_chain, nir_if, nir_ports

import neurodeploy as nd
from neurodeploy.compiler import compile_network
from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.hardware import load_target
from neurodeploy.importers import ImportOptions, load
from neurodeploy.network.coordinates import coordinates_of
from neurodeploy.simulate import SampleValues, encode

OPTIONS = ImportOptions(dt_s=1e-3, reset="zero")


def codes(path, options=OPTIONS):
    with pytest.raises(DiagnosticError) as error:
        load(path, options)
    return [item.code for item in error.value.diagnostics], str(error.value)


def ledger(path, options=OPTIONS):
    made = load(path, options)
    return made.network, {line.quantity: line for line in made.ledger}


def matrix(network, name):
    """(post, pre) weights of a projection."""
    item = next(item for item in network.projections if item.name == name)
    size = network.source_size(item.source), network.population_by_name[item.target].size
    columns = coordinates_of(item.operation, size[0])
    full = np.zeros((size[1], size[0]))
    np.add.at(full, (columns.post, columns.pre), columns.weights)
    return full


def steps_of(network, rows, steps=12):
    """Spikes of each population by step on the reference, for inputs (step, line)."""
    program = compile_network(network, load_target("loihi1")).require()
    raster = np.zeros((1, steps, network.inputs[0].size), dtype=int)
    for step, line in rows:
        raster[0, step - 1, line] = 1
    values = {network.inputs[0].name: raster.reshape(1, steps, *network.inputs[0].shape)}
    found = nd.run(program, encode(network, SampleValues(values=values)), backend="reference")
    return {name: [(int(t), int(n)) for _, t, n in spikes] for name, spikes in found.spikes.items()}


@pytest.mark.parametrize(
    ("delays", "options", "expected"),
    [
        ([5.0, 2.0], {"time_unit": "ms"}, [5, 2]),
        ([0.005, 0.002], {}, [5, 2]),
        ([5.0, 2.0], {"time_unit": "step"}, [5, 2]),
        ([5.0, 2.0], {"time_unit": "ms", "dt_s": 5e-4}, [10, 4]),
        ([0.0, 0.0], {}, 0),
    ],
)
def test_delays_have_the_unit_of_all_times(nir_file, delays, options, expected):
    nodes = {**nir_ports([2], [2]), "a": nir_if(2), "wait": ("Delay", {"delay": delays}), "b": nir_if(2)}
    network, lines = ledger(nir_file(nodes, nir_chain("a", "wait", "b")), OPTIONS.model_copy(update=options))
    (item,) = [item for item in network.projections if item.source == "a"]
    assert np.array_equal(item.delay_steps, expected)
    assert "delay" not in lines, "nothing was rounded"


def test_a_delay_that_is_rounded_is_a_ledger_line(nir_file):
    nodes = {**nir_ports([2], [2]), "a": nir_if(2), "wait": ("Delay", {"delay": [2.4, 3.0]}), "b": nir_if(2)}
    network, lines = ledger(
        nir_file(nodes, nir_chain("a", "wait", "b")), OPTIONS.model_copy(update={"time_unit": "ms"})
    )
    assert network.projections[1].delay_steps.tolist() == [2, 3]
    line = lines["delay"]
    assert (str(line.subject), line.asked, line.got, line.level) == ("node 'wait'", "2.4 steps", "2 steps", "rounded")


@pytest.mark.parametrize("delay", [[np.nan, 0.0], [-0.001, 0.0], [np.inf, 0.0], [1e-3] * 3, "5 ms", [1e30, 0.0]])
def test_invalid_delays_name_their_node(nir_file, delay):
    nodes = {**nir_ports([2], [2]), "a": nir_if(2), "wait": ("Delay", {"delay": delay}), "b": nir_if(2)}
    found, text = codes(nir_file(nodes, nir_chain("a", "wait", "b")), OPTIONS.model_copy(update={"time_unit": "s"}))
    assert found == ["ND046"]
    assert "node 'wait' (Delay)" in text


def test_delays_that_look_like_milliseconds_ask_for_the_unit(nir_file):
    nodes = {**nir_ports([2], [2]), "a": nir_if(2), "wait": ("Delay", {"delay": [5.0, 2.0]}), "b": nir_if(2)}
    assert codes(nir_file(nodes, nir_chain("a", "wait", "b")))[0] == ["ND049"]


def test_delays_by_line_between_two_matrices_are_refused_unless_equal(nir_file):
    w = ("Linear", {"weight": np.eye(2)})
    for delay, fits in (([0.001, 0.002], False), ([0.002, 0.002], True), (0.002, True)):
        nodes = {
            **nir_ports([2], [2]),
            "a": nir_if(2),
            "v": w,
            "wait": ("Delay", {"delay": delay}),
            "w": w,
            "b": nir_if(2),
        }
        path = nir_file(nodes, nir_chain("a", "v", "wait", "w", "b"))
        if fits:
            assert load(path, OPTIONS).network.projections[1].delay_steps == 2
        else:
            assert codes(path)[0] == ["ND046"]


def test_widths_that_meet_name_both_nodes(nir_file):
    wide, narrow = ("Affine", {"weight": np.ones((6, 3)), "bias": np.ones(6)}), ("Linear", {"weight": np.ones((4, 3))})
    nodes = {**nir_ports([3], [4]), "v": wide, "w": narrow, "cell": nir_if(4)}
    edges = [("input", "w"), ("input", "v"), ("v", "cell"), ("w", "cell"), ("cell", "output")]
    found, text = codes(nir_file(nodes, edges))
    assert found == ["ND046"]
    assert "node 'cell' (IF): its sources differ in width: 'v' has 6, 'w' has 4" in text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"fc1": ("Linear", {"weight": np.ones((40, 12))})}, "node 'lif1' (IF): has 38 neurons"),
        ({"fc2": ("Linear", {"weight": np.ones((7, 40))})}, "node 'fc2' (Linear): weight has shape [7, 40]"),
        ({"input": ("Input", {"shape": [13]})}, "node 'fc1' (Linear): weight has shape [38, 12]"),
        ({"output": ("Output", {"shape": [10]})}, "node 'output' (Output): states shape [10], but 7 lines arrive"),
        ({"lif1": ("IF", {"r": np.ones(38), "v_threshold": np.ones(40)})}, "'r' [38], 'v_threshold' [40]"),
        ({"fc1": ("Affine", {"weight": np.ones((38, 12)), "bias": np.ones(7)})}, "bias has shape [7]"),
        ({"input": ("Input", {"shape": [256, 12]})}, "appear to be a batch or time"),
    ],
)
def test_sizes_that_disagree_inside_a_file_name_the_node(nir_file, change, message):
    first, second = ("Linear", {"weight": np.ones((38, 12))}), ("Linear", {"weight": np.ones((7, 38))})
    nodes = {**nir_ports([12], [7]), "fc1": first, "lif1": nir_if(38), "fc2": second, "lif2": nir_if(7), **change}
    found, text = codes(nir_file(nodes, nir_chain("fc1", "lif1", "fc2", "lif2")))
    assert found == ["ND046"]
    assert message in text


@pytest.mark.parametrize(("port", "size"), [("in", 40), ("out", 40), ("in", 38)])
def test_ports_of_nested_graphs_declare_their_sources(nir_file, port, size):
    inner = {"in": ("Input", {"shape": [38]}), "lif": nir_if(38), "out": ("Output", {"shape": [38]})}
    inner[port] = (inner[port][0], {"shape": [size]})
    block = ("NIRGraph", (inner, [("in", "lif"), ("lif", "out")]))
    nodes = {**nir_ports([12], [38]), "fc": ("Linear", {"weight": np.ones((38, 12))}), "block": block}
    path = nir_file(nodes, nir_chain("fc", "block"))
    if size == 38:
        assert [item.name for item in load(path, OPTIONS).network.populations] == ["block.lif"]
    else:
        assert f"node 'block.{port}'" in codes(path)[1]


def test_a_linear_node_with_a_bias_keeps_it(nir_file):
    w = ("Linear", {"weight": np.eye(2), "bias": [1.0, 2.0]})
    network, lines = ledger(nir_file({**nir_ports([2], [2]), "w": w, "cell": nir_if(2)}, nir_chain("w", "cell")))
    assert network.populations[0].neuron.bias.tolist() == [1.0, 2.0]
    assert "fields" not in lines


def test_an_output_with_a_time_axis_has_the_width_of_its_last_axis(nir_file):
    network, lines = ledger(nir_file({**nir_ports([2], [256, 2]), "cell": nir_if(2)}, nir_chain("cell")))
    assert network.outputs[0].source == "cell"
    assert (lines["shape"].asked, lines["shape"].got) == ("[256, 2]", "2 lines")


def test_transposed_weights_are_reported_for_all_layers_at_once(nir_file):
    weights = {"first": np.ones((12, 38)), "square": np.ones((38, 38)), "last": np.ones((38, 7))}
    nodes = {**nir_ports([12], [7]), **{name: ("Linear", {"weight": value}) for name, value in weights.items()}}
    nodes |= {"a": nir_if(38), "b": nir_if(38), "c": nir_if(7)}
    found, text = codes(nir_file(nodes, nir_chain("first", "a", "square", "b", "last", "c")))
    assert found == ["ND046"]
    assert "the weights of 2 nodes fit only if transposed" in text
    assert "'first' [12, 38], 'last' [38, 7]; check 'square' too" in text


def test_all_faults_of_a_graph_are_reported_at_once(nir_file):
    bad = {
        **nir_ports([3], [2]),
        "w": ("Linear", {"weight": np.full((2, 3), np.nan)}),
        "lif": ("LIF", {"tau": [-1.0, 1.0], "r": [1.0, 1.0], "v_leak": [0.0, 0.0]}),
        "max": ("MaxPool2d", {}),
        "v": ("Scale", {"scale": "two"}),
    }
    found, text = codes(nir_file(bad, nir_chain("w", "lif")), ImportOptions())
    assert sorted(found) == ["ND044", "ND045", "ND046", "ND046", "ND046", "ND047"]
    for name in ("'w'", "'lif'", "'max'", "'v'", "'v_threshold'"):
        assert name in text


def skip(nir_file, direct=1.5, behind=-1.5):
    one = ("Linear", {"weight": [[1.5]]})
    nodes = {**nir_ports([1], [1]), "w": one, "a": nir_if(1), "w1": one, "b": nir_if(1), "c": nir_if(1)}
    nodes |= {"w2": ("Linear", {"weight": [[behind]]}), "w3": ("Linear", {"weight": [[direct]]})}
    edges = [*nir_chain("w", "a", "w1", "b", "w2", "c"), ("a", "w3"), ("w3", "c")]
    return nir_file(nodes, edges)


def test_paths_of_unequal_depth_arrive_together(nir_file):
    network, lines = ledger(skip(nir_file))
    assert {item.name: item.delay_steps for item in network.projections} == {"w": 0, "w1": 0, "w2": 0, "w3": 1}
    spikes = steps_of(network, [(1, 0), (4, 0)])
    assert spikes["a"] == [(2, 0), (5, 0)]
    assert spikes["b"] == [(3, 0), (6, 0)]
    assert spikes["c"] == [], "+1.5 and -1.5 come in one step"
    line = lines["balancing delay"]
    assert (str(line.subject), line.got) == ("projection 'w3'", "1 more step")
    assert "'c'" in line.note


def test_a_delay_of_the_file_comes_on_top_of_the_balance(nir_file):
    one = ("Linear", {"weight": [[1.5]]})
    nodes = {
        **nir_ports([1], [1]),
        "a": nir_if(1),
        "b": nir_if(1),
        "c": nir_if(1),
        "w": one,
        "wait": ("Delay", {"delay": 0.003}),
    }
    edges = [*nir_chain("a", "w", "b", "c"), ("a", "wait"), ("wait", "c")]
    network, _ = ledger(nir_file(nodes, edges))
    assert {item.name: item.delay_steps for item in network.projections}["wait"] == 4


def test_an_edge_that_closes_a_loop_keeps_its_delay(nir_file):
    one = ("Linear", {"weight": [[1.5]]})
    nodes = {**nir_ports([1], [1]), "a": nir_if(1), "b": nir_if(1), "c": nir_if(1), "fed": one, "back": one, "own": one}
    edges = [
        *nir_chain("a", "b", "c"),
        ("a", "fed"),
        ("fed", "c"),
        ("c", "back"),
        ("back", "a"),
        ("b", "own"),
        ("own", "b"),
    ]
    network, lines = ledger(nir_file(nodes, edges))
    delays = {item.name: item.delay_steps for item in network.projections}
    assert {name for name, steps in delays.items() if steps} == {"fed"}
    assert lines["latency of a loop"].got == "3 steps: 'c -> a' closes it"


def torch_same(kernel, size, dilation):
    """(out, in) matrix of a 1-d convolution as PyTorch pads `same`."""
    total = dilation * (len(kernel) - 1)
    found = np.zeros((size, size + total))
    for out in range(size):
        for tap, weight in enumerate(kernel):
            found[out, out + tap * dilation] += weight
    return found[:, total // 2 : total // 2 + size]


@pytest.mark.parametrize("taps", [1, 2, 3, 4])
@pytest.mark.parametrize("dilation", [1, 2, 3])
def test_same_padding_is_as_in_pytorch(nir_file, taps, dilation):
    kernel = np.arange(1.0, taps + 1)
    conv = ("Conv1d", {"weight": kernel[None, None], "bias": [0.0], "padding": "same", "dilation": dilation})
    network, lines = ledger(
        nir_file({**nir_ports([1, 7], [1, 7]), "c": conv, "cell": nir_if(1, 7)}, nir_chain("c", "cell"))
    )
    assert np.array_equal(matrix(network, "c"), torch_same(kernel, 7, dilation))
    assert ("padding" in lines) == bool(dilation * (taps - 1) % 2)


def test_same_padding_of_even_kernels_over_two_axes(nir_file):
    kernel = np.array([[1.0, 2.0], [3.0, 4.0]])
    conv = ("Conv2d", {"weight": kernel[None, None], "bias": [0.0], "padding": "same"})
    network, _ = ledger(
        nir_file({**nir_ports([1, 5, 5], [1, 5, 5]), "c": conv, "cell": nir_if(1, 5, 5)}, nir_chain("c", "cell"))
    )
    reached = matrix(network, "c")
    assert network.populations[0].shape == (1, 5, 5)
    assert [reached[0, at] for at in (0, 1, 5, 6)] == [1, 2, 3, 4], "the first place sees the first four"
    assert reached[24].nonzero()[0].tolist() == [24], "the last one sees only itself: padding is at the end"
    assert reached[24, 24] == 1


def test_same_padding_with_a_stride_is_refused_as_ambiguous(nir_file):
    conv = ("Conv2d", {"weight": np.ones((1, 1, 3, 3)), "bias": [0.0], "padding": "same", "stride": [2, 2]})
    found, text = codes(
        nir_file({**nir_ports([1, 4, 4], [1, 2, 2]), "c": conv, "cell": nir_if(1, 2, 2)}, nir_chain("c", "cell"))
    )
    assert found == ["ND046"]
    assert "padding 'same' is not defined with a stride" in text


@pytest.mark.parametrize("first", [0, 1, -3, -4])
def test_a_flatten_before_the_output_computes_nothing(nir_file, first):
    nodes = {
        **nir_ports([2, 1, 3], [6]),
        "cell": nir_if(2, 1, 3),
        "f": ("Flatten", {"start_dim": first, "end_dim": -1}),
    }
    network, lines = ledger(nir_file(nodes, nir_chain("cell", "f")))
    assert network.outputs[0].source == "cell"
    assert lines["operations before the output"].asked == "'f'"


@pytest.mark.parametrize(("first", "last"), [(5, -1), (2, 1), (0, 9)])
def test_a_flatten_of_axes_that_are_not_there(nir_file, first, last):
    nodes = {**nir_ports([2, 3], [6]), "f": ("Flatten", {"start_dim": first, "end_dim": last}), "cell": nir_if(6)}
    found, text = codes(nir_file(nodes, nir_chain("f", "cell")))
    assert found == ["ND046"]
    assert "node 'f' (Flatten)" in text


@pytest.mark.parametrize("scale", [2.0, [2.0], np.full((2, 1, 1), 2.0), np.full((2, 3, 3), 2.0), np.full(18, 2.0)])
def test_a_scale_of_one_number_is_applied_to_all(nir_file, scale):
    conv = ("Conv2d", {"weight": np.arange(18.0).reshape(1, 2, 3, 3), "bias": [0.0]})
    nodes = {**nir_ports([2, 3, 3], [1, 1, 1]), "s": ("Scale", {"scale": scale}), "c": conv, "cell": nir_if(1, 1, 1)}
    network, lines = ledger(nir_file(nodes, nir_chain("s", "c", "cell")))
    assert np.array_equal(matrix(network, "c"), 2 * np.arange(18.0)[None])
    assert ("scale" in lines) == (np.size(scale) != 18)


def test_a_batch_axis_of_1_is_dropped(nir_file):
    conv = ("Conv2d", {"weight": np.ones((2, 1, 3, 3)), "bias": [0.0, 0.0]})
    fc = ("Linear", {"weight": np.ones((3, 8))})
    nodes = {
        **nir_ports([1, 1, 4, 4], [1, 3]),
        "c": conv,
        "maps": nir_if(1, 2, 2, 2),
        "f": ("Flatten", {"start_dim": 1}),
    }
    nodes |= {"fc": fc, "cell": nir_if(1, 3)}
    network, lines = ledger(nir_file(nodes, nir_chain("c", "maps", "f", "fc", "cell")))
    assert network.inputs[0].shape == (1, 4, 4)
    assert [item.shape for item in network.populations] == [(3,), (2, 2, 2)]
    assert lines["axes"].note == "a leading axis of 1 is a batch"


@pytest.mark.parametrize("weight", [np.arange(3.0), np.arange(3.0).reshape(1, 1, 3)])
def test_weights_of_one_axis_reach_one_neuron(nir_file, weight):
    network, lines = ledger(
        nir_file(
            {**nir_ports([3], [1]), "w": ("Linear", {"weight": weight}), "cell": nir_if(1)}, nir_chain("w", "cell")
        )
    )
    assert network.projections[0].operation.weights.tolist() == [[0.0, 1.0, 2.0]]
    assert lines["weight"].got == "read as [1, 3]: (out, in)"


def test_a_layer_at_the_end_is_read_as_voltages(nir_file):
    nodes = {
        **nir_ports([2], [2]),
        "a": nir_if(2),
        "w": ("Affine", {"weight": [[1.0, 2.0], [0.5, 0.25]], "bias": [0.0, 3.0]}),
    }
    nodes |= {"in": ("Linear", {"weight": 2 * np.eye(2)})}
    network, lines = ledger(nir_file(nodes, nir_chain("in", "a", "w")))
    assert network.outputs[0].decoder.kind == "membrane"
    assert str(lines["layer without neurons"].subject) == "node 'output'"
    program = compile_network(network, load_target("loihi1")).require()
    raster = np.zeros((1, 4, 2), dtype=int)
    raster[0, 0, 0] = raster[0, 1] = 1
    stimulus = encode(network, SampleValues(values={"input": raster}))
    for backend, off in (("reference", 0.0), ("emulator", 0.05)):
        (state,) = nd.run(program, stimulus, backend=backend).states.values()
        values = state[0, 2:5] / (1.0 if backend == "reference" else np.abs(state).max() / 3.75)
        assert np.allclose(values, [[1.0, 3.5], [3.0, 3.75], [0.0, 3.0]], atol=off), "W s + b of each step"


def test_several_paths_into_an_output_are_summed(nir_file):
    one = ("Linear", {"weight": np.eye(2)})
    nodes = {**nir_ports([2], [2]), "a": nir_if(2), "b": nir_if(2), "v": one, "w": one}
    edges = [("input", "a"), ("input", "b"), ("a", "v"), ("b", "w"), ("v", "output"), ("w", "output")]
    network, _ = ledger(nir_file(nodes, edges))
    assert [(item.name, item.source) for item in network.outputs] == [("output", "output")]
    assert {(item.source, item.target) for item in network.projections} >= {("a", "output"), ("b", "output")}


def test_loops_without_a_neuron_and_edges_into_inputs_are_named(nir_file):
    one = ("Linear", {"weight": np.eye(2)})
    nodes = {**nir_ports([2], [2]), "cell": nir_if(2), "v": one, "w": one}
    edges = [*nir_chain("cell"), ("v", "w"), ("w", "v"), ("w", "cell")]
    found, text = codes(nir_file(nodes, edges))
    assert found == ["ND043"]
    assert "nodes v -> w -> v form a loop" in text or "nodes w -> v -> w form a loop" in text
    found, text = codes(nir_file(nodes, [*nir_chain("cell"), ("cell", "v"), ("v", "input")]))
    assert found == ["ND046"]
    assert "node 'input' (Input): is an input of the network, but receives from 'v'" in text


def test_edges_to_a_graph_of_several_inputs_are_ambiguous(nir_file):
    inner = {"in1": ("Input", {"shape": [2]}), "in2": ("Input", {"shape": [2]}), "lif": nir_if(2)}
    inner |= {"out": ("Output", {"shape": [2]})}
    block = ("NIRGraph", (inner, [("in1", "lif"), ("in2", "lif"), ("lif", "out")]))
    found, text = codes(nir_file({**nir_ports([2], [2]), "block": block}, nir_chain("block")))
    assert found == ["ND042"]
    assert "graph 'block' has 2 Input nodes: 'block.in1', 'block.in2'" in text


@pytest.mark.parametrize(
    ("stated", "first", "last", "expected"),
    [
        ([2, 3, 4], 1, 2, (2, 12)),  # the axes of input_type: no batch
        ([1, 2, 3, 4], 2, 3, (2, 12)),  # a batch
        ([0, 0, 0, 0], 2, -1, (2, 12)),  # as sinabs 1 wrote it
        (None, 2, 3, (2, 12)),  # not stated: as in PyTorch
        (None, -2, -1, (2, 12)),
        ([2, 3, 4], 0, 1, (6, 4)),
        ([1, 2, 3, 4], 1, 2, (6, 4)),
        ([2, 3, 4], 0, -1, (24,)),
        ([1, 2, 3, 4], 1, -1, (24,)),
    ],
)
def test_a_flatten_counts_the_axes_of_its_input_type(nir_file, stated, first, last, expected):
    flat = {"start_dim": first, "end_dim": last} | ({} if stated is None else {"input_type": stated})
    nodes = {**nir_ports([2, 3, 4], [24]), "f": ("Flatten", flat), "cells": nir_if(*expected)}
    network, lines = ledger(nir_file(nodes, nir_chain("f", "cells")))
    assert network.population_by_name["cells"].shape == expected
    assert "axes" not in lines


@pytest.mark.parametrize("stated", [[2, 3, 4], None])
@pytest.mark.parametrize(("channels", "taps"), [(2, 12), (6, 4)])
def test_a_partial_flatten_feeds_a_convolution_over_one_axis(nir_file, stated, channels, taps):
    first = 0 if stated and channels == 6 else 1
    flat = {"start_dim": first, "end_dim": first + 1} | ({} if stated is None else {"input_type": stated})
    conv = ("Conv1d", {"weight": np.ones((1, channels, taps)), "bias": [0.0]})
    nodes = {**nir_ports([2, 3, 4], [1, 1]), "f": ("Flatten", flat), "c": conv, "cell": nir_if(1, 1)}
    network, lines = ledger(nir_file(nodes, nir_chain("f", "c", "cell")))
    assert network.projections[0].operation.input_shape == (channels, taps)
    assert ("axes" in lines) == (stated is None)
