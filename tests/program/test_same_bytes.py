"""Equal networks compile to equal bytes: again, from their file, and in another process."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest
from factories import examples, network_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import neurodeploy as nd

KINDS = (
    nd.If(v_threshold=1),
    nd.Lif(tau_m_s=0.02, v_threshold=1),
    nd.CubaLif(tau_m_s=0.02, tau_syn_s=0.005, v_threshold=0.7),
)


@st.composite
def networks(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    sizes = draw(st.lists(st.integers(1, 40), min_size=1, max_size=3))
    names = [f"layer{k}" for k in range(len(sizes))]
    populations = [
        nd.Population(name=name, shape=size, neuron=draw(st.sampled_from(KINDS)))
        for name, size in zip(names, sizes, strict=True)
    ]
    projections, source, width = [], "in", 5
    for name, size in zip(names, sizes, strict=True):
        weights = rng.normal(0, 0.4, (size, width)).astype(draw(st.sampled_from([np.float32, np.float64])))
        projections.append(nd.dense(source, name, weights, delay_steps=draw(st.integers(0, 3))))
        source, width = name, size
    if draw(st.booleans()):
        loop = (rng.random((width, width)) < 0.3) * 0.5
        projections.append(nd.sparse(source, source, loop, name="loop"))
    return network_of(populations, projections, inputs=5, outputs=source, steps_per_sample=5)


@settings(max_examples=examples(30), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(networks(), st.sampled_from(["loihi1", "loihi2"]), st.integers(0, 3))
def test_compiled_again_and_from_its_file(tmp_path_factory, network, target, seed):
    folder = tmp_path_factory.mktemp("bytes")
    nd.save(network, folder / "net.nd.json")
    found = []
    for number, given_network in enumerate((network, network.model_copy(deep=True), nd.load(folder / "net.nd.json"))):
        path = folder / f"{number}.ndp"
        nd.save(nd.compile(given_network, target, placement_seed=seed), path)
        found.append(path.read_bytes())
    assert found[0] == found[1] == found[2]
    again = folder / "again.ndp"
    nd.save(nd.load(folder / "0.ndp"), again)
    assert again.read_bytes() == found[0]


@pytest.mark.slow
def test_in_another_process(tmp_path):
    """Under other seeds of hashes, which decide the order of sets."""
    code = (
        "import numpy as np, neurodeploy as nd\n"
        "rng = np.random.default_rng(0)\n"
        "net = nd.Network(name='net', time=nd.Time(dt_s=1e-3), inputs=[nd.Input(name='in', shape=9)],\n"
        "  populations=[nd.Population(name=f'p{k}', shape=50, neuron=nd.Lif(tau_m_s=0.02, v_threshold=1)) for k in range(6)],\n"
        "  projections=[nd.dense('in' if k == 0 else f'p{k - 1}', f'p{k}', rng.normal(0, 1, (50, 9 if k == 0 else 50)))\n"
        "    for k in range(6)])\n"
        "nd.save(nd.compile(net, 'loihi1'), 'net.ndp')\n"
    )
    digests = set()
    for seed in ("0", "1", "2"):
        subprocess.run(
            [sys.executable, "-c", code], cwd=tmp_path, env={**os.environ, "PYTHONHASHSEED": seed}, check=True
        )
        digests.add(hashlib.sha256((tmp_path / "net.ndp").read_bytes()).hexdigest())
    assert len(digests) == 1
