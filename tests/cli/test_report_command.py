"""`neurodeploy report`: what it writes, what it refuses, and what it leaves alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from factories import pair_network

import neurodeploy as nd


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    nd.save(pair_network(), "pair.nd.json")
    lines = np.zeros((3, 6, 2), dtype=np.uint8)
    lines[0, 1:5, 0] = lines[1, 2:4, 1] = lines[2, 1, 1] = 1
    np.savez("pair.stimulus.npz", lines=lines, labels=[0, 1, 1])
    np.savez("other.npz", lines=1 - lines, labels=[0, 1, 1])
    program = nd.compile(nd.load("pair.nd.json"), "tiny")
    nd.save(program, "pair.ndp")
    nd.save(nd.run(program, nd.load("pair.stimulus.npz")), "pair.ndr")


def page(name="page.html"):
    return Path(name).read_text(encoding="utf-8")


def test_a_recording_is_shown_with_the_samples_next_to_the_model(call):
    status, out, _ = call("report", "pair.ndp", "pair.ndr", "-o", "page.html")
    assert status == 0
    assert out.startswith("written: page.html (")
    assert "3 of 3" in page()
    assert "float reference" in page()


@pytest.mark.parametrize("options", [("--steps", "3"), ("--until", "4"), ("--save-state", "s.nds")])
def test_samples_are_recognized_whatever_part_of_them_was_run(call, options):
    call("run", "pair.ndp", "-o", "own.ndr", "--samples", "2" if "--until" not in options else "1", *options)
    status, _, err = call("report", "pair.ndp", "own.ndr", "-o", "page.html", "--stimulus", "pair.stimulus.npz")
    assert (status, "ND775" in err) == (0, False), err


def test_samples_of_another_run_are_refused_or_left_out(call):
    status, out, err = call("report", "pair.ndp", "pair.ndr", "--stimulus", "other.npz", "-o", "page.html")
    assert (status, out) == (1, "")
    assert "error[ND775]" in err
    assert not Path("page.html").exists()
    Path("other.npz").replace("pair.stimulus.npz")
    status, _, err = call("report", "pair.ndp", "pair.ndr", "-o", "page.html")
    assert status == 0
    assert "info[ND775]" in err
    assert "Accuracy against float" not in page()


def test_a_program_alone_is_shown_without_a_run(call):
    assert call("report", "pair.ndp", "--no-run", "-o", "page.html")[0] == 0
    assert "Chip map" in page()
    assert "What ran where" not in page()


def test_a_broken_budget_is_shown_and_fails(call):
    words = ("--budget", "cores<=0", "--budget", "spikes_per_inference<=100")
    status, _, err = call("report", "pair.ndp", "-o", "page.html", *words)
    assert status == 1
    assert "ND604" in err
    assert "1 budget exceeded" in page()
    assert "spikes_per_inference&lt;=100" in page()


def test_what_cannot_be_done_is_refused_before_the_run(call):
    Path("page.html").write_text("before", encoding="utf-8")
    for words, code in (
        (("pair.ndp",), "ND701"),
        (("pair.ndp", "-o", "page.txt"), "ND701"),
        (("pair.ndp", "-o", "missing/page.html"), "ND007"),
        (("pair.ndp", "pair.ndr", "--steps", "3", "-o", "page.html"), "ND703"),
        (("pair.ndp", "-t", "loihi2", "-o", "page.html"), "ND703"),
        (("pair.ndp", "-o", "page.html", "--budget", "cores<=many"), "ND706"),
    ):
        status, _, err = call("report", *words)
        assert status == (1 if code == "ND007" else 2), (words, err)
        assert code in err
    assert page() == "before"


def test_a_baseline_is_compared_and_what_moved_is_shown(call):
    assert call("baseline", "write", "pair.ndp")[0] == 0
    status, _, err = call(
        "report", "pair.ndp", "pair.ndr", "-o", "page.html", "--baseline", "neurodeploy-baseline.json"
    )
    assert (status, "ND62" in err) == (0, False), err
    assert "no figure differs" in page()
    more = np.load("pair.stimulus.npz")["lines"].copy()
    more[0, 0, 0] = 1
    np.savez("pair.stimulus.npz", lines=more, labels=[0, 1, 1])
    status, _, err = call("report", "pair.ndp", "-o", "page.html", "--baseline", "neurodeploy-baseline.json")
    assert status == 1
    assert "error[ND620]" in err
    assert "spikes" in page()[page().index('id="changes"') :]
    words = ("report", "pair.ndp", "-o", "page.html", "--baseline", "neurodeploy-baseline.json")
    assert "ND621" in call(*words, "--name", "other")[2]
    assert "ND703" in call(*words, "--no-run")[2]
    assert "ND622" in call("report", "pair.ndp", "-o", "page.html", "--baseline", "pair.nd.json")[2]


def test_metrics_of_every_class_are_shown_where_there_are_labels(call):
    Path("own.py").write_text("def latency(program, recording, labels=None):\n    return 2.5\n", encoding="utf-8")
    status, _, err = call("report", "pair.ndp", "-o", "page.html", "--metric", "own.py:latency")
    assert status == 0, err
    part = page()[page().index('id="metrics"') :]
    assert "Balanced accuracy 1.0000" in part
    assert "latency" in part
    np.savez("pair.stimulus.npz", lines=np.load("pair.stimulus.npz")["lines"])
    assert call("report", "pair.ndp", "-o", "page.html")[0] == 0
    assert 'id="metrics"' not in page()


def test_a_part_of_a_run_has_no_accuracy(call):
    call("run", "pair.ndp", "-o", "part.ndr", "--samples", "1", "--until", "3")
    status, _, err = call("report", "pair.ndp", "part.ndr", "-o", "page.html")
    assert (status, "ND515" in err) == (0, True), err
    for part in ("Accuracy against float", 'id="metrics"', "points against float"):
        assert part not in page()
    program, recording = nd.load("pair.ndp"), nd.load("part.ndr")
    assert "Accuracy against float" not in nd.report(program, recording, samples=nd.load("pair.stimulus.npz"))


def test_a_comment_is_printed_or_written(call):
    status, out, _ = call("report", "pair.ndp", "pair.ndr", "--format", "markdown", "--budget", "cores<=1")
    assert status == 0
    assert out.startswith("<!-- neurodeploy:pair -->\n### pair: nothing to compare with\n")
    assert "| cores |  | 1 |  | met: \\<= 1 |" in out
    assert call("report", "pair.ndp", "pair.ndr", "--format", "markdown", "-o", "c.md")[:2] == (
        0,
        "written: c.md (2 kB)\n",
    )
    again = call("report", "pair.ndp", "pair.ndr", "--format", "markdown")[1]
    assert page("c.md").rstrip("\n") == again.rstrip("\n")


def test_a_comment_says_what_moved(call):
    assert call("baseline", "write", "pair.ndp")[0] == 0
    words = ("report", "pair.ndp", "--format", "markdown", "--baseline", "neurodeploy-baseline.json")
    status, out, _ = call(*words)
    assert (status, out.split("\n")[1]) == (0, "### pair: nothing moved")
    status, out, _ = call(*words, "--samples", "1")
    assert status == 1
    assert "figures moved" in out.split("\n")[1]
    assert "| spikes |" in out


@pytest.mark.parametrize(
    ("form", "name", "right"), [("html", "a.md", "a.html"), ("markdown", "a.html", "a.md"), ("html", "a.txt", "a.html")]
)
def test_a_file_has_the_suffix_of_its_format(call, form, name, right):
    status, out, err = call("report", "pair.ndp", "--format", form, "-o", name)
    assert (status, out) == (2, "")
    assert f"error[ND701] option '--out': '{name}' does not end in .{right[2:]}, the suffix of such files" in err
    assert f"fix: {right}" in err
    assert not Path(name).exists()
