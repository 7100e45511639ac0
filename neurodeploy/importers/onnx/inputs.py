"""Inputs of a graph: numbers of a fixed shape, with a batch axis of 1."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from neurodeploy.diagnostics import Diagnostic, about, finding
from neurodeploy.importers.onnx.constants import dtype_of, type_name
from neurodeploy.importers.onnx.graph import MOST_VALUES, Reading, Tensor
from neurodeploy.importers.onnx.order import Wanted
from neurodeploy.trained.network import legal_name

if TYPE_CHECKING:
    import onnx

__all__ = ["read_inputs"]

FIXED = "python -m onnxruntime.tools.make_dynamic_shape_fixed --input_name '{0}' --input_shape {1} {2} fixed.onnx"


def read_inputs(graph: onnx.GraphProto, reading: Reading, wanted: Wanted) -> list[Diagnostic]:
    """Add the inputs of `graph` that nodes read to `reading`; return what is wrong with them.

    `wanted`: the nodes. The first of two or more axes is the batch axis, unless all nodes that read the input add one.
    """
    found = list[Diagnostic]()
    for item in graph.input:
        if item.name in reading.values:
            continue
        if item.name not in wanted.readers and item.name not in wanted.outputs:
            reading.note("input", item.name, "input", "an input", "none", "dropped", "no node reads it")
            continue
        batched = len(item.type.tensor_type.shape.dim) > 1 and not _gets_batch(item.name, wanted)
        fault = _fault(item, reading.file, batched=batched)
        if fault is not None:
            found.append(fault)
            continue
        dims = [int(dim.dim_value) for dim in item.type.tensor_type.shape.dim]
        if batched and dims[0] != 1:
            reading.batch = max(dims[0], reading.batch)
            asked = str(dims[0]) if dims[0] else item.type.tensor_type.shape.dim[0].dim_param or "any"
            reading.note("input", item.name, "batch axis", asked, "1", "exact", "samples are computed one by one")
            dims[0] = 1
        tensor = Tensor(reading.free(legal_name(item.name)), tuple(dims), batched)
        reading.inputs[tensor.name] = tensor.inner
        reading.values[item.name] = tensor
        if tensor.name != item.name:
            reading.note(
                "input", item.name, "name", item.name, tensor.name, "exact", "letters that names here do not have"
            )
    return found


def _gets_batch(name: str, wanted: Wanted) -> bool:
    """Whether the nodes that read an input give it a batch axis."""
    return all(item.node.op_type == "Unsqueeze" for item in wanted.readers.get(name, []))


def _fault(item: Any, file: str, *, batched: bool) -> Diagnostic | None:
    """What is wrong with an input of a file, whose first axis may be the batch axis."""
    where, kind = about("input", item.name), item.type.WhichOneof("value")
    if kind != "tensor_type" or dtype_of(item.type.tensor_type.elem_type) is None:
        words = type_name(item.type.tensor_type.elem_type) if kind == "tensor_type" else str(kind).removesuffix("_type")
        message = f"holds values of type {words}; needs numbers"
        return finding("ND814", where, message, fixes=["export the part of the network that computes with numbers"])
    if not item.type.tensor_type.HasField("shape"):
        return finding("ND812", where, "has no shape", fixes=["export it with the shape of one sample"])
    dims = item.type.tensor_type.shape.dim
    first = int(batched)
    open_axes = [k for k in range(first, len(dims)) if not dims[k].HasField("dim_value") or dims[k].dim_value < 1]
    if open_axes or not dims:
        names = [f"{k} ('{dims[k].dim_param}')" if dims[k].dim_param else str(k) for k in open_axes]
        message = f"has no size on axis {', '.join(names)}; only the batch axis may be open" if dims else "has no axes"
        sizes = ",".join(
            str(d.dim_value) if d.dim_value > 0 else "SIZE" if k in open_axes else "1" for k, d in enumerate(dims)
        )
        return finding("ND812", where, message, fixes=[FIXED.format(item.name, sizes or "1,SIZE", file)])
    total = prod(int(dim.dim_value) for dim in dims[first:])
    if total > MOST_VALUES:
        message = "has more values than are read"
        return finding("ND815", where, message, found=total, limit=MOST_VALUES, fixes=["use smaller inputs"])
    return None
