"""Delays of netx layers. Source: lava-dl 0.6.0, netx/hdf5.py create_dense."""

from __future__ import annotations

from math import prod
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neurodeploy.importers.netx.fields import Fields
from neurodeploy.importers.netx.shapes import Shape, each

__all__ = ["DENSE", "Delays", "delays_of", "layer_delays", "note_delays", "recurrent_delays"]

Ints = NDArray[np.int64]
Axis: TypeAlias = Literal["projection", "source", "target", "synapse"]
DENSE = ("dense", "dense_rec", "dense_comp", "recurrent")
"""Types of layers with a matrix of weights."""
LONGEST_DELAY = 62
"""Longest delay; netx and the import shorten longer ones to it."""


class Delays(NamedTuple):
    """Delays of the synapses of a layer, in addition to the one step of every projection."""

    steps: Any = 0
    axis: Axis = "projection"
    n_stated: int = 0
    """Number of delays in the file."""


def delays_of(fields: Fields) -> Ints | None:
    """Return the delays of a layer as netx makes them: whole steps, rounded down, of at most LONGEST_DELAY.

    None if they are missing, or invalid (with a finding). Shortened delays are a warning (ND060).
    """
    values = fields.numbers("delay")
    if values is None:
        return None
    steps = np.trunc(values.astype(np.float64)).astype(np.int64)
    if float(values.min()) < 0:
        fields.wrong(f"has a delay of {float(values.min()):g} steps", found=float(values.min()), limit=0, unit="step")
        return None
    longest = int(steps.max())
    if longest > LONGEST_DELAY:
        count = int(np.count_nonzero(steps > LONGEST_DELAY))
        message = (
            f"{fields.where}: {count} of {steps.size} delays are longer than netx supports; they are shortened to"
            f" {LONGEST_DELAY} steps"
        )
        fixes = [f"limit delays to {LONGEST_DELAY} steps in training (max_delay of lava-dl's delay blocks)"]
        fields.findings.warn("ND060", message, found=longest, limit=LONGEST_DELAY, unit="step", fixes=fixes)
    if np.any(values % 1):
        fields.line("delays", "fractions of a step", "rounded down to whole steps", "as in netx")
    return np.minimum(steps, LONGEST_DELAY)


def layer_delays(kind: str, fields: Fields, weights: tuple[int, ...] | None, shape: Shape | None) -> Delays:
    """Return the delays of a layer's synapses: one for all, or one for each synapse, target or source.

    `weights`: (neurons, sources) of a dense layer; None if not known, or for kernels.
    """
    steps = delays_of(fields)
    if steps is None or shape is None:
        return Delays()
    if steps.size == 1:
        return Delays(int(steps.ravel()[0]), n_stated=1)
    if kind not in DENSE:
        given = each(steps, shape)
        if given is not None:
            return Delays(given, "target", steps.size)
        fields.wrong(f"has {steps.size} delays for {prod(shape)} neurons in {shape[0]} channels")
        return Delays()
    if weights is None:
        return Delays()
    axes: dict[tuple[int, ...], Axis] = {weights[1:]: "source", weights[:1]: "target", weights: "synapse"}
    if steps.shape in axes:
        return Delays(steps, axes[steps.shape], steps.size)
    out, sources = weights
    fields.wrong(f"has delays of shape {list(steps.shape)}; needs one, [{out}], [{sources}] or [{out}, {sources}]")
    return Delays()


def recurrent_delays(fields: Fields, delays: Delays, weights: tuple[int, ...]) -> Delays:
    """Return the delays of a layer's recurrent synapses. netx gives them the delays of the input synapses.

    `weights`: (neurons, sources) of the input synapses.
    """
    square = weights[0] == weights[1]
    if not np.any(delays.steps):
        return Delays()
    if delays.axis == "source" or (delays.axis == "synapse" and not square):
        fields.wrong(f"has delays for its {weights[1]} sources, which recurrent synapses do not have")
        return Delays()
    note = "as in netx, which drops the exponent of the weights of such layers; in training they delay only the output"
    fields.line("delays", "of the layer", "of the recurrent synapses, too", note)
    return delays


def note_delays(fields: Fields, delays: Delays, read_by_netx: bool) -> None:
    """Add the ledger line of a layer's delays, and a warning (ND064) if netx ignores them."""
    longest = int(np.max(delays.steps))
    if not longest:
        return
    note = "as in netx: delays apply to the synapses of their own layer"
    if not read_by_netx:
        note = "as trained; netx reads delays of dense layers with real weights only"
        message = (
            f"{fields.where} has delays of up to {longest} steps, which netx ignores in such layers; they are imported"
        )
        fixes = ["to run the network as netx does, export the layer without delays"]
        fields.findings.warn("ND064", message, fixes=fixes)
    of = {"projection": "all synapses", "target": "all synapses of each neuron", "source": "each source"}
    got = f"of {of.get(delays.axis, 'each synapse')}, up to {longest} steps"
    fields.line("delays", f"{delays.n_stated} in the file", got, note)
