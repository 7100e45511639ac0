"""What a batch of requests was, for those who count: metrics and monitors of drift."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics import Diagnostic
from neurodeploy.serve.inference.models import Model
from neurodeploy.signals.recording import Recording

__all__ = ["BatchDone", "LoadDone", "LoadObserver", "Observer"]


@dataclass(frozen=True, slots=True)
class BatchDone:
    """Requests that ran together, after their replies were handed out. One batch of the queue may give several of these:
    requests that cannot run together, as those of different lengths, and each that is refused."""

    model: Model
    """The version that ran: its name, version, program and backend."""
    requests: int
    """Requests in the run."""
    failed: int
    """Those of them that were answered with a finding."""
    samples: int
    """Samples of all requests; 0 if all failed."""
    steps: int
    """Steps of each sample, those in which the network drains included; 0 if all failed."""
    waiting_s: tuple[float, ...]
    """For each request, the seconds from its arrival to the start of the run."""
    running_s: float
    """Seconds in which the samples were encoded, run and read."""
    counts: dict[str, NDArray[np.int64]]
    """Population -> (samples, size) int64 numbers of spikes of each neuron in each sample, read-only; of all populations.
    Empty if all failed."""
    recording: Recording | None
    """The run of all samples, one request after the other; None if all failed. Its `overflows` are those of all samples;
    `active_updates` is there only where a request asked for its profile."""
    early_steps: NDArray[np.int64] | None = None
    """(samples,) steps after which the answers were decided, where requests asked for early answers."""


Observer = Callable[[BatchDone], None]
"""Called in the event loop, one batch after the other, so it needs no lock. It must be quick and must not raise."""


@dataclass(frozen=True, slots=True)
class LoadDone:
    """A program file that changed, or that a client asked for, was loaded, or could not be."""

    path: Path
    name: str
    """Name of the model that is served from the file."""
    model: Model | None
    """The version that is served from now on; None: what was served before still is."""
    seconds: float
    """For which it was loaded and made ready."""
    findings: tuple[Diagnostic, ...] = ()
    """ND922, then what is wrong with the file; empty if it was loaded."""


LoadObserver = Callable[[LoadDone], None]
"""Called in the event loop."""
