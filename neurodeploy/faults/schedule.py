"""When a fault is there: in which steps, and the runs of steps in which nothing changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.program.fault import Fault

__all__ = ["Segment", "active_steps", "is_active", "segments_of"]

ENDLESS = 2**62
"""Last step of a segment that nothing ends."""


class Segment(NamedTuple):
    """A run of steps in which the same faults are there."""

    first: int
    """First step."""
    last: int
    """Last step."""
    active: tuple[bool, ...]
    """Which faults are there, in their order."""


def active_steps(fault: Fault, first: int, last: int) -> NDArray[np.bool_]:
    """Return in which of the steps `first` to `last` a `fault` is there, (last - first + 1,).

    A random fault is there in step t where the first 53 bits of splitmix64's finalizer of t * 0x9E3779B97F4A7C15 + mixed(seed)
    (Steele et al., "Fast splittable pseudorandom number generators", 2014), as a fraction, lie below its probability. The draw
    depends on nothing else: all samples, engines and parts of a run meet the same.
    """
    steps = np.arange(first, last + 1, dtype=np.int64)
    if fault.when == "always":
        return np.ones(steps.size, dtype=bool)
    begin = fault.step or 1
    if fault.when == "at":
        return steps == begin
    if fault.when == "from":
        return steps >= begin
    with np.errstate(over="ignore"):
        seed = _mixed(np.array([fault.seed], dtype=np.int64).view(np.uint64))
        drawn = _mixed(steps.view(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + seed)
    return (steps >= begin) & ((drawn >> np.uint64(11)) * 2.0**-53 < (fault.probability or 0.0))


def _mixed(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def is_active(fault: Fault, step: int) -> bool:
    """Return whether a `fault` is there in a `step`."""
    return bool(active_steps(fault, step, step)[0])


def segments_of(faults: Sequence[Fault], first: int, last: int | None) -> list[Segment]:
    """Return the runs of steps from `first` on in which nothing changes, without gaps.

    `faults`: any. `last`: last step, or None where there is none, which random faults do not allow.
    """
    if last is None:
        changes = [fault.step or 1 for fault in faults if fault.when != "always"]
        cuts = {first, *(step for step in changes), *(f.step + 1 for f in faults if f.when == "at" and f.step)}
        begins = sorted(step for step in cuts if step >= first)
        active = [tuple(is_active(fault, step) for fault in faults) for step in begins]
        ends = [*(step - 1 for step in begins[1:]), ENDLESS]
        return [Segment(*item) for item in zip(begins, ends, active, strict=True)]
    if last < first:
        return []
    table = np.array([active_steps(fault, first, last) for fault in faults]).reshape(len(faults), last - first + 1)
    begins = np.flatnonzero(np.r_[True, (table[:, 1:] != table[:, :-1]).any(axis=0)])
    ends = np.r_[begins[1:] - 1, last - first]
    return [
        Segment(first + int(one), first + int(two), tuple(table[:, one].tolist()))
        for one, two in zip(begins, ends, strict=True)
    ]
