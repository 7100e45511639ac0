"""Classifiers with one score, as two classes."""

from __future__ import annotations

import numpy as np

from neurodeploy.diagnostics import about
from neurodeploy.diagnostics.ledger import LedgerLine
from neurodeploy.trained.network import Node, Read
from neurodeploy.trained.operations import FullyConnected, Scores

__all__ = ["two_classes"]


def two_classes(read: Read) -> Read:
    """Return a network with a class for each answer, where a classifier ends with the sigmoid of one value z.

    One value alone has no largest. It becomes two, 0 and z, whose softmax is 1 - sigmoid(z) and sigmoid(z). `read`: any network;
    others are returned as they are.
    """
    network = read.network
    last = network.nodes[-1]
    alone = isinstance(last.operation, Scores) and last.operation.function == "sigmoid" and last.shape == (1,)
    if not alone or network.task != "classify":
        return read
    taken = {item.name for item in (*network.nodes, *network.inputs)}
    name, number = f"{last.name}/both", 2
    while name in taken:
        name, number = f"{last.name}/both_{number}", number + 1
    both = Node(name=name, operation=FullyConnected(weights=np.array([[0.0], [1.0]])), inputs=last.inputs, shape=(2,))
    ended = last.model_copy(update={"operation": Scores(function="softmax"), "inputs": (name,), "shape": (2,)})
    note = "0 and the value, whose softmax is its sigmoid"
    line = LedgerLine(
        subject=about("node", last.name), quantity="scores", asked="one", got="two classes", level="exact", note=note
    )
    made = network.model_copy(update={"nodes": (*network.nodes[:-1], both, ended)})
    return Read(network=made, ledger=(*read.ledger, line), findings=read.findings)
