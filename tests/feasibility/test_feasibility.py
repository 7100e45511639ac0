"""Targets of other architectures: each public limit is judged right at its edge, fixes help, and real networks that ran there pass."""

from __future__ import annotations

import itertools
import json
import re

import numpy as np
import pytest
from factories import examples, layered_network, network_of
from hypothesis import given, settings
from hypothesis import strategies as st

import neurodeploy as nd
from neurodeploy.diagnostics import errors_in
from neurodeploy.feasibility import judge
from neurodeploy.feasibility.convolution import Kernel
from neurodeploy.feasibility.layer_per_core import Layer, layer_needs
from neurodeploy.feasibility.matching import matching
from neurodeploy.hardware import load_feasibility_target
from neurodeploy.importers import ImportOptions
from neurodeploy.network import AvgPool2d, Chain, Conv1d, Conv2d, OneToOne, SumPool2d, WeightFormat
from neurodeploy.network.coordinates import target_size

IF = nd.If(v_threshold=1.0)
LIF = nd.Lif(tau_m_s=0.02, v_threshold=1.0, reset="subtract")


def limited(name, **values):
    """A target with other limits."""
    target = load_feasibility_target(name)
    changed = {}
    for field, value in values.items():
        figure = getattr(target.limits, field)
        kept = {"values": tuple(value)} if isinstance(value, (list, tuple)) else {"value": value}
        changed[field] = figure.model_copy(update=kept)
    return target.model_copy(update={"limits": target.limits.model_copy(update=changed)})


def codes(judgement):
    return sorted(item.code for item in judgement.findings if item.severity == "error")


def layer(operation, before=(2, 8, 8), after=None, neuron=IF, **fields):
    """An input, one layer of an operation."""
    size = target_size(operation, int(np.prod(before)))
    cells = nd.Population(name="cells", shape=after or size, neuron=neuron)
    projection = nd.Projection(name="wires", source="in", target="cells", operation=operation, **fields)
    return network_of([cells], [projection], inputs=before, name="one")


