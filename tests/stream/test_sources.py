"""Recordings that are played as streams give the spikes of a run."""

from __future__ import annotations

import event_writers
import numpy as np
import pytest
from factories import network_of

import neurodeploy as nd
from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.network import Events
from neurodeploy.signals import EventOptions
from neurodeploy.stream import open_session
from neurodeploy.stream.sources import Batch, play, replay

NEURON = nd.LoihiCuba(du=1024, dv=256, vth_mant=60)


@pytest.fixture(scope="module")
def camera():
    """A program that sees a camera of 4 rows and 6 columns, and answers with several populations."""
    rng = np.random.default_rng(3)
    network = network_of(
        [nd.Population(name="cells", shape=8, neuron=NEURON), nd.Population(name="out", shape=3, neuron=NEURON)],
        [
            nd.dense("in", "cells", rng.integers(-30, 90, (8, 48))),
            nd.dense("cells", "out", rng.integers(-20, 90, (3, 8))),
        ],
        inputs=(nd.Input(name="in", shape=(2, 4, 6), encoder=Events()),),
        outputs="out",
    )
    return nd.compile(network, "loihi1")


def events_of(number, seed=0, last_us=50_000):
    """Rows (t, x, y, p)."""
    rng = np.random.default_rng(seed)
    return np.stack(
        [np.sort(rng.integers(0, last_us, number)), *(rng.integers(0, n, number) for n in (6, 4, 2))], axis=1
    )


def joined(chunks, population):
    return np.concatenate([chunk.spikes[population] for chunk in chunks])


def same(chunks, recording):
    """Whether chunks hold the spikes of a run, and there are some."""
    for name, rows in recording.spikes.items():
        assert len(rows), f"population '{name}' is silent, so the test shows nothing"
        np.testing.assert_array_equal(joined(chunks, name), rows[:, 1:])


@pytest.mark.parametrize("batch_steps", [1, 7, 1000])
def test_rows_in_memory_are_played(camera, batch_steps):
    samples = {"in": np.insert(events_of(300), 0, 0, axis=1)}
    with open_session(camera) as session:
        source = replay(camera.network, samples, steps=60, batch_steps=batch_steps)
        chunks = list(play(session, source))
    same(chunks, nd.run(camera, samples, steps=60))


@pytest.mark.parametrize("origin", ["zero", "first"])
def test_an_event_file_is_played(camera, tmp_path, origin):
    file = tmp_path / "hand.dat"
    rows = [(int(t) + 3_000, int(x), int(y), int(p)) for t, x, y, p in events_of(300)]
    file.write_bytes(event_writers.dat(rows))
    options = EventOptions(window_s=0.002)
    source = replay(camera.network, file, events=options, time_origin=origin)
    assert source.step_s == 0.002
    with open_session(camera) as session:
        chunks = list(play(session, source))
    same(chunks, nd.run(camera, nd.load_events(file, camera, window_s=0.002), time_origin=origin))


def test_one_sample_of_several_is_played(camera):
    rows = np.concatenate([np.insert(events_of(200, seed), 0, seed, axis=1) for seed in range(3)])
    with open_session(camera) as session:
        chunks = list(play(session, replay(camera.network, {"in": rows}, sample=2, steps=50)))
    whole = nd.run(camera, {"in": np.insert(events_of(200, 2), 0, 0, axis=1)}, steps=50)
    same(chunks, whole)


def test_values_are_played_as_their_encoder_shows_them():
    network = network_of(
        [nd.Population(name="cells", shape=3, neuron=NEURON)],
        [nd.dense("in", "cells", np.full((3, 5), 80))],
        inputs=(nd.Input(name="in", shape=5, encoder="poisson"),),
        steps_per_sample=40,
    )
    program, values = nd.compile(network, "loihi1"), {"in": np.full((1, 5), 0.5)}
    with open_session(program, seed=7) as session:
        chunks = list(play(session, replay(network, values, seed=7)))
    same(chunks, nd.run(program, values, seed=7))


def test_a_recording_keeps_its_pace(camera):
    source = replay(camera.network, {"in": [[0, 0, 0, 0, 0]]}, steps=25, batch_steps=10, speed=2)
    now, pauses = [100.0], []

    def pause(seconds):
        pauses.append(seconds)
        now[0] += seconds

    batches = source.batches(lambda: now[0], pause)
    assert [next(batches).until for _ in range(2)] == [10, 20]
    now[0] += 1.0  # whoever takes the batches is late
    assert [batch.until for batch in batches] == [25]
    assert pauses == pytest.approx([0.005, 0.005])


def test_without_the_end_the_drain_is_left_out(camera):
    with open_session(camera) as session:
        chunks = list(play(session, [Batch({"in": np.array([[3, 1], [5, 2]])})], finish=False))
        assert [(chunk.first_step, chunk.last_step) for chunk in chunks] == [(1, 4)]
        assert session.advance(9).first_step == 5


def test_a_path_is_a_source(camera, tmp_path):
    np.savez(tmp_path / "events.npz", **{"in": np.insert(events_of(300), 0, 0, axis=1)})
    with nd.stream(camera) as session:
        chunks = list(nd.play(session, tmp_path / "events.npz"))
    same(chunks, nd.run(camera, tmp_path / "events.npz"))


def test_public_names_take_programs(camera):
    source = nd.replay(camera, {"in": [[0, 0, 0, 0, 0]]}, steps=4)
    with nd.stream(camera) as session:
        assert list(nd.play(session, source))[-1].last_step > 4
    for wrong in ((None, source), (camera, source), (session, 5)):
        with pytest.raises(DiagnosticError, match="ND002"):
            nd.play(*wrong)
    with pytest.raises(DiagnosticError, match="ND002"):
        nd.replay("camera", {})


@pytest.mark.parametrize(
    ("choices", "code"),
    [
        ({"sample": 1}, "ND938"),
        ({"sample": -1}, "ND002"),
        ({"sample": True}, "ND002"),
        ({"batch_steps": 0}, "ND002"),
        ({"speed": 0}, "ND002"),
        ({"speed": float("nan")}, "ND002"),
        ({"steps": 0}, "ND511"),
    ],
)
def test_wrong_arguments_are_findings(camera, choices, code):
    with pytest.raises(DiagnosticError) as error:
        replay(camera.network, {"in": [[0, 0, 0, 0, 0]]}, **choices)
    assert {item.code for item in error.value.diagnostics} == {code}


def test_currents_are_no_events():
    network = network_of(
        [nd.Population(name="cells", shape=1, neuron=NEURON)],
        [nd.dense("in", "cells", [[1]])],
        inputs=(nd.Input(name="in", shape=1, encoder="current"),),
    )
    with pytest.raises(DiagnosticError, match="ND938"):
        replay(network, {"in": np.ones((1, 4, 1))})
