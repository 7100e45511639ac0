"""Tensors of a Keras model and the nodes that compute them, with channels first inside whatever the order of the model's axes.

A tensor of the model has a shape and an order of its values. The node that computes it may hold the same values in another
order, given by `places`. Flatten, Reshape and Permute change only the shape and the order, so they become no node; the layer that
needs another order than the node has, asks for it (`Builder.arranged`), and dense layers permute their weights instead.
"""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.importers.keras.faults import damaged
from neurodeploy.io.archive import memory_limit_bytes
from neurodeploy.trained.network import Node, TrainedInput, legal_name
from neurodeploy.trained.operations import LinearMap, Operation, Reshape

__all__ = ["Builder", "Padded", "Shape", "Tensor", "compact", "front"]

Array = NDArray[Any]
Shape = tuple[int, ...]
MOST_AXES = 7


class Padded(NamedTuple):
    """A tensor before zeros were added around it, which a convolution adds itself."""

    source: Tensor
    order: tuple[int, ...]
    """Axes of the tensor with channels first."""
    begin: Shape
    end: Shape


class Tensor(NamedTuple):
    """A tensor of the model."""

    node: str
    """The node or input that holds its values."""
    shape: Shape
    """Shape in the model, without the batch axis."""
    inner: Shape
    """Shape of the node's values."""
    places: Array
    """(n,) for each value of the node, its place in the tensor, both counted in the order of their axes."""
    padded: Padded | None = None
    """The tensor without padding, if it is one with padding."""

    @property
    def size(self) -> int:
        """Number of values."""
        return prod(self.shape)


def front(rank: int, axis: int) -> tuple[int, ...]:
    """Return the axes of a tensor with one of them first."""
    return (axis, *(item for item in range(rank) if item != axis))


def compact(values: Array) -> Array:
    """Return an array without the repetition along its axes: size 1 where all values along an axis are equal."""
    for axis in range(values.ndim):
        first = values.take([0], axis=axis)
        if (values == first).all():
            values = first
    return values


class Builder:
    """Nodes and inputs of a network while it is read."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.inputs: list[TrainedInput] = []
        self.uneven: list[str] = []
        """Average pools with more zeros after than before an axis, on which the backends of Keras differ."""
        self._names: set[str] = set()
        self._layouts: dict[tuple[Shape, tuple[int, ...]], Array] = {}
        self._bytes, self._limit = 0, memory_limit_bytes()

    def layout(self, shape: Shape, order: tuple[int, ...]) -> Array:
        """Return the places of the values of a tensor whose axes are in the given order."""
        if (shape, order) not in self._layouts:
            self.require(shape)
            made = np.arange(prod(shape)).reshape(shape).transpose(order).ravel()
            self._layouts[shape, order] = made
        return self._layouts[shape, order]

    def require(self, shape: Shape) -> None:
        """Refuse a tensor that would need more memory than a file may take, together with those before it.

        Raises LayerError: ND803.
        """
        self._bytes += 8 * prod(shape)
        if self._bytes > self._limit or len(shape) > MOST_AXES:
            shown = " x ".join(f"{size:,}" for size in shape)
            raise damaged(f"has {shown} values, which exceed the memory limit of a file or {MOST_AXES} axes")

    def add_input(self, name: str, shape: Shape, order: tuple[int, ...]) -> Tensor:
        """Add an input whose samples have a shape, and whose axes become those of the network in the given order."""
        places = self.layout(shape, order)
        inner = tuple(shape[axis] for axis in order)
        label = self.free(legal_name(name))
        moved = order != tuple(range(len(order)))
        self.inputs.append(TrainedInput(name=label, shape=inner, sample_axes=order if moved else None))
        return Tensor(label, shape, inner, places)

    def add(
        self,
        name: str,
        operation: Operation,
        given: tuple[Tensor, ...],
        shape: Shape,
        order: tuple[int, ...] | None = None,
    ) -> Tensor:
        """Add a node and return its tensor.

        `shape`: shape of the tensor in the model. `order`: order of its axes in the node; None: the order of values of the first
        of `given`.
        """
        if order is None:
            inner, places = given[0].inner, given[0].places
        else:
            inner, places = tuple(shape[axis] for axis in order), self.layout(shape, order)
        label = self.free(name)
        self.nodes.append(Node(name=label, operation=operation, inputs=tuple(t.node for t in given), shape=inner))
        return Tensor(label, shape, inner, places)

    def free(self, name: str) -> str:
        """Return a name that no node has, from the wanted one."""
        found, number = name, 2
        while found in self._names:
            found, number = f"{name}/{number}", number + 1
        self._names.add(found)
        return found

    def arranged(self, tensor: Tensor, order: tuple[int, ...]) -> Tensor:
        """Return a tensor with its axes in the given order, by a node only if they are not."""
        inner = tuple(tensor.shape[axis] for axis in order)
        return self._moved(tensor, inner, self.layout(tensor.shape, order))

    def alike(self, tensor: Tensor, other: Tensor) -> Tensor:
        """Return a tensor with the order of values of another one of the same shape."""
        return self._moved(tensor, other.inner, other.places)

    def flat(self, tensor: Tensor) -> Tensor:
        """Return a tensor with one axis in its node, in the order of that."""
        return self._moved(tensor, (tensor.size,), tensor.places)

    def _moved(self, tensor: Tensor, inner: Shape, places: Array) -> Tensor:
        if places is not tensor.places and not np.array_equal(places, tensor.places):
            back = np.empty(tensor.size, dtype=np.int64)
            back[tensor.places] = np.arange(tensor.size)
            return self.picked(f"{tensor.node}/ordered", tensor, back[places].reshape(inner), tensor.shape, places)
        if inner == tensor.inner:
            return tensor
        label = self.free(f"{tensor.node}/shaped")
        self.nodes.append(Node(name=label, operation=Reshape(shape=inner), inputs=(tensor.node,), shape=inner))
        return Tensor(label, tensor.shape, inner, places)

    def picked(self, name: str, tensor: Tensor, source: Array, shape: Shape, places: Array) -> Tensor:
        """Return a tensor whose values are values of another one, or zeros.

        `source`: for each value of the new node, the value of the node of `tensor` that it is, or -1 for zero.
        """
        post = np.flatnonzero(source.ravel() >= 0)
        pre = source.ravel()[post]
        inner = tuple(int(size) for size in source.shape)
        operation = LinearMap(shape=inner, post=post, pre=pre, weights=np.ones(post.size))
        label = self.free(name)
        self.nodes.append(Node(name=label, operation=operation, inputs=(tensor.node,), shape=inner))
        return Tensor(label, shape, inner, places)

    def spread(self, values: Array, tensor: Tensor) -> Array:
        """Return numbers that broadcast to a tensor of the model, so that they broadcast to the values of its node."""
        full = np.broadcast_to(values, tensor.shape).ravel()
        return compact(full[tensor.places].reshape(tensor.inner))

    def trimmed(self, last: str) -> tuple[Node, ...]:
        """Return the nodes that the node `last` depends on, in order."""
        wanted, kept = {last}, list[Node]()
        for node in reversed(self.nodes):
            if node.name in wanted:
                wanted.update(node.inputs)
                kept.append(node)
        return tuple(reversed(kept))
