"""The kernels that the mapper calls: those of the compiled library, or their definitions in Python where there is none.

Both give the same results bit for bit. A kernel takes and returns what its definition does; arrays must have the types that
the definition names, and be contiguous.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, get_type_hints

import numpy as np
from numpy.typing import NDArray

from neurodeploy.mapping.kernels import anneal as annealing
from neurodeploy.mapping.kernels import (
    filling,
    groups,
    improve,
    lists,
    moves,
    penalties,
    relief,
    stream,
    sums,
    symmetric,
    words,
)
from neurodeploy.mapping.kernels.board import Board
from neurodeploy.mapping.kernels.structs import CoreState, Frontier, Hypergraph
from neurodeploy.native.library import kernels
from neurodeploy.native.structs import Floats, Ints, Longs, Reals, Span

__all__ = [
    "all_fit",
    "all_output_axons",
    "anneal",
    "assign",
    "average",
    "by_target",
    "combine",
    "compact_groups",
    "eigen",
    "empty_core",
    "exchange",
    "fill",
    "gram",
    "grow",
    "link_loads",
    "orthonormal",
    "overflow",
    "relieve",
    "scatter",
    "set_steepness",
    "split_core",
    "spread",
    "stream_fill",
    "sweep",
    "total_cost",
    "undo",
]

FOLDER = Path(__file__).parent
P = ParamSpec("P")
R = TypeVar("R")


def _kernel(definition: Callable[P, R]) -> Callable[P, R]:
    """Calls the function of the library that has the name of a definition, or the definition itself."""
    name = definition.__name__

    @wraps(definition)
    def call(*arguments: P.args, **named: P.kwargs) -> R:
        library = kernels(FOLDER)
        if library is None:
            with np.errstate(all="ignore"):  # as in C, where a limit of 0 divides
                return definition(*arguments, **named)
        kinds, result = _kinds(definition)
        given = [_passed(kind, argument) for kind, argument in zip(kinds, arguments, strict=True)]
        found = library.call_real(name, *given) if result is float else library.call(name, *given)
        return None if result is type(None) else result(found)  # type: ignore[return-value]

    return call


@cache
def _kinds(definition: Callable[..., Any]) -> tuple[list[Any], Any]:
    """(kind of every parameter, type of the result) of a definition; a kind is `int`, `float`, a noun, or a Span."""
    hints = get_type_hints(definition, include_extras=True)
    result = hints.pop("return")
    return [_kind(hint) for hint in hints.values()], result


def _kind(hint: Any) -> Any:
    return next((extra for extra in getattr(hint, "__metadata__", ()) if isinstance(extra, Span)), hint)


def _passed(kind: Any, argument: Any) -> Any:
    """An argument as C takes it. Raises TypeError for an array of another type: a fault of the caller's code."""
    if kind in (int, float):
        return kind(argument)
    if isinstance(kind, Span) and argument.dtype not in kind.dtypes:
        raise TypeError(f"internal: a kernel takes {kind.dtypes}, not {argument.dtype}")
    return argument


assign, undo = _kernel(moves.assign), _kernel(moves.undo)
all_fit = _kernel(words.all_fit)
overflow, set_steepness = _kernel(penalties.overflow), _kernel(penalties.set_steepness)
fill, grow = _kernel(filling.fill), _kernel(filling.grow)
sweep, exchange = _kernel(improve.sweep), _kernel(improve.exchange)
empty_core, scatter = _kernel(relief.empty_core), _kernel(relief.scatter)
relieve, split_core = _kernel(relief.relieve), _kernel(relief.split_core)
anneal, total_cost = _kernel(annealing.anneal), _kernel(annealing.total_cost)
stream_fill = _kernel(stream.stream_fill)
_list_output_axons, _list_groups = _kernel(lists.list_output_axons), _kernel(groups.list_groups)
_list_by_target, _average = _kernel(sums.list_by_target), _kernel(sums.average)
_add_products, _add_combined = _kernel(sums.add_products), _kernel(sums.add_combined)
_diagonalize, _invert_factor = _kernel(symmetric.diagonalize), _kernel(symmetric.invert_factor)
_add_spread, _add_link_loads = _kernel(sums.add_spread), _kernel(annealing.add_link_loads)


def all_output_axons(graph: Hypergraph, state: CoreState) -> Longs:
    """(neurons,) output axons of every neuron where it lies."""
    found = np.zeros(state.core_of.size, dtype=np.int64)
    _list_output_axons(graph, state, found)
    return found


