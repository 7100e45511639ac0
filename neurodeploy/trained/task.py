"""What the output of a trained network means, where the user knows better than the file."""

from __future__ import annotations

from neurodeploy.diagnostics import DiagnosticError, about, finding
from neurodeploy.diagnostics.ledger import LedgerLine
from neurodeploy.trained.network import Node, Read, Task, TrainedNetwork
from neurodeploy.trained.operations import Activate, Scores

__all__ = ["with_task"]


def with_task(read: Read, task: Task | None) -> Read:
    """Return a trained network whose output means what `task` says; None: what reading it found.

    Where values are wanted, a final sigmoid is computed; where classes are, a single value is the logit of two. `read`: any network.

    Raises DiagnosticError: ND816 (the values of a softmax or argmax).
    """
    if task is None or task == read.network.task:
        return read
    network = _as_values(read.network) if task == "regress" else _as_classes(read.network)
    line = LedgerLine(
        subject=about("model", network.name), quantity="task", asked=read.network.task, got=task, level="assumed",
        option="task", note="given by the user",
    )  # fmt: skip
    return read.model_copy(update={"network": network, "ledger": (*read.ledger, line)})


def _as_values(network: TrainedNetwork) -> TrainedNetwork:
    last = network.nodes[-1]
    if isinstance(last.operation, Scores) and last.operation.function != "sigmoid":
        message = (
            f"is {last.operation.function}, whose values are no sums of spikes; only the order of its classes is kept"
        )
        fixes = ["export the model without it", "leave out the task, and read the classes"]
        raise DiagnosticError("convert", (finding("ND816", about("node", last.name), message, fixes=fixes),))
    if isinstance(last.operation, Scores):
        last = last.model_copy(update={"operation": Activate(function="sigmoid")})
    return network.model_copy(update={"nodes": (*network.nodes[:-1], last), "task": "regress"})


def _as_classes(network: TrainedNetwork) -> TrainedNetwork:
    last = network.nodes[-1]
    if last.shape != (1,):
        return network.model_copy(update={"task": "classify"})
    taken = {item.name for item in (*network.nodes, *network.inputs)}
    name = next(item for item in ("sigmoid", *(f"sigmoid_{k}" for k in range(2, len(taken) + 3))) if item not in taken)
    end = Node(name=name, operation=Scores(function="sigmoid"), inputs=(last.name,), shape=(1,))
    return network.model_copy(update={"nodes": (*network.nodes, end), "task": "classify"})
