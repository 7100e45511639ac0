"""The addresses of models and of inference: statuses, headers, and replies that are what nd.run gives."""

from __future__ import annotations

import asyncio
import gzip
import json
import zlib

import httpx
import numpy as np
import pytest
from factories import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import neurodeploy as nd
from neurodeploy.serve.app import make_app
from neurodeploy.serve.inference.models import load_models
from neurodeploy.serve.options import ServeOptions
from neurodeploy.serve.protocol.datatypes import DATATYPES
from neurodeploy.serve.service import Service

LEVELS = np.random.default_rng(3).random((5, 4)).astype(np.float32)
ROWS = np.array([[0, 1, 0], [0, 2, 4], [1, 1, 3], [2, 3, 1], [2, 4, 2]], dtype=np.int32)
EVENTS = np.array([[0, 0, 1, 2, 1], [0, 3, 0, 0, 0], [1, 2, 2, 1, 1]], dtype=np.int64)


def sender(app):
    """What sends one request to an application, and returns its reply."""

    def sent(method, path, **fields):
        async def exchange():
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
                return await client.request(method, path, **fields)

        return asyncio.run(exchange())

    return sent


@pytest.fixture
def send(app):
    return sender(app)


def tensor(array, *, name="in", datatype, binary=False):
    item = {"name": name, "datatype": datatype, "shape": list(array.shape)}
    if binary:
        return {**item, "parameters": {"binary_data_size": array.nbytes}}
    return {**item, "data": array.ravel().tolist()}


def arrays(reply):
    """Output -> array of a reply in either form."""
    length = reply.headers.get("Inference-Header-Content-Length")
    document = reply.content if length is None else reply.content[: int(length)]
    tail, found = b"" if length is None else reply.content[int(length) :], {}
    for item in json.loads(document)["outputs"]:
        size = item.get("parameters", {}).get("binary_data_size")
        if size is None:
            found[item["name"]] = np.array(item["data"], dtype=DATATYPES[item["datatype"]]).reshape(item["shape"])
        else:
            found[item["name"]] = np.frombuffer(tail[:size], DATATYPES[item["datatype"]]).reshape(item["shape"])
            tail = tail[size:]
    assert not tail, "bytes that belong to no output"
    return found


def expected(program, samples, **options):
    recording = nd.run(program, samples, **options)
    return {
        "out": nd.answers(program, recording),
        "cells.counts": recording.spike_counts("cells", 3),
    }


def assert_same(found, wanted):
    for name, array in wanted.items():
        assert found[name].tolist() == array.tolist(), name


WANTED = [{"name": "out"}, {"name": "cells.counts"}]
CASES = {
    "values": ("values", LEVELS, "FP32", {}),
    "values of FP64": ("values", LEVELS.astype(np.float64) / 3, "FP64", {"steps": 17}),
    "values of whole numbers": ("values", np.array([[0, 1, 1, 0]]), "INT64", {}),
    "flags": ("values", np.array([[0, 1, 1, 0], [1, 1, 0, 0]], dtype=np.bool_), "BOOL", {}),
    "a raster of flags": ("spikes", np.random.default_rng(2).random((2, 9, 5)) < 0.4, "BOOL", {}),
    "a raster": ("spikes", np.random.default_rng(1).integers(0, 2, (2, 9, 5)).astype(np.uint8), "UINT8", {}),
    "rows": ("spikes", ROWS, "INT32", {}),
    "rows and steps": ("spikes", ROWS.astype(np.int64), "INT64", {"steps": 12}),
    "events": ("events", EVENTS, "INT64", {}),
    "events for longer": ("events", EVENTS.astype(np.int32), "INT32", {"steps": 20, "samples": 4}),
}


