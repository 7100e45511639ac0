"""Verb: the registers of a population, from floats or from integers that are given. Decides no scale."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics import Diagnostic, finding
from neurodeploy.ledger import LedgerLine
from neurodeploy.network import CubaLi, CubaLif, If, Li, Lif, LoihiCuba, Neuron, Noise, Population
from neurodeploy.quantize.fold import Folded
from neurodeploy.quantize.quantized import QuantizedPopulation
from neurodeploy.target.files import cite
from neurodeploy.target.target import Target

__all__ = ["float_registers", "integer_registers"]

Ints = NDArray[np.int64]
TAU_TOLERANCE = 0.05
"""A time constant that moves by more than this fraction is worth a warning."""


def _decay(keep: NDArray[np.float64], one: int, low: float, high: float) -> Ints:
    return np.clip(np.rint(one * (1.0 - keep)), low, high).astype(np.int64)


def _decay_line(
    where: str, quantity: str, asked: NDArray[np.float64], got: NDArray[np.float64]
) -> tuple[LedgerLine, float]:
    """Ledger line of a decay per step, for the neuron that is worst off; the relative error of its decay."""
    error = np.abs(got - asked) / np.where(asked > 0, asked, 1.0)
    worst = int(np.argmax(error))
    line = LedgerLine(
        where=where,
        quantity=quantity,
        asked=f"{asked[worst]:.6g} per step",
        got=f"{got[worst]:.6g} per step",
        level="exact" if error[worst] == 0 else "rounded",
        relative_error=float(error[worst]),
        note=f"worst of {asked.size} neurons" if asked.size > 1 else "",
    )
    return line, float(error[worst])


def _thresholds(target: Target, folded: Folded, scale: float, comparison: str) -> Ints:
    shift = target.dialect.threshold_shift_bits
    units = folded.threshold * scale if folded.threshold is not None else np.zeros_like(folded.bias)
    if comparison == ">=":
        units = np.ceil(units) - 1  # v >= x is v > ceil(x) - 1 on integers
    top = target.precision.threshold_mantissa
    return np.clip(np.rint(units / (1 << shift)), top.low, top.high).astype(np.int64)


def _bias(target: Target, folded: Folded, scale: float) -> tuple[Ints, int]:
    """Mantissas and the smallest exponent under which the largest fits."""
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


def _decays(where: str, folded: Folded, target: Target) -> tuple[Ints, Ints, list[LedgerLine], list[Diagnostic]]:
    """(du, dv), with what rounding did to the time constants."""
    dialect, precision = target.dialect, target.precision
    one, full = 1 << dialect.decay_bits, int(precision.du.high)
    dv = _decay(folded.keep_v, one, precision.dv.low + dialect.voltage_decay_offset, precision.dv.high)
    du = _decay(folded.keep_i, one, dialect.current_decay_offset, full + 1) - dialect.current_decay_offset
    du = du if folded.filtered else np.full(dv.size, full)
    decays = [("voltage decay", 1.0 - folded.keep_v, dv / one)]
    if folded.filtered:
        decays.append(("current decay", 1.0 - folded.keep_i, (du + dialect.current_decay_offset) / one))
    ledger, findings = list[LedgerLine](), list[Diagnostic]()
    for quantity, asked, got in decays:
        line, error = _decay_line(where, quantity, asked, got)
        ledger.append(line)
        if error > TAU_TOLERANCE:
            findings.append(_decay_finding(where, quantity, line, error))
    return du, dv, ledger, findings


def float_registers(
    population: Population, folded: Folded, target: Target, scale: float
) -> tuple[QuantizedPopulation, list[LedgerLine], list[Diagnostic]]:
    """Return the registers of a population of floats at a scale, with ledger lines and findings (ND205, ND217)."""
    neuron, where, size = population.neuron, f"population '{population.name}'", population.size
    if not isinstance(neuron, (If, Lif, CubaLif, Li, CubaLi)):
        raise TypeError("internal: integers have their own path")
    du, dv, ledger, findings = _decays(where, folded, target)
    spiking = None if isinstance(neuron, (Li, CubaLi)) else neuron
    comparison = spiking.comparison if spiking else ">"
    vth = _thresholds(target, folded, scale, comparison) if spiking else np.zeros(size, dtype=np.int64)
    bias_mant, bias_exp = _bias(target, folded, scale)
    vmin = _floor(target, folded, scale)
    lines = _value_lines(where, folded, scale, target, vth, bias_mant << bias_exp, comparison)
    mode = spiking.reset.mode if spiking else "none"
    registers = _registers(
        population,
        du=du,
        dv=dv,
        vth_mant=vth,
        bias_mant=bias_mant,
        bias_exp=np.full(size, bias_exp),
        refract_delay=np.full(size, (spiking.refractory_steps if spiking else 0) + 1),
        vmin_exp=vmin,
        vmax_exp=np.full(size, int(target.precision.vmax_exponent.high)),
        reset="zero" if mode == "value" else mode,
        spiking=spiking is not None,
        target=target,
        scale=scale,
        frame=folded.frame,
    )
    return registers, [*folded.ledger, *ledger, *lines], [*findings, *_floor_findings(where, folded, scale, vmin)]


def _decay_finding(where: str, quantity: str, line: LedgerLine, error: float) -> Diagnostic:
    message = f"{quantity} moves by {error:.1%}: asked {line.asked}, got {line.got}"
    return finding("ND205", where, message, fixes=["a shorter time constant, or a larger dt_s, is held more exactly"])


def _line(where: str, quantity: str, asked: float, got: float, error: float, note: str = "") -> LedgerLine:
    """Ledger line of a value that was rounded to a register; a note says that more than rounding happened."""
    level = "approximate" if note else ("exact" if error == 0 else "rounded")
    return LedgerLine(
        where=where,
        quantity=quantity,
        asked=f"{asked:.6g}",
        got=f"{got:.6g}",
        level=level,
        relative_error=error,
        note=note,
    )


def _value_lines(
    where: str, folded: Folded, scale: float, target: Target, vth: Ints, bias: Ints, comparison: str
) -> list[LedgerLine]:
    units = f"{scale:.6g} integer units"
    lines = [LedgerLine(where=where, quantity="scale", asked="1 unit of v", got=units, level="exact")]
    asked = folded.threshold
    if asked is not None:
        got = (vth << target.dialect.threshold_shift_bits) / scale
        error = float(np.max(np.abs(got - asked) / np.where(asked > 0, asked, 1.0)))
        note = "`>=` became `>` against the threshold below" if comparison == ">=" else ""
        lines.append(_line(where, "v_threshold", float(asked.max()), float(got.max()), error, note))
    if np.any(folded.bias):
        got = bias / scale
        error = float(np.abs(got - folded.bias).max()) / float(np.abs(folded.bias).max())
        lines.append(_line(where, "bias per step", float(folded.bias.max()), float(got.max()), error))
    return lines


def _floor_findings(where: str, folded: Folded, scale: float, vmin: Ints) -> list[Diagnostic]:
    if folded.floor is None:
        return []
    got = -((2.0**vmin) - 1) / scale
    if np.allclose(got, folded.floor, rtol=0.01, atol=0.5 / scale):
        return []
    worst = int(np.argmax(np.abs(got - folded.floor)))
    message = f"v_floor {folded.floor[worst]:.6g} becomes {got[worst]:.6g}: the register holds powers of two"
    return [finding("ND217", where, message)]


def _registers(
    population: Population, *, target: Target, frame: Any, spiking: bool, reset: Any, **columns: Any
) -> QuantizedPopulation:
    modes = target.neurons.resets
    scale = columns.pop("scale")
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
    return {name: np.broadcast_to(values, (size,)).astype(np.int32) for name, values in columns.items()}


def _ranges(target: Target) -> dict[str, str]:
    return {
        "du": "du",
        "dv": "dv",
        "vth_mant": "threshold_mantissa",
        "bias_mant": "bias_mantissa",
        "bias_exp": "bias_exponent",
        "refract_delay": "refractory_delay",
        "vmin_exp": "vmin_exponent",
        "vmax_exp": "vmax_exponent",
    }


def _range_finding(where: str, name: str, field: str, values: Ints, target: Target) -> list[Diagnostic]:
    """ND208 if any value of a register is outside the target's range."""
    span = getattr(target.precision, field)
    bad = np.flatnonzero((values < span.low) | (values > span.high))
    if not bad.size:
        return []
    value = int(values[bad[0]])
    allowed = f"{span.low:g}..{span.high:g}"
    message = f"{name} of {bad.size} of {values.size} neurons is outside {allowed}, first neuron {bad[0]}"
    return [
        finding(
            "ND208",
            where,
            message,
            found=value,
            limit=span.low if value < span.low else span.high,
            unit=span.unit,
            limit_source=cite(target, f"precision.{field}"),
        )
    ]


