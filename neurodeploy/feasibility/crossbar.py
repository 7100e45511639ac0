"""Judgement of networks against crossbars of axons and neurons."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics import Diagnostic, SubjectKind, about, finding
from neurodeploy.feasibility.judgement import Use, over, use_of
from neurodeploy.hardware.feasibility_target import CrossbarTarget
from neurodeploy.hardware.files import cite_figure
from neurodeploy.network import Network
from neurodeploy.network.connectivity import SynapseList, synapses_of

__all__ = ["judge_crossbar"]

Ints = NDArray[np.int64]


class _Crossings(NamedTuple):
    """Synapses by projection, and counts for each neuron that follow from them."""

    synapses: dict[str, SynapseList]
    fan_in: dict[str, Ints]
    """Distinct sources of each neuron."""
    weights: dict[str, Ints]
    """Distinct weights into each neuron."""
    cores: dict[str, Ints]
    """Minimum number of cores that each neuron's spikes reach."""


def _distinct(rows: list[Ints], values: list[NDArray[np.float64]], size: int) -> Ints:
    """Number of distinct values of each row."""
    if not rows:
        return np.zeros(size, dtype=np.int64)
    row, value = np.concatenate(rows), np.unique(np.concatenate(values), return_inverse=True)[1].ravel()
    pairs = np.unique(np.stack([row, value], axis=1), axis=0)
    return np.bincount(pairs[:, 0], minlength=size)


def _crossings(network: Network, in_core: int) -> _Crossings:
    synapses = {item.name: synapses_of(item, network.source_size(item.source)) for item in network.projections}
    sizes = {item.name: item.size for item in network.populations}
    offset, first = 0, dict[str, int]()
    for item in (*network.inputs, *network.populations):
        first[item.name], offset = offset, offset + item.size
    fan_in, weights, cores = dict[str, Ints](), dict[str, Ints](), dict[str, Ints]()
    for name, size in sizes.items():
        into = [item for item in network.projections if item.target == name]
        posts = [synapses[item.name].post for item in into]
        sources = [(synapses[item.name].pre + first[item.source]).astype(np.float64) for item in into]
        fan_in[name] = _distinct(posts, sources, size)
        weights[name] = _distinct(posts, [synapses[item.name].weights.astype(np.float64) for item in into], size)
        reached: Ints = np.zeros(size, dtype=np.int64)
        for target in sizes:
            mine = [item for item in network.projections if (item.source, item.target) == (name, target)]
            pres = [synapses[item.name].pre for item in mine]
            reached += _distinct(pres, [synapses[item.name].post.astype(np.float64) for item in mine], size)
        cores[name] = -(-reached // in_core)
    return _Crossings(synapses, fan_in, weights, cores)


def _of(values: Ints, limit: float) -> str:
    return f"{int(np.count_nonzero(values > limit)):,} of {values.size:,} neurons"


def _per_neuron(crossings: _Crossings, target: CrossbarTarget) -> Iterator[Diagnostic]:
    limits = target.limits
    for name, values in crossings.fan_in.items():
        message = f"{_of(values, limits.axons.value)} have more distinct sources than a core has axons"
        yield from over("ND348", about("population", name), message, target, "axons", int(values.max(initial=0)))
    for name, values in crossings.weights.items():
        if limits.weights_per_neuron is not None:
            bound = limits.weights_per_neuron.value
            message = f"{_of(values, bound)} have more distinct weights than a neuron can store"
            worst = int(values.max(initial=0))
            yield from over("ND349", about("population", name), message, target, "weights_per_neuron", worst)
    for name, values in crossings.cores.items():
        if limits.cores_per_neuron is not None:
            bound = limits.cores_per_neuron.value
            message = f"the targets of {_of(values, bound)} fill more cores than their spikes can reach"
            worst = int(values.max(initial=0))
            yield from over("ND347", about("population", name), message, target, "cores_per_neuron", worst)


def _signs(network: Network, crossings: _Crossings, target: CrossbarTarget) -> Iterator[Diagnostic]:
    """Sources with weights of both signs, if the target has one sign per source."""
    if target.signed_sources is None:
        return
    source = cite_figure(target.file, "signed_sources", target.signed_sources)
    for item in (*network.inputs, *network.populations):
        mine = [crossings.synapses[p.name] for p in network.projections if p.source == item.name]
        up, down = np.zeros(item.size, dtype=bool), np.zeros(item.size, dtype=bool)
        for each in mine:
            up[each.pre[each.weights > 0]] = True
            down[each.pre[each.weights < 0]] = True
        count = int(np.count_nonzero(up & down))
        if count:
            kind: SubjectKind = "input" if item.name in network.input_by_name else "population"
            message = f"{count:,} of {item.size:,} sources have weights of both signs, and a source has one"
            yield finding("ND342", about(kind, item.name, field="weights"), message, limit_source=source)


def _axons(network: Network) -> int:
    """Number of axons in the shared table: input lines, and all neurons if any neuron projects to another."""
    senders = {item.source for item in network.projections}
    neurons = sum(item.size for item in network.populations) if senders & set(network.population_by_name) else 0
    return sum(item.size for item in network.inputs) + neurons


def _pairs(network: Network, crossings: _Crossings) -> Iterator[Diagnostic]:
    """Pairs of neurons with two synapses; a crosspoint holds one."""
    for index, item in enumerate(network.projections):
        ends = (item.source, item.target)
        before = [p for p in network.projections[:index] if (p.source, p.target) == ends]
        size = network.source_size(item.source)
        mine = crossings.synapses[item.name]
        for other in before:
            theirs = crossings.synapses[other.name]
            same = np.intersect1d(mine.post * size + mine.pre, theirs.post * size + theirs.pre).size
            if same:
                message = (
                    f"{same:,} of its synapses join neurons that projection '{other.name}' joins: a crossing holds one"
                )
                yield finding("ND342", about("projection", item.name), message)


def judge_crossbar(network: Network, target: CrossbarTarget) -> tuple[list[Diagnostic], list[Use]]:
    """Return findings (ND342, ND346-ND349) and the use of every limit."""
    limits, where = target.limits, about("network", network.name)
    in_core = int(limits.neurons.value)
    crossings = _crossings(network, in_core)
    neurons = sum(item.size for item in network.populations)
    least = -(-neurons // in_core)
    message = f"its {neurons:,} neurons fill more cores than the chip has"
    found = [*_per_neuron(crossings, target), *_signs(network, crossings, target), *_pairs(network, crossings)]
    found += over("ND346", where, message, target, "cores", least)
    if target.shared_axons is not None:
        message = "its input lines and source neurons need more axons than the chip has"
        found += over("ND346", where, message, target, "axons", _axons(network))
    figures: dict[str, float] = {"cores": least, "neurons": min(neurons, in_core)}
    shared = [_axons(network)] if target.shared_axons is not None else []
    figures["axons"] = max([*shared, *(int(v.max(initial=0)) for v in crossings.fan_in.values())], default=0)
    for field, values in (("weights_per_neuron", crossings.weights), ("cores_per_neuron", crossings.cores)):
        figures[field] = max((int(v.max(initial=0)) for v in values.values()), default=0)
    uses = [use_of(target, name, value) for name, value in figures.items()]
    return found, [item for item in uses if item is not None]
