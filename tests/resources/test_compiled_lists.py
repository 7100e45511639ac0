"""The compiled loops over lists give what the numpy functions give."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from factories import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from neurodeploy.hardware import load_target
from neurodeploy.mapping.partition.assignment_usage import pairs_of
from neurodeploy.native.header import header_of
from neurodeploy.native.library import VARIABLE, missing, switched_off
from neurodeploy.network import WeightFormat
from neurodeploy.network.connectivity import WindowConnectivity
from neurodeploy.network.synapse_views import SynapsesBySource
from neurodeploy.quantize.projection import QuantizedProjection
from neurodeploy.resources import compiled_lists, run_length
from neurodeploy.resources.compiled_lists import distinct_keys, equal_classes, reached_cores, window_lists
from neurodeploy.resources.run_length import list_runs, run_words
from neurodeploy.resources.segment_plan import ProjectionSlice, plan_segment
from neurodeploy.resources.shared_lists import equal_lists

NXTF = load_target("loihi1", rules="nxtf").counting
PADDED = NXTF.model_copy(update={"list_end": None})


@st.composite
def windows(draw):
    """A window of any geometry, with few distinct mantissas, so that lists are equal by chance, and some of its targets."""
    rng, groups = np.random.default_rng(draw(st.integers(0, 2**32 - 1))), draw(st.integers(1, 3))
    pair = lambda low, high: (draw(st.integers(low, high)), draw(st.integers(low, high)))  # noqa: E731
    kernel = rng.integers(-1, 3, (groups * draw(st.integers(1, 4)), draw(st.integers(1, 3)), *pair(1, 3)))
    window = WindowConnectivity(
        input_shape=(groups * kernel.shape[1], *pair(7, 11)),
        kernel=kernel.astype(np.int16),
        present=(rng.random(kernel.shape) < draw(st.sampled_from([0.1, 0.7, 1.0]))).astype(np.uint8),
        stride=pair(1, 3),
        padding=pair(0, 3),
        dilation=pair(1, 3),
        groups=groups,
        delay_steps=draw(st.integers(0, 2)),
    )
    chosen = np.flatnonzero(rng.random(window.n_target) < draw(st.sampled_from([0.1, 0.5, 1.0])))
    return window, chosen if chosen.size else np.arange(1), rng


@pytest.fixture(scope="module", autouse=True)
def switched_on():
    """The loops, also in a run of all tests without compiled kernels."""
    with pytest.MonkeyPatch.context() as patch:
        if switched_off():
            patch.delenv(VARIABLE)
        yield


def test_the_loops_are_compiled():
    assert not missing(compiled_lists.FOLDER).reason


def test_the_header_is_generated_from_the_nouns():
    assert header_of(compiled_lists) == Path(compiled_lists.__file__).with_suffix(".h").read_text()


@settings(max_examples=examples(150), deadline=None)
@given(windows())
def test_lists_of_a_window_are_those_of_its_synapses(drawn):
    window, neurons, _ = drawn
    expected, found = window.into(neurons).by_source(), window_lists(window, neurons)
    for name, one, other in zip(SynapsesBySource._fields, found, expected, strict=True):
        assert np.array_equal(one, other), name


@settings(max_examples=examples(150), deadline=None)
@given(windows())
def test_equal_lists_of_a_window_are_found(drawn):
    window, neurons, _ = drawn
    lists = window_lists(window, neurons)
    each = [slice(start, start + n) for start, n in zip(lists.starts, lists.length, strict=True)]
    content = [(tuple(lists.row[at] - lists.row[at][0]), tuple(lists.weights[at])) for at in each]
    example, list_of = equal_classes(lists)
    assert [content[example[k]] for k in list_of] == content
    assert len(set(content)) == example.size
    assert [list_of.tolist().index(k) for k in range(example.size)] == example.tolist()
    offsets = lists.row - np.repeat(lists.row[lists.starts], lists.length)
    values = offsets.astype(np.int64) << 24 | (lists.weights.astype(np.int64) & 0xFFFF) << 8 | lists.delay_steps
    for one, other in zip((example, list_of), equal_lists(values, lists.starts, lists.length), strict=True):
        assert np.array_equal(one, other)


@settings(max_examples=examples(100), deadline=None)
@given(st.lists(st.integers(0, 2**63 - 1) | st.integers(0, 3), max_size=40), st.sampled_from([np.int64, np.uint64]))
def test_distinct_keys_are_those_of_numpy(values, kind):
    keys = np.array(values, dtype=kind)
    expected = np.unique(keys, return_index=True, return_inverse=True)[1:]
    for one, other in zip(distinct_keys(keys), expected, strict=True):
        assert np.array_equal(one, other)


def test_lists_with_one_hash_that_differ_share_nothing(monkeypatch):
    class Loops:
        """Loops with a hash that tells no lists apart."""

        def call(self, name, *arguments):
            return arguments[1].fill(7) if name == "hash_lists" else real.call(name, *arguments)

    real = compiled_lists.loops()
    monkeypatch.setattr(compiled_lists, "loops", Loops)
    columns = np.array([3, 4, 8, 9]), np.array([1, 2, 1, 2]), np.zeros(4)
    row, weights, delays = (one.astype(kind) for one, kind in zip(columns, (np.int32, np.int16, np.uint8), strict=True))
    lists = SynapsesBySource(np.array([0, 5]), np.array([0, 2]), np.array([2, 2]), row, weights, delays)
    assert [item.tolist() for item in equal_classes(lists)] == [[0], [0, 0]]
    for changed in ({"row": row + np.array([0, 0, 0, 1], np.int32)}, {"weights": np.array([1, 2, 1, 3], np.int16)},
                    {"delay_steps": np.array([0, 0, 0, 1], np.uint8)}, {"length": np.array([2, 1])}):  # fmt: skip
        assert [item.tolist() for item in equal_classes(lists._replace(**changed))] == [[0, 1], [0, 1]]


@settings(max_examples=examples(100), deadline=None)
@given(windows(), st.integers(1, 5))
def test_cores_that_a_source_reaches_are_those_of_its_synapses(drawn, n_cores):
    window, _, rng = drawn
    core = rng.integers(0, n_cores, window.n_target).astype(np.int32)
    synapses = window.into(np.arange(window.n_target))
    expected = np.unique(synapses.source.astype(np.int64) * n_cores + core[synapses.rows])
    assert np.array_equal(reached_cores(window, core, n_cores), expected)


@pytest.mark.parametrize("rules", [NXTF, PADDED], ids=["list end", "padded"])
@settings(max_examples=examples(100), deadline=None)
@given(
    lists=st.lists(st.sets(st.integers(0, 900), min_size=1, max_size=200), min_size=1, max_size=4),
    bits=st.integers(1, 9),
)
def test_words_of_runs_are_those_of_numpy(rules, lists, bits):
    each = [sorted(item) for item in lists]
    length, targets = np.array([len(item) for item in each]), np.concatenate(each)
    starts = np.cumsum(length) - length
    found = list_runs(rules, length, targets, bits, 7)
    assert found.words.tolist() == run_words(rules, starts, targets, bits, 7, found.skip_bits).tolist()
    some = np.flatnonzero(np.arange(length.size) % 2 == 0)
    chosen = list_runs(rules, length[some], targets, bits, 7, starts[some])
    separate = list_runs(rules, length[some], np.concatenate([each[k] for k in some]), bits, 7)
    assert (chosen.skip_bits, chosen.words.tolist()) == (separate.skip_bits, separate.words.tolist())


@settings(max_examples=examples(40), deadline=None)
@given(drawn=windows(), name=st.sampled_from(["loihi1", "nxtf", "loihi2"]), first_row=st.integers(0, 300))
def test_a_plan_does_not_depend_on_the_library(drawn, name, first_row):
    window, neurons, _ = drawn
    target = load_target("loihi1", rules="nxtf") if name == "nxtf" else load_target(name)
    style = WeightFormat(weight_bits=8, sign_mode="mixed")
    projection = QuantizedProjection(name="p", source="a", target="b", weight_format=style, connectivity=window)
    plans = []
    with pytest.MonkeyPatch.context() as patch:
        for _ in range(2):
            plan = plan_segment(ProjectionSlice(target, projection, neurons, first_row))
            plans.append(
                (
                    plan.encoding,
                    plan.kind,
                    plan.words,
                    plan.format_key,
                    plan.input_axons,
                    plan.words_per_source.tolist(),
                )
            )
            for module in (compiled_lists, run_length):
                patch.setattr(module, "loops", lambda: None)
    assert plans[0] == plans[1]


def test_pairs_do_not_depend_on_the_library(monkeypatch):
    rng = np.random.default_rng(3)
    window = WindowConnectivity(
        input_shape=(2, 6, 6), kernel=np.ones((3, 2, 3, 3), np.int16), present=np.ones((3, 2, 3, 3), np.uint8),
        stride=(1, 1), padding=(0, 0), dilation=(1, 1), groups=1, delay_steps=0,
    )  # fmt: skip
    style = WeightFormat(weight_bits=8)
    projection = QuantizedProjection(name="p", source="a", target="b", weight_format=style, connectivity=window)
    core_of = {"a": np.zeros(72, np.int32), "b": rng.integers(0, 4, 48).astype(np.int32)}

    class Network:
        projections = (projection,)

    found = pairs_of(Network, core_of, 4)
    monkeypatch.setattr(compiled_lists, "loops", lambda: None)
    assert {name: keys.tolist() for name, keys in found.items()} == {
        name: keys.tolist() for name, keys in pairs_of(Network, core_of, 4).items()
    }
    assert found["a"].size > 72
