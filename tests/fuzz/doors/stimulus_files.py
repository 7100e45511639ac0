"""Stimulus files: archives, arrays, records and events of five bytes, for a sensor and for plain lines."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from mutate import npy_bytes, spoil_array, spoil_bytes, spoil_npy, spoil_npz

import neurodeploy as nd
from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.network import Events
from neurodeploy.simulate import encode, load_stimulus

FIELDS = np.dtype([("x", "i2"), ("y", "i2"), ("t", "i8"), ("p", "i1")])
ROWS = [(1, 1, 0, 0), (2, 1, 500, 1), (3, 3, 1500, 1)]


def network(encoder, shape):
    item = nd.Input(name="x", shape=shape, encoder=encoder)
    return nd.Network(
        name="net",
        time=nd.Time(dt_s=1e-3, steps_per_sample=10 if encoder != "rate" else 4),
        inputs=(item,),
        populations=(nd.Population(name="c", shape=item.size, neuron=nd.If(v_threshold=0.5)),),
        projections=(nd.one_to_one("x", "c", 1.0),),
    )


NETWORKS = (network(Events(), (2, 4, 4)), network("spikes", (3,)), network("rate", (3,)), network("current", (3,)))


def make(folder: Path) -> None:
    records = np.array(ROWS, dtype=FIELDS)
    rows = np.array([[0, 0, 1, 1, 0], [1, 1500, 2, 3, 1]])
    np.savez(folder / "records.npz", x=records)
    np.savez(
        folder / "columns.npz", x=records["x"], y=records["y"], t_us=records["t"], p=records["p"], offsets=[0, 1, 3]
    )
    np.savez(folder / "rows.npz", x=rows, labels=[0, 1])
    np.savez(folder / "spikes.npz", x=np.array([[0, 1, 0], [0, 4, 2]]))
    np.savez(folder / "values.npz", inputs=np.array([[0.0, 0.5, 1.0]]), labels=[1])
    np.savez(folder / "raster.npz", x=np.ones((2, 5, 3), dtype=np.uint8))
    np.save(folder / "records.npy", records)
    np.save(folder / "plain.npy", rows[:, 1:])
    (folder / "events.bs2").write_bytes(bytes([1, 1, 0, 1, 244, 2, 3, 128, 3, 4]))


def mutate(folder: Path, dice) -> None:
    path = dice.choice(sorted(folder.iterdir()))
    for other in folder.iterdir():
        if other != path:
            other.unlink()
    how = dice.random()
    if path.suffix == ".npz" and how < 0.6:
        _npz(path, dice)
    elif path.suffix == ".npy" and how < 0.8:
        array = np.load(path)
        if array.dtype.names and how < 0.5:
            name = dice.choice(array.dtype.names)
            column = spoil_array(array[name], dice)
            kinds = [(n, column.dtype if n == name else array.dtype[n]) for n in array.dtype.names]
            changed = np.zeros(len(array), dtype=kinds)
            for other in array.dtype.names:
                given = column.reshape(-1)[: len(array)] if other == name else array[other]
                changed[other][: len(given)] = given
            path.write_bytes(npy_bytes(changed))
        elif how < 0.65 and not array.dtype.names:
            path.write_bytes(npy_bytes(spoil_array(array, dice)))
        else:
            path.write_bytes(spoil_npy(path.read_bytes(), dice))
    else:
        spoil_bytes(path, dice)
    if dice.random() < 0.1:
        path.rename(path.with_suffix(dice.choice((".npz", ".npy", ".bs2", ".aedat4", ".csv", ""))))


def _npz(path: Path, dice) -> None:
    try:
        spoil_npz(path, dice)
    except TypeError:  # records have no arithmetic
        spoil_bytes(path, dice)


def use(folder: Path) -> None:
    for path in sorted(folder.iterdir()):
        for item in NETWORKS:
            for options in ({}, {"steps": 3}, {"time_origin": "first"}):
                try:
                    encode(item, load_stimulus(path, item), **options)
                except DiagnosticError as error:
                    if any(found.code == "ND901" for found in error.diagnostics):
                        raise
