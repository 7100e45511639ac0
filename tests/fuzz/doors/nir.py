"""NIR files: bytes, objects of HDF5, and graphs that no framework writes."""

from __future__ import annotations

import zlib
from pathlib import Path

import h5py
import numpy as np
from mutate import ODD, spoil_bytes, spoil_hdf5

import neurodeploy as nd
from neurodeploy.importers import PRODUCERS, ImportOptions
from neurodeploy.network.validate import validate

FILE = "net.nir"
LIF = {"tau": [0.01, 0.02, 0.03], "r": [1.0, 1.0, 2.0], "v_leak": np.zeros(3), "v_threshold": np.ones(3)}
CUBA = {"tau_syn": 0.005, "tau_mem": 0.01, "r": 1.0, "v_leak": 0.0, "v_threshold": 1.0, "v_reset": 0.0, "w_in": 1.0}
INNER = {
    "input": ("Input", {"shape": [3]}),
    "lif": ("CubaLIF", CUBA),
    "w_rec": ("Affine", {"weight": np.eye(3) / 2, "bias": np.zeros(3)}),
    "output": ("Output", {"shape": [3]}),
}
LOOP = [("input", "lif"), ("lif", "w_rec"), ("w_rec", "lif"), ("lif", "output")]
KERNEL = np.arange(36, dtype=np.float32).reshape(2, 2, 3, 3) / 9
NODES = {
    "input": ("Input", {"shape": [2, 6, 6]}),
    "conv": ("Conv2d", {"weight": KERNEL, "bias": [0.1, 0.2], "stride": [1, 1], "padding": "same", "groups": 1}),
    "maps": ("IF", {"r": np.ones((2, 6, 6)), "v_threshold": np.ones((2, 6, 6))}),
    "pool": ("AvgPool2d", {"kernel_size": [2, 2], "stride": [2, 2], "padding": [0, 0]}),
    "flat": ("Flatten", {"start_dim": 0, "end_dim": -1, "input_type": [2, 3, 3]}),
    "fc": ("Affine", {"weight": np.ones((3, 18)) / 18, "bias": np.zeros(3)}),
    "wait": ("Delay", {"delay": [0.001, 0.002, 0.003]}),
    "half": ("Scale", {"scale": 0.5}),
    "cells": ("LIF", LIF),
    "skip": ("Linear", {"weight": np.ones((3, 72))}),
    "block": ("NIRGraph", (INNER, LOOP)),
    "read": ("Linear", {"weight": np.ones((2, 3))}),
    "line": ("Conv1d", {"weight": np.ones((1, 1, 2)), "bias": [0.0], "stride": 1, "padding": 0, "dilation": 1}),
    "leaky": ("LI", {"tau": 0.01, "r": 1.0, "v_leak": 0.0}),
    "slow": ("LI", {"tau": 0.01, "r": np.ones((1, 3)), "v_leak": 0.1}),
    "cut": ("Threshold", {"threshold": 0.5}),
    "sum": ("I", {"r": 1.0}),
    "now": ("Threshold", {"threshold": np.ones((2, 1, 1))}),
    "output": ("Output", {"shape": [2]}),
}
EDGES = [
    *[("input", "conv"), ("conv", "maps"), ("maps", "pool"), ("pool", "flat"), ("flat", "fc"), ("fc", "wait")],
    *[("wait", "half"), ("half", "cells"), ("maps", "skip"), ("skip", "cells"), ("cells", "block"), ("block", "read")],
    *[("read", "output"), ("block", "leaky"), ("cells", "slow"), ("slow", "cut"), ("cut", "read"), ("cut", "sum")],
    *[("conv", "now"), ("now", "pool")],
]
OPTIONS = (
    *[ImportOptions(dt_s=1e-3, reset=reset) for reset in ("zero", "subtract", "value", "none")],
    *[ImportOptions(dt_s=1e-3, reset="zero", producer=name) for name in PRODUCERS],
    *[ImportOptions(dt_s=1e-3, reset="subtract", producer=name, discretization="exact") for name in PRODUCERS],
    *[ImportOptions(dt_s=dt_s, reset="zero", time_unit=unit) for dt_s in (1e-6, 1.0) for unit in ("s", "ms", "step")],
    *[ImportOptions(dt_s=1e-3, reset="zero", comparison=sign, if_gain="second") for sign in (">", ">=")],
    ImportOptions(),
)


def graph(group: h5py.Group, nodes: dict, edges: list) -> None:
    group["type"] = "NIRGraph"
    group["edges"] = np.array(edges, dtype="S") if edges else np.zeros((0, 2))
    for name, (kind, fields) in nodes.items():
        child = group.create_group(f"nodes/{name}")
        if kind == "NIRGraph":
            graph(child, *fields)
            continue
        child["type"] = kind
        for key, value in fields.items():
            child[key] = value


def make(folder: Path) -> None:
    with h5py.File(folder / FILE, "w") as file:
        file["version"] = "1.0.6"
        graph(file.create_group("node"), NODES, EDGES)
        file["node/metadata/dt"] = 1e-3


def nodes_of(file: h5py.File) -> h5py.Group:
    """The group of nodes; KeyError where an earlier change put something else in its place."""
    found = file["node/nodes"]
    if not isinstance(found, h5py.Group):
        raise KeyError("node/nodes")
    return found


