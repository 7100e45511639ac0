"""`nd.run`: forms of samples, options by name, and the findings of a run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_type_hints

import numpy as np
import pytest
from factories import network_of

import neurodeploy as nd


def network(encoder="spikes", shape=3, names=("lines",), threshold=1.0, bias=0.0, size=3):
    """Inputs of one shape, each fully connected to the same neurons."""
    inputs = tuple(nd.Input(name=name, shape=shape, encoder=encoder) for name in names)
    return network_of(
        [nd.Population(name="cells", shape=size, neuron=nd.If(v_threshold=threshold, bias=bias))],
        [nd.dense(item.name, "cells", 2 * np.ones((size, item.size))) for item in inputs],
        inputs=inputs,
        outputs=(nd.Output(name="answer", source="cells"),),
        steps_per_sample=4,
    )


@pytest.fixture(scope="module")
def program():
    return nd.compile(network())


RASTER = np.zeros((2, 4, 3), dtype=np.uint8)
RASTER[0, 1, 2] = RASTER[1, 3, 0] = 1
ROWS = np.argwhere(RASTER) + [0, 1, 0]


class Tensor:
    """As a tensor of another library: it says what it is by __array__."""

    def __init__(self, values):
        self.values = np.asarray(values)

    def __array__(self, dtype=None, copy=None):
        return self.values


def refused(code, *arguments, **options):
    with pytest.raises(nd.DiagnosticError) as error:
        nd.run(*arguments, **options)
    mine = [item for item in error.value.diagnostics if item.code == code]
    assert mine, error.value
    return mine


def a_file():
    np.savez("samples.npz", inputs=RASTER)
    return "samples.npz"


FORMS = {
    "file": a_file,
    "path": lambda: Path(a_file()),
    "by name": lambda: {"lines": RASTER},
    "as in a file": lambda: {"inputs": RASTER},
    "alone": lambda: RASTER,
    "lists": RASTER.tolist,
    "tuples": lambda: tuple(map(tuple, RASTER.tolist())),
    "floats": lambda: RASTER.astype(np.float64),
    "booleans": lambda: RASTER.astype(bool),
    "tensor": lambda: Tensor(RASTER),
    "tensor by name": lambda: {"lines": Tensor(RASTER)},
    "rows": lambda: ROWS,
    "rows by name": lambda: {"lines": ROWS.astype(np.int32)},
    "samples one by one": lambda: ({"lines": sample} for sample in RASTER),
    "arrays one by one": lambda: iter(RASTER),
    "list of arrays": lambda: list(RASTER),
    "list of tensors": lambda: [{"lines": Tensor(sample)} for sample in RASTER],
    "values": lambda: nd.SampleValues(values={"lines": RASTER}),
    "stimulus": lambda: nd.encode(network(), RASTER),
}


@pytest.mark.parametrize("form", FORMS)
def test_samples_in_every_form_are_the_same(program, form, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    wanted = [[0, 3, 0], [0, 3, 1], [0, 3, 2], [1, 5, 0], [1, 5, 1], [1, 5, 2]]
    assert nd.run(program, FORMS[form](), steps=4).spikes["cells"].tolist() == wanted
    assert program.run(FORMS[form](), steps=4).spikes["cells"].tolist() == wanted


def test_a_network_without_inputs_needs_no_samples():
    alone = nd.compile(network(names=(), bias=1.0, threshold=1.5))
    assert nd.run(alone, steps=4).spikes["cells"][:3, 1].tolist() == [2, 2, 2]
    assert nd.run(alone, {}, steps=4) == alone.run(None, steps=4)


EVENTS = np.array([(0, 0, 0, 1), (1500, 1, 0, 0)], dtype=[("t", "i8"), ("x", "i4"), ("y", "i4"), ("p", "i4")])


def test_events_of_one_recording_of_a_sensor():
    sensor = nd.compile(network(encoder="events", shape=(2, 1, 2), size=1))
    columns = np.stack([EVENTS[name].astype(np.int64) for name in "txyp"], axis=1)
    wanted = nd.run(sensor, {"lines": np.insert(columns, 0, 0, axis=1)})
    assert wanted.spikes["cells"].tolist() == [[0, 2, 0], [0, 3, 0]]
    for given in (EVENTS, {"lines": EVENTS}, [columns], [{"lines": columns}]):
        assert nd.run(sensor, given).spikes["cells"].tolist() == wanted.spikes["cells"].tolist()


def test_a_name_that_is_no_input_is_told_with_the_nearest(program):
    found = refused("ND505", program, {"line": RASTER})
    assert any("did you mean 'lines'?" in fix.text for item in found for fix in item.fixes)


@pytest.mark.parametrize("samples", [RASTER, RASTER.tolist(), [RASTER], None, 3.0])
def test_an_array_alone_is_of_one_input(samples):
    two = nd.compile(network(names=("left", "right")))
    found = refused("ND505", two, samples)
    told = " ".join([item.message for item in found] + [fix.text for item in found for fix in item.fixes])
    assert "left" in told or "right" in told or "has no samples" in told


@pytest.mark.parametrize(
    "samples",
    [
        *(b"x", object(), 7, 1j, float("nan"), None, {}, [], set(), iter([]), np.array(3), np.zeros(0)),
        *(
            {"lines": "x"},
            {"lines": None},
            {"lines": [[1, 2], [3]]},
            {"lines": np.full((1, 4, 3), np.nan)},
            {3: RASTER},
        ),
        *({"lines": RASTER, "labels": "x"}, {"lines": RASTER, "labels": [1, 2, 3]}, {"lines": RASTER - 2.0}),
        *([1, "a"], [{"lines": RASTER[0]}, 3], [{"lines": RASTER[0]}, {}], [None], [{"a": 1}], ["a"]),
        *({"lines": np.zeros((2, 4, 3), dtype="U3")}, {"lines": np.ma.masked_equal(RASTER, 0)}, {"lines": object()}),
    ],
    ids=lambda value: str(value)[:20],
)
def test_samples_that_are_none(program, samples):
    refused("ND505", program, samples)


def test_a_path_that_leads_to_no_samples(program, tmp_path):
    refused("ND001", program, "net.npz")
    np.savez(tmp_path / "a.npz", other=RASTER)
    refused("ND505", program, tmp_path / "a.npz")


def test_steps_of_a_stimulus_that_is_encoded_are_not_ignored(program):
    found = refused("ND505", program, nd.encode(network(), RASTER), steps=9)
    assert "4 steps" in found[0].message


def test_options_are_given_by_name_or_as_a_noun(program):
    by_name = nd.run(program, RASTER, seed=3, threads=1, record=["cells"], probes="cells", keep_state=True)
    probe = nd.Probe(name="cells.v", target="cells", variable="v")
    noun = nd.RunOptions(seed=9, threads=1, record=("cells",), probes=(probe,), keep_state=True)
    assert nd.run(program, RASTER, options=noun, seed=3) == by_name
    assert list(by_name.states) == ["cells.v"]
    assert by_name.final_state is not None
    again = nd.run(program, RASTER, probes=[("cells", "v")], keep_state=True, seed=3)
    assert again.states["cells.v"].tolist() == by_name.states["cells.v"].tolist()


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"stesp": 4}, "did you mean 'steps'?"),
        ({"keep_sate": True}, "did you mean 'keep_state'?"),
        ({"timeout": 4}, "did you mean 'timeout_s'?"),
        ({"threads": 0}, "threads"),
        ({"seed": "x"}, "seed"),
        ({"record": "cells"}, "record"),
        ({"noise": 3}, "noise"),
        ({"resume": "net.nds"}, "resume"),
        ({"steps": 0}, "steps"),
        ({"steps": 2.5}, "steps"),
        ({"steps": True}, "steps"),
        ({"batch": -1}, "batch"),
        ({"backend": 3}, "backend"),
        ({"options": {"seed": 3}}, "options"),
    ],
)
def test_wrong_options_are_told(program, options, word):
    found = refused("ND002", program, RASTER, **options)
    assert word in " ".join([found[0].message, *(fix.text for fix in found[0].fixes)])


@pytest.mark.parametrize("probes", ["cell", "cells.w", [("cells", "x")], [3], 3, [("a", "b", "c")], [("cells", 3)]])
def test_wrong_probes_are_told(program, probes):
    refused("ND510", program, RASTER, probes=probes)


def test_all_wrong_options_at_once(program):
    assert len(refused("ND002", program, RASTER, threads=0, sed=3, seed="x")) == 3


def test_what_a_run_shows_reaches_python_as_it_reaches_the_command_line(tmp_path, monkeypatch, call):
    """Voltages at their limit, and neurons that always or never fire; kept in the file of the recording."""
    monkeypatch.chdir(tmp_path)
    net = network(size=2)
    neuron = nd.LoihiCuba(du=4095, dv=0, vth_mant=[100, 131071], bias_mant=[4095, -4095], bias_exp=7, vmin_exp=10)
    driven = nd.Population(name="cells", shape=2, neuron=neuron)
    net = net.model_copy(update={"populations": (driven,), "projections": ()})
    program = nd.compile(net, "loihi1")
    recording = nd.run(program, np.zeros((1, 40, 3), dtype=np.uint8))
    codes = {item.code for item in recording.findings}
    assert {"ND532", "ND533", "ND534"} <= codes
    nd.save(recording, "own.ndr")
    assert nd.load("own.ndr").findings == recording.findings
    nd.save(program, "net.ndp")
    np.savez("net.stimulus.npz", lines=np.zeros((1, 40, 3), dtype=np.uint8))
    status, out, _ = call("run", "net.ndp", "--json", "--no-reference", "-o", "theirs.ndr")
    assert status == 0
    theirs = {(item["code"], item["subject"]["text"], item["message"]) for item in json.loads(out)["findings"]}
    assert {(item.code, str(item.subject), item.message) for item in recording.findings} <= theirs
    assert nd.load("theirs.ndr").findings == recording.findings
    batches = nd.run(program, (np.zeros((40, 3), dtype=np.uint8) for _ in range(3)), batch=2)
    whole = nd.run(program, np.zeros((3, 40, 3), dtype=np.uint8))
    assert batches.findings == whole.findings


def test_accuracy_and_answers(program):
    recording = nd.run(program, RASTER)
    assert nd.answers(program, recording).tolist() == [0, 0]
    assert nd.accuracy(program, recording, [0, 1]) == 0.5
    assert (
        nd.profile(program, recording, labels=[0, 0], reference=nd.run(program, RASTER, backend="reference")).accuracy
        == 1
    )
    for labels in (None, "ab", [0], [0, 1, 2], [[0, 1]], [0.5, 1.0], [[0], [1, 2]]):
        with pytest.raises(nd.DiagnosticError) as error:
            nd.accuracy(program, recording, labels)
        assert error.value.diagnostics[0].code == "ND505"


def test_a_recording_of_another_program_is_refused(program):
    other = nd.compile(network(threshold=3.0))
    recording = nd.run(other, RASTER)
    for door in (nd.profile, nd.answers):
        with pytest.raises(nd.DiagnosticError) as error:
            door(program, recording)
        assert error.value.diagnostics[0].code == "ND703"


def test_entry_points_are_looked_for_once(program, monkeypatch):
    from neurodeploy.simulate import registry

    looks = []
    real = registry.entry_points
    monkeypatch.setattr(registry, "entry_points", lambda **group: looks.append(group) or real(**group))
    nd.rescan()
    for _ in range(20):
        nd.run(program, RASTER)
    assert len(looks) == 1
    with pytest.raises(nd.DiagnosticError):
        nd.run(program, RASTER, backend="emulater")
    assert len(looks) == 2, "a name that is not known may have been installed since"
    nd.rescan()


def test_choices_by_name_are_the_fields_of_the_options():
    from neurodeploy.api.compiling import CompileChoices
    from neurodeploy.simulate import RunChoices

    assert set(CompileChoices.__annotations__) == set(nd.CompileOptions.model_fields)
    assert set(get_type_hints(RunChoices)) == set(nd.RunOptions.model_fields)
