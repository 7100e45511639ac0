"""The samples of a recording: the first of a file, encoded as they were, and a refusal of samples of another run."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from neurodeploy.diagnostics import DiagnosticError, about, finding
from neurodeploy.network import Network
from neurodeploy.signals import Recording, SampleValues, Stimulus
from neurodeploy.simulate.decode import drain_steps
from neurodeploy.simulate.encode import encode
from neurodeploy.simulate.events import is_events, samples_in, with_encoders

__all__ = ["first_samples", "stimulus_of_recording"]


def first_samples(network: Network, values: SampleValues, samples: int | None) -> SampleValues:
    """Return the first samples of values, and their rows of events.

    `values`: samples for the inputs of `network`. `samples`: their number, at least 1; None: all.
    """
    if samples is None:
        return values
    network = with_encoders(network, values)
    kept, counts = dict(values.values), [values.n_samples] if values.n_samples else []
    for name, array in values.values.items():
        item = network.input_by_name[name]
        rows = is_events(item, array) and array.ndim == 2 and array.shape[1] > 0
        kept[name] = array[array[:, 0] < samples] if rows else array[:samples]
        counts += [samples_in(values, array)] if rows and array.dtype.kind in "iu" else []
    labels = None if values.labels is None else values.labels[:samples]
    fields = {"values": kept, "labels": labels, "n_samples": min(samples, *counts) if counts else None}
    return SampleValues.model_validate({**fields, "encoders": values.encoders, "findings": values.findings})


def _lengths(network: Network, recording: Recording) -> Iterator[int | None]:
    """Lengths of the samples with which the recording can have been made: their own, or with and without a drain."""
    yield None
    yield from (steps for steps in (recording.n_steps - drain_steps(network), recording.n_steps) if steps > 0)


def _same(stimulus: Stimulus, recording: Recording) -> bool:
    """Whether the input spikes are those of a stimulus, in the steps and samples that were recorded."""
    if stimulus.n_samples < recording.n_samples:
        return False
    for name, theirs in recording.input_spikes.items():
        rows = stimulus.rows(name)
        step, sample = rows[:, 1], rows[:, 0]
        inside = (sample < recording.n_samples) & (step >= recording.first_step) & (step <= recording.n_steps)
        if not np.array_equal(rows[inside], theirs):
            return False
    return True


def stimulus_of_recording(network: Network, recording: Recording, samples: SampleValues) -> Stimulus:
    """Return the encoded samples with which a recording was made, as many as it has.

    `recording`: a run of `network`. `samples`: values of which the first are those of the recording.

    Raises DiagnosticError: ND775 (its input spikes are not those of these samples), and those of the encoders.
    """
    values = first_samples(network, samples, recording.n_samples)
    tried = list[DiagnosticError]()
    for steps in _lengths(network, recording):
        try:
            stimulus = encode(network, values, steps=steps, seed=recording.seed)
        except DiagnosticError as error:
            tried.append(error)
            continue
        if _same(stimulus, recording):
            return stimulus
    if tried and len(tried) == len(list(_lengths(network, recording))):
        raise tried[0]
    message = f"are not those of the recording: the input spikes of its {recording.n_samples:,} samples differ"
    fixes = ["pass the samples that the recording was made with", "pass no samples"]
    raise DiagnosticError("report", (finding("ND775", about("samples"), message, fixes=fixes),))
