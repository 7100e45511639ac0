"""Whether a request waits for others to run with: for at most two milliseconds, and only where others came lately."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Company"]

LEAST = 0.5
"""Others that must come on the average for a wait to pay: it shares the cost of a run that is the same for one request or five."""
TRY_EVERY = 32
"""One of so many batches waits whatever came lately, to find out who comes."""
SHARE = 0.2
"""Weight of the last wait in the mean."""


@dataclass(slots=True)
class Company:
    """How many requests came while one waited."""

    others: float = 0.0
    """Mean of the last waits."""
    batches: int = 0
    over: bool = False
    """Whether the time for which the next batch may wait is over."""

    def holds(self, requests: int) -> bool:
        """Return whether a batch that has so many requests waits for further ones."""
        if self.over:
            return False
        if self.batches % TRY_EVERY == TRY_EVERY - 1:
            return True
        return self.others >= LEAST and requests < 1 + round(self.others)

    def left(self, requests: int) -> None:
        """Take a batch of so many requests into account, which runs now."""
        if self.over:
            self.others += SHARE * (requests - 1 - self.others)
        self.batches, self.over = self.batches + 1, False
