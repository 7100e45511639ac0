"""Lines and table of a LayersVerdict."""

from __future__ import annotations

from rich.table import Table

from neurodeploy.mapping import LayersVerdict
from neurodeploy.report.tables import plain_table

__all__ = ["layers_lines", "layers_table"]


def layers_lines(result: LayersVerdict) -> list[str]:
    """Return the verdict, the cores and their lower bounds."""
    place = f"board '{result.board}'" if result.board else "one chip"
    on = f"{place} of {result.target}, counted as {result.rule_set}"
    lines = [f"verdict: {result.verdict} (from the shapes of {len(result.layers)} layers, {result.neurons:,} neurons)"]
    if result.cores is not None:
        plural = "s" if result.chips != 1 else ""
        takes = "of" if result.verdict == "fits" else "as tiled, more than available on"
        lines.append(f"cores: {result.cores:,} on {result.chips:,} chip{plural} {takes} {on}")
        if result.verdict == "fits":
            lines.append(f"found by {result.by}: compile needs no more cores, at its default level -O1 or above")
    bounds = sorted(result.lower_bounds.items(), key=lambda item: -item[1])
    lines.append("at least, by resource: " + ", ".join(f"{name.replace('_', ' ')} {n:,}" for name, n in bounds))
    lines.append("assumed: all weights are nonzero and distinct, except in pools; each input is a spike line")
    return lines


def layers_table(result: LayersVerdict) -> Table:
    """Return the table of the tile of each layer."""
    table = plain_table("tiles", "layer", "neurons", "shape", "tile", "tiles", "fullest resource of a tile")
    for item in result.layers:
        size, tile = (" x ".join(map(str, sides)) for sides in (item.shape, item.tile or ()))
        fullest = f"{item.fullest.replace('_', ' ')} {item.share:.0%}" if item.tile else "-"
        table.add_row(item.name, f"{item.neurons:,}", size, tile or "-", f"{item.tiles:,}", fullest)
    return table
