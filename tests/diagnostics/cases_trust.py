"""Triggers of findings about files whose content contradicts itself."""

from __future__ import annotations

import zipfile

import numpy as np
from diagnostic_cases import cells, net

import neurodeploy as nd
from neurodeploy.io.archive import memory_limit_bytes
from neurodeploy.network.files import load_network, save_network
from neurodeploy.network.validate import validate
from neurodeploy.program.validate import program_findings


def contradiction(_):
    program = nd.compile(net(), "loihi1")
    table = program.tables.entry_delay.copy()
    table[-1] = 200
    return program_findings(
        program.model_copy(update={"tables": program.tables.model_copy(update={"entry_delay": table})})
    )


def unpacks_to_terabytes(_):
    save_network(net(), "net.nd.json")
    with zipfile.ZipFile("net.nd.npz") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000, 1000000), }"
    with zipfile.ZipFile("net.nd.npz", "w") as archive:
        for name in members:
            archive.writestr(name, b"\x93NUMPY\x01\x00" + np.uint16(len(header)).tobytes() + header)
    return load_network("net.nd.json")


def terabytes_of_neurons(_):
    return validate(net(populations=(cells(size=(100_000, 100_000)),), projections=()))


def limit_that_is_no_size(monkeypatch):
    monkeypatch.setenv("NEURODEPLOY_MEMORY_LIMIT", "lots")
    memory_limit_bytes()


CASES = {
    "ND011": contradiction,
    "ND012": unpacks_to_terabytes,
    "ND013": limit_that_is_no_size,
    "ND124": terabytes_of_neurons,
}
