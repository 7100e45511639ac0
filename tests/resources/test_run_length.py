"""Run-length lists and packed entries as NxTF counts them: by hand, by an independent count, and from the tables."""

from __future__ import annotations

import numpy as np
import pytest
from factories import examples, network_of
from hypothesis import given, settings
from hypothesis import strategies as st

import neurodeploy as nd
from neurodeploy.compiler import CompileOptions, compile_network
from neurodeploy.hardware import load_target
from neurodeploy.mapping import emit_program, place
from neurodeploy.mapping.mapping import Mapping
from neurodeploy.network import Conv2d, WeightFormat
from neurodeploy.network.connectivity import SynapseList
from neurodeploy.program.audit import use_of_program
from neurodeploy.quantize import quantize
from neurodeploy.quantize.projection import QuantizedProjection
from neurodeploy.resources.run_length import list_runs, run_words
from neurodeploy.resources.segment_plan import ProjectionSlice, plan_segment
from neurodeploy.resources.synapse_memory import dense_words, segment_words

NXTF = load_target("loihi1", rules="nxtf")
RULES = NXTF.counting


def without_runs(target=NXTF):
    """The same rules without run-length lists."""
    plain = target.counting.model_copy(update={"skip_bits": None})
    return target.model_copy(update={"rules": {**target.rules, target.rule_set: plain}})


@pytest.mark.parametrize(
    ("targets", "bits", "index", "synapses"),
    [
        # synapses of a full core, as NxTF's own bit counts give them: reference/hardware.md, section 1.1
        (64, 8, 0, 116_480),
        (256, 8, 0, 123_136),
        (1024, 8, 0, 124_928),
        (64, 8, 6, 69_888),
        (256, 8, 8, 64_512),
        (1024, 8, 10, 57_344),
        (64, 4, 0, 209_664),
        (256, 4, 0, 232_960),
        (1024, 4, 0, 239_616),
        (256, 2, 0, 419_328),
        (1024, 2, 0, 441_344),
        (256, 1, 0, 698_880),
        (1024, 1, 0, 761_856),
    ],
)
def test_words_are_those_of_the_published_bit_counts(targets, bits, index, synapses):
    widths = {64: 6, 256: 8, 1024: 10}
    words = int((segment_words if index else dense_words)(RULES, targets, bits, 0, index or widths[targets]))
    assert min(4096, 16384 // words) * targets == synapses


def test_entries_of_a_list_follow_one_another_and_six_bits_end_it():
    assert int(segment_words(RULES, 6, 8, 0, 0)) == 1  # 6 * 8 + 10 + 6 = 64 bits
    assert int(segment_words(RULES, 7, 8, 0, 0)) == 2  # 72 bits
    assert int(segment_words(RULES, 61, 8, 0, 0)) == 9  # 61 * 8 + 2 * 10 + 6 = 514 bits
    assert int(segment_words(RULES, 0, 8, 0, 0)) == 0


def words(targets, skip, bits=8, index=6):
    return int(run_words(RULES, np.zeros(1, dtype=np.int64), np.array(targets), bits, index, skip)[0])


def test_words_of_run_length_lists_by_hand():
    assert words([5, 7, 12], 3) == 1  # 10 + 6 + 3 * (8 + 3) + 6 = 55 bits
    assert words([5, 7, 12], 2) == 2  # 12 is 5 further on: 2 * 16 + 3 * (8 + 2) + 6 = 68 bits
    assert words(range(0, 60, 3), 2) == 4  # 16 + 20 * 10 + 6 = 222 bits
    assert int(segment_words(RULES, 20, 8, 0, 6)) == 5  # sparse: 10 + 20 * 14 + 6 = 296 bits
    assert words([0, 31], 5) == 1  # 16 + 2 * 13 + 6 = 48 bits
    assert words([0, 32], 5) == 1  # two entries: 2 * 16 + 2 * 13 + 6 = 64 bits
    assert words([0, 32, 63], 5) == 2  # two entries, of 1 and of 2: 32 + 39 + 6 = 77 bits
    assert words(range(61), 2) == 11  # two entries, of 60 and of 1: 32 + 610 + 6 = 648 bits


def counted(targets, bits, index, skip):
    """Words of one list, entry by entry."""
    total, entry, before = 0, 0, None
    for target in targets:
        if entry in (0, 60) or target - before >= 2**skip:
            total, entry = total + 10 + index, 0
        total, entry, before = total + bits + skip, entry + 1, target
    return -(-(total + 6) // 64)


@settings(max_examples=examples(150), deadline=None)
@given(
    st.lists(st.sets(st.integers(0, 400), min_size=1, max_size=200), min_size=1, max_size=4),
    st.integers(1, 8),
    st.integers(6, 10),
)
def test_the_best_width_of_all_lists_is_taken(lists, bits, index):
    each = [sorted(item) for item in lists]
    found = list_runs(RULES, np.array([len(item) for item in each]), np.concatenate(each), bits, index)
    by_width = {skip: [counted(item, bits, index, skip) for item in each] for skip in (2, 3, 4, 5)}
    assert found.words.tolist() == by_width[found.skip_bits]
    assert found.words.sum() == min(sum(item) for item in by_width.values())


def projection_of(weights):
    """(post, pre) 8-bit weights as a projection."""
    post, pre = np.nonzero(weights)
    order = np.lexsort((post, pre))
    style = WeightFormat(weight_bits=8, sign_mode="excitatory")
    connectivity = SynapseList(
        n_target=weights.shape[0],
        indptr=np.r_[0, np.cumsum(np.bincount(pre, minlength=weights.shape[1]))],
        targets=post[order].astype(np.int32),
        weights=weights[post[order], pre[order]].astype(np.int16),
        delay_steps=np.zeros(order.size, dtype=np.uint8),
    )
    return QuantizedProjection(name="p", source="in", target="a", weight_format=style, connectivity=connectivity)


@settings(max_examples=examples(100), deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.002, 0.9), st.integers(1, 300), st.integers(1, 20))
def test_run_length_lists_never_take_more(seed, density, post, pre):
    rng = np.random.default_rng(seed)
    projection = projection_of((rng.random((post, pre)) < density) * rng.integers(1, 200, (post, pre)))
    neurons = np.arange(post)
    plan, plain = (plan_segment(ProjectionSlice(target, projection, neurons)) for target in (NXTF, without_runs()))
    assert plan.words == plan.words_per_source.sum()
    assert (plan.encoding == "runlength") is (plan.words < plain.words) is (plan.skip_bits > 0)
    if plan.encoding != "runlength":
        assert plan.words == plain.words
    else:
        rows = [
            np.flatnonzero(column) for column in np.array([projection_rows(projection, k, post) for k in range(pre)])
        ]
        index = max(6, int(np.ceil(np.log2(post))))
        assert plan.index_bits == index
        assert plan.words_per_source.tolist() == [
            counted(row.tolist(), 8, index, plan.skip_bits) if row.size else 0 for row in rows
        ]


def projection_rows(projection, source, post):
    row = np.zeros(post, dtype=bool)
    synapses = projection.connectivity
    row[synapses.targets[synapses.indptr[source] : synapses.indptr[source + 1]]] = True
    return row


def network(weights, recurrent=None):
    """Lines onto cells, by (post, pre) weights."""
    links = [nd.sparse("in", "cells", weights)]
    if recurrent is not None:
        links.append(nd.sparse("cells", "cells", recurrent, delay_steps=2))
    cells = nd.Population(name="cells", shape=weights.shape[0], neuron=nd.Lif(tau_m_s=0.02, v_threshold=1.0))
    return network_of([cells], links, inputs=weights.shape[1])


@settings(max_examples=examples(25), deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.02, 0.5), st.integers(20, 150), st.integers(1, 3))
def test_a_recount_of_the_tables_gives_the_same_words(seed, density, size, cores):
    rng = np.random.default_rng(seed)
    sparse = lambda *shape: (rng.random(shape) < density) * (0.1 + rng.random(shape))  # noqa: E731
    quantized = quantize(network(sparse(size, 9), sparse(size, size)), NXTF)
    core_of = {"cells": rng.integers(0, cores, size).astype(np.int32)}
    core_of["cells"][:cores] = np.arange(cores)
    program = emit_program(place(Mapping(quantized=quantized, target=NXTF, n_cores=cores, core_of=core_of)))
    held = [np.flatnonzero(core_of["cells"] == core) for core in range(cores)]
    planned = [
        sum(plan_segment(ProjectionSlice(NXTF, item, mine)).words for item in quantized.projections) for mine in held
    ]
    assert use_of_program(program)["synapse_memory"].tolist() == planned


