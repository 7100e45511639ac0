"""How long a mapping may take, and who is told how far it is. Maps nothing."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

__all__ = ["OutOfTimeError", "Progress", "TimeLimit"]

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""


class OutOfTimeError(Exception):
    """The time of a search ended before it had a result."""


@dataclass(frozen=True)
class TimeLimit:
    """Until when a mapping may go on, who follows it, and what ended before it was through."""

    deadline: float = math.inf
    """Of time.monotonic: nothing goes on beyond it, and what has no result by then raises OutOfTimeError."""
    until: float = math.inf
    """Of time.monotonic: what only improves a result ends here, with the best it has."""
    progress: Progress | None = None
    stopped: list[str] = field(default_factory=list[str])
    """What ended at `until`, in words."""

    @property
    def late(self) -> bool:
        """Whether what only improves a result is to end."""
        return time.monotonic() > min(self.deadline, self.until)

    def at(self, what: str, done: int, total: int) -> None:
        """Tell how far the work is. Raises OutOfTimeError if the time is up."""
        if self.progress is not None:
            self.progress(what, done, total)
        if time.monotonic() > self.deadline:
            raise OutOfTimeError(what)

    def ended(self, what: str) -> None:
        """Keep what ended before it was through."""
        if what not in self.stopped:
            self.stopped.append(what)

    def ends(self, what: str) -> bool:
        """Whether `what`, which only improves a result, is to end; if so that is kept."""
        if self.late:
            self.ended(what)
        return self.late

    def within(self, seconds: float | None) -> TimeLimit:
        """Return this watch, or one whose improvements end after `seconds` if it knows no such end yet."""
        if seconds is None or self.until < math.inf:
            return self
        return replace(self, until=time.monotonic() + seconds)
