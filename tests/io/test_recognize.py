"""Files are named by their content, whatever their suffix."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest
from contents_of_files import FILES, SONATA
from factories import one_layer
from hypothesis import given
from hypothesis import strategies as st

import neurodeploy as nd
from neurodeploy.io.contents import CONTENTS
from neurodeploy.io.recognize import recognize


@pytest.mark.parametrize("key", FILES)
@pytest.mark.parametrize("name", ["a.nir", "a.net", "a.bin"])
def test_content_is_named_whatever_the_suffix(key, name, tmp_path):
    for content in FILES[key]:
        path = tmp_path / name
        path.write_bytes(content)
        found = recognize(path)
        assert found is not None
        assert found.key == key


def test_files_of_this_package_are_named(tmp_path):
    network = one_layer(nd.If(v_threshold=1), np.eye(2), output="out")
    nd.save(network, tmp_path / "a.nd.json")
    nd.save(nd.compile(network, target="tiny"), tmp_path / "a.ndp")
    keys = {"a.nd.json": "nd_json", "a.nd.npz": "nd_npz", "a.ndp": "program"}
    for name, key in keys.items():
        assert recognize(tmp_path / name) == CONTENTS[key]
    other = (tmp_path / "a.ndp").rename(tmp_path / "a.net")
    assert recognize(other) == CONTENTS["program"]


def test_line_ends_and_byte_order_marks_do_not_matter(tmp_path):
    path = tmp_path / "a.json"
    text = json.dumps(SONATA, indent=1)
    for content in (text.replace("\n", "\r\n").encode(), b"\xef\xbb\xbf" + text.encode(), text.encode("utf-16-le")):
        path.write_bytes(content)
        assert recognize(path) == CONTENTS["sonata_config"]


def test_folders_and_missing_files_have_no_content(tmp_path):
    assert recognize(tmp_path) is None
    assert recognize(tmp_path / "missing") is None
    (tmp_path / "saved_model.pb").write_bytes(b"\x08\x01")
    assert recognize(tmp_path) == CONTENTS["saved_model"]


def test_nothing_is_unpickled(tmp_path):
    class Trap:
        def __reduce__(self):
            return (pytest.fail, ("it was unpickled",))

    (tmp_path / "a.nir").write_bytes(pickle.dumps(Trap()))
    assert recognize(tmp_path / "a.nir") == CONTENTS["pickle"]
    np.savez(tmp_path / "a.npz", x=np.array([1]))
    assert recognize(tmp_path / "a.npz") == CONTENTS["npz"]


@given(st.binary(max_size=300), st.sampled_from([b"", *(files[0][:40] for files in FILES.values())]))
def test_any_bytes_have_a_content_or_none(tmp_path_factory, tail, start):
    path = tmp_path_factory.mktemp("any") / "a.nir"
    path.write_bytes(start + tail)
    found = recognize(path)
    assert found is None or found == CONTENTS[found.key]
