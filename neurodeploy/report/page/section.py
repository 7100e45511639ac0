"""One section of a report page."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

__all__ = ["Plot", "Section"]


class Plot(NamedTuple):
    """Data of one interactive plot, which the script of the page draws into the element with the id `name`."""

    name: str
    kind: str
    """Name of the drawing function of the page's script: "raster", "rates", "traces"."""
    data: dict[str, Any]
    """JSON data, whole numbers and short lists where possible: the page has a budget of bytes."""

    def as_json(self) -> str:
        """Return the data as JSON that is safe inside a script element."""
        return json.dumps(self.data, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")


class Section(NamedTuple):
    """One part of the page, with a heading and an entry in its navigation."""

    name: str
    """Id of the element; a lower-case word."""
    title: str
    body: str
    """HTML."""
    plots: tuple[Plot, ...] = ()
    """Plots of the body; without any, the page carries no plotting library."""
