"""What cores buy: the modelled time and energy of a step for each number of cores that was tried."""

from __future__ import annotations

from typing import Literal

from neurodeploy.base.noun import Noun
from neurodeploy.costs.estimate import CoreFloor, Estimate
from neurodeploy.mapping.options import Goal

__all__ = ["RatesFrom", "Trade", "TradePoint"]

RatesFrom = Literal["full", "given", "partly"]
"""Where the spikes in a step are from: the most that is possible, the user, or both."""


class TradePoint(Noun):
    """One mapping: its cores, and its modelled mean step."""

    cores: int
    """Cores in use."""
    chips: int
    """Chips in use."""
    time_per_step: Estimate
    """Time of a step, in s, barrier included."""
    dynamic: Estimate
    """Energy of the events of a step, in J."""
    static: Estimate | None
    """Static power of the chips in use over the time of a step, in J; None: no figure is public."""
    messages: float
    """Messages from core to core in a step."""
    bottleneck: CoreFloor
    """The core that sets the pace of a step, and what it spends the step on."""

    @property
    def energy_j(self) -> float:
        """Nominal energy of a step, in J; without the static part where no figure of it is public."""
        return self.dynamic.value + (0.0 if self.static is None else self.static.value)


class Trade(Noun):
    """The mappings that were tried for a goal, and the one that was chosen."""

    goal: Goal
    """What cores were spent on."""
    points: tuple[TradePoint, ...]
    """The mapping with fewest cores, and one for each larger number of cores that was tried, ascending."""
    chosen: int
    """Index of the mapping that was chosen."""
    rates: RatesFrom
    """Where the spikes in a step are from. full: no rates were given, and every neuron and input line spikes once, the most that
    it can. given: all of `rates`. partly: some of `rates`, and once for all others."""
    energy_decided: bool
    """Whether all published figures agree that the chosen mapping takes no more energy than the one with fewest cores."""
    gains: tuple[float, float]
    """Lowest and highest energy that the chosen mapping saves in a step, in J, over all published figures; below 0: it costs more."""

    @property
    def fewest(self) -> TradePoint:
        """The mapping with fewest cores, which `optimize` "cores" gives."""
        return self.points[0]

    @property
    def best(self) -> TradePoint:
        """The mapping that was chosen."""
        return self.points[self.chosen]

    @property
    def speed_up(self) -> float:
        """Modelled time of a step with fewest cores over that of the chosen mapping."""
        return self.fewest.time_per_step.value / self.best.time_per_step.value
