"""A network in the integers of a target, computed once for all compilations that share them.

Boards, rule sets and mapping options do not change the integers of a network, so compilations that differ only in these
share them.
"""

from __future__ import annotations

from typing import NamedTuple

from neurodeploy.compiler.edits import edited_network, shared_parameters, width_findings
from neurodeploy.compiler.options import CompileOptions
from neurodeploy.compiler.rescale import rescale_findings
from neurodeploy.diagnostics import Diagnostic, DiagnosticError, SubjectKind, about, errors_in, finding
from neurodeploy.diagnostics.ledger import LedgerLine
from neurodeploy.diagnostics.translate import nearest
from neurodeploy.hardware.consistency import target_findings
from neurodeploy.hardware.target import Target
from neurodeploy.network import Network
from neurodeploy.network.validate import validate
from neurodeploy.quantize import Quantized, QuantizeOptions, quantize

__all__ = ["QuantizeCache", "QuantizeResult", "input_findings"]

KEPT = 4
"""Maximum number of quantized networks in the cache; the oldest is dropped first."""


class QuantizeResult(NamedTuple):
    """A network in the integers of a target, or the findings that prevented its conversion."""

    quantized: Quantized | None
    findings: tuple[Diagnostic, ...]
    """Findings of the conversion."""
    ledger: tuple[LedgerLine, ...]


class QuantizeCache:
    """The integer forms of one network, by target and by the options that change them."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self._results: dict[tuple[object, ...], tuple[Target, QuantizeResult]] = {}

    def quantized(self, target: Target, options: CompileOptions) -> QuantizeResult:
        """Return the network in integers after the user's edits. The network and the options must be valid."""
        edits = (
            options.weight_bits,
            options.prune,
            options.prune_sources,
            options.max_delay,
            options.share_parameters,
            options.clip_weights,
            options.channel_scales,
            options.doublings,
        )
        parts = (target.name, id(target.dialect), id(target.precision), id(target.neurons), id(target.limits))
        key = (*parts, options.soft_reset, *(tuple(sorted(item.items())) for item in edits))
        if key not in self._results:
            result = _quantized(self.network, target, options)
            for oldest in list(self._results)[: max(len(self._results) - KEPT + 1, 0)]:
                del self._results[oldest]
            self._results[key] = target, result  # the target keeps its parts alive: ids are not reused
        return self._results[key][1]


def _quantized(network: Network, target: Target, options: CompileOptions) -> QuantizeResult:
    edited, ledger = edited_network(network, options)
    try:
        chosen = QuantizeOptions(weight_bits=options.weight_bits, doublings=options.doublings)
        quantized = quantize(edited, target, chosen, soft_reset=options.soft_reset)
    except DiagnosticError as error:
        return QuantizeResult(None, error.diagnostics, ledger)
    shared = shared_parameters(quantized, options)
    return QuantizeResult(shared, shared.findings, (*ledger, *shared.ledger))


def input_findings(network: Network, target: Target, options: CompileOptions) -> tuple[Diagnostic, ...]:
    """Return the findings of a network, a target, and options that edit the network."""
    try:
        found = [*validate(network)]
    except DiagnosticError as error:
        found = [*error.diagnostics]
    found += [*target_findings(target), *_unknown_names(network, options)]
    found += rescale_findings(network, options.channel_scales)
    return (*found, *(() if errors_in(found) else width_findings(network, target, options)))


def _unknown_names(network: Network, options: CompileOptions) -> list[Diagnostic]:
    """ND101 for each option that names a projection or population that does not exist."""
    names: dict[SubjectKind, list[str]] = {
        "projection": [item.name for item in network.projections],
        "population": [item.name for item in network.populations],
    }
    edits: tuple[tuple[str, dict[str, float] | dict[str, int], SubjectKind], ...] = (
        ("prune", options.prune, "projection"),
        ("prune_sources", options.prune_sources, "projection"),
        ("max_delay", options.max_delay, "projection"),
        ("share_parameters", options.share_parameters, "population"),
        ("clip_weights", options.clip_weights, "projection"),
        ("channel_scales", options.channel_scales, "population"),
        ("doublings", options.doublings, "population"),
    )
    return [
        finding(
            "ND101",
            about("option", option, field=name),
            f"{kind} '{name}' does not exist",
            fixes=nearest(name, names[kind]),
        )
        for option, by_name, kind in edits
        for name in by_name
        if name != "*" and name not in names[kind]
    ]
