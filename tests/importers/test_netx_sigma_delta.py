"""Sigma-delta netx files against lava's equations, written out here, and against states that lava-dl recorded."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
from netx_files import OPTIONS, file_of

import neurodeploy as nd
from neurodeploy.importers import load
from neurodeploy.network import Conv2d, Current, Delta, Membrane, Sigma, SigmaDelta

UNIT = {"type": "SDNN", "activation": "relu", "vThMant": 6}
RELEASE = "lava_dl-0.6.0-py3-none-any.whl"
RECORDED = "tests/lava/lib/dl/netx/gts/pilotnet_sdnn/"


def encoder(*shape, **fields):
    return {"type": "input", "shape": np.array(shape), "neuron": UNIT, **fields}


def dense(weights, **fields):
    weights = np.asarray(weights, dtype=np.float32)
    layer = {"type": "dense", "shape": np.array([len(weights)]), "weight": weights, "neuron": UNIT, **fields}
    return {key: value for key, value in layer.items() if value is not None}


def random_file(path, seed, step=2, reach=50):
    """Two channels of 5 x 4, a convolution, and a dense sigma decoder; weights are multiples of `step`."""
    rng = np.random.default_rng(seed)
    even = lambda *shape: float(step) * rng.integers(-reach, reach, shape)  # noqa: E731
    kernel = {
        "type": "conv",
        "shape": np.array([3, 2, 3]),
        "weight": even(3, 2, 3, 2),
        "bias": even(3),
        "neuron": {**UNIT, "vThMant": int(rng.integers(0, 9))},
        "stride": np.array([2, 1]),
        "padding": np.array([0, 0]),
        "dilation": np.array([1, 1]),
        "groups": 1,
    }
    hidden = dense(even(6, 18), bias=even(6))
    last = dense(even(4, 6), neuron={**UNIT, "sigma_output": True})
    first = encoder(2, 5, 4, neuron={**UNIT, "vThMant": int(rng.integers(0, 9))})
    return file_of(path, first, kernel, {"type": "flatten", "shape": np.array([18, 1, 1])}, hidden, last)


# --- lava's layers, from the equations of its documentation; netx gives sent values 6 fractional bits and states 12


class Slow:
    """One layer of a file with lava's equations."""

    def __init__(self, group):
        self.kind = np.ravel(group["type"][()])[0].decode()
        self.shape = tuple(int(n) for n in group["shape"][()])
        self.threshold = int(group["neuron/vThMant"][()]) << 12
        self.sums = "sigma_output" in group["neuron"]
        self.sigma, self.act, self.residue = (np.zeros(self.shape, dtype=np.int64) for _ in range(3))
        self.bias = np.zeros(1, dtype=np.int64)
        if self.kind != "input":
            self.weights = group["weight"][()].astype(float)  # sums stay below 2**53, where floats are exact
            if "bias" in group:
                self.bias = group["bias"][()].astype(np.int64).reshape(-1, *(1,) * (len(self.shape) - 1)) << 12
        if self.kind == "conv":
            self.weights = self.weights.reshape(self.weights.shape[:4])
            self.stride, self.padding = ([int(n) for n in group[key][()]] for key in ("stride", "padding"))

    def dense_sums(self, values):
        return self.weights @ values.ravel()

    def kernel_sums(self, values):
        values = np.pad(values, ((0, 0), (self.padding[0],) * 2, (self.padding[1],) * 2))
        out, (_, rows, columns), (down, right) = np.zeros(self.shape), self.shape, self.stride
        for i, j in np.ndindex(self.weights.shape[2:]):
            part = values[:, i::down, j::right][:, :rows, :columns]
            out += np.tensordot(self.weights[:, :, i, j], part, 1)
        return out

    def step(self, given):
        """What the layer sends in a step in which `given` arrives."""
        if self.kind == "input":
            act = given << 12
        else:
            sums = self.kernel_sums if self.kind == "conv" else self.dense_sums
            arrived = sums(given.astype(float)).astype(np.int64)
            self.sigma = self.sigma + arrived
            act = np.maximum(self.sigma + self.bias, 0)
        if self.sums:
            return self.sigma
        change = act - self.act + self.residue
        sent = np.where(abs(change) >= self.threshold, change, 0)
        self.act, self.residue = act, change - sent
        return sent >> 6


