"""Cases of the corpus for neuron kinds: float kinds, which are quantized first, and kinds with graded spikes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from neurodeploy.conformance.parts import MIXED, Case, cells, joined, lines, mixed, one, registers, values
from neurodeploy.network import (
    AdaptiveLif,
    AvgPool2d,
    Chain,
    CubaLi,
    CubaLif,
    Current,
    Delta,
    Dense,
    GradedRelu,
    If,
    Li,
    Lif,
    OneToOne,
    Product,
    Reset,
    ResonateFire,
    ResonateZero,
    Sigma,
    SigmaDelta,
    StateReset,
    TernaryCuba,
    WeightFormat,
    dense,
)

__all__ = ["float_cases", "graded_cases"]

PLUS = WeightFormat(weight_bits=8, exponent=0, sign_mode="excitatory")


def _lif(**fields: Any) -> Lif:
    return Lif.model_validate({"tau_m_s": 0.01, "v_threshold": 1.0, **fields})


def _cuba(**fields: Any) -> CubaLif:
    return CubaLif.model_validate({"tau_m_s": 0.01, "v_threshold": 1.0, "tau_syn_s": 0.004, **fields})


def _turning(**fields: Any) -> ResonateFire:
    return ResonateFire.model_validate({"sin_decay": 1200, "cos_decay": 3800, "threshold": 30, **fields})


def float_cases() -> Iterator[Case]:
    """Yield cases of float kinds."""
    weights = np.random.default_rng(31).normal(2.0, 3.0, (5, 6))
    drive = (dense("in", "cells", weights),)
    kinds: dict[str, Any] = {
        "if": If(v_threshold=1.0),
        "lif": _lif(),
        "lif_bias": _lif(bias=0.3),
        "lif_refractory": _lif(refractory_steps=2),
        "lif_floor": _lif(v_floor=0.0),
        "lif_weak_comparison": _lif(comparison=">="),
        "lif_subtract": _lif(reset=Reset(mode="subtract")),
        "lif_subtract_bias": _lif(reset=Reset(mode="subtract"), bias=0.3),
        "if_subtract": If(v_threshold=1.0, reset=Reset(mode="subtract")),
        "if_subtract_bias": If(v_threshold=np.linspace(0.5, 1.5, 5), bias=-0.125, reset=Reset(mode="subtract")),
        "lif_by_neuron": Lif(tau_m_s=np.linspace(0.005, 0.03, 5), v_threshold=np.linspace(0.5, 1.5, 5)),
        "cuba_lif": _cuba(),
        "cuba_lif_exact": _cuba(discretization="exact"),
    }
    for name, neuron in kinds.items():
        yield one(name, "float kinds", (cells(neuron=neuron),), drive)
    for name, neuron in (("li", Li(tau_m_s=0.01)), ("cuba_li", CubaLi(tau_m_s=0.01, tau_syn_s=0.004))):
        populations = (cells("cells", 5, neuron), cells("spiking", 3, _lif()))
        links = (*drive, dense("in", "spiking", weights[:3]))
        yield one(name, "float kinds", populations, links)
    pool = AvgPool2d(input_shape=(1, 4, 4), kernel=(2, 2), stride=(2, 2))
    chain = joined("in", "cells", Chain(operations=(pool, Dense(weights=2 * weights[:, :4]))), weight_format=None)
    yield one("avg_pool_then_dense", "operations", (cells(neuron=_lif()),), (chain,), inputs=(lines(16),))


def _graded(name: str, neuron: Any, weights: Any, *probes: str, ports: str = "a", **fields: Any) -> Case:
    """Case of a kind with integer values at its ports; its output drives a CUBA population."""
    inputs = tuple(lines(5, f"in_{port}", encoder=Current()) for port in ports)
    links = [
        joined(f"in_{port}", "cells", OneToOne(weights=np.asarray(weights)), port=port, weight_format=PLUS)
        for port in ports
    ]
    onward = dense("cells", "next", mixed(32, (3, 5), -4, 12), weight_format=MIXED)
    shows = {f"in_{port}": values(33 + k, 5, -20, 60) for k, port in enumerate(ports)}
    populations = (cells("cells", 5, neuron, **fields), cells("next", 3, registers(vth_mant=200)))
    watched = (*(("cells", probe) for probe in probes), ("next", "v"))
    return one(
        name, "kinds with graded spikes", populations, (*links, onward), inputs=inputs, probes=watched, given=shows
    )


def graded_cases() -> Iterator[Case]:
    """Yield cases of lava's integer kinds."""
    ternary = TernaryCuba(du=1000, dv=200, v_upper_mant=60, v_lower_mant=-20)
    yield _graded("ternary", ternary, 2, "u", "v")
    yield _graded("sigma_delta", SigmaDelta(threshold=9, bias=2), 1, "u", "v", "residue")
    unit = SigmaDelta(threshold=40, activation="unit", cumulative_error=True)
    yield _graded("sigma_delta_cumulative", unit, 1, "u", "v", "residue", "error")
    yield _graded("sigma_delta_exponents", SigmaDelta(threshold=3, spike_exp=2, state_exp=2), 1, "u", "v")
    yield _graded("delta", Delta(threshold=12), 1, "v", "residue")
    yield _graded("delta_exponents", Delta(threshold=5, spike_exp=2, state_exp=1), 1, "v")
    yield _graded("sigma", Sigma(), 1, "u")
    yield _graded("relu", GradedRelu(threshold=10), 1)
    yield _graded("relu_both_signs", GradedRelu(threshold=10, rectify=False), 1)
    yield _graded("product", Product(threshold=3, exponent=2), 1, ports="ab")
    yield _graded("resonate_fire", _turning(), 3, "u", "v", ports="ab")
    yield _graded("resonate_fire_one_port", _turning(state_exp=2), 3, "u", "v")
    yield _graded("resonate_izhikevich", _turning(reset="izhikevich"), 3, "u", "v", ports="ab")
    zero = ResonateZero(sin_decay=9600, cos_decay=30400, threshold=20)
    yield _graded("resonate_zero", zero, 3, "u", "v", ports="ab")
    adaptive = AdaptiveLif(delta_i=0.4, delta_v=0.3, delta_theta=0.2, delta_r=0.2, theta_0=5.0, theta_step=3.75)
    yield _graded("adaptive_lif", adaptive, 1, "u", "v", "theta", "r")
    again = StateReset(interval_steps=6, offset_steps=1)
    yield _graded("sigma_delta_periodic_reset", SigmaDelta(threshold=9), 1, "u", state_reset=again)
    yield _graded("adaptive_lif_periodic_reset", adaptive, 1, "u", "v", "theta", "r", state_reset=again)
    cuba = registers(du=4095, vth_mant=30)
    yield _graded("values_into_cuba", cuba, 5, "u", "v")
