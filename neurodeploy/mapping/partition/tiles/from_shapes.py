"""Verb: whether a network given by the shapes of its layers fits a target, and on how many cores. Writes no neuron out.

Three verdicts: fits (tiles were found of which none, and no core that several share, exceeds a limit), proven not to fit
(a lower bound, or one neuron that no core holds), not placed (neither). Inputs take input axons and no core.
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
from neurodeploy.resources.limits import CODES, Limit, core_limits, exceeded
from neurodeploy.resources.population_axons import population_axon_formats
from neurodeploy.resources.tile_usage import ReachCounts, axis_use, channel_use, tile_of

__all__ = ["LayerTiles", "LayersVerdict", "fit_layers", "shape_bounds"]

TOO_MANY = "ND401"


class _Tiled(NamedTuple):
    """Layers and the tiles that were found for them."""

    stack: LayerStack
    tilings: Tilings
    refusals: list[Diagnostic]
    """What no tiling of any board can mend."""
    packing: Packing | None
    failed: int | None
    """The layer of which no tiling fits a core."""
    bounds: dict[str, int]
    mixed: bool = False
    """Whether layers were cut anew to share cores."""
    first: int | None = None
    """Cores of first fit, where the board holds these and not the tiles."""


class LayerTiles(Noun):
    """One layer and its tiles."""

    name: Name
    """Of the layer."""
    shape: tuple[int, int, int]
    """Channels, height, width of its neurons."""
    neurons: int
    """Their number."""
    tile: tuple[int, int, int] | None
    """Channels, rows and columns; None: no tiling was found."""
    tiles: int
    """Into which it is cut."""
    fullest: str
    """Which resource of a core a tile takes most of."""
    share: float
    """How much of it."""


class LayersVerdict(Noun):
    """What follows from the shapes of a network."""

    network: Name
    """Its name."""
    target: Name
    """Its name."""
    board: str | None
    """In force; None: one chip."""
    rule_set: str
    """That counts synapse memory."""
    verdict: str
    """As of a compilation."""
    neurons: int
    """Of all layers."""
    cores: int | None
    """Cores of the best packing that was found."""
    by: Literal["tiles", "first fit"] | None
    """What cores were found by; `compile` needs no more at its default level, and may need fewer."""
    chips: int | None
    """That the cores take."""
    lower_bounds: dict[str, int]
    """Cores that any mapping needs, by resource."""
    layers: tuple[LayerTiles, ...]
    """How each is cut."""
    findings: tuple[Diagnostic, ...]
    """What speaks against it."""


def shape_bounds(target: Target, layers: tuple[Geometry, ...]) -> dict[str, int]:
    """Return the least number of cores by resource: `lower_bounds` of the network written out, if all numbers of a kernel differ."""
    limits, rules, bounds = core_limits(target), target.counting, dict[str, int]()
    if "compartments" in limits:
        total = sum(layer.neurons * compartments_of(target, layer) for layer in layers)
        bounds["compartments"] = -(-total // limits["compartments"].value)
    if "synapse_memory" in limits:
        prefix = rules.entry_prefix.value / rules.synapses_per_entry.value
        bits = sum(_least_weights(target, layer) * (layer.weight_bits + prefix) for layer in layers)
        bounds["synapse_memory"] = ceil(bits / (limits["synapse_memory"].value * rules.word.value))
    if "compartments" in limits:
        # sources of a window may share an axon, as many as its atoms tell apart
        atoms = max((reach.atoms for reach in population_axon_formats(target)), default=1)
        pairs = [_least_pairs(layer, max(limits["compartments"].value, 1)) for layer in layers]
        shared = [-(-count // atoms) if layer.shares else count for layer, count in zip(layers, pairs, strict=True)]
        sent = shared if rules.shared_output_axons else pairs
        for resource, count in (("input_axons", sum(shared)), ("output_axons", sum(sent[1:]))):
            if resource in limits:
                bounds[resource] = ceil(count / limits[resource].value)
    return bounds


def _least_weights(target: Target, layer: Geometry) -> int:
    """Weights that are stored at least: all synapses, or those of the kernel where lists can be shared."""
    if layer.shares and target.precision.shared_base is not None:
        return 1 if layer.equal_weights else layer.weights
    return sum(n * m * k * a * b * c for (a, n), (b, m), (c, k) in product(*_reaches(layer)))


def _least_pairs(layer: Geometry, in_core: int) -> int:
    """(source, core) pairs at least: a source reaches `in_core` neurons of a core at most."""
    return sum(n * m * k * -(-(a * b * c) // in_core) for (a, n), (b, m), (c, k) in product(*_reaches(layer)))


def _reaches(layer: Geometry) -> list[ReachCounts]:
    """Of channels, rows and columns: (targets that a source reaches, how many sources)."""
    axes = [channel_use(layer.source[0], layer.shape[0], layer.groups, (0, layer.shape[0])).reach]
    for i in range(2):
        axis = (layer.source[1 + i], layer.kernel[i], layer.stride[i], layer.padding[i], (0, layer.shape[1 + i]))
        axes.append(axis_use(*axis).reach)
    return axes


def _capability(target: Target, layers: tuple[Geometry, ...]) -> list[Diagnostic]:
    """What the target cannot express of the layers."""
    offered, legal, found = target.neurons, [int(n) for n in target.precision.weight_bits.values], list[Diagnostic]()
    for layer in layers:
        where = about("layer", layer.name)
        if layer.reset != "none" and layer.reset not in offered.resets:
            said = f"reset '{layer.reset}' is not offered by target '{target.name}': {', '.join(offered.resets)}"
            found.append(finding("ND213", where, said))
        if layer.weight_bits not in legal:
            said = f"{layer.weight_bits}-bit weights are not stored by target '{target.name}': {', '.join(map(str, legal))}"
            found.append(finding("ND207", where, said, limit_source=cite(target, "precision.weight_bits")))
        if layer.delay_steps > target.precision.delay_steps.high:
            source, span = cite(target, "precision.delay_steps"), target.precision.delay_steps
            said, steps = "the delay is longer than the target holds", layer.delay_steps
            found.append(finding("ND211", where, said, found=steps, limit=span.high, unit="step", limit_source=source))
    extended = [layer for layer in layers if layer.reset in offered.extensions and layer.reset in offered.resets]
    if extended:
        count, first = compartments_of(target, extended[0]), extended[0]
        said = (
            f"reset '{first.reset}' of {len(extended)} layers is an extension: it takes {count} compartments per neuron"
        )
        found.append(finding("ND214", about("layer", first.name), said))
    return found


def _one_neuron(tilings: Tilings, limits: dict[str, Limit]) -> list[Diagnostic]:
    """Proofs that one neuron of a layer, the one in the middle, fits no core, whatever lists it shares."""
    found: list[Diagnostic] = []
    for index, layer in enumerate(tilings.layers):
        a, b, c = ((n // 2, n // 2 + 1) for n in layer.shape)
        piece = tilings.piece(index, tile_of(layer, (a, b, c), tilings.atoms))
        used = {**dict(zip(ADDED_UP, piece.use, strict=True)), "words_per_axon": piece.longest}
        for name in exceeded({key: n for key, n in used.items() if key in limits}, limits):
            limit = limits[name]
            said = "one neuron alone overfills an empty core"
            where, source = about("layer", layer.name), limit.citation
            found.append(
                finding(
                    CODES[name],
                    where,
                    said,
                    found=used[name],
                    limit=limit.value,
                    unit=limit.unit,
                    limit_source=source,
                    resource=name,
                )
            )
    return found


def fit_layers(stack: LayerStack, target: Target) -> LayersVerdict:
    """Return whether and how the layers fit; raises DiagnosticError: ND010 for shapes that do not follow one another.

    A finding of too many cores names the smallest board of the target that holds the layers, if one does.
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
    """The tiles, cut anew once as `compile` does, unless a bound forbids the board."""
    packing = tiled.packing
    hopeless = max(tiled.bounds.values(), default=0) > target.cores
    if packing is None or tiled.mixed or hopeless:
        return tiled
    return tiled._replace(packing=retiled(tiled.tilings, packing), mixed=True)


