"""What a session refuses, and that it is then as it was before; how it ends; what it keeps in memory."""

from __future__ import annotations

import hashlib
import tracemalloc

import numpy as np
import pytest
from factories import network_of

import neurodeploy as nd
from neurodeploy.network import Current, WeightFormat
from neurodeploy.network.neurons import Noise
from neurodeploy.simulate import Stimulus, load_state, save_state

MIXED = WeightFormat(weight_bits=8, exponent=0, sign_mode="mixed")
CELLS = nd.LoihiCuba(du=2000, dv=300, vth_mant=40)


def program(encoder="spikes", neuron=CELLS, inputs=("in",)):
    made = network_of(
        [nd.Population(name="cells", shape=3, neuron=neuron)],
        [nd.dense(name, "cells", np.full((3, 4), 30), weight_format=MIXED) for name in inputs],
        inputs=tuple(nd.Input(name=name, shape=4, encoder=encoder) for name in inputs),
    )
    return nd.compile(made, "loihi2")


def refused(call, *arguments, **named):
    with pytest.raises(nd.DiagnosticError) as caught:
        call(*arguments, **named)
    return [item.code for item in caught.value.diagnostics]


MALFORMED = {
    "line beyond the last": [[6, 4]],
    "line below 0": [[6, -1]],
    "step 0": [[0, 1]],
    "step beyond the last": [[2**31 - 1, 1]],
    "step that overflows": np.array([[2**64 - 1, 1]], dtype=np.uint64),
    "floats": [[6.0, 1.0]],
    "truth values": [[True, False]],
    "three columns": [[0, 6, 1]],
    "one row alone": [6, 1],
    "rows of two lengths": [[6, 1], [7]],
    "text": "6,1",
    "an object": object(),
    "unknown input": {"eyes": [[6, 1]]},
}


@pytest.mark.parametrize("engine", ["native", "spec"])
@pytest.mark.parametrize("rows", MALFORMED.values(), ids=MALFORMED)
def test_malformed_rows_are_refused_and_change_nothing(engine, rows):
    session, other = (nd.stream(program(), engine=engine) for _ in range(2))
    for each in (session, other):
        each.push([[2, 1], [5, 2]])
    assert refused(session.push, rows) == ["ND931"]
    mixed = {"in": [[6, 1]], "eyes": [[6, 1]]}
    assert refused(session.push, mixed) == ["ND931"], "no row of a refused call counts"
    assert session.step == 4
    for each in (session, other):
        each.finish()
    assert session.state() == other.state()


def test_rows_of_steps_that_were_run_are_refused_or_counted():
    session = nd.stream(program())
    session.push([[9, 1]])
    with pytest.raises(nd.DiagnosticError) as caught:
        session.push([[3, 1], [3, 2], [9, 2], [12, 0]])
    (found,) = caught.value.diagnostics
    assert (found.code, found.found, found.limit, found.unit) == ("ND930", 3, 9, "step")
    assert session.waiting["in"].tolist() == [[9, 1]]
    dropping = nd.stream(program(), late="drop")
    dropping.push([[9, 1]])
    chunk = dropping.push([[3, 1], [3, 2], [9, 2], [12, 0]])
    assert (chunk.late, chunk.last_step) == (2, 11)
    session.push([[9, 2], [12, 0]])
    assert dropping.state() == session.state()


def test_a_wrong_time_stamp_does_not_run_for_hours():
    session = nd.stream(program(), most_steps=100)
    assert refused(session.push, [[102, 1]]) == ["ND935"]
    assert refused(session.advance, 101) == ["ND935"]
    assert session.waiting == {}
    assert session.push([[101, 1]]).last_step == 100


@pytest.mark.parametrize("until", [3, -1, 2**31 - 1, 7.0, True, "9", None])
def test_a_step_to_run_to_is_a_later_one(until):
    session = nd.stream(program(), most_steps=2**31 - 2)
    session.advance(4)
    assert refused(session.push, [[6, 1]], until=until) == ["ND931"] if until is not None else session.push([[6, 1]])
    assert session.step == (5 if until is None else 4)


@pytest.mark.parametrize(
    "values",
    [
        [[1, 2, 3]],
        [[1, 2, 3, np.nan]],
        [[1, 2, 3, np.inf]],
        [[1e30, 0, 0, 0]],
        [["a", "b", "c", "d"]],
        5,
        [[1j, 0, 0, 0]],
    ],
    ids=str,
)
def test_malformed_values_are_refused(values):
    session = nd.stream(program(Current()))
    session.push([[1, 2, 3, 4]])
    assert refused(session.push, values) == ["ND931"]
    assert session.step == 1


def test_several_inputs_need_their_names():
    session = nd.stream(program(inputs=("left", "right")))
    assert refused(session.push, [[1, 1]]) == ["ND931"]
    assert refused(session.push, {"left": [[1, 9]], "right": [[0, 1]], "up": []}) == ["ND931"] * 3
    assert session.push({"left": [[3, 1]], "right": [[5, 1]]}).last_step == 4
    assert refused(session.push, {"left": [[4, 0]]}) == ["ND930"]


