"""Axon kinds: what they cost, what they address, and how sources of a convolution share them."""

from __future__ import annotations

import numpy as np
import pytest
from factories import layered_network
from neurodeploy_backends.nengo_loihi.backend import NengoLoihiBackend, NengoLoihiBoardBackend

import neurodeploy as nd
from neurodeploy.compiler import CompileOptions, compile_network
from neurodeploy.hardware import load_target
from neurodeploy.mapping import emit_program, partition, place
from neurodeploy.mapping.partition.assignment_usage import note_kinds, output_axon_use
from neurodeploy.network import Conv2d, WeightFormat
from neurodeploy.program.archive import load_program, save_program
from neurodeploy.program.audit import use_of_program
from neurodeploy.program.validate import program_faults
from neurodeploy.quantize import quantize
from neurodeploy.resources.axons import AddressSpace, address_space_of, input_axons_of, output_axons_of
from neurodeploy.resources.core_usage import CoreUsage, core_usage, projections_into
from neurodeploy.resources.output_axons import OutputAxonUse, alone
from neurodeploy.resources.population_axons import limit_shares

LOIHI = load_target("loihi1")


def test_address_space_of_each_kind_of_axon():
    assert address_space_of(LOIHI.axons, "discrete") == AddressSpace(numbers=4096, atoms=1, step=1)
    assert address_space_of(LOIHI.axons, "pop16") == AddressSpace(numbers=1024, atoms=32, step=4)
    assert address_space_of(LOIHI.axons, "pop32") == AddressSpace(numbers=4096, atoms=1024, step=1)
    # a bit more for the atom is one less for the number, and there are four at most
    assert address_space_of(LOIHI.axons, "pop16", extra_bits=4) == AddressSpace(numbers=64, atoms=512, step=4)
    assert address_space_of(LOIHI.axons, "pop16", extra_bits=5) is None
    assert address_space_of(LOIHI.axons, "pop32", extra_bits=1) is None
    assert address_space_of(load_target("loihi2").axons, "pop16") is None


@pytest.mark.parametrize("rules", ["nengo-loihi", "nxtf"])
def test_cost_of_each_kind_of_axon(rules):
    target = load_target("loihi1", rules=rules)
    same_chip, other_chip = ({kind: output_axons_of(target, kind, other_chip=there) for kind in ("discrete", "pop16", "pop32")} for there in (False, True))  # fmt: skip
    assert same_chip == {"discrete": 1, "pop16": 1, "pop32": 2}
    assert other_chip == {"discrete": 2, "pop16": 2, "pop32": 3}
    assert input_axons_of(target) == 1


def test_an_axon_whose_synapses_learn_takes_a_second_entry():
    assert input_axons_of(LOIHI, learning=True) == 2


def test_a_target_without_axon_figures_has_discrete_axons_of_cost_one():
    silent = load_target("loihi2")
    assert silent.axons is None
    assert [output_axons_of(silent, "discrete", other_chip=there) for there in (False, True)] == [1, 2]
    assert (input_axons_of(silent), input_axons_of(silent, learning=True)) == (1, None)


