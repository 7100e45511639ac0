"""The functions that advance a population by a step: a loop around the rule of the engine, with the registers as constants."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy_backends.emulator.c_export.arrays import Arrays, at, literal, literal64, unsigned_of
from neurodeploy_backends.emulator.c_export.model import Group, Model
from neurodeploy_backends.emulator.engine.tables import ADAPTIVE, BIASED, DELTA, EVEN, SIGMA_DELTA, TERNARY

__all__ = [
    "MEMORIES",
    "index_type",
    "most_of",
    "neuron_of",
    "reset_lines",
    "slot_argument",
    "update_function",
    "value_start",
]

Array = NDArray[Any]
MEMORIES = (DELTA, SIGMA_DELTA, ADAPTIVE)
"""Models with two states besides u and v."""
SHARED = ("ku", "kv", "bias", "vth", "vmin", "vmax")
LETTERS = ("ku", "kv", "bias", "vmin", "vmax")


def slot_argument(group: Group) -> str:
    """The parameter by which a function gets the slot of this step."""
    return ", uint32_t slot" if group.slots > 1 else ""


def neuron_of(group: Group, row: str) -> str:
    """The neuron of a row."""
    if group.grid is None:
        return row
    channels, places = group.grid
    return f"{row} % {channels}u * {places}u + {row} / {channels}u"


class _Registers:
    """Registers as C reads them: a number, or an element of a table."""

    def __init__(self, arrays: Arrays, prefix: str, group: Group, *, wide: bool) -> None:
        self.arrays, self.prefix, self.group, self.wide = arrays, prefix, group, wide

    def read(self, name: str) -> str:
        """A register of neuron i."""
        return self._read(name, self.group.registers[name], "int64_t" if self.wide else "int32_t")

    def parameter(self, number: int) -> str:
        """A parameter of neuron i, which the rules read as a double."""
        return self._read(f"p{number}", self.group.parameters[number], "double")

    def memory(self) -> str:
        """The first memory of the cleared state."""
        return self._read("initial", self.group.memory[0], "int64_t")

    def _read(self, name: str, values: Array, kind: str) -> str:
        if (values == values[0]).all():
            if kind == "double":
                return float(values[0]).hex() if values[0] != np.rint(values[0]) else f"{values[0]:.1f}"
            return literal64(int(values[0])) if kind == "int64_t" else literal(int(values[0]))
        full = f"{self.prefix}_of_{self.group.ident}_{name}"
        if full not in self.arrays.known:
            self.arrays.constant(full, values, f"registers of {self.group.name}")
        return f"({kind}){full}[i]"


def reset_lines(model: Model, arrays: Arrays, prefix: str, group: Group) -> list[str]:
    """Statements that return a population to its initial state, in a loop over i."""
    here = at(group.start, "i")
    lines = [f"    s->u[{here}] = 0;", f"    s->v[{here}] = 0;"]
    if group.row["model"] in MEMORIES:
        initial = _Registers(arrays, prefix, group, wide=True).memory()
        lines += [f"    s->memory_0[{at(memory_start(model, group), 'i')}] = {initial};"]
        lines += [f"    s->memory_1[{at(memory_start(model, group), 'i')}] = 0;"]
    return [f"  for (uint32_t i = 0; i < {group.size}u; i++) {{", *lines, "  }"]


def memory_start(model: Model, group: Group) -> int:
    """First memory of a population."""
    return sum(item.size for item in model.groups[: model.groups.index(group)] if item.row["model"] in MEMORIES)


def dead_start(model: Model, group: Group) -> int:
    """First refractory count of a population."""
    return sum(item.size for item in model.groups[: model.groups.index(group)] if item.refractory)


def update_function(model: Model, arrays: Arrays, prefix: str, group: Group) -> str:
    """The function that advances a population by a step and lists its spikes."""
    registers = _Registers(arrays, prefix, group, wide=model.wide)
    word = "int64_t" if model.wide else "int32_t"
    before = [*_periodic(model, arrays, prefix, group)]
    offset = [f"{group.sums}"] if group.sums else []
    offset += [f"slot * {group.size}u"] if group.slots > 1 else []
    before += [f"  {word} *sums = {' + '.join(['s->sums', *offset])};", "  uint32_t count = 0;"]
    before += _folds(model, group)
    if not model.wide:
        loop, constants = _narrow(model, group, registers)
    elif group.compartment:
        loop, constants = _compartment(model, group, registers)
    else:
        loop, constants = _kind(model, group, registers), []
    listed = f"s->spikes[{at(group.start, 'count++')}] = ({index_type(model)})i;"
    return "\n".join(
        [
            f"static void {prefix}_update_{group.ident}({prefix}_state *s{slot_argument(group)}) {{",
            *constants,
            *before,
            f"  for (uint32_t i = 0; i < {group.size}u; i++) {{",
            *loop,
            f"    if (sent != 0) {listed}",
            "  }",
            f"  s->counts[{group.number}] = ({unsigned_of(most_of(model))})count;",
            "}",
        ]
    )


def most_of(model: Model) -> int:
    """Neurons of the largest population."""
    return max((group.size for group in model.groups), default=0)


def index_type(model: Model) -> str:
    """Type of a row in a list of spikes."""
    most = most_of(model)
    return "uint8_t" if most <= 1 << 8 else "uint16_t" if most <= 1 << 16 else "uint32_t"


def _periodic(model: Model, arrays: Arrays, prefix: str, group: Group) -> list[str]:
    every, at = group.row["reset_every"], group.row["reset_at"]
    if not every:
        return []
    lines = [f"  {line}" for line in reset_lines(model, arrays, prefix, group)]
    return [f"  if (s->step % {every}u == {at}u) {{", *lines, "  }"]


def _folds(model: Model, group: Group) -> list[str]:
    """Statements that shift the sums which are shifted on arrival, and add them to those of their port."""
    far, up, lines = group.slots * group.size, model.program.target.dialect.weight_shift_bits, list[str]()
    for plane, (port, down) in enumerate(group.deferred, start=group.ports):
        total, part = f"sums[{at(port * far, 'i')}]", f"sums[{at(plane * far, 'i')}]"
        lines += [f"  for (uint32_t i = 0; i < {group.size}u; i++) {{"]
        lines += [f"    {total} = plus64({total}, shifted_sum({part}, {down}, {up}));", f"    {part} = 0;", "  }"]
    return lines


def _dead(model: Model, group: Group) -> tuple[list[str], str]:
    """(declaration, expression) of the refractory count of neuron i."""
    if group.refractory:
        return [], f"s->dead + {at(dead_start(model, group), 'i')}"
    return ["    uint8_t awake = 0;"], "&awake"


def _narrow(model: Model, group: Group, registers: _Registers) -> tuple[list[str], list[str]]:
    row, here = group.row, at(group.start, "i")
    even, biased = row["kind"] == EVEN, row["kind"] == BIASED
    fixed = [name for name in SHARED if (group.registers[name] == group.registers[name][0]).all()]
    values = [registers.read(name) if name in fixed else "0" for name in SHARED]
    values += [str(row[name]) for name in ("left", "right", "state_shift", "drive_shift")]
    top = model.low.layout.switches.fold_from
    constants = [f"  static const Shared all = {{{', '.join([*values, literal(top)])}}};"]
    loop = [f"    const Rows rows = {{s->u + {here}, s->v + {here}, sums + i}};"]
    if even or biased:
        bias = "all.bias" if even else registers.read("bias")
        wraps, limits = int(model.proven < 1), int(model.proven < 2)
        return [*loop, f"    const int sent = even_step(&all, rows, {bias}, {wraps}, {limits});"], constants
    own = ", ".join(f"all.{name}" if name in fixed else registers.read(name) for name in SHARED)
    declared, dead = _dead(model, group)
    loop += [*declared, f"    const Own own = {{{own}, {registers.read('refract')}, {registers.read('reset')}}};"]
    return [*loop, f"    const int sent = mixed_step(&all, own, rows, {dead});"], constants


def _noise(group: Group) -> tuple[list[str], str, str]:
    """(declaration, what it adds to the current, to the membrane)."""
    row = group.row
    if not row["noise"]:
        return [], "", "0"
    neuron = at(group.first_neuron, neuron_of(group, "i"))
    drawn = f"draw(s->seed, s->sample, (int64_t)s->step, (int64_t)({neuron}))"
    lines = [f"    const int64_t z = noise_from({drawn}, {row['noise_offset']}, {row['noise_exponent']});"]
    return lines, "z" if row["noise"] == 1 else "", "z" if row["noise"] == 2 else "0"


def _compartment(model: Model, group: Group, registers: _Registers) -> tuple[list[str], list[str]]:
    here, ternary = at(group.start, "i"), group.row["model"] == TERNARY
    noise, current, membrane = _noise(group)
    declared, dead = _dead(model, group)
    own = ", ".join(registers.read(name) for name in LETTERS)
    total = f"plus64(sums[i], {current})" if current else "sums[i]"
    fires = (
        f"ternary(v, {registers.parameter(0)}, {registers.parameter(1)})" if ternary else f"v > {registers.read('vth')}"
    )
    reset, refract = registers.read("reset"), f"(uint8_t){registers.read('refract')}"
    return [
        *noise,
        *declared,
        f"    uint8_t *dead = {dead};",
        f"    const Compartment own = {{{own}}};",
        f"    const Moved now = moved(&dialect, own, s->u[{here}], s->v[{here}], {total}, {membrane});",
        "    const int64_t v = *dead > 0 ? 0 : now.v;",
        f"    const int64_t sent = {fires};",
        "    sums[i] = 0;",
        *([f"    s->values[{at(value_start(model, group), 'i')}] = (double)sent;"] if ternary else []),
        f"    s->u[{here}] = now.u;",
        f"    s->v[{here}] = settled(v, sent, {reset}, {refract}, dead);",
    ], []


def value_start(model: Model, group: Group) -> int:
    """First value that a population sends."""
    return sum(item.size for item in model.groups[: model.groups.index(group)] if item.sends_values)


def _kind(model: Model, group: Group, registers: _Registers) -> list[str]:
    here, far = at(group.start, "i"), group.slots * group.size
    parameters = ", ".join(registers.parameter(number) for number in range(6))
    shift = model.program.target.dialect.weight_shift_bits
    two = group.ports > 1
    second = f"sums[{at(far, 'i')}] >> {shift}" if two else "0"
    kept = group.row["model"] in MEMORIES
    first = memory_start(model, group)
    memory = [f"s->memory_{k} + {at(first, 'i')}" if kept else f"none + {k}" for k in range(2)]
    return [
        *([] if kept else ["    int64_t none[2] = {0, 0};"]),
        f"    const double p[6] = {{{parameters}}};",
        f"    const int64_t total = sums[i], b = {second};",
        f"    const Neuron x = {{s->u + {here}, s->v + {here}, {', '.join(memory)}}};",
        f"    const int64_t sent = updated_kind(&dialect, {group.row['model']}, p, total, b, x);",
        "    sums[i] = 0;",
        *([f"    sums[{at(far, 'i')}] = 0;"] if two else []),
        f"    s->values[{at(value_start(model, group), 'i')}] = (double)sent;",
    ]
