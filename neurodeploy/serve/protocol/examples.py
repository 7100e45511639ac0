"""An example of a request to a model, which the server answers as it stands."""

from __future__ import annotations

from math import prod
from typing import Any

from neurodeploy.network import Current, Events, Input, Spikes
from neurodeploy.serve.inference.models import Model
from neurodeploy.serve.protocol.metadata import available_inputs

__all__ = ["request_example"]

MOST_VALUES = 1024
"""Values of an input up to which there is an example."""
STEPS = 16
LEVEL = 0.5


def request_example(model: Model) -> dict[str, Any] | None:
    """Return the document of a request with one sample, or None if it would be too long to read."""
    network = model.program.network
    known = network.input_by_name
    if any(prod(item.sample_shape) > MOST_VALUES for item in network.inputs if not _takes_rows(item)):
        return None
    inputs = [_input_example(known[info.name]) for info in available_inputs(model)]
    steps = {} if network.time.steps_per_sample is not None else {"parameters": {"steps": STEPS}}
    return {"id": "example", "inputs": inputs, **steps}


def _takes_rows(item: Input) -> bool:
    return isinstance(item.encoder, Spikes | Events)


def _input_example(item: Input) -> dict[str, Any]:
    """One sample of an input: two events, or a value for every line."""
    encoder = item.encoder
    if isinstance(encoder, Events):
        rows = [[0, *({"t": time, "x": 0, "y": 0, "p": 1}[column] for column in encoder.columns)] for time in (0, 1)]
        return {"name": item.name, "datatype": "INT64", "shape": [2, len(rows[0])], "data": rows}
    if isinstance(encoder, Spikes):
        return {"name": item.name, "datatype": "INT32", "shape": [2, 3], "data": [0, 1, 0, 0, 2, item.size - 1]}
    own = item.sample_shape
    level = 1.0 if isinstance(encoder, Current) else LEVEL
    return {"name": item.name, "datatype": "FP32", "shape": [1, *own], "data": [level] * prod(own)}
