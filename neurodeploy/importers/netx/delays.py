"""Delays of netx layers. Source: lava-dl 0.6.0, netx/hdf5.py create_dense."""

from __future__ import annotations

from math import prod
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.importers.netx.fields import Fields
from neurodeploy.importers.netx.shapes import Shape, each
from neurodeploy.network import Conv2d, Dense

__all__ = ["Delays", "delays_of", "layer_delays"]

Ints = NDArray[np.int64]
LONGEST_DELAY = 62
"""Longest delay. netx shortens longer delays to this; the import rejects them."""


class Delays(NamedTuple):
    """Delays of the synapses of a layer, in addition to the one step of every projection."""

    steps: Any = 0
    axis: Literal["projection", "source", "target", "synapse"] = "projection"
    n_stated: int = 0
    """Number of delays in the file."""


def delays_of(fields: Fields) -> Ints | None:
    """Return the delays of a layer, truncated to whole steps as in netx; None if missing, or invalid (with a finding)."""
    values = fields.numbers("delay")
    if values is None:
        return None
    steps = np.trunc(values.astype(np.float64)).astype(np.int64)
    if float(values.min()) < 0:
        fields.wrong(f"has a delay of {float(values.min()):g} steps", found=float(values.min()), limit=0, unit="step")
        return None
    if steps.max() > LONGEST_DELAY:
        count = int(np.count_nonzero(steps > LONGEST_DELAY))
        message = f"has {count} of {steps.size} delays above the longest that netx supports; netx would shorten them"
        fields.wrong(message, found=int(steps.max()), limit=LONGEST_DELAY, unit="step")
        return None
    return steps


def layer_delays(kind: str, fields: Fields, operation: Dense | Conv2d | None, shape: Shape | None) -> Delays:
    """Return the delays of the synapses of a layer: one for all, or one for each synapse, target or source."""
    steps = delays_of(fields)
    if steps is None or operation is None or shape is None:
        return Delays()
    if steps.size == 1:
        return Delays(int(steps.ravel()[0]), n_stated=1)
    if kind == "conv":
        given = each(steps, shape)
        if given is not None:
            return Delays(given, "target", steps.size)
        fields.wrong(f"has {steps.size} delays for {prod(shape)} neurons in {shape[0]} channels")
        return Delays()
    out, sources = operation.weights.shape
    if steps.shape == (out, sources):
        return Delays(steps, "synapse", steps.size)
    if steps.shape == (out,):
        return Delays(steps, "target", steps.size)
    if steps.shape == (sources,):
        return Delays(steps, "source", steps.size)
    message = f"has delays of shape {list(steps.shape)}; needs one, [{out}], [{sources}] or [{out}, {sources}]"
    fields.wrong(message)
    return Delays()
