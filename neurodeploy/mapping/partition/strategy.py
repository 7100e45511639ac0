"""Which neurons share a core: the way to find out that fits the network, its size and the level. Counts nothing itself.

Synapses that are written out: first fit, compiled where there are very many, and above level 1 a search that moves neurons.
Windows: first fit, and where these are a chain of layers also tiles, which are searched by shapes. A large chain is left to
tiles alone: they are found in seconds where first fit takes minutes, and take fewer cores.
"""

from __future__ import annotations

from typing import NamedTuple, cast

from neurodeploy.diagnostics import DiagnosticError, raise_errors
from neurodeploy.hardware.target import Target
from neurodeploy.mapping.encode import encoded
from neurodeploy.mapping.mapping import Mapping
from neurodeploy.mapping.options import MappingOptions
from neurodeploy.mapping.options_check import option_findings
from neurodeploy.mapping.partition.cut_usage import keeps_limits
from neurodeploy.mapping.partition.first_fit import first_fit_of
from neurodeploy.mapping.partition.order import placing_limits
from neurodeploy.mapping.partition.tiles.chains import chain_of
from neurodeploy.mapping.place.pins import pin_groups
from neurodeploy.mapping.refusals import STAGE, proof_of_cores, too_many, unplaced
from neurodeploy.mapping.time_limit import TimeLimit
from neurodeploy.network.connectivity import Connectivity, SynapseList
from neurodeploy.quantize.quantized import Quantized
from neurodeploy.resources.lower_bounds import lower_bounds

__all__ = ["assign", "partition"]

SEARCHED = 2
"""The level from which on neurons are moved."""
COMPILED, LARGE = 8_000_000, 32_000_000
"""Synapses above which first fit is left to compiled kernels, which take a minute and more to compile, once; and above which
slices are not counted one by one if these find no cut."""
MANY_CORES = 48
"""Cores that a chain needs at least from which on it is left to tiles."""
FULL = 0.9
"""Share of a kernel's numbers that are synapses from which on tiles are counted right: they know no absent synapses."""


class _Asked(NamedTuple):
    """What is to be cut, for what, and how."""

    quantized: Quantized
    target: Target
    options: MappingOptions
    stop_early: bool
    watch: TimeLimit

    @property
    def bound(self) -> int:
        """Cores that any mapping needs."""
        return max(lower_bounds(self.quantized, self.target).values(), default=0)


def partition(
    quantized: Quantized, target: Target, *, options: MappingOptions | None = None, watch: TimeLimit | None = None
) -> Mapping:
    """Return a mapping in which no core exceeds any limit of the target, with the encodings of its synapses.

    See `assign` for the assignment and the errors raised.
    """
    return encoded(assign(quantized, target, options=options, watch=watch))


def assign(
    quantized: Quantized,
    target: Target,
    *,
    stop_early: bool = False,
    options: MappingOptions | None = None,
    watch: TimeLimit | None = None,
) -> Mapping:
    """Return the assignment of neurons to cores, without encodings: enough for whoever only counts cores.

    `stop_early`: no cores are counted beyond the last of the target.

    Without options this is first fit. Raises DiagnosticError: ND301-ND310 (the proof: a neuron fits no core), ND401 (more
    cores than the target has, or than a population is pinned to), ND402 (not placed by this mapper), or what is wrong with
    the options (ND101, ND403-ND405); and OutOfTimeError where the watch ends before first fit does.
    """
    options = options or MappingOptions(level=0)
    raise_errors(STAGE, option_findings(quantized, target, options))
    proof = proof_of_cores(quantized, target, options)
    if proof is not None:
        raise DiagnosticError(STAGE, (proof,))
    watch = (watch or TimeLimit()).within(options.time_limit_s)
    asked = _Asked(quantized, target, options, stop_early, watch)
    written = not any(item.connectivity.shares_weights for item in quantized.projections)
    return _of_synapses(asked) if written else _of_windows(asked)


def _first_fit(asked: _Asked) -> tuple[Mapping | None, DiagnosticError | None]:
    """First fit, or why there is none."""
    quantized, target, options, stop_early, watch = asked
    try:
        return first_fit_of(quantized, target, options, watch, stop_early=stop_early), None
    except DiagnosticError as error:
        return None, error


