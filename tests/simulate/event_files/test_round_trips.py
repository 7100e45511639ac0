"""Every format of event recordings: what an independent writer wrote is read back, event by event."""

from __future__ import annotations

import event_writers as write
import numpy as np
import pytest
from factories import examples
from hypothesis import given, settings
from hypothesis import strategies as st

import neurodeploy as nd
from neurodeploy.signals import EventOptions
from neurodeploy.simulate.stimulus_files import read_events

FORMATS = {
    "bs2": (write.bs2, ".bs2", 8, 8, 23),
    "bs3": (write.bs3, ".bs3", 12, 12, 24),
    "bin": (write.bs2, ".bin", 8, 7, 23),
    "evt2": (write.evt2, ".raw", 9, 8, 34),
    "evt2.1": (write.evt21, ".raw", 9, 8, 34),
    "evt3": (write.evt3, ".raw", 9, 8, 24),
    "dat": (write.dat, ".dat", 9, 8, 32),
    "dat1": (write.dat1, ".dat", 8, 7, 32),
    "dvs128": (write.aedat2_dvs128, ".aedat", 7, 7, 32),
    "davis": (write.aedat2_davis, ".aedat", 8, 8, 32),
    "aedat3.1": (write.aedat31, ".aedat", 9, 8, 40),
    "aedat4": (write.aedat4, ".aedat4", 9, 8, 60),
    "aedat4-lz4": (lambda rows: write.aedat4(rows, 1), ".aedat4", 9, 8, 60),
    "aedat4-zstd": (lambda rows: write.aedat4(rows, 3), ".aedat4", 9, 8, 60),
}
"""Name -> writer, suffix, and the bits of columns, rows and times that the format holds."""


def rows_of(recording):
    columns = (recording.t, recording.x, recording.y, recording.p)
    return np.stack([column.astype(np.int64) for column in columns], axis=1).tolist()


@pytest.mark.parametrize("name", FORMATS)
@given(data=st.data())
@settings(max_examples=examples(40), deadline=None)
def test_what_was_written_is_read(name, data, tmp_path_factory):
    writer, suffix, x_bits, y_bits, t_bits = FORMATS[name]
    step = st.integers(0, min(1 << t_bits, 1 << 20) - 1)
    times = data.draw(st.lists(step, min_size=1, max_size=12))
    first = data.draw(st.integers(0, (1 << t_bits) - 1))
    ordered = [min(first + sum(times[:k]), (1 << t_bits) - 1) for k in range(len(times))]
    pixel = st.tuples(st.integers(0, (1 << x_bits) - 1), st.integers(0, (1 << y_bits) - 1), st.integers(0, 1))
    rows = [(t, *data.draw(pixel)) for t in ordered]
    path = tmp_path_factory.mktemp("events") / f"a{suffix}"
    path.write_bytes(writer(rows))
    assert rows_of(read_events(path)) == [list(row) for row in rows]


def test_an_address_that_begins_like_a_line_of_the_header_is_an_event(tmp_path):
    rows = [(0x0A1C8338, 5, 140, 0), (0x0A1C8339, 6, 140, 1)]  # "#", and the end of a line among the bytes of the time
    (tmp_path / "a.aedat").write_bytes(write.aedat2_davis(rows, end=b""))
    assert rows_of(read_events(tmp_path / "a.aedat")) == [list(row) for row in rows]


@pytest.mark.parametrize("row", [(0, 123, 0, 0), (7, 123, 34, 1), (1 << 20, 123, 125, 0)])
def test_an_event_that_begins_like_json_is_an_event(tmp_path, row):
    (tmp_path / "a.bin").write_bytes(write.bs2([row]))
    assert rows_of(read_events(tmp_path / "a.bin")) == [list(row)]


def test_lines_of_16_bits(tmp_path):
    (tmp_path / "a.bs1").write_bytes(write.bs1([(5, 700, 0, 1), (9, 65535, 0, 0)]))
    read = read_events(tmp_path / "a.bs1")
    assert read.lines
    assert rows_of(read) == [[5, 700, 0, 1], [9, 65535, 0, 0]]


WRAPPING = [((1 << 24) - 3, 1, 2, 0), ((1 << 24) + 5, 3, 4, 1), ((1 << 24) + 9, 5, 6, 0)]


@pytest.mark.parametrize(
    ("writer", "suffix", "bits"),
    [(write.evt3, ".raw", 24), (write.evt2, ".raw", 34), (write.dat, ".dat", 32), (write.aedat2_dvs128, ".aedat", 32)],
)
def test_a_counter_of_times_that_starts_again_goes_on(tmp_path, writer, suffix, bits):
    shift = (1 << bits) - (1 << 24)
    rows = [(t + shift, x, y, p) for t, x, y, p in WRAPPING]
    (tmp_path / f"a{suffix}").write_bytes(writer(rows))
    read = read_events(tmp_path / f"a{suffix}")
    assert rows_of(read) == [list(row) for row in rows]
    assert read.findings[0].message == "the counter of times starts again 1 times; times go on"


