"""What is noted of a request as it goes."""

from __future__ import annotations

from contextvars import ContextVar
from time import perf_counter

__all__ = ["CURRENT", "Seen", "current"]


class Seen:
    """A request as it goes; parts of the server note here what they know of it."""

    __slots__ = ("begun", "ended", "id", "queued", "replied", "started", "status")

    def __init__(self, request_id: str) -> None:
        self.id = request_id
        self.begun = perf_counter()
        self.status = 0
        """Of HTTP; 0 before the reply begins."""
        self.queued = self.started = self.ended = self.replied = 0.0
        """When (perf_counter) it was queued, its run started and ended, and its reply began; 0: it did not."""


CURRENT: ContextVar[Seen | None] = ContextVar("neurodeploy-request", default=None)
"""The request that a task answers; set by the outermost layer."""


def current() -> Seen | None:
    """Return the request that this task answers; None outside of one."""
    return CURRENT.get()
