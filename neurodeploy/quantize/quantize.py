"""Verb: quantize, a Network to a target's integers with the ledger of every change. Places nothing."""

from __future__ import annotations

from typing import Any, Literal, cast

import numpy as np

from neurodeploy.diagnostics import Diagnostic, finding, raise_errors
from neurodeploy.ledger import LedgerLine
from neurodeploy.network import Network, Population, Projection, WeightFormat
from neurodeploy.network.connectivity import Synapses, synapses_of
from neurodeploy.network.graded import IntegerNeuron
from neurodeploy.quantize.capability import capability_findings
from neurodeploy.quantize.fold import Folded, fold
from neurodeploy.quantize.quantized import (
    Quantized,
    QuantizedPopulation,
    QuantizedProjection,
    QuantizeOptions,
)
from neurodeploy.quantize.registers import float_registers, integer_registers
from neurodeploy.quantize.report import loss_findings, loss_line, overflow_findings, reach_findings
from neurodeploy.quantize.scale import Incoming, choose_scale, exponent_for
from neurodeploy.quantize.weights import as_csr, round_weights, sign_mode_of
from neurodeploy.target.arithmetic import stored_mantissas
from neurodeploy.target.target import Target

__all__ = ["quantize"]

STAGE = "quantize"


class _Work:
    """What the conversion of one network collects."""

    def __init__(self, network: Network, target: Target, options: QuantizeOptions) -> None:
        self.network, self.target, self.options = network, target, options
        self.populations: list[QuantizedPopulation] = []
        self.projections: dict[str, QuantizedProjection] = {}
        self.ledger: list[LedgerLine] = []
        self.findings: list[Diagnostic] = []

    def bits(self, projection: Projection) -> int:
        """Stored weight bits of a projection."""
        chosen = self.options.weight_bits
        widest = int(max(self.target.precision.weight_bits.values))
        given = projection.weight_format.weight_bits if projection.weight_format else widest
        return chosen.get(projection.name, chosen.get("*", given))


def quantize(network: Network, target: Target, options: QuantizeOptions | None = None) -> Quantized:
    """Return a valid network in the integers of the target.

    Raises DiagnosticError with every finding of the stage: ND203, ND207-ND213 are errors, the others warnings or notes.
    Source of the rules: neurodeploy.quantize.scale, .fold and the target's dialect.
    """
    work = _Work(network, target, options or QuantizeOptions())
    work.findings += capability_findings(network, target, work.options)
    raise_errors(STAGE, work.findings)
    by_target: dict[str, list[tuple[Projection, Synapses]]] = {item.name: [] for item in network.populations}
    for projection in network.projections:
        by_target[projection.target].append(
            (projection, synapses_of(projection, network.source_size(projection.source)))
        )
    for population in network.populations:
        convert = _convert_integers if isinstance(population.neuron, IntegerNeuron) else _convert_floats
        convert(work, population, by_target[population.name])
    findings = raise_errors(STAGE, work.findings)
    return Quantized(
        network=network,
        target_name=target.name,
        options=work.options,
        populations=tuple(work.populations),
        projections=tuple(work.projections[item.name] for item in network.projections),
        ledger=tuple(work.ledger),
        findings=findings,
    )


def _incoming(work: _Work, folded: Folded, pairs: list[tuple[Projection, Synapses]]) -> list[Incoming]:
    found: list[Incoming] = []
    for projection, synapses in pairs:
        weights = synapses.weights.astype(np.float64) * folded.weight_gain[synapses.post]
        found.append(Incoming(projection.name, synapses.post, weights, work.bits(projection), sign_mode_of(weights)))
    return found


def _convert_floats(work: _Work, population: Population, pairs: list[tuple[Projection, Synapses]]) -> None:
    folded = fold(population, work.network.time.dt_s)
    incoming = _incoming(work, folded, pairs)
    scale = choose_scale(work.target, folded, incoming)
    registers, ledger, findings = float_registers(population, folded, work.target, scale)
    work.populations.append(registers)
    work.ledger += ledger
    work.findings += findings
    for (projection, synapses), item in zip(pairs, incoming, strict=True):
        exponent = exponent_for(work.target, item, scale) or 0
        style = WeightFormat(weight_bits=item.weight_bits, exponent=exponent, sign_mode=cast(Any, item.sign_mode))
        mantissas, loss = round_weights(work.target.dialect, item.weights, scale, style)
        work.ledger.append(loss_line(projection.name, style, loss))
        work.findings += loss_findings(projection.name, loss)
        _keep(work, projection, synapses, mantissas, style)
    work.findings += overflow_findings(population.name, folded, incoming, scale, work.target)
    work.findings += reach_findings(
        registers, folded, incoming, [work.projections[p.name] for p, _ in pairs], work.target
    )


def _keep(work: _Work, projection: Projection, synapses: Synapses, mantissas: Any, style: WeightFormat) -> None:
    n_source = work.network.source_size(projection.source)
    work.projections[projection.name] = as_csr(
        projection.name, projection.source, projection.target, n_source, synapses, mantissas, style
    )


def _integer_style(work: _Work, projection: Projection, synapses: Synapses) -> WeightFormat:
    if projection.weight_format is not None:
        return projection.weight_format.model_copy(update={"weight_bits": work.bits(projection)})
    mode = cast(Literal["mixed", "excitatory", "inhibitory"], sign_mode_of(synapses.weights))
    return WeightFormat(weight_bits=work.bits(projection), sign_mode=mode)


def _convert_integers(work: _Work, population: Population, pairs: list[tuple[Projection, Synapses]]) -> None:
    registers, findings = integer_registers(population, work.target)
    work.populations.append(registers)
    work.findings += findings
    for projection, synapses in pairs:
        style, where = _integer_style(work, projection, synapses), f"projection '{projection.name}'"
        mantissas = np.rint(synapses.weights).astype(np.int64)
        if np.any(mantissas != synapses.weights):
            work.findings.append(
                finding(
                    "ND209",
                    where,
                    "its target holds integers, and its weights are not all integers",
                    fixes=["give integer mantissas and a weight_format, or a float neuron kind"],
                )
            )
            continue
        stored = stored_mantissas(work.target.dialect, mantissas, style.weight_bits, style.sign_mode)
        signs = {"excitatory": mantissas < 0, "inhibitory": mantissas > 0}.get(style.sign_mode, np.zeros(1, dtype=bool))
        wide = np.abs(mantissas) > (1 << work.target.dialect.mantissa_bits)
        bad = int(np.count_nonzero((stored != mantissas) | signs | wide))
        if bad:
            message = f"{bad} of {mantissas.size} mantissas cannot be stored in {style.weight_bits} bits with sign mode {style.sign_mode}"
            work.findings.append(
                finding(
                    "ND209",
                    where,
                    message,
                    fixes=["even mantissas, more bits, or one projection for each sign"],
                )
            )
        _keep(work, projection, synapses, mantissas, style)
