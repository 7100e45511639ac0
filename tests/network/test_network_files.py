"""Files of networks, programs and recordings: round trips, identical bytes, and damaged or hostile files."""

from __future__ import annotations

import json
import zipfile

import numpy as np
import pytest
from factories import examples, network_of
from hypothesis import given, settings
from hypothesis import strategies as st

import neurodeploy as nd
from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.io.archive import sealed_bytes
from neurodeploy.network import Dense
from neurodeploy.network.files import load_network, save_network
from neurodeploy.network.migrations import migrate
from neurodeploy.network.schema import json_schema
from neurodeploy.program import load_program, save_program


@st.composite
def networks(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    size, n_in = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    per_neuron = lambda low, high: (
        rng.uniform(low, high, size) if draw(st.booleans()) else float(rng.uniform(low, high))
    )  # noqa: E731
    kinds = [
        nd.If(v_threshold=per_neuron(1, 2), r=per_neuron(0.1, 1)),
        nd.Lif(tau_m_s=per_neuron(0.01, 0.1), v_threshold=1.0, reset=draw(st.sampled_from(["zero", "subtract"]))),
        nd.CubaLif(tau_m_s=0.02, tau_syn_s=per_neuron(0.01, 0.1), v_threshold=1.0, bias=0.1, discretization="exact"),
        nd.Li(tau_m_s=0.02),
    ]
    weights = rng.normal(size=(size, n_in)).astype(draw(st.sampled_from([np.float32, np.float64])))
    make = draw(st.sampled_from([nd.dense, nd.sparse]))
    return network_of(
        (nd.Population(name="cells", shape=size, neuron=draw(st.sampled_from(kinds))),),
        (make("in", "cells", weights, delay_steps=draw(st.integers(0, 3))),),
        inputs=(nd.Input(name="in", shape=n_in, encoder=draw(st.sampled_from(["rate", "poisson", "latency"]))),),
        name="random",
        metadata={"note": "any", "list": [1, 2]},
    )


@settings(max_examples=examples(40), deadline=None)
@given(networks())
def test_a_network_survives_its_file_and_equal_networks_give_equal_bytes(tmp_path_factory, network):
    folder = tmp_path_factory.mktemp("net")
    save_network(network, folder / "a.nd.json")
    again = load_network(folder / "a.nd.json")
    assert again == network
    bytes_of = lambda: [(folder / f"a.nd.{end}").read_bytes() for end in ("json", "npz")]  # noqa: E731
    first = bytes_of()
    save_network(again, folder / "a.nd.json")
    assert bytes_of() == first
    assert np.load(folder / "a.nd.npz")  # any numpy reads the tensors


def example():
    return network_of(
        (nd.Population(name="cells", shape=2, neuron=nd.Lif(tau_m_s=0.02, v_threshold=1.0)),),
        (nd.dense("in", "cells", np.arange(6.0).reshape(2, 3)),),
        inputs=3,
        outputs="cells",
    )


def test_weights_may_be_written_by_hand(tmp_path):
    save_network(example(), tmp_path / "a.nd.json")
    document = json.loads((tmp_path / "a.nd.json").read_text())
    document["projections"][0]["operation"]["weights"] = [[0.0, 1, 2], [3, 4, 5]]
    del document["tensors"]
    (tmp_path / "b.nd.json").write_text(json.dumps(document))
    assert load_network(tmp_path / "b.nd.json") == example()


def test_a_failed_save_leaves_the_old_files_whole(tmp_path, monkeypatch):
    save_network(example(), tmp_path / "a.nd.json")
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(DiagnosticError, match="No space left on device"):
        save_network(example().model_copy(update={"name": "other"}), tmp_path / "a.nd.json")
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


@pytest.mark.parametrize("cut", [2, 40, 400])
@pytest.mark.parametrize("suffix", ["nd.json", "nd.npz", "ndp"])
def test_every_truncation_is_a_finding(tmp_path, cut, suffix):
    save_network(example(), tmp_path / "a.nd.json")
    save_program(nd.compile(example(), "loihi1"), tmp_path / "a.ndp")
    file = tmp_path / f"a.{suffix}"
    file.write_bytes(file.read_bytes()[:-cut])
    with pytest.raises(DiagnosticError) as error:
        load_program(file) if suffix == "ndp" else load_network(tmp_path / "a.nd.json")
    assert {item.code for item in error.value.diagnostics} <= {"ND003", "ND004"}
    assert f"a.{suffix}" in str(error.value.diagnostics[0].subject)


@settings(max_examples=examples(120), deadline=None)
@given(position=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255))
def test_every_flipped_byte_of_a_program_is_reported_or_has_no_effect(tmp_path_factory, position, flip):
    program = PROGRAM[0] if PROGRAM else PROGRAM.append(nd.compile(example(), "loihi1")) or PROGRAM[0]
    data = bytearray(sealed_bytes(program, "neurodeploy-program"))
    data[int(position * len(data))] ^= flip
    file = tmp_path_factory.mktemp("flip") / "a.ndp"
    file.write_bytes(data)
    try:
        assert load_program(file) == program
    except DiagnosticError as error:
        assert {item.code for item in error.diagnostics} <= {"ND003", "ND004", "ND005", "ND006"}