def conv(out=4, kernel=(3, 3), before=(2, 8, 8), **fields):
    weights = np.ones((out, before[0] // fields.get("groups", 1), *kernel))
    return Conv2d(input_shape=before, weights=weights, **fields)


# -- layered ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "value", "inside", "outside"),
    [
        ("kernel_side", 3, conv(kernel=(3, 3)), conv(kernel=(4, 4))),
        ("strides", [1, 2], conv(stride=(2, 2)), conv(stride=(3, 3))),
        ("padding", 1, conv(padding=(1, 1)), conv(padding=(2, 2))),
        ("dilation", 1, conv(dilation=(1, 1)), conv(dilation=(2, 2))),
        ("output_side", 6, conv(kernel=(3, 3)), conv(kernel=(2, 2))),
        ("input_side", 8, conv(), conv(kernel=(8, 8), before=(2, 9, 9))),
        ("channels", 4, conv(out=4), conv(out=5)),
    ],
)
def test_a_layer_is_judged_at_the_edge_of_each_side(field, value, inside, outside):
    target = limited("speck2f", **{field: value})
    assert codes(judge(layer(inside, inside.input_shape), target)) == []
    wrong = judge(layer(outside, outside.input_shape), target)
    assert codes(wrong) == ["ND343"]
    assert wrong.verdict == "over limits"


def test_kernels_and_pools_are_square():
    target = load_feasibility_target("speck2f")
    assert codes(judge(layer(conv(kernel=(3, 2))), target)) == ["ND343"]
    line = Conv1d(input_shape=(2, 8), weights=np.ones((3, 2, 3)))
    assert codes(judge(layer(line, (2, 8)), target)) == ["ND343"]
    pool = SumPool2d(input_shape=(2, 8, 8), kernel=(2, 1), stride=(2, 1))
    assert codes(judge(layer(pool), target)) == ["ND343"]


@pytest.mark.parametrize(("side", "legal"), [(2, True), (4, True), (8, False)])
def test_pools_have_the_sides_that_the_core_has(side, legal):
    pool = SumPool2d(input_shape=(2, 8, 8), kernel=(side, side), stride=(side, side))
    assert codes(judge(layer(pool), load_feasibility_target("speck2f"))) == ([] if legal else ["ND343"])


def test_pools_one_after_the_other_multiply():
    two = SumPool2d(input_shape=(2, 8, 8), kernel=(2, 2), stride=(2, 2))
    more = AvgPool2d(input_shape=(2, 4, 4), kernel=(2, 2), stride=(2, 2))
    last = SumPool2d(input_shape=(2, 2, 2), kernel=(2, 2), stride=(2, 2))
    assert codes(judge(layer(Chain(operations=(two, more))), load_feasibility_target("speck2f"))) == []
    assert codes(judge(layer(Chain(operations=(two, more, last))), load_feasibility_target("speck2f"))) == ["ND343"]


@pytest.mark.parametrize(
    "operation",
    [
        SumPool2d(input_shape=(2, 8, 8), kernel=(3, 3), stride=(2, 2)),
        SumPool2d(input_shape=(2, 8, 8), kernel=(2, 2), stride=(2, 2), padding=(1, 1)),
        Chain(operations=(conv(), SumPool2d(input_shape=(4, 6, 6), kernel=(2, 2), stride=(2, 2)))),
        OneToOne(weights=np.arange(128.0)),
    ],
    ids=["overlapping", "padded", "pool after kernel", "weights over a map"],
)
def test_what_is_no_kernel_is_told_of_its_projection(operation):
    judged = judge(layer(operation), load_feasibility_target("speck2f"))
    assert codes(judged) == ["ND341"]
    assert str(judged.findings[0].subject) == "projection 'wires'"
    assert judged.verdict == "not expressible"


def test_dense_is_a_kernel_as_large_as_the_map():
    rng = np.random.default_rng(0)
    network = layer(nd.dense("in", "cells", rng.normal(size=(10, 2 * 16 * 16))).operation, (2, 16, 16))
    judged = judge(network, load_feasibility_target("speck2f"))
    # 2 channels x 256 places x 16 (10 padded) entries
    assert codes(judged) == []
    assert next(item.found for item in judged.uses if item.name == "kernel_memory") == 8192
    larger = layer(nd.dense("in", "cells", rng.normal(size=(10, 2 * 17 * 17))).operation, (2, 17, 17))
    assert codes(judge(larger, load_feasibility_target("speck2f"))) == ["ND343"]


def test_a_flat_population_keeps_the_map_that_its_convolution_gives():
    shape = (2, 8, 8)
    network = nd.Network(
        name="flat",
        time=nd.Time(dt_s=1e-3),
        inputs=(nd.Input(name="in", shape=shape),),
        populations=(
            nd.Population(name="maps", shape=144, neuron=IF),
            nd.Population(name="copy", shape=144, neuron=IF),
            nd.Population(name="out", shape=10, neuron=IF),
        ),
        projections=(
            nd.Projection(name="a", source="in", target="maps", operation=conv()),
            nd.Projection(name="b", source="maps", target="copy", operation=OneToOne(weights=1.0)),
            nd.dense("copy", "out", np.ones((10, 144))),
        ),
    )
    judged = judge(network, limited("speck2f", kernel_side=5))
    # 4 channels of 6 x 6: the dense kernel has side 6
    assert [(str(item.subject), item.found) for item in judged.findings if item.code == "ND343"] == [
        ("population 'out'", 6)
    ]


@pytest.mark.parametrize(
    ("channels", "side", "after", "kernel", "neuron"),
    [
        # worked by hand: c * 2**(ceil(log2(k*k)) + ceil(log2(f))), f * 2**(ceil(log2(fx)) + ceil(log2(fy)))
        ((2, 8), 3, (6, 6), 2 * 16 * 8, 8 * 8 * 8),
        ((16, 32), 3, (64, 64), 16 * 16 * 32, 32 * 64 * 64),
        ((1, 5), 1, (5, 3), 1 * 1 * 8, 5 * 8 * 4),
        ((3, 1), 4, (1, 1), 3 * 16 * 1, 1),
    ],
)
def test_memories_are_counted_by_the_vendors_formula(channels, side, after, kernel, neuron):
    c, f = channels
    pair = (side, side)
    shape = Kernel(c, f, pair, (1, 1), (0, 0), (1, 1), (c, *after), (f, *after))
    needs = layer_needs(Layer("x", shape, bias=True), "power_of_two")
    assert needs == {"kernel": kernel, "neuron": neuron, "bias": f}
    exact = layer_needs(Layer("x", shape, bias=False), "exact")
    assert exact == {"kernel": c * side * side * f, "neuron": f * after[0] * after[1], "bias": 0}


# 4 channels of 6 x 6 take 2 * 16 * 4 = 128 kernel and 4 * 64 = 256 neuron entries
@pytest.mark.parametrize(("field", "takes"), [("kernel_memory", 128), ("neuron_memory", 256), ("bias_memory", 4)])
@pytest.mark.parametrize("more", [-1, 0, 1])
def test_a_layer_is_judged_at_the_edge_of_each_memory(field, takes, more):
    neuron = nd.If(v_threshold=1.0, bias=0.1)
    judged = judge(layer(conv(), neuron=neuron), limited("speck2f", **{field: [takes + more] * 9}))
    assert codes(judged) == (["ND344"] if more < 0 else [])
    assert judged.cores == ({} if more < 0 else {"cells": 0})


def test_the_channels_that_are_offered_fit_and_one_more_does_not():
    target = limited("speck2f", neuron_memory=[700] * 9)
    (item, *_) = judge(layer(conv(out=32)), target).findings
    count = int(re.search(r"with (\d+) output channels instead of 32", item.fixes[0].text)[1])
    assert count == 10  # 10 * 64 = 640 entries of 700
    assert codes(judge(layer(conv(out=count)), target)) == []
    assert codes(judge(layer(conv(out=count + 1)), target)) == ["ND344"]


def test_no_core_need_have_all_memories_although_some_core_has_each():
    target = limited("speck2f", kernel_memory=[128, 64], neuron_memory=[64, 256], bias_memory=[9, 9])
    (item, *_) = judge(layer(conv()), target).findings
    assert item.code == "ND344"
    assert "no core has all" in item.message
    assert "128 kernel, 256 neuron" in item.message


def chain_of(n, out=4):
    """`n` equal layers one behind the other, each 3 x 3 with padding."""
    operations = [conv(out, before=(out, 8, 8), padding=(1, 1)) for _ in range(n)]
    return layered_network(operations, IF, names=[f"l{k}" for k in range(n)], name="deep")


def test_each_layer_takes_a_core_of_its_own():
    judged = judge(chain_of(9), load_feasibility_target("speck2f"))
    assert judged.verdict == "within limits"
    assert sorted(judged.cores.values()) == list(range(9))
    over = judge(chain_of(10), load_feasibility_target("speck2f"))
    assert codes(over) == ["ND345"]


def test_layers_that_crowd_the_same_cores_are_named():
    # l0..l3 take 256 kernel entries each; two cores have as many
    target = limited("speck2f", kernel_memory=[256, 256, 64, 64], neuron_memory=[256] * 4, bias_memory=[9] * 4)
    assert judge(chain_of(2), target).cores == {"l0": 0, "l1": 1}
    (item, *_) = judge(chain_of(3), target).findings
    assert item.code == "ND345"
    assert "'l0', 'l1', 'l2' fit only cores 0, 1" in item.message
    assert (item.found, item.limit) == (3, 2)


@settings(max_examples=examples(200), deadline=None)
@given(st.lists(st.lists(st.integers(0, 4), min_size=1, max_size=5, unique=True), min_size=1, max_size=6))
def test_a_matching_is_found_where_there_is_one_and_else_the_proof(options):
    choices = {f"l{k}": cores for k, cores in enumerate(options)}
    exists = any(len(set(picked)) == len(picked) for picked in itertools.product(*options))
    placed, crowded = matching(choices)
    assert all(core in choices[name] for name, core in placed.items())
    assert len(set(placed.values())) == len(placed)
    assert (len(placed) == len(options)) == exists == (not crowded)
    if crowded:
        assert len({core for name in crowded for core in choices[name]}) < len(crowded)


def test_sources_of_one_layer_are_channels_of_one_kernel():
    shape = (2, 8, 8)
    twice = tuple(nd.Projection(name=f"p{k}", source=f"in{k}", target="cells", operation=conv(4)) for k in range(2))
    network = nd.Network(
        name="merge",
        time=nd.Time(dt_s=1e-3),
        inputs=tuple(nd.Input(name=f"in{k}", shape=shape) for k in range(2)),
        populations=(nd.Population(name="cells", shape=(4, 6, 6), neuron=IF),),
        projections=twice,
    )
    judged = judge(network, load_feasibility_target("speck2f"))
    assert codes(judged) == []
    # 2 + 2 channels of 16 places, 4 channels out
    assert next(item.found for item in judged.uses if item.name == "kernel_memory") == 4 * 16 * 4
    unlike = network.model_copy(
        update={
            "projections": (
                twice[0],
                twice[1].model_copy(update={"operation": conv(4, kernel=(5, 5), padding=(1, 1))}),
            )
        }
    )
    assert codes(judge(unlike, load_feasibility_target("speck2f"))) == ["ND342"]


def fan(n):
    """One layer that n others hear, 1 x 1."""
    return nd.Network(
        name="fan",
        time=nd.Time(dt_s=1e-3),
        inputs=(nd.Input(name="in", shape=(2, 4, 4)),),
        populations=tuple(nd.Population(name=f"l{k}", shape=(2, 4, 4), neuron=IF) for k in range(n + 1)),
        projections=(
            nd.Projection(name="first", source="in", target="l0", operation=OneToOne(weights=1.0)),
            *(nd.Projection(name=f"p{k}", source="l0", target=f"l{k}", operation=OneToOne(weights=1.0)) for k in range(1, n + 1)),
        ),
    )  # fmt: skip


def test_a_core_sends_to_two_others():
    assert codes(judge(fan(2), load_feasibility_target("speck2f"))) == []
    judged = judge(fan(3), load_feasibility_target("speck2f"))
    assert codes(judged) == ["ND347"]
    assert str(judged.findings[0].subject) == "population 'l0'"


def test_more_classes_than_the_readout_has_are_a_warning():
    network = layer(conv(out=16, kernel=(8, 8)))
    read = network.model_copy(update={"outputs": (nd.Output(name="out", source="cells"),)})
    judged = judge(read, load_feasibility_target("speck2f"))
    assert (judged.findings[0].code, judged.findings[0].severity) == ("ND346", "warning")
    assert judged.verdict == "within limits"
    assert [item.code for item in judge(read, load_feasibility_target("dynapcnn")).findings] == ["ND351"]


# -- neurons ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "neuron", "word"),
    [
        ("speck2f", nd.Lif(tau_m_s=0.02, v_threshold=1.0), "neuron kind 'lif'"),
        ("speck2f", nd.If(v_threshold=1.0, reset="none"), "reset 'none'"),
        ("speck2f", nd.If(v_threshold=1.0, refractory_steps=1), "refractory period"),
        ("speck2f", nd.If(v_threshold=np.linspace(1, 2, 144)), "144 different values of v_threshold"),
        ("speck2f", nd.If(v_threshold=1.0, v_floor=-np.linspace(1, 2, 144)), "values of v_floor"),
        ("speck2f", nd.If(v_threshold=1.0, bias=np.linspace(0, 1, 144)), "one bias for each neuron"),
        ("odin", nd.If(v_threshold=1.0, bias=-0.1), "has no floor and inhibition"),
        ("odin", nd.If(v_threshold=1.0, bias=-0.1, v_floor=-1.0), "has another floor and inhibition"),
        ("truenorth", nd.Lif(tau_m_s=0.02, v_threshold=1.0), "neuron kind 'lif'"),
        ("xylo_audio2", IF, "neuron kind 'if'"),
    ],
)
def test_neurons_that_a_chip_cannot_express_are_told_with_the_reason(target, neuron, word):
    found = judge(layer(conv(), neuron=neuron), load_feasibility_target(target)).findings
    told = [item for item in found if item.code == "ND340" and word in item.message]
    assert len(told) == 1, [item.message for item in found]
    assert str(told[0].subject) == "population 'cells'"


