"""A trained network as layers: every layer is an activation of sums of linear maps of earlier layers and inputs.

Everything affine between two activations (products, convolutions, BatchNormalization, average pools, residual additions) is
one step on a chip, so it is folded here: into weights, and into a bias that is the value of the graph for zeros.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics import DiagnosticError, about, finding
from neurodeploy.network.operations import Step
from neurodeploy.trained.chains import added, merged
from neurodeploy.trained.forward import applied
from neurodeploy.trained.linear import linear_steps
from neurodeploy.trained.network import Node, TrainedInput, TrainedNetwork, legal_name
from neurodeploy.trained.operations import Activate, Affine, Convolution, FullyConnected, MaxPool, Operation, Scores
from neurodeploy.trained.rewrites import rewritten

__all__ = ["Layer", "Layers", "Term", "layers_of"]

Array = NDArray[Any]
Nonlinear = Activate | MaxPool
WEIGHTED = (Convolution, FullyConnected)
"""Operations that give their names to layers."""
MOST_TERMS = 256
"""Largest number of linear maps whose sum a layer takes."""


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
    """Return a trained network as layers. Its last nodes may be scores, which are left out.

    Raises DiagnosticError: ND815 (a layer reads more linear maps than `MOST_TERMS`).
    """
    return _Folding(rewritten(network)).layers()


class _Folding:
    """One pass over the nodes of a network, in order, so that its depth does not matter."""

    def __init__(self, network: TrainedNetwork) -> None:
        self.network = network
        self.nodes = {node.name: node for node in network.nodes}
        self.shapes = {item.name: item.shape for item in network.inputs} | {n.name: n.shape for n in network.nodes}
        self.names: dict[str, str] = {}
        """Activation node -> name of its layer."""
        self.sizes = {item.name: prod(item.shape) for item in network.inputs}
        """Input or layer -> number of values."""
        self.terms: dict[str, tuple[Term, ...]] = {}
        """Linear node that is still read -> its terms."""
        self.zeros: dict[str, Array] = {}
        """Linear node that is still read -> (1, *shape) value if all inputs and activations are 0; absent if that is 0."""

    def layers(self) -> Layers:
        """Return the layers up to the output."""
        last, scores = self.network.nodes[-1], None
        while isinstance(last.operation, Scores):
            scores = scores or last.operation
            if last.inputs[0] not in self.nodes:
                break
            last = self.nodes[last.inputs[0]]
        ordered = self.network.task == "classify" and _keeps_order(last.operation)
        read = last.inputs[0] if ordered else last.name
        left: dict[str, int] = {read: 1}
        for node in self.network.nodes:
            for name in node.inputs:
                left[name] = left.get(name, 0) + 1
        made: list[Layer] = []
        for node in self.network.nodes:
            if not isinstance(node.operation, Nonlinear):
                self.fold(node)
            elif not (ordered and node is last):
                made.append(self.layer(node, node.inputs[0], node.operation))
            for name in node.inputs:
                left[name] -= 1
                if not left[name]:
                    self.terms.pop(name, None)
                    self.zeros.pop(name, None)
        made.append(self.layer(last, read, None))
        return Layers(self.network.inputs, tuple(made), scores)

    def layer(self, node: Node, reads: str, activation: Nonlinear | None) -> Layer:
        """Return the layer of an activation, or of the output, that reads the tensor `reads`."""
        passed = self.passed(reads)
        own = "output" if reads == node.name and not passed else node.name
        named = next((name for name in passed if isinstance(self.nodes[name].operation, WEIGHTED)), own)
        name = _free(legal_name(named), {*self.names.values(), *(item.name for item in self.network.inputs)})
        shape = self.shapes[reads]
        bias = self.zeros.get(reads, np.zeros((1, *shape)))
        terms = self.terms_of(reads)
        self.names[node.name] = name
        self.sizes[name] = prod(node.shape)
        nodes = tuple(dict.fromkeys((*reversed(passed), node.name)))
        return Layer(name, node.shape, shape, activation, terms, bias.reshape(prod(shape)).astype(np.float64), nodes)

    def passed(self, name: str) -> list[str]:
        """Return the linear nodes between a tensor and the layers before it, the last first."""
        found, left = set[str](), [name]
        while left:
            label = left.pop()
            if label in self.nodes and label not in found and not isinstance(self.nodes[label].operation, Nonlinear):
                found.add(label)
                left += self.nodes[label].inputs
        return [label for label in reversed(self.nodes) if label in found] if len(found) > 1 else list(found)

    def terms_of(self, name: str) -> tuple[Term, ...]:
        """Return the terms of a tensor: of a linear node, or of a layer or input itself."""
        return self.terms[name] if name in self.terms else (Term(self.names.get(name, name), ()),)

    def fold(self, node: Node) -> None:
        """Find the terms of a linear node, and its value for zeros."""
        shapes, found = tuple(self.shapes[item] for item in node.inputs), list[Term]()
        for which, item in enumerate(node.inputs):
            own = linear_steps(node.operation, shapes, which, node.shape)
            inner = self.terms_of(item)
            found += [Term(term.source, merged((*term.steps, *own), self.sizes[term.source])) for term in inner]
        self.terms[node.name] = _fewest(found, self.sizes)
        if len(self.terms[node.name]) > MOST_TERMS:
            raise _too_many(node, len(self.terms[node.name]))
        value = self.at_zero(node)
        if value is not None:
            self.zeros[node.name] = value

    def at_zero(self, node: Node) -> Array | None:
        """Return the (1, *shape) value of a linear node if all inputs and activations before it are 0; None if that is 0."""
        if any(name in self.zeros for name in node.inputs):
            given = [self.zeros.get(name, np.zeros((1, *self.shapes[name]))) for name in node.inputs]
            return applied(node, [item.astype(np.float64) for item in given])
        constant: float | Array = 0.0
        if isinstance(node.operation, (Convolution, FullyConnected)):
            constant = node.operation.bias
        elif isinstance(node.operation, Affine):
            constant = node.operation.shift
        array = np.asarray(constant, dtype=np.float64)
        if isinstance(node.operation, Convolution) and array.ndim:
            array = array.reshape(-1, *(1,) * (len(node.shape) - 1))
        elif isinstance(node.operation, FullyConnected) and array.ndim:
            array = array.reshape(node.shape)
        return np.broadcast_to(array, (1, *node.shape)) if array.any() else None


def _fewest(terms: list[Term], sizes: Mapping[str, int]) -> tuple[Term, ...]:
    """Terms, with those of one source as one where their sum is an operation of the same kind."""
    made: list[Term] = []
    for term in terms:
        for place, other in enumerate(made):
            one = added(other.steps, term.steps) if other.source == term.source else None
            if one is not None:
                made[place] = Term(term.source, merged(one, sizes[term.source]))
                break
        else:
            made.append(term)
    return tuple(made)


def _too_many(node: Node, count: int) -> DiagnosticError:
    message = "adds more paths without an activation between them than are folded"
    fix = "use an activation such as relu after additions"
    return DiagnosticError(
        "convert", (finding("ND815", about("node", node.name), message, found=count, limit=MOST_TERMS, fixes=[fix]),)
    )


def _keeps_order(operation: Operation) -> bool:
    """Whether an activation keeps the order of the classes, so that what it reads gives the same answer."""
    return isinstance(operation, Activate) and operation.function in ("sigmoid", "tanh", "hard_sigmoid")


def _free(name: str, taken: set[str]) -> str:
    found, number = name, 2
    while found in taken:
        found, number = f"{name}_{number}", number + 1
    return found
