"""Triggers of findings about programs as C."""

from __future__ import annotations

from pathlib import Path

from diagnostic_cases import integer
from factories import network_of, one_layer

import neurodeploy as nd
from neurodeploy.network import Dense, SumOfProducts, Trace, WeightFormat


def plain():
    """Sixteen lines onto eight neurons."""
    weights = [[(17 * i + 5 * k) % 255 / 127 - 1 for i in range(16)] for k in range(8)]
    return nd.compile(one_layer(nd.Lif(tau_m_s=0.02, r=20, v_threshold=1.0), weights), "loihi1")


def learns():
    rule = SumOfProducts(dw="2^-2*x1*y0", x1=Trace(impulse=16, tau_steps=10))
    style = WeightFormat(weight_bits=8, sign_mode="excitatory")
    operation = Dense(weights=[[4, 8]])
    wire = nd.Projection(
        name="p0", source="in", target="cells", operation=operation, weight_format=style, plasticity=rule
    )
    return nd.compile(network_of([nd.Population(name="cells", shape=1, neuron=integer())], [wire]), "loihi1")


def linear():
    neuron = nd.Lif(tau_m_s=0.02, r=20, v_threshold=1.0)
    network = one_layer(neuron, [[1.0, 2.0]], output="answer")
    output = nd.Output(name="value", source=network.populations[0].name, decoder=nd.Linear(weights=[[1.0]]))
    return nd.compile(network.model_copy(update={"outputs": (output,)}), "loihi1")


def taken():
    Path("firmware").mkdir()
    Path("firmware/nd.c").write_text("int mine;\n")
    return nd.export_c(linear(), "firmware", force=True)


CASES = {
    "ND985": lambda _: nd.export_c(learns()),
    "ND986": lambda _: nd.export_c(plain(), max_flash_bytes=80, max_ram_bytes=100),
    "ND987": lambda _: taken(),
    "ND988": lambda _: nd.export_c(linear()).findings,
}
