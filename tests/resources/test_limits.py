"""Networks just below, at and above every limit of a core, and the three verdicts against all partitions."""

from __future__ import annotations

import re

import numpy as np
import pytest
from factories import examples, network_of
from hypothesis import given, settings
from hypothesis import strategies as st

import neurodeploy as nd
from neurodeploy.compiler import CompileOptions, compile_network
from neurodeploy.hardware import load_target
from neurodeploy.hardware.target import CoreLimits
from neurodeploy.mapping import emit_program, place
from neurodeploy.mapping.mapping import Mapping
from neurodeploy.network import Conv2d, WeightFormat
from neurodeploy.program.audit import use_of_program
from neurodeploy.quantize import quantize
from neurodeploy.resources import core_limits
from neurodeploy.resources.limits import CODES
from neurodeploy.resources.synapse_memory import segment_words

AMPLE, STEPS = 64, 4
BITS = {"none": 0, "one step": 1, "three steps": 3}
"""Delays of which the accumulators are 1, 2 and 4 for each compartment."""


RULE_SETS = [
    (name, rules) for name in ("loihi1", "loihi2", "tiny") for rules in load_target(name).rules if rules != "plain"
]


def chip(cores=1, counted=("tiny", "short"), **limits):
    """The `tiny` target with the given cores, limits and rule set, and ample room otherwise."""
    tiny = load_target("tiny", rules="short")
    counting = load_target(counted[0], rules=counted[1]).counting

    def of(figure, value):
        return figure.model_copy(update={"value": value})

    kept = {name: of(getattr(tiny.limits, name), limits.get(name, AMPLE)) for name in CoreLimits.model_fields}
    words = of(tiny.counting.words_per_axon, limits.get("words_per_axon", AMPLE))
    own = {"words_per_axon": words, "synapse_formats": None, "synapse_memory": None}
    rules = {"short": counting.model_copy(update=own)}
    place_of = tiny.chip.model_copy(update={"cores": of(tiny.chip.cores, cores)})
    return tiny.model_copy(update={"limits": CoreLimits(**kept), "rules": rules, "chip": place_of})


def lif(**fields):
    return nd.Lif(**{"tau_m_s": 0.02, "v_threshold": 1.0, **fields})


def net(n_in, populations, projections):
    return network_of(populations, projections, inputs=n_in)


def one_population(n_in, size, neuron=None, **fields):
    cells = nd.Population(name="cells", shape=size, neuron=neuron or lif())
    return net(n_in, (cells,), (nd.dense("in", "cells", np.ones((size, n_in)), **fields),))


def lists_into_one_neuron(count, exponents):
    """`count` projections of one input line onto one neuron: as many lists of one word that share an axon."""
    cell = nd.LoihiCuba(du=4095, dv=0, vth_mant=10)
    styles = [WeightFormat(weight_bits=8, exponent=exponents(k), sign_mode="excitatory") for k in range(count)]
    projections = (nd.dense("in", "cells", [[4]], name=f"p{k}", weight_format=style) for k, style in enumerate(styles))
    return net(1, (nd.Population(name="cells", shape=1, neuron=cell),), tuple(projections))


def relays(count):
    """`count` neurons that each have one target, and therefore one output axon."""
    first, second = (nd.Population(name=name, shape=count, neuron=lif()) for name in ("first", "second"))
    projections = (nd.dense("in", "first", np.ones((count, 1))), nd.one_to_one("first", "second"))
    return net(1, (first, second), projections)


NEEDS = {
    "compartments": lambda n: one_population(1, n),
    "synapse_memory": lambda n: one_population(n, 1),
    "input_axons": lambda n: one_population(n, 1),
    "output_axons": relays,
    "fan_in": lambda n: one_population(n, 1),
    "parameter_sets": lambda n: one_population(1, n, lif(tau_m_s=0.02 + 0.01 * np.arange(n))),
    "threshold_sets": lambda n: one_population(1, n, lif(v_threshold=1.0 + 0.1 * np.arange(n))),
    "synapse_formats": lambda n: lists_into_one_neuron(n, lambda k: k),
    "words_per_axon": lambda n: lists_into_one_neuron(n, lambda _: 0),
}
"""Resource -> a network that needs n of it if it is on one core. Counted by hand in `accumulators` too, see below."""
SPLITS = ("compartments", "output_axons", "parameter_sets", "threshold_sets")
"""What a second core relieves; the rest is used by one neuron."""