def slow_layers(path):
    with h5py.File(path) as file:
        groups = [file[f"layer/{number}"] for number in range(len(file["layer"]))]
        return [Slow(group) for group in groups if np.ravel(group["type"][()])[0] != b"flatten"]


def slow_run(path, frames):
    """Values sent by each layer, (steps, size), and its sums, if the frames (steps, *shape) arrive without latency."""
    layers, sent, sums = slow_layers(path), [], []
    before = [np.zeros(layer.shape, dtype=np.int64) for layer in layers]
    for frame in frames:
        before = [layer.step(given) for layer, given in zip(layers, [frame, *before], strict=False)]
        sent.append(before)
        sums.append([layer.sigma for layer in layers])
    columns = lambda rows: [np.stack([row[n].ravel() for row in rows]) for n in range(len(layers))]  # noqa: E731
    return columns(sent), columns(sums)


def later(frames):
    """The frames as they reach the encoders: an input takes one step."""
    return np.concatenate([np.zeros_like(frames[:1]), frames])


def drifting(seed, steps, *shape):
    """Frames of values of a slowly changing image, so that some changes are below the threshold."""
    rng = np.random.default_rng(seed)
    first = rng.integers(-64, 65, (1, *shape))
    return np.clip(first + np.cumsum(rng.integers(-5, 6, (steps, *shape)), axis=0), -128, 127)


def sent_by(recording, population, steps):
    """Graded spikes as (steps, size) values."""
    found = np.zeros((steps, population.size), dtype=np.int64)
    rows = recording.spikes[population.name]
    found[rows[:, 1] - 1, rows[:, 2]] = recording.payloads[population.name]
    return found


def assert_runs_as_slow(path, frames, **options):
    """Run a file on the emulator; every graded spike of every layer is that of the equations. Returns the recording."""
    network = load(path, OPTIONS).network
    steps = len(frames) + 1
    program = nd.compile(network, "loihi2", **options)
    recording = nd.run(program, frames[None].astype(float), until=steps)
    sent, sums = slow_run(path, later(frames))
    assert len(sent) == len(network.populations)
    for population, values in zip(network.populations, sent, strict=True):
        assert np.array_equal(sent_by(recording, population, steps), values), population.name
    if isinstance(network.populations[-1].neuron, Sigma):
        assert np.array_equal(recording.states["output.v"][0], sums[-1])
        assert nd.answers(program, recording).tolist() == [sums[-1][-1].argmax()]
    return recording


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("seed", range(4))
def test_a_network_of_all_layers_sends_what_the_equations_say(tmp_path, seed):
    path = random_file(tmp_path / "a.net", seed)
    assert_runs_as_slow(path, drifting(seed, 25, 2, 5, 4))


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize(("step", "reach"), [(1, 60), (1, 200), (1, 900), (8, 90)])
def test_weights_that_no_single_format_holds_give_the_same_sums(tmp_path, step, reach):
    path = random_file(tmp_path / "a.net", 8, step, reach)
    assert_runs_as_slow(path, drifting(8, 12, 2, 5, 4))


@pytest.mark.usefixtures("engine")
def test_delays_of_a_dense_layer_delay_its_sums(tmp_path):
    late = np.array([0.0, 3.0])
    unit, delayed = dense([[2, 4], [6, -8]], bias=[3.0, 9.0]), dense([[2, 4], [6, -8]], bias=[3.0, 9.0], delay=late)
    plain, other = (
        load(file_of(tmp_path / f"{n}.net", encoder(2), layer), OPTIONS) for n, layer in enumerate((unit, delayed))
    )
    frames = drifting(1, 30, 2)
    found = [
        nd.run(nd.compile(item.network, "loihi2"), frames[None].astype(float), until=31) for item in (plain, other)
    ]
    slow, again = (Slow(h5py.File(tmp_path / "0.net")["layer/1"]) for _ in range(2))
    changes = sent_by(found[0], plain.network.populations[0], 31)
    before = np.concatenate([np.zeros((4, 2), dtype=np.int64), changes])
    want = [(slow.step(before[k + 3])[0], again.step(before[k])[1]) for k in range(31)]
    assert np.array_equal(sent_by(found[1], other.network.populations[1], 31), want)


