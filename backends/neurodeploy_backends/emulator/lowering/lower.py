"""A program's core tables as the layout that the kernels read. The weights of the network itself are not read.

State is held by population, in the order of its neurons, and the parts of a source's lists that lie on several cores become
one row again, so speed does not depend on the partition. A population with shared lists and a shape (channels, height,
width) is held channel last: a spike of a convolution then adds to a few runs of neighboring accumulators.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.check.state_bounds import meets_no_limit, never_overflows, state_bounds
from neurodeploy.network import Current
from neurodeploy.program.program import Program
from neurodeploy_backends.emulator.engine.tables import BLOCK, DISTURBANCE, Layout
from neurodeploy_backends.emulator.lowering import models
from neurodeploy_backends.emulator.lowering.blocks import BlockBuilder
from neurodeploy_backends.emulator.lowering.parts import (
    BlockStats,
    Classes,
    Part,
    Sources,
    Statistics,
    classes_of,
    cut_parts,
    padded,
    sources_of,
    statistics_of,
)
from neurodeploy_backends.emulator.lowering.plastic import (
    Link,
    PlasticLayout,
    add_ranges,
    links_of,
    plastic_layout,
    statistics_of_links,
)
from neurodeploy_backends.emulator.lowering.populations import (
    Shape,
    population_rows,
    registers_of,
    switches_of,
    typed,
)
from neurodeploy_backends.emulator.lowering.tolerance import Tolerance

__all__ = ["ArrivingSums", "Lowered", "lower"]

Array = NDArray[Any]


class ArrivingSums(NamedTuple):
    """Bounds of the sums that can arrive in one step, for proofs and for checks of a kept state."""

    classes: list[list[int]]
    """By part: the class of synapses of each plane after those of its ports."""
    plane_of_class: Array
    """(classes,) row of `low` and `high`."""
    planes: list[tuple[int, int]]
    """(port, shift) of each row of `low` and `high`."""
    low: Array
    """(planes, rows) least sum of weights; the greatest in `high`."""
    high: Array
    valued: set[int]
    """Parts that graded values reach: their sums have no bound."""


@dataclass
class Lowered:
    """A layout, and the other tables that a run needs."""

    layout: Any
    parts: list[Part]
    """Populations, or ranges of them, in the order of `layout.populations`."""
    wide: bool
    """Whether state is held in 64 bits."""
    rows: int
    """Engine rows of neurons, padding included."""
    accumulators: int
    queue: int
    """Size of the scratch of tiled blocks."""
    row_of_neuron: dict[str, Array]
    """Population -> (size,) engine row of each neuron."""
    values: dict[str, int]
    """Input of values -> its first column."""
    plastic: PlasticLayout | None
    """Plastic projections; None if there are none."""
    proven: bool
    """No accumulator, current, drive or voltage can leave its range, for any input."""
    arriving: ArrivingSums


def _is_narrow(program: Program, low: Array, high: Array, values: bool, extra: int) -> bool:
    """Whether 32 bits are exact: everything wraps, or no sum can leave the range in which one fold is.

    `extra`: what faults may add to a sum."""
    dialect = program.target.dialect
    unbounded = dialect.current_overflow == "none" or dialect.voltage_limit == "none"
    if values or unbounded or dialect.decay_bits != 12:
        return False
    if not all(models.is_plain(item) for item in program.populations):
        return False
    total = np.maximum(high, -low).sum(axis=0).max(initial=0) + extra
    if dialect.current_overflow == "wrap" and dialect.drive_overflow == "wrap" and dialect.accumulator_wrap_bits:
        return low.shape[0] == 1
    return bool(total < 1 << dialect.state_bits) and low.shape[0] == 1


def _proofs(program: Program, low: Array, high: Array) -> tuple[bool, bool]:
    """(nothing overflows for any input, and neither does v meet a limit), from bounds of the sums of each table row."""
    bounds = state_bounds(program, arriving=(low, high))
    inside = all(never_overflows(item, program.target.dialect) for item in bounds)
    return inside, inside and all(meets_no_limit(program, item) for item in bounds)


class _Surveyed(NamedTuple):
    """The synapses of a program, and which layout they allow."""

    statistics: Statistics
    links: list[Link]
    """Plastic projections."""
    stats: list[BlockStats]
    """Of all synapses, plastic ones too."""
    narrow: bool
    proven: bool
    """Nothing overflows, for any input."""
    unlimited: bool
    """Nor does v ever meet a limit."""


def _surveyed(
    program: Program, parts: list[Part], sources: Sources, classes: Classes, faults: Tolerance | None, *, values: bool
) -> _Surveyed:
    """The survey of a program. `values`: whether an input shows values. Under faults nothing is proven."""
    statistics = statistics_of(parts, sources, classes, sum(padded(part.size) for part in parts))
    links, low, high = links_of(program, parts, classes), statistics.low, statistics.high
    add_ranges(links, parts, classes, low, high)
    narrow, row = _is_narrow(program, low, high, values, faults.extra if faults else 0), sources.walk.noun.row
    proven, unlimited = _proofs(program, low[0][row], high[0][row]) if narrow and not faults else (False, False)
    return _Surveyed(statistics, links, [*statistics.blocks, *statistics_of_links(links)], narrow, proven, unlimited)


def lower(program: Program, *, watched: bool = False, pieces: int = 1, faults: Tolerance | None = None) -> Lowered:
    """The layout of a sound program (see neurodeploy.program.validate).

    `watched`: overflows are counted, which takes the wide layout unless they are proven impossible. `pieces`: threads that
    share one sample; each owns a range of every population. `faults`: what faults can change in a run.
    """
    parts, classes = cut_parts(program, pieces), classes_of(program)
    sources, values = sources_of(program, parts, classes), _value_columns(program, parts)
    rows = sum(padded(part.size) for part in parts if not part.is_input)
    found = _surveyed(program, parts, sources, classes, faults, values=bool(values))
    stats, proven, unlimited = found.stats, found.proven, found.unlimited
    wide = not found.narrow or (watched and not unlimited)
    units = [
        0 if wide or faults else min((item.zeros for item in stats if item.target == n), default=0)
        for n in range(len(parts))
    ]
    senders = {*values, *models.graded(program)}
    builder = BlockBuilder(program, parts, sources, classes, senders)
    builder.plan(found.statistics, units)
    plastic = plastic_layout(parts, found.links, builder.plane, units, senders) if found.links else None
    registers = registers_of(program, parts, rows)
    slots = [1 + max((item.most_delay for item in stats if item.target == n), default=0) for n in range(len(parts))]
    slots = [max(own, faults.slots.get(part.name, 1) if faults else 1) for own, part in zip(slots, parts, strict=True)]
    patched = faults.patched if faults else frozenset[str]()
    numbers, fold = models.numbers(program), program.target.dialect.current_overflow == "fold"
    shape = Shape(
        program,
        parts,
        registers,
        wide,
        units,
        slots,
        builder.planes,
        builder.ports,
        numbers,
        fold,
        proven,
        unlimited,
        patched,
    )
    layout, accumulators = _layout(shape, builder, values)
    valued = {item.target for item in stats if parts[item.source].name in senders}
    sums = found.statistics.low, found.statistics.high
    arriving = ArrivingSums(builder.classes_of, classes.plane, classes.planes, *sums, valued)
    made = (layout, parts, wide, rows, accumulators, builder.queue, _rows_of_neurons(parts), values, plastic)
    return Lowered(*made, proven=unlimited and not wide, arriving=arriving)


def _layout(shape: Shape, builder: BlockBuilder, values: dict[str, int]) -> tuple[Layout, int]:
    """(the arrays that the kernels read, number of accumulators)."""
    program, parts, registers = shape.program, shape.parts, shape.registers
    filled, (table, accumulators, arenas) = builder.filled(), population_rows(shape, values)
    rows = registers["core"].size
    layout = Layout(
        populations=table,
        blocks=_block_table([item.row for item in builder.plans]),
        **typed(registers, wide=shape.wide),
        **arenas,
        **models.columns(program, parts, rows, wide=shape.wide),
        **filled,
        disturbances=np.zeros(0, dtype=DISTURBANCE),
        switches=switches_of(program, fold=shape.fold and not shape.proven),
    )
    return layout, accumulators


def _value_columns(program: Program, parts: list[Part]) -> dict[str, int]:
    """First column of each input of values; they lie side by side."""
    driven, found, column = (
        {i.name for i in program.network.inputs if isinstance(i.encoder, Current)},
        dict[str, int](),
        0,
    )
    for part in parts:
        if part.name in driven:
            found[part.name], column = column, column + part.size
    return found


def _block_table(rows: list[dict[str, int]]) -> Array:
    table: Any = np.zeros(len(rows), dtype=BLOCK)
    for number, row in enumerate(rows):
        for name, value in row.items():
            table[name][number] = value
    return table


def _rows_of_neurons(parts: list[Part]) -> dict[str, Array]:
    """Engine row of each neuron, by population."""
    sizes, found = dict[str, int](), dict[str, Array]()
    for part in parts:
        if not part.is_input:
            sizes[part.name] = sizes.get(part.name, 0) + part.size
    for part in parts:
        if not part.is_input:
            rows = found.setdefault(part.name, np.zeros(sizes[part.name], dtype=np.int64))
            rows[part.neurons] = part.start + np.arange(part.size)
    return found
