"""Nouns: how a run is made, and the state in which it ends. Must not know any backend."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from neurodeploy.base.noun import IntArray, Name, Noun
from neurodeploy.base.rows import LARGEST
from neurodeploy.network import Probe

__all__ = ["Engine", "RunOptions", "RunState", "TimeOrigin"]


Engine = Literal["auto", "native", "spec"]
TimeOrigin = Literal["zero", "first"]


class RunState(Noun):
    """All state of every sample after step `step`, its spikes sent: a run that goes on from here has the same bits.

    Independent of cores, threads and options: arrays are in the order of a population's neurons. It says what was shown
    until then, so that going on with another stimulus is refused.
    """

    format: Literal["neurodeploy-state"] = "neurodeploy-state"
    program_digest: str
    """Of the program that it is a state of."""
    n_samples: int = Field(gt=0, le=LARGEST)
    """Samples whose state is kept."""
    step: int = Field(gt=0, le=LARGEST)
    """The last step that was run, counted from 1."""
    seed: int = Field(default=0, ge=-(2**63), lt=2**63)
    """Of the run: its noise depends on it, and on the number of each sample."""
    first_sample: int = Field(default=0, ge=0, le=LARGEST)
    """Number of the first sample, as the stimulus counts them."""
    shown: tuple[str, ...]
    """(n_samples,) what each sample was shown in steps 1..`step`, as a hash (see neurodeploy.simulate.resume)."""
    variables: dict[str, IntArray] = Field(default_factory=dict)
    """"population.variable" -> (n_samples, size): u, v, refract, and what else the kind keeps."""
    arriving: dict[Name, IntArray] = Field(default_factory=dict)
    """Population -> (n_samples, slots, planes, size) sums of weights on their way: slot k acts in step `step` + 1 + k.
    Plane 0 is finished sums; further planes still want the negative exponent of their projection."""


class RunOptions(Noun):
    """What may be chosen of a run. None of it changes a spike, except `seed` and `noise` where there is noise, and `time_origin`."""

    seed: int = 0
    """Of encoders that draw, and of noise; 64 bits with sign."""
    engine: Engine = "auto"
    """How the emulator computes: "native", compiled kernels; "spec", the readable definition in numpy, slower by far; "auto",
    native wherever its compiler can be imported. Results are the same bit for bit."""
    threads: int | None = Field(default=None, ge=1)
    """Default: the CPUs there are."""
    record: tuple[Name, ...] | None = None
    """Populations whose spikes are recorded; None: all."""
    probes: tuple[Probe, ...] = ()
    """States to record besides the network's own probes."""
    activity: bool = True
    """Count the compartments that are active in every step; energy and time need it."""
    overflow: bool = True
    """Count accumulators, currents and voltages that leave their range, where the program alone does not exclude it."""
    keep_state: bool = False
    """Keep the state after the last step, to go on from it. Unless `steps` is given the run then ends with the stimulus,
    without the steps in which it drains: whoever goes on makes them, and each step is recorded once."""
    resume: RunState | None = None
    """Go on after step `resume.step`; the stimulus and `steps` still count from step 1, and what the stimulus holds for the
    steps before is what was shown in them. The recording begins with step `resume.step` + 1."""
    time_origin: TimeOrigin = "zero"
    """Where the times of a sensor's events count from: 0, or the first event of each sample."""
    timeout_s: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """Time after which a backend that runs in a process of its own is ended; None: only if it makes no progress."""
    noise: dict[Name, IntArray] = Field(default_factory=dict)
    """Population that draws noise -> (n_samples or 1, steps, size) draws in -127..127 that replace the generator's."""
