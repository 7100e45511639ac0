"""Files that are not what their suffix says are named for what they are, with the way in; the golden file has every text."""

from __future__ import annotations

import json
import pickle
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
from contents_of_files import FILES
from factories import one_layer
from sonata_circuits import small_circuit

import neurodeploy as nd
from neurodeploy.diagnostics import DiagnosticError, render_all
from neurodeploy.importers import load

NAMES = {
    "model.nir": [
        *(
            "torch_zip",
            "torch_legacy",
            "torch_script",
            "pickle",
            "lfs",
            "html",
            "empty",
            "keras_h5",
            "keras_zip",
            "onnx",
        ),
        *("tflite", "safetensors", "netx", "hdf5", "hdf5_damaged", "zip", "zip_damaged", "gzip", "tar", "npz", "npy"),
        *("object_array", "matlab", "sanafe", "neuroml", "tennlab", "text", "text_utf16", "python", "notebook", "yaml"),
        *("sonata_config", "sonata_edges", "sonata_spikes", "shd", "aedat4", "evt3", "json", "image", "pdf"),
    ],
    "model.net": ["sanafe", "nir", "torch_zip", "keras_h5", "lfs", "html", "empty", "hdf5_damaged"],
    "model.h5": [
        *("keras_h5", "sonata_nodes", "sonata_edges", "sonata_spikes", "shd", "events_h5", "hdf5", "hdf5_damaged"),
        *("torch_zip", "empty"),
    ],
    "model.json": ["json", "tennlab", "notebook", "empty", "text", "torch_zip"],
    "model.nd.json": ["sonata_config", "torch_zip", "lfs", "html", "empty", "json"],
    "model.pt": ["torch_zip", "empty"],
    "model.pth": ["torch_legacy"],
    "model.pkl": ["pickle"],
    "model.onnx": ["onnx"],
    "model.keras": ["keras_zip"],
    "model.py": ["pynn", "brian2"],
    "model.yaml": ["sanafe", "yaml"],
    "model.zip": ["zip"],
    "model.tar.gz": ["gzip"],
    "events.aedat4": ["aedat4"],
    "events.raw": ["evt2", "evt3"],
    "events.dat": ["dat"],
    "samples.npy": ["npy", "object_array"],
}


def refusal(path) -> str:
    with pytest.raises(DiagnosticError) as error:
        load(path)
    return render_all(error.value.diagnostics)


def test_every_text(tmp_path, monkeypatch, root, update_golden):
    monkeypatch.chdir(tmp_path)
    told = []
    for name, kinds in NAMES.items():
        for kind in kinds:
            Path(name).write_bytes(FILES[kind][0])
            told.append(f"# {kind}\n{refusal(Path(name))}\n")
            Path(name).unlink()
    text, file = "\n".join(told), root / "tests" / "golden" / "look_alikes.txt"
    if update_golden:
        file.write_text(text)
    assert text == file.read_text()


def test_the_command_line_and_the_api_say_the_same(tmp_path, call):
    path = tmp_path / "model.nir"
    path.write_bytes(FILES["torch_zip"][0])
    status, out, err = call("check", path, "-t", "loihi1")
    assert status != 0
    assert "is not what its suffix .nir says: it is a PyTorch archive" in out + err
    with pytest.raises(nd.DiagnosticError, match="it is a PyTorch archive, whose pickle is never loaded"):
        nd.load(path)


def test_nothing_is_unpickled(tmp_path):
    class Trap:
        def __reduce__(self):
            return (pytest.fail, ("it was unpickled",))

    for name in ("a.nir", "a.net", "a.h5", "a.json", "a.nd.json", "a.pt", "a.pkl"):
        (tmp_path / name).write_bytes(pickle.dumps(Trap()))
        assert "a pickle, which is never loaded" in refusal(tmp_path / name)


@pytest.mark.parametrize("suffix", [".h5", ".hdf5"])
def test_networks_in_hdf5_are_read_for_what_they_are(tmp_path, nir_file, suffix):
    cell = {"tau": [0.01], "r": [1.0], "v_leak": [0.0], "v_threshold": [1.0]}
    ports = {"input": ("Input", {"shape": [1]}), "output": ("Output", {"shape": [1]})}
    own = nir_file({**ports, "a": ("LIF", cell)}, [("input", "a"), ("a", "output")])
    renamed = shutil.copy(own, tmp_path / f"renamed{suffix}")
    options = nd.ImportOptions(dt_s=1e-3, reset="zero")
    assert nd.load(renamed, options).populations == nd.load(own, options).populations
    with h5py.File(tmp_path / f"layers{suffix}", "w") as file:
        group = file.create_group("layer/0")
        for key, value in (
            ("type", "dense"),
            ("shape", [1]),
            ("weight", [[2.0]]),
            ("neuron/type", "CUBA"),
            ("neuron/vThMant", 10),
        ):
            group[key] = value
        group["neuron/iDecay"], group["neuron/vDecay"] = 4096, 128
    assert nd.load(tmp_path / f"layers{suffix}", nd.ImportOptions(dt_s=1e-3)).populations[0].neuron.kind == "loihi_cuba"


def test_a_network_of_our_own_may_be_named_json(tmp_path):
    network = one_layer(nd.If(v_threshold=1), np.eye(2), output="out")
    nd.save(network, tmp_path / "net.nd.json")
    (tmp_path / "net.nd.json").rename(tmp_path / "other.json")
    assert nd.load(tmp_path / "other.json") == network
    (tmp_path / "other.json").rename(tmp_path / "other.net")
    assert "it is a network of neurodeploy" in refusal(tmp_path / "other.net")


def test_configurations_may_have_other_line_ends_and_encodings(tmp_path):
    path = small_circuit(tmp_path)
    wanted = nd.load(path)
    text = json.dumps(json.loads(path.read_text()), indent=2)
    for content in (text.replace("\n", "\r\n").encode(), b"\xef\xbb\xbf" + text.encode(), text.encode("utf-16")):
        path.write_bytes(content)
        assert nd.load(path) == wanted
    for table in tmp_path.glob("*.csv"):
        table.write_bytes(b"\xef\xbb\xbf" + table.read_text().replace(" ", "   ").replace("\n", " \r\n").encode())
    assert nd.load(path) == wanted


def test_a_folder_names_the_network_in_it(tmp_path):
    small_circuit(tmp_path)
    told = refusal(tmp_path)
    assert "ND001" in told
    assert f"did you mean '{tmp_path / 'simulation_config.json'}'?" in told
    (tmp_path / "empty").mkdir()
    assert "fix: pass the path of a file" in refusal(tmp_path / "empty")
    (tmp_path / "empty" / "saved_model.pb").write_bytes(b"")
    assert "it is a TensorFlow SavedModel" in refusal(tmp_path / "empty")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("a_minist_model.h5", "is a Keras model (HDF5)"),
        (
            "nir_Braille_snntorch.nir",
            "is not what its suffix .nir says: it is a PyTorch archive, whose pickle is never loaded",
        ),
    ],
)
def test_public_files_are_named(reference_data, name, words):
    path = reference_data / "real_inputs" / "public_files" / name
    if not path.is_file():
        pytest.skip(f"'{path}' is missing: it is a public file of another kind")
    assert words in refusal(path)
