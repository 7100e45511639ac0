"""Orders of all neurons in which a search fills cores.

By position; by the embedding of spectral.py; or by the blocks of a partitioner, as many as there are cores. Partitioners
minimise synapses between blocks (METIS: Karypis and Kumar, SIAM J. Sci. Comput. 20(1), 1998) or pairs of a source and a block
(Mt-KaHyPar: Gottesbüren et al., ACM Trans. Algorithms 20(1), 2024). Both approximate the scarce resources of cores, but
neither limits distinct sources, so the blocks give only an order, and the exact fill gives the cores. Both run in modes whose
results do not depend on threads.
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
from neurodeploy.mapping.kernels.structs import Hypergraph
from neurodeploy.mapping.kernels.sums import WIDTH
from neurodeploy.mapping.options import MappingOptions
from neurodeploy.mapping.partition.search.spectral import bisected, embedding
from neurodeploy.quantize.quantized import Quantized

__all__ = ["Order", "by_embedding", "by_metis", "by_mtkahypar", "by_position", "starts_of"]

Ints = NDArray[np.int64]
Order = Callable[[], Ints]
"""Returns (neurons,) all neurons in an order, which is computed on call."""
STEPS = 30
"""Iterations of the embedding."""
TOGETHER = 8
"""Size of groups of neurons whose inner order does not matter: cores hold many times as many."""
IMBALANCE = 0.03
"""Share by which a block may be larger than the average."""


def starts_of(graph: Hypergraph, options: MappingOptions, cores: int) -> list[Order]:
    """Return the orders that a search begins with; `cores`: how many there are."""
    blocks = max(2, min(cores, graph.population.size))
    partitioners: dict[str, Callable[[Hypergraph, int, int], Ints]] = {"metis": by_metis, "mtkahypar": by_mtkahypar}
    orders = [by_embedding, *(partitioners[name] for name in options.partitioners)]
    return [partial(order, graph, blocks, options.placement_seed) for order in orders]


def by_position(quantized: Quantized, options: MappingOptions) -> Ints:
    """(neurons,) neurons with a position, close ones together, then the others in the order of the network."""
    sizes = [item.size for item in quantized.populations]
    known = np.repeat([item.name in options.positions for item in quantized.populations], sizes)
    given = [
        np.asarray(options.positions[item.name]) for item in quantized.populations if item.name in options.positions
    ]
    points = np.concatenate(given).astype(np.float32)
    order = bisected(points, max(2, len(points) // TOGETHER))
    return np.concatenate([np.flatnonzero(known)[order], np.flatnonzero(~known)])


def by_embedding(graph: Hypergraph, blocks: int, seed: int) -> Ints:
    """(neurons,) neurons that share sources together, in an order that can be divided into `blocks` blocks."""
    n = graph.population.size
    axes = embedding(graph, STEPS, seed) if n > WIDTH else np.zeros((n, 1), dtype=np.float32)
    return bisected(axes, blocks)


def _distinct_pairs(graph: Hypergraph) -> tuple[Ints, Ints, int]:
    """(source and target of every synapse, each pair once, by source; number of sources)."""
    n, sources = graph.population.size, graph.source_ptr.size - 1
    source = np.repeat(graph.row_source.astype(np.int64), np.diff(graph.out_ptr))
    key = distinct(source * n + graph.out_target, sources * n)
    return key // n, key % n, sources


def by_metis(graph: Hypergraph, blocks: int, seed: int) -> Ints:
    """(neurons,) neurons by the blocks of METIS' recursive bisection, with few synapses between blocks."""
    import pymetis

    source, target, n = _distinct_pairs(graph)
    neurons, key = graph.population.size, source * n + target
    both = distinct(np.concatenate([key, target * n + source]), n * n)
    left, right = both // n, both % n
    left, right = left[left != right], right[left != right]
    integer = pymetis.zero_copy_dtype()
    start = np.concatenate([[0], np.cumsum(np.bincount(left, minlength=n))])
    links = pymetis.CSRAdjacency(start.astype(integer), right.astype(integer))
    weights = (np.arange(n) < neurons).astype(integer)  # input lines are not on cores
    options = pymetis.Options(seed=seed)
    _, block = pymetis.part_graph(blocks, links, vweights=weights, recursive=True, options=options)
    return _by_block(np.asarray(block)[:neurons])


@lru_cache(maxsize=1)
def _mtkahypar() -> tuple[Any, Any]:
    """(the package, which has no types; the library, which can be initialised only once per process)."""
    package: Any = import_module("mtkahypar")
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return package, package.initialize(cpus)


def by_mtkahypar(graph: Hypergraph, blocks: int, seed: int) -> Ints:
    """(neurons,) neurons by the blocks of Mt-KaHyPar, with few (source, block) pairs."""
    source, target, n = _distinct_pairs(graph)
    ends, neurons = np.cumsum(np.bincount(source, minlength=n))[:-1], graph.population.size
    nets = [net.tolist() for net in np.split(target, ends) if net.size > 1]
    mtkahypar, library = _mtkahypar()
    mtkahypar.set_seed(seed)
    context = library.context_from_preset(mtkahypar.PresetType.DETERMINISTIC)
    context.set_partitioning_parameters(blocks, IMBALANCE, mtkahypar.Objective.KM1)
    hypergraph = library.create_hypergraph(context, neurons, len(nets), nets, [1] * neurons, [1] * len(nets))
    return _by_block(np.array(hypergraph.partition(context).get_partition()))


def _by_block(block: NDArray[Any]) -> Ints:
    """(neurons,) neurons by block (neurons,), within a block in their own order."""
    return np.argsort(block, kind="stable").astype(np.int64)
