"""Plastic synapses of which an exponent leaves nothing, whatever they learn, beside others of the same target."""

from __future__ import annotations

import numpy as np
from learners import learner

import neurodeploy as nd
from neurodeploy.network import WeightFormat


def test_weights_that_stay_0_leave_the_other_sums_alone():
    """Loihi shifts each weight: 255 * 2**-8 is 0. The compiled engine once took -1 as the number of zero bits of all sums."""
    base = learner(sign_mode="excitatory")
    style = WeightFormat(weight_bits=8, exponent=-8, sign_mode="excitatory")
    learns = base.projections[0].model_copy(update={"weight_format": style})
    drive = nd.one_to_one("drive", "cells", 250, weight_format=style.model_copy(update={"exponent": 1}))
    inputs = (*base.inputs, nd.Input(name="drive", shape=3))
    network = base.model_copy(update={"projections": (learns, drive), "inputs": inputs})
    rng = np.random.default_rng(5)
    shown = {name: (rng.random((1, 30, size)) < 0.3).astype(np.uint8) for name, size in (("in", 4), ("drive", 3))}
    program = nd.compile(network, "loihi1")
    runs = [nd.run(program, shown, engine=engine) for engine in ("spec", "native")]
    assert len(runs[0].spikes["cells"]) > 5
    assert runs[0].spikes["cells"].tolist() == runs[1].spikes["cells"].tolist()
    assert runs[0].learned.synapses["in_cells.w"].tolist() == runs[1].learned.synapses["in_cells.w"].tolist()
