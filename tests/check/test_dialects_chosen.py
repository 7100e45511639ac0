"""A dialect chosen instead of the target's own: the program computes in it, and every output names it."""

from __future__ import annotations

import json

import numpy as np
import pytest
from factories import pair_network

import neurodeploy as nd
from neurodeploy.hardware import dialect_names, load_target, on_dialect
from neurodeploy.program import load_program


def network(delay=0, refractory=0):
    neuron = nd.If(v_threshold=1.0, refractory_steps=refractory)
    return pair_network(neuron, scale=-2.0, output=None, projection="wires", delay_steps=delay, probes=("v",))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    nd.save(network(), "pair.nd.json")
    np.savez("pair.stimulus.npz", lines=np.ones((1, 60, 2), dtype=np.uint8))
    return tmp_path


CHECK = ("check", "pair.nd.json", "-t", "loihi1")


def test_the_dialect_stands_in_the_report_the_document_the_ledger_and_the_program(folder, call):
    told = "nengo, chosen instead of 'loihi1', which loihi1.toml names"
    status, out, _ = call("compile", *CHECK[1:], "--dialect", "nengo", "-o", "pair.ndp", "--ledger")
    assert status == 0
    assert f"dialect: {told}" in " ".join(out.split())
    document = json.loads(call(*CHECK, "--dialect", "nengo", "--json")[1])
    assert document["dialects"]["dialect"] == "nengo"
    (line,) = [line for line in document["ledger"] if line["quantity"] == "dialect"]
    assert (line["subject"]["name"], line["got"]) == ("loihi1", "nengo")
    program = load_program("pair.ndp")
    assert program.target.dialect.name == "nengo"
    assert [item.quantity for item in program.ledger][:1] == ["dialect"]
    run = ("run", "pair.nd.json", "-t", "loihi1", "--dialect", "nengo", "--no-reference")
    assert call(*run)[1].startswith("dialect: nengo")
    assert json.loads(call(*run, "--json")[1])["dialect"] == "nengo"


def test_the_targets_own_dialect_changes_nothing(folder, call):
    plain, own = (json.loads(call(*CHECK, *more, "--json")[1]) for more in ((), ("--dialect", "loihi1")))
    assert own["digest"] == plain["digest"]
    assert not [line for line in own["ledger"] if line["quantity"] == "dialect"]


def test_python_gives_the_same_program(folder, call):
    digest = json.loads(call(*CHECK, "--dialect", "loihi2", "--json")[1])["digest"]
    assert nd.compile(network(), "loihi1", dialect="loihi2").digest() == digest
    assert nd.compile(network(), on_dialect(load_target("loihi1"), "loihi2")).digest() == digest


def test_the_emulator_computes_in_it(folder, call):
    """Brian2Loihi has no lower limit of v; the others keep v above a register's."""
    samples = {"lines": np.ones((1, 70_000, 2), dtype=np.uint8)}  # of 128 each: below -2**23
    lowest = {}
    for name in ("nengo", "brian2loihi"):
        recording = nd.run(nd.compile(network(), "loihi1", dialect=name), samples)
        lowest[name] = int(recording.states["v"].min())
    assert lowest["brian2loihi"] < lowest["nengo"] < 0


@pytest.mark.parametrize(
    ("dialect", "change", "code", "told"),
    [
        ("nengo", {"delay": 3}, "ND211", "dialect nengo delay_steps_max"),
        ("loihi2", {"refractory": 3}, "ND210", "dialect loihi2 refractory_delay_max"),
    ],
)
def test_what_a_dialect_lacks_is_refused_with_its_source(folder, call, dialect, change, code, told):
    nd.save(network(**change), "other.nd.json")
    check = ("check", "other.nd.json", "-t", "loihi1")
    assert call(*check)[0] == 0
    status, _, err = call(*check, "--dialect", dialect)
    assert status == 1
    assert f"error[{code}]" in err
    assert told in " ".join(err.split())


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        ((*CHECK, "--dialect", "nengoo"), "ND022", "did you mean 'nengo'?"),
        (("check", "pair.nd.json", "-t", "xylo_audio2", "--dialect", "nengo"), "ND703", "which has no dialect"),
        (("check", "--shapes", "net.toml", "-t", "loihi1", "--dialect", "nengo"), "ND703", "which have no arithmetic"),
        (("check", "pair.ndp", "--dialect", "nengo"), "ND703", "--dialect nengo (the program has loihi1)"),
        (("compile", "pair.ndp", "-O", "2", "-o", "b.ndp"), "ND703", "-O (the program is placed)"),
        (("profile", "pair.ndp", "run.ndr", "--steps", "3"), "ND703", "contradicts --steps"),
        (("compare", "run.ndr", "run.ndr", "-b", "emulator"), "ND703", "contradicts --backend"),
        (("compare", "pair.ndp", "-b", "emulator", "--program", "pair.ndp"), "ND703", "applies to two recordings"),
    ],
    ids=lambda item: " ".join(item) if isinstance(item, tuple) else item,
)
def test_an_option_that_says_nothing_there_is_refused(folder, call, words, code, told):
    (folder / "net.toml").write_text('name = "x"\ninput = [1]\n')
    assert call("compile", *CHECK[1:], "-o", "pair.ndp")[0] == 0
    assert call("run", "pair.ndp", "--stimulus", "pair.stimulus.npz", "--no-reference", "-o", "run.ndr")[0] == 0
    status, _, err = call(*words)
    assert status in (1, 2)
    assert f"error[{code}]" in err
    assert told in " ".join(err.split())


def test_every_dialect_that_is_installed_can_be_chosen(folder, call):
    for name in dialect_names():
        assert call(*CHECK, "--dialect", name)[0] == 0, name
