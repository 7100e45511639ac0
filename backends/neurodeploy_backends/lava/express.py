"""Verb: what of a program lava's fixed-point models cannot express, all of it, before lava sees anything."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics import Diagnostic, finding
from neurodeploy.network import Current
from neurodeploy.network.neurons import CUBA_KINDS
from neurodeploy.program.program import PlacedPopulation, Program
from neurodeploy.program.tables import RESETS
from neurodeploy.runtime.probes import ProbedVariable
from neurodeploy.runtime.stimulus import Stimulus
from neurodeploy.target.dialect import Dialect
from neurodeploy.worker import registers

__all__ = ["population_faults", "probe_faults", "stimulus_faults", "table_faults"]

WITHOUT_STATE = ("relu", "product")


def _cannot(backend: str, message: str, *fixes: str) -> Diagnostic:
    return finding("ND502", f"backend '{backend}'", message, fixes=[*fixes, "run it on the emulator"])


def population_faults(program: Program, backend: str, dialect: Dialect) -> Iterator[Diagnostic]:
    """Yield what its neuron processes lack: dead steps, other resets, noise, periodic resets of other kinds."""
    resets = {item.name: item.state_reset for item in program.network.populations}
    for item in program.populations:
        where, given = f"population '{item.name}'", registers(program, item.name)
        spiking = given["spiking"] == 1
        dead = np.flatnonzero(given["refract_delay"] > dialect.refractory_delay_max)
        if dead.size:
            message = (
                f"{where} has dead steps after a spike in {dead.size} neurons, and lava's fixed-point LIF has none"
            )
            yield _cannot(backend, message, "refractory_steps = 0")
        if bool((given["reset"][spiking] != RESETS["zero"]).any()):
            yield _cannot(backend, f"{where} does not reset to 0, and lava's LIF does nothing else", "reset = zero")
        if "noise_at" in item.parameters:
            yield _cannot(backend, f"{where} has noise, and lava's LIF has none")
        if resets[item.name] is not None and item.kind not in CUBA_KINDS:
            yield _cannot(backend, f"{where} is {item.kind} with a periodic reset, which lava has for LIF only")
        yield from _ranges(item, given, backend, dialect)


def _ranges(
    item: PlacedPopulation, given: dict[str, NDArray[np.int64]], backend: str, dialect: Dialect
) -> Iterator[Diagnostic]:
    """Yield registers that lava takes without a word and computes something else with."""
    top = (1 << dialect.decay_bits) - 1
    largest = (1 << (dialect.state_bits - dialect.threshold_shift_bits)) - 1
    spans = {"du": (0, top), "dv": (0, top), "vth_mant": (0, largest)}
    for name, (low, high) in spans.items():
        bad = np.flatnonzero((given[name] < low) | (given[name] > high))
        if bad.size and item.kind in CUBA_KINDS:
            where = f"population '{item.name}': {name} of {bad.size} neurons is outside {low}..{high}"
            yield _cannot(backend, f"{where}, first neuron {int(bad[0])}")


def table_faults(program: Program, backend: str, dialect: Dialect) -> Iterator[Diagnostic]:
    """Yield delays and mantissas that its connection processes cannot hold. A delay too long makes lava hang."""
    longest = int(program.tables.entry_delay.max(initial=0))
    if longest > dialect.delay_steps_max:
        yield _cannot(backend, f"delays reach {longest} steps, lava holds {dialect.delay_steps_max}")
    span = 1 << dialect.mantissa_bits
    mantissas = program.tables.entry_mantissa
    bad = int(np.count_nonzero((mantissas < -span) | (mantissas >= span)))
    if bad:
        yield _cannot(backend, f"{bad} weight mantissas are outside {-span}..{span - 1}, and lava clips them")


def probe_faults(program: Program, probes: tuple[ProbedVariable, ...], backend: str) -> Iterator[Diagnostic]:
    """Yield states that lava's processes do not keep."""
    kinds = {item.name: item.kind for item in program.populations}
    for probe in probes:
        if kinds[probe.population] in WITHOUT_STATE:
            message = f"probe '{probe.name}': {kinds[probe.population]} keeps no state between steps in lava"
            yield _cannot(backend, message, "record its spikes, which have values")


def stimulus_faults(program: Program, stimulus: Stimulus, backend: str) -> Iterator[Diagnostic]:
    """Yield values that are no integers: lava's links multiply integers."""
    for item in program.network.inputs:
        values: Any = stimulus.currents.get(item.name)
        if isinstance(item.encoder, Current) and values is not None and bool((values != np.rint(values)).any()):
            message = (
                f"input '{item.name}' is shown values that are no integers, and lava's fixed-point links take integers"
            )
            yield _cannot(backend, message)
