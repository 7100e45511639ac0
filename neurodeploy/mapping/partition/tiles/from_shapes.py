"""Whether a network given by the shapes of its layers fits a target, and on how many cores.

Verdicts: fits (tiles were found with which no core exceeds a limit), proven not to fit (by a lower bound, or by one neuron that
no core holds), not placed (neither). Inputs take input axons but no cores.
"""

from __future__ import annotations

from itertools import product
from math import ceil
from typing import Literal, NamedTuple

import numpy as np

from neurodeploy.base.noun import Name, Noun
from neurodeploy.diagnostics import Diagnostic, DiagnosticError, Fix, about, errors_in, finding, sorted_findings
from neurodeploy.hardware import on_board
from neurodeploy.hardware.files import cite
from neurodeploy.hardware.target import Target
from neurodeploy.mapping.partition.strategy import MANY_CORES, assign
from neurodeploy.mapping.partition.tiles.layer_network import quantized_layers
from neurodeploy.mapping.partition.tiles.layer_packings import Packing, packings
from neurodeploy.mapping.partition.tiles.retile import retiled
from neurodeploy.mapping.partition.tiles.search import Chain
from neurodeploy.mapping.partition.tiles.tilings import ADDED_UP, Tilings, compartments_of
from neurodeploy.network.layer_shapes import Geometry, LayerStack, geometries
from neurodeploy.resources.convolution_axons import most_atoms
from neurodeploy.resources.limits import CODES, Limit, core_limits, exceeded
from neurodeploy.resources.tile import ReachCounts
from neurodeploy.resources.tile_usage import axis_use, channel_use, tile_of

__all__ = ["LayerTiles", "LayersVerdict", "fit_layers", "shape_bounds"]

TOO_MANY = "ND401"


class _Tiled(NamedTuple):
    """Layers and the tiles that were found for them."""

    stack: LayerStack
    tilings: Tilings
    refusals: list[Diagnostic]
    """Findings that no tiling on any board can avoid."""
    packing: Packing | None
    failed: int | None
    """Index of a layer none of whose tilings fits a core; None: every layer has one that fits."""
    bounds: dict[str, int]
    recut: bool = False
    """Whether layers were recut to share cores."""
    first: int | None = None
    """Cores of first fit, where the board holds these but not the tiles."""


class LayerTiles(Noun):
    """One layer and its tiles."""

    name: Name
    """Name of the layer."""
    shape: tuple[int, int, int]
    """Channels, height and width of its neurons."""
    neurons: int
    """Number of neurons."""
    tile: tuple[int, int, int] | None
    """Channels, rows and columns of a tile; None: no tiling was found."""
    tiles: int
    """Number of tiles."""
    fullest: str
    """Resource of a core that a tile uses most."""
    share: float
    """Share of that resource."""


class LayersVerdict(Noun):
    """Whether a network fits a target, judged by the shapes of its layers."""

    network: Name
    """Name of the network."""
    target: Name
    """Name of the target."""
    board: str | None
    """Name of the board; None: one chip."""
    rule_set: str
    """Rule set by which synapse memory is counted."""
    verdict: str
    """Verdict, as given by a compilation."""
    neurons: int
    """Neurons of all layers."""
    cores: int | None
    """Cores of the best packing found."""
    by: Literal["tiles", "first fit"] | None
    """How `cores` was found; `compile` at its default level needs no more, and may need fewer."""
    chips: int | None
    """Chips of those cores."""
    lower_bounds: dict[str, int]
    """Resource -> fewest cores of any mapping."""
    layers: tuple[LayerTiles, ...]
    """Tiles of each layer."""
    findings: tuple[Diagnostic, ...]
    """Findings."""


