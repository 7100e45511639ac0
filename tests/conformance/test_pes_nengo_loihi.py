"""PES projections in nengo-loihi's emulator, compared with the definition: spikes, voltages, traces and weights of every
step. The compiled engine runs them all too."""

from __future__ import annotations

import numpy as np
import pytest
from engines import assert_same

import neurodeploy as nd
from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.hardware import load_dialect, load_target
from neurodeploy.network import (
    Dense,
    Input,
    LoihiCuba,
    Network,
    Noise,
    OneToOne,
    Pes,
    Population,
    Projection,
    Time,
    Trace,
    WeightFormat,
)

BACKENDS = ("nengo-loihi",)
STEPS, SAMPLES = 120, 2
ERROR = Input(name="error", shape=2, encoder="current")
PROBES = ["learned.w", "learned.x1", "post.v"]


def network(rule, *, n=20, pairs=2, source=None, post=None, style=None, more=(), links=(), inputs=(ERROR,)):
    """Neurons that fire by themselves drive pairs of neurons through a plastic projection."""
    rng = np.random.default_rng(n)
    driven = LoihiCuba(du=400, dv=200, vth_mant=300, bias_mant=rng.integers(50, 300, n), bias_exp=5, refractory_steps=1)
    style = style or WeightFormat(weight_bits=8, exponent=0, sign_mode="mixed")
    weights = rng.integers(-3, 4, (2 * pairs, n)) << min(12 - style.weight_bits, 6)
    own = () if source else (Population(name="pre", shape=n, neuron=driven),)
    target = post or LoihiCuba(du=1000, dv=100, vth_mant=3000)
    learned = Projection(
        name="learned",
        source=source.name if source else "pre",
        target="post",
        operation=Dense(weights=weights.astype(np.int16)),
        weight_format=style,
        plasticity=rule,
    )
    return Network(
        name="pes",
        time=Time(dt_s=0.001, steps_per_sample=STEPS),
        inputs=(*inputs, *((source,) if source else ())),
        populations=(*own, Population(name="post", shape=2 * pairs, neuron=target), *more),
        projections=(learned, *links),
    )


def program(made, target="loihi1"):
    own = load_target(target).model_copy(update={"dialect": load_dialect("nengo")})
    return nd.compile(made, own)


def errors(pairs=2, seed=1):
    return np.random.default_rng(seed).normal(0, 8, (SAMPLES, STEPS, pairs))


def both(compiled, samples, **options):
    """The definition's recording and nengo-loihi's."""
    options = {"learn": "apart", "probes": PROBES, **options}
    return [nd.run(compiled, samples, **options, **where) for where in ({"engine": "spec"}, {"backend": "nengo-loihi"})]


def same(compiled, samples, **options):
    """Compare everything; the definition's recording."""
    ours, theirs = both(compiled, samples, **options)
    native = nd.run(compiled, samples, engine="native", **{"learn": "apart", "probes": PROBES, **options})
    assert_same(native, ours)
    assert nd.compare(ours, theirs).identical
    for name, values in ours.states.items():
        np.testing.assert_array_equal(values, theirs.states[name])
    for name, values in ours.learned.synapses.items():
        np.testing.assert_array_equal(values, theirs.learned.synapses[name])
    return ours


def moved(recording):
    w = recording.states["learned.w"]
    return int((w[:, 1:] != w[:, :-1]).any(axis=(0, 1)).sum())


RULES = {
    "as nengo-loihi builds it": {"error_scale": 3.0},
    "trace of seven steps": {"trace": Trace(impulse=40.3, tau_steps=7), "error_scale": 20.0, "seed": 5},
    "no time constant": {"trace": Trace(impulse=99.5, tau_steps=0)},
    "other epochs": {"trace_epoch_steps": 3, "epoch_steps": 5},
    "epochs of one step": {"trace_epoch_steps": 1, "epoch_steps": 1, "exponent": -4},
    "no rounding": {"rounding": "none", "error_scale": 9.0},
    "large rate": {"mantissa": -5, "exponent": 0, "error_scale": 0.25},
}


@pytest.mark.parametrize("fields", RULES.values(), ids=RULES)
def test_rules(fields, vendor):
    assert moved(same(program(network(Pes(error="error", **fields))), {"error": errors()})) > 40


