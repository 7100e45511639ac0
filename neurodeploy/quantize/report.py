"""Ledger lines and findings about precision lost in the conversion to integers. Converts nothing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics import Diagnostic, about, finding
from neurodeploy.diagnostics.ledger import LedgerLine
from neurodeploy.hardware.arithmetic import effective_weights
from neurodeploy.hardware.target import Target
from neurodeploy.network import WeightFormat
from neurodeploy.quantize.fold import Folded
from neurodeploy.quantize.grid import SINGLE
from neurodeploy.quantize.quantized import QuantizedPopulation
from neurodeploy.quantize.scale import worst_current, worst_sum
from neurodeploy.quantize.weights import ProjectionWeights, RoundingLoss

__all__ = ["loss_findings", "loss_line", "overflow_findings", "reach_findings"]

SAME = 2.0**-42
"""Relative errors up to this are float rounding, not rounding to mantissas."""
RMS_TOLERANCE = 0.05
"""Relative RMS error of the weights above which ND201 warns."""
VANISHED_TOLERANCE = 0.25
"""Share of weights rounded to 0 above which ND202 warns."""


def loss_line(name: str, style: WeightFormat, loss: RoundingLoss) -> LedgerLine:
    """Return the ledger line of a projection's weights."""
    exact = loss.rms_relative <= SAME
    return LedgerLine(
        subject=about("projection", name),
        quantity="weights",
        asked=f"{loss.n_weights:,} floats",
        got=f"{style.weight_bits} bits x 2^{style.exponent}, {style.sign_mode}",
        level="exact" if exact else "rounded",
        relative_error=0.0 if exact else loss.rms_relative,
        note=f"{loss.clipped} clipped, {loss.vanished} vanished, largest error {loss.largest:.3g}",
    )


def loss_findings(name: str, loss: RoundingLoss) -> list[Diagnostic]:
    """Return ND201 for a large RMS error of the weights, and ND202 for many weights rounded to 0."""
    where, found = about("projection", name), list[Diagnostic]()
    if loss.vanished > VANISHED_TOLERANCE * loss.n_weights:
        message = f"{loss.vanished} of {loss.n_weights} weights round to 0"
        found.append(finding("ND202", where, message, severity="error" if loss.vanished == loss.n_weights else None))
    if loss.rms_relative > RMS_TOLERANCE:
        found.append(
            finding(
                "ND201",
                where,
                "rounding changes the weights considerably",
                found=100 * RMS_TOLERANCE,
                limit=round(100 * loss.rms_relative, 2),
                unit="% RMS error",
            )
        )
    return found


def overflow_findings(
    name: str, folded: Folded, incoming: list[ProjectionWeights], scale: float, target: Target
) -> list[Diagnostic]:
    """Return ND206 where the worst case of a step can overflow the accumulator or the current."""
    sums = worst_sum(incoming, folded.bias.size) * scale
    dialect, where, found = target.dialect, about("population", name), list[Diagnostic]()
    cases: list[tuple[str, NDArray[np.float64], int | None]] = [
        ("accumulator", sums, dialect.accumulator_wrap_bits),
    ]
    if folded.taken is None:  # otherwise ND224 describes the range of u
        cases.append(("current", (worst_current(folded, sums) + np.abs(folded.bias) * scale), dialect.state_bits))
    for what, values, bits in cases:
        if bits is not None and values.size and values.max() >= 2.0**bits:
            count = int(np.count_nonzero(values >= 2.0**bits))
            message = (
                f"the {what} of {count} of {values.size} neurons overflows if all their sources keep spiking together"
            )
            found.append(
                finding(
                    "ND206",
                    where,
                    message,
                    found=float(values.max()) if np.isfinite(values.max()) else None,
                    limit=2.0**bits if np.isfinite(values.max()) else None,
                    unit="integer unit",
                    limit_source=f"dialect {dialect.name}: {dialect.sources.get('accumulator_wrap_bits' if what == 'accumulator' else 'state_bits', '')}",
                )
            )
    return found


def reach_findings(
    registers: QuantizedPopulation,
    folded: Folded,
    incoming: list[ProjectionWeights],
    rounded: list[tuple[WeightFormat, NDArray[np.int64]]],
    target: Target,
    *,
    inclusive: bool,
) -> list[Diagnostic]:
    """Return ND216 for neurons that rounding silenced, and ND218 for neurons that it makes fire without input.

    `rounded`: format and mantissas of each incoming projection; `inclusive`: neurons fire at v = threshold.
    """
    if not registers.spiking or folded.threshold is None:
        return []
    size, where, found = registers.size, about("population", registers.name), list[Diagnostic]()
    excited = sum((i.connectivity.sums(np.maximum(i.volts, 0)) for i in incoming), np.zeros(size))
    wanted = folded.bias + excited
    has = (registers.bias_mant.astype(np.int64) << registers.bias_exp).astype(np.float64)
    for item, (style, mantissas) in zip(incoming, rounded, strict=True):
        weights = effective_weights(target.dialect, mantissas, style.weight_bits, style.exponent, style.sign_mode)
        summed = style.exponent < 0 and target.dialect.exponent_stage == "sum"  # the sum is shifted later
        one = 2.0 ** (style.exponent + target.dialect.weight_shift_bits) if summed else 1.0
        has += item.connectivity.sums(np.maximum(weights, 0) * one)
    last_bits = SINGLE * (np.abs(folded.bias) + excited)
    dead = np.flatnonzero((wanted > last_bits) & (has <= 0))
    if dead.size:
        found.append(
            finding(
                "ND216",
                where,
                f"rounding removes all excitation of {dead.size} of {size} neurons, first neuron {dead[0]}",
            )
        )
    bias = registers.bias_mant.astype(np.int64) << registers.bias_exp
    intended = folded.bias >= folded.threshold if inclusive else folded.bias > folded.threshold
    alone = (bias > registers.vth_mant.astype(np.int64) << target.dialect.threshold_shift_bits) & ~intended
    if alone.any():
        found.append(
            finding(
                "ND218",
                where,
                f"{int(alone.sum())} of {size} neurons spike in every step without input, first neuron {int(np.argmax(alone))}",
            )
        )
    return found
