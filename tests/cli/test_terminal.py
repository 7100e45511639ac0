"""What commands print holds at 80 columns: no line is longer, no word is cut. Wide terminals also show pictures of characters."""

from __future__ import annotations

import re

import numpy as np
import pytest
from factories import leave, network_of, wide_network

import neurodeploy as nd
from neurodeploy.cli.command_table import COMMANDS
from neurodeploy.report import fit_notes
from neurodeploy.report.terminal_pictures import core_lines, raster_lines

LONG = "population_with_a_long_name"
STEPS = 12


def deep():
    """A network on several cores of the test chip, in which one name is long."""
    rng, cells = np.random.default_rng(4), nd.If(v_threshold=1.0)
    return network_of(
        [nd.Population(name=name, shape=10, neuron=cells) for name in (LONG, "second")],
        [nd.dense("in", LONG, rng.normal(0.3, 0.5, (10, 4))), nd.dense(LONG, "second", rng.normal(0.2, 0.5, (10, 10)))],
        inputs=(nd.Input(name="in", shape=4, encoder="rate"),),
        outputs="second",
        name="deep",
        steps_per_sample=STEPS,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("terminal")
    nd.save(deep(), path / "deep.nd.json")
    nd.save(wide_network(), path / "wide.nd.json")
    values = np.random.default_rng(1).random((6, 4))
    np.savez(path / "deep.stimulus.npz", **{"in": values, "labels": np.zeros(6, dtype=int)})
    program = nd.compile(deep(), "tiny")
    nd.save(nd.seal(program, {"in": values}), path / "deep.ndp")
    nd.save(nd.run(program, values), path / "deep.ndr")
    many = np.random.default_rng(2).random((60, 4))
    nd.save(nd.calibrate(program, {"in": many}), path / "watched.ndp")
    nd.save(nd.run(program, {"in": many}), path / "watched.ndr")
    nd.save(nd.compile(deep(), "tiny", weight_bits={"*": 4}), path / "other.ndp")
    (path / "bits.toml").write_text(
        'model = "deep.nd.json"\ntarget = "tiny"\n[space]\nweight_bits = [1, 4, 6]\nseed = [1, 2]\n',
        encoding="utf-8",
    )
    nd.save(nd.compile(deep(), "loihi1"), path / "free.ndp")
    (path / "deep.campaign.toml").write_text(
        'model = "deep.ndp"\nsamples = "deep.stimulus.npz"\nn_samples = 2\nharden = true\n[campaign]\nsize = 40\n'
        'criterion = "spikes"\nrates = [0.01]\nrepeats = 2\n',
        encoding="utf-8",
    )
    leave(["sweep", path / "bits.toml", "--executor", "serial"])  # later starts say the same of the time
    (path / "layers.toml").write_text('[[layer]]\nname = "one"\nkind = "dense"\ninputs = 40\nneurons = 30\n')
    return path


LINES = {
    "check": [
        "deep.nd.json -t tiny",
        "wide.nd.json -t tiny",
        "deep.nd.json -t speck2f",
        "wide.nd.json -t loihi1 --ledger",
    ],
    "compile": [
        "deep.nd.json -t tiny --out out.ndp",
        "deep.nd.json -t loihi1 --calibrate deep.stimulus.npz --out out.ndp",
    ],
    "fit": ["deep.nd.json -t tiny -t loihi1 -t speck2f -t xylo_imu", "wide.nd.json -t tiny"],
    "blame": ["deep.nd.json -t tiny"],
    "run": ["deep.nd.json -t tiny", "deep.nd.json -t loihi1 --boundary board --rate 30/s"],
    "profile": ["deep.ndp deep.ndr"],
    "compare": ["deep.ndr deep.ndr"],
    "verify": ["deep.ndp"],
    "export-c": ["deep.ndp"],
    "sweep": ["bits.toml --executor serial", "bits.toml --maximize accuracy --minimize cores"],
    "monitor": ["watched.ndr watched.ndp --window 20"],
    "faults": ["deep.campaign.toml"],
    "remap": ["free.ndp --avoid-cores 0 -o moved.ndp"],
    "diff": ["deep.ndp other.ndp"],
    "baseline": ["write deep.nd.json -t tiny --file base.json"],
    "explain": ["ND302", ""],
    "targets": ["", "show loihi1", "show speck2f", "show tiny"],
}
ELSEWHERE = {
    "convert": "the tables of conversions are those of blame and compile",
    "schema": "prints JSON",
    "report": "prints the name of the page that it writes",
    "init": "prints the names of the files that it writes",
    "test": "tests/project looks at its table",
    "serve": "prints until it is ended; tests/cli/test_serve_command.py looks at its table",
    "learned": "prints the name of the program that it writes",
    "backends": "prints a line for each backend, which a terminal wraps within its column",
}
"""Command -> why its output is not looked at here."""
CALLS = [(name, line) for name, lines in LINES.items() for line in lines]
ALWAYS = re.compile(r"seconds?|\d+\.\d+ s|[0-9a-f]{12,}")
"""Figures that another call prints differently."""


def printed(call, folder, monkeypatch, name, line, columns):
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", str(columns))
    return call(name, *line.split())[1]


def test_every_command_is_looked_at_or_says_why_not():
    assert set(COMMANDS) == {*LINES, *ELSEWHERE}


@pytest.mark.parametrize(("name", "line"), CALLS, ids=[f"{name} {line}".strip() for name, line in CALLS])
def test_tables_hold_at_80_columns(call, folder, monkeypatch, name, line):
    narrow, wide = (printed(call, folder, monkeypatch, name, line, columns) for columns in (80, 400))
    assert narrow
    assert max(len(text) for text in narrow.splitlines()) <= 80
    words = set(ALWAYS.sub("", wide).split())
    assert set(ALWAYS.sub("", narrow).split()) - words == set(), "words are cut"


def sizes_of(network):
    return {item.name: item.size for item in (*network.inputs, *network.populations)}


def dots(line):
    """(4, columns) dots of a line of braille."""
    bits = [[ord(letter) - 0x2800 for letter in line]]
    order = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
    cells = (np.array(bits)[0][:, None, None] & order[None]) > 0
    return cells.transpose(1, 0, 2).reshape(4, -1)


def test_the_raster_has_a_dot_for_each_spike_where_there_is_space():
    network = deep()
    recording = nd.run(nd.compile(network, "tiny"), np.random.default_rng(1).random((2, 4)))
    head, *lines = raster_lines(recording, sizes_of(network), 120)
    n_steps = recording.n_steps
    assert head == f"spikes of the first sample, steps 1 to {n_steps}"
    assert [line[:18].strip() for line in lines] == ["in", f"{LONG[:16]}…", "", "", "second", "", ""]
    found = np.zeros((12, 4 * n_steps), dtype=bool)
    for row, line in enumerate(lines[4:]):
        part = dots(line[18:])
        found[4 * row : 4 * row + 4, : part.shape[1]] = part
    wanted = np.zeros((12, 4 * n_steps), dtype=bool)
    rows = recording.spikes["second"]
    for sample, step, neuron in rows:
        if sample == 0:
            wanted[neuron, 4 * (step - 1)] = True
    assert wanted.any()
    assert (found == wanted).all()


@pytest.mark.parametrize("width", [100, 140])
def test_long_runs_of_many_neurons_share_dots_within_the_width(width):
    rng = np.random.default_rng(0)
    rows = np.argwhere(rng.random((1, 900, 500)) < 0.001) + [0, 1, 0]
    program = nd.compile(deep(), "tiny")
    recording = nd.run(program, np.ones((1, 4))).model_copy(
        update={"n_samples": 1, "n_steps": 900, "spikes": {"many": rows}, "input_spikes": {}}
    )
    lines = raster_lines(recording, {"many": 500}, width)
    assert len(lines) == 4
    assert width - 4 <= max(map(len, lines)) <= width
    drawn = np.concatenate(
        [np.pad(part := dots(line[18:]), ((0, 0), (0, 2 * width - part.shape[1]))) for line in lines[1:]]
    )
    columns = 2 * (width - 18)
    wanted = {(int(12 * n // 500), int((t - 1) * columns // 900)) for _, t, n in rows}
    assert {(int(r), int(c)) for r, c in np.argwhere(drawn)} == wanted


def test_bars_are_as_long_as_cores_are_full():
    program = nd.compile(deep(), "tiny")
    resources = nd.profile(program, nd.run(program, np.ones((1, 4)))).resources
    _, *lines = core_lines(resources, program.tables.n_cores, 120)
    assert len(lines) == program.tables.n_cores
    for core, line in enumerate(lines):
        full, name = max((item.per_core[core] / item.limit, item.name) for item in resources if item.limit)
        assert line.startswith(f"core {core} ")
        assert f"{full:.1%}" in line
        length = len(re.search("[█▏▎▍▌▋▊▉·]+", line)[0])
        assert line.count("█") == int(full * length + 1 / 16)
        ties = [item.name for item in resources if item.limit and item.per_core[core] / item.limit == full]
        assert line.split("%")[1].strip().replace(" ", "_") in ties or name in ties


def test_many_cores_are_a_character_each():
    made = nd.profile(nd.compile(deep(), "tiny"), nd.run(nd.compile(deep(), "tiny"), np.ones((1, 4)))).resources[0]
    use = made.model_copy(update={"limit": 8.0, "per_core": tuple(k % 9 for k in range(130))})
    _, *lines = core_lines((use,), 130, 120)
    text = "".join(line[18:].replace(" ", "") for line in lines)
    assert text == "".join("▁▂▃▄▅▆▇█"[min(k % 9, 7)] for k in range(130))
    assert max(map(len, lines)) <= 120


def plain(text):
    """A text of a terminal without colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def test_pictures_appear_on_wide_terminals_only(call, folder, monkeypatch):
    line = "deep.nd.json -t tiny --no-reference"
    for columns, is_terminal in ((120, False), (80, True), (120, True)):
        monkeypatch.setenv("FORCE_COLOR", "1") if is_terminal else monkeypatch.delenv("FORCE_COLOR", raising=False)
        shown = plain(printed(call, folder, monkeypatch, "run", line, columns))
        is_drawn = is_terminal and columns == 120
        assert ("spikes of the first sample" in shown) == ("the fullest resource of each core" in shown) == is_drawn
        assert not is_terminal or max(map(len, shown.splitlines())) <= columns


def test_findings_break_between_words_on_a_terminal(call, folder, monkeypatch):
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "80")
    piped = call("check", "wide.nd.json", "-t", "speck2f")[2]
    monkeypatch.setenv("FORCE_COLOR", "1")
    shown = plain(call("check", "wide.nd.json", "-t", "speck2f")[2])
    assert max(map(len, shown.splitlines())) <= 80 < max(map(len, piped.splitlines()))
    assert shown.split() == piped.split()


def test_each_reason_is_told_once():
    rows = nd.fit(deep())
    notes = fit_notes(rows)
    failed = {row.target for row in rows if row.holds == "does not hold"}
    reasons = [note.split(": ", 1) for note in notes if note.startswith("ND")]
    assert len({why for _, why in reasons}) == len(reasons) < len(failed)
    told = [name for places, _ in reasons for name in re.findall(r"\w+", re.sub(r"\(.*?\)|^ND\d+", "", places))]
    assert set(told) >= failed
    assert sum("no single change" in note for note in notes) <= 1
