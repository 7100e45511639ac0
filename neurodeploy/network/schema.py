"""Verb: the JSON Schema of a network document. Reads nothing."""

from __future__ import annotations

from typing import Any

from neurodeploy.network.network import Network

__all__ = ["json_schema"]


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of X.nd.json, with the table of tensors that stand in X.nd.npz."""
    schema = Network.model_json_schema()
    row = {
        "type": "object",
        "properties": {
            "file": {"type": "string"},
            "key": {"type": "string"},
            "dtype": {"type": "string"},
            "shape": {"type": "array", "items": {"type": "integer"}},
            "bytes": {"type": "integer"},
            "sha256": {"type": "string"},
        },
        "required": ["file", "key", "dtype", "shape", "sha256"],
    }
    schema["properties"]["tensors"] = {"type": "object", "additionalProperties": row}
    schema["title"] = "neurodeploy network"
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return schema