def convolution(rng):
    """A convolution whose lists are shared and broad enough for run-lengths."""
    kernel = Conv2d(input_shape=(1, 10, 10), weights=rng.normal(size=(6, 1, 3, 3)), padding=(1, 1))
    lif = nd.Lif(tau_m_s=0.02, v_threshold=1.0)
    return network_of(
        (nd.Population(name="cells", shape=(6, 10, 10), neuron=lif),),
        (nd.Projection(name="p", source="in", target="cells", operation=kernel),),
        inputs=(1, 10, 10),
        name="maps",
    )


@pytest.mark.parametrize("kind", ["lists", "shared lists"])
def test_the_encoding_does_not_change_spikes(kind):
    rng = np.random.default_rng(1)
    net = network((rng.random((200, 30)) < 0.15) * rng.random((200, 30))) if kind == "lists" else convolution(rng)
    made = {
        name: compile_network(net, target, CompileOptions(fixes=False)).require()
        for name, target in {"runs": NXTF, "none": without_runs(), "default": load_target("loihi1")}.items()
    }
    assert any(item.skip_bits for item in made["runs"].formats)
    assert {item.encoding for item in made["runs"].formats} == {"runlength" if kind == "lists" else "shared"}
    assert not any(item.skip_bits for name in ("none", "default") for item in made[name].formats)
    words = {name: int(use_of_program(program)["synapse_memory"].sum()) for name, program in made.items()}
    assert words["runs"] < words["none"]
    raster = (rng.random((2, 20, net.inputs[0].size)) < 0.2).astype(np.uint8)
    stimulus = nd.Stimulus(n_samples=2, n_steps=20, rasters={"in": raster})
    spikes = [nd.run(program, stimulus).spikes["cells"] for program in made.values()]
    assert spikes[0].size
    assert all(np.array_equal(spikes[0], other) for other in spikes[1:])


def test_the_recount_includes_the_index_in_the_prefix_of_a_dense_list():
    """20 sources of 6 neurons: 10 + 6 + 6 * 8 + 6 = 70 bits each, and 64 without the index."""
    net = network_of(
        (nd.Population(name="a", shape=6, neuron=nd.LoihiCuba(du=4095, dv=64, vth_mant=200)),),
        (nd.dense("in", "a", np.full((6, 20), 254), weight_format=WeightFormat(weight_bits=8)),),
        inputs=20,
        name="dense",
    )
    program = nd.compile(net, NXTF)
    assert [item.encoding for item in program.formats] == ["dense"]
    assert use_of_program(program)["synapse_memory"].tolist() == [40]
