"""Triggers of findings about SONATA circuits, and about files that are not what their suffix says."""

from __future__ import annotations

import zipfile
from pathlib import Path

from sonata_circuits import (
    VIRTUAL,
    point,
    small_circuit,
    spike_input,
    write_circuit,
    write_edges,
    write_nodes,
    write_spikes,
)

import neurodeploy as nd
from neurodeploy.importers import load

HERE = Path()


def another_content():
    with zipfile.ZipFile("model.nir", "w") as archive:
        archive.writestr("model/data.pkl", b"")
    load("model.nir")


def biophysical():
    rows = [{"node_type_id": 1, "model_type": "biophysical", "model_template": "ctdb:Biophys1.hoc"}]
    load(write_circuit(HERE, [write_nodes(HERE, "cells", [1, 1], rows)], []))


def without_weights():
    nodes = [write_nodes(HERE, "cells", [1], [point("nest:iaf_psc_exp")]), write_nodes(HERE, "lines", [3], [VIRTUAL])]
    load(write_circuit(HERE, nodes, [write_edges(HERE, "lines", "cells", [(0, 0)])]))


def missing_parameters():
    path = small_circuit(HERE)
    Path("cell.json").unlink()
    load(path)


def spikes_of_others():
    write_spikes(Path("in.h5"), {5: [1.0]})
    load(small_circuit(HERE, inputs={"a": spike_input("in.h5")}))


CASES = {
    "ND088": lambda _: another_content(),
    "ND089": lambda _: missing_parameters(),
    "ND090": lambda _: biophysical(),
    "ND091": lambda _: without_weights(),
    "ND092": lambda _: nd.load(small_circuit(HERE, reports={"v": {}}), kind=nd.Imported).findings,
    "ND093": lambda _: spikes_of_others(),
}
