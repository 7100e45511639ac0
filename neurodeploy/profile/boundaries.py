"""Energy and time of an inference at each boundary: the cores, the whole chip, the board.

With E and T the energy and time of the cores, S steps, C chips in use, and the terms of the target:
  chip:  time = T + S * chip step_time;           energy = E + C * chip power * time;
  board: time = chip time + S * board step_time;  energy = E + C * (chip power + board power) * time.
Low and high ends are formed from low and high ends. All figures come from the target; where one is absent, the energy or
time of the boundary is None and the reason is given.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from neurodeploy.costs.cost import CoreCosts
from neurodeploy.costs.estimate import Boundary, BoundaryCost, CostPart, Estimate
from neurodeploy.hardware.figure import CostFigure, FigureRange, high_of, low_of
from neurodeploy.hardware.target import BoundaryTerms, Target

__all__ = ["boundary_costs", "estimate_of", "per_step", "product", "total"]


def estimate_of(figure: CostFigure | FigureRange, file: str, path: str) -> Estimate:
    """Return a figure of a target as an estimate; the nominal value of a range is its middle.

    `file`, `path`: of the figure, for its source.
    """
    source = f"{file} {path}: {figure.source}"
    if isinstance(figure, FigureRange):
        value, low, high = 0.5 * (figure.low + figure.high), figure.low, figure.high
    else:
        value, low, high = figure.value, low_of(figure), high_of(figure)
    return Estimate(value=value, low=low, high=high, unit=figure.unit, kind="modelled", source=source)


def product(a: Estimate, b: Estimate, unit: str, times: float = 1.0) -> Estimate:
    """Return `a` * `b` * `times` in `unit`; all ends are at least 0."""
    return Estimate(
        value=a.value * b.value * times,
        low=a.low * b.low * times,
        high=a.high * b.high * times,
        unit=unit,
        kind=_kind(a, b),
        source=_sources((a, b)),
    )


def total(parts: Iterable[Estimate]) -> Estimate:
    """Return the sum of one or more estimates in one unit."""
    every = tuple(parts)
    return Estimate(
        value=sum(item.value for item in every),
        low=sum(item.low for item in every),
        high=sum(item.high for item in every),
        unit=every[0].unit,
        kind=_kind(*every),
        source=_sources(every),
    )


def _spent(power: Estimate, time: Estimate, chips: int) -> Estimate:
    """Energy of `chips` over a time, with the source of their power alone."""
    return product(power, time, "J", chips).model_copy(update={"source": power.source})


def _kind(*parts: Estimate) -> Literal["modelled", "scaled"]:
    return "scaled" if any(item.kind == "scaled" for item in parts) else "modelled"


def _sources(parts: Iterable[Estimate]) -> str:
    every = (source for item in parts for source in item.source.split(" | "))
    return " | ".join(dict.fromkeys(every))


def per_step(time: Estimate | None, steps: int) -> Estimate | None:
    """Return the time of one of `steps` steps; None if `time` is."""
    if time is None:
        return None
    return time.model_copy(update={"value": time.value / steps, "low": time.low / steps, "high": time.high / steps})


def boundary_costs(target: Target, cores: CoreCosts, steps: int, chips: int, used: int) -> tuple[BoundaryCost, ...]:
    """Return energy and time of an inference at every boundary, the smallest first.

    `target`: the target of the program. `cores`: what its cores cost. `steps`: of an inference. `chips`, `used`: chips and
    cores in use.
    """
    found = [
        BoundaryCost(
            boundary="cores",
            energy=cores.energy,
            time=cores.time,
            time_per_step=per_step(cores.time, steps),
            energy_parts=cores.parts,
            time_parts=(CostPart(name="cores and barrier", estimate=cores.time),),
            excludes=target.energy_excludes,
        )
    ]
    power: list[tuple[str, Estimate]] = []
    further: tuple[tuple[Boundary, BoundaryTerms | None], ...] = (
        ("chip", target.chip_terms),
        ("board", target.board_terms),
    )
    for boundary, terms in further:
        found.append(_next(boundary, target, terms, found[-1], power, cores, steps, chips))
    if found[1].time is not None and target.chip_terms is not None and target.chip_terms.core_power is not None:
        share = estimate_of(target.chip_terms.core_power, target.file, "chip_terms.core_power")
        found[1] = found[1].model_copy(update={"static_of_cores": product(share, found[1].time, "J", used)})
    return tuple(found)


def _next(
    boundary: Boundary,
    target: Target,
    terms: BoundaryTerms | None,
    inner: BoundaryCost,
    power: list[tuple[str, Estimate]],
    cores: CoreCosts,
    steps: int,
    chips: int,
) -> BoundaryCost:
    """The costs at a boundary from those at the `inner` one; `power` collects the powers of all boundaries up to here."""
    lacking = list(inner.no_figure)
    own = terms or BoundaryTerms()
    time, time_parts = inner.time, inner.time_parts
    if own.step_time is None or time is None:
        lacking += [f"{target.file} has no {boundary}_terms.step_time"] if own.step_time is None else []
        time = None
    else:
        step = estimate_of(own.step_time, target.file, f"{boundary}_terms.step_time")
        steps_time = step.model_copy(update={end: getattr(step, end) * steps for end in ("value", "low", "high")})
        time_parts = (*time_parts, CostPart(name=own.step_time_of, estimate=steps_time))
        time = total((time, steps_time))
    if own.power is None:
        lacking.append(f"{target.file} has no {boundary}_terms.power")
    else:
        power.append((own.power_of, estimate_of(own.power, target.file, f"{boundary}_terms.power")))
    parts, energy = inner.energy_parts, None
    if time is not None and not lacking:
        spent = [CostPart(name=name, estimate=_spent(watts, time, chips)) for name, watts in power]
        parts, energy = (*cores.parts, *spent), total((cores.energy, *(item.estimate for item in spent)))
    return BoundaryCost(
        boundary=boundary,
        energy=energy,
        time=time,
        time_per_step=per_step(time, steps),
        energy_parts=parts if energy else (),
        time_parts=time_parts if time else (),
        excludes=own.excludes,
        no_figure=tuple(lacking),
    )
