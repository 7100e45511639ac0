"""Sections of the page: what is drawn is what the figures say."""

from __future__ import annotations

import re
from math import log10
from xml.etree import ElementTree

import numpy as np
import pytest
from page_runs import small_subject, spread_subject

import neurodeploy as nd
from neurodeploy.diagnostics import about, finding
from neurodeploy.profile import CoreFloor
from neurodeploy.profile.traffic import traffic
from neurodeploy.report.page.bill import bill
from neurodeploy.report.page.chip_map import chip_map
from neurodeploy.report.page.floorline import floorline
from neurodeploy.report.page.overview import accuracy, ran, verdict, wilson
from neurodeploy.report.page.places import board, parts
from neurodeploy.report.page.records import findings, ledger, reproduce
from neurodeploy.report.page.resources import resources
from neurodeploy.report.page.traffic_matrix import traffic_matrix


def tree(section):
    """The body as a tree; attributes without a value get one."""
    body = re.sub(r" (hidden|data-roving|data-arrows)(?=[ >/])", r' \1=""', section.body)
    return ElementTree.fromstring(f"<div>{body}</div>")


def percent(value):
    return float(value.removesuffix("%")) / 100


@pytest.fixture(scope="module")
def subject():
    return spread_subject()


# --- chip map


def test_every_core_is_drawn_once_where_it_lies(subject):
    on, program = board(subject.program), subject.program
    marks = parts(on)
    assert [mark.kind for mark in marks] == ["core"] * 5
    assert sorted(int(mark.cores[0]) for mark in marks) == [0, 1, 2, 3, 4]
    chip, slot = np.divmod(program.tables.core_id, int(program.target.chip.cores.value))
    assert on.chips.tolist() == [0, 1]
    for mark in marks:
        core = int(mark.cores[0])
        (x, y), (width, height) = on.corner(int(chip[core])), on.chip_px
        assert x <= mark.x <= mark.x + mark.width <= x + width
        assert y <= mark.y <= mark.y + mark.height <= y + height
    boxes = {(mark.x, mark.y) for mark in marks}
    assert len(boxes) == 5
    slots = {(int(c), int(s)) for c, s in zip(chip, slot, strict=True)}
    assert len(slots) == 5
    width, height = on.size
    assert all(mark.x + mark.width <= width and mark.y + mark.height <= height for mark in marks)


def test_marks_have_the_level_of_the_fullest_resource(subject):
    limited = [item for item in subject.profile.resources if item.limit]
    shares = [max(item.per_core[core] / item.limit for item in limited) for core in range(5)]
    marks = [mark for mark in tree(chip_map(subject)).iter("rect") if "data-m" in mark.attrib]
    assert len(marks) == 5
    work, received = traffic(subject.program, subject.recording), np.zeros(5)
    np.add.at(received, work.to, work.messages)
    for mark in marks:
        tip = mark.attrib["data-tip"]
        core = int(re.match(r"core (\d+):", tip)[1])
        codes = [int(code) for code in mark.attrib["data-m"].split()]
        assert codes[0] == min(int(8 * shares[core]), 7)
        assert mark.attrib["class"] == f"h{codes[0]}"
        assert codes[2] == min(int(8 * work.synops[core] / work.synops.max()), 7)
        assert codes[3] == min(int(8 * received[core] / received.max()), 7)
        there = dict(re.findall(r"(first|middle|last) (\d+)", tip))
        rows = subject.program.tables
        mine = slice(rows.compartment_ptr[core], rows.compartment_ptr[core + 1])
        names = [subject.program.populations[p].name for p in rows.population[mine]]
        assert {name: int(n) for name, n in there.items()} == {name: names.count(name) for name in names}


