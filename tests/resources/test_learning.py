"""What plastic synapses take of a core, counted by the mapper and again from the tables."""

from __future__ import annotations

import numpy as np
import pytest
from factories import network_of, with_limits

import neurodeploy as nd
from neurodeploy.compiler import CompileOptions, compile_network
from neurodeploy.hardware import load_target
from neurodeploy.network import Dense, OneToOne, Pes, SumOfProducts, Trace, WeightFormat
from neurodeploy.program.audit import over_limits, use_of_program
from neurodeploy.program.validate import program_faults
from neurodeploy.resources.learning import learning_bits, source_traces
from neurodeploy.resources.lower_bounds import lower_bounds
from neurodeploy.resources.synapse_memory import dense_words

STDP = SumOfProducts(dw="2^-2*x1*y0 - 2^-2*y1*x0", x1=Trace(impulse=16, tau_steps=10))


def wire(name, n_target, n_source, rule=None, source="in", target="cells", bits=8):
    return nd.Projection(
        name=name,
        source=source,
        target=target,
        operation=Dense(weights=np.full((n_target, n_source), 16)),
        weight_format=WeightFormat(weight_bits=bits, sign_mode="excitatory"),
        plasticity=rule,
    )


def net(wires, inputs=12, targets=("cells",), size=6):
    cell = nd.LoihiCuba(du=4095, dv=0, vth_mant=100)
    return network_of([nd.Population(name=name, shape=size, neuron=cell) for name in targets], wires, inputs=inputs)


def use(network, target="loihi1", **options):
    """Use of the fullest core, and the number of cores."""
    program = nd.compile(network, target, **options)
    return {name: int(values.max()) for name, values in use_of_program(program).items()}, program.tables.n_cores


@pytest.mark.parametrize("rules", ["nengo-loihi", "nxtf"])
@pytest.mark.parametrize(
    "rule", [STDP, STDP.model_copy(update={"dt": STDP.dw}), STDP.model_copy(update={"dd": STDP.dw})]
)
def test_a_plastic_projection_takes_two_input_axons_and_wider_words(rules, rule):
    target = load_target("loihi1", rules=rules)
    fixed, learns = (use(net([wire("p", 6, 12, item)]), target)[0] for item in (None, rule))
    assert learns["input_axons"] == 2 * fixed["input_axons"] == 24
    more = {"w": 0, "t": 9, "d": 6}[rule.variables[-1]]
    assert fixed["synapse_memory"] == 12 * int(dense_words(target.counting, 6, 8, 0, 6))
    assert learns["synapse_memory"] == 12 * int(dense_words(target.counting, 6, 8 + more, 0, 6))
    assert learns["source_traces"] == 1
    assert "source_traces" not in fixed


def test_narrow_weights_that_learn_are_stored_wide():
    target = load_target("loihi1")
    assert learning_bits(target, STDP, 4) == 4
    assert learning_bits(target, STDP, 8) == learning_bits(target, None, 4) == 0
    wide, narrow = (use(net([wire("p", 6, 12, STDP, bits=bits)]))[0] for bits in (8, 4))
    assert wide["synapse_memory"] == narrow["synapse_memory"]


def test_sources_of_fixed_and_plastic_synapses_share_an_axon():
    """12 sources: the axon of each, and the trace of each once, although two projections learn."""
    wires = [wire("p", 6, 12, STDP), wire("q", 6, 12, STDP.model_copy(update={"seed": 1})), wire("r", 6, 12)]
    assert use(net(wires))[0]["input_axons"] == 24
    one_each = nd.Projection(
        name="s",
        source="in",
        target="cells",
        operation=nd.network.Sparse(shape=(6, 12), pre=[3], post=[2], weights=[4]),
        weight_format=WeightFormat(weight_bits=8, sign_mode="excitatory"),
        plasticity=STDP,
    )
    assert use(net([wire("r", 6, 12), one_each]))[0]["input_axons"] == 13


