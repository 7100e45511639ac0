"""Chips that take one layer per core: every public limit is judged right at its edge."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest
from factories import examples, layered_network, network_of, ones_conv, operation_network, with_limits
from hypothesis import given, settings
from hypothesis import strategies as st

import neurodeploy as nd
from neurodeploy.feasibility import judge
from neurodeploy.feasibility.convolution import Kernel
from neurodeploy.feasibility.layer_per_core import Layer, layer_needs
from neurodeploy.feasibility.matching import matching
from neurodeploy.hardware import load_feasibility_target
from neurodeploy.network import AvgPool2d, Chain, Conv1d, OneToOne, SumPool2d

IF = nd.If(v_threshold=1.0)
LIF = nd.Lif(tau_m_s=0.02, v_threshold=1.0, reset="subtract")


def limited(name, **values):
    return with_limits(load_feasibility_target(name), **values)


def codes(judgement):
    return sorted(item.code for item in judgement.findings if item.severity == "error")


@pytest.mark.parametrize(
    ("field", "value", "inside", "outside"),
    [
        ("kernel_side", 3, ones_conv(kernel=(3, 3)), ones_conv(kernel=(4, 4))),
        ("strides", [1, 2], ones_conv(stride=(2, 2)), ones_conv(stride=(3, 3))),
        ("padding", 1, ones_conv(padding=(1, 1)), ones_conv(padding=(2, 2))),
        ("dilation", 1, ones_conv(dilation=(1, 1)), ones_conv(dilation=(2, 2))),
        ("output_side", 6, ones_conv(kernel=(3, 3)), ones_conv(kernel=(2, 2))),
        ("input_side", 8, ones_conv(), ones_conv(kernel=(8, 8), before=(2, 9, 9))),
        ("channels", 4, ones_conv(out=4), ones_conv(out=5)),
    ],
)
def test_a_layer_is_judged_at_the_edge_of_each_side(field, value, inside, outside):
    target = limited("speck2f", **{field: value})
    assert codes(judge(operation_network(inside, inside.input_shape), target)) == []
    wrong = judge(operation_network(outside, outside.input_shape), target)
    assert codes(wrong) == ["ND343"]
    assert wrong.verdict == "over limits"


def test_kernels_and_pools_are_square():
    target = load_feasibility_target("speck2f")
    assert codes(judge(operation_network(ones_conv(kernel=(3, 2))), target)) == ["ND343"]
    line = Conv1d(input_shape=(2, 8), weights=np.ones((3, 2, 3)))
    assert codes(judge(operation_network(line, (2, 8)), target)) == ["ND343"]
    pool = SumPool2d(input_shape=(2, 8, 8), kernel=(2, 1), stride=(2, 1))
    assert codes(judge(operation_network(pool), target)) == ["ND343"]


@pytest.mark.parametrize(("side", "legal"), [(2, True), (4, True), (8, False)])
def test_pools_have_the_sides_that_the_core_has(side, legal):
    pool = SumPool2d(input_shape=(2, 8, 8), kernel=(side, side), stride=(side, side))
    assert codes(judge(operation_network(pool), load_feasibility_target("speck2f"))) == ([] if legal else ["ND343"])


def test_pools_one_after_the_other_multiply():
    two = SumPool2d(input_shape=(2, 8, 8), kernel=(2, 2), stride=(2, 2))
    more = AvgPool2d(input_shape=(2, 4, 4), kernel=(2, 2), stride=(2, 2))
    last = SumPool2d(input_shape=(2, 2, 2), kernel=(2, 2), stride=(2, 2))
    assert codes(judge(operation_network(Chain(operations=(two, more))), load_feasibility_target("speck2f"))) == []
    assert codes(judge(operation_network(Chain(operations=(two, more, last))), load_feasibility_target("speck2f"))) == [
        "ND343"
    ]


@pytest.mark.parametrize(
    "operation",
    [
        SumPool2d(input_shape=(2, 8, 8), kernel=(3, 3), stride=(2, 2)),
        SumPool2d(input_shape=(2, 8, 8), kernel=(2, 2), stride=(2, 2), padding=(1, 1)),
        Chain(operations=(ones_conv(), SumPool2d(input_shape=(4, 6, 6), kernel=(2, 2), stride=(2, 2)))),
        OneToOne(weights=np.arange(128.0)),
    ],
    ids=["overlapping", "padded", "pool after kernel", "weights over a map"],
)
def test_what_is_no_kernel_is_told_of_its_projection(operation):
    judged = judge(operation_network(operation), load_feasibility_target("speck2f"))
    assert codes(judged) == ["ND341"]
    assert str(judged.findings[0].subject) == "projection 'wires'"
    assert judged.verdict == "not expressible"


def test_dense_is_a_kernel_as_large_as_the_map():
    rng = np.random.default_rng(0)
    network = operation_network(nd.dense("in", "cells", rng.normal(size=(10, 2 * 16 * 16))).operation, (2, 16, 16))
    judged = judge(network, load_feasibility_target("speck2f"))
    # 2 channels x 256 places x 16 (10 padded) entries
    assert codes(judged) == []
    assert next(item.found for item in judged.uses if item.name == "kernel_memory") == 8192
    larger = operation_network(nd.dense("in", "cells", rng.normal(size=(10, 2 * 17 * 17))).operation, (2, 17, 17))
    assert codes(judge(larger, load_feasibility_target("speck2f"))) == ["ND343"]


def test_a_flat_population_keeps_the_map_that_its_convolution_gives():
    shape = (2, 8, 8)
    network = network_of(
        (
            nd.Population(name="maps", shape=144, neuron=IF),
            nd.Population(name="copy", shape=144, neuron=IF),
            nd.Population(name="out", shape=10, neuron=IF),
        ),
        (
            nd.Projection(name="a", source="in", target="maps", operation=ones_conv()),
            nd.Projection(name="b", source="maps", target="copy", operation=OneToOne(weights=1.0)),
            nd.dense("copy", "out", np.ones((10, 144))),
        ),
        inputs=shape,
        name="flat",
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
    judged = judge(operation_network(ones_conv(), neuron=neuron), limited("speck2f", **{field: [takes + more] * 9}))
    assert codes(judged) == (["ND344"] if more < 0 else [])
    assert judged.cores == ({} if more < 0 else {"cells": 0})


def test_the_channels_that_are_offered_fit_and_one_more_does_not():
    target = limited("speck2f", neuron_memory=[700] * 9)
    (item, *_) = judge(operation_network(ones_conv(out=32)), target).findings
    count = int(re.search(r"use (\d+) output channels instead of 32", item.fixes[0].text)[1])
    assert count == 10  # 10 * 64 = 640 entries of 700
    assert codes(judge(operation_network(ones_conv(out=count)), target)) == []
    assert codes(judge(operation_network(ones_conv(out=count + 1)), target)) == ["ND344"]


def test_no_core_need_have_all_memories_although_some_core_has_each():
    target = limited("speck2f", kernel_memory=[128, 64], neuron_memory=[64, 256], bias_memory=[9, 9])
    (item, *_) = judge(operation_network(ones_conv()), target).findings
    assert item.code == "ND344"
    assert "no core has all" in item.message
    assert "128 kernel, 256 neuron" in item.message


def chain_of(n, out=4):
    """`n` equal layers one behind the other, each 3 x 3 with padding."""
    operations = [ones_conv(out, before=(out, 8, 8), padding=(1, 1)) for _ in range(n)]
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
    twice = tuple(
        nd.Projection(name=f"p{k}", source=f"in{k}", target="cells", operation=ones_conv(4)) for k in range(2)
    )
    network = network_of(
        (nd.Population(name="cells", shape=(4, 6, 6), neuron=IF),),
        twice,
        inputs=tuple(nd.Input(name=f"in{k}", shape=shape) for k in range(2)),
        name="merge",
    )
    judged = judge(network, load_feasibility_target("speck2f"))
    assert codes(judged) == []
    # 2 + 2 channels of 16 places, 4 channels out
    assert next(item.found for item in judged.uses if item.name == "kernel_memory") == 4 * 16 * 4
    unlike = network.model_copy(
        update={
            "projections": (
                twice[0],
                twice[1].model_copy(update={"operation": ones_conv(4, kernel=(5, 5), padding=(1, 1))}),
            )
        }
    )
    assert codes(judge(unlike, load_feasibility_target("speck2f"))) == ["ND342"]


def fan(n):
    """One layer that n others hear, 1 x 1."""
    return network_of(tuple(nd.Population(name=f'l{k}', shape=(2, 4, 4), neuron=IF) for k in range(n + 1)), (nd.Projection(name='first', source='in', target='l0', operation=OneToOne(weights=1.0)), *(nd.Projection(name=f'p{k}', source='l0', target=f'l{k}', operation=OneToOne(weights=1.0)) for k in range(1, n + 1))), inputs=(2, 4, 4), name='fan')  # fmt: skip


def test_a_core_sends_to_two_others():
    assert codes(judge(fan(2), load_feasibility_target("speck2f"))) == []
    judged = judge(fan(3), load_feasibility_target("speck2f"))
    assert codes(judged) == ["ND347"]
    assert str(judged.findings[0].subject) == "population 'l0'"


def test_more_classes_than_the_readout_has_are_a_warning():
    network = operation_network(ones_conv(out=16, kernel=(8, 8)))
    read = network.model_copy(update={"outputs": (nd.Output(name="out", source="cells"),)})
    judged = judge(read, load_feasibility_target("speck2f"))
    assert (judged.findings[0].code, judged.findings[0].severity) == ("ND346", "warning")
    assert judged.verdict == "within limits"
    assert [item.code for item in judge(read, load_feasibility_target("dynapcnn")).findings] == ["ND351"]
