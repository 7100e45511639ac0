"""Triggers of what happens between floats and integers."""

from __future__ import annotations

from diagnostic_cases import compiled, net

import neurodeploy as nd

CASES = {
    "ND219": lambda _: compiled(
        net(neuron=nd.CubaLif(tau_m_s=0.02, tau_syn_s=0.01, bias=5.0, v_threshold=1.0)), "loihi1"
    ),
    "ND220": lambda _: compiled(net(2, 1, nd.If(v_threshold=5005.0), weights=[[1.0, 1001.0]]), "loihi1"),
    "ND221": lambda _: compiled(net(neuron=nd.Lif(tau_m_s=0.02, v_threshold=[1.0, 100_000.0])), "loihi1"),
}