def test_every_resource_of_a_core_has_a_network():
    # traces belong to the learning engine of a target: tests/resources/test_learning.py
    named = {*CoreLimits.model_fields, "words_per_axon", "source_traces"}
    assert {*NEEDS, "accumulators", "source_traces"} == set(CODES) == named


def used(program, resource):
    return int(use_of_program(program)[resource].max())


def per_synapse(resource, counted):
    """Amount of a resource that one synapse of 8 bits takes in a separate list."""
    rules = load_target(counted[0], rules=counted[1]).counting
    return int(segment_words(rules, 1, 8, 0, 0)) if resource in ("synapse_memory", "words_per_axon") else 1


@settings(max_examples=examples(200), deadline=None)
@given(st.sampled_from(sorted(NEEDS)), st.integers(2, 7), st.sampled_from([-1, 0, 1]), st.sampled_from(RULE_SETS))
def test_a_core_holds_exactly_its_limit(resource, limit, beyond, counted):
    need, each = limit + beyond, per_synapse(resource, counted)
    target = chip(counted=counted, **{resource: limit * each})
    result = compile_network(NEEDS[resource](need), target, CompileOptions(fixes=False))
    if beyond <= 0:
        assert result.verdict == "fits"
        assert (used(result.require(), resource), result.n_cores) == (need * each, 1)
        assert ran_all_steps(result.require())
    else:
        assert result.program is None
        assert result.verdict != "fits"


def test_every_rule_set_is_tried():
    lava = {"lava-loihi-2022", "lava-loihi-2024", "lava-loihi", "lava-loihi-mnist"}
    assert {rules for _, rules in RULE_SETS} == {"nengo-loihi", "nxtf", *lava, "short"}


@pytest.mark.parametrize("beyond", [-1, 0, 1])
@pytest.mark.parametrize("resource", ["synapse_formats", "words_per_axon"])
def test_limits_specific_to_nxtf_are_exact(resource, beyond):
    target = load_target("loihi1", rules="nxtf")
    limit = int(getattr(target.counting, resource).value)
    result = compile_network(NEEDS[resource](limit + beyond), target, CompileOptions(fixes=False))
    if beyond <= 0:
        assert used(result.require(), resource) == limit + beyond
        return
    assert (result.program, result.verdict) == (None, "proven not to fit")
    errors = [item for item in result.findings if item.severity == "error"]
    assert [(item.code, item.found, item.limit) for item in errors] == [(CODES[resource], limit + 1, limit)]
    assert "rules.nxtf" in errors[0].limit_source


@settings(max_examples=examples(80), deadline=None)
@given(st.sampled_from(sorted(NEEDS)), st.integers(2, 7))
def test_one_more_than_a_core_holds_takes_a_second_core_or_is_proven_impossible(resource, limit):
    network, target = NEEDS[resource](limit + 1), chip(cores=4, **{resource: limit})
    result = compile_network(network, target, CompileOptions(fixes=False))
    if resource in SPLITS:
        assert (result.verdict, result.n_cores) == ("fits", 2)
        assert used(result.require(), resource) <= limit
        return
    assert result.verdict == "proven not to fit"
    (error,) = [item for item in result.findings if item.severity == "error"]
    assert (error.code, error.found, error.limit) == (CODES[resource], limit + 1, limit)


@pytest.mark.parametrize("delay", BITS)
@pytest.mark.parametrize("size", [1, 3])
@pytest.mark.parametrize("beyond", [-1, 0, 1])
def test_accumulators_are_compartments_times_two_to_the_delay_bits(delay, size, beyond):
    steps = BITS[delay]
    need = size * (steps + 1)  # 1, 2 or 4 for each: 0, 1 or 2 bits of delay
    limit = need - beyond
    network = one_population(1, size, delay_steps=steps)
    result = compile_network(network, chip(cores=4, accumulators=limit), CompileOptions(fixes=False))
    if limit < steps + 1:
        assert result.verdict == "proven not to fit"
        assert [(item.code, item.found) for item in result.findings if item.severity == "error"] == [("ND309", need)]
    else:
        assert (result.verdict, result.n_cores) == ("fits", 1 if beyond <= 0 else 2)


