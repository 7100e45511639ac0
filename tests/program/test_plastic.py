"""Entries of plastic synapses in the core tables, and the mantissas that rules can reach."""

from __future__ import annotations

import numpy as np
import pytest
from factories import network_of, with_limits

import neurodeploy as nd
from neurodeploy.hardware import load_target
from neurodeploy.network.connectivity import synapses_of
from neurodeploy.network.operations import Dense, OneToOne, Sparse
from neurodeploy.network.plasticity import SumOfProducts
from neurodeploy.program.plastic import plastic_synapses
from neurodeploy.program.reachable import mantissa_ranges, placement_faults
from neurodeploy.program.validate import program_faults

N = 24
RULE = SumOfProducts(dw="2^-2*x1*y0")


def operations(rng):
    """One plastic operation of each kind; a third of the dense weights are 0."""
    dense = rng.integers(-20, 21, (N, N)) * 2 * (rng.random((N, N)) < 0.7)
    pre, post = np.nonzero(rng.random((N, N)) < 0.2)
    weights = rng.integers(-20, 21, pre.size) * 2  # zeros included
    return {
        "dense": Dense(weights=dense),
        "sparse": Sparse(shape=(N, N), pre=pre, post=post, weights=weights),
        "one_to_one": OneToOne(weights=rng.integers(1, 9, N) * 2),
    }


