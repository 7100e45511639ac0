"""A page of a hundred thousand neurons stays small."""

from __future__ import annotations

import numpy as np
import pytest
from factories import network_of

import neurodeploy as nd
from neurodeploy.network.operations import Conv2d
from neurodeploy.report.page import ReportSubject, report_page


@pytest.mark.slow
def test_a_page_of_a_hundred_thousand_neurons_stays_below_two_megabytes():
    """98,304 neurons and 1.6 million spikes in four samples."""
    draw, before, between = np.random.default_rng(3), (2, 64, 64), (16, 64, 64)
    neuron = nd.Lif(tau_m_s=0.01, v_threshold=0.1)
    kernels = draw.normal(0.1, 0.3, (16, 2, 3, 3)), draw.normal(0.05, 0.2, (8, 16, 3, 3))
    first = Conv2d(input_shape=before, weights=kernels[0], padding=(1, 1))
    second = Conv2d(input_shape=between, weights=kernels[1], padding=(1, 1))
    network = network_of(
        [
            nd.Population(name="a", shape=between, neuron=neuron),
            nd.Population(name="b", shape=(8, 64, 64), neuron=neuron),
        ],
        [
            nd.Projection(name="to_a", source="camera", target="a", operation=first),
            nd.Projection(name="to_b", source="a", target="b", operation=second),
        ],
        inputs=(nd.Input(name="camera", shape=before),),
        steps_per_sample=100,
    )
    program = nd.compile(network, target="loihi2", board="vpx_16")
    recording = nd.run(program, (draw.random((4, 100, *before)) < 0.02).astype(np.uint8))
    assert sum(map(len, recording.spikes.values())) > 1_000_000
    page = report_page(ReportSubject(program, recording))
    assert len(page.encode()) < 1_000_000
    assert page == report_page(ReportSubject(program, recording))
