"""A trained network, converted and run by the commands."""

from __future__ import annotations

import numpy as np
import pytest
from factories import leave
from onnx_models import model, node


@pytest.fixture
def files(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    weights = {"w1": rng.normal(size=(9, 20)) / 3, "b1": rng.normal(size=20), "w2": rng.normal(size=(20, 4)) / 4}
    nodes = [node("Gemm", "x w1 b1", "c1", "hidden"), node("Relu", "c1", "r1"), node("MatMul", "r1 w2", "y", "scores")]
    constants = {name: array.astype(np.float32) for name, array in weights.items()}
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.onnx").write_bytes(model(nodes, {"x": (1, 9)}, constants=constants).SerializeToString())
    x = rng.normal(size=(60, 9)).astype(np.float32)
    answers = (np.maximum(x @ weights["w1"] + weights["b1"], 0) @ weights["w2"]).argmax(axis=1)
    np.savez("train.npz", x=x, y=answers)
    return tmp_path


def test_a_network_for_loihi2_is_run_without_a_float_form(files, capsys):
    given = ["net.onnx", "--calibrate", "train.npz", "--target", "loihi2", "--activation-bits", "10"]
    assert leave(["convert", *given, "--no-study", "-o", "net.nd.json"]) == 0
    assert "sigma_delta" in capsys.readouterr().out
    assert leave(["run", "net.nd.json", "--stimulus", "train.npz", "--target", "loihi2"]) == 0
    said = capsys.readouterr()
    assert "60 samples of 4 steps" in said.out
    accuracy = float(said.out.split("accuracy ")[1].split("%")[0])
    assert accuracy > 90
    assert "ND603" not in said.out + said.err, "the output is read by its voltage and need not spike"
