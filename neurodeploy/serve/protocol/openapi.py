"""The OpenAPI document of the models that are served, and a page that says the same in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from neurodeploy import __version__
from neurodeploy.serve.inference.models import Model, Models
from neurodeploy.serve.options import Limits, ServeOptions
from neurodeploy.serve.protocol.binary import HEADER_LENGTH
from neurodeploy.serve.protocol.datatypes import DATATYPES
from neurodeploy.serve.protocol.examples import request_example
from neurodeploy.serve.protocol.metadata import InputForm, available_inputs, available_outputs
from neurodeploy.serve.protocol.parameters import PARAMETERS

__all__ = ["openapi_document"]

Schema = dict[str, Any]
JSON, BYTES = "application/json", "application/octet-stream"
OPENAPI = "3.1.0"
DESCRIPTION = (
    "Compiled spiking networks in the Open Inference Protocol V2. /v2/models/NAME/stream is a WebSocket: events in, spikes "
    "out as they come."
)
REFUSALS = {
    400: "What is wrong with the request, one finding for each fault.",
    401: "The token is missing, or another one.",
    403: "The request comes from a page of another site, or names another host.",
    404: "There is no such model, version or address.",
    408: "The request did not arrive in time.",
    413: "The request is larger than the server allows.",
    415: "The body has a type or a compression that the server does not read.",
    421: "The request names another host.",
    500: "A defect of the server, with the code ND901.",
    503: "The server is busy, or ends. Retry-After says when to ask again.",
}
"""Status of HTTP -> meaning. Every one has the body of an error."""
ALWAYS = (401, 403, 408, 421, 503)
"""Statuses that every address may answer with."""


def openapi_document(
    models: Models, options: ServeOptions, further: Mapping[str, Mapping[str, Any]] | None = None
) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document: every model by its own name, with the names, types and shapes of its tensors.

    `options`: of the server, for its limits and whether it needs a token. `further`: paths of other groups of addresses, in
    the form of the field `paths`.
    """
    paths: dict[str, Any] = {**_server_paths(), **(further or {})}
    for versions in models.by_name.values():
        paths |= _model_paths(versions, options.limits)
    document: dict[str, Any] = {
        "openapi": OPENAPI,
        "info": {
            "title": "neurodeploy",
            "version": __version__,
            "description": DESCRIPTION,
        },
        "paths": paths,
        "components": {"schemas": _schemas(), "responses": dict(_refusals())},
    }
    if options.token is not None:
        document["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        document["security"] = [{"token": []}]
    return document


def _refusals() -> Iterator[tuple[str, Schema]]:
    """The replies that refuse, by name: E and the status."""
    content = {JSON: {"schema": {"$ref": "#/components/schemas/Error"}}}
    for status, text in REFUSALS.items():
        yield f"E{status}", {"description": text, "content": content}


def _operation(name: str, text: str, reply: Schema | None, *further: int, **fields: Any) -> Schema:
    """One operation: its reply in JSON, and the statuses with which it may refuse. `reply`: None for any object."""
    statuses = sorted({*ALWAYS, *further})
    refusals = {str(status): {"$ref": f"#/components/responses/E{status}"} for status in statuses}
    content = {JSON: {"schema": reply or {"type": "object"}}}
    responses: Schema = {"200": {"description": "OK", "content": content}, **refusals}
    return {"operationId": name, "summary": text, "responses": responses, **fields}


def _server_paths() -> Schema:
    """Addresses that do not name a model."""
    ready: Schema = {"type": "object", "required": ["ready"], "properties": {"ready": {"type": "boolean"}}}
    unready = {"description": "The server takes no requests.", "content": {JSON: {"schema": {"type": "object"}}}}
    health = _operation("ready", "Whether the server takes requests", ready)
    health["responses"]["503"] = unready
    flag = {"type": "object", "additionalProperties": False, "properties": {"ready": {"type": "boolean"}}}
    body = {"required": False, "content": {JSON: {"schema": flag}}}
    index = {"type": "array", "items": {"$ref": "#/components/schemas/Indexed"}}
    listed = _operation("index", "Every version of every model", index, 400, 413, requestBody=body)
    text = {"schema": {"type": "string"}}
    metrics = _operation("metrics", "Metrics for Prometheus", None)
    metrics["responses"]["200"]["content"] = {"text/plain": text, "application/openmetrics-text": text}
    return {
        "/metrics": {"get": metrics},
        "/v2": {"get": _operation("server", "Name, version and extensions of the server", None)},
        "/v2/health/live": {"get": _operation("live", "Whether the server lives", None)},
        "/v2/health/ready": {"get": health},
        "/v2/models": {"get": _operation("models", "The models that are served", None)},
        "/v2/repository/index": {"post": listed},
    }


def _model_paths(versions: tuple[Model, ...], limits: Limits) -> Schema:
    """Addresses of one model: of its newest version, and of each version."""
    newest, served = versions[-1], [item.version for item in versions]
    version = {"name": "version", "in": "path", "required": True, "schema": {"type": "string", "enum": served}}
    paths = dict[str, Any]()
    empty = {"required": False, "content": {JSON: {"schema": _object((), {})}}}
    load = _operation(f"{newest.name}-load", "Load its file now", None, 400, 404, 413, requestBody=empty)
    paths[f"/v2/repository/models/{newest.name}/load"] = {"post": load}
    for suffix, tail, fields in (("", "", {}), ("-version", "/versions/{version}", {"parameters": [version]})):
        base, name = f"/v2/models/{newest.name}{tail}", f"{newest.name}{suffix}"
        metadata = {"$ref": "#/components/schemas/Metadata"}
        ready = _operation(f"{name}-ready", "Whether the model takes requests", None, 404)
        ready["responses"]["503"] = {"description": "It does not.", "content": {JSON: {"schema": {"type": "object"}}}}
        paths[base] = {"get": _operation(f"{name}-metadata", "What the model takes and gives", metadata, 404), **fields}
        paths[f"{base}/ready"] = {"get": ready, **fields}
        paths[f"{base}/config"] = {"get": _operation(f"{name}-config", "Its tensors", None, 404), **fields}
        paths[f"{base}/infer"] = {"post": _inference(newest, f"{name}-infer", limits), **fields}
        drift = _operation(f"{name}-drift", "Its activity against that of its calibration", None, 404)
        paths[f"{base}/drift"] = {"get": drift, **fields}
    return paths


def _inference(model: Model, name: str, limits: Limits) -> Schema:
    """The operation of inference of a model."""
    reply = {"$ref": "#/components/schemas/Reply"}
    made = _operation(name, f"Run samples on model '{model.name}'", reply, 400, 404, 413, 415, 500)
    made["responses"]["200"]["content"][BYTES] = {"schema": {"type": "string", "format": "binary"}}
    content: Schema = {"schema": _request_schema(model, limits)}
    example = request_example(model)
    if example is not None:
        content["example"] = example
    text = f"A JSON document whose bytes the header {HEADER_LENGTH} counts, and behind it the bytes of tensors"
    binary = {"schema": {"type": "string", "format": "binary", "description": text}}
    made["requestBody"] = {"required": True, "content": {JSON: content, BYTES: binary}}
    length = {"type": "integer", "minimum": 0}
    made["parameters"] = [{"name": HEADER_LENGTH, "in": "header", "required": False, "schema": length}]
    return made


def _request_schema(model: Model, limits: Limits) -> Schema:
    """The schema of a request to a model, with the names of its inputs and outputs."""
    forms = [_form_schema(item.name, form, limits) for item in available_inputs(model) for form in item.forms]
    n_inputs = len(available_inputs(model))
    inputs: Schema = {"type": "array", "minItems": n_inputs, "maxItems": n_inputs}
    if forms:
        inputs["items"] = {"anyOf": forms}
    names = [item.name for item in available_outputs(model)]
    binary: Schema = {
        "type": "object",
        "additionalProperties": False,
        "properties": {"binary_data": {"type": "boolean"}},
    }
    output = _object(("name",), {"name": {"type": "string", "enum": names}, "parameters": binary})
    parameters = {name: {**item.schema, "description": item.text} for name, item in PARAMETERS.items()}
    parameters["steps"]["maximum"], parameters["samples"]["maximum"] = limits.steps, limits.samples
    fields: Schema = {
        "id": {"type": "string", "maxLength": 1024},
        "inputs": inputs,
        "outputs": {"type": "array", "maxItems": len(names), "items": output},
        "parameters": _object((), parameters),
    }
    return _object(("inputs",), fields)


def _object(required: tuple[str, ...], properties: Schema) -> Schema:
    """An object without further fields."""
    made: Schema = {"type": "object", "additionalProperties": False, "properties": properties}
    return {**made, "required": list(required)} if required else made


def _form_schema(name: str, form: InputForm, limits: Limits) -> Schema:
    """The schema of one input in one form."""
    most = (limits.samples, limits.steps)
    axes = [
        {"type": "integer", "minimum": 0, "maximum": most[k > 0]} if n < 0 else {"const": n}
        for k, n in enumerate(form.shape)
    ]
    shape = {"type": "array", "prefixItems": axes, "items": False, "minItems": len(axes), "maxItems": len(axes)}
    size: Schema = _object((), {"binary_data_size": {"type": "integer", "minimum": 0}})
    fields: Schema = {
        "name": {"const": name},
        "datatype": {"type": "string", "enum": list(form.datatypes)},
        "shape": shape,
        "data": {"$ref": "#/components/schemas/Values"},
        "parameters": size,
    }
    return {**_object(("name", "datatype", "shape"), fields), "description": form.text}


def _schemas() -> Schema:
    """Schemas that all models share."""
    text, values = {"type": "string"}, {"$ref": "#/components/schemas/Values"}
    shape = {"type": "array", "items": {"type": "integer"}}
    tensor = {"name": text, "datatype": {"type": "string", "enum": list(DATATYPES)}, "shape": shape}
    described = {"type": "array", "items": _open(("name", "datatype", "shape"), tensor)}
    outputs = {"type": "array", "items": _open(("name", "datatype", "shape"), {**tensor, "data": values})}
    named = {"name": text, "versions": {"type": "array", "items": text}, "platform": text}
    reply = {"model_name": text, "model_version": text, "id": text, "outputs": outputs}
    said = {"parameters": {"type": "object"}}
    indexed = {"name": text, "version": text, "state": text, "reason": text}
    error = {"error": text, "findings": {"type": "array", "items": {"type": "object"}}}
    return {
        "Values": {
            "type": "array",
            "description": "Values in row-major order, flat or nested as the shape says; null where a result is not finite.",
            "items": {"anyOf": [{"type": ["number", "boolean", "null"]}, values]},
        },
        "Reply": _open(("model_name", "model_version", "outputs"), {**reply, **said}),
        "Metadata": _open(
            ("name", "versions", "platform", "inputs", "outputs"),
            {**named, "inputs": described, "outputs": described, **said},
        ),
        "Indexed": _open(tuple(indexed), indexed),
        "Error": _open(tuple(error), error),
    }


def _open(required: tuple[str, ...], properties: Schema) -> Schema:
    """An object that may have further fields."""
    return {"type": "object", "required": list(required), "properties": properties}
