"""Features of a program that a simulator does not have, and dialects that could give other results."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.noun import Noun
from neurodeploy.check.dialects import DialectDifference, dialect_verdict
from neurodeploy.diagnostics import Diagnostic, about, finding
from neurodeploy.hardware.files import load_dialect
from neurodeploy.network import Current
from neurodeploy.program.program import PlacedPopulation, Program
from neurodeploy.program.tables import RESETS

__all__ = ["Lacks", "Unsupported", "dialect_refusals", "lacking", "refusals"]

SHOWN = 4
"""Most reasons that one finding lists."""
ELSEWHERE = "run it on the emulator"


class Unsupported(NamedTuple):
    """One thing that a simulator cannot express, and what could be changed."""

    message: str
    fixes: tuple[str, ...] = ()


class Lacks(Noun):
    """What a simulator does not have: for each feature the end of the sentence that says so; None: it has it.

    Most sentences begin "population 'x' "; `{kind}`, `{n}` and `{most}` stand for the kind of neuron, how many neurons are
    concerned, and the most that the simulator holds.
    """

    kinds: tuple[str, ...] | None = None
    """Neuron kinds that it has; None: all."""
    kind: str = ""
    """Of any other kind."""
    reset: str | None = None
    """A reset to anything but 0."""
    noise: str | None = None
    periodic_reset: str | None = None
    periodic_kinds: tuple[str, ...] = ()
    """Neuron kinds whose periodic reset it has for all that."""
    silent: str | None = None
    """Neurons that never spike."""
    bias: str | None = None
    refractory_delay_max: int | None = None
    """The largest refractory register, 1 being no dead step."""
    refractory: str = ""
    """Of dead steps beyond it."""
    values: str | None = None
    """Inputs that show values: "input 'x' shows values, and ..."."""
    delay_steps_max: int | None = None
    delays: str = ""
    """Of delays beyond it: "delays reach 5 steps, and ..."."""


def refusals(backend: str, lacks: Iterable[Unsupported]) -> tuple[Diagnostic, ...]:
    """Return what a backend cannot express as findings (ND502)."""
    where = about("backend", backend)
    return tuple(finding("ND502", where, item.message, fixes=[*item.fixes, ELSEWHERE]) for item in lacks)


def lacking(program: Program, lacks: Lacks) -> Iterator[Unsupported]:
    """Yield the features of a program that a simulator does not have, population by population, then inputs and delays."""
    resets = {item.name: item.state_reset for item in program.network.populations}
    for item in program.populations:
        periodic = resets[item.name] is not None and item.kind not in lacks.periodic_kinds
        for told, *fixes in _of_population(program, item, lacks, periodic=periodic):
            yield Unsupported(f"population '{item.name}' {told}", tuple(fixes))
    for item in program.network.inputs:
        if lacks.values is not None and isinstance(item.encoder, Current):
            yield Unsupported(f"input '{item.name}' shows values, and {lacks.values}", ("an encoder that spikes",))
    longest = int(program.tables.entry_delay.max(initial=0))
    most = lacks.delay_steps_max
    if most is not None and longest > most:
        fix = f"delay_steps at most {most}" if most else "delay_steps = 0"
        yield Unsupported(f"delays reach {longest} steps, and {lacks.delays.format(most=most)}", (fix,))


def _of_population(
    program: Program, item: PlacedPopulation, lacks: Lacks, *, periodic: bool
) -> Iterator[tuple[str, ...]]:
    """(what it lacks, what to change) of one population."""
    tables, rows = program.tables, program.table_rows[item.name]
    spiking: NDArray[np.bool_] = tables.spiking[rows] == 1
    if lacks.kinds is not None and item.kind not in lacks.kinds:
        yield (f"is {item.kind}, {lacks.kind}",)
    if lacks.reset is not None and bool((tables.reset[rows][spiking] != RESETS["zero"]).any()):
        yield f"does not reset to 0, and {lacks.reset}", "reset = zero"
    if lacks.noise is not None and "noise_at" in item.parameters:
        yield f"has noise, {lacks.noise}", "no noise"
    if lacks.periodic_reset is not None and periodic:
        yield (lacks.periodic_reset.format(kind=item.kind),)
    if lacks.bias is not None and bool((tables.bias_mant[rows] != 0).any()):
        yield (f"has a bias, {lacks.bias}",)
    if lacks.silent is not None and not bool(spiking.all()):
        yield f"never spikes, and {lacks.silent}", "a neuron with a threshold"
    most = lacks.refractory_delay_max
    dead = int(np.count_nonzero(tables.refract_delay[rows] > most)) if most is not None else 0
    if dead and most is not None:
        yield lacks.refractory.format(n=dead, most=most), f"refractory_steps = {most - 1}"


def dialect_refusals(program: Program, dialect: str, backend: str, steps: int | None) -> tuple[Diagnostic, ...]:
    """Return ND543 if the program's bits could differ under the backend's dialect, with the reasons; nothing if proven equal.

    `steps` of one sample that the proof is to cover; None: as many as the network says, and one where it says none, so that
    a bound on a voltage that never decays is not asked for before a run tells its length.
    """
    own = program.target.dialect.name
    if own == dialect:
        return ()
    span = steps or program.network.time.steps_per_sample or 1
    reasons = dialect_verdict(program, [load_dialect(dialect)], span).partings[dialect]
    if not reasons:
        return ()
    told = "; ".join(_told(item) for item in reasons[:SHOWN])
    more = f"; and {len(reasons) - SHOWN} more" if len(reasons) > SHOWN else ""
    message = f"computes in dialect '{dialect}', the program is of '{own}', and they could part: {told}{more}"
    fixes = ["--backend emulator, which computes in the program's own dialect"]
    return (finding("ND543", about("backend", backend), message, fixes=fixes),)


def _told(item: DialectDifference) -> str:
    what = "synapses" if item.subject.kind == "projection" else "neurons"
    return f"{item.subject}: {item.reason}" + (f" ({item.neurons:,} {what})" if item.neurons else "")
