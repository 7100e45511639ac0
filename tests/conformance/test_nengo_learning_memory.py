"""Memory and axons of plastic synapses as nengo-loihi's own blocks count them."""

from __future__ import annotations

import json
import subprocess

import numpy as np
import pytest
from factories import network_of
from neurodeploy_backends.nengo_loihi.environment import NENGO_LOIHI

import neurodeploy as nd
from neurodeploy.network import Dense, Pes, WeightFormat
from neurodeploy.program.audit import use_of_program
from neurodeploy.worker import interpreter_of, missing

BLOCK = """
import json, sys
import numpy as np
from nengo_loihi.block import LoihiBlock, Synapse
found = []
for sources, targets in json.loads(sys.argv[1]):
    synapse = Synapse(sources)
    synapse.set_weights(np.full((sources, targets), 16.0))
    synapse.set_learning(tracing_tau=5, tracing_mag=1.0)
    synapse.format(compression=3, idx_bits=synapse.idx_bits(), fanout_type=1, n_synapses=63, weight_bits=7)
    words = sum(synapse.synapse_cfg.bits_per_axon(targets) for _ in range(sources)) // 64
    found.append([words, sources * synapse.idxs_per_synapse()])
print(json.dumps(found))
"""
SIZES = [(3, 4), (40, 10), (100, 64), (20, 130)]


def test_pes_takes_what_a_block_of_nengo_loihi_takes():
    absent = missing(NENGO_LOIHI, "nengo-loihi")
    if absent is not None:
        pytest.skip(f"the simulator is missing: {absent.message}: {absent.fixes[0].text}")
    command = [str(interpreter_of(NENGO_LOIHI).path), "-c", BLOCK, json.dumps(SIZES)]
    theirs = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    for (sources, targets), (words, axons) in zip(SIZES, theirs, strict=True):
        wire = nd.Projection(
            name="p",
            source="in",
            target="cells",
            operation=Dense(weights=np.full((targets, sources), 16)),
            weight_format=WeightFormat(weight_bits=8, sign_mode="mixed"),
            plasticity=Pes(error="error"),
        )
        cells = nd.Population(name="cells", shape=targets, neuron=nd.LoihiCuba(du=4095, dv=0, vth_mant=100))
        inputs = (nd.Input(name="in", shape=sources), nd.Input(name="error", shape=targets // 2))
        used = use_of_program(nd.compile(network_of([cells], [wire], inputs=inputs), "loihi1"))
        assert used["synapse_memory"].tolist() == [words]
        assert used["input_axons"].tolist() == [axons]
