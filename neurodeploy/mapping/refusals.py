"""Findings of the mapper: why a network was not placed, and proofs by lower bounds before any core is filled."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics import Diagnostic, about, finding
from neurodeploy.hardware.target import Target
from neurodeploy.mapping.options import MappingOptions
from neurodeploy.mapping.options_check import option_findings
from neurodeploy.mapping.place.pins import PinGroups, pin_groups
from neurodeploy.quantize.quantized import Quantized
from neurodeploy.resources.limits import CODES, Limit
from neurodeploy.resources.lower_bounds import lower_bounds

__all__ = ["STAGE", "cannot_fit", "not_placed", "overfills", "proof_of_cores", "too_many", "unplaced"]

STAGE = "partition"
Ints = NDArray[np.int64]


def proof_of_cores(quantized: Quantized, target: Target, options: MappingOptions) -> Diagnostic | None:
    """Return ND401 if a lower bound exceeds the cores that valid options leave, on the board or for pinned populations."""
    groups = pin_groups(quantized, target, options)
    usable = int(groups.open.any(axis=0).sum())
    least = max(lower_bounds(quantized, target).values(), default=0)
    if least > usable:
        return _of_board(quantized, target, usable, least, more=False)
    for group in range(len(groups.open)) if options.pins else ():
        bounds, room = _group_bounds(quantized, target, groups, group), int(groups.open[group].sum())
        worst = max(bounds, key=lambda name: bounds[name], default="")
        if bounds.get(worst, 0) > room:
            proof = f"proven: {worst} alone needs at least {bounds[worst]:,} cores"
            return _of_group(quantized, options, groups, group, bounds[worst], proof)
    return None


def cannot_fit(quantized: Quantized, target: Target, options: MappingOptions) -> bool:
    """Whether options are invalid for a target, or a lower bound exceeds the cores that they leave; no core is filled."""
    return bool(option_findings(quantized, target, options)) or proof_of_cores(quantized, target, options) is not None


def _group_bounds(quantized: Quantized, target: Target, groups: PinGroups, group: int) -> dict[str, int]:
    """Resource -> fewest cores of the populations of a pin group. Output axons are left out: those of other groups would count."""
    mine = tuple(item for item in quantized.populations if groups.of[item.name] == group)
    names = {item.name for item in mine}
    into = tuple(item for item in quantized.projections if item.target in names)
    bounds = lower_bounds(quantized.model_copy(update={"populations": mine, "projections": into}), target)
    return {name: count for name, count in bounds.items() if name != "output_axons"}


def overfills(
    population: str, neuron: int, figures: Mapping[str, int], limits: Mapping[str, Limit], resource: str
) -> Diagnostic:
    """Return the finding of a neuron that overfills an empty core; `figures`: what it takes of each resource."""
    limit = limits[resource]
    return finding(
        CODES[resource],
        about("population", population),
        f"neuron {neuron} alone overfills an empty core",
        found=figures[resource],
        limit=limit.value,
        unit=limit.unit,
        limit_source=limit.citation,
        resource=resource,
    )


def not_placed(quantized: Quantized, tried: list[int], proof: Diagnostic | None) -> Diagnostic:
    """Return ND402 of first fit; `tried`: cores of each round, `proof`: finding of the last round."""
    why = f"; in the last round, {proof.subject}: {proof.message}" if proof else ""
    rounds = (
        f"{len(tried)} rounds ({tried[0]} to {tried[-1]} cores)" if len(tried) > 1 else f"1 round ({tried[0]} cores)"
    )
    return unplaced(quantized, f"first fit in {rounds} always exceeded the output axons of a core{why}")


def unplaced(quantized: Quantized, why: str) -> Diagnostic:
    """Return ND402 with a reason."""
    return finding(
        "ND402", about("network", quantized.network.name), f"not placed by this mapper: {why}", resource="cores"
    )


def too_many(
    quantized: Quantized,
    target: Target,
    options: MappingOptions,
    groups: PinGroups,
    group: int,
    n_cores: int,
    *,
    more: bool,
) -> Diagnostic:
    """Return ND401 of a pin group that needs `n_cores` cores (`more`: or more), above those it has."""
    if not options.pins:
        return _of_board(quantized, target, int(groups.open[0].sum()), n_cores, more=more)
    mapper = "this mapper needs that many" + (" or more" if more else "")
    return _of_group(quantized, options, groups, group, n_cores, mapper)


def _of_board(quantized: Quantized, target: Target, usable: int, n_cores: int, *, more: bool) -> Diagnostic:
    bounds = lower_bounds(quantized, target)
    resource = max(bounds, key=lambda name: bounds[name])
    proven = bounds[resource] > usable
    place = f"board '{target.board}'" if target.board else "one chip"
    many = "that many or more" if more else "that many"
    verdict = (
        f"proven not to fit: {resource} alone needs at least {bounds[resource]:,} cores"
        if proven
        else f"this mapper needs {many}; the lower bound, by {resource}, is {bounds[resource]:,}"
    )
    verdict += (
        f"; {target.cores - usable:,} of its cores are excluded by option 'avoid_cores'"
        if usable < target.cores
        else ""
    )
    return finding(
        "ND401",
        about("network", quantized.network.name),
        f"needs more cores than {place} of target '{target.name}' has ({verdict})",
        found=n_cores,
        limit=usable,
        unit="core",
        limit_source=f"{target.file} chip.cores: {target.chip.cores.source}",
        resource="cores",
    )


def _of_group(
    quantized: Quantized, options: MappingOptions, groups: PinGroups, group: int, n_cores: int, why: str
) -> Diagnostic:
    """ND401 of populations that are pinned to too few cores, or of all others, for which too few are left."""
    names = [item.name for item in quantized.populations if groups.of[item.name] == group]
    avoided = (
        f"; {len(set(options.avoid_cores)):,} cores of the board are excluded by option 'avoid_cores'"
        if options.avoid_cores
        else ""
    )
    has = "are left by pinned populations" if group == 0 else f"{'they are' if len(names) > 1 else 'it is'} pinned to"
    need = "need" if len(names) > 1 else "needs"
    return finding(
        "ND401",
        about("population", *names),
        f"{need} more cores than {has} ({why}{avoided})",
        found=n_cores,
        limit=int(groups.open[group].sum()),
        unit="core",
        limit_source="options 'pins' and 'avoid_cores'" if options.avoid_cores else "option 'pins'",
        resource="cores",
    )
