"""Checks that the learning rule of a projection fits its synapses, its source and its target. Independent of any chip."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from neurodeploy.diagnostics import Diagnostic, about, finding
from neurodeploy.diagnostics.translate import nearest
from neurodeploy.network.coding import Current
from neurodeploy.network.equations import RuleProduct
from neurodeploy.network.graded import IntegerNeuron
from neurodeploy.network.network import Network, Projection
from neurodeploy.network.neurons import CubaLi, Li
from neurodeploy.network.operations import Dense, OneToOne, Sparse
from neurodeploy.network.plasticity import DELAY_RANGE, TAG_RANGE, TRACES, Pes, Plasticity, SumOfProducts
from neurodeploy.network.procedural.operations import PROCEDURAL

__all__ = ["plasticity_faults", "unknown_senders"]

RANGES = {"delay": DELAY_RANGE, "tag": TAG_RANGE}
"""Values that delay variables and tags can begin with."""


def senders(rule: Plasticity) -> list[tuple[str, str]]:
    """(what, name) of each population or input that a rule receives a signal from."""
    if isinstance(rule, Pes):
        return [("error", rule.error)]
    return [("third factor", item.source) for item in rule.third_factors]


def unknown_senders(network: Network) -> Iterator[Diagnostic]:
    """Yield ND101 for each signal of a learning rule whose population or input does not exist."""
    names = [*network.population_by_name, *network.input_by_name]
    for item in network.projections:
        for what, name in senders(item.plasticity) if item.plasticity is not None else ():
            if name not in names:
                message = f"the source '{name}' of its {what} does not exist"
                yield finding("ND101", about("projection", item.name), message, fixes=nearest(name, names))


def plasticity_faults(network: Network, projection: Projection) -> Iterator[Diagnostic]:
    """Yield findings about the plasticity of a projection with an existing source and target (ND125-ND131)."""
    rule, operation = projection.plasticity, projection.operation
    if rule is None:
        return
    if not isinstance(operation, (Dense, Sparse, OneToOne)):
        own = (
            "are drawn whenever they are read"
            if isinstance(operation, PROCEDURAL)
            else "share weights or are products of others"
        )
        message = f"is plastic, but synapses of a {operation.kind} {own}"
        fixes = ["operation = sparse, with a synapse for each pair of neurons"]
        yield finding("ND125", about("projection", projection.name), message, fixes=fixes)
        return
    yield from _sizes(network, projection, rule)
    if isinstance(rule, SumOfProducts):
        yield from _start_faults(network, projection, rule)
        yield from _graded_faults(network, projection, rule)
        yield from _decimations(projection, rule)
        yield from _silent_traces(projection, rule)
    yield from _silent_target(network, projection, rule)


def _sizes(network: Network, projection: Projection, rule: Plasticity) -> Iterator[Diagnostic]:
    """ND126: signals with a number of lines that the rule cannot use."""
    where, target = about("projection", projection.name), network.population_by_name[projection.target]
    known = {*network.population_by_name, *network.input_by_name}
    if isinstance(rule, Pes) and target.size % 2:
        message = f"learns by PES, whose targets are pairs, but population '{target.name}' has {target.size} neurons"
        yield finding("ND126", where, message, fixes=["an even number of target neurons"])
        return
    needs = (target.size // 2, target.size) if isinstance(rule, Pes) else (1, target.size)
    for what, name in senders(rule):
        size = network.source_size(name) if name in known else needs[0]
        if size not in needs:
            listed = " or ".join(str(number) for number in sorted(set(needs)))
            message = (
                f"the source '{name}' of its {what} has {size} lines; needs {listed} for the {target.size} targets"
            )
            yield finding("ND126", where, message)


def _start_faults(network: Network, projection: Projection, rule: SumOfProducts) -> Iterator[Diagnostic]:
    """ND127: delay variables, tags and weights of third factors of a wrong shape or out of range."""
    where, target = about("projection", projection.name), network.population_by_name[projection.target]
    shape = np.shape(getattr(projection.operation, "weights", ())) or (target.size,)
    for name, (low, high) in RANGES.items():
        values = np.asarray(getattr(rule, name))
        if values.ndim and values.shape != shape:
            message = (
                f"'{name}' of its plasticity has shape {list(values.shape)}; needs one number or shape {list(shape)}"
            )
            yield finding("ND127", where, message)
        elif values.size and not low <= int(values.min()) <= int(values.max()) <= high:
            least, most = int(values.min()), int(values.max())
            given = f"{least}" if least == most else f"{least} to {most}"
            yield finding("ND127", where, f"'{name}' of its plasticity is {given}; needs {low} to {high}")
    for item in rule.third_factors:
        given = np.shape(item.weight)
        if given and given not in ((target.size,), target.shape):
            message = f"weight of its third factor '{item.source}' has shape {list(given)}"
            yield finding("ND127", where, f"{message}; needs one number or shape {[target.size]}")
    twice = {item.trace for item in rule.third_factors if [x.trace for x in rule.third_factors].count(item.trace) > 1}
    for trace in sorted(twice):
        yield finding(
            "ND127", where, f"{trace} is set by several third factors", fixes=["a trace for each", "one sender"]
        )


def _graded_faults(network: Network, projection: Projection, rule: SumOfProducts) -> Iterator[Diagnostic]:
    """ND128: a graded mode without values."""
    if rule.graded == "none":
        return
    source = projection.source
    if source in network.input_by_name:
        sends = isinstance(network.input_by_name[source].encoder, Current)
    else:
        neuron = network.population_by_name[source].neuron
        sends = isinstance(neuron, IntegerNeuron) and neuron.sends_values
    if not sends:
        message = f"its rule takes graded spikes ('{rule.graded}'), but '{source}' sends spikes without values"
        yield finding("ND128", about("projection", projection.name), message, fixes=["graded = none"])


def _products(rule: SumOfProducts) -> tuple[RuleProduct, ...]:
    return (*rule.dw, *rule.dd, *rule.dt)


def _decimations(projection: Projection, rule: SumOfProducts) -> Iterator[Diagnostic]:
    """ND129: u with different k."""
    found = sorted({item.decimation for item in _products(rule) if item.decimation is not None})
    if len(found) > 1:
        names = " and ".join(f"u{k}" for k in found)
        message = f"its products have {names}; a rule has one k for all of dw, dd and dt"
        yield finding("ND129", about("projection", projection.name), message)


def _silent_traces(projection: Projection, rule: SumOfProducts) -> Iterator[Diagnostic]:
    """ND130: traces that are read, but have no impulse and are not set by a signal."""
    read = {factor.variable for item in _products(rule) for factor in item.factors}
    made = {item.trace for item in rule.third_factors} | ({"x1"} if rule.graded != "none" else set[str]())
    silent = [name for name in TRACES if name in read and name not in made and not getattr(rule, name).impulse]
    if silent:
        message = f"its products read {' and '.join(silent)}, always 0: no impulse, and nothing else sets it"
        fixes = [f"{name} = {{impulse = 16, tau_steps = 10}}" for name in silent[:1]]
        yield finding("ND130", about("projection", projection.name), message, fixes=fixes)


def _silent_target(network: Network, projection: Projection, rule: Plasticity) -> Iterator[Diagnostic]:
    """ND131: products that need spikes of a target that never spikes."""
    target = network.population_by_name[projection.target]
    if not isinstance(target.neuron, (Li, CubaLi)) or isinstance(rule, Pes):
        return
    set_by = {item.trace for item in rule.third_factors}
    of_target = {"y0", "y1", "y2", "y3"} - set_by
    needs = {item.dependency for item in _products(rule)} | {
        f.variable for item in _products(rule) for f in item.factors
    }
    found = sorted(needs & of_target)
    if found:
        message = f"its products have {' and '.join(found)}, always 0, as target '{target.name}' ({target.neuron.kind}) never spikes"
        yield finding("ND131", about("projection", projection.name), message)
