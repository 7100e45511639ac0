"""A recording as the input of a network: steps, polarities, smaller sensors, lines, folders, and what is said about it."""

from __future__ import annotations

import event_writers as write
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import neurodeploy as nd
from neurodeploy.cli.main import app
from neurodeploy.network import Events
from neurodeploy.signals import EventOptions
from neurodeploy.simulate import encode, load_recording, load_stimulus

ROWS = [(100, 1, 1, 0), (1_500, 2, 3, 1), (1_600, 2, 3, 1), (2_100, 3, 0, 0)]


def network(shape=(2, 4, 4), encoder="spikes", steps=4, dt_s=1e-3):
    item = nd.Input(name="in", shape=shape, encoder=encoder)
    return nd.Network(
        name="net",
        time=nd.Time(dt_s=dt_s, steps_per_sample=steps),
        inputs=(item,),
        populations=(nd.Population(name="cells", shape=item.size, neuron=nd.If(v_threshold=0.5)),),
        projections=(nd.one_to_one("in", "cells", 1.0),),
    )


def written(folder, rows=ROWS, name="a.bs2", writer=write.bs2):
    (folder / name).write_bytes(writer(rows))
    return folder / name


def shown(path, item=None, options=None, **kwargs):
    item = item or network()
    return encode(item, load_stimulus(path, item, options), **kwargs)


def told(call):
    with pytest.raises(nd.DiagnosticError) as caught:
        call()
    return [f"{item.code} {item.message}" for item in caught.value.diagnostics]


