"""One network through the stages of a compilation, each of which runs once for what it depends on.

Boards, rule sets and options of the mapping do not change the integers of a network, so edits of these share them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from neurodeploy.check import check
from neurodeploy.compiler.edits import edited_network, shared_parameters, width_findings
from neurodeploy.compiler.options import CompileOptions
from neurodeploy.diagnostics import Diagnostic, DiagnosticError, about, errors_in, finding
from neurodeploy.diagnostics.ledger import LedgerLine
from neurodeploy.diagnostics.translate import nearest
from neurodeploy.hardware.consistency import target_findings
from neurodeploy.hardware.target import Target
from neurodeploy.mapping import TimeLimit, assign, cannot_fit
from neurodeploy.network import Network
from neurodeploy.network.validate import validate
from neurodeploy.quantize import Quantized, QuantizeOptions, quantize

__all__ = ["Integers", "Workshop"]

Stage = Callable[[str], None]
"""Told the name of each stage as it begins."""
KEPT = 4
"""Networks in integers that are kept, the last ones that were asked for."""


class Integers(NamedTuple):
    """A network in the integers of a target, or why there is none."""

    quantized: Quantized | None
    findings: tuple[Diagnostic, ...]
    ledger: tuple[LedgerLine, ...]


class Workshop:
    """The stages of one network."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self._validated: tuple[Diagnostic, ...] | None = None
        self._integers: dict[tuple[object, ...], tuple[Target, Integers]] = {}

    def integers(self, target: Target, options: CompileOptions, begin: Stage = lambda _: None) -> Integers:
        """Return the network in integers after the user's edits, with what every stage up to there found."""
        edits = (options.weight_bits, options.prune, options.prune_sources, options.max_delay, options.share_parameters)
        read = (target.name, id(target.dialect), id(target.precision), id(target.neurons), id(target.limits))
        key = (*read, *(tuple(sorted(item.items())) for item in edits))
        if key not in self._integers:
            found = self._made(target, options, begin)
            for old in list(self._integers)[: max(len(self._integers) - KEPT + 1, 0)]:
                del self._integers[old]
            self._integers[key] = target, found  # as long as the target is kept, no other has its parts' ids
        return self._integers[key][1]

    def _made(self, target: Target, options: CompileOptions, begin: Stage) -> Integers:
        begin("validate")
        if self._validated is None:
            self._validated = _found(lambda: validate(self.network))
        findings = [*self._validated, *target_findings(target), *_unknown_names(self.network, options)]
        if not errors_in(findings):
            findings += width_findings(self.network, target, options)
        if errors_in(findings):
            return Integers(None, tuple(findings), ())
        begin("quantize")
        lean, ledger = edited_network(self.network, options)
        try:
            made = quantize(lean, target, QuantizeOptions(weight_bits=options.weight_bits))
        except DiagnosticError as error:
            return Integers(None, (*findings, *error.diagnostics), ledger)
        quantized = shared_parameters(made, options)
        return Integers(quantized, (*findings, *quantized.findings), (*ledger, *quantized.ledger))

    def cores(self, target: Target, options: CompileOptions, watch: TimeLimit) -> int | None:
        """Return the cores of a cut, None if there is none. Raises OutOfTimeError if the watch ends first."""
        watch.report("fixes", 0, 0)
        quantized = self.integers(target, options).quantized
        watch.report("fixes", 0, 0)
        if quantized is None or cannot_fit(quantized, target, options.mapping) or check(quantized, target):
            return None
        try:
            return assign(quantized, target, stop_early=True, options=options.mapping, time_limit=watch).n_cores
        except DiagnosticError:
            return None


def _found(stage: Callable[[], tuple[Diagnostic, ...]]) -> tuple[Diagnostic, ...]:
    try:
        return stage()
    except DiagnosticError as error:
        return error.diagnostics


def _unknown_names(network: Network, options: CompileOptions) -> list[Diagnostic]:
    """ND101 for options that name a projection or a population which does not exist."""
    projections, populations = ([item.name for item in every] for every in (network.projections, network.populations))
    asked = [
        ("prune", options.prune, projections, "projection"),
        ("prune_sources", options.prune_sources, projections, "projection"),
        ("max_delay", options.max_delay, projections, "projection"),
        ("share_parameters", options.share_parameters, populations, "population"),
    ]
    return [
        finding("ND101", about("option", option), f"{kind} '{name}' does not exist", fixes=nearest(name, names))
        for option, by_name, names, kind in asked
        for name in by_name
        if name != "*" and name not in names
    ]
