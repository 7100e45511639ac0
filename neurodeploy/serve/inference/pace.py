"""How long requests of a model take: what was measured lately, from which the queue plans."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Pace"]

RUN_S = 0.0005
"""Seconds of a run besides those of its samples and steps."""
SHARE = 0.2
"""Weight of the last batch in the means."""


@dataclass(slots=True)
class Pace:
    """Mean times of a model. None: not known yet."""

    request_s: float | None = None
    """Seconds of a request in a batch."""
    step_s: float | None = None
    """Seconds of one step of one sample."""

    def expected_s(self, runs: int, sample_steps: int) -> float | None:
        """Return the seconds that a batch will take; None: not known.

        `runs`: into which it falls. `sample_steps`: sum over samples of the steps of each; 0: not known.
        """
        if self.step_s is None or not sample_steps:
            return None
        return runs * RUN_S + sample_steps * self.step_s

    def learn(self, seconds: float, requests: int, runs: int, sample_steps: int) -> None:
        """Take a batch into account.

        `seconds`: that it took. `requests`: in it. `runs` and `sample_steps`: as above.
        """
        self.request_s = _mean(self.request_s, seconds / requests)
        if sample_steps:
            self.step_s = _mean(self.step_s, max(seconds - runs * RUN_S, 0.0) / sample_steps)


def _mean(before: float | None, now: float) -> float:
    return now if before is None else before + SHARE * (now - before)
