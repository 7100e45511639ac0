"""Verdicts of networks that fit and that are proven not to, and fixes that work when applied."""

from __future__ import annotations

import json

import numpy as np
import pytest
import typer
from factories import network_of, with_limits
from typer.testing import CliRunner

import neurodeploy as nd
from neurodeploy.cli.compile_options import given_fields
from neurodeploy.cli.inputs import Choices, compile_options
from neurodeploy.cli.main import app
from neurodeploy.compiler import CompileOptions, compile_network, fit_network
from neurodeploy.hardware import load_feasibility_target, load_target, on_board
from neurodeploy.program.audit import use_of_program
from neurodeploy.resources import core_limits


def lif():
    return nd.Lif(tau_m_s=0.02, v_threshold=1.0)


def inputs_to_neurons(n_in, size):
    weights = np.random.default_rng(0).normal(size=(size, n_in)).astype(np.float32) / np.sqrt(n_in)
    return network_of(
        (nd.Population(name="cells", shape=size, neuron=lif()),),
        (nd.dense("in", "cells", weights),),
        inputs=n_in,
        outputs="cells",
        name="wide",
    )


def neurons_to_neurons(size):
    wide = inputs_to_neurons(size, size)
    first = nd.Population(name="first", shape=size, neuron=lif())
    relay = nd.one_to_one("in", "first")
    dense = wide.projections[0].model_copy(update={"source": "first"})
    return wide.model_copy(update={"populations": (first, *wide.populations), "projections": (relay, dense)})


def within_limits(program):
    limits = core_limits(program.target)
    return all((values <= limits[name].value).all() for name, values in use_of_program(program).items())


def test_dense_1024_to_1024_neurons_compiles():
    result = compile_network(neurons_to_neurons(1024), load_target("loihi1"))
    assert result.verdict == "fits"
    assert within_limits(result.require())
    assert max(result.lower_bounds.values()) <= result.n_cores <= 12


@pytest.mark.slow
def test_4000_inputs_to_4000_neurons_is_refused_on_one_chip_with_fixes_that_pass():
    network, target = inputs_to_neurons(4000, 4000), load_target("loihi1")
    result = compile_network(network, target)
    (finding,) = [item for item in result.findings if item.code == "ND401"]
    assert (finding.found, finding.limit) == (134, 128)  # 30 neurons of 4,000 8-bit rows of 4 words fill 16,000 words
    assert result.verdict == "not placed by this mapper"
    assert [fix.change for fix in finding.fixes] == [{"weight_bits": {"*": 6}}, {"board": "kapoho_bay"}]
    for fix in finding.fixes:
        board = fix.change.get("board")
        again = compile_network(
            network, on_board(target, board), CompileOptions(weight_bits=fix.change.get("weight_bits", {}))
        )
        assert again.verdict == "fits"
        assert f"{again.n_cores:,} cores" in fix.text
        assert within_limits(again.require())


def test_5000_inputs_to_one_neuron_each_is_proven_impossible_and_only_pruning_helps():
    network, target = inputs_to_neurons(5000, 20), load_target("loihi1")
    result = compile_network(network, target, CompileOptions(fix_time_s=600))  # a busy machine finds the same fix
    (finding,) = [item for item in result.findings if item.severity == "error"]
    assert (finding.code, finding.found, finding.limit) == ("ND303", 5000, 4096)
    assert result.verdict == "proven not to fit"
    (fix,) = finding.fixes
    assert fix.change == {"prune_sources": {"*": 0.2}}  # 1 - 4096 / 5000 = 18.1 %, in steps of 5 %
    assert compile_network(network, target, CompileOptions(**fix.change)).verdict == "fits"


@pytest.mark.parametrize("size", [8, 9, 30])
def test_every_printed_fix_on_the_tiny_chip_passes_when_applied(size):
    target = load_target("tiny")
    network = inputs_to_neurons(8, size * 2)
    result = compile_network(network, target)
    for finding in result.findings:
        for fix in finding.fixes:
            if fix.change:
                options = CompileOptions(**{key: value for key, value in fix.change.items() if key != "board"})
                assert compile_network(network, on_board(target, fix.change.get("board")), options).verdict == "fits"


def limited(**values):
    return with_limits(load_target("tiny"), **values)


def cells(size, n_in=1, neuron=None, **fields):
    wires = nd.dense("in", "cells", np.ones((size, n_in)), **fields)
    population = nd.Population(name="cells", shape=size, neuron=neuron or lif())
    return inputs_to_neurons(n_in, size).model_copy(update={"populations": (population,), "projections": (wires,)})


