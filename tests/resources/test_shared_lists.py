"""Convolutions keep shared weights on cores, and run as their written-out synapses do."""

from __future__ import annotations

import numpy as np
import pytest
from factories import examples, layered_network, network_of, with_limits
from hypothesis import example, given, settings
from hypothesis import strategies as st

import neurodeploy as nd
from neurodeploy.check import dialect_verdict
from neurodeploy.compiler import CompileOptions, compile_network
from neurodeploy.costs.counting import counts
from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.hardware import load_dialect, load_target
from neurodeploy.mapping import partition
from neurodeploy.network import AvgPool2d, Conv2d, LoihiCuba, Sparse, SumPool2d, WeightFormat
from neurodeploy.network.connectivity import WindowConnectivity, synapses_of
from neurodeploy.network.convolution import output_shape, window_of
from neurodeploy.network.coordinates import target_size
from neurodeploy.program.audit import use_of_program
from neurodeploy.program.validate import program_faults
from neurodeploy.quantize import quantize
from neurodeploy.resources import core_limits, lower_bounds
from neurodeploy.resources.segment_plan import ProjectionSlice, plan_segment
from neurodeploy.simulate import encode

STYLE = WeightFormat(weight_bits=8, exponent=0, sign_mode="mixed")
CELLS = LoihiCuba(du=1500, dv=400, vth_mant=60)


def written_out(network):
    """The same network without a convolution in it."""
    projections = []
    for item in network.projections:
        n = network.source_size(item.source)
        own = synapses_of(item, n)
        shape = (target_size(item.operation, n), n)
        operation = Sparse(shape=shape, post=own.post, pre=own.pre, weights=own.weights)
        projections.append(item.model_copy(update={"operation": operation}))
    return network.model_copy(update={"projections": tuple(projections)})


@st.composite
def operations(draw, shape=None):
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    groups = draw(st.sampled_from([1, 1, 2]))
    shape = shape or (groups * draw(st.integers(1, 2)), draw(st.integers(3, 9)), draw(st.integers(3, 9)))
    groups = groups if shape[0] % groups == 0 else 1
    if draw(st.integers(0, 4)) == 0:
        kernel = (draw(st.integers(1, min(2, shape[1]))), draw(st.integers(1, min(3, shape[2]))))
        return SumPool2d(input_shape=shape, kernel=kernel, stride=kernel)
    weights = 2 * rng.integers(-40, 70, (groups * draw(st.integers(1, 3)), shape[0] // groups,
                                         draw(st.integers(1, 3)), draw(st.integers(1, 3))))  # fmt: skip
    weights[rng.random(weights.shape) < 0.2] = 0
    pair = lambda low, high: (draw(st.integers(low, high)), draw(st.integers(low, high)))  # noqa: E731
    operation = Conv2d(
        input_shape=shape, weights=weights, stride=pair(1, 2), padding=pair(0, 2), dilation=pair(1, 2), groups=groups
    )
    whole = 0 not in output_shape(window_of(operation))
    return operation if whole else operation.model_copy(update={"dilation": (1, 1), "padding": (2, 2)})


@st.composite
def networks(draw):
    first = draw(operations())
    middle = output_shape(window_of(first))
    second = draw(operations(shape=middle))
    style = [
        STYLE if isinstance(item, Conv2d) else WeightFormat(weight_bits=8, exponent=4, sign_mode="excitatory")
        for item in (first, second)
    ]
    delay = draw(st.sampled_from([0, 0, 2]))
    return network_of(
        (
            nd.Population(name="a", shape=middle, neuron=CELLS),
            nd.Population(name="b", shape=output_shape(window_of(second)), neuron=CELLS),
        ),
        (
            nd.Projection(name="p", source="in", target="a", operation=first, weight_format=style[0]),
            nd.Projection(
                name="q", source="a", target="b", operation=second, weight_format=style[1], delay_steps=delay
            ),
            *(
                [nd.one_to_one("a", "a", np.full(int(np.prod(middle)), 8.0), weight_format=STYLE)]
                if draw(st.integers(0, 3)) == 0
                else []
            ),
        ),
        inputs=first.input_shape,
        outputs="b",
        name="conv",
    )


