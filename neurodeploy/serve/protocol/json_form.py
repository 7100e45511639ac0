"""Requests from JSON, and replies to JSON. The reader is strict: what it does not know, or would have to guess at, is refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray
from pydantic_core import to_json

from neurodeploy.diagnostics import Diagnostic, DiagnosticError, about, finding, to_plain
from neurodeploy.serve.inference.nouns import InferReply, InferRequest, Tensor, WantedOutput
from neurodeploy.serve.protocol.documents import json_object
from neurodeploy.serve.protocol.faults import fault, kind_of, not_offered, quoted, unknown_fields
from neurodeploy.serve.protocol.parameters import NO_PARAMETERS, ReadParameters, read_parameters
from neurodeploy.serve.protocol.tensors import read_tensor

__all__ = ["output_document", "reply_document", "request_of_json"]

FIELDS = ("id", "inputs", "outputs", "parameters")
REPEATED_BYTES = 2048
"""Bytes of a document that is kept, because the next request may have the same."""
LONGEST_ID = 1024
"""Letters of the id of a request, which its reply repeats."""


def request_of_json(body: bytes | memoryview, tail: memoryview | None = None) -> InferRequest:
    """Return the request of a JSON document.

    `body`: the document in UTF-8. `tail`: the bytes behind it, in which tensors with a binary_data_size lie in their order;
    None: the document is all. Raises DiagnosticError: ND912 (malformed), ND925 (what this server does not offer), all faults
    at once.
    """
    repeats = tail is not None and len(body) <= REPEATED_BYTES
    head = _head_again(bytes(body)) if repeats else _head_of(json_object(body))
    tensors, faults = _inputs(head.plain, tail)
    found = (*head.faults, *faults, *head.later_faults)
    if found:
        raise DiagnosticError("serve", found)
    wanted = head.wanted
    return InferRequest(tensors, head.outputs, head.plain.get("id", ""), wanted.run, wanted.binary and not head.outputs)


class _Head(NamedTuple):
    """What a document says besides the values of its inputs."""

    plain: dict[str, Any]
    """The document; never changed."""
    wanted: ReadParameters
    outputs: tuple[WantedOutput, ...]
    faults: tuple[Diagnostic, ...]
    """What is wrong with it before its inputs."""
    later_faults: tuple[Diagnostic, ...]
    """And behind them."""


def _head_of(plain: dict[str, Any]) -> _Head:
    """What a document says besides the values of its inputs, and what is wrong with that."""
    found = list(unknown_fields("", plain, FIELDS))
    wanted, faults = read_parameters(plain["parameters"]) if "parameters" in plain else (NO_PARAMETERS, [])
    found += faults
    outputs, faults = _outputs(plain["outputs"], binary=wanted.binary) if "outputs" in plain else ((), [])
    return _Head(plain, wanted, outputs, tuple(found), (*faults, *_id_faults(plain.get("id", ""))))


@lru_cache(256)
def _head_again(body: bytes) -> _Head:
    """The same of a document before bytes: clients send the same one again and again, and only the bytes differ."""
    return _head_of(json_object(body))


def _id_faults(given: object) -> Iterator[Diagnostic]:
    if not isinstance(given, str):
        yield fault("id", f"is {kind_of(given)}; needs a text")
    elif len(given) > LONGEST_ID:
        yield fault("id", f"has {len(given):,} letters; needs at most {LONGEST_ID:,}")


def _named(plain: object, field: str) -> tuple[list[dict[str, Any]], list[Diagnostic]]:
    """The objects of a list, each with a name of its own; and what is wrong with the list."""
    if not isinstance(plain, list):
        return [], [fault(field, f"is {kind_of(plain)}; needs a list")]
    items, found = list[dict[str, Any]](), list[Diagnostic]()
    for number, item in enumerate(cast("list[object]", plain)):
        where = f"{field}[{number}]"
        if not isinstance(item, dict):
            found.append(fault(where, f"is {kind_of(item)}; needs an object"))
            continue
        table = cast("dict[str, Any]", item)
        if isinstance(table.get("name"), str):
            items.append(table)
        else:
            found.append(fault(f"{where}.name", f"is {kind_of(table['name'])}" if "name" in table else "is missing"))
    if len(items) > 1:
        counts = Counter[str](item["name"] for item in items)
        found += [fault(f"{field}[{quoted(name)}]", f"is given {n:,} times") for name, n in counts.items() if n > 1]
    return items, found


def _options(item: dict[str, Any], where: str) -> tuple[dict[str, Any], list[Diagnostic]]:
    """The parameters of a tensor, and what is wrong with them as a whole."""
    plain = item.get("parameters")
    if plain is None and "parameters" not in item:
        return {}, []
    if not isinstance(plain, dict):
        return {}, [fault(f"{where}.parameters", f"is {kind_of(plain)}; needs an object")]
    table = cast("dict[str, Any]", plain)
    shared = [name for name in table if name.startswith("shared_memory")]
    if shared:
        message = "asks for shared memory, which this server does not read or write"
        return table, [not_offered(f"{where}.parameters.{quoted(shared[0])}", message, ["send the values, or bytes"])]
    return table, []


def _inputs(plain: dict[str, Any], tail: memoryview | None) -> tuple[tuple[Tensor, ...], list[Diagnostic]]:
    """The tensors of the inputs. Those with a binary_data_size share the bytes of `tail` in their order, and leave none."""
    if "inputs" not in plain:
        return (), [fault("inputs", "is missing")]
    items, found = _named(plain["inputs"], "inputs")
    tensors, used = list[Tensor](), 0
    for item in items:
        where = f"inputs[{quoted(item['name'])}]"
        size, faults = _bytes_behind(item, where, None if tail is None else len(tail) - used)
        found += faults
        if faults:
            continue
        raw = None if size is None or tail is None else tail[used : used + size]
        used += size or 0
        tensor, faults = read_tensor(item, raw, where)
        found += faults
        tensors += [] if tensor is None else [tensor]
    if tail is not None and used != len(tail) and not found:
        message = f"has {len(tail) - used:,} bytes behind its document that belong to no input"
        found.append(finding("ND912", about("request"), message))
    return tuple(tensors), found


def _bytes_behind(item: dict[str, Any], where: str, left: int | None) -> tuple[int | None, list[Diagnostic]]:
    """How many bytes behind the document are this input's. `left`: how many there are; None: the request has none."""
    table, found = _options(item, where)
    found += [] if found else unknown_fields(f"{where}.parameters", table, ("binary_data_size",))
    if found or "binary_data_size" not in table:
        return None, found
    size, field = table["binary_data_size"], f"{where}.parameters.binary_data_size"
    if type(size) is not int or size < 0:
        return None, [fault(field, "needs a whole number of bytes, at least 0")]
    if left is None:
        fix = "send the header Inference-Header-Content-Length: the bytes of the JSON"
        return None, [fault(field, "announces bytes, but the request says that it is JSON only", [fix])]
    if size > left:
        return None, [fault(field, f"is more than the {left:,} bytes that are left behind the document")]
    return size, []


