"""A program as blocks of nengo-loihi, one for each core, with its integers unchanged.

A block has one pair of voltage limits and one noise setting; compartments of a core that differ in them become separate blocks.
The target of a PES projection is one block, whatever its cores, because an error belongs to a block.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.hardware.arithmetic import effective_weights
from neurodeploy.network import Pes
from neurodeploy.program.program import Program
from neurodeploy.program.synapse_tables import SynapseTable, synapse_tables_of

__all__ = ["Blocks", "blocks_of", "divided"]

SIGN_MODES = {"mixed": 1, "excitatory": 2, "inhibitory": 3}
"""Sign mode -> code in a synapse format, which only a board reads. Source: Brian2Loihi 0.5.2 and lava-nc 0.10.0."""

Array = NDArray[Any]


class Blocks(NamedTuple):
    """Block of each row of the core tables."""

    block: Array
    """(n_rows,)."""
    place: Array
    """(n_rows,) index within the block."""
    rows: list[Array]
    """Table rows of each block."""
    kinds: Array
    """(n_blocks, 6) core, vmin_exp, vmax_exp, and the three columns of `_noise`. Core -1 - k: population number k."""


def divided(program: Program) -> Blocks:
    """Return the blocks of a program."""
    tables = program.tables
    core = np.repeat(np.arange(tables.n_cores), np.diff(tables.compartment_ptr))
    learning = {item.target for item in program.network.projections if isinstance(item.plasticity, Pes)}
    for number, item in enumerate(program.populations):
        if item.name in learning:
            core[program.table_rows[item.name]] = -1 - number
    key = np.stack([core, tables.vmin_exp, tables.vmax_exp, *_noise(program)], axis=1)
    kinds, block = np.unique(key, axis=0, return_inverse=True)
    block = block.ravel()
    first = [int(kind[0]) for kind in kinds]
    rows = [
        np.flatnonzero(block == number) if core >= 0 else program.table_rows[_population_of(program, core)]
        for number, core in enumerate(first)
    ]
    place = np.zeros(block.size, dtype=np.int64)
    for mine in rows:
        place[mine] = np.arange(mine.size)
    return Blocks(block, place, rows, kinds)


def _population_of(program: Program, core: int) -> str:
    """Name of the population that is a block of its own, see `Blocks.kinds`."""
    return program.populations[-1 - core].name


def _noise(program: Program) -> list[Array]:
    """By table row: where noise acts (-1 for none), its exponent, its offset."""
    columns: list[Array] = [np.full(program.tables.n_rows, absent, dtype=np.int64) for absent in (-1, 0, 0)]
    for item in program.populations:
        for column, name in zip(columns, ("noise_at", "noise_exponent", "noise_offset"), strict=True):
            if name in item.parameters:
                column[program.table_rows[item.name]] = item.parameters[name]
    return columns


def blocks_of(program: Program) -> tuple[dict[str, Any], dict[str, Array]]:
    """(plan, arrays): blocks, links from inputs or blocks to blocks, and the recorded row of each neuron."""
    blocks = divided(program)
    learning = {item.name for item in program.network.projections if isinstance(item.plasticity, Pes)}
    table, arrays = list[dict[str, Any]](), dict[str, Array]()
    for number, rows in enumerate(blocks.rows):
        row, columns = _registers(program, rows, blocks.kinds[number])
        table.append({"size": int(rows.size), **row})
        arrays |= {f"block.{number}.{name}": values for name, values in columns.items()}
    links = list[dict[str, Any]]()
    for synapses in synapse_tables_of(program):
        for row, columns in _links(program, synapses, blocks) if synapses.projection not in learning else ():
            arrays |= {f"link.{len(links)}.{name}": values for name, values in columns.items()}
            links.append(row)
    first = np.r_[0, np.cumsum([rows.size for rows in blocks.rows])]
    for name, rows in program.table_rows.items():
        arrays[f"rows.{name}"] = first[blocks.block[rows]] + blocks.place[rows]
    return {"blocks": table, "links": links}, arrays


def _registers(program: Program, rows: Array, kind: Array) -> tuple[dict[str, Any], dict[str, Array]]:
    tables, dialect = program.tables, program.target.dialect
    threshold = tables.vth_mant[rows].astype(np.int64) << dialect.threshold_shift_bits
    core, vmin_exp, vmax_exp, at, exponent, offset = kind.tolist()
    vmin, vmax = -(1 << vmin_exp) + 1, (1 << (9 + 2 * vmax_exp)) - 1
    name = f"core {core}" if core >= 0 else _population_of(program, int(core))
    row = {"name": name, "vmin": vmin, "vmax": vmax}
    return {**row, "noise_at": at, "noise_exponent": exponent, "noise_offset": offset}, {
        "du": tables.du[rows],
        "dv": tables.dv[rows],
        "vth": np.where(tables.spiking[rows] == 1, threshold, max(vmax, 1 << dialect.state_bits)),
        "bias": tables.bias_mant[rows].astype(np.int64) << tables.bias_exp[rows].astype(np.int64),
        "refract": tables.refract_delay[rows],
    }


def _links(program: Program, synapses: SynapseTable, blocks: Blocks) -> list[tuple[dict[str, Any], dict[str, Array]]]:
    """Synapses of a table by (source block or input, target block), with one axon for each source that has any."""
    style, found = synapses.style, list[tuple[dict[str, Any], dict[str, Array]]]()
    given = (style.weight_bits, style.exponent, style.sign_mode)
    weights = effective_weights(program.target.dialect, synapses.mantissas, *given)
    from_input = synapses.source in program.network.input_by_name
    source = np.full(synapses.pre.size, -1) if from_input else blocks.block[synapses.pre_row]
    place = synapses.pre if from_input else blocks.place[synapses.pre_row]
    pairs, index = np.unique(np.stack([source, blocks.block[synapses.post_row]], axis=1), axis=0, return_inverse=True)
    for number, pair in enumerate(pairs):
        one, other = int(pair[0]), int(pair[1])
        mine = np.flatnonzero(index.ravel() == number)
        mine = mine[np.argsort(place[mine], kind="stable")]
        sources, lengths = np.unique(place[mine], return_counts=True)
        size = program.network.source_size(synapses.source) if from_input else blocks.rows[one].size
        axon_of = np.full(size, -1, dtype=np.int64)
        axon_of[sources] = np.arange(sources.size)
        row = {
            "projection": synapses.projection,
            "target": other,
            "source": one,
            "input": synapses.source if from_input else None,
            "weight_exp": style.exponent,
            "fanout_type": SIGN_MODES[style.sign_mode],
        }
        columns = {"axon_of": axon_of, "ptr": np.r_[0, np.cumsum(lengths)]}
        found.append((row, {**columns, "targets": blocks.place[synapses.post_row[mine]], "weights": weights[mine]}))
    return found
