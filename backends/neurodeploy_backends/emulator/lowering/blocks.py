"""Blocks of synapses from one part to another, each in the form that is fastest to add.

First every block is planned: its form, and its size in each arena. Then the arenas are made, once and at their full size, and
the walks write the synapses straight to their places.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.arrays import aligned_zeros, narrowed
from neurodeploy.program.program import Program
from neurodeploy_backends.emulator.engine.tables import DELAYED, DENSE, SHARED, SPARSE, TILED, VALUED, Block
from neurodeploy_backends.emulator.lowering import models
from neurodeploy_backends.emulator.lowering.library import walks
from neurodeploy_backends.emulator.lowering.parts import (
    LANES,
    RUN,
    WINDOWS,
    BlockStats,
    Classes,
    Part,
    Sources,
    Statistics,
    padded,
    whole,
)
from neurodeploy_backends.emulator.lowering.walk import (
    FILL,
    GROUP,
    GROUPED,
    LEAST_BITS,
    LEVELS,
    LISTED,
    ROWS,
    Fills,
    Patterns,
    Range,
    Tiles,
)

__all__ = ["BlockBuilder"]

Array = NDArray[Any]
DENSE_FROM = 0.2
"""Fraction of possible synapses from which whole rows are added: a column of a row costs a sixth of a scattered synapse."""
TILED_FROM = 1 << 16
"""Targets beyond which a sparse block is sorted by tile; up to here a target fits 16 bits."""
SEGMENT = 16
"""Least synapses that a tile's segment should have on average."""
SHARES = True
"""Whether a list that several sources share is stored once; False to measure the gain from it."""
LINE = 64
"""Elements to whose multiples blocks are aligned, and bytes to which arenas are."""
_ARENAS: dict[str, Any] = {
    "weights8": np.int8,
    "weights16": np.int16,
    "index32": np.uint32,
    "pointer": np.int32,
}
_FORMS = {DENSE: ROWS, SPARSE: GROUPED, DELAYED: LISTED, VALUED: LISTED}


@dataclass
class _Plan:
    """A block whose place in the arenas is known, and what is still to be written there."""

    stats: BlockStats
    row: dict[str, int]
    """Fields of its record."""
    form: int = -1
    """For `fill`: ROWS, LISTED or GROUPED; -1 for other blocks."""
    segments: int = 0
    """Of a tiled block."""
    pointer: Array | None = None
    """What stands at its offset in `Layout.pointer`, where that is known already."""
    weights: Array | None = None
    """The same of its weights."""


