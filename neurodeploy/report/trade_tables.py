"""The trade of cores for time and energy as a table."""

from __future__ import annotations

from rich.table import Table

from neurodeploy.mapping.spend.trade import Trade
from neurodeploy.report.plain import plain_table
from neurodeploy.report.quantity import interval, si

__all__ = ["trade_lines", "trade_table"]

RATES = {
    "full": "no rates were given: a step in which every neuron and every input line spikes once, the longest there can be",
    "given": "a mean step at the given rates",
    "partly": "a mean step at the given rates; neurons and input lines without a rate spike in every step",
}


def trade_table(trade: Trade) -> Table:
    """Return the table of the mappings of a trade, one row for each, with their modelled step."""
    title = f"cores spent on {trade.goal}, modelled; * is chosen"
    table = plain_table(title, "", "cores", "time of a step", "energy of a step", "busiest core", "on")
    for number, point in enumerate(trade.points):
        core = point.bottleneck
        table.add_row(
            "*" if number == trade.chosen else "",
            f"{point.cores:,}",
            interval(point.time_per_step),
            si(point.energy_j, "J"),
            si(core.busy_s, "s"),
            core.binds,
        )
    return table


def trade_lines(trade: Trade) -> tuple[str, ...]:
    """Return what the figures are of, what was gained, and whether the sources of energy agree."""
    low, high = trade.gains
    gain = f"{trade.speed_up:.2f}x shorter step, {trade.best.cores / trade.fewest.cores:.2f}x the cores"
    sources = "by every published figure" if trade.energy_decided else "published figures disagree on the sign"
    lines = [RATES[trade.rates], gain]
    if trade.chosen:
        lines.append(f"energy saved in a step: {si(low, 'J')} to {si(high, 'J')}, {sources}")
    if trade.fewest.static is None:
        lines.append("energy is without static power, of which no figure is public")
    return tuple(lines)