def test_vectors_of_evt3_are_events_beside_each_other(tmp_path):
    head = b"% evt 3.0\n% end\n"
    words = [0x8001, 0x6002, 0x0005, 0x3800 | 8, 0x4000 | 0b101, 0x5000 | 0b10000001, 0x4000 | 1, 0x3000 | 3, 0x5002]
    (tmp_path / "a.raw").write_bytes(head + np.array(words, dtype="<u2").tobytes())
    t = (1 << 12) | 2
    expected = [(t, 8, 5, 1), (t, 10, 5, 1), (t, 20, 5, 1), (t, 27, 5, 1), (t, 28, 5, 1), (t, 4, 5, 0)]
    assert rows_of(read_events(tmp_path / "a.raw")) == [list(row) for row in expected]


def test_words_that_are_no_events_are_counted(tmp_path):
    words = [0x2001, 0x8001, 0x6002, 0x2002, 0x0005, 0x2003, 0xA001, 0xE000, 0xF000, 0x7000, 0x9000, 0x2004]
    (tmp_path / "a.raw").write_bytes(b"% evt 3.0\n% end\n" + np.array(words, dtype="<u2").tobytes())
    read = read_events(tmp_path / "a.raw")
    assert rows_of(read) == [[4098, 3, 5, 0], [4098, 4, 5, 0]]
    assert [f"{item.code} {item.message}" for item in read.findings] == [
        "ND097 2 events before the first time, row or column are not read",
        "ND096 words that are no events are not read: 2 of continuations, 1 of triggers, 1 of monitoring",
        "ND097 1 words of an unknown type are not read",
    ]


def test_frames_motion_and_marks_of_davis_are_counted(tmp_path):
    event, frame, trigger = (7 << 22) | (300 << 12) | (1 << 11), 0x80000000, (1 << 10) | (5 << 22)
    body = np.array([event, 10, frame, 11, trigger, 12, (300 << 22), 13], dtype=">u4").tobytes()
    (tmp_path / "a.aedat").write_bytes(b"#!AER-DAT2.0\r\n# AEChip: DAVIS346\r\n#End Of ASCII Header\r\n" + body)
    read = read_events(tmp_path / "a.aedat")
    assert rows_of(read) == [[10, 45, 7, 1]]
    assert (read.width, read.height) == (346, 260)
    assert [item.message for item in read.findings] == [
        "states no orientation; columns are mirrored as jAER mirrors them, rows are as stored",
        "2 words of frames, motion and triggers are not read",
        "1 events outside the 346 x 260 pixels are not read",
    ]


def test_an_unknown_chip_is_assumed_from_its_addresses(tmp_path):
    (tmp_path / "a.aedat").write_bytes(write.aedat2_dvs128([(1, 2, 3, 1)], header=b"#!AER-DAT2.0\r\n"))
    read = read_events(tmp_path / "a.aedat")
    assert rows_of(read) == [[1, 2, 3, 1]]
    assert [item.message for item in read.findings] == [
        "names no known chip; its addresses are read as those of DVS128",
        "states no orientation; columns are mirrored and polarity 0 is on, as jAER reads them, rows are as stored",
    ]


def test_other_packets_and_invalid_events_of_aedat_3_are_counted(tmp_path):
    (tmp_path / "a.aedat").write_bytes(write.aedat31([(1, 2, 3, 1), (2, 2, 3, 0)], each=1))
    read = read_events(tmp_path / "a.aedat")
    assert [item.message for item in read.findings] == [
        "events other than those of pixels are not read: 2 of kind special"
    ]
    (tmp_path / "b.aedat").write_bytes(write.aedat31([(1, 2, 3, 1)]) + write.aedat31([(9, 2, 3, 1)], valid=0)[-72:])
    read = read_events(tmp_path / "b.aedat")
    assert rows_of(read) == [[1, 2, 3, 1]]
    assert "1 events that the camera marked as invalid are not read" in [item.message for item in read.findings]


def test_marks_of_overflow_in_n_mnist_are_time(tmp_path):
    raw = write.bs2([(5, 1, 2, 1)]) + bytes([0, 240, 0, 0, 0]) + write.bs2([(7, 3, 4, 0)])
    (tmp_path / "a.bin").write_bytes(raw)
    read = read_events(tmp_path / "a.bin")
    assert rows_of(read) == [[5, 1, 2, 1], [7 + 8192, 3, 4, 0]]
    assert [item.message for item in read.findings] == ["1 marks of a time overflow are read as time, not as events"]


