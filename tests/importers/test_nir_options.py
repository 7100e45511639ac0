"""Import options: the network follows them, and the ledger says who specified each value."""

from __future__ import annotations

import numpy as np
import pytest

from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.importers import ImportOptions, load
from neurodeploy.network.files import save_network

PORTS = {"input": ("Input", {"shape": [2]}), "output": ("Output", {"shape": [2]})}
LINE = [("input", "w"), ("w", "cells"), ("cells", "output")]
LIF = {"tau": [0.02, 0.02], "r": [1.0, 1.0], "v_leak": [0.0, 0.0], "v_threshold": [1.0, 1.0]}


@pytest.fixture
def lif(nir_file):
    def write(version="1.0.6", metadata=None, kind="LIF", **fields):
        cell = {**LIF, **fields} if kind == "LIF" else fields
        nodes = {**PORTS, "w": ("Linear", {"weight": np.eye(2)}), "cells": (kind, cell)}
        return nir_file(nodes, LINE, version, **(metadata or {}))

    return write


def neuron_and_ledger(path, **options):
    """The imported neuron, and the ledger by quantity."""
    made = load(path, ImportOptions(**{"dt_s": 1e-3, **options}))
    return made, {line.quantity: line for line in made.ledger}


def codes(path, **options):
    with pytest.raises(DiagnosticError) as error:
        load(path, ImportOptions(**options))
    return [item.code for item in error.value.diagnostics], str(error.value)


@pytest.mark.parametrize("mode", ["zero", "subtract", "none", "value"])
@pytest.mark.parametrize("stated", [None, 0.0, 0.25])
def test_a_reset_that_the_user_gives_is_the_reset_of_the_network(lif, mode, stated):
    fields = {} if stated is None else {"v_reset": [stated, stated]}
    if stated is None and mode == "value":
        assert codes(lif(**fields), dt_s=1e-3, reset=mode)[0] == ["ND048"]
        return
    made, lines = neuron_and_ledger(lif(**fields), reset=mode)
    line = lines["reset"]
    reset = made.network.populations[0].neuron.reset
    as_file = {0.0: "zero", 0.25: "value"}.get(stated)
    assert reset.mode == ("zero" if mode == "value" and stated == 0 else mode)
    assert line.got.split()[0] == reset.mode
    if reset.mode == "value":
        assert np.all(np.asarray(reset.value) == stated)
        assert line.got == "value 0.25"
    assert line.asked == ("not in the file" if stated is None else f"v_reset {stated:g}")
    assert "given by the user" in line.note
    assert ("contradicts the file" in line.note) == (stated is not None and reset.mode != as_file)


@pytest.mark.parametrize(("stated", "mode"), [(0.0, "zero"), (0.25, "value")])
def test_a_reset_from_the_file_is_attributed_to_the_file(lif, stated, mode):
    made, lines = neuron_and_ledger(lif(v_reset=[stated, stated]))
    assert made.network.populations[0].neuron.reset.mode == mode
    assert lines["reset"].note == "from the file"
    assert lines["reset"].level == "exact"


def test_files_from_before_v_reset_meant_something_ask(lif):
    path = lif(version="0.2.0", v_reset=[0.0, 0.0])
    assert codes(path, dt_s=1e-3)[0] == ["ND048"]
    made, lines = neuron_and_ledger(path, reset="subtract")
    assert made.network.populations[0].neuron.reset.mode == "subtract"
    assert "not meaningful in nir 0.2.0" in lines["reset"].asked
    assert "contradicts" not in lines["reset"].note


@pytest.mark.parametrize("stated", [None, 1e-3, 5e-4])
@pytest.mark.parametrize("given", [None, 1e-3])
def test_the_step_comes_from_the_user_else_the_file_else_is_required(lif, stated, given):
    path = lif(metadata={} if stated is None else {"dt": stated}, v_reset=[0.0, 0.0])
    if stated is None and given is None:
        assert codes(path)[0] == ["ND047"]
        return
    made, lines = neuron_and_ledger(path, dt_s=given)
    assert made.network.time.dt_s == (given or stated)
    assert lines["dt_s"].got == f"{made.network.time.dt_s:g} s"
    by_user = given is not None
    assert ("given by the user" in lines["dt_s"].note) == by_user
    assert ("from the file" in lines["dt_s"].note) == (not by_user)
    assert ("contradicts the file" in lines["dt_s"].note) == (by_user and stated not in (None, given))


