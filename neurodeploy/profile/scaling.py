"""Costs of a chip without published figures, scaled from those of another chip: on request, marked, never ranked."""

from __future__ import annotations

from neurodeploy.costs.cost import CoreCosts
from neurodeploy.costs.estimate import CoreFloor, CostPart, EnergySource, Estimate
from neurodeploy.diagnostics import DiagnosticError, about, finding
from neurodeploy.hardware.figure import CostFigure, high_of, low_of
from neurodeploy.hardware.files import load_target
from neurodeploy.hardware.target import Target

__all__ = ["in_scale", "priced_target"]

TIMES = ("memory_s", "compute_s", "traffic_s", "learning_s", "barrier_s", "busy_s")


def priced_target(target: Target, energy: EnergySource) -> Target:
    """Return the target whose energy profiles are used for a program of `target`: its own, or the one it is scaled from.

    Raises DiagnosticError: ND611 (it has figures of its own, or none to scale from).
    """
    if energy == "published":
        return target
    if target.energy or target.scaled_from is None:
        own = (
            f"has published figures of its own ({', '.join(target.energy)})" if target.energy else "names no other chip"
        )
        fixes = ["--energy published"] if target.energy else ["--target loihi2"]
        message = f"{own}, so figures are not scaled from another chip"
        raise DiagnosticError("profile", (finding("ND611", about("target", target.name), message, fixes=fixes),))
    return load_target(target.scaled_from.target)


def in_scale(target: Target, cores: CoreCosts | None, energy: EnergySource) -> CoreCosts | None:
    """Return what the cores cost on `target`, from `cores`, what they cost on the chip it is scaled from."""
    scale = target.scaled_from
    if energy == "published" or cores is None or scale is None:
        return cores
    source = f"{target.file} scaled_from: {scale.reason}"
    parts = tuple(
        CostPart(name=item.name, estimate=_times(item.estimate, scale.energy, source)) for item in cores.parts
    )
    return CoreCosts(
        energy=_times(cores.energy, scale.energy, source),
        time=_times(cores.time, scale.time, source),
        parts=parts,
        floors=tuple(_floor(item, scale.time.value) for item in cores.floors),
    )


def _times(item: Estimate, factor: CostFigure, source: str) -> Estimate:
    return Estimate(
        value=item.value * factor.value,
        low=item.low * low_of(factor),
        high=item.high * high_of(factor),
        unit=item.unit,
        kind="scaled",
        source=f"{item.source} | {source}",
    )


def _floor(item: CoreFloor, factor: float) -> CoreFloor:
    return item.model_copy(update={name: getattr(item, name) * factor for name in TIMES})