def recurrent_ring():
    """24 neurons that each send 8 and 16 places on, where a core has one output axon."""
    wires = np.zeros((24, 24))
    for far in (8, 16):
        wires[(np.arange(24) + far) % 24, np.arange(24)] = 1.0
    ring = cells(24)
    return ring.model_copy(update={"projections": (*ring.projections, nd.sparse("cells", "cells", wires))})


VARIED = nd.Lif(tau_m_s=np.linspace(0.01, 0.03, 20), v_threshold=np.linspace(1.0, 2.0, 20))
SOFT = nd.LoihiCuba(du=4095, dv=205, vth_mant=10, reset="subtract")
BROKEN = {
    "delay too long": ("ND211", cells(4, delay_steps=9), load_target("tiny"), {"max_delay", "target"}),
    "soft reset": ("ND301", cells(2, neuron=SOFT), limited(compartments=1), {"target"}),
    "20 sources": ("ND302", cells(1, 20), limited(input_axons=64, fan_in=64), {"prune", "target"}),
    "13 sources": ("ND303", cells(1, 13), limited(fan_in=64), {"prune_sources", "target"}),
    "11 synapses": ("ND305", cells(1, 11), load_target("tiny"), {"prune", "target"}),
    "long delays": ("ND309", cells(2, delay_steps=3), limited(accumulators=2), {"max_delay", "target"}),
    "wide": ("ND401", cells(60, 10), load_target("tiny"), {"target"}),
    "one chip too few": ("ND401", cells(40), load_target("tiny"), {"board", "target"}),
    "delays spread": ("ND401", cells(20, delay_steps=3), load_target("tiny"), {"max_delay", "board", "target"}),
    "all unlike": ("ND401", cells(20, neuron=VARIED), load_target("tiny"), {"share_parameters", "target"}),
    "output axons": ("ND401", recurrent_ring(), limited(output_axons=1), {"target"}),
}
"""Name -> code, network, target, and what helps."""


def applied(change, target):
    options = CompileOptions(**{key: value for key, value in change.items() if key not in ("board", "target")})
    chip = load_target(change["target"]) if "target" in change else on_board(target, change.get("board"))
    return options, chip


def typed_choices(flag):
    """What the command line makes of a flag."""
    command = typer.main.get_command(app).commands["check"]
    given = command.make_context("check", ["net.nd.json", *flag.split()], resilient_parsing=True).params
    fields = given_fields(
        **{name: given[name] for name in CompileOptions.model_fields if name in given and name != "strict"}
    )
    return Choices(given["target"], given["board"], fields=fields)


@pytest.mark.parametrize("name", BROKEN)
def test_every_fix_passes_when_its_change_or_its_flag_is_applied(name):
    code, network, target, helps = BROKEN[name]
    result = compile_network(network, target, others=[load_target("loihi1")])
    (finding,) = [item for item in result.findings if item.severity == "error"]
    assert finding.code == code
    assert {key for fix in finding.fixes for key in fix.change} == helps
    for fix in finding.fixes:
        options, chip = applied(fix.change, target)
        assert compile_network(network, chip, options).verdict == "fits", fix
        typed = typed_choices(fix.flag)
        assert compile_options(typed) == options
        assert (typed.board, typed.target) == (fix.change.get("board"), fix.change.get("target"))


