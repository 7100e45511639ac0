"""Other dialects under which a program provably gives the same results, or the reasons why they could differ.

Every reason follows from the fields in which two Dialect nouns differ; no dialect is known by name. A reason means that
a difference is possible, not that some stimulus causes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.noun import Name, Noun
from neurodeploy.check.state_bounds import StateBounds, entries_by_core, state_bounds
from neurodeploy.diagnostics import Diagnostic, Subject, about, finding
from neurodeploy.hardware.arithmetic import effective_weights, voltage_limits
from neurodeploy.hardware.dialect import Dialect
from neurodeploy.network.neurons import CUBA_KINDS
from neurodeploy.program.plastic import plastic_synapses
from neurodeploy.program.program import Program
from neurodeploy.program.tables import RESETS

__all__ = ["DialectDifference", "DomainVerdict", "dialect_verdict", "domain_findings"]

Ints = NDArray[np.int64]


class DialectDifference(Noun):
    """A reason why two dialects could give different results."""

    subject: Subject
    """A population, a projection or the network."""
    reason: str
    """Why the two can differ."""
    neurons: int
    """Number of affected neurons, or synapses of a projection."""
    first: int
    """Index of the first affected one."""


class DomainVerdict(Noun):
    """The other dialects of a program, each with the reasons why results could differ; an empty list is a proof of
    equality.
    """

    dialect: Name
    steps: int | None
    """Steps of a sample that the proof covers; None: any number."""
    partings: dict[Name, tuple[DialectDifference, ...]]

    @property
    def proven(self) -> tuple[str, ...]:
        """Dialects that provably give the same results."""
        return tuple(name for name, reasons in self.partings.items() if not reasons)


def _of(where: Subject, reason: str, bad: NDArray[np.bool_]) -> Iterator[DialectDifference]:
    hit = np.flatnonzero(bad)
    if hit.size:
        yield DialectDifference(subject=where, reason=reason, neurons=int(hit.size), first=int(hit[0]))


def _weights(program: Program, a: Dialect, b: Dialect) -> Iterator[DialectDifference]:
    """Mantissas that the two dialects convert to different weights, by projection."""
    counts: dict[str, list[int]] = {}
    for _, styles, entry in entries_by_core(program):
        mantissas = program.tables.entry_mantissa[entry].astype(np.int64)
        for index in np.unique(styles):
            style, mine = program.formats[int(index)], mantissas[styles == index]
            style_fields = (style.weight_bits, style.exponent, style.sign_mode)
            bad = int(np.count_nonzero(_made(a, mine, *style_fields) != _made(b, mine, *style_fields)))
            counts.setdefault(style.projection, [0, mine.size])[0] += bad
    for name, (bad, _) in counts.items():
        if bad:
            reason = "mantissas are rounded, shifted or clipped to other weights"
            yield DialectDifference(subject=about("projection", name), reason=reason, neurons=bad, first=0)


def _made(dialect: Dialect, mantissas: Ints, bits: int, exponent: int, sign: str) -> Ints:
    """Weights before the final shift, so that rounding each synapse differs from rounding the sum."""
    weights = effective_weights(dialect, mantissas, bits, exponent, sign)
    if exponent >= 0 or dialect.exponent_stage == "synapse":
        return weights << max(-exponent, 0)
    return weights << dialect.weight_shift_bits


def _overflows(bounds: StateBounds, a: Dialect, b: Dialect) -> Iterator[DialectDifference]:
    """Sums, currents and drives that can leave the range in which the two dialects agree."""
    where = about("population", bounds.population)
    sizes = [bits for bits in (a.accumulator_wrap_bits, b.accumulator_wrap_bits) if bits is not None]
    if a.accumulator_wrap_bits != b.accumulator_wrap_bits:
        yield from _beyond(where, "the weights of one step", bounds.q_low, bounds.q_high, 1 << min(sizes))
    top = 1 << min(a.state_bits, b.state_bits)
    if (a.current_overflow, a.state_bits) != (b.current_overflow, b.state_bits):
        yield from _beyond(where, "u", bounds.u_low, bounds.u_high, top)
    if (a.drive_overflow, a.state_bits) != (b.drive_overflow, b.state_bits):
        yield from _beyond(where, "u + bias", bounds.drive_low, bounds.drive_high, top)


def _beyond(where: Subject, what: str, low: Any, high: Any, top: int) -> Iterator[DialectDifference]:
    bad = (np.asarray(high) >= top) | (np.asarray(low) <= -top)
    yield from _of(where, f"{what} can leave +-2**{top.bit_length() - 1}", bad)


def _registers(
    program: Program, index: int, bounds: StateBounds, a: Dialect, b: Dialect
) -> Iterator[DialectDifference]:
    """Registers that the other dialect does not have, and reachable limits of v that differ."""
    tables, where = program.tables, about("population", bounds.population)
    rows = program.table_rows[bounds.population]
    limits = tables.vmin_exp[rows], tables.vmax_exp[rows]
    (a_low, a_high), (b_low, b_high) = voltage_limits(a, *limits), voltage_limits(b, *limits)
    low, high = np.asarray(bounds.v_low), np.asarray(bounds.v_high)
    differ = (a_low != b_low) & (low < np.maximum(a_low, b_low))
    differ |= (a_high != b_high) & (high > np.minimum(a_high, b_high))
    yield from _of(where, "v can reach a limit that only one of them has", differ)
    dead = tables.refract_delay[rows]
    yield from _of(where, "its dead steps do not fit the other's register", dead > b.refractory_delay_max)
    if a.bias != b.bias:
        yield from _of(where, "the other has no bias", tables.bias_mant[rows] != 0)
    if program.populations[index].compartments_per_neuron > 1 or bool((tables.reset[rows] == RESETS["subtract"]).any()):
        yield from _of(where, "reset 'subtract' is an extension", tables.reset[rows] == RESETS["subtract"])


def _kinds(program: Program) -> Iterator[DialectDifference]:
    """Features that no other dialect has."""
    for item in program.populations:
        every = np.ones(item.size, dtype=bool)
        if item.kind not in CUBA_KINDS:
            yield from _of(about("population", item.name), f"kind '{item.kind}' exists in one dialect only", every)
        if "noise_at" in item.parameters:
            yield from _of(about("population", item.name), "noise is drawn by another generator", every)


def _fields(program: Program, a: Dialect, b: Dialect) -> Iterator[DialectDifference]:
    names = ("decay_bits", "current_decay_offset", "voltage_decay_offset", "weight_shift_bits", "threshold_shift_bits")
    for name in names:
        if getattr(a, name) != getattr(b, name):
            yield DialectDifference(
                subject=about("network", program.network.name), reason=f"{name} differs", neurons=0, first=0
            )
    longest = int(program.tables.entry_delay.max(initial=0))
    if longest > b.delay_steps_max:
        reason = f"delays reach {longest} steps, the other's {b.delay_steps_max}"
        yield DialectDifference(subject=about("network", program.network.name), reason=reason, neurons=0, first=0)
    marks = [probe.target for probe in program.network.probes if probe.variable == "v_register"]
    if a.register_value_per_refractory_step != b.register_value_per_refractory_step:
        for name in marks:
            reason = "v_register reads another value after a spike"
            yield DialectDifference(subject=about("population", name), reason=reason, neurons=0, first=0)


def _learning(program: Program, a: Dialect, b: Dialect) -> Iterator[DialectDifference]:
    """Plastic projections whose rule the two dialects compute differently."""
    if a.learning == b.learning:
        return
    for name, item in plastic_synapses(program).items():
        reason = f"its rule is learned by model '{a.learning}', the other has model '{b.learning}'"
        yield DialectDifference(subject=about("projection", name), reason=reason, neurons=item.entry.size, first=0)


def dialect_verdict(program: Program, others: Iterable[Dialect], steps: int | None = None) -> DomainVerdict:
    """Return for each other dialect the reasons why its results could differ from the program's; an empty list proves
    equality.

    `steps`: steps per sample; voltages that do not decay are bounded only for this number.
    """
    own, partings = program.target.dialect, dict[str, tuple[DialectDifference, ...]]()
    bounds = state_bounds(program, steps)
    for other in others:
        if other.name == own.name:
            continue
        reasons = [*_fields(program, own, other), *_kinds(program), *_weights(program, own, other)]
        reasons += _learning(program, own, other)
        if not reasons or all(item.subject.kind == "population" for item in reasons):
            for index, item in enumerate(bounds):
                reasons += _overflows(item, own, other)
                reasons += _registers(program, index, item, own, other)
        partings[other.name] = tuple(reasons)
    return DomainVerdict(dialect=own.name, steps=steps, partings=partings)


def domain_findings(program: Program, verdict: DomainVerdict) -> tuple[Diagnostic, ...]:
    """Return the verdict as notes: ND330 (results proven equal), ND331 (results could differ, with the reasons)."""
    where, found = about("network", program.network.name), list[Diagnostic]()
    span = "" if verdict.steps is None else f" for samples of {verdict.steps} steps"
    if verdict.proven:
        message = f"dialect '{verdict.dialect}' gives provably identical results to {', '.join(verdict.proven)}{span}"
        found.append(finding("ND330", where, message))
    for name, reasons in verdict.partings.items():
        if reasons:
            shown = "; ".join(_reason_text(item) for item in reasons[:3])
            more = f"; and {len(reasons) - 3} more reasons" if len(reasons) > 3 else ""
            message = f"dialects '{verdict.dialect}' and '{name}' could give different results: {shown}{more}"
            found.append(finding("ND331", where, message))
    return tuple(found)


def _reason_text(item: DialectDifference) -> str:
    if not item.neurons:
        return f"{item.subject}: {item.reason}"
    what = "synapses" if item.subject.kind == "projection" else "neurons"
    return f"{item.subject}: {item.reason} ({item.neurons:,} {what})"
