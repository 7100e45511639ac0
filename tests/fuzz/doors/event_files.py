"""Recordings of event sensors in every format, for a network of pixels and for one of lines."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from mutate import spoil_bytes

import neurodeploy as nd
from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.signals import EventOptions
from neurodeploy.simulate import encode, load_stimulus

_spec: Any = importlib.util.spec_from_file_location("event_writers", Path(__file__).parents[2] / "event_writers.py")
write: Any = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(write)
ROWS = [(k * 977, k % 5, k % 7, k % 2) for k in range(40)]
FIELDS = np.dtype([("t", "i8"), ("x", "i2"), ("y", "i2"), ("p", "?")])
WRITERS = {
    **{"a.bs1": write.bs1, "a.bs2": write.bs2, "a.bs3": write.bs3, "a.bin": write.bs2, "a.dat": write.dat},
    **{"b.dat": write.dat1, "a.raw": write.evt2, "b.raw": write.evt21, "c.raw": write.evt3},
    **{"a.aedat": write.aedat2_dvs128, "b.aedat": write.aedat2_davis, "c.aedat": write.aedat31},
    **{"a.aedat4": write.aedat4, "b.aedat4": lambda rows: write.aedat4(rows, 1)},
    "c.aedat4": lambda rows: write.aedat4(rows, 3),
}
CHOICES = (EventOptions(), EventOptions(downsample=2, polarity="on"), EventOptions(crop="center", window_s=1e-4))


def network(shape):
    item = nd.Input(name="x", shape=shape, encoder="spikes")
    return nd.Network(
        name="net",
        time=nd.Time(dt_s=1e-3, steps_per_sample=10),
        inputs=(item,),
        populations=(nd.Population(name="c", shape=item.size, neuron=nd.If(v_threshold=0.5)),),
        projections=(nd.one_to_one("x", "c", 1.0),),
    )


NETWORKS = (network((2, 8, 8)), network((12,)))


def make(folder: Path) -> None:
    for name, writer in WRITERS.items():
        (folder / name).write_bytes(writer(ROWS))
    (folder / "a.csv").write_text("t,x,y,p\n" + "\n".join(",".join(map(str, row)) for row in ROWS))
    (folder / "b.txt").write_text("\n".join(" ".join(map(str, row)) for row in ROWS))
    records = np.array(ROWS, dtype=FIELDS)
    with h5py.File(folder / "a.h5", "w") as file:
        file.create_dataset("data/0", data=records, compression="lzf")
    with h5py.File(folder / "b.h5", "w") as file:
        for name in "txyp":
            file[f"events/{name}"] = records[name]
    with h5py.File(folder / "c.h5", "w") as file:
        for name, field, base in (("times", "t", "f4"), ("units", "x", "u2")):
            lists = file.create_dataset(f"spikes/{name}", (2,), dtype=h5py.vlen_dtype(np.dtype(base)))
            lists[0], lists[1] = records[field][:20], records[field][20:]
        file["labels"] = [0, 1]


def mutate(folder: Path, dice) -> None:
    path = dice.choice(sorted(folder.iterdir()))
    for other in folder.iterdir():
        if other != path:
            other.unlink()
    for _ in range(dice.choice((1, 1, 2, 4))):
        spoil_bytes(path, dice)
    if dice.random() < 0.1:
        path.rename(path.with_suffix(dice.choice((".raw", ".bin", ".aedat4", ".csv", ".h5", ".dat", ""))))


def use(folder: Path) -> None:
    for path in sorted(folder.iterdir()):
        for item in NETWORKS:
            for options in CHOICES:
                try:
                    encode(item, load_stimulus(path, item, options), steps=20)
                except DiagnosticError as error:
                    if any(found.code == "ND901" for found in error.diagnostics):
                        raise
