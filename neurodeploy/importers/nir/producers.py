"""Frameworks that write NIR files: their semantics beyond NIR, and how to recognize their files.

Source: the export and step functions of snntorch 1.0.0, sinabs 3.1.3, norse 1.1.0, rockpool 3.1 and spyx 1.0.0.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from neurodeploy.importers.nir.nodes import Cell, Node
from neurodeploy.importers.nir.times import TimeUnit
from neurodeploy.importers.options import PRODUCERS, ProducerName

__all__ = ["CONVENTIONS", "Convention", "guessed"]


@dataclass(frozen=True)
class Convention:
    """Semantics of one framework that a NIR file does not specify."""

    name: ProducerName
    time_unit: TimeUnit
    keep: Literal["euler", "exact"]
    """Fraction of the state kept in a step. euler: 1 - dt/tau; exact: exp(-dt/tau)."""
    gain: Literal["euler", "exact", "one"]
    """Factor of the current. euler: dt/tau; exact: 1 - exp(-dt/tau); one: 1, ignoring the node's r."""
    reset: Literal["zero", "subtract"] | None
    """Reset of all neurons. None: configurable, but not exported."""
    dt_s: float | None = None
    comparison: Literal[">", ">="] = ">"
    gain_i: Literal["same", "one", "keep"] = "same"
    """Factor of the synaptic input. same: as `gain`; one: 1; keep: as `keep`, because new input decays at once."""
    late_resets: tuple[str, ...] = ()
    """Node types whose reset takes effect in the step after a spike, after the leak."""
    several_spikes: bool = False
    """Whether a neuron may spike several times in a step."""
    floor: bool = False
    """Whether v of IF neurons is limited to -v_threshold and above."""
    current_late: bool = False
    """Whether v uses the synaptic current of the previous step."""
    within_step: bool = True
    """Whether a spike passes all layers within one step."""
    input_before_recurrence: bool = False
    """Whether files connect the input of a recurrent layer to its recurrent weights, although it reaches the neurons."""
    codes_dt: bool = False
    """Whether r is tau * exp(-dt/tau) / dt, from which dt follows."""


CONVENTIONS: Mapping[str, Convention] = {
    item.name: item
    for item in (
        Convention("snntorch", "s", "euler", "euler", None, dt_s=1e-4, late_resets=("LIF", "CubaLIF", "IF")),
        Convention("sinabs", "step", "exact", "exact", "subtract", comparison=">=", several_spikes=True, floor=True),
        Convention("norse", "s", "euler", "euler", "zero", dt_s=1e-3, gain_i="one", current_late=True),
        Convention("rockpool", "s", "exact", "euler", "subtract", gain_i="keep", several_spikes=True, codes_dt=True),
        Convention(
            *("spyx", "step", "euler", "one", "subtract"),
            gain_i="one",
            late_resets=("LIF", "IF"),
            within_step=False,
            input_before_recurrence=True,
        ),
    )
}

_SIGNS: Mapping[ProducerName, str] = {
    "rockpool": r"\d+_(Linear|LIF|LIFNeuron|ExpSyn|LIFBitshift)Torch$",
    "spyx": r"(linear|LIF|LI|IF|CuBaLIF|RLIF|RCuBaLIF)(_\d+)?$|(layer_\d+\.)?layer_\d+(\.lif)?$",
}
SNNTORCH_DT_S = 1e-4


def guessed(
    nodes: Mapping[str, Node], described: str, file: str, *, in_seconds: bool
) -> tuple[ProducerName, str] | None:
    """Return the framework that appears to have written a file, and the evidence; None without evidence.

    `described`: text of the file's metadata. `file`: name of the file. `in_seconds`: whether its times are in seconds.
    """
    for name in PRODUCERS:
        if name in described.lower():
            return name, "named in its metadata"
    inner = [name for name, node in nodes.items() if isinstance(node, Cell) and "r" in node.values]
    if not inner:
        return None
    for producer, pattern in _SIGNS.items():
        plain_names = producer == "spyx" and any(name.startswith("layer_") for name in inner)
        if all(re.match(pattern, name) for name in inner) and (not plain_names or _of_spyx(nodes)):
            return producer, f"nodes named like '{inner[0]}'"
    cells = [node for node in nodes.values() if isinstance(node, Cell) and "r" in node.values]
    if in_seconds and all(_of_snntorch(cell) for cell in cells):
        return "snntorch", "r is tau / 1e-4 s in every node"
    for name in PRODUCERS:
        if name in file.lower():
            return name, "named in the file name"
    plain = all(np.all(cell.values["r"] == 1.0) for cell in cells) and all(name.isdigit() for name in inner)
    if plain and all(cell.kind == "IF" and "v_reset" not in cell.values for cell in cells):
        return "sinabs", "numbered nodes, all IF with r = 1"
    if plain and all(cell.kind == "LIF" and float(cell.values["tau"].max()) < 1.0 for cell in cells):
        return "norse", "numbered nodes, all LIF with r = 1"
    return None


def _of_spyx(nodes: Mapping[str, Node]) -> bool:
    """Whether r of leaky neurons is 1 - dt/tau for one dt, as exported by spyx 1.0, whose names "layer_1" are anyone's."""
    steps = list[float]()
    for node in nodes.values():
        tau = node.values.get("tau", node.values.get("tau_mem")) if isinstance(node, Cell) else None
        if isinstance(node, Cell) and node.kind in ("LIF", "CubaLIF") and tau is not None:
            r = node.values["r"]
            steps += np.ravel(tau * (1.0 - r)).tolist() if r.size in (1, tau.size) and r.ndim == tau.ndim else [0.0]
    return bool(steps) and min(steps) > 0 and max(steps) - min(steps) < 1e-3 * max(steps)


def _of_snntorch(cell: Cell) -> bool:
    """Whether the parameters encode a step of 0.1 ms, as exported by snntorch."""
    tau = cell.values.get("tau", cell.values.get("tau_mem"))
    if tau is None or cell.values["r"].size not in (1, tau.size):
        return False
    same = np.allclose(cell.values["r"].ravel() * SNNTORCH_DT_S, tau.ravel(), rtol=1e-4)
    if "tau_syn" in cell.values:
        w_in, tau_syn = cell.values.get("w_in"), cell.values["tau_syn"]
        same = same and w_in is not None and np.allclose(w_in.ravel() * SNNTORCH_DT_S, tau_syn.ravel(), rtol=1e-4)
    return bool(same)
