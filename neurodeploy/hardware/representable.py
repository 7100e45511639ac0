"""Checks that a program can represent a target: its registers fit table columns, its arithmetic fits machine integers.

The numbers here are widths of columns and integers of this package, not properties of a chip. Ranges of single fields
are annotations of the fields (neurodeploy.hardware.units.Within).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from neurodeploy.hardware.dialect import Dialect
from neurodeploy.hardware.figure import AnyFigure, Figure, FigureList, FigureRange
from neurodeploy.hardware.target import AxonKind, Precision, Target
from neurodeploy.hardware.units import INT16, INT32, field_ranges

__all__ = ["MAX_COMPARTMENTS", "Fault", "representation_faults"]

MAX_COMPARTMENTS = 1 << 16
"""Compartments of one core that program tables can index."""
MAX_CORES = 1 << 22
"""Most cores of a board, and positions of its mesh, that can be placed."""
MAX_SHIFTED_BITS = 30
"""Most bits of a weight or bias after all of its shifts."""


class Fault(NamedTuple):
    """One inconsistency of a target."""

    message: str
    fixes: tuple[str, ...] = ()


def representation_faults(target: Target) -> Iterator[Fault]:
    """Yield every part of a target that a program's tables or arithmetic cannot represent."""
    faults = [
        *_ranges("precision", target.precision),
        *_counts(target),
        *_axon_formats(target),
        *_ranges("dialect", target.dialect),
    ]
    yield from faults or _arithmetic(target)


def _values(item: AnyFigure | float | None) -> tuple[float, ...]:
    if isinstance(item, FigureRange):
        return item.low, item.high
    if isinstance(item, FigureList):
        return item.values
    if isinstance(item, Figure):
        return (item.value,)
    return (float(item),) if isinstance(item, (int, float)) else ()


def _ranges(path: str, noun: Precision | Dialect | AxonKind) -> Iterator[Fault]:
    """Values outside the range of their field's annotation, and registers that are not whole numbers."""
    for name, (low, high) in ((key, (item.low, item.high)) for key, item in field_ranges(type(noun)).items()):
        for value in _values(getattr(noun, name)):
            if not low <= value <= high:
                yield Fault(f"{path}.{name}: {value:,.15g} is outside the supported range, {low:,} to {high:,}")
            elif value != int(value):
                yield Fault(f"{path}.{name}: {value:g} is not a whole number")


def _counts(target: Target) -> Iterator[Fault]:
    chip, compartments = target.chip, target.limits.compartments
    if compartments is not None and compartments.value > MAX_COMPARTMENTS:
        supported = f"more than the {MAX_COMPARTMENTS:,} that program tables can index"
        yield Fault(f"limits.compartments: {compartments.value:,.15g} are {supported}")
    cores = {
        "chip": chip.cores.value,
        "mesh": chip.mesh_columns.value * chip.mesh_rows.value * chip.cores_per_tile.value,
    }
    cores |= {f"boards.{name}": chip.cores.value * board.chips.value for name, board in target.boards.items()}
    for name, count in cores.items():
        if count > MAX_CORES:
            yield Fault(f"{name}: {count:,.15g} cores are more than the {MAX_CORES:,} that can be placed")
    if chip.cores_per_tile.value < 1:
        yield Fault("chip.cores_per_tile is 0; it must be at least 1")


def _axon_formats(target: Target) -> Iterator[Fault]:
    for name in ("discrete", "pop16", "pop32"):
        kind: AxonKind | None = getattr(target.axons, name) if target.axons is not None else None
        if kind is None:
            continue
        yield from _ranges(f"axons.{name}", kind)
        bits, most = kind.atom_bits.value, field_ranges(AxonKind)["atom_bits"].high
        extra = kind.extra_atom_bits.value if kind.extra_atom_bits else 0
        if bits <= most < bits + extra:
            yield Fault(f"axons.{name}.atom_bits: {bits + extra:g} bits with extra_atom_bits, and {most} are supported")
        if kind.base_step.value < 1:
            yield Fault(f"axons.{name}.base_step is 0; it must be at least 1")


def _arithmetic(target: Target) -> Iterator[Fault]:
    """Combinations of registers for which the dialect's arithmetic is not defined or overflows."""
    dialect, precision = target.dialect, target.precision
    one, shift = 1 << dialect.decay_bits, dialect.weight_shift_bits
    for name, offset in (("du", dialect.current_decay_offset), ("dv", dialect.voltage_decay_offset)):
        high = getattr(precision, name).high
        if high + offset > one:
            total = f"{high:g} and the dialect's offset {offset} add up to a decay of more than 1 ({one:,} parts)"
            yield Fault(f"precision.{name}: {total}")
    limits = {"vmin_exponent": precision.vmin_exponent.high, "vmax_exponent": 9 + 2 * precision.vmax_exponent.high}
    for name, bits in limits.items():
        if bits > dialect.state_bits:
            yield Fault(f"precision.{name}: a limit of {bits:g} bits exceeds dialect.state_bits, {dialect.state_bits}")
    yield from _thresholds(dialect, precision)
    mantissa = max(abs(precision.bias_mantissa.low), abs(precision.bias_mantissa.high))
    if mantissa * 2**precision.bias_exponent.high >= 1 << MAX_SHIFTED_BITS:
        yield Fault(f"precision.bias_mantissa and precision.bias_exponent together exceed {MAX_SHIFTED_BITS} bits")
    if dialect.mantissa_bits + precision.weight_exponent.high + shift > MAX_SHIFTED_BITS:
        yield Fault(f"precision.weight_exponent: a shifted weight exceeds {MAX_SHIFTED_BITS} bits")
    limit = dialect.weight_limit
    largest = 1 << int(dialect.mantissa_bits + precision.weight_exponent.high + shift)
    bits = dialect.accumulator_wrap_bits
    if bits is not None and min(largest, limit or largest) > 1 << bits:
        yield Fault(f"precision.weight_exponent: a single weight exceeds dialect.accumulator_wrap_bits, {bits}")
    if limit is not None and (limit % (1 << shift) or limit >> shift > INT16.high):
        unit = f"{1 << shift}, the smallest weight step"
        yield Fault(f"dialect.weight_limit: {limit:,} is not a 16-bit multiple of {unit}")


def _thresholds(dialect: Dialect, precision: Precision) -> Iterator[Fault]:
    """Thresholds that no 32-bit register holds."""
    low, high = (int(end) << dialect.threshold_shift_bits for end in _values(precision.threshold_mantissa))
    if low < INT32.low or high > INT32.high:
        yield Fault("precision.threshold_mantissa: a shifted threshold exceeds 32 bits")
