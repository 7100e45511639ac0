"""Checks that the operation and delays of a projection match its source and target. Independent of any chip."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np

from neurodeploy.base.arrays import repeats
from neurodeploy.diagnostics import Diagnostic, Subject, about, finding
from neurodeploy.network.convolution import output_shape, window_of
from neurodeploy.network.coordinates import target_size
from neurodeploy.network.network import Network, Projection
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
from neurodeploy.network.procedural.operations import PROCEDURAL
from neurodeploy.network.validate_procedural import procedural_faults

__all__ = ["shape_faults"]


def _needed(network: Network, projection: Projection) -> tuple[int, int]:
    return network.population_by_name[projection.target].size, network.source_size(projection.source)


def shape_faults(network: Network, projection: Projection) -> Iterator[Diagnostic]:
    """Yield findings about the operation and delays of a projection with an existing source and target (ND102-ND107, ND117, ND134)."""
    where, operation = about("projection", projection.name), projection.operation
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
        problem = f"one_to_one connects {pre} to {post} neurons with weights of shape {list(operation.weights.shape)}"
        yield finding("ND102", where, f"{problem}; needs equal sizes, and one weight or one for each neuron")
        return
    if isinstance(operation, Sparse):
        faults = list(_sparse_faults(where, operation))
        yield from faults
        if faults:
            return
    if isinstance(operation, PROCEDURAL):
        faults = list(procedural_faults(where, projection, operation))
        yield from faults
        if faults:
            return
    yield from _delay_faults(where, projection, post, pre)


def _operation_shape(operation: Operation, pre: int) -> tuple[int, ...] | None:
    if isinstance(operation, Dense):
        return tuple(operation.weights.shape)
    if isinstance(operation, OneToOne):
        return None
    own = isinstance(operation, (Sparse, *PROCEDURAL))
    return tuple(operation.shape) if own else (target_size(operation, pre), pre)


def _geometry_faults(where: Subject, operation: Operation, pre: int) -> Iterator[Diagnostic]:
    """Kernels that do not match their source, and steps of a chain that do not match the step before."""
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
        pre = target_size(step, pre) if isinstance(operation, Chain) else pre


MOST_SYNAPSES = 1 << 32
"""Most synapses of one convolution or pool."""


def _step_fault(step: Any, pre: int, *, chained: bool) -> str | None:
    if isinstance(step, (Dense, Sparse)):
        shape = tuple(step.weights.shape) if isinstance(step, Dense) else step.shape
        if chained and (len(shape) != 2 or shape[1] != pre):
            return f"weights have shape {list(shape)}, but the source has {pre} neurons"
        return None
    if isinstance(step, PROCEDURAL):
        return None
    if isinstance(step, OneToOne):
        return (
            None
            if step.weights.shape in ((), (pre,)) or not chained
            else f"has {step.weights.size} weights, but the source has {pre} neurons"
        )
    if prod(step.input_shape) != pre:
        return f"input_shape {list(step.input_shape)} has {prod(step.input_shape)} neurons, but the source has {pre}"
    if isinstance(step, (Conv1d, Conv2d)) and 0 in step.weights.shape:
        return f"weights have shape {list(step.weights.shape)}, which is empty"
    rank = 3 if isinstance(step, Conv1d) else 4
    if isinstance(step, (Conv1d, Conv2d)) and step.weights.ndim != rank:
        return f"weights have shape {list(step.weights.shape)}; needs {rank} axes"
    if isinstance(step, (SumPool2d, AvgPool2d)):
        reach = [n + 2 * p for n, p in zip(step.input_shape[1:], step.padding, strict=True)]
        if any(k > n for k, n in zip(step.kernel, reach, strict=True)):
            return f"kernel {list(step.kernel)} does not fit into {reach}, including padding"
    window = window_of(step)
    channels, out = step.input_shape[0], window.weights.shape[0]
    if window.weights.shape[1] * window.groups != channels or out % window.groups:
        return f"weights have shape {list(window.weights.shape)} in {window.groups} groups; the source has {channels} channels"
    if 0 in output_shape(window):
        return f"kernel {list(window.weights.shape[2:])} does not fit into {list(step.input_shape[1:])}"
    places = prod(output_shape(window)) * prod(window.weights.shape[1:])
    if places > MOST_SYNAPSES:
        return f"has {places:,} synapses; the limit is {MOST_SYNAPSES:,}"
    return None


def _sparse_faults(where: Subject, operation: Sparse) -> Iterator[Diagnostic]:
    columns = (operation.post, operation.pre, operation.weights)
    sizes = {column.shape for column in columns}
    if len(sizes) > 1 or operation.weights.ndim != 1:
        yield finding(
            "ND102",
            where,
            f"post, pre and weights have shapes {[list(column.shape) for column in columns]}; they must have the same length",
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
                f"{bad.size} of {column.size} {name} indices are outside 0..{stop - 1}; the first is {int(column[bad[0]])} at {bad[0]}",
            )
    key = operation.pre.astype(np.int64) * operation.shape[0] + operation.post  # by source, as most files list them
    twice = repeats(key)
    if twice:
        yield finding(
            "ND106",
            where,
            f"{twice} of {key.size} synapses connect the same pair of neurons as another synapse",
            fixes=["add their weights"],
        )


def _delay_faults(where: Subject, projection: Projection, post: int, pre: int) -> Iterator[Diagnostic]:
    delays = np.asarray(projection.delay_steps)
    if delays.size and int(delays.min()) < 0:
        yield finding("ND107", where, f"delay_steps {int(delays.min())} is negative")
    if not delays.ndim:
        return
    own = projection.operation
    each = tuple(own.weights.shape) if isinstance(own, (Dense, Sparse, OneToOne)) else None
    if projection.delay_axis == "synapse" and each is None:
        fixes = ["delay_axis = projection, source or target"]
        yield finding(
            "ND107",
            where,
            f"synapses of a {own.kind} share weights and cannot have individual delays",
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
