"""Faults against what they must equal: other networks, other stimuli, edited states."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from factories import network_of, one_layer

import neurodeploy as nd
from neurodeploy.network import Dense, Sparse, WeightFormat
from neurodeploy.simulate import Stimulus

STYLE = WeightFormat(weight_bits=8, exponent=0, sign_mode="mixed")
STEPS, SIZES = 24, (5, 7, 4)
ENGINES = ("native", "spec")


def weights(seed=3):
    """Even weights of two layers: what eight bits with a sign store."""
    rng = np.random.default_rng(seed)
    return [2 * rng.integers(-40, 100, (after, before)) for before, after in pairwise(SIZES)]


def wiring(layer, delays):
    """The fields of a projection that say its synapses."""
    if delays is None:
        return {"operation": Dense(weights=layer.tolist())}
    post, pre = (index.ravel() for index in np.indices(layer.shape))
    operation = Sparse(shape=layer.shape, pre=pre, post=post, weights=layer.ravel())
    return {"operation": operation, "delay_steps": delays.ravel(), "delay_axis": "synapse"}


def network(layers, delays=None):
    cells = [
        nd.Population(name=name, shape=len(layer), neuron=nd.LoihiCuba(du=1024, dv=256, vth_mant=150))
        for name, layer in zip(("hidden", "out"), layers, strict=True)
    ]
    ends = (("in", "hidden"), ("hidden", "out"))
    wires = [
        nd.Projection(
            name=f"to_{target}",
            source=source,
            target=target,
            weight_format=STYLE,
            **wiring(layer, None if delays is None else delays[k]),
        )
        for k, ((source, target), layer) in enumerate(zip(ends, layers, strict=True))
    ]
    return network_of(cells, wires, inputs=SIZES[0], outputs="out")


@pytest.fixture(scope="module")
def program():
    return nd.compile(network(weights()), "loihi1")


def stimulus(seed=5, samples=3):
    here = np.random.default_rng(seed).random((samples, STEPS, SIZES[0])) < 0.4
    return Stimulus(n_samples=samples, n_steps=STEPS, spikes={"in": (np.argwhere(here) + [0, 1, 0]).astype(np.int32)})


def spikes(program, engine="native", shown=None, **options):
    recording = nd.run(program, shown or stimulus(), until=STEPS, engine=engine, **options)
    return {name: rows.tolist() for name, rows in recording.spikes.items()}


def flipped(weight, bit):
    """A stored weight with one bit of its eight inverted: the word is weight / 2 in two's complement."""
    word = (int(weight) // 2 & 0xFF) ^ (1 << bit)
    return 2 * (word - 256 if word & 0x80 else word)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_network_spikes_in_every_layer(program, engine):
    assert all(len(rows) > 20 for rows in spikes(program, engine).values())


@pytest.mark.parametrize("bit", range(8))
@pytest.mark.parametrize("engine", ENGINES)
def test_a_flipped_weight_is_a_network_with_that_weight(program, bit, engine):
    layers = weights()
    layers[1][2, 3] = flipped(layers[1][2, 3], bit)
    fault = nd.Fault(where="synapse", projection="to_out", pre=3, post=2, field="weight", bit=bit)
    assert spikes(nd.inject(program, fault), engine) == spikes(nd.compile(network(layers), "loihi1"), engine)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_flipped_delay_is_a_network_with_that_delay(engine):
    delays = [np.zeros((after, before), dtype=int) for before, after in pairwise(SIZES)]
    delays[1][:] = 1
    delays[1][0, 0] = 5
    program = nd.compile(network(weights(), delays), "loihi1")
    fault = nd.Fault(where="synapse", projection="to_out", pre=3, post=2, field="delay", bit=2)
    faulty = spikes(nd.inject(program, fault), engine)
    delays[1][2, 3] = 5
    assert faulty == spikes(nd.compile(network(weights(), delays), "loihi1"), engine)


def without(rows, neurons):
    return [row for row in rows if row[2] not in neurons]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_dead_neuron_is_a_network_in_which_nothing_leaves_it(program, engine):
    layers = weights()
    layers[1][:, 3] = 0
    fault = nd.Fault(where="neuron", what="dead", population="hidden", neuron=3)
    faulty, other = spikes(nd.inject(program, fault), engine), spikes(nd.compile(network(layers), "loihi1"), engine)
    assert faulty["out"] == other["out"]
    assert faulty["hidden"] == without(other["hidden"], [3])


@pytest.mark.parametrize("engine", ENGINES)
def test_a_dead_core_is_its_dead_neurons(engine):
    program = nd.compile(network(weights()), "loihi1")
    core = int(np.searchsorted(program.tables.compartment_ptr, program.table_rows["hidden"][0], side="right")) - 1
    rows = range(program.tables.compartment_ptr[core], program.tables.compartment_ptr[core + 1])
    found = spikes(nd.inject(program, nd.Fault(where="core", what="dead", core=core)), engine)
    physical = nd.Fault(where="core", what="dead", core=int(program.tables.core_id[core]), physical=True)
    assert spikes(nd.inject(program, physical), engine) == found
    everyone = [
        nd.Fault(where="neuron", what="dead", population=item.name, neuron=int(program.tables.neuron[row]))
        for number, item in enumerate(program.populations)
        for row in rows
        if program.tables.population[row] == number
    ]
    assert found == spikes(nd.inject(program, everyone), engine)
    assert not [row for name in found for row in found[name] if name == "hidden"]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_dead_line_is_a_stimulus_without_it(program, engine):
    shown = stimulus()
    kept = shown.spikes["in"][shown.spikes["in"][:, 2] != 1]
    other = shown.model_copy(update={"spikes": {"in": kept}})
    faulty = nd.inject(program, nd.Fault(where="line", what="dead", input="in", line=1))
    assert spikes(faulty, engine, shown) == spikes(program, engine, other)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_line_that_is_stuck_at_1_spikes_in_every_step(program, engine):
    shown = stimulus(samples=1)
    rows = shown.spikes["in"]
    every = np.array([[0, t, 1] for t in range(1, STEPS + 1)], dtype=np.int32)
    both = np.concatenate([rows[rows[:, 2] != 1], every])
    other = shown.model_copy(update={"spikes": {"in": both[np.lexsort((both[:, 2], both[:, 1]))]}})
    faulty = nd.inject(program, nd.Fault(where="line", what="stuck_at_1", input="in", line=1))
    assert spikes(faulty, engine, shown) == spikes(program, engine, other)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("name", "bit"), [("v", 13), ("v", 23), ("u", 8), ("u", 23)])
