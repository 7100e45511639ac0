"""Triggers of findings about options for finer integers."""

from __future__ import annotations

import numpy as np
from diagnostic_cases import compiled, net

import neurodeploy as nd
from neurodeploy.network import Membrane


def read_by_its_membrane():
    made = net(2, 2)
    return made.model_copy(update={"outputs": (nd.Output(name="out", source="cells", decoder=Membrane()),)})


CASES = {
    "ND870": lambda _: compiled(read_by_its_membrane(), "loihi1", channel_scales={"cells": 8}),
    "ND871": lambda _: nd.compile(net(2, 2), "loihi1", calibration={"in": np.ones((3, 5, 2), dtype=np.uint8)}),
}
