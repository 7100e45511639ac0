"""Samples in every accepted form, normalised to a stimulus, to values for the encoders, or to an iterator of samples."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from os import PathLike, fspath
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics import Diagnostic, DiagnosticError, about, finding, raise_errors
from neurodeploy.network import Events, Network
from neurodeploy.signals import Samples, SampleValues, Stimulus
from neurodeploy.signals.stimulus import ONLY_INPUT, without_labels
from neurodeploy.simulate.events import plain_columns
from neurodeploy.simulate.stimulus_files import load_stimulus

__all__ = ["OneSample", "normalized_samples", "sample_values"]

Array = NDArray[Any]
OneSample = Mapping[str, Any]
"""Input -> values of one sample."""


def _refused(network: Network, message: str, *fixes: str) -> DiagnosticError:
    return DiagnosticError("run", (finding("ND505", about("network", network.name), message, fixes=fixes),))


def normalized_samples(network: Network, samples: Samples) -> Stimulus | SampleValues | Iterator[OneSample]:
    """Return samples as one of three forms. Raises DiagnosticError: ND505; for files also the codes of load_stimulus."""
    if samples is None:
        return SampleValues(values={})
    if isinstance(samples, Stimulus):
        return samples
    if isinstance(samples, (str, PathLike)):
        samples = load_stimulus(fspath(samples), network)
    if isinstance(samples, SampleValues):
        plain = sample_values(network, samples.values, labels=samples.labels, n_samples=samples.n_samples)
        return plain.model_copy(update={"encoders": samples.encoders, "findings": samples.findings})
    if isinstance(samples, Mapping):
        return sample_values(network, cast("OneSample", samples))
    if not _is_array(samples):
        if not isinstance(samples, Iterable) or isinstance(samples, bytes):
            raise _refused(network, f"got samples of type {type(samples).__name__}", _expected_form(network))
        each = enumerate(cast("Iterable[object]", samples))
        return (_one_sample(network, number, sample) for number, sample in each)
    return sample_values(network, {_only_input(network): samples})


def _is_array(value: object) -> bool:
    """Whether a value is a single array: of numpy or another library, a number, or nested lists of numbers."""
    if isinstance(value, (list, tuple)):
        items = cast("list[Any]", value)
        return bool(items) and not any(isinstance(item, Mapping) or getattr(item, "ndim", 0) for item in items)
    return hasattr(value, "__array__") or isinstance(value, (int, float, complex))


def _only_input(network: Network) -> str:
    names = [item.name for item in network.inputs]
    if len(names) != 1:
        message = f"has {len(names)} inputs, but the array does not name its input"
        raise _refused(network, message, _expected_form(network))
    return names[0]


def _expected_form(network: Network) -> str:
    named = ", ".join(f'"{item.name}": array of (samples, ...)' for item in network.inputs[:3])
    return f"write them as {{{named}}}" if named else "the network has no inputs: pass no samples"


def _one_sample(network: Network, number: int, sample: object) -> OneSample:
    if isinstance(sample, Mapping):
        return cast("OneSample", sample)
    if not _is_array(sample):
        message = f"got sample {number} of type {type(sample).__name__}; needs input -> values"
        raise _refused(network, message, _expected_form(network))
    return {_only_input(network): sample}


def sample_values(
    network: Network, values: Mapping[str, Any], *, labels: Array | None = None, n_samples: int | None = None
) -> SampleValues:
    """Return a mapping of arrays as SampleValues. As in a stimulus file, `labels` and `inputs`, or `y` and `x`, are reserved names.

    Raises DiagnosticError: ND505, all faults at once.
    """
    inputs, found = network.input_by_name, list[Diagnostic]()
    alias = _alias(values, list(inputs))
    plain = dict[str, Array]()
    for name, value in cast("Mapping[object, Any]", values).items():
        own = next(iter(inputs)) if name is not None and name == alias else name
        if not isinstance(own, str):
            message = f"is of type {type(own).__name__}; needs the name of an input: {', '.join(inputs)}"
            found.append(finding("ND505", about("input", str(own)[:60]), message))
            continue
        try:
            array = plain_columns(inputs[own], value) if own in inputs else np.asarray(value)
        except (ValueError, TypeError, RuntimeError) as error:
            found.append(finding("ND505", about("input", own), f"values are not an array: {error}"))
            continue
        if np.ma.is_masked(value):
            found.append(finding("ND505", about("input", own), "has masked values; needs unmasked numbers"))
        if array.dtype.kind not in "biuf":
            found.append(finding("ND505", about("input", own), f"has {array.dtype} values; needs numbers"))
        plain[own] = array.view(np.uint8) if array.dtype == np.bool_ else _with_sample(network, own, array, value)
    raise_errors("encode", found)
    if labels is None:
        plain, labels = without_labels(plain, inputs)
    try:
        return SampleValues(values=plain, labels=labels, n_samples=n_samples)
    except DiagnosticError as error:
        message = tuple(finding("ND505", about("network", network.name), item.message) for item in error.diagnostics)
        raise DiagnosticError("encode", message) from None


def _alias(values: Mapping[str, Any], inputs: list[str]) -> str | None:
    """The general name under which values of the only input are given; None if they have its own name."""
    if len(inputs) != 1 or inputs[0] in values:
        return None
    return next((name for name in ONLY_INPUT if name in values), None)


def _with_sample(network: Network, name: str, rows: Array, original: Any) -> Array:
    """Event rows with a sample column; a structured array without one holds sample 0."""
    item = network.input_by_name.get(name)
    structured = getattr(getattr(original, "dtype", None), "names", None)
    if item is None or not isinstance(item.encoder, Events) or not structured or rows.ndim != 2:
        return rows
    return np.insert(rows, 0, 0, axis=1) if rows.shape[1] == len(item.encoder.columns) else rows