def test_layers_become_the_kinds_of_netx(tmp_path):
    imported = load(random_file(tmp_path / "a.net", 1), OPTIONS)
    first, kernel, hidden, last = (item.neuron for item in imported.network.populations)
    assert isinstance(first, Delta)
    assert isinstance(kernel, SigmaDelta)
    assert isinstance(hidden, SigmaDelta)
    assert isinstance(last, Sigma)
    for neuron in (first, kernel, hidden):
        assert (neuron.spike_exp, neuron.state_exp) == (6, 6)
    with h5py.File(tmp_path / "a.net") as file:
        assert kernel.bias.tolist() == np.repeat(file["layer/1/bias"][()], 6).tolist()
        assert hidden.bias.tolist() == file["layer/3/bias"][()].tolist()
    assert isinstance(imported.network.inputs[0].encoder, Current)
    assert isinstance(imported.network.outputs[0].decoder, Membrane)
    assert not imported.findings
    lines = {(str(line.subject), line.quantity): (line.asked, line.got) for line in imported.ledger}
    assert lines["layer '0'", "input of the encoders"] == ("64 * x + 0", "a value for each neuron and step")
    assert lines["import", "message bits of SDNN"] == ("16 (default of netx)", "not limited")
    assert lines["import", "latency of the input"] == ("0 steps in netx", "1 step")
    assert lines["import", "cumulative error of SDNN"] == ("not in the file", "off")
    assert lines["import", "output"] == ("not in the file", "the sum u of the last layer")
    assert all(line.level == "assumed" for line in imported.ledger)


def test_what_netx_ignores_is_in_the_ledger(tmp_path):
    odd = {"type": "SDNN", "vThMant": 6, "messageBits": 24, "weight_exp": 3}
    last = dense([[2, 4]], neuron={**UNIT, "sigma_output": False})
    path = file_of(
        tmp_path / "a.net", encoder(2, weight=[[32.0]], bias=[4.0]), dense([[2, 4], [6, 8]], neuron=odd), last
    )
    imported = load(path, OPTIONS)
    lines = {(str(line.subject), line.quantity): (line.asked, line.got) for line in imported.ledger}
    assert lines["layer '0'", "input of the encoders"][0] == "32 * x + 4"
    assert lines["layer '1'", "activation"] == ("not in the file", "relu")
    assert lines["layer '1'", "weight_exp"] == ("in the file", "ignored")
    assert lines["layer '2'", "sigma_output"] == ("false", "a sigma decoder")
    assert lines["import", "message bits of SDNN"] == ("16, 24 (stated)", "not limited")


def messages(path):
    with pytest.raises(nd.DiagnosticError) as caught:
        load(path, OPTIONS)
    return [(item.code, item.message) for item in caught.value.diagnostics]


def test_all_faults_of_a_file_are_reported_at_once(tmp_path):
    path = file_of(
        tmp_path / "a.net",
        encoder(2, neuron={**UNIT, "sigma_output": True}),
        dense([[2, 4], [6, 8]], neuron={**UNIT, "activation": "tanh", "messageBits": 40}),
        dense([[2, 4], [6, 8]], neuron={"type": "SDNN", "messageBits": 0}),
        dense([[2, 4], [6, 8]], neuron={**UNIT, "vThMant": -1}, bias=[1.0, 2.0, 3.0]),
        dense([[2, 4]], neuron={**UNIT, "sigma_output": True}, bias=[2.0]),
        {"type": "average", "shape": np.array([1])},
    )
    assert messages(path) == [
        ("ND057", "layer 0 (input) has sigma_output, but an input layer encodes changes"),
        ("ND057", "layer 1 (dense) has the activation 'tanh'; netx would run relu instead"),
        ("ND057", "layer 1 (dense) has more messageBits than a graded spike carries"),
        ("ND057", "layer 2 (dense) has messageBits 0, with which netx sends no values"),
        ("ND052", "layer 2 (dense) lacks neuron/vThMant"),
        ("ND053", "layer 3 (dense) has 3 biases for 2 neurons; needs one for all or one for each"),
        ("ND053", "layer 3 (dense): field 'neuron/vThMant' is -1; needs 0 to 2147483647"),
        ("ND057", "layer 4 (dense) has a bias, but neurons with sigma_output have none"),
    ]


