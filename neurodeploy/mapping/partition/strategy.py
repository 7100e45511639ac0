"""The choice between first fit, the search and tiles for the neurons that share a core.

Synapse lists: first fit, by the kernels where there are very many synapses, and above level 1 a search that moves neurons. Windows
(convolutions and pools): first fit, and where they form a chain of layers also tiles, which are searched by shapes. A large
chain is left to tiles alone: they are found in seconds where first fit takes minutes, and need fewer cores.
"""

from __future__ import annotations

from concurrent.futures import Executor
from typing import NamedTuple

from neurodeploy.diagnostics import DiagnosticError, raise_errors
from neurodeploy.hardware.target import Target
from neurodeploy.mapping.encode import encoded
from neurodeploy.mapping.mapping import Mapping
from neurodeploy.mapping.options import MappingOptions
from neurodeploy.mapping.options_check import option_findings
from neurodeploy.mapping.partition.assignment_usage import keeps_limits
from neurodeploy.mapping.partition.first_fit import first_fit_of
from neurodeploy.mapping.partition.order import placing_limits
from neurodeploy.mapping.partition.tiles.chains import chain_of
from neurodeploy.mapping.place.pins import pin_groups
from neurodeploy.mapping.refusals import STAGE, proof_of_cores, too_many, unplaced
from neurodeploy.mapping.time_limit import TimeLimit
from neurodeploy.network.connectivity import Connectivity, WindowConnectivity
from neurodeploy.quantize.projection import is_generated
from neurodeploy.quantize.quantized import Quantized
from neurodeploy.resources.lower_bounds import lower_bounds

__all__ = ["assign", "partition"]

SEARCHED = 2
"""Lowest level at which neurons are moved."""
GROUPED, LARGE = 8_000_000, 32_000_000
"""Synapses above which first fit runs in the kernels, which first order neurons in compact groups; and synapses above which
first fit by exact slices is not tried after them."""
MANY_CORES = 48
"""Lower bound on cores from which a chain is left to tiles."""
SEVERAL_CORES = 16
"""Least cores of a chain of convolution axons that is left to tiles: these store zeros, and first fit cuts few boxes."""
FULL = 0.9
"""Least share of a kernel's weights that are synapses for tiles to be counted well: tiles ignore absent synapses."""


class _Task(NamedTuple):
    """A network to partition, with its target and options."""

    quantized: Quantized
    target: Target
    options: MappingOptions
    stop_early: bool
    time_limit: TimeLimit

    @property
    def bound(self) -> int:
        """Fewest cores of any mapping."""
        return max(lower_bounds(self.quantized, self.target).values(), default=0)


class _Outcome(NamedTuple):
    """A mapping, or the error that explains why none was found."""

    mapping: Mapping | None
    error: DiagnosticError | None = None

    def required(self) -> Mapping:
        """Return the mapping, or raise the error."""
        if self.mapping is None:
            raise self.error or TypeError("internal: neither a mapping nor an error")
        return self.mapping

    def is_final(self, bound: int) -> bool:
        """Whether no search can do better: the mapping needs no more cores than `bound`, or a neuron fits no core."""
        if self.error is not None and self.error.diagnostics[0].code not in ("ND401", "ND402"):
            return True
        return self.mapping is not None and self.mapping.n_cores <= max(bound, 1)


def partition(
    quantized: Quantized,
    target: Target,
    *,
    options: MappingOptions | None = None,
    time_limit: TimeLimit | None = None,
    executor: Executor | None = None,
) -> Mapping:
    """Return a mapping in which no core exceeds any limit of the target, with the encodings of its synapses.

    See `assign` for the options and the errors. A large network whose synapses are generated is encoded when its program is
    emitted, core by core.
    """
    mapping = assign(quantized, target, options=options, time_limit=time_limit, executor=executor)
    return mapping if mapping.pairs is not None else encoded(mapping)


def assign(
    quantized: Quantized,
    target: Target,
    *,
    stop_early: bool = False,
    options: MappingOptions | None = None,
    time_limit: TimeLimit | None = None,
    executor: Executor | None = None,
) -> Mapping:
    """Return the assignment of neurons to cores, without encodings: enough to count cores.

    `options`: None is first fit (level 0). `stop_early`: stop counting at the first core beyond those of the target.
    `executor`: fills the shards of a large network whose synapses are generated; None: threads.

    Raises DiagnosticError: ND301-ND310 (a neuron fits no core), ND401 (more cores than the target has, or than a population is
    pinned to), ND402 (not placed by this mapper), ND101 or ND403-ND405 (invalid options). Raises OutOfTimeError if the deadline
    passes before there is a mapping.
    """
    options = options or MappingOptions(level=0)
    raise_errors(STAGE, option_findings(quantized, target, options))
    proof = proof_of_cores(quantized, target, options)
    if proof is not None:
        raise DiagnosticError(STAGE, (proof,))
    time_limit = (time_limit or TimeLimit()).within(options.time_limit_s)
    if any(is_generated(item.connectivity) for item in quantized.projections):
        return _of_generated(_Task(quantized, target, options, stop_early, time_limit), executor)
    task = _Task(quantized, target, options, stop_early, time_limit)
    return _of_written(task)


def _of_written(task: _Task) -> Mapping:
    """The mapping of a network whose synapses are lists or windows."""
    windows = any(item.connectivity.shares_weights for item in task.quantized.projections)
    return _of_windows(task) if windows else _of_lists(task)