def convolution(groups=1, channels=40, out=8, kernel=3, side=6, seed=0):
    weights = 2 * np.random.default_rng(seed).integers(1, 100, (out, channels // groups, kernel, kernel))
    return Conv2d(input_shape=(channels, side, side), weights=weights, padding=(1, 1), groups=groups)


def chain(*operations):
    """Layers of integer neurons, one after the other."""
    style, cells = WeightFormat(weight_bits=8, sign_mode="mixed"), nd.LoihiCuba(du=1500, dv=400, vth_mant=60)
    last = f"layer{len(operations) - 1}"
    return layered_network(operations, cells, weight_format=style, outputs=last)


def test_the_channels_of_a_place_share_an_input_axon():
    program = nd.compile(chain(convolution()), "loihi1")
    tables, use = program.tables, use_of_program(program)
    assert tables.n_cores == 1
    # 40 channels are 32 and 8: two axons for each of the 36 places, and a row for every source
    assert use["input_axons"].tolist() == [2 * 36]
    assert tables.in_axon_list.size == 40 * 36
    assert sorted(set(tables.in_axon_atom)) == list(range(32))
    assert len(set(zip(tables.in_axon_id, tables.in_axon_atom, strict=True))) == 40 * 36
    # at the edge a source reaches 2 places of an axis, inside 3, and both edges meet other taps: 9 kinds of place, each with
    # a list for every channel; 8 channels of 4, 6 or 9 targets at 8 + 9 bits are 9, 13 and 18 + 3 words
    assert ({item.index_bits for item in program.formats}, set(tables.in_axon_kind)) == ({9}, {32})
    assert use["synapse_memory"].tolist() == [40 * (4 * 9 + 4 * 13 + 21)]
    assert tables.list_ptr[-1] == 9 * 40


def test_first_targets_beyond_the_furthest_are_counted_from_another():
    """Maps of 400 places: an axon names the targets 0 to 252 in steps of 4, or 0 to 255, and its lists hold the rest of the way."""
    operation = Conv2d(input_shape=(2, 20, 20), weights=np.full((2, 2, 1, 1), 4), groups=1)
    program = emit_program(place(partition(quantize(chain(operation), LOIHI), LOIHI)))
    assert program_faults(program) == []
    assert int(program.tables.in_axon_base.max()) in (252, 255)
    assert program.tables.n_cores == 1
    reached = (
        program.tables.in_axon_base
        + program.tables.entry_target[program.tables.entry_ptr[program.tables.segment_ptr[program.tables.in_axon_list]]]
    )
    assert sorted(reached.tolist()) == sorted([*range(400)] * 2)
    base = LOIHI.precision.shared_base.model_copy(update={"high": 200})
    near = LOIHI.model_copy(update={"precision": LOIHI.precision.model_copy(update={"shared_base": base})})
    assert program_faults(program.model_copy(update={"target": near})) == [
        "table in_axon_base exceeds the largest base that an axon of the target can encode"
    ]


def test_a_first_target_between_two_steps_is_refused():
    program = compile_network(chain(convolution()), LOIHI, CompileOptions(fixes=False)).require()
    assert set(program.tables.in_axon_kind.tolist()) == {32}
    step = LOIHI.axons.pop32.base_step.model_copy(update={"value": 4})
    axons = LOIHI.axons.model_copy(update={"pop32": LOIHI.axons.pop32.model_copy(update={"base_step": step})})
    assert program_faults(program.model_copy(update={"target": LOIHI.model_copy(update={"axons": axons})})) == [
        "table in_axon_base contains a base that pop32 axons cannot encode"
    ]


def test_a_group_takes_its_output_axons_once_in_a_core():
    shared = OutputAxonUse(np.array([3, 3, 2, 5]), np.array([0, 0, -1, 1]), np.array([3, 4]))
    assert [shared.of(np.array(some)) for some in ([0, 1], [0, 2], [0, 1, 2, 3], [3])] == [3, 5, 9, 4]
    assert shared.by_core(np.array([0, 1, 0, 1]), 2).tolist() == [3 + 2, 3 + 4]


@pytest.mark.parametrize(("rules", "sent"), [("nengo-loihi", 10), ("nxtf", 100)])
def test_output_axons_are_shared_if_the_rules_allow_it(rules, sent):
    """Ten axons for a hundred sources: an eighth of the words, and of the input axons what ten are of 4,096."""
    target = load_target("loihi1", rules=rules)
    over, largest, total = limit_shares(target, "pop16", 2048, 10, 100)
    assert (over, largest) == (1.0, 2048 / int(target.limits.synapse_memory.value))
    assert total == pytest.approx(largest + 10 / 4096 + sent / 4096)


def test_a_neuron_with_more_sources_than_axons_fits_where_they_share_these():
    wide = convolution(channels=512, out=1, side=3)  # 512 * 9 sources into the middle neuron, and 4,096 axons
    program = nd.compile(chain(wide), "loihi1")
    assert use_of_program(program)["input_axons"].max() <= 512 // 32 * 9


def branching():
    """Two convolutions, and four neurons that receive all of the first: its neurons have axons of two kinds."""
    network = chain(convolution(out=48), convolution(groups=48, channels=48, out=48))
    style = WeightFormat(weight_bits=8, sign_mode="mixed")
    readers = nd.Population(name="readers", shape=4, neuron=network.populations[0].neuron)
    to_readers = nd.dense("layer0", "readers", np.full((4, 48 * 36), 2), weight_format=style)
    return network.model_copy(
        update={"populations": (*network.populations, readers), "projections": (*network.projections, to_readers)}
    )


@pytest.mark.parametrize(
    ("branches", "rules"),
    [
        (True, "nengo-loihi"),
        (False, "nxtf"),
        pytest.param(False, "nengo-loihi", marks=pytest.mark.slow),
        pytest.param(True, "nxtf", marks=pytest.mark.slow),
    ],
)
def test_counts_of_first_fit_equal_those_of_the_tables(branches, rules):
    """Recounted from the tables alone: words, input axons, and output axons, shared or not."""
    target = load_target("loihi1", rules=rules)
    two = chain(convolution(out=48), convolution(groups=48, channels=48, out=48))
    quantized = quantize(branching() if branches else two, target)
    cut = partition(quantized, target)
    use, kinds, into = use_of_program(emit_program(place(cut))), {}, projections_into(quantized)
    held = [CoreUsage() for _ in range(cut.n_cores)]
    for item in quantized.populations:
        for core in np.unique(cut.core_of[item.name]).tolist():
            neurons = np.flatnonzero(cut.core_of[item.name] == core)
            unsent = alone(np.zeros(item.size, dtype=np.int64))
            held[core] += core_usage(target, item, into[item.name], neurons, unsent, held[core].rows)
    for core, demand in enumerate(held):
        note_kinds(kinds, core, demand)
        for name in ("synapse_memory", "input_axons", "words_per_axon", "synapse_formats"):
            assert name not in use or use[name][core] == demand.figures()[name], name
    output_use = output_axon_use(quantized, target, dict(cut.core_of), cut.core_ids, kinds)
    sent = sum(output_use[name].by_core(core, cut.n_cores) for name, core in cut.core_of.items())
    assert (use["output_axons"] <= sent).all()
    assert use["output_axons"].sum() > 0
    if rules == "nxtf":  # every neuron on its own
        assert use["output_axons"].tolist() == sent.tolist()
    else:
        assert {kind for of in kinds.values() for kind in of.values()} & {"pop16", "pop32"}
        assert not branches or len(set(kinds["layer0"].values())) > 1


@pytest.mark.slow
def test_neurons_that_reach_one_population_axon_take_its_output_axons_once():
    network = chain(convolution(out=64), convolution(channels=64, out=4, kernel=1, seed=1))
    shared, apart = (
        compile_network(network, load_target("loihi1", rules=rules), CompileOptions(fixes=False)).require()
        for rules in ("nengo-loihi", "nxtf")
    )
    assert use_of_program(apart)["output_axons"].sum() == apart.tables.out_core.size  # one of every neuron
    kind = {int(n) for n in shared.tables.in_axon_kind}
    assert use_of_program(shared)["output_axons"].sum() < shared.tables.out_core.size / 4
    assert kind <= {16, 32}


def test_tables_with_contradictory_rows_of_an_axon_are_refused():
    program = nd.compile(chain(convolution()), "loihi1")
    assert program_faults(program) == []

    def faults_with(**columns):
        changed = {name: getattr(program.tables, name).copy() for name in columns}
        for name, (row, value) in columns.items():
            changed[name][row] = value
        tables = program.tables.model_copy(update=changed)
        return program_faults(program.model_copy(update={"tables": tables}))

    twin = int(np.flatnonzero(program.tables.in_axon_id == program.tables.in_axon_id[0])[1])
    assert "more than one kind" in faults_with(in_axon_kind=(0, 0))[0]
    assert "more than one base" in faults_with(in_axon_base=(0, int(program.tables.in_axon_base[0]) + 4))[0]
    assert "same atom" in faults_with(in_axon_atom=(twin, int(program.tables.in_axon_atom[0])))[0]
    assert "not a kind of axon" in faults_with(in_axon_kind=(0, 7))[0]
    assert "in_axon_id points outside" in faults_with(in_axon_id=(0, 1 << 20))[0]
    without = program.tables.model_copy(update={"in_axon_atom": None})
    assert "without the rest" in program_faults(program.model_copy(update={"tables": without}))[0]


def test_a_program_of_an_older_version_is_refused(tmp_path):
    network = chain(convolution(out=2, channels=1, kernel=1))
    program = nd.compile(network, "loihi1")
    assert program.tables.in_axon_id is None  # one channel shares with none
    path = tmp_path / "old.ndp"
    old = type(program).model_construct(**{**dict(program), "schema_version": 1})
    save_program(old, path)
    with pytest.raises(nd.DiagnosticError, match="schema version 1; this release reads 3"):
        load_program(path)


def test_the_board_of_nengo_loihi_refuses_programs_that_need_shared_axons():
    program = nd.compile(chain(convolution(channels=512, out=1, side=3)), "loihi1")
    assert not list(NengoLoihiBackend().check(program))  # the emulator has no limit
    (fault,) = NengoLoihiBoardBackend().check(program)
    assert fault.code == "ND502"
    assert "4,608 discrete input axons, and a core has 4,096" in fault.message