def _of_synapses(asked: _Asked) -> Mapping:
    """First fit of synapses that are written out, and the search of higher levels."""
    quantized, _, options = asked[:3]
    synapses = sum(item.connectivity.n_synapses for item in quantized.projections)
    first, error = None, None
    if synapses > COMPILED or (options.positions and options.level > 0):
        first = _compiled_fit(asked)
    if first is None and synapses > LARGE:
        error = DiagnosticError(STAGE, (unplaced(quantized, "compiled first fit found no cut that keeps every limit"),))
    elif first is None:
        first, error = _first_fit(asked)
    if options.level >= SEARCHED and not _settled(asked, first, error):
        first = _searched(asked, first)
    if error is not None and first is None:
        raise error
    return cast(Mapping, first)


def _of_windows(asked: _Asked) -> Mapping:
    """First fit and tiles, whichever takes fewer cores; tiles alone where the network is a large chain without holes."""
    first, error, needed = None, None, None
    by_tiles = asked.options.level > 0 and chain_of(asked.quantized) is not None
    alone = by_tiles and asked.bound >= MANY_CORES and _full(asked.quantized)
    if not alone:
        first, error = _first_fit(asked)
    if by_tiles and not _settled(asked, first, error):
        first, needed = _tiled(asked, first)
    if first is None and alone:
        error = _too_many_tiles(asked, needed)
        first, error = (None, error) if error else _first_fit(asked)
    if error is not None and first is None:
        raise error
    return cast(Mapping, first)


def _full(quantized: Quantized) -> bool:
    """Whether kernels have hardly any absent synapse."""
    return all(_share_present(item.connectivity) >= FULL for item in quantized.projections)


def _share_present(connectivity: Connectivity) -> float:
    """Share of the synapses that are there, of those that a layer of this shape may have; outer rows without any are no shape."""
    if isinstance(connectivity, SynapseList):
        return connectivity.n_synapses / max(connectivity.n_source * connectivity.n_target, 1)
    there = connectivity.present > 0
    held = there[:, :, there.any(axis=(0, 1, 3))][..., there.any(axis=(0, 1, 2))]
    return float(held.mean()) if held.size else 0.0


def _settled(asked: _Asked, first: Mapping | None, error: DiagnosticError | None) -> bool:
    """Whether no search can help: first fit reaches a bound, or a neuron fits no core."""
    proof = error is not None and error.diagnostics[0].code not in ("ND401", "ND402")
    return proof or (first is not None and first.n_cores <= max(asked.bound, 1))


def _too_many_tiles(asked: _Asked, needed: int | None) -> DiagnosticError | None:
    """ND401 if there are tiles and they take more cores than there are; None where first fit may find what they do not."""
    zones = pin_groups(asked.quantized, asked.target, asked.options)
    if needed is None or needed <= int(zones.open[0].sum()):
        return None
    return DiagnosticError(STAGE, (too_many(*asked[:3], zones, 0, needed, more=False),))


def _kept(found: Mapping | None, target: Target) -> Mapping | None:
    """A cut of the kernels, which follow neither the length of single lists nor run-lengths; None if it breaks a limit."""
    unseen = "words_per_axon" in placing_limits(target) or target.counting.skip_bits is not None
    return None if found is None or (unseen and not keeps_limits(found, target)) else found


# the kernels of a search are compiled when they are needed, so its modules are imported then


def _compiled_fit(asked: _Asked) -> Mapping | None:
    from neurodeploy.mapping.partition.search.search import first_fit

    return _kept(first_fit(asked.quantized, asked.target, asked.options), asked.target)


def _searched(asked: _Asked, first: Mapping | None) -> Mapping | None:
    from neurodeploy.mapping.partition.search.search import search

    return _kept(search(asked.quantized, asked.target, asked.options, first, asked.watch), asked.target) or first


def _tiled(asked: _Asked, first: Mapping | None) -> tuple[Mapping | None, int | None]:
    from neurodeploy.mapping.partition.tiles.tiled import tiled

    return tiled(asked.quantized, asked.target, asked.options, first, asked.watch)
