"""Events in HDF5 files: the layouts of data sets and tools, and files that hold none."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

import neurodeploy as nd
from neurodeploy.signals import EventOptions
from neurodeploy.simulate.stimulus_files import read_events

ROWS = [(100, 1, 2, 0), (250, 3, 4, 1), (250, 5, 6, 1)]
KIND = [("t", "i8"), ("x", "i2"), ("y", "i2"), ("p", "?")]
RECORDS = np.array(ROWS, dtype=KIND)


def written(folder, fill):
    with h5py.File(folder / "a.h5", "w") as file:
        fill(file)
    return folder / "a.h5"


def read(folder, fill, **options):
    return read_events(written(folder, fill), EventOptions(**options))


def rows_of(recording):
    columns = (recording.t, recording.x, recording.y, recording.p)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def refused(folder, fill):
    with pytest.raises(nd.DiagnosticError) as caught:
        read(folder, fill)
    (item,) = caught.value.diagnostics
    return f"{item.code} {item.message}"


@pytest.mark.parametrize("compression", [None, "gzip", "lzf"])
def test_records_of_tonic_and_prophesee(tmp_path, compression):
    for name in ("data/0", "CD/events"):
        made = read(tmp_path, lambda file, at=name: file.create_dataset(at, data=RECORDS, compression=compression))
        assert rows_of(made) == ROWS


def test_columns_of_dsec_and_their_offset(tmp_path):
    def fill(file):
        for name, field in zip(("events/t", "events/x", "events/y", "events/p"), "txyp", strict=True):
            file[name] = RECORDS[field].astype("u4")
        file["events/t_offset"] = np.int64(10_000)
        file["ms_to_idx"] = np.arange(3)

    made = read(tmp_path, fill)
    assert rows_of(made) == [(t + 10_000, x, y, p) for t, x, y, p in ROWS]
    assert "the file's offset of 10,000 is added to all times" in [item.message for item in made.findings]


def test_rows_of_mvsec_are_told_by_their_content(tmp_path):
    rows = np.array([[x, y, t * 1e-6, 2 * p - 1] for t, x, y, p in ROWS])
    made = read(tmp_path, lambda file: file.create_dataset("davis/left/events", data=rows))
    assert rows_of(made) == ROWS
    assert [item.message for item in made.findings] == [
        "columns have no names; their content fits the order 'xytp'",
        "does not state the unit of its times; read as s, because they are fractions",
        "polarities -1 and 1 are read as 0 and 1",
    ]


def test_lists_of_the_heidelberg_data_are_samples_with_labels(tmp_path):
    def fill(file):
        for name, base, lists in (
            ("times", np.float32, [[0.5, 0.25], [], [0.125]]),
            ("units", np.uint16, [[7, 699], [], [12]]),
        ):
            data = file.create_dataset(f"spikes/{name}", (3,), dtype=h5py.vlen_dtype(base))
            for number, values in enumerate(lists):
                data[number] = np.array(values, dtype=base)
        file["labels"] = np.array([4, 5, 6], dtype="u2")

    made = read(tmp_path, fill)
    assert made.lines
    assert made.starts.tolist() == [0, 2, 2]
    assert made.labels.tolist() == [4, 5, 6]
    assert (made.t * made.unit_s).tolist() == [0.25, 0.5, 0.125]
    assert made.x.tolist() == [699, 7, 12]
    item = nd.Input(name="in", shape=700, encoder="spikes")
    network = nd.Network(
        name="net",
        time=nd.Time(dt_s=1e-3, steps_per_sample=600),
        inputs=(item,),
        populations=(nd.Population(name="c", shape=700, neuron=nd.If(v_threshold=0.5)),),
        projections=(nd.one_to_one("in", "c", 1.0),),
    )
    values = nd.load_events(tmp_path / "a.h5", network)
    assert nd.encode(network, values).rows("in").tolist() == [[0, 251, 699], [0, 501, 7], [2, 126, 12]]
    assert values.n_samples == 3


def test_the_first_place_is_read_and_the_others_are_named(tmp_path):
    def fill(file):
        file["data/1"] = RECORDS[:1]
        file["data/0"] = RECORDS

    made = read(tmp_path, fill)
    assert rows_of(made) == ROWS
    assert made.findings[0].message == "'/data/0' is read; others are not: /data/1"


def test_files_without_events_say_what_they_hold(tmp_path):
    frames = refused(tmp_path, lambda file: file.create_dataset("data/0", data=np.zeros((3, 2, 4, 4))))
    assert frames == "ND099 holds no events in a known layout: '/data/0' has shape [3, 2, 4, 4] of float64"
    linked = refused(tmp_path, lambda file: file.__setitem__("events", h5py.ExternalLink("b.h5", "/x")))
    assert (
        linked == "ND099 holds no events in a known layout: '/events' is a link to another file, which is not followed"
    )


def test_a_missing_filter_is_named_with_its_package(tmp_path, monkeypatch):
    path = written(tmp_path, lambda file: file.create_dataset("events", data=RECORDS, compression="lzf"))
    monkeypatch.setattr(h5py.h5z, "filter_avail", lambda number: False)
    with pytest.raises(nd.DiagnosticError) as caught:
        read_events(path)
    assert "which h5py does not include: pip install hdf5plugin" in caught.value.diagnostics[0].message


def test_a_folder_of_a_cache_of_tonic_has_its_targets_as_labels(tmp_path):
    (tmp_path / "cache").mkdir()
    for number, label in enumerate((7, 3)):
        with h5py.File(tmp_path / "cache" / f"{number}_0.hdf5", "w") as file:
            file.create_dataset("data/0", data=RECORDS[: number + 1], compression="lzf")
            file.create_dataset("target/0", data=label)
    made = nd.load_events(tmp_path / "cache")
    assert made.labels.tolist() == [7, 3]
    assert made.starts.tolist() == [0, 1]
    assert rows_of(made) == [ROWS[0], ROWS[0], ROWS[1]]