@pytest.mark.parametrize(
    ("kernel", "words", "beyond"),
    [
        ([[1, 1], [1, 1]], 1, 0),
        ([[1, 2], [2, 1]], 2, 0),
        ([[1, 2], [2, 1]], 2, 1),
        ([[1, 2], [3, 4]], 4, 0),
        ([[1, 2], [3, 4]], 4, 1),
    ],
)
def test_shared_lists_do_not_prove_that_a_neuron_is_too_large(kernel, words, beyond):
    window = Conv2d(input_shape=(1, 2, 2), weights=np.array(kernel, dtype=float)[None, None])
    cell = nd.Population(name="cells", shape=(1, 1, 1), neuron=lif())
    projection = nd.Projection(name="p", source="in", target="cells", operation=window)
    network = net((1, 2, 2), (cell,), (projection,))
    result = compile_network(network, chip(synapse_memory=words - beyond), CompileOptions(fixes=False))
    assert result.verdict == ("proven not to fit" if beyond else "fits")
    if not beyond:
        assert used(result.require(), "synapse_memory") == words


def cuts(size, cores):
    """All partitions of neurons into at most this many interchangeable cores."""

    def grow(chosen, highest):
        if len(chosen) == size:
            yield chosen
            return
        for core in range(min(highest + 2, cores)):
            yield from grow([*chosen, core], max(highest, core))

    yield from grow([], -1)


def some_cut_fits(network, target):
    """Whether any partition keeps every limit, counted from finished tables without the mapper."""
    quantized, limits = quantize(network, target), core_limits(target)
    sizes = [(item.name, item.size) for item in quantized.populations]
    for chosen in cuts(sum(size for _, size in sizes), target.cores):
        stops = np.cumsum([size for _, size in sizes])
        cores = np.split(np.array(chosen, dtype=np.int32), stops[:-1])
        core_of = {name: mine for (name, _), mine in zip(sizes, cores, strict=True)}
        cut = Mapping(quantized=quantized, target=target, n_cores=max(chosen) + 1, core_of=core_of)
        use = use_of_program(emit_program(place(cut, seed=0)))
        if all((values <= limits[name].value).all() for name, values in use.items()):
            return True
    return False


def ran_all_steps(program):
    """Whether the emulator runs a program: every input line fires in every step."""
    lines = program.network.inputs[0].size
    stimulus = nd.Stimulus(n_samples=1, n_steps=STEPS, rasters={"in": np.ones((1, STEPS, lines), dtype=np.uint8)})
    recording = nd.run(program, stimulus)
    return recording.ran_on == "emulator" and recording.complete and recording.n_steps >= STEPS


@st.composite
def cramped(draw):
    """A network of 2 to 5 neurons and a chip of two cores on which it may or may not fit."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n_in, first, second = draw(st.integers(1, 4)), draw(st.integers(1, 3)), draw(st.integers(1, 2))
    neuron = lif(v_threshold=1.0 + 0.1 * rng.integers(0, 3, first), reset=draw(st.sampled_from(["zero", "subtract"])))
    random_weights = lambda post, pre: (rng.random((post, pre)) < 0.7) * (0.1 + rng.random((post, pre)))  # noqa: E731
    network = net(
        n_in,
        (nd.Population(name="a", shape=first, neuron=neuron), nd.Population(name="b", shape=second, neuron=lif())),
        (
            nd.dense("in", "a", random_weights(first, n_in)),
            nd.dense("a", "b", random_weights(second, first), delay_steps=draw(st.integers(0, 3))),
            nd.dense("b", "a", random_weights(first, second)),
        ),
    )
    limits = {
        name: draw(st.integers(low, high))
        for name, (low, high) in {
            "compartments": (2, 6),
            "synapse_memory": (4, 14),
            "input_axons": (3, 9),
            "output_axons": (1, 6),
            "fan_in": (3, 6),
            "threshold_sets": (1, 3),
            "synapse_formats": (1, 4),
            "accumulators": (4, 20),
        }.items()
    }
    return network, chip(cores=2, **limits)


@settings(max_examples=examples(60), deadline=None)
@given(cramped())
def test_the_three_verdicts_against_all_partitions(given_case):
    network, target = given_case
    result = compile_network(network, target, CompileOptions(fixes=False))
    exists = some_cut_fits(network, target)
    if result.verdict == "fits":
        assert exists
        assert ran_all_steps(result.require())
    elif result.verdict == "proven not to fit":
        assert not exists
        assert any(item.code in {*CODES.values(), "ND401"} for item in result.findings)
    else:
        assert result.verdict == "not placed by this mapper"
        errors = [item.message for item in result.findings if item.code in ("ND401", "ND402")]
        assert any(
            re.search(r"this mapper needs that many|first fit in (1 round|\d+ rounds) \(", text) for text in errors
        )
