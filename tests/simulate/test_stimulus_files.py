"""Stimulus files: read, or reported with what they are; events of sensors in every usual form."""

from __future__ import annotations

import itertools
import pickle

import h5py
import numpy as np
import pytest
from typer.testing import CliRunner

import neurodeploy as nd
from neurodeploy.cli.main import app
from neurodeploy.network import Events
from neurodeploy.program import save_program
from neurodeploy.simulate import encode, load_recording, load_stimulus
from neurodeploy.simulate.event_files.formats import supported

EVENTS = [(1, 1, 0, 0), (2, 1, 500, 1), (3, 0, 1500, 1)]
"""(column, row, microseconds, polarity)."""
ROWS = [[0, 1, 0 * 16 + 1 * 4 + 1], [0, 1, 1 * 16 + 1 * 4 + 2], [0, 2, 1 * 16 + 0 * 4 + 3]]


def sensor(columns="txyp", unit_s=1e-6, steps=10, shape=(2, 4, 4)):
    item = nd.Input(name="x", shape=shape, encoder=Events(columns=columns, unit_s=unit_s))
    return nd.Network(
        name="dvs",
        time=nd.Time(dt_s=1e-3, steps_per_sample=steps),
        inputs=(item,),
        populations=(nd.Population(name="c", shape=item.size, neuron=nd.If(v_threshold=0.5)),),
        projections=(nd.one_to_one("x", "c", 1.0),),
        outputs=(nd.Output(name="o", source="c"),),
    )


def plain(encoder="spikes", inputs=("in",)):
    return nd.Network(
        name="net",
        time=nd.Time(dt_s=1e-3),
        inputs=tuple(nd.Input(name=name, shape=2, encoder=encoder) for name in inputs),
        populations=(nd.Population(name="cells", shape=2, neuron=nd.If(v_threshold=0.5)),),
        projections=tuple(nd.one_to_one(name, "cells", 1.0) for name in inputs),
    )


def records(names=("x", "y", "t", "p"), kinds=("i2", "i2", "i8", "i1"), order=(0, 1, 2, 3)):
    rows = [tuple(row[k] for k in order) for row in EVENTS]
    return np.array(rows, dtype=list(zip(names, kinds, strict=True)))


def rows_of(path, network=None, **options):
    network = network or sensor()
    return encode(network, load_stimulus(path, network), **options).rows("x").tolist()


def told(call):
    with pytest.raises(nd.DiagnosticError) as caught:
        call()
    return [f"{item.code} {item.message}" for item in caught.value.diagnostics]


@pytest.mark.parametrize(
    "given",
    [
        records(),
        records(kinds=("u1", "u1", "u8", "?")),
        records(kinds=("f8", "f8", "f8", "f8")),
        records(names=("X", "Y", "timestamp", "polarity")),
        records(names=("col", "row", "t_us", "pol")),
        records(names=("timestamps", "x", "y", "p"), kinds=("i8", "i2", "i2", "i1"), order=(2, 0, 1, 3)),
    ],
)
def test_records_are_what_their_fields_say(tmp_path, given):
    np.save(tmp_path / "ev.npy", given)
    np.savez(tmp_path / "ev.npz", x=given)
    np.savez(tmp_path / "other.npz", events=given)
    assert [rows_of(tmp_path / name) for name in ("ev.npy", "ev.npz", "other.npz")] == [ROWS] * 3


@pytest.mark.parametrize("columns", ["txyp", "xytp", "xypt"])
@pytest.mark.parametrize("kind", ["i8", "f8", "u4"])
def test_plain_columns_are_in_the_order_of_the_encoder(tmp_path, columns, kind):
    order = ["xytp".index(name) for name in columns]
    np.save(tmp_path / "ev.npy", np.array(EVENTS, dtype=kind)[:, order])
    assert rows_of(tmp_path / "ev.npy", sensor(columns)) == ROWS


@pytest.mark.parametrize(("own", "given"), list(itertools.permutations(("txyp", "xytp", "xypt"), 2)))
def test_columns_in_another_usual_order_are_told_by_its_name(tmp_path, own, given):
    np.save(tmp_path / "ev.npy", np.array(EVENTS)[:, ["xytp".index(name) for name in given]])
    (message,) = told(lambda: rows_of(tmp_path / "ev.npy", sensor(own)))
    assert message == f"ND505 events do not fit the columns '{own}' of the encoder; they fit '{given}'"


