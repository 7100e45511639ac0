"""The extension of binary tensors: a JSON document, and behind it the bytes of the tensors, little-endian and in their order."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurodeploy.diagnostics import DiagnosticError, about, finding
from neurodeploy.serve.inference.nouns import InferReply, InferRequest, Tensor
from neurodeploy.serve.protocol.datatypes import DATATYPES
from neurodeploy.serve.protocol.json_form import output_document, reply_document, request_of_json

__all__ = ["HEADER_LENGTH", "reply_body", "request_of_body"]

HEADER_LENGTH = "Inference-Header-Content-Length"
"""Header of HTTP: bytes of the JSON document at the start of a body."""
MOST_DIGITS = 18


def request_of_body(body: bytes, header_length: str | None) -> InferRequest:
    """Return the request in the body of a POST.

    `body`: uncompressed. `header_length`: the header Inference-Header-Content-Length; None: the body is JSON as a whole.
    Raises DiagnosticError: ND912, ND925, as `request_of_json`.
    """
    if header_length is None:
        return request_of_json(body)
    text = header_length.strip()
    if not (text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS):
        message = f"header {HEADER_LENGTH} is not a number of bytes"
        raise DiagnosticError("serve", (finding("ND912", about("request"), message),))
    length = int(text)
    if length > len(body):
        message = f"header {HEADER_LENGTH} is {length:,}, but the body has {len(body):,} bytes"
        raise DiagnosticError("serve", (finding("ND912", about("request"), message),))
    view = memoryview(body)
    return request_of_json(view[:length], view[length:])


def reply_body(reply: InferReply) -> tuple[bytes, int | None]:
    """Return the body of a reply, and the bytes of the JSON at its start; None if it is JSON as a whole."""
    if not reply.binary:
        return reply_document(reply, [output_document(item) for item in reply.outputs]), None
    outputs, parts = list[dict[str, Any]](), list[bytes]()
    for item in reply.outputs:
        if item.name not in reply.binary:
            outputs.append(output_document(item))
            continue
        parts.append(_bytes_of(item))
        outputs.append(
            {
                "name": item.name,
                "datatype": item.datatype,
                "shape": list(item.array.shape),
                "parameters": {"binary_data_size": len(parts[-1])},
            }
        )
    document = reply_document(reply, outputs)
    return b"".join((document, *parts)), len(document)


def _bytes_of(item: Tensor) -> bytes:
    return np.ascontiguousarray(item.array, dtype=DATATYPES[item.datatype]).tobytes()