def slow_rows(events, shape, dt_us, downsample=1):
    """(step, line) of events by the definition: one spike for a line and step."""
    height, width = shape[-2:]
    found = set()
    for t, x, y, p in events:
        channel = p if len(shape) == 3 and shape[0] == 2 else 0
        found.add((1 + t // dt_us, (channel * height + y // downsample) * width + x // downsample))
    return sorted(found)


@given(
    events=st.lists(
        st.tuples(st.integers(0, 30_000), st.integers(0, 7), st.integers(0, 7), st.integers(0, 1)),
        min_size=1,
        max_size=40,
    ),
    shape=st.sampled_from([(2, 4, 4), (4, 4), (1, 4, 4), (2, 8, 8), (8, 8)]),
    dt_us=st.sampled_from([100, 1_000, 7_000]),
)
@settings(max_examples=60, deadline=None)
def test_spikes_are_those_of_the_definition(tmp_path_factory, events, shape, dt_us):
    downsample = 8 // shape[-1]
    path = written(tmp_path_factory.mktemp("events"), sorted(events))
    item = network(shape, steps=400, dt_s=dt_us * 1e-6)
    made = shown(path, item, EventOptions(downsample=downsample))
    expected = slow_rows(events, shape, dt_us, downsample)
    assert made.rows("in")[:, 1:].tolist() == [list(row) for row in expected]


def test_both_kinds_of_encoders_give_the_same(tmp_path):
    path = written(tmp_path)
    assert shown(path).rows("in").tolist() == shown(path, network(encoder=Events())).rows("in").tolist()
    expected = [[0, 1, 5], [0, 2, 16 + 14], [0, 3, 3]]
    assert shown(path).rows("in").tolist() == expected
    assert [item.code for item in shown(path).findings] == ["ND067"]


def test_a_step_shows_another_length_of_recording(tmp_path):
    path = written(tmp_path)
    made = shown(path, network(dt_s=1e-4), EventOptions(window_s=1e-3))
    assert made.rows("in").tolist() == shown(path).rows("in").tolist()
    late = shown(path, network(dt_s=1e-4))
    (item,) = [item for item in late.findings if item.code == "ND066"]
    assert item.message == "3 of 4 events lie after the last step that is shown; the first of them in step 16 of 4"


def test_times_can_be_rounded_to_the_nearest_step(tmp_path):
    assert shown(written(tmp_path), options=EventOptions(bins="round")).rows("in")[:, 1].tolist() == [1, 3, 3]


@pytest.mark.parametrize(
    ("options", "rows", "said"),
    [
        ({"polarity": "on"}, [[0, 2, 30]], ["--polarity on leaves out 2 of 4 events"]),
        ({"polarity": "off"}, [[0, 1, 5], [0, 3, 3]], ["--polarity off leaves out 2 of 4 events"]),
        ({"polarity": "merge"}, [[0, 1, 5], [0, 2, 14], [0, 3, 3]], []),
        ({"polarity": "separate"}, [[0, 1, 5], [0, 2, 30], [0, 3, 3]], []),
    ],
)
def test_polarities(tmp_path, options, rows, said):
    made = shown(written(tmp_path), options=EventOptions(**options))
    assert made.rows("in").tolist() == rows
    assert [item.message for item in made.findings if item.code == "ND556"] == said


def test_an_input_without_polarities_says_that_it_merges_them(tmp_path):
    made = shown(written(tmp_path), network((4, 4)))
    assert made.rows("in").tolist() == [[0, 1, 5], [0, 2, 14], [0, 3, 3]]
    assert (
        made.findings[0].message
        == "the input has no polarities, so 2 events of polarity on and 2 off count as one kind"
    )
    options = EventOptions(polarity="separate")
    assert told(lambda: shown(written(tmp_path), network((4, 4)), options)) == [
        "ND098 --polarity separate needs an input of shape (2, rows, columns); 'in' has [4, 4]"
    ]


def test_a_larger_sensor_needs_an_option_that_the_finding_computes(tmp_path):
    path = written(tmp_path, [(1, 600, 400, 1), (2, 3, 3, 0), (900, 323, 243, 1)], "a.raw", write.evt3)
    item = network((2, 8, 8))
    with pytest.raises(nd.DiagnosticError) as caught:
        load_stimulus(path, item)
    (found,) = caught.value.diagnostics
    assert found.message == "has a sensor of 640 x 480 pixels; input 'in' has 8 x 8, and 2 of 3 events lie outside"
    assert [fix.flag for fix in found.fixes] == ["--crop center"]
    cut = shown(path, item, EventOptions(crop="center"))
    assert cut.rows("in").tolist() == [[0, 1, 64 + 7 * 8 + 7]]
    assert [item.message for item in cut.findings] == [
        "--crop center keeps columns 316..323 and rows 236..243 and leaves out 2 of 3 events"
    ]
    small = written(tmp_path, [(1, 100, 99, 1)])
    with pytest.raises(nd.DiagnosticError) as caught:
        load_stimulus(small, item)
    fixes = caught.value.diagnostics[0].fixes
    assert [fix.flag for fix in fixes] == ["--downsample 13", "--crop corner"]
    assert shown(small, item, EventOptions(downsample=13)).rows("in").tolist() == [[0, 1, 64 + 7 * 8 + 7]]


def test_a_flat_input_has_the_lines_of_the_sensor(tmp_path):
    made = shown(written(tmp_path), network((32,)))
    assert made.rows("in").tolist() == [[0, 1, 5], [0, 2, 30], [0, 3, 3]]
    assert told(lambda: shown(written(tmp_path), network((33,))))[0].startswith("ND098 has pixels; input 'in' is flat")
    other = network((2, 2, 2, 4))
    assert told(lambda: shown(written(tmp_path), other))[0].startswith(
        "ND098 has pixels; input 'in' has shape [2, 2, 2, 4]"
    )


def test_lines_of_sound(tmp_path):
    path = written(tmp_path, [(100, 7, 0, 0), (1_500, 31, 0, 0)], "a.bs1", write.bs1)
    for shape in ((32,), (1, 1, 32), (2, 4, 4)):
        assert shown(path, network(shape)).rows("in").tolist() == [[0, 1, 7], [0, 2, 31]]
    assert told(lambda: shown(path, network((30,)))) == ["ND095 1 of 2 events have lines outside input 'in', up to 31"]
    assert told(lambda: shown(path, network((32,)), EventOptions(downsample=2))) == [
        "ND098 --downsample and --crop apply to pixels; the file numbers lines"
    ]


def test_a_folder_holds_one_recording_for_each_sample_and_its_names_are_labels(tmp_path):
    for label, name, start in ((7, "2", 100), (0, "10", 200), (0, "9", 300)):
        (tmp_path / str(label)).mkdir(exist_ok=True)
        written(tmp_path / str(label), [(start, 1, 1, 0)] * (label + 1), f"{name}.bin")
    values = load_stimulus(tmp_path, network())
    assert values.labels.tolist() == [0, 0, 7]
    assert values.n_samples == 3
    assert values.values["in"][:3, :2].tolist() == [[0, 300], [1, 200], [2, 100]]
    (tmp_path / "7" / "2.bin").write_bytes(b"\x01")
    (tmp_path / "0" / "9.bin").write_bytes(b"\x01\x02")
    found = told(lambda: load_stimulus(tmp_path, network()))
    assert [message[:5] for message in found] == ["ND003", "ND003"]


def test_options_that_cannot_apply_are_refused(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((1, 4, 32), dtype=np.uint8))
    plain = network((32,))
    assert told(lambda: load_stimulus(tmp_path / "a.npy", plain, EventOptions(downsample=2))) == [
        "ND098 is no recording of events for one input, so --downsample cannot apply"
    ]
    path = written(tmp_path)
    assert told(lambda: load_stimulus(path, network(encoder="current"))) == [
        "ND098 holds events, but encoder 'current' of input 'in' needs values"
    ]


def test_the_command_line_reads_a_recording(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    nd.save(network((2, 4, 4)), tmp_path / "net.nd.json")
    late = [(t + 10_000_000, 2 * x, 2 * y, p) for t, x, y, p in ROWS]
    written(tmp_path, late, "late.aedat4", write.aedat4)
    words = ["run", "net.nd.json", "-t", "loihi2", "--stimulus", "late.aedat4", "--json"]
    refused = CliRunner().invoke(app, words)
    assert refused.exit_code == 1
    assert "--downsample" not in refused.output
    words += ["--crop", "corner"]
    early = CliRunner().invoke(app, words)
    assert "--time-origin first" in early.output
    made = CliRunner().invoke(app, [*words[:-2], "--downsample", "2", "--time-origin", "first", "--out", "a.ndr"])
    assert made.exit_code == 0, made.output
    assert load_recording(tmp_path / "a.ndr").input_spikes["in"].tolist() == [[0, 1, 5], [0, 2, 30], [0, 3, 3]]
    first = CliRunner().invoke(app, [*words[:-2], "--downsample", "2", "--time-origin", "first", "--samples", "1"])
    assert first.exit_code == 0, first.output


def test_a_path_in_python_is_read_too(tmp_path):
    program = nd.compile(network(), "loihi2")
    assert nd.run(program, written(tmp_path)).input_spikes["in"].tolist() == [[0, 1, 5], [0, 2, 30], [0, 3, 3]]


def test_events_of_lava_dl_are_rounded_as_lava_dl_does(reference_data):
    """Against the input that lava-dl made of its file. Ten of 1,889 times lie between two steps, where its floats decide."""
    folder = reference_data / "real_inputs/lava_dl"
    with np.load(folder / "gt_dense.npz") as truth:
        expected = {(int(t) + 1, int(line)) for line, t in np.argwhere(truth["in"])}
    made = shown(folder / "oxford_input_events.npy", network((200,), steps=2_000), EventOptions(bins="round"))
    got = {(int(step), int(line)) for _, step, line in made.rows("in")}
    assert len(expected - got) == len(got - expected) == 10
    times = np.load(folder / "oxford_input_events.npy")[:, 2]
    halves = {int(np.floor(t)) + 1 for t in times[times % 1 == 0.5]}
    assert {step for step, _ in got - expected} <= halves | {step + 1 for step in halves}


def test_an_encoder_of_events_offers_the_factor_too(tmp_path):
    records = np.array([(5, 6, 1, 0)], dtype=[("t", "i8"), ("x", "i2"), ("y", "i2"), ("p", "i1")])
    np.save(tmp_path / "a.npy", records)
    item = network(encoder=Events())
    with pytest.raises(nd.DiagnosticError) as caught:
        shown(tmp_path / "a.npy", item)
    (found,) = caught.value.diagnostics
    assert [fix.text for fix in found.fixes] == ["for a file: --downsample 2 divides columns and rows"]
    assert shown(tmp_path / "a.npy", item, EventOptions(downsample=2)).rows("in").tolist() == [[0, 1, 3]]


def test_recordings_of_the_cases_are_shown_to_lines_as_to_pixels(reference_data):
    folder = reference_data / "cases/event-files"
    dvs = nd.load(folder / "dvs.nd.json")
    lines = dvs.model_copy(update={"inputs": (nd.Input(name="x", shape=(2, 34, 34)),)})
    for name in ("ev.npy", "ev.npz", "1.bs2"):
        made = [encode(item, load_stimulus(folder / name, item)).rows("x").tolist() for item in (dvs, lines)]
        assert made[0] == made[1]
        assert made[0]


def test_labels_and_samples_of_the_n_mnist_file(reference_data):
    """Against the columns of the file, binned by hand to 1 ms."""
    path = reference_data / "real_inputs/nmnist/test20_events.npz"
    values = nd.load_events(path, network((2, 34, 34), dt_s=1e-4), window_s=1e-3)
    rows = nd.encode(network((2, 34, 34), dt_s=1e-4), values, steps=337).rows("in")
    with np.load(path) as file:
        sample = np.searchsorted(file["offsets"], np.arange(file["x"].size), side="right") - 1
        line = (file["p"].astype(int) * 34 + file["y"]) * 34 + file["x"]
        expected = np.unique(np.stack([sample, 1 + file["t_us"] // 1000, line], axis=1), axis=0)
        assert values.labels.tolist() == file["labels"].tolist()
    assert np.array_equal(rows, expected)


def test_values_of_four_lines_are_no_events(tmp_path):
    np.save(tmp_path / "iris.npy", np.random.default_rng(0).random((9, 4)))
    item = network((4,), encoder="rate")
    assert encode(item, load_stimulus(tmp_path / "iris.npy", item)).n_samples == 9


def test_weights_that_are_named_like_events_are_named_for_what_they_are(tmp_path):
    import pickle

    (tmp_path / "pytorch_model.bin").write_bytes(pickle.dumps({"a": 1}, protocol=2))
    (message,) = told(lambda: load_stimulus(tmp_path / "pytorch_model.bin", network()))
    assert message.startswith("ND069 is a pickle, which is never loaded")


@pytest.mark.slow
def test_a_folder_of_n_mnist_is_classified_by_a_network_of_sinabs(tmp_path, reference_data):
    folder = reference_data / "real_inputs"
    with np.load(folder / "nmnist/test20_events.npz") as file:
        columns = [file[name].astype(int).tolist() for name in ("t_us", "x", "y", "p")]
        bounds, labels = file["offsets"].tolist(), file["labels"].tolist()
    events = list(zip(*columns, strict=True))
    for number, label in enumerate(labels):
        (tmp_path / str(label)).mkdir(exist_ok=True)
        raw = write.bs2(events[bounds[number] : bounds[number + 1]])
        (tmp_path / str(label) / f"{number:05d}.bin").write_bytes(raw)
    options = nd.ImportOptions(dt_s=1e-4, reset="zero", producer="nir")
    item = nd.load(folder / "nir_paper/02_cnn/cnn_sinabs.nir", options, kind=nd.Imported).network
    program = nd.compile(item, "loihi2")
    samples = nd.load_events(tmp_path, program, window_s=1e-3)
    made = nd.run(program, samples, steps=337)
    assert sorted(samples.labels.tolist()) == sorted(labels)
    assert nd.accuracy(program, made, samples.labels) == 1.0
