"""Triggers of findings about quantization."""

from __future__ import annotations

import numpy as np
from diagnostic_cases import compiled, integer, net

import neurodeploy as nd
from neurodeploy.hardware import load_target
from neurodeploy.network import Current
from neurodeploy.quantize import quantize

SOFT = nd.Lif(tau_m_s=0.02, v_threshold=1.0, reset="subtract")

CASES = {
    "ND201": lambda _: compiled(net(4, 1, weights=[[1.0, 0.3, -0.45, 0.6]]), "loihi1", weight_bits={"*": 2}),
    "ND202": lambda _: compiled(net(4, 1, weights=[[1.0, 0.1, 0.1, 0.1]]), "loihi1", weight_bits={"*": 2}),
    "ND203": lambda _: quantize(net(neuron=nd.Lif(tau_m_s=0.02, v_threshold=-1.0)), load_target("loihi1")),
    "ND205": lambda _: compiled(net(neuron=nd.Lif(tau_m_s=3.0, v_threshold=1.0)), "loihi1"),
    "ND206": lambda _: compiled(net(2000, 1, weights=np.linspace(0.8, 0.9, 2000)[None]), "loihi1"),
    "ND207": lambda _: compiled(net(), "loihi1", weight_bits={"*": 7}),
    "ND208": lambda _: compiled(net(neuron=integer(du=[5000, 4095]), weights=np.full((2, 2), 2)), "loihi1"),
    "ND209": lambda _: compiled(net(neuron=integer(), weights=[[201, -2], [2, 2]]), "loihi1"),
    "ND210": lambda _: compiled(net(neuron=nd.Lif(tau_m_s=0.02, v_threshold=1.0, refractory_steps=100)), "loihi1"),
    "ND211": lambda _: compiled(
        net(projections=(nd.dense("in", "cells", np.ones((2, 2)), delay_steps=100),)), "loihi1"
    ),
    "ND212": lambda _: compiled(net(neuron=nd.Li(tau_m_s=0.02), outputs=()), "tiny"),
    "ND213": lambda _: compiled(net(neuron=nd.Lif(tau_m_s=0.02, v_threshold=1.0, reset="none")), "loihi1"),
    "ND214": lambda _: compiled(net(neuron=SOFT), "loihi1", soft_reset="two_compartments"),
    "ND215": lambda _: compiled(net(encoder=Current()), "loihi1"),
    "ND216": lambda _: compiled(net(2, 2, weights=[[1.0, 1.0], [1e-4, -1.0]]), "loihi1"),
    "ND217": lambda _: compiled(net(neuron=nd.Lif(tau_m_s=0.02, v_threshold=1.0, v_floor=-0.3)), "loihi1"),
    "ND218": lambda _: compiled(
        net(weights=np.full((2, 2), 404.0), neuron=nd.If(v_threshold=1.0, bias=0.9999), outputs=()), "loihi1"
    ),
    "ND219": lambda _: compiled(
        net(neuron=nd.CubaLif(tau_m_s=0.02, tau_syn_s=0.01, bias=5.0, v_threshold=1.0)), "loihi1"
    ),
    "ND220": lambda _: compiled(net(2, 1, nd.If(v_threshold=5005.0), weights=[[1.0, 1001.0]]), "loihi1"),
    "ND221": lambda _: compiled(net(neuron=nd.Lif(tau_m_s=0.02, v_threshold=[1.0, 100_000.0])), "loihi1"),
    "ND222": lambda _: compiled(
        net(neuron=nd.CubaLif(tau_m_s=0.02, tau_syn_s=0.01, v_threshold=1.0, reset="subtract")), "loihi1"
    ),
    "ND223": lambda _: compiled(net(neuron=SOFT, probes=(nd.Probe(name="v", target="cells", variable="v"),)), "loihi1"),
    "ND224": lambda _: compiled(
        net(weights=np.full((2, 2), -8.0), neuron=nd.If(v_threshold=1.0, reset="subtract")), "loihi1"
    ),
}
