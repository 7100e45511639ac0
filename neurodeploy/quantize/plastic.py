"""Weights of plastic projections: how they start, and what their rules can reach.

A plastic weight is a mantissa. It starts as one that the weight format stores; a rule then moves it in steps of 1 within the
range of its sign mode, also to mantissas that the format would not store, as in lava-nc 0.10.0.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics import Diagnostic, about, finding
from neurodeploy.diagnostics.ledger import LedgerLine
from neurodeploy.hardware.arithmetic import dropped_bits
from neurodeploy.hardware.dialect import Dialect
from neurodeploy.network import Projection, WeightFormat
from neurodeploy.network.plasticity import Pes, Plasticity
from neurodeploy.quantize.weights import ProjectionWeights, sign_mode_of

__all__ = ["mantissa_line", "reachable_weights", "sign_mode_for", "start_findings", "with_reach"]


def reachable_weights(plasticity: Plasticity, sign_mode: str, dialect: Dialect) -> tuple[int, int]:
    """Return (least, greatest) mantissa that a rule can reach.

    `plasticity`: the rule; `sign_mode`: signs of its weights: "mixed", "excitatory" or "inhibitory"; `dialect`: gives the
    bits of a mantissa and the model of learning. Sums of products: lava-nc 0.10.0 learning_rule_applier.py, and in every
    step brian2-loihi 0.5.2 loihi_synapses.py. PES: weights of 7 bits and a sign, times 2, of either sign; nengo-loihi 1.1.0
    emulator/interface.py. No update leads to the least stored mantissa, but a weight can start there.
    """
    top = (1 << dialect.mantissa_bits) - 1
    if plasticity.kind == "pes":
        return -(top + 1), top - 1
    if dialect.learning == "brian2":
        return {"mixed": (-(top + 1), top - 1), "excitatory": (0, top), "inhibitory": (-(top + 1), 0)}[sign_mode]
    return {"mixed": (-(top + 1), top), "excitatory": (0, top), "inhibitory": (-top, 0)}[sign_mode]


def sign_mode_for(projection: Projection, volts: NDArray[np.float64]) -> str:
    """Return the sign mode of a projection of floats with weights `volts`.

    Rules cannot lead a weight out of its sign mode: a plastic projection keeps the one that its `weight_format` names, if its
    weights agree; PES, whose errors have both signs, is mixed.
    """
    own = sign_mode_of(volts)
    if projection.plasticity is None:
        return own
    if isinstance(projection.plasticity, Pes):
        return "mixed"
    named = projection.weight_format.sign_mode if projection.weight_format is not None else own
    return named if named in (own, "mixed") or not volts.any() else own


def mantissa_line(
    projection: Projection, style: WeightFormat, unit: NDArray[np.float64], dialect: Dialect
) -> LedgerLine:
    """Return the ledger line of a plastic `projection` of floats: what one step of its rule is in the network's weights.

    `style`: its format in a `dialect`; `unit`: weights of a mantissa of 1, of each target or the same for all.
    """
    rule = projection.plasticity
    if rule is None:
        raise TypeError("internal: only plastic projections have this line")
    low, high = reachable_weights(rule, style.sign_mode, dialect)
    least, most = float(unit.min(initial=np.inf)), float(unit.max(initial=0.0))
    one = f"{most:.6g}" if least >= most * (1 - 1e-12) or not unit.size else f"{least:.6g} to {most:.6g}"
    return LedgerLine(
        subject=about("projection", projection.name, field="plasticity"),
        quantity="weights that learn",
        asked="weights of floats",
        got=f"mantissas {low} to {high}, each step {one}",
        level="approximate",
        note=f"the rule acts on mantissas; sign mode {style.sign_mode}{_ends(style.sign_mode)}",
    )


def _ends(sign_mode: str) -> str:
    return "" if sign_mode == "mixed" else f": a weight of 0 stays {sign_mode}, at 0 a rule stops"


def start_findings(
    projection: Projection, weights: NDArray[Any], mantissas: NDArray[np.int64], style: WeightFormat, dialect: Dialect
) -> list[Diagnostic]:
    """Return ND226 if a plastic `projection` of integers starts with other `mantissas` than its `weights`, (n,) each.

    Rules act on mantissas, so these keep their exponent and sign mode; low bits that `style` does not store in a `dialect` are
    dropped, once, as in lava-nc 0.10.0.
    """
    changed = int(np.count_nonzero(mantissas != weights)) if projection.plasticity is not None else 0
    if not changed:
        return []
    step = 1 << dropped_bits(dialect, style.weight_bits, style.sign_mode)
    message = f"{changed:,} of {weights.size:,} weights start without their low bits: {style.weight_bits} bits with sign mode "
    message += f"'{style.sign_mode}' store multiples of {step}, and the rule acts on these mantissas"
    fixes = [f"weights that are multiples of {step}"]
    return [finding("ND226", about("projection", projection.name), message, fixes=fixes)]


def with_reach(
    item: ProjectionWeights, rule: Plasticity | None, unit_volts: float, dialect: Dialect
) -> list[ProjectionWeights]:
    """Return what stands for a projection in bounds of sums: itself, or the least and the greatest weights of its `rule`.

    `unit_volts`: volts of a mantissa of 1 in a `dialect`.
    """
    if rule is None:
        return [item]
    ends = reachable_weights(rule, item.sign_mode, dialect)
    return [item._replace(volts=np.full(item.volts.shape, end * unit_volts)) for end in ends if end]
