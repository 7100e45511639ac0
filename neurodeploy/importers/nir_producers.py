"""What the frameworks that write NIR files do, and NIR cannot say; and by what a file shows who wrote it.

Read in snntorch 1.0.0, sinabs 3.1.3, norse 1.1.0, rockpool 3.1 and spyx 1.0.0, by what each exports and how it steps.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from neurodeploy.importers.nir_nodes import Cell, Node
from neurodeploy.importers.nir_times import TimeUnit
from neurodeploy.importers.options import PRODUCERS, ProducerName

__all__ = ["CONVENTIONS", "Convention", "guessed"]


@dataclass(frozen=True)
class Convention:
    """How one framework steps, as far as it differs from what a NIR file says."""

    name: ProducerName
    time_unit: TimeUnit
    keep: Literal["euler", "exact"]
    """keep = 1 - dt/tau, or exp(-dt/tau)."""
    gain: Literal["euler", "exact", "one"]
    """What the current is multiplied with: dt/tau, 1 - exp(-dt/tau), or 1, where the node's r is not used."""
    reset: Literal["zero", "subtract"] | None
    """None: it has several, and writes none into the file."""
    dt_s: float | None = None
    comparison: Literal[">", ">="] = ">"
    gain_i: Literal["same", "one", "keep"] = "same"
    """The same for a synaptic current; "keep": the current of a step is decayed with the rest."""
    resets_late: bool = False
    """The reset comes in the step after a spike."""
    several_spikes: bool = False
    """A neuron may spike several times in a step."""
    floor: bool = False
    """v of an IF is never below -v_threshold."""
    current_late: bool = False
    """v uses the synaptic current of the step before."""
    within_step: bool = True
    """A spike passes all layers in the step in which it comes."""


CONVENTIONS: Mapping[str, Convention] = {
    item.name: item
    for item in (
        Convention("snntorch", "s", "euler", "euler", None, dt_s=1e-4, resets_late=True),
        Convention("sinabs", "step", "exact", "exact", "subtract", comparison=">=", several_spikes=True, floor=True),
        Convention("norse", "s", "euler", "euler", "zero", dt_s=1e-3, gain_i="one", current_late=True),
        Convention("rockpool", "s", "exact", "euler", "subtract", gain_i="keep", several_spikes=True),
        Convention("spyx", "step", "euler", "one", "subtract", gain_i="one", resets_late=True, within_step=False),
    )
}

_SIGNS: Mapping[ProducerName, str] = {
    "rockpool": r"\d+_(Linear|LIF|LIFNeuron|ExpSyn|LIFBitshift)Torch$",
    "spyx": r"(linear|LIF|LI|IF|CuBaLIF|RLIF|RCuBaLIF)(_\d+)?$",
}
SNNTORCH_DT_S = 1e-4


def guessed(
    nodes: Mapping[str, Node], described: str, file: str, *, in_seconds: bool
) -> tuple[ProducerName, str] | None:
    """Return who seems to have written a file, and by what it shows; None if nothing shows it."""
    for name in PRODUCERS:
        if name in described.lower():
            return name, "its metadata names it"
    inner = [name for name, node in nodes.items() if isinstance(node, Cell)]
    if not inner:
        return None
    for producer, pattern in _SIGNS.items():
        if all(re.match(pattern, name) for name in inner):
            return producer, f"its nodes are called like '{inner[0]}'"
    cells = [node for node in nodes.values() if isinstance(node, Cell)]
    if in_seconds and all(_of_snntorch(cell) for cell in cells):
        return "snntorch", "r is tau / 1e-4 s in every node"
    for name in PRODUCERS:
        if name in file.lower():
            return name, "its name says so"
    plain = all(np.all(cell.values["r"] == 1.0) for cell in cells) and all(name.isdigit() for name in inner)
    if plain and all(cell.kind == "IF" and "v_reset" not in cell.values for cell in cells):
        return "sinabs", "all its neurons are IF with r = 1, in nodes called by numbers"
    if plain and all(cell.kind == "LIF" and float(cell.values["tau"].max()) < 1.0 for cell in cells):
        return "norse", "all its neurons are LIF with r = 1, in nodes called by numbers"
    return None


def _of_snntorch(cell: Cell) -> bool:
    """Whether the constants are coded for a step of 0.1 ms, as snntorch exports them."""
    tau = cell.values.get("tau", cell.values.get("tau_mem"))
    if tau is None or cell.values["r"].size not in (1, tau.size):
        return False
    same = np.allclose(cell.values["r"].ravel() * SNNTORCH_DT_S, tau.ravel(), rtol=1e-4)
    if "tau_syn" in cell.values:
        w_in, tau_syn = cell.values.get("w_in"), cell.values["tau_syn"]
        same = same and w_in is not None and np.allclose(w_in.ravel() * SNNTORCH_DT_S, tau_syn.ravel(), rtol=1e-4)
    return bool(same)
