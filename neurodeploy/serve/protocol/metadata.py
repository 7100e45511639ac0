"""What a model takes and gives: names, data types and shapes of its inputs and outputs, and the documents that say so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from neurodeploy import __version__
from neurodeploy.network import (
    Current,
    Events,
    Input,
    Linear,
    Membrane,
    Network,
    Output,
    Population,
    SpikeCount,
    Spikes,
)
from neurodeploy.program.program import Program
from neurodeploy.serve.inference.models import Model, Models

__all__ = [
    "InputForm",
    "InputInfo",
    "OutputInfo",
    "OutputKind",
    "available_inputs",
    "available_outputs",
    "default_outputs",
    "model_config",
    "model_list",
    "model_metadata",
    "repository_index",
    "server_metadata",
]

FREE = -1
"""Size of an axis that requests choose, as the protocol writes it."""
PLATFORM = "neurodeploy"
EXTENSIONS = ("binary_tensor_data", "model_repository")
"""Extensions of the protocol that the server has."""

OutputKind = Literal["answers", "values", "scores", "steps", "counts", "spikes", "payloads"]


@dataclass(frozen=True, slots=True)
class OutputInfo:
    """An output that a request can ask for."""

    name: str
    """Name in requests and replies, such as "digit" or "hidden.counts"."""
    datatype: str
    """Data type of the protocol."""
    shape: tuple[int, ...]
    """Sizes of the axes; -1 where they depend on the request."""
    kind: OutputKind
    """What it holds. answers: the answer to each sample; values: those of a linear output in every step; scores: those of
    which the highest is the answer; steps: the step that decided a sample early; counts, spikes and payloads of neurons."""
    source: str
    """The output, or the population, of the network."""
    default: bool
    """Whether a reply holds it if the request names no outputs."""
    text: str
    """One line that says what it holds, for documents."""


@dataclass(frozen=True, slots=True)
class InputForm:
    """One form in which an input takes samples."""

    datatypes: tuple[str, ...]
    """Data types of the protocol, the preferred one first."""
    shape: tuple[int, ...]
    """Sizes of the axes; -1 where the request chooses them."""
    text: str
    """One line that says what the values are."""


@dataclass(frozen=True, slots=True)
class InputInfo:
    """An input of a model, and the forms in which it takes samples, the preferred one first."""

    name: str
    forms: tuple[InputForm, ...]


_FLOATS = ("FP32", "FP64", "FP16")
_WHOLE = ("UINT8", "INT8", "INT16", "INT32", "INT64", "UINT16", "UINT32", "UINT64", "BOOL")
_ROWS = ("INT32", "INT64")


def available_inputs(model: Model) -> tuple[InputInfo, ...]:
    """Return the inputs of a model, all of which a request holds, in the order of the network."""
    return tuple(InputInfo(item.name, tuple(_forms(item))) for item in model.program.network.inputs)


def _forms(item: Input) -> Iterator[InputForm]:
    """The forms of one input."""
    encoder, own = item.encoder, item.sample_shape
    if isinstance(encoder, Events):
        columns = ", ".join(encoder.columns)
        text = f"events of a sensor, one a row: sample, {columns}; t in units of {encoder.unit_s:g} s"
        yield InputForm(("INT64", "INT32"), (FREE, 1 + len(encoder.columns)), text)
    elif isinstance(encoder, Spikes):
        yield InputForm((*_WHOLE, *_FLOATS), (FREE, FREE, *own), "spikes, 0 or 1, of every sample, step and line")
        yield InputForm(_ROWS, (FREE, 3), "spikes, one a row: sample, step, line; steps count from 1")
    elif isinstance(encoder, Current):
        yield InputForm((*_FLOATS, *_WHOLE), (FREE, *own), "currents of every sample, the same in every step")
        yield InputForm((*_FLOATS, *_WHOLE), (FREE, FREE, *own), "currents of every sample and step")
    else:
        yield InputForm((*_FLOATS, *_WHOLE), (FREE, *own), f"values of every sample for the encoder '{encoder.kind}'")


def available_outputs(model: Model) -> tuple[OutputInfo, ...]:
    """Return the outputs of a model that a request can ask for: those of its network, then those of its populations.

    Names are unique: where an output of the network has the name that one of a population would have, the former counts.
    """
    return model.program.derived("outputs that requests ask for", _outputs)


def _outputs(program: Program) -> tuple[OutputInfo, ...]:
    """Outputs of a program; computed once, because every request looks at them."""
    network = program.network
    found = dict[str, OutputInfo]()
    for number, output in enumerate(network.outputs):
        for info in _of_output(network, output, first=number == 0):
            found.setdefault(info.name, info)
    for population in network.populations:
        for info in _of_population(population, default=not network.outputs):
            found.setdefault(info.name, info)
    return tuple(found.values())


def default_outputs(model: Model) -> tuple[str, ...]:
    """Return the names of the outputs of a reply whose request names none."""
    return tuple(item.name for item in available_outputs(model) if item.default)


def _of_output(network: Network, output: Output, *, first: bool) -> Iterator[OutputInfo]:
    """What can be asked of an output of the network. Answers and scores exist for the first output, as nd.answers has them."""
    name, decoder, size = output.name, output.decoder, network.population_by_name[output.source].size
    width = size
    if isinstance(decoder, Linear):
        width = int(np.shape(decoder.weights)[0])
        text = "values that the host computes in every step"
        yield OutputInfo(name, "FP64", (FREE, FREE, width), "values", name, True, text)
    elif first:
        yield OutputInfo(name, "INT64", (FREE,), "answers", name, True, "the answer to each sample: an index of scores")
    if not first:
        return
    if isinstance(decoder, SpikeCount):
        width = decoder.groups or size
    text = "scores of each sample, of which the highest is the answer"
    yield OutputInfo(f"{name}.scores", "FP64", (FREE, width), "scores", name, False, text)
    if isinstance(decoder, Membrane) and size > 1:
        text = "the step in which each sample was decided early; needs the parameter margin"
        yield OutputInfo(f"{name}.steps", "INT64", (FREE,), "steps", name, False, text)


def _of_population(population: Population, *, default: bool) -> Iterator[OutputInfo]:
    """What can be asked of a population: counts by default if the network has no output."""
    name, size = population.name, population.size
    text = "number of spikes of each neuron in each sample"
    yield OutputInfo(f"{name}.counts", "INT64", (FREE, size), "counts", name, default, text)
    text = "spikes, one a row: sample, step, neuron"
    yield OutputInfo(f"{name}.spikes", "INT32", (FREE, 3), "spikes", name, False, text)
    if getattr(population.neuron, "sends_values", False):
        text = "value of each spike, in the order of the rows of spikes"
        yield OutputInfo(f"{name}.payloads", "INT32", (FREE,), "payloads", name, False, text)


def server_metadata() -> dict[str, Any]:
    """Return the document about the server."""
    return {"name": PLATFORM, "version": __version__, "extensions": list(EXTENSIONS)}


def model_metadata(models: Models, model: Model) -> dict[str, Any]:
    """Return the document about one version of a model. `models`: all that are served, for the list of versions."""
    network, program = model.program.network, model.program
    parameters = {
        "digest": program.digest(),
        "target": program.target.name,
        "backend": model.backend,
        "steps_per_sample": network.time.steps_per_sample,
        "dt_s": network.time.dt_s,
        "version": model.version,
    }
    return {
        "name": model.name,
        "versions": [item.version for item in models.by_name.get(model.name, (model,))],
        "platform": PLATFORM,
        "inputs": [_input_document(network.input_by_name[item.name], item) for item in available_inputs(model)],
        "outputs": [_output_document(item) for item in available_outputs(model)],
        "parameters": parameters,
    }


def _input_document(item: Input, info: InputInfo) -> dict[str, Any]:
    forms = [{"datatypes": list(f.datatypes), "shape": list(f.shape), "description": f.text} for f in info.forms]
    first = info.forms[0]
    parameters = {"encoder": item.encoder.kind, "forms": forms}
    return {"name": info.name, "datatype": first.datatypes[0], "shape": list(first.shape), "parameters": parameters}


def _output_document(info: OutputInfo) -> dict[str, Any]:
    parameters = {"kind": info.kind, "source": info.source, "default": info.default, "description": info.text}
    return {"name": info.name, "datatype": info.datatype, "shape": list(info.shape), "parameters": parameters}


def model_list(models: Models) -> dict[str, Any]:
    """Return the document that lists the models by name, with the versions of each, the newest last."""
    listed = [{"name": n, "versions": [item.version for item in items]} for n, items in models.by_name.items()]
    return {"models": listed}


def model_config(model: Model) -> dict[str, Any]:
    """Return what clients of other servers read as the configuration of a model: its tensors with all their axes."""
    inputs = [(item.name, item.forms[0].datatypes[0], item.forms[0].shape) for item in available_inputs(model)]
    outputs = [(item.name, item.datatype, item.shape) for item in available_outputs(model)]
    return {
        "name": model.name,
        "platform": PLATFORM,
        "backend": model.backend,
        "max_batch_size": 0,
        "input": [_tensor_config(*item) for item in inputs],
        "output": [_tensor_config(*item) for item in outputs],
    }


def _tensor_config(name: str, datatype: str, shape: tuple[int, ...]) -> dict[str, Any]:
    return {"name": name, "data_type": f"TYPE_{datatype}", "dims": list(shape)}


def repository_index(models: Models, *, ready: bool) -> list[dict[str, str]]:
    """Return the document that lists every version of every model. `ready`: whether the server takes requests."""
    state = {"state": "READY", "reason": ""} if ready else {"state": "UNAVAILABLE", "reason": "the server is ending"}
    return [
        {"name": item.name, "version": item.version, **state} for items in models.by_name.values() for item in items
    ]
