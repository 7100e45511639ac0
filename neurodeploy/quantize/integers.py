"""Populations and weights that the network gives as integers: checked, and stored unchanged or in an equivalent form."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast, get_args

import numpy as np
from numpy.typing import NDArray

from neurodeploy.diagnostics import Diagnostic, Subject, about, finding
from neurodeploy.diagnostics.ledger import LedgerLine
from neurodeploy.hardware.arithmetic import stored_mantissas
from neurodeploy.hardware.files import cite
from neurodeploy.hardware.target import Target
from neurodeploy.network import LoihiCuba, Neuron, Noise, Pes, Population, Projection, WeightFormat
from neurodeploy.network.graded import AdaptiveLif
from neurodeploy.quantize.quantized import QuantizedPopulation
from neurodeploy.quantize.registers import made_registers
from neurodeploy.quantize.storable import legal_exponents, same_products, stored_range
from neurodeploy.quantize.weights import sign_mode_of

__all__ = [
    "format_line",
    "given_format",
    "integer_registers",
    "narrowed_weights",
    "own_faults",
    "parameters_of",
    "stored_weights",
]

Ints = NDArray[np.int64]
WHOLE = 1 << 31
"""Integer weights beyond this fit no format at any exponent; up to it no operation on them overflows."""
_FIELDS = {
    "du": "du",
    "dv": "dv",
    "vth_mant": "threshold_mantissa",
    "bias_mant": "bias_mantissa",
    "bias_exp": "bias_exponent",
    "vmin_exp": "vmin_exponent",
    "vmax_exp": "vmax_exponent",
}
"""Register -> the field of the target's precision that gives its range."""
_SHARED = ("kind", *_FIELDS, "refractory_steps")
"""Fields of integer neuron kinds that have a register in every compartment."""


def _out_of_range(
    where: Subject, name: str, values: NDArray[Any], low: float, high: float, unit: str, source: str
) -> Iterator[Diagnostic]:
    """ND208 if any value lies outside its range, compared in the dtype of the values."""
    bad = np.flatnonzero((values < low) | (values > high))
    if bad.size:
        value = float(values[bad[0]])
        allowed = f"{low:.17g}..{high:.17g}"
        message = f"{name} of {bad.size} of {values.size} neurons is outside {allowed}, first neuron {bad[0]}"
        limit = low if value < low else high
        subject = where.model_copy(update={"field": name})
        yield finding("ND208", subject, message, found=value, limit=limit, unit=unit, limit_source=source)


def _register_faults(population: Population, target: Target) -> Iterator[Diagnostic]:
    where, size = about("population", population.name), population.size
    for name, value in population.neuron:
        field = _FIELDS.get(name)
        if field is not None:
            span, given = getattr(target.precision, field), np.broadcast_to(np.ravel(value), (size,))
            source, low = cite(target, f"precision.{field}"), span.low
            if name == "vth_mant" and getattr(population.neuron, "reset", "zero") == "subtract":
                low = max(low, 0)  # or a spike would raise v
            yield from _out_of_range(where, name, given, low, span.high, span.unit, source)
    span = target.precision.refractory_delay
    dead = np.broadcast_to(np.ravel(getattr(population.neuron, "refractory_steps", 0)), (size,))
    source = cite(target, "precision.refractory_delay")
    yield from _out_of_range(where, "refractory_steps", dead, span.low - 1, span.high - 1, "step", source)


def own_faults(population: Population, target: Target) -> list[Diagnostic]:
    """Return ND208 for parameters of some kinds only: they are compared with or added to a state, so its bits bound them."""
    where, neuron, dialect = about("population", population.name), population.neuron, target.dialect
    bits, source = dialect.state_bits, f"dialect {dialect.name}: {dialect.sources.get('state_bits', '')}"
    shifts = {name: getattr(neuron, name) for name in ("spike_exp", "state_exp", "exponent") if hasattr(neuron, name)}
    found = list[Diagnostic]()
    for name, value in shifts.items():
        most = bits * (2 if name == "exponent" else 1)  # of a product of two states
        found += _out_of_range(where, name, np.array([value]), 0, most, "bit", source)
    if found:
        return found
    shift = shifts.get("spike_exp", 0) + shifts.get("state_exp", 0)
    for name, value in _given(neuron):
        span = _own_range(neuron, name, float((1 << bits) - 1), shift, dialect.threshold_shift_bits)
        if span is not None:
            values = np.broadcast_to(np.ravel(value), (population.size,))
            low, high = (float(np.trunc(end)) for end in span)
            found += _out_of_range(where, name, values, low, high, "integer unit", source)
    return found


def _own_range(neuron: Neuron, name: str, top: float, shift: int, mantissa_shift: int) -> tuple[float, float] | None:
    """(least, greatest) value of a parameter that only some kinds have; None for choices and flags."""
    if name in ("v_upper_mant", "v_lower_mant", "theta_0", "theta_step"):
        return -top / (1 << mantissa_shift), top / (1 << mantissa_shift)
    if name in ("threshold", "bias"):
        return -top / 2.0**shift, top / 2.0**shift
    if isinstance(neuron, AdaptiveLif):
        return 0.0, 1.0
    if name in ("sin_decay", "cos_decay"):
        one = 2.0 ** getattr(neuron, "decay_bits", RESONATE_BITS)
        return -one, one
    return (-top, top) if name == "noise_offset" else None


