"""The population records of a layout, and the registers of every row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.faults.effects import ALWAYS
from neurodeploy.hardware.arithmetic import UNBOUNDED, voltage_limits
from neurodeploy.hardware.dialect import Dialect
from neurodeploy.program.program import Program
from neurodeploy.program.tables import RESETS
from neurodeploy_backends.emulator.engine.tables import (
    BIASED,
    CUBA,
    EVEN,
    FOLD,
    INPUT,
    KEEP,
    MIXED,
    POPULATION,
    PRODUCT,
    RELU,
    RESONATE,
    RESONATE_ZERO,
    SIGMA,
    TERNARY,
    VALUES,
    WIDE,
    WRAP,
    Switches,
)
from neurodeploy_backends.emulator.lowering.parts import Part, padded

__all__ = ["COLUMNS", "Shape", "population_rows", "register_values", "registers_of", "switches_of", "typed"]

Array = NDArray[Any]
NEVER = 2**31 - 1
COLUMNS = (
    *("du", "dv", "vth_mant", "bias_mant", "bias_exp", "refract_delay"),
    *("vmin_exp", "vmax_exp", "reset", "spiking"),
)
"""Columns of the tables that hold registers."""


def registers_of(program: Program, parts: list[Part], size: int) -> dict[str, Array]:
    """Registers of every engine row, int64; padding rows hold a neuron that cannot spike."""
    tables, dialect = program.tables, program.target.dialect
    names = ("ku", "kv", "bias", "vth", "vmin", "vmax", "refract", "reset", "core")
    found = {name: np.zeros(size, dtype=np.int64) for name in names}
    found["vth"][:], found["core"][:] = NEVER, -1
    for part in parts:
        if part.is_input:
            continue
        rows, here = program.table_rows[part.name][part.neurons], slice(part.start, part.start + part.size)
        for name, values in register_values(dialect, {name: getattr(tables, name)[rows] for name in COLUMNS}).items():
            found[name][here] = values
        found["core"][here] = np.repeat(np.arange(tables.n_cores), np.diff(tables.compartment_ptr))[rows]
    return found


def register_values(dialect: Dialect, columns: Mapping[str, Array]) -> dict[str, Array]:
    """Registers of some rows as the kernels read them, int64. `columns`: those of the tables that COLUMNS names."""
    one, t = 1 << dialect.decay_bits, {name: columns[name].astype(np.int64) for name in COLUMNS}
    threshold = t["vth_mant"] << dialect.threshold_shift_bits
    vmin, vmax = voltage_limits(dialect, columns["vmin_exp"], columns["vmax_exp"])
    kept = {"zero": np.full(threshold.size, -1), "subtract": threshold, "none": np.zeros(threshold.size)}
    unspiking = np.where(t["spiking"] == ALWAYS, -UNBOUNDED, UNBOUNDED)
    return {
        "ku": one - (t["du"] + dialect.current_decay_offset),
        "kv": one - (t["dv"] + dialect.voltage_decay_offset),
        "bias": t["bias_mant"] << t["bias_exp"],
        "vth": np.where(t["spiking"] == 1, threshold, unspiking),
        "vmin": vmin,
        "vmax": vmax,
        "refract": t["refract_delay"],
        "reset": np.choose(t["reset"], [kept[name] for name in sorted(RESETS, key=RESETS.__getitem__)]).astype(
            np.int64
        ),
    }


_NARROW = {"ku": np.int16, "kv": np.int16, "refract": np.uint8}


def typed(registers: dict[str, Array], *, wide: bool) -> dict[str, Array]:
    """The registers in the types of the layout, clipped to their range."""
    limit = UNBOUNDED if wide else NEVER
    found: dict[str, Array] = {}
    for name, values in registers.items():
        if name == "core":
            continue
        narrow = _NARROW.get(name, np.int32)
        dtype = np.uint8 if name == "refract" else np.int64 if wide else narrow
        found[name] = np.clip(values, -limit, limit).astype(dtype)
    return found


def _kind(registers: dict[str, Array], here: slice) -> int:
    """Kind of a narrow population: the one that reads the fewest registers for each neuron."""

    def same(name: str) -> bool:
        values = registers[name][here]
        return bool((values == values[0]).all())

    plain = (registers["refract"][here] <= 1).all() and (registers["reset"][here] == -1).all()
    if not plain or not all(same(name) for name in ("ku", "kv", "vth", "vmin", "vmax")):
        return MIXED
    return EVEN if same("bias") else BIASED


class Shape(NamedTuple):
    """The sources of population records."""

    program: Program
    parts: list[Part]
    registers: dict[str, Array]
    wide: bool
    units: list[int]
    """By part: low bits that its accumulators leave out."""
    slots: list[int]
    planes: list[list[tuple[int, int]]]
    ports: list[int]
    numbers: dict[str, dict[str, int]]
    """Population -> fields that its kind sets, see `models.numbers`."""
    fold: bool
    proven: bool
    """Nothing overflows, for any input."""
    unlimited: bool
    """Nor does v ever meet a limit."""
    patched: frozenset[str]
    """Populations whose registers can change in a run."""


class _Arenas:
    """Arrays into which population records point."""

    def __init__(self) -> None:
        self.accumulators, self.first_input = 0, 0
        self.planes, self.ids = list[tuple[int, int]](), list[Array]()
        self.run_start, self.run_core = list[int](), list[int]()

    def neurons(self, part: Part) -> int:
        """Offset of a part's neuron numbers; -1 if they ascend one by one."""
        if not (np.diff(part.neurons) != 1).any():
            return -1
        self.ids.append(part.neurons)
        return sum(item.size for item in self.ids[:-1])

    def runs(self, part: Part, core: Array) -> dict[str, int]:
        """Runs of a part's rows that lie on one core."""
        first, starts = len(self.run_core), np.flatnonzero(np.r_[True, np.diff(core) != 0])
        self.run_start += [*(part.start + starts), part.start + part.size]
        self.run_core += [*core[starts], 0]
        return {"runs": first, "run_stop": len(self.run_core) - 1}

    def arrays(self) -> dict[str, Array]:
        """The arrays by their names in the layout."""
        return {
            "plane_shift": np.array([*(shift for _, shift in self.planes), 0], dtype=np.int64),
            "plane_port": np.array([*(port for port, _ in self.planes), 0], dtype=np.int64),
            "ids": np.concatenate([*self.ids, np.zeros(1, dtype=np.int32)]).astype(np.int32),
            "run_start": np.array([*self.run_start, 0], dtype=np.int64),
            "run_core": np.array([*self.run_core, 0], dtype=np.int64),
        }


