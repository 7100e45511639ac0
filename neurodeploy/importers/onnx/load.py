"""ONNX models as trained networks.

The graph is read node by node with a batch of one sample: constants are computed, everything else becomes nodes of the
trained network. All faults are collected, so that one finding names every node that cannot be converted.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neurodeploy.diagnostics import Diagnostic, Subject, about, finding, raise_errors
from neurodeploy.importers.onnx.constants import NARROW, array_of, external_fault, is_external, type_name
from neurodeploy.importers.onnx.ending import ended
from neurodeploy.importers.onnx.faults import Fault
from neurodeploy.importers.onnx.files import STAGE, Opened, open_model
from neurodeploy.importers.onnx.graph import Item, Reading
from neurodeploy.importers.onnx.inputs import read_inputs
from neurodeploy.importers.onnx.order import Labelled, Wanted, wanted_nodes
from neurodeploy.importers.onnx.table import assumed, translated
from neurodeploy.trained.network import Read, TrainedInput, TrainedNetwork, legal_name

if TYPE_CHECKING:
    import onnx

__all__ = ["load_onnx"]

LISTED = 8
"""Nodes that one finding names."""
BROKEN = (ValueError, TypeError, IndexError, KeyError, AttributeError, ArithmeticError, MemoryError)
"""What numpy and nouns raise for values that no node may have."""


def load_onnx(model: Path | bytes | onnx.ModelProto) -> Read:
    """Return the network of an ONNX model: a path, bytes, or onnx.ModelProto.

    The batch axis is 1 and left out. Constants are folded, weights of two bytes become float32, quantized ones exact numbers.
    `model` is not changed, and nothing outside its folder is read.

    Raises DiagnosticError: ND800-ND804, ND806, ND810-ND815; for files ND001, ND012, ND088. All faults of the nodes at once.
    """
    opened = open_model(model)
    with np.errstate(all="ignore"):
        return _read(opened)


def _read(opened: Opened) -> Read:
    """The network of a model of a known version."""
    graph = opened.model.graph
    reading = Reading(opened.opset)
    reading.folder = opened.folder
    if opened.folder is not None:
        reading.file = opened.subject.name
    wanted = wanted_nodes(graph, opened.subject)
    found = [*_constants(graph, reading, wanted, opened), *read_inputs(graph, reading, wanted)]
    raise_errors(STAGE, found)
    for item in wanted.nodes:
        _read_node(reading, item)
    raise_errors(STAGE, _findings(reading))
    ending = ended(reading, list(wanted.outputs), opened.subject)
    _notes(reading, wanted, opened)
    network = TrainedNetwork(
        name=legal_name(opened.name),
        source="onnx",
        inputs=tuple(
            TrainedInput(name=name, shape=shape, sample_axes=ending.axes.get(name))
            for name, shape in reading.inputs.items()
        ),
        nodes=reading.nodes(),
        task=ending.task,
    )
    return Read(network=network, ledger=tuple(reading.ledger))


def _notes(reading: Reading, wanted: Wanted, opened: Opened) -> None:
    """Ledger lines of the whole model."""
    if opened.asked != opened.opset:
        note = "converted by onnx.version_converter"
        reading.note("model", opened.name, "opset", str(opened.asked), str(opened.opset), "exact", note)
    if wanted.left:
        names = ", ".join(item.name for item in wanted.left[:LISTED])
        note = f"no output needs them: {names}{', ...' if len(wanted.left) > LISTED else ''}"
        reading.note("model", opened.name, "nodes", f"{len(wanted.left)} more", "left out", "dropped", note)


def _constants(graph: Any, reading: Reading, wanted: Wanted, opened: Opened) -> list[Diagnostic]:
    """Read the stored constants that nodes need; -> what is wrong with those in other files."""
    away = dict[str, list[str]]()
    narrow = dict[int, list[str]]()
    for tensor in graph.initializer:
        if tensor.name not in wanted.readers and tensor.name not in wanted.outputs:
            reading.values.setdefault(tensor.name, np.zeros(1))
            continue
        why = external_fault(tensor, opened.folder) if is_external(tensor) else ""
        if why:
            away.setdefault(why, []).append(tensor.name)
            continue
        try:
            reading.values[tensor.name] = array_of(tensor, opened.folder)
        except Fault as fault:
            reading.values[tensor.name] = None
            reading.faults += [(item.name, fault) for item in wanted.readers.get(tensor.name, [])[:1]]
        if tensor.data_type in NARROW:
            narrow.setdefault(tensor.data_type, []).append(tensor.name)
    for tensor in graph.sparse_initializer:
        fault = Fault("ND800", "reads weights that are stored as a sparse tensor", "store them as a plain tensor")
        reading.values[tensor.values.name] = None
        reading.faults += [(item.name, fault) for item in wanted.readers.get(tensor.values.name, [])]
    for kind, names in narrow.items():
        reading.note("model", opened.name, "weights", f"{len(names)} tensors of {type_name(kind)}", "float32", "exact")
    return [_away(opened.subject, why, names) for why, names in away.items()]


def _away(subject: Subject, why: str, names: list[str]) -> Diagnostic:
    """The finding of weights whose bytes lie in another file and cannot be had."""
    listed = ", ".join(f"'{name}'" for name in names[:LISTED])
    more = f" and {len(names) - LISTED:,} more" if len(names) > LISTED else ""
    fixes = ["keep the file beside the model, and pass the model's path", "onnx.save(model, 'whole.onnx', save_as_external_data=False)"]  # fmt: skip
    return finding("ND811", subject, f"has weights {listed}{more} that {why}", fixes=fixes)


def _read_node(reading: Reading, labelled: Labelled) -> None:
    """Read a node; its faults are kept, and its outputs are then what nodes after it may assume."""
    node, made = labelled.node, ()
    item = Item(reading, labelled.name, node.op_type, (list(node.input), list(node.output)), {})
    try:
        item.fields = _fields(node)
        made = translated(item, node.domain)
    except Fault as fault:
        if fault.code:
            reading.faults.append((item.name, fault))
        made = (assumed(item),)
    except BROKEN as error:
        why = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        reading.faults.append((item.name, Fault("ND803", f"cannot be read ({item.kind}): {why}")))
    for place, name in enumerate(item.outputs):
        if name:
            reading.values[name] = made[place] if place < len(made) else None


def _fields(node: Any) -> dict[str, Any]:
    """Attributes by name."""
    from onnx import helper

    return {item.name: helper.get_attribute_value(item) for item in node.attribute}


def _findings(reading: Reading) -> list[Diagnostic]:
    """One finding for each fault, with the names of all nodes that have it."""
    alike = dict[tuple[str, str, str], list[str]]()
    for name, fault in reading.faults:
        names = alike.setdefault((fault.code, fault.message, fault.fix), [])
        if name not in names:
            names.append(name)
    found = list[Diagnostic]()
    for (code, message, fix), names in alike.items():
        for start in range(0, len(names), LISTED):
            where = about("node", *names[start : start + LISTED])
            found.append(finding(code, where, message, fixes=[fix] if fix else []))
    return found