def _parameters(population: Population) -> dict[str, NDArray[np.float64]]:
    """What only this kind has, by neuron; words and flags as 0 and 1, the first word of a choice being 0."""
    neuron, found = population.neuron, dict[str, NDArray[np.float64]]()
    for name, value in _given(neuron):
        full = np.broadcast_to(np.asarray(value, dtype=np.float64).ravel(), (population.size,))
        found[name] = np.ascontiguousarray(full)
    return found


def _given(neuron: Neuron) -> Iterator[tuple[str, Any]]:
    """(name, number or array) of every field without a register of its own."""
    fields = type(neuron).model_fields
    for name, value in neuron:
        if name in _SHARED or value is None or (name == "reset" and isinstance(neuron, LoihiCuba)):
            continue
        if isinstance(value, Noise):
            yield "noise_at", get_args(Noise.model_fields["at"].annotation).index(value.at)
            yield "noise_exponent", value.exponent
            yield "noise_offset", value.offset
        else:
            yield name, get_args(fields[name].annotation).index(value) if isinstance(value, str) else value


_SHARED = ("kind", "du", "dv", "vth_mant", "bias_mant", "bias_exp", "refractory_steps", "vmin_exp", "vmax_exp")
"""Fields of integer kinds that have a register of their own in every compartment."""


def integer_registers(population: Population, target: Target) -> tuple[QuantizedPopulation, list[Diagnostic]]:
    """Return the registers of integers unchanged, with a finding (ND208) for each that is out of range."""
    neuron, size, where = population.neuron, population.size, f"population '{population.name}'"

    def full(value: Any) -> Ints:
        return np.broadcast_to(np.asarray(value, dtype=np.int64).ravel(), (size,)).astype(np.int64)

    rest = {"du": target.precision.du.high, "vmin_exp": 23, "vmax_exp": 7}
    given = ("du", "dv", "vth_mant", "bias_mant", "bias_exp", "vmin_exp", "vmax_exp")
    columns = {name: full(getattr(neuron, name, rest.get(name, 0))) for name in given}
    columns["refract_delay"] = full(getattr(neuron, "refractory_steps", 0)) + 1
    findings = [
        item
        for name, field in _ranges(target).items()
        for item in _range_finding(where, name, field, columns[name], target)
    ]
    reset = neuron.reset if isinstance(neuron, LoihiCuba) else "zero"
    registers = _registers(
        population, target=target, frame=np.zeros(size), spiking=True, reset=reset, scale=None, **columns
    )
    return registers.model_copy(update={"parameters": _parameters(population)}), findings
