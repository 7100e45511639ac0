"""Programs moved off cores that must not be used, and the proof that their bits are the same.

Logical cores that lie on such physical cores move to free ones, as near to their partners as there are; everything else
stays, so that only `core_id` differs. Where no core is free on the chip, or the output axons of a core would exceed their limit
because its partners are on another chip, the network is compiled again without the cores.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.noun import Noun
from neurodeploy.compiler import Compilation, CompileOptions, compile_network
from neurodeploy.diagnostics import Diagnostic, DiagnosticError, about, finding
from neurodeploy.mapping.kernels.board import Board
from neurodeploy.mapping.place.traffic import board_of, core_traffic
from neurodeploy.network import Current
from neurodeploy.program.audit import over_limits
from neurodeploy.program.golden import Golden
from neurodeploy.program.program import Program
from neurodeploy.program.registers import REGISTERS
from neurodeploy.program.synapse_tables import synapse_tables_of
from neurodeploy.signals import Samples, Stimulus
from neurodeploy.simulate import encode, seal_golden, verify_program

__all__ = ["Move", "Remapped", "remap_program", "samples_drawn"]

Ints = NDArray[np.int64]
DRAWN_SAMPLES, DRAWN_STEPS = 4, 32
"""Samples that are drawn where none is given or sealed, and their steps where the network does not say."""
SHARE = 0.25
"""Share of steps in which a line of drawn samples spikes."""
LEVELS = (1, 2)
"""Efforts of the mapper that are tried, in order: the second takes fewer cores and more time."""


class Move(Noun):
    """A logical core that lies elsewhere."""

    core: int
    """Logical core."""
    before: int
    """Physical core on which it was."""
    after: int
    """Physical core on which it is."""


class Remapped(Noun):
    """A program moved off some cores."""

    program: Program
    """Program that uses none of them, with the golden input and output of the proof sealed in it."""
    avoided: tuple[int, ...]
    """Physical cores that it does not use."""
    method: Literal["unchanged", "moved", "compiled"]
    """unchanged: it used none of them. moved: cores lie elsewhere, their contents are the same. compiled: mapped again."""
    moves: tuple[Move, ...] = ()
    """Logical cores that moved; none of a program that was compiled again."""
    n_samples: int
    """Samples on which both programs gave the same spikes."""
    n_steps: int
    """Steps of each."""
    drawn: bool
    """Whether these samples were drawn at random, because none was given or sealed."""


class _Proof(NamedTuple):
    """What both programs must give."""

    golden: Golden
    drawn: bool


def remap_program(program: Program, avoid_cores: Sequence[int], samples: Samples = None) -> Remapped:
    """Return a `program` moved off the physical cores `avoid_cores`, after its bits were proven equal.

    Its synapses and registers are compared with those of the original, neuron by neuron; then both run `samples` or, without
    any, the sealed ones, or ones drawn at random.

    Raises DiagnosticError: ND403 (no such core), ND977 (not enough cores are left), ND978 (the bits differ, which is a
    fault of this package or of the options with which the program was compiled), and as nd.run.
    """
    avoided = tuple(sorted(set(avoid_cores)))
    _require_cores(program, avoided)
    if not np.isin(program.tables.core_id, avoided).any():
        golden, drawn = _proof(program, samples)
        return _proven(program, program, _Proof(golden, drawn), avoided, "unchanged")
    moved = _moved(program, avoided)
    other = moved or _compiled(program, avoided)
    golden, drawn = _proof(program, samples)
    return _proven(program, other, _Proof(golden, drawn), avoided, "moved" if moved else "compiled")


def _require_cores(program: Program, avoided: Sequence[int]) -> None:
    target = program.target
    wrong = [core for core in avoided if not 0 <= core < target.cores]
    if wrong:
        message = f"core {wrong[0]} does not exist: the cores of target '{target.name}' are 0 to {target.cores - 1:,}"
        raise DiagnosticError("remap", (finding("ND403", about("option", "avoid_cores"), message),))


# --- cores that lie elsewhere


def _moved(program: Program, avoided: Sequence[int]) -> Program | None:
    """The program with cores on free slots; None if there are too few, or a core would exceed a limit."""
    tables, board = program.tables, board_of(program.target, np.ones((1, program.target.cores), dtype=bool))
    slot = tables.core_id.astype(np.int64).copy()
    free = np.setdiff1d(np.arange(program.target.cores), [*slot.tolist(), *avoided])
    displaced = np.flatnonzero(np.isin(slot, avoided))
    if free.size < displaced.size:
        return None
    near = _partners(program)
    for core in displaced.tolist():
        best = int(np.argmin(_cost(board, free, core, slot, near)))
        slot[core], free = free[best], np.delete(free, best)
    changed = program.model_copy(update={"tables": tables.model_copy(update={"core_id": slot}), "golden": None})
    return None if over_limits(changed) else changed


class _Partners(NamedTuple):
    """Traffic between cores, one message for each neuron and destination."""

    ptr: Ints
    to: Ints
    traffic: NDArray[np.float64]


def _partners(program: Program) -> _Partners:
    tables = program.tables
    core = np.repeat(np.arange(tables.n_cores), np.diff(tables.compartment_ptr))
    source = np.repeat(np.arange(tables.n_rows), np.diff(tables.out_axon_ptr))
    to = tables.out_core.astype(np.int64)
    found = core_traffic(core, source, to, np.ones(source.size), tables.n_cores)
    return _Partners(found.ptr, found.to, found.traffic)


def _cost(board: Board, free: Ints, core: int, slot: Ints, near: _Partners) -> NDArray[np.float64]:
    """(free,) messages times hops of a core in each free slot; another chip than its own costs more than any way on it."""
    span = slice(near.ptr[core], near.ptr[core + 1])
    there, weight = slot[near.to[span]], near.traffic[span]
    hops = np.abs(board.column[free, None] - board.column[there]) + np.abs(board.row[free, None] - board.row[there])
    apart = board.chip[free, None] != board.chip[there]
    hops = np.where(apart, board.shape[4], hops)
    away = board.chip[free] != board.chip[slot[core]]
    return hops @ weight + away * (1.0 + weight.sum()) * board.shape[4] * 4


# --- compiled again


def _compiled(program: Program, avoided: Sequence[int]) -> Program:
    """The network compiled without some cores. Raises DiagnosticError: ND977 (it does not fit)."""
    chosen, results = program.quantize_options, list[Compilation]()
    for level in LEVELS:
        options = CompileOptions(
            weight_bits=chosen.weight_bits,
            doublings=chosen.doublings,
            placement_seed=program.placement_seed,
            level=level,
            avoid_cores=tuple(avoided),
            fixes=False,
        )
        results.append(compile_network(program.network, program.target, options, stop="emit"))
        made = results[-1].program
        if made is not None:
            return made
    raise DiagnosticError("remap", (_too_few(program, avoided, results[-1]),))


def _too_few(program: Program, avoided: Sequence[int], result: Compilation) -> Diagnostic:
    used = program.tables.core_id[np.isin(program.tables.core_id, avoided)].tolist()
    left = program.target.cores - len(avoided)
    needed = next((item.found for item in result.findings if item.resource == "cores" and item.found), None)
    count = int(needed) if needed is not None else program.tables.n_cores
    many = f"{count:,} {'core' if count == 1 else 'cores'}"
    listed = ", ".join(str(core) for core in used[:8]) + (f" and {len(used) - 8:,} more" if len(used) > 8 else "")
    what = f"{len(used):,} of its cores" if len(used) > 1 else "one of its cores"
    message = f"uses {what} that must be avoided ({listed}), and needs {many} where {left:,} {'is' if left == 1 else 'are'} left"
    fixes = ["compile for a --board with more chips"]
    return finding(
        "ND977", about("program", program.network.name), message, found=needed, limit=left, unit="core", fixes=fixes
    )


# --- the proof


def samples_drawn(program: Program) -> Stimulus:
    """Return samples of spikes, or values, drawn at random for every input of a `program`."""
    network, rng = program.network, np.random.default_rng(0)
    steps = network.time.steps_per_sample or DRAWN_STEPS
    drawn = {item.name: rng.random((DRAWN_SAMPLES, steps, item.size)) for item in network.inputs}
    values = {item.name for item in network.inputs if isinstance(item.encoder, Current)}
    return Stimulus(
        n_samples=DRAWN_SAMPLES,
        n_steps=steps,
        rasters={name: (array < SHARE).astype(np.uint8) for name, array in drawn.items() if name not in values},
        currents={name: array for name, array in drawn.items() if name in values},
    )


def _proof(program: Program, samples: Samples) -> tuple[Golden, bool]:
    if samples is None and program.golden is not None:
        return program.golden, False
    stimulus = samples_drawn(program) if samples is None else encode(program.network, samples)
    golden = seal_golden(program, stimulus).golden
    assert golden is not None, "internal: the program was sealed"
    return golden, samples is None


def _proven(
    program: Program,
    other: Program,
    proof: _Proof,
    avoided: tuple[int, ...],
    method: Literal["unchanged", "moved", "compiled"],
) -> Remapped:
    """The result. Raises DiagnosticError: ND978 (tables or spikes differ)."""
    sealed = other.model_copy(update={"golden": proof.golden})
    where, found = about("program", program.network.name), [] if method == "moved" else _tables_apart(program, other)
    if not found:
        found = [item.message for item in verify_program(sealed, "emulator")[1]]
    if found:
        raise DiagnosticError("remap", (finding("ND978", where, f"changes when it leaves its cores: {found[0]}"),))
    before, after = program.tables.core_id.tolist(), other.tables.core_id.tolist()
    pairs = enumerate(zip(before, after, strict=True)) if method == "moved" else ()
    moves = tuple(Move(core=core, before=one, after=two) for core, (one, two) in pairs if one != two)
    golden = proof.golden
    return Remapped(
        program=sealed,
        avoided=avoided,
        method=method,
        moves=moves,
        n_samples=golden.n_samples,
        n_steps=golden.steps,
        drawn=proof.drawn,
    )


def _tables_apart(left: Program, right: Program) -> list[str]:
    """What differs between the neurons and synapses of two programs of one network, wherever they lie."""
    found = list[str]()
    for item in left.populations:
        rows = left.table_rows[item.name], right.table_rows[item.name]
        for name in REGISTERS:
            one, two = (getattr(p.tables, name)[r] for p, r in zip((left, right), rows, strict=True))
            if not np.array_equal(one, two):
                found.append(f"register {name} of population '{item.name}' differs")
    one, two = _synapses(left), _synapses(right)
    found += [
        f"synapses of projection '{name}' differ" for name in one if not np.array_equal(one[name], two.get(name, []))
    ]
    return found


def _synapses(program: Program) -> dict[str, Ints]:
    """Projection -> (n, 4) rows (pre, post, delay, weight), sorted, without weights of 0."""
    parts = dict[str, list[Ints]]()
    for table in synapse_tables_of(program):
        weight = table.mantissas.astype(np.int64) * (1 << 20)
        weight = weight << table.style.exponent if table.style.exponent >= 0 else weight >> -table.style.exponent
        rows = np.stack([table.pre, table.post, table.delay_steps, weight], axis=1)
        parts.setdefault(table.projection, []).append(rows[weight != 0])
    joined = {name: np.concatenate(rows) for name, rows in parts.items()}
    return {name: rows[np.lexsort(rows.T[::-1])] for name, rows in joined.items()}