@pytest.mark.slow
@settings(max_examples=examples(60), deadline=None)
@given(networks(), st.sampled_from([(1024, 4096), (40, 200), (24, 60)]), st.sampled_from(["nengo-loihi", "nxtf"]))
def test_a_convolution_on_cores_equals_its_expanded_form(network, room, rules):
    chip = with_limits(load_target("loihi1"), compartments=room[0], input_axons=room[1])
    chip = chip.model_copy(update={"rule_set": rules})
    result = compile_network(network, chip, CompileOptions(fixes=False))
    other = compile_network(written_out(network), load_target("loihi1"), CompileOptions(fixes=False)).require()
    if result.program is None:
        assert {item.code for item in result.findings} & {"ND301", "ND302", "ND401", "ND402", "ND303"}
        return
    program = result.program
    assert program_faults(program) == []
    limits = core_limits(chip)
    for name, values in use_of_program(program).items():
        assert (values <= limits[name].value).all(), name
    rng = np.random.default_rng(1)
    raster = {"in": (rng.random((1, 12, *network.inputs[0].shape)) < 0.4).astype(np.uint8)}
    mine = nd.run(program, encode(network, raster), until=16)
    out = nd.run(other, encode(network, raster), until=16)
    for name in mine.spikes:
        assert np.array_equal(mine.spikes[name], out.spikes[name])
    total = lambda run, made: sum(  # noqa: E731
        int((c.synops_dense + c.synops_sparse + c.synops_shared).sum()) for c in counts(made, run)
    )
    if not any(item.encoding == "dense" for item in (*program.formats, *other.formats)):
        assert total(mine, program) == total(out, other)


