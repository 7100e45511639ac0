"""Answers before the last step: a sample is decided when the highest v of the output leads the second by a margin.

v of an output that is read adds up what arrives, so its lead grows while noise of the spikes averages out. The host that reads
v can stop showing a sample there; no chip stops by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field

from neurodeploy.base.noun import IntArray, Noun
from neurodeploy.diagnostics import Diagnostic, about, finding, raise_errors
from neurodeploy.network import Membrane, Network
from neurodeploy.signals.recording import Recording
from neurodeploy.simulate.decode import Units, accuracy, answers
from neurodeploy.simulate.probes import membrane_probe

__all__ = ["EarlyStop", "early_stop", "stop_margin"]

Array = NDArray[Any]
GREATEST = 1e300
"""Largest margin."""
MARGINS = 200
"""Margins that are tried, equal shares of the leads that occur."""


class EarlyStop(Noun):
    """Answers of samples that were read until they were decided."""

    answers: IntArray
    """(n_samples,) neurons."""
    steps: IntArray
    """(n_samples,) step of the run after which each answer was decided; the last one for samples that never were."""
    margin: float = Field(ge=0)
    """The lead that decides, in units of v of the network."""
    n_steps: int
    """Steps of the run."""

    @property
    def mean_steps(self) -> float:
        """Mean of the steps."""
        return float(np.mean(self.steps))

    @property
    def saved(self) -> float:
        """Share of the steps that need not be shown, from 0 to 1. The energy of updates shrinks by it, if the host stops."""
        return 1.0 - self.mean_steps / self.n_steps


def early_stop(network: Network, recording: Recording, margin: float, units: Units | None = None) -> EarlyStop:
    """Return the answers of a recorded run, were each sample stopped when its lead reaches a margin.

    `network`, `recording`: a run whose output is read from v. `margin`: difference between the highest and the second v of
    the output, in units of v of the network, at least 0. `units`: as for `decoded`.

    Raises DiagnosticError: ND853 (the output has no lead, or no such margin), ND513 and ND514 (the recording lacks its data).
    """
    raise_errors("decode", _refused(network, "margin", margin, GREATEST))
    leads, best = _leads(network, recording, units)
    decided = leads >= margin
    decided[:, -1] = True
    places = decided.argmax(axis=1)
    given = np.take_along_axis(best, places[:, None], axis=1)[:, 0]
    steps = places + 1 + recording.n_steps - leads.shape[1]
    return EarlyStop(answers=given, steps=steps, margin=margin, n_steps=recording.n_steps)


def stop_margin(
    network: Network,
    recording: Recording,
    points: float,
    labels: ArrayLike | None = None,
    units: Units | None = None,
) -> float:
    """Return the smallest margin with which early answers lose at most so many percentage points of accuracy.

    `network`, `recording`: a run of calibration samples. `points`: from 0 to 100, against the answers of the last step.
    `labels`: (n_samples,) numbers of classes; None: the answers of the last step. `units`: as for `decoded`.

    Raises DiagnosticError: ND853, ND505 (labels), ND513 and ND514, as `early_stop`.
    """
    raise_errors("decode", _refused(network, "points", points, 100.0))
    leads, best = _leads(network, recording, units)
    wanted = best[:, -1] if labels is None else labels
    least = accuracy(best[:, -1], wanted) - points / 100.0 - 1e-12
    margins = np.concatenate([[0.0], np.quantile(leads, np.linspace(0, 1, MARGINS))])
    losing = [
        margin
        for margin in margins
        if accuracy(early_stop(network, recording, float(margin), units).answers, wanted) < least
    ]
    greater = margins[margins > max(losing, default=-1.0)]
    return float(greater.min()) if greater.size else float(margins.max()) * (1 + 1e-9)


def _leads(network: Network, recording: Recording, units: Units | None) -> tuple[Array, Array]:
    """((n_samples, steps run) lead of the highest v, the neuron that leads)."""
    answers(network, recording)  # the recording is sound
    output = network.outputs[0]
    assert isinstance(output.decoder, Membrane), "internal: other outputs are refused"
    states = recording.states[membrane_probe(output.name)]
    if units and states.dtype.kind in "iu" and output.source in units:
        scale, frame = units[output.source]
        states = states / scale + frame
    values = states + output.decoder.offset
    highest = np.partition(values, -2, axis=2)
    return highest[:, :, -1] - highest[:, :, -2], values.argmax(axis=2)


def _refused(network: Network, name: str, number: float, most: float) -> Iterator[Diagnostic]:
    if not network.outputs or not isinstance(network.outputs[0].decoder, Membrane):
        where = about("output", network.outputs[0].name if network.outputs else "")
        message = "is not the highest v of a population, so that no lead can be read in every step"
        yield finding("ND853", where, message, fixes=["an output whose decoder is nd.network.Membrane"])
    elif network.population_by_name[network.outputs[0].source].size < 2:
        yield finding("ND853", about("output", network.outputs[0].name), "has one neuron, which leads no other")
    if not 0 <= number <= most:
        message = f"is out of range; needs a number from 0 to {most:g}"
        yield finding("ND853", about("argument", name), message)