STYLES = {"up": (8, 3), "down": (8, -1), "six bits": (6, -3), "five bits": (5, 2)}


@pytest.mark.parametrize(("bits", "exponent"), STYLES.values(), ids=STYLES)
def test_weight_formats(bits, exponent, vendor):
    style = WeightFormat(weight_bits=bits, exponent=exponent, sign_mode="mixed")
    made = network(Pes(error="error", exponent=-4), style=style)
    assert moved(same(program(made), {"error": errors()})) > 10


def test_a_source_on_several_cores_and_one_that_shares_a_core(vendor):
    made = network(Pes(error="error", error_scale=3.0), n=1100)
    compiled = program(made)
    assert compiled.tables.n_cores > 1
    assert moved(same(compiled, {"error": errors()})) > 1000


def test_an_input_is_the_source(vendor):
    spikes = np.random.default_rng(3).random((SAMPLES, STEPS, 9)) < 0.3
    made = network(Pes(error="error", error_scale=3.0), n=9, source=Input(name="given", shape=9))
    assert moved(same(program(made), {"error": errors(), "given": spikes})) > 20


def test_the_error_is_spikes_of_an_input_in_pairs_of_lines(vendor):
    spikes = np.random.default_rng(3).random((SAMPLES, STEPS, 4)) < 0.3
    made = network(Pes(error="error", error_scale=30.0), inputs=(Input(name="error", shape=4),))
    assert moved(same(program(made), {"error": spikes})) > 40


def test_the_error_is_spikes_of_a_population_that_the_target_drives(vendor):
    """A closed loop: where post spikes, the error is positive, and the weights of that neuron fall."""
    weights = np.array([[120, 0], [0, 120]], dtype=np.int16)
    link = Projection(
        name="back",
        source="post",
        target="error",
        operation=Dense(weights=weights),
        weight_format=WeightFormat(weight_bits=8, exponent=0, sign_mode="excitatory"),
    )
    error = Population(name="error", shape=2, neuron=LoihiCuba(du=4095, dv=0, vth_mant=100))
    post = LoihiCuba(du=1000, dv=100, vth_mant=300, bias_mant=3000, bias_exp=2)
    made = network(Pes(error="error", error_scale=50.0), pairs=1, post=post, more=(error,), links=(link,), inputs=())
    found = same(program(made), {})
    assert found.spikes["error"].shape[0] > 10
    assert moved(found) > 20


def test_noise_of_a_population_and_draws_of_learning(vendor):
    post = LoihiCuba(du=1000, dv=100, vth_mant=300, noise=Noise(at="membrane", exponent=9))
    made = network(Pes(error="error", error_scale=3.0), post=post)
    assert moved(same(program(made), {"error": errors()}, seed=9)) > 40


def test_samples_in_sequence_go_on_with_the_weights_and_off_keeps_them(vendor):
    compiled = program(network(Pes(error="error", error_scale=3.0)))
    found = same(compiled, {"error": errors()}, learn="sequential")
    w = found.states["learned.w"]
    assert found.learned.synapses["learned.w"].shape[0] == 1
    assert (w[0, -1] == w[1, 0]).mean() > 0.9
    assert (w[0, 0] != w[1, 0]).mean() > 0.5
    off = same(compiled, {"error": errors()}, learn="off", learned=found.learned)
    assert (off.states["learned.w"] == found.learned.synapses["learned.w"][0]).all()


REFUSED = {
    "sparse": ({"operation": OneToOne(weights=np.full(4, 20, dtype=np.int16))}, "lacks synapses"),
    "low exponent": ({"weight_format": WeightFormat(weight_bits=8, exponent=-2, sign_mode="mixed")}, "keeps low bits"),
}


@pytest.mark.parametrize(("change", "words"), REFUSED.values(), ids=REFUSED)
def test_what_nengo_loihi_cannot_learn_is_refused(change, words, vendor):
    made = network(Pes(error="error"), n=4)
    weights = {"operation": Dense(weights=np.full((4, 4), 20, dtype=np.int16))}
    learned = made.projections[0].model_copy(update={**weights, **change})
    made = Network.model_validate(made.model_copy(update={"projections": (learned,)}).model_dump())
    with pytest.raises(DiagnosticError, match="ND502") as caught:
        both(program(made), {"error": errors()}, probes=["post.v"])
    assert words in str(caught.value)
