"""Delays of projections, those of drawn synapses included."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neurodeploy.network.network import Projection
from neurodeploy.network.procedural.operations import PROCEDURAL
from neurodeploy.network.procedural.tables import table_of

__all__ = ["possible_delays"]


def possible_delays(projection: Projection) -> NDArray[np.int64]:
    """Return `delay_steps` of a projection as an array, in steps beyond the one that every synapse takes.

    Of drawn synapses, (1,) or (65536,) equally likely delays, whether or not one of the synapses has them.
    """
    own = np.asarray(projection.delay_steps, dtype=np.int64)
    if isinstance(projection.operation, PROCEDURAL) and not own.ndim:
        return table_of(projection.operation.delays).astype(np.int64) + own
    return own
