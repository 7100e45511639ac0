"""The state of PES projections for the kernels: that of one sample, and the names under which a state keeps it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.network import Pes
from neurodeploy.simulate.pes_draws import sample_keys
from neurodeploy_backends.emulator.engine.plastic_tables import PesPart
from neurodeploy_backends.emulator.spec_pes import MANTISSA_BITS
from neurodeploy_backends.emulator.spec_plastic import Plastic

__all__ = ["PesRoom", "cleared_part", "kept_part", "unstored"]

Array = NDArray[Any]


class PesRoom(NamedTuple):
    """Extent of the arrays of a program."""

    rules: list[Pes]
    sources: int
    """Of all PES projections together."""
    pairs: int
    """The same: pairs of targets."""
    targets: int
    """Of the largest."""

    @staticmethod
    def of(items: list[Plastic]) -> PesRoom:
        """That of plastic projections, of which some are PES."""
        found = [item.synapses for item in items if isinstance(item.rule, Pes)]
        return PesRoom(
            rules=[item.rule for item in items if isinstance(item.rule, Pes)],
            sources=sum(synapses.n_source for synapses in found),
            pairs=sum(synapses.n_target // 2 for synapses in found),
            targets=max((synapses.n_target for synapses in found), default=0),
        )


def cleared_part(shared: PesPart, room: PesRoom, number: int) -> PesPart:
    """The state of a sample before its first step. `number`: that of the sample in the whole run."""
    keys = [sample_keys(rule.seed, range(number, number + 1)) for rule in room.rules]
    return shared._replace(
        key=np.concatenate([*keys, np.zeros(0, dtype=np.uint64)]),
        sent=np.zeros(room.sources, dtype=np.uint8),
        spiked=np.zeros(room.sources, dtype=np.uint8),
        error=np.zeros(room.pairs, dtype=np.int16),
        lines=np.zeros(room.targets),
        signs=np.zeros(room.targets, dtype=np.int32),
    )


def kept_part(part: PesPart, number: int, item: Plastic) -> dict[str, Array]:
    """Views of the state of the PES projection `number`, by the names of `RunState.learning`."""
    source, pair = int(part.rules["source_at"][number]), int(part.rules["error_at"][number])
    sources = slice(source, source + item.synapses.n_source)
    pairs = slice(pair, pair + item.synapses.n_target // 2)
    return {"spiked": part.spiked[sources], "sent": part.sent[sources], "error": part.error[pairs]}


def unstored(item: Plastic, w: Array) -> bool:
    """Whether the next update changes a weight without a trace: one with bits that the format does not store."""
    top = ((1 << (MANTISSA_BITS - item.low_bits)) - 1) << item.low_bits
    return bool((w & ((1 << item.low_bits) - 1)).any() or (np.abs(w.astype(np.int64)) > top).any())
