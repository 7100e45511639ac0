"""Which scheme a target takes: sigma-delta where neurons send values, else integrate-and-fire rates."""

from __future__ import annotations

import os
from os import PathLike

from neurodeploy.convert.options import Scheme
from neurodeploy.diagnostics import DiagnosticError, about, finding
from neurodeploy.hardware import Target, read_target, target_names

__all__ = ["convertible_target", "scheme_for"]

NEEDS: dict[Scheme, tuple[str, ...]] = {
    "sigma_delta": ("sigma_delta", "delta"),
    "soft": ("if",),
    "hard": ("if",),
}
"""Neuron kinds that each scheme takes; the first scheme that a target has loses least."""

OURS = "neurodeploy"
"""Vendor of targets that are no chips."""


def convertible_target(spec: str | PathLike[str] | Target) -> Target:
    """Return the target that a network is converted for.

    `spec`: a target, its installed name, or the path of its file. Raises DiagnosticError: ND850 for a target that networks are
    only judged against; those of nd.load_target.
    """
    target = spec if isinstance(spec, Target) else read_target(os.fspath(spec))
    if isinstance(target, Target):
        return target
    able, judged = target.abilities, f"nd.judge(nd.convert(model, ...), '{target.name}')"
    words = [
        *([f"neurons of kind {', '.join(able.kinds.words)}"] if able.kinds else []),
        *([f"reset {', '.join(able.resets.words)}"] if able.resets else []),
        *([f"{able.weight_bits.value:g}-bit weights"] if able.weight_bits else []),
    ]
    message = "networks are judged against its limits, not compiled for it"
    if words:
        message += f"; it takes {', '.join(words)}"
    fixes = [*(f"--target {name}" for name in _with_scheme()), f"{judged}, for a network of rates"]
    raise DiagnosticError("convert", (finding("ND850", about("target", target.name), message, fixes=fixes),))


def scheme_for(target: Target, wanted: Scheme | None) -> Scheme:
    """Return the scheme that loses least on a target.

    `target`: the chip. `wanted`: the scheme that the user names; None: any. Raises DiagnosticError: ND850 if its neurons do
    not run the scheme, or none.
    """
    found: list[Scheme] = [name for name in NEEDS if _runs(target, name)]
    if wanted in found or (wanted is None and found):
        return wanted or found[0]
    kinds = ", ".join(target.neurons.kinds)
    if wanted is None:
        message = f"has neurons of kind {kinds}; a scheme takes {' or '.join(' and '.join(n) for n in dict.fromkeys(NEEDS.values()))}"
        fixes = [f"--target {name}" for name in _with_scheme() if name != target.name]
    else:
        lacking = ", ".join(kind for kind in NEEDS[wanted] if kind not in target.neurons.kinds)
        message = f"has no neurons of kind {lacking}, which the scheme '{wanted}' takes"
        fixes = [f"--scheme {name}" for name in found]
        fixes += [f"--target {name}" for name in _with_scheme(wanted) if name != target.name]
    raise DiagnosticError("convert", (finding("ND850", about("target", target.name), message, fixes=fixes),))


def _runs(target: Target, scheme: Scheme) -> bool:
    return all(kind in target.neurons.kinds for kind in NEEDS[scheme])


def _with_scheme(scheme: Scheme | None = None) -> list[str]:
    """Installed chips that run a scheme, or any; those that exist only in tests are left out."""
    read = (read_target(name) for name in target_names())
    chips = [item for item in read if isinstance(item, Target) and item.vendor != OURS]
    wanted: list[Scheme] = [scheme] if scheme else list(NEEDS)
    return [item.name for item in chips if any(_runs(item, own) for own in wanted)]
