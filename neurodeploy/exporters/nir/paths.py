"""Projections as paths of NIR nodes: linear maps, convolutions, pools, scales and delays.

Linear maps are Affine nodes with a bias, if need be of 0, because sinabs 3.1.3 reads no Linear node.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.exporters.nir.graph import Fields, GraphBuilder, floats, wholes
from neurodeploy.exporters.nir.layout import Step, end_shape, steps_of, window_shapes
from neurodeploy.exporters.notes import ExportNotes
from neurodeploy.network import Conv1d, Conv2d, Dense, OneToOne, Projection, Sparse, SumPool2d
from neurodeploy.network.coordinates import coordinates_of, target_size

__all__ = ["Paths", "carries_bias"]

Shape = tuple[int, ...]
Array = NDArray[Any]
MOST_ENTRIES = 2**27
"""Most entries of the matrices of one projection."""
MOST_DELAYS = 64
"""Most different delays of the synapses of one projection."""


def carries_bias(item: Projection, bias: Array) -> bool:
    """Whether a constant current (n,) can be the bias of a projection's last operation, undelayed."""
    last = steps_of(item.operation)[-1]
    if np.asarray(item.delay_steps).ndim and item.delay_axis != "source":
        return False
    if isinstance(last, (Conv1d, Conv2d)):
        channels = bias.reshape(window_shapes(last)[1][0], -1)
        return bool(np.all(channels == channels[:, :1]))
    return isinstance(last, (Dense, Sparse))