def test_a_transient_flip_is_a_run_from_an_edited_state(program, name, bit, engine):
    shown, at = stimulus(samples=1), 9
    before = nd.run(program, shown, until=at - 1, keep_state=True, engine=engine)
    state = before.final_state
    values = np.array(state.variables[f"out.{name}"])
    values[:, 2] ^= -1 << bit if bit == 23 else 1 << bit
    fault = nd.Fault(where="register", population="out", neuron=2, field=name, bit=bit, when="at", step=at)
    faulty = nd.inject(program, fault)
    edited = state.model_copy(
        update={"variables": {**state.variables, f"out.{name}": values}, "program_digest": faulty.digest()}
    )
    late = nd.Fault(where="line", what="dead", input="in", line=0, when="at", step=STEPS + 9)
    other = nd.inject(program, late)
    rest = nd.run(
        other, shown, until=STEPS, resume=edited.model_copy(update={"program_digest": other.digest()}), engine=engine
    )
    whole = nd.run(faulty, shown, until=STEPS, engine=engine)
    for item, rows in whole.spikes.items():
        assert rows[rows[:, 1] >= at].tolist() == rest.spikes[item].tolist()
        assert rows[rows[:, 1] < at].tolist() == before.spikes[item].tolist()


@pytest.mark.parametrize("engine", ENGINES)
def test_a_bit_that_is_stuck_at_what_it_holds_changes_nothing(program, engine):
    held = {"du": 1024, "dv": 256, "vth": 150, "bias_mant": 0, "refract_delay": 1}
    faults = [
        nd.Fault(
            where="register",
            what=f"stuck_at_{value >> bit & 1}",
            population="out",
            neuron=1,
            field=name,
            bit=bit,
        )
        for name, value in held.items()
        for bit in range(6)
    ]
    assert spikes(nd.inject(program, faults), engine) == spikes(program, engine)


