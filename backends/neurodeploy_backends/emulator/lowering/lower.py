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
from neurodeploy_backends.emulator.engine.tables import BLOCK, Layout
from neurodeploy_backends.emulator.lowering import models
from neurodeploy_backends.emulator.lowering.blocks import BlockBuilder
from neurodeploy_backends.emulator.lowering.parts import (
    Part,
    classes_of,
    cut_parts,
    padded,
    sources_of,
    statistics_of,
)
from neurodeploy_backends.emulator.lowering.populations import (
    Shape,
    population_rows,
    registers_of,
    switches_of,
    typed,
)

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
    proven: bool
    """No accumulator, current, drive or voltage can leave its range, for any input."""
    arriving: ArrivingSums


def _is_narrow(program: Program, low: Array, high: Array, values: bool) -> bool:
    """Whether 32 bits are exact: everything wraps, or no sum can leave the range in which one fold is."""
    dialect = program.target.dialect
    unbounded = dialect.current_overflow == "none" or dialect.voltage_limit == "none"
    if values or unbounded or dialect.decay_bits != 12:
        return False
    if not all(models.is_plain(item) for item in program.populations):
        return False
    total = np.maximum(high, -low).sum(axis=0).max(initial=0)
    if dialect.current_overflow == "wrap" and dialect.drive_overflow == "wrap" and dialect.accumulator_wrap_bits:
        return low.shape[0] == 1
    return bool(total < 1 << dialect.state_bits) and low.shape[0] == 1


def _proofs(program: Program, low: Array, high: Array) -> tuple[bool, bool]:
    """(nothing overflows for any input, and neither does v meet a limit), from bounds of the sums of each table row."""
    bounds = state_bounds(program, arriving=(low, high))
    inside = all(never_overflows(item, program.target.dialect) for item in bounds)
    return inside, inside and all(meets_no_limit(program, item) for item in bounds)


def lower(program: Program, *, watched: bool = False, pieces: int = 1) -> Lowered:
    """The layout of a sound program (see neurodeploy.program.validate).

    `watched`: overflows are counted, which takes the wide layout unless they are proven impossible. `pieces`: threads that
    share one sample; each owns a range of every population.
    """
    parts, classes = cut_parts(program, pieces), classes_of(program)
    sources, sizes = sources_of(program, parts, classes), [padded(part.size) for part in parts]
    rows = sum(size for size, part in zip(sizes, parts, strict=True) if not part.is_input)
    statistics = statistics_of(parts, sources, classes, sum(sizes))
    stats, low, high = statistics.blocks, statistics.low, statistics.high
    values = _value_columns(program, parts)
    narrow = _is_narrow(program, low, high, bool(values))
    row = sources.walk.noun.row
    proven, unlimited = _proofs(program, low[0][row], high[0][row]) if narrow else (False, False)
    wide = not narrow or (watched and not unlimited)
    units = [
        0 if wide else min((item.zeros for item in stats if item.target == n), default=0) for n in range(len(parts))
    ]
    senders = {*values, *models.graded(program)}
    builder = BlockBuilder(program, parts, sources, classes, senders)
    builder.plan(statistics, units)
    filled, registers = builder.filled(), registers_of(program, parts, rows)
    slots = [1 + max((item.most_delay for item in stats if item.target == n), default=0) for n in range(len(parts))]
    numbers, fold = models.numbers(program), program.target.dialect.current_overflow == "fold"
    shape = Shape(
        program, parts, registers, wide, units, slots, builder.planes, builder.ports, numbers, fold, proven, unlimited
    )
    table, accumulators, arenas = population_rows(shape, values)
    layout = Layout(
        populations=table,
        blocks=_block_table([item.row for item in builder.plans]),
        **typed(registers, wide=wide),
        **arenas,
        **models.columns(program, parts, rows, wide=wide),
        **filled,
        switches=switches_of(program, fold=fold and not proven),
    )
    valued = {item.target for item in stats if parts[item.source].name in senders}
    arriving = ArrivingSums(builder.classes_of, classes.plane, classes.planes, low, high, valued)
    of_neurons, free = _rows_of_neurons(parts), unlimited and not wide
    return Lowered(layout, parts, wide, rows, accumulators, builder.queue, of_neurons, values, free, arriving)


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
