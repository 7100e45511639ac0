"""Learning on the command line: the same weights as in Python, in files that both read."""

from __future__ import annotations

import json

import numpy as np
import pytest
from learners import learner, shown
from typer.testing import CliRunner

import neurodeploy as nd
from neurodeploy.cli.main import app


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    nd.save(nd.compile(learner(), "loihi1"), "net.ndp")
    np.savez("net.stimulus.npz", **shown(learner(), 3))
    return tmp_path


def call(*words):
    found = CliRunner().invoke(app, [*words])
    assert found.exception is None or isinstance(found.exception, SystemExit)
    return found


def test_a_run_learns_as_in_python_and_its_weights_go_on(here):
    found = call("run", "net.ndp", "--learn", "sequential", "-o", "r.ndr", "--save-learned", "w.learned.npz")
    assert found.exit_code == 0
    program = nd.load("net.ndp", kind=nd.Program)
    wanted = nd.run(program, shown(learner(), 3), learn="sequential").learned
    assert nd.load("w.learned.npz") == wanted == nd.load("r.ndr").learned
    weights = wanted.synapses["in_cells.w"]
    changed = int((weights[0] != learner().projections[0].operation.weights.T.ravel()).sum())
    row = next(line.split() for line in found.stdout.splitlines() if line.startswith("in_cells"))
    assert row[:3] == ["in_cells", "12", str(changed)]
    assert row[4] == f"{weights.mean():.1f}"
    later = call("run", "net.ndp", "--learn", "off", "--learned", "w.learned.npz", "-o", "later.ndr")
    assert later.exit_code == 0
    assert np.array_equal(nd.load("later.ndr").learned.synapses["in_cells.w"], np.repeat(weights, 3, axis=0))


def test_learned_writes_the_program_that_python_makes(here):
    call("run", "net.ndp", "--learn", "sequential", "-o", "r.ndr", "--save-learned", "w.learned.npz")
    found = call("learned", "net.ndp", "r.ndr", "-o", "l.ndp", "--json")
    document = json.loads(found.stdout)
    program = nd.load("net.ndp", kind=nd.Program)
    made = nd.learned(program, nd.load("r.ndr"))
    assert nd.load("l.ndp").digest() == made.digest() == document["digest"]
    assert [item["code"] for item in document["findings"]] == ["ND523"]
    assert call("learned", "net.ndp", "w.learned.npz", "-o", "fixed.ndp", "--fixed").exit_code == 0
    assert nd.load("fixed.ndp").digest() == nd.learned(program, nd.load("r.ndr"), plastic=False).digest()
    text = call("learned", "net.ndp", "r.ndr", "-o", "l.ndp").stdout
    assert "12 of 12 values differ" in text
    assert "written: l.ndp" in text


def test_samples_apart_have_to_be_named(here):
    call("run", "net.ndp", "--learn", "apart", "-o", "r.ndr")
    refused = call("learned", "net.ndp", "r.ndr", "-o", "l.ndp")
    assert refused.exit_code != 0
    assert "ND522" in refused.output
    assert not (here / "l.ndp").exists()
    assert call("learned", "net.ndp", "r.ndr", "-o", "l.ndp", "--sample", "2").exit_code == 0
    wanted = nd.learned(nd.load("net.ndp"), nd.load("r.ndr"), sample=2)
    assert nd.load("l.ndp").digest() == wanted.digest()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--learn", "apart", "--save-learned", "w.npz"), "ND701"),
        (("--learn", "both"), "ND701"),
        (("--learned", "net.stimulus.npz"), "ND518"),
        (("--learned", "net.ndp"), "ND003"),
        (("--learned", "missing.learned.npz"), "ND"),
        ((), "ND519"),
    ],
)
def test_findings_of_options(here, words, code):
    assert code in call("run", "net.ndp", *words).output


def test_nothing_is_written_where_nothing_learns(here):
    network = learner()
    plain = network.projections[0].model_copy(update={"plasticity": None})
    nd.save(network.model_copy(update={"projections": (plain,)}), "plain.nd.json")
    np.savez("plain.stimulus.npz", **shown(network))
    found = call("run", "plain.nd.json", "-t", "loihi1", "--save-learned", "w.learned.npz")
    assert found.exit_code != 0
    assert "ND522" in found.output
    assert not (here / "w.learned.npz").exists()


def test_a_report_runs_and_tells_what_was_learned(here):
    found = call("report", "net.ndp", "--learn", "sequential", "--no-reference", "--format", "markdown")
    assert found.exit_code == 0
    weights = nd.run(nd.load("net.ndp"), shown(learner(), 3), learn="sequential").learned.synapses["in_cells.w"]
    line = next(line for line in found.stdout.splitlines() if line.startswith("Learned"))
    assert "12 of 12 weights changed" in line
    assert f"{weights.mean():.1f} mantissas" in line
    assert "in\\_cells" in line, "a name is no markup"
    assert call("report", "net.ndp", "--learn", "apart", "--no-reference", "-o", "page.html").exit_code == 0
    assert 'id="learning"' in (here / "page.html").read_text()
    call("run", "net.ndp", "-o", "r.ndr")
    refused = call("report", "net.ndp", "r.ndr", "--learn", "off", "-o", "page.html")
    assert "ND703" in refused.output