def test_an_average_after_graded_spikes_is_refused(tmp_path):
    path = file_of(tmp_path / "a.net", encoder(2), dense([[2, 4], [6, 8]]), {"type": "average", "shape": np.array([1])})
    assert messages(path) == [("ND057", "layer 2 (average) averages graded spikes")]


def test_a_fault_is_reported_once(tmp_path):
    neuron = {**UNIT, "messageBits": -5, "activation": 3.0}
    path = file_of(tmp_path / "a.net", encoder(2), dense([[2, 4], [6, 8]]), dense([[2, 4]], neuron=neuron))
    assert messages(path) == [
        ("ND053", "layer 2 (dense): field 'neuron/activation' contains numbers, not text"),
        ("ND053", "layer 2 (dense): field 'neuron/messageBits' is -5; needs 0 to 2147483647"),
    ]


def test_sums_and_plain_spikes_in_front_of_a_sigma_delta_layer_are_warnings(tmp_path):
    cuba = {"type": "CUBA", "iDecay": 4096, "vDecay": 128, "vThMant": 80}
    middle = dense([[2, 4], [6, 8]], neuron={**UNIT, "sigma_output": True})
    path = file_of(tmp_path / "a.net", dense([[2, 4], [6, 8]], neuron=cuba), middle, dense([[2, 4]]))
    plain, sums = load(path, OPTIONS).findings
    assert (plain.code, sums.code) == ("ND058", "ND058")
    assert plain.message == "layer0 sends plain spikes, each of which layer1 adds up as the change 1 / 64"
    assert sums.message == "layer1 sends its whole sum in every step, not changes, and layer2 adds these sums up"


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("shaped", [True, False])
def test_without_an_encoder_the_host_gives_the_changes(tmp_path, shaped):
    layer = dense([[2, 4], [6, -8]], bias=[3.0, 9.0])
    first = ({"type": "input", "shape": np.array([2])},) if shaped else ()
    imported = load(file_of(tmp_path / "a.net", *first, layer), OPTIONS)
    assert isinstance(imported.network.inputs[0].encoder, Current)
    assert any(line.quantity == "stimulus" for line in imported.ledger)
    changes = np.array([[64 * 64, 0], [0, 640], [-64 * 64, -640]])
    recording = nd.run(nd.compile(imported.network, "loihi2"), changes[None].astype(float), until=4)
    slow = Slow(h5py.File(tmp_path / "a.net")[f"layer/{int(shaped)}"])
    want = np.stack([slow.step(given) for given in later(changes)])
    assert np.array_equal(sent_by(recording, imported.network.populations[0], 4), want)


# --- public files


@pytest.fixture(scope="module")
def public(reference_data):
    folder = reference_data / "real_inputs/public_files"
    if not folder.is_dir():
        pytest.skip(f"'{folder}' is missing and cannot be had: it holds network files of other projects")
    return folder


def test_the_noise_suppression_network_sends_what_the_equations_say(public):
    recording = assert_runs_as_slow(public / "ndns_nodelay.net", drifting(5, 40, 257))
    assert [len(recording.payloads[f"layer{n}"]) > 100 for n in range(4)] == [True] * 4
    saturated = {str(item.subject) for item in recording.findings if item.code == "ND534"}
    assert saturated == {"population 'layer1'", "population 'layer2'"}, "a sigma decoder sends its sum in every step"


@pytest.mark.slow
def test_pilotnet_takes_image_frames_and_sends_what_the_equations_say(public):
    recording = assert_runs_as_slow(public / "pilotnet_sdnn_tut.net", drifting(6, 9, 3, 66, 200))
    assert recording.states["output.v"].shape == (1, 10, 1)