RESONATE_BITS = 15
"""Decay bits of the resonator kind without a field for them."""


def parameters_of(population: Population) -> dict[str, NDArray[np.float64]]:
    """Return the parameters that only this kind has, (size,) each; a choice becomes the index of its word, a flag 0 or 1."""
    neuron, found = population.neuron, dict[str, NDArray[np.float64]]()
    for name, value in _given(neuron):
        full = np.broadcast_to(np.asarray(value, dtype=np.float64).ravel(), (population.size,))
        found[name] = np.ascontiguousarray(full)
    return found


def _given(neuron: Neuron) -> Iterator[tuple[str, Any]]:
    """(name, number or array) of every field without a register."""
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


def integer_registers(population: Population, target: Target) -> tuple[QuantizedPopulation | None, list[Diagnostic]]:
    """Return the registers unchanged and no findings; or None and a finding (ND208) for each value out of range."""
    faults = [*_register_faults(population, target), *own_faults(population, target)]
    if faults:
        return None, faults
    neuron, size = population.neuron, population.size

    def full(value: Any) -> Ints:
        return np.broadcast_to(np.asarray(value, dtype=np.int64).ravel(), (size,)).astype(np.int64)

    spans = target.precision
    rest = {"du": spans.du.high, "vmin_exp": spans.vmin_exponent.high, "vmax_exp": spans.vmax_exponent.high}
    columns = {name: full(getattr(neuron, name, rest.get(name, 0))) for name in _FIELDS}
    columns["refract_delay"] = full(getattr(neuron, "refractory_steps", 0)) + 1
    reset = neuron.reset if isinstance(neuron, LoihiCuba) else "zero"
    registers = made_registers(
        population, target=target, frame=np.zeros(size), spiking=True, reset=reset, scale=None, **columns
    )
    return registers.model_copy(update={"parameters": parameters_of(population)}), []


def given_format(projection: Projection, weights: NDArray[Any], bits: int) -> WeightFormat:
    """Return the weight format of a projection with `bits` per weight; by default with the sign mode of its weights."""
    if projection.weight_format is not None:
        return projection.weight_format.model_copy(update={"weight_bits": bits})
    both = isinstance(projection.plasticity, Pes)  # whose errors have both signs, and so what it learns
    return WeightFormat(weight_bits=bits, sign_mode="mixed" if both else cast(Any, sign_mode_of(weights)))


def _fraction_fault(weights: NDArray[Any]) -> str | None:
    """Why the weights are not integers; None if they are."""
    if weights.dtype.kind == "f" and bool((np.rint(weights) != weights).any()):
        return "its target is a population of integers, and its weights are not all integers"
    return None


def _sign_fault(projection: Projection, weights: NDArray[Any], style: WeightFormat) -> Iterator[Diagnostic]:
    where = about("projection", projection.name)
    if isinstance(projection.plasticity, Pes) and style.sign_mode != "mixed":
        message = f"learns by PES weights of both signs, which sign mode '{style.sign_mode}' does not store"
        yield finding("ND209", where, message, fixes=["sign_mode = mixed"])
        return
    wrong = {"excitatory": weights < 0, "inhibitory": weights > 0}.get(style.sign_mode)
    if wrong is not None and wrong.any():
        sign = "below 0" if style.sign_mode == "excitatory" else "above 0"
        message = f"{int(wrong.sum())} of {weights.size} weights are {sign}, which sign mode '{style.sign_mode}' does not store"
        yield finding("ND209", where, message, fixes=["sign_mode = mixed, or one projection for each sign"])


def _storage_fault(where: Subject, target: Target, weights: NDArray[Any], style: WeightFormat) -> Diagnostic:
    """ND209: whether the weights exceed the range of the format, or need more of its low bits."""
    low, high, step = stored_range(target, style.weight_bits, style.sign_mode)
    source, limit = cite(target, "precision.weight_bits"), target.dialect.weight_limit
    largest = float(np.abs(weights.astype(np.float64)).max())
    product = largest * 2.0 ** (style.exponent + target.dialect.weight_shift_bits)
    if largest <= max(-low, high) and limit is not None and product > limit:
        dialect = f"dialect {target.dialect.name}: {target.dialect.sources.get('weight_limit', '')}"
        message = f"a mantissa of {largest:g} with exponent {style.exponent} exceeds the largest weight"
        return finding("ND209", where, message, found=product, limit=limit, unit="integer unit", limit_source=dialect)
    format_text = f"{style.weight_bits} bits with sign mode '{style.sign_mode}'"
    beyond = (weights < low) | (weights > high)
    if beyond.any():
        value = float(weights[np.argmax(np.abs(weights.astype(np.float64)) * beyond)])
        message = (
            f"{int(beyond.sum())} of {weights.size} weights are beyond {low}..{high}, the mantissas of {format_text}"
        )
        message += ", and no exponent holds all weights exactly"
        limit = low if value < low else high
        return finding("ND209", where, message, found=value, limit=limit, unit="mantissa", limit_source=source)
    odd = int(np.count_nonzero(weights % step))
    message = f"{odd} of {weights.size} weights are not multiples of {step}, as {format_text} require, and no exponent"
    message += f" from {legal_exponents(target)[0]} on makes them fit {low}..{high} as multiples of it"
    return finding("ND209", where, message, limit_source=source)


