"""The OpenAPI document: it is valid, its examples are answered, and requests made up from it find no defect of the server."""

from __future__ import annotations

import asyncio
import re

import httpx
import jsonschema
import numpy as np
import pytest
from factories import examples, network_of
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

import neurodeploy as nd
from neurodeploy.serve.in_thread import running
from neurodeploy.serve.inference.models import Model, Models
from neurodeploy.serve.options import ServeOptions
from neurodeploy.serve.protocol.examples import request_example
from neurodeploy.serve.protocol.openapi import openapi_document
from neurodeploy.serve.protocol.page import models_page

SECRET = SecretStr("a-token-of-sixteen-letters")


@pytest.fixture
def document(models, limits):
    return openapi_document(models, ServeOptions(limits=limits))


def schema_of(document, model):
    """The schema of a request, with what it refers to."""
    body = document["paths"][f"/v2/models/{model}/infer"]["post"]["requestBody"]
    return {**body["content"]["application/json"]["schema"], "components": document["components"]}


def test_every_model_has_its_own_addresses(document, models):
    for name in models.by_name:
        for tail in ("", "/ready", "/config", "/infer"):
            assert f"/v2/models/{name}{tail}" in document["paths"]
            version = document["paths"][f"/v2/models/{name}/versions/{{version}}{tail}"]["parameters"][0]
            assert version["schema"]["enum"] == [item.version for item in models.by_name[name]]


def test_every_reference_has_a_target_and_every_operation_a_name_of_its_own(document):
    text = str(document)
    for kind, name in re.findall(r"#/components/(\w+)/(\w+)", text):
        assert name in document["components"][kind], name
    names = re.findall(r"'operationId': '([^']+)'", text)
    assert len(names) == len(set(names)) > 20


def test_a_token_is_part_of_the_document_only_if_one_is_needed(models, document):
    assert "security" not in document
    guarded = openapi_document(models, ServeOptions(token=SECRET))
    assert guarded["security"] == [{"token": []}]
    assert SECRET.get_secret_value() not in str(guarded)


@pytest.mark.parametrize("model", ["values", "spikes", "events"])
def test_schemas_take_the_example_and_refuse_what_the_server_refuses(model, document, models):
    check = jsonschema.Draft202012Validator(schema_of(document, model))
    plain = request_example(models.model(model))
    check.validate(plain)
    item = plain["inputs"][0]
    assert not check.is_valid({**plain, "input": []})
    assert not check.is_valid({**plain, "inputs": []})
    assert not check.is_valid({**plain, "inputs": [item, item]})
    assert not check.is_valid({**plain, "inputs": [{**item, "name": "inn"}]})
    assert not check.is_valid({**plain, "inputs": [{**item, "datatype": "BYTES"}]})
    assert not check.is_valid({**plain, "inputs": [{**item, "shape": [-1, 4]}]})
    assert not check.is_valid({**plain, "outputs": [{"name": "output"}]})
    assert not check.is_valid({**plain, "parameters": {"steps": 0}})
    assert check.is_valid({**plain, "outputs": [{"name": "cells.counts", "parameters": {"binary_data": True}}]})


@pytest.mark.parametrize("model", ["values", "spikes", "events"])
def test_examples_are_answered(model, app, models):
    async def exchange():
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            served = (await client.get("/openapi.json")).json()
            content = served["paths"][f"/v2/models/{model}/infer"]["post"]["requestBody"]["content"]
            return await client.post(f"/v2/models/{model}/infer", json=content["application/json"]["example"])

    reply = asyncio.run(exchange())
    assert reply.status_code == 200, reply.text
    assert reply.json()["id"] == "example"


def test_a_long_example_is_left_out():
    wire = nd.dense("in", "cells", np.ones((3, 1600)))
    inputs = (nd.Input(name="in", shape=(40, 40), encoder="rate"),)
    cells = nd.Population(name="cells", shape=3, neuron=nd.Lif(tau_m_s=0.01, v_threshold=900.0))
    program = nd.compile(network_of([cells], [wire], inputs=inputs, outputs="cells"), "loihi2")
    models = Models({"net": (Model("net", program),)})
    assert "'example'" not in str(openapi_document(models, ServeOptions()))
    assert "curl" not in models_page(models)


@pytest.mark.slow
def test_requests_made_up_from_the_document_find_no_defect(models, limits):
    """Schemathesis makes requests that keep to the document, and requests that break it."""
    schemathesis = pytest.importorskip(
        "schemathesis", reason="schemathesis is missing and cannot be had: it comes with the `test` extra"
    )
    with running(models, ServeOptions(port=0, limits=limits)) as address:
        schema = schemathesis.openapi.from_url(f"{address}/openapi.json")
        check_operations(schemathesis, [item.ok() for item in schema.get_all_operations()])


def check_operations(schemathesis, operations):
    """Statuses, types and bodies of replies are those of the document; none is a defect of the server."""
    from schemathesis.specs.openapi import checks

    assert len(operations) > 20
    wanted = [
        schemathesis.checks.not_a_server_error,
        checks.status_code_conformance,
        checks.content_type_conformance,
        checks.response_schema_conformance,
        checks.negative_data_rejection,
    ]
    modes = [item.as_strategy(mode) for item in operations for mode in _modes(schemathesis, item)]
    modes += [item.as_strategy(headers={}) for item in operations if item.headers]  # as JSON as a whole
    health = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]

    @settings(max_examples=examples(1000), deadline=None, suppress_health_check=health, phases=[Phase.generate])
    @given(st.one_of(modes))
    def check(case):
        case.validate_response(case.call(), checks=wanted)

    check()


def _modes(schemathesis, operation):
    """Requests that break the document can be made only where there is something to break."""
    breakable = operation.body or operation.path_parameters or operation.headers
    return list(schemathesis.GenerationMode)[: 1 + bool(breakable)]