def program_of(kind, cores, seed=0, *, beside=True):
    """Input and population "a" learn onto "b"; a fixed projection beside the plastic one joins its lists."""
    rng = np.random.default_rng(seed)
    style = {"weight_bits": 8, "exponent": 0, "sign_mode": "mixed"}
    plastic = {
        source: nd.Projection(
            name=f"{source}_b",
            source=source,
            target="b",
            operation=operations(rng)[kind],
            plasticity=RULE,
            weight_format=style,
        )
        for source in ("in", "a")
    }
    fixed = nd.Projection(
        name="fixed", source="a", target="b", operation=operations(rng)["sparse"], weight_format=style
    )
    neuron = nd.LoihiCuba(du=4095, dv=0, vth_mant=100)
    network = network_of(
        [nd.Population(name=name, shape=N, neuron=neuron) for name in ("a", "b")],
        [*plastic.values(), *([fixed] if beside else [])],
        inputs=N,
    )
    target = with_limits(load_target("loihi1"), compartments=-(-2 * N // cores) + 1)
    return nd.compile(network, target)


@pytest.mark.parametrize("kind", ["dense", "sparse", "one_to_one"])
@pytest.mark.parametrize("cores", [1, 2, 5])
@pytest.mark.parametrize("beside", [False, True])
def test_each_synapse_has_the_entry_that_acts_for_it(kind, cores, beside):
    program = program_of(kind, cores, beside=beside)
    t = program.tables
    segment = np.repeat(np.arange(t.entry_ptr.size - 1), np.diff(t.entry_ptr))
    style_of = t.segment_format[segment]
    for projection in program.network.projections[:2]:
        synapses = synapses_of(projection, N)
        entry = plastic_synapses(program)[projection.name].entry
        assert entry.shape == (synapses.n_synapses,)
        assert np.unique(entry).size == entry.size
        assert (t.entry_mantissa[entry] == synapses.weights).all()
        assert {program.formats[k].projection for k in np.unique(style_of[entry])} == {projection.name}


def test_a_dense_projection_that_learns_has_a_synapse_for_every_pair():
    program = program_of("dense", 2)
    assert plastic_synapses(program)["in_b"].entry.size == N * N
    fixed = program.network.projections[0].model_copy(update={"plasticity": None})
    assert synapses_of(fixed, N).n_synapses == np.count_nonzero(fixed.operation.weights)


def test_paddings_of_dense_lists_are_no_synapses():
    """The sparse projection is stored in dense lists where these are shorter: zeros there stay zeros."""
    full = 0.95
    rng = np.random.default_rng(3)
    pre, post = np.nonzero(rng.random((N, N)) < full)
    program = nd.compile(
        network_of(
            [nd.Population(name="b", shape=N, neuron=nd.LoihiCuba(du=4095, dv=0, vth_mant=100))],
            [
                nd.Projection(
                    name="p",
                    source="in",
                    target="b",
                    operation=Sparse(shape=(N, N), pre=pre, post=post, weights=np.full(pre.size, 8)),
                    weight_format={"weight_bits": 8, "exponent": 0, "sign_mode": "excitatory"},
                    plasticity=RULE,
                )
            ],
            inputs=N,
        ),
        "loihi1",
    )
    assert {item.encoding for item in program.formats} == {"dense"}
    low, high = mantissa_ranges(program)
    entry = plastic_synapses(program)["p"].entry
    padding = np.setdiff1d(np.arange(low.size), entry)
    assert padding.size == low.size - pre.size > 0
    assert not low[padding].any()
    assert not high[padding].any()
    assert set(low[entry]) == {0}
    assert set(high[entry]) == {255}


@pytest.mark.parametrize(
    ("mode", "expected"), [("mixed", (-256, 255)), ("excitatory", (0, 255)), ("inhibitory", (-255, 0))]
)
def test_a_rule_reaches_the_range_of_its_sign_mode(mode, expected):
    sign = -1 if mode == "inhibitory" else 1
    weights = np.full((2, 2), 4 * sign)
    if mode == "mixed":
        weights[0, 0] = -4
    network = network_of(
        [nd.Population(name="b", shape=2, neuron=nd.LoihiCuba(du=4095, dv=0, vth_mant=100))],
        [
            nd.Projection(
                name="p",
                source="in",
                target="b",
                operation=Dense(weights=weights),
                weight_format={"weight_bits": 8, "exponent": 0, "sign_mode": mode},
                plasticity=RULE,
            )
        ],
    )
    low, high = mantissa_ranges(nd.compile(network, "loihi1"))
    assert set(zip(low.tolist(), high.tolist(), strict=True)) == {expected}


def test_every_synapse_needs_an_entry():
    program = program_of("sparse", 1, beside=False)
    wanted = synapses_of(program.network.projections[0], N)
    more = Sparse(shape=(N, N), pre=[0, *wanted.pre], post=[0, *wanted.post], weights=[2, *wanted.weights])
    assert (0, 0) not in set(zip(wanted.pre.tolist(), wanted.post.tolist(), strict=True))
    first = program.network.projections[0].model_copy(update={"operation": more})
    network = program.network.model_copy(update={"projections": (first, *program.network.projections[1:])})
    changed = program.model_copy(update={"network": network})
    assert placement_faults(program) == []
    assert placement_faults(changed) == ["synapses of plastic projection 'in_b' have no entry"]
    assert placement_faults(changed)[0] in program_faults(changed)


def test_no_two_synapses_may_share_an_entry():
    """Two lines that name one list would learn together."""
    program = program_of("dense", 1, beside=False)
    t = program.tables
    lists = np.array(t.in_axon_list)
    line = int(program.inputs[0].in_axon[0]), int(program.inputs[0].in_axon[1])
    lists[line[1]] = lists[line[0]]
    changed = program.model_copy(update={"tables": t.model_copy(update={"in_axon_list": lists})})
    assert placement_faults(changed) == ["synapses of plastic projection 'in_b' share an entry"]


def test_a_rule_without_synapses_has_no_entries():
    network = network_of(
        [nd.Population(name="b", shape=2, neuron=nd.LoihiCuba(du=4095, dv=0, vth_mant=100))],
        [
            nd.Projection(
                name="p",
                source="in",
                target="b",
                operation=Sparse(shape=(2, 2), pre=[], post=[], weights=[]),
                weight_format={"weight_bits": 8, "exponent": 0, "sign_mode": "mixed"},
                plasticity=RULE,
            )
        ],
    )
    program = nd.compile(network, "loihi1")
    assert plastic_synapses(program) == {}
    assert placement_faults(program) == []
