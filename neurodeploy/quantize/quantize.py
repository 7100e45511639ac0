"""Conversion of a Network to the integers of a target, with the ledger of every change. Places nothing."""

from __future__ import annotations

from typing import Any, cast

from neurodeploy.diagnostics import Diagnostic, raise_errors
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
from neurodeploy.quantize.integers import format_line, given_format, integer_registers, stored_weights
from neurodeploy.quantize.projection import QuantizedProjection
from neurodeploy.quantize.quantized import (
    Quantized,
    QuantizedPopulation,
    QuantizeOptions,
)
from neurodeploy.quantize.registers import float_registers
from neurodeploy.quantize.report import loss_findings, loss_line, overflow_findings, reach_findings
from neurodeploy.quantize.scale import choose_scale, exponent_for
from neurodeploy.quantize.ties import bias_findings, tie_findings
from neurodeploy.quantize.weights import ProjectionWeights, round_weights, sign_mode_of, volts_of

__all__ = ["quantize"]

STAGE = "quantize"


class _Work:
    """Results collected while one network is converted."""

    def __init__(self, network: Network, target: Target, options: QuantizeOptions) -> None:
        self.network, self.target, self.options = network, target, options
        self.populations: list[QuantizedPopulation] = []
        self.projections: dict[str, QuantizedProjection] = {}
        self.ledger: list[LedgerLine] = [*dialect_line(target)]
        self.findings: list[Diagnostic] = []

    def bits(self, projection: Projection) -> int:
        """Return the stored weight bits of a projection."""
        chosen = self.options.weight_bits
        widest = int(max(self.target.precision.weight_bits.values))
        given = projection.weight_format.weight_bits if projection.weight_format else widest
        return chosen.get(projection.name, chosen.get("*", given))

    def keep(self, projection: Projection, style: WeightFormat, connectivity: Connectivity) -> None:
        """Add a projection in integers."""
        self.projections[projection.name] = QuantizedProjection(
            name=projection.name,
            source=projection.source,
            target=projection.target,
            weight_format=style,
            connectivity=connectivity,
        )


def quantize(network: Network, target: Target, options: QuantizeOptions | None = None) -> Quantized:
    """Return a valid network in the integers of the target.

    Raises DiagnosticError with every finding of the stage. Errors are ND203, ND207-ND213, and ND219 for a current without a
    steady state; the others are warnings or notes. The rules are those of `quantize.scale`, `quantize.fold` and the
    target's dialect.
    """
    require_valid(network, numbers=False)
    work = _Work(network, target, options or QuantizeOptions())
    work.findings += capability_findings(network, target, work.options)
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
        found.append(ProjectionWeights(connectivity, volts, work.bits(projection), sign_mode_of(volts)))
    return found


def _valued(network: Network, projections: list[Projection]) -> bool:
    """Whether some of the projections carry values: currents, or graded spikes."""
    graded = {p.name for p in network.populations if isinstance(p.neuron, IntegerNeuron) and p.neuron.sends_values}
    graded |= {item.name for item in network.inputs if isinstance(item.encoder, Current)}
    return any(item.source in graded for item in projections)


def _convert_floats(work: _Work, population: Population, projections: list[Projection]) -> None:
    folded = fold(population, work.network.time.dt_s, valued=_valued(work.network, projections))
    incoming, rounded = _incoming(work, folded, projections), list[tuple[WeightFormat, Any]]()
    exact = exact_scale(work.target, folded, incoming, population.neuron)
    scale = exact.scale if exact else choose_scale(work.target, folded, incoming)
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
        work.findings += loss_findings(projection.name, loss)
        work.keep(projection, style, item.connectivity.with_mantissas(mantissas))
        rounded.append((style, mantissas))
    work.findings += bias_findings(population, folded)
    work.findings += tie_findings(population, folded, incoming, exact)
    work.findings += overflow_findings(population.name, folded, incoming, scale, work.target)
    inclusive = getattr(population.neuron, "comparison", ">") == ">="
    work.findings += reach_findings(registers, folded, incoming, rounded, work.target, inclusive=inclusive)


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
        mantissas, style = found
        line = format_line(projection, given_format(projection, weights, bits), style)
        work.ledger += [line] if line else []
        work.keep(projection, style, connectivity.with_mantissas(mantissas))
