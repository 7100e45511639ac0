"""Tables of a Conversion."""

from __future__ import annotations

from rich.table import Table

from neurodeploy.convert.options import Conversion
from neurodeploy.report.tables import plain_table

__all__ = ["conversion_table"]


def conversion_table(result: Conversion) -> Table:
    """Return the table of what became of each layer."""
    table = plain_table(
        f"layers at {result.steps} step{'s' if result.steps != 1 else ''}, scheme {result.scheme}",
        "layer",
        "shape",
        "activation",
        "clipped",
        "error",
    )
    for layer in result.layers:
        shape = " x ".join(map(str, layer.shape))
        shown = (f"{layer.clipped:.2%}", f"{layer.error:.2%}") if layer.activation else ("-", "-")
        table.add_row(layer.name, shape, layer.activation or "none, read", *shown)
    return table
