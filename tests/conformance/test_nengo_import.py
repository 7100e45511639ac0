"""Imported Nengo networks on our emulator, against nengo-loihi's emulator: every spike, voltage and current of 1,000 steps."""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path

import numpy as np
import pytest
from neurodeploy_backends.nengo_loihi.assemble import network_of, samples_of
from neurodeploy_backends.nengo_loihi.environment import NENGO_LOIHI
from neurodeploy_backends.nengo_loihi.importer import import_plan, import_result
from neurodeploy_backends.nengo_loihi.remarks import HOST_STEPS

import neurodeploy as nd
from neurodeploy.worker import missing

FILE = Path(__file__).with_name("nengo_networks.py")
NAMES = tuple(
    item.name
    for item in ast.parse(FILE.read_text()).body
    if isinstance(item, ast.FunctionDef) and ast.get_docstring(item) and not item.name.startswith("_")
)
STEPS = 1000
MARK = "<!-- table: pytest -m slow tests/conformance/test_nengo_import.py --update-golden -->\n"
SINGLE = 3e-5
"""Relative error of nengo-loihi's filtered values, which it computes in single precision."""


@pytest.fixture(scope="module", autouse=True)
def _simulator():
    absent = missing(NENGO_LOIHI, "nengo-loihi")
    if absent is not None:
        pytest.skip(f"the simulator is missing: {absent.message}: {absent.fixes[0].text}")


@functools.cache
def golden_of(name):
    plan = import_plan(FILE.read_text(), str(FILE), name, nd.ImportOptions(), golden=True)
    result = import_result(plan, f"{FILE}:{name}")
    return network_of(result, plan, str(FILE)), samples_of(result, plan), result


@functools.cache
def differences(name):
    """(spikes, their differences, states, their differences, output values, those beyond single precision)."""
    network, samples, result = golden_of(name)
    program = nd.compile(network, target="loihi1", dialect="nengo", board="kapoho_bay")
    probes = [(item.name, variable) for item in network.populations for variable in ("v", "u")]
    learned = [item for item in network.projections if item.plasticity is not None]
    probes += [(item.name, "w") for item in learned]
    values = samples if samples is not None else nd.SampleValues(values={}, n_samples=1)
    recording = nd.run(program, values, probes=probes)
    spikes = wrong = states = apart = 0
    for number, item in enumerate(network.populations):
        expected = result.arrays[f"golden.spikes.{number}"].astype(bool)
        found = np.zeros_like(expected)
        rows = recording.spikes[item.name]
        rows = rows[rows[:, 1] <= STEPS]
        found[rows[:, 1] - 1, rows[:, 2]] = True
        spikes, wrong = spikes + int(expected.sum()), wrong + int((found != expected).sum())
        for variable in ("v", "u"):
            given = recording.states[f"{item.name}.{variable}"][0, :STEPS]
            expected = result.arrays[f"golden.{variable}.{number}"]
            states, apart = states + expected.size, apart + int((given != expected).sum())
    for number, item in enumerate(learned):
        given = recording.states[f"{item.name}.w"][0, :STEPS].astype(np.int64)
        expected = result.arrays[f"golden.w.{number}"]
        states, apart = (
            states + expected.size,
            apart + int(((given << 6 + item.weight_format.exponent) != expected).sum()),
        )
        assert (given[0] != given[-1]).mean() > 0.5
    return spikes, wrong, states, apart, *decoded_differences(program, recording, result)


def decoded_differences(program, recording, result):
    count = beyond = 0
    for name, values in nd.decoded(program, recording).items():
        expected, later = result.arrays.get(f"golden.probe.{name}"), 0
        if expected is None:
            expected, later = result.arrays.get(f"golden.host.{name}"), HOST_STEPS
        if expected is not None:
            scale = max(float(np.abs(expected).max()), 1e-9)
            count += expected.size
            beyond += int((np.abs(values[0, : STEPS - later] - expected[later:]) > SINGLE * scale).sum())
    return count, beyond


def test_values_on_the_host_are_those_of_the_chip_two_steps_later():
    """In double precision, as nengo-loihi's host computes them."""
    network, samples, result = golden_of("two_convolutions")
    program = nd.compile(network, target="loihi1", dialect="nengo")
    found = nd.decoded(program, nd.run(program, samples))["scores"][0, : STEPS - HOST_STEPS]
    expected = result.arrays["golden.host.scores"][HOST_STEPS:]
    assert np.abs(expected).max() > 10
    assert np.allclose(found, expected, rtol=0, atol=1e-10)


def test_there_are_at_least_twenty():
    assert len(NAMES) >= 20


@pytest.mark.parametrize("name", NAMES)
def test_no_difference(name):
    spikes, wrong, states, apart, _, beyond = differences(name)
    assert spikes > 0
    assert (wrong, apart, beyond) == (0, 0, 0), f"{spikes:,} spikes, {states:,} states"


def table():
    """The table of the page: a row for each network."""
    rows = ["| network | spikes | states | differences |", "|---|---|---|---|"]
    meanings = {
        item.name: ast.get_docstring(item) for item in ast.parse(FILE.read_text()).body if hasattr(item, "name")
    }
    for name in NAMES:
        spikes, wrong, states, apart, _, beyond = differences(name)
        rows.append(f"| {meanings[name].removesuffix('.')} | {spikes:,} | {states:,} | {wrong + apart + beyond} |")
    exact = sum(row.endswith("| 0 |") for row in rows)
    return "\n".join([*rows, "", f"{exact} x 0 differences."]) + "\n"


def test_the_page_has_the_table(root, update_golden):
    """Counts of spikes may differ between processors, on which the decoders are solved; rows and differences may not."""
    page = root / "docs" / "how-to" / "from-nengo.md"
    head, mark, shown = page.read_text().partition(MARK)
    assert mark
    made = f"\n{table()}"
    if update_golden:
        page.write_text(head + mark + made)
        return
    first, last = (re.sub(r"\| [\d,]+ \| [\d,]+ \|", "|", text) for text in (shown, made))
    assert first == last


def test_an_imported_program_runs_on_nengo_loihi():
    """Blocks made of the program, instead of the network, give the same spikes and states."""
    network, samples, _ = golden_of("square")
    program = nd.compile(network, target="loihi1", dialect="nengo")
    runs = [nd.run(program, samples, backend=name) for name in ("emulator", "nengo-loihi")]
    assert nd.compare(*runs, program).identical
