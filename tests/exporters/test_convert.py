"""`neurodeploy convert`, nd.convert and nd.save to .nir."""

from __future__ import annotations

import json

import numpy as np
import pytest
from factories import one_layer

import neurodeploy as nd


def network(**neuron):
    return one_layer(nd.Lif(tau_m_s=0.02, v_threshold=1.0, **neuron), np.eye(2), output="out")


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    nd.save(network(), "net.nd.json")
    nd.save(network(reset="subtract", refractory_steps=2), "hard.nd.json")
    return tmp_path


def test_there_and_back(here, call):
    status, out, err = call("convert", "net.nd.json", "net.nir")
    assert (status, err) == (0, "")
    assert out.startswith("written: net.nir\nledger: ")
    assert call("convert", "net.nir", "-o", "again.nd.json")[0] == 0
    assert nd.load("again.nd.json") == network()


def test_losses_are_refused_at_once_and_named(here, call):
    status, out, err = call("convert", "hard.nd.json", "net.nir")
    assert (status, out) == (1, "")
    assert "reset: subtract of population 'cells'; refractory: 2 steps of population 'cells'" in err
    assert "--lossy reset,refractory" in err
    assert not (here / "net.nir").exists()
    status, _, err = call("convert", "hard.nd.json", "net.nir", "--lossy", "reset")
    assert status == 1
    assert "reset: " not in err
    assert "--lossy reset,refractory" in err


@pytest.mark.parametrize("words", [["--lossy", "reset,refractory"], ["--lossy", "reset", "--lossy", "refractory"], ["--lossy", "all"]])  # fmt: skip
def test_allowed_losses_are_in_the_ledger(here, call, words):
    status, out, _ = call("convert", "hard.nd.json", "net.nir", *words, "--json")
    document = json.loads(out)
    assert status == 0
    assert document["written"] == "net.nir"
    dropped = {(line["asked"], line["got"]) for line in document["ledger"] if line["level"] == "dropped"}
    assert {("subtract", "v_reset 0"), ("2 steps", "none")} <= dropped
    assert nd.load("net.nir") == nd.load("hard.nd.json")


def test_the_ledger_is_printed(here, call):
    out = call("convert", "net.nd.json", "net.nir", "--ledger")[1]
    assert "dt_s" in out
    assert "dropped" in out


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["net.nd.json", "net.onnx"], "ND077", "has a suffix in which no network is written; supported are .nd.json, .nir"),
        (["net.nd.json", ".nir"], "ND077", "has a suffix"),
        (["net.nd.json", "net.nd.json"], "ND077", "is the model itself"),
        (["net.nd.json", "copy.nd.json"], "ND077", "would be a copy of 'net.nd.json'"),
        (["net.nd.json"], "ND701", "is needed once"),
        (["net.nd.json", "a.nir", "-o", "b.nir"], "ND701", "is needed once"),
        (["net.nd.json", "a.nir", "--lossy", "rest"], "ND701", "'rest' is not a loss"),
        (["net.nd.json", "none/a.nir"], "ND007", "cannot be written: No such file or directory"),
        (["net.nd.json", "a.nir", "--reset", "zero"], "ND054", "specifies the whole network"),
        (["none.nir", "a.nir"], "ND001", "No such file"),
    ],
)  # fmt: skip
def test_usage(here, call, words, code, message):
    before = sorted(item.name for item in here.iterdir())
    status, _, err = call("convert", *words)
    assert status in (1, 2)
    assert f"error[{code}]" in err
    assert message in err
    assert sorted(item.name for item in here.iterdir()) == before


def test_a_failed_write_leaves_the_old_file_whole(here, monkeypatch):
    nd.save(network(), "net.nir")
    before = (here / "net.nir").read_bytes()
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(nd.DiagnosticError, match="No space left on device"):
        nd.save(network(reset="subtract"), "net.nir", lossy="reset")
    assert (here / "net.nir").read_bytes() == before
    assert sorted(item.name for item in here.iterdir() if item.name.endswith("tmp")) == []


def test_from_python(here):
    made = nd.convert(network(reset="subtract"), "net.nir", lossy="reset")
    assert made.network == network(reset="subtract")
    assert made.findings == ()
    assert [line.got for line in made.ledger if line.asked == "subtract"] == ["v_reset 0"]
    program = nd.compile(network(), "loihi1")
    assert nd.convert(program, "program.nir").network == network()
    nd.save(program, "net.ndp")
    assert nd.convert("net.ndp", "from_program.nd.json").network == network()
    for model in (program, "net.ndp", network()):
        with pytest.raises(nd.DiagnosticError, match="leave out --dt"):
            nd.convert(model, "other.nir", nd.ImportOptions(dt_s=1e-3))
    imported = nd.load("net.nir", kind=nd.Imported)
    assert nd.convert(imported, "other.nd.json").ledger == imported.ledger
    with pytest.raises(nd.DiagnosticError, match="ND0"):
        nd.convert(3, "net.nir")


def test_losses_complete(here):
    from neurodeploy.cli.convert_command import _complete_losses

    assert _complete_losses("re") == ["reset", "refractory"]
    assert _complete_losses("reset,fl") == ["reset,floor"]
