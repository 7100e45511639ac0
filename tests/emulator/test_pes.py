"""The definition of PES against nengo-loihi's values, and against numbers worked out by hand."""

from __future__ import annotations

import json

import numpy as np
import pytest
from neurodeploy_backends.emulator.spec_learning import Synapses
from neurodeploy_backends.emulator.spec_pes import PesState, cleared_pes, errors_of, keep_sent, learn_pes

from neurodeploy.network import Pes, Trace
from neurodeploy.simulate.pes_draws import PesDraws, pes_draws

SEED, LOW_BITS, UP = 11, 1, 10
"""Of the golden run: seed of its generator, low bits that are not stored, and 6 + exponent of the weights."""


def every_pair(n_source, n_target):
    """A dense projection, by source and then by target."""
    pre, post = np.divmod(np.arange(n_source * n_target), n_target)
    return Synapses(pre, post, n_source, n_target, "mixed")


def nengo_draws(rng, t, synapses, compartments):
    """Draws in the order of nengo-loihi: traces, weights by row, noise of every compartment."""
    shape = synapses.n_source, synapses.n_target
    trace = rng.rand(shape[0]) if t % 2 == 0 else np.zeros(0)
    rows = [rng.rand(1, shape[1]) for _ in range(shape[0])] if t % 4 == 0 else [np.zeros((1, 0))]
    rng.randint(-127, 128, size=compartments, dtype=np.int32)
    return PesDraws(trace[None], np.concatenate(rows, axis=1))


@pytest.fixture
def golden(reference_data):
    return json.loads((reference_data / "golden" / "nengo_pes.json").read_text())


def rule_of(golden):
    info = golden["info"]
    trace = Trace(impulse=info["tracing_mag"], tau_steps=info["tracing_tau"])
    rate = {"mantissa": info["lr_int"], "exponent": info["lr_exp"]}
    epochs = {"trace_epoch_steps": info["train_epoch"], "epoch_steps": info["learn_epoch"]}
    return Pes(error="error", error_scale=golden["pes_error_scale"], trace=trace, **rate, **epochs)


def replayed(golden):
    """(trace, w, v, error) of every step."""
    first = np.array(golden["info"]["w0"])[:, 0]
    rule, synapses, rng = rule_of(golden), every_pair(*first.shape), np.random.RandomState(SEED)
    state, u, v = cleared_pes(synapses, first.ravel() >> UP, 1), np.zeros(4, dtype=int), np.zeros(4, dtype=int)
    for row in golden["steps"]:
        t, sent = row["t"], np.zeros((1, 3), dtype=int)
        sent[0, golden["spikes"].get(str(t - 1), [])] = 1
        keep_sent(rule, synapses, state, sent, np.array([golden["errors"][t - 1]]))
        u = np.sign(u) * (np.abs(u) >> 12) + sent[0] @ (state.w[0] << UP).reshape(first.shape)
        v = np.maximum(v + u, 0)
        v = np.where(v > golden["info"]["vth"], 0, v)
        learn_pes(rule, synapses, state, t, nengo_draws(rng, t, synapses, 4), LOW_BITS)
        yield state.x[0], (state.w[0] << UP).reshape(first.shape), v, state.error[0]


def test_traces_weights_voltages_and_errors_are_those_of_nengo_loihi(golden):
    differences = compared = 0
    for row, made in zip(golden["steps"], replayed(golden), strict=True):
        for name, values in zip(("trace", "w", "v", "pes_error"), made, strict=True):
            differences += int((values != np.array(row[name])).sum())
            compared += values.size
    assert (differences, compared) == (0, 40 * (3 + 12 + 4 + 2))


def never(synapses):
    """Draws with which no fraction rounds up."""
    return PesDraws(np.ones((1, synapses.n_source)), np.ones((1, synapses.pre.size)))


def test_a_weight_gains_rate_times_trace_times_error_with_the_sign_of_its_neuron():
    rule = Pes(error="e", mantissa=3, exponent=2, trace=Trace(impulse=20, tau_steps=2))
    synapses = every_pair(1, 2)
    state = cleared_pes(synapses, np.array([10, 10]), 1)
    keep_sent(rule, synapses, state, np.array([[1]]), np.array([[0]]))
    learn_pes(rule, synapses, state, 2, never(synapses), 0)  # x = 20
    keep_sent(rule, synapses, state, np.array([[0]]), np.array([[1]]))
    learn_pes(rule, synapses, state, 4, never(synapses), 0)  # x = floor(20 / e) = 7; 3 * 7 << 7 = 21 mantissas
    assert state.x.tolist() == [[7]]
    assert state.w.tolist() == [[10 - 21, 10 + 21]]


