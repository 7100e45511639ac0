"""What is read of one model, step by step: nodes, ledger lines, and findings that are reported together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.noun import LARGEST
from neurodeploy.diagnostics import Diagnostic, Subject, about, finding
from neurodeploy.diagnostics.ledger import LedgerLine, Level
from neurodeploy.trained.network import Node
from neurodeploy.trained.operations import Operation

__all__ = ["INPUT", "Reading", "Step", "kinds_of"]

Array = NDArray[Any]
INPUT = "x"
"""Name of the input."""


def kinds_of(model: object) -> tuple[str, ...]:
    """Return the names of the classes of scikit-learn that a model is an instance of, its own first."""
    return tuple(kind.__name__ for kind in type(model).__mro__ if kind.__module__.partition(".")[0] == "sklearn")


@dataclass
class Step:
    """A step of a pipeline, or the lone estimator."""

    name: str
    """The user's name in the pipeline; the class of a lone estimator."""
    model: Any
    """The object."""
    of_targets: bool = False
    """Whether it is the transformer of the targets of a TransformedTargetRegressor, whose inverse follows the regressor."""

    @property
    def kind(self) -> str:
        """Name of its class."""
        return type(self.model).__name__

    @property
    def subject(self) -> Subject:
        """The step in findings and ledger lines."""
        return about("model" if self.name == self.kind else "node", self.name)

    @property
    def says(self) -> str:
        """Its class and a space, to begin a message; empty if the name is the class."""
        return "" if self.name.lower() == self.kind.lower() else f"{self.kind} "


@dataclass
class Reading:
    """Nodes, ledger and findings, collected while steps are read."""

    nodes: list[Node] = field(default_factory=list[Node])
    ledger: list[LedgerLine] = field(default_factory=list[LedgerLine])
    findings: list[Diagnostic] = field(default_factory=list[Diagnostic])
    reads: str = INPUT
    """Name of the tensor that the next node reads."""
    n_features: int | None = None
    """Values of a sample of the input; None: no node has been added."""
    size: int | None = None
    """Values of the tensor that the next node reads."""

    def fault(self, code: str, step: Step, message: str, *fixes: str) -> None:
        """Add a finding about a step."""
        self.findings.append(finding(code, step.subject, message, fixes=fixes))

    def line(self, step: Step, quantity: str, asked: str, got: str, level: Level = "exact", note: str = "") -> None:
        """Add a ledger line about a step."""
        line = LedgerLine(subject=step.subject, quantity=quantity, asked=asked, got=got, level=level, note=note)
        self.ledger.append(line)

    def add(self, step: Step, name: str, operation: Operation, n_in: int, n_out: int) -> None:
        """Add a node of a step that reads `n_in` values of the node before and has `n_out`; ND803 if they do not match."""
        if self.size not in (None, n_in):
            message = f"reads {n_in} values, but what is before it gives {self.size}"
            self.fault("ND803", step, message, "fit the whole pipeline again")
            return
        if self.n_features is None:
            self.n_features = n_in
        taken = {INPUT, *(node.name for node in self.nodes)}
        free = next(item for item in (name, *(f"{name}_{k}" for k in range(2, len(taken) + 3))) if item not in taken)
        self.nodes.append(Node(name=free, operation=operation, inputs=(self.reads,), shape=(n_out,)))
        self.reads, self.size = free, n_out

    def arrays(self, step: Step, *attributes: str) -> tuple[Array, ...] | None:
        """Return attributes that fitting sets, as arrays of floats; None with findings if one is missing or invalid."""
        missing = [name for name in attributes if getattr(step.model, name, None) is None]
        if missing:
            message = f"{step.says}is not fitted: it has no {' and no '.join(missing)}"
            self.fault("ND806", step, message, "call fit(x, y) before the conversion")
            return None
        found = [self.numbers(step, name, getattr(step.model, name)) for name in attributes]
        whole = tuple(item for item in found if item is not None)
        return whole if len(whole) == len(found) else None

    def numbers(self, step: Step, name: str, given: object) -> Array | None:
        """Return values as an array of floats; None with ND802 or ND803 if there are some that weights cannot have."""
        dense = getattr(given, "toarray", None)  # coefficients after sparsify()
        array = np.asarray(dense() if dense is not None else given)
        if array.dtype.kind not in "biuf":
            self.fault("ND803", step, f"{name} holds {array.dtype}, not real numbers", "fit the model again")
            return None
        array = array if array.dtype.kind == "f" else array.astype(np.float64)
        wrong = int((~(np.abs(array) <= LARGEST)).sum())
        if wrong:
            message = f"{name} holds {wrong} of {array.size} values that are not finite or are above {LARGEST:g}"
            self.fault("ND802", step, message, "fit again on scaled features, or with a lower learning rate")
            return None
        return array
