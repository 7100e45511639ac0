"""A project file: what it may hold, where it is found, and what is tested with it."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from factories import examples, pair_network, wide_network
from hypothesis import given, settings
from hypothesis import strategies as st

import neurodeploy as nd
from neurodeploy.base.toml import toml_line
from neurodeploy.project import find_project, load_result
from neurodeploy.report import project_markdown

SPIKES = np.zeros((2, 3, 2), dtype=np.uint8)
SPIKES[0, :, 0] = SPIKES[1, :, 1] = 1
PROJECT = """\
schema_version = 1
targets = ["loihi1"]
budgets = ["cores<=1", "accuracy>=0.9"]

[model]
file = "net.nd.json"
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A project on two samples of two neurons, each of which answers for its own line."""
    monkeypatch.chdir(tmp_path)
    nd.save(pair_network(), "net.nd.json")
    nd.save(nd.SampleValues(values={"lines": SPIKES}, labels=[0, 1]), "net.stimulus.npz")
    Path("neurodeploy.toml").write_text(PROJECT, encoding="utf-8")
    return tmp_path


def write(text):
    Path("neurodeploy.toml").write_text(text, encoding="utf-8")


def codes(findings):
    return {item.code for item in findings}


def test_the_figures_are_those_of_the_functions(here):
    result = nd.run_project()
    row = result.targets[0]
    program = nd.compile(nd.load("net.nd.json"), "loihi1")
    recording = nd.run(program, nd.load("net.stimulus.npz"))
    assert row.program.digest() == program.digest()
    assert row.profile.populations == nd.profile(program, recording).populations
    assert (row.label, row.verdict, row.cores, row.profile.accuracy) == ("loihi1", "fits", 1, 1.0)
    assert row.met == ("cores<=1", "accuracy>=0.9")
    assert result.passed


def test_each_target_has_its_own_row_board_and_budgets(here):
    write(
        PROJECT.replace('["loihi1"]', "")
        .replace("targets = \n", "")
        .replace("[model]", "[[targets]]\nname = 'loihi1'\nboard = 'nahuku8'\nbudgets = ['spikes_per_inference<=2']\n[[targets]]\nname = 'tiny'\ndialect = 'loihi1'\n[model]")
    )  # fmt: skip
    result = nd.run_project()
    assert [row.label for row in result.targets] == ["loihi1 nahuku8", "tiny loihi1"]
    assert [row.profile.board for row in result.targets] == ["nahuku8", None]
    over = [item for item in result.targets[0].findings if item.code == "ND604"]
    # three input spikes of each sample reach one neuron, and each makes it fire
    assert [(item.subject.name, item.found, item.limit) for item in over] == [("spikes_per_inference<=2", 3.0, 2.0)]
    assert "ND604" not in codes(result.targets[1].findings)
    assert "on loihi1 nahuku8: " in next(i.message for i in result.every_finding() if i.code == "ND604")
    assert not result.passed


def test_a_target_that_cannot_be_read_leaves_the_others(here):
    write(PROJECT.replace('"loihi1"', '"loihi", "loihi1", "speck2f"'))
    rows = nd.run_project().targets
    assert [row.verdict for row in rows[:2]] == ["not tried", "fits"]
    assert codes(rows[0].findings) == {"ND020"}
    assert rows[1].passes()
    assert (rows[2].profile, rows[2].met) == (None, ("cores<=1",))


def test_accuracy_drop_runs_the_reference(here):
    write(PROJECT.replace('"cores<=1"', '"accuracy_drop<=0.1"'))
    row = nd.run_project().targets[0]
    assert row.profile.reference_accuracy == 1.0
    assert "accuracy_drop<=0.1" in row.met


def test_metrics_of_classes_and_of_ones_own(here):
    Path("own.py").write_text("def shift(answers, labels):\n    return float(abs(answers - labels).sum())\n")
    write(
        PROJECT.replace('"accuracy>=0.9"', '"recall.1>=1", "metric.shift<=0"').replace(
            "[model]", 'metrics = ["own.py:shift"]\n[model]'
        )
    )
    row = nd.run_project().targets[0]
    assert row.met == ("cores<=1", "recall.1>=1", "metric.shift<=0")
    Path("own.py").write_text("def shift(answers, labels):\n    return 3.0\n")
    over = [item for item in nd.run_project().targets[0].findings if item.code == "ND604"]
    assert [(item.subject.name, item.found) for item in over] == [("metric.shift<=0", 3.0)]
    Path("own.py").unlink()
    assert codes(nd.run_project().findings) == {"ND782"}


def test_data_and_encoder_of_the_file(here):
    np.savez("other.npz", lines=SPIKES[1:], labels=np.array([1]))
    write(PROJECT + '[data]\nfile = "other.npz"\nsamples = 1\n[compile]\nweight_bits = {"*" = 4}\n[run]\nseed = 5\n')
    row = nd.run_project().targets[0]
    assert (row.profile.n_samples, row.recording.seed) == (1, 5)
    assert row.program.quantize_options.weight_bits == {"*": 4}
    assert row.recording.spikes["cells"][:, 2].tolist() == [1, 1, 1]


def test_a_program_is_tested_as_it_is(here):
    nd.save(nd.compile(nd.load("net.nd.json"), "tiny"), "net.ndp")
    write(PROJECT.replace("net.nd.json", "net.ndp").replace('"loihi1"', '"tiny", "loihi1"'))
    rows = nd.run_project().targets
    assert rows[0].program == nd.load("net.ndp")
    assert (rows[1].verdict, codes(rows[1].findings)) == ("not tried", {"ND703"})


def test_what_does_not_fit_names_its_target(here):
    nd.save(wide_network(), "net.nd.json")
    Path("net.stimulus.npz").unlink()
    np.savez("net.stimulus.npz", **{"in": np.zeros((1, 3, 10), dtype=np.uint8)})
    write(PROJECT.replace('"loihi1"', '"tiny", "loihi1"').replace(', "accuracy>=0.9"', ""))
    rows = nd.run_project().targets
    assert [(row.verdict == "fits", row.passes()) for row in rows] == [(False, False), (True, True)]
    assert rows[0].profile is None


def test_the_project_is_found_above_and_paths_are_relative_to_it(here, monkeypatch):
    Path("a/b").mkdir(parents=True)
    monkeypatch.chdir("a/b")
    assert find_project() == Path("../../neurodeploy.toml")
    assert nd.run_project().passed
    assert nd.run_project("../..").passed
    Path(here, "a", ".git").touch()
    assert find_project() is None
    with pytest.raises(nd.DiagnosticError, match="ND781"):
        nd.load_project()


def test_a_baseline_is_written_compared_and_left_alone(here):
    assert nd.run_project().baseline is None
    made = nd.run_project(baseline="update")
    assert (made.baseline, made.updated, list(nd.load_baseline().entries)) == (
        "neurodeploy-baseline.json",
        True,
        ["pair.loihi1"],
    )
    before = Path("neurodeploy-baseline.json").read_bytes()
    again = nd.run_project()
    assert (again.targets[0].baseline, again.passed, again.updated) == ("same", True, False)
    write(PROJECT.replace('"loihi1"', '"loihi1", "tiny"'))
    grown = nd.run_project()
    assert [row.baseline for row in grown.targets] == ["same", "absent"]
    assert codes(grown.targets[1].findings) >= {"ND621"}
    nd.save(pair_network(scale=0.9), "net.nd.json")  # too small to make a neuron fire at every spike
    moved = nd.run_project()
    found = next(item for item in moved.targets[0].findings if item.code == "ND620")
    assert "spikes.cells 6 -> 2 (-4" in found.message
    assert "weights" in found.message
    assert nd.run_project(baseline="ignore").targets[0].baseline is None
    assert Path("neurodeploy-baseline.json").read_bytes() == before
    write(PROJECT.replace("[model]", 'baseline = "gone.json"\n[model]'))
    with pytest.raises(nd.DiagnosticError, match="ND622"):
        nd.run_project()


def test_a_failed_test_does_not_write_a_baseline(here):
    write(PROJECT.replace("cores<=1", "cores<=0"))
    result = nd.run_project(baseline="update")
    assert not result.passed
    assert not result.updated
    assert not Path("neurodeploy-baseline.json").exists()


def test_a_written_project_passes(here):
    Path("neurodeploy.toml").unlink()
    made = nd.init_project(targets=["loihi1", "tiny"], budgets=["cores<=1"], samples=1, steps=4)
    assert made.written == ("neurodeploy.toml", ".github/workflows/neurodeploy.yml")
    read = nd.load_project()
    assert [item.name for item in read.settings.targets] == ["loihi1", "tiny"]
    assert (read.settings.data.samples, read.settings.data.steps, read.settings.budgets) == (1, 4, ("cores<=1",))
    assert nd.run_project(read).passed
    before = Path("neurodeploy.toml").read_text()
    with pytest.raises(nd.DiagnosticError) as refused:
        nd.init_project(targets=["tiny"])
    assert [item.code for item in refused.value.diagnostics] == ["ND783", "ND783"]
    assert Path("neurodeploy.toml").read_text() == before
    nd.init_project(targets=["tiny"], force=True)
    assert [item.name for item in nd.load_project().settings.targets] == ["tiny"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"targets": ["loihi"]}, "ND020"),
        ({"model": "gone.nd.json"}, "ND782"),
        ({"data": "gone.npz"}, "ND782"),
        ({"budgets": ["cores"]}, "ND706"),
        ({"samples": 0}, "ND780"),
        ({"framework": "torch"}, "ND780"),
        ({"targets": []}, "ND780"),
    ],
)
def test_nothing_is_written_for_a_wrong_value(here, arguments, code):
    Path("neurodeploy.toml").unlink()
    with pytest.raises(nd.DiagnosticError) as refused:
        nd.init_project(**arguments)
    assert code in codes(refused.value.diagnostics)
    assert sorted(item.name for item in Path().iterdir()) == ["net.nd.json", "net.nd.npz", "net.stimulus.npz"]


def test_a_project_below_the_root_of_a_repository_has_its_workflow_there(here):
    Path(".git").mkdir()
    Path("my nets").mkdir()
    made = nd.init_project("net.nd.json", folder="my nets")
    assert made.written == ("my nets/neurodeploy.toml", ".github/workflows/neurodeploy.yml")
    assert 'file = "../net.nd.json"' in Path("my nets/neurodeploy.toml").read_text()
    line = next(row for row in Path(made.written[1]).read_text().splitlines() if "neurodeploy test" in row)
    assert shlex.split(line)[-1] == "my nets"
    assert nd.run_project("my nets").passed


def test_the_command_prints_a_row_and_saves_every_format(here, call):
    status, out, err = call("test", "--save", "report")
    assert status == 0, err
    assert "loihi1     fits      1   100.00%" in out
    assert " 2/2 " in out
    names = ["neurodeploy.json", "neurodeploy.md", "neurodeploy.sarif", "neurodeploy.xml", "pair.loihi1.html"]
    assert sorted(item.name for item in Path("report").iterdir()) == names
    suites = ElementTree.parse("report/neurodeploy.xml").getroot().findall("testsuite")
    assert [suite.get("name") for suite in suites] == ["neurodeploy net.nd.json on loihi1"]
    assert json.loads(Path("report/neurodeploy.json").read_text())["passed"] is True
    assert load_result("report/neurodeploy.json").targets[0].profile == nd.run_project().targets[0].profile


def test_the_comparison_with_a_base_lists_what_moved(here):
    base = nd.run_project()
    assert "### loihi1: nothing moved" in project_markdown(base, base)
    nd.save(pair_network(scale=0.9), "net.nd.json")
    text = project_markdown(nd.run_project(), base)
    assert "| spikes | 6 | 2 | -4 (-66.7 %) |  |" in text
    assert "**Why:** weights changed: projection lines\\_to\\_cells" in text
    assert text.startswith("<!-- neurodeploy:")


def test_names_cannot_leave_a_cell(here):
    nd.save(pair_network(), "a|b@c<!--.nd.json")
    nd.save(nd.load("net.stimulus.npz"), "a|b@c<!--.stimulus.npz")
    write(PROJECT.replace("net.nd.json", "a|b@c<!--.nd.json"))
    text = project_markdown(nd.run_project())
    assert "a\\|b@\u200bc\\<!--.nd.json on 1 target" in text


def test_annotations_are_at_the_lines_of_the_project_file(here, call):
    write(PROJECT.replace("cores<=1", "cores<=0"))
    status, out, _ = call("test", "--format", "github")
    assert status == 1
    assert "::error file=neurodeploy.toml,line=3,title=ND604 budget" in out


def test_only_some_targets(here, call):
    write(PROJECT.replace('"loihi1"', '"loihi1", "tiny"'))
    _, out, _ = call("test", "--target", "tiny", "--json")
    assert [row["label"] for row in json.loads(out)["targets"]] == ["tiny"]
    status, _, err = call("test", "--target", "tini")
    assert status == 2
    assert "did you mean 'tiny'?" in err


@pytest.mark.parametrize(
    ("words", "added"),
    [
        (("check",), ["net.nd.json", "--target=loihi1", "--budget=cores<=1", "--weight-bits=5"]),
        (("run", "--steps", "2"), ["net.nd.json", "--target=loihi1", "--budget=cores<=1", "--budget=accuracy>=0.9", "--weight-bits=5", "--samples=1"]),
        (("run", "net.nd.json", "-t", "tiny", "--weight-bits", "4"), ["--budget=cores<=1", "--budget=accuracy>=0.9", "--samples=1"]),
        (("check", "other.nd.json"), ["--target=loihi1"]),
        (("fit",), ["net.nd.json", "--weight-bits=5"]),
        (("blame",), ["net.nd.json", "--target=loihi1"]),
        (("report", "--out", "page.html"), ["net.nd.json", "--target=loihi1", "--budget=cores<=1", "--budget=accuracy>=0.9", "--weight-bits=5", "--samples=1"]),
        (("convert", "net.nd.json", "net.nir"), None),
        (("compare", "-b", "emulator"), ["net.nd.json", "--target=loihi1", "--samples=1"]),
        (("compare", "a.ndr", "b.ndr"), None),
        (("explain", "ND401"), None),
        (("--no-project", "check", "net.nd.json", "-t", "tiny"), None),
        (("check", "net.nd.json", "-t", "tiny", "--no-project"), None),
    ],
)  # fmt: skip
def test_commands_take_what_was_not_typed(here, call, words, added):
    nd.save(pair_network(), "other.nd.json")
    write(PROJECT + '[data]\nsamples = 1\n[compile]\nweight_bits = {"*" = 5}\n')
    _, _, err = call(*words)
    note = [line for line in err.splitlines() if line.startswith("from neurodeploy.toml: ")]
    assert [shlex.split(line.removeprefix("from neurodeploy.toml: ")) for line in note] == ([added] if added else [])


def test_a_budget_of_the_reference_is_left_out_where_it_does_not_run(here, call):
    write(PROJECT.replace("accuracy>=0.9", "accuracy_drop<=0.1"))
    for words in (("profile",), ("run", "--no-reference"), ("run",)):
        status, _, err = call(*words)
        assert status == 0, err
        assert ("accuracy_drop" in err.splitlines()[0]) == (words == ("run",))


def test_a_command_does_what_the_words_of_the_note_do(here, call):
    write(PROJECT + "[data]\nsamples = 1\n")
    _, out, err = call("run", "--json")
    words = shlex.split(err.splitlines()[0].removeprefix("from neurodeploy.toml: "))
    _, typed, _ = call("--no-project", "run", *words, "--json")
    assert out == typed


def test_a_variable_ignores_the_project(here, call, monkeypatch):
    monkeypatch.setenv("NEURODEPLOY_NO_PROJECT", "1")
    status, _, err = call("check")
    assert status == 2
    assert "from neurodeploy.toml" not in err


def test_a_broken_project_is_told_by_every_command_that_reads_it(here, call):
    write("targets = [")
    status, _, err = call("check", "net.nd.json", "-t", "tiny")
    assert status == 2
    assert "ND780" in err
    assert call("explain", "ND401")[0] == 0
    assert call("check", "--help")[0] == 0


def test_lines_of_fields():
    text = 'a = 1\n[model]\nfile = "x"\n[[targets]]\nname = "y"\n[data.encoder]\n"window_s" = 2\n'
    assert [toml_line(text, path) for path in ("a", "model.file", "model.gone", "targets[y].name", "data.encoder.window_s", "b")] == [1, 3, 2, 5, 7, None]  # fmt: skip


VALUES = st.recursive(
    st.sampled_from(['""', '"x"', "0", "-1", "1e400", "nan", "true", "99999999999999999999", "[]", "{}", '"\\u0000"', '"../.."', "1979-05-27"]),
    lambda inner: st.one_of(st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"), inner.map(lambda item: f"{{file = {item}, name = {item}}}")),
    max_leaves=4,
)  # fmt: skip
FIELDS = ("schema_version", "targets", "budgets", "baseline", "model", "data", "compile", "run", "model.file", "model.framework", "model.options.reset", "data.file", "data.samples", "data.encoder.window_s", "compile.weight_bits", "compile.level", "run.seed", "run.backend", "x")  # fmt: skip


@settings(max_examples=examples(300, 30), deadline=None)
@given(st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=6))
def test_hostile_files_are_findings(tmp_path_factory, fields):
    file = tmp_path_factory.mktemp("hostile") / "neurodeploy.toml"
    file.write_text("\n".join(f"{name} = {value}" for name, value in fields.items()), encoding="utf-8")
    try:
        nd.run_project(file)
    except nd.DiagnosticError as error:
        assert error.diagnostics


@pytest.mark.parametrize(
    "content", [b"\xff\xfe", b"\0" * 100, b"[" * 10_000, b"a=" + b"9" * 10_000, b"\xef\xbb\xbftargets = 3"]
)
def test_hostile_bytes_are_findings(here, content):
    Path("neurodeploy.toml").write_bytes(content)
    with pytest.raises(nd.DiagnosticError, match="ND780"):
        nd.load_project()


def test_circular_and_missing_files_are_findings(here):
    Path("loop.nd.json").symlink_to("loop.nd.json")
    for name in ("loop.nd.json", "gone.nd.json", ".", "net.stimulus.npz"):
        write(PROJECT.replace("net.nd.json", name))
        assert not nd.run_project().passed
