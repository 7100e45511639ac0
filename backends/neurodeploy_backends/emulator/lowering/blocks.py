"""Blocks of synapses from one part to another, each in the form that is fastest to add."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.arrays import aligned_zeros, narrowed
from neurodeploy.program.program import Program
from neurodeploy_backends.emulator.engine.tables import DELAYED, DENSE, SHARED, SPARSE, TILED, VALUED, Block
from neurodeploy_backends.emulator.lowering import gather as _gather
from neurodeploy_backends.emulator.lowering import models
from neurodeploy_backends.emulator.lowering.parts import (
    LANES,
    RUN,
    WINDOWS,
    BlockStats,
    Classes,
    Part,
    Sources,
    padded,
    whole,
)

__all__ = ["BlockBuilder"]

gather: Any = _gather
Array = NDArray[Any]
GROUP = 4
"""Synapses stored together: four targets, then their weights."""

DENSE_FROM = 0.2
"""Fraction of possible synapses from which whole rows are added: a column of a row costs a sixth of a scattered synapse."""
TILED_FROM = 1 << 16
"""Targets beyond which a sparse block is sorted by tile; up to here a target fits 16 bits."""
SEGMENT = 16
"""Least synapses that a tile's segment should have on average."""
SHARES = True
"""Whether a list that several sources share is stored once; False to measure the gain from it."""
LINE = 64
"""Elements to whose multiples blocks are aligned."""
_ARENAS: dict[str, Any] = {
    "weights8": np.int8,
    "weights16": np.int16,
    "index32": np.uint32,
    "pointer": np.int32,
}


def _groups(index: Array, weights: Array) -> Array:
    """Four 16-bit targets, then their four weights, as elements of the weights' type."""
    targets = narrowed(index, np.uint16).reshape(-1, GROUP).view(weights.dtype)
    return np.concatenate([targets, weights.reshape(-1, GROUP)], axis=1)


class _Arenas:
    """Flat arrays to which blocks append; each block keeps its offsets."""

    def __init__(self) -> None:
        self.parts: dict[str, list[Array]] = {name: [] for name in _ARENAS}
        self.size = dict.fromkeys(_ARENAS, 0)

    def put(self, name: str, array: Array) -> int:
        """Append an array, filled up to whole cache lines of bytes; return its offset."""
        at, flat = self.size[name], np.ascontiguousarray(array).ravel()
        self.parts[name] += [flat, np.zeros(-flat.size % LINE, dtype=_ARENAS[name])]
        self.size[name] += flat.size + self.parts[name][-1].size
        return at

    def joined(self) -> dict[str, Array]:
        """One array for each arena."""
        found: dict[str, Array] = {}
        for name, dtype in _ARENAS.items():
            found[name] = aligned_zeros(self.size[name] + 1, dtype)
            np.concatenate([*self.parts.pop(name), np.zeros(1, dtype=dtype)], out=found[name])
        return found