@pytest.mark.parametrize("value", [np.nan, 0.0, -1.0, [1.0, 2.0], "1 ms"])
def test_an_invalid_step_of_the_file_is_a_finding(lif, value):
    found, text = codes(lif(metadata={"dt": value}), dt_s=1e-3, reset="zero")
    assert found == ["ND046"]
    assert "metadata 'dt'" in text


@pytest.mark.parametrize(
    ("given", "rule", "note"), [(None, "euler", "default"), ("exact", "exact", "given by the user")]
)
def test_the_discretization_of_the_ledger_is_that_of_the_network(lif, given, rule, note):
    made, lines = neuron_and_ledger(lif(v_reset=[0.0, 0.0]), discretization=given)
    assert made.network.populations[0].neuron.discretization.kind == rule
    assert (lines["discretization"].got, lines["discretization"].note) == (rule, note)


@pytest.mark.parametrize(("unit", "seconds"), [(None, 0.02), ("s", 0.02), ("ms", 2e-5), ("step", 2e-5)])
def test_the_unit_of_the_ledger_is_that_of_the_network(lif, unit, seconds):
    made, lines = neuron_and_ledger(lif(v_reset=[0.0, 0.0]), time_unit=unit)
    assert np.allclose(made.network.populations[0].neuron.tau_m_s, seconds)
    line = lines["unit of times"]
    assert (line.got, line.note) == (unit or "s", "given by the user" if unit else "default")


@pytest.mark.parametrize("option", ["reset", "discretization", "time_unit"])
def test_an_option_without_effect_on_the_file_is_reported(nir_file, option):
    cells = (
        ("LI", {"tau": 0.02, "r": 1.0, "v_leak": 0.0}) if option == "reset" else ("IF", {"r": 1.0, "v_threshold": 1.0})
    )
    nodes = {**PORTS, "w": ("Linear", {"weight": np.eye(2)}), "cells": cells}
    value = {"reset": "zero", "discretization": "exact", "time_unit": "ms"}[option]
    other = {} if option == "reset" else {"reset": "zero"}
    _, lines = neuron_and_ledger(nir_file(nodes, LINE), **other, **{option: value})
    line = lines[f"--{option.replace('_', '-')}"]
    assert (line.asked, line.got, line.level) == (value, "without effect", "dropped")
    assert {"time_unit": "unit of times"}.get(option, option) not in lines, "nothing claims that it was used"


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"dt_s": 0.5}, "--dt 0.5"),
        ({"reset": "zero"}, "--reset zero"),
        ({"discretization": "exact"}, "--discretization exact"),
        ({"time_unit": "ms"}, "--time-unit ms"),
        ({"producer": "sinabs"}, "--from sinabs"),
    ],
)
def test_import_options_do_not_apply_to_a_network_file(lif, tmp_path, option, message):
    network = load(lif(v_reset=[0.0, 0.0]), ImportOptions(dt_s=1e-3)).network
    save_network(network, tmp_path / "net.nd.json")
    found, text = codes(tmp_path / "net.nd.json", **option)
    assert found == ["ND054"]
    assert message in text
    assert load(tmp_path / "net.nd.json", ImportOptions(dt_s=1e-3)).network == network


def test_fields_unknown_to_nir_are_reported_as_unread(lif):
    _, lines = neuron_and_ledger(lif(v_reset=[0.0, 0.0], refractory_time=[0.001, 0.001]))
    assert lines["fields"].asked == "'refractory_time'"
    assert lines["fields"].level == "dropped"


def test_the_command_line_passes_all_options(call, lif):
    path = lif(v_reset=[0.25, 0.25])
    words = (
        "check",
        path,
        "-t",
        "loihi1",
        "--dt",
        "1e-3",
        "--time-unit",
        "s",
        "--discretization",
        "exact",
        "--from",
        "nir",
    )
    status, out, _ = call(*words, "--reset", "zero", "--ledger")
    assert status == 0
    text = "".join(out.split())
    for word in ("contradicts", "exact", "--from"):
        assert word in text
    assert call("check", path, "-t", "loihi1", "--dt", "1e-3", "--from", "torch")[0] == 2