def _of_generated(task: _Task, executor: Executor | None) -> Mapping:
    """The mapping of a network with generated synapses: as if they were lists, or in shards where there are very many."""
    if sum(item.connectivity.n_synapses for item in task.quantized.projections) > GROUPED:
        from neurodeploy.mapping.partition.stream.streamed import stream_findings, streamed_fit

        raise_errors(STAGE, stream_findings(task.quantized, task.target))
        return streamed_fit(task.quantized, task.target, task.options, task.time_limit, executor=executor)
    written = [
        item.model_copy(update={"connectivity": item.connectivity.listed()})
        if is_generated(item.connectivity)
        else item
        for item in task.quantized.projections
    ]
    twin = task.quantized.model_copy(update={"projections": tuple(written)})
    return _of_written(task._replace(quantized=twin)).model_copy(update={"quantized": task.quantized})


def _of_lists(task: _Task) -> Mapping:
    """First fit of synapse lists, and the search of higher levels."""
    outcome = _first_fit_of_lists(task)
    if task.options.level >= SEARCHED and not outcome.is_final(task.bound):
        outcome = outcome._replace(mapping=_searched(task, outcome.mapping))
    return outcome.required()


def _first_fit_of_lists(task: _Task) -> _Outcome:
    """First fit, by the kernels where there are very many synapses or neurons have positions."""
    synapses = sum(item.connectivity.n_synapses for item in task.quantized.projections)
    if synapses > GROUPED or (task.options.positions and task.options.level > 0):
        compiled = _compiled_fit(task)
        if compiled is not None:
            return _Outcome(compiled)
    if synapses > LARGE:
        why = unplaced(task.quantized, "compiled first fit found no mapping that keeps every limit")
        return _Outcome(None, DiagnosticError(STAGE, (why,)))
    return _first_fit(task)


def _of_windows(task: _Task) -> Mapping:
    """First fit or tiles, the one with fewer cores; tiles alone where the network is a large chain without absent synapses,
    or a chain whose kernels only tiles can share.
    """
    by_tiles = task.options.level > 0 and chain_of(task.quantized) is not None
    if not by_tiles:
        return _first_fit(task).required()
    kernels = task.target.counting.convolution is not None and task.bound >= SEVERAL_CORES
    alone = kernels or (task.bound >= MANY_CORES and _is_full(task.quantized))
    outcome, needed = _Outcome(None) if alone else _first_fit(task), None
    if not outcome.is_final(task.bound):
        mapping, needed = _tiled(task, outcome.mapping)
        outcome = outcome._replace(mapping=mapping)
    if outcome.mapping is None and alone:
        too_many_tiles = None if kernels else _too_many_tiles(task, needed)
        outcome = _Outcome(None, too_many_tiles) if too_many_tiles else _first_fit(task)
    return outcome.required()


def _first_fit(task: _Task) -> _Outcome:
    try:
        mapping = first_fit_of(task.quantized, task.target, task.options, task.time_limit, stop_early=task.stop_early)
    except DiagnosticError as error:
        return _Outcome(None, error)
    return _Outcome(mapping)


def _is_full(quantized: Quantized) -> bool:
    """Whether kernels have hardly any absent synapses."""
    return all(_share_present(item.connectivity) >= FULL for item in quantized.projections)


def _share_present(connectivity: Connectivity) -> float:
    """Share of the synapses of a full layer that are present; empty outer rows and columns of a kernel are not part of it."""
    if not isinstance(connectivity, WindowConnectivity):
        return connectivity.n_synapses / max(connectivity.n_source * connectivity.n_target, 1)
    there = connectivity.present > 0
    trimmed = there[:, :, there.any(axis=(0, 1, 3))][..., there.any(axis=(0, 1, 2))]
    return float(trimmed.mean()) if trimmed.size else 0.0


def _too_many_tiles(task: _Task, needed: int | None) -> DiagnosticError | None:
    """ND401 if there are tiles but too few cores; None if there are no tiles."""
    groups = pin_groups(task.quantized, task.target, task.options)
    if needed is None or needed <= int(groups.open[0].sum()):
        return None
    refusal = too_many(task.quantized, task.target, task.options, groups, 0, needed, more=False)
    return DiagnosticError(STAGE, (refusal,))


# first fit of small networks needs neither the search nor tiles, so their modules are imported when they are needed


def _compiled_fit(task: _Task) -> Mapping | None:
    from neurodeploy.mapping.partition.search.search import compiled_first_fit

    return _if_valid(compiled_first_fit(task.quantized, task.target, task.options), task.target)


def _searched(task: _Task, first: Mapping | None) -> Mapping | None:
    from neurodeploy.mapping.partition.search.search import search

    found = search(task.quantized, task.target, task.options, first, task.time_limit)
    return _if_valid(found, task.target) or first


def _tiled(task: _Task, first: Mapping | None) -> tuple[Mapping | None, int | None]:
    from neurodeploy.mapping.partition.tiles.tiled import tiled

    return tiled(task.quantized, task.target, task.options, first, task.time_limit)


def _if_valid(found: Mapping | None, target: Target) -> Mapping | None:
    """The mapping, unless it exceeds a limit that the kernels do not count: words of a single list, run-lengths, traces."""
    uncounted = "words_per_axon" in placing_limits(target) or target.counting.skip_bits is not None
    uncounted |= found is not None and any(item.plasticity is not None for item in found.quantized.projections)
    return None if found is None or (uncounted and not keeps_limits(found)) else found
