"""Edits of a network that the user requests as options: fewer synapses, shorter delays, shared parameters.

Each is recorded in the ledger. The compiler never makes such an edit without a request.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.compiler.options import CompileOptions
from neurodeploy.compiler.rescale import clipped_weights, rescalable, rescaled
from neurodeploy.diagnostics import Diagnostic, about, finding
from neurodeploy.diagnostics.ledger import LedgerLine
from neurodeploy.hardware.arithmetic import mantissa_limits
from neurodeploy.hardware.files import cite
from neurodeploy.hardware.target import Target
from neurodeploy.network import Network, Projection
from neurodeploy.network.connectivity import synapses_of
from neurodeploy.network.delays import possible_delays
from neurodeploy.network.prune import prune, prune_sources
from neurodeploy.network.written_out import listed_projection
from neurodeploy.quantize import Quantized
from neurodeploy.quantize.quantized import QuantizedPopulation
from neurodeploy.quantize.weights import sign_mode_of

__all__ = ["edited_network", "longest_delay", "shared_parameters", "width_findings"]

Ints = NDArray[np.int64]


def _requested(by_name: Mapping[str, Any], name: str) -> Any:
    return by_name.get(name, by_name.get("*"))


def _prune_lines(options: CompileOptions) -> Iterator[LedgerLine]:
    for what, fractions in (("synapses of each neuron", options.prune), ("sources", options.prune_sources)):
        for name, fraction in fractions.items():
            yield LedgerLine(
                subject=about("projection", "*" if name == "*" else name),
                quantity="synapses",
                asked="all",
                got=f"without the weakest {fraction:.0%} of the {what}",
                level="dropped",
                note="requested by the user",
            )


def width_findings(network: Network, target: Target, options: CompileOptions) -> tuple[Diagnostic, ...]:
    """Return ND207 for each projection with weights of both signs and a width that stores only one sign."""
    found: list[Diagnostic] = []
    for item in network.projections:
        declared = item.weight_format.weight_bits if item.weight_format else None
        bits = options.weight_bits.get(item.name, options.weight_bits.get("*", declared))
        if bits is None or mantissa_limits(target.dialect, bits, "mixed")[1] > 0:
            continue
        weights = synapses_of(item, network.source_size(item.source)).weights
        if sign_mode_of(weights) == "mixed":
            message = f"{bits}-bit weights store only one sign, but its weights have both"
            fixes = ["use more bits, or one projection for each sign"]
            source = cite(target, "precision.weight_bits")
            found.append(finding("ND207", about("projection", item.name), message, limit_source=source, fixes=fixes))
    return tuple(found)


def longest_delay(network: Network) -> int:
    """Return the longest synaptic delay of a network, in steps beyond the one step of every projection."""
    return max((int(possible_delays(item).max(initial=0)) for item in network.projections), default=0)


def _clipped(projection: Projection, most: int) -> tuple[Projection, LedgerLine | None]:
    """The projection with delays clipped to `most` steps, and the number of clipped delays; None if no delay is longer."""
    if not (possible_delays(projection) > most).any():
        return projection, None
    projection = listed_projection(projection)
    delays = np.asarray(projection.delay_steps)
    longer = delays > most
    if not longer.any():
        return projection, None
    line = LedgerLine(
        subject=about("projection", projection.name),
        quantity="delay_steps",
        asked=f"up to {int(delays.max())} steps",
        got=f"{int(longer.sum()):,} of {delays.size:,} delays shortened to {most} steps",
        level="approximate",
        note="requested by the user",
    )
    short: Any = np.minimum(delays, most) if delays.ndim else most
    return projection.model_copy(update={"delay_steps": short}), line


def edited_network(network: Network, options: CompileOptions) -> tuple[Network, tuple[LedgerLine, ...]]:
    """Return a valid network after pruning, clipping of delays and weights, and rescaling, with a ledger line for each change."""
    ledger = list(_prune_lines(options))
    lean = prune_sources(prune(network, options.prune), options.prune_sources)
    if options.max_delay or options.clip_weights:
        kept: list[Projection] = []
        for projection in lean.projections:
            most = _requested(options.max_delay, projection.name)
            part = _requested(options.clip_weights, projection.name)
            short, line = (projection, None) if most is None else _clipped(projection, most)
            fine, other = (short, None) if not part else clipped_weights(short, part)
            kept.append(fine)
            ledger += [item for item in (line, other) if item]
        lean = lean.model_copy(update={"projections": tuple(kept)})
    for population in lean.populations if options.channel_scales else ():
        most = _requested(options.channel_scales, population.name)
        if most is not None and not rescalable(lean, population):
            lean, line = rescaled(lean, population, most)
            ledger += [line] if line else []
    return lean, tuple(ledger)


def _relative(values: Ints, chosen: Ints) -> NDArray[np.float64]:
    """(n, k) |value - chosen| relative to the larger of the two, maximum over the columns."""
    difference = np.abs(values[:, None, :] - chosen[None, :, :])
    larger = np.maximum(np.abs(values[:, None, :]), np.abs(chosen[None, :, :]))
    return np.max(difference / np.maximum(larger, 1), axis=2)


def _groups(values: Ints, count: int) -> Ints:
    """(n,) group of each row, at most `count` groups of rows that differ little.

    Each new group starts at the row furthest from all before (Gonzalez 1985), so the distance of a row to the start of
    its group is at most twice the optimum.
    """
    start = np.lexsort(values.T[::-1])[0]
    nearest, group = _relative(values, values[[start]])[:, 0], np.zeros(len(values), dtype=np.int64)
    for index in range(1, count):
        furthest = int(np.argmax(nearest))
        if nearest[furthest] == 0:
            break
        distance = _relative(values, values[[furthest]])[:, 0]
        closer = distance < nearest
        group[closer], nearest = index, np.minimum(nearest, distance)
    return group


def _merged(columns: Ints, fixed: Ints, count: int) -> Ints:
    """Rows (n, c) moved to the middle of their group, at most `count` distinct (row, fixed) pairs; `fixed` never moves."""
    kinds, kind = np.unique(fixed, axis=0, return_inverse=True)
    kind, moved = kind.ravel(), columns.copy()
    share = max(count // len(kinds), 1)
    for index in range(len(kinds)):
        mine = np.flatnonzero(kind == index)
        distinct, place = np.unique(columns[mine], axis=0, return_inverse=True)
        if len(distinct) <= share:
            continue
        group = _groups(distinct, share)
        for own in np.unique(group):
            inside = distinct[group == own]
            moved[mine[group[place.ravel()] == own]] = (inside.min(axis=0) + inside.max(axis=0) + 1) // 2
    return moved


def _line(name: str, quantity: str, before: Ints, after: Ints) -> LedgerLine | None:
    """Largest change of one register."""
    if np.array_equal(before, after):
        return None
    error = np.abs(after - before) / np.maximum(np.abs(before), 1)
    worst, moved = int(np.argmax(error)), int(np.count_nonzero(after != before))
    return LedgerLine(
        subject=about("population", name),
        quantity=f"{quantity} register",
        asked=f"{np.unique(before).size:,} distinct, {before[worst]} for neuron {worst}",
        got=f"{np.unique(after).size:,} distinct, {after[worst]} for neuron {worst}; {moved:,} of {after.size:,} moved",
        level="approximate",
        relative_error=float(error[worst]),
        option="share_parameters",
        note="parameters shared, as requested by the user; the neuron named changed most",
    )


def _sharing(population: QuantizedPopulation, count: int) -> tuple[QuantizedPopulation, list[LedgerLine]]:
    taken = {name: np.asarray(getattr(population, name), dtype=np.int64) for name in _REGISTERS}
    fixed = np.stack([taken[name] for name in ("refract_delay", "vmin_exp", "vmax_exp")], axis=1)
    decays = _merged(np.stack([taken["du"], taken["dv"]], axis=1), fixed, count)
    new = {"du": decays[:, 0], "dv": decays[:, 1]}
    if population.spiking:
        new["vth_mant"] = _merged(taken["vth_mant"][:, None], np.zeros((population.size, 1), np.int64), count)[:, 0]
    lines = [line for name, values in new.items() if (line := _line(population.name, name, taken[name], values))]
    return population.model_copy(update={name: values.astype(np.int32) for name, values in new.items()}), lines


_REGISTERS = ("du", "dv", "vth_mant", "refract_delay", "vmin_exp", "vmax_exp")


def shared_parameters(quantized: Quantized, options: CompileOptions) -> Quantized:
    """Return a network whose populations have few distinct decays and thresholds, and the change of each register.

    `options.share_parameters`: population -> maximum number of distinct pairs (du, dv), and of distinct thresholds.
    """
    if not options.share_parameters:
        return quantized
    populations: list[QuantizedPopulation] = []
    ledger = list(quantized.ledger)
    for population in quantized.populations:
        count = _requested(options.share_parameters, population.name)
        shared, lines = (population, []) if count is None else _sharing(population, count)
        populations.append(shared)
        ledger += lines
    return quantized.model_copy(update={"populations": tuple(populations), "ledger": tuple(ledger)})