def test_decays_end_where_the_shift_ends():
    # dt is 1 ms: 2**15 steps are 32.768 s
    def judged(tau):
        neuron = nd.CubaLif(tau_m_s=0.02, tau_syn_s=tau, v_threshold=1.0, reset="subtract")
        return judge(rig(neuron=neuron), load_feasibility_target("xylo_audio2"))

    assert codes(judged(32.768)) == []
    (item, *_) = judged(65.536).findings
    assert (item.code, item.found, item.limit) == ("ND340", 16, 15)
    assert "neuron.tau_syn_s = 32.768" in item.fixes[0].text


# -- fixed --------------------------------------------------------------------------------------------------------


def rig(inputs=2, hidden=3, outputs=2, neuron=LIF, recurrent=None, w_in=None, w_out=None, more=()):
    wires = [
        nd.dense("in", "hid", np.ones((hidden, inputs)) if w_in is None else w_in, name="w_in"),
        nd.dense("hid", "out", np.ones((outputs, hidden)) if w_out is None else w_out, name="w_out"),
    ]
    if recurrent is not None:
        wires.append(nd.dense("hid", "hid", recurrent, name="w_rec"))
    return nd.Network(
        name="rig",
        time=nd.Time(dt_s=1e-3),
        inputs=(nd.Input(name="in", shape=inputs),),
        populations=(
            nd.Population(name="hid", shape=hidden, neuron=neuron),
            nd.Population(name="out", shape=outputs, neuron=LIF),
        ),
        projections=(*wires, *more),
        outputs=(nd.Output(name="answer", source="out"),),
    )


