"""Estimators of scikit-learn as trained networks: multilayer perceptrons."""

from __future__ import annotations

from typing import Any

from neurodeploy.trained.network import Node, Read, TrainedInput, TrainedNetwork
from neurodeploy.trained.operations import Activate, FullyConnected

__all__ = ["load_estimator"]


def load_estimator(estimator: object) -> Read:
    """Return the network of a fitted estimator. `estimator`: an MLPClassifier of scikit-learn."""
    model: Any = estimator
    nodes: list[Node] = []
    reads = "x"
    last = len(model.coefs_) - 1
    for number, (weights, bias) in enumerate(zip(model.coefs_, model.intercepts_, strict=True)):
        name, shape = f"dense_{number + 1}", (int(weights.shape[1]),)
        nodes.append(
            Node(name=name, operation=FullyConnected(weights=weights.T, bias=bias), inputs=(reads,), shape=shape)
        )
        reads = name
        if number < last:
            reads = f"{model.activation}_{number + 1}"
            nodes.append(Node(name=reads, operation=Activate(function="relu"), inputs=(name,), shape=shape))
    network = TrainedNetwork(
        name=type(model).__name__,
        source="scikit-learn",
        inputs=(TrainedInput(name="x", shape=(int(model.coefs_[0].shape[0]),)),),
        nodes=tuple(nodes),
        classes=tuple(str(item) for item in model.classes_),
    )
    return Read(network=network)
