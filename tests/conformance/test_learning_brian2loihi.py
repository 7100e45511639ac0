"""Plastic projections on Brian2Loihi, where nothing is decided by chance: decay within one step, and weights of all bits."""

from __future__ import annotations

import numpy as np
import pytest
from factories import network_of
from neurodeploy_backends.brian2_loihi import Brian2LoihiBackend
from neurodeploy_backends.brian2_loihi.learning import rule_text

import neurodeploy as nd
from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.hardware import load_dialect, load_target
from neurodeploy.mapping import emit_program, partition, place
from neurodeploy.network import WeightFormat
from neurodeploy.network.plasticity import SumOfProducts, ThirdFactor, Trace
from neurodeploy.quantize import quantize
from neurodeploy.simulate import Stimulus

BACKENDS = ("brian2loihi",)
LINES, CELLS, SAMPLES, STEPS = 6, 5, 2, 40
RULES = (
    "2^-2*x1*y0 - 2^-2*y1*x0",
    "2^-3*x1*y0 - 3*2^-4*y1*x0 + u2*2",
    "x0*(y1 - 60) - 2^-4*u1*w",
    "7*2^-7*(x1 + 3)*(y1 - 5)*u0",
    "y0*sgn(w - 30) + 2*x0 - u3*(w + 1)",
    "2^-5*x2*y2*y0 - x0*2^1 - u0*x0*y0",
    "-8*2^-3*u4*(x1 - 20) + y3*y0*2^-6",
)
"""Rules with every dependency, brackets, signs, and steps in which both sides spike."""
AT_ONCE = Trace(impulse=100, tau_steps=1)


def rule_of(text, **more):
    traces = dict.fromkeys(("x1", "x2", "y1", "y2", "y3"), AT_ONCE)
    return SumOfProducts.model_validate({"dw": text, "seed": 3, **traces, **more})


def program_of(network):
    target = load_target("loihi1").model_copy(update={"dialect": load_dialect("brian2loihi")})
    return emit_program(place(partition(quantize(network, target), target)))


def learner(rules, source="in", sign_mode="excitatory", **fields):
    """A population for each rule, which learns from `source`, and is also driven."""
    style, rng = WeightFormat(weight_bits=8, exponent=0, sign_mode=sign_mode), np.random.default_rng(4)
    cells = nd.LoihiCuba(du=2000, dv=300, vth_mant=160)
    names, links = [f"cells{k}" for k in range(len(rules))], []
    for name, rule in zip(names, rules, strict=True):
        weights = rng.integers(0, 128, (CELLS, LINES)) * (1 if sign_mode == "excitatory" else 2)
        link = nd.dense(source, name, weights, weight_format=style, name=f"{name}_learns")
        links += [link.model_copy(update={"plasticity": rule, **fields})]
        links += [nd.dense("drive", name, rng.integers(0, 200, (CELLS, CELLS)), weight_format=style)]
    relays = () if source == "in" else (nd.Population(name=source, shape=LINES, neuron=cells),)
    if relays:
        links.append(nd.dense("in", source, np.eye(LINES, dtype=int) * 250, weight_format=style))
    recorded = [(f"{name}_learns", variable) for name in names for variable in ("w", "x1", "y1")]
    return network_of(
        (*relays, *(nd.Population(name=name, shape=CELLS, neuron=cells) for name in names)),
        links,
        inputs=(nd.Input(name="in", shape=LINES), nd.Input(name="drive", shape=CELLS)),
        name="learner",
        probes=tuple(nd.Probe(name=f"{a}.{b}", target=a, variable=b) for a, b in recorded),
    )


def spikes(seed=0):
    rng = np.random.default_rng(seed)
    rows = {name: np.argwhere(rng.random((SAMPLES, STEPS, n)) < 0.15) for name, n in (("in", LINES), ("drive", CELLS))}
    return Stimulus(
        n_samples=SAMPLES, n_steps=STEPS, spikes={name: (x + [0, 1, 0]).astype(np.int32) for name, x in rows.items()}
    )


def both(program, **options):
    """Recordings of the emulator and of Brian2Loihi."""
    return [nd.run(program, spikes(), until=STEPS, backend=name, **options) for name in ("emulator", "brian2loihi")]


def assert_same(ours, theirs):
    assert {name: rows.tolist() for name, rows in ours.spikes.items()} == {
        name: rows.tolist() for name, rows in theirs.spikes.items()
    }
    differing = {name: int((values != theirs.states[name]).sum()) for name, values in ours.states.items()}
    assert differing == dict.fromkeys(ours.states, 0)
    assert list(ours.learned.synapses) == list(theirs.learned.synapses)
    for name, values in ours.learned.synapses.items():
        np.testing.assert_array_equal(values, theirs.learned.synapses[name], err_msg=name)


