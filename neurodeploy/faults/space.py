"""All places of a program that can be faulty, counted and indexed without a list of them."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics.choices import needs
from neurodeploy.faults.forms import Form, register_form, weight_form
from neurodeploy.faults.places import crossed_links, entry_routes, routes_of
from neurodeploy.network.neurons import CUBA_KINDS
from neurodeploy.program.fault import (
    CONFIGURATION,
    STATE_REGISTERS,
    Fault,
    FaultField,
    FaultWhat,
    FaultWhen,
    FaultWhere,
)
from neurodeploy.program.program import Program
from neurodeploy.program.validate import require_sound

__all__ = ["FaultSpace", "FaultStratum", "faults_in"]

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class FaultStratum:
    """Places of one kind, such as the weight bits of one projection: `len(stratum)` of them, by number."""

    where: FaultWhere
    """Kind of place."""
    name: str
    """Population, projection or input; "" for cores and links."""
    field: FaultField | None
    """Register, weight or delay; None for places without bits."""
    bits: int
    """Bits of each word; 1 for places without bits. The bit of place k is k % bits."""
    places: tuple[Ints, ...]
    """Columns of numbers that name each word or part: neuron; (pre, post); core; line; (neuron, core); (core, axon);
    (chip, column, row, column, row)."""

    @property
    def label(self) -> str:
        """Name of the stratum, such as "register hidden v"."""
        return " ".join(str(item) for item in (self.where, self.name, self.field) if item)

    def __len__(self) -> int:
        return int(self.places[0].size) * self.bits

    def fault(
        self,
        number: int,
        what: FaultWhat | None = None,
        *,
        when: FaultWhen = "always",
        step: int | None = None,
        probability: float | None = None,
        seed: int = 0,
    ) -> Fault:
        """Return the fault at place `number`, from 0. `what`: default: flip of a bit, else dead. The others: as in Fault."""
        word, bit = divmod(number, self.bits)
        at = tuple(int(column[word]) for column in self.places)
        fields: dict[str, Any] = {"where": self.where, "what": what or ("flip" if self.field else "dead")}
        fields |= {"when": when, "step": step}
        fields |= {"probability": probability, "seed": seed, "field": self.field}
        fields |= {"bit": bit} if self.field else {}
        return Fault(**fields, **_named(self.where, self.name, at))


def _named(where: FaultWhere, name: str, at: tuple[int, ...]) -> dict[str, Any]:
    """The fields of a fault that name its place."""
    if where == "synapse":
        return {"projection": name, "pre": at[0], "post": at[1]}
    if where in ("neuron", "register"):
        return {"population": name, "neuron": at[0]}
    if where == "axon":
        return {"population": name, "neuron": at[0], "core": at[1]}
    if where == "line":
        return {"input": name, "line": at[0]}
    if where == "link":
        return {"chip": at[0], "link": at[1:]}
    return {"core": at[0]} if where == "core" else {"core": at[0], "axon": at[1]}


@dataclass(frozen=True)
class FaultSpace:
    """All places of a program that can be faulty, by stratum: `len(space)` of them, `space.stratum_of(k)` for place k."""

    strata: tuple[FaultStratum, ...]
    """Strata that have places."""

    def __len__(self) -> int:
        return sum(len(item) for item in self.strata)

    def of(self, *where: FaultWhere) -> FaultSpace:
        """Return the part of the space of some kinds of place. `where`: kinds."""
        return FaultSpace(tuple(item for item in self.strata if item.where in where))

    def stratum_of(self, number: int) -> tuple[FaultStratum, int]:
        """Return (stratum, place within it) of place `number` of the whole space."""
        ends = list(accumulate(len(item) for item in self.strata))
        index = bisect_right(ends, number)
        return self.strata[index], number - (ends[index - 1] if index else 0)


def faults_in(program: Program) -> FaultSpace:
    """Return all places of a `program` that can be faulty. A shared synapse word is one place, named by one of its synapses.

    Places without a definition are left out: registers of kinds that are no current-based compartments, anything of a program
    that learns. Links are those that messages of the program cross.

    Raises DiagnosticError: ND002 (arguments), ND011 (inconsistent program).

    Example: len(nd.faults_in(program).of("synapse"))
    """
    needs("faults_in", program=(program, Program))
    require_sound(program)
    if any(item.plasticity is not None for item in program.network.projections):
        return FaultSpace(())
    every = [*_of_synapses(program), *_of_neurons(program), *_of_axons(program), *_of_machine(program)]
    return FaultSpace(tuple(item for item in every if len(item)))


def _of_synapses(program: Program) -> list[FaultStratum]:
    """Weights and delays of each projection and width."""
    tables, routes = program.tables, routes_of(program)
    found = entry_routes(program, np.arange(routes.core.size))
    entry, first = np.unique(found.entry, return_index=True)
    route, row = found.route[first], found.row[first]
    pre, post = routes.number[route], tables.neuron[row].astype(np.int64)
    style = np.repeat(tables.segment_format, np.diff(tables.entry_ptr))[entry]
    made = list[FaultStratum]()
    for wire in program.network.projections:
        formats = [k for k, item in enumerate(program.formats) if item.projection == wire.name]
        weights = {k: weight_form(program.target, program.formats[k]).bits for k in formats}
        delays = {k: program.formats[k].delay_bits for k in formats if _has_delays(program, k)}
        widths: tuple[tuple[FaultField, dict[int, int]], ...] = (("weight", weights), ("delay", delays))
        for field, own in widths:
            for bits in sorted(set(own.values())):
                mine = np.isin(style, [k for k, value in own.items() if value == bits])
                made.append(FaultStratum("synapse", wire.name, field, bits, (pre[mine], post[mine])))
    return made


def _has_delays(program: Program, number: int) -> bool:
    style = program.formats[number]
    return style.delay_bits > 0 and not (style.exponent < 0 and program.target.dialect.exponent_stage == "sum")


def _of_neurons(program: Program) -> list[FaultStratum]:
    made, forms = list[FaultStratum](), dict[FaultField, Form]()
    for name in (*STATE_REGISTERS, *CONFIGURATION):
        forms[name] = register_form(program.target, name)
    for item in program.populations:
        if item.kind in CUBA_KINDS:
            every = (np.arange(item.size),)
            made.append(FaultStratum("neuron", item.name, None, 1, every))
            made += [
                FaultStratum("register", item.name, name, form.bits, every) for name, form in forms.items() if form.bits
            ]
    return made


def _of_axons(program: Program) -> list[FaultStratum]:
    tables, made = program.tables, list[FaultStratum]()
    source = np.repeat(np.arange(tables.n_rows), np.diff(tables.out_axon_ptr))
    for number, item in enumerate(program.populations):
        mine = tables.population[source] == number
        pairs = np.unique(
            np.stack([tables.neuron[source[mine]], tables.out_core[mine]], axis=1).astype(np.int64), axis=0
        )
        made.append(FaultStratum("axon", item.name, None, 1, (pairs[:, 0], pairs[:, 1])))
    core = np.repeat(np.arange(tables.n_cores), np.diff(tables.in_axon_ptr))
    number = np.arange(core.size) - tables.in_axon_ptr[core] if tables.in_axon_id is None else tables.in_axon_id
    pairs = np.unique(np.stack([core, number], axis=1).astype(np.int64), axis=0)
    return [*made, FaultStratum("in_axon", "", None, 1, (pairs[:, 0], pairs[:, 1]))]


def _of_machine(program: Program) -> list[FaultStratum]:
    """Cores, links and lines."""
    kinds = np.array([item.kind in CUBA_KINDS for item in program.populations], dtype=bool)
    ptr, population = program.tables.compartment_ptr, program.tables.population
    cores = [k for k in range(program.tables.n_cores) if kinds[population[ptr[k] : ptr[k + 1]]].all()]
    made = [FaultStratum("core", "", None, 1, (np.array(cores, dtype=np.int64),)), _links(program)]
    for item in program.network.inputs:
        made.append(FaultStratum("line", item.name, None, 1, (np.arange(item.size),)))
    return made


def _links(program: Program) -> FaultStratum:
    """Links that messages between cores cross."""
    crossed = crossed_links(program)
    columns = np.array(crossed, dtype=np.int64).reshape(len(crossed), 5)
    return FaultStratum("link", "", None, 1, tuple(columns.T))
