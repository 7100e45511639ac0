"""Judgement of networks against chips of a fixed network shape: inputs, one hidden block, outputs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics import Diagnostic, about, finding
from neurodeploy.feasibility.judgement import Use, over, use_of
from neurodeploy.hardware.feasibility_target import FixedTarget
from neurodeploy.network import Network
from neurodeploy.network.connectivity import synapses_of

__all__ = ["judge_fixed"]

Ints = NDArray[np.int64]


class _Roles(NamedTuple):
    """Assignment of populations to the blocks of the chip."""

    hidden: tuple[str, ...]
    outputs: tuple[str, ...]


class _Counts(NamedTuple):
    """Counts that the limits apply to."""

    inputs: int
    hidden: int
    outputs: int
    fan_out: dict[str, Ints]
    """Hidden population -> synapses of each of its neurons onto hidden neurons."""
    input_reach: int
    output_reads: int


def _roles(network: Network) -> _Roles:
    """Output populations are those with an output; without any, those without outgoing projections."""
    read = {item.source for item in network.outputs}
    if not read:
        read = {item.name for item in network.populations} - {item.source for item in network.projections}
    names = [item.name for item in network.populations]
    return _Roles(tuple(n for n in names if n not in read), tuple(n for n in names if n in read))


def _structure(network: Network, roles: _Roles, target: FixedTarget) -> Iterator[Diagnostic]:
    """Projections that do not fit the fixed shape."""
    sources = {item.source for item in network.projections}
    for name in roles.outputs:
        if name in sources:
            message = f"is an output population and projects to another: output neurons of target '{target.name}' have no outgoing projections"
            yield finding("ND342", about("population", name), message)
    for item in network.projections:
        if item.source in network.input_by_name and item.target in roles.outputs:
            message = f"connects an input directly to an output: target '{target.name}' needs hidden neurons in between"
            yield finding("ND342", about("projection", item.name), message)
    if not roles.hidden:
        message = f"has no hidden population: target '{target.name}' needs one before its outputs"
        yield finding("ND342", about("network", network.name), message)


def _counts(network: Network, roles: _Roles) -> _Counts:
    sizes = {item.name: item.size for item in network.populations}
    fan_out = {name: np.zeros(sizes[name], dtype=np.int64) for name in roles.hidden}
    reached = {name: np.zeros(sizes[name], dtype=bool) for name in roles.hidden}
    read = {name: np.zeros(sizes[name], dtype=bool) for name in roles.hidden}
    for item in network.projections:
        synapses = synapses_of(item, network.source_size(item.source))
        if item.source in network.input_by_name and item.target in reached:
            reached[item.target][synapses.post] = True
        elif item.source in fan_out and item.target in fan_out:
            fan_out[item.source] += np.bincount(synapses.pre, minlength=sizes[item.source])
        elif item.source in read and item.target in roles.outputs:
            read[item.source][synapses.pre] = True
    return _Counts(
        inputs=sum(item.size for item in network.inputs),
        hidden=sum(sizes[name] for name in roles.hidden),
        outputs=sum(sizes[name] for name in roles.outputs),
        fan_out=fan_out,
        input_reach=sum(int(flags.sum()) for flags in reached.values()),
        output_reads=sum(int(flags.sum()) for flags in read.values()),
    )


def _limits(network: Network, counts: _Counts, target: FixedTarget) -> Iterator[Diagnostic]:
    where = about("network", network.name)
    for field, found, what in (
        ("inputs", counts.inputs, "has more input lines than the chip has channels"),
        ("hidden", counts.hidden, "has more hidden neurons than the chip"),
        ("outputs", counts.outputs, "has more output neurons than the chip"),
    ):
        yield from over("ND346", where, what, target, field, found)
    for name, values in counts.fan_out.items():
        worst = int(values.max(initial=0))
        limit = target.limits.fan_out
        count = 0 if limit is None else int(np.count_nonzero(values > limit.value))
        message = f"{count:,} of {values.size:,} neurons send to more hidden neurons than one can"
        yield from over("ND347", about("population", name), message, target, "fan_out", worst)
    total = sum(int(values.sum()) for values in counts.fan_out.values())
    yield from over("ND350", where, "has more synapses between hidden neurons than the chip", target, "synapses", total)
    reach = "inputs project to more hidden neurons than the chip connects to inputs"
    yield from over("ND347", where, reach, target, "input_reach", counts.input_reach)
    reads = "outputs have more hidden source neurons than the chip connects to outputs"
    yield from over("ND348", where, reads, target, "output_reads", counts.output_reads)


def judge_fixed(network: Network, target: FixedTarget) -> tuple[list[Diagnostic], list[Use]]:
    """Return findings (ND342, ND346-ND348, ND350) and the use of every limit."""
    roles = _roles(network)
    counts = _counts(network, roles)
    most = max((int(values.max(initial=0)) for values in counts.fan_out.values()), default=0)
    figures = {
        "inputs": counts.inputs,
        "hidden": counts.hidden,
        "outputs": counts.outputs,
        "fan_out": most,
        "synapses": sum(int(values.sum()) for values in counts.fan_out.values()),
        "input_reach": counts.input_reach,
        "output_reads": counts.output_reads,
    }
    uses = [use_of(target, name, found) for name, found in figures.items()]
    found = [*_structure(network, roles, target), *_limits(network, counts, target)]
    return found, [item for item in uses if item is not None]
