"""A hardware fault as data: where it is, what it does and when. `neurodeploy.faults` says what each means, docs/reference/faults.md
in words."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from neurodeploy.base.noun import Name, Noun, WholeNumber
from neurodeploy.base.rows import LARGEST

__all__ = [
    "FAULT_EFFECTS",
    "FAULT_PLACES",
    "CONFIGURATION",
    "STATE_REGISTERS",
    "Fault",
    "FaultField",
    "FaultWhat",
    "FaultWhen",
    "FaultWhere",
]

FaultWhere = Literal["core", "neuron", "register", "synapse", "axon", "in_axon", "link", "line"]
FaultWhat = Literal["dead", "stuck_at_0", "stuck_at_1", "flip"]
FaultWhen = Literal["always", "from", "at", "random"]
FaultField = Literal[
    "weight", "delay", "u", "v", "refract", "du", "dv", "vth", "bias_mant", "bias_exp", "refract_delay"
]
STATE_REGISTERS: tuple[FaultField, ...] = ("u", "v", "refract")
"""Registers that every step writes."""
CONFIGURATION: tuple[FaultField, ...] = ("du", "dv", "vth", "bias_mant", "bias_exp", "refract_delay")
"""Registers that are written once, before the run."""
FAULT_PLACES: dict[FaultWhere, tuple[str, ...]] = {
    "core": ("core",),
    "neuron": ("population", "neuron"),
    "register": ("population", "neuron", "field", "bit"),
    "synapse": ("projection", "pre", "post", "field", "bit"),
    "axon": ("population", "neuron", "core"),
    "in_axon": ("core", "axon"),
    "link": ("chip", "link"),
    "line": ("input", "line"),
}
"""Place -> the fields that name it. A dead synapse has no `field` and no `bit`."""
FAULT_EFFECTS: dict[FaultWhere, tuple[FaultWhat, ...]] = {
    "core": ("dead",),
    "neuron": ("dead", "stuck_at_1"),
    "register": ("stuck_at_0", "stuck_at_1", "flip"),
    "synapse": ("dead", "stuck_at_0", "stuck_at_1", "flip"),
    "axon": ("dead",),
    "in_axon": ("dead",),
    "link": ("dead",),
    "line": ("dead", "stuck_at_1"),
}
"""Place -> what can happen there."""


class Fault(Noun):
    """One hardware fault. `where` decides which of the other fields name its place, see `FAULT_PLACES`."""

    where: FaultWhere
    """What is faulty: a whole core, a neuron's threshold comparator, one bit of a compartment register, one bit of a stored
    synapse, an output axon of a neuron to a core, an input axon of a core, a link between two routers, or an input line."""
    what: FaultWhat = "flip"
    """dead: sends or stores nothing; stuck_at_0 and stuck_at_1: a bit that reads as this, or a neuron or line that always
    sends; flip: a bit that reads inverted."""
    when: FaultWhen = "always"
    """always: in every step; from: in step `step` and all later ones; at: in step `step` only; random: in each step from
    `step` on with `probability`."""
    population: Name | None = None
    """Population of a neuron, register or output axon."""
    neuron: WholeNumber | None = Field(default=None, ge=0, le=LARGEST)
    """Neuron of the population."""
    bit: WholeNumber | None = Field(default=None, ge=0, le=63)
    """Bit of the register or of the stored word, 0 is the least significant."""
    projection: Name | None = None
    """Projection of a synapse."""
    pre: WholeNumber | None = Field(default=None, ge=0, le=LARGEST)
    """Source neuron or line of a synapse."""
    post: WholeNumber | None = Field(default=None, ge=0, le=LARGEST)
    """Target neuron of a synapse."""
    field: FaultField | None = None
    """Register of the compartment, or weight or delay of the synapse."""
    core: WholeNumber | None = Field(default=None, ge=0, le=LARGEST)
    """Core: the dead one, the destination of an output axon, or the one that holds an input axon. Numbered as in the program's
    tables, or as on the board if `physical` is set."""
    physical: bool = False
    """Whether `core` is the number on the board, chip * cores per chip + core on the chip."""
    axon: WholeNumber | None = Field(default=None, ge=0, le=LARGEST)
    """Input axon within its core."""
    chip: WholeNumber | None = Field(default=None, ge=0, le=LARGEST)
    """Chip of a link."""
    link: tuple[int, int, int, int] | None = None
    """(column, row, column, row) of two neighboring routers of a chip; messages from the first to the second are lost."""
    input: Name | None = None
    """Input of a line."""
    line: WholeNumber | None = Field(default=None, ge=0, le=LARGEST)
    """Line of the input."""
    step: WholeNumber | None = Field(default=None, ge=1, le=LARGEST)
    """First step of a fault that is not there always."""
    probability: float | None = Field(default=None, gt=0, le=1)
    """Probability of a random fault in each step."""
    seed: WholeNumber = Field(default=0, ge=-(2**63), lt=2**63)
    """Seed of a random fault. All samples of a run meet the same draws."""