@settings(max_examples=examples(60), deadline=None)
@given(operations())
def test_the_window_of_a_projection_has_the_synapses_of_the_network(operation):
    size = int(np.prod(output_shape(window_of(operation))))
    network = network_of((nd.Population(name='a', shape=size, neuron=CELLS),), (nd.Projection(name='p', source='in', target='a', operation=operation, delay_steps=3, weight_format=WeightFormat(weight_bits=8, sign_mode='mixed' if isinstance(operation, Conv2d) else 'excitatory')),), inputs=operation.input_shape, name='n')  # fmt: skip
    window = quantize(network, load_target("loihi1")).projections[0].connectivity
    assert isinstance(window, WindowConnectivity)
    synapses = synapses_of(network.projections[0], network.inputs[0].size)
    order = np.lexsort((synapses.pre, synapses.post))
    got = [(part.rows + start, part.source, part.weights, part.delay_steps) for start, part in window.batches()]
    post, pre, mantissas, delays = (np.concatenate(column) for column in zip(*got, strict=True))
    assert np.array_equal(post, synapses.post[order])
    assert np.array_equal(pre, synapses.pre[order])
    assert np.array_equal(mantissas, synapses.weights[order])
    assert set(delays.tolist()) <= {3}
    assert np.array_equal(window.fan_in, np.bincount(post, minlength=size))
    assert np.array_equal(window.fan_out, np.bincount(pre, minlength=network.inputs[0].size))
    assert window.n_synapses == post.size
    some = np.sort(np.random.default_rng(0).permutation(size)[: max(size // 2, 1)])
    part, expected = window.into(some), np.isin(post, some)
    assert np.array_equal(some[part.rows], post[expected])
    assert np.array_equal(part.source, pre[expected])


def one_core(kernel=3, side=8):
    weights = 2 * np.arange(1, kernel * kernel + 1).reshape(1, 1, kernel, kernel)
    operation = Conv2d(input_shape=(1, side, side), weights=weights)
    return layered_network([operation], CELLS, names="a", weight_format=STYLE, outputs="a")


def test_a_core_stores_one_list_for_each_way_the_kernel_is_cut_off():
    program = nd.compile(one_core(), "loihi1")
    tables = program.tables
    assert tables.n_cores == 1
    assert tables.in_axon_list.size == 64
    assert tables.list_ptr[-1] == 25  # 2 + 1 + 2 ways on each axis
    assert tables.entry_target.size == (1 + 2 + 3 + 2 + 1) ** 2
    assert {item.encoding for item in program.formats} == {"shared"}
    # 8 + 6 bits each: 1, 2, 3, 4 in one word (10 + 56 bits are two), 6 in two, 9 in three
    words = lambda n: -(-(n * 14 + 10) // 64)  # noqa: E731
    lengths = [a * b for a in (1, 2, 3, 2, 1) for b in (1, 2, 3, 2, 1)]
    assert use_of_program(program)["synapse_memory"].tolist() == [sum(map(words, lengths))]
    assert dialect_verdict(program, [load_dialect("loihi2")])


def test_lists_are_not_shared_beyond_the_base_that_an_axon_can_name():
    projection = quantize(one_core(side=20), load_target("loihi1")).projections[0]
    target, neurons = load_target("loihi1"), np.arange(324)
    assert int(ProjectionSlice(target, projection, neurons).shared_lists.base.max()) > 255
    assert plan_segment(ProjectionSlice(target, projection, neurons)).encoding == "sparse"
    assert plan_segment(ProjectionSlice(target, projection, neurons[:180])).encoding == "shared"
    assert plan_segment(ProjectionSlice(target, projection, neurons[:180], first_row=120)).encoding == "sparse"
    assert plan_segment(ProjectionSlice(load_target("loihi2"), projection, neurons)).encoding == "shared"


def test_two_projections_from_one_source_do_not_share_lists():
    network = one_core()
    twice = network.model_copy(
        update={"projections": (*network.projections, network.projections[0].model_copy(update={"name": "again"}))}
    )
    program = nd.compile(twice, "loihi1")
    assert {item.encoding for item in program.formats} <= {"sparse", "dense"}
    assert program.tables.list_ptr[-1] == program.tables.in_axon_list.size == 64


@pytest.mark.parametrize("pool", [SumPool2d, AvgPool2d])
def test_a_pool_is_shared_too_and_float_neurons_keep_it(pool):
    operation = pool(input_shape=(2, 8, 8), kernel=(2, 2), stride=(2, 2))
    network = one_core().model_copy(
        update={
            "inputs": (nd.Input(name="in", shape=(2, 8, 8)),),
            "populations": (nd.Population(name="a", shape=(2, 4, 4), neuron=nd.If(v_threshold=1.0)),),
            "projections": (nd.Projection(name="p", source="in", target="a", operation=operation),),
        }
    )
    program = nd.compile(network, "loihi1")
    assert {item.encoding for item in program.formats} == {"shared"}
    tables = program.tables  # every place has one target, named from a base that is a multiple of 4, in either channel
    assert (tables.list_ptr[-1], set(tables.in_axon_kind), tables.in_axon_list.size) == (4 * 2, {16}, 128)
    assert use_of_program(program)["input_axons"].tolist() == [64]
    shown = encode(network, {"in": (np.random.default_rng(0).random((2, 9, 2, 8, 8)) < 0.5).astype(int)})
    float_run = nd.run(program, shown, backend="reference")
    run = nd.run(program, shown)
    assert np.array_equal(run.spikes["a"], float_run.spikes["a"])


def _cramped(words):
    base = load_target("loihi1")
    memory = base.limits.synapse_memory.model_copy(update={"value": words})
    return base.model_copy(update={"limits": base.limits.model_copy(update={"synapse_memory": memory})})


def _alone(operation):
    shape = output_shape(window_of(operation))
    pool = WeightFormat(weight_bits=8, exponent=4, sign_mode="excitatory")
    style = STYLE if isinstance(operation, Conv2d) else pool
    return network_of(
        (nd.Population(name="out", shape=shape, neuron=CELLS),),
        (nd.Projection(name="to_out", source="in", target="out", operation=operation, weight_format=style),),
        inputs=operation.input_shape,
    )


def _mostly_padding():
    """Only the middle taps meet the source; of these, one is not 0, and the outer 12 all differ."""
    weights = np.arange(2, 38, 2).reshape(3, 2, 1, 3)
    weights[:, :, :, 1] = 0
    weights[0, 0, 0, 1] = 2
    return Conv2d(input_shape=(2, 3, 3), weights=weights, padding=(0, 1), dilation=(1, 2))


MOSTLY_PADDING = _mostly_padding()


@settings(max_examples=examples(100), deadline=None)
@given(operations(), st.integers(1, 12))
@example(MOSTLY_PADDING, 1)
def test_partitions_of_a_convolution_never_undercut_the_lower_bound(operation, words):
    target = _cramped(words)
    quantized = quantize(_alone(operation), target)
    try:
        cut = partition(quantized, target)
    except DiagnosticError:
        return
    assert cut.n_cores >= max(lower_bounds(quantized, target).values())


def test_a_pool_of_many_channels_needs_one_list_and_so_does_the_bound():
    """16 channels, pooled separately: 64 synapses of equal weight, all in one word."""
    operation = SumPool2d(input_shape=(16, 2, 2), kernel=(2, 2), stride=(2, 2))
    target = _cramped(1)
    quantized = quantize(_alone(operation), target)
    assert lower_bounds(quantized, target)["synapse_memory"] == 1
    assert partition(quantized, target).n_cores == 1
