"""A program as its C holds it: populations, inputs, blocks, and where their states lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.network import Current, FirstSpike, Membrane, Output, SpikeCount
from neurodeploy.program import Program
from neurodeploy_backends.emulator.c_export.blocks import Block, blocks_of
from neurodeploy_backends.emulator.c_export.names import identifiers
from neurodeploy_backends.emulator.engine.tables import TERNARY
from neurodeploy_backends.emulator.lowering import models
from neurodeploy_backends.emulator.lowering.lower import Lowered, lower
from neurodeploy_backends.emulator.lowering.parts import Part
from neurodeploy_backends.emulator.lowering.populations import registers_of, typed
from neurodeploy_backends.emulator.spec_tables import Machine, machine_of

__all__ = ["Group", "Lines", "Model", "model_of"]

Array = NDArray[Any]


class Group(NamedTuple):
    """A population in the state: `size` neurons from `start` on, (planes, slots, size) sums from `sums` on."""

    number: int
    """Number of its part, and of the population."""
    name: str
    ident: str
    """Its name in C."""
    size: int
    start: int
    sums: int
    slots: int
    planes: int
    ports: int
    row: dict[str, int]
    """Its record in the layout of the engine."""
    registers: dict[str, Array]
    """Register -> (size,) of the rows."""
    parameters: Array
    """(6, size) float64 of other kinds than compartments."""
    memory: Array
    """(2, size) memory of the cleared state."""
    deferred: tuple[tuple[int, int], ...]
    """(port, shift) of each plane after those of the ports."""
    neurons: Array
    """(size,) neuron of each row."""
    grid: tuple[int, int] | None
    """(channels, places) where rows lie channel last: row r is neuron (r % channels) * places + r / channels."""
    first_neuron: int
    """Number of neuron 0 among all of the program."""

    @property
    def compartment(self) -> bool:
        """Whether it is a compartment of current and voltage."""
        return self.row["model"] <= TERNARY

    @property
    def refractory(self) -> bool:
        """Whether a neuron can be refractory."""
        return self.compartment and bool((self.registers["refract"] > 1).any())

    @property
    def sends_values(self) -> bool:
        """Whether the rule writes a value for each neuron."""
        return self.row["model"] >= TERNARY


class Lines(NamedTuple):
    """An input: lines [start, start + size) of those of spikes, or of those of values."""

    number: int
    name: str
    ident: str
    size: int
    start: int
    values: bool


@dataclass(frozen=True)
class Model:
    """All that the C of a program is written from."""

    program: Program
    low: Lowered
    wide: bool
    proven: int
    """1 if nothing can overflow, 2 if v meets no limit either."""
    groups: list[Group]
    lines: list[Lines]
    blocks: list[Block]
    output: Output | None
    """The output whose answer the C gives; None without one that it can."""

    @property
    def neurons(self) -> int:
        """Neurons of all populations."""
        return sum(group.size for group in self.groups)

    @property
    def sums(self) -> int:
        """Accumulators of all populations."""
        return sum(group.size * group.slots * group.planes for group in self.groups)

    @property
    def noisy(self) -> bool:
        """Whether any population draws noise."""
        return any(group.row["noise"] for group in self.groups)

    def spike_lines(self) -> list[Lines]:
        """Inputs of spikes."""
        return [item for item in self.lines if not item.values]

    def value_lines(self) -> list[Lines]:
        """Inputs of values."""
        return [item for item in self.lines if item.values]


def model_of(program: Program) -> Model:
    """The model of a program without plastic projections."""
    low, machine = lower(program), machine_of(program)
    idents = identifiers(part.name for part in low.parts)
    groups = _groups(program, low, machine, idents)
    units = {group.number: group.row["left"] - group.row["right"] for group in groups}
    blocks = list(blocks_of(machine, low, units))
    output = program.network.outputs[0] if program.network.outputs else None
    answers = output is not None and isinstance(output.decoder, SpikeCount | FirstSpike | Membrane)
    proven = int(low.layout.populations["proven"].max(initial=0)) if not low.wide else 0
    return Model(
        program, low, low.wide, proven, groups, _lines(program, low, idents), blocks, output if answers else None
    )


def _groups(program: Program, low: Lowered, machine: Machine, idents: dict[str, str]) -> list[Group]:
    registers = typed(registers_of(program, low.parts, low.rows), wide=low.wide)
    found, start, sums, first = list[Group](), 0, 0, 0
    shapes = {item.name: item.shape for item in program.network.populations}
    for number, part in enumerate(low.parts):
        if part.is_input:
            continue
        record = low.layout.populations[number]
        row = {name: int(record[name]) for name in record.dtype.names}
        here = slice(part.start, part.start + part.size)
        layout, cells = low.layout, machine.populations[part.name]
        group = Group(
            number=number,
            name=part.name,
            ident=idents[part.name],
            size=part.size,
            start=start,
            sums=sums,
            slots=cells.slots,
            planes=cells.planes,
            ports=cells.ports,
            row=row,
            registers={name: values[here] for name, values in registers.items()},
            parameters=layout.parameters[:, here] if low.wide else np.zeros((6, part.size)),
            memory=layout.initial[:, here] if low.wide else np.zeros((2, part.size), dtype=np.int64),
            deferred=cells.deferred,
            neurons=part.neurons,
            grid=_grid(part, shapes[part.name]),
            first_neuron=first,
        )
        found.append(group)
        start, sums, first = start + group.size, sums + group.size * cells.slots * cells.planes, first + group.size
    return found


def _grid(part: Part, shape: tuple[int, ...]) -> tuple[int, int] | None:
    """(channels, places) of a population that is held channel last; None for one in the order of its neurons."""
    if (part.neurons == np.arange(part.size)).all():
        return None
    channels = shape[0]
    return channels, part.size // channels


def _lines(program: Program, low: Lowered, idents: dict[str, str]) -> list[Lines]:
    driven = {item.name for item in program.network.inputs if isinstance(item.encoder, Current)}
    found, starts = list[Lines](), [0, 0]
    for number, part in enumerate(low.parts):
        if part.is_input:
            values = part.name in driven
            found.append(Lines(number, part.name, idents[part.name], part.size, starts[values], values))
            starts[values] += part.size
    return found


def graded(model: Model) -> set[str]:
    """Populations whose spikes carry a value."""
    return models.graded(model.program)