def test_times_out_of_order_are_sorted_and_said(tmp_path):
    (tmp_path / "a.bs2").write_bytes(write.bs2([(9, 1, 1, 1), (5, 2, 2, 0), (7, 3, 3, 1)]))
    read = read_events(tmp_path / "a.bs2")
    assert rows_of(read) == [[5, 2, 2, 0], [7, 3, 3, 1], [9, 1, 1, 1]]
    assert [item.message for item in read.findings] == [
        "1 of 3 events lie before the event ahead of them; sorted by time"
    ]


def test_aedat_4_without_events_names_its_streams(tmp_path):
    (tmp_path / "a.aedat4").write_bytes(write.aedat4([(1, 2, 3, 1)], kind="FRME"))
    with pytest.raises(nd.DiagnosticError) as caught:
        read_events(tmp_path / "a.aedat4")
    (item,) = caught.value.diagnostics
    assert f"{item.code} {item.message}" == "ND099 has no stream of events; its streams: FRME"


@pytest.mark.parametrize("text", ["5,1,2,1\n9,3,4,0\n", "t;x;y;p\n5;1;2;1\n9;3;4;0\n", "# a note\n5 1 2 1\n9 3 4 0\n"])
def test_text_tables(tmp_path, text):
    (tmp_path / "a.csv").write_text(text)
    options = EventOptions(event_unit="us", columns="txyp")
    assert rows_of(read_events(tmp_path / "a.csv", options)) == [[5, 1, 2, 1], [9, 3, 4, 0]]


def test_an_order_of_columns_is_taken_only_if_no_other_fits(tmp_path):
    (tmp_path / "a.csv").write_text("5,1,2,1\n9,3,4,0\n")
    with pytest.raises(nd.DiagnosticError) as caught:
        read_events(tmp_path / "a.csv")
    (item,) = caught.value.diagnostics
    assert item.message == "has 4 columns without names, and their content fits several orders"
    assert [fix.text for fix in item.fixes] == ["--columns txyp", "--columns xytp"]
    (tmp_path / "b.csv").write_text("7,1,5,1\n2,3,9,0\n")
    assert rows_of(read_events(tmp_path / "b.csv")) == [[5, 7, 1, 1], [9, 2, 3, 0]]


def test_times_in_seconds_become_whole_numbers(tmp_path):
    (tmp_path / "a.txt").write_text("0.000005 1 2 1\n0.250000 3 4 0\n")
    read = read_events(tmp_path / "a.txt")
    assert rows_of(read) == [[5, 1, 2, 1], [250_000, 3, 4, 0]]
    assert read.unit_s == 1e-6
    (tmp_path / "b.txt").write_text("0.000000005 1 2 1\n0.250000 3 4 0\n")
    assert read_events(tmp_path / "b.txt").t.tolist() == [5, 250_000_000]


def test_blocks_of_words_join_without_a_seam(tmp_path, monkeypatch):
    from neurodeploy.simulate.event_files import evt3

    dice = np.random.default_rng(3)
    kinds = np.array([0x0, 0x2, 0x2, 0x3, 0x4, 0x5, 0x6, 0x8, 0xA], dtype="<u2")
    words = (kinds[dice.integers(0, kinds.size, 3_000)] << 12) | dice.integers(0, 1 << 12, 3_000).astype("<u2")
    words[(words >> 12) == 8] &= 0x80FF  # times that rise and fall, without a new start
    words[(words >> 12) == 3] &= 0x33FF  # columns that leave room for the vectors
    (tmp_path / "a.raw").write_bytes(b"% evt 3.0\n% end\n" + words.astype("<u2").tobytes())
    whole = read_events(tmp_path / "a.raw")
    for size in (1, 2, 7, 64, 1_000):
        monkeypatch.setattr(evt3, "BLOCK", size)
        part = read_events(tmp_path / "a.raw")
        assert rows_of(part) == rows_of(whole)
        assert part.findings == whole.findings
    assert rows_of(whole) == sorted(slow_evt3(words.tolist()), key=lambda row: row[0])


def slow_evt3(words):
    """Events of words, one after the other."""
    high = low = row = base = None
    polarity, found = 0, []
    for word in words:
        kind, value = word >> 12, word & 0xFFF
        if kind == 0x8 and value != high:
            high, low = value, 0
        elif kind == 0x6:
            low = value
        elif kind == 0x0:
            row = value & 0x7FF
        elif kind == 0x3:
            base, polarity = value & 0x7FF, value >> 11
        elif kind in (0x4, 0x5):
            count = 12 if kind == 0x4 else 8
            ready = None not in (high, row, base)
            found += [[(high << 12) | low, base + k, row, polarity] for k in range(count) if ready and value >> k & 1]
            base = None if base is None else base + count
        elif kind == 0x2 and None not in (high, row):
            found.append([(high << 12) | low, value & 0x7FF, row, value >> 11])
    return found