class BlockBuilder:
    """Plans all blocks, then writes them."""

    def __init__(
        self, program: Program, parts: list[Part], sources: Sources, classes: Classes, senders: set[str]
    ) -> None:
        self.parts, self.sources, self.classes, self.senders = parts, sources, classes, senders
        self.plans, self.size, self.queue = list[_Plan](), dict.fromkeys(_ARENAS, 0), 0
        several = models.ports(program)
        self.ports = [several.get(part.name, 1) for part in parts]
        self.planes = [[(port, 0) for port in range(n)] for n in self.ports]
        self.classes_of: list[list[int]] = [[] for _ in parts]
        """By part: the class of synapses of each plane after those of its ports."""
        self.plane_of = dict[tuple[int, int], int]()
        self.most_entries = list[int]()
        shared = {item.name for item in program.network.projections if item.operation.kind in WINDOWS}
        self.shared = {
            int(kind)
            for kinds, style in zip(classes.of, program.formats, strict=False)
            if style.projection in shared
            for kind in kinds
        }

    def plan(self, statistics: Statistics, units: list[int]) -> None:
        """Choose the form and the place of every block; `units`: low bits that the accumulators of a part leave out."""
        self.most_entries = statistics.most_entries
        for source, several in groupby(statistics.blocks, key=lambda item: item.source):
            own = [self._begun(item, units[item.target]) for item in several]
            counted = [item for item in own if item.form in (LISTED, GROUPED)]
            alone = len(own) == 1  # the most frequent case; a second walk would count the same
            counts = {own[0].stats: statistics.counts[source]} if alone else self._counts(source, counted)
            for item in own:
                self._place(item, counts)
            self.plans += own

    def filled(self) -> dict[str, Array]:
        """The arenas, complete."""
        arenas = {name: aligned_zeros(max(self.size[name], 1), dtype) for name, dtype in _ARENAS.items()}
        for plan in self.plans:
            row = plan.row
            if plan.pointer is not None:
                arenas["pointer"][row["pointer"] : row["pointer"] + plan.pointer.size] = plan.pointer
            if plan.weights is not None:
                self._of(arenas, row)[row["weights"] : row["weights"] + plan.weights.size] = plan.weights
        for source, several in groupby(self.plans, key=lambda item: item.stats.source):
            own = list(several)
            self._fill(source, [item for item in own if item.form >= 0], arenas)
            for item in own:
                if item.row["kind"] == TILED:
                    self._fill_tiles(item, arenas)
        return arenas

    # --- planning

    def _begun(self, stats: BlockStats, unit: int) -> _Plan:
        """A block with everything but its place."""
        source, target = self.parts[stats.source], self.parts[stats.target]
        values = source.name in self.senders
        row = dict.fromkeys(Block._fields, 0)
        row.update(source=stats.source, target=stats.target, owner=target.owner)
        row.update(bytes=1 if stats.small else 2, shift=stats.zeros - unit, plane=self.plane(stats))
        plan = _Plan(stats, row)
        if values or stats.least_delay != stats.most_delay:
            row.update(kind=VALUED if values else DELAYED)
        else:
            row.update(delay=stats.least_delay)
            if stats.entries >= DENSE_FROM * source.size * target.size:
                row.update(kind=DENSE, width=whole(target.size, LANES))
            elif not SHARES or stats.kind not in self.shared or not self._share(plan):
                row.update(kind=TILED if target.size > TILED_FROM else SPARSE)
        plan.form = _FORMS.get(row["kind"], -1)
        return plan

    def plane(self, stats: BlockStats) -> int:
        """Plane of the target: that of the port, or a separate one whose sums are shifted on arrival."""
        port, shift = self.classes.planes[int(self.classes.plane[stats.kind])]
        if shift == 0:
            return port
        if (stats.target, stats.kind) not in self.plane_of:
            self.plane_of[stats.target, stats.kind] = len(self.planes[stats.target])
            self.planes[stats.target].append((port, shift))
            self.classes_of[stats.target].append(stats.kind)
        return self.plane_of[stats.target, stats.kind]

    def _range(self, stats: BlockStats) -> Range:
        target, most = self.parts[stats.target], self.most_entries[stats.source]
        room = np.empty((2, most), dtype=np.uint64)
        return Range(stats.kind, target.start, target.start + target.size, stats.zeros, room)

    def _share(self, plan: _Plan) -> bool:
        """Store shared lists once; False if too few are shared to gain from it."""
        stats, n = plan.stats, self.parts[plan.stats.source].size
        of_source = np.full((n, 2), -1, dtype=np.int32)
        found = Patterns(
            slots=np.zeros(1 << (2 * n).bit_length(), dtype=np.int32),
            keys=np.empty(n, dtype=np.uint64),
            of_source=of_source,
            first=np.zeros(n + 1, dtype=np.int64),
            words=np.empty(stats.entries // 2, dtype=np.uint64),
        )
        walk, routes = self.sources.walk, self.sources.routes[stats.source]
        patterns = walks().call("find_patterns", walk, routes, self._range(stats), found)
        if patterns < 0:
            return False
        first = found.first[: patterns + 1]
        words = found.words[: first[-1]]
        offsets = (words >> np.uint64(16)).astype(np.int32)
        starts = np.union1d(np.flatnonzero(np.r_[True, np.diff(offsets) != 1]), first[:-1])
        length = np.diff(np.r_[starts, offsets.size])
        size = -(-length // RUN) * RUN
        place = np.r_[0, np.cumsum(size)]
        runs = np.stack([offsets[starts], size, place[:-1]], axis=1)
        of_source[of_source[:, 0] < 0] = (patterns, 0)
        by_pattern = np.r_[np.searchsorted(starts, first), starts.size]
        plan.row.update(kind=SHARED, tiles=n, tile_bits=patterns + 1)
        plan.pointer = narrowed(np.concatenate([of_source.ravel(), by_pattern, runs.ravel()]), np.int32)
        plan.weights = np.zeros(place[-1], dtype=np.int8 if stats.small else np.int16)
        plan.weights[np.arange(offsets.size) + np.repeat(place[:-1] - starts, length)] = words.astype(np.uint16).view(
            np.int16
        )
        return True

    def _counts(self, source: int, plans: list[_Plan]) -> dict[BlockStats, Array]:
        """(sources,) synapses of each source, of several blocks."""
        counts = np.zeros((len(plans), self.parts[source].size), dtype=np.int32)
        if plans:
            block = self._numbers(plans)
            walks().call("count", self.sources.walk, self.sources.routes[source], block, counts)
        return {item.stats: count for item, count in zip(plans, counts, strict=True)}

    def _numbers(self, plans: list[_Plan]) -> Array:
        """(classes, parts) index into `plans`, -1 for others."""
        block = np.full((int(self.classes.of.max(initial=0)) + 1, len(self.parts)), -1, dtype=np.int32)
        for number, item in enumerate(plans):
            block[item.stats.kind, item.stats.target] = number
        return block

    def _place(self, plan: _Plan, counts: dict[BlockStats, Array]) -> None:
        """Give a block its places in the arenas. `counts`: synapses of each source, of blocks that are listed or grouped."""
        row, source = plan.row, self.parts[plan.stats.source]
        weights = "weights8" if plan.stats.small else "weights16"
        if row["kind"] == DENSE:
            row["weights"] = self._room(weights, source.size * row["width"])
        elif row["kind"] == TILED:
            self._place_tiles(plan, weights)
        elif plan.weights is not None:
            row["weights"] = self._room(weights, plan.weights.size)
        else:
            each = GROUP if plan.form == GROUPED else 1
            pointer = np.zeros(source.size + 1, dtype=np.int64)
            np.cumsum(-(-counts[plan.stats] // each), out=pointer[1:])
            plan.pointer = narrowed(pointer, np.int32)
            if plan.form == LISTED:
                row["targets"] = self._room("index32", int(pointer[-1]))
            size = self._group(plan) if plan.form == GROUPED else 1
            row["weights"] = self._room(weights, int(pointer[-1]) * size)
        if plan.pointer is not None:
            row["pointer"] = self._room("pointer", plan.pointer.size)

    def _place_tiles(self, plan: _Plan, weights: str) -> None:
        """The smallest tiles whose segments are long enough, or the largest."""
        stats, source = plan.stats, self.parts[plan.stats.source]
        totals = np.zeros((LEVELS, 2), dtype=np.int64)
        walk, routes = self.sources.walk, self.sources.routes[stats.source]
        walks().call("count_tiles", walk, routes, self._range(stats), totals)
        long_enough = np.flatnonzero(totals[:, 0] * SEGMENT <= stats.entries)
        level = int(long_enough[0]) if long_enough.size else LEVELS - 1
        plan.segments, groups = (int(value) for value in totals[level])
        self.queue = max(self.queue, plan.segments + (self.parts[stats.target].size >> (LEAST_BITS + level)) + 3)
        narrowed(totals[level], np.int32)
        plan.row.update(tile_bits=LEAST_BITS + level, tiles=source.size)
        plan.row["weights"] = self._room(weights, groups * self._group(plan))
        plan.row["pointer"] = self._room("pointer", source.size + 2 * plan.segments + 3)

    @staticmethod
    def _group(plan: _Plan) -> int:
        """Weights that have the size of a group."""
        return GROUP * (3 if plan.stats.small else 2)

    def _room(self, name: str, size: int) -> int:
        """Offset of a place in an arena."""
        at = whole(self.size[name], LINE)
        self.size[name] = at + size
        return at

    # --- writing

    @staticmethod
    def _of(arenas: dict[str, Array], row: dict[str, int]) -> Array:
        return arenas["weights8" if row["bytes"] == 1 else "weights16"]

    def _fill(self, source: int, plans: list[_Plan], arenas: dict[str, Array]) -> None:
        if not plans:
            return
        blocks: Any = np.zeros(len(plans), dtype=FILL)
        for number, item in enumerate(plans):
            row, target = item.row, self.parts[item.stats.target]
            stride = row["width"] if item.form == ROWS else padded(target.size)
            for name, value in {
                **{name: row[name] for name in ("bytes", "weights", "targets", "pointer")},
                **{"form": item.form, "start": target.start, "shift": item.stats.zeros, "stride": stride},
            }.items():
                blocks[name][number] = value
        fills = Fills(self._numbers(plans), blocks, np.zeros(len(plans), dtype=np.int64), **arenas)
        walks().call("fill", self.sources.walk, self.sources.routes[source], fills)

    def _fill_tiles(self, plan: _Plan, arenas: dict[str, Array]) -> None:
        row, stats = plan.row, plan.stats
        none = np.zeros(0, dtype=np.int64)
        fills = Fills(np.zeros(0, dtype=np.int32), np.zeros(0, dtype=FILL), none, **arenas)
        tiles = Tiles(row["tile_bits"], row["bytes"], plan.segments, row["weights"], row["pointer"])
        routes = self.sources.routes[stats.source]
        walks().call("fill_tiles", self.sources.walk, routes, self._range(stats), tiles, fills)
