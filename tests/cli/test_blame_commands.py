"""`convert` and `blame` print what nd.study and nd.blame return, on terminals of 80 columns and as JSON."""

from __future__ import annotations

import json

import numpy as np
import pytest
from factories import leave
from small_conversions import make

import neurodeploy as nd
from neurodeploy.importers import trained as doors
from neurodeploy.trained.network import Read


def read_made(path):
    """The trained network that stands for every .onnx file here."""
    return Read(network=make(seed=2, n=40).trained)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with samples, a converted network, and a model whose reader needs no other package."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(doors, "DOORS", (doors.Door("a model", f"{__name__}:read_made", (".onnx",)),))
    one = make(seed=2, n=40, steps=8)
    nd.save(one.network, "net.nd.json")
    np.savez("samples.npz", x=one.x, labels=one.y)
    (tmp_path / "model.onnx").touch()
    return one


def printed(words, capsys):
    status = leave(words.split(), prog_name="neurodeploy")
    return status, capsys.readouterr()


def test_blame_of_a_saved_conversion(folder, capsys):
    status, out = printed("blame net.nd.json --stimulus samples.npz --json", capsys)
    wanted = nd.blame(folder.network, folder.x, folder.y)
    document = json.loads(out.out)
    assert document["blame"] == wanted.model_dump(mode="json", exclude={"findings"})
    assert [item["code"] for item in document["findings"]] == [item.code for item in wanted.findings]
    status, out = printed("blame net.nd.json --stimulus samples.npz --steps 4", capsys)
    lines = out.out.splitlines()
    assert status == 0
    assert lines[0] == "evaluated on 40 samples of samples.npz"
    assert lines[1].startswith("at 4 steps on loihi1: accuracy 100.00% -> ")
    assert max(map(len, lines)) <= 80


def test_blame_of_a_trained_network_converts_it(folder, capsys):
    status, out = printed(
        "blame model.onnx --calibrate samples.npz --steps 8 --percentile 99 --ranges layer --json", capsys
    )
    conversion = nd.convert("model.onnx", calibration="samples.npz", steps=8, percentile=99, ranges="layer")
    wanted = nd.blame(conversion, "samples.npz")
    document = json.loads(out.out)
    assert status == 0
    assert document["blame"] == wanted.model_dump(mode="json", exclude={"findings"})
    assert document["evaluated_on"] == "the 40 calibration samples themselves; --evaluate FILE gives others"


def test_convert_prints_what_the_api_returns(folder, capsys):
    words = "convert model.onnx --calibrate samples.npz --evaluate samples.npz --steps 8 --percentile 99 --ranges layer"
    status, out = printed(f"{words} -o out.nd.json --json", capsys)
    conversion = nd.convert("model.onnx", calibration="samples.npz", steps=8, percentile=99, ranges="layer")
    document = json.loads(out.out)
    assert status == 0
    assert nd.load("out.nd.json") == conversion.network
    study, blame = nd.study(conversion, "samples.npz"), nd.blame(conversion, "samples.npz")
    assert document["study"] == study.model_dump(mode="json", exclude={"findings"})
    assert document["blame"] == blame.model_dump(mode="json", exclude={"findings"})
    status, out = printed(f"{words} -o out.nd.json", capsys)
    lines = out.out.splitlines()
    assert max(map(len, lines)) <= 80
    heads = (
        "layers at 8 steps",
        "accuracy by steps on loihi1",
        "blame by layer",
        "rates, in spikes",
        "ledger: ",
        "written: ",
    )
    assert [next(line for line in lines if line.startswith(head)) for head in heads]
    status, out = printed(f"{words} -o out.nd.json --no-study --json", capsys)
    assert "study" not in json.loads(out.out)


def test_a_conversion_that_does_not_fit_is_written_with_the_findings(folder, capsys, tmp_path):
    words = "convert model.onnx --calibrate samples.npz --steps 8 --percentile 99 --ranges layer --target tiny -o out.nd.json --json"
    status, out = printed(words, capsys)
    document = json.loads(out.out)
    assert (tmp_path / "out.nd.json").exists()
    assert status == 1
    assert "study" not in document
    assert {"ND302", "ND308"} <= {item["code"] for item in document["findings"]}, "the findings of the compilation"


@pytest.mark.parametrize(
    ("words", "options"),
    [
        ("convert model.onnx out.nd.json --calibrate samples.npz --lossy reset --dt 1e-3", ["--dt", "--lossy"]),
        (
            "convert net.nd.json out.nir --calibrate samples.npz --steps 4 --no-study",
            ["--calibrate", "--no-study", "--steps"],
        ),
        (
            "blame net.nd.json --stimulus samples.npz --calibrate samples.npz --ranges layer",
            ["--calibrate", "--ranges"],
        ),
    ],
)
def test_options_of_another_kind_of_model_are_findings(folder, capsys, words, options):
    status, out = printed(f"{words} --json", capsys)
    found = json.loads(out.out)["findings"]
    assert status == 2
    assert [item["code"] for item in found] == ["ND869"] * len(options)
    assert sorted(item["subject"]["name"] for item in found) == options


def test_blame_needs_samples(folder, capsys):
    status, out = printed("blame net.nd.json --json", capsys)
    assert status == 2
    assert [item["code"] for item in json.loads(out.out)["findings"]] == ["ND702"]
