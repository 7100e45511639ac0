"""Triggers of findings about files: networks, programs, targets and models of other tools."""

from __future__ import annotations

import json
import os
import zipfile
from importlib.metadata import EntryPoint
from pathlib import Path

import h5py
import numpy as np
from diagnostic_cases import LIF, LINE, PORTS, lif_file, net, netx, nir

from neurodeploy.hardware import load_target
from neurodeploy.hardware.files import _package_texts
from neurodeploy.importers import ImportOptions, load
from neurodeploy.network.files import load_network, save_network
from neurodeploy.network.layer_shapes import load_layers
from neurodeploy.program import load_program


def document(**change):
    save_network(net(), "net.nd.json")
    data = json.loads(Path("net.nd.json").read_text())
    data.update(change)
    Path("net.nd.json").write_text(json.dumps(data))
    return data


def edited(edit):
    data = document()
    edit(data)
    Path("net.nd.json").write_text(json.dumps(data))
    return load_network("net.nd.json")


def tiny_file(old, new):
    from importlib.resources import files

    text = files("neurodeploy_targets").joinpath("tiny.toml").read_text()
    assert old in text
    Path("mine.toml").write_text(text.replace(old, new, 1))
    return load_target("mine.toml")


NETX = {
    "layer/0/type": b"dense",
    "layer/0/weight": [[2.0, 4.0], [6.0, -8.0]],
    "layer/0/neuron/type": b"CUBA",
    "layer/0/neuron/iDecay": 4096,
    "layer/0/neuron/vDecay": 128,
    "layer/0/neuron/vThMant": 10,
}


def nd004():
    save_network(net(), "net.nd.json")
    save_network(net(weights=2 * np.ones((2, 2))), "other.nd.json")
    os.replace("other.nd.npz", "net.nd.npz")
    load_network("net.nd.json")


def nd006():
    save_network(net(), "net.nd.json")
    with zipfile.ZipFile("net.nd.npz") as old:
        (name,) = old.namelist()
    np.save("a.npy", np.array([{}], dtype=object))
    with zipfile.ZipFile("net.nd.npz", "w") as new:
        new.write("a.npy", name)
    load_network("net.nd.json")


def escape(data):
    for row in data["tensors"].values():
        row["file"] = "../net.nd.npz"


def nd003():
    Path("net.ndp").write_bytes(b"PK truncated")
    load_program("net.ndp")


def unwritable():
    Path("folder").write_text("a file, not a folder")
    save_network(net(), "folder/net.nd.json")


CASES = {
    "ND001": lambda _: load_network("missing.nd.json"),
    "ND002": lambda _: edited(lambda data: data["populations"][0]["neuron"].update(tau_ms=20, tau_m_s=-1.0)),
    "ND003": lambda _: nd003(),
    "ND004": lambda _: nd004(),
    "ND005": lambda _: edited(escape),
    "ND006": lambda _: nd006(),
    "ND007": lambda _: unwritable(),
    "ND008": lambda _: edited(lambda data: data.update(schema_version=99)),
    "ND009": lambda _: (Path("model.pt").write_text(""), load("model.pt")),
    "ND010": lambda _: (
        Path("net.toml").write_text(
            'name = "n"\ninput = [1, 2, 2]\n[[layers]]\nkind = "conv"\nchannels = 2\nkernel = 3\n'
        ),
        load_layers("net.toml"),
    ),
    "ND020": lambda _: load_target("loih1"),
    "ND021": lambda _: (Path("mine.toml").write_text("name = tiny"), load_target("mine.toml")),
    "ND022": lambda _: tiny_file('dialect = "loihi1"', 'dialect = "lohi1"'),
    "ND023": lambda _: tiny_file(
        'compartments = {value = 8, unit = "compartment", source',
        'compartments = {value = -8, unit = "compartment", sauce',
    ),
    "ND024": lambda _: load_target("loihi1", board="kapoho"),
    "ND025": lambda _: load_target("loihi1", rules="nengo"),
    "ND026": lambda _: tiny_file('rule_set = "plain"', 'rule_set = "plane"'),
    "ND027": lambda _: _package_texts(EntryPoint("mine", "no_such_package_of_targets", "neurodeploy.targets")),
    "ND028": lambda _: load_target("speck2f"),
    "ND029": lambda _: tiny_file(
        'synapse_memory = {value = 16, unit = "word"', 'synapse_memory = {value = 16, unit = "byte"'
    ),
    "ND040": lambda _: (h5py.File("net.nir", "w").close(), load("net.nir")),
    "ND041": lambda _: nir({**PORTS, "layer 1": ("LIF", LIF)}, [("input", "layer 1"), ("layer 1", "output")]),
    "ND042": lambda _: nir({**PORTS, "lif1": ("LIF", LIF)}, [("input", "lif"), ("lif1", "output")]),
    "ND043": lambda _: nir(
        {**PORTS, "lif": ("LIF", LIF), "w": ("Linear", {"weight": [[1.0]]})},
        [*LINE, ("w", "w"), ("w", "lif")],
    ),
    "ND044": lambda _: nir({**PORTS, "lif": ("LIF", LIF), "pool": ("MaxPool2d", {})}, [*LINE, ("input", "pool")]),
    "ND045": lambda _: lif_file(tau=None, r=None),
    "ND046": lambda _: lif_file(tau=[-0.002]),
    "ND047": lambda _: lif_file(ImportOptions(reset="zero")),
    "ND048": lambda _: lif_file(ImportOptions(dt_s=1e-4)),
    "ND049": lambda _: lif_file(tau=[2.2]),
    "ND050": lambda _: lif_file(ImportOptions(dt_s=1e-4, reset="zero", strict=True)),
    "ND051": lambda _: netx({"other/0/type": b"dense"}),
    "ND052": lambda _: netx({"layer/0/type": b"concat", "layer/0/shape": [3]}),
    "ND053": lambda _: netx({**NETX, "layer/0/shape": [3]}),
}
