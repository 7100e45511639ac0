"""NIR files that neurodeploy wrote, with the network in their metadata."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
from doors import networks
from mutate import json_text, spoil_bytes, spoil_hdf5, spoil_plain

import neurodeploy as nd
from neurodeploy.exporters import LOSSES
from neurodeploy.exporters.nir.export import export_nir

FILE = "net.nir"
DOCUMENT = "node/metadata/neurodeploy_network"
PARTS = ("network", "tensors", "nodes")
ANSWERS = nd.ImportOptions(dt_s=1e-3, reset="zero", time_unit="s")


def make(folder: Path) -> None:
    networks.make(folder)
    nd.save(nd.load(folder / "net.nd.json"), folder / FILE, lossy="all")


def spoil_document(path: Path, dice) -> None:
    """Change the document: mostly the network and the table of arrays, which are read only if the digests are right."""
    with h5py.File(path, "r+") as file:
        document = json.loads(file[DOCUMENT][()])
        for _ in range(dice.choice((1, 1, 2, 3))):
            spoil_plain(document[dice.choice(PARTS)] if dice.random() < 0.9 else document, dice)
        text = json_text(document)
        del file[DOCUMENT]
        file[DOCUMENT] = (text if isinstance(text, str) else text.decode("utf-8", "replace")).replace("\x00", "")


def mutate(folder: Path, dice) -> None:
    path, how = folder / FILE, dice.random()
    try:
        if how < 0.1:
            spoil_bytes(path, dice)
        elif how < 0.25:
            spoil_hdf5(path, dice)
        else:
            spoil_document(path, dice)
    except (KeyError, ValueError, TypeError, AttributeError, OSError, RuntimeError, MemoryError, UnicodeError):
        return


def use(folder: Path) -> None:
    path = folder / FILE
    try:
        network = nd.load(path, kind=nd.Imported).network
    except nd.DiagnosticError:
        network = nd.load(path, ANSWERS, kind=nd.Imported).network
    export_nir(network, LOSSES)
