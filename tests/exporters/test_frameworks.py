"""snnTorch, Norse and sinabs read the files that neurodeploy writes, and their spikes are those of the reference backend.

The session `exchange` of noxfile.py installs them. Frameworks pass a spike through all layers in one step, so the layer at depth k
is compared k steps later. Weights and factors are sums of few powers of two: single and double precision agree on them.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import logging

import numpy as np
import pytest

import neurodeploy as nd
from neurodeploy.network import AvgPool2d, Conv2d, SumPool2d

FRAMEWORKS = ("torch", "snntorch", "norse", "sinabs", "nirtorch")
missing = [name for name in FRAMEWORKS if importlib.util.find_spec(name) is None]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        bool(missing),
        reason=f"{', '.join(missing)} are missing and cannot be had: the nox session `exchange` installs them, because sinabs needs "
        "another nir than the other tests",
    ),
    pytest.mark.filterwarnings("ignore"),  # of the frameworks
]
STEPS, DT_S = 60, 1e-4
"""Steps of a run. snnTorch reads every file with steps of 0.1 ms."""


@pytest.fixture(autouse=True)
def quiet():
    logging.disable(logging.WARNING)
    with contextlib.redirect_stdout(io.StringIO()):
        yield
    logging.disable(logging.NOTSET)


def eighths(rng, *shape, low=-4, high=9, unit=1 / 8):
    return rng.integers(low, high, shape) * unit


def layers(neuron, **weights):
    """6 input lines, 12 hidden neurons, 4 neurons that answer."""
    rng = np.random.default_rng(1)
    return nd.Network(
        name="layers",
        time=nd.Time(dt_s=DT_S),
        inputs=[nd.Input(name="input", shape=6)],
        populations=[
            nd.Population(name="hidden", shape=12, neuron=neuron),
            nd.Population(name="answer", shape=4, neuron=neuron),
        ],
        projections=[
            nd.dense("input", "hidden", eighths(rng, 12, 6, **weights), name="first"),
            nd.dense("hidden", "answer", eighths(rng, 4, 12, **weights), name="second"),
        ],
        outputs=[nd.Output(name="output", source="answer")],
    )


def images(neuron, pool, pooling=None, **weights):
    """Two maps of 8 x 8, a convolution, a pool, and 4 neurons that answer."""
    rng = np.random.default_rng(2)
    conv = Conv2d(input_shape=(2, 8, 8), weights=eighths(rng, 4, 2, 3, 3, **weights), padding=(1, 1))
    pooled = pool(input_shape=(4, 8, 8), kernel=(2, 2), stride=(2, 2))
    weights = {**weights, "unit": weights.get("unit", 1 / 8) / 4}
    return nd.Network(
        name="images",
        time=nd.Time(dt_s=DT_S),
        inputs=[nd.Input(name="input", shape=(2, 8, 8))],
        populations=[
            nd.Population(name="maps", shape=(4, 8, 8), neuron=neuron),
            nd.Population(name="pooled", shape=(4, 4, 4), neuron=pooling or neuron),
            nd.Population(name="answer", shape=4, neuron=neuron),
        ],
        projections=[
            nd.Projection(name="conv", source="input", target="maps", operation=conv),
            nd.Projection(name="pool", source="maps", target="pooled", operation=pooled),
            nd.dense("pooled", "answer", eighths(rng, 4, 64, **weights), name="last"),
        ],
        outputs=[nd.Output(name="output", source="answer")],
    )


def raster(network):
    return (np.random.default_rng(0).random((STEPS, *network.inputs[0].shape)) < 0.4).astype(np.uint8)


def expected(network):
    """Spikes of the answer, (steps, neurons), as many steps later as there are layers."""
    subtract = network.populations[0].neuron.reset.mode == "subtract"
    # two compartments subtract exactly in any number of steps, and have a floor
    program = nd.compile(network, "loihi1" if subtract else "loihi2", soft_reset="two_compartments")
    late = len(network.populations)
    run = nd.run(program, {"input": raster(network)[None]}, backend="reference", steps=STEPS + late)
    found = np.zeros((STEPS + late + 1, 4), dtype=int)
    for _, step, cell in run.spikes["answer"]:
        if step < len(found):  # a run goes on until spikes in flight have arrived
            found[step, cell] += 1
    return found[1 + late :]


def stepped(module, given, x):
    """Call a module once for each step, and pass its state on."""
    import torch

    state, found = given, []
    for row in x:
        made = module(torch.tensor(row).float(), *([] if state is None else [state]))
        out, state = made if isinstance(made, tuple) else (made, None)
        found.append(out.detach().numpy().ravel())
    return np.array(found)


def norse(graph, x):
    import norse.torch as framework

    return stepped(framework.from_nir(graph, dt=DT_S), None, x)


def snntorch(graph, x):
    from snntorch.import_nir import import_from_nir

    return stepped(import_from_nir(graph), None, x)


def sinabs(graph, x):
    import torch
    from sinabs.nir import from_nir

    made = from_nir(graph, batch_size=1)(torch.tensor(x).float())
    return (made[0] if isinstance(made, tuple) else made).detach().numpy()


IF = nd.If(v_threshold=1.0)
LIF = nd.Lif(tau_m_s=4 * DT_S, v_threshold=0.25)
GAIN = nd.Lif(tau_m_s=4 * DT_S, r=4.0, v_threshold=1.0)
CUBA = nd.CubaLif(tau_m_s=4 * DT_S, tau_syn_s=2 * DT_S, r=4.0, w_in=2.0, v_threshold=1.0)
AS_SINABS = nd.If(v_threshold=1.0, reset="subtract", comparison=">=", v_floor=-1.0)
FEW = {"low": -1, "high": 5, "unit": 1 / 64}
"""Weights so small that no neuron could spike twice in a step, which sinabs would let it do."""
CASES = {
    "norse if": (norse, layers(IF)),
    "norse lif": (norse, layers(LIF)),
    "norse cuba_lif": (norse, layers(CUBA)),
    "norse images": (norse, images(IF, SumPool2d)),
    "norse images lif": (norse, images(LIF, SumPool2d)),
    "snntorch lif": (snntorch, layers(LIF)),
    "snntorch lif with r": (snntorch, layers(GAIN)),
    "snntorch cuba_lif": (snntorch, layers(CUBA)),
    "snntorch images": (snntorch, images(LIF, AvgPool2d)),
    "sinabs if": (sinabs, layers(AS_SINABS, low=-1, high=6, unit=1 / 32)),
    "sinabs images": (
        sinabs,
        images(AS_SINABS, SumPool2d, AS_SINABS.model_copy(update={"v_threshold": 4.0, "v_floor": -4.0}), **FEW),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_framework_reads_the_file_and_spikes_the_same(case, tmp_path):
    import nir

    framework, network = CASES[case]
    losses = ("reset", "comparison", "floor") if framework is sinabs else ()
    nd.save(network, tmp_path / "a.nir", lossy=losses)
    found = framework(nir.read(tmp_path / "a.nir"), raster(network)).reshape(STEPS, -1)
    wanted = expected(network)
    assert wanted.sum() > 8
    assert np.array_equal(found, wanted)