INTEGER = {"du": 4095, "dv": 0, "vth_mant": 10}
WRITTEN = {
    "threshold": ("ND208", cells(2, neuron=nd.LoihiCuba(**INTEGER | {"vth_mant": 131072})), "neuron.vth_mant = 131071"),
    "decay": ("ND208", cells(2, neuron=nd.LoihiCuba(**INTEGER | {"du": 5000})), "neuron.du = 4095"),
    "rest": (
        "ND210",
        cells(2, neuron=nd.Lif(tau_m_s=0.02, v_threshold=1.0, refractory_steps=70)),
        "neuron.refractory_steps = 62",
    ),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_a_fix_that_the_file_must_take_passes_when_it_is_written_there(name):
    code, network, says = WRITTEN[name]
    result = compile_network(network, load_target("loihi1"))
    (finding,) = [item for item in result.findings if item.severity == "error"]
    (fix,) = finding.fixes
    assert (finding.code, fix.change, fix.flag) == (code, {}, "")
    assert fix.text.startswith(f"in population 'cells' write {says}: ")
    field, value = says.removeprefix("neuron.").split(" = ")
    document = network.model_dump(mode="json")
    document["populations"][0]["neuron"][field] = int(value)
    again = compile_network(nd.Network.model_validate(document), load_target("loihi1"))
    assert again.verdict == "fits"
    assert f"{again.n_cores} core" in fix.text


@pytest.mark.parametrize(
    ("given", "flag"), [({"*": 7}, "--weight-bits 8"), ({"*": 4, "in_to_cells": 7}, "--weight-bits in_to_cells=8")]
)
def test_weights_of_a_width_that_is_not_stored_get_the_widest_that_is(given, flag):
    network, target = cells(4, 3), load_target("loihi1")
    assert network.projections[0].name == "in_to_cells"
    result = compile_network(network, target, CompileOptions(weight_bits=given))
    (finding,) = [item for item in result.findings if item.severity == "error"]
    (fix,) = finding.fixes
    assert (finding.code, fix.flag) == ("ND207", flag)
    assert (
        compile_network(network, target, CompileOptions(weight_bits={**given, **fix.change["weight_bits"]})).verdict
        == "fits"
    )


def test_sharing_says_how_far_each_register_moved_and_keeps_the_rest():
    network, options = cells(20, neuron=VARIED), CompileOptions(share_parameters={"cells": 4})
    before = compile_network(network, load_target("loihi1")).require()
    result = compile_network(network, load_target("loihi1"), options)
    after = result.require()
    for register in ("dv", "vth_mant"):
        old, new = (np.asarray(getattr(item.tables, register), dtype=np.int64) for item in (before, after))
        assert np.unique(old).size == 20
        assert np.unique(new).size <= 4
        assert (np.diff(old) * np.diff(new) >= 0).all()  # neurons keep their order
        (line,) = [item for item in result.ledger if item.quantity == f"{register} register"]
        assert line.relative_error == pytest.approx((np.abs(new - old) / old).max())
        assert line.relative_error < 0.3
    assert np.array_equal(before.tables.du, after.tables.du)


def test_clipping_shortens_only_longer_delays_and_says_how_many():
    delays = np.arange(4).reshape(4, 1)
    network = cells(4, delay_steps=delays, delay_axis="synapse")
    result = compile_network(network, load_target("tiny"), CompileOptions(max_delay={"*": 1}))
    entries = list(result.require().network.projections[0].delay_steps.ravel())
    assert entries == [0, 1, 1, 1]
    (line,) = [item for item in result.ledger if item.quantity == "delay_steps"]
    assert (line.asked, line.got) == ("up to 3 steps", "2 of 4 delays shortened to 1 steps")


def test_one_bit_weights_of_both_signs_are_refused():
    result = compile_network(inputs_to_neurons(4, 4), load_target("loihi1"), CompileOptions(weight_bits={"*": 1}))
    assert [item.code for item in result.findings if item.severity == "error"] == ["ND207"]


def test_fit_gives_chips_boards_and_judged_targets_and_changes_that_work():
    network, tiny = cells(20, neuron=VARIED), load_target("tiny")
    steps = []
    every = (tiny, load_target("loihi1"), load_feasibility_target("xylo_audio3"))
    rows = fit_network(network, every, progress=lambda *done: steps.append(done))
    assert steps == [(1, 3), (2, 3), (3, 3)]
    assert [row.board for row in rows[:2]] == [None, "pair"]
    assert [row.holds for row in rows if row.target == "loihi1"] == ["holds"] * (1 + len(load_target("loihi1").boards))
    for row in rows:
        if row.target == "tiny" and row.holds == "does not hold":
            assert row.codes == ("ND401",)
            assert row.fix is not None
            options, chip = applied({"board": row.board, **row.fix.change}, tiny)
            assert compile_network(network, chip, options).verdict == "fits"
        if row.target == "loihi1":
            assert 0 < row.share <= 1
    assert rows[-1].verdict in ("not expressible", "over limits")
    assert rows[-1].codes


def test_a_board_holds_what_its_chip_or_a_smaller_board_holds():
    network, tiny = cells(40), load_target("tiny")
    chip, pair = fit_network(network, [tiny])
    assert (chip.holds, chip.fix.change, chip.cores_held) == ("does not hold", {"board": "pair"}, 4)
    assert (pair.holds, pair.cores, pair.cores_held) == (
        "holds",
        compile_network(network, on_board(tiny, "pair")).n_cores,
        8,
    )


def test_the_command_prints_a_row_for_each_target_and_board(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    nd.save(cells(40), "net.nd.json")
    printed = CliRunner().invoke(app, ["fit", "net.nd.json", "-t", "tiny", "-t", "loihi1"])
    assert printed.exit_code == 0, printed.output
    words = printed.output.split()
    assert {"tiny", "pair", "loihi1", "kapoho_bay", "--board"} <= set(words)
    document = CliRunner().invoke(app, ["fit", "net.nd.json", "-t", "tiny", "--json"]).stdout
    rows = json.loads(document)["rows"]
    assert [row["holds"] for row in rows] == ["does not hold", "holds"]