def test_an_ended_session_says_so():
    session = nd.stream(program())
    session.push([[2, 1]])
    session.finish()
    assert refused(session.push, [[20, 1]]) == refused(session.finish) == refused(session.advance, 50) == ["ND932"]
    assert session.state().step == session.step
    session.close()
    session.close()
    assert refused(session.state) == refused(session.learned) == ["ND932"]
    with nd.stream(program()) as other:
        other.advance(3)
    assert refused(other.advance, 4) == ["ND932"]


def test_a_call_that_is_interrupted_ends_the_session():
    """Its steps are partly run, and what they sent is lost: to go on would give other bits than the whole."""
    session = nd.stream(program())
    session.advance(3)

    def stop(*_):
        raise KeyboardInterrupt

    session._core.run = stop
    with pytest.raises(KeyboardInterrupt):
        session.advance(5)
    assert refused(session.advance, 6) == refused(session.state) == ["ND932"]


def test_backends_without_sessions_are_named():
    assert refused(nd.stream, program(), backend="reference") == ["ND933"]
    assert refused(nd.stream, program(), backend="none") == ["ND504"]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"engine": "fast"}, "ND002"),
        ({"most_steps": 0}, "ND002"),
        ({"late": "keep"}, "ND002"),
        ({"steps": 5}, "ND002"),
        ({"record": ["none"]}, "ND510"),
        ({"probes": "cells.w"}, "ND510"),
        ({"learn": "apart"}, "ND517"),
    ],
    ids=str,
)
def test_wrong_options_are_refused(options, code):
    assert refused(nd.stream, program(), **options) == [code]


def test_a_program_is_needed():
    assert refused(nd.stream, "net.ndp") == ["ND002"]


def test_states_of_other_programs_and_of_several_samples_are_refused():
    made = program()
    session = nd.stream(made)
    assert refused(session.state) == ["ND934"]
    shown = Stimulus(n_samples=2, n_steps=3)
    two = nd.run(made, shown, until=3, keep_state=True).final_state
    assert refused(nd.stream, made, state=two) == ["ND934"]
    session.advance(2)
    assert refused(nd.stream, program(inputs=("out",)), state=session.state()) == ["ND509"]
    wrong = session.state().model_copy(update={"variables": {}})
    for engine in ("native", "spec"):
        assert set(refused(nd.stream, made, state=wrong, engine=engine)) == {"ND509"}


def test_noise_goes_on_with_its_seed():
    made = program(neuron=CELLS.model_copy(update={"noise": Noise(at="current", exponent=10)}))
    session = nd.stream(made, seed=5)
    session.advance(4)
    assert refused(nd.stream, made, seed=6, state=session.state()) == ["ND512"]
    following = nd.stream(made, state=session.state())
    assert np.array_equal(following.advance(60).spikes["cells"], session.advance(60).spikes["cells"])
    assert following.state().seed == 5


def test_states_of_earlier_versions_resume_in_a_run_and_then_in_a_session(tmp_path):
    """Their hash of the input is one of all input at once: a name with a count, then the places of the spikes."""
    made, rows = program(), np.array([[0, 1, 2], [0, 3, 1], [0, 6, 0]], dtype=np.int32)
    shown = Stimulus(n_samples=1, n_steps=8, spikes={"in": rows})
    kept = nd.run(made, shown, until=4, keep_state=True).final_state
    old = hashlib.blake2b(b"in 2:" + np.array([2, 9], dtype="<i8").tobytes(), digest_size=16).hexdigest()
    save_state(kept.model_copy(update={"shown": (old,)}), tmp_path / "old.nds")
    earlier = load_state(tmp_path / "old.nds")
    assert refused(nd.stream, made, state=earlier) == ["ND934"]
    resumed = nd.run(made, shown, until=5, keep_state=True, resume=earlier)
    assert refused(nd.run, made, shown.model_copy(update={"spikes": {"in": rows[1:]}}), resume=earlier) == ["ND512"]
    whole = nd.run(made, shown, until=9, keep_state=True)
    session = nd.stream(made, state=resumed.final_state)
    session.push(rows[2:, 1:], until=9)
    assert session.state() == whole.final_state


def test_memory_does_not_grow_with_the_steps():
    session, rows = nd.stream(program()), np.array([[0, 1], [0, 3]])
    for step in range(1, 2_000):
        session.push(rows + [step, 0])
    session.state()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for step in range(2_000, 6_000):
            session.push(rows + [step, 0])
        session.state()
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert grown < 20_000, "4,000 steps of two rows would take more if they were kept"


def test_a_session_without_kernels_says_so(monkeypatch):
    with nd.stream(program()) as session:
        assert (session.engine, session.findings) == ("native", ())
    monkeypatch.setenv("NEURODEPLOY_NATIVE", "v0")
    with nd.stream(program()) as session:
        assert session.engine == "spec"
        assert [item.code for item in session.findings] == ["ND902"]
    monkeypatch.setenv("NEURODEPLOY_NATIVE", "off")
    with nd.stream(program()) as session:
        assert (session.engine, session.findings) == ("spec", ())