@pytest.mark.parametrize("case", CASES)
def test_json_and_bytes_give_what_nd_run_gives(case, send, programs):
    name, array, datatype, parameters = CASES[case]
    options = {key: value for key, value in parameters.items() if key != "samples"}
    plain = array.astype(np.uint8) if datatype == "BOOL" else array
    samples = nd.SampleValues(values={"in": plain}, n_samples=parameters.get("samples"))
    wanted = expected(programs[name], samples, **options)
    document = {"inputs": [tensor(array, datatype=datatype)], "outputs": WANTED, "parameters": parameters}
    reply = send("POST", f"/v2/models/{name}/infer", json=document)
    assert reply.status_code == 200, reply.text
    assert reply.headers["content-type"] == "application/json"
    assert_same(arrays(reply), wanted)
    document["inputs"], document["parameters"] = (
        [tensor(array, datatype=datatype, binary=True)],
        {**parameters, "binary_data_output": True},
    )
    plain = json.dumps(document).encode()
    header = {"Inference-Header-Content-Length": str(len(plain))}
    reply = send("POST", f"/v2/models/{name}/infer", content=plain + array.tobytes(), headers=header)
    assert reply.status_code == 200, reply.text
    assert reply.headers["content-type"] == "application/octet-stream"
    assert_same(arrays(reply), wanted)


def test_a_reply_says_which_version_gave_it(send, models):
    older, newer = models.by_name["values"]
    document = {"id": "seven", "inputs": [tensor(LEVELS, datatype="FP32")]}
    plain = send("POST", "/v2/models/values/infer", json=document).json()
    assert (plain["model_name"], plain["model_version"], plain["id"]) == ("values", newer.version, "seven")
    assert [item["name"] for item in plain["outputs"]] == ["out"]
    plain = send("POST", f"/v2/models/values/versions/{older.version}/infer", json=document).json()
    assert plain["model_version"] == older.version


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_bodies_may_be_compressed(encoding, send):
    document = json.dumps({"inputs": [tensor(LEVELS, datatype="FP32")]}).encode()
    packed = gzip.compress(document) if encoding == "gzip" else zlib.compress(document)
    reply = send("POST", "/v2/models/values/infer", content=packed, headers={"Content-Encoding": encoding})
    assert reply.json()["outputs"] == send("POST", "/v2/models/values/infer", content=document).json()["outputs"]


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_long_replies_are_compressed_for_those_who_accept_it(encoding, send):
    raster = np.ones((64, 150, 5), dtype=np.uint8)
    document = {"inputs": [tensor(raster, datatype="UINT8")], "outputs": [{"name": "cells.spikes"}]}
    plain = send("POST", "/v2/models/spikes/infer", json=document, headers={"Accept-Encoding": "identity"})
    packed = send("POST", "/v2/models/spikes/infer", json=document, headers={"Accept-Encoding": encoding})
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == encoding
    assert packed.json() == plain.json()


