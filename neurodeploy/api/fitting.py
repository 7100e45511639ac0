"""The scheme of a conversion that fits: hard resets where the axons of soft ones do not suffice."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from neurodeploy.compiler import CompileOptions, compile_network
from neurodeploy.convert.options import Conversion, ConvertOptions
from neurodeploy.diagnostics import about, finding
from neurodeploy.diagnostics.ledger import LedgerLine
from neurodeploy.hardware import Target
from neurodeploy.network import Network

__all__ = ["with_fitting_scheme"]

SURE = 0.5
"""Share of the cores of a target up to which a lower bound is trusted, without placing the network."""


def with_fitting_scheme(
    made: Conversion, target: Target, options: ConvertOptions, again: Callable[[ConvertOptions], Conversion]
) -> Conversion:
    """Return a conversion with soft resets, or one with hard resets if only this fits the target.

    `made`: the conversion with the scheme that loses least. `target`: the chip. `options`: those of the conversion; a scheme
    that they name is kept. `again`: converts with other options.
    """
    if options.scheme is not None or made.scheme != "soft":
        return made
    soft = _size(made.network, target)
    if soft.fits:
        return made
    hard = again(options.model_copy(update={"scheme": "hard"}))
    found = _size(hard.network, target)
    if not found.fits:
        return made
    message = f"has hard resets: with soft ones it needs {soft.words}, with hard ones {found.words}"
    where = about("network", made.network.name)
    line = LedgerLine(
        subject=where, quantity="scheme", asked=f"soft: {soft.words}", got=f"hard: {found.words}", level="approximate",
        note="a soft reset takes an axon more for each neuron; what v had above the threshold is lost without it",
    )  # fmt: skip
    fixes = ["more steps, which hard resets need", "--scheme soft, to see what does not fit"]
    note = finding("ND854", where, message, fixes=fixes)
    return hard.model_copy(update={"findings": (*hard.findings, note), "ledger": (*hard.ledger, line)})


class _Size(NamedTuple):
    """Whether a network fits, and its cores."""

    fits: bool
    words: str


def _size(network: Network, target: Target) -> _Size:
    """The verdict for a network: from lower bounds, or from a mapping where these are near the limit."""
    options = CompileOptions(fixes=False)
    found = compile_network(network, target, options, stop="check")
    least = max(found.lower_bounds.values(), default=0)
    if found.verdict in ("fits", "stopped") and least > SURE * target.cores:
        found = compile_network(network, target, options, stop="place")
    if found.n_cores is not None:
        return _Size(fits=True, words=f"{found.n_cores:,} cores")
    fits = found.verdict in ("fits", "stopped")
    fault = next((item for item in found.findings if item.severity == "error" and item.found is not None), None)
    if fits or fault is None or fault.limit is None:
        return _Size(fits=fits, words=f"at least {least:,} cores")
    return _Size(fits=False, words=f"{fault.found:,g} {fault.unit}s of {fault.limit:,g} ({fault.code})")
