"""Static power at the duty cycle of the user: some inferences per second, and waiting between them.

With E the energy of an inference beside the power that a chip also takes when it waits, P that power over the chips in use,
and r inferences per second:  mean power = P + r * E,  energy of an inference = E + P / r,  share = P / (P + r * E).
"""

from __future__ import annotations

from neurodeploy.costs.estimate import Boundary, BoundaryCost, Estimate, StaticShare
from neurodeploy.hardware.target import Target
from neurodeploy.profile.boundaries import estimate_of, product, total

__all__ = ["static_share"]

Power = tuple[Estimate, Estimate | None]
"""(power of one chip that waits, power of one chip that computes), in W; the second is None if it is not known."""


def static_share(
    target: Target, costs: BoundaryCost, dynamic: Estimate, rate_per_s: float, chips: int
) -> StaticShare | None:
    """Return what static power takes at a rate; None if the target has no figure for it.

    `target`: of the program. `costs`: of an inference at the boundary of interest. `dynamic`: energy of the cores for one
    inference, in J. `rate_per_s`: inferences per second, above 0. `chips`: in use.
    """
    powers = _powers(target, costs.boundary)
    if not powers or costs.time is None:
        return None
    idle = [_scaled(waiting, chips) for waiting, _ in powers]
    active = [_above(power, waiting, chips) for waiting, power in powers if power is not None]
    time = costs.time
    spent = total((dynamic, *(product(item, time, "J") for item in active)))
    static = total(idle)
    power = total((static, _scaled(spent, rate_per_s).model_copy(update={"unit": "W"})))
    busy = _scaled(time, rate_per_s).model_copy(update={"unit": "fraction"})
    of = "1 whole chip" if chips == 1 else f"{chips:,} whole chips"
    return StaticShare(
        rate_per_s=rate_per_s,
        busy=busy,
        power_w=power,
        energy_per_inference=_scaled(power, 1 / rate_per_s).model_copy(update={"unit": "J"}),
        share=_share(static, spent, rate_per_s),
        static_of=of if len(idle) == 1 else f"{of} and their embedded CPUs",
    )


def _powers(target: Target, boundary: Boundary) -> list[Power]:
    """The powers inside a boundary, those of the chip first; empty if one is not known. A share needs the static power of
    chips at every boundary.
    """
    if target.chip_terms is None and target.static_power is not None and boundary == "cores":
        return [(estimate_of(target.static_power, target.file, "static_power"), None)]
    found = list[Power]()
    every = (("chip_terms", target.chip_terms), ("board_terms", target.board_terms))
    for name, terms in every if boundary == "board" else every[:1]:
        if terms is None or terms.idle_power is None:
            return []
        power = None if terms.power is None else estimate_of(terms.power, target.file, f"{name}.power")
        found.append((estimate_of(terms.idle_power, target.file, f"{name}.idle_power"), power))
    return found


def _scaled(item: Estimate, factor: float) -> Estimate:
    return item.model_copy(update={end: getattr(item, end) * factor for end in ("value", "low", "high")})


def _above(power: Estimate, waiting: Estimate, chips: int) -> Estimate:
    """Power of the chips while they compute, beyond what they take when they wait; never below 0."""
    ends = {end: max(getattr(power, end) - getattr(waiting, end), 0.0) * chips for end in ("value", "low", "high")}
    return power.model_copy(
        update={**ends, "low": min(ends["low"], ends["value"]), "high": max(ends["high"], ends["value"])}
    )


def _share(static: Estimate, spent: Estimate, rate_per_s: float) -> Estimate:
    def part(power: float, energy: float) -> float:
        whole = power + rate_per_s * energy
        return power / whole if whole else 0.0

    return Estimate(
        value=part(static.value, spent.value),
        low=part(static.low, spent.high),
        high=part(static.high, spent.low),
        unit="fraction",
        kind=spent.kind,
        source=f"{static.source} | {spent.source}",
    )
