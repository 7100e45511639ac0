"""Malicious JSON, TOML, arrays and archives end in a finding, in short time and little memory."""

from __future__ import annotations

import io
import json
import os
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from factories import one_layer
from hypothesis import given, settings
from hypothesis import strategies as st

import neurodeploy as nd
from neurodeploy.base.toml import TomlError, parse_toml
from neurodeploy.diagnostics import DiagnosticError, about, finding
from neurodeploy.diagnostics.errors import MOST_OF_A_KIND, folded
from neurodeploy.io.archive import memory_limit_bytes, open_npz_arrays, read_bytes, sealed_bytes
from neurodeploy.io.json import JsonError, parse_json
from neurodeploy.io.npy import NpyError, read_npy, read_npy_header
from neurodeploy.network.files import load_network, save_network
from neurodeploy.network.layer_shapes import load_layers
from neurodeploy.network.validate import validate
from neurodeploy.program import load_program


def network(**options):
    return one_layer(nd.If(v_threshold=1), np.eye(2), output="out", **options)


def codes(call, *words):
    with pytest.raises(DiagnosticError) as error:
        call(*words)
    return [item.code for item in error.value.diagnostics]


# --- texts


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"a": 1' + "0" * 5000 + "}", "5,001 digits"),
        ('{"a": 99999999999999999999}', "exceeds every integer field"),
        ("[" * 100_000 + "]" * 100_000, "nested deeper"),
        ("[" * 80 + "]" * 80, "nested deeper"),
        ('{"a": "\\ud800"}', "half a character"),
        ('{"\\ud800": 1}', "half a character"),
        ('{"a": NaN}', "NaN is not a JSON number"),
        ('{"a": -Infinity}', "-Infinity is not a JSON number"),
        ('{"a": 1e999}', "exceeds the range of a double"),
        ('{"a": 1, "a": 2}', "the key 'a' occurs twice"),
        ("{", "is not JSON"),
        (b"\xff\xfe\xff", "is not"),
    ],
)
def test_json_that_is_none_of_ours(text, told):
    with pytest.raises(JsonError, match=told):
        parse_json(text)


@pytest.mark.parametrize(
    "text",
    ["a = 1" + "0" * 5000, "a = " + "[" * 3000, "a = " + "[" * 90 + "]" * 90, "a = 2026-02-30", "a", "a = 1e", "x" * 9],
)
def test_toml_that_is_none(text):
    with pytest.raises(TomlError):
        parse_toml(text)


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**63), 2**63)
        | st.text()
        | st.floats(allow_nan=False, allow_infinity=False),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=20,
    )
)
@settings(max_examples=50, deadline=None)
def test_what_is_json_is_read_as_json_reads_it(plain):
    assert parse_json(json.dumps(plain)) == plain
    assert parse_json(json.dumps(plain, ensure_ascii=False).encode()) == plain


# --- arrays


def header(text: bytes) -> bytes:
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


@pytest.mark.parametrize(
    "text",
    [
        b"{'descr': '<f8', 'fortran_order': False, 'shape': (-3,), }",
        b"{'descr': '<f8', 'fortran_order': False, 'shape': 3, }",
        b"{'descr': '<f8', 'fortran_order': False, 'shape': (9999999999, 9999999999), }",
        b"{'descr': '<f8', 'fortran_order': 1, 'shape': (3,), }",
        b"{'descr': 'nonsense', 'fortran_order': False, 'shape': (3,), }",
        b"{'descr': [('a',)], 'fortran_order': False, 'shape': (3,), }",
        b"{'descr': '<f8', 'shape': (3,), }",
        b"{'descr': '<f8', 'fortran_order': False, 'shape': (3,) ",
        b"(" * 3000,
        b"'" + b"\\" * 9,
        b"1" * 5000,
        b"\xff\xff",
    ],
)
def test_headers_that_no_array_has(text):
    with pytest.raises(NpyError):
        read_npy_header(io.BytesIO(header(text)))


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize(
    "array", [np.arange(6).reshape(2, 3), np.zeros((0, 3)), np.float32(2.5), np.array([True, False])]
)
def test_arrays_are_read_as_numpy_reads_them(array, order):
    buffer = io.BytesIO()
    np.save(buffer, np.asarray(array, order=order))
    buffer.seek(0)
    again = read_npy(buffer, read_npy_header(buffer))
    assert again.dtype == np.asarray(array).dtype
    assert np.array_equal(again, array)
    assert not again.flags.writeable