class BlockBuilder:
    """Builds blocks one after the other."""

    def __init__(
        self, program: Program, parts: list[Part], sources: Sources, classes: Classes, senders: set[str]
    ) -> None:
        self.parts, self.sources, self.classes, self.senders = parts, sources, classes, senders
        self.arenas, self.rows, self.queue = _Arenas(), list[dict[str, int]](), 0
        several = models.ports(program)
        self.ports = [several.get(part.name, 1) for part in parts]
        self.planes = [[(port, 0) for port in range(n)] for n in self.ports]
        self.classes_of: list[list[int]] = [[] for _ in parts]
        """By part: the class of synapses of each plane after those of its ports."""
        self.plane_of = dict[tuple[int, int], int]()
        shared = {item.name for item in program.network.projections if item.operation.kind in WINDOWS}
        self.shared = {
            int(kind)
            for kinds, style in zip(classes.of, program.formats, strict=False)
            if style.projection in shared
            for kind in kinds
        }

    def add(self, stats: BlockStats, unit: int) -> None:
        """Add one block; `unit`: low bits that the target's accumulators leave out."""
        source, target = self.parts[stats.source], self.parts[stats.target]
        values = source.name in self.senders
        block = dict.fromkeys(Block._fields, 0)
        block.update(source=stats.source, target=stats.target, owner=target.owner)
        block.update(bytes=1 if stats.small else 2, shift=stats.zeros - unit, plane=self._plane(stats))
        uniform = stats.least_delay == stats.most_delay and not values
        if not uniform:
            self._listed(block, stats, VALUED if values else DELAYED)
        elif stats.entries >= DENSE_FROM * source.size * target.size:
            self._dense(block, stats)
        elif not SHARES or stats.kind not in self.shared or not self._patterns(block, stats):
            if target.size > TILED_FROM:
                self._tiled(block, stats)
            else:
                self._grouped(block, stats)
        if uniform:
            block["delay"] = stats.least_delay
        self.rows.append(block)

    def _plane(self, stats: BlockStats) -> int:
        """Plane of the target: that of the port, or a separate one whose sums are shifted on arrival."""
        port, shift = self.classes.planes[int(self.classes.plane[stats.kind])]
        if shift == 0:
            return port
        if (stats.target, stats.kind) not in self.plane_of:
            self.plane_of[stats.target, stats.kind] = len(self.planes[stats.target])
            self.planes[stats.target].append((port, shift))
            self.classes_of[stats.target].append(stats.kind)
        return self.plane_of[stats.target, stats.kind]

    def _range(self, stats: BlockStats) -> tuple[Any, Any, int, int, int]:
        target = self.parts[stats.target]
        routes = self.sources.routes[stats.source]
        return self.sources.walk, routes, stats.kind, target.start, target.start + target.size

    def _weights(self, stats: BlockStats) -> tuple[str, Any]:
        return ("weights8", np.int8) if stats.small else ("weights16", np.int16)

    def _dense(self, block: dict[str, int], stats: BlockStats) -> None:
        name, dtype = self._weights(stats)
        width = whole(self.parts[stats.target].size, LANES)
        rows = np.zeros((self.parts[stats.source].size, width), dtype=dtype)
        gather.fill_dense(*self._range(stats), stats.zeros, rows)
        block.update(kind=DENSE, width=width, weights=self.arenas.put(name, rows))

    def _entries(self, stats: BlockStats, counts: Array, group: int, slot: int) -> tuple[Array, Array, Array]:
        """(pointer, index, weights) by source, padded to whole groups with weights of 0."""
        size = -(-counts // group) * group
        pointer = np.r_[0, np.cumsum(size)].astype(np.int64)
        index, weights = np.zeros(pointer[-1], dtype=np.uint32), np.zeros(pointer[-1], dtype=self._weights(stats)[1])
        gather.fill_sparse(*self._range(stats), stats.zeros, slot, pointer, index, weights)
        return pointer, index, weights

    def _counts(self, stats: BlockStats) -> Array:
        counts = np.zeros(self.parts[stats.source].size, dtype=np.int64)
        gather.count_entries(*self._range(stats), counts)
        return counts

    def _listed(self, block: dict[str, int], stats: BlockStats, kind: int) -> None:
        slot = padded(self.parts[stats.target].size)
        pointer, index, weights = self._entries(stats, self._counts(stats), 1, slot)
        put = self.arenas.put
        block.update(kind=kind, targets=put("index32", index), weights=put(self._weights(stats)[0], weights))
        block.update(pointer=put("pointer", narrowed(pointer, np.int32)))

    def _grouped(self, block: dict[str, int], stats: BlockStats) -> None:
        """Groups of four: a word of targets, then four weights."""
        pointer, index, weights = self._entries(stats, self._counts(stats), GROUP, 0)
        put = self.arenas.put
        block.update(kind=SPARSE, weights=put(self._weights(stats)[0], _groups(index, weights)))
        block.update(pointer=put("pointer", narrowed(pointer // GROUP, np.int32)))

    def _tiled(self, block: dict[str, int], stats: BlockStats) -> None:
        """Sort each source's synapses by target, cut them where a tile ends, and fill each cut up to whole groups."""
        counts = self._counts(stats)
        _, index, weights = self._entries(stats, counts, 1, 0)
        source = np.repeat(np.arange(counts.size), counts)
        order = np.argsort(source * (int(index.max()) + 1) + index, kind="stable")
        index, weights = index[order], weights[order]
        bits = 10
        while bits < 15 and self._segments(source, index, bits).size * SEGMENT > index.size:
            bits += 1
        starts = self._segments(source, index, bits)
        length = np.diff(np.r_[starts, index.size])
        groups = -(-length // GROUP)
        first = np.r_[0, np.cumsum(groups)]
        place = np.arange(index.size) + np.repeat(first[:-1] * GROUP - starts, length)
        filled, weight = np.zeros(first[-1] * GROUP, np.uint32), np.zeros(first[-1] * GROUP, weights.dtype)
        filled[place], weight[place] = index & ((1 << bits) - 1), weights
        segments = np.stack([first, np.r_[index[starts] >> bits, 0]], axis=1)
        table = [np.searchsorted(source[starts], np.arange(counts.size + 1)), segments.ravel()]
        self.queue = max(self.queue, starts.size + (self.parts[stats.target].size >> bits) + 3)
        put = self.arenas.put
        block.update(kind=TILED, tile_bits=bits, tiles=counts.size)
        block.update(weights=put(self._weights(stats)[0], _groups(filled, weight)))
        block.update(pointer=put("pointer", narrowed(np.concatenate(table), np.int32)))

    @staticmethod
    def _segments(source: Array, index: Array, bits: int) -> Array:
        """Indices at which a new source or a new tile begins."""
        tile = index >> bits
        return np.flatnonzero(np.r_[True, (np.diff(source) != 0) | (np.diff(tile.astype(np.int64)) != 0)])

    def _patterns(self, block: dict[str, int], stats: BlockStats) -> bool:
        """Store shared lists once; False if too few are shared to gain from it."""
        of_source, first, offsets, weights = gather.fill_patterns(*self._range(stats), stats.zeros)
        if 2 * weights.size > stats.entries:
            return False
        starts = np.flatnonzero(np.r_[True, np.diff(offsets) != 1])
        starts = np.union1d(starts, first[:-1])
        length = np.diff(np.r_[starts, offsets.size])
        size = -(-length // RUN) * RUN
        place = np.r_[0, np.cumsum(size)]
        filled = np.zeros(place[-1], dtype=self._weights(stats)[1])
        filled[np.arange(offsets.size) + np.repeat(place[:-1] - starts, length)] = weights
        runs = np.stack([offsets[starts], size, place[:-1]], axis=1)
        silent = of_source[:, 0] < 0
        of_source[silent] = (first.size - 1, 0)
        by_pattern = np.r_[np.searchsorted(starts, first), starts.size]
        name = self._weights(stats)[0]
        table = [of_source.ravel(), by_pattern, runs.ravel()]
        put = self.arenas.put
        block.update(kind=SHARED, tiles=of_source.shape[0], tile_bits=first.size)
        block.update(weights=put(name, filled))
        block.update(pointer=put("pointer", narrowed(np.concatenate(table), np.int32)))
        return True
