"""Cores during a search: constants, state, and the resulting assignment."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.mapping.kernels.calls import all_fit, assign
from neurodeploy.mapping.kernels.candidates import CANDIDATES
from neurodeploy.mapping.kernels.structs import PAIRS, CoreLimits, CoreState, Hypergraph, Workspace

__all__ = ["OVER", "Assignment", "Cores", "Problem", "assigned_cores", "assignment_of", "empty_cores"]

OVER = 6.0
"""Initial penalty of an axon above a limit, in pairs; it rises while cores stay overfull."""
TABLE, MOST_POSITIONS = 1 << 25, 1 << 15
"""Entries of (rows, cores), and cores, up to which the position of a core in a list is stored instead of searched."""


class Problem(NamedTuple):
    """The neurons to assign and the available cores."""

    graph: Hypergraph
    limits: CoreLimits
    chip: NDArray[np.int32]
    """(cores,) chip of each core, ascending."""

    @property
    def n_neurons(self) -> int:
        """Number of neurons."""
        return int(self.graph.population.size)


class Cores(NamedTuple):
    """Cores being filled: the first arguments of most kernels, in their order."""

    graph: Hypergraph
    limits: CoreLimits
    state: CoreState
    work: Workspace

    @property
    def all_placed(self) -> bool:
        """Whether every neuron has a core."""
        return not bool((self.state.core_of < 0).any())


class Assignment(NamedTuple):
    """Neurons on cores 0 .. n_cores - 1, none of them empty or overfull."""

    core: NDArray[np.int32]
    """(neurons,) core of each neuron."""
    chip: NDArray[np.int32]
    """(n_cores,) chip of each core."""
    pairs: float
    """Weighted (source, core) pairs."""

    @property
    def n_cores(self) -> int:
        """Cores in use."""
        return int(self.chip.size)


def empty_cores(problem: Problem) -> Cores:
    """Return the cores of a problem, all of them empty."""
    graph, limits = problem.graph, problem.limits
    return Cores(graph, limits, _empty_state(graph, limits, problem.chip), _workspace(graph, problem.chip.size))


def assigned_cores(problem: Problem, core_of: NDArray[np.int32]) -> Cores:
    """Return the cores of a problem with its neurons on `core_of` (neurons,)."""
    cores = empty_cores(problem)
    assign(*cores[:3], core_of)
    return cores


def assignment_of(cores: Cores) -> Assignment | None:
    """Return the assignment, its cores renumbered without gaps; None if a neuron has no core or a limit is exceeded."""
    state, used = cores.state, np.flatnonzero(cores.state.size > 0)
    if not cores.all_placed or not all_fit(cores.limits, state):
        return None
    number = np.full(state.size.size, -1, dtype=np.int32)
    number[used] = np.arange(used.size)
    return Assignment(number[state.core_of], state.chip[used].copy(), float(state.cost[PAIRS]))


def _empty_state(graph: Hypergraph, limits: CoreLimits, chip: NDArray[np.int32]) -> CoreState:
    n, cores, projections = graph.population.size, chip.size, limits.weight_class.size
    levels, indices = limits.delay_bits.size, limits.index_bits.size
    list_room = np.minimum(np.diff(graph.out_ptr), cores)
    list_ptr = np.r_[0, np.cumsum(list_room)].astype(np.int64)
    classes = int(limits.parameter_class.max(initial=-1)) + 1
    rows = int(list_room.size)
    tabled = 1 < rows * cores <= TABLE and cores <= MOST_POSITIONS
    return CoreState(
        core_of=np.full(n, -1, dtype=np.int32),
        load=np.zeros((4, cores), dtype=np.int64),
        n_neurons=np.zeros((cores, limits.compartments.size), dtype=np.int32),
        n_rows=np.zeros((cores, projections), dtype=np.int32),
        sparse_words=np.zeros((cores, projections, levels, indices), dtype=np.int64),
        n_delayed=np.zeros((cores, projections, levels), dtype=np.int32),
        list_ptr=list_ptr,
        list_size=np.zeros(rows, dtype=np.int32),
        list_core=np.zeros(int(list_ptr[-1]), dtype=np.uint32),
        list_count=np.zeros(int(list_ptr[-1]), dtype=np.int32),
        list_position=np.full((rows, cores) if tabled else (1, 1), -1, dtype=np.int16),
        n_destinations=np.zeros(graph.source_ptr.size - 1, dtype=np.int64),
        n_of_class=np.zeros((2, cores, max(classes, 1)), dtype=np.int32),
        first_member=np.full(cores, -1, dtype=np.int32),
        next_member=np.full(n, -1, dtype=np.int32),
        previous_member=np.full(n, -1, dtype=np.int32),
        size=np.zeros(cores, dtype=np.int32),
        chip=chip,
        pin_group=np.full(cores, -1, dtype=np.int32),
        cost=np.array([0.0, 0.0, OVER]),
        penalty=np.zeros((4, cores)),
        format_keys=np.zeros(projections, dtype=np.int64),
    )


def _workspace(graph: Hypergraph, cores: int) -> Workspace:
    n = graph.population.size
    return Workspace(
        shared=np.zeros(cores),
        last_synapse=np.full(cores, -1, dtype=np.int64),
        journal=np.zeros((max(4 * n, 1024), 2), dtype=np.int64),
        n_moves=np.zeros(1, dtype=np.int64),
        freed_inputs=np.zeros(1, dtype=np.int64),
        axon_delta=np.zeros(cores, dtype=np.int64),
        is_affected=np.zeros(cores, dtype=np.int64),
        affected=np.zeros(cores, dtype=np.int64),
        n_affected=np.zeros(1, dtype=np.int64),
        saved_delta=np.zeros(cores, dtype=np.int64),
        candidates=np.zeros(CANDIDATES, dtype=np.int64),
        scores=np.zeros(CANDIDATES),
        members=np.zeros(n, dtype=np.int64),
    )
