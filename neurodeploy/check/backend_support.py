"""Features of a program that a simulator does not support, and dialects that could give different results."""

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
"""Maximum number of reasons in one finding."""
ELSEWHERE = "run it on the emulator"


class Unsupported(NamedTuple):
    """A feature that a simulator does not support, and possible changes."""

    message: str
    fixes: tuple[str, ...] = ()


class Lacks(Noun):
    """Features that a simulator does not support: for each, the end of the sentence that reports it; None: supported.

    Most sentences begin "population 'x' "; `{kind}`, `{n}` and `{most}` stand for the neuron kind, the number of
    neurons affected, and the maximum of the simulator.
    """

    kinds: tuple[str, ...] | None = None
    """Supported neuron kinds; None: all."""
    kind: str = ""
    """Sentence for any other kind."""
    reset: str | None = None
    """A reset to anything but 0."""
    noise: str | None = None
    periodic_reset: str | None = None
    periodic_kinds: tuple[str, ...] = ()
    """Neuron kinds whose periodic reset is nevertheless supported."""
    silent: str | None = None
    """Neurons that never spike."""
    bias: str | None = None
    refractory_delay_max: int | None = None
    """The largest refractory register; 1 means no dead step."""
    refractory: str = ""
    """Sentence for more dead steps."""
    values: str | None = None
    """Inputs with values that a projection takes: "input 'x' shows values, and ..."."""
    delay_steps_max: int | None = None
    delays: str = ""
    """Sentence for longer delays: "delays reach 5 steps, and ..."."""
    rules: tuple[str, ...] | None = None
    """Supported kinds of plasticity; None: all."""
    rule: str = ""
    """Sentence for any other kind: "projection 'x' learns by pes, ..."."""


def refusals(backend: str, unsupported: Iterable[Unsupported]) -> tuple[Diagnostic, ...]:
    """Return unsupported features as findings (ND502)."""
    where = about("backend", backend)
    return tuple(finding("ND502", where, item.message, fixes=[*item.fixes, ELSEWHERE]) for item in unsupported)


def lacking(program: Program, limits: Lacks) -> Iterator[Unsupported]:
    """Yield the unsupported features of a program, by population, then inputs and delays."""
    resets = {item.name: item.state_reset for item in program.network.populations}
    for item in program.populations:
        periodic = resets[item.name] is not None and item.kind not in limits.periodic_kinds
        for reason, *fixes in _of_population(program, item, limits, periodic=periodic):
            yield Unsupported(f"population '{item.name}' {reason}", tuple(fixes))
    read = {item.source for item in program.network.projections}
    for item in program.network.inputs:
        if limits.values is not None and isinstance(item.encoder, Current) and item.name in read:
            yield Unsupported(f"input '{item.name}' shows values, and {limits.values}", ("an encoder that spikes",))
    for item in program.network.projections:
        if item.plasticity is not None and limits.rules is not None and item.plasticity.kind not in limits.rules:
            yield Unsupported(f"projection '{item.name}' learns by {item.plasticity.kind}, {limits.rule}")
    longest = int(program.tables.entry_delay.max(initial=0))
    most = limits.delay_steps_max
    if most is not None and longest > most:
        fix = f"delay_steps at most {most}" if most else "delay_steps = 0"
        yield Unsupported(f"delays reach {longest} steps, and {limits.delays.format(most=most)}", (fix,))


def _of_population(
    program: Program, item: PlacedPopulation, limits: Lacks, *, periodic: bool
) -> Iterator[tuple[str, ...]]:
    """(unsupported feature, changes) of one population."""
    tables, rows = program.tables, program.table_rows[item.name]
    spiking: NDArray[np.bool_] = tables.spiking[rows] == 1
    if limits.kinds is not None and item.kind not in limits.kinds:
        yield (f"is {item.kind}, {limits.kind}",)
    if limits.reset is not None and bool((tables.reset[rows][spiking] != RESETS["zero"]).any()):
        yield f"does not reset to 0, and {limits.reset}", "reset = zero"
    if limits.noise is not None and "noise_at" in item.parameters:
        yield f"has noise, {limits.noise}", "no noise"
    if limits.periodic_reset is not None and periodic:
        yield (limits.periodic_reset.format(kind=item.kind),)
    if limits.bias is not None and bool((tables.bias_mant[rows] != 0).any()):
        yield (f"has a bias, {limits.bias}",)
    if limits.silent is not None and not bool(spiking.all()):
        yield f"never spikes, and {limits.silent}", "a neuron with a threshold"
    most = limits.refractory_delay_max
    dead = int(np.count_nonzero(tables.refract_delay[rows] > most)) if most is not None else 0
    if dead and most is not None:
        yield limits.refractory.format(n=dead, most=most), f"refractory_steps = {most - 1}"


def dialect_refusals(program: Program, dialect: str, backend: str, steps: int | None) -> tuple[Diagnostic, ...]:
    """Return ND543 with the reasons if results could differ under the backend's dialect; nothing if they are proven
    equal.

    `steps`: steps per sample that the proof covers. None: the number that the network specifies, else one, because the
    length of the run is not yet known and a voltage that never decays has no bound for arbitrary lengths.
    """
    own = program.target.dialect.name
    if own == dialect:
        return ()
    span = steps or program.network.time.steps_per_sample or 1
    reasons = dialect_verdict(program, [load_dialect(dialect)], span).partings[dialect]
    if not reasons:
        return ()
    listed = "; ".join(_reason_text(item) for item in reasons[:SHOWN])
    more = f"; and {len(reasons) - SHOWN} more" if len(reasons) > SHOWN else ""
    message = f"computes in dialect '{dialect}', the program is of '{own}', and results could differ: {listed}{more}"
    fixes = ["--backend emulator, which computes in the program's own dialect"]
    return (finding("ND543", about("backend", backend), message, fixes=fixes),)


def _reason_text(item: DialectDifference) -> str:
    what = "synapses" if item.subject.kind == "projection" else "neurons"
    return f"{item.subject}: {item.reason}" + (f" ({item.neurons:,} {what})" if item.neurons else "")
