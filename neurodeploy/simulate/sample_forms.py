"""What describes samples, in every form that is taken: to values for the encoders of a network, or to one sample after another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from os import PathLike, fspath
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics import Diagnostic, DiagnosticError, about, finding, raise_errors
from neurodeploy.network import Events, Network
from neurodeploy.signals.stimulus import SampleValues, Stimulus
from neurodeploy.simulate.events import plain_columns

__all__ = ["Samples", "described_samples", "sample_values"]

Array = NDArray[Any]
Samples = Any
"""A Stimulus, SampleValues or the path of a stimulus file; input -> array (samples, ...) or rows of events with their sample; of a network with one
input its array alone; or an iterator of one such mapping or array for each sample, without that axis or column; None for a
network without inputs."""
LABELS, ALONE = "labels", "inputs"
"""Names in a stimulus file, and in a mapping that was read from one: the labels, and the input of a network with one."""


def _refused(network: Network, message: str, *fixes: str) -> DiagnosticError:
    return DiagnosticError("run", (finding("ND505", about("network", network.name), message, fixes=fixes),))


def described_samples(network: Network, samples: Samples) -> Stimulus | SampleValues | Iterator[Mapping[str, Any]]:
    """Return samples in one of three forms. Raises DiagnosticError: ND505."""
    if samples is None:
        return SampleValues(values={})
    if isinstance(samples, Stimulus):
        return samples
    if isinstance(samples, (str, PathLike)):
        from neurodeploy.simulate import load_stimulus  # which reads every kind of stimulus file for a network

        samples = load_stimulus(fspath(cast("str | PathLike[str]", samples)), network)
    if isinstance(samples, SampleValues):
        return sample_values(network, _held(samples), samples=samples.n_samples)
    if isinstance(samples, Mapping):
        return sample_values(network, cast("Mapping[str, Any]", samples))
    if not _is_array(samples):
        if not isinstance(samples, Iterable) or isinstance(samples, bytes):
            raise _refused(network, f"was given a {type(samples).__name__} as samples", _form(network))
        each = enumerate(cast("Iterable[Any]", samples))
        return (_one_sample(network, number, sample) for number, sample in each)
    return sample_values(network, {_only_input(network): samples})


def _held(samples: SampleValues) -> dict[str, Any]:
    return {**samples.values, **({} if samples.labels is None else {LABELS: samples.labels})}


def _is_array(value: object) -> bool:
    """Whether a value is one array: of numpy, of a library that tells its values, a number, or lists of numbers."""
    if isinstance(value, (list, tuple)):
        items = cast("list[Any]", value)
        return bool(items) and not any(isinstance(item, Mapping) or getattr(item, "ndim", 0) for item in items)
    return hasattr(value, "__array__") or isinstance(value, (int, float, complex))


def _only_input(network: Network) -> str:
    """The input of a network that has one."""
    names = [item.name for item in network.inputs]
    if len(names) != 1:
        told = f"has {len(names)} inputs, and was given an array without saying of which"
        raise _refused(network, told, _form(network))
    return names[0]


def _form(network: Network) -> str:
    """How samples of a network are written."""
    named = ", ".join(f'"{item.name}": array of (samples, ...)' for item in network.inputs[:3])
    return f"write them as {{{named}}}" if named else "it has no inputs: give no samples"


def _one_sample(network: Network, number: int, sample: Any) -> Mapping[str, Any]:
    if isinstance(sample, Mapping):
        return cast("Mapping[str, Any]", sample)
    if not _is_array(sample):
        told = f"was given a {type(sample).__name__} as sample {number}; needs input -> values"
        raise _refused(network, told, _form(network))
    return {_only_input(network): sample}


def sample_values(network: Network, values: Mapping[Any, Any], *, samples: int | None = None) -> SampleValues:
    """Return what a mapping says of samples, as a stimulus file would: `labels`, and `inputs` of a network with one input.

    Raises DiagnosticError: ND505, everything that is wrong at once.
    """
    inputs, found = network.input_by_name, list[Diagnostic]()
    plain = dict[str, Array]()
    for name, value in values.items():
        own = next(iter(inputs)) if name == ALONE and name not in inputs and len(inputs) == 1 else name
        if not isinstance(own, str):
            told = f"is a {type(own).__name__}; inputs have names: {', '.join(inputs)}"
            found.append(finding("ND505", about("input", str(own)[:60]), told))
            continue
        try:
            array = plain_columns(inputs[own], value) if own in inputs else np.asarray(value)
        except (ValueError, TypeError, RuntimeError) as error:
            found.append(finding("ND505", about("input", own), f"is given what is no array: {error}"))
            continue
        if np.ma.is_masked(value):
            found.append(finding("ND505", about("input", own), "is given masked values; needs a number everywhere"))
        if array.dtype.kind not in "biuf":
            found.append(finding("ND505", about("input", own), f"is given {array.dtype} values; needs numbers"))
        plain[own] = array.view(np.uint8) if array.dtype == np.bool_ else _with_sample(network, own, array, value)
    raise_errors("encode", found)
    labels = plain.pop(LABELS) if LABELS in plain and LABELS not in inputs else None
    try:
        return SampleValues(values=plain, labels=labels, n_samples=samples)
    except DiagnosticError as error:
        told = tuple(finding("ND505", about("network", network.name), item.message) for item in error.diagnostics)
        raise DiagnosticError("encode", told) from None


def _with_sample(network: Network, name: str, rows: Array, given: Any) -> Array:
    """A sensor's events, with a column of their sample: the first, where they are a structured array without one."""
    item = network.input_by_name.get(name)
    structured = getattr(getattr(given, "dtype", None), "names", None)
    if item is None or not isinstance(item.encoder, Events) or not structured or rows.ndim != 2:
        return rows
    return np.insert(rows, 0, 0, axis=1) if rows.shape[1] == len(item.encoder.columns) else rows
