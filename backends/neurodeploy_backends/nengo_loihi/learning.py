"""PES projections of a program as learning synapses of nengo-loihi: one synapse for each, with an axon for every source."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.check.backend_support import Unsupported
from neurodeploy.hardware.arithmetic import dropped_bits
from neurodeploy.network import Pes
from neurodeploy.program.plastic import PlasticSynapses, plastic_synapses
from neurodeploy.program.program import Program
from neurodeploy.signals.options import RunOptions
from neurodeploy.signals.stimulus import Stimulus
from neurodeploy.simulate.pes_draws import DRAW_BITS, pes_draws
from neurodeploy_backends.nengo_loihi.blocks import Blocks

__all__ = ["cannot_learn", "learning_of", "learning_runs"]

Array = NDArray[Any]
IMPULSE_FRACTIONS = 128
"""Parts in which the fraction of an impulse is counted. Source: nengo-loihi 1.1.0 discretize.py tracing_mag_int_frac."""
WIDTHS = (0, 1, 2, 3, 4, 5, 6, 8)
"""Stored bits of a weight by their code. Source: nengo-loihi 1.1.0 block.py WEIGHT_BITS_MAP."""


def cannot_learn(program: Program) -> Iterator[Unsupported]:
    """Yield PES projections that a learning synapse of nengo-loihi cannot hold."""
    for name, item in plastic_synapses(program).items():
        style, where = item.style, f"projection '{name}' learns by pes"
        low_bits = dropped_bits(program.target.dialect, style.weight_bits, style.sign_mode)
        if item.listed.n_synapses != item.listed.n_source * item.listed.n_target:
            yield Unsupported(
                f"{where} and lacks synapses, and nengo-loihi learns at every pair", ("a dense operation",)
            )
        if style.sign_mode != "mixed" or style.weight_bits not in WIDTHS:
            message = (
                f"{where} with {style.weight_bits} {style.sign_mode} weight bits, and nengo-loihi's have both signs"
            )
            yield Unsupported(message, ("weight_bits = 8, sign_mode = mixed",))
        elif style.exponent < -low_bits:
            message = f"{where} with exponent {style.exponent}, and nengo-loihi keeps low bits of what it learned"
            yield Unsupported(message, (f"exponent at least {-low_bits}",))


def learning_of(program: Program, blocks: Blocks) -> tuple[list[dict[str, Any]], dict[str, Array]]:
    """(plan, arrays): for each PES projection its rule, its target, and the axons of every block or input of its source."""
    rows, arrays = list[dict[str, Any]](), dict[str, Array]()
    for number, item in enumerate(plastic_synapses(program).values()):
        if not isinstance(item.rule, Pes):
            continue
        sources = _sources(program, item, blocks)
        for k, (_, axons) in enumerate(sources):
            arrays[f"learning.{number}.axon_of.{k}"] = axons
        rows.append(
            {
                "number": number,
                "projection": item.projection.name,
                "target": int(blocks.block[program.table_rows[item.projection.target][0]]),
                "sources": [source for source, _ in sources],
                "weight_exp": item.style.exponent,
                "weight_bits": WIDTHS.index(item.style.weight_bits),
                **_rule(program, item.rule),
            }
        )
    return rows, arrays


def _rule(program: Program, rule: Pes) -> dict[str, Any]:
    return {
        "mantissa": rule.mantissa,
        "exponent": rule.exponent,
        "rounding": rule.rounding,
        "impulse": float(np.floor(rule.trace.impulse * IMPULSE_FRACTIONS)) / IMPULSE_FRACTIONS,
        "tau_steps": rule.trace.tau_steps,
        "trace_epoch_steps": rule.trace_epoch_steps,
        "epoch_steps": rule.epoch_steps,
        "error": rule.error,
        "error_of_input": rule.error in program.network.input_by_name,
        "error_scale": rule.error_scale,
    }


def _sources(program: Program, item: PlasticSynapses, blocks: Blocks) -> list[tuple[dict[str, Any], Array]]:
    """(input or block, axon of each of its lines or compartments) of all neurons of a source."""
    name = item.projection.source
    if name in program.network.input_by_name:
        return [({"input": name}, np.arange(item.listed.n_source))]
    rows, found = program.table_rows[name], list[tuple[dict[str, Any], Array]]()
    for block in (int(number) for number in np.unique(blocks.block[rows])):
        axons = np.full(blocks.rows[block].size, -1, dtype=np.int64)
        mine = np.flatnonzero(blocks.block[rows] == block)
        axons[blocks.place[rows[mine]]] = mine
        found.append(({"input": None, "block": block}, axons))
    return found


def learning_runs(program: Program, stimulus: Stimulus, steps: int, options: RunOptions) -> dict[str, Array]:
    """Weights that each run begins with, and its draws as whole numbers, by "run.SAMPLE.PROJECTION.w", "trace", "synapse"."""
    arrays = dict[str, Array]()
    for name, item in plastic_synapses(program).items():
        if not isinstance(item.rule, Pes):
            continue
        for sample in range(stimulus.n_samples):
            prefix, number = f"run.{sample}.learning.{name}", stimulus.first_sample + sample
            arrays[f"{prefix}.w"] = _begin(program, item, sample, options).reshape(-1, item.listed.n_target)
            if options.learn != "off" and item.rule.rounding == "stochastic":
                arrays |= _draws(item, prefix, number, steps)
    return arrays


def _begin(program: Program, item: PlasticSynapses, sample: int, options: RunOptions) -> Array:
    stored = program.tables.entry_mantissa[item.entry].astype(np.int64)
    given = options.learned.synapses.get(f"{item.projection.name}.w") if options.learned is not None else None
    if given is None:
        return stored
    return np.asarray(given[0 if len(given) == 1 else sample], dtype=np.int64)


def _draws(item: PlasticSynapses, prefix: str, number: int, steps: int) -> dict[str, Array]:
    rule, sizes = item.rule, (item.listed.n_source, item.listed.n_synapses)
    assert isinstance(rule, Pes), "internal: only PES draws here"
    drawn = [pes_draws(rule, range(number, number + 1), t, *sizes) for t in range(1, steps + 1)]
    found = dict[str, Array]()
    for name, size in zip(("trace", "synapse"), sizes, strict=True):
        rows = [getattr(each, name) for each in drawn if getattr(each, name).size]
        table = np.concatenate(rows) if rows else np.zeros((0, size))
        found[f"{prefix}.{name}"] = (table * 2.0**DRAW_BITS).astype(np.uint32)
    return found