def rows(n, size, ones):
    """(size, n) with that many ones in the first column, filled from the top."""
    weights = np.zeros((size, n))
    weights[:ones, 0] = 1.0
    return weights


@pytest.mark.parametrize("more", [-1, 0, 1])
@pytest.mark.parametrize(
    ("field", "limit", "code", "network"),
    [
        ("inputs", 4, "ND346", lambda n: rig(inputs=n)),
        ("hidden", 4, "ND346", lambda n: rig(hidden=n)),
        ("outputs", 4, "ND346", lambda n: rig(outputs=n)),
        ("fan_out", 3, "ND347", lambda n: rig(hidden=5, recurrent=rows(5, 5, n))),
        ("synapses", 3, "ND350", lambda n: rig(hidden=5, recurrent=rows(5, 5, n))),
        ("input_reach", 3, "ND347", lambda n: rig(hidden=5, w_in=rows(2, 5, n))),
        ("output_reads", 3, "ND348", lambda n: rig(hidden=5, w_out=rows(2, 5, n).T)),
    ],
)
def test_a_fixed_chip_is_judged_at_the_edge_of_each_limit(field, limit, code, network, more):
    judged = judge(network(limit + more), limited("xylo_audio2", **{field: limit}))
    assert codes(judged) == ([code] if more > 0 else [])
    use = next(item for item in judged.uses if item.name == field)
    assert (use.found, use.limit) == (limit + more, limit)