def stored_weights(
    projection: Projection, weights: NDArray[Any], bits: int, target: Target
) -> tuple[Ints, WeightFormat] | list[Diagnostic]:
    """Return mantissas and a format with the same products as the given weights; findings (ND208, ND209) if none exists.

    A plastic projection keeps its format, and starts without the low bits that this does not store.
    """
    where, style = about("projection", projection.name), given_format(projection, weights, bits)
    legal, faults = legal_exponents(target), list[Diagnostic]()
    if style.exponent not in legal:
        message = f"weight_format.exponent is outside {legal[0]}..{legal[-1]}"
        limit, source = legal[0] if style.exponent < legal[0] else legal[-1], cite(target, "precision.weight_exponent")
        got = float(min(max(style.exponent, -WHOLE), WHOLE))
        faults.append(finding("ND208", where, message, found=got, limit=limit, unit="exponent", limit_source=source))
    reason = _fraction_fault(weights)
    if reason:
        fixes = ["give integer mantissas and a weight_format, or a float neuron kind"]
        return [*faults, finding("ND209", where, reason, fixes=fixes)]
    faults += _sign_fault(projection, weights, style)
    if faults:
        return faults
    found = None
    if not ((weights > WHOLE) | (weights < -WHOLE)).any():
        form = _equal_form if projection.plasticity is None else _first_form
        found = form(target, weights.astype(np.int64), style)
    return found or [_storage_fault(where, target, weights, style)]


def narrowed_weights(target: Target, mantissas: Ints, style: WeightFormat) -> tuple[Ints, WeightFormat]:
    """Return mantissas and a format with the same products, in the fewest bits of the target's rule set that hold them.

    They are returned unchanged if the rule set stores weights as they are given. The negative of every mantissa of the format
    must be one as well: weights of -16 to 14 in PilotNet take 5 bits in the compiler's table, not 4.
    """
    rules, stored = target.counting.weight_bits, {int(value) for value in target.precision.weight_bits.values}
    for bits in sorted(stored & {int(value) for value in (() if rules is None else rules.values)}):
        if bits >= style.weight_bits:
            break
        found = _equal_form(target, mantissas, style.model_copy(update={"weight_bits": bits}))
        if found is None:
            continue
        most = stored_range(target, bits, found[1].sign_mode)[1]
        if found[1].sign_mode != "mixed" or int(found[0].min(initial=0)) >= -most:
            return found
    return mantissas, style


def _equal_form(target: Target, mantissas: Ints, style: WeightFormat) -> tuple[Ints, WeightFormat] | None:
    """Mantissas and a format with the same products, in the requested sign mode if possible; None if none exist."""
    limit = target.dialect.weight_limit
    if limit is not None and mantissas.size and style.exponent >= 0:
        largest = max(-int(mantissas.min()), int(mantissas.max()))
        if largest << style.exponent << target.dialect.weight_shift_bits > limit:
            return None
    for mode in dict.fromkeys((style.sign_mode, sign_mode_of(mantissas))):
        found = same_products(target, mantissas, style.exponent, style.weight_bits, mode)
        if found is not None:
            return found[0], style.model_copy(update={"exponent": found[1], "sign_mode": mode})
    return None


def _first_form(target: Target, mantissas: Ints, style: WeightFormat) -> tuple[Ints, WeightFormat] | None:
    """Mantissas with which a plastic projection starts, in the requested format: rules act on them, so none are shifted."""
    stored = stored_mantissas(target.dialect, mantissas, style.weight_bits, style.sign_mode)
    low, high, _ = stored_range(target, style.weight_bits, style.sign_mode)
    inside = not stored.size or (int(stored.min()) >= low and int(stored.max()) <= high)
    return (stored, style) if inside else None


def format_line(projection: Projection, given: WeightFormat, stored: WeightFormat) -> LedgerLine | None:
    """Return the ledger line of a projection whose mantissas were shifted; None if they are stored unchanged."""
    if given == stored:
        return None

    def text(style: WeightFormat) -> str:
        return f"{style.weight_bits} bits x 2^{style.exponent}, {style.sign_mode}"

    shift = given.exponent - stored.exponent
    note = f"mantissas times 2^{shift}, the same products" if shift else "the same products"
    return LedgerLine(
        subject=about("projection", projection.name),
        quantity="weights",
        asked=text(given),
        got=text(stored),
        level="exact",
        relative_error=0.0,
        note=note,
    )