@dataclass
class Paths:
    """Writer of projections into a graph. `held` collects the weights that nodes hold unchanged: tensor id -> where."""

    graph: GraphBuilder
    shapes: Mapping[str, Shape]
    dt_s: float
    notes: ExportNotes
    held: dict[str, tuple[tuple[str, str], Array]]

    def write(self, item: Projection, name: str, unit: float, late: int, bias: Array | None) -> None:
        """Add a projection. `name`: of its main node. `unit`: factor of its weights. `late`: steps added to its delays."""
        delays = np.asarray(item.delay_steps)
        if delays.ndim and item.delay_axis == "synapse":
            if isinstance(item.operation, OneToOne):
                self.plain(item, name, unit, (delays + late, "source"), bias)
            else:
                self.by_delay(item, name, unit, delays + late)
            return
        axis = "source" if not delays.ndim or item.delay_axis != "target" else "target"
        self.plain(item, name, unit, (delays + late, axis), bias)

    def plain(self, item: Projection, name: str, unit: float, delay: tuple[Array, str], bias: Array | None) -> None:
        """Add a projection as one path, with its delays before or after its operations."""
        steps, at = steps_of(item.operation), self.shapes[item.source]
        end = self.shapes[item.target]
        names, size = [item.source], prod(at)
        if delay[0].any() and delay[1] == "source":
            names.append(self.delay(name, delay[0], at))
        if end_shape(steps, at) is None or end_shape(steps, at) not in (end, *self._flattened(steps, at, end)):
            self.as_matrix(item, name, size)
            matrix = self.matrix(item, size)
            steps = () if matrix is None else (Dense(weights=matrix),)
        first = item.operation
        whole = isinstance(first, OneToOne) and first.weights.ndim == 0 and float(first.weights) * unit == 1.0
        if whole and not self.direct(names, item):
            steps = ()
        for number, step in enumerate(steps):
            last = number == len(steps) - 1
            label = name if last else self.graph.reserve(f"{name}_{number + 1}")
            factor = unit if last else 1.0
            made, at = self.step(item, number, (label, step), (factor, bias if last else None), at)
            names += made
        if delay[0].any() and delay[1] == "target":
            names.append(self.delay(name, delay[0], at))
        if at != end:
            names.append(self.flatten(name, at))
        self.graph.connect(*names, item.target)

    def _flattened(self, steps: tuple[Step, ...], at: Shape, end: Shape) -> list[Shape]:
        """The shape after the operations, if flattening it gives the target's."""
        made = end_shape(steps, at)
        return [made] if made is not None and end == (prod(made),) else []

    def direct(self, names: list[str], item: Projection) -> bool:
        """Whether an edge between the same nodes is there already."""
        return len(names) == 1 and (item.source, item.target) in self.graph.edges

    def step(
        self, item: Projection, number: int, named: tuple[str, Step], values: tuple[float, Array | None], at: Shape
    ) -> tuple[list[str], Shape]:
        """Add one operation; return its nodes and the shape that it puts out."""
        (label, step), (factor, bias) = named, values
        if isinstance(step, OneToOne):
            self.graph.put(label, "Scale", {"scale": floats(step.weights, at) * factor})
            return [label], at
        if isinstance(step, (Dense, Sparse)):
            weight = self.weights(item, number, label, step, factor)
            before = [] if len(at) == 1 else [self.flatten(label, at)]
            out = (len(weight),)
            self.graph.put(label, "Affine", {"weight": weight, "bias": floats(0 if bias is None else bias, out)})
            return [*before, label], out
        made = window_shapes(step)[1]
        if isinstance(step, (Conv1d, Conv2d)):
            self.graph.put(label, *self.convolution(item, number, label, step, factor, bias))
            return [label], made
        kind = "SumPool2d" if isinstance(step, SumPool2d) else "AvgPool2d"
        fields: Fields = {"kernel_size": wholes(*step.kernel), "stride": wholes(*step.stride)}
        self.graph.put(label, kind, {**fields, "padding": wholes(*step.padding)})
        if factor == 1.0:
            return [label], made
        scale = self.graph.reserve(f"{label}_scale")
        self.graph.put(scale, "Scale", {"scale": floats(factor, made)})
        return [label, scale], made

    def convolution(
        self, item: Projection, number: int, label: str, step: Conv1d | Conv2d, factor: float, bias: Array | None
    ) -> tuple[str, Fields]:
        """The type and fields of a convolution."""
        channels = step.weights.shape[0]
        own = np.zeros(channels) if bias is None else bias.reshape(channels, -1)[:, 0]
        fields: Fields = {
            "weight": self.kept(item, number, label, step.weights, factor),
            "bias": floats(own, own.shape),
        }
        fields["groups"] = np.array(step.groups)
        if isinstance(step, Conv1d):
            rest = {"stride": step.stride, "padding": step.padding, "dilation": step.dilation}
            whole = {"input_shape": step.input_shape[1], **rest}
            return "Conv1d", {**fields, **{key: np.array(value) for key, value in whole.items()}}
        kernel = step.weights.shape[2:]
        if step.groups > 1 or kernel[0] != kernel[1]:
            what = "groups" if step.groups > 1 else "kernels that are not square"
            note = "read it with nir.read(file, type_check=False)"
            self.notes.line("projection", item.name, "shape", what, "nir 1.0.8 expects another shape", "exact", note)
        pairs = {"stride": step.stride, "padding": step.padding, "dilation": step.dilation}
        pairs = {"input_shape": step.input_shape[1:], **pairs}
        return "Conv2d", {**fields, **{key: wholes(*value) for key, value in pairs.items()}}

    def weights(self, item: Projection, number: int, label: str, step: Dense | Sparse, factor: float) -> Array:
        """The matrix of a linear map."""
        if isinstance(step, Dense):
            return self.kept(item, number, label, step.weights, factor)
        self.too_large(item, prod(step.shape))
        kind = step.weights.dtype if step.weights.dtype.kind == "f" else np.float64
        full = np.zeros(step.shape if prod(step.shape) <= MOST_ENTRIES else (step.shape[0], 0), dtype=kind)
        if full.size:
            full[step.post, step.pre] = step.weights
        got = f"a matrix of {full.size:,} entries"
        asked = f"{step.weights.size:,} synapses"
        self.notes.line("projection", item.name, "sparse weights", asked, got, "exact", "NIR has no sparse matrix")
        return full * factor if factor != 1.0 else full

    def kept(self, item: Projection, number: int, label: str, weights: Array, factor: float) -> Array:
        """Weights as floats; where they are those of the network, their place is kept."""
        given = weights if weights.dtype.kind == "f" else weights.astype(np.float64)
        if factor != 1.0:
            return given * factor
        inner = f"operations/{number}/" if item.operation.kind == "chain" else ""
        self.held[f"projections/{item.name}/operation/{inner}weights"] = ((label, "weight"), given)
        return given

    def too_large(self, item: Projection, entries: int) -> bool:
        """Add a finding if the matrices of a projection have too many entries."""
        if entries > MOST_ENTRIES:
            message = f"needs matrices of {entries:,} entries in NIR; the limit is {MOST_ENTRIES:,}"
            self.notes.fault("projection", item.name, message, "write a .nd.json, which stores synapses")
        return entries > MOST_ENTRIES

    def as_matrix(self, item: Projection, name: str, size: int) -> None:
        """Note that operations are written as one matrix."""
        steps = ", ".join(step.kind for step in steps_of(item.operation))
        got, note = "the matrix that it is", "NIR cannot give axes to flat values"
        level = "rounded" if len(steps_of(item.operation)) > 1 else "exact"
        self.notes.line("projection", item.name, "operation", steps, got, level, note)

    def matrix(self, item: Projection, size: int) -> Array | None:
        """The operations of a projection as one matrix; None if it is too large."""
        targets = target_size(item.operation, size)
        if self.too_large(item, targets * size):
            return None
        pre, post, weights = coordinates_of(item.operation, size)
        full = np.zeros((targets, size))
        np.add.at(full, (post, pre), weights)
        return full

    def by_delay(self, item: Projection, name: str, unit: float, delays: Array) -> None:
        """Add a path for each delay of a projection whose synapses have their own."""
        operation: Any = item.operation
        own = operation.weights if operation.weights.dtype.kind == "f" else operation.weights.astype(np.float64)
        different = np.unique(delays)
        size = prod(operation.weights.shape if isinstance(operation, Dense) else operation.shape)
        if different.size > MOST_DELAYS:
            message = (
                f"has {different.size:,} different delays; the limit in NIR, with a path for each, is {MOST_DELAYS}"
            )
            self.notes.fault(
                "projection", item.name, message, "write a .nd.json, which stores a delay for each synapse"
            )
            return
        if self.too_large(item, different.size * size):
            return
        got = f"{different.size} paths, one for each delay"
        self.notes.line("projection", item.name, "delays of synapses", f"{delays.size:,}", got, "exact")
        for number, steps in enumerate(different):
            at, end = self.shapes[item.source], self.shapes[item.target]
            label = name if not number else self.graph.reserve(f"{name}_delay{int(steps)}")
            names = [item.source, *([self.delay(label, steps, at)] if steps else [])]
            some = np.where(delays == steps, own, 0)
            one = operation.model_copy(update={"weights": some})
            alone = item.model_copy(update={"operation": one, "delay_steps": 0, "delay_axis": "projection"})
            made, at = self.step(alone, 0, (label, one), (unit, None), at)
            self.held.pop(f"projections/{item.name}/operation/weights", None)
            names += [*made, *([] if at == end else [self.flatten(label, at)])]
            self.graph.connect(*names, item.target)

    def delay(self, name: str, steps: Array, shape: Shape) -> str:
        """Add a delay node, in seconds."""
        label = self.graph.reserve(f"{name}_delay")
        self.graph.put(label, "Delay", {"delay": floats(steps, shape) * self.dt_s})
        return label

    def flatten(self, name: str, shape: Shape) -> str:
        """Add a node that joins all axes. Axis 0 is the first: NIR has no batch axis."""
        label = self.graph.reserve(f"{name}_flatten")
        axes: Fields = {"start_dim": np.array(0), "end_dim": np.array(-1), "input_type": wholes(*shape)}
        self.graph.put(label, "Flatten", axes)
        return label