PROGRAM: list = []


def test_a_program_survives_its_file_and_its_digest_is_its_content(tmp_path):
    program = nd.compile(example(), "loihi1")
    save_program(program, tmp_path / "a.ndp")
    again = load_program(tmp_path / "a.ndp")
    assert again == program
    assert again.digest() == program.digest()
    save_program(again, tmp_path / "b.ndp")
    assert (tmp_path / "a.ndp").read_bytes() == (tmp_path / "b.ndp").read_bytes()
    assert nd.compile(example().model_copy(update={"name": "other"}), "loihi1").digest() != program.digest()


@pytest.mark.parametrize(
    "table", ["out_core", "entry_target", "in_axon_list", "segment_format", "neuron", "in_axon_base"]
)
def test_a_resealed_program_whose_tables_point_outside_is_refused(tmp_path, table):
    program = nd.compile(two_layers(), "loihi1")
    values = getattr(program.tables, table).copy()
    values[-1] = 30000
    save_program(
        program.model_copy(update={"tables": program.tables.model_copy(update={table: values})}), tmp_path / "a.ndp"
    )
    with pytest.raises(DiagnosticError) as error:
        load_program(tmp_path / "a.ndp")
    assert error.value.diagnostics[0].code == "ND011"


def two_layers():
    network = example()
    second = nd.Population(name="second", shape=2, neuron=nd.Lif(tau_m_s=0.02, v_threshold=1.0))
    projections = (*network.projections, nd.dense("cells", "second", np.ones((2, 2))))
    return network.model_copy(update={"populations": (*network.populations, second), "projections": projections})


def test_an_archive_member_that_points_outside_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.ndp", "w") as archive:
        archive.writestr("../outside.txt", "")
    with pytest.raises(DiagnosticError, match="points outside the archive"):
        load_program(tmp_path / "a.ndp")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0, 0.0])
def test_invalid_time_constants_are_refused(tmp_path, value):
    save_network(example(), tmp_path / "a.nd.json")
    document = json.loads((tmp_path / "a.nd.json").read_text())
    document["populations"][0]["neuron"]["tau_m_s"] = value
    (tmp_path / "a.nd.json").write_text(json.dumps(document))
    with pytest.raises(DiagnosticError, match=r"populations\[cells\].neuron.tau_m_s"):
        load_network(tmp_path / "a.nd.json")


def test_documents_of_older_schemas_are_migrated():
    steps = {1: lambda d: {"renamed": d["old"]}, 2: lambda d: {**d, "new": 0}}
    assert migrate({"old": 5}, 1, to=3, steps=steps) == {"renamed": 5, "new": 0, "schema_version": 3}


def test_the_schema_names_the_fields_of_a_saved_document(tmp_path):
    save_network(example(), tmp_path / "a.nd.json")
    document, schema = json.loads((tmp_path / "a.nd.json").read_text()), json_schema()
    assert set(document) <= set(schema["properties"])
    assert schema["additionalProperties"] is False


def test_an_array_that_is_still_writable_elsewhere_is_copied():
    whole = np.arange(6.0)
    shaped, part = whole.reshape(2, 3), np.arange(12.0).reshape(2, 6)[:, :3]
    operation = Dense(weights=shaped)
    shaped.flags.writeable = part.flags.writeable = False  # `whole` is as it was
    again = Dense(weights=shaped)
    whole[:] = 9
    assert operation.weights.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert again.weights.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert not np.shares_memory(Dense(weights=part).weights, part)
    whole.flags.writeable = False
    assert np.shares_memory(Dense(weights=shaped).weights, whole)
