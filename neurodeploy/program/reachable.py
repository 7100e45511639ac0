"""What the entries of a program's tables can become in a run, and whether plastic synapses have entries of their own."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.arrays import all_different
from neurodeploy.hardware.arithmetic import effective_weights, learned_weights
from neurodeploy.hardware.dialect import Dialect
from neurodeploy.network import Projection
from neurodeploy.network.connectivity import synapses_of
from neurodeploy.program.plastic import plastic_projections, plastic_synapses, reached_pairs
from neurodeploy.program.program import Program
from neurodeploy.quantize.plastic import reachable_weights

__all__ = ["entry_weights", "mantissa_ranges", "placement_faults", "weight_ranges"]

Ints = NDArray[np.int64]


def mantissa_ranges(program: Program) -> tuple[Ints, Ints]:
    """Return (n_entries,) each the least and the greatest mantissa that an entry can have in a run of a sound `program`.

    Both are its mantissa, except where a plastic projection has a synapse: there they are the range of its rule. Without
    plastic projections, both are one array.
    """
    low = program.tables.entry_mantissa.astype(np.int64)
    plastic = plastic_synapses(program)
    high = low.copy() if plastic else low
    for item in plastic.values():
        least, most = reachable_weights(item.rule, item.style.sign_mode, program.target.dialect)
        low[item.entry] = np.minimum(low[item.entry], least)
        high[item.entry] = np.maximum(high[item.entry], most)
    return low, high


def entry_weights(program: Program, dialect: Dialect, mantissas: Ints) -> Ints:
    """Return (n_entries,) what the entries of a sound `program` add under a `dialect`, not yet shifted where the sum is shifted.

    `mantissas`: (n_entries,) mantissas of all entries, of which those of plastic projections keep all bits.
    """
    tables = program.tables
    style = np.repeat(tables.segment_format, np.diff(tables.entry_ptr.astype(np.int64)))
    weight: Ints = np.zeros(mantissas.size, dtype=np.int64)
    plastic = {item.name for item in program.network.projections if item.plasticity is not None}
    for number, item in enumerate(program.formats):
        mine = style == number
        if item.projection in plastic:
            weight[mine] = learned_weights(dialect, mantissas[mine], item.exponent)
        else:
            weight[mine] = effective_weights(dialect, mantissas[mine], item.weight_bits, item.exponent, item.sign_mode)
    return weight


def weight_ranges(program: Program, dialect: Dialect) -> tuple[Ints, Ints]:
    """Return (n_entries,) each the least and the greatest that an entry can add in a run; see `entry_weights`."""
    least, most = mantissa_ranges(program)
    low = entry_weights(program, dialect, least)
    return low, low if most is least else entry_weights(program, dialect, most)


def placement_faults(program: Program) -> list[str]:
    """Return one sentence for each plastic projection whose synapses do not each have exactly one entry of their own.

    `program`: with tables whose offsets and indices are sound.
    """
    faults = ((item.name, _fault(program, item)) for item in plastic_projections(program.network))
    return [f"synapses of plastic projection '{name}' {fault}" for name, fault in faults if fault]


def _fault(program: Program, projection: Projection) -> str | None:
    listed = synapses_of(projection, program.network.source_size(projection.source))
    source, target, entry = reached_pairs(program, projection)
    key, wanted = source * listed.n_target + target, listed.pre * listed.n_target + listed.post
    mine = np.isin(key, wanted)
    found, entry = key[mine], entry[mine]
    if not all_different(found):
        return "have more than one entry"
    if found.size != wanted.size:
        return "have no entry"
    return None if all_different(entry) else "share an entry"
