"""The configuration of a Keras model as layers and their calls: Sequential and Functional, of Keras 2 and Keras 3.

A layer that is called twice has two calls with one set of weights. Keras 2 writes a call as [[layer, call, tensor, options], ...];
Keras 3 as {"args": [...], "kwargs": {...}} with tensors in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from typing import Any, NamedTuple, cast

from neurodeploy.base.plain import as_items, as_table
from neurodeploy.importers.keras.faults import LayerError, damaged

__all__ = ["Call", "LayerSpec", "ModelSpec", "Reference", "all_layers", "model_spec", "shape_of"]

LAYERS = 5_000
"""Most layers of one model."""
Reference = tuple[str, int]
"""A tensor: the layer that makes it, and the number of its call."""
SEQUENTIAL = "Sequential"
INPUT = "InputLayer"


class LayerSpec(NamedTuple):
    """One layer as the model's configuration describes it."""

    name: str
    """The model's own name of it."""
    kind: str
    """Class, such as Conv2D."""
    module: str
    """Module of the class in Keras 3, such as keras.layers; empty in Keras 2."""
    config: Mapping[str, Any]
    """Its settings."""
    key: str
    """Name of its weights in a .keras file."""
    model: ModelSpec | None = None
    """The model, if the layer is one."""


class Call(NamedTuple):
    """One use of a layer."""

    layer: str
    number: int
    """Number of the call of this layer, from 0."""
    reads: tuple[Reference, ...]
    """Tensors that it reads."""
    constants: tuple[float, ...] = ()
    """Numbers among its arguments."""
    tensor_first: bool = True
    """Whether the first argument is a tensor, not a number."""


class ModelSpec(NamedTuple):
    """A model: its layers, their calls in an order in which they can be computed, and its inputs and outputs."""

    name: str
    layers: Mapping[str, LayerSpec]
    calls: tuple[Call, ...]
    inputs: tuple[str, ...]
    """Names of its input layers."""
    outputs: tuple[Reference, ...]


def model_spec(document: Mapping[str, Any], *, levels: int = 16) -> ModelSpec:
    """Return the model of a configuration, {"class_name": ..., "config": ...}. `levels`: most levels of nested models.

    Raises LayerError: ND803 (not a configuration, or one that contradicts itself), ND820 (a class of the user's own).
    """
    kind, config = str(document.get("class_name", "")), as_table(document.get("config"))
    if kind == SEQUENTIAL and not isinstance(document.get("config"), dict):
        config = {"name": "sequential", "layers": document.get("config")}  # before Keras 2.2.3
    if config is None or not levels:
        raise damaged("has no settings" if levels else "is nested in too many models")
    rows = as_items(config.get("layers"))
    if rows is None:
        raise LayerError(
            "ND820",
            f"is the class {kind or 'without a name'}, whose code is not in the file",
            "build the model from layers with keras.Sequential or keras.Model(inputs, outputs)",
        )
    if not 0 < len(rows) <= LAYERS:
        raise damaged(f"has {len(rows):,} layers; needs 1 to {LAYERS:,}")
    made = _sequential if kind == SEQUENTIAL else _functional
    return made(str(config.get("name", kind)), config, [_table(row) for row in rows], document, levels)


def all_layers(model: ModelSpec, prefix: str = "") -> Iterator[tuple[str, LayerSpec]]:
    """Yield (path, layer) of every layer that is not a model, in nested models too."""
    for layer in model.layers.values():
        if layer.model is None:
            yield f"{prefix}{layer.name}", layer
        else:
            yield from all_layers(layer.model, f"{prefix}{layer.name}/")


def shape_of(layer: LayerSpec) -> tuple[int | None, ...] | None:
    """Return the shape of an input layer without the batch axis, None for open axes; None if it states no shape."""
    shape = layer.config.get("batch_shape", layer.config.get("batch_input_shape"))
    items = as_items(shape)
    if items is None or not items:
        return None
    return tuple(int(size) if isinstance(size, int) and size > 0 else None for size in items[1:])


def _table(value: object) -> Mapping[str, Any]:
    table = as_table(value)
    if table is None:
        raise damaged("lists a layer without settings")
    return table


def _layers(rows: list[Mapping[str, Any]], levels: int, *, sequential: bool) -> dict[str, LayerSpec]:
    """Layers by name, with the keys under which .keras files store weights: the class in lower case, numbered."""
    found, counts = dict[str, LayerSpec](), dict[str, int]()
    for row in rows:
        kind, module = str(row.get("class_name", "")), str(row.get("module") or "")
        config = as_table(row.get("config")) or {}
        inner = model_spec(row, levels=levels - 1) if _is_model(kind, row.get("config")) else None
        name = str(row.get("name") or config.get("name") or (inner.name if inner else "") or kind)
        if name in found:
            raise damaged(f"has two layers named '{name[:60]}'")
        key = _snake(kind)
        if ".ops." not in module and not (sequential and kind == INPUT):
            number = counts[key] = counts.get(key, -1) + 1
            key = f"{key}_{number}" if number else key
        found[name] = LayerSpec(name, kind, module, config, key, inner)
    return found


