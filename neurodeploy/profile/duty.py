"""Static power at the duty cycle of the user: some inferences per second, and waiting between them.

With E the energy of an inference beside the power that a chip also takes when it waits, P that power over the chips in use,
and r inferences per second:  mean power = P + r * E,  energy of an inference = E + P / r,  share = P / (P + r * E).
"""

from __future__ import annotations

from neurodeploy.hardware.target import Target
from neurodeploy.profile.boundaries import estimate_of, product, total
from neurodeploy.profile.estimate import Boundary, BoundaryCost, Estimate, StaticShare

__all__ = ["static_share"]

CHIP_TERMS: dict[Boundary, tuple[str, ...]] = {
    "cores": ("chip_terms",),
    "chip": ("chip_terms",),
    "board": ("chip_terms", "board_terms"),
}
"""Boundary -> the terms whose idle power is static there. At the cores it is that of the chip: a share needs static power."""


def static_share(
    target: Target, costs: BoundaryCost, dynamic: Estimate, rate_per_s: float, chips: int
) -> StaticShare | None:
    """Return what static power takes at a rate; None if the target has no figure for it.

    `target`: of the program. `costs`: of an inference at the boundary of interest. `dynamic`: energy of the cores for one
    inference, in J. `rate_per_s`: inferences per second, above 0. `chips`: in use.
    """
    idle, active = list[Estimate](), list[Estimate]()
    for name in CHIP_TERMS[costs.boundary]:
        terms = getattr(target, name)
        figure = terms.idle_power if terms is not None else None
        if terms is None or figure is None or costs.time is None:
            return None
        idle.append(_scaled(estimate_of(figure, target.file, f"{name}.idle_power"), chips))
        if terms.power is not None:
            active.append(_above(estimate_of(terms.power, target.file, f"{name}.power"), idle[-1], chips))
    time = costs.time
    if time is None:
        return None
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


def _scaled(item: Estimate, factor: float) -> Estimate:
    return item.model_copy(update={end: getattr(item, end) * factor for end in ("value", "low", "high")})


def _above(power: Estimate, idle: Estimate, chips: int) -> Estimate:
    """Power of the chips while they compute, beyond what they take when they wait; never below 0."""
    ends = {end: max(getattr(power, end) * chips - getattr(idle, end), 0.0) for end in ("value", "low", "high")}
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
