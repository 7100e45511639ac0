"""Neurons of which there are two, each with half the weight on what it drives, so that the loss of one costs half.

A copy has the parameters and the incoming weights of its neuron, so that both spike together; weights that leave them are
halved. Populations whose synapses are listed one by one, in real numbers, can have copies; those of windows cannot, because
a copy has no place among their coordinates, nor those of stored integers, which have no halves.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.plain import as_array
from neurodeploy.network import Dense, Network, Population, Projection, Sparse
from neurodeploy.program.program import Program

__all__ = ["can_duplicate", "duplicated"]

Ints = NDArray[np.int64]


def can_duplicate(program: Program, population: str) -> bool:
    """Return whether neurons of a `population` of a `program` can have copies."""
    network = program.network
    wires = [item for item in network.projections if population in (item.source, item.target)]
    read = any(item.source == population for item in network.outputs)
    probed = any(item.target == population for item in network.probes)
    return bool(wires) and not read and not probed and all(map(_is_plain, wires))


def _is_plain(wire: Projection) -> bool:
    """Whether the synapses of a projection are listed one by one, in real numbers, and stay as they are."""
    listed = isinstance(wire.operation, (Dense, Sparse)) and wire.source != wire.target
    return listed and wire.plasticity is None and wire.weight_format is None


def duplicated(network: Network, population: str, neurons: Ints) -> Network:
    """Return a `network` in which each of some `neurons` of a `population` has a copy, after all others, in their order."""
    changed = tuple(_more(item, neurons) if item.name == population else item for item in network.populations)
    size = network.population_by_name[population].size
    wires = tuple(
        _arriving(item, neurons, size)
        if item.target == population
        else _leaving(item, neurons, size)
        if item.source == population
        else item
        for item in network.projections
    )
    return network.model_copy(update={"populations": changed, "projections": wires})


def _more(population: Population, neurons: Ints) -> Population:
    """The population with copies at its end, flat."""
    neuron, fields = population.neuron, dict[str, NDArray[Any]]()
    for name in type(neuron).model_fields:
        value: object = getattr(neuron, name)
        flat = as_array(value)
        if flat is not None and flat.ndim:
            flat = flat.reshape(-1)
            fields[name] = np.concatenate([flat, flat[neurons]])
    size = population.size + neurons.size
    return population.model_copy(update={"shape": (size,), "neuron": neuron.model_copy(update=fields)})


def _arriving(wire: Projection, neurons: Ints, size: int) -> Projection:
    """A projection onto the population: copies receive what their neurons receive."""
    operation, delays = wire.operation, np.asarray(wire.delay_steps)
    if isinstance(operation, Dense):
        weights = np.asarray(operation.weights)
        made = operation.model_copy(update={"weights": np.concatenate([weights, weights[neurons]])})
        rows = neurons
    else:
        assert isinstance(operation, Sparse), "internal: only listed synapses have copies"
        copy = _copies(np.asarray(operation.post), neurons, size)
        rows = np.flatnonzero(copy >= 0)
        made = _longer(operation, rows, {"post": copy[rows]}, (size + neurons.size, operation.shape[1]))
    if wire.delay_axis in ("target", "synapse") and delays.ndim:
        own = neurons if wire.delay_axis == "target" else rows
        return _with(wire, made, np.concatenate([delays, delays[own]]))
    return _with(wire, made)


def _leaving(wire: Projection, neurons: Ints, size: int) -> Projection:
    """A projection from the population: a neuron and its copy share each weight."""
    operation, delays = wire.operation, np.asarray(wire.delay_steps)
    if isinstance(operation, Dense):
        weights = np.array(operation.weights, dtype=np.float64)
        weights[:, neurons] /= 2
        made = operation.model_copy(update={"weights": np.concatenate([weights, weights[:, neurons]], axis=1)})
        rows = neurons
    else:
        assert isinstance(operation, Sparse), "internal: only listed synapses have copies"
        copy = _copies(np.asarray(operation.pre), neurons, size)
        rows = np.flatnonzero(copy >= 0)
        weights = np.array(operation.weights, dtype=np.float64)
        weights[rows] /= 2
        halved = operation.model_copy(update={"weights": weights})
        made = _longer(halved, rows, {"pre": copy[rows]}, (operation.shape[0], size + neurons.size))
    if wire.delay_axis == "source" and delays.ndim:
        return _with(wire, made, np.concatenate([delays, delays[neurons]]))
    if wire.delay_axis == "synapse" and delays.ndim:
        axis = delays.ndim - 1
        return _with(wire, made, np.concatenate([delays, np.take(delays, rows, axis=axis)], axis=axis))
    return _with(wire, made)


def _with(wire: Projection, operation: Dense | Sparse, delays: NDArray[Any] | None = None) -> Projection:
    update: dict[str, Any] = {"operation": operation}
    return wire.model_copy(update=update if delays is None else {**update, "delay_steps": delays})


def _longer(operation: Sparse, rows: Ints, ends: dict[str, Ints], shape: tuple[int, int]) -> Sparse:
    """A list of synapses with copies of some `rows`, which have other `ends`."""
    columns = {name: np.asarray(getattr(operation, name)) for name in ("pre", "post", "weights")}
    more = {name: np.concatenate([column, ends.get(name, column[rows])]) for name, column in columns.items()}
    return operation.model_copy(update={**more, "shape": shape})


def _copies(own: Ints, neurons: Ints, size: int) -> Ints:
    """(n,) number of the copy of each of some neurons, -1 without one."""
    number = np.full(size, -1, dtype=np.int64)
    number[neurons] = size + np.arange(neurons.size)
    return number[own]