def _outputs(plain: object, *, binary: bool) -> tuple[tuple[WantedOutput, ...], list[Diagnostic]]:
    """The outputs that a request asks for. `binary`: whether they are bytes unless they say otherwise."""
    items, found = _named(plain, "outputs")
    outputs = list[WantedOutput]()
    for item in items:
        where = f"outputs[{quoted(item['name'])}]"
        table, faults = _options(item, where)
        found += [*faults, *unknown_fields(where, item, ("name", "parameters"))]
        if "classification" in table:
            message = "asks for the highest classes as texts, which this server does not write"
            fixes = [f"ask for the output '{quoted(item['name'])}.scores'"]
            found.append(not_offered(f"{where}.parameters.classification", message, fixes))
        elif not faults:
            found += unknown_fields(f"{where}.parameters", table, ("binary_data",))
        chosen = table.get("binary_data", binary)
        if type(chosen) is not bool:
            found.append(fault(f"{where}.parameters.binary_data", f"is {kind_of(chosen)}; needs true or false"))
        outputs.append(WantedOutput(item["name"], chosen is True))
    return tuple(outputs), found


def reply_document(reply: InferReply, outputs: Sequence[dict[str, Any]]) -> bytes:
    """Return the JSON document of a reply whose outputs are written as `outputs`. Numbers that are not finite become null."""
    plain: dict[str, Any] = {"model_name": reply.model, "model_version": reply.version}
    if reply.id:
        plain["id"] = reply.id
    parameters = dict(reply.parameters)
    if reply.findings:
        parameters["findings"] = [to_plain(item) for item in reply.findings]
    if parameters:
        plain["parameters"] = parameters
    plain["outputs"] = outputs
    return to_json(plain, inf_nan_mode="null")


def output_document(item: Tensor) -> dict[str, Any]:
    """Return an output as the document of a reply holds it."""
    array: NDArray[Any] = np.ravel(item.array)
    return {
        "name": item.name,
        "datatype": item.datatype,
        "shape": list(item.array.shape),
        "data": array.tolist(),
    }