def test_wiring_that_a_fixed_chip_has_no_place_for_is_named():
    direct = nd.dense("in", "out", np.ones((2, 2)), name="shortcut")
    back = nd.dense("out", "hid", np.ones((3, 2)), name="back")
    judged = judge(rig(more=(direct, back)), load_feasibility_target("xylo_audio2"))
    assert [(item.code, str(item.subject)) for item in judged.findings if item.severity == "error"] == [
        ("ND342", "population 'out'"),
        ("ND342", "projection 'shortcut'"),
    ]
    assert judged.verdict == "not expressible"
    flat = rig().model_copy(
        update={
            "populations": rig().populations[1:],
            "projections": (nd.dense("in", "out", np.ones((2, 2)), name="only"),),
        }
    )
    assert "has no hidden population" in judge(flat, load_feasibility_target("xylo_audio2")).findings[1].message


def test_delays_and_wide_weights_are_told_of_their_projection():
    network = rig()
    wires = network.projections[0].model_copy(update={"delay_steps": 2, "weight_format": WeightFormat(weight_bits=9)})
    judged = judge(
        network.model_copy(update={"projections": (wires, network.projections[1])}),
        load_feasibility_target("xylo_audio2"),
    )
    told = {
        item.code: (str(item.subject), item.found, item.limit) for item in judged.findings if item.severity == "error"
    }
    assert told == {"ND341": ("projection 'w_in'", 2, 0), "ND349": ("projection 'w_in'", 9, 8)}


