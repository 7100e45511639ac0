"""The end of a graph: one output, scores that keep the order of the classes, and no nodes that it does not need."""

from __future__ import annotations

from math import prod
from typing import Literal, NamedTuple

from neurodeploy.diagnostics import DiagnosticError, Subject, about, finding
from neurodeploy.importers.onnx.graph import Draft, Reading, Stored, Tensor
from neurodeploy.trained.operations import Activate, Reshape, Scores, Transpose

__all__ = ["ended"]

STAGE = "convert"
MIDDLE = "end the network with it, or use Relu or Sigmoid between layers"


class Ending(NamedTuple):
    """What the end of a graph says about all of it."""

    axes: dict[str, tuple[int, ...]]
    """Input -> axes of a sample, for those that are reordered."""
    task: Literal["classify", "regress"]


def ended(reading: Reading, outputs: list[str], subject: Subject) -> Ending:
    """Leave the nodes of `reading` that the output needs; return the task, and the axes of samples that are reordered.

    `outputs`: names in the graph. `subject`: the file or model.
    Raises DiagnosticError: ND800 (scores between layers), ND803, ND806 (nothing was trained), ND813 (several outputs).
    """
    last = _output(reading, outputs, subject)
    last = reading.clamps.get(last, last)  # the output is a sum, in whatever steps it is stored
    while last in reading.drafts and isinstance(reading.drafts[last].operation, Reshape):
        before = reading.drafts[last].inputs[0]
        if before not in reading.drafts or not _is_end(reading.drafts[before]):
            break
        last = before  # other axes for scores, which nothing reads
    _keep(reading, last)
    draft = reading.drafts.get(last)
    task = _task(reading, last, outputs[0])
    if task == "classify" and draft is not None and _is_end(draft) and isinstance(draft.operation, Activate):
        reading.drafts[last] = draft._replace(operation=Scores(function="sigmoid"))
    _require_scores_last(reading)
    if not any(hasattr(item.operation, "weights") for item in reading.drafts.values()):
        message = "has no weights: none of its nodes is a product or a convolution with constants"
        raise DiagnosticError(STAGE, (finding("ND806", subject, message, fixes=["export the trained network"]),))
    return Ending(_reordered(reading), task)


def _task(reading: Reading, last: str, output: str) -> Literal["classify", "regress"]:
    """What the output means: values if it has the shape of an input after a narrower layer, or is a single sum."""
    draft = reading.drafts.get(last)
    if draft is None or isinstance(draft.operation, Scores):
        return "classify"
    narrower = any(prod(item.shape) < prod(draft.shape) for item in reading.drafts.values())
    alike = narrower and any(shape == draft.shape for shape in reading.inputs.values())
    if not alike and (draft.shape != (1,) or _is_end(draft)):
        return "classify"
    got = "values like those of the input" if alike else "a value"
    reading.note(
        "output", output, "meaning", "not stated", got, "assumed", "scores of classes end in Softmax, Sigmoid or ArgMax"
    )
    return "regress"


def _is_end(draft: Draft) -> bool:
    """Whether a node gives scores, or would if it were the last."""
    operation = draft.operation
    return isinstance(operation, Scores) or (isinstance(operation, Activate) and operation.function == "sigmoid")


def _output(reading: Reading, outputs: list[str], subject: Subject) -> str:
    """The node of the output; of several, the first if the others are scores of the same values."""
    found, bases = dict[str, str](), set[str]()
    for name in outputs:
        value = reading.values[name]
        value = value.tensor if isinstance(value, Stored) else value
        if not isinstance(value, Tensor):
            message = "is the same for every input"
            raise DiagnosticError(STAGE, (finding("ND803", about("output", name), message),))
        found[name] = base = value.name
        while base in reading.drafts and (_is_end(reading.drafts[base]) or _is_layout(reading.drafts[base])):
            base = reading.drafts[base].inputs[0]
        bases.add(base)
    if len(bases) > 1:
        names = ", ".join(f"'{name}'" for name in found)
        message = f"has {len(found)} outputs of different layers ({names}); one is converted"
        fix = f"keep one: python -c \"import onnx; onnx.utils.extract_model('{reading.file}', 'one.onnx', {_inputs(reading)}, ['{outputs[0]}'])\""
        raise DiagnosticError(STAGE, (finding("ND813", subject, message, fixes=[fix]),))
    if len(found) > 1:
        reading.note(
            "output", outputs[0], "outputs", str(len(found)), "1", "exact", "the others are scores of the same values"
        )
    return found[outputs[0]]


def _inputs(reading: Reading) -> list[str]:
    return [
        name for name, value in reading.values.items() if isinstance(value, Tensor) and value.name in reading.inputs
    ]


def _is_layout(draft: Draft) -> bool:
    return isinstance(draft.operation, Reshape)


def _keep(reading: Reading, last: str) -> None:
    """Leave only the nodes that `last` needs."""
    needed, left = set[str](), [last]
    while left:
        name = left.pop()
        if name not in needed:
            needed.add(name)
            left += reading.drafts[name].inputs if name in reading.drafts else ()
    reading.drafts = {name: item for name, item in reading.drafts.items() if name in needed}
    reading.inputs = {name: shape for name, shape in reading.inputs.items() if name in needed}


def _require_scores_last(reading: Reading) -> None:
    """Refuse scores that other nodes than scores read."""
    read = {
        name: item for item in reading.drafts.values() if not isinstance(item.operation, Scores) for name in item.inputs
    }
    middle = [
        (name, item.operation.function)
        for name, item in reading.drafts.items()
        if isinstance(item.operation, Scores) and name in read
    ]
    found = [
        finding("ND800", about("node", name), f"gives scores ({function}) that other layers read", fixes=[MIDDLE])
        for name, function in middle
    ]
    if found:
        raise DiagnosticError(STAGE, tuple(found))


def _reordered(reading: Reading) -> dict[str, tuple[int, ...]]:
    """Inputs that are only read in another order of axes have this order; -> the axes of a sample."""
    found: dict[str, tuple[int, ...]] = {}
    for name in reading.inputs:
        readers = [label for label, item in reading.drafts.items() if name in item.inputs]
        if len(readers) != 1 or not isinstance(reading.drafts[readers[0]].operation, Transpose):
            continue
        draft, *after = reading.drafts[readers[0]], *reading.drafts
        if after[-1] == readers[0] or draft.stored is not None or not isinstance(draft.operation, Transpose):
            continue
        found[name] = draft.operation.axes
        del reading.drafts[readers[0]]
        reading.inputs[name] = draft.shape
        for label, item in reading.drafts.items():
            reading.drafts[label] = item._replace(
                inputs=tuple(name if source == readers[0] else source for source in item.inputs)
            )
    return found