def _by_first_fit(tiled: _Tiled, target: Target) -> _Tiled:
    """The cores of first fit, if tiles take more than the board has and first fit does not: `compile` tries it too.

    It counts synapses, so it is left out where a chain is left to tiles.
    """
    bound, packing = max(tiled.bounds.values(), default=0), tiled.packing
    settled = errors_in(tiled.refusals) or bound > target.cores or (packing is not None and _holds(target, packing))
    if settled or bound >= MANY_CORES:
        return tiled._replace(first=None)
    try:
        cut = assign(quantized_layers(tiled.stack, tiled.tilings.layers, target), target, stop_early=True)
    except DiagnosticError:
        return tiled._replace(first=None)
    return tiled._replace(first=cut.n_cores)


def _holds(target: Target, packing: Packing) -> bool:
    return packing.packed.cores <= target.cores and packing.chips <= target.chips


def _judged(tiled: _Tiled, target: Target) -> LayersVerdict:
    """The verdict on the board of the target."""
    found, layers, bounds = list(tiled.refusals), tiled.tilings.layers, tiled.bounds
    placed = tiled.packing if tiled.first is None else None
    refused = bool(errors_in(found))
    worst = max(bounds, key=lambda name: bounds[name], default="")
    if tiled.failed is not None and tiled.first is None:
        said = "not placed: none of the tiles tried fits a core, given the tiles chosen for the next layer"
        found.append(finding("ND402", about("layer", layers[tiled.failed].name), said, resource="cores"))
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
    """The verdict, whose finding of too many cores names the smallest board that holds the layers: each was judged."""
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
            told = [
                item.model_copy(update={"fixes": (*item.fixes, fix)}) if item.code == TOO_MANY else item
                for item in result.findings
            ]
            return result.model_copy(update={"findings": tuple(told)})
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
    said = f"needs more cores than {place} of target '{target.name}' has ({verdict})"
    source = f"{target.file} chip.cores: {target.chip.cores.source}"
    return finding(
        TOO_MANY,
        about("network", stack.name),
        said,
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
            np.max([np.array(p.use) / tilings.capacity for p in item.pieces], axis=0)
            if item
            else np.zeros(len(ADDED_UP))
        )
        rows.append(
            LayerTiles(
                name=layer.name,
                shape=layer.shape,
                neurons=layer.neurons,
                tile=item.sides if item else None,
                tiles=sum(piece.times for piece in item.pieces) if item else 0,
                fullest=ADDED_UP[int(np.argmax(share))] if item else "",
                share=float(share.max()),
            )
        )
    return rows
