"""Spikes of a recording by input and population, and the few samples that the page shows."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.report.page.subject import ReportSubject
from neurodeploy.signals import Recording
from neurodeploy.simulate import answers
from neurodeploy.simulate.decode import units_of

__all__ = ["SampleShown", "Train", "answers_of", "labels_of", "listed", "samples_shown", "trains_of"]

Ints = NDArray[np.int64]
CURRENTS = ("current", "bias")
"""Encoders that drive neurons without spikes."""


class Train(NamedTuple):
    """Spikes of one input or population."""

    name: str
    is_input: bool
    """Whether it is an input, which has lines instead of neurons."""
    shape: tuple[int, ...]
    """Sizes of the axes."""
    size: int
    """Number of neurons or lines."""
    rows: NDArray[np.integer[Any]]
    """(n, 3) rows (sample, step, neuron), ascending; those of the recording, without a copy."""

    def column(self, number: int) -> Ints:
        """Return the (n,) samples, steps or neurons of all spikes. `number`: 0, 1 or 2, in this order."""
        return self.rows[:, number].astype(np.int64)

    def of_sample(self, sample: int) -> Ints:
        """Return the (n, 2) rows (step, neuron) of one sample. `sample`: its number, from 0."""
        low, high = np.searchsorted(self.rows[:, 0], [sample, sample + 1])
        return self.rows[low:high, 1:].astype(np.int64)

    def per_sample(self, n_samples: int) -> Ints:
        """Return the (n_samples,) numbers of spikes. `n_samples`: number of samples of the recording."""
        return np.bincount(self.rows[:, 0], minlength=n_samples)

    def per_neuron(self) -> Ints:
        """Return the (size,) numbers of spikes over all samples."""
        return np.bincount(self.rows[:, 2], minlength=self.size)

    def counts_of(self, neurons: Ints, n_samples: int) -> Ints:
        """Return the (n_samples, n) numbers of spikes of some neurons in each sample.

        `neurons`: (n,) their numbers. `n_samples`: number of samples of the recording.
        """
        column = np.full(self.size, -1, dtype=np.int64)
        column[neurons] = np.arange(neurons.size)
        at = column[self.rows[:, 2]]
        flat = (self.column(0) * neurons.size + at)[at >= 0]
        return np.bincount(flat, minlength=n_samples * neurons.size).reshape(n_samples, neurons.size)


class SampleShown(NamedTuple):
    """A sample that the page shows, and the reason for which it was chosen."""

    number: int
    """Number in the recording, from 0."""
    title: str
    """Number, label, answer and reason, as the page's list of samples names it."""


def _train(name: str, shape: tuple[int, ...], rows: NDArray[Any], *, is_input: bool) -> Train:
    return Train(name, is_input, shape, int(np.prod(shape)), rows.reshape(-1, 3))


def trains_of(subject: ReportSubject, recording: Recording) -> tuple[Train, ...]:
    """Return the spikes of the inputs and then of the populations, in the order of the network.

    `subject`: whose network names them. `recording`: of its program; what it did not record is left out.
    """
    network, recorded = subject.program.network, recording.recorded
    spiking = [item for item in network.inputs if item.encoder.kind not in CURRENTS]
    inputs = [item for item in spiking if item.name in recording.input_spikes]
    found = [_train(item.name, item.shape, recording.input_spikes[item.name], is_input=True) for item in inputs]
    for item in network.populations:
        if item.name in recording.spikes and (recorded is None or item.name in recorded):
            found.append(_train(item.name, item.shape, recording.spikes[item.name], is_input=False))
    return tuple(found)


def answers_of(subject: ReportSubject, recording: Recording) -> Ints | None:
    """Return the (n_samples,) answers of the first output; None without an output, or if it was not recorded.

    `subject`: whose network has the output. `recording`: of its program, or of its float reference.
    """
    program, floats = subject.program, recording.ran_on == "reference"
    try:
        return answers(program.network, recording, None if floats else units_of(program))
    except DiagnosticError:
        return None


def labels_of(subject: ReportSubject, n_samples: int) -> Ints | None:
    """Return the (n_samples,) labels; None without any.

    `subject`: with the samples. `n_samples`: number of complete samples of the recording, which may be fewer.
    """
    labels = None if subject.samples is None else subject.samples.labels
    if labels is None or len(labels) < n_samples or not n_samples:
        return None
    return np.asarray(labels[:n_samples], dtype=np.int64)


def samples_shown(subject: ReportSubject, recording: Recording) -> tuple[SampleShown, ...]:
    """Return up to four samples: the first, the first with a wrong answer, and those with the most and the fewest spikes.

    `subject`: with the labels. `recording`: of its program.
    """
    if not recording.n_samples:
        return ()
    answer, label = answers_of(subject, recording), labels_of(subject, recording.n_samples)
    trains = [item for item in trains_of(subject, recording) if not item.is_input]
    spikes = sum(
        (item.per_sample(recording.n_samples) for item in trains), np.zeros(recording.n_samples, dtype=np.int64)
    )
    chosen = {0: "the first"}
    if answer is not None and label is not None and (answer != label).any():
        chosen.setdefault(int(np.argmax(answer != label)), "the first wrong answer")
    chosen.setdefault(int(spikes.argmax()), "the most spikes")
    chosen.setdefault(int(spikes.argmin()), "the fewest spikes")
    return tuple(SampleShown(number, _title(number, why, answer, label)) for number, why in chosen.items())


def _title(number: int, why: str, answer: Ints | None, label: Ints | None) -> str:
    known = [f"label {label[number]}"] if label is not None else []
    known += [f"answer {answer[number]}"] if answer is not None else []
    return f"sample {number} ({why})" + (f": {', '.join(known)}" if known else "")


def listed(numbers: Ints, most: int = 8) -> str:
    """Return numbers as text, such as "3, 17 and 20 more".

    `numbers`: (n,) whole numbers. `most`: how many are named.
    """
    named = ", ".join(str(int(number)) for number in numbers[:most])
    return named if numbers.size <= most else f"{named} and {numbers.size - most:,} more"
