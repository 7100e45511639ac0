"""Consistency of a program's fields with its network, target and golden output."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics import errors_in
from neurodeploy.hardware.consistency import target_findings
from neurodeploy.network import CubaLi, CubaLif, If, Li, Lif, LoihiCuba
from neurodeploy.network.network import Population
from neurodeploy.network.validate import validate
from neurodeploy.program.golden import Golden
from neurodeploy.program.program import PlacedPopulation, Program
from neurodeploy.program.representable import format_faults
from neurodeploy.program.tables import RESETS
from neurodeploy.quantize.integers import own_faults, parameters_of

__all__ = ["field_faults", "golden_faults", "register_faults"]

Array = NDArray[Any]
REGISTERS = {
    "du": "du",
    "dv": "dv",
    "vth_mant": "threshold_mantissa",
    "bias_mant": "bias_mantissa",
    "bias_exp": "bias_exponent",
    "refract_delay": "refractory_delay",
    "vmin_exp": "vmin_exponent",
    "vmax_exp": "vmax_exponent",
}
"""Column of the tables -> range of the target that limits it."""


def field_faults(program: Program) -> list[str]:
    """Return the contradictions outside the tables, one sentence each."""
    return _network_faults(program) or [
        *_population_faults(program),
        *_input_faults(program),
        *format_faults(program),
    ]


def _network_faults(program: Program) -> list[str]:
    """Faults of the network and of the target themselves."""
    errors = errors_in((*validate(program.network), *target_findings(program.target)))
    return [f"{item.subject}: {item.message}" for item in errors]


def _names_differ(what: str, given: Sequence[Any], wanted: Sequence[Any]) -> list[str]:
    same = [item.name for item in given] == [item.name for item in wanted]
    return [] if same else [f"{what} differ from those of the network in name or order"]


def _population_faults(program: Program) -> list[str]:
    """Differences between the populations of the program and of the network."""
    found = _names_differ("populations", program.populations, program.network.populations)
    if found:
        return found
    for item, wanted in zip(program.populations, program.network.populations, strict=True):
        found += [f"population '{item.name}': {fault}" for fault in _population(program, item, wanted)]
    return found


def _population(program: Program, item: PlacedPopulation, network_population: Population) -> Iterator[str]:
    resets = program.target.neurons.resets
    floats = isinstance(network_population.neuron, (If, Lif, CubaLif, Li, CubaLi))
    reset = reset_of(network_population)
    each = int(resets[reset].value) if reset in resets else 1
    expected = {
        "size": network_population.size,
        "kind": network_population.neuron.kind,
        "compartments_per_neuron": each,
    }
    for name, value in expected.items():
        if getattr(item, name) != value:
            yield f"{name} is {getattr(item, name)}; needs {value}"
    if (item.scale is None) == floats or (item.scale is not None and not 0 < item.scale < np.inf):
        yield f"scale is {item.scale}; needs {'a positive number' if floats else 'none'}"
    if item.v_frame.shape != (network_population.size,):
        yield f"v_frame has shape {list(item.v_frame.shape)}; needs [{network_population.size}]"
    wanted = {} if floats else parameters_of(network_population)
    same = item.parameters.keys() == wanted.keys()
    if not same or any(not np.array_equal(item.parameters[name], wanted[name]) for name in wanted):
        yield "parameters differ from those of its neurons"
    if not floats:
        yield from (item.message for item in own_faults(network_population, program.target))


def reset_of(population: Population) -> str:
    """Return the reset mode of a population's compartments, a key of RESETS."""
    neuron = population.neuron
    if isinstance(neuron, (Li, CubaLi)):
        return "none"
    if isinstance(neuron, LoihiCuba):
        return neuron.reset
    mode = neuron.reset.mode if isinstance(neuron, (If, Lif, CubaLif)) else "zero"
    return "zero" if mode == "value" else mode


def _input_faults(program: Program) -> list[str]:
    return _names_differ("inputs", program.inputs, program.network.inputs)


def register_faults(program: Program) -> list[str]:
    """Return registers outside the target's ranges, and resets and thresholds that differ from those of the population."""
    t, precision, found = program.tables, program.target.precision, list[str]()
    for name, field in REGISTERS.items():
        values, span = getattr(t, name), getattr(precision, field)
        values = values[t.spiking == 1] if name == "vth_mant" else values
        wrong = values[(values < span.low) | (values > span.high)]
        if wrong.size:
            found.append(
                f"table {name} contains {wrong[0]}; target '{program.target.name}' supports {span.low:g} to {span.high:g}"
            )
    subtracted = t.vth_mant[t.reset == RESETS["subtract"]]
    if int(subtracted.min(initial=0)) < 0:
        found.append(f"table vth_mant contains {subtracted.min()}, which a spike subtracts; needs 0 or more")
    every = program.network.populations
    reset = np.array([RESETS[reset_of(item)] for item in every])[t.population]
    spiking = np.array([not isinstance(item.neuron, (Li, CubaLi)) for item in every], dtype=np.int64)[t.population]
    for name, wanted in (("reset", reset), ("spiking", spiking)):
        if bool((getattr(t, name) != wanted).any()):
            found.append(f"table {name} differs from the network's populations")
    return found


def golden_faults(program: Program) -> list[str]:
    """Return golden rows of unknown inputs and populations, and rows that no run can produce."""
    golden = program.golden
    if golden is None:
        return []
    inputs = {item.name: item.size for item in program.network.inputs}
    populations = {item.name: item.size for item in program.populations}
    names = (*golden.inputs, *golden.currents)
    found = [f"golden input '{name}' does not exist" for name in names if name not in inputs]
    if set(golden.spikes) != set(populations) or not set(golden.payloads) <= set(populations):
        found.append("golden output is of other populations")
    if golden.steps < golden.n_steps:
        found.append(f"golden output has {golden.steps} steps, fewer than the {golden.n_steps} of its input")
    if found:
        return found
    for rows, sizes, last in ((golden.inputs, inputs, golden.n_steps), (golden.spikes, populations, golden.steps)):
        for name, values in rows.items():
            fault = _row_fault(values, (golden.n_samples - 1, last, sizes[name] - 1))
            found += [f"golden rows of '{name}' {fault}"] if fault else []
    return found + _value_faults(golden, inputs)


def _row_fault(rows: Array, last: tuple[int, int, int]) -> str | None:
    """The first fault of rows (sample, step, neuron)."""
    if rows.ndim != 2 or rows.shape[1] != 3:
        return "do not have three columns"
    if rows.size and (bool((rows < (0, 1, 0)).any()) or bool((rows > last).any())):
        return "contain a sample, step or neuron that does not exist"
    step = np.diff(rows.astype(np.int64), axis=0)
    rises = (step[:, 0] > 0) | (step[:, 0] == 0) & ((step[:, 1] > 0) | (step[:, 1] == 0) & (step[:, 2] > 0))
    return None if bool(rises.all()) else "are unsorted or contain duplicates"


def _value_faults(golden: Golden, inputs: dict[str, int]) -> list[str]:
    found = [
        f"golden payloads of '{name}' differ in number from its rows"
        for name, values in golden.payloads.items()
        if values.shape != golden.spikes[name].shape[:1]
    ]
    for name, values in golden.currents.items():
        needs = (golden.n_samples, golden.n_steps, inputs[name])
        if values.shape != needs:
            found.append(f"golden currents of '{name}' have shape {list(values.shape)}; need {list(needs)}")
    return found
