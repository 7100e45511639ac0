"""A session gives the bits of nd.run: for every kind of network, any division of its input, both engines, and across states."""

from __future__ import annotations

import random
from itertools import pairwise

import numpy as np
import pytest
import random_pes_programs
import random_programs
from factories import examples, network_of
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import neurodeploy as nd
from neurodeploy.hardware import load_dialect, load_target
from neurodeploy.network import Current, Dense, WeightFormat
from neurodeploy.network.plasticity import SumOfProducts, Trace
from neurodeploy.simulate import RunOptions, Stimulus, drain_steps
from neurodeploy.simulate.learning_draws import FollowingDraws, epoch_draws

ENGINES = ("native", "spec")
KEPT = ("seed", "record", "probes", "overflow", "learn", "learned")
RANDOM = settings(
    max_examples=examples(1_000, quick=12),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
MIXED = WeightFormat(weight_bits=8, exponent=0, sign_mode="mixed")


def shuffled(rows, dice):
    order = list(range(len(rows)))
    dice.shuffle(order)
    return rows[order]


def parts_of(stimulus, dice):
    """The input of a stimulus in pieces of a few steps, each with the step that it ends with; rows in any order."""
    rows = {name: stimulus.rows(name)[:, 1:] for name in (*stimulus.spikes, *stimulus.rasters)}
    at = 0
    while at < stimulus.n_steps:
        to = min(at + dice.choice((1, 1, 2, 5, 9)), stimulus.n_steps)
        part = {name: shuffled(own[(own[:, 0] > at) & (own[:, 0] <= to)], dice) for name, own in rows.items()}
        yield to, part | {name: values[0, at:to] for name, values in stimulus.currents.items()}
        at = to


def in_two(part, to, dice):
    """The rows of a part, some of those of its last step, `to`, in a call of their own."""
    later = {
        name: (own[:, 0] == to) & np.array([dice.random() < 0.5 for _ in own], dtype=bool) for name, own in part.items()
    }
    return [{name: own[~later[name]] for name, own in part.items()}, {name: part[name][later[name]] for name in part}]


def streamed(program, stimulus, dice, engines, **options):
    """The chunks of a stimulus pushed bit by bit, and the session after its end, reopened from its state here and there."""
    session = nd.stream(program, engine=engines[0], **options)
    chunks = []
    for to, part in parts_of(stimulus, dice):
        pieces = in_two(part, to, dice) if not stimulus.currents and dice.random() < 0.3 else [part]
        chunks += [session.push(piece) for piece in pieces]
        if to == stimulus.n_steps or dice.random() < 0.3:
            chunks.append(session.advance(to))
        if session.step and dice.random() < 0.3:
            waiting = session.waiting
            kept = {name: value for name, value in options.items() if name != "learned"}
            session = nd.stream(program, engine=dice.choice(engines), state=session.state(), **kept)
            chunks.append(session.push(waiting))
    return [*chunks, session.finish()], session


def rows_of(chunks, name):
    return np.concatenate([chunk.spikes[name] for chunk in chunks])


def assert_same(whole, chunks, session):
    """Everything that a recording holds is in the chunks, and nothing else."""
    for one, two in pairwise(chunks):
        assert one.last_step + 1 == two.first_step
    assert session.step == whole.n_steps
    recorded = whole.spikes if whole.recorded is None else whole.recorded
    assert list(chunks[0].spikes) == list(recorded)
    for name in recorded:
        rows = rows_of(chunks, name)
        assert rows.dtype == np.int32
        assert np.array_equal(rows, whole.spikes[name][:, 1:]), name
    for name in chunks[0].payloads:
        assert np.array_equal(np.concatenate([chunk.payloads[name] for chunk in chunks]), whole.payloads[name]), name
    assert set(chunks[0].payloads) == set(whole.payloads) & set(recorded)
    assert set(chunks[0].states) == set(whole.states)
    for name, states in whole.states.items():
        assert np.array_equal(np.concatenate([chunk.states[name] for chunk in chunks]), states[0]), name
    assert session.state() == whole.final_state
    assert session.learned() == whole.learned


def race(program, stimulus, dice, engines, **options):
    steps = stimulus.n_steps + drain_steps(program.network)
    asked = RunOptions(engine=engines[0], keep_state=True, until=steps, activity=False, **options)
    whole = nd.run(program, stimulus, options=asked)
    chunks, session = streamed(program, stimulus, dice, engines, **options)
    assert_same(whole, chunks, session)
    if len(engines) == 1:
        assert chunks[0].overflows.keys() == whole.overflows.keys()
        for name, counts in whole.overflows.items():
            assert np.array_equal(sum(chunk.overflows[name] for chunk in chunks), counts), name


@pytest.mark.parametrize("engines", [("native",), ("spec",), ENGINES], ids=["native", "spec", "both"])
@RANDOM
@given(st.randoms(use_true_random=False))
def test_random_programs_give_the_bits_of_a_run(engines, dice):
    case = random_programs.drawn(dice)
    assume(case is not None and case.stimulus.n_samples == 1)
    stimulus = case.stimulus.model_copy(update={"first_sample": 0})
    race(case.program, stimulus, dice, engines, **{name: case.options[name] for name in KEPT if name in case.options})


@pytest.mark.parametrize("kind", random_pes_programs.ERRORS)
def test_weights_that_learn_by_errors_give_the_bits_of_a_run(kind):
    for k in range(examples(100, quick=3)):
        dice = random.Random(f"{kind} stream {k}")
        case = random_pes_programs.drawn(dice, kind)
        if case is not None and case.stimulus.n_samples == 1:
            options = {name: case.options[name] for name in KEPT if name in case.options}
            race(case.program, case.stimulus.model_copy(update={"first_sample": 0}), dice, ENGINES, **options)


def learning(dialect, **fields):
    rule = SumOfProducts(
        dw="2^-2*x1*y0 - 2^-3*y1*x0", x1=Trace(impulse=40, tau_steps=8), y1=Trace(impulse=30, tau_steps=5), **fields
    )
    cells = nd.Population(name="cells", shape=3, neuron=nd.LoihiCuba(du=2000, dv=500, vth_mant=60))
    weights = 2 * np.arange(3, 15).reshape(3, 4)
    wire = nd.Projection(
        name="p", source="in", target="cells", operation=Dense(weights=weights), weight_format=MIXED, plasticity=rule
    )
    target = load_target("loihi2" if dialect == "loihi2" else "loihi1")
    if dialect == "brian2loihi":
        target = target.model_copy(update={"dialect": load_dialect(dialect)})
    return nd.compile(network_of([cells], [wire], inputs=4), target)


def busy(lines, steps, share=0.5):
    rows = np.argwhere(np.random.default_rng(7).random((1, steps, lines)) < share) + [0, 1, 0]
    return Stimulus(n_samples=1, n_steps=steps, spikes={"in": rows.astype(np.int32)})


@pytest.mark.parametrize(("dialect", "engines"), [("loihi2", ENGINES), ("brian2loihi", ("spec",))])
def test_draws_of_learning_go_on_beyond_those_that_are_made_together(dialect, engines):
    """Longer than the steps for which the engine draws at once."""
    fields = {"rounding": "stochastic", "epoch_steps": 3} if dialect == "loihi2" else {}
    race(learning(dialect, **fields), busy(4, 600), random.Random(3), engines)


@given(
    st.integers(1, 9), st.integers(0, 5000), st.lists(st.integers(1, 600), min_size=1, max_size=6), st.integers(0, 9)
)
@settings(max_examples=examples(300, quick=40), deadline=None)
def test_draws_that_follow_are_those_made_at_once(epoch, start, parts, sample):
    rule = SumOfProducts(
        dw="x1*y0", x1=Trace(impulse=1, tau_steps=3), rounding="stochastic", epoch_steps=epoch, seed=11
    )
    whole, following, at = epoch_draws(rule, start + sum(parts), sample), FollowingDraws(rule, sample, start), start
    for steps in parts:
        for made, wanted in zip(following.following(steps), whole, strict=True):
            assert np.array_equal(made, wanted[at : at + steps])
        at += steps


def lines_to(cells=3, encoder="spikes", **neuron):
    made = nd.LoihiCuba(**{"du": 2000, "dv": 300, "vth_mant": 40, **neuron})
    return network_of(
        [nd.Population(name="cells", shape=cells, neuron=made)],
        [
            nd.dense(
                "in", "cells", 2 * np.arange(1, 1 + cells * 4).reshape(cells, 4), delay_steps=2, weight_format=MIXED
            )
        ],
        inputs=(nd.Input(name="in", shape=4, encoder=encoder),),
    )


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("next_engine", ENGINES)
def test_a_run_and_a_session_continue_each_other(engine, next_engine):
    program, stimulus = nd.compile(lines_to(), "loihi2"), busy(4, 40)
    rows, whole = stimulus.spikes["in"][:, 1:], nd.run(program, stimulus, until=60, keep_state=True)
    first = nd.run(program, stimulus, until=13, keep_state=True, engine=engine)
    session = nd.stream(program, engine=next_engine, state=first.final_state)
    assert session.step == 13
    middle = session.push(rows[rows[:, 0] > 13], until=29)
    last = nd.run(program, stimulus, until=60, keep_state=True, engine=engine, resume=session.state())
    parts = [first.spikes["cells"][:, 1:], middle.spikes["cells"], last.spikes["cells"][:, 1:]]
    assert np.array_equal(np.concatenate(parts), whole.spikes["cells"][:, 1:])
    assert len(parts[1])
    assert last.final_state == whole.final_state


def test_a_run_of_other_input_does_not_continue_a_session():
    program, session = nd.compile(lines_to(), "loihi2"), None
    session = nd.stream(program)
    session.push([[1, 2], [3, 0]], until=5)
    for rows in ([[0, 1, 2], [0, 3, 1]], [[0, 1, 2]], [[0, 1, 2], [0, 3, 0], [0, 4, 0]]):
        other = Stimulus(n_samples=1, n_steps=9, spikes={"in": np.array(rows, dtype=np.int32)})
        with pytest.raises(nd.DiagnosticError, match="differs from the input") as caught:
            nd.run(program, other, resume=session.state())
        assert [item.code for item in caught.value.diagnostics] == ["ND512"]
    same = Stimulus(n_samples=1, n_steps=9, spikes={"in": np.array([[0, 1, 2], [0, 3, 0], [0, 6, 1]], dtype=np.int32)})
    assert nd.run(program, same, resume=session.state()).first_step == 6


def test_the_latest_step_waits_for_rows_that_follow():
    program = nd.compile(lines_to(), "loihi2")
    whole, session = nd.stream(program), nd.stream(program)
    assert session.push([[4, 1]]).last_step == 3
    assert session.push([[4, 3], [4, 1], [4, 0]]).steps == 0, "a later call adds to the step"
    assert session.waiting["in"].tolist() == [[4, 0], [4, 1], [4, 3]]
    assert session.push({"in": [[7, 0]]}).last_step == 6
    session.finish()
    whole.push([[4, 0], [4, 1], [4, 3], [7, 0]])
    whole.finish()
    assert session.state() == whole.state()


def test_values_run_the_steps_for_which_they_came():
    program = nd.compile(lines_to(encoder=Current(), vth_mant=400), "loihi2")
    values = np.random.default_rng(1).integers(0, 9, (20, 4)).astype(float)
    wanted = nd.run(program, values[None], until=30, keep_state=True)
    session = nd.stream(program)
    chunks = [session.push(values[:1]), session.push(values[1:12], until=5)]
    assert [chunk.last_step for chunk in chunks] == [1, 5]
    assert session.waiting["in"].tolist() == values[5:12].tolist()
    chunks += [session.push(values[12:]), session.advance(30)]
    assert chunks[2].last_step == 20
    assert np.array_equal(rows_of(chunks, "cells"), wanted.spikes["cells"][:, 1:])
    assert len(wanted.spikes["cells"])
    assert session.state() == wanted.final_state


@pytest.mark.parametrize(
    ("encoder", "axes", "shape"),
    [
        (Current(), None, (2, 3, 4)),
        (Current(), (2, 0, 1), (3, 4, 2)),
        (Current(scale=16.0, low=-40, high=40), None, (2, 3, 4)),
    ],
    ids=["as they are", "channel last", "as integers"],
)
def test_values_are_encoded_once_also_those_that_wait(encoder, axes, shape):
    cells = nd.Population(name="cells", shape=5, neuron=nd.LoihiCuba(du=2000, dv=300, vth_mant=400))
    item = nd.Input(name="in", shape=(2, 3, 4), encoder=encoder, sample_axes=axes)
    weights = 2 * np.random.default_rng(0).integers(-20, 30, (5, 24))
    network = network_of([cells], [nd.dense("in", "cells", weights, weight_format=MIXED)], inputs=(item,))
    program, values = nd.compile(network, "loihi2"), np.random.default_rng(1).normal(size=(12, *shape)) * 3
    whole, first = nd.run(program, values[None], until=20, keep_state=True), nd.stream(program)
    chunks = [first.push(values[:9], until=4)]
    session = nd.stream(program, state=first.state())
    chunks += [session.push(first.waiting), session.push(values[9:]), session.advance(20)]
    assert np.array_equal(rows_of(chunks, "cells"), whole.spikes["cells"][:, 1:])
    assert len(whole.spikes["cells"])
    assert session.state() == whole.final_state


@pytest.mark.parametrize("engine", ENGINES)
def test_the_last_steps_that_rows_can_name_are_run(engine):
    """A session that has run for weeks: nothing depends on the number of steps before, except noise and learning."""
    program, first = nd.compile(lines_to(), "loihi2"), nd.stream(nd.compile(lines_to(), "loihi2"), engine=engine)
    first.advance(1)
    late = first.state().model_copy(update={"step": 2**31 - 20})
    session, wanted = nd.stream(program, state=late, engine=engine), nd.stream(program, engine=engine)
    rows = np.array([[2, 0], [3, 3], [4, 3], [5, 1], [7, 2]])
    made = session.push(rows + [2**31 - 20, 0], until=2**31 - 2).spikes["cells"]
    expected = wanted.push(rows, until=18).spikes["cells"]
    assert len(expected)
    assert np.array_equal(made, expected + [2**31 - 20, 0])
    with pytest.raises(nd.DiagnosticError, match="2,147,483,646"):
        session.finish()
