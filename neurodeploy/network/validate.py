"""Validation of a network by itself, independent of any chip. All faults are reported at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.noun import Noun
from neurodeploy.base.plain import as_array
from neurodeploy.diagnostics import Diagnostic, Subject, SubjectKind, about, finding, raise_errors, sorted_findings
from neurodeploy.diagnostics.translate import nearest
from neurodeploy.network.coding import FirstSpike, Linear, Membrane, SpikeCount
from neurodeploy.network.discretize import factors
from neurodeploy.network.graded import IntegerNeuron
from neurodeploy.network.network import Network, Output, Population, Projection
from neurodeploy.network.neurons import CubaLi, CubaLif, Euler, If, Li, Lif
from neurodeploy.network.operations import Chain, Operation
from neurodeploy.network.procedural.operations import PROCEDURAL
from neurodeploy.network.procedural.tables import table_of
from neurodeploy.network.validate_inputs import input_faults
from neurodeploy.network.validate_operations import shape_faults
from neurodeploy.network.validate_plasticity import plasticity_faults, unknown_senders
from neurodeploy.network.validate_probes import probe_faults

__all__ = ["require_valid", "validate"]


def validate(network: Network) -> tuple[Diagnostic, ...]:
    """Return all findings of a network (ND101-ND120, ND124-ND131, ND134, ND844), errors first; they are computed once for each network."""
    return network.derived("_findings", _findings)


def require_valid(network: Network, *, numbers: bool = True) -> None:
    """Reject an invalid network. Raises DiagnosticError: ND101-ND120, ND124-ND129, ND134, ND844.

    Without `numbers`, only names, shapes and sizes are checked, for stages that report invalid numbers themselves.
    """
    raise_errors("validate", [item for item in validate(network) if numbers or item.code not in NUMBER_CODES])


NUMBER_CODES = ("ND111", "ND112", "ND114", "ND118")
"""Codes about thresholds, time constants and decoders; all others are about names, shapes and sizes."""


def _findings(network: Network) -> tuple[Diagnostic, ...]:
    found = [*_names(network), *_references(network), *_sizes(network)]
    if any(item.code == "ND124" for item in found):
        return sorted_findings(found)
    for population in network.populations:
        found += _parameters(population, network.time.dt_s)
    for item in network.inputs:
        found += input_faults(item)
    for projection in network.projections:
        if _known(network, projection):
            found += shape_faults(network, projection)
            found += plasticity_faults(network, projection)
    if not any(item.severity == "error" for item in found):
        found += _reach(network)
    return sorted_findings(found)


def _names(network: Network) -> Iterator[Diagnostic]:
    if not network.populations:
        yield finding("ND113", about("network", network.name), "has no population")
    inputs = set(network.input_by_name)
    for name, count in Counter(item.name for item in (*network.populations, *network.inputs)).items():
        if count > 1:
            message = f"the name is used {count} times among populations and inputs"
            yield finding("ND103", about("input" if name in inputs else "population", name), message)
    spaces: dict[SubjectKind, list[str]] = {
        "projection": [item.name for item in network.projections],
        "output": [item.name for item in network.outputs],
        "probe": [item.name for item in network.probes],
    }
    for kind, names in spaces.items():
        for name, count in Counter(names).items():
            if count > 1:
                yield finding("ND103", about(kind, name), f"the name is used {count} times")


MOST_NEURONS = 1 << 25
"""Most neurons of a network. Compiling takes some hundred bytes per neuron."""


def _sizes(network: Network) -> Iterator[Diagnostic]:
    """Networks that are too large to compile; no other check runs on them."""
    for what, items in (("neurons", network.populations), ("input lines", network.inputs)):
        total = sum(item.size for item in items)
        if total > MOST_NEURONS:
            largest = max(items, key=lambda item: item.size)
            message = f"has more {what} than supported, most of them in '{largest.name}'"
            yield finding("ND124", about("network", network.name), message, found=total, limit=MOST_NEURONS)


def _ports(network: Network) -> Iterator[Diagnostic]:
    """Projections to port "b" of targets with one input."""
    for item in network.projections:
        target = network.population_by_name.get(item.target)
        ports = target.neuron.ports if target and isinstance(target.neuron, IntegerNeuron) else 1
        if target and item.port == "b" and ports == 1:
            message = f"goes to port 'b' of population '{item.target}', but kind '{target.neuron.kind}' has one input"
            yield finding("ND119", about("projection", item.name), message, fixes=["port = a"])


def _known(network: Network, projection: Projection) -> bool:
    sources = {*network.population_by_name, *network.input_by_name}
    return projection.source in sources and projection.target in network.population_by_name


def _references(network: Network) -> Iterator[Diagnostic]:
    populations = [item.name for item in network.populations]
    sources = [*populations, *(item.name for item in network.inputs)]
    for item in network.projections:
        where = about("projection", item.name)
        if item.source not in sources:
            yield finding("ND101", where, f"source '{item.source}' does not exist", fixes=nearest(item.source, sources))
        if item.target in network.input_by_name:
            yield finding("ND101", where, f"target '{item.target}' is an input; targets must be populations")
        elif item.target not in populations:
            yield finding(
                "ND101",
                where,
                f"target '{item.target}' does not exist",
                fixes=nearest(item.target, populations),
            )
    for item in network.outputs:
        where, name = about("output", item.name), item.source
        if name not in populations:
            yield finding("ND101", where, f"population '{name}' does not exist", fixes=nearest(name, populations))
    yield from unknown_senders(network)
    yield from _ports(network)
    yield from probe_faults(network, network.probes, "ND120", unknown="ND101")
    for item in network.outputs:
        population = network.population_by_name.get(item.source)
        if population is not None:
            yield from _decoder(item, population)
            yield from _decoder_sizes(item, population)


def _decoder(item: Output, population: Population) -> Iterator[Diagnostic]:
    """Decoders that read spikes of a population that never spikes, and weights for another number of neurons."""
    decoder, where = item.decoder, about("output", item.name)
    linear = isinstance(decoder, Linear)
    reads_spikes = isinstance(decoder, (SpikeCount, FirstSpike)) or (linear and decoder.reads == "spikes")
    if isinstance(population.neuron, (Li, CubaLi)) and reads_spikes:
        message = f"decoder '{decoder.kind}' reads spikes, but population '{item.source}' (li) never spikes"
        yield finding("ND114", where, message, fixes=["reads = v" if linear else "decoder = membrane"])
    shape = list(np.shape(decoder.weights)) if linear else [1, population.size]
    if len(shape) != 2 or shape[1] != population.size or not shape[0]:
        message = f"weights of decoder 'linear' have shape {shape}; needs [values, {population.size}], the neurons of '{item.source}'"
        yield finding("ND104", where, message)


def _decoder_sizes(output: Output, population: Population) -> Iterator[Diagnostic]:
    """Groups and offsets that do not fit the population that is read."""
    where, size = about("output", output.name), population.size
    groups = output.decoder.groups if isinstance(output.decoder, SpikeCount) else None
    if groups is not None and size % groups:
        yield finding("ND104", where, f"{groups} groups have no equal size in population '{population.name}' of {size}")
    offset = output.decoder.offset if isinstance(output.decoder, Membrane) else 0.0
    if np.ndim(offset) and np.size(offset) != size:
        message = f"parameter 'offset' has shape {list(np.shape(offset))}; needs one number or shape {[size]}"
        yield finding("ND104", where, message)


def _arrays(value: Noun, path: str) -> Iterator[tuple[str, NDArray[Any]]]:
    for name in type(value).model_fields:
        item = getattr(value, name)
        array = as_array(item)
        if array is not None:
            yield f"{path}{name}", array
        elif isinstance(item, Noun):
            yield from _arrays(item, f"{path}{name}.")


def _parameters(population: Population, dt_s: float) -> Iterator[Diagnostic]:
    where, neuron = about("population", population.name), population.neuron
    wrong = False
    for name, array in _arrays(neuron, ""):
        if array.shape != population.shape and array.shape != (population.size,):
            wrong = True
            yield finding(
                "ND104",
                where,
                f"parameter '{name}' has shape {list(array.shape)}; needs one number or shape {list(population.shape)}",
            )
    if wrong or isinstance(neuron, IntegerNeuron):
        return
    if isinstance(neuron, (If, Lif, CubaLif)):
        yield from _threshold_faults(where, neuron)
    if isinstance(neuron, If) or not isinstance(neuron.discretization, Euler):
        return
    yield from _oscillations(where, neuron, dt_s)


def _threshold_faults(where: Subject, neuron: If | Lif | CubaLif) -> Iterator[Diagnostic]:
    """Thresholds that are not above the reset value and the floor."""
    lowest = float(np.min(np.asarray(neuron.v_threshold)))
    base = float(np.max(np.asarray(neuron.reset.value))) if neuron.reset.mode == "value" else 0.0
    if lowest <= base:
        yield finding("ND111", where, f"v_threshold {lowest:g} is not above the reset value {base:g}")
    floor = None if neuron.v_floor is None else float(np.max(np.asarray(neuron.v_floor)))
    if floor is not None and floor >= lowest:
        message = f"v_floor {floor:g} is not below v_threshold {lowest:g}, so neurons would spike in every step"
        yield finding("ND118", where, message)


def _oscillations(where: Subject, neuron: Lif | CubaLif | Li | CubaLi, dt_s: float) -> Iterator[Diagnostic]:
    """Time constants shorter than a step under the euler rule."""
    keep = factors(neuron, dt_s)
    for name, factor in (("tau_m_s", keep.keep_v), ("tau_syn_s", keep.keep_i)):
        tau = getattr(neuron, name, None)
        if tau is None:
            continue
        least = float(np.min(np.asarray(tau)))
        if float(np.min(factor)) < 0:
            yield finding(
                "ND112",
                where,
                f"{name} {least:g} s is shorter than the step of {dt_s:g} s, so the euler rule oscillates",
                fixes=[
                    "discretization = exact",
                    f"dt_s at most {least:g}",
                    "check the unit of the time constant",
                ],
            )


def _reach(network: Network) -> Iterator[Diagnostic]:
    reached = {item.name for item in network.inputs}
    reached |= {item.name for item in network.populations if _drives_itself(item)}
    edges = [(item.source, item.target) for item in network.projections if item.plasticity or _carries(item.operation)]
    grew = True
    while grew:
        new = {target for source, target in edges if source in reached} - reached
        reached |= new
        grew = bool(new)
    for population in network.populations:
        if population.name not in reached:
            yield finding(
                "ND115",
                about("population", population.name),
                "is not driven: no input reaches it, and it has no bias",
            )
    if not network.outputs:
        yield finding(
            "ND116", about("network", network.name), "has no output, so it has neither answers nor an accuracy"
        )


def _carries(operation: Operation) -> bool:
    """Whether an operation has a nonzero weight."""
    if isinstance(operation, Chain):
        return all(_carries(step) for step in operation.operations)
    if isinstance(operation, PROCEDURAL):
        return bool(np.any(table_of(operation.weights)))
    return bool(np.any(getattr(operation, "weights", 1)))


def _drives_itself(population: Population) -> bool:
    neuron = population.neuron
    if isinstance(neuron, IntegerNeuron):
        own = getattr(neuron, "bias_mant", getattr(neuron, "bias", 0))
        return bool(np.any(np.asarray(own))) or getattr(neuron, "noise", None) is not None
    return bool(np.any(np.asarray(neuron.bias))) or bool(np.any(np.asarray(getattr(neuron, "v_leak", 0.0))))