# -- crossbar -----------------------------------------------------------------------------------------------------


def crossed(weights, neuron=IF, inputs=None):
    inputs = inputs or np.shape(weights)[1]
    return nd.Network(
        name="grid",
        time=nd.Time(dt_s=1e-3),
        inputs=(nd.Input(name="in", shape=inputs),),
        populations=(nd.Population(name="cells", shape=np.shape(weights)[0], neuron=neuron),),
        projections=(nd.dense("in", "cells", weights),),
    )


def hub(n):
    """One neuron that n others hear."""
    return nd.Network(
        name="hub",
        time=nd.Time(dt_s=1e-3),
        inputs=(nd.Input(name="in", shape=1),),
        populations=(
            nd.Population(name="one", shape=1, neuron=IF),
            nd.Population(name="many", shape=n, neuron=IF),
        ),
        projections=(nd.dense("in", "one", [[1.0]]), nd.dense("one", "many", np.ones((n, 1)))),
    )


@pytest.mark.parametrize("more", [-1, 0, 1])
@pytest.mark.parametrize(
    ("limits", "limit", "code", "network"),
    [
        ({"axons": 4}, 4, "ND348", lambda n: crossed(np.ones((1, n)))),
        ({"cores": 2, "neurons": 3}, 6, "ND346", lambda n: crossed(np.ones((n, 1)))),
        ({"weights_per_neuron": 4}, 4, "ND349", lambda n: crossed(np.arange(1.0, n + 1)[None, :])),
        ({"neurons": 5}, 5, "ND347", hub),
    ],
)
def test_a_crossbar_is_judged_at_the_edge_of_each_limit(limits, limit, code, network, more):
    assert codes(judge(network(limit + more), limited("truenorth", **limits))) == ([code] if more > 0 else [])


@pytest.mark.parametrize(("steps", "fits"), [(13, True), (14, True), (15, False)])
def test_a_delay_includes_the_step_that_every_connection_takes(steps, fits):
    network = crossed(np.ones((2, 2)))
    wires = network.projections[0].model_copy(update={"delay_steps": steps})
    judged = judge(network.model_copy(update={"projections": (wires,)}), load_feasibility_target("truenorth"))
    assert codes(judged) == ([] if fits else ["ND341"])


def test_inputs_and_sending_neurons_share_the_rows_of_one_crossbar():
    target = limited("odin", neurons=6, axons=6)
    assert codes(judge(crossed(np.ones((6, 6))), target)) == [], "nothing sends, so inputs have all rows"
    chain = hub(3)  # 1 input + 4 neurons
    assert codes(judge(chain, limited("odin", neurons=6, axons=5))) == []
    assert codes(judge(chain, limited("odin", neurons=6, axons=4))) == ["ND346"]


