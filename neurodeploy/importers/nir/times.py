"""Times of a NIR file: time constants and delays, their unit, their range, and their conversion to steps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from neurodeploy.importers.fields import brief
from neurodeploy.importers.notes import Notes

__all__ = ["TimeUnit", "Times"]

TimeUnit = Literal["s", "ms", "step"]
SECONDS = {"s": 1.0, "ms": 1e-3}
SHORTEST_S, LONGEST_S = 1e-30, 1e30
MOST_STEPS = 2**31 - 1
SAME = 1e-6
"""Relative tolerance for the rounding of decimal numbers."""


@dataclass
class Times:
    """The unit of the times of one file and the length of a step; collects times with a doubtful unit."""

    notes: Notes
    dt_s: float | None
    unit: TimeUnit | None
    doubts: list[str] = field(default_factory=list[str])
    used: bool = False
    """Whether the file has any time constant or delay."""

    def seconds(self, name: str, kind: str, key: str, value: NDArray[Any]) -> NDArray[np.float64] | None:
        """Return time constants in seconds, same shape as `value`; None if not above 0 or out of range (ND046)."""
        if value.min() <= 0:
            message = f"time constant '{key}' must be above 0; the smallest is {value.min():g}"
            fix = "clip the decay of the framework, 1 - dt/tau, below 1 before the export" if value.min() < 0 else ""
            self.notes.fault("ND046", name, kind, message, *([fix] if fix else []))
            return None
        self.used = True
        times = self._seconds(value)
        if self.unit is None and (
            value.max() > 1.0 or (self.dt_s is not None and value.min() < self.dt_s * (1 - SAME))
        ):
            self.doubts.append(f"{brief(name)} ({float(value.max()):g})")
        if times.min() < SHORTEST_S or times.max() > LONGEST_S:
            self.notes.fault("ND046", name, kind, f"time constant '{key}' is {times.min():g} to {times.max():g} s")
            return None
        return times

    def steps(self, name: str, kind: str, key: str, value: NDArray[Any]) -> NDArray[np.int64] | None:
        """Return delays in whole steps, same shape as `value`; None if negative or too long (ND046). Rounding is noted."""
        if value.min() < 0:
            self.notes.fault(
                "ND046", name, kind, f"field '{key}' must not be negative; the smallest is {value.min():g}"
            )
            return None
        if not value.any():
            return np.zeros(value.shape, dtype=np.int64)
        self.used = True
        if self.dt_s is None and self.unit != "step":
            return np.zeros(value.shape, dtype=np.int64)
        exact = np.asarray(value, dtype=np.float64)
        if self.unit != "step":
            with np.errstate(over="ignore"):  # inf exceeds the limit below
                exact = self._seconds(value) / (self.dt_s or 1.0)
        lost = bool((exact[value > 0] < 0.5).all())
        if self.unit is None and (value.max() > 1.0 or lost):
            self.doubts.append(f"{brief(name)} ({key} {float(value.max()):g})")
        if exact.max() > MOST_STEPS:
            self.notes.fault(
                "ND046", name, kind, f"field '{key}' is {exact.max():g} steps; the limit is {MOST_STEPS:,}"
            )
            return None
        whole = np.rint(exact)
        self._rounding(name, key, exact, whole)
        return whole.astype(np.int64)

    def _rounding(self, name: str, key: str, exact: NDArray[np.float64], whole: NDArray[np.float64]) -> None:
        moved = np.abs(exact - whole) > SAME * np.maximum(exact, 1.0)
        if not moved.any():
            return
        worst = int(np.argmax(np.abs(exact - whole)))
        asked, got = f"{float(exact.ravel()[worst]):.6g} steps", f"{int(whole.ravel()[worst])} steps"
        note = f"{int(moved.sum())} of {exact.size} values are not whole steps; shown is the one that changes most"
        self.notes.line(name, key, asked, got, "rounded", note)

    def _seconds(self, value: NDArray[Any]) -> NDArray[np.float64]:
        scale = (self.dt_s or 1.0) if self.unit == "step" else SECONDS[self.unit or "s"]
        return np.asarray(value, dtype=np.float64) * scale

    def require(self) -> None:
        """Add findings if the step (ND047) or the unit (ND049) is not specified."""
        if self.dt_s is None:
            self.notes.add("ND047", "does not specify the length of a step", "--dt SECONDS, e.g. --dt 1e-4")
        if self.doubts:
            shown = ", ".join(self.doubts[:8]) + (f" and {len(self.doubts) - 8} more" if len(self.doubts) > 8 else "")
            self.notes.add(
                "ND049",
                f"has times that do not appear to be in seconds, or are shorter than a step: nodes {shown}",
                "--time-unit step, --time-unit ms or --time-unit s",
            )
