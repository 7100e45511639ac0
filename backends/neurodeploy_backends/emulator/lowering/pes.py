"""PES rules as tables: where their state stands, and what becomes of every value of a trace.

The definition computes a trace in floats; here the same operations are done once for each value that a trace can have. A
draw is a whole number of 32 bits, so a fraction is kept as the number of draws below it, and the kernels need no floats.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.network import Pes
from neurodeploy.simulate.pes_draws import DRAW_BITS
from neurodeploy_backends.emulator.engine.plastic_tables import PES, PES_TRACES, PesPart
from neurodeploy_backends.emulator.spec_pes import FRACTION_BITS, LOST_BITS, impulse_of, keep_of
from neurodeploy_backends.emulator.spec_plastic import Plastic

__all__ = ["NO_PES", "pes_numbers", "pes_part"]

Array = NDArray[Any]

NO_PES = PesPart(
    rules=np.zeros(0, dtype=PES),
    scale=np.zeros(0),
    whole=np.zeros(0, dtype=np.int16),
    chance=np.zeros(0, dtype=np.int64),
    key=np.zeros(0, dtype=np.uint64),
    sent=np.zeros(0, dtype=np.uint8),
    spiked=np.zeros(0, dtype=np.uint8),
    error=np.zeros(0, dtype=np.int16),
    lines=np.zeros(0),
    signs=np.zeros(0, dtype=np.int32),
)
"""That of a program without PES projections."""


def pes_numbers(items: list[Plastic]) -> list[int]:
    """Number of each projection among those of PES; -1 for a sum of products."""
    own = [isinstance(item.rule, Pes) for item in items]
    return [sum(own[:number]) if mine else -1 for number, mine in enumerate(own)]


def pes_part(items: list[Plastic], numbers: dict[str, int]) -> PesPart:
    """The tables of the PES projections among plastic ones. `numbers`: population or input -> its number."""
    found, rows, source_at, error_at = [item for item in items if isinstance(item.rule, Pes)], list[Any](), 0, 0
    if not found:
        return NO_PES
    rules = [item.rule for item in found if isinstance(item.rule, Pes)]
    for item, rule in zip(found, rules, strict=True):
        rows.append((numbers[rule.error], source_at, error_at, *_rates(item, rule), int(_reaches_all(item))))
        source_at += item.synapses.n_source
        error_at += item.synapses.n_target // 2
    steps = [_traces(rule) for rule in rules]
    return NO_PES._replace(
        rules=np.array(rows, dtype=PES),
        scale=np.array([rule.error_scale for rule in rules]),
        whole=np.concatenate([whole for whole, _ in steps]),
        chance=np.concatenate([chance for _, chance in steps]),
    )


def _rates(item: Plastic, rule: Pes) -> tuple[int, ...]:
    """Fields of a record from `mantissa` to `rounds`."""
    shift = FRACTION_BITS + rule.exponent - LOST_BITS
    epochs = rule.trace_epoch_steps, rule.epoch_steps
    return (rule.mantissa, shift, item.low_bits, *epochs, int(rule.rounding != "none"))


def _reaches_all(item: Plastic) -> bool:
    synapses = item.synapses
    whole = synapses.post.size == synapses.n_source * synapses.n_target
    return whole and np.array_equal(synapses.post, np.arange(synapses.post.size) % synapses.n_target)


def _traces(rule: Pes) -> tuple[Array, Array]:
    """(whole, chance) of every value of a trace, (2 * PES_TRACES,) without and with a spike."""
    x, spiked = np.arange(PES_TRACES), np.array([[0], [1]])
    fraction, whole = np.modf(keep_of(rule) * x + impulse_of(rule) * spiked)
    below = np.ceil(fraction * 2.0**DRAW_BITS) * int(rule.rounding != "none")
    return whole.astype(np.int16).ravel(), below.astype(np.int64).ravel()