def shape_bounds(target: Target, layers: tuple[Geometry, ...]) -> dict[str, int]:
    """Resource -> fewest cores of any mapping: `lower_bounds` of the network if all weights of a kernel differ."""
    limits, rules, bounds = core_limits(target), target.counting, dict[str, int]()
    if "compartments" in limits:
        total = sum(layer.neurons * compartments_of(target, layer) for layer in layers)
        bounds["compartments"] = -(-total // limits["compartments"].value)
    if "synapse_memory" in limits:
        prefix = rules.entry_prefix.value / rules.synapses_per_entry.value
        bits = sum(_least_weights(target, layer) * (layer.weight_bits + prefix) for layer in layers)
        bounds["synapse_memory"] = ceil(bits / (limits["synapse_memory"].value * rules.word.value))
    if "compartments" in limits:
        # as many sources of a window may share an axon as it has atoms
        atoms = most_atoms(target)
        pairs = [_least_pairs(layer, max(limits["compartments"].value, 1)) for layer in layers]
        shared = [-(-count // atoms) if layer.shares else count for layer, count in zip(layers, pairs, strict=True)]
        sent = shared if rules.shared_output_axons or rules.convolution is not None else pairs
        for resource, count in (("input_axons", sum(shared)), ("output_axons", sum(sent[1:]))):
            if resource in limits:
                bounds[resource] = ceil(count / limits[resource].value)
    return bounds


def _least_weights(target: Target, layer: Geometry) -> int:
    """Fewest weights that are stored: all synapses, or those of the kernel where lists can be shared."""
    if layer.shares and target.precision.shared_base is not None:
        return 1 if layer.equal_weights else layer.weights
    return sum(n * m * k * a * b * c for (a, n), (b, m), (c, k) in product(*_axis_counts(layer)))


def _least_pairs(layer: Geometry, in_core: int) -> int:
    """Fewest (source, core) pairs if a source reaches at most `in_core` neurons of a core."""
    return sum(n * m * k * -(-(a * b * c) // in_core) for (a, n), (b, m), (c, k) in product(*_axis_counts(layer)))


def _axis_counts(layer: Geometry) -> list[ReachCounts]:
    """(targets that a source reaches, number of such sources) along channels, rows and columns."""
    axes = [channel_use(layer.source[0], layer.shape[0], layer.groups, (0, layer.shape[0])).reach]
    for i in range(2):
        axis = (layer.source[1 + i], layer.kernel[i], layer.stride[i], layer.padding[i], (0, layer.shape[1 + i]))
        axes.append(axis_use(*axis).reach)
    return axes


def _capability(target: Target, layers: tuple[Geometry, ...]) -> list[Diagnostic]:
    """Findings for layers that the target cannot express."""
    offered, legal, found = target.neurons, [int(n) for n in target.precision.weight_bits.values], list[Diagnostic]()
    for layer in layers:
        where = about("layer", layer.name)
        if layer.reset != "none" and layer.reset not in offered.resets:
            message = f"reset '{layer.reset}' is not offered by target '{target.name}': {', '.join(offered.resets)}"
            found.append(finding("ND213", where, message))
        if layer.weight_bits not in legal:
            message = f"{layer.weight_bits}-bit weights are not stored by target '{target.name}': {', '.join(map(str, legal))}"
            found.append(finding("ND207", where, message, limit_source=cite(target, "precision.weight_bits")))
        if layer.delay_steps > target.precision.delay_steps.high:
            source, span = cite(target, "precision.delay_steps"), target.precision.delay_steps
            message, steps = "the delay is longer than the target holds", layer.delay_steps
            found.append(
                finding("ND211", where, message, found=steps, limit=span.high, unit="step", limit_source=source)
            )
    extended = [layer for layer in layers if layer.reset in offered.extensions and layer.reset in offered.resets]
    if extended:
        count, first = compartments_of(target, extended[0]), extended[0]
        message = (
            f"reset '{first.reset}' of {len(extended)} layers is an extension: it takes {count} compartments per neuron"
        )
        found.append(finding("ND214", about("layer", first.name), message))
    return found


def _one_neuron(tilings: Tilings, limits: dict[str, Limit]) -> list[Diagnostic]:
    """Proofs that one neuron of a layer, the one in the middle, fits no core, even with shared lists."""
    found: list[Diagnostic] = []
    for index, layer in enumerate(tilings.layers):
        a, b, c = ((n // 2, n // 2 + 1) for n in layer.shape)
        tile = tilings.tile_class(index, tile_of(layer, (a, b, c), tilings.atoms))
        used = {**dict(zip(ADDED_UP, tile.use, strict=True)), "words_per_axon": tile.longest}
        for name in exceeded({key: n for key, n in used.items() if key in limits}, limits):
            limit = limits[name]
            message = "one neuron alone overfills an empty core"
            where, source = about("layer", layer.name), limit.citation
            found.append(
                finding(
                    CODES[name],
                    where,
                    message,
                    found=used[name],
                    limit=limit.value,
                    unit=limit.unit,
                    limit_source=source,
                    resource=name,
                )
            )
    return found


def fit_layers(stack: LayerStack, target: Target) -> LayersVerdict:
    """Return whether and how the layers fit a target. Raises DiagnosticError: ND010 if consecutive shapes do not match.

    A finding of too many cores names the smallest board of the target that holds the layers, if there is one.
    """
    tiled = _by_first_fit(_fitted(_tiled(stack, target), target), target)
    return _with_larger_board(tiled, target, _judged(tiled, target))


def _tiled(stack: LayerStack, target: Target) -> _Tiled:
    layers = geometries(stack)
    found, tilings = _capability(target, layers), Tilings(target, layers)
    found += _one_neuron(tilings, core_limits(target)) if not errors_in(found) else []
    made, failed = ([], None) if errors_in(found) else packings(tilings)
    return _Tiled(stack, tilings, found, made[0] if made else None, failed, shape_bounds(target, layers))


def _fitted(tiled: _Tiled, target: Target) -> _Tiled:
    """The tiles, recut once as `compile` does, unless a lower bound exceeds the board."""
    packing = tiled.packing
    hopeless = max(tiled.bounds.values(), default=0) > target.cores
    if packing is None or tiled.recut or hopeless:
        return tiled
    return tiled._replace(packing=retiled(tiled.tilings, packing), recut=True)


def _by_first_fit(tiled: _Tiled, target: Target) -> _Tiled:
    """With the cores of first fit if the board holds these but not the tiles, as `compile` does.

    First fit counts synapses, so it is left out for chains that are left to tiles.
    """
    bound, packing = max(tiled.bounds.values(), default=0), tiled.packing
    settled = errors_in(tiled.refusals) or bound > target.cores or (packing is not None and _holds(target, packing))
    if settled or bound >= MANY_CORES:
        return tiled._replace(first=None)
    try:
        mapping = assign(quantized_layers(tiled.stack, tiled.tilings.layers, target), target, stop_early=True)
    except DiagnosticError:
        return tiled._replace(first=None)
    return tiled._replace(first=mapping.n_cores)


def _holds(target: Target, packing: Packing) -> bool:
    return packing.packed.cores <= target.cores and packing.chips <= target.chips


def _judged(tiled: _Tiled, target: Target) -> LayersVerdict:
    """The verdict for the board of the target."""
    found, layers, bounds = list(tiled.refusals), tiled.tilings.layers, tiled.bounds
    placed = tiled.packing if tiled.first is None else None
    refused = bool(errors_in(found))
    worst = max(bounds, key=lambda name: bounds[name], default="")
    if tiled.failed is not None and tiled.first is None:
        message = "not placed: none of the tiles tried fits a core, given the tiles chosen for the next layer"
        found.append(finding("ND402", about("layer", layers[tiled.failed].name), message, resource="cores"))
    cores, chips = (placed.packed.cores, placed.chips) if placed else (tiled.first, None)
    if tiled.first is not None:
        chips = -(-tiled.first // int(target.chip.cores.value))
    needed = cores if cores is not None else bounds.get(worst, 0)
    if not refused and (needed > target.cores or (chips or 0) > target.chips):
        found.append(_too_many(tiled.stack, target, needed, chips, worst, bounds))
    errors = errors_in(found)
    proven = refused or bounds.get(worst, 0) > target.cores
    return LayersVerdict(
        network=tiled.stack.name,
        target=target.name,
        board=target.board,
        rule_set=target.rule_set,
        verdict="fits" if not errors else "proven not to fit" if proven else "not placed",
        neurons=sum(layer.neurons for layer in layers),
        cores=cores,
        by="tiles" if placed else "first fit" if tiled.first is not None else None,
        chips=chips,
        lower_bounds=bounds,
        layers=tuple(_rows(tiled.tilings, placed.chain if placed else None)),
        findings=sorted_findings(found),
    )


def _with_larger_board(tiled: _Tiled, target: Target, result: LayersVerdict) -> LayersVerdict:
    """The verdict, with a finding of too many cores naming the smallest board that holds the layers, each board judged."""
    if [item.code for item in result.findings if item.severity == "error"] != [TOO_MANY]:
        return result
    more = [name for name, board in target.boards.items() if board.chips.value > target.chips]
    for name in sorted(more, key=lambda name: target.boards[name].chips.value):
        place = on_board(target, name)
        tiled = _by_first_fit(_fitted(tiled, place), place)
        larger = _judged(tiled, place)
        if larger.verdict == "fits":
            text = f"{target.boards[name].title} ({place.chips:,} chips) holds its {larger.cores:,} cores"
            fix = Fix(text=text, flag=f"--board {name}", change={"board": name})
            findings = [
                item.model_copy(update={"fixes": (*item.fixes, fix)}) if item.code == TOO_MANY else item
                for item in result.findings
            ]
            return result.model_copy(update={"findings": tuple(findings)})
    return result


def _too_many(
    stack: LayerStack, target: Target, cores: int, chips: int | None, worst: str, bounds: dict[str, int]
) -> Diagnostic:
    proven = bounds[worst] > target.cores
    why = (
        f"{worst} alone needs at least {bounds[worst]:,} cores"
        if proven
        else f"the lower bound, by {worst}, is {bounds[worst]:,}"
    )
    place = f"board '{target.board}'" if target.board else "one chip"
    verdict = f"proven not to fit: {why}" if proven else f"not placed by this mapper, on {chips} chips; {why}"
    message = f"needs more cores than {place} of target '{target.name}' has ({verdict})"
    source = f"{target.file} chip.cores: {target.chip.cores.source}"
    return finding(
        TOO_MANY,
        about("network", stack.name),
        message,
        found=cores,
        limit=target.cores,
        unit="core",
        limit_source=source,
        resource="cores",
    )


def _rows(tilings: Tilings, chain: Chain | None) -> list[LayerTiles]:
    rows: list[LayerTiles] = []
    chains = chain.layers() if chain else [None] * len(tilings.layers)
    for layer, item in zip(tilings.layers, chains, strict=True):
        share = (
            np.max([np.array(p.use) / tilings.capacity for p in item.classes], axis=0)
            if item
            else np.zeros(len(ADDED_UP))
        )
        rows.append(
            LayerTiles(
                name=layer.name,
                shape=layer.shape,
                neurons=layer.neurons,
                tile=item.sides if item else None,
                tiles=sum(tile.times for tile in item.classes) if item else 0,
                fullest=ADDED_UP[int(np.argmax(share))] if item else "",
                share=float(share.max()),
            )
        )
    return rows
