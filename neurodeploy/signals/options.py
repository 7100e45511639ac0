"""Options of a run. The API, the command line and the documentation derive from these declarations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, TypedDict

from numpy.typing import ArrayLike
from pydantic import Field

from neurodeploy.base.noun import IntArray, Name, Noun, WholeNumber
from neurodeploy.base.rows import LARGEST
from neurodeploy.network import Probe
from neurodeploy.signals.learned import Learned
from neurodeploy.signals.state import RunState

__all__ = ["MOST_THREADS", "Engine", "Learn", "Probes", "Progress", "RunChoices", "RunOptions", "TimeOrigin"]

MOST_THREADS = 4096
Engine = Literal["auto", "native", "spec"]
TimeOrigin = Literal["zero", "first"]
Learn = Literal["apart", "sequential", "off"]
Progress = Callable[[int, int], None]
"""Called with (steps done, total steps) over all samples from time to time; may raise KeyboardInterrupt to stop the run."""
Probes = str | Sequence[str | tuple[str, str] | Probe]
"""Additional probes: "population", "population.variable", (population, variable) or Probe; one, or a list."""


class RunOptions(Noun):
    """Options of a run. Besides the choice of steps, only `seed`, `noise`, `time_origin`, `learn` and
    `learned` can change spikes."""

    steps: WholeNumber | None = Field(default=None, ge=1, le=LARGEST)
    """Steps for which each sample is shown, or for which a network without inputs runs. Default: the length of values
    over time, else the network's time.steps_per_sample."""
    until: WholeNumber | None = Field(default=None, ge=1, le=LARGEST)
    """Last step of the run. Default: the last step shown plus the steps in which the network drains; without the drain
    if `keep_state` is set, because the resuming run continues from there."""
    batch: WholeNumber | None = Field(default=None, ge=1, le=LARGEST)
    """Number of samples of an iterator that run together; default 64. Never changes results."""
    seed: WholeNumber = Field(default=0, ge=-(2**63), lt=2**63)
    """Seed of random encoders and of noise: a signed 64-bit integer."""
    engine: Engine = "auto"
    """Engine of the emulator: "native", compiled kernels; "spec", the readable reference in numpy, much slower;
    "auto", native if its kernels are there and every neuron kind has one. Never changes results."""
    threads: WholeNumber | None = Field(default=None, ge=1, le=MOST_THREADS)
    """Number of threads; default: one per CPU. Never changes results."""
    record: tuple[Name, ...] | None = None
    """Populations whose spikes are recorded; default: all."""
    probes: tuple[Probe, ...] = ()
    """States to record in addition to the network's own probes."""
    activity: bool = True
    """Count the active compartments of every core in every step; estimates of energy and time need these counts."""
    overflow: bool = True
    """Count accumulators, currents and voltages that leave their range, unless a proof excludes it for the program."""
    keep_state: bool = False
    """Return the state after the last step in the recording, so that a later run can resume from it."""
    resume: RunState | None = None
    """State to resume from: the run starts with step `resume.step` + 1. Steps still count from 1, and the samples must
    hold the same input in the steps before as in the run that kept the state."""
    time_origin: TimeOrigin = "zero"
    """Origin of a sensor's event times: "zero", or "first", the first event of each sample."""
    timeout_s: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """Seconds after which a simulator in a separate process is stopped. Default: it is stopped only if it makes no progress."""
    noise: dict[Name, IntArray] = Field(default_factory=dict)
    """Population with noise -> (n_samples or 1, steps, size) draws in -127..127, used instead of the generator's."""
    learn: Learn | None = None
    """How samples share what plastic projections learn. apart: each sample begins with the weights of the program;
    sequential: with those that the sample before it has learned; off: weights stay as they are. Default: apart, with a
    finding if there are several samples."""
    learned: Learned | None = None
    """Weights, delays and tags to begin with, of an earlier recording, instead of the program's."""


class RunChoices(TypedDict, total=False):
    """Fields of RunOptions as keyword arguments; `probes` and `noise` accept more forms."""

    steps: int | None
    until: int | None
    batch: int | None
    seed: int
    engine: Engine
    threads: int | None
    record: Sequence[str] | None
    probes: Probes
    activity: bool
    overflow: bool
    keep_state: bool
    resume: RunState | None
    time_origin: TimeOrigin
    timeout_s: float | None
    noise: Mapping[str, ArrayLike]
    learn: Learn | None
    learned: Learned | None