@pytest.mark.parametrize("source", ["in", "relay"])
def test_rules_are_exact(vendor, source):
    program = program_of(learner([rule_of(text) for text in RULES], source))
    ours, theirs = both(program, learn="apart")
    assert_same(ours, theirs)
    before = program.tables.entry_mantissa
    assert all((values != before[0]).any() for values in ours.learned.synapses.values())
    assert all(len(rows) > SAMPLES for rows in ours.spikes.values())


@pytest.mark.parametrize("learn", ["off", "sequential"])
def test_samples_share_as_asked(vendor, learn):
    program = program_of(learner([rule_of(RULES[1])]))
    assert_same(*both(program, learn=learn))


def test_learned_weights_begin_a_run(vendor):
    program = program_of(learner([rule_of(RULES[0])]))
    learned = nd.run(program, spikes(1), until=STEPS, learn="sequential").learned
    assert_same(*both(program, learn="apart", learned=learned))


def test_chance_gives_a_possible_trace(vendor):
    """A trace of 100 that falls by 1 / 8 a step is 87 or 88, then 76 or 77; its mean over many synapses is between."""
    trace = Trace(impulse=100, tau_steps=8)
    program = program_of(learner([rule_of("u0*0*x1", x1=trace)], sign_mode="mixed"))
    rows = np.array([[0, 2, line] for line in range(LINES)], dtype=np.int32)
    stimulus = Stimulus(n_samples=1, n_steps=6, spikes={"in": rows})
    states = nd.run(program, stimulus, until=6, backend=vendor).states["cells0_learns.x1"][0]
    assert not states[:2].any()
    assert set(states[2].tolist()) == {87}
    assert set(states[3].tolist()) <= {76, 77}


REFUSED = (
    ({"rounding": "none"}, "learns without rounding up"),
    ({"x1": Trace(impulse=1.5, tau_steps=3)}, "a trace x1 of impulse 1.5 and tau_steps 3"),
    ({"y2": Trace(impulse=1, tau_steps=3.5)}, "a trace y2 of impulse 1 and tau_steps 3.5"),
    ({"dw": "2^8*u0*w*w*w"}, "Brian2 counts in 32 bits"),
)
"""Rules of the dialect that the simulator cannot run."""
OTHER_MODELS = (
    ({"epoch_steps": 4}, "learns once in 4 steps"),
    ({"dt": "u0*x1"}, "learns with t"),
    ({"dw": "u0*d"}, "learns with d"),
    ({"third_factors": (ThirdFactor(source="drive", weight=1),)}, "learns from third factors"),
)
"""Rules that are of another model than the dialect's."""


@pytest.mark.parametrize(("change", "words"), REFUSED, ids=lambda value: value if isinstance(value, str) else None)
def test_what_it_lacks_is_refused(change, words):
    found = list(Brian2LoihiBackend().check(program_of(learner([rule_of(RULES[0], **change)]))))
    assert [item.code for item in found] == ["ND502"]
    assert words in found[0].message


def refusal(network):
    with pytest.raises(DiagnosticError) as error:
        program_of(network)
    return [(item.code, item.message) for item in error.value.diagnostics if item.severity == "error"]


@pytest.mark.parametrize(("change", "words"), OTHER_MODELS, ids=lambda value: value if isinstance(value, str) else None)
def test_rules_of_other_models_are_not_compiled(change, words):
    ((code, message),) = refusal(learner([rule_of(RULES[0], **change)]))
    assert code == "ND313"
    assert words in message


def test_delays_of_what_learns_are_not_compiled():
    ((code, message),) = refusal(learner([rule_of(RULES[0])], delay_steps=2))
    assert code == "ND313"
    assert "learns with delayed spikes" in message


def test_refused_before_it_starts(vendor):
    program = program_of(learner([rule_of(RULES[0], rounding="none")]))
    with pytest.raises(DiagnosticError, match="ND502"):
        nd.run(program, spikes(), until=STEPS, backend=vendor, learn="apart")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2^-2*x1*y0 - 2^-2*y1*x0", "1*2^-2*y0*x1-1*2^-2*x0*y1"),
        ("(x1 - 2)*(w + 3)*u2", "1*u2*x1*w-2*u2*w+3*u2*x1-6*u2"),
        ("-sgn(w - 4)*y0", "-1*y0*sign(w-4)"),
        ("u0*y1", "u0*0"),
    ],
)
def test_brackets_are_multiplied_out(text, expected):
    rule = SumOfProducts.model_validate({"dw": text, "x1": AT_ONCE})
    assert rule_text(rule.model_copy(update={"y1": AT_ONCE}) if "y1*x0" in text else rule) == expected