def test_a_network_of_a_million_neurons_loads_with_its_kernels_and_is_refused_for_its_size(public):
    network = load(public / "model_heatmaps.net", OPTIONS).network
    assert [item.size for item in network.populations] == [89_440, 715_520, 268_320]
    assert all(isinstance(item.operation, Conv2d) for item in network.projections[1:])
    with pytest.raises(nd.DiagnosticError) as caught:
        nd.compile(network, "loihi2", fixes=False)
    (refusal,) = (item for item in caught.value.diagnostics if item.severity == "error")
    assert (refusal.code, refusal.found, refusal.limit) == ("ND401", 263, 128)


def test_its_kernels_send_what_the_equations_say_on_a_part_of_the_image(public, tmp_path):
    path = tmp_path / "part.net"
    path.write_bytes((public / "model_heatmaps.net").read_bytes())
    with h5py.File(path, "r+") as file:
        for number in range(3):
            file[f"layer/{number}/shape"][1:] = (20, 26)
    assert_runs_as_slow(path, drifting(7, 6, 1, 20, 26))


# --- states that lava-dl recorded, which its release carries


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    """The release of lava-dl, a zip file that is read and never imported."""
    given = os.environ.get("NEURODEPLOY_DATA")
    folder = Path(given) / "releases" if given else tmp_path_factory.mktemp("releases")
    if not (folder / RELEASE).is_file():
        words = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--python-version",
            "3.10",
            "lava-dl==0.6.0",
        ]
        told = subprocess.run([*words, "--dest", str(folder)], capture_output=True, text=True, check=False)
        if told.returncode:
            pytest.skip(f"recorded states of lava-dl 0.6.0 are missing and cannot be had: {told.stderr[-300:]}")
    with zipfile.ZipFile(folder / RELEASE) as file:
        yield file


def recorded(release, name):
    return np.load(io.BytesIO(release.read(f"{RECORDED}{name}.npy")))


def rows_of(states):
    """(steps, size) rows of states (width, height, channels, steps)."""
    return np.moveaxis(states, -1, 0).transpose(0, 3, 2, 1).reshape(states.shape[-1], -1).astype(np.int64)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("network", "states"),
    [
        ("network", {"act0": 0, "sigma1": 1, "sigma2": 2}),
        ("square_network", {"sigma1_square": 1, "sigma2_square": 2, "sigma3_square": 3, "sigma4_square": 4}),
    ],
)
def test_pilotnet_has_the_states_that_lava_dl_recorded(release, tmp_path, network, states):
    path = tmp_path / "recorded.net"
    path.write_bytes(release.read(f"{RECORDED}{network}.net"))
    image = recorded(release, "input")[..., 0].transpose(2, 1, 0)
    with h5py.File(path) as file:
        _, height, width = file["layer/0/shape"][()]
    frames = np.stack([image[:, :height, :width]] * 20)
    made = load(path, OPTIONS).network
    probes = [f"{made.populations[n].name}.u" for name, n in states.items() if name != "act0"]
    program = nd.compile(made, "loihi2", fixes=False)
    recording = nd.run(program, frames[None].astype(float), until=21, probes=probes)
    sent, sums = slow_run(path, frames)
    for name, n in states.items():
        rows = rows_of(recorded(release, name))
        if name == "act0":
            assert np.array_equal(sent[n], rows)
            assert np.array_equal(sent_by(recording, made.populations[n], 21)[1:], rows)
            continue
        assert np.array_equal(sums[n], rows)
        # here biases are a step ahead of the input, so that layer n has recorded sums from its step n on
        u = recording.states[f"{made.populations[n].name}.u"][0][1:]
        assert np.array_equal(u[n - 1 :], rows[n - 1 :])


@pytest.mark.slow
def test_pilotnet_has_the_output_that_lava_dl_recorded(release, tmp_path):
    path = tmp_path / "recorded.net"
    path.write_bytes(release.read(f"{RECORDED}network.net"))
    image = recorded(release, "input")[..., 0].transpose(2, 1, 0)
    frames = np.stack([image, *[np.zeros_like(image)] * 8])
    assert np.array_equal(slow_run(path, frames)[0][-1].ravel(), recorded(release, "output").ravel())
    assert_runs_as_slow(path, frames, fixes=False)
