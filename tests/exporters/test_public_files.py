"""Every public network file that is read goes out to NIR and comes back, with equal arrays and equal spikes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from factories import one_layer

import neurodeploy as nd
from neurodeploy.base.toml import parse_toml
from neurodeploy.simulate import encode, get_backend

STEPS = 40
ROWS = parse_toml((Path(__file__).parents[1] / "importers" / "real_files.toml").read_text(encoding="utf-8"))
FIELDS = {"--dt": "dt_s", "--reset": "reset", "--from": "producer", "--time-unit": "time_unit"}
NIR, NETX = {"dt_s": 1e-3, "reset": "zero"}, {"dt_s": 1e-3}
CASES = {
    **{f"cases/{name}.nd.json": {} for name in ("event-files/dvs", "resume/relay", "ties/eighth")},
    **{f"cases/netx-{name}.net": NETX for name in ("delay/a", "delay/d", "odd-weights/a", "plain-shapes/a", "plain-shapes/c", "recurrent/a")},
    **{f"cases/nir-{name}.nir": NIR for name in ("flatten/b", "padding/b", "readout/a", "scale/e", "skip/a")},
    "cases/nir-delay/b.nir": {**NIR, "time_unit": "ms"},
}  # fmt: skip
LARGE = ("bootstrap", "pilotnet", "ndns", "ntidigits")
"""Parts of the names of files that are left to the slow run."""


def answers(row):
    words = row["options"].split()
    given = dict(zip(words[::2], words[1::2], strict=True))
    return {FIELDS[flag]: float(value) if flag == "--dt" else value for flag, value in given.items()}


FILES = {
    **{f"real_inputs/{name}": answers(row) for name, row in ROWS.items() if "findings" not in row},
    **CASES,
}
"""Files that are read -> their options."""


def read(folder, file):
    """The network of a file; its importer's tests are about the warnings."""
    if not (folder / file).is_file():
        pytest.skip(f"'{folder / file}' is missing and cannot be had: it is a network file of another project")
    return nd.load(folder / file, nd.ImportOptions(**FILES[file]) if FILES[file] else None, kind=nd.Imported).network


def spikes(network):
    rng = np.random.default_rng(3)
    values = {item.name: (rng.random((1, STEPS, *item.shape)) < 0.5).astype(np.uint8) for item in network.inputs}
    small = nd.compile(one_layer(nd.If(v_threshold=1.0), np.eye(2), output="out"), "loihi1")
    program = small.model_copy(update={"network": network})  # the reference reads nothing else
    stimulus = encode(network, nd.SampleValues(values=values))
    recording = get_backend("reference").run(program, stimulus, steps=STEPS)
    return {name: rows.tolist() for name, rows in recording.spikes.items()}


def marked(file):
    return pytest.param(file, marks=[pytest.mark.slow] if any(word in file for word in LARGE) else [])


@pytest.mark.parametrize("file", [marked(file) for file in FILES])
def test_a_public_file_comes_back(file, tmp_path, reference_data):
    network = read(reference_data, file)
    nd.save(network, tmp_path / "a.nir", lossy="all")
    assert nd.load(tmp_path / "a.nir") == network
    as_nir = nd.ImportOptions(producer="nir", dt_s=network.time.dt_s, time_unit="s", reset="zero")
    graph = nd.load(tmp_path / "a.nir", as_nir, kind=nd.Imported).network
    if any(hasattr(item.neuron, "sends_values") for item in network.populations):
        return  # integers: the graph has other numbers, in other units
    assert_equal_arrays(network, graph)


def assert_equal_arrays(network, graph):
    """Weights, delays and parameters of the graph alone are those of the network, wherever it holds them as they are."""
    own, compared = {item.name: item for item in network.projections}, 0
    for item in graph.projections:
        if item.name in own and own[item.name].operation.kind in (
            "dense",
            "conv1d",
            "conv2d",
            "sum_pool2d",
            "avg_pool2d",
        ):
            compared += 1
            assert item.operation == own[item.name].operation
            assert np.array_equal(item.delay_steps, own[item.name].delay_steps)
    assert compared or not any(item.operation.kind == "dense" for item in network.projections)
    for item in graph.populations:
        mine, graphs = network.population_by_name[item.name].neuron, item.neuron
        for key in ("v_threshold", "r", "bias"):
            if hasattr(mine, key) and getattr(mine, "discretization", None) == getattr(graphs, "discretization", None):
                one, other = (np.broadcast_to(np.ravel(getattr(one, key)), (item.size,)) for one in (mine, graphs))
                assert np.array_equal(one, other)


SPIKING = {
    "real_inputs/nir_paper/03_rnn/braille_noDelay_noBias_subtract.nir": {"dt_s": 1e-4, "reset": "subtract"},
    "cases/nir-delay/b.nir": {"dt_s": 1e-3, "reset": "subtract", "time_unit": "ms"},
    "cases/nir-flatten/b.nir": NIR,
    "cases/nir-skip/a.nir": NIR,
}


@pytest.mark.parametrize("file", SPIKING)
def test_the_graph_alone_spikes_as_before(file, tmp_path, reference_data):
    """Read as NIR, without the metadata, and with the same answers as before, the graph is the same network."""
    given = {**SPIKING[file], "producer": "nir"}
    network = nd.load(reference_data / file, nd.ImportOptions(**given), kind=nd.Imported).network
    nd.save(network, tmp_path / "a.nir", lossy="all")
    graph = nd.load(tmp_path / "a.nir", nd.ImportOptions(**{**given, "time_unit": "s"}), kind=nd.Imported).network
    found = spikes(network)
    assert any(found.values())
    assert spikes(graph) == found
