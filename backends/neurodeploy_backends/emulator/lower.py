"""Verb: a program's core tables as the layout that the engine reads. Reads no weight of the network.

State goes by population, in the order of its neurons, and the pieces of a source's lists on many cores become one row
again: what is fast does not depend on the cut. A population whose lists are shared and whose shape is (channels, height,
width) is held channel last, so that what a spike of a convolution adds to is a few runs of neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.network import Current
from neurodeploy.program.program import Program
from neurodeploy.target.arithmetic import effective_weights
from neurodeploy_backends.emulator import gather as _gather
from neurodeploy_backends.emulator import kernels as _kernels
from neurodeploy_backends.emulator import models

__all__ = ["Lowered", "Part", "lower"]

gather: Any = _gather
kernels: Any = _kernels
Array = NDArray[Any]
LANES, PAD, GROUP = 16, 64, 4
DENSE_FROM = 0.2
"""Share of possible synapses from which whole rows are added: a column of a row costs about a sixth of a scattered one."""
TILED_FROM = 1 << 16
SEGMENT = 16
"""Synapses that a tile's segment should have at least."""
NEVER = 2**31 - 1
FAR = 1 << 62


class Part(NamedTuple):
    """A range of a population (or a whole input) that the engine holds as one."""

    name: str
    start: int
    size: int
    neurons: Array
    """(size,) neuron of each row."""
    owner: int
    is_input: bool


@dataclass
class Lowered:
    """A layout, and what a run needs to know of it."""

    layout: Any
    parts: list[Part]
    wide: bool
    rows: int
    accumulators: int
    queue: int
    row_of_neuron: dict[str, Array]
    values: dict[str, int] = field(default_factory=dict[str, int])
    """Value input -> its first column."""
    proven: bool = False
    """No accumulator, current or drive can leave its range, whatever is shown."""
    synapses: int = 0


