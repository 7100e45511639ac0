"""Options of recordings of event sensors, derived from the fields of EventOptions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from neurodeploy.cli.options import collecting_options
from neurodeploy.signals.events import EVENT_FLAGS, EventOptions

__all__ = ["with_event_options"]


def with_event_options(function: Callable[..., None]) -> Callable[..., None]:
    """Decorate a command that reads a stimulus: add an option for each field of EventOptions.

    The command receives them as EventOptions in its parameter `events`.
    """

    def collect(fields: dict[str, Any]) -> EventOptions:
        return EventOptions(**fields)

    return collecting_options(
        function, "events", EventOptions, EVENT_FLAGS, collect, panel="Recordings of event sensors"
    )
