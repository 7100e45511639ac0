"""A trained network as layers: every layer is an activation of sums of linear maps of earlier layers and inputs.

Everything affine between two activations (products, convolutions, BatchNormalization, average pools, residual additions) is
one step on a chip, so it is folded here: into weights, and into a bias that is the value of the graph for zeros.
"""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.network.operations import Step
from neurodeploy.trained.chains import merged
from neurodeploy.trained.forward import applied
from neurodeploy.trained.linear import linear_steps
from neurodeploy.trained.network import Node, TrainedInput, TrainedNetwork, legal_name
from neurodeploy.trained.operations import Activate, MaxPool, Operation, Scores

__all__ = ["Layer", "Layers", "Term", "layers_of"]

Array = NDArray[Any]
Nonlinear = Activate | MaxPool


class Term(NamedTuple):
    """A linear map from an input or an earlier layer."""

    source: str
    """Name of the input or layer."""
    steps: tuple[Step, ...]
    """Operations in sequence; () for identity."""


class Layer(NamedTuple):
    """values = activation(sum of terms + bias)."""

    name: str
    """Name of the node of its weights, or of its activation if it has none; letters, digits, _ . and -."""
    shape: tuple[int, ...]
    """Shape of its values."""
    sum_shape: tuple[int, ...]
    """Shape of the sums before the activation, which differs from `shape` for a maximum over windows."""
    activation: Activate | MaxPool | None
    """None: the values themselves, which only the last layer is."""
    terms: tuple[Term, ...]
    bias: Array
    """One for each sum, float64."""
    nodes: tuple[str, ...]
    """Names of the nodes that it stands for."""

    @property
    def size(self) -> int:
        """Number of values."""
        return prod(self.shape)


class Layers(NamedTuple):
    """Layers in an order in which they can be computed; the last one is the output."""

    inputs: tuple[TrainedInput, ...]
    layers: tuple[Layer, ...]
    scores: Scores | None
    """What followed the last layer and is left out, because it keeps the order of the classes."""

    @property
    def by_name(self) -> dict[str, Layer]:
        """Layers by name."""
        return {item.name: item for item in self.layers}

    def depth(self) -> dict[str, int]:
        """Return input or layer -> steps from the inputs, 0 for inputs, along the longest path."""
        found = {item.name: 0 for item in self.inputs}
        for layer in self.layers:
            found[layer.name] = 1 + max((found[term.source] for term in layer.terms), default=0)
        return found


def layers_of(network: TrainedNetwork) -> Layers:
    """Return a trained network as layers. Its last nodes may be scores, which are left out."""
    return _Folding(network).layers()


class _Folding:
    """One pass over the nodes of a network."""

    def __init__(self, network: TrainedNetwork) -> None:
        self.network = network
        self.nodes = {node.name: node for node in network.nodes}
        self.shapes = {item.name: item.shape for item in network.inputs} | {n.name: n.shape for n in network.nodes}
        self.names: dict[str, str] = {}
        """Activation node -> name of its layer."""

    def layers(self) -> Layers:
        """Return the layers up to the output."""
        last, scores = self.network.nodes[-1], None
        while isinstance(last.operation, Scores):
            scores = scores or last.operation
            if last.inputs[0] not in self.nodes:
                break
            last = self.nodes[last.inputs[0]]
        made: list[Layer] = []
        ordered = self.network.task == "classify" and _keeps_order(last.operation)
        for node in self.network.nodes:
            if isinstance(node.operation, Nonlinear) and not (ordered and node is last):
                made.append(self.layer(node, node.inputs[0], node.operation))
        made.append(self.layer(last, last.inputs[0] if ordered else last.name, None))
        return Layers(self.network.inputs, tuple(made), scores)

    def layer(self, node: Node, reads: str, activation: Nonlinear | None) -> Layer:
        """Return the layer of an activation, or of the output, that reads the tensor `reads`."""
        terms, passed = self.terms(reads)
        own = "output" if reads == node.name and not passed else node.name
        named = next((name for name in passed if hasattr(self.nodes[name].operation, "weights")), own)
        name = _free(legal_name(named), {*self.names.values(), *(item.name for item in self.network.inputs)})
        self.names[node.name] = name
        shape = self.shapes[reads]
        bias = self.value_for_zeros(reads)
        return Layer(
            name,
            node.shape,
            shape,
            activation,
            terms,
            bias.reshape(prod(shape)),
            tuple(dict.fromkeys((*reversed(passed), node.name))),
        )

    def terms(self, name: str) -> tuple[tuple[Term, ...], list[str]]:
        """Return the terms of a tensor, and the nodes that they pass, the last first."""
        node = self.nodes.get(name)
        if node is None or isinstance(node.operation, Nonlinear):
            return (Term(self.names.get(name, name), ()),), []
        found, passed = list[Term](), [name]
        shapes = tuple(self.shapes[item] for item in node.inputs)
        for which, item in enumerate(node.inputs):
            own = linear_steps(node.operation, shapes, which, node.shape)
            inner, through = self.terms(item)
            found += [Term(term.source, merged((*term.steps, *own), self.source_size(term.source))) for term in inner]
            passed += [label for label in through if label not in passed]
        return tuple(found), passed

    def source_size(self, name: str) -> int:
        """Return the number of values of an input or layer."""
        back = {label: node for node, label in self.names.items()}
        inputs = {item.name: item.shape for item in self.network.inputs}
        return prod(inputs[name] if name in inputs else self.shapes[back[name]])

    def value_for_zeros(self, name: str) -> Array:
        """Return the (1, *shape) value of a tensor if all inputs and activations before it are 0."""
        node = self.nodes.get(name)
        if node is None or isinstance(node.operation, Nonlinear):
            return np.zeros((1, *self.shapes[name]))
        return applied(node, [self.value_for_zeros(item) for item in node.inputs])


def _keeps_order(operation: Operation) -> bool:
    """Whether an activation keeps the order of the classes, so that what it reads gives the same answer."""
    return isinstance(operation, Activate) and operation.function in ("sigmoid", "tanh", "hard_sigmoid")


def _free(name: str, taken: set[str]) -> str:
    found, number = name, 2
    while found in taken:
        found, number = f"{name}_{number}", number + 1
    return found
