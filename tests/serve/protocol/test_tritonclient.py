"""The client of the inference protocol that NVIDIA publishes, against a real server."""

from __future__ import annotations

import numpy as np
import pytest

import neurodeploy as nd
from neurodeploy.serve.in_thread import running
from neurodeploy.serve.options import ServeOptions

tritonclient = pytest.importorskip(
    "tritonclient.http", reason="tritonclient is missing and cannot be had: it comes with the `test` extra"
)
from tritonclient.utils import InferenceServerException  # noqa: E402

LEVELS = np.random.default_rng(5).random((6, 4)).astype(np.float32)
ROWS = np.array([[0, 1, 0], [0, 2, 4], [1, 1, 3], [2, 3, 1]], dtype=np.int32)


@pytest.fixture(scope="module")
def client(models, limits):
    with running(models, ServeOptions(port=0, limits=limits)) as address:
        made = tritonclient.InferenceServerClient(address.removeprefix("http://"), network_timeout=30)
        yield made
        made.close()


def given(array, datatype="FP32", *, binary=True):
    item = tritonclient.InferInput("in", list(array.shape), datatype)
    item.set_data_from_numpy(array, binary_data=binary)
    return [item]


def asked(*names, binary=True):
    return [tritonclient.InferRequestedOutput(name, binary_data=binary) for name in names]


def refused(call, *arguments, **options):
    with pytest.raises(InferenceServerException) as caught:
        call(*arguments, **options)
    return caught.value


def test_health(client):
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("values")
    assert not client.is_model_ready("valves")


def test_metadata(client, models):
    older, newer = models.by_name["values"]
    assert client.get_server_metadata()["name"] == "neurodeploy"
    plain = client.get_model_metadata("values")
    assert plain["versions"] == [older.version, newer.version]
    assert plain["inputs"][0]["datatype"] == "FP32"
    assert client.get_model_metadata("values", older.version)["parameters"]["version"] == older.version
    assert client.get_model_config("values")["input"][0]["data_type"] == "TYPE_FP32"
    assert {item["name"] for item in client.get_model_repository_index()} == {"values", "spikes", "events"}


@pytest.mark.parametrize("binary_in", [True, False])
@pytest.mark.parametrize("binary_out", [True, False])
def test_outputs_are_those_of_nd_run(client, programs, binary_in, binary_out):
    recording = nd.run(programs["values"], LEVELS)
    outputs = asked("out", "out.scores", "cells.counts", binary=binary_out)
    result = client.infer("values", given(LEVELS, binary=binary_in), outputs=outputs, request_id="seven")
    assert result.get_response()["id"] == "seven"
    assert result.as_numpy("out").tolist() == nd.answers(programs["values"], recording).tolist()
    counts = result.as_numpy("cells.counts")
    assert counts.dtype == np.int64
    assert counts.tolist() == recording.spike_counts("cells", 3).tolist()
    assert result.as_numpy("out.scores").tolist() == counts.tolist(), "scores of a spike count"


def test_no_outputs_asked_for_are_those_of_the_network(client, programs):
    result = client.infer("values", given(LEVELS))
    assert [item["name"] for item in result.get_response()["outputs"]] == ["out"]
    assert (
        result.as_numpy("out").tolist() == nd.answers(programs["values"], nd.run(programs["values"], LEVELS)).tolist()
    )


def test_versions(client, models):
    older = models.by_name["values"][0]
    result = client.infer("values", given(LEVELS), model_version=older.version, outputs=asked("cells.counts"))
    wanted = nd.run(older.program, LEVELS).spike_counts("cells", 3)
    assert result.get_response()["model_version"] == older.version
    assert result.as_numpy("cells.counts").tolist() == wanted.tolist()


def test_rows_of_events_and_parameters(client, programs):
    parameters = {"steps": 9, "samples": 5}
    result = client.infer("spikes", given(ROWS, "INT32"), outputs=asked("cells.counts"), parameters=parameters)
    samples = nd.SampleValues(values={"in": ROWS}, n_samples=5)
    wanted = nd.run(programs["spikes"], samples, steps=9).spike_counts("cells", 3)
    assert result.as_numpy("cells.counts").tolist() == wanted.tolist()


@pytest.mark.parametrize("way", ["gzip", "deflate"])
def test_compression(client, way):
    options = {"request_compression_algorithm": way, "response_compression_algorithm": way}
    plain = client.infer("values", given(LEVELS)).as_numpy("out")
    assert client.infer("values", given(LEVELS), **options).as_numpy("out").tolist() == plain.tolist()


def test_requests_in_flight_at_once(client):
    waiting = [client.async_infer("values", given(LEVELS[k : k + 1])) for k in range(6)]
    one_by_one = [int(item.get_result().as_numpy("out")[0]) for item in waiting]
    assert one_by_one == client.infer("values", given(LEVELS)).as_numpy("out").tolist()


def test_errors_have_our_text(client):
    assert "did you mean 'values'?" in refused(client.infer, "valves", given(LEVELS)).message()
    found = refused(client.infer, "values", given(LEVELS[:, :3]))
    assert found.status() == "400"
    assert "ND505: input 'in'" in found.message()
    assert "did you mean 'steps'?" in refused(client.infer, "values", given(LEVELS), parameters={"step": 3}).message()
    assert "ND911" in refused(client.get_model_metadata, "values", "12").message()


def test_what_the_server_does_not_offer_is_refused(client):
    assert "ND925" in refused(client.infer, "values", given(LEVELS), sequence_id=3, sequence_start=True).message()
    assert "ND925" in refused(client.infer, "values", given(LEVELS), priority=2).message()
    classes = [tritonclient.InferRequestedOutput("out", class_count=2)]
    assert "ND925" in refused(client.infer, "values", given(LEVELS), outputs=classes).message()
    words = tritonclient.InferInput("in", [1, 1], "BYTES")
    words.set_data_from_numpy(np.array([["two"]], dtype=np.object_))
    assert "ND925" in refused(client.infer, "values", [words]).message()
    assert "ND925" in refused(client.unload_model, "values").message()
    assert client.infer("values", given(LEVELS), timeout=30_000_000).as_numpy("out").shape == (6,)
