"""Learning in lava-nc: 1,000 random rules in its model, random networks in its runtime, its known values, and refusals."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from known_learning import learned_weights, networks, one_synapse

import neurodeploy as nd
from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.network import Dense, OneToOne, Sparse, WeightFormat

BACKENDS = ("lava",)
ROOT = Path(__file__).parents[2]
TABLE = ROOT / "tests" / "golden" / "learning_lava.json"
RULES, PARTS, NETWORKS = 1000, 4, 24
TRACE = nd.Trace(impulse=40.25, tau_steps=6)
STEPS = 30


@pytest.fixture(scope="module")
def benchmarks() -> Iterator[Any]:
    """The function that imports a module of the benchmarks, which draw the rules and count differences."""
    folder = ROOT / "benchmarks"
    if not folder.is_dir():
        pytest.skip("benchmarks/ is missing and cannot be had: a source distribution leaves it out")
    sys.path.insert(0, str(folder))
    try:
        yield importlib.import_module
    finally:
        sys.path.remove(str(folder))
        for name in ("learning_rules", "learning_exact", "learning_runtime"):
            sys.modules.pop(name, None)


@pytest.mark.parametrize("part", range(PARTS))
def test_random_rules_learn_as_in_lava(vendor, benchmarks, part):
    """Weights, delays, tags, traces, steps of spikes and random generators, after each of 60 steps."""
    exact, rules = benchmarks("learning_exact"), benchmarks("learning_rules")
    found = exact.compared([rules.case_of(part * RULES // PARTS + k) for k in range(RULES // PARTS)])
    assert found.compared > 1_000_000
    assert (found.different, found.first) == (0, "")


@pytest.mark.parametrize("number", range(NETWORKS))
def test_random_networks_learn_as_in_lava(vendor, benchmarks, number):
    learning = benchmarks("learning_runtime")
    total, different = learning.compared(learning.network_case(number))
    assert total > 0
    assert different == 0


def test_known_values_are_those_of_lava(vendor, benchmarks, update_golden):
    exact, rules = benchmarks("learning_exact"), benchmarks("learning_rules")
    cases = [
        rules.LearningCase(
            number=number,
            sample=0,
            rule=case.rule,
            sign_mode="mixed",
            weight_bits=8,
            w=np.full((1, 1), 10),
            d=np.zeros((1, 1), dtype=np.int64),
            t=np.zeros((1, 1), dtype=np.int64),
            sent=case.sent,
            returned=case.returned,
            signals={},
            graded=True,
            begin={"x1": np.full(1, case.x1)},
        )
        for number, case in enumerate(one_synapse())
    ]
    lava = exact.learned_by_lava(cases)
    found = {
        "one_synapse": {
            case.name: {name: lava.arrays[f"{number}.{name}"][:, 0].tolist() for name in ("w", "x1", "x2")}
            for number, case in enumerate(one_synapse())
        },
        "networks": {
            name: learned_weights(network, rewards, backend=vendor) for name, (network, rewards) in networks().items()
        },
    }
    if update_golden:
        lines = [
            f'  "{kind}": {{\n' + ",\n".join(f'    "{k}": {json.dumps(v)}' for k, v in values.items())
            for kind, values in found.items()
        ]
        TABLE.write_text("{\n" + "\n  },\n".join(lines) + "\n  }\n}\n")
    assert found == json.loads(TABLE.read_text())


def network(rule: nd.SumOfProducts, operation: Any = None, **fields: Any) -> nd.Network:
    """Five lines with synapses to four neurons."""
    rng = np.random.default_rng(3)
    return nd.Network(
        name="learns",
        time=nd.Time(dt_s=1e-3, steps_per_sample=STEPS),
        inputs=(nd.Input(name="x", shape=4),),
        populations=(nd.Population(name="p", shape=4, neuron=nd.LoihiCuba(du=2048, dv=300, vth_mant=90)),),
        projections=(
            nd.Projection(
                name="in",
                source="x",
                target="p",
                operation=operation or Dense(weights=rng.integers(10, 60, (4, 4)) * 2),
                weight_format=WeightFormat(weight_bits=8, sign_mode="mixed"),
                plasticity=rule,
                **fields,
            ),
        ),
    )


STDP = nd.SumOfProducts(dw="2^-2*y0*x1 - 2^-1*x0*y1", x1=TRACE, y1=TRACE, epoch_steps=3, seed=5)


def spikes(n: int = 3) -> dict[str, Any]:
    """Samples that differ."""
    return {"x": (np.random.default_rng(7).random((n, STEPS, 4)) < 0.4).astype(np.uint8)}


def both(given: nd.Network, samples: dict[str, Any], **choices: Any) -> tuple[nd.Recording, nd.Recording]:
    """Recordings of the emulator and of lava."""
    program = nd.compile(given, "loihi2", fixes=False)
    return nd.run(program, samples, engine="spec", **choices), nd.run(program, samples, backend="lava", **choices)


def weights(recording: nd.Recording) -> Any:
    assert recording.learned is not None
    return recording.learned.synapses["in.w"]


def test_samples_that_learn_apart_have_their_own_random_numbers(vendor):
    samples = {"x": np.repeat(spikes(1)["x"], 2, axis=0)}
    ours, lava = both(network(STDP), samples, learn="apart")
    assert nd.compare(ours, lava).identical
    assert (weights(lava)[0] != weights(lava)[1]).any(), "the same spikes, other draws"
    assert (weights(ours) == weights(lava)).all()


def test_samples_in_sequence_go_on_with_what_was_learned(vendor):
    ours, lava = both(network(STDP), spikes(), learn="sequential", probes=["in.w"])
    assert nd.compare(ours, lava).identical
    assert weights(lava).shape == (1, 16)
    assert (weights(ours) == weights(lava)).all()
    assert (lava.states["in.w"][1, 0] == lava.states["in.w"][0, -1]).mean() > 0.9, "sample 1 begins where sample 0 ends"
    apart = nd.run(nd.compile(network(STDP), "loihi2", fixes=False), spikes(), backend="lava", learn="apart")
    assert (weights(apart)[0] == lava.states["in.w"][0, -1]).all()


def test_learned_weights_keep_their_low_bits(vendor):
    """The engine has odd weights, which the format of the program has not."""
    program = nd.compile(network(STDP), "loihi2", fixes=False)
    first = nd.run(program, spikes(), backend="lava", learn="apart")
    assert (weights(first) % 2 == 1).any()
    ours, lava = both(network(STDP), spikes(), learn="off", learned=first.learned, probes=["in.w", "in.x1"])
    assert nd.compare(ours, lava).identical
    assert (weights(lava) == weights(first)).all()
    assert (lava.states["in.w"] == weights(first)[:, None]).all()
    assert not lava.states["in.x1"].any(), "traces rest where nothing is learned"


@pytest.mark.parametrize("kind", ["sparse", "one_to_one"])
def test_absent_synapses_do_not_learn(vendor, kind):
    """A product of x0 alone raises every weight of a source that spikes: absent ones would become synapses."""
    rule = nd.SumOfProducts(dw="2^3*x0", epoch_steps=2)
    pre, post = np.array([0, 0, 1, 3]), np.array([1, 2, 3, 0])
    some = Sparse(shape=(4, 4), post=post, pre=pre, weights=np.array([2, 4, 6, 8]))
    ours, lava = both(network(rule, some if kind == "sparse" else OneToOne(weights=np.full(4, 20))), spikes(1))
    assert weights(lava).shape == (1, 4)
    assert (weights(lava) > 70).all()
    assert nd.compare(ours, lava).identical
    assert (weights(ours) == weights(lava)).all()


def test_delays_of_a_plastic_projection_are_refused(vendor):
    program = nd.compile(network(STDP, delay_steps=2), "loihi2", fixes=False)
    with pytest.raises(DiagnosticError) as caught:
        nd.run(program, spikes(1), backend=vendor)
    (found,) = caught.value.diagnostics
    assert found.code == "ND502"
    assert found.message == "projection 'in' learns and has delays, and lava's learning connections have none"
