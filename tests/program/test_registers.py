"""Registers of a population, in the order of its neurons."""

from __future__ import annotations

import numpy as np
from factories import one_layer

import neurodeploy as nd
from neurodeploy.program.registers import REGISTERS, registers


def test_registers_are_in_the_order_of_neurons():
    network = one_layer(nd.Lif(tau_m_s=0.02, r=20.0, v_threshold=[1.0, 2.0, 3.0]), np.eye(3))
    program = nd.compile(network, "loihi1")
    found = registers(program, "cells")
    assert tuple(found) == REGISTERS
    assert set(found) >= {"du", "dv", "vth_mant", "bias_mant", "bias_exp", "refract_delay", "reset", "spiking"}
    ratios = found["vth_mant"] / found["vth_mant"][0]
    assert np.allclose(ratios, [1, 2, 3], rtol=0.02)
    assert set(found["refract_delay"].tolist()) == {1}
