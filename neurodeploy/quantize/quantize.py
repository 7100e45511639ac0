"""Conversion of a Network to the integers of a target, with the ledger of every change. Places nothing."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from neurodeploy.diagnostics import Diagnostic, about, raise_errors
from neurodeploy.diagnostics.ledger import LedgerLine
from neurodeploy.hardware.target import Target
from neurodeploy.network import Current, Network, Population, Projection, WeightFormat
from neurodeploy.network.connectivity import Connectivity, connectivity_of
from neurodeploy.network.graded import IntegerNeuron
from neurodeploy.network.validate import require_valid
from neurodeploy.quantize.capability import capability_findings
from neurodeploy.quantize.chosen_dialect import dialect_findings, dialect_line
from neurodeploy.quantize.exact import exact_scale
from neurodeploy.quantize.fold import Folded, fold
from neurodeploy.quantize.integers import format_line, given_format, integer_registers, narrowed_weights, stored_weights
from neurodeploy.quantize.integrator import range_findings, taken_off
from neurodeploy.quantize.plastic import mantissa_line, sign_mode_for, start_findings, with_reach
from neurodeploy.quantize.projection import QuantizedProjection
from neurodeploy.quantize.quantized import (
    Quantized,
    QuantizedPopulation,
    QuantizeOptions,
    SoftReset,
)
from neurodeploy.quantize.registers import float_registers
from neurodeploy.quantize.report import loss_findings, loss_line, overflow_findings, reach_findings
from neurodeploy.quantize.scale import choose_scale, doubled, exponent_for
from neurodeploy.quantize.soft_reset import Lowered, by_autapses, is_autapse, unchanged, with_autapses
from neurodeploy.quantize.ties import bias_findings, tie_findings
from neurodeploy.quantize.weights import ProjectionWeights, round_weights, volts_of

__all__ = ["quantize"]

STAGE = "quantize"


class _Work:
    """Results collected while one network is converted."""

    def __init__(self, lowered: Lowered, target: Target, options: QuantizeOptions) -> None:
        self.network, self.target, self.options = lowered.network, target, options
        self.resets = lowered.resets
        self.populations: list[QuantizedPopulation] = []
        self.projections: dict[str, QuantizedProjection] = {}
        self.ledger: list[LedgerLine] = [*dialect_line(target), *lowered.ledger]
        self.findings: list[Diagnostic] = [*lowered.findings]

    def bits(self, projection: Projection) -> int:
        """Return the stored weight bits of a projection."""
        chosen = self.options.weight_bits
        widest = int(max(self.target.precision.weight_bits.values))
        given = projection.weight_format.weight_bits if projection.weight_format else widest
        every = given if projection.name in self.resets else chosen.get("*", given)  # a threshold keeps all its bits
        return chosen.get(projection.name, every)

    def narrowed(self, projection: Projection, mantissas: Any, style: WeightFormat) -> tuple[Any, WeightFormat]:
        """Return integer weights in the fewest bits that hold them, unless the options choose the bits or they learn."""
        chosen = {"*", projection.name} & set(self.options.weight_bits)
        fixed = bool(chosen) or projection.plasticity is not None or projection.name in self.resets
        return (mantissas, style) if fixed else narrowed_weights(self.target, mantissas, style)

    def keep(self, projection: Projection, style: WeightFormat, connectivity: Connectivity) -> None:
        """Add a projection in integers."""
        self.projections[projection.name] = QuantizedProjection(
            name=projection.name,
            source=projection.source,
            target=projection.target,
            weight_format=style,
            connectivity=connectivity,
            plasticity=projection.plasticity,
        )


def quantize(
    network: Network, target: Target, options: QuantizeOptions | None = None, *, soft_reset: SoftReset = "autapse"
) -> Quantized:
    """Return a valid network in the integers of the target.

    `soft_reset`: how spikes subtract the threshold; resets become autapses before the conversion (`quantize.soft_reset`).

    Raises DiagnosticError with every finding of the stage. Errors are ND203, ND207-ND213, ND222, ND312-ND317, and ND219 for a current
    without a steady state; the others are warnings or notes. The rules are those of `quantize.scale`, `quantize.fold` and the
    target's dialect.
    """
    require_valid(network, numbers=False)
    chosen = options or QuantizeOptions()
    lowered = with_autapses(network) if by_autapses(target, soft_reset) else unchanged(network)
    work = _Work(lowered, target, chosen)
    network = work.network
    work.findings += capability_findings(network, target, chosen, soft_reset)
    raise_errors(STAGE, work.findings)
    by_target: dict[str, list[Projection]] = {item.name: [] for item in network.populations}
    for projection in network.projections:
        by_target[projection.target].append(projection)
    for population in network.populations:
        convert = _convert_integers if isinstance(population.neuron, IntegerNeuron) else _convert_floats
        convert(work, population, by_target[population.name])
    findings = raise_errors(STAGE, work.findings)
    return Quantized(
        network=network,
        target_name=target.name,
        dialect_name=target.dialect.name,
        options=work.options,
        populations=tuple(work.populations),
        projections=tuple(work.projections[item.name] for item in network.projections),
        ledger=tuple(work.ledger),
        findings=findings,
    )


def _incoming(work: _Work, folded: Folded, projections: list[Projection]) -> list[ProjectionWeights]:
    found: list[ProjectionWeights] = []
    for projection in projections:
        connectivity = connectivity_of(projection, work.network.source_size(projection.source))
        if not (folded.weight_gain == folded.weight_gain[:1]).all():
            connectivity = connectivity.listed()
        volts = volts_of(connectivity, folded.weight_gain)
        signs, own = sign_mode_for(projection, volts), is_autapse(projection)
        found.append(ProjectionWeights(connectivity, volts, work.bits(projection), signs, own))
    return found


def _valued(network: Network, projections: list[Projection]) -> bool:
    """Whether some of the projections carry values: currents, or graded spikes."""
    graded = {p.name for p in network.populations if isinstance(p.neuron, IntegerNeuron) and p.neuron.sends_values}
    graded |= {item.name for item in network.inputs if isinstance(item.encoder, Current)}
    return any(item.source in graded for item in projections)


def _scale(work: _Work, name: str, folded: Folded, incoming: list[ProjectionWeights]) -> float:
    """The scale of a population, after the doublings that the options ask for."""
    scale = choose_scale(work.target, folded, incoming, steps=work.network.time.steps_per_sample)
    asked = work.options.doublings.get(name, work.options.doublings.get("*", 0))
    done = doubled(work.target, folded, incoming, scale, asked)
    if done:
        line = LedgerLine(
            subject=about("population", name),
            quantity="headroom",
            asked="room for sums in the worst case",
            got=f"{done} bit{'s' if done > 1 else ''} less, for a finer unit of v",
            level="rounded",
            option="doublings",
        )
        work.ledger.append(line)
    return scale * 2.0**done


def _convert_floats(work: _Work, population: Population, projections: list[Projection]) -> None:
    folded = fold(population, work.network.time.dt_s, valued=_valued(work.network, projections))
    incoming, rounded = _incoming(work, folded, projections), list[tuple[WeightFormat, Any]]()
    folded = folded._replace(taken=taken_off(folded, incoming))
    exact = exact_scale(work.target, folded, incoming, population.neuron)
    steps, reach = work.network.time.steps_per_sample, list[ProjectionWeights]()
    scale = exact.scale if exact else _scale(work, population.name, folded, incoming)
    registers, ledger, findings = float_registers(population, folded, work.target, scale, exact)
    work.findings += dialect_findings(registers, work.target)
    work.populations.append(registers)
    work.ledger += ledger
    work.findings += findings
    for index, (projection, item) in enumerate(zip(projections, incoming, strict=True)):
        exponent = exact.exponents[index] if exact else exponent_for(work.target, item, scale) or 0
        style = WeightFormat(weight_bits=item.weight_bits, exponent=exponent, sign_mode=cast(Any, item.sign_mode))
        mantissas, loss = round_weights(work.target.dialect, item.volts, scale, style)
        work.ledger.append(loss_line(projection.name, style, loss))
        unit = _unit_volts(work.target, style.exponent, scale)
        if projection.plasticity is not None:
            one = np.divide(
                unit, folded.weight_gain, out=np.zeros_like(folded.weight_gain), where=folded.weight_gain != 0
            )
            work.ledger.append(mantissa_line(projection, style, np.abs(one), work.target.dialect))
        reach += with_reach(item, projection.plasticity, unit, work.target.dialect)
        work.findings += loss_findings(projection.name, loss)
        work.keep(projection, style, item.connectivity.with_mantissas(mantissas))
        rounded.append((style, mantissas))
    work.findings += bias_findings(population, folded)
    work.findings += tie_findings(population, folded, incoming, exact)
    work.findings += overflow_findings(population.name, folded, reach, scale, work.target)
    work.findings += range_findings(population.name, folded, incoming, scale, work.target, steps)
    inclusive = getattr(population.neuron, "comparison", ">") == ">="
    work.findings += reach_findings(registers, folded, incoming, rounded, work.target, inclusive=inclusive)


def _unit_volts(target: Target, exponent: int, scale: float) -> float:
    """Volts of a mantissa of 1."""
    return 2.0 ** (exponent + target.dialect.weight_shift_bits) / scale


def _convert_integers(work: _Work, population: Population, projections: list[Projection]) -> None:
    registers, findings = integer_registers(population, work.target)
    work.findings += findings
    if registers is not None:
        work.findings += dialect_findings(registers, work.target)
        work.populations.append(registers)
    for projection in projections:
        connectivity = connectivity_of(projection, work.network.source_size(projection.source))
        weights, bits = connectivity.weights, work.bits(projection)
        found = stored_weights(projection, weights, bits, work.target)
        if isinstance(found, list):
            work.findings += found
            continue
        mantissas, style = work.narrowed(projection, *found)
        work.findings += start_findings(projection, weights, mantissas, style, work.target.dialect)
        line = format_line(projection, given_format(projection, weights, bits), style)
        work.ledger += [line] if line else []
        work.keep(projection, style, connectivity.with_mantissas(mantissas))
