"""Kernels of convolution axons, counted from the tables of a finished program alone, independent of the mapper."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.network.convolution import output_shape, window_of
from neurodeploy.network.operations import AvgPool2d, Conv1d, Conv2d, SumPool2d
from neurodeploy.program.program import Program
from neurodeploy.program.tables import AXON_KINDS
from neurodeploy.resources.synapse_memory import segment_words

__all__ = ["has_kernel", "kernel_words", "places_in_windows"]

Ints = NDArray[np.int64]
WINDOWS = (Conv1d, Conv2d, SumPool2d, AvgPool2d)
"""Operations whose synapses can be stored as a kernel."""


def _lists(program: Program) -> tuple[Ints, Ints]:
    """(core, list) of every row of a convolution axon; lists are numbered over all cores."""
    tables = program.tables
    none: Ints = np.zeros(0, dtype=np.int64)
    if tables.in_axon_kind is None:
        return none, none
    mine = np.flatnonzero(tables.in_axon_kind == AXON_KINDS["convolution"])
    core = np.repeat(np.arange(tables.n_cores), np.diff(tables.in_axon_ptr))[mine]
    return core, tables.list_ptr[core] + tables.in_axon_list[mine]


def has_kernel(program: Program) -> NDArray[np.bool_]:
    """Return (n_lists,) whether convolution axons have a list."""
    found = np.zeros(program.tables.segment_ptr.size - 1, dtype=np.bool_)
    found[_lists(program)[1]] = True
    return found


def kernel_words(program: Program) -> tuple[Ints, Ints]:
    """Return (n_cores,) each: words of the kernels of convolution axons, and of their longest list.

    For each tap and source channel there is a list of the target channels in the core.
    """
    tables, rules, n_cores = program.tables, program.target.counting, program.tables.n_cores
    total: Ints = np.zeros(n_cores, dtype=np.int64)
    longest = total.copy()
    core, lists = _lists(program)
    if not core.size:
        return total, longest
    names = [item.name for item in program.populations]
    projections = {item.name: item for item in program.network.projections}
    pairs = np.unique(core * len(program.formats) + tables.segment_format[tables.segment_ptr[lists]])
    for pair in pairs.tolist():
        at, form = int(pair) // len(program.formats), program.formats[int(pair) % len(program.formats)]
        projection = projections[form.projection]
        groups, deep, taps, wide, plane = _kernel_shape(projection.operation)
        rows = slice(int(tables.compartment_ptr[at]), int(tables.compartment_ptr[at + 1]))
        neurons = tables.neuron[rows][tables.population[rows] == names.index(projection.target)]
        reached = np.bincount(np.unique(neurons // plane) // wide, minlength=groups)
        words = segment_words(rules, reached[reached > 0], form.weight_bits, form.delay_bits, 0)
        total[at] += deep * taps * int(words.sum())
        longest[at] = max(longest[at], int(words.max(initial=0)))
    return total, longest


def _kernel_shape(operation: Any) -> tuple[int, int, int, int, int]:
    """(groups, source channels and taps of a kernel, target channels of a group, neurons of a target channel)."""
    window = window_of(operation)
    channels, deep, *taps = window.weights.shape
    return window.groups, deep, prod(taps), channels // window.groups, prod(output_shape(window)[1:])


def places_in_windows(program: Program, rows: Ints) -> Ints:
    """Return (n,) position of the neurons in some rows in the plane of the windows that read their population; -1: none.

    Windows of different shapes have no common positions.
    """
    planes = dict[str, set[int]]()
    for item in program.network.projections:
        if isinstance(item.operation, WINDOWS):
            planes.setdefault(item.source, set()).add(prod(item.operation.input_shape[1:]))
    found = [planes.get(item.name, {0}) for item in program.populations]
    plane = np.array([min(sizes) if len(sizes) == 1 else 0 for sizes in found], dtype=np.int64)
    mine = plane[program.tables.population[rows]]
    return np.where(mine > 0, program.tables.neuron[rows] % np.maximum(mine, 1), -1)
