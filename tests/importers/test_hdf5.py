"""HDF5 files read as untrusted data: links and large items stay unread, and are reported only when needed."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.importers import ImportOptions, load
from neurodeploy.importers.fields import numbers, text, texts, whole, wholes
from neurodeploy.importers.hdf5 import Folder, Unread, read_tree


def tree(path, fill, **options):
    with h5py.File(path, "w") as file:
        fill(file)
    return read_tree(path, **options).items


def test_values_keep_their_numbers_and_texts(tmp_path):
    def fill(file):
        file["big_endian"] = np.arange(3, dtype=">f4")
        file["flag"] = True
        file["wide"] = np.longdouble(2)
        file["name"] = "a"
        file["names"] = ["a", "bb"]
        file["fixed"] = np.array([b"a\xff", b"c"])
        file["inner/group/x"] = [1, 2]

    found = tree(tmp_path / "a.h5", fill)
    assert found["big_endian"].dtype == np.float32
    assert found["big_endian"].tolist() == [0, 1, 2]
    assert found["flag"] == 1
    assert found["wide"].dtype == np.float64
    assert found["name"] == "a"
    assert found["names"].tolist() == ["a", "bb"]
    assert found["fixed"].tolist() == ["a\\xff", "c"], "what is no UTF-8 can be printed"
    assert found["inner"].items["group"].path == "/inner/group"
    assert found["inner"].items["group"].items["x"].tolist() == [1, 2]


def links(file):
    file["here"] = file.create_group("group")
    file["group/up"] = file
    file["soft"] = h5py.SoftLink("/group")
    file["loop"] = h5py.SoftLink("/loop")
    file["external"] = h5py.ExternalLink("other.h5", "/x")
    file.create_dataset("stored_elsewhere", shape=(10,), dtype="i1", external=[("/etc/hostname", 0, 10)])
    layout = h5py.VirtualLayout(shape=(3,), dtype="f8")
    layout[:] = h5py.VirtualSource("other.h5", "x", shape=(3,))
    file.create_virtual_dataset("virtual", layout)


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ("soft", "a soft link"),
        ("loop", "a soft link"),
        ("external", "a link to another file"),
        ("stored_elsewhere", "stored in another file"),
        ("virtual", "of other files"),
        ("here", "second link to a group"),
    ],
)
def test_links_out_of_the_file_and_cycles_are_refused(tmp_path, entry, reason):
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["x"] = np.ones(3)
    found = tree(tmp_path / "a.h5", links)
    assert isinstance(found[entry], Unread)
    assert reason in found[entry].why
    assert isinstance(found["group"].items["up"], Unread)


def sizes(file):
    file.create_dataset("declared", shape=(10**12,), dtype="f8")
    file.create_dataset("unstored", shape=(10**8,), dtype="i1")
    file.create_dataset("chunk", shape=(3,), maxshape=(None,), chunks=(10**8,), dtype="f8")
    bomb = file.create_dataset("bomb", shape=(10**8,), chunks=(10**6,), dtype="f8", compression="gzip")
    bomb[:10] = 1.0
    file.create_dataset("packed", data=np.zeros((1000, 1000)), compression="gzip")


@pytest.mark.parametrize("entry", ["declared", "unstored", "chunk", "bomb"])
def test_sizes_are_known_before_a_byte_is_read(tmp_path, entry):
    found = tree(tmp_path / "a.h5", sizes)
    assert "bytes of memory" in numbers(found[entry]).why
    assert numbers(found["packed"]).shape == (1000, 1000)


def test_all_values_of_a_file_share_one_limit(tmp_path):
    def fill(file):
        for name in "abc":
            file[name] = np.ones(1000, dtype=np.int8)

    found = tree(tmp_path / "a.h5", fill, limit_bytes=20_000)
    assert [isinstance(found[name], Unread) for name in "abc"] == [False, False, True]
    assert (
        found["c"].why == "needs 8,000 bytes of memory; the limit of a file is 20,000 bytes (NEURODEPLOY_MEMORY_LIMIT)"
    )


def test_texts_that_share_one_long_text_are_counted(tmp_path):
    def fill(file):
        file["few"] = ["x" * 3_000_000] * 30

    assert "bytes of text" in tree(tmp_path / "a.h5", fill)["few"].why


def test_deep_and_wide_files_are_read_level_by_level(tmp_path):
    def fill(file):
        group = file
        for _ in range(300):
            group = group.create_group("d")
        for number in range(1500):
            file[f"nodes/{number}/tau"] = [1.0]

    found = tree(tmp_path / "a.h5", fill)
    assert len(found["nodes"].items) == 1500
    depth, folder = 0, found["d"]
    while isinstance(folder, Folder) and "d" in folder.items:
        depth, folder = depth + 1, folder.items["d"]
    assert isinstance(folder, Unread)
    assert depth < 100


def test_a_heap_of_texts_that_never_ends_is_found_before_it_is_walked(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["name"] = "a text"
    content = bytearray((tmp_path / "a.h5").read_bytes())
    heap = content.find(b"GCOL")
    assert heap > 0
    assert read_tree(tmp_path / "a.h5").items["name"] == "a text"
    content[heap + 16 : heap + 32] = bytes(16)  # an object of free space of no size
    (tmp_path / "a.h5").write_bytes(content)
    with pytest.raises(DiagnosticError, match="its strings are damaged"):
        read_tree(tmp_path / "a.h5")


@pytest.mark.parametrize("content", [b"", b"\x89HDF\r\n\x1a\n", b"text", None])
def test_a_file_that_is_not_hdf5_is_a_finding(tmp_path, content):
    path = tmp_path / "a.h5"
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    with pytest.raises(DiagnosticError) as error:
        read_tree(path)
    assert [item.code for item in error.value.diagnostics] == ["ND001" if content is None else "ND003"]


ODD = {
    "group": Folder("/x"),
    "none": None,
    "text": "words",
    "texts": np.array(["a", "b"], dtype=object),
    "nan": np.array([1.0, np.nan]),
    "half": np.array(0.5),
    "huge": np.array(2**63, dtype=np.uint64),
    "negative": np.array([-1]),
    "empty": np.zeros((0, 3)),
}


@pytest.mark.parametrize(
    ("reader", "wrong"),
    [
        (numbers, ["group", "none", "text", "texts", "nan", "empty"]),
        (whole, ["group", "none", "text", "texts", "nan", "half", "huge", "negative", "empty"]),
        (wholes, ["group", "none", "text", "texts", "nan", "half", "huge", "negative", "empty"]),
        (text, ["group", "none", "texts", "nan", "half", "huge", "negative", "empty"]),
        (texts, ["group", "none", "nan", "half", "huge", "negative", "empty"]),
    ],
)
def test_a_field_of_a_wrong_type_is_a_finding(reader, wrong):
    refused = {name for name, item in ODD.items() if isinstance(reader(item), Unread)}
    assert refused == set(wrong)


def test_a_value_that_is_not_a_whole_number_is_a_finding():
    assert whole(np.array([3.0])) == 3
    assert whole(np.array(9), most=8) == Unread("is 9; needs 0 to 8")
    assert wholes(np.array([1, 2, 3]), count=(1, 2)) == Unread("has shape [3]; needs 1 or 2 numbers")
    assert wholes(np.array([1, 2]), count=(1, 2)) == (1, 2)


def test_the_limit_of_an_import_holds_for_netx_files_too(tmp_path):
    fields = {"type": "CUBA", "iDecay": 4096, "vDecay": 128, "vThMant": 10}
    with h5py.File(tmp_path / "a.net", "w") as file:
        file["layer/0/type"], file["layer/0/shape"] = "dense", [10, 1, 1]
        file["layer/0/weight"] = 2.0 * np.ones((10, 10))
        for key, value in fields.items():
            file[f"layer/0/neuron/{key}"] = value
    assert load(tmp_path / "a.net", ImportOptions(dt_s=1e-3)).network.populations[0].size == 10
    with pytest.raises(DiagnosticError, match="needs 800 bytes of memory; the limit of a file is 500 bytes"):
        load(tmp_path / "a.net", ImportOptions(dt_s=1e-3, memory_limit_bytes=500))