def test_columns_of_their_own_names_and_offsets_of_samples(tmp_path):
    x, y, t, p = (np.array(column) for column in zip(*EVENTS, strict=True))
    np.savez(tmp_path / "a.npz", x=x, y=y, t=t, p=p)
    assert rows_of(tmp_path / "a.npz") == ROWS
    np.savez(tmp_path / "b.npz", x=x, y=y, t_us=t, p=p, offsets=[0, 1, 3], labels=[4, 5])
    values = load_stimulus(tmp_path / "b.npz", sensor())
    assert values.n_samples == 2
    assert rows_of(tmp_path / "b.npz") == [ROWS[0], [1, *ROWS[1][1:]], [1, *ROWS[2][1:]]]
    np.savez(tmp_path / "c.npz", x=x, y=y, t=t, p=p, sample=[0, 1, 1])
    assert rows_of(tmp_path / "c.npz") == rows_of(tmp_path / "b.npz")
    for offsets in ([0, 4], [1, 3], [0, 2, 1], [0.5, 3], [[0, 3]], []):
        np.savez(tmp_path / "d.npz", x=x, y=y, t=t, p=p, offsets=offsets)
        assert (
            "must hold the index of each sample's first event"
            in told(lambda: load_stimulus(tmp_path / "d.npz", sensor()))[0]
        )


def test_polarities_of_minus_one_are_read_and_said(tmp_path):
    events = np.array(EVENTS)[:, [2, 0, 1, 3]]
    events[:, 3] = 2 * events[:, 3] - 1
    np.save(tmp_path / "ev.npy", events)
    network = sensor()
    shown = encode(network, load_stimulus(tmp_path / "ev.npy", network))
    assert shown.rows("x").tolist() == ROWS
    assert [item.message for item in shown.findings] == ["polarities -1 and 1 are read as 0 and 1"]


def test_a_sensor_without_polarities_needs_none(tmp_path):
    given = np.array([(1, 1, 0), (3, 0, 1500)], dtype=[("x", "i2"), ("y", "i2"), ("t", "i8")])
    np.save(tmp_path / "ev.npy", given)
    assert rows_of(tmp_path / "ev.npy", sensor(shape=(4, 4))) == [[0, 1, 5], [0, 2, 3]]
    assert told(lambda: rows_of(tmp_path / "ev.npy")) == ["ND505 has no field for p (polarity) among 'x', 'y', 't'"]


def test_times_in_another_unit_are_never_cut_to_whole_numbers(tmp_path):
    seconds = np.array(
        [(1, 1, 0.0005, 0), (2, 1, 0.0015, 1)], dtype=[("x", "i2"), ("y", "i2"), ("t", "f8"), ("p", "i1")]
    )
    np.save(tmp_path / "ev.npy", seconds)
    with pytest.raises(nd.DiagnosticError) as caught:
        load_stimulus(tmp_path / "ev.npy", sensor())
    (item,) = caught.value.diagnostics
    assert (
        item.message
        == "field 't' holds 2 of 2 values that are not whole numbers, first 0.0005; the encoder's unit is us"
    )
    assert item.fixes[0].text == "if they are seconds: multiply them by 1,000,000 and round"
    named = records(names=("x", "y", "t_us", "p"))
    np.save(tmp_path / "ev.npy", named)
    assert told(lambda: load_stimulus(tmp_path / "ev.npy", sensor(unit_s=1e-3))) == [
        "ND505 field 't_us' is in us; the encoder's unit is ms"
    ]


def test_a_boundary_of_steps_moves_by_no_rounding(tmp_path):
    times = np.array([0, 999, 1000, 10**12, 10**12 - 1, 2_147_483_645_999])
    rows = np.stack([times, *(np.zeros_like(times),) * 3], axis=1)
    np.save(tmp_path / "ev.npy", rows)
    steps = [row[1] for row in rows_of(tmp_path / "ev.npy", steps=2**31 - 2)]
    assert steps == [1, 2, 10**9, 10**9 + 1, 2_147_483_646]


def test_bs2_events_are_five_bytes(tmp_path, reference_data):
    raw = bytearray()
    for x, y, t, p in EVENTS:
        raw += bytes([x, y, (p << 7) | (t >> 16), (t >> 8) & 255, t & 255])
    (tmp_path / "1.bs2").write_bytes(raw)
    assert rows_of(tmp_path / "1.bs2") == ROWS
    (tmp_path / "2.bs2").write_bytes(raw[:-2])
    assert told(lambda: rows_of(tmp_path / "2.bs2"))[0].startswith("ND003 is not a complete .bs2")
    network = nd.load(reference_data / "cases/event-files/dvs.nd.json")
    read = load_stimulus(reference_data / "cases/event-files/1.bs2", network).values["x"]
    assert read.shape == (4681, 5)
    assert read[0].tolist() == [0, 893, 18, 16, 1]
    assert bool((np.diff(read[:, 1]) >= 0).all())


