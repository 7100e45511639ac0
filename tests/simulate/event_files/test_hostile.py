"""Recordings that claim more than they hold: memory stays bounded, and what is sound is read."""

from __future__ import annotations

import struct
import tracemalloc

import event_writers as write
import numpy as np
import pytest

import neurodeploy as nd
from neurodeploy.simulate.stimulus_files import read_events

ROWS = [(5, 1, 2, 1), (9, 3, 4, 0)]


def told(call):
    with pytest.raises(nd.DiagnosticError) as caught:
        call()
    return [f"{item.code} {item.message}" for item in caught.value.diagnostics]


@pytest.mark.parametrize(("compression", "pack"), [(1, "_lz4"), (3, "_zstd")])
def test_a_packet_that_unpacks_to_much_is_cut_at_the_limit(tmp_path, monkeypatch, compression, pack):
    packed = getattr(write, pack)(struct.pack("<I", 1 << 25) + bytes(1 << 25))
    body = write.aedat4(ROWS, compression) + struct.pack("<II", 0, len(packed)) + packed
    (tmp_path / "a.aedat4").write_bytes(body)
    monkeypatch.setenv("NEURODEPLOY_MEMORY_LIMIT", "4M")
    tracemalloc.start()
    read = read_events(tmp_path / "a.aedat4")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert read.t.tolist() == [5, 9]
    assert peak < 1 << 24
    (item,) = read.findings
    assert item.code == "ND097"
    assert item.message.startswith("1 packets are damaged and not read")


def test_counts_beyond_the_file_are_no_allocation(tmp_path):
    packet = struct.pack("<HHIIIIII", 1, 1, 8, 4, 0, 1 << 31, 1 << 31, 1 << 31)
    (tmp_path / "a.aedat").write_bytes(write.aedat31(ROWS) + packet)
    read = read_events(tmp_path / "a.aedat")
    assert read.t.tolist() == [5, 9]
    assert "a packet claims 2,147,483,648 events of 8 bytes; it and later ones are not read" in [
        item.message for item in read.findings
    ]
    (tmp_path / "b.aedat4").write_bytes(write.aedat4(ROWS) + struct.pack("<Ii", 0, 2**31 - 1))
    assert read_events(tmp_path / "b.aedat4").findings[0].code == "ND097"


def test_events_beyond_the_limit_are_refused_with_the_number(tmp_path, monkeypatch):
    vectors = np.full(1 << 15, 0x4FFF, dtype="<u2")
    words = np.concatenate([np.array([0x8001, 0x6001, 5, 0x3000], dtype="<u2"), vectors])
    (tmp_path / "a.raw").write_bytes(b"% evt 3.0\n% end\n" + words.tobytes())
    monkeypatch.setenv("NEURODEPLOY_MEMORY_LIMIT", "4M")
    assert told(lambda: read_events(tmp_path / "a.raw")) == [
        "ND012 393,216 events needs more memory than the limit for a file"
    ]


def test_a_description_with_entities_is_not_expanded(tmp_path):
    xml = '<!DOCTYPE a [<!ENTITY b "c">]><dv><node name="0">&b;</node></dv>'
    (tmp_path / "a.aedat4").write_bytes(write.aedat4_head(0, xml))
    assert told(lambda: read_events(tmp_path / "a.aedat4")) == [
        "ND003 has a damaged header: its description declares types"
    ]


@pytest.mark.parametrize("name", ["a.raw", "a.dat", "a.aedat", "a.aedat4", "a.bin", "a.bs1", "a.csv", "a.h5"])
def test_an_empty_file_is_named(tmp_path, name):
    (tmp_path / name).write_bytes(b"")
    assert told(lambda: read_events(tmp_path / name))[0].startswith(("ND003 ", "ND069 is an empty file"))
