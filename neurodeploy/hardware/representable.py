"""Faults of a target whose ranges a program's tables do not hold, or whose arithmetic goes beyond the integers that compute it.

The numbers here are widths of columns and of machine integers, not of any chip.
"""

from __future__ import annotations

from collections.abc import Iterator

from neurodeploy.hardware.dialect import Dialect
from neurodeploy.hardware.figure import FigureList, FigureRange
from neurodeploy.hardware.target import AxonKind, Target

__all__ = ["MOST_ROWS", "held_faults"]

Told = Iterator[tuple[str, list[str]]]
INT8, INT16, INT32 = (-(2**7), 2**7 - 1), (-(2**15), 2**15 - 1), (-(2**31), 2**31 - 1)
UINT8, UINT16 = (0, 2**8 - 1), (0, 2**16 - 1)
RANGES = {
    "du": (0, INT16[1]),
    "dv": (0, INT16[1]),
    "threshold_mantissa": INT32,
    "bias_mantissa": INT16,
    "bias_exponent": (0, INT8[1]),
    "refractory_delay": (1, UINT8[1]),
    "delay_steps": UINT8,
    "vmin_exponent": (0, INT8[1]),
    "vmax_exponent": (0, INT8[1]),
    "weight_exponent": (-31, 31),
    "shared_base": (0, INT32[1]),
    "weight_bits": (1, 16),
    "delay_bits": (0, 8),
    "index_bits": (0, 31),
}
"""Field of Precision -> what the column or the shift that it goes to holds."""
DIALECT = {
    "decay_bits": (1, 16),
    "current_decay_offset": (0, INT16[1]),
    "voltage_decay_offset": (0, INT16[1]),
    "weight_shift_bits": (0, 16),
    "mantissa_bits": (1, 15),
    "threshold_shift_bits": (0, 28),
    "accumulator_wrap_bits": (1, 30),
    "state_bits": (1, 26),
    "weight_limit": (1, INT32[1]),
    "refractory_delay_max": (1, UINT8[1]),
    "delay_steps_max": UINT8,
    "register_value_per_refractory_step": (0, INT32[1]),
}
"""Field of Dialect -> what its arithmetic is computed for."""
MOST_ROWS = UINT16[1] + 1
"""Rows of a core that a table tells apart."""
MOST_CORES = 1 << 22
"""Cores of a board, and places of its mesh."""
MOST_BITS = 30
"""A weight, or a bias, with its shifts."""


def held_faults(target: Target) -> Told:
    """Yield (what a program's tables or arithmetic cannot hold of a target, fixes)."""
    told = [*_precision(target), *_counts(target), *_dialect(target.dialect)]
    yield from told or _together(target)


def _precision(target: Target) -> Told:
    for name, (low, high) in RANGES.items():
        figure = getattr(target.precision, name)
        if isinstance(figure, FigureRange):
            values: tuple[float, ...] = (figure.low, figure.high)
        elif isinstance(figure, FigureList):
            values = figure.values
        else:
            continue
        for value in values:
            if not low <= value <= high:
                yield f"precision.{name}: {value:,.15g} is beyond what a program's tables hold, {low:,} to {high:,}", []
            elif value != int(value):
                yield f"precision.{name}: {value:g} {figure.unit} is no whole number", []


def _counts(target: Target) -> Told:
    chip, rows = target.chip, target.limits.compartments
    if rows is not None and rows.value > MOST_ROWS:
        yield (
            f"limits.compartments: {rows.value:,.15g} are more than the {MOST_ROWS:,} that a program's tables tell apart",
            [],
        )
    cores = {
        "chip": chip.cores.value,
        "mesh": chip.mesh_columns.value * chip.mesh_rows.value * chip.cores_per_tile.value,
    }
    cores |= {f"boards.{name}": chip.cores.value * board.chips.value for name, board in target.boards.items()}
    for name, count in cores.items():
        if count > MOST_CORES:
            yield f"{name}: {count:,.15g} cores are more than the {MOST_CORES:,} that are placed", []
    if chip.cores_per_tile.value < 1:
        yield "chip.cores_per_tile is 0: there is nothing to run on", []
    for name in ("discrete", "pop16", "pop32"):
        kind: AxonKind | None = getattr(target.axons, name) if target.axons is not None else None
        if kind is None:
            continue
        bits = kind.atom_bits.value + (kind.extra_atom_bits.value if kind.extra_atom_bits else 0)
        if bits > 15:
            yield f"axons.{name}.atom_bits: {bits:g} bits are more than a program's tables hold, 15", []
        if kind.id_bits.value > 31:
            yield f"axons.{name}.id_bits: {kind.id_bits.value:g} bits are more than a program's tables hold, 31", []
        if kind.base_step.value < 1:
            yield f"axons.{name}.base_step is 0: there is no first target", []


def _dialect(dialect: Dialect) -> Told:
    for name, (low, high) in DIALECT.items():
        value = getattr(dialect, name)
        if value is not None and not low <= value <= high:
            yield f"dialect.{name}: {value:,} is beyond what is computed, {low:,} to {high:,}", []


def _together(target: Target) -> Told:
    """Ranges that the dialect's arithmetic does not keep."""
    dialect, precision = target.dialect, target.precision
    one, shift = 1 << dialect.decay_bits, dialect.weight_shift_bits
    for name, offset in (("du", dialect.current_decay_offset), ("dv", dialect.voltage_decay_offset)):
        most = getattr(precision, name).high + offset
        if most > one:
            yield (
                f"precision.{name}: {most - offset:g} and the dialect's offset of {offset} decay more than all, {one:,}",
                [],
            )
    top = {"vmin_exponent": precision.vmin_exponent.high, "vmax_exponent": 9 + 2 * precision.vmax_exponent.high}
    for name, bits in top.items():
        if bits > dialect.state_bits:
            yield f"precision.{name}: a limit of {bits:g} bits lies beyond dialect.state_bits, {dialect.state_bits}", []
    mantissa = max(abs(precision.bias_mantissa.low), abs(precision.bias_mantissa.high))
    if mantissa * 2**precision.bias_exponent.high >= 1 << MOST_BITS:
        yield f"precision.bias_mantissa with precision.bias_exponent goes beyond {MOST_BITS} bits", []
    if dialect.mantissa_bits + precision.weight_exponent.high + shift > MOST_BITS:
        yield f"precision.weight_exponent: a weight with its shifts goes beyond {MOST_BITS} bits", []
    limit = dialect.weight_limit
    if limit is not None and (limit % (1 << shift) or limit >> shift > INT16[1]):
        yield f"dialect.weight_limit: {limit:,} is no 16-bit multiple of {1 << shift}, the unit of a weight", []
