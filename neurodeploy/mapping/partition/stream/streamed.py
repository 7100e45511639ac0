"""First fit of a network in shards: in rounds until no core has more output axons than expected.

As `first_fit`, except that every shard begins a core of its own and that synapses are generated batch by batch. Only the
sources of each core are kept, so memory grows with neurons and input axons. Shards may be filled anywhere: on threads of
this process, or by an executor on several machines, with the same result.
"""

from __future__ import annotations

import os
import time
from asyncio import CancelledError
from collections.abc import Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics import Diagnostic, DiagnosticError, about, finding
from neurodeploy.hardware.target import Target
from neurodeploy.mapping.mapping import CorePairs, Mapping
from neurodeploy.mapping.options import MappingOptions
from neurodeploy.mapping.partition.order import placing_limits
from neurodeploy.mapping.partition.stream.shards import (
    Shard,
    ShardCores,
    StreamProblem,
    fill_shard,
    problem_of,
    shards_of,
)
from neurodeploy.mapping.place.pins import PinGroups, pin_groups, slots_of
from neurodeploy.mapping.refusals import STAGE, not_placed, overfills, too_many
from neurodeploy.mapping.time_limit import TimeLimit
from neurodeploy.quantize.quantized import Quantized
from neurodeploy.resources.axons import output_axons_of
from neurodeploy.resources.core_usage import CoreUsage, core_usage, projections_into
from neurodeploy.resources.limits import exceeded
from neurodeploy.resources.output_axons import alone

__all__ = ["stream_findings", "streamed_fit"]

Ints = NDArray[np.int64]
ROUNDS, FREE_ROUNDS, RESERVE = 8, 3, 8
"""Rounds at most; and rounds after which every neuron is expected to take one in RESERVE output axons more than counted, so
that moving borders end."""
TRIES, PAUSE_S = 3, 1.0
"""Times that an executor may fill all shards until its workers count as lost, and seconds between them for Dask."""


def stream_findings(quantized: Quantized, target: Target) -> tuple[Diagnostic, ...]:
    """Return why shards cannot be filled (ND990): they count neither shared lists, nor the words of one list, nor traces."""
    shared = [item.name for item in quantized.projections if item.connectivity.shares_weights]
    plastic = [item.name for item in quantized.projections if item.plasticity is not None]
    found = [
        finding(
            "ND990",
            about("projection", *names),
            f"{what}, which first fit in shards does not count; the network has too many synapses for any other",
            fixes=["compile this projection in a smaller network", "fewer synapses in the network"],
        )
        for names, what in ((shared, "has weights that neurons share"), (plastic, "learns"))
        if names
    ]
    if "words_per_axon" in placing_limits(target):
        message = f"rule set '{target.rule_set}' limits the words of one list, which first fit in shards does not count"
        found.append(finding("ND990", about("target", target.name), message, fixes=["another rule set of the target"]))
    return tuple(found)


class _Round(NamedTuple):
    """Cores of all shards, numbered over the network, and what follows from them."""

    shards: list[Shard]
    cores: list[ShardCores]
    first: Ints
    """(shards + 1,) first core of each shard."""
    core_of: dict[str, NDArray[np.int32]]
    """Population -> (size,) core of each neuron."""

    @property
    def n_cores(self) -> int:
        """Cores in use."""
        return int(self.first[-1])


def streamed_fit(
    quantized: Quantized,
    target: Target,
    options: MappingOptions,
    time_limit: TimeLimit,
    *,
    executor: Executor | None = None,
) -> Mapping:
    """Return first fit in shards, with the sources of each core (`Mapping.pairs`) and without encodings.

    `executor`: fills shards elsewhere; None: on threads. Raises DiagnosticError (ND301-ND310, ND401, ND402) and
    OutOfTimeError.
    """
    problem, groups, shards = (
        problem_of(quantized, target),
        pin_groups(quantized, target, options),
        shards_of(quantized),
    )
    shards.sort(key=lambda shard: groups.of[shard.population])
    expected = {item.name: np.zeros(item.size, dtype=np.int64) for item in quantized.populations}
    tried = list[int]()
    with _Filler(problem, executor) as fill:
        for again in range(ROUNDS):
            time_limit.report("first fit in shards", again, ROUNDS)
            given = [_of(problem, expected, shard) for shard in shards]
            done = _round(problem, shards, list(fill.all(shards, given, reserve=again >= FREE_ROUNDS)))
            tried.append(done.n_cores)
            core_group = _groups(done, groups)
            core_ids = slots_of(core_group, groups)
            if core_ids is None:
                raise DiagnosticError(STAGE, _too_many(problem, options, groups, core_group))
            actual = _output_axons(problem, done, core_ids)
            if not _overfull(target, done, actual):
                return _mapping(problem, options, done, core_ids, core_group)
            expected = {name: np.maximum(count, expected[name]) for name, count in actual.items()}
    raise DiagnosticError(STAGE, (not_placed(quantized, tried, None),))


