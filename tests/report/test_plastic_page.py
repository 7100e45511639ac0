"""Plastic projections in reports and plots: the equation is shown, and probes of weights are no traces of neurons."""

from __future__ import annotations

import numpy as np
import pytest

import neurodeploy as nd


@pytest.fixture(scope="module")
def learned():
    weights = nd.dense(
        "in", "cells", np.full((2, 3), 100), name="cells", weight_format={"weight_bits": 8}, plasticity="pair_stdp"
    )
    network = nd.Network(
        name="net",
        time=nd.Time(dt_s=1e-3, steps_per_sample=10),
        inputs=[nd.Input(name="in", shape=3)],
        populations=[nd.Population(name="cells", shape=2, neuron=nd.LoihiCuba(du=4095, dv=400, vth_mant=10))],
        projections=[weights],
        outputs=[nd.Output(name="out", source="cells")],
    )
    program = nd.compile(network, "loihi2")
    shown = {"in": np.random.default_rng(0).integers(0, 2, (1, 10, 3))}
    return program, program.run(shown, probes=["cells.w", "cells.x1", "cells.v"], engine="spec")


def test_probes_of_a_projection_and_of_a_population_of_one_name(learned):
    _, recording = learned
    assert [values.shape[2] for values in recording.states.values()] == [6, 3, 2]


def test_the_report_shows_the_equation_and_traces_of_neurons_only(learned):
    page = nd.report(*learned)
    assert "cells: dw = -2^-2*x0*y1 + 2^-2*y0*x1" in page
    assert "cells.v" in page
    assert "cells.w" not in page


def test_the_plot_of_a_trace_takes_the_first_probe_of_neurons(learned):
    plt = pytest.importorskip(
        "matplotlib.pyplot", reason="matplotlib is missing and cannot be had: it comes with an extra"
    )
    plt.switch_backend("Agg")
    assert nd.plot.trace(*learned).axes
    plt.close("all")
    with pytest.raises(nd.DiagnosticError, match=r"probe 'cells.w': is of no population"):
        nd.plot.trace(*learned, probe="cells.w")