def test_the_same_recording_in_three_files(reference_data):
    folder = reference_data / "cases/event-files"
    network = nd.load(folder / "dvs.nd.json")
    of = [encode(network, load_stimulus(folder / name, network)).rows("x").tolist() for name in ("ev.npy", "ev.npz")]
    assert of[0] == of[1] == [[0, 1, 35], [0, 1, 1156 + 36], [0, 2, 1156 + 33 * 34 + 33]]


def test_dense_arrays_of_a_lone_input_need_no_name(tmp_path):
    raster = np.array([[[1, 0], [0, 1]]], dtype=bool)
    np.save(tmp_path / "a.npy", raster)
    for number, name in enumerate(("in", "inputs", "arr_0", "spikes")):
        np.savez(tmp_path / f"{number}.npz", **{name: raster})
    network = plain()
    for file in ("a.npy", "0.npz", "1.npz", "2.npz", "3.npz"):
        assert load_stimulus(tmp_path / file, network).values["in"].tolist() == raster.astype(int).tolist()
    two = plain(inputs=("a", "b"))
    assert told(lambda: load_stimulus(tmp_path / "a.npy", two)) == [
        "ND505 holds one array; the network has 2 inputs: a, b"
    ]
    assert len(told(lambda: load_stimulus(tmp_path / "0.npz", two))) == 3


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.npz", pickle.dumps([1]), "is a pickle, which is never loaded"),
        ("a.es", b"Event Stream", "is an Event Stream recording"),
        ("a.bin", b"version https://git-lfs.github.com/spec/v1\n", "is a Git LFS pointer, not the file itself"),
        ("a.json", b'{"x": 1}', "is JSON of an unknown kind"),
        ("a.xyz", b"abc", "has the suffix '.xyz', and its content is in no supported format"),
    ],
)
def test_other_files_are_named_for_what_they_are(tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    (message,) = told(lambda: load_stimulus(tmp_path / name, sensor()))
    assert message == f"ND069 {said}; supported are {supported()}"


def test_hdf5_and_files_of_ours_are_named(tmp_path):
    with h5py.File(tmp_path / "a.hdf5", "w") as file:
        file["x"] = [1]
    assert told(lambda: load_stimulus(tmp_path / "a.hdf5", sensor()))[0].startswith(
        "ND099 holds no events in a known layout"
    )
    program = nd.compile(plain(), "loihi1")
    save_program(program, tmp_path / "a.ndp")
    assert told(lambda: load_stimulus(tmp_path / "a.ndp", sensor()))[0].startswith("ND069 is a neurodeploy file")
    assert told(lambda: load_stimulus(tmp_path / "none.npz", sensor()))[0].startswith("ND001")
    (tmp_path / "b.npz").write_bytes(b"")
    assert told(lambda: load_stimulus(tmp_path / "b.npz", sensor()))[0].startswith("ND069 is an empty file")
    np.save(tmp_path / "c.npy", np.array([{}], dtype=object), allow_pickle=True)
    assert told(lambda: load_stimulus(tmp_path / "c.npy", sensor()))[0].startswith("ND006")


def test_names_of_arrays_are_repeated_short_and_harmless(tmp_path):
    np.savez(tmp_path / "a.npz", **{f"n{k}": np.zeros(1) for k in range(60)}, **{"\x1b[31m" + "x" * 300: np.zeros(1)})
    found = told(lambda: load_stimulus(tmp_path / "a.npz", plain()))
    assert len(found) == 22
    assert all("\x1b" not in message and len(message) < 200 for message in found)


def test_the_command_line_tells_what_is_late_and_moves_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    nd.save(sensor(), tmp_path / "dvs.nd.json")
    late = records()
    late["t"] += 10_000_000
    np.save(tmp_path / "late.npy", late)
    words = ["run", "dvs.nd.json", "--stimulus", "late.npy", "-t", "loihi2", "--json"]
    refused = CliRunner().invoke(app, words)
    assert refused.exit_code == 1
    assert "ND066" in refused.output
    moved = CliRunner().invoke(app, [*words, "--time-origin", "first", "--out", "a.ndr"])
    assert moved.exit_code == 0, moved.output
    assert load_recording(tmp_path / "a.ndr").input_spikes["x"].tolist() == ROWS
    cut = CliRunner().invoke(app, [*words, "--time-origin", "first", "--steps", "1"])
    assert "ND066" in cut.output


def test_an_empty_last_sample_of_a_file_is_run_too(tmp_path):
    x, y, t, p = (np.array(column) for column in zip(*EVENTS, strict=True))
    np.savez(tmp_path / "a.npz", x=x, y=y, t_us=t, p=p, offsets=[0, 3, 3])
    program = nd.compile(sensor(), "loihi2")
    assert nd.run(program, tmp_path / "a.npz").n_samples == 2
    assert nd.run(program, load_stimulus(tmp_path / "a.npz", sensor())).n_samples == 2