def population_rows(shape: Shape, values: dict[str, int]) -> tuple[Array, int, dict[str, Array]]:
    """(records, number of accumulators, arrays into which the records point)."""
    table: Any = np.zeros(len(shape.parts), dtype=POPULATION)
    arenas = _Arenas()
    for number, part in enumerate(shape.parts):
        row = {"start": part.start, "size": part.size, "padded": padded(part.size), "owner": part.owner}
        row |= {"slots": 1, "planes": 1, "ids": -1, "first": int(part.neurons[0])}
        row |= _input_row(part, arenas, values) if part.is_input else _neuron_row(shape, number, arenas)
        for name, value in row.items():
            table[name][number] = value
    return table, arenas.accumulators, arenas.arrays()


def _input_row(part: Part, arenas: _Arenas, values: dict[str, int]) -> dict[str, int]:
    if part.name in values:
        return {"kind": VALUES, "input": values[part.name]}
    arenas.first_input += 1
    return {"kind": INPUT, "input": arenas.first_input - 1}


_STEADY = (
    *(CUBA, TERNARY, SIGMA, RELU, PRODUCT),
    *(RESONATE, RESONATE_ZERO),
)
"""Models that stay silent while u and v are 0: no other state of theirs moves by itself, or is cleared by a reset."""


def _neuron_row(shape: Shape, number: int, arenas: _Arenas) -> dict[str, int]:
    part, planes = shape.parts[number], shape.planes[number]
    row = {"acc": arenas.accumulators, "slots": shape.slots[number], "planes": len(planes)}
    row |= {"plane_shift": len(arenas.planes), "ports": shape.ports[number], "ids": arenas.neurons(part)}
    own = shape.numbers[part.name]
    row |= _arithmetic(shape, number) | own
    row["sleeps"] &= int(own["model"] in _STEADY and own.get("noise", 0) == 0)
    arenas.planes += planes
    arenas.accumulators += row["planes"] * row["slots"] * padded(part.size)
    return row | arenas.runs(part, shape.registers["core"][part.start : part.start + part.size])


def _arithmetic(shape: Shape, number: int) -> dict[str, int]:
    """Shifts and shared registers of one population, and whether it can sleep."""
    part, dialect, registers = shape.parts[number], shape.program.target.dialect, shape.registers
    here, unit = slice(part.start, part.start + part.size), shape.units[number]
    free = shape.proven
    wraps = 31 - (dialect.accumulator_wrap_bits or 31) if not free else 0
    state = 31 - dialect.state_bits if dialect.current_overflow == "wrap" and not free else 0
    drive = 31 - dialect.state_bits if dialect.drive_overflow == "wrap" and not free else 0
    patched = part.name in shape.patched
    kind = WIDE if shape.wide else MIXED if patched or (shape.fold and not free) else _kind(registers, here)
    quiet = (registers["bias"][here] == 0) & (registers["vth"][here] >= 0)
    quiet &= (registers["vmin"][here] <= 0) & (registers["vmax"][here] >= 0)
    row = {"kind": kind, "left": wraps + unit, "right": wraps, "state_shift": state, "drive_shift": drive}
    row["proven"] = free + shape.unlimited
    row |= {name: int(registers[name][part.start]) for name in ("ku", "kv", "bias", "vth", "vmin", "vmax")}
    return row | {"sleeps": int(quiet.all() and not patched)}


def switches_of(program: Program, *, fold: bool) -> Switches:
    """The dialect as the kernels read it; `fold`: a narrow u folds."""
    dialect = program.target.dialect
    overflow = {"none": KEEP, "wrap": WRAP, "fold": FOLD}
    return Switches(
        accumulator_bits=dialect.accumulator_wrap_bits or 0,
        state_bits=dialect.state_bits,
        current_overflow=overflow[dialect.current_overflow],
        drive_overflow=overflow[dialect.drive_overflow],
        fold_from=1 << dialect.state_bits if fold else NEVER,
        weight_shift=dialect.weight_shift_bits,
        decay_bits=dialect.decay_bits,
    )
