"""Network files: the document, and its tensors."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from mutate import json_text, spoil_bytes, spoil_npz, spoil_plain

import neurodeploy as nd
from neurodeploy.compiler import compile_network
from neurodeploy.network import Conv2d, SumPool2d


def make(folder: Path) -> None:
    weights = np.arange(18, dtype=np.float32).reshape(2, 1, 3, 3)
    network = nd.Network(
        name="net",
        time=nd.Time(dt_s=1e-3, steps_per_sample=5),
        inputs=(nd.Input(name="image", shape=(1, 6, 6), encoder="rate"), nd.Input(name="lines", shape=3)),
        populations=(
            nd.Population(name="maps", shape=(2, 4, 4), neuron=nd.If(v_threshold=1)),
            nd.Population(name="pooled", shape=(2, 2, 2), neuron=nd.Lif(tau_m_s=0.02, v_threshold=1)),
            nd.Population(
                name="cells", shape=3, neuron=nd.CubaLif(tau_m_s=[0.01, 0.02, 0.03], tau_syn_s=0.005, v_threshold=1)
            ),
            nd.Population(name="chip", shape=2, neuron=nd.LoihiCuba(du=4095, dv=[0, 1], vth_mant=10)),
        ),
        projections=(
            nd.Projection(
                name="see", source="image", target="maps", operation=Conv2d(input_shape=(1, 6, 6), weights=weights)
            ),
            nd.Projection(
                name="pool",
                source="maps",
                target="pooled",
                operation=SumPool2d(input_shape=(2, 4, 4), kernel=(2, 2), stride=(2, 2)),
            ),
            nd.dense("pooled", "cells", np.ones((3, 8)) / 8),
            nd.sparse("lines", "cells", np.eye(3), delay_steps=2),
            nd.dense("cells", "chip", np.array([[2, -4, 6], [0, 2, 2]])),
            nd.one_to_one("cells", "cells", -0.5, delay_steps=1, name="fatigue"),
        ),
        outputs=(nd.Output(name="answer", source="chip"),),
    )
    nd.save(network, folder / "net.nd.json")


def mutate(folder: Path, dice) -> None:
    how = dice.random()
    tensors = sorted(folder.glob("*.npz"))
    if how < 0.1 or not tensors:
        spoil_bytes(dice.choice([folder / "net.nd.json", *tensors]), dice)
    elif how < 0.4:
        spoil_npz(dice.choice(tensors), dice)
    else:
        document = json.loads((folder / "net.nd.json").read_text())
        for _ in range(dice.choice((1, 1, 2, 3))):
            spoil_plain(document, dice)
        (folder / "net.nd.json").write_text(json_text(document), errors="surrogatepass")


def use(folder: Path) -> None:
    network = nd.load(folder / "net.nd.json")
    compilation = compile_network(network, nd.load_target("loihi1"), nd.CompileOptions(fixes=False))
    if compilation.program is not None:
        shown = {
            item.name: np.zeros((1, 3, *item.shape), dtype=np.uint8) for item in network.inputs if item.name == "lines"
        }
        shown |= {item.name: np.zeros((1, *item.shape)) for item in network.inputs if item.name == "image"}
        nd.run(compilation.program, shown)
