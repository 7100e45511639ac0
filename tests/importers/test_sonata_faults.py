"""Damaged and hostile SONATA files end in findings, whatever value takes the place of another."""

from __future__ import annotations

import json
from itertools import product

import h5py
import numpy as np
import pytest
from factories import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sonata_circuits import small_circuit, spike_input, write_spikes

import neurodeploy as nd

ODD = [
    *(None, "", "text", "NULL", -1, 0, 0.5, float("nan"), float("inf"), 1e300, 2**62, True),
    *(
        [],
        [[1.0]],
        [-1, -1, -1, -1],
        {},
        {"a": 1},
        "../../etc/passwd",
        "$NOWHERE/a",
        "${HERE}${HERE}",
        "a\0b",
        "\ud800",
    ),
]
"""Values that take the place of others."""
STORED = [value for value in ODD if not isinstance(value, dict) and value is not None and "\0" not in str(value)]


def places(document, path=()):
    """Paths of all values of a document."""
    items = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    for key, value in items:
        yield (*path, key)
        yield from places(value, (*path, key))


def put(document, path, value):
    for key in path[:-1]:
        document = document[key]
    document[path[-1]] = value


def circuit(folder):
    write_spikes(folder / "in.h5", {0: [1.0], 1: [2.0]}, "lines")
    return small_circuit(folder, inputs={"a": spike_input("in.h5", "lines")})


def loads_or_is_refused(path):
    """Whether the circuit loads; otherwise every fault is a finding."""
    try:
        network = nd.load(path, kind=nd.Imported).network
    except nd.DiagnosticError as error:
        assert all(item.code and item.message for item in error.diagnostics)
        return False
    assert network.populations
    return True


def test_the_circuit_itself_loads(tmp_path):
    assert loads_or_is_refused(circuit(tmp_path))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["simulation_config.json", "circuit_config.json", "cell.json"])
def test_any_value_of_a_document(tmp_path, name):
    path = circuit(tmp_path)
    text = (tmp_path / name).read_text()
    for place, value in product(list(places(json.loads(text))), ODD):
        document = json.loads(text)
        put(document, place, value)
        (tmp_path / name).write_text(json.dumps(document))
        loads_or_is_refused(path)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["cells_nodes.h5", "lines_to_cells_edges.h5", "in.h5"])
def test_any_value_of_a_table(tmp_path, name):
    path = circuit(tmp_path)
    content = (tmp_path / name).read_bytes()
    with h5py.File(tmp_path / name) as file:
        names: list[str] = []
        file.visit(names.append)
    for item, value in product(names, [None, *STORED]):
        (tmp_path / name).write_bytes(content)
        with h5py.File(tmp_path / name, "r+") as file:
            del file[item]
            if value is not None and value != "\ud800":
                file[item] = np.zeros(0) if value == [] else value
        loads_or_is_refused(path)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["cells_node_types.csv", "lines_to_cells_edge_types.csv"])
def test_any_text_of_a_table_of_types(tmp_path, name):
    path = circuit(tmp_path)
    rows = [line.split(" ") for line in (tmp_path / name).read_text().splitlines()]
    words = ["", "NULL", '"', '""', "-1", "1e999", "nan", "a b", "\u2028", "0" * 5000, "../x", "nest:"]
    for row, column, word in product(range(len(rows)), range(len(rows[0])), words):
        changed = [list(line) for line in rows]
        changed[row][column] = word
        (tmp_path / name).write_text("\n".join(" ".join(line) for line in changed))
        loads_or_is_refused(path)


@settings(max_examples=examples(100), suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_any_byte_of_any_file(tmp_path, data):
    path = circuit(tmp_path)
    files = sorted(item for item in tmp_path.iterdir() if item.is_file())
    file = data.draw(st.sampled_from(files))
    content = bytearray(file.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    file.write_bytes(bytes(content[: data.draw(st.sampled_from([len(content), len(content) // 2]))]))
    loads_or_is_refused(path)
