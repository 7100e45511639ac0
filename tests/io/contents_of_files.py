"""Contents of files, as small as their kind can be told: kind -> bytes of one or more files."""

from __future__ import annotations

import gzip
import io
import json
import pickle
import tarfile
import zipfile

import h5py
import numpy as np


def zipped(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), content)
    return buffer.getvalue()


def hdf5(*names: str, **attributes: str) -> bytes:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file.attrs.update(attributes)
        for name in names:
            file[name] = 1
    return buffer.getvalue()


def saved(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def packed() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a"))
    return buffer.getvalue()


TORCH_LEGACY = pickle.dumps(0x1950A86A20F9469CFC6C, protocol=2) + pickle.dumps(1001, protocol=2)
SONATA = {"manifest": {}, "networks": {"nodes": []}}
SAFE = json.dumps({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()

FILES = {
    "empty": [b"", b"\0" * 64, b"\n \n"],
    "lfs": [b"version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 12\n"],
    "html": [b"<!DOCTYPE html>\n<html lang='en'>", b"\n<HTML><body>404"],
    "torch_zip": [zipped(archive__data_dot_pkl=b"x", archive__data__0=b"")],
    "torch_script": [zipped(m__data_dot_pkl=b"x", m__code__main_dot_py=b"")],
    "torch_legacy": [TORCH_LEGACY],
    "pickle": [pickle.dumps({"a": 1}, protocol=p) for p in (2, 3, 4, 5)],
    "object_array": [saved(np.array([{}], dtype=object))],
    "keras_h5": [hdf5("model_weights/dense/kernel"), hdf5("a", keras_version="2.4.0")],
    "keras_zip": [zipped(config_dot_json=b"{}", metadata_dot_json=b"{}", model_dot_weights_dot_h5=b"")],
    "tflite": [b"\x1c\0\0\0TFL3" + bytes(40)],
    "onnx": [b"\x08\x07\x12\x07pytorch\x1a\x051.9", b"\x08\x08:\x80\x01" + bytes(64)],
    "safetensors": [len(SAFE).to_bytes(8, "little") + SAFE + bytes(4)],
    "nir": [hdf5("node/type", "version"), hdf5("node/nodes/a/type", "node/type")],
    "netx": [hdf5("layer/0/type", "layer/1/type")],
    "sonata_config": [json.dumps(SONATA).encode(), b'{"network": "c.json", "simulation": "s.json"}'],
    "sonata_nodes": [hdf5("nodes/v1/node_type_id")],
    "sonata_edges": [hdf5("edges/a_to_b/source_node_id")],
    "sonata_spikes": [hdf5("spikes/gids", "spikes/timestamps"), hdf5("spikes/v1/node_ids")],
    "shd": [hdf5("spikes/times", "spikes/units", "labels")],
    "events_h5": [hdf5("events/x", "events/t"), hdf5("CD/events")],
    "aedat2": [b"#!AER-DAT2.0\r\n# header"],
    "aedat31": [b"#!AER-DAT3.1\r\n"],
    "aedat4": [b"#!AER-DAT4.0\r\n"],
    "evt2": [b"% evt 2.0\n% geometry 640x480\n\0\1"],
    "evt21": [b"% date 2023\n% format EVT21;height=720\n% end\n\0\1"],
    "evt3": [b"% camera_integrator_name Prophesee\n% evt 3.0\n\0\1"],
    "dat": [b"% Data file containing CD events.\n% Version 2\n\0\1"],
    "npz": [zipped(x_dot_npy=saved(np.zeros(2)))],
    "npy": [saved(np.zeros(2))],
    "matlab": [b"MATLAB 5.0 MAT-file, Platform: GLNXA64"],
    "hdf5": [hdf5("a/b")],
    "hdf5_damaged": [hdf5("node/type")[:200]],
    "zip": [zipped(readme_dot_txt=b"")],
    "zip_damaged": [zipped(readme_dot_txt=b"abc")[:20]],
    "gzip": [gzip.compress(b"abc")],
    "tar": [packed()],
    "sanafe": [
        b"g 2 threshold=1.0\nn 0.0 bias=1\nn 0.1\ne 0.0->0.1 weight=2\n",
        b"network:\n  name: a\n  groups:\n    - b: 1\n",
    ],
    "neuroml": [b'<?xml version="1.0"?>\n<neuroml id="a">'],
    "xml": [b'<?xml version="1.0"?>\n<a/>'],
    "tennlab": [b'{"Nodes": [], "Edges": [], "Inputs": [], "Outputs": []}'],
    "pynn": [b"# a\nimport numpy\nimport pyNN.nest as sim\n"],
    "brian2": [b"from brian2 import *\n"],
    "nengo": [b"import nengo\n"],
    "torch_script_py": [b"import torch\n"],
    "python": [b"import os\n"],
    "notebook": [b'{"cells": [], "nbformat": 4}'],
    "json": [b'{"a": 1}', b"[1]", '{"a": 1}'.encode("utf-16")],
    "toml": [b'name = "a"\n[[layers]]\nkind = "dense"\n'],
    "yaml": [b"a: 1\nb: 2\n"],
    "csv": [b"t,x,y,p\n1,2,3,0\n4,5,6,1\n"],
    "image": [b"\x89PNG\r\n\x1a\n\0"],
    "pdf": [b"%PDF-1.4\n"],
    "text": [b"some words\n"],
    "text_utf16": ["words".encode("utf-16")],
}