class _Filler:
    """Fills shards on threads, or through an executor; with Dask the problem reaches each worker once."""

    def __init__(self, problem: StreamProblem, executor: Executor | None) -> None:
        """`executor`: None for threads of this process."""
        self.own, self.problem = executor is None, problem
        self.executor: Any = ThreadPoolExecutor(os.cpu_count() or 1) if executor is None else executor
        self.sent: Any = None

    def __enter__(self) -> _Filler:
        return self

    def __exit__(self, *_: object) -> None:
        if self.own:
            self.executor.shutdown(cancel_futures=True)

    def all(self, shards: Sequence[Shard], expected: Sequence[Ints], *, reserve: bool) -> Sequence[ShardCores]:
        """Return the cores of all shards, in their order. Raises DiagnosticError: ND992 (the executor's workers are lost)."""
        given = [each + -(-each // RESERVE) if reserve else each for each in expected]
        if self.own:
            return self._filled(shards, given)
        for left in range(TRIES - 1, -1, -1):
            try:
                return self._filled(shards, given)
            except (Exception, CancelledError) as error:  # a worker that ends takes with it what only it held
                self.sent = None
                if not left:
                    raise DiagnosticError(STAGE, (_lost(self.executor, error),)) from error
                time.sleep(PAUSE_S * (self.client is not None))
        return []

    @property
    def client(self) -> Any:
        """The client of Dask behind an executor; None for other executors."""
        return getattr(self.executor, "_client", None)

    def _filled(self, shards: Sequence[Shard], given: Sequence[Ints]) -> list[ShardCores]:
        """The cores of all shards, once."""
        if self.sent is None:
            # a task gives the problem: Dask runs it again where its worker ends, and waits for nobody as `scatter` may
            self.sent = self.problem if self.client is None else self.client.submit(_itself, self.problem, pure=False)
        futures = [self.executor.submit(fill_shard, self.sent, *one) for one in zip(shards, given, strict=True)]
        return [future.result() for future in futures]


def _itself(problem: StreamProblem) -> StreamProblem:
    """What it is given."""
    return problem


def _lost(executor: Any, error: BaseException) -> Diagnostic:
    """ND992: what an executor raised in place of a result."""
    why = f"{type(error).__name__}: {error}".rstrip(": ")
    message = f"the executor {type(executor).__name__} filled not all shards: {why}"
    return finding("ND992", about("function", "compile"), message, fixes=["start its workers again", "no executor"])


def _of(problem: StreamProblem, expected: dict[str, Ints], shard: Shard) -> Ints:
    return expected[shard.population][problem.neurons(shard)]


def _round(problem: StreamProblem, shards: list[Shard], cores: list[ShardCores]) -> _Round:
    """Number the cores of all shards. Raises DiagnosticError if a neuron fits no empty core."""
    proofs = [
        _proof(problem, shard, item.overfull)
        for shard, item in zip(shards, cores, strict=True)
        if item.overfull is not None
    ]
    if proofs:
        raise DiagnosticError(STAGE, tuple(proofs))
    first = np.r_[0, np.cumsum([item.n_cores for item in cores])].astype(np.int64)
    core_of = {item.name: np.zeros(item.size, dtype=np.int32) for item in problem.quantized.populations}
    for shard, item, start in zip(shards, cores, first.tolist(), strict=False):
        core_of[shard.population][problem.neurons(shard)] = item.core + np.int32(start)
    return _Round(shards, cores, first, core_of)


def _proof(problem: StreamProblem, shard: Shard, place: int) -> Diagnostic:
    """The finding of a neuron that alone overfills an empty core."""
    neuron = problem.neurons(shard)[place : place + 1]
    population = next(item for item in problem.quantized.populations if item.name == shard.population)
    into, limits = projections_into(problem.quantized)[shard.population], placing_limits(problem.target)
    silent = alone(np.zeros(population.size, dtype=np.int64))
    figures = (CoreUsage() + core_usage(problem.target, population, into, neuron, silent)).figures()
    name = next(iter(exceeded(figures, limits)), "output_axons")
    return overfills(population.name, int(neuron[0]), figures, limits, name)


def _groups(done: _Round, groups: PinGroups) -> Ints:
    """(cores,) pin group of each core."""
    of_shard = [groups.of[shard.population] for shard in done.shards]
    return np.repeat(np.array(of_shard, dtype=np.int64), np.diff(done.first))


def _too_many(
    problem: StreamProblem, options: MappingOptions, groups: PinGroups, core_group: Ints
) -> tuple[Diagnostic, ...]:
    """ND401 for every pin group that takes more cores than it has."""
    needed, usable = np.bincount(core_group, minlength=len(groups.open)), groups.open.sum(axis=1)
    return tuple(
        too_many(problem.quantized, problem.target, options, groups, group, int(needed[group]), more=False)
        for group in np.flatnonzero(needed > usable).tolist()
    )


def _output_axons(problem: StreamProblem, done: _Round, core_ids: Ints) -> dict[str, Ints]:
    """Population -> (size,) output axons: one price for each destination core, more for one on another chip."""
    sizes = {item.name: item.size for item in problem.quantized.populations}
    neurons = sum(sizes.values())
    chip = (core_ids // int(problem.target.chip.cores.value)).astype(np.int32)
    home = chip[np.concatenate([done.core_of[name] for name in sizes] or [np.zeros(0, dtype=np.int32)])]
    here, there = (output_axons_of(problem.target, "discrete", other_chip=other) for other in (False, True))
    total = np.zeros(neurons, dtype=np.int64)
    for item, start in zip(done.cores, done.first.tolist(), strict=False):
        to = np.repeat(chip[start : start + item.n_cores], np.diff(item.pair_ptr))
        sent = item.pair_source < neurons
        source = item.pair_source[sent]
        if source.size:
            low, cost = int(source.min()), np.where(home[source] == to[sent], here, there)
            counted = np.bincount(source - low, cost).astype(np.int64)
            total[low : low + counted.size] += counted
    return {name: total[problem.first[name] : problem.first[name] + size] for name, size in sizes.items()}


def _overfull(target: Target, done: _Round, output_axons: dict[str, Ints]) -> bool:
    """Whether the output axons of a core exceed their limit."""
    limit = placing_limits(target).get("output_axons")
    if limit is None:
        return False
    total = sum(
        (np.bincount(core, output_axons[name], done.n_cores) for name, core in done.core_of.items()),
        np.zeros(done.n_cores),
    )
    return bool(total.max(initial=0) > limit.value)


def _mapping(
    problem: StreamProblem, options: MappingOptions, done: _Round, core_ids: Ints, core_group: Ints
) -> Mapping:
    """The mapping of a round; without pins and avoided cores, core k is physical core k."""
    plain = not options.pins and not options.avoid_cores
    where: dict[str, Any] = {} if plain else {"core_ids": core_ids, "pin_group": core_group}
    counts = [np.diff(item.pair_ptr) for item in done.cores]
    ptr = np.r_[0, np.cumsum(np.concatenate([np.zeros(0, dtype=np.int64), *counts]))].astype(np.int64)
    source = np.concatenate([np.zeros(0, dtype=np.int32), *(item.pair_source for item in done.cores)])
    return Mapping(
        quantized=problem.quantized,
        target=problem.target,
        n_cores=done.n_cores,
        core_of=done.core_of,
        pairs=CorePairs(ptr=ptr, source=source),
        **where,
    )
