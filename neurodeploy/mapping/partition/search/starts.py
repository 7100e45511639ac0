"""Verb: orders of all neurons in which a search may begin to fill cores. Fills none.

By position; by the embedding of spectral.py; or by the blocks of a partitioner, as many as cores are expected. What such a
library minimises, synapses between blocks (METIS) or pairs of a source and a block (Mt-KaHyPar), is near to what cores are
short of, and none of them knows limits on distinct sources: its blocks give an order, and the exact fill gives the cores.
Both are asked for results that do not depend on threads.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import lru_cache, partial
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.arrays import distinct
from neurodeploy.mapping.options import MappingOptions
from neurodeploy.mapping.partition.search.embedding import WIDTH
from neurodeploy.mapping.partition.search.kernels import Wires
from neurodeploy.mapping.partition.search.spectral import embedding, parts
from neurodeploy.quantize.quantized import Quantized

__all__ = ["Order", "by_embedding", "by_metis", "by_mtkahypar", "by_position", "starts_of"]

Ints = NDArray[np.int64]
Order = Callable[[], Ints]
STEPS = 30
"""Steps of the embedding."""
TOGETHER = 8
"""Neurons that need no order among themselves: cores hold many times as many."""
IMBALANCE = 0.03
"""By which share a block may be larger than the others."""


def starts_of(wires: Wires, options: MappingOptions, cores: int) -> list[Order]:
    """Return the orders that a search begins with; `cores`: how many there may be."""
    blocks = max(2, min(cores, wires.population.size))
    asked: dict[str, Callable[[Wires, int, int], Ints]] = {"metis": by_metis, "mtkahypar": by_mtkahypar}
    orders = [by_embedding, *(asked[name] for name in options.starts)]
    return [partial(order, wires, blocks, options.seed) for order in orders]


def by_position(quantized: Quantized, options: MappingOptions) -> Ints:
    """Return all neurons with a position, near ones together, and then the others in the order of the network."""
    sizes = [item.size for item in quantized.populations]
    known = np.repeat([item.name in options.positions for item in quantized.populations], sizes)
    given = [
        np.asarray(options.positions[item.name]) for item in quantized.populations if item.name in options.positions
    ]
    points = np.concatenate(given).astype(np.float32)
    order, _ = parts(points, np.ones(len(points)), max(2, len(points) // TOGETHER))
    return np.concatenate([np.flatnonzero(known)[order], np.flatnonzero(~known)])


def by_embedding(wires: Wires, blocks: int, seed: int) -> Ints:
    """Return neurons that share sources together."""
    n = wires.population.size
    axes = embedding(wires, STEPS, seed) if n > WIDTH else np.zeros((n, 1), dtype=np.float32)
    return parts(axes, np.ones(n), blocks)[0]


def _links(wires: Wires) -> tuple[Ints, Ints, int]:
    """(source, target) of every synapse, each pair once, by source; and how many sources there are, neurons first."""
    n, sources = wires.population.size, wires.source_ptr.size - 1
    source = np.repeat(wires.row_source.astype(np.int64), np.diff(wires.out_ptr))
    key = distinct(source * n + wires.out_target, sources * n)
    return key // n, key % n, sources


def by_metis(wires: Wires, blocks: int, seed: int) -> Ints:
    """Return neurons by the blocks of METIS' recursive bisection, in which few synapses go from block to block."""
    import pymetis

    source, target, n = _links(wires)
    key = source * n + target
    both = distinct(np.concatenate([key, target * n + source]), n * n)
    left, right = both // n, both % n
    left, right = left[left != right], right[left != right]
    whole = pymetis.zero_copy_dtype()
    start = np.concatenate([[0], np.cumsum(np.bincount(left, minlength=n))])
    links = pymetis.CSRAdjacency(start.astype(whole), right.astype(whole))
    weights = (np.arange(n) < wires.population.size).astype(whole)  # input lines lie in no core
    options = pymetis.Options(seed=seed)
    _, block = pymetis.part_graph(blocks, links, vweights=weights, recursive=True, options=options)
    return _by_block(np.asarray(block)[: wires.population.size])


@lru_cache(maxsize=1)
def _mtkahypar() -> tuple[Any, Any]:
    """(the package, which has no types; the library, which may be begun once in a process)."""
    package: Any = import_module("mtkahypar")
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return package, package.initialize(cpus)


def by_mtkahypar(wires: Wires, blocks: int, seed: int) -> Ints:
    """Return neurons by the blocks of Mt-KaHyPar, in which sources reach few blocks."""
    source, target, n = _links(wires)
    ends, neurons = np.cumsum(np.bincount(source, minlength=n))[:-1], wires.population.size
    nets = [net.tolist() for net in np.split(target, ends) if net.size > 1]
    mtkahypar, library = _mtkahypar()
    mtkahypar.set_seed(seed)
    context = library.context_from_preset(mtkahypar.PresetType.DETERMINISTIC)
    context.set_partitioning_parameters(blocks, IMBALANCE, mtkahypar.Objective.KM1)
    graph = library.create_hypergraph(context, neurons, len(nets), nets, [1] * neurons, [1] * len(nets))
    return _by_block(np.array(graph.partition(context).get_partition()))


def _by_block(block: NDArray[Any]) -> Ints:
    return np.argsort(block, kind="stable").astype(np.int64)
