"""The registers of a population of floats at a given scale."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurodeploy.base.arrays import narrowed
from neurodeploy.diagnostics import Diagnostic, Subject, about, finding
from neurodeploy.diagnostics.ledger import LedgerLine
from neurodeploy.hardware.target import Target
from neurodeploy.network import CubaLi, CubaLif, If, Li, Lif, Population
from neurodeploy.network.neurons import SpikingNeuron
from neurodeploy.quantize.exact import ExactScale
from neurodeploy.quantize.fold import Folded
from neurodeploy.quantize.quantized import QuantizedPopulation

__all__ = ["float_registers", "made_registers"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
SAME = 2.0**-42
"""Relative errors up to this are float rounding, not rounding to registers."""
FINE_STEPS = 100
"""Register steps from which a threshold may move by one to decide a tie."""
BEYOND = 1e9
"""Largest relative error that is reported."""
MOVED = 0.05
"""Relative change of a threshold or bias above which ND221 warns."""
TAU_TOLERANCE = 0.05
"""Relative change of a decay above which ND205 warns."""


def _decay(keep: NDArray[np.float64], one: int, low: float, high: float) -> Ints:
    return np.clip(np.rint(one * (1.0 - keep)), low, high).astype(np.int64)


def _relative(error: Floats, size: Floats) -> Floats:
    """|error| / size, 0 where size is 0, at most BEYOND."""
    with np.errstate(over="ignore"):
        ratio = np.divide(np.abs(error), size, out=np.zeros_like(size, dtype=np.float64), where=size > 0)
    return np.minimum(ratio, BEYOND)


def _decay_line(
    where: Subject, quantity: str, wanted: NDArray[np.float64], got: NDArray[np.float64]
) -> tuple[LedgerLine, float]:
    """Ledger line of a decay per step for the neuron with the largest error, and that relative error."""
    error = _relative(got - wanted, np.where(wanted != 0, np.abs(wanted), np.abs(got)))
    worst = int(np.argmax(error))
    line = LedgerLine(
        subject=where,
        quantity=quantity,
        asked=f"{wanted[worst]:.6g} per step",
        got=f"{got[worst]:.6g} per step",
        level="exact" if error[worst] <= SAME else "rounded",
        relative_error=float(error[worst]) if error[worst] > SAME else 0.0,
        note=f"worst of {wanted.size} neurons" if wanted.size > 1 else "",
    )
    return line, float(error[worst])


def _thresholds(target: Target, folded: Folded, scale: float, neuron: SpikingNeuron) -> Ints:
    """Threshold mantissas at a scale that does not hold everything exactly."""
    wanted = np.zeros_like(folded.bias) if folded.threshold is None else folded.threshold
    steps = wanted * scale / (1 << target.dialect.threshold_shift_bits)
    below = np.ceil(steps) - 1  # v >= x equals v > the register value below x
    if folded.stepwise and not np.any(folded.bias) and neuron.reset.mode != "subtract":
        steps = below if neuron.comparison == ">=" else np.floor(steps)  # v is a whole number of steps
    elif neuron.comparison == ">=":
        steps = np.where(steps >= FINE_STEPS, below, np.minimum(np.rint(steps), np.maximum(below, 1)))
    top = target.precision.threshold_mantissa
    return np.clip(np.rint(steps), top.low, top.high).astype(np.int64)


def _bias(target: Target, folded: Folded, scale: float) -> tuple[Ints, int]:
    """Bias mantissas, and the smallest exponent at which the largest fits."""
    units, top = folded.bias * scale, target.precision.bias_mantissa
    exponent, last = 0, int(target.precision.bias_exponent.high)
    while exponent < last and np.abs(np.rint(units / 2.0**exponent)).max(initial=0) > top.high:
        exponent += 1
    return np.clip(np.rint(units / 2.0**exponent), top.low, top.high).astype(np.int64), exponent


def _floor(target: Target, folded: Folded, scale: float) -> Ints:
    span = target.precision.vmin_exponent
    if folded.floor is None:
        return np.full(folded.bias.size, int(span.high))
    depth = np.maximum(-folded.floor * scale, 0.0) + 1.0
    return np.clip(np.rint(np.log2(depth)), span.low, span.high).astype(np.int64)


def _decays(
    where: Subject, folded: Folded, target: Target, steps: int | None
) -> tuple[Ints, Ints, list[LedgerLine], list[Diagnostic]]:
    """(du, dv, ledger lines, findings) of the decays. `steps`: those for which an integrating current is as good as floats."""
    dialect, precision = target.dialect, target.precision
    one, full = 1 << dialect.decay_bits, int(precision.du.high)
    dv = _decay(folded.keep_v, one, precision.dv.low + dialect.voltage_decay_offset, precision.dv.high)
    du = _decay(folded.keep_i, one, dialect.current_decay_offset, full + 1) - dialect.current_decay_offset
    du = du if folded.filtered else np.full(dv.size, full)
    decays = [("voltage decay", 1.0 - folded.keep_v, dv / one)]
    if folded.filtered:
        decays.append(("current decay", 1.0 - folded.keep_i, (du + dialect.current_decay_offset) / one))
    ledger, findings = list[LedgerLine](), list[Diagnostic]()
    for quantity, wanted, got in decays:
        line, error = _decay_line(where, quantity, wanted, got)
        if folded.integrates and quantity == "current decay":
            ledger.append(_leak_line(line, steps))
            continue
        ledger.append(line)
        if error > TAU_TOLERANCE:
            findings.append(_decay_finding(where, quantity, line, error))
    return du, dv, ledger, findings


def _leak_line(line: LedgerLine, steps: int | None) -> LedgerLine:
    """Ledger line of the least decay, where an integrating current should have none."""
    same = f"; the spikes are those of floats for at least {steps:,} steps of a sample" if steps is not None else ""
    note = f"the least of the register: u loses a part of itself in every step{same}"
    return line.model_copy(update={"level": "approximate", "relative_error": None, "note": note})


def float_registers(
    population: Population, folded: Folded, target: Target, scale: float, exact: ExactScale | None = None
) -> tuple[QuantizedPopulation, list[LedgerLine], list[Diagnostic]]:
    """Return the registers of a population of floats at a scale, with ledger lines and findings (ND205, ND217, ND221).

    `exact`: the registers that hold everything exactly at this scale, if they exist.
    """
    neuron, where, size = population.neuron, about("population", population.name), population.size
    if not isinstance(neuron, (If, Lif, CubaLif, Li, CubaLi)):
        raise TypeError("internal: integers are converted elsewhere")
    du, dv, ledger, findings = _decays(where, folded, target, exact.steps if exact is not None else None)
    spiking = None if isinstance(neuron, (Li, CubaLi)) else neuron
    comparison = spiking.comparison if spiking else ">"
    if exact is not None:
        vth, bias_mant, bias_exp = exact.vth_mant, exact.bias_mant, exact.bias_exp
    else:
        vth = _thresholds(target, folded, scale, spiking) if spiking else np.zeros(size, dtype=np.int64)
        bias_mant, one = _bias(target, folded, scale)
        bias_exp = np.full(size, one)
    own = exact.vmin_exp if exact is not None else None
    vmin = _floor(target, folded, scale) if own is None else own
    values = _Values(scale, vth << target.dialect.threshold_shift_bits, bias_mant << bias_exp, vmin, comparison)
    mode = spiking.reset.mode if spiking else "none"
    registers = made_registers(
        population,
        du=du,
        dv=dv,
        vth_mant=vth,
        bias_mant=bias_mant,
        bias_exp=bias_exp,
        refract_delay=np.full(size, (spiking.refractory_steps if spiking else 0) + 1),
        vmin_exp=vmin,
        vmax_exp=np.full(size, int(target.precision.vmax_exponent.high)),
        reset="zero" if mode == "value" else mode,
        spiking=spiking is not None,
        target=target,
        scale=scale,
        frame=folded.frame,
    )
    if own is None:
        findings += _floor_findings(where, folded, scale, vmin)
    lines = _value_lines(where, folded, values, exact)
    findings += [item for line in lines for item in _moved_findings(where, line)]
    return registers, [*folded.ledger, *ledger, *lines], findings


class _Values(NamedTuple):
    """Values of registers in integer units of v, (size,) each unless noted."""

    scale: float
    threshold: Ints
    bias: Ints
    vmin: Ints
    comparison: str


def _decay_finding(where: Subject, quantity: str, line: LedgerLine, error: float) -> Diagnostic:
    message = f"{quantity} changes by {error:.1%}: asked {line.asked}, got {line.got}"
    return finding(
        "ND205",
        where,
        message,
        fixes=["use a shorter time constant or a larger dt_s: the register holds it more exactly"],
    )


def _line(where: Subject, quantity: str, wanted: Floats, got: Floats, note: str = "") -> LedgerLine:
    """Ledger line of a register value for the neuron with the largest error."""
    size = np.maximum(np.abs(wanted), np.abs(wanted).max(initial=0.0) * 1e-6)
    error = _relative(got - wanted, size)
    worst = int(np.argmax(error))
    return LedgerLine(
        subject=where,
        quantity=quantity,
        asked=f"{wanted[worst]:.6g}",
        got=f"{got[worst]:.6g}",
        level="exact" if error[worst] <= SAME else "rounded",
        relative_error=float(error[worst]) if error[worst] > SAME else 0.0,
        note=note or (f"worst of {wanted.size} neurons" if np.unique(wanted).size > 1 else ""),
    )


def _value_lines(where: Subject, folded: Folded, values: _Values, exact: ExactScale | None) -> list[LedgerLine]:
    scale, same_spikes = values.scale, exact is not None and (folded.stepwise or exact.steps is not None)
    note = f"the {'least' if folded.stepwise else 'largest'} scale that holds every number exactly"
    note += ", except for the last bits of float32" if exact is not None and exact.single else ""
    lines = [
        LedgerLine(
            subject=where,
            quantity="scale",
            asked="1 unit of v",
            got=f"{scale:.6g} integer units",
            level="exact",
            note=note if exact is not None else "",
        )
    ]
    if folded.threshold is not None:
        lines.append(_threshold_line(where, folded.threshold, values, same_spikes=same_spikes))
    if np.any(folded.bias):
        lines.append(_line(where, "bias per step", folded.bias, values.bias / scale))
    if folded.floor is not None:
        got = 1.0 - np.exp2(values.vmin.astype(np.float64))
        note = "no spike changes" if same_spikes else ""
        lines.append(_line(where, "v_floor", folded.floor, got / scale, note))
    return lines


def _threshold_line(where: Subject, wanted: Floats, values: _Values, *, same_spikes: bool) -> LedgerLine:
    """Ledger line of the threshold; with `>=`, or between two values of v, the register value below represents it."""
    line = _line(where, "v_threshold", wanted, values.threshold / values.scale)
    words = {"asked": f"{values.comparison} {line.asked}", "got": f"> {line.got}"}
    if same_spikes and (line.level != "exact" or values.comparison == ">="):
        note = "; ".join(["no v lies between the two", *([line.note] if line.note else [])])
        return line.model_copy(update={**words, "level": "exact", "relative_error": 0.0, "note": note})
    return line.model_copy(update=words) if values.comparison == ">=" else line


def _moved_findings(where: Subject, line: LedgerLine) -> Iterator[Diagnostic]:
    """ND221 for a threshold or bias that its register holds inexactly."""
    if line.quantity in ("v_threshold", "bias per step") and (line.relative_error or 0.0) > MOVED:
        note = f"{line.quantity} changes by {line.relative_error:.1%}: asked {line.asked}, got {line.got}"
        yield finding("ND221", where, f"{note} ({line.note})" if line.note else note)


def _floor_findings(where: Subject, folded: Folded, scale: float, vmin: Ints) -> list[Diagnostic]:
    if folded.floor is None:
        return []
    got = -((2.0**vmin) - 1) / scale
    if np.allclose(got, folded.floor, rtol=0.01, atol=0.5 / scale):
        return []
    worst = int(np.argmax(np.abs(got - folded.floor)))
    message = f"v_floor {folded.floor[worst]:.6g} becomes {got[worst]:.6g}: the register holds powers of two"
    return [finding("ND217", where, message)]


def made_registers(
    population: Population,
    *,
    target: Target,
    scale: float | None,
    frame: ArrayLike,
    spiking: bool,
    reset: Literal["zero", "subtract", "none"],
    **columns: ArrayLike,
) -> QuantizedPopulation:
    """Return the registers of a population from `columns`, one number or (size,) each."""
    modes = target.neurons.resets
    return QuantizedPopulation(
        name=population.name,
        size=population.size,
        kind=population.neuron.kind,
        reset=reset,
        spiking=spiking,
        compartments_per_neuron=int(modes[reset].value) if reset in modes else 1,
        scale=scale,
        v_frame=np.asarray(frame, dtype=np.float64),
        **_columns(columns, population.size),
    )


def _columns(columns: dict[str, Any], size: int) -> dict[str, Any]:
    return {name: narrowed(np.broadcast_to(values, (size,)), np.int32) for name, values in columns.items()}
