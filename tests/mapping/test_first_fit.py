"""Core usage, bounds and first fit, against counts by hand and an independent audit."""

from __future__ import annotations

from importlib import import_module

import numpy as np
import pytest
from factories import examples, layered_network, with_limits
from hypothesis import given, settings
from hypothesis import strategies as st

import neurodeploy as nd
from neurodeploy.base.arrays import FLAGGED, distinct
from neurodeploy.compiler import CompileOptions, compile_network
from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.hardware import load_target, on_board, with_rules
from neurodeploy.mapping import emit_program, partition, place
from neurodeploy.mapping.partition.order import _by_tile, longest_fitting_prefix
from neurodeploy.network import Conv2d, WeightFormat
from neurodeploy.program.audit import use_of_program
from neurodeploy.program.validate import program_faults
from neurodeploy.quantize import quantize
from neurodeploy.resources import core_limits, lower_bounds
from neurodeploy.resources.limits import Limit, fullness
from neurodeploy.resources.synapse_memory import segment_words


def test_words_of_a_segment_as_nengo_loihi_counts_them():
    rules = load_target("loihi1").counting
    assert int(segment_words(rules, 64, 8, 0, 0)) == 9  # 64 * 8 + 10 = 522 bits
    assert int(segment_words(rules, 62, 8, 0, 0)) == 8  # 506 bits
    assert int(segment_words(rules, 65, 8, 0, 0)) == 10  # a second entry of 18 bits
    assert int(segment_words(rules, 0, 8, 0, 0)) == 0
    assert int(segment_words(rules, 30, 8, 3, 7)) == 9  # 30 * 18 + 10 = 550 bits


