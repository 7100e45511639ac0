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
            "file": {"type": "string", "description": "Name of the .npz beside the document."},
            "key": {"type": "string", "description": "Of the array in that file."},
            "dtype": {"type": "string", "description": "As numpy writes it, little-endian."},
            "shape": {"type": "array", "items": {"type": "integer"}, "description": "Sizes by axis."},
            "bytes": {"type": "integer", "description": "Of the values."},
            "sha256": {"type": "string", "description": "Of the little-endian values in C order."},
        },
        "required": ["file", "key", "dtype", "shape", "sha256"],
    }
    told = 'Arrays that stand in a file of their own, by the id that {"tensor": id} refers to.'
    schema["properties"]["tensors"] = {"type": "object", "description": told, "additionalProperties": row}
    schema["title"] = "neurodeploy network"
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return schema
