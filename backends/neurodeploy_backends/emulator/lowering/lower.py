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

from neurodeploy.check.state_bounds import meets_no_limit, never_overflows, state_bounds
from neurodeploy.network import Current
from neurodeploy.program.program import Program
from neurodeploy_backends.emulator.engine import kernels as _kernels
from neurodeploy_backends.emulator.lowering import models
from neurodeploy_backends.emulator.lowering.blocks import BlockBuilder
from neurodeploy_backends.emulator.lowering.parts import (
    PAD,
    Part,
    classes_of,
    cut_parts,
    facts_of,
    sources_of,
    whole,
)
from neurodeploy_backends.emulator.lowering.populations import (
    Shape,
    population_rows,
    registers_of,
    switches_of,
    typed,
)

__all__ = ["Lowered", "PopulationAxonFormat", "lower"]

kernels: Any = _kernels
Array = NDArray[Any]


class PopulationAxonFormat(NamedTuple):
    """What can arrive in one step, to hold a kept state against."""

    kinds: list[list[int]]
    """By part: the class of each plane after those of its ports."""
    plane_of_kind: Array
    planes: list[tuple[int, int]]
    """(port, shift) of each row of `low` and `high`."""
    low: Array
    """(planes, rows) least sum of weights, and greatest in `high`."""
    high: Array
    valued: set[int]
    """Parts that values reach, whose sums have no bound."""


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
    """No accumulator, current, drive or voltage can leave its range, whatever is shown."""
    reach: PopulationAxonFormat | None = None


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


def _proofs(program: Program, low: Array, high: Array) -> tuple[bool, bool]:
    """(nothing overflows whatever is shown, and v meets no limit either), from the sums by table row."""
    bounds = state_bounds(program, arriving=(low, high))
    inside = all(never_overflows(item, program.target.dialect) for item in bounds)
    return inside, inside and all(meets_no_limit(program, item) for item in bounds)


def lower(program: Program, *, watched: bool = False, pieces: int = 1, noise: tuple[str, ...] = ()) -> Lowered:
    """Return the layout of a sound program (see neurodeploy.program.validate).

    `watched`: overflows are to be counted; that takes the wide layout unless they are proven impossible. `pieces`: threads
    that share one sample, each the owner of a range of every population. `noise`: populations whose draws are given.
    """
    parts, classes = cut_parts(program, pieces), classes_of(program)
    sources, padded = sources_of(program, parts, classes), [whole(part.size, PAD) for part in parts]
    rows = sum(size for size, part in zip(padded, parts, strict=True) if not part.is_input)
    facts, low, high = facts_of(parts, sources, classes, sum(padded))
    values = _value_columns(program, parts)
    registers = registers_of(program, parts, rows)
    narrow = _is_narrow(program, low, high, bool(values))
    row = sources.walk.row
    proven, unlimited = _proofs(program, low[0][row], high[0][row]) if narrow else (False, False)
    wide = not narrow or (watched and not unlimited)
    units = [0 if wide else min((f.zeros for f in facts if f.target == n), default=0) for n in range(len(parts))]
    senders = {*values, *models.graded(program)}
    builder = BlockBuilder(program, parts, sources, classes, senders)
    for fact in facts:
        builder.add(fact, units[fact.target])
    slots = [1 + max((f.most_delay for f in facts if f.target == n), default=0) for n in range(len(parts))]
    numbers, fold = models.numbers(program, noise), program.target.dialect.current_overflow == "fold"
    shape = Shape(
        program, parts, registers, wide, units, slots, builder.planes, builder.ports, numbers, fold, proven, unlimited
    )
    table, accumulators, arenas = population_rows(shape, values)
    layout = kernels.Layout(
        populations=table,
        blocks=_block_table(builder.rows),
        **typed(registers, wide=wide),
        **arenas,
        **models.columns(program, parts, rows, wide=wide),
        **builder.arenas.joined(),
        switches=switches_of(program, fold=fold and not proven),
    )
    valued = {fact.target for fact in facts if parts[fact.source].name in senders}
    reach = PopulationAxonFormat(builder.kinds, classes.plane, classes.planes, low, high, valued)
    of_neurons, free = _rows_of_neurons(parts), unlimited and not wide
    return Lowered(layout, parts, wide, rows, accumulators, builder.queue, of_neurons, values, free, reach)


def _value_columns(program: Program, parts: list[Part]) -> dict[str, int]:
    """First column of every input of values, side by side."""
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
    table: Any = np.zeros(len(rows), dtype=kernels.BLOCK)
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