def test_formats_name_their_rule():
    other = STDP.model_copy(update={"dw": STDP.dw[:1]})
    sources = (nd.Input(name="in", shape=3), nd.Input(name="more", shape=3))
    for rule, formats in ((STDP, 1), (other, 2), (None, 2)):
        wires = [wire("p", 6, 3, STDP), wire("q", 6, 3, rule, source="more")]
        assert use(net(wires, inputs=sources))[0]["synapse_formats"] == formats


def test_a_target_that_does_not_count_axons_of_learning_counts_one():
    assert use(net([wire("p", 6, 12, STDP)]), "loihi2")[0]["input_axons"] == 12


def test_traces_that_a_rule_reads():
    assert source_traces(STDP) == {Trace(impulse=16, tau_steps=10)}
    assert source_traces(SumOfProducts(dw="y1*x0", x1=STDP.x1)) == frozenset()
    assert source_traces(SumOfProducts(dw="x1*x2*y0", x1=STDP.x1, x2=STDP.x1)) == {STDP.x1}
    assert source_traces(Pes(error="e")) == {Pes(error="e").trace}


def test_populations_whose_rules_read_many_traces_are_kept_apart():
    """Four traces, of which a core configures three: two cores, where one would hold the neurons."""
    rules = [STDP.model_copy(update={"x1": Trace(impulse=16, tau_steps=tau)}) for tau in (4, 8, 16, 32)]
    wires = [wire(f"p{k}", 6, 3, rule, target="ab"[k // 2]) for k, rule in enumerate(rules)]
    for level in (0, 2):
        used, cores = use(net(wires, inputs=3, targets=("a", "b")), level=level)
        assert cores == 2
        assert used["source_traces"] == 2


@pytest.mark.parametrize("level", [0, 2])
def test_input_axons_of_learning_split_a_population(level):
    """Each neuron has a source of its own: 40 of them with 2 axons each need two cores of 40 axons."""
    operation = OneToOne(weights=np.full(40, 4))
    style = WeightFormat(weight_bits=8, sign_mode="excitatory")
    cores = {}
    for rule in (None, STDP):
        wires = [
            nd.Projection(
                name="p", source="in", target="cells", operation=operation, weight_format=style, plasticity=rule
            )
        ]
        network = net(wires, inputs=40, size=40)
        found = compile_network(
            network, with_limits(load_target("loihi1"), input_axons=40), CompileOptions(level=level)
        )
        cores[rule is None] = found.n_cores
        assert found.lower_bounds["input_axons"] == found.n_cores
        assert over_limits(found.program) == ()
    assert cores == {True: 1, False: 2}


def test_lower_bounds_never_exceed_what_is_used():
    rng = np.random.default_rng(4)
    for _ in range(8):
        rule = STDP if rng.random() < 0.5 else STDP.model_copy(update={"dt": STDP.dw})
        n = int(rng.integers(20, 60))
        wires = [wire("p", n, 9, rule), wire("q", n, 9)]
        limits = {"compartments": int(rng.integers(8, 20)), "input_axons": 36, "synapse_memory": 400}
        target = with_limits(load_target("loihi1"), **limits)
        result = compile_network(net(wires, inputs=9, size=n), target, CompileOptions(level=int(rng.integers(0, 3))))
        assert max(lower_bounds(result.quantized, target).values()) <= result.n_cores


def test_the_audit_counts_a_program_whose_format_omits_the_tag():
    program = nd.compile(net([wire("p", 6, 12, STDP.model_copy(update={"dt": STDP.dw}))]), "loihi1")
    assert [item.learning_bits for item in program.formats] == [9]
    less = program.formats[0].model_copy(update={"learning_bits": 0})
    faults = program_faults(program.model_copy(update={"formats": (less,)}))
    assert faults == ["formats[0].learning_bits is 0, which target 'loihi1' does not support"]
