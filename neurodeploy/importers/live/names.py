"""Names of a module's own layers for the nodes of its ONNX export.

The tracing exporter names a node /features/features.0/Conv; the capturing one writes ['', 'features', 'features.0', 'conv2d']
as metadata. Both become features.0; where a layer has several nodes, the others have the operation after it.
"""

from __future__ import annotations

import re
from typing import Any

__all__ = ["rename_nodes"]

WEIGHTED = ("Conv", "Gemm", "MatMul")
IDLE = ("Constant", "Identity", "Cast", "Shape")
SCOPES = "pkg.torch.onnx.name_scopes"


def rename_nodes(model: object) -> None:
    """Give the nodes of an onnx.ModelProto the names of the layers that they come from; those with weights first.

    `model`: the onnx.ModelProto, which is changed.
    """
    proto: Any = model
    taken = set[str]()
    rows = [(node, _scope(node)) for node in proto.graph.node]
    weights = {item.name for item in proto.graph.initializer}
    named = dict[int, str]()
    for node, scope in sorted(rows, key=lambda row: _rank(row[0], weights)):
        operation = node.op_type.lower()
        wanted = [scope, f"{scope}/{operation}"] if scope else [operation]
        name = next((item for item in wanted if item not in taken), "")
        number = 2
        while not name or name in taken:
            name, number = f"{wanted[-1]}_{number}", number + 1
        taken.add(name)
        named[id(node)] = name
    for node, _ in rows:
        node.name = named[id(node)]


def _rank(node: Any, weights: set[str]) -> int:
    """Which node of a layer has its name: one with weights before others, and constants last."""
    if node.op_type in IDLE:
        return 2
    return 0 if node.op_type in WEIGHTED and any(name in weights for name in node.input) else 1


def _scope(node: Any) -> str:
    """The layer of a node; empty for operations of the module itself."""
    own = next((name for name in node.input if name.endswith(".weight")), "")
    if own:
        return own.removesuffix(".weight")
    listed = next((item.value for item in node.metadata_props if item.key == SCOPES), "")
    parts = re.findall(r"'([^']*)'", listed)
    if len(parts) > 1:
        return parts[-2]
    scope = node.name.strip("/").rpartition("/")[0].rpartition("/")[2]
    return scope if node.name.startswith("/") else ""
