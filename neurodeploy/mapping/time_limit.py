"""The time limit of a mapping, and its progress callback."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

__all__ = ["OutOfTimeError", "Progress", "TimeLimit"]

Progress = Callable[[str, int, int], None]
"""Progress callback (stage, done, total)."""


class OutOfTimeError(Exception):
    """The deadline passed before a stage had a result."""


@dataclass(frozen=True)
class TimeLimit:
    """Deadlines of a mapping, its progress callback, and the stages that ended early."""

    deadline: float = math.inf
    """Hard end, in seconds of time.monotonic: a stage without a result raises OutOfTimeError."""
    improve_until: float = math.inf
    """Soft end, in seconds of time.monotonic: stages that only improve a result end with the best they have."""
    progress: Progress | None = None
    """Called by `report`; None: no progress is reported."""
    stopped: list[str] = field(default_factory=list[str])
    """Stages that ended early, each once."""

    @property
    def end(self) -> float:
        """When stages that only improve a result end, in seconds of time.monotonic."""
        return min(self.deadline, self.improve_until)

    @property
    def is_up(self) -> bool:
        """Whether stages that only improve a result should end now."""
        return time.monotonic() > self.end

    def report(self, stage: str, done: int, total: int) -> None:
        """Report progress. Raises OutOfTimeError after the deadline."""
        if self.progress is not None:
            self.progress(stage, done, total)
        if time.monotonic() > self.deadline:
            raise OutOfTimeError(stage)

    def note_stopped(self, stage: str) -> None:
        """Record that a stage ended early."""
        if stage not in self.stopped:
            self.stopped.append(stage)

    def stops(self, stage: str) -> bool:
        """Whether a stage that only improves a result should end now; if so, the stage is recorded."""
        if self.is_up:
            self.note_stopped(stage)
        return self.is_up

    def within(self, seconds: float | None) -> TimeLimit:
        """Return a limit whose improvements end after `seconds`; self if `seconds` is None or their end is already set."""
        if seconds is None or self.improve_until < math.inf:
            return self
        return replace(self, improve_until=time.monotonic() + seconds)