def test_a_source_has_one_sign_and_a_crossing_one_synapse():
    floor = nd.If(v_threshold=1.0, v_floor=0.0)
    target = load_feasibility_target("odin")
    assert codes(judge(crossed([[1.0, -1.0], [1.0, -1.0]], floor), target)) == []
    assert codes(judge(crossed([[1.0, -1.0], [-1.0, -1.0]], floor), target)) == ["ND342"]
    once = crossed(np.ones((2, 2)), floor)
    twice = once.model_copy(
        update={"projections": (*once.projections, nd.dense("in", "cells", np.ones((2, 2)), name="again"))}
    )
    (item, *_) = judge(twice, target).findings
    assert (item.code, str(item.subject)) == ("ND342", "projection 'again'")
    assert "4 of its synapses" in item.message


def test_processors_are_judged_by_the_bytes_of_weights_and_only_warn():
    network = crossed(np.ones((4, 4)))
    assert judge(network, limited("spinnaker2", cores=1, core_memory=16)).findings[0].code == "ND351"
    judged = judge(network, limited("spinnaker2", cores=1, core_memory=15))
    assert (judged.findings[0].code, judged.findings[0].severity) == ("ND350", "warning")
    assert (judged.findings[0].found, judged.findings[0].limit) == (16, 15)
    assert judged.verdict == "within limits"


# -- fixes --------------------------------------------------------------------------------------------------------

WRITE = re.compile(r"in (population|projection) '(\w+)' write ([\w.]+) = (.+)")


def written(network, text):
    """The network after the user wrote what a fix says into its document."""
    kind, name, path, value = WRITE.fullmatch(text).groups()
    document = network.model_dump(mode="json")
    item = next(item for item in document[f"{kind}s"] if item["name"] == name)
    *outer, last = path.split(".")
    for part in outer:
        item = item[part]
    item[last] = json.loads(value)
    return nd.Network.model_validate(document)


