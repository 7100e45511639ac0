"""nd.metrics of programs, functions of one's own, and budgets on all figures."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from factories import one_layer, pair_network

import neurodeploy as nd
from neurodeploy.profile import profile_measures

SPIKES = np.zeros((4, 3, 2), dtype=np.uint8)
SPIKES[[0, 1, 2], :, 0] = 1  # line 0 in three samples, line 1 in the last
SPIKES[3, :, 1] = 1
LABELS = np.array([0, 0, 1, 1])


def ran(**options):
    program = nd.compile(pair_network(steps_per_sample=3, **options), "tiny")
    return program, nd.run(program, {"lines": SPIKES})


def refused(**options):
    with pytest.raises(nd.DiagnosticError) as error:
        nd.metrics(*ran(), **options)
    return error.value.diagnostics[0]


def test_metrics_of_a_run():
    """Answers 0 0 0 1 for labels 0 0 1 1."""
    found = nd.metrics(*ran(), labels=LABELS)
    assert found.accuracy == nd.accuracy(*ran(), LABELS) == 3 / 4
    assert found.confusion.tolist() == [[2, 0], [1, 1]]
    assert [item.recall for item in found.classes] == [1.0, 0.5]
    assert found.auc == 3 / 4


def test_names_of_classes_come_from_the_metadata():
    found = nd.metrics(*ran(metadata={"class_names": ["cat", "dog"]}), labels=LABELS)
    assert [item.name for item in found.classes] == ["cat", "dog"]
    program, recording = ran(metadata={"class_names": ["cat", "dog"]})
    report = nd.profile(program, recording, labels=LABELS, metrics=found)
    assert nd.over_budget(report, ["recall.dog>=50%", "recall.1<=0.5", "confusion.1.0==1"]) == ()


def test_budgets_on_metrics():
    program, recording = ran()
    report = nd.profile(program, recording, labels=LABELS, metrics=nd.metrics(program, recording, labels=LABELS))
    measures = profile_measures(report)
    assert measures["precision.0"].value == 2 / 3
    assert measures["f1.macro"].value == pytest.approx((4 / 5 + 2 / 3) / 2)
    (over,) = nd.over_budget(report, ["recall.1>=0.9", "balanced_accuracy>=0.75"])
    assert (over.code, over.found, over.limit) == ("ND604", 0.5, 0.9)
    (unknown,) = nd.over_budget(report, "recall.9>=0.9")
    assert unknown.code == "ND605"
    with pytest.raises(nd.DiagnosticError) as error:
        nd.over_budget(report, "recal.9>=0.9")
    assert error.value.diagnostics[0].code == "ND707"


def test_without_metrics_a_budget_on_them_is_not_met():
    program, recording = ran()
    (found,) = nd.over_budget(nd.profile(program, recording, labels=LABELS), "f1.macro>=0.1")
    assert found.code == "ND605"


def test_functions_of_ones_own():
    def wrong(answers, labels):
        return int((answers != labels).sum())

    def several(scores, recording, threshold=2):
        return {"spikes": scores.sum(), "steps": recording.n_steps, "above": np.float32(threshold)}

    found = nd.metrics(*ran(), labels=LABELS, functions=[wrong, several])
    values = {item.name: item.value for item in found.own}
    spikes = sum(len(rows) for rows in ran()[1].spikes.values())
    assert values == {"wrong": 1, "several.spikes": spikes, "several.steps": ran()[1].n_steps, "several.above": 2}


@pytest.mark.parametrize(
    ("result", "told"),
    [
        ("None", "returned None"),
        ("float('nan')", "nan"),
        ("[1]", "a list"),
        ("True", "True"),
        ("{'a b': 1}", "no name"),
    ],
)
def test_results_that_are_no_figures(tmp_path, result, told):
    file = tmp_path / "own.py"
    file.write_text(f"def mine(answers):\n    return {result}\n", encoding="utf-8")
    found = refused(functions=[f"{file}:mine"])
    assert found.code == "ND631"
    assert told in found.message


@pytest.mark.parametrize(
    ("text", "name", "told"),
    [
        ("def f(:", "f", "SyntaxError"),
        ("raise SystemExit(3)", "f", "SystemExit: 3"),
        ("import no_such_module_x", "f", "ModuleNotFoundError"),
        ("def f(answer): return 1", "f", "'answer', which nothing provides"),
        ("f = 3", "f", "not a function"),
    ],
)
def test_functions_that_cannot_be_loaded(tmp_path, text, name, told):
    file = tmp_path / "own.py"
    file.write_text(text + "\n", encoding="utf-8")
    found = refused(functions=[f"{file}:{name}"])
    assert found.code == "ND630"
    assert told in found.message
    assert not (tmp_path / "__pycache__").exists()


def test_a_function_can_only_ask_for_what_there_is():
    found = refused(functions=[lambda labels: 1])
    assert found.code == "ND632"
    assert nd.metrics(*ran(), functions=[lambda labels=None: 1]).own[0].name == "lambda"


def test_two_functions_of_one_name_are_refused():
    assert refused(functions=[lambda: 1, lambda: 2]).code == "ND630"


def test_labels_need_answers():
    program = nd.compile(pair_network(output=None, steps_per_sample=3), "tiny")
    recording = nd.run(program, {"lines": SPIKES})
    with pytest.raises(nd.DiagnosticError) as error:
        nd.metrics(program, recording, labels=LABELS)
    assert error.value.diagnostics[0].code == "ND632"
    assert nd.metrics(program, recording).accuracy is None


def test_scores_rank_as_answers_do():
    """The largest score is the answer, with every decoder: counts, groups, first spikes and linear values."""
    from neurodeploy.network.coding import FirstSpike, SpikeCount
    from neurodeploy.simulate.decode import answers, scores

    early = np.zeros((2, 4, 2), dtype=np.uint8)
    early[0, 2, 0] = early[0, 1, 1] = early[1, 0, 0] = 1
    for decoder, wanted in (
        (FirstSpike(), [1, 0]),
        (SpikeCount(), [0, 0]),
        (nd.Linear(weights=[[0.0, 0.0], [1.0, 2.0]]), None),
    ):
        network = pair_network(steps_per_sample=4)
        network = network.model_copy(update={"outputs": (nd.Output(name="answer", source="cells", decoder=decoder),)})
        program = nd.compile(network, "tiny")
        recording = nd.run(program, {"lines": early})
        found = scores(program.network, recording)
        assert answers(program.network, recording).tolist() == found.argmax(axis=1).tolist()
        assert wanted is None or found.argmax(axis=1).tolist() == wanted
    late = pair_network(steps_per_sample=4).model_copy(
        update={"outputs": (nd.Output(name="answer", source="cells", decoder=FirstSpike()),)}
    )
    recording = nd.run(nd.compile(late, "tiny"), {"lines": early})
    steps = scores(late, recording)
    first = [next(-row[1] for row in recording.spikes["cells"].tolist() if row[0] == 0 and row[2] == n) for n in (0, 1)]
    assert steps[0].tolist() == first
    assert steps[1, 1] == -(recording.n_steps + 1)


def linear():
    neuron = nd.If(v_threshold=1.0)
    network = one_layer(neuron, 2 * np.eye(2), source="lines", steps_per_sample=3)
    decoder = nd.Linear(weights=np.array([[1.0, -1.0]]))
    network = network.model_copy(update={"outputs": (nd.Output(name="position", source="cells", decoder=decoder),)})
    program = nd.compile(network, "tiny")
    return program, nd.run(program, {"lines": SPIKES})


def test_errors_of_decoded_values():
    program, recording = linear()
    values = nd.decoded(program, recording)["position"]
    for targets in (values[:, -1] + 0.5, values + 0.5, values[:, -1, 0] + 0.5):
        found = nd.metrics(program, recording, targets={"position": targets}).regression[0]
        assert (found.mae, found.max_error) == (0.5, 0.5)
    report = nd.profile(program, recording, metrics=nd.metrics(program, recording, targets={"position": values + 0.5}))
    assert [item.code for item in nd.over_budget(report, ["rmse.position<=0.4", "mae.position<=0.6"])] == ["ND604"]


@pytest.mark.parametrize(
    ("targets", "told"),
    [
        (np.zeros(3), "shape [3]"),
        (np.full((4, 1), np.nan), "no finite numbers"),
        ([[1], [2, 3]], "no array of numbers"),
        (np.array(["a"] * 4), "no array of numbers"),
    ],
)
def test_targets_that_do_not_fit(targets, told):
    with pytest.raises(nd.DiagnosticError) as error:
        nd.metrics(*linear(), targets={"position": targets})
    assert error.value.diagnostics[0].code == "ND632"
    assert told in error.value.diagnostics[0].message


@pytest.mark.parametrize("labels", [np.array([0, 0, 1, -1]), np.array([0, 0, 1, 2**40])])
def test_labels_that_are_no_classes(labels):
    assert refused(labels=labels).code == "ND632"


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    nd.save(pair_network(steps_per_sample=3), "pair.nd.json")
    nd.save(nd.SampleValues(values={"lines": SPIKES}, labels=LABELS), "pair.stimulus.npz")
    Path("own.py").write_text(
        "def wrong(answers, labels):\n    return int((answers != labels).sum())\n", encoding="utf-8"
    )


def test_command_line_gives_the_metrics_of_python(call, here):
    status, out, _ = call(
        "run", "pair.nd.json", "-t", "tiny", "--no-reference", "--metrics", "--metric", "own.py:wrong",
        "--budget", "metric.wrong<=1", "--budget", "recall.1>=0.9", "--json",
    )  # fmt: skip
    document = json.loads(out)
    assert status == 1
    assert [item["code"] for item in document["findings"] if item["severity"] == "error"] == ["ND604"]
    program, recording = ran()
    ours = nd.metrics(program, recording, labels=LABELS, functions=["own.py:wrong"])
    assert nd.Metrics.model_validate(document["profile"]["metrics"]) == ours


def test_the_table_fits_a_terminal(call, here):
    _, out, _ = call("profile", "pair.nd.json", "-t", "tiny", "--metrics", "--metric", "own.py:wrong")
    for text in ("metrics by class", "0.6667", "samples by label (row) and answer (column)", "wrong"):
        assert text in out
    assert max(map(len, out.splitlines())) <= 80


def test_metrics_without_labels_are_refused(call, here):
    nd.save(nd.SampleValues(values={"lines": SPIKES}), "pair.stimulus.npz")
    status, _, err = call("run", "pair.nd.json", "-t", "tiny", "--no-reference", "--metrics")
    assert (status, "ND632" in err) == (1, True)
