"""Triggers of findings about runs that learn."""

from __future__ import annotations

import numpy as np
from diagnostic_cases import net, program
from learners import learner, shown, trained

import neurodeploy as nd


def other_size():
    made, recording = trained()
    learned = recording.learned.model_copy(update={"synapses": {"in_cells.w": np.zeros((1, 3), dtype=int)}})
    nd.run(made, shown(made.network, 2), learned=learned)


def sequence():
    made, _ = trained()
    nd.run(made, shown(made.network, 2), learn="sequential", keep_state=True)


CASES = {
    "ND517": lambda _: nd.run(program(net()), {"in": np.zeros((1, 5, 2), dtype=int)}, learn="sequential"),
    "ND518": lambda _: other_size(),
    "ND519": lambda _: trained(samples=2)[1].findings,
    "ND520": lambda _: sequence(),
    "ND521": lambda _: nd.run(trained()[0], shown(learner()), backend="reference"),
    "ND522": lambda _: nd.learned(*trained(samples=2, learn="apart")),
    "ND523": lambda _: nd.learned(*trained()).findings,
    "ND524": lambda _: trained(learner(dw="2^3*x1*y0", x1=nd.Trace(impulse=100, tau_steps=100)))[1].findings,
}
