"""Checks for what lava cannot express. lava accepts some of it silently and computes something else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from neurodeploy.hardware.dialect import Dialect
from neurodeploy.network import Current
from neurodeploy.network.neurons import CUBA_KINDS
from neurodeploy.program.program import Program
from neurodeploy.program.registers import registers
from neurodeploy.signals.stimulus import Stimulus
from neurodeploy.simulate.probes import ProbedVariable
from neurodeploy.worker import Unsupported

__all__ = ["cannot_on_board", "cannot_probe", "cannot_reset", "cannot_show", "out_of_range"]

WITHOUT_STATE = ("relu", "product")


def out_of_range(program: Program, dialect: Dialect) -> Iterator[Unsupported]:
    """Yield registers and mantissas outside the ranges in which lava's models are correct; lava does not check them."""
    top = (1 << dialect.decay_bits) - 1
    largest = (1 << (dialect.state_bits - dialect.threshold_shift_bits)) - 1
    spans = {"du": (0, top), "dv": (0, top), "vth_mant": (0, largest)}
    for item in program.populations:
        given = registers(program, item.name) if item.kind in CUBA_KINDS else {}
        for name, (low, high) in spans.items() if given else ():
            bad = np.flatnonzero((given[name] < low) | (given[name] > high))
            if bad.size:
                message = f"population '{item.name}': {name} of {bad.size} neurons is outside {low}..{high}"
                yield Unsupported(f"{message}, first neuron {int(bad[0])}")
    span, mantissas = 1 << dialect.mantissa_bits, program.tables.entry_mantissa
    bad = int(np.count_nonzero((mantissas < -span) | (mantissas >= span)))
    if bad:
        yield Unsupported(f"{bad} weight mantissas are outside {-span}..{span - 1}, and lava clips them")


def cannot_reset(program: Program) -> Iterator[Unsupported]:
    """Yield populations with several theta_0 and a periodic reset: lava's Reset sets one value for all neurons."""
    resets = {item.name: item.state_reset for item in program.network.populations}
    for item in program.populations:
        start = item.parameters.get("theta_0", np.zeros(1))
        if resets[item.name] is not None and bool((start != start.flat[0]).any()):
            message = (
                f"population '{item.name}' has a periodic reset and several theta_0, and lava's Reset sets one value"
            )
            yield Unsupported(message, ("one theta_0 for all neurons",))


def cannot_probe(program: Program, probes: tuple[ProbedVariable, ...]) -> Iterator[Unsupported]:
    """Yield states that lava's processes do not keep."""
    kinds = {item.name: item.kind for item in program.populations}
    for probe in probes:
        if kinds.get(probe.population) in WITHOUT_STATE:
            message = f"probe '{probe.name}': {kinds[probe.population]} keeps no state between steps in lava"
            yield Unsupported(message, ("record its spikes, which have values",))


def cannot_show(program: Program, stimulus: Stimulus) -> Iterator[Unsupported]:
    """Yield input values that are not integers: lava's links multiply integers."""
    for item in program.network.inputs:
        values: Any = stimulus.currents.get(item.name)
        if isinstance(item.encoder, Current) and values is not None and bool((values != np.rint(values)).any()):
            yield Unsupported(
                f"input '{item.name}' has values that are not integers, and lava's fixed-point links take integers only"
            )


def cannot_on_board(program: Program, probes: tuple[ProbedVariable, ...]) -> Iterator[Unsupported]:
    """Yield probed states, which only the simulation can read, and sums that a board would round in parts.

    On a board a LIF process has one set of registers. A population with several sets becomes several processes with separate
    connections, and a negative exponent floors the sum of each.
    """
    for probe in probes:
        message = f"probe '{probe.name}': {probe.variable} of '{probe.population}' is not read from a board, only from lava's simulation"
        yield Unsupported(message, ("--backend lava",))
    several = {item.name for item in program.populations if item.kind in CUBA_KINDS and _sets(program, item.name) > 1}
    floored = {item.projection for item in program.formats if item.exponent < 0}
    for item in program.network.projections:
        if item.name in floored and item.source in several:
            message = f"projection '{item.name}' has a negative exponent and comes from several processes"
            yield Unsupported(
                f"{message}: '{item.source}' has more than one set of registers", ("equal registers for all neurons",)
            )


def _sets(program: Program, population: str) -> int:
    """Number of distinct register sets; a LIF process has one."""
    given = registers(program, population)
    return len(np.unique(np.stack([given[name] for name in ("du", "dv", "vth_mant")], axis=1), axis=0))
