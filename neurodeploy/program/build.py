"""Verb: the core tables of a cut network. Chooses nothing: which neuron, which core, which encoding are given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from neurodeploy.program.tables import InputRoutes, SynapseFormat, Tables
from neurodeploy.quantize.quantized import QuantizedPopulation

__all__ = ["Segment", "build_tables"]

Ints = NDArray[np.int64]
_RESETS = {"zero": 0, "subtract": 1, "none": 2}


@dataclass(frozen=True)
class Segment:
    """The synapses of one projection inside one core, as columns by (source, target)."""

    core: int
    source: str
    style: SynapseFormat
    sources: Ints
    """(n_segments,) source neurons, ascending."""
    lengths: Ints
    """(n_segments,) entries of each."""
    targets: NDArray[np.uint16]
    """Rows of the core."""
    mantissas: NDArray[np.int16]
    delays: NDArray[np.uint8]


@dataclass(frozen=True)
class _Lists:
    """Lists of one core, and whose they are."""

    owner: Ints
    """(n_lists,) global source number."""
    segments_per_list: Ints
    formats: Ints
    lengths: Ints
    targets: NDArray[np.uint16]
    mantissas: NDArray[np.int16]
    delays: NDArray[np.uint8]


def _gather(starts: Ints, lengths: Ints) -> Ints:
    """Indices of the concatenated runs [start, start + length)."""
    offset = np.r_[0, np.cumsum(lengths)[:-1]]
    return np.repeat(starts - offset, lengths) + np.arange(int(lengths.sum()))


def _merge(segments: list[Segment], first_of: dict[str, int], format_index: dict[SynapseFormat, int]) -> _Lists:
    """Sort the segments of a core by (source, projection) and join those of one source to one list."""
    if not segments:
        zero = np.zeros(0, dtype=np.int64)
        return _Lists(zero, zero, zero, zero, zero.astype(np.uint16), zero.astype(np.int16), zero.astype(np.uint8))
    owner = np.concatenate([first_of[item.source] + item.sources for item in segments])
    lengths = np.concatenate([item.lengths for item in segments])
    formats = np.concatenate([np.full(item.sources.size, format_index[item.style]) for item in segments])
    order = np.argsort(owner, kind="stable")
    entry = _gather((np.cumsum(lengths) - lengths)[order], lengths[order])
    owners, per_list = np.unique(owner, return_counts=True)
    return _Lists(
        owners,
        per_list,
        formats[order],
        lengths[order],
        np.concatenate([item.targets for item in segments])[entry],
        np.concatenate([item.mantissas for item in segments])[entry],
        np.concatenate([item.delays for item in segments])[entry],
    )


def _ptr(lengths: Any) -> Ints:
    return np.r_[0, np.cumsum(np.asarray(lengths, dtype=np.int64))].astype(np.int64)


def _rows(populations: tuple[QuantizedPopulation, ...], core_of: dict[str, Any]) -> tuple[Ints, Ints, Ints]:
    """(population, neuron, core) of every row, ordered by (core, population, neuron)."""
    population = np.concatenate([np.full(item.size, index) for index, item in enumerate(populations)])
    neuron = np.concatenate([np.arange(item.size) for item in populations])
    core = np.concatenate([core_of[item.name] for item in populations]).astype(np.int64)
    order = np.lexsort((neuron, population, core))
    return population[order], neuron[order], core[order]


def _registers(populations: tuple[QuantizedPopulation, ...], population: Ints, neuron: Ints) -> dict[str, Any]:
    first = _ptr([item.size for item in populations])[population] + neuron
    types = {
        "vth_mant": np.int32,
        "bias_mant": np.int16,
        "du": np.int16,
        "dv": np.int16,
        "refract_delay": np.uint8,
    }
    names = ("du", "dv", "vth_mant", "bias_mant", "bias_exp", "refract_delay", "vmin_exp", "vmax_exp")
    columns: dict[str, Any] = {
        name: np.concatenate([getattr(item, name) for item in populations])[first].astype(types.get(name, np.int8))
        for name in names
    }
    columns["reset"] = np.array([_RESETS[item.reset] for item in populations], dtype=np.int8)[population]
    columns["spiking"] = np.array([int(item.spiking) for item in populations], dtype=np.int8)[population]
    return columns


def build_tables(
    populations: tuple[QuantizedPopulation, ...],
    inputs: dict[str, int],
    core_of: dict[str, Any],
    core_id: Any,
    segments: list[Segment],
) -> tuple[tuple[SynapseFormat, ...], tuple[InputRoutes, ...], Tables]:
    """Return formats, input routes and tables; `inputs` is name -> lines, `core_id` (n_cores,) the physical cores."""
    n_cores = int(np.asarray(core_id).size)
    population, neuron, core = _rows(populations, core_of)
    formats = tuple(dict.fromkeys(item.style for item in segments))
    format_index = {style: index for index, style in enumerate(formats)}
    sizes = [*inputs.values(), *(item.size for item in populations)]
    first_of = dict(zip([*inputs, *(item.name for item in populations)], (int(n) for n in _ptr(sizes)), strict=False))
    by_core: list[list[Segment]] = [[] for _ in range(n_cores)]
    for item in segments:
        by_core[item.core].append(item)
    lists = [_merge(items, first_of, format_index) for items in by_core]
    owner = np.concatenate([item.owner for item in lists])
    to_core = np.repeat(np.arange(n_cores), [item.owner.size for item in lists])
    axon = np.concatenate([np.arange(item.owner.size) for item in lists])
    routes, out = _routes(inputs, populations, population, neuron, first_of, (owner, to_core, axon))
    tables = Tables(
        core_id=np.asarray(core_id, dtype=np.int64),
        compartment_ptr=_ptr(np.bincount(core, minlength=n_cores)),
        in_axon_ptr=_ptr([item.owner.size for item in lists]),
        list_ptr=_ptr([item.owner.size for item in lists]),
        population=population.astype(np.int32),
        neuron=neuron.astype(np.int32),
        **_registers(populations, population, neuron),
        **out,
        in_axon_list=axon.astype(np.int32),
        in_axon_base=np.zeros(axon.size, dtype=np.int32),
        segment_ptr=_ptr(np.concatenate([item.segments_per_list for item in lists])),
        segment_format=np.concatenate([item.formats for item in lists]).astype(np.int32),
        entry_ptr=_ptr(np.concatenate([item.lengths for item in lists])),
        entry_target=np.concatenate([item.targets for item in lists]).astype(np.uint16),
        entry_mantissa=np.concatenate([item.mantissas for item in lists]).astype(np.int16),
        entry_delay=np.concatenate([item.delays for item in lists]).astype(np.uint8),
    )
    return formats, routes, tables


def _routes(
    inputs: dict[str, int],
    populations: tuple[QuantizedPopulation, ...],
    population: Ints,
    neuron: Ints,
    first_of: dict[str, int],
    axons: tuple[Ints, Ints, Ints],
) -> tuple[tuple[InputRoutes, ...], dict[str, Any]]:
    """Routes of the inputs, and the out-axon columns of the rows."""
    owner, to_core, axon = axons
    order = np.lexsort((to_core, owner))
    owner, to_core, axon = owner[order], to_core[order], axon[order]
    routes: list[InputRoutes] = []
    for name, lines in inputs.items():
        low, high = np.searchsorted(owner, [first_of[name], first_of[name] + lines])
        mine = slice(int(low), int(high))
        ptr = _ptr(np.bincount(owner[mine] - first_of[name], minlength=lines))
        routes.append(
            InputRoutes(name=name, ptr=ptr, core=to_core[mine].astype(np.int32), in_axon=axon[mine].astype(np.int32))
        )
    first = np.array([first_of[item.name] for item in populations], dtype=np.int64)
    number = first[population] + neuron
    start, stop = np.searchsorted(owner, number, "left"), np.searchsorted(owner, number, "right")
    take = _gather(start, stop - start)
    return tuple(routes), {
        "out_axon_ptr": _ptr(stop - start),
        "out_core": to_core[take].astype(np.int32),
        "out_in_axon": axon[take].astype(np.int32),
    }


SignMode = Literal["mixed", "excitatory", "inhibitory"]
Encoding = Literal["dense", "sparse", "shared"]


def make_format(projection: str, weight: Any, plan: Any) -> SynapseFormat:
    """Return the format of a projection's segments inside one core."""
    return SynapseFormat(
        projection=projection,
        weight_bits=weight.weight_bits,
        exponent=weight.exponent,
        sign_mode=cast(SignMode, weight.sign_mode),
        delay_bits=plan.delay_bits,
        index_bits=plan.index_bits,
        encoding=cast(Encoding, plan.encoding),
    )
