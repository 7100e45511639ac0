"""Whether a request suits a model: the names of its inputs and outputs, and how many samples and steps it asks for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from neurodeploy.diagnostics import Diagnostic
from neurodeploy.diagnostics.translate import nearest
from neurodeploy.network import Events, Input, Network, Spikes
from neurodeploy.serve.inference.models import Model
from neurodeploy.serve.inference.nouns import InferRequest, Tensor
from neurodeploy.serve.protocol.faults import fault, quoted
from neurodeploy.serve.protocol.metadata import available_outputs

__all__ = ["Extent", "extent_of", "request_faults"]

LISTED = 8
"""Names that a finding lists."""


class Extent(NamedTuple):
    """How much a request asks for, before it is encoded; never less than what runs."""

    samples: int
    steps: int
    """Steps for which each sample is shown."""


def request_faults(model: Model, request: InferRequest) -> list[Diagnostic]:
    """Return ND912 for inputs that are missing or that the model does not have, and for such outputs; [] if there are none.

    Shapes and values are checked by nd.run, which knows the encoders.
    """
    known = model.program.network.input_by_name
    given = [item.name for item in request.inputs]
    if len(given) == len(known) and all(name in known for name in given) and not request.outputs:
        return []
    found = [_unknown("inputs", name, list(known), model) for name in given if name not in known]
    found += [
        fault(f"inputs[{name}]", f"is missing; model '{model.name}' needs it") for name in known if name not in given
    ]
    return [*found, *_output_faults(model, request)]


def _output_faults(model: Model, request: InferRequest) -> Iterator[Diagnostic]:
    """ND912 for outputs that the model does not have, and for one that needs a parameter."""
    if not request.outputs:
        return
    known = {item.name: item for item in available_outputs(model)}
    for wanted in request.outputs:
        info = known.get(wanted.name)
        if info is None:
            yield _unknown("outputs", wanted.name, list(known), model)
        elif info.kind == "steps" and request.parameters.margin is None:
            yield fault(
                f"outputs[{wanted.name}]", "exists only for samples that are decided early", ["parameter margin"]
            )


def _unknown(field: str, name: str, known: list[str], model: Model) -> Diagnostic:
    listed = ", ".join(known[:LISTED]) + (f" and {len(known) - LISTED} more" if len(known) > LISTED else "")
    message = f"does not exist in model '{model.name}', which has {listed or 'none'}"
    return fault(f"{field}[{quoted(name)}]", message, nearest(name, known))


def extent_of(model: Model, request: InferRequest) -> Extent:
    """Return how many samples and steps a request asks for, read from its parameters, shapes and rows.

    Limits are held against it before anything is allocated.
    """
    network, chosen = model.program.network, request.parameters
    inputs = network.input_by_name
    rows, dense = list[tuple[Input, Tensor]](), list[tuple[Input, Tensor]]()
    for tensor in request.inputs:
        item = inputs.get(tensor.name)
        if item is not None:
            (rows if _is_rows(item, tensor) else dense).append((item, tensor))
    samples = [chosen.samples or 1, *(tensor.array.shape[0] for _, tensor in dense if tensor.array.ndim)]
    samples += [1 + _highest(tensor, 0) for _, tensor in rows if _has_sample(tensor)]
    return Extent(max(samples), chosen.steps or _steps(network, rows, dense))


def _is_rows(item: Input, tensor: Tensor) -> bool:
    """Whether a tensor is rows of events, as nd.run decides."""
    shape = tensor.array.shape
    return isinstance(item.encoder, Events) or (isinstance(item.encoder, Spikes) and len(shape) == 2 and shape[1] == 3)


def _has_sample(tensor: Tensor) -> bool:
    """Whether rows begin with a sample: rows of a sensor may hold one sample only."""
    return tensor.array.ndim == 2 and tensor.array.shape[1] in (3, 5)


def _highest(tensor: Tensor, column: int) -> int:
    """The highest number in a column of rows, at least 0."""
    return max(int(tensor.array[:, column].max()), 0) if tensor.array.shape[0] else 0


def _steps(network: Network, rows: list[tuple[Input, Tensor]], dense: list[tuple[Input, Tensor]]) -> int:
    """Steps of a sample where the request does not state them, as nd.run chooses them."""
    timed = [t.array.shape[1] for item, t in dense if t.array.ndim == len(item.sample_shape) + 2]
    if timed or network.time.steps_per_sample is not None:
        return max(timed) if timed else network.time.steps_per_sample or 1
    return max((_last_step(network, item, tensor) for item, tensor in rows), default=1)


def _last_step(network: Network, item: Input, tensor: Tensor) -> int:
    """The step of the last event."""
    if not isinstance(item.encoder, Events):
        return _highest(tensor, 1)
    if tensor.array.ndim != 2 or tensor.array.shape[1] not in (4, 5):
        return 1
    time = _highest(tensor, tensor.array.shape[1] - 4 + item.encoder.columns.index("t"))
    return 1 + int(time * item.encoder.unit_s / network.time.dt_s)
