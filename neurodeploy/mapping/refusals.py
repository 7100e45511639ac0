"""Why a network was given no cores: the findings of a mapper, and what is proven before it begins."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics import Diagnostic, about, finding
from neurodeploy.hardware.target import Target
from neurodeploy.mapping.options import MappingOptions
from neurodeploy.mapping.options_check import option_findings
from neurodeploy.mapping.place.pins import PinGroups, pin_groups
from neurodeploy.quantize.quantized import Quantized
from neurodeploy.resources.lower_bounds import lower_bounds

__all__ = ["STAGE", "cannot_fit", "not_placed", "proof_of_cores", "too_many", "unplaced"]

STAGE = "partition"
Ints = NDArray[np.int64]


def proof_of_cores(quantized: Quantized, target: Target, options: MappingOptions) -> Diagnostic | None:
    """Return ND401 where a lower bound is above the cores that valid options leave, of the board or for a pinned population."""
    zones = pin_groups(quantized, target, options)
    usable = int(zones.open.any(axis=0).sum())
    least = max(lower_bounds(quantized, target).values(), default=0)
    if least > usable:
        return _of_board(quantized, target, usable, least, more=False)
    for zone in range(len(zones.open)) if options.pins else ():
        bounds, room = _zone_bounds(quantized, target, zones, zone), int(zones.open[zone].sum())
        worst = max(bounds, key=lambda name: bounds[name], default="")
        if bounds.get(worst, 0) > room:
            proof = f"proven: {worst} alone needs {bounds[worst]:,} cores at least"
            return _of_zone(quantized, options, zones, zone, bounds[worst], proof)
    return None


def cannot_fit(quantized: Quantized, target: Target, options: MappingOptions) -> bool:
    """Whether options make no sense for a target, or a lower bound is above the cores that they leave; no core is filled."""
    return bool(option_findings(quantized, target, options)) or proof_of_cores(quantized, target, options) is not None


def _zone_bounds(quantized: Quantized, target: Target, zones: PinGroups, zone: int) -> dict[str, int]:
    """Least cores of the populations of a zone; their output axons are left out, as those of others would count with them."""
    mine = tuple(item for item in quantized.populations if zones.of[item.name] == zone)
    names = {item.name for item in mine}
    into = tuple(item for item in quantized.projections if item.target in names)
    bounds = lower_bounds(quantized.model_copy(update={"populations": mine, "projections": into}), target)
    return {name: count for name, count in bounds.items() if name != "output_axons"}


def not_placed(quantized: Quantized, tried: list[int], proof: Diagnostic | None) -> Diagnostic:
    """Return ND402 of first fit: the cores of each round, and what the last one ended with."""
    why = f"; in the last, {proof.subject}: {proof.message}" if proof else ""
    rounds = (
        f"{len(tried)} rounds ({tried[0]} to {tried[-1]} cores)" if len(tried) > 1 else f"1 round ({tried[0]} cores)"
    )
    return unplaced(quantized, f"first fit in {rounds} kept overfilling output axons{why}")


def unplaced(quantized: Quantized, why: str) -> Diagnostic:
    """Return ND402."""
    return finding("ND402", about("network", quantized.network.name), f"not placed by this mapper: {why}")


def too_many(
    quantized: Quantized,
    target: Target,
    options: MappingOptions,
    zones: PinGroups,
    zone: int,
    n_cores: int,
    *,
    more: bool,
) -> Diagnostic:
    """Return ND401: a zone needs more cores than it has; `more`: counting ended there."""
    if not options.pins:
        return _of_board(quantized, target, int(zones.open[0].sum()), n_cores, more=more)
    mapper = "this mapper needs that many" + (" or more" if more else "")
    return _of_zone(quantized, options, zones, zone, n_cores, mapper)


def _of_board(quantized: Quantized, target: Target, usable: int, n_cores: int, *, more: bool) -> Diagnostic:
    bounds = lower_bounds(quantized, target)
    resource = max(bounds, key=lambda name: bounds[name])
    proven = bounds[resource] > usable
    place = f"board '{target.board}'" if target.board else "one chip"
    many = "that many or more" if more else "that many"
    verdict = (
        f"proven not to fit: {resource} alone needs {bounds[resource]:,} cores at least"
        if proven
        else f"this mapper needs {many}; {resource} proves only {bounds[resource]:,}"
    )
    verdict += f"; {target.cores - usable:,} of its cores are to be avoided" if usable < target.cores else ""
    return finding(
        "ND401",
        about("network", quantized.network.name),
        f"needs more cores than {place} of target '{target.name}' has ({verdict})",
        found=n_cores,
        limit=usable,
        unit="core",
        limit_source=f"{target.file} chip.cores: {target.chip.cores.source}",
    )


def _of_zone(
    quantized: Quantized, options: MappingOptions, zones: PinGroups, zone: int, n_cores: int, why: str
) -> Diagnostic:
    """Finding of populations that are pinned to too few cores, or of the others, for which too few are left."""
    names = [item.name for item in quantized.populations if zones.of[item.name] == zone]
    avoided = f", {len(set(options.avoid_cores)):,} cores of the board to be avoided" if options.avoid_cores else ""
    has = "are left beside pinned ones" if zone == 0 else f"{'they are' if len(names) > 1 else 'it is'} pinned to"
    need = "need" if len(names) > 1 else "needs"
    return finding(
        "ND401",
        about("population", *names),
        f"{need} more cores than {has} ({why}{avoided})",
        found=n_cores,
        limit=int(zones.open[zone].sum()),
        unit="core",
        limit_source="options 'pins' and 'avoid_cores'" if options.avoid_cores else "option 'pins'",
    )
