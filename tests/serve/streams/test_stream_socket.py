"""Streams over WebSockets: any framing gives the bits of a run, and every option means what it says."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from factories import network_of
from stream_servers import (
    NEURON,
    answer,
    ask,
    camera,
    closed,
    packed,
    rows_of,
    same_spikes,
    serving,
    whole_run,
)

import neurodeploy as nd
from neurodeploy.network import GradedRelu, Noise
from neurodeploy.serve.inference.models import Model, Models

NAMES = ("cells", "out")


@pytest.fixture(scope="module")
def server():
    with serving(camera(), two_eyes(), graded(), noisy()) as running:
        yield running


def two_eyes():
    network = network_of(
        [nd.Population(name="cells", shape=2, neuron=NEURON)],
        [nd.dense("left", "cells", [[90, 40], [10, 80]]), nd.dense("right", "cells", [[60, -20], [30, 90]])],
        inputs=(nd.Input(name="left", shape=2), nd.Input(name="right", shape=2)),
        name="eyes",
    )
    return nd.compile(network, "loihi1")


def graded():
    """Neurons that send values, and a population that sends none."""
    network = network_of(
        [
            nd.Population(name="sums", shape=2, neuron=GradedRelu()),
            nd.Population(name="cells", shape=2, neuron=NEURON),
        ],
        [nd.dense("in", "sums", [[3, 4], [5, -6]]), nd.dense("in", "cells", [[90, 10], [20, 90]])],
        inputs=2,
        name="graded",
    )
    return nd.compile(network, "loihi2")


def noisy():
    """A neuron whose noise depends on the seed."""
    neuron = nd.LoihiCuba(du=1024, dv=256, vth_mant=60, noise=Noise(exponent=9, at="current"))
    network = network_of(
        [nd.Population(name="cells", shape=2, neuron=neuron)],
        [nd.dense("in", "cells", [[60, 40], [20, 60]])],
        inputs=2,
        name="noisy",
    )
    return nd.compile(network, "loihi1")


@pytest.mark.parametrize("seed", range(4))
def test_any_framing_is_the_run(server, seed):
    rng, rows = np.random.default_rng(seed), rows_of(500, seed)
    cuts = np.sort(rng.integers(0, len(rows), rng.integers(0, 12)))
    found = list[np.ndarray]()
    with server.client() as client:
        client.send("{}")
        client.recv()
        for part in np.split(rows, cuts):
            found.append(ask(client, packed(rng.permutation(part)))[0])
            if rng.random() < 0.3 and len(part):
                found.append(ask(client, {"until": int(part[:, 0].max()) - 1})[0])
        spikes, text = ask(client, {"until": 50, "finish": True})
        assert text["finished"]
        assert closed(client) == 1000
    same_spikes(np.concatenate([*found, spikes]), whole_run(camera(), rows, 50), NAMES)


def test_streams_side_by_side_do_not_mix(server):
    """Sixteen clients with rows and divisions of their own, two of which are of another model."""

    def streamed(seed):
        rows, lines = (rows_of(60, seed, 40, 2), "noisy") if seed < 2 else (rows_of(400, seed, 40), "camera")
        with server.client(lines) as client:
            client.send(json.dumps({"seed": seed}))
            client.recv()
            parts = [ask(client, packed(part))[0] for part in np.array_split(rows, 3 + seed)]
            parts.append(ask(client, {"until": 40, "finish": True})[0])
        return rows, np.concatenate(parts)

    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(streamed, range(16)))
    for seed, (rows, spikes) in enumerate(found):
        program, names = (noisy(), ("cells",)) if seed < 2 else (camera(), NAMES)
        same_spikes(spikes, whole_run(program, rows, 40, seed=seed), names)


def test_the_header_says_what_rows_mean(server):
    with server.client() as client:
        client.send('{"record": ["out"], "format": "aer"}')
        header = json.loads(client.recv())
    assert header["model"] == "camera"
    assert header["version"] == camera().digest()[:16]
    assert header["rows"] == {"columns": ["t", "x", "y", "p"], "bits": 32, "unit_s": 1e-6, "step_s": 1e-3}
    assert header["populations"] == [{"index": 0, "name": "out", "size": 3}]
    assert header["spikes"] == {"columns": ["population", "step", "neuron"], "bits": 32}
    assert header["inputs"] == [{"name": "in", "lines": 48, "shape": [2, 4, 6]}]


def test_options_may_be_left_out(server):
    rows = rows_of(200)
    with server.client() as client:
        client.send(packed(rows))
        assert json.loads(client.recv())["step"] == 0
        first, _ = answer(client)
        last, text = ask(client, {"finish": True})
    recording = whole_run(camera(), rows, int(rows[-1, 0]))
    same_spikes(np.concatenate([first, last]), recording, NAMES)
    assert text["step"] == recording.n_steps


def test_the_first_message_may_be_a_command(server):
    with server.client() as client:
        client.send('{"until": 7}')
        client.recv()
        assert answer(client)[1] == {"step": 7, "spikes": 0}


def test_only_recorded_populations_are_sent(server):
    rows = rows_of(300)
    with server.client() as client:
        client.send('{"record": ["out"]}')
        client.recv()
        parts = [ask(client, packed(rows))[0], ask(client, {"until": 50, "finish": True})[0]]
    same_spikes(np.concatenate(parts), whole_run(camera(), rows, 50), ["out"])


def test_pixels_of_a_larger_sensor_are_fitted(server):
    rng = np.random.default_rng(1)
    t, x, y, p = np.sort(rng.integers(0, 100_000, 400)) + 5_000_000_000, *(rng.integers(0, n, 400) for n in (24, 16, 2))
    events = np.stack([t, x, y, p], axis=1)
    request = {"format": "aer", "bits": 64, "time_origin": "first", "events": {"downsample": 4, "window_s": 0.002}}
    with server.client() as client:
        client.send(json.dumps(request))
        assert json.loads(client.recv())["rows"]["step_s"] == 0.002
        parts = [ask(client, packed(part, 64))[0] for part in np.array_split(events, 5)]
        parts.append(ask(client, {"until": 50, "finish": True})[0])
    small = np.stack([(t - t[0]) // 2000 + 1, p * 24 + y // 4 * 6 + x // 4], axis=1)
    same_spikes(np.concatenate(parts), whole_run(camera(), np.unique(small, axis=0), 50), NAMES)


def test_a_text_names_the_input_of_what_follows(server):
    left, right = rows_of(30, 1, 20, 2), rows_of(30, 2, 20, 2)
    with server.client("eyes") as client:
        client.send('{"input": "left"}')
        client.recv()
        parts = list[np.ndarray]()
        for step in range(1, 21):
            for name, rows in (("left", left), ("right", right)):
                ask(client, {"input": name})
                parts.append(ask(client, packed(rows[rows[:, 0] == step]))[0])
        parts.append(ask(client, {"until": 20, "finish": True})[0])
    spikes = {"left": left, "right": right}
    stimulus = nd.Stimulus(
        n_samples=1,
        n_steps=20,
        spikes={name: np.insert(rows, 0, 0, axis=1).astype(np.int32) for name, rows in spikes.items()},
    )
    same_spikes(np.concatenate(parts), nd.run(two_eyes(), stimulus), ["cells"])


def test_values_of_graded_spikes_are_sent(server):
    rows = rows_of(40, 3, 20, 2)
    with server.client("graded") as client:
        client.send("{}")
        header = json.loads(client.recv())
        assert header["spikes"] == {"columns": ["population", "step", "neuron", "value"], "bits": 64}
        client.send(packed(rows))
        client.send('{"until": 20, "finish": true}')
        data = b"".join(item for item in client if isinstance(item, bytes))
    found, recording = np.frombuffer(data, dtype="<i8").reshape(-1, 4), whole_run(graded(), rows, 20)
    same_spikes(found, recording, ["sums", "cells"])
    np.testing.assert_array_equal(found[found[:, 0] == 0][:, 3], recording.payloads["sums"])
    assert not found[found[:, 0] == 1][:, 3].any()


@pytest.mark.parametrize("seed", [0, 12])
def test_the_seed_of_noise_is_chosen(server, seed):
    rows = rows_of(40, 3, 30, 2)
    with server.client("noisy") as client:
        client.send(json.dumps({"seed": seed}))
        client.recv()
        parts = [ask(client, packed(rows))[0], ask(client, {"until": 30, "finish": True})[0]]
    same_spikes(np.concatenate(parts), whole_run(noisy(), rows, 30, seed=seed), ["cells"])


def test_late_rows_may_be_dropped_and_are_counted(server):
    with server.client() as client:
        client.send('{"late": "drop"}')
        client.recv()
        ask(client, {"until": 9})
        assert ask(client, packed([[3, 1], [9, 1], [10, 1], [12, 5]]))[1]["late"] == 2


def test_time_that_has_passed_stays(server):
    with server.client() as client:
        client.send('{"until": 9}')
        client.recv()
        answer(client)
        assert ask(client, {"until": 3})[1]["step"] == 9


def test_empty_messages_run_nothing(server):
    with server.client() as client:
        client.send(b"")
        client.recv()
        assert answer(client)[1] == {"step": 0, "spikes": 0}


def test_a_connection_keeps_its_version(server):
    old, new = server.service.models, camera(4)
    rows = rows_of(300)
    try:
        with server.client() as client:
            client.send("{}")
            client.recv()
            parts = [ask(client, packed(rows[:100]))[0]]
            served = {**old.by_name, "camera": (*old.by_name["camera"], Model("camera", new))}
            server.service.reloader.models = Models(served)
            parts += [ask(client, packed(rows[100:]))[0], ask(client, {"until": 50, "finish": True})[0]]
        same_spikes(np.concatenate(parts), whole_run(camera(), rows, 50), NAMES)
        for version, program in (("", new), (camera().digest()[:16], camera())):
            with server.client(version=version) as client:
                client.send("{}")
                assert json.loads(client.recv())["version"] == program.digest()[:16]
    finally:
        server.service.reloader.models = old
