"""JSON Schema of network files."""

from __future__ import annotations

from typing import Any

from neurodeploy.network.network import Network

__all__ = ["json_schema"]


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of X.nd.json, including its table of the tensors in X.nd.npz."""
    schema = Network.model_json_schema()
    row = {
        "type": "object",
        "properties": {
            "file": {"type": "string", "description": "Name of the .npz file in the folder of the document."},
            "key": {"type": "string", "description": "Name of the array in that file."},
            "dtype": {"type": "string", "description": "numpy dtype, little-endian."},
            "shape": {"type": "array", "items": {"type": "integer"}, "description": "Sizes of the axes."},
            "bytes": {"type": "integer", "description": "Size of the values in bytes."},
            "sha256": {"type": "string", "description": "SHA-256 of the little-endian values in C order."},
        },
        "required": ["file", "key", "dtype", "shape", "sha256"],
    }
    meaning = 'Arrays stored in a separate file, by the id that {"tensor": id} refers to.'
    schema["properties"]["tensors"] = {"type": "object", "description": meaning, "additionalProperties": row}
    schema["title"] = "neurodeploy network"
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return schema
