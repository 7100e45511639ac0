"""Checks of run options against a program, before a backend runs it.

The emulator's kernels rely on these guarantees:

- noise of the user has a draw in -127..127 for every sample (or for one, applied to all), step and neuron: `_noise_faults`;
- the seed, steps and samples fit their integer types: `_number_faults`;
- a probe reads a state that its population or its plastic projection has, and its name is unique: `_name_faults`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from neurodeploy.base.rows import LARGEST
from neurodeploy.diagnostics import Diagnostic, about, finding
from neurodeploy.diagnostics.translate import nearest
from neurodeploy.network import Current, Network
from neurodeploy.network.validate_probes import probe_faults
from neurodeploy.program.program import Program
from neurodeploy.signals.options import MOST_THREADS, RunOptions
from neurodeploy.signals.stimulus import Stimulus
from neurodeploy.simulate.learning_check import learned_bytes, learning_faults
from neurodeploy.simulate.probes import probed_size, probed_variables
from neurodeploy.simulate.stimulus_check import memory_fault

__all__ = ["option_faults", "seed_faults", "step_faults"]

DRAWN = 127
"""Largest noise draw in size."""
SEEDS = 2**63 - 1


def step_faults(steps: object, what: str = "steps") -> list[Diagnostic]:
    """Return ND511 unless `steps` is an integer from 1 to the largest step of spike rows. `what`: name of the option."""
    if isinstance(steps, (int, np.integer)) and not isinstance(steps, bool) and 1 <= steps <= LARGEST:
        return []
    return [finding("ND511", about("option", what), f"is {_brief(steps)}; needs a whole number from 1 to {LARGEST:,}")]


def seed_faults(seed: object) -> list[Diagnostic]:
    """Return ND511 unless a seed is a signed 64-bit integer."""
    if isinstance(seed, (int, np.integer)) and not isinstance(seed, bool) and -SEEDS - 1 <= seed <= SEEDS:
        return []
    return [finding("ND511", about("option", "seed"), f"is {_brief(seed)}; needs a signed 64-bit integer")]


def _brief(value: Any) -> str:
    if isinstance(value, int) and abs(value) >= 10**20:
        return "a number of more than 20 digits"
    return repr(value)[:40]


def option_faults(program: Program, stimulus: Stimulus, options: RunOptions, steps: int) -> list[Diagnostic]:
    """Return ND510 for unknown names, ND511 for invalid numbers and arrays, and ND517, ND518 and ND520 for options of learning.

    `program`, `stimulus`, `options`: of the run. `steps`: its last step.
    """
    found = [*_name_faults(program.network, options), *_number_faults(options)]
    found += _noise_faults(program, stimulus, options, steps)
    found += learning_faults(program, stimulus.n_samples, options)
    return found or _memory_faults(program, stimulus, options, steps)


def _name_faults(network: Network, options: RunOptions) -> Iterator[Diagnostic]:
    names = [item.name for item in network.populations]
    requested = [(about("record", name), name) for name in options.record or ()]
    requested += [(about("noise", name), name) for name in options.noise]
    for where, name in requested:
        if name not in names:
            message = f"population '{name}' does not exist"
            yield finding("ND510", where, message, fixes=nearest(name, names))
    yield from probe_faults(network, options.probes, "ND510", unknown="ND510")
    readings = dict[str, set[tuple[str, str]]]()
    for item in probed_variables(network, options.probes):
        readings.setdefault(item.name, set()).add((item.population, item.variable))
    for name, read in readings.items():
        if len(read) > 1:
            states = " and ".join(f"{variable} of '{population}'" for population, variable in sorted(read))
            yield finding("ND510", about("probe", name), f"is the name of several probes: {states}")


def _number_faults(options: RunOptions) -> Iterator[Diagnostic]:
    yield from seed_faults(options.seed)
    threads, seconds = options.threads, options.timeout_s
    if threads is not None and not 1 <= threads <= MOST_THREADS:
        yield finding("ND511", about("option", "threads"), f"is {_brief(threads)}; needs 1 to {MOST_THREADS:,}")
    if seconds is not None and not 0 < seconds < float("inf"):
        yield finding("ND511", about("option", "timeout_s"), f"is {seconds}; needs a finite time above 0")


def _noise_faults(program: Program, stimulus: Stimulus, options: RunOptions, steps: int) -> Iterator[Diagnostic]:
    for item in program.populations:
        draws, where = options.noise.get(item.name), about("noise", item.name)
        if draws is None:
            continue
        if "noise_at" not in item.parameters:
            yield finding("ND511", where, f"population '{item.name}' draws no noise, so draws would be ignored")
        right = draws.ndim == 3 and draws.shape[0] in (1, stimulus.n_samples) and draws.shape[1] >= steps
        if not (right and draws.shape[2] == item.size and draws.dtype.kind in "iu"):
            needs = f"(1 or {stimulus.n_samples} samples, {steps} steps or more, {item.size} neurons)"
            yield finding(
                "ND511", where, f"draws have shape {list(draws.shape)} of {draws.dtype}; needs integers {needs}"
            )
        elif draws.size and (int(draws.min()) < -DRAWN or int(draws.max()) > DRAWN):
            message = f"draws lie between {int(draws.min())} and {int(draws.max())}; needs -{DRAWN} to {DRAWN}"
            yield finding("ND511", where, message)


def _memory_faults(program: Program, stimulus: Stimulus, options: RunOptions, steps: int) -> list[Diagnostic]:
    """ND511 if the states and counters of all steps, the states kept, or the values shown do not fit into memory."""
    network = program.network
    columns = sum(probed_size(network, item) for item in probed_variables(network, options.probes))
    first = options.resume.step if options.resume else 0
    each = 8 * columns + 4 * program.tables.n_cores * options.activity
    what = f"states and activity of {stimulus.n_samples:,} samples of {steps - first:,} steps"
    kept = 32 * program.tables.n_rows * options.keep_state  # u, v, refractory steps, and a sum in flight
    kept += learned_bytes(network, options)
    size, where = stimulus.n_samples * (max(steps - first, 0) * each + kept), about("network", network.name)
    lines = sum(item.size for item in network.inputs if isinstance(item.encoder, Current))
    shown = f"values of {stimulus.n_samples:,} samples of {stimulus.n_steps:,} steps"
    values = 8 * lines * stimulus.n_samples * stimulus.n_steps
    return memory_fault("ND511", where, what, size) or memory_fault("ND511", where, shown, values)
