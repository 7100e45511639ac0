"""Verb: whether a network makes sense by itself; every fault at once. Must not know any chip."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy._noun import Noun
from neurodeploy._plain import as_array
from neurodeploy.diagnostics import Diagnostic, finding, raise_errors, sorted_findings
from neurodeploy.diagnostics.translate import nearest
from neurodeploy.network.coding import FirstSpike, SpikeCount
from neurodeploy.network.connectivity import target_size
from neurodeploy.network.convolution import output_shape, window_of
from neurodeploy.network.discretize import factors
from neurodeploy.network.graded import IntegerNeuron
from neurodeploy.network.network import Network, Population, Probe, Projection
from neurodeploy.network.neurons import CubaLi, CubaLif, Euler, If, Li, Lif
from neurodeploy.network.operations import (
    AvgPool2d,
    Chain,
    Conv1d,
    Conv2d,
    Dense,
    OneToOne,
    Operation,
    Sparse,
    SumPool2d,
)

__all__ = ["findings_of", "probe_faults", "require_valid", "validate"]


def validate(network: Network) -> tuple[Diagnostic, ...]:
    """Return every fault of the network (ND101-ND120), errors first."""
    return network.findings


def require_valid(network: Network) -> None:
    """Refuse a network with a fault before any stage uses its names and shapes. Raises DiagnosticError: ND101-ND120."""
    raise_errors("validate", network.findings)


def findings_of(network: Network) -> tuple[Diagnostic, ...]:
    """Look for every fault; `validate` remembers them."""
    found = [*_names(network), *_references(network), *_sizes(network)]
    if any(item.code == "ND124" for item in found):
        return sorted_findings(found)
    for population in network.populations:
        found += _parameters(population, network.time.dt_s)
    for projection in network.projections:
        if _known(network, projection):
            found += _shapes(network, projection)
    if not any(item.severity == "error" for item in found):
        found += _reach(network)
    return sorted_findings(found)


def _names(network: Network) -> Iterator[Diagnostic]:
    if not network.populations:
        yield finding("ND113", f"network '{network.name}'", "has no population")
    spaces = {
        "population or input": [item.name for item in (*network.populations, *network.inputs)],
        "projection": [item.name for item in network.projections],
        "output": [item.name for item in network.outputs],
        "probe": [item.name for item in network.probes],
    }
    for space, names in spaces.items():
        for name, count in Counter(names).items():
            if count > 1:
                yield finding("ND103", f"{space} '{name}'", f"the name is used {count} times")


MOST_NEURONS = 1 << 25
"""Of one network; a neuron takes some hundred bytes on the way to a program."""


def _sizes(network: Network) -> Iterator[Diagnostic]:
    """Networks that no machine of one user holds; nothing of them is looked at any closer."""
    for what, items in (("neurons", network.populations), ("input lines", network.inputs)):
        total = sum(item.size for item in items)
        if total > MOST_NEURONS:
            largest = max(items, key=lambda item: item.size)
            told = f"has more {what} than a network is compiled with here, most of them in '{largest.name}'"
            yield finding("ND124", f"network '{network.name}'", told, found=total, limit=MOST_NEURONS)


def _ports(network: Network) -> Iterator[Diagnostic]:
    """Projections to a second input that their target does not have."""
    for item in network.projections:
        target = network.population_by_name.get(item.target)
        ports = target.neuron.ports if target and isinstance(target.neuron, IntegerNeuron) else 1
        if target and item.port == "b" and ports == 1:
            told = f"goes to port 'b' of population '{item.target}', and kind '{target.neuron.kind}' has one input"
            yield finding("ND119", f"projection '{item.name}'", told, fixes=["port = a"])


def probe_faults(network: Network, probes: Iterable[Probe], code: str) -> Iterator[Diagnostic]:
    """Yield `code` for each probe of a state that its population does not have."""
    for item in probes:
        target = network.population_by_name.get(item.target)
        if target is None:
            continue
        own = target.neuron.memories if isinstance(target.neuron, IntegerNeuron) else ()
        known = ("v", "u", "v_register", *own)
        if item.variable not in known:
            told = (
                f"population '{item.target}' ({target.neuron.kind}) has no state '{item.variable}': {', '.join(known)}"
            )
            yield finding(code, f"probe '{item.name}'", told)


def _known(network: Network, projection: Projection) -> bool:
    sources = {*network.population_by_name, *network.input_by_name}
    return projection.source in sources and projection.target in network.population_by_name


def _references(network: Network) -> Iterator[Diagnostic]:
    populations = [item.name for item in network.populations]
    sources = [*populations, *(item.name for item in network.inputs)]
    for item in network.projections:
        where = f"projection '{item.name}'"
        if item.source not in sources:
            yield finding("ND101", where, f"source '{item.source}' does not exist", fixes=nearest(item.source, sources))
        if item.target in network.input_by_name:
            yield finding("ND101", where, f"target '{item.target}' is an input; only populations receive")
        elif item.target not in populations:
            yield finding(
                "ND101",
                where,
                f"target '{item.target}' does not exist",
                fixes=nearest(item.target, populations),
            )
    readers = [(f"output '{item.name}'", item.source) for item in network.outputs]
    readers += [(f"probe '{item.name}'", item.target) for item in network.probes]
    for where, name in readers:
        if name not in populations:
            yield finding("ND101", where, f"population '{name}' does not exist", fixes=nearest(name, populations))
    yield from _ports(network)
    yield from probe_faults(network, network.probes, "ND120")
    for item in network.outputs:
        population = network.population_by_name.get(item.source)
        if (
            population is not None
            and isinstance(population.neuron, (Li, CubaLi))
            and isinstance(item.decoder, (SpikeCount, FirstSpike))
        ):
            yield finding(
                "ND114",
                f"output '{item.name}'",
                f"decoder '{item.decoder.kind}' counts spikes, and population '{item.source}' (li) never spikes",
                fixes=["decoder = membrane"],
            )


def _arrays(value: Noun, path: str) -> Iterator[tuple[str, NDArray[Any]]]:
    for name in type(value).model_fields:
        item = getattr(value, name)
        array = as_array(item)
        if array is not None:
            yield f"{path}{name}", array
        elif isinstance(item, Noun):
            yield from _arrays(item, f"{path}{name}.")


def _parameters(population: Population, dt_s: float) -> Iterator[Diagnostic]:
    where, neuron = f"population '{population.name}'", population.neuron
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


def _threshold_faults(where: str, neuron: If | Lif | CubaLif) -> Iterator[Diagnostic]:
    """Thresholds that the reset value or the floor reaches."""
    lowest = float(np.min(np.asarray(neuron.v_threshold)))
    base = float(np.max(np.asarray(neuron.reset.value))) if neuron.reset.mode == "value" else 0.0
    if lowest <= base:
        yield finding("ND111", where, f"v_threshold {lowest:g} does not lie above the reset value {base:g}")
    floor = None if neuron.v_floor is None else float(np.max(np.asarray(neuron.v_floor)))
    if floor is not None and floor >= lowest:
        message = f"v_floor {floor:g} does not lie below v_threshold {lowest:g}: every neuron would fire always"
        yield finding("ND118", where, message)


def _oscillations(where: str, neuron: Lif | CubaLif | Li | CubaLi, dt_s: float) -> Iterator[Diagnostic]:
    """Time constants shorter than a step, under euler."""
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
                f"{name} {least:g} s is shorter than the step of {dt_s:g} s, and euler then oscillates",
                fixes=[
                    "discretization = exact",
                    f"dt_s at most {least:g}",
                    "check the unit of the time constant",
                ],
            )


def _needed(network: Network, projection: Projection) -> tuple[int, int]:
    return network.population_by_name[projection.target].size, network.source_size(projection.source)


def _shapes(network: Network, projection: Projection) -> Iterator[Diagnostic]:
    where, operation = f"projection '{projection.name}'", projection.operation
    post, pre = _needed(network, projection)
    faults = list(_geometry_faults(where, operation, pre))
    yield from faults
    if faults:
        return
    got = _operation_shape(operation, pre)
    if got is not None and got != (post, pre):
        fixes = ["transpose the weights: they are (post, pre)"] if got == (pre, post) else []
        yield finding(
            "ND102",
            where,
            f"weights have shape {list(got)}; needs [{post}, {pre}] (post '{projection.target}', pre '{projection.source}')",
            fixes=fixes,
        )
        return
    if isinstance(operation, OneToOne) and (post != pre or operation.weights.shape not in ((), (pre,))):
        yield finding(
            "ND102",
            where,
            f"one_to_one joins {pre} to {post} neurons with weights of shape {list(operation.weights.shape)}; needs equal sizes and one weight or one each",
        )
        return
    if isinstance(operation, Sparse):
        faults = list(_sparse_faults(where, operation))
        yield from faults
        if faults:
            return
    yield from _delay_faults(where, projection, post, pre)


def _operation_shape(operation: Operation, pre: int) -> tuple[int, ...] | None:
    if isinstance(operation, Dense):
        return tuple(operation.weights.shape)
    if isinstance(operation, OneToOne):
        return None
    return tuple(operation.shape) if isinstance(operation, Sparse) else (target_size(operation, pre), pre)


def _geometry_faults(where: str, operation: Operation, pre: int) -> Iterator[Diagnostic]:
    """Kernels that do not fit their channels or their source, and steps of a chain that do not follow."""
    for number, step in enumerate(operation.operations if isinstance(operation, Chain) else (operation,)):
        at = f"step {number + 1} of the chain, {step.kind}: " if isinstance(operation, Chain) else ""
        fault = _step_fault(step, pre, chained=isinstance(operation, Chain))
        if fault:
            yield finding("ND117", where, at + fault)
            return
        if isinstance(step, Sparse) and isinstance(operation, Chain):
            faults = list(_sparse_faults(where, step))
            yield from faults
            if faults:
                return
        pre = target_size(step, pre)


MOST_SYNAPSES = 1 << 32
"""Of one convolution or pool, written out."""


def _step_fault(step: Any, pre: int, *, chained: bool) -> str | None:
    if isinstance(step, (Dense, Sparse)):
        shape = tuple(step.weights.shape) if isinstance(step, Dense) else step.shape
        if chained and (len(shape) != 2 or shape[1] != pre):
            return f"weights have shape {list(shape)}; {pre} neurons reach them"
        return None
    if isinstance(step, OneToOne):
        return (
            None
            if step.weights.shape in ((), (pre,)) or not chained
            else f"{pre} neurons reach {step.weights.size} weights"
        )
    if prod(step.input_shape) != pre:
        return f"input_shape {list(step.input_shape)} has {prod(step.input_shape)} places; {pre} neurons reach them"
    if isinstance(step, (Conv1d, Conv2d)) and 0 in step.weights.shape:
        return f"weights have shape {list(step.weights.shape)}: there are none"
    rank = 3 if isinstance(step, Conv1d) else 4
    if isinstance(step, (Conv1d, Conv2d)) and step.weights.ndim != rank:
        return f"weights have shape {list(step.weights.shape)}; needs {rank} axes"
    if isinstance(step, (SumPool2d, AvgPool2d)):
        reach = [n + 2 * p for n, p in zip(step.input_shape[1:], step.padding, strict=True)]
        if any(k > n for k, n in zip(step.kernel, reach, strict=True)):
            return f"window {list(step.kernel)} does not fit into {reach}, the padding included"
    window = window_of(step)
    channels, out = step.input_shape[0], window.weights.shape[0]
    if window.weights.shape[1] * window.groups != channels or out % window.groups:
        return f"weights have shape {list(window.weights.shape)} in {window.groups} groups; the source has {channels} channels"
    if 0 in output_shape(window):
        return f"kernel {list(window.weights.shape[2:])} does not fit into {list(step.input_shape[1:])}"
    places = prod(output_shape(window)) * prod(window.weights.shape[1:])
    if places > MOST_SYNAPSES:
        return f"it is {places:,} synapses, and no more than {MOST_SYNAPSES:,} are written out"
    return None


def _sparse_faults(where: str, operation: Sparse) -> Iterator[Diagnostic]:
    columns = (operation.post, operation.pre, operation.weights)
    sizes = {column.shape for column in columns}
    if len(sizes) > 1 or operation.weights.ndim != 1:
        yield finding(
            "ND102",
            where,
            f"post, pre and weights have shapes {[list(column.shape) for column in columns]}; needs one length",
        )
        return
    for name, column, stop in (
        ("post", operation.post, operation.shape[0]),
        ("pre", operation.pre, operation.shape[1]),
    ):
        bad = np.flatnonzero((column < 0) | (column >= stop))
        if bad.size:
            yield finding(
                "ND105",
                where,
                f"{bad.size} of {column.size} {name} indices are outside 0..{stop - 1}, first {int(column[bad[0]])} at {bad[0]}",
            )
    key = operation.post.astype(np.int64) * operation.shape[1] + operation.pre
    twice = key.size - np.unique(key).size
    if twice:
        yield finding(
            "ND106",
            where,
            f"{twice} of {key.size} synapses join a pair of neurons that another synapse joins already",
            fixes=["add their weights"],
        )


def _delay_faults(where: str, projection: Projection, post: int, pre: int) -> Iterator[Diagnostic]:
    delays = np.asarray(projection.delay_steps)
    if delays.size and int(delays.min()) < 0:
        yield finding("ND107", where, f"delay_steps {int(delays.min())} is negative; 0 is the least")
    if not delays.ndim:
        return
    own = projection.operation
    each = tuple(own.weights.shape) if isinstance(own, (Dense, Sparse, OneToOne)) else None
    if projection.delay_axis == "synapse" and each is None:
        fixes = ["delay_axis = projection, source or target"]
        yield finding(
            "ND107",
            where,
            f"synapses of a {own.kind} share their weights, and have no delays of their own",
            fixes=fixes,
        )
        return
    needs = {"source": (pre,), "target": (post,), "synapse": each}.get(projection.delay_axis)
    if needs is None:
        yield finding(
            "ND107",
            where,
            f"delay_steps is an array of shape {list(delays.shape)}, but delay_axis is 'projection'",
            fixes=["delay_axis = source, target or synapse"],
        )
    elif delays.shape != needs:
        yield finding(
            "ND107",
            where,
            f"delay_steps has shape {list(delays.shape)}; delay_axis '{projection.delay_axis}' needs {list(needs)}",
        )


def _reach(network: Network) -> Iterator[Diagnostic]:
    reached = {item.name for item in network.inputs}
    reached |= {item.name for item in network.populations if _drives_itself(item)}
    edges = [(item.source, item.target) for item in network.projections if _carries(item.operation)]
    grew = True
    while grew:
        new = {target for source, target in edges if source in reached} - reached
        reached |= new
        grew = bool(new)
    for population in network.populations:
        if population.name not in reached:
            yield finding(
                "ND115",
                f"population '{population.name}'",
                "nothing drives it: no input reaches it, and it has no bias",
            )
    if not network.outputs:
        yield finding("ND116", f"network '{network.name}'", "has no output, so no answer and no accuracy can be given")


def _carries(operation: Operation) -> bool:
    """Whether any weight of an operation is not 0, as far as its own weights tell."""
    if isinstance(operation, Chain):
        return all(_carries(step) for step in operation.operations)
    return bool(np.any(getattr(operation, "weights", 1)))


def _drives_itself(population: Population) -> bool:
    neuron = population.neuron
    if isinstance(neuron, IntegerNeuron):
        own = getattr(neuron, "bias_mant", getattr(neuron, "bias", 0))
        return bool(np.any(np.asarray(own))) or getattr(neuron, "noise", None) is not None
    return bool(np.any(np.asarray(neuron.bias))) or bool(np.any(np.asarray(getattr(neuron, "v_leak", 0.0))))
