"""Every public network file that is read goes out to NIR and comes back, with equal arrays and equal spikes."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import numpy as np
import pytest

import neurodeploy as nd

ANSWERS = (
    {},
    {"dt_s": 1e-3},
    {"dt_s": 1e-3, "reset": "subtract"},
    {"dt_s": 1e-4, "reset": "subtract"},
    {"dt_s": 1e-3, "reset": "subtract", "time_unit": "step"},
)
"""Options that files need: the first ones with which a file is read are used."""
STEPS = 40
SHARED = Path(os.environ.get("NEURODEPLOY_REFERENCE_DATA", Path(__file__).parents[3] / "shared"))
FILES = sorted(
    file.relative_to(SHARED).as_posix()
    for folder in ("real_inputs", "cases")
    for suffix in ("nir", "net", "nd.json")
    for file in (SHARED / folder).rglob(f"*.{suffix}")
)
LARGE = 2**21
"""Size in bytes from which a file is left to the slow run."""


def read(file):
    """The network of a file, or None if it is at fault or not supported."""
    for answers in ANSWERS:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", nd.FindingWarning)
            try:
                return nd.load(file, nd.ImportOptions(**answers) if answers else None)
            except nd.DiagnosticError:
                continue
    return None


def spikes(network):
    rng = np.random.default_rng(3)
    values = {item.name: (rng.random((1, STEPS, *item.shape)) < 0.5).astype(np.uint8) for item in network.inputs}
    program = nd.compile(network, "loihi1")
    recording = nd.run(program, nd.SampleValues(values=values), backend="reference")
    return {name: rows.tolist() for name, rows in recording.spikes.items()}


def back_and_forth(file, folder):
    network = read(SHARED / file)
    if network is None:
        return None
    nd.save(network, folder / "a.nir", lossy="all")
    again = nd.load(folder / "a.nir")
    assert again == network
    graph = nd.load(
        folder / "a.nir", nd.ImportOptions(producer="nir", dt_s=network.time.dt_s, time_unit="s", reset="zero")
    )
    return network, again, graph


def parameters(files):
    sizes = {file: (SHARED / file).stat().st_size for file in files}
    return [pytest.param(file, marks=[pytest.mark.slow] if sizes[file] > LARGE else []) for file in files]


@pytest.mark.parametrize("file", parameters(FILES))
def test_a_public_file_comes_back(file, tmp_path, reference_data):
    found = back_and_forth(file, tmp_path)
    if found is None:
        return  # test_import_nir.py and test_import_netx.py hold what is read
    network, _, graph = found
    if any(hasattr(item.neuron, "sends_values") for item in network.populations):
        return  # integers: the graph has other numbers, in other units
    own = {item.name: item for item in network.projections}
    for item in graph.projections:
        if item.name in own and own[item.name].operation.kind != "chain":
            assert item.operation == own[item.name].operation
            assert np.array_equal(item.delay_steps, own[item.name].delay_steps)
    for item in graph.populations:
        mine, graphs = network.population_by_name[item.name].neuron, item.neuron
        for key in ("v_threshold", "r", "bias"):
            if hasattr(mine, key) and getattr(mine, "discretization", None) == getattr(graphs, "discretization", None):
                one, other = (np.broadcast_to(np.ravel(getattr(one, key)), (item.size,)) for one in (mine, graphs))
                assert np.array_equal(one, other)


def test_enough_public_files_are_read(reference_data):
    assert sum(read(SHARED / file) is not None for file in FILES if (SHARED / file).stat().st_size < LARGE) >= 25


SPIKING = {
    "real_inputs/nir_paper/03_rnn/braille_noDelay_noBias_subtract.nir": {"dt_s": 1e-4, "reset": "subtract"},
    "real_inputs/nir_paper/03_rnn/braille_noDelay_bias_zero.nir": {"dt_s": 1e-4, "reset": "zero"},
    "cases/nir-delay/b.nir": {"dt_s": 1e-3, "reset": "subtract", "time_unit": "ms"},
    "cases/nir-flatten/b.nir": {"dt_s": 1e-3, "reset": "zero"},
    "cases/nir-skip/a.nir": {"dt_s": 1e-3, "reset": "zero"},
}


@pytest.mark.parametrize("file", [file for file in SPIKING if file in FILES])
def test_the_graph_alone_spikes_as_before(file, tmp_path, reference_data):
    """Read as NIR, without the metadata, and with the same answers as before, the graph is the same network."""
    network = nd.load(SHARED / file, nd.ImportOptions(**SPIKING[file], producer="nir"))
    nd.save(network, tmp_path / "a.nir", lossy="all")
    answers = {**SPIKING[file], "producer": "nir", "time_unit": "s"}
    graph = nd.load(tmp_path / "a.nir", nd.ImportOptions(**answers))
    found = spikes(network)
    assert any(found.values())
    assert spikes(graph) == found