def test_arrows_are_the_messages_between_cores(subject):
    drawn = [path.attrib["data-tip"] for path in tree(chip_map(subject)).iter("path") if "data-tip" in path.attrib]
    found = traffic(subject.program, subject.recording)
    wanted = {(a, b) for a, b in zip(found.source.tolist(), found.to.tolist(), strict=True) if a >= 0 and a != b}
    assert {tuple(map(int, re.findall(r"core (\d+)", tip))) for tip in drawn} == wanted


def test_cores_beyond_a_thousand_are_drawn_by_tile_and_then_by_chip(subject):
    target = nd.load_target("loihi1")
    per_chip = int(target.chip.cores.value)
    for chips, kind, count in ((9, "tile", 9 * per_chip // 4), (40, "chip", 40)):
        cores = np.arange(chips * per_chip)
        tables = subject.program.tables.model_copy(update={"core_id": cores})
        made = subject.program.model_copy(update={"target": target, "tables": tables})
        marks = parts(board(made))
        assert {mark.kind for mark in marks} == {kind}
        assert len(marks) == count
        assert sorted(np.concatenate([mark.cores for mark in marks]).tolist()) == cores.tolist()


# --- energy and time


def test_bars_of_energy_lie_at_their_powers_of_ten():
    subject = small_subject()
    subject = subject._replace(profile=nd.profile(subject.program, subject.recording))
    chart = next(iter(tree(bill(subject)).iter("svg")))
    rules = {text.text: percent(text.attrib["x"]) for text in chart if text.tag == "text" and "%" in text.attrib["x"]}
    low, high = min(rules.values()), max(rules.values())
    assert (low, high) == (0.0, 1.0)
    exponents = {label: round(log10(float(label.split()[0]) * {"n": 1e-9, "u": 1e-6, "m": 1e-3, "p": 1e-12}[label.split()[1][0]])) for label in rules}  # fmt: skip
    first, last = min(exponents.values()), max(exponents.values())
    rows = [group for group in chart if group.tag == "g"]
    known = [item.energy for item in subject.profile.boundaries if item.energy]
    assert len(rows) == len(known) == 3
    for row, item in zip(rows, known, strict=True):
        (bar,) = row.iter("rect")
        (mark,) = row.iter("line")
        place = [(log10(value) - first) / (last - first) for value in (item.low, item.value, item.high)]
        assert percent(bar.attrib["x"]) == pytest.approx(place[0], abs=2e-4)
        assert percent(mark.attrib["x1"]) == pytest.approx(place[1], abs=2e-4)
        assert percent(bar.attrib["x"]) + percent(bar.attrib["width"]) == pytest.approx(place[2], abs=3e-4)


def test_parts_of_the_energy_fill_the_bar_and_sources_are_listed():
    subject = small_subject()
    figures = nd.profile(subject.program, subject.recording)
    body = bill(subject._replace(profile=figures)).body
    widest = figures.boundaries[-1]
    for part in widest.energy_parts:
        assert f"{part.name}: " in body
    assert all(item.energy.source.split(" | ")[0] in body for item in figures.boundaries)
    assert "not contain" in body


def test_no_figure_is_said_and_not_drawn():
    subject = small_subject()
    program = nd.compile(subject.program.network, "loihi2")
    recording = nd.run(program, subject.samples)
    shown = subject._replace(program=program, recording=recording, profile=nd.profile(program, recording))
    body = bill(shown).body
    assert "No figure for" in body
    assert 'class="bars"' not in body
    assert floorline(shown) is None


# --- floorline


def floor(core, memory, compute, traffic_s, barrier, binds):
    times = {"memory_s": memory, "compute_s": compute, "traffic_s": traffic_s, "barrier_s": barrier}
    return CoreFloor(core=core, **times, busy_s=max(memory, compute), binds=binds, margin=2.0, share=0.5)


def test_pieces_of_the_floorline_are_the_times_of_the_core(subject):
    floors = (floor(0, 1e-6, 5e-6, 1e-6, 1e-6, "compute"), floor(1, 6e-6, 2e-6, 1e-6, 1e-6, "memory"))
    figures = subject.profile.model_copy(update={"floors": floors})
    section = floorline(subject._replace(profile=figures))
    (chart,) = (svg for svg in tree(section).iter("svg") if svg.attrib.get("class") == "bars")
    rows = [group for group in chart if group.tag == "g"]
    assert [next(row.iter("text")).text for row in rows] == ["core 1", "core 0"], "the slowest first"
    widths = [percent(segment.attrib["width"]) for segment in rows[0].iter("rect")]
    assert widths == pytest.approx([0.6, 0.2, 0.1, 0.1])
    assert [segment.attrib["class"] for segment in rows[0].iter("rect")] == ["s1", "s2", "s3", "s8"]
    (mark,) = rows[0].iter("line")
    assert percent(mark.attrib["x1"]) == pytest.approx(0.7)
    text = "".join(tree(section).itertext())
    assert "Core 1 determines the step: 6 us of work and 1 us of barrier, 7 us together" in text
    assert "1 bound by memory, 1 bound by compute" in text


def test_all_cores_are_columns_and_neighbours_are_averaged_beyond_the_limit(subject):
    floors = tuple(floor(core, 1e-6, (core + 1) * 1e-6, 0.0, 1e-7, "compute") for core in range(900))
    figures = subject.profile.model_copy(update={"floors": floors})
    section = floorline(subject._replace(profile=figures))
    (chart,) = (svg for svg in tree(section).iter("svg") if "columns" in svg.attrib.get("class", ""))
    assert chart.attrib["viewBox"] == "0 0 300 100"
    heights = [[float(v) for v in re.findall(r"v-([\d.]+)h", path.attrib["d"])] for path in chart.iter("path")]
    blocks = np.arange(900, 0, -1).reshape(300, 3).mean(axis=1)
    top = blocks[0] + 1
    assert heights[1] == pytest.approx(100 * blocks / top, abs=0.006)
    assert len(tree(section).findall(".//tbody/tr")) == 256


# --- traffic


def test_squares_of_the_matrix_are_the_messages(subject):
    found = traffic(subject.program, subject.recording)
    wanted = {(a if a >= 0 else "inputs", b) for a, b in zip(found.source.tolist(), found.to.tolist(), strict=True)}
    section = traffic_matrix(subject)
    tips = [rect.attrib["data-tip"] for rect in tree(section).iter("rect")]
    told = {(("inputs" if tip.startswith("inputs") else int(re.match(r"core (\d+)", tip)[1])), int(re.search(r"to core (\d+)", tip)[1])) for tip in tips}  # fmt: skip
    assert told == wanted
    assert "into_middle" in section.body
    assert traffic_matrix(subject._replace(recording=None)) is None
    part = subject.recording.model_copy(update={"recorded": ("last",)})
    assert traffic_matrix(subject._replace(recording=part)) is None


# --- verdict, accuracy, records


def test_the_verdict_names_exceeded_budgets(subject):
    over = finding("ND604", about("budget", "cores<=1"), "'cores' is not <= 1", found=5, limit=1, unit="core")
    text = "".join(tree(verdict(subject._replace(findings=(over,), met_budgets=("a<=1",)))).itertext())
    assert "1 budget exceeded" in text
    assert "cores<=1exceeded" in text
    assert "found 5 core" in text
    assert "a<=1met" in text
    assert "Fits" in verdict(subject._replace(findings=())).body


def test_accuracy_is_recounted_from_the_answers():
    subject = small_subject()
    given, floats = (nd.answers(subject.program, item) for item in (subject.recording, subject.reference))
    labels = subject.samples.labels
    text = "".join(tree(accuracy(subject)).itertext())
    for found in (given, floats):
        correct = int((found == labels).sum())
        assert f"{correct / 12:.2%}{correct} of 12" in text
    assert f"same answer to {int((given == floats).sum())} of 12" in text
    counts = np.zeros((3, 3), int)
    np.add.at(counts, (labels, given), 1)
    svg = next(iter(tree(accuracy(subject)).iter("svg")))
    shown = [int(t.text) for t in svg.iter("text") if t.attrib.get("class", "").startswith("on")]
    assert sorted(shown) == sorted(int(n) for n in counts.ravel() if n)
    assert accuracy(subject._replace(samples=None)) is None


def test_the_score_interval_is_wilsons():
    """9 of 10: 0.5958 to 0.9821, as in published tables."""
    assert wilson(9, 10) == pytest.approx((0.5958, 0.9821), abs=1e-4)
    assert wilson(0, 10)[0] == pytest.approx(0, abs=1e-12)
    assert wilson(10, 10)[1] == pytest.approx(1)


def test_resources_are_sorted_and_marked_near_their_limit(subject):
    chart = next(iter(tree(resources(subject)).iter("svg")))
    shares = [percent(next(group.iter("rect")).attrib["width"]) for group in chart if group.tag == "g"]
    worst = sorted((item.worst / item.limit for item in subject.profile.resources if item.limit), reverse=True)
    assert shares == pytest.approx(worst, abs=2e-3)
    loud = [text.text for text in chart.iter("text") if text.attrib.get("class") == "loud"]
    assert len(loud) == sum(share > 0.95 for share in worst) > 0


def test_findings_carry_their_fixes_and_ledgers_their_levels(subject):
    fixes = ["use fewer"]
    item = finding("ND302", about("population", "a"), "too much", found=3, limit=2, unit="word", limit_source="x.toml", fixes=fixes)  # fmt: skip
    text = "".join(tree(findings(subject._replace(findings=(item,)))).itertext())
    for part in (
        "error ND302",
        "population 'a': too much.",
        "found 3 word; limit 2 word (1.5x)",
        "x.toml",
        "use fewer",
    ):
        assert part in text
    lines = subject.program.ledger
    told = "".join(tree(ledger(subject)).itertext())
    assert f"{len(lines):,} values" in told
    assert all(line.quantity in told for line in lines)


def test_how_to_reproduce_names_every_digest(subject):
    text = "".join(tree(reproduce(subject._replace(command="neurodeploy report x"))).itertext())
    assert subject.program.digest() in text
    assert subject.recording.program_digest in text
    assert "neurodeploy report x" in text
    assert "Ran on" in "".join(tree(ran(subject)).itertext())


def test_met_budgets_show_their_figure(subject):
    met = ("cores<=8", "accuracy>=0%", "synapse_memory<=100%", "time_per_step<1s")
    rows = [
        [cell.text for cell in row] for row in tree(verdict(subject._replace(met_budgets=met))).findall(".//tbody/tr")
    ]
    figures = subject.profile
    memory = next(item for item in figures.resources if item.name == "synapse_memory")
    assert [row[1] for row in rows] == ["met"] * 4
    assert rows[0][2] == "5 core"
    assert rows[1][2] == f"{figures.accuracy:.2%}"
    assert rows[2][2] == f"{memory.worst} word ({memory.worst / memory.limit:.1%})"
    assert rows[3][2].endswith("s")


def test_the_page_says_what_it_leaves_out_and_why(subject):
    def told(**changed):
        return verdict(subject._replace(**changed)).body

    assert "No sample of a run is complete" in told(recording=None, profile=None, samples=None)
    assert "were not given" in told(samples=None)
    assert "have no labels" in told(samples=subject.samples.model_copy(update={"labels": None}))
    assert "is not complete" in told(profile=subject.profile.model_copy(update={"accuracy": None}))
    part = subject.recording.model_copy(update={"recorded": ("last",)})
    assert "Traffic is not shown" in told(recording=part)
    assert "floorline is not shown" in told(profile=subject.profile.model_copy(update={"floors": ()}))
    assert "not shown" not in told()
