"""Small cases of learning whose results lava-nc 0.10.0 has given: those that its own tests of fixed point run.

Its tests/lava/proc/dense/test_learning.py shows one synapse a graded spike and the target a spike, with every effect of graded
spikes and every dependency; test_stdp_sim.py has STDP between two populations, with a reward or without.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import neurodeploy as nd
from neurodeploy.network import Dense, WeightFormat

Array = NDArray[Any]
STARTS = {"none": 0, "overwrite": 15, "add_saturating": 115, "add_overflowing": 115}
"""Effect of graded spikes -> x1 before the first step."""
EPOCH_STEPS, PERIOD, SENDS, RETURNS, VALUE = 4, 5, 2, 3, 51
"""Steps after which the spikes repeat, those of the source and of the target, and the value that the source sends."""
STDP_STEPS = 100


class OneSynapse(NamedTuple):
    """A synapse of weight 10 that learns dw = dependency * x1."""

    name: str
    rule: nd.SumOfProducts
    x1: int
    sent: Array
    """(steps, 1) values of the source."""
    returned: Array
    """(steps, 1) spikes of the target."""


def one_synapse() -> tuple[OneSynapse, ...]:
    """Every effect of graded spikes with every dependency."""
    return tuple(_case(graded, dependency) for graded in STARTS for dependency in ("x0", "y0", "u0"))


def _case(graded: str, dependency: str) -> OneSynapse:
    rule = nd.SumOfProducts.model_validate(
        {
            "dw": f"{dependency}*x1",
            "x1": {"impulse": 16, "tau_steps": 20},
            "x2": {"impulse": 24, "tau_steps": 5},
            "epoch_steps": EPOCH_STEPS,
            "graded": graded,
        }
    )
    at = np.arange(2 * PERIOD) % PERIOD + 1
    sent, returned = np.where(at == SENDS, VALUE, 0)[:, None], np.where(at == RETURNS, 1, 0)[:, None]
    return OneSynapse(f"{graded}_{dependency}", rule, STARTS[graded], sent, returned)


def networks() -> dict[str, tuple[nd.Network, dict[str, Array]]]:
    """Two populations that spike by their biases, with STDP and with reward-modulated STDP, and the rewards."""
    one, other = "-2*x0*y1 + 4*y0*x1", "-2*x0*y1 + y0*x1"
    return {
        "stdp_one": _pair([25000], [20000], 10000, 8, {"dw": one, "epoch_steps": 2}),
        "stdp_many": _pair([22000, 25000, 26000], [20000, 23000], 10000, 8, {"dw": other}),
        "reward_one": _pair([3600], [3700], 100, 4, _rewarded("2^-1"), impulse=16),
        "reward_many": _pair([1900, 2500, 1200], [2400, 1600], 90, 4, _rewarded("2"), impulse=20),
    }


def _rewarded(decay: str) -> dict[str, Any]:
    """Reward-modulated STDP: tags follow STDP and decay, and become weights while there is a reward."""
    third = {"source": "reward", "trace": "y2"}
    return {"dw": "u0*t*y2", "dt": f"-2*x0*y1 + 4*y0*x1 - {decay}*u0*t", "third_factors": [third]}


def _pair(
    before: list[int], after: list[int], threshold: int, scale: int, rule: dict[str, Any], impulse: float = 16
) -> tuple[nd.Network, dict[str, Array]]:
    """Network and rewards. `before`, `after`: biases of the two populations, multiples of `scale`."""
    rewarded, trace = bool(rule.get("third_factors")), {"impulse": impulse, "tau_steps": 10}
    learns = nd.Projection(
        name="learns",
        source="before",
        target="after",
        operation=Dense(weights=np.zeros((len(after), len(before)), dtype=np.int64)),
        weight_format=WeightFormat(weight_bits=8, sign_mode="mixed"),
        plasticity=nd.SumOfProducts.model_validate({**rule, "x1": trace, "y1": trace}),
    )
    network = nd.Network(
        name="stdp",
        time=nd.Time(dt_s=1e-3, steps_per_sample=STDP_STEPS),
        inputs=(nd.Input(name="reward", shape=(len(after),)),) if rewarded else (),
        populations=tuple(
            nd.Population(
                name=name,
                shape=(len(biases),),
                neuron=nd.LoihiCuba(
                    du=0,
                    dv=0,
                    vth_mant=threshold,
                    bias_mant=np.array(biases) // scale,
                    bias_exp=scale.bit_length() - 1,
                ),
            )
            for name, biases in (("before", before), ("after", after))
        ),
        projections=(learns,),
    )
    reward = np.zeros((1, STDP_STEPS, len(after)), dtype=np.uint8)
    reward[:, STDP_STEPS // 3 : STDP_STEPS // 2] = 1
    return network, {"reward": reward} if rewarded else {}


def learned_weights(network: nd.Network, rewards: dict[str, Array], **choices: Any) -> list[int]:
    """Weights after a run, by source and then by target."""
    program = nd.compile(network, "loihi2", fixes=False)
    recording = nd.run(program, rewards or None, until=STDP_STEPS, **choices)
    if recording.learned is None:
        raise RuntimeError("a plastic program has learned nothing")
    return recording.learned.synapses["learns.w"][0].tolist()
