"""Ready-made learning rules: those that lava-nc has too are the same rules there."""

from __future__ import annotations

import json
import random
import subprocess

import neurodeploy as nd
from neurodeploy.simulate import get_backend
from neurodeploy.worker import interpreter_of

BACKENDS = ("lava",)
CHILD = """
import json, sys
from lava.proc.learning_rules.r_stdp_learning_rule import RewardModulatedSTDP
from lava.proc.learning_rules.stdp_learning_rule import STDPLoihi

def products(series):
    return [
        [p.dependency, p.decimate_exponent, p.s_mantissa, p.s_exp - 7,
         [[f.state_var, f.const or 0, f.is_sgn] for f in p.factors]]
        for p in series.products
    ] if series is not None else []

def plain(rule):
    traces = {name: [getattr(rule, name + "_impulse"), getattr(rule, name + "_tau")] for name in ("x1", "x2", "y1")}
    return {"dw": products(rule.dw), "dt": products(rule.dt), "epoch": rule.t_epoch, "seed": rule.rng_seed, **traces}

print(json.dumps([
    plain(dict(stdp=STDPLoihi, reward=RewardModulatedSTDP)[name](**parameters)) for name, parameters in json.load(sys.stdin)
]))
"""


def by_lava(cases, vendor):
    python = interpreter_of(get_backend(vendor).environment).path
    done = subprocess.run([python, "-c", CHILD], input=json.dumps(cases), capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def plain(rule, traces=("x1", "x2", "y1")):
    def products(equation):
        return [
            [item.dependency, item.decimation, item.mantissa, item.exponent,
             [[factor.variable, factor.constant, factor.sign] for factor in item.factors]]
            for item in equation
        ]  # fmt: skip

    each = {name: [getattr(rule, name).impulse, getattr(rule, name).tau_steps] for name in traces}
    return {"dw": products(rule.dw), "dt": products(rule.dt), "epoch": rule.epoch_steps, "seed": rule.seed, **each}


def rates(rng):
    """(learning_rate, a_plus, a_minus) that lava does not round: powers of 2 and integers."""
    return 2.0 ** rng.randint(-5, 2), rng.choice([1, 2, 3, 5, 6, 12]), rng.choice([-1, -2, -7, -12, 1, -0.5])


def test_pair_stdp_is_the_rule_of_lava(vendor):
    rng = random.Random(1)
    cases, own = [], []
    for seed in range(60):
        (rate, plus, minus), taus, impulses = (
            rates(rng),
            [rng.uniform(1, 90), 7],
            [rng.randint(1, 60), rng.uniform(0, 90)],
        )
        cases.append(("stdp", {
            "learning_rate": rate, "A_plus": plus, "A_minus": minus, "tau_plus": taus[0], "tau_minus": taus[1],
            "x1_impulse": impulses[0], "y1_impulse": impulses[1], "t_epoch": 1 + seed % 5, "rng_seed": seed,
        }))  # fmt: skip
        own.append(nd.rules.pair_stdp(
            learning_rate=rate, a_plus=plus, a_minus=minus, tau_plus_steps=taus[0], tau_minus_steps=taus[1],
            impulse_plus=impulses[0], impulse_minus=impulses[1], epoch_steps=1 + seed % 5, seed=seed,
        ))  # fmt: skip
    assert by_lava(cases, vendor) == [plain(rule) for rule in own]


def test_reward_modulated_stdp_is_the_rule_of_lava(vendor):
    """Traces y are the neuron's in lava, so that its rule does not have them."""
    rng = random.Random(2)
    cases, own = [], []
    for seed in range(60):
        (rate, plus, minus), taus, decay = rates(rng), [rng.uniform(1, 90), 7], 2.0 ** -rng.randint(0, 7)
        cases.append(("reward", {
            "learning_rate": rate, "A_plus": plus, "A_minus": minus, "pre_trace_decay_tau": taus[0],
            "post_trace_decay_tau": taus[1], "pre_trace_kernel_magnitude": 16, "post_trace_kernel_magnitude": 9,
            "eligibility_trace_decay_tau": decay, "t_epoch": 1 + seed % 5, "rng_seed": seed,
        }))  # fmt: skip
        own.append(nd.rules.reward_modulated_stdp(
            reward="r", learning_rate=rate, a_plus=plus, a_minus=minus, tau_plus_steps=taus[0], tau_minus_steps=taus[1],
            impulse_plus=16, impulse_minus=9, tag_decay=decay, epoch_steps=1 + seed % 5, seed=seed,
        ))  # fmt: skip
    read = [{key: item for key, item in rule.items() if key != "y1"} for rule in by_lava(cases, vendor)]
    assert read == [plain(rule, ("x1", "x2")) for rule in own]


def test_lava_rounds_rates_that_are_refused_here(vendor):
    """0.75 becomes 1 in lava without a word; here it is what it says, and 0.3 is refused."""
    given = {"learning_rate": 0.75, "A_plus": 1, "A_minus": -1, "tau_plus": 10, "tau_minus": 10}
    (read,) = by_lava([("stdp", given)], vendor)
    assert [item[2:4] for item in read["dw"]] == [[-1, 0], [1, 0]]
    assert [(item.mantissa, item.exponent) for item in nd.rules.pair_stdp(learning_rate=0.75).dw] == [(-3, -2), (3, -2)]