BROKEN = {
    "reset": (rig(neuron=nd.Lif(tau_m_s=0.02, v_threshold=1.0, reset="zero")), load_feasibility_target("xylo_audio2")),
    "refractory": (
        layer(conv(), neuron=nd.If(v_threshold=1.0, refractory_steps=3)),
        load_feasibility_target("speck2f"),
    ),
    "floor": (crossed([[1.0, -1.0]]), load_feasibility_target("odin")),
    "decay": (
        rig(neuron=nd.Lif(tau_m_s=99.0, v_threshold=1.0, reset="subtract")),
        load_feasibility_target("xylo_audio2"),
    ),
    "delay": (layer(conv(), delay_steps=4), load_feasibility_target("speck2f")),
    "fan out": (
        rig(hidden=8, recurrent=np.random.default_rng(0).normal(size=(8, 8))),
        limited("xylo_audio2", fan_out=5),
    ),
    "fan in": (crossed(np.random.default_rng(0).normal(size=(1, 8)) * 0 + 1), limited("truenorth", axons=5)),
    "synapses": (
        rig(hidden=8, recurrent=np.random.default_rng(0).normal(size=(8, 8))),
        limited("xylo_audio2", synapses=40),
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_every_fix_that_is_offered_helps_when_it_is_made(name):
    from neurodeploy.network.prune import prune

    network, target = BROKEN[name]
    before = judge(network, target)
    fixes = [(item, fix) for item in before.findings for fix in item.fixes]
    assert fixes
    for item, fix in fixes:
        edited = prune(network, fix.change["prune"]) if fix.change else written(network, fix.text)
        after = judge(edited, target)
        assert not errors_in(after.findings), fix.text
        assert item.code not in {other.code for other in after.findings}


def test_another_chip_is_offered_only_if_nothing_speaks_against_it():
    from neurodeploy.hardware import read_target, target_names

    others = [read_target(name) for name in target_names()]
    others = [item for item in others if hasattr(item, "architecture")]
    network = rig(outputs=9)  # Audio 2 has 8 outputs, Audio 3 has 32, IMU has 16
    judged = judge(network, load_feasibility_target("xylo_audio2"), others=others)
    flags = [fix.flag for item in judged.findings for fix in item.fixes]
    assert flags == ["--target xylo_audio3", "--target xylo_imu"]
    for flag in flags:
        assert not errors_in(judge(network, load_feasibility_target(flag.split()[1])).findings)
    assert [
        fix.flag
        for item in judge(rig(outputs=20), load_feasibility_target("xylo_audio2"), others=others).findings
        for fix in item.fixes
    ] == ["--target xylo_audio3"]


# -- the command, and networks of others --------------------------------------------------------------------------


def test_check_judges_and_compile_says_that_it_cannot(tmp_path, monkeypatch, call):
    monkeypatch.chdir(tmp_path)
    nd.save(rig(outputs=9), "rig.nd.json")
    status, out, err = call("check", "rig.nd.json", "-t", "xylo_audio2")
    assert status == 1
    assert out.startswith("verdict: over limits (judged against public limits of xylo_audio2")
    assert "error[ND346]" in err
    assert "--target xylo_audio3" in err
    assert call("check", "rig.nd.json", "-t", "xylo_audio3")[0] == 0
    status, _, err = call("compile", "rig.nd.json", "-t", "xylo_audio3")
    assert status == 1
    assert "error[ND028]" in err
    document = json.loads(call("check", "rig.nd.json", "-t", "xylo_audio2", "--json")[1])
    assert document["verdict"] == "over limits"
    assert {item["name"]: item["share"] for item in document["uses"]}["outputs"] == 9 / 8


def test_a_judgement_takes_budgets_formats_and_pruning(tmp_path, monkeypatch, call):
    monkeypatch.chdir(tmp_path)
    index = np.arange(8)
    circular = 1.0 + (index[:, None] + index) % 8  # every row and every column holds 1 to 8
    nd.save(rig(hidden=8, recurrent=circular), "rig.nd.json")
    check = ("check", "rig.nd.json", "-t", "xylo_audio2")
    assert call(*check, "--budget", "fan_out<=8", "--budget", "hidden<=1%")[0] == 0
    status, out, _ = call(*check, "--budget", "fan_out<=7", "--format", "concise")
    assert status == 1
    assert "ND604" in out
    assert call(*check, "--budget", "fan_out<=7", "--prune", "0.5")[0] == 0
    assert call(*check, "--budget", "synapse_memory<=7")[0] == 1, "no figure of this report"
    assert call(*check, "--board", "pair")[0] == 1


def test_an_invalid_network_is_not_judged(tmp_path, monkeypatch, call):
    monkeypatch.chdir(tmp_path)
    nd.save(rig(w_in=np.ones((2, 3))), "rig.nd.json")
    status, out, err = call("check", "rig.nd.json", "-t", "xylo_audio2")
    assert status == 1
    assert "ND102" in err
    assert "verdict" not in out
    json.loads(call("check", "rig.nd.json", "-t", "xylo_audio2", "--json")[1])


def test_the_convolutional_network_that_ran_on_speck_is_within_its_limits(reference_data):
    file = reference_data / "real_inputs" / "nir_paper" / "02_cnn" / "cnn_sinabs.nir"
    network = nd.load(file, ImportOptions(dt_s=1e-3, reset="subtract", producer="nir"))
    judged = judge(network, load_feasibility_target("speck2f"))
    assert judged.verdict == "within limits"
    assert len(judged.cores) == len(network.populations)
    zero = nd.load(file, ImportOptions(dt_s=1e-3, reset="none", producer="nir"))
    assert judge(zero, load_feasibility_target("speck2f")).verdict == "not expressible"


@pytest.mark.parametrize(("target", "verdict"), [("xylo_audio2", "within limits"), ("speck2f", "not expressible")])
def test_the_recurrent_network_that_ran_on_xylo_is_within_its_limits(reference_data, target, verdict):
    file = reference_data / "real_inputs" / "nir_paper" / "03_rnn" / "braille_noDelay_noBias_subtract.nir"
    network = nd.load(file, ImportOptions(dt_s=1e-4, reset="subtract", producer="nir"))
    assert judge(network, load_feasibility_target(target)).verdict == verdict