def test_every_flip_twice_is_no_fault(program):
    space = nd.faults_in(program).of("register", "synapse")
    plain = spikes(program, "spec")
    for stratum in space.strata:
        once = stratum.fault(len(stratum) // 2)
        assert spikes(nd.inject(program, [once, once]), "spec") == plain, stratum.label


@pytest.mark.parametrize("engine", ENGINES)
def test_sessions_meet_the_faults_of_runs(program, engine):
    faults = [
        nd.Fault(where="neuron", what="dead", population="hidden", neuron=3, when="random", probability=0.5, seed=4),
        nd.Fault(where="register", population="out", neuron=0, field="v", bit=12, when="from", step=7),
        nd.Fault(where="line", what="dead", input="in", line=2, when="from", step=5),
        nd.Fault(where="synapse", projection="to_out", pre=1, post=1, field="weight", bit=7, when="at", step=11),
    ]
    faulty, shown = nd.inject(program, faults), stimulus(samples=1)
    expected = spikes(faulty, engine, shown)
    assert expected != spikes(program, engine, shown)
    with nd.stream(faulty, engine=engine) as session:
        found = {name: [] for name in expected}
        for first in range(1, STEPS + 1, 4):
            rows = shown.spikes["in"]
            part = rows[(rows[:, 1] >= first) & (rows[:, 1] < first + 4)]
            chunk = session.push(part[:, 1:], until=min(first + 3, STEPS))
            for name in found:
                found[name] += [[0, *row] for row in chunk.spikes[name].tolist()]
    assert found == expected


def test_a_faulty_program_is_told_from_a_whole_one():
    program = nd.compile(one_layer(nd.Lif(tau_m_s=0.02, r=20, v_threshold=1.0), [[1.0, 2.0]]), "loihi1")
    faulty = nd.inject(program, [nd.Fault(where="neuron", population="cells", neuron=0, what="dead")])
    (row,) = nd.diff(program, faulty).rows
    assert (row.figure, row.base, row.head) == ("hardware faults", 0, 1)
    assert row.why == "0 only in the first, 1 only in the second"
    with pytest.raises(nd.DiagnosticError) as caught:
        nd.export_c(faulty)
    (found,) = caught.value.diagnostics
    assert (found.code, found.message) == ("ND985", "has 1 hardware fault, which C does not model")


@pytest.mark.parametrize("engine", ENGINES)
def test_neurons_of_a_dead_core_might_as_well_not_exist(engine):
    layers = weights()
    whole = nd.compile(network(layers), "tiny")
    core_of = np.repeat(np.arange(whole.tables.n_cores), np.diff(whole.tables.compartment_ptr))
    alive = [np.flatnonzero(core_of[whole.table_rows[name]] != 0) for name in ("hidden", "out")]
    assert [part.size for part in alive] == [1, 4]
    rest = network([layers[0][alive[0]], layers[1][np.ix_(alive[1], alive[0])]])
    found = spikes(nd.inject(whole, nd.Fault(where="core", what="dead", core=0)), engine)
    expected = spikes(nd.compile(rest, "tiny"), engine)
    for name, part in zip(("hidden", "out"), alive, strict=True):
        assert found[name] == [[sample, step, int(part[neuron])] for sample, step, neuron in expected[name]]
    assert found["out"]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_weight_of_zero_becomes_a_synapse_with_its_own_delay(engine):
    layers, delays = weights(), [np.zeros((after, before), dtype=int) for before, after in pairwise(SIZES)]
    layers[1][3, 3], delays[1][3, 3] = 0, 6
    program = nd.compile(network(layers, delays), "loihi1")
    fault = nd.Fault(where="synapse", projection="to_out", pre=3, post=3, field="weight", bit=6)
    faulty, usual = spikes(nd.inject(program, fault), engine), spikes(program, engine)
    layers[1][3, 3] = flipped(0, 6)
    assert faulty == spikes(nd.compile(network(layers, delays), "loihi1"), engine)
    assert faulty != usual