REFUSED = {
    "no model": ("POST", "/v2/models/valves/infer", {"json": {"inputs": []}}, 404, "did you mean 'values'?"),
    "no version": ("POST", "/v2/models/values/versions/12/infer", {"json": {"inputs": []}}, 404, "ND911"),
    "no input": ("POST", "/v2/models/values/infer", {"json": {"inputs": []}}, 400, "'inputs[in]' is missing"),
    "another input": (
        "POST",
        "/v2/models/values/infer",
        {"json": {"inputs": [tensor(LEVELS, name="inn", datatype="FP32")]}},
        400,
        "'inputs[inn]' does not exist in model 'values', which has in (did you mean 'in'?)",
    ),
    "another output": (
        "POST",
        "/v2/models/values/infer",
        {"json": {"inputs": [tensor(LEVELS, datatype="FP32")], "outputs": [{"name": "cells.count"}]}},
        400,
        "did you mean 'cells.counts'?",
    ),
    "labels": (
        "POST",
        "/v2/models/values/infer",
        {"json": {"inputs": [tensor(LEVELS, datatype="FP32"), tensor(LEVELS, name="labels", datatype="FP32")]}},
        400,
        "'inputs[labels]' does not exist",
    ),
    "decided early without a margin": (
        "POST",
        "/v2/models/events/infer",
        {"json": {"inputs": [tensor(EVENTS, datatype="INT64")], "outputs": [{"name": "out.steps"}]}},
        400,
        "parameter margin",
    ),
    "another shape": (
        "POST",
        "/v2/models/values/infer",
        {"json": {"inputs": [tensor(LEVELS[:, :3], datatype="FP32")]}},
        400,
        "ND505: input 'in'",
    ),
    "no samples": (
        "POST",
        "/v2/models/values/infer",
        {"json": {"inputs": [tensor(LEVELS[:0], datatype="FP32")]}},
        400,
        "ND",
    ),
    "text": (
        "POST",
        "/v2/models/values/infer",
        {"content": b"{}", "headers": {"Content-Type": "text/plain"}},
        415,
        "ND927",
    ),
    "br": ("POST", "/v2/models/values/infer", {"content": b"{}", "headers": {"Content-Encoding": "br"}}, 415, "ND927"),
    "a bomb": (
        "POST",
        "/v2/models/values/infer",
        {"content": gzip.compress(bytes(1 << 22)), "headers": {"Content-Encoding": "gzip"}},
        413,
        "ND913",
    ),
    "unload": ("POST", "/v2/repository/models/values/unload", {}, 400, "cannot be unloaded"),
    "index": ("POST", "/v2/repository/index", {"json": {"ready": 1}}, 400, "'ready' is a whole number"),
    "index of text": ("POST", "/v2/repository/index", {"content": b"all"}, 400, "is not JSON"),
    "load with files": (
        "POST",
        "/v2/repository/models/values/load",
        {"json": {"parameters": {"config": "{}", "file:1/model.onnx": "AAAA"}}},
        400,
        "'parameters.config' asks for a model that the request brings along",
    ),
    "load with more": (
        "POST",
        "/v2/repository/models/values/load",
        {"json": {"path": "/etc"}},
        400,
        "'path' is not known",
    ),
    "load of list": ("POST", "/v2/repository/models/values/load", {"json": {"parameters": []}}, 400, "is a list"),
    "load of another": ("POST", "/v2/repository/models/valves/load", {}, 404, "ND910"),
    "no activity": ("GET", "/v2/models/values/drift", {}, 404, "ND946"),
    "ready": ("GET", "/v2/models/valves/ready", {}, 404, "ND910"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refusals_have_the_form_of_the_protocol(case, send):
    method, path, fields, status, text = REFUSED[case]
    reply = send(method, path, **fields)
    assert reply.status_code == status, reply.text
    plain = reply.json()
    assert text in plain["error"]
    assert plain["findings"]
    assert all(item["code"] in plain["error"] for item in plain["findings"])


TOO_MUCH = {
    "samples": ("values", np.zeros((65, 4), np.float32), "FP32", {}, "asks for 65 samples"),
    "samples of rows": ("spikes", np.array([[99, 1, 0]]), "INT64", {}, "asks for 100 samples"),
    "stated samples": ("spikes", ROWS, "INT32", {"samples": 65}, "asks for 65 samples"),
    "stated steps": ("values", LEVELS, "FP32", {"steps": 201}, "asks for 201 steps"),
    "steps of a raster": ("spikes", np.zeros((1, 300, 5), np.uint8), "UINT8", {}, "asks for 300 steps"),
    "steps of rows": ("spikes", np.array([[0, 2**31 - 2, 0]]), "INT64", {}, "asks for 2147483646 steps"),
    "steps of events": ("events", np.array([[0, 10**15, 0, 0, 0]]), "INT64", {}, "asks for 1000000000000001 steps"),
}


@pytest.mark.parametrize("case", TOO_MUCH)
def test_limits_are_held_against_what_a_request_asks_for_in_any_form(case, send):
    name, array, datatype, parameters, text = TOO_MUCH[case]
    document = {"inputs": [tensor(array, datatype=datatype)], "parameters": parameters}
    reply = send("POST", f"/v2/models/{name}/infer", json=document)
    assert reply.status_code == 413, reply.text
    assert text in reply.json()["error"]


def test_steps_that_are_stated_cut_later_rows_off(send):
    document = {"inputs": [tensor(np.array([[0, 1, 0], [0, 10**6, 0]]), datatype="INT64")], "parameters": {"steps": 5}}
    assert send("POST", "/v2/models/spikes/infer", json=document).status_code == 200


def test_addresses_of_models(send, models):
    assert send("GET", "/v2").json()["extensions"] == ["binary_tensor_data", "model_repository"]
    assert {item["name"] for item in send("GET", "/v2/models").json()["models"]} == {"values", "spikes", "events"}
    assert send("GET", "/v2/models/spikes").json()["platform"] == "neurodeploy"
    older = models.by_name["values"][0].version
    plain = send("GET", f"/v2/models/values/versions/{older}").json()
    assert plain["parameters"]["version"] == older
    assert send("GET", "/v2/models/values/config").json()["name"] == "values"
    assert send("GET", "/v2/models/values/ready").json()["ready"] is True
    assert len(send("POST", "/v2/repository/index").json()) == 4


def test_a_model_is_loaded_when_it_is_asked_for(models, tmp_path):
    file, (older, newer) = tmp_path / "values.ndp", models.by_name["values"]
    nd.save(older.program, file)
    service = Service(load_models([file]), ServeOptions())
    send = sender(make_app(service))
    assert send("POST", "/v2/repository/models/values/load").json()["version"] == older.version
    nd.save(newer.program, file)
    reply = send("POST", "/v2/repository/models/values/load", json={})
    assert reply.json() == {"name": "values", "version": newer.version, "state": "READY"}
    assert send("GET", "/v2/models/values").json()["versions"] == [older.version, newer.version]
    file.write_bytes(b"broken")
    reply = send("POST", "/v2/repository/models/values/load")
    assert reply.status_code == 400
    assert "ND922" in [item["code"] for item in reply.json()["findings"]]
    assert send("GET", "/v2/models/values").json()["versions"][-1] == newer.version
    service.close()


def test_a_server_that_ends_is_not_ready(send, service):
    service.ready = False
    assert send("GET", "/v2/models/values/ready").status_code == 503
    assert send("GET", "/v2/health/ready").status_code == 503
    assert send("POST", "/v2/repository/index", json={"ready": True}).json() == []
    assert send("GET", "/v2/health/live").status_code == 200


def test_the_page_names_what_is_served_and_loads_nothing(send):
    reply = send("GET", "/docs")
    assert "default-src 'none'" in reply.headers["content-security-policy"]
    assert "<script" not in reply.text
    for name in ("values", "spikes", "events", "cells.counts", "binary_data_output"):
        assert name in reply.text


small = st.integers(-3, 70) | st.sampled_from([2**31 - 1, 2**31 - 2, 2**40, -(2**63), 2**63 - 1])


@st.composite
def requests(draw):
    """A model, and a request that its reader accepts: what is wrong with it, only the run can know."""
    name = draw(st.sampled_from(["values", "spikes", "events"]))
    datatype = draw(st.sampled_from([*DATATYPES]))
    widths = {"values": [4, 3], "spikes": [3, 5], "events": [5, 4, 3]}[name]
    shape = [draw(st.integers(0, 3)), draw(st.sampled_from(widths))]
    if draw(st.booleans()):
        shape.insert(1, draw(st.integers(0, 3)))
    dtype = DATATYPES[datatype]
    count = int(np.prod(shape))
    numbers = draw(st.lists(small, min_size=count, max_size=count))
    bounds = (np.iinfo(dtype).min, np.iinfo(dtype).max) if dtype.kind in "iu" else (-60000, 60000)
    data = [number > 0 if datatype == "BOOL" else min(max(number, bounds[0]), bounds[1]) for number in numbers]
    parameters = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "steps": st.sampled_from([1, 2, 9]),
                "samples": st.integers(1, 4),
                "seed": st.integers(-(2**63), 2**63 - 1),
                "margin": st.floats(0, 10),
                "profile": st.booleans(),
                "learn": st.sampled_from(["apart", "sequential", "off"]),
            },
        )
    )
    plain = {"inputs": [{"name": "in", "datatype": datatype, "shape": shape, "data": data}], "parameters": parameters}
    outputs = draw(
        st.lists(
            st.sampled_from(["out", "out.scores", "out.steps", "cells.counts", "cells.spikes"]), unique=True, max_size=3
        )
    )
    return name, {**plain, "outputs": [{"name": item} for item in outputs]}


@settings(max_examples=examples(1500, 60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(requests())
def test_whatever_is_asked_is_answered_or_refused(send, asked):
    name, document = asked
    reply = send("POST", f"/v2/models/{name}/infer", json=document)
    assert reply.status_code in (200, 400, 413), reply.text
    assert json.loads(reply.content), "a document"