# --- archives


def test_a_bomb_is_measured_before_it_is_unpacked(tmp_path, monkeypatch):
    path = tmp_path / "bomb.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "a.npy", header(b"{'descr': '|u1', 'fortran_order': False, 'shape': (3000000,), }") + bytes(3_000_000)
        )
    monkeypatch.setenv("NEURODEPLOY_MEMORY_LIMIT", "2M")
    assert memory_limit_bytes() == 2 << 20
    assert codes(open_npz_arrays, path) == ["ND012"]
    monkeypatch.setenv("NEURODEPLOY_MEMORY_LIMIT", "8M")
    assert open_npz_arrays(path)["a"].size == 3_000_000
    for odd in ("much", "-1", "1E9", "9" * 40):
        monkeypatch.setenv("NEURODEPLOY_MEMORY_LIMIT", odd)
        assert codes(open_npz_arrays, path) == ["ND013"]
    monkeypatch.setenv("NEURODEPLOY_MEMORY_LIMIT", "")
    assert memory_limit_bytes() == 4 << 30


def test_a_sealed_document_with_numbers_that_are_none(tmp_path):
    program = nd.compile(network(), "loihi1")
    with zipfile.ZipFile(io.BytesIO(sealed_bytes(program, "neurodeploy-program"))) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    for text in (b"NaN", b"Infinity", b"1" + b"0" * 5000, b'"\\ud800"', b"[" * 9000 + b"]" * 9000):
        path = tmp_path / "a.ndp"
        changed = members["document.json"].replace(b'"placement_seed": 0', b'"placement_seed": ' + text)
        assert changed != members["document.json"]
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in {**members, "document.json": changed}.items():
                archive.writestr(name, content)
        assert codes(load_program, path) == ["ND003"]


def test_a_member_that_is_there_twice(tmp_path):
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.npy", b"")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("a.npy", b"")
    assert codes(open_npz_arrays, path) == ["ND003"]