def _is_model(kind: str, config: object) -> bool:
    table = as_table(config)
    return kind == SEQUENTIAL or (table is not None and as_items(table.get("layers")) is not None)


def _snake(kind: str) -> str:
    """A class name in lower case with _ between its words, as Keras names groups of weights: SeparableConv2D is
    separable_conv2d.
    """
    return re.sub(r"(?<=.)(?=[A-Z][a-z])|(?<=[a-z])(?=[A-Z])", "_", re.sub(r"\W+", "", kind)).lower()


def _sequential(
    name: str, config: Mapping[str, Any], rows: list[Mapping[str, Any]], document: Mapping[str, Any], levels: int
) -> ModelSpec:
    layers = _layers(rows, levels, sequential=True)
    first = next(iter(layers.values()))
    if first.kind != INPUT:
        shape = first.config.get("batch_input_shape", first.config.get("batch_shape"))
        if shape is None and first.model is not None:
            shape = first.model.layers[first.model.inputs[0]].config.get("batch_shape")
        built = as_table(document.get("build_config")) or {}
        shape = shape or config.get("build_input_shape") or built.get("input_shape")
        entry = LayerSpec(f"{first.name}_input", INPUT, "", {"batch_shape": shape}, "")
        layers = {entry.name: entry, **layers}
    names = list(layers)
    calls = [Call(names[0], 0, ())]
    calls += [Call(later, 0, ((before, 0),)) for before, later in pairwise(names)]
    return ModelSpec(name, layers, tuple(calls), (names[0],), ((names[-1], 0),))


def _functional(
    name: str, config: Mapping[str, Any], rows: list[Mapping[str, Any]], document: Mapping[str, Any], levels: int
) -> ModelSpec:
    layers = _layers(rows, levels, sequential=False)
    calls = dict[Reference, Call]()
    for row, layer in zip(rows, layers.values(), strict=True):
        nodes = as_items(row.get("inbound_nodes")) or ()
        for number, node in enumerate(nodes):
            calls[layer.name, number] = _call(layer.name, number, node)
        if not nodes:
            calls[layer.name, 0] = Call(layer.name, 0, ())
    inputs = tuple(item[0] for item in _references(config.get("input_layers"), "inputs"))
    outputs = _references(config.get("output_layers"), "outputs")
    wanted = {*outputs, *((item, 0) for item in inputs), *(read for call in calls.values() for read in call.reads)}
    lacking = sorted(item for item in wanted if item not in calls)
    if lacking:
        raise damaged(f"reads a layer that it does not have: '{lacking[0][0][:60]}'")
    try:
        order = list(TopologicalSorter({key: call.reads for key, call in calls.items()}).static_order())
    except CycleError:
        raise damaged("has layers that read each other in a circle") from None
    return ModelSpec(name, layers, tuple(calls[key] for key in order), inputs, outputs)


def _references(value: object, what: str) -> tuple[Reference, ...]:
    """Tensors that a model lists: one, several, or by name."""
    table = as_table(value)
    items = list(table.values()) if table is not None else as_items(value)
    if not items:
        raise damaged(f"lists no {what}")
    rows = [items] if isinstance(items[0], str) else items
    return tuple(_reference(row) for row in rows)


def _reference(value: object) -> Reference:
    items = as_items(value)
    if items is None or len(items) < 3 or not isinstance(items[0], str) or not isinstance(items[1], int):
        raise damaged("names a tensor that is not [layer, call, number]")
    if items[2] != 0:
        raise damaged(f"reads a second output of layer '{items[0][:60]}'")
    return items[0], items[1]


def _call(layer: str, number: int, node: object) -> Call:
    """A call in the form of Keras 2 or Keras 3."""
    table = as_table(node)
    if table is None:
        rows = as_items(node) or ()
        single = bool(rows) and isinstance(rows[0], str)
        return Call(layer, number, tuple(_reference(row) for row in ([rows] if single else rows)))
    reads, constants = list[Reference](), list[float]()
    kinds = list[bool]()
    kwargs = as_table(table.get("kwargs")) or {}
    waiting = [table.get("args"), [value for key, value in kwargs.items() if key in ("x", "x1", "x2", "inputs")]]
    while waiting:
        value = waiting.pop(0)
        inner, items = as_table(value), as_items(value)
        if inner is not None and inner.get("class_name") == "__keras_tensor__":
            reads.append(_reference((as_table(inner.get("config")) or {}).get("keras_history")))
            kinds.append(True)
        elif items is not None:
            waiting = [*items, *waiting]
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            constants.append(float(cast("float", value)))
            kinds.append(False)
    return Call(layer, number, tuple(reads), tuple(constants), not kinds or kinds[0])