def test_words_of_long_segments_are_counted_as_those_of_short_ones():
    def by_hand(n):
        return sum(-(-(8 * min(64, n - first) + 10) // 64) for first in range(0, n, 64))

    rules, lengths = load_target("loihi1").counting, [0, 1, 4095, 4096, 4097, 9001]
    found = segment_words(rules, lengths, 8, 0, 0).tolist()
    assert found == [int(segment_words(rules, n, 8, 0, 0)) for n in lengths] == [by_hand(n) for n in lengths]


@pytest.mark.parametrize(("targets", "fits"), [(450, True), (512, False)])
def test_256_dense_rows_of_450_fit_a_core_and_of_512_do_not(targets, fits):
    target = load_target("loihi1")
    words = 256 * int(segment_words(target.counting, targets, 8, 0, 0))
    assert (words <= target.limits.synapse_memory.value) is fits


@settings(max_examples=examples(300), deadline=None)
@given(st.integers(0, 3000), st.lists(st.floats(0, 0.2), max_size=3000), st.integers(1, 4000), st.booleans())
def test_the_longest_slice_is_found_by_few_counts(start, growth, hint, jumps):
    """Compared with all stops tried one by one, for neurons of any share of a core, including more than one core."""
    filled = np.cumsum([0.1, *growth]) * (7.0 if jumps else 1.0)
    counted = []

    def share(stop):
        counted.append(stop)
        return float(filled[stop - start])

    longest = max((stop for stop, n in enumerate(filled) if n <= 1), default=0)
    assert longest_fitting_prefix(start, start + len(growth), share, hint, float(filled[0])) == start + longest
    assert len(counted) == len(set(counted)) <= 2 * len(growth).bit_length() + 2


@st.composite
def networks(draw):
    """Small networks for the tiny chip: two populations, inputs, recurrence, sparse and dense."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n_in, a, b = draw(st.integers(1, 6)), draw(st.integers(1, 12)), draw(st.integers(1, 12))
    lif = nd.Lif(tau_m_s=0.02, v_threshold=1.0, reset=draw(st.sampled_from(["zero", "subtract"])))
    density = draw(st.floats(0.05, 0.6))
    random_weights = lambda post, pre: (rng.random((post, pre)) < density) * rng.normal(size=(post, pre))  # noqa: E731
    projections = [nd.dense("in", "a", random_weights(a, n_in)), nd.sparse("a", "b", random_weights(b, a))]
    if draw(st.booleans()):
        projections.append(nd.sparse("b", "a", random_weights(a, b), delay_steps=draw(st.integers(0, 3))))
    return nd.Network(
        name="random",
        time=nd.Time(dt_s=1e-3),
        inputs=(nd.Input(name="in", shape=n_in),),
        populations=(nd.Population(name="a", shape=a, neuron=lif), nd.Population(name="b", shape=b, neuron=lif)),
        projections=tuple(projections),
    )


@settings(max_examples=examples(150), deadline=None)
@given(networks())
def test_a_placed_network_is_whole_and_within_every_limit(network):
    target = on_board(load_target("tiny"), "pair")
    result = compile_network(network, target, CompileOptions(fixes=False))
    if result.program is None:
        assert result.verdict != "fits"
        assert result.findings
        return
    program, tables = result.program, result.program.tables
    assert program_faults(program) == []
    limits = core_limits(target)
    for name, values in use_of_program(program).items():
        assert (values <= limits[name].value).all(), name
    placed = sorted(zip(tables.population.tolist(), tables.neuron.tolist(), strict=True))
    assert placed == [(k, i) for k, item in enumerate(network.populations) for i in range(item.size)]
    assert max(result.lower_bounds.values()) <= result.n_cores <= target.cores
    assert len(set(tables.core_id.tolist())) == result.n_cores


@settings(max_examples=examples(40), deadline=None)
@given(networks())
def test_every_synapse_is_in_exactly_one_list(network):
    target = load_target("loihi1")
    quantized = quantize(network, target)
    program = emit_program(place(partition(quantized, target)))
    stored = int(np.count_nonzero(program.tables.entry_mantissa))
    assert stored == sum(np.count_nonzero(item.connectivity.weights) for item in quantized.projections)
    assert int(program.tables.entry_mantissa.astype(int).sum()) == sum(
        int(p.connectivity.weights.astype(int).sum()) for p in quantized.projections
    )


def test_mapping_is_deterministic_and_seeds_only_move_cores():
    network = nd.Network(
        name="net",
        time=nd.Time(dt_s=1e-3),
        inputs=(nd.Input(name="in", shape=4),),
        populations=(nd.Population(name="cells", shape=30, neuron=nd.Lif(tau_m_s=0.02, v_threshold=1.0)),),
        projections=(nd.dense("in", "cells", np.ones((30, 4))),),
    )
    target = on_board(load_target("tiny"), "pair")
    cut = partition(quantize(network, target), target)
    assert (
        emit_program(place(cut)).digest() == emit_program(place(partition(quantize(network, target), target))).digest()
    )
    moved = emit_program(place(cut, seed=5))
    chips = lambda program: (program.tables.core_id // 4).tolist()  # noqa: E731
    assert chips(moved) == chips(emit_program(place(cut)))
    assert moved.tables.core_id.tolist() != emit_program(place(cut)).tables.core_id.tolist()


def test_bounds_never_exceed_the_placed_cores_and_are_tight_for_neurons():
    network = nd.Network(
        name="net",
        time=nd.Time(dt_s=1e-3),
        inputs=(nd.Input(name="in", shape=1),),
        populations=(nd.Population(name="cells", shape=17, neuron=nd.Lif(tau_m_s=0.02, v_threshold=1.0)),),
        projections=(nd.dense("in", "cells", np.ones((17, 1))),),
    )
    target = load_target("tiny")
    quantized = quantize(network, target)
    assert lower_bounds(quantized, target)["compartments"] == 3  # 17 neurons, 8 to a core
    assert partition(quantized, target).n_cores == 3


def test_too_many_cores_name_the_limit():
    network = nd.Network(
        name="net",
        time=nd.Time(dt_s=1e-3),
        inputs=(nd.Input(name="in", shape=1),),
        populations=(nd.Population(name="cells", shape=33, neuron=nd.Lif(tau_m_s=0.02, v_threshold=1.0)),),
        projections=(nd.dense("in", "cells", np.ones((33, 1))),),
    )
    target = load_target("tiny")
    with pytest.raises(DiagnosticError) as error:
        partition(quantize(network, target), target)
    (finding,) = error.value.diagnostics
    assert (finding.code, finding.found, finding.limit) == ("ND401", 5, 4)
    assert "proven not to fit: compartments alone needs at least 5 cores" in finding.message


def test_a_core_never_holds_two_slices_of_a_population():
    """Seven neurons fill a word of each of 12 lists, and the eighth four words: apart 16 words, which fit, and 24 together."""
    target, weights = load_target("tiny"), np.full((8, 12), 32)
    weights[7, 4:] = 0
    network = nd.Network(
        name="eight",
        time=nd.Time(dt_s=1e-3),
        inputs=(nd.Input(name="in", shape=12),),
        populations=(nd.Population(name="a", shape=8, neuron=nd.LoihiCuba(du=4095, dv=64, vth_mant=2)),),
        projections=(nd.sparse("in", "a", weights, weight_format=nd.network.WeightFormat(weight_bits=8)),),
    )
    cut = partition(quantize(network, target), target)
    assert cut.core_of["a"].tolist() == [0] * 7 + [1]
    use = use_of_program(emit_program(place(cut)))
    assert use["synapse_memory"].tolist() == [12, 4]


def test_slices_counted_in_an_earlier_round_change_no_mapping(monkeypatch):
    class Forgetful(dict):
        def get(self, *_):
            return None

    first_fit, counted = import_module("neurodeploy.mapping.partition.first_fit"), []
    rng, cells = np.random.default_rng(2), nd.LoihiCuba(du=4095, dv=64, vth_mant=200)
    operations = [
        Conv2d(input_shape=(2, 16, 16), weights=2 * rng.integers(1, 60, (12, 2, 3, 3))),
        Conv2d(input_shape=(12, 14, 14), weights=2 * rng.integers(1, 60, (16, 12, 3, 3))),
        Conv2d(input_shape=(16, 12, 12), weights=2 * rng.integers(1, 60, (10, 16, 12, 12))),
    ]
    network = layered_network(operations, cells, weight_format=WeightFormat(weight_bits=8))
    quantized = quantize(network, load_target("loihi1"))
    target = with_limits(load_target("loihi1"), output_axons=2048)
    plain, of, count = partition(quantized, target), first_fit._Task.of, first_fit._Fill.with_slice
    monkeypatch.setattr(first_fit._Fill, "with_slice", lambda *given: counted.append(given[3:]) or count(*given))
    again = partition(quantized, target)
    with_memory = len(counted)
    monkeypatch.setattr(first_fit._Task, "of", lambda *given, **more: of(*given, **more)._replace(known=Forgetful()))
    for found in (again, partition(quantized, target)):
        assert found.n_cores == plain.n_cores > 1
        assert all(np.array_equal(found.core_of[name], core) for name, core in plain.core_of.items())
    assert len(counted) - with_memory > with_memory


@settings(max_examples=examples(100), deadline=None)
@given(st.tuples(*[st.integers(1, 9)] * 3), st.integers(1, 9), st.integers(1, 9))
def test_the_neurons_of_a_tile_follow_each_other_channel_by_channel(shape, height, width):
    channel, y, x = np.indices(shape).reshape(3, -1)
    assert np.array_equal(_by_tile(shape, height, width), np.lexsort((x, y, channel, x // width, y // height)))


@pytest.mark.slow
def test_maps_whose_cores_overflow_in_every_round_are_placed_with_a_reserve(monkeypatch):
    """Every round moves the borders of the cores, so that other neurons reach one core more than expected."""
    first_fit = import_module("neurodeploy.mapping.partition.first_fit")
    rng, cells = np.random.default_rng(3), nd.LoihiCuba(du=4095, dv=64, vth_mant=200)
    operations = [
        Conv2d(input_shape=(1, 24, 20), weights=2 * rng.integers(1, 60, (1, 1, 1, 1))),
        Conv2d(input_shape=(1, 24, 20), weights=2 * rng.integers(1, 60, (4, 1, 3, 3)), padding=(1, 1)),
        Conv2d(input_shape=(4, 24, 20), weights=2 * rng.integers(1, 60, (3, 4, 3, 3)), padding=(1, 1)),
    ]
    listing = with_rules(load_target("loihi2"), "lava-loihi")
    target = on_board(with_limits(listing, compartments=64, output_axons=160), "kapoho_point")
    quantized = quantize(layered_network(operations, cells, weight_format=WeightFormat(weight_bits=8)), target)
    cut = partition(quantized, target)
    for name, values in use_of_program(emit_program(place(cut))).items():
        assert (values <= core_limits(target)[name].value).all(), name
    monkeypatch.setattr(first_fit, "MORE_ROUNDS", 0)
    with pytest.raises(DiagnosticError, match="first fit in 12 rounds"):
        partition(quantized, target)


@pytest.mark.parametrize("bound", [100, FLAGGED + 1, None])
def test_keys_are_distinguished_with_flags_and_by_sorting(bound):
    assert distinct(np.array([7, 3, 7, 0, 99, 3]), bound).tolist() == [0, 3, 7, 99]
    assert distinct(np.zeros(0, dtype=np.int64), bound).tolist() == []


def test_fullness_exceeds_one_only_beyond_a_limit_even_a_limit_of_zero():
    limits = {name: Limit(most, "axon", "") for name, most in (("a", 0), ("b", 4))}
    shares = [fullness(used, limits) for used in ({}, {"a": 0, "b": 1}, {"b": 4}, {"b": 5}, {"a": 1, "b": 1})]
    assert shares == [0.0, 0.25, 1.0, 1.25, np.inf]