def test_a_source_that_spikes_twice_between_two_updates_counts_once():
    rule = Pes(error="e", trace=Trace(impulse=20, tau_steps=2), trace_epoch_steps=2)
    synapses = every_pair(2, 2)
    state = cleared_pes(synapses, np.zeros(4, dtype=int), 1)
    for t, sent in ((1, [1, 1]), (2, [1, 0])):
        keep_sent(rule, synapses, state, np.array([sent]), np.array([[0]]))
        learn_pes(rule, synapses, state, t, never(synapses), 1)
    assert state.x.tolist() == [[20, 20]]
    assert not state.spiked.any()


def test_spikes_and_errors_act_in_the_step_after():
    rule = Pes(error="e", exponent=0, trace=Trace(impulse=64, tau_steps=0), trace_epoch_steps=1, epoch_steps=1)
    synapses = every_pair(1, 2)
    state, found = cleared_pes(synapses, np.zeros(2, dtype=int), 1), []
    for t, (sent, error) in enumerate([(1, 4), (0, 0), (1, 0), (0, 4)], start=1):
        learn_pes(rule, synapses, state, t, never(synapses), 1)
        found.append(state.w[0].tolist())
        keep_sent(rule, synapses, state, np.array([[sent]]), np.array([[error]]))
    assert found == [[0, 0], [-64, 64], [-64, 64], [-64, 64]]


def test_errors_are_scaled_rounded_to_even_and_clipped_and_pairs_of_lines_are_subtracted():
    rule = Pes(error="e", error_scale=0.5)
    assert errors_of(rule, np.array([[1, 3, 255, -400]]), 8).tolist() == [[0, 2, 127, -127]]
    assert errors_of(rule, np.array([[4, 0, 0, 6]]), 4).tolist() == [[2, -3]]


def test_weights_stay_multiples_of_what_is_stored_and_within_their_bits():
    rule = Pes(error="e", exponent=8, mantissa=7, trace=Trace(impulse=127, tau_steps=100))
    synapses = every_pair(1, 2)
    state = cleared_pes(synapses, np.array([254, -254]), 1)
    keep_sent(rule, synapses, state, np.array([[1]]), np.array([[-127]]))
    learn_pes(rule, synapses, state, 4, never(synapses), 1)
    assert state.w.tolist() == [[254, -254]]


def test_draws_depend_on_seed_sample_step_and_number_only():
    rule = Pes(error="e", seed=3)
    both = pes_draws(rule, range(0, 2), 4, 5, 7)
    assert [both.trace.shape, both.synapse.shape] == [(2, 5), (2, 7)]
    np.testing.assert_array_equal(pes_draws(rule, range(1, 2), 4, 3, 7).trace, both.trace[1:, :3])
    assert pes_draws(rule, range(1), 2, 5, 7).synapse.shape == (1, 0)
    assert pes_draws(rule, range(1), 3, 5, 7).trace.shape == (1, 0)
    others = [pes_draws(rule.model_copy(update={"seed": 4}), range(1), 4, 5, 7), pes_draws(rule, range(1), 8, 5, 7)]
    every = np.concatenate([both.trace.ravel(), both.synapse.ravel(), *(x.synapse[0] for x in others)])
    assert np.unique(every).size == every.size
    assert every.min() >= 0
    assert every.max() < 1


def test_without_rounding_no_fraction_rounds_up():
    drawn = pes_draws(Pes(error="e", rounding="none"), range(2), 4, 3, 5)
    assert drawn.trace.tolist() == [[1.0] * 3] * 2
    assert drawn.synapse.tolist() == [[1.0] * 5] * 2
    assert pes_draws(Pes(error="e", rounding="none"), range(2), 2, 3, 5).synapse.shape == (2, 0)


def test_draws_are_even():
    drawn = pes_draws(Pes(error="e"), range(20), 4, 100, 1000).synapse
    assert abs(drawn.mean() - 0.5) < 0.01
    assert abs(drawn.std() - 12**-0.5) < 0.01


def test_the_state_of_each_sample_is_its_own():
    rule, synapses = Pes(error="e", exponent=0), every_pair(2, 4)
    rng = np.random.default_rng(0)
    sent, error = rng.integers(0, 2, (3, 8, 2)), rng.integers(-9, 9, (3, 8, 2))

    def run(samples):
        state = cleared_pes(synapses, np.zeros(8, dtype=int), len(samples))
        for t in range(1, 9):
            learn_pes(rule, synapses, state, t, pes_draws(rule, samples, t, 2, 8), 1)
            keep_sent(
                rule,
                synapses,
                state,
                sent[samples.start : samples.stop, t - 1],
                error[samples.start : samples.stop, t - 1],
            )
        return state

    together, apart = run(range(3)), run(range(1, 2))
    for name in PesState.__annotations__:
        np.testing.assert_array_equal(getattr(together, name)[1:2], getattr(apart, name))
    assert np.unique(together.w, axis=0).shape[0] == 3