def _whole(size: int, multiple: int) -> int:
    return -(-size // multiple) * multiple


_WINDOWS = ("conv1d", "conv2d", "sum_pool2d", "avg_pool2d", "chain")
"""Operations by which many sources send the same pattern."""


def _orders(program: Program) -> dict[str, Array]:
    """Neurons of each population in the order in which the engine holds them."""
    receives = {item.target for item in program.network.projections if item.operation.kind in _WINDOWS}
    found: dict[str, Array] = {}
    for item in program.network.populations:
        order = np.arange(item.size, dtype=np.int32)
        if item.name in receives and len(item.shape) == 3 and item.neuron.kind not in models.GRADED:
            order = order.reshape(item.shape).transpose(1, 2, 0).ravel()
        found[item.name] = order
    return found


def _parts(program: Program, pieces: int) -> list[Part]:
    """Populations, each in `pieces` ranges, then the inputs."""
    parts, start = list[Part](), 0
    orders = _orders(program)
    for item in program.populations:
        cuts = [min(_whole(k * item.size // pieces, PAD), item.size) for k in range(pieces + 1)]
        for owner in range(pieces):
            size = cuts[owner + 1] - cuts[owner]
            if size > 0:
                neurons = orders[item.name][cuts[owner] : cuts[owner + 1]]
                parts.append(Part(item.name, start, size, neurons, owner, False))
                start += _whole(size, PAD)
    for number, item in enumerate(program.inputs):
        size = item.ptr.size - 1
        parts.append(Part(item.name, start, size, np.arange(size, dtype=np.int32), number % pieces, True))
        start += _whole(size, PAD)
    return parts


class _Classes(NamedTuple):
    """Formats that one block may hold together: one projection, one exponent."""

    of_format: Array
    plane: Array
    """(n,): number of the class's plane."""
    planes: list[tuple[int, int]]
    """(port, shift that the sum still wants) of each plane; plane 0 is (0, 0)."""
    weight: Array
    lowest: int


def _classes(program: Program) -> _Classes:
    tables, dialect = program.tables, program.target.dialect
    lowest = min(int(tables.entry_mantissa.min(initial=0)), 0)
    mantissas = np.arange(lowest, max(int(tables.entry_mantissa.max(initial=0)), 0) + 1)
    ports = {item.name: "ab".index(item.port) for item in program.network.projections}
    found, of_format, of_class, planes = dict[tuple[str, int], int](), list[int](), list[int](), [(0, 0)]
    weight = np.zeros((max(len(program.formats), 1), mantissas.size), dtype=np.int64)
    for index, style in enumerate(program.formats):
        weight[index] = effective_weights(dialect, mantissas, style.weight_bits, style.exponent, style.sign_mode)
        key = (style.projection, style.exponent)
        if key not in found:
            found[key] = len(found)
            on_sum = style.exponent < 0 and dialect.exponent_stage == "sum"
            plane = (ports[style.projection], -style.exponent if on_sum else 0)
            # sums that still want a shift are of one projection each; the others of a port share a plane
            if on_sum or plane not in planes:
                planes.append(plane)
            of_class.append(len(planes) - 1 if on_sum else planes.index(plane))
        of_format.append(found[key])
    plain = np.array([*of_class, 0], dtype=np.int64)
    return _Classes(np.array([*of_format, 0], dtype=np.int64), plain, planes, weight, lowest)


class _Sources(NamedTuple):
    """Everything that walks need of the program."""

    walk: Any
    routes: list[Any]
    """By part."""


def _sources(program: Program, parts: list[Part], classes: _Classes) -> _Sources:
    tables = program.tables
    row, table_row = np.zeros(tables.n_rows, dtype=np.int64), dict[str, Array]()
    for index, item in enumerate(program.populations):
        mine = np.flatnonzero(tables.population == index)
        table_row[item.name] = mine[np.argsort(tables.neuron[mine], kind="stable")]
    routes = list[Any]()
    inputs = {item.name: item for item in program.inputs}
    for part in parts:
        if part.is_input:
            item = inputs[part.name]
            routes.append(gather.Routes(item.ptr[:-1], item.ptr[1:], item.core, item.in_axon))
            continue
        rows = table_row[part.name][part.neurons]
        row[rows] = part.start + np.arange(part.size)
        ptr = tables.out_axon_ptr
        routes.append(gather.Routes(ptr[rows], ptr[rows + 1], tables.out_core, tables.out_in_axon))
    walk = gather.Walk(
        tables.in_axon_ptr,
        tables.list_ptr,
        tables.compartment_ptr,
        tables.in_axon_list,
        tables.in_axon_base,
        tables.segment_ptr,
        tables.segment_format,
        tables.entry_ptr,
        tables.entry_target,
        tables.entry_mantissa,
        tables.entry_delay,
        row,
        classes.of_format,
        classes.weight,
        classes.lowest,
    )
    return _Sources(walk, routes)


class _Fact(NamedTuple):
    """What is known of the synapses from one part to another in one class."""

    source: int
    target: int
    kind: int
    count: int
    zeros: int
    """Low bits that no weight has."""
    small: bool
    """Whether weights without those bits fit int8."""
    least_delay: int
    most_delay: int


def _survey(parts: list[Part], sources: _Sources, classes: _Classes, rows: int) -> tuple[list[_Fact], Array, Array]:
    """Facts, and by plane and row the least and greatest sum that can arrive in a step."""
    part_of_row = np.repeat(np.arange(len(parts)), [_whole(part.size, PAD) for part in parts])
    n_kinds, found = int(classes.of_format.max(initial=0)) + 1, list[_Fact]()
    low = np.zeros((len(classes.planes), rows), dtype=np.int64)
    high = np.zeros_like(low)
    for number in range(len(parts)):
        facts = np.zeros((n_kinds, len(parts), 6), dtype=np.int64)
        gather.survey(sources.walk, sources.routes[number], part_of_row, classes.plane, facts, low, high)
        for kind, target in zip(*np.nonzero(facts[:, :, 0]), strict=True):
            count, bits, least, most, first, last = (int(value) for value in facts[kind, target])
            zeros = (bits & -bits).bit_length() - 1
            small = least >> zeros >= -128 and most >> zeros <= 127
            found.append(_Fact(number, int(target), int(kind), count, zeros, small, first, last))
    return found, low, high


def _is_narrow(program: Program, low: Array, high: Array, values: bool) -> bool:
    """Whether 32 bits give the dialect's bits: everything wraps, or no sum can leave the range in which one fold is exact."""
    dialect = program.target.dialect
    if values or dialect.current_overflow == "none" or dialect.decay_bits != 12:
        return False
    if not all(models.is_plain(item) for item in program.populations):
        return False
    total = np.maximum(high, -low).sum(axis=0).max(initial=0)
    if dialect.current_overflow == "wrap" and dialect.drive_overflow == "wrap" and dialect.accumulator_wrap_bits:
        return low.shape[0] == 1
    return bool(total < 1 << dialect.state_bits) and low.shape[0] == 1


def _is_proven(program: Program, low: Array, high: Array, du: Array, bias: Array) -> bool:
    """Whether q, u and u + bias stay in range for ever: |u| <= sum of q * keep**k <= q * 4096 / (4096 - keep)."""
    dialect = program.target.dialect
    q = np.maximum(high, -low).sum(axis=0)[: du.size]
    one = 1 << dialect.decay_bits
    u = -(-q * one // np.maximum(one - du, 1))
    inside = bool((u + np.abs(bias) < 1 << dialect.state_bits).all())
    return inside and (dialect.accumulator_wrap_bits is None or bool((q < 1 << dialect.accumulator_wrap_bits).all()))


def _groups(index: Array, weights: Array) -> Array:
    """Four 16-bit targets, then their four weights, as elements of the weights' type."""
    targets = index.astype(np.uint16).reshape(-1, GROUP).view(weights.dtype)
    return np.concatenate([targets, weights.reshape(-1, GROUP)], axis=1)


class _Arenas:
    """Grows by what blocks put in; offsets are theirs to keep."""

    def __init__(self) -> None:
        self.parts: dict[str, list[Array]] = {name: [] for name in _ARENAS}
        self.size = dict.fromkeys(_ARENAS, 0)

    def put(self, name: str, array: Array) -> int:
        """Append an array; return its offset."""
        at = self.size[name]
        self.parts[name].append(np.ascontiguousarray(array).ravel())
        self.size[name] += array.size
        return at

    def joined(self) -> dict[str, Array]:
        """One array for each arena; a single part is taken as it is."""
        found: dict[str, Array] = {}
        for name, dtype in _ARENAS.items():
            parts = self.parts.pop(name)
            found[name] = parts[0] if len(parts) == 1 else np.concatenate([*parts, np.zeros(1, dtype=dtype)])
        return found


_ARENAS: dict[str, Any] = {
    "weights8": np.int8,
    "weights16": np.int16,
    "index32": np.uint32,
    "pointer": np.int32,
}


class _Builder:
    """Makes the blocks one after the other."""

    def __init__(self, program: Program, parts: list[Part], sources: _Sources, classes: _Classes, wide: bool) -> None:
        self.program, self.parts, self.sources, self.classes, self.wide = program, parts, sources, classes, wide
        self.arenas, self.rows, self.queue = _Arenas(), list[dict[str, int]](), 0
        ports = [1 + (part.name in models.two_ports(program)) for part in parts]
        self.planes = [[(port, 0) for port in range(n)] for n in ports]
        self.ports = ports
        shared = {item.name for item in program.network.projections if item.operation.kind in _WINDOWS}
        self.shared = {
            int(kind)
            for kind, style in zip(classes.of_format, program.formats, strict=False)
            if style.projection in shared
        }

    def add(self, fact: _Fact, unit: int, values: bool) -> None:
        """Add the block of one fact; `unit` is the shift of the target's accumulators."""
        source, target = self.parts[fact.source], self.parts[fact.target]
        block = dict.fromkeys(kernels.BLOCK.names, 0)
        block.update(source=fact.source, target=fact.target, owner=target.owner)
        block.update(bytes=1 if fact.small else 2, shift=fact.zeros - unit, plane=self._plane(fact))
        uniform = fact.least_delay == fact.most_delay and not values
        if not uniform:
            self._listed(block, fact, kernels.VALUED if values else kernels.RINGED)
        elif fact.count >= DENSE_FROM * source.size * target.size:
            self._dense(block, fact)
        elif fact.kind not in self.shared or not self._patterns(block, fact):
            if target.size > TILED_FROM:
                self._tiled(block, fact)
            else:
                self._grouped(block, fact)
        if uniform:
            block["delay"] = fact.least_delay
        self.rows.append(block)

    def _plane(self, fact: _Fact) -> int:
        """The plane's number within the target's population: that of the port, or one of its own that wants a shift."""
        port, shift = self.classes.planes[int(self.classes.plane[fact.kind])]
        if shift == 0:
            return port
        self.planes[fact.target].append((port, shift))
        return len(self.planes[fact.target]) - 1

    def _range(self, fact: _Fact) -> tuple[Any, Any, int, int, int]:
        target = self.parts[fact.target]
        routes = self.sources.routes[fact.source]
        return self.sources.walk, routes, fact.kind, target.start, target.start + target.size

    def _weights(self, fact: _Fact) -> tuple[str, Any]:
        return ("weights8", np.int8) if fact.small else ("weights16", np.int16)

    def _dense(self, block: dict[str, int], fact: _Fact) -> None:
        name, dtype = self._weights(fact)
        width = _whole(self.parts[fact.target].size, LANES)
        rows = np.zeros((self.parts[fact.source].size, width), dtype=dtype)
        gather.fill_dense(*self._range(fact), fact.zeros, rows)
        block.update(kind=kernels.DENSE, width=width, weights=self.arenas.put(name, rows))

    def _entries(self, fact: _Fact, counts: Array, group: int, slot: int) -> tuple[Array, Array, Array]:
        """(pointer, index, weights) by source, each source's filled up to whole groups with weights of 0."""
        size = -(-counts // group) * group
        pointer = np.r_[0, np.cumsum(size)].astype(np.int64)
        index, weights = np.zeros(pointer[-1], dtype=np.uint32), np.zeros(pointer[-1], dtype=self._weights(fact)[1])
        gather.fill_sparse(*self._range(fact), fact.zeros, slot, pointer, index, weights)
        return pointer, index, weights

    def _counts(self, fact: _Fact) -> Array:
        counts = np.zeros(self.parts[fact.source].size, dtype=np.int64)
        gather.count_entries(*self._range(fact), counts)
        return counts

    def _listed(self, block: dict[str, int], fact: _Fact, kind: int) -> None:
        slot = _whole(self.parts[fact.target].size, PAD)
        pointer, index, weights = self._entries(fact, self._counts(fact), 1, slot)
        put = self.arenas.put
        block.update(kind=kind, index=put("index32", index), weights=put(self._weights(fact)[0], weights))
        block.update(pointer=put("pointer", pointer.astype(np.int32)))

    def _grouped(self, block: dict[str, int], fact: _Fact) -> None:
        """Rows of groups of four: a word of targets, four weights."""
        pointer, index, weights = self._entries(fact, self._counts(fact), GROUP, 0)
        put = self.arenas.put
        block.update(kind=kernels.SPARSE, weights=put(self._weights(fact)[0], _groups(index, weights)))
        block.update(pointer=put("pointer", (pointer // GROUP).astype(np.int32)))

    def _tiled(self, block: dict[str, int], fact: _Fact) -> None:
        """Sort each source's synapses by target, cut them where a tile ends, and fill each cut up to whole groups."""
        counts = self._counts(fact)
        _, index, weights = self._entries(fact, counts, 1, 0)
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
        table = [np.searchsorted(source[starts], np.arange(counts.size + 1)), first, index[starts] >> bits]
        self.queue = max(self.queue, starts.size + (self.parts[fact.target].size >> bits) + 3)
        put = self.arenas.put
        block.update(kind=kernels.TILED, tile_bits=bits, tiles=counts.size)
        block.update(weights=put(self._weights(fact)[0], _groups(filled, weight)))
        block.update(pointer=put("pointer", np.concatenate(table).astype(np.int32)))

    @staticmethod
    def _segments(source: Array, index: Array, bits: int) -> Array:
        """Where a new source or a new tile begins."""
        tile = index >> bits
        return np.flatnonzero(np.r_[True, (np.diff(source) != 0) | (np.diff(tile.astype(np.int64)) != 0)])

    def _patterns(self, block: dict[str, int], fact: _Fact) -> bool:
        """Keep shared lists shared; False if they are hardly shared."""
        target = self.parts[fact.target]
        of_source, first, offsets, weights = gather.fill_patterns(*self._range(fact), fact.zeros, target.size)
        if 2 * weights.size > fact.count:
            return False
        starts = np.flatnonzero(np.r_[True, np.diff(offsets) != 1])
        starts = np.union1d(starts, first[:-1])
        runs = np.stack([offsets[starts], np.diff(np.r_[starts, offsets.size]), starts], axis=1)
        silent = of_source[:, 0] < 0
        of_source[silent] = (first.size - 1, 0)
        by_pattern = np.r_[np.searchsorted(starts, first), starts.size]
        name, dtype = self._weights(fact)
        table = [of_source.ravel(), by_pattern, runs.ravel()]
        put = self.arenas.put
        block.update(kind=kernels.SHARED, tiles=of_source.shape[0], tile_bits=first.size)
        block.update(weights=put(name, weights.astype(dtype)))
        block.update(pointer=put("pointer", np.concatenate(table).astype(np.int32)))
        return True


def _limits(program: Program, rows: Array) -> tuple[Array, Array]:
    tables, dialect = program.tables, program.target.dialect
    if dialect.voltage_limit == "registers":
        low = -(np.int64(1) << tables.vmin_exp[rows].astype(np.int64)) + 1
        return low, (np.int64(1) << (9 + 2 * tables.vmax_exp[rows].astype(np.int64))) - 1
    bound = (np.int64(1) << dialect.state_bits) - 1 if dialect.voltage_limit == "symmetric" else FAR
    return np.full(rows.size, -bound), np.full(rows.size, bound)


def _registers(program: Program, parts: list[Part], rows_of: dict[str, Array], size: int) -> dict[str, Array]:
    """Registers of every engine row, int64; rows that only fill up hold a neuron that cannot fire."""
    tables, dialect = program.tables, program.target.dialect
    one = 1 << dialect.decay_bits
    names = ("ku", "kv", "bias", "vth", "vmin", "vmax", "refract", "reset", "core")
    found = {name: np.zeros(size, dtype=np.int64) for name in names}
    found["vth"][:] = NEVER
    for part in parts:
        if part.is_input:
            continue
        rows, here = rows_of[part.name][part.neurons], slice(part.start, part.start + part.size)
        threshold = tables.vth_mant[rows].astype(np.int64) << dialect.threshold_shift_bits
        found["ku"][here] = one - (tables.du[rows].astype(np.int64) + dialect.current_decay_offset)
        found["kv"][here] = one - (tables.dv[rows].astype(np.int64) + dialect.voltage_decay_offset)
        found["bias"][here] = tables.bias_mant[rows].astype(np.int64) << tables.bias_exp[rows].astype(np.int64)
        found["vth"][here] = np.where(tables.spiking[rows] == 1, threshold, FAR)
        found["vmin"][here], found["vmax"][here] = _limits(program, rows)
        found["refract"][here] = tables.refract_delay[rows]
        found["reset"][here] = np.choose(tables.reset[rows], [np.full(rows.size, -1), threshold, np.zeros(rows.size)])
        found["core"][here] = np.repeat(np.arange(tables.n_cores), np.diff(tables.compartment_ptr))[rows]
    return found


_NARROW = {"ku": np.int16, "kv": np.int16, "refract": np.uint8}


def _typed(registers: dict[str, Array], *, wide: bool) -> dict[str, Array]:
    limit = FAR if wide else NEVER
    found: dict[str, Array] = {}
    for name, values in registers.items():
        narrow = _NARROW.get(name, np.int32)
        dtype = np.uint8 if name == "refract" else np.int64 if wide else narrow
        found[name] = np.clip(values, -limit, limit).astype(dtype)
    return found


def _kind(registers: dict[str, Array], here: slice) -> int:
    """Which narrow update serves rows: the fewest registers that must be read for each neuron."""

    def same(name: str) -> bool:
        values = registers[name][here]
        return bool((values == values[0]).all())

    plain = (registers["refract"][here] <= 1).all() and (registers["reset"][here] == -1).all()
    if not plain or not all(same(name) for name in ("ku", "kv", "vth", "vmin", "vmax")):
        return kernels.MIXED
    return kernels.EVEN if same("bias") else kernels.BIASED


class _Shape(NamedTuple):
    """What the rows of the population table are made from."""

    program: Program
    parts: list[Part]
    registers: dict[str, Array]
    wide: bool
    units: list[int]
    """Shift of each part's accumulators."""
    slots: list[int]
    planes: list[list[tuple[int, int]]]
    ports: list[int]
    numbers: dict[str, dict[str, int]]
    """Population -> columns of the population table that its kind sets."""
    fold: bool
    proven: bool


def _population_rows(shape: _Shape, values: dict[str, int]) -> tuple[Array, int, dict[str, Array]]:
    """(table, accumulators, arenas that the table points into)."""
    table = np.zeros(len(shape.parts), dtype=kernels.POPULATION)
    acc, planes, ids, runs = 0, list[tuple[int, int]](), list[Array](), [list[int](), list[int]()]
    first_input = 0
    for number, part in enumerate(shape.parts):
        row = {"start": part.start, "size": part.size, "padded": _whole(part.size, PAD), "owner": part.owner}
        row |= {"slots": 1, "planes": 1, "ids": -1, "first": int(part.neurons[0])}
        if part.is_input:
            driven = part.name in values
            row |= {"kind": kernels.VALUES if driven else kernels.INPUT}
            row |= {"input": values[part.name] if driven else first_input}
            first_input += not driven
        else:
            row |= {"acc": acc, "slots": shape.slots[number], "planes": len(shape.planes[number])}
            row |= {"plane_shift": len(planes), "ports": shape.ports[number]} | _arithmetic(shape, number)
            row |= shape.numbers[part.name]
            if row["noise_column"] >= 0:
                row["noise_column"] += int(part.neurons[0])
            planes += shape.planes[number]
            acc += row["planes"] * row["slots"] * row["padded"]
            if (np.diff(part.neurons) != 1).any():
                row["ids"] = sum(item.size for item in ids)
                ids.append(part.neurons)
            row["runs"] = len(runs[1])
            core = shape.registers["core"][part.start : part.start + part.size]
            starts = np.flatnonzero(np.r_[True, np.diff(core) != 0])
            runs[0] += [*(part.start + starts), part.start + part.size]
            runs[1] += [*core[starts], 0]
            row["run_stop"] = len(runs[1]) - 1
        for name, value in row.items():
            table[name][number] = value
    arenas = {
        "plane_shift": np.array([*(shift for _, shift in planes), 0], dtype=np.int64),
        "plane_port": np.array([*(port for port, _ in planes), 0], dtype=np.int64),
        "ids": np.concatenate([*ids, np.zeros(1, dtype=np.int32)]).astype(np.int32),
        "run_start": np.array([*runs[0], 0], dtype=np.int64),
        "run_core": np.array([*runs[1], 0], dtype=np.int64),
    }
    return table, acc, arenas


def _arithmetic(shape: _Shape, number: int) -> dict[str, int]:
    """Shifts and shared registers of one population."""
    part, dialect, registers = shape.parts[number], shape.program.target.dialect, shape.registers
    here, unit = slice(part.start, part.start + part.size), shape.units[number]
    free = shape.proven
    wraps = 31 - (dialect.accumulator_wrap_bits or 31) if not free else 0
    state = 31 - dialect.state_bits if dialect.current_overflow == "wrap" and not free else 0
    drive = 31 - dialect.state_bits if dialect.drive_overflow == "wrap" and not free else 0
    kind = kernels.WIDE if shape.wide else kernels.MIXED if shape.fold and not free else _kind(registers, here)
    quiet = (registers["bias"][here] == 0) & (registers["vth"][here] >= 0)
    quiet &= (registers["vmin"][here] <= 0) & (registers["vmax"][here] >= 0)
    row = {"kind": kind, "left": wraps + unit, "right": wraps, "state_shift": state, "drive_shift": drive}
    row |= {name: int(registers[name][part.start]) for name in ("ku", "kv", "bias", "vth", "vmin", "vmax")}
    return row | {"sleeps": int(quiet.all())}


def _switches(program: Program, *, fold: bool) -> Array:
    dialect = program.target.dialect
    overflow = {"none": 0, "wrap": 1, "fold": 2}
    values = [
        dialect.accumulator_wrap_bits or 0,
        dialect.state_bits,
        overflow[dialect.current_overflow],
        overflow[dialect.drive_overflow],
        1 << dialect.state_bits if fold else NEVER,
        dialect.weight_shift_bits,
        dialect.decay_bits,
    ]
    return np.array(values, dtype=np.int64)


def _rows_of(program: Program) -> dict[str, Array]:
    """Table rows of each population in the order of its neurons."""
    tables, found = program.tables, dict[str, Array]()
    for index, item in enumerate(program.populations):
        rows = np.flatnonzero(tables.population == index)
        found[item.name] = rows[np.argsort(tables.neuron[rows], kind="stable")]
    return found


def lower(program: Program, *, watched: bool = False, pieces: int = 1, noise: tuple[str, ...] = ()) -> Lowered:
    """Return the layout of a sound program (see neurodeploy.program.archive.table_faults).

    `watched`: overflows are to be counted; that takes the wide layout unless they are proven impossible. `pieces`: threads
    that share one sample, each the owner of a range of every population. `noise`: populations whose draws are given.
    """
    parts, classes = _parts(program, pieces), _classes(program)
    sources = _sources(program, parts, classes)
    size = sum(_whole(part.size, PAD) for part in parts)
    rows = sum(_whole(part.size, PAD) for part in parts if not part.is_input)
    facts, low, high = _survey(parts, sources, classes, size)
    driven, values = (
        {item.name for item in program.network.inputs if isinstance(item.encoder, Current)},
        dict[str, int](),
    )
    for part in parts:
        if part.name in driven:
            values[part.name] = sum(other.size for other in parts if other.name in values)
    registers = _registers(program, parts, _rows_of(program), rows)
    fold = program.target.dialect.current_overflow == "fold"
    narrow = _is_narrow(program, low, high, bool(values))
    proven = narrow and _is_proven(program, low, high, registers["ku"], registers["bias"])
    wide = not narrow or (watched and not proven)
    units = [0 if wide else min((f.zeros for f in facts if f.target == n), default=0) for n in range(len(parts))]
    slots = [1 + max((f.most_delay for f in facts if f.target == n), default=0) for n in range(len(parts))]
    sends = {*values, *models.graded(program)}
    builder = _Builder(program, parts, sources, classes, wide)
    for fact in facts:
        builder.add(fact, units[fact.target], parts[fact.source].name in sends)
    typed = _typed(registers, wide=wide)
    numbers = models.numbers(program, noise)
    shape = _Shape(program, parts, registers, wide, units, slots, builder.planes, builder.ports, numbers, fold, proven)
    table, accumulators, arenas = _population_rows(shape, values)
    blocks = np.zeros(len(builder.rows), dtype=kernels.BLOCK)
    for number, block in enumerate(builder.rows):
        for name, value in block.items():
            blocks[name][number] = value
    core = typed.pop("core")
    del core
    layout = kernels.Layout(
        populations=table,
        blocks=blocks,
        **typed,
        **arenas,
        **models.columns(program, parts, rows, wide=wide),
        **builder.arenas.joined(),
        switches=_switches(program, fold=fold and not proven),
    )
    found = Lowered(
        layout, parts, wide, rows, accumulators, builder.queue, {}, values, proven, sum(f.count for f in facts)
    )
    for part in parts:
        if not part.is_input:
            place = found.row_of_neuron.setdefault(part.name, np.zeros(0, dtype=np.int64))
            grown = np.zeros(max(place.size, int(part.neurons.max()) + 1), dtype=np.int64)
            grown[: place.size] = place
            grown[part.neurons] = part.start + np.arange(part.size)
            found.row_of_neuron[part.name] = grown
    return found
