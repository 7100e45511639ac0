"""Storage formats of the integer weights of a netx file."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.importers.netx.fields import Fields
from neurodeploy.network import WeightFormat

__all__ = ["WEIGHT_BITS", "style"]

WEIGHT_BITS = 8


def style(fields: Fields, weights: NDArray[Any]) -> WeightFormat:
    """Return how weights are stored: with mixed sign mode if all are even, else with one sign if that keeps them exact."""
    odd, mode = bool(np.any(weights & 1)), "mixed"
    if odd and weights.min() >= 0:
        mode = "excitatory"
    elif odd and weights.max() <= 0:
        mode = "inhibitory"
    own = fields.group("neuron")
    exponent = own.integer("wgtExp", 0) if own else 0
    return WeightFormat(weight_bits=WEIGHT_BITS, exponent=exponent or 0, sign_mode=mode)  # pyright: ignore