def edges_of(file: h5py.File) -> np.ndarray:
    """The edges; KeyError where there are too many to change."""
    found = file["node/edges"]
    if not isinstance(found, h5py.Dataset) or found.size > 10_000:
        raise KeyError("node/edges")
    return found[()]


def rewire(file: h5py.File, dice) -> None:
    """Edges between any nodes, some of which are none."""
    names = [*nodes_of(file), "", "none", "block.input", "block.lif", "\x1b[0m", "é"]
    edges = [[dice.choice(names), dice.choice(names)] for _ in range(dice.randint(0, 30))]
    kept = [[end.decode() for end in edge] for edge in edges_of(file) if dice.random() < 0.9]
    del file["node/edges"]
    file["node/edges"] = [*kept, *edges] or np.zeros((0, 2))


def retype(file: h5py.File, dice) -> None:
    """A node of another type."""
    name = dice.choice(sorted(nodes_of(file)))
    kinds = sorted({kind for kind, _ in NODES.values()})
    del file[f"node/nodes/{name}/type"]
    file[f"node/nodes/{name}/type"] = dice.choice([*kinds, "MaxPool2d", "", "\x00"])


def rename(file: h5py.File, dice) -> None:
    nodes = nodes_of(file)
    name = dice.choice(sorted(nodes))
    other = dice.choice(("a b", "x" * 300, "x" * 10_000, "\x1b[31m", "block.lif", "é", b"\xff\xfe", "..", "-"))
    nodes.move(name, other if isinstance(other, bytes) else other.encode())


def diamonds(file: h5py.File, dice) -> None:
    """A ladder of operations with two ways at each rung."""
    edges = [[end.decode() for end in edge] for edge in edges_of(file)]
    before, kind = "input", dice.choice(("Scale", "Linear", "Flatten"))
    for rung in range(dice.choice((3, 20, 40))):
        for side in "ab":
            child = file.create_group(f"node/nodes/{side}{rung}")
            child["type"] = kind
            child["scale"] = dice.choice((1.0, 1e30))
            child["weight"] = np.eye(72)
        edges += [[before, f"a{rung}"], [before, f"b{rung}"]]
        if rung:
            edges += [[f"b{rung - 1}", f"a{rung}"], [f"b{rung - 1}", f"b{rung}"]]
        before = f"a{rung}"
    del file["node/edges"]
    file["node/edges"] = [*edges, [before, "maps"]]


def chain(file: h5py.File, dice) -> None:
    """A long row of neurons or operations."""
    count, kind = dice.choice((10, 100, 200)), dice.choice(("IF", "Scale", "LI", "Delay"))
    del file["node/nodes"], file["node/edges"]
    for index in range(count):
        child = file.create_group(f"node/nodes/n{index}")
        child["type"] = kind
        for key in ("r", "v_threshold", "scale", "tau", "v_leak"):
            child[key] = 1.0
        child["delay"] = 1e-3
    edges = [[f"n{index}", f"n{index + 1}"] for index in range(count - 1)]
    file["node/edges"] = [*edges, [f"n{count - 1}", "n0"]] if dice.random() < 0.5 else edges


def shape(file: h5py.File, dice) -> None:
    """Sizes of any kind where a shape stands."""
    place = dice.choice(
        ("input/shape", "output/shape", "conv/stride", "conv/padding", "pool/kernel_size", "flat/start_dim")
    )
    size = dice.choice(
        ([10**9], [2, 10**6, 10**6], [], [0], [-1, 6, 6], [2**62, 4], [1, 2, 6, 6], [2, 36], [72], [3.5, 6])
    )
    name = f"node/nodes/{place}"
    if name in file:
        del file[name]
        file[name] = size if dice.random() < 0.8 else size[0] if size else 0


def odd_value(file: h5py.File, dice) -> None:
    """Numbers, texts and arrays of unusual types in place of a field."""
    names: list[str] = []
    file.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
    name = dice.choice(sorted(names))
    kinds = (
        "f2",
        ">f8",
        "i1",
        "u8",
        "c8",
        [("a", "f8")],
        h5py.ref_dtype,
        h5py.vlen_dtype(np.float64),
        "S5",
        "longdouble",
    )
    old = file[name]
    size = old.shape or ()
    value = dice.choice((*[item for item in ODD if isinstance(item, (float, str)) and "\ud800" not in str(item)], None))
    del file[name]
    if value is not None and dice.random() < 0.5:
        file[name] = value.replace("\x00", "") if isinstance(value, str) else np.full(size, value)
    else:
        file.create_dataset(name, shape=size, dtype=dice.choice(kinds))


def mutate(folder: Path, dice) -> None:
    path = folder / FILE
    if dice.random() < 0.15:
        spoil_bytes(path, dice)
        return
    for _ in range(dice.choice((1, 1, 1, 2, 3))):
        try:
            if dice.random() < 0.4:
                spoil_hdf5(path, dice)
                continue
            change = dice.choice((*[rewire, retype, rename, shape, odd_value] * 4, diamonds, chain))
            with h5py.File(path, "r+") as file:
                change(file, dice)
        except (KeyError, ValueError, TypeError, AttributeError, OSError, RuntimeError, MemoryError):
            continue  # an earlier change took away what this one changes


def use(folder: Path) -> None:
    path = folder / FILE
    options = OPTIONS[zlib.crc32(path.read_bytes()) % len(OPTIONS)]
    validate(nd.load(path, options, kind=nd.Imported).network)