def compact_groups(graph: Hypergraph, input_axons: int, compartments: int) -> Longs:
    """(neurons,) all neurons, group by group; see `groups`.

    `input_axons`, `compartments`: sources and neurons of one group at most; the source that fills a group still enters it.
    """
    n = graph.population.size
    room, order = min(groups.FRONTIER, n), np.empty(n, dtype=np.int64)
    frontier = Frontier(
        status=np.zeros(n, dtype=np.uint8),
        place=np.full(n, -1, dtype=np.int32),
        neuron=np.empty(room, dtype=np.int64),
        synapses=np.zeros(room, dtype=np.int32),
        queue=np.zeros(n + 1, dtype=np.int64),
        source_group=np.full(graph.source_ptr.size - 1, -1, dtype=np.int32),
    )
    _list_groups(graph, frontier, input_axons, compartments, order)
    return order


def by_target(
    out_ptr: Longs, out_target: Ints, delay: NDArray[np.uint8], in_ptr: Longs
) -> tuple[Ints, NDArray[np.uint8]]:
    """(row, delay class) of every synapse by target, rows ascending; the delay classes are (1,) if `delay` is empty.

    `out_ptr` (rows + 1,); `out_target`, `delay` (synapses,) by row; `in_ptr` (targets + 1,).
    """
    row, level = np.empty(out_target.size, dtype=np.int32), np.zeros(max(delay.size, 1), dtype=np.uint8)
    _list_by_target(out_ptr, out_target, delay, in_ptr[:-1].copy(), row, level)
    return row, level


def average(ptr: Longs, index: Ints, values: Floats, scale: Floats) -> Floats:
    """(n, WIDTH) scale[i] * sum of values[index[j]] over j in [ptr[i], ptr[i + 1]); `values` (m, WIDTH), `scale` (n,)."""
    result = np.empty((ptr.size - 1, sums.WIDTH), dtype=np.float32)
    _average(ptr, index, values, scale, result)
    return result


def gram(left: NDArray[np.floating], right: NDArray[np.floating]) -> Reals:
    """left^T right (m, m), summed row after row; `left`, `right` (n, m)."""
    total = np.zeros((left.shape[1], left.shape[1]))
    _add_products(_wide(left), _wide(right), left.shape[1], total)
    return total


def combine(values: NDArray[np.floating], matrix: Reals) -> Reals:
    """values @ matrix (n, k), summed column after column; `values` (n, m), `matrix` (m, k)."""
    result = np.zeros((values.shape[0], matrix.shape[1]))
    _add_combined(_wide(values), _wide(matrix), values.shape[1], result)
    return result


def orthonormal(values: NDArray[np.floating], more: float) -> Reals:
    """Orthonormal columns with the span of `values` (n, m), by the Cholesky factor of their Gram matrix.

    `more`: is added to its diagonal, over its trace, as columns that depend on each other make it singular.
    """
    matrix, inverse = gram(values, values), np.zeros((values.shape[1], values.shape[1]))
    matrix += np.eye(len(matrix)) * (more * sum(matrix.diagonal().tolist()) + 1e-30)
    _invert_factor(matrix, len(matrix), inverse)
    return combine(values, inverse)


def eigen(matrix: Reals) -> tuple[Reals, Reals]:
    """(eigenvalues (m,) ascending, eigenvectors (m, m) in columns) of a symmetric `matrix`.

    The largest element of every vector is positive, the first of equal ones.
    """
    left, vectors = matrix.copy(), np.eye(len(matrix))
    _diagonalize(left, len(matrix), vectors)
    values: Reals = left.diagonal().copy()
    order = np.argsort(values, kind="stable")
    largest = vectors[np.abs(vectors).argmax(axis=0), np.arange(len(matrix))]
    return values[order], (vectors * np.where(largest < 0, -1.0, 1.0))[:, order]


def spread(ptr: Longs, to: Longs, traffic: Reals, scale: Reals, values: Reals) -> Reals:
    """(I + D^-1/2 W D^-1/2) values (n, m); W sparse as `ptr` (n + 1,), `to`, `traffic`, D^-1/2 = `scale` (n,)."""
    result = values.copy()
    _add_spread(ptr, to, traffic, scale, values, result)
    return result


def link_loads(board: Board, slot: Longs, ptr: Longs, to: Longs, traffic: Reals) -> Reals:
    """(chips, 4, rows, columns) messages over each mesh link, see `anneal.add_link_loads`."""
    columns, rows = board.shape[:2].tolist()
    loads = np.zeros((int(board.chip[-1]) + 1, 4, rows, columns))
    _add_link_loads(board, slot, ptr, to, traffic, loads)
    return loads


def _wide(values: NDArray[np.floating]) -> Reals:
    return np.ascontiguousarray(values, dtype=np.float64)