# --- what is no file


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are missing and cannot be had: this system has none")
def test_pipes_devices_folders_and_names_that_no_file_has(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (
        tmp_path / "pipe",
        Path("/dev/zero"),
        tmp_path,
        tmp_path / "a\0b",
        tmp_path / ("x" * 5000),
        tmp_path / "\ud800",
    ):
        assert codes(read_bytes, path) == ["ND001"]
        assert codes(load_program, path) == ["ND001"]
        assert codes(load_network, path) == ["ND001"]
        assert codes(nd.load_target, f"{path}.toml" if path == tmp_path / "a\0b" else str(tmp_path / "none.toml")) == [
            "ND001"
        ]


# --- networks that no later stage could bear


def edited(tmp_path, change):
    save_network(network(), tmp_path / "net.nd.json")
    document = json.loads((tmp_path / "net.nd.json").read_text())
    change(document)
    (tmp_path / "net.nd.json").write_text(json.dumps(document))
    return tmp_path / "net.nd.json"


def test_twenty_thousand_unknown_keys_are_told_in_a_hundred_lines(tmp_path):
    path = edited(tmp_path, lambda document: document.update({f"key{k}": 1 for k in range(20_000)}))
    with pytest.raises(DiagnosticError) as error:
        load_network(path)
    assert len(error.value.diagnostics) == 100
    assert error.value.diagnostics[-1].message == "and 19,901 more of this kind"


def test_a_key_of_a_million_letters_and_one_that_a_terminal_obeys(tmp_path):
    path = edited(tmp_path, lambda document: document.update({"x" * 1_000_000: 1, "\x1b[31mred\x07": 1}))
    with pytest.raises(DiagnosticError) as error:
        load_network(path)
    text = str(error.value)
    assert len(text) < 2_000
    assert "(1,000,002 letters)" in text
    assert "\x1b" not in text
    assert r"\x1b[31mred\x07" in text


def test_what_findings_say_is_quoted_cut_and_folded():
    item = finding("ND001", about("file", "a\nb\x00"), "line\nline \u202e", fixes=["\x9b31m"])
    assert str(item.subject) == r"file 'a\nb\x00'"
    assert item.message == "line\nline \\u202e"
    assert item.fixes[0].text == r"\x9b31m"
    many = [finding("ND001", about("file", k), "is missing") for k in range(1000)]
    assert len(folded(many)) == MOST_OF_A_KIND + 1
    assert folded(many)[-1].message == "and 900 more of this kind"
    assert folded(many[:100]) == tuple(many[:100])


@pytest.mark.parametrize(
    "operation",
    [
        nd.network.Chain(operations=(nd.network.Dense(weights=np.float64(1.0)),)),
        nd.network.Dense(weights=np.float64(1.0)),
        nd.network.Conv2d(input_shape=(1, 1, 2), weights=np.ones(3)),
        nd.network.Conv1d(input_shape=(1, 2), weights=np.ones((1, 1))),
        nd.network.Conv2d(input_shape=(1, 1, 2), weights=np.ones((0, 1, 1, 1))),
        nd.network.Conv2d(input_shape=(1, 1, 2), weights=np.ones((2, 1, 0, 1))),
        nd.network.SumPool2d(input_shape=(1, 1, 2), kernel=(1, 2**31 - 1), stride=(1, 1)),
        nd.network.Conv1d(input_shape=(1, 2), weights=np.ones((1, 1, 1)), padding=2**31 - 1),
        nd.network.Chain(operations=(nd.network.Sparse(shape=(2, 2), post=[0, 9], pre=[0, 1], weights=[1.0, 1.0]),)),
        nd.network.Chain(operations=(nd.network.Sparse(shape=(2, 2), post=[0], pre=[0, 1], weights=[1.0, 1.0]),)),
    ],
)
def test_operations_without_axes_and_without_end(operation):
    bad = nd.Projection(name="p", source="in", target="cells", operation=operation)
    found = validate(network().model_copy(update={"projections": (bad,)}))
    assert {item.code for item in found if item.severity == "error"} <= {"ND102", "ND105", "ND117"}
    assert any(item.severity == "error" for item in found)


def test_shapes_of_more_neurons_than_there_is_memory():
    cells = nd.Population(name="cells", shape=(2**31 - 1, 2**31 - 1), neuron=nd.If(v_threshold=1))
    found = validate(network().model_copy(update={"populations": (cells,)}))
    assert "ND124" in {item.code for item in found}
    assert codes(lambda: nd.Population(name="cells", shape=2**31, neuron=nd.If(v_threshold=1))) == ["ND002"]


@pytest.mark.parametrize("notes", [{"a": float("nan")}, {"a": ["\ud800"]}, {"\ud800": 1}])
def test_notes_that_no_file_takes(notes):
    assert codes(lambda: network(metadata=notes)) == ["ND002"]


def test_stages_refuse_a_network_that_names_nobody():
    lost = network().model_copy(update={"projections": (nd.dense("in", "nowhere", np.eye(2)),)})
    target = nd.load_target("loihi1")
    from neurodeploy.feasibility import judge
    from neurodeploy.hardware import load_feasibility_target
    from neurodeploy.quantize import quantize
    from neurodeploy.simulate import SampleValues, encode

    calls = (
        lambda: quantize(lost, target),
        lambda: judge(lost, load_feasibility_target("odin")),
        lambda: encode(lost, SampleValues(values={"in": np.ones((1, 3, 2), dtype=np.uint8)})),
        lambda: nd.compile(lost, target),
    )
    for call in calls:
        assert "ND101" in codes(call)


@pytest.mark.parametrize(
    "layer", ["channels = 1000000\nkernel = 3", "channels = 4\nkernel = 3\npadding = 10000", "channels = 2147483647"]
)
def test_shapes_of_layers_without_end(tmp_path, layer):
    """They are refused before anybody searches tiles for them."""
    (tmp_path / "s.toml").write_text(f'name = "n"\ninput = [2, 34, 34]\n[[layers]]\nkind = "conv"\n{layer}\n')
    assert codes(load_layers, tmp_path / "s.toml") == ["ND010"]
    (tmp_path / "s.toml").write_text('name = "n"\ninput = [2, 34, 99999999999]\n[[layers]]\nkind = "pool"\n')
    assert codes(load_layers, tmp_path / "s.toml") == ["ND010"]
