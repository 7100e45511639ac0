"""Edits that give stored weights more of their bits: outliers clipped, and channels multiplied by powers of two.

A float neuron whose weights, bias, threshold and resets are all multiplied by one number spikes in the same steps. A channel
with small weights therefore may be multiplied by a power of two, so that its weights use more of the mantissa that all
synapses of a projection share; only its threshold becomes another one. Few powers make few distinct thresholds.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics import Diagnostic, about, finding
from neurodeploy.diagnostics.ledger import LedgerLine
from neurodeploy.network import CubaLif, If, Lif, Network, OneToOne, Population, Projection
from neurodeploy.network.connectivity import SynapseList, connectivity_of
from neurodeploy.network.neurons import Reset
from neurodeploy.network.operations import Chain
from neurodeploy.network.plasticity_shapes import LEARNED_VARIABLES
from neurodeploy.network.procedural.operations import PROCEDURAL
from neurodeploy.network.procedural.tables import table_of
from neurodeploy.network.written_out import listed_projection
from neurodeploy.trained.chains import as_operation, merged

__all__ = ["channel_factors", "clipped_weights", "rescalable", "rescale_findings", "rescaled"]

Array = NDArray[np.float64]
Spiking = If | Lif | CubaLif


def clipped_weights(projection: Projection, fraction: float) -> tuple[Projection, LedgerLine | None]:
    """Return a projection whose largest weights, this fraction of all, are clipped to the largest of the others.

    A weight of a convolution counts once. None instead of a ledger line if no weight changes.
    """
    projection = listed_projection(projection)
    weights = _weights(projection)
    if weights is None or not weights.size:
        return projection, None
    size = np.abs(weights)
    most = float(np.quantile(size[size > 0], 1.0 - fraction)) if size.any() else 0.0
    beyond = int((size > most).sum())
    if not beyond or most == 0:
        return projection, None
    line = LedgerLine(
        subject=about("projection", projection.name),
        quantity="weights",
        asked=f"up to {float(size.max()):.4g}",
        got=f"{beyond:,} of {size.size:,} clipped to {most:.4g}",
        level="approximate",
        option="clip_weights",
        note="the other weights are stored in finer steps",
    )
    operation = projection.operation.model_copy(update={"weights": np.clip(weights, -most, most)})
    return projection.model_copy(update={"operation": operation}), line


def _weights(projection: Projection) -> Array | None:
    """Weights of an operation that has its own, or those that it can draw; None for pools and chains."""
    if isinstance(projection.operation, PROCEDURAL):
        return table_of(projection.operation.weights).astype(np.float64)
    given = getattr(projection.operation, "weights", None)
    return None if given is None else np.asarray(given, dtype=np.float64)


def rescalable(network: Network, population: Population) -> str:
    """Return why the channels of a population cannot have scales of their own, as the end of a sentence; "" if they can."""
    if not isinstance(population.neuron, Spiking):
        return f"is of kind {population.neuron.kind}, whose parameters are not multiplied"
    read = [
        item.name
        for item in network.probes
        if item.target == population.name and item.variable not in LEARNED_VARIABLES
    ]
    read += [
        item.name for item in network.outputs if item.source == population.name and item.decoder.kind != "spike_count"
    ]
    if read:
        return f"is read by '{read[0]}', which would be multiplied as well"
    learning = [item.name for item in _into(network, population.name) if item.plasticity is not None]
    if learning:
        return f"learns by projection '{learning[0]}', whose rule would not be multiplied"
    if any(
        _weights(item) is None and not isinstance(item.operation, Chain) for item in _into(network, population.name)
    ):
        return "receives a pool, which has no weights of its own"
    return ""


def _into(network: Network, name: str) -> list[Projection]:
    return [item for item in network.projections if item.target == name]


def channel_factors(network: Network, population: Population, most: int) -> Array:
    """Return (size,) powers of two, up to `most`, by which each channel can be multiplied without larger weights than today.

    Channels are those of the first axis of a population with several axes; otherwise each neuron is one.
    """
    largest = np.zeros(population.size)
    top = 0.0
    for item in _into(network, population.name):
        rows = _largest_by_target(network, item, population.size)
        largest, top = np.maximum(largest, rows), max(top, float(rows.max(initial=0.0)))
    channels = largest.reshape(population.shape[0], -1).max(axis=1)
    room = np.divide(top, channels, out=np.ones_like(channels), where=channels > 0)
    powers = 2.0 ** np.floor(np.log2(np.clip(room, 1.0, float(most))))
    return np.repeat(powers, population.size // population.shape[0])


def _largest_by_target(network: Network, projection: Projection, size: int) -> Array:
    """(size,) largest |weight| that each neuron receives by a projection."""
    connectivity = connectivity_of(projection, network.source_size(projection.source))
    listed = connectivity if isinstance(connectivity, SynapseList) else connectivity.listed()
    found = np.zeros(size)
    np.maximum.at(found, listed.targets, np.abs(listed.weights.astype(np.float64)))
    return found


def rescaled(network: Network, population: Population, most: int) -> tuple[Network, LedgerLine | None]:
    """Return a network in which the channels of a population are multiplied by powers of two up to `most`.

    None instead of a ledger line if no channel has room.
    """
    factors = channel_factors(network, population, most)
    if (factors == 1).all():
        return network, None
    changed = _multiplied(population, factors)
    own = OneToOne(weights=factors)
    projections = tuple(
        item if item.target != population.name else _scaled(item, own, network.source_size(item.source))
        for item in network.projections
    )
    populations = tuple(changed if item.name == population.name else item for item in network.populations)
    several = np.unique(factors)
    line = LedgerLine(
        subject=about("population", population.name),
        quantity="scale of channels",
        asked="one for all",
        got=f"{int((factors > 1).sum()):,} of {factors.size:,} neurons multiplied by 2 to {several[-1]:g}",
        level="exact",
        relative_error=0.0,
        option="channel_scales",
        note=f"spikes of floats stay; {several.size} thresholds instead of one",
    )
    return network.model_copy(update={"populations": populations, "projections": projections}), line


def _scaled(projection: Projection, own: OneToOne, n_source: int) -> Projection:
    projection = listed_projection(projection)
    operation: Any = projection.operation
    steps = operation.operations if isinstance(operation, Chain) else (operation,)
    return projection.model_copy(update={"operation": as_operation(merged((*steps, own), n_source), n_source)})


def _multiplied(population: Population, factors: Array) -> Population:
    """A population whose v is multiplied: everything that is added to v or compared with it."""
    neuron: Any = population.neuron
    by = factors.reshape(population.shape)
    update: dict[str, Any] = {"v_threshold": np.asarray(neuron.v_threshold) * by}
    for name in ("bias", "v_leak", "v_floor"):
        value = getattr(neuron, name, None)
        if value is not None and np.any(value):
            update[name] = np.asarray(value) * by
    if neuron.reset.mode == "value" and np.any(neuron.reset.value):
        update["reset"] = Reset(mode="value", value=np.asarray(neuron.reset.value) * by)
    return population.model_copy(update={"neuron": neuron.model_copy(update=update)})


def rescale_findings(network: Network, names: Iterable[str]) -> list[Diagnostic]:
    """Return ND870 for each named population whose channels cannot have scales of their own."""
    found: list[Diagnostic] = []
    for name in names:
        population = network.population_by_name.get(name)
        why = "" if population is None else rescalable(network, population)
        if why:
            found.append(finding("ND870", about("population", name), f"cannot have scales by channel: it {why}"))
    return found
