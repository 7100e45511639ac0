"""Every judging command prints its findings in every format, alone on standard output, with the same status."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import numpy as np
import pytest
from factories import network_of

import neurodeploy as nd

COMMANDS = {
    "check": ("check", "pair.nd.json", "-t", "loihi1"),
    "compile": ("compile", "pair.nd.json", "-t", "loihi1", "-o", "other.ndp"),
    "run": ("run", "pair.nd.json", "-t", "loihi1", "--no-reference"),
    "profile": ("profile", "pair.nd.json", "-t", "loihi1"),
    "profile of a recording": ("profile", "pair.ndp", "run.ndr"),
    "fit": ("fit", "pair.nd.json", "-t", "loihi1"),
    "convert": ("convert", "pair.nd.json", "pair.nir"),
    "compare": ("compare", "run.ndr", "short.ndr"),
    "compare backends": ("compare", "pair.nd.json", "-t", "loihi1", "-b", "emulator"),
    "verify": ("verify", "pair.ndp"),
    "a refusal of run": ("run", "pair.nd.json", "-t", "loihi1", "--budget", "cores<=0", "--no-reference"),
    "a missing stimulus": ("run", "pair.ndp", "--stimulus", "missing.npz"),
    "what does not fit": ("run", "pair.nd.json", "-t", "loihi1", "--weight-bits", "wires=77"),
    "a fault of use": ("profile", "pair.nd.json", "-t", "loihi1", "--steps", "0"),
}
STATUS = {"compare": 1, "a refusal of run": 1, "a missing stimulus": 1, "what does not fit": 1, "a fault of use": 2}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    path = tmp_path_factory.mktemp("formats")
    network = network_of(
        (nd.Population(name="cells", shape=2, neuron=nd.If(v_threshold=1.0)),),
        (nd.dense("lines", "cells", 2 * np.eye(2), name="wires"),),
        inputs=(nd.Input(name="lines", shape=2, encoder="spikes"),),
        name="pair",
    )
    nd.save(network, path / "pair.nd.json")
    samples = np.ones((1, 3, 2), dtype=np.uint8)
    np.savez(path / "pair.stimulus.npz", lines=samples)
    program = nd.seal(nd.compile(network, "loihi1"), {"lines": samples})
    nd.save(program, path / "pair.ndp")
    nd.save(nd.run(program, {"lines": samples}), path / "run.ndr")
    nd.save(nd.run(program, {"lines": samples}, steps=2), path / "short.ndr")
    return path


@pytest.mark.parametrize("style", ["concise", "json", "sarif", "junit", "github"])
@pytest.mark.parametrize("name", COMMANDS)
def test_findings_come_alone_in_the_format_that_is_asked_for(whole, monkeypatch, call, name, style):
    monkeypatch.chdir(whole)
    status, out, err = call(*COMMANDS[name], "--format", style)
    refused = STATUS.get(name, 0)
    assert (status, err) == (refused, "")
    if style == "json":
        found = json.loads(out)["findings"]
        assert any(item["severity"] == "error" for item in found) == bool(refused)
        assert out == call(*COMMANDS[name], "--json")[1] or "stage_seconds" in out
    elif style == "sarif":
        (run,) = json.loads(out)["runs"]
        assert run["invocations"][0]["exitCode"] == refused
        assert any(item["level"] == "error" for item in run["results"]) == bool(refused)
    elif style == "junit":
        root = ElementTree.fromstring(out)
        assert (int(root.attrib["failures"]) > 0) == bool(refused)
    else:
        mark = "::error " if style == "github" else "error[ND"
        assert (mark in out) == bool(refused)
        assert all(line.startswith("::") or style == "concise" for line in out.splitlines())


def test_the_format_and_json_must_not_contradict_each_other(whole, monkeypatch, call):
    monkeypatch.chdir(whole)
    for name in COMMANDS.keys() - {"a fault of use"}:
        status, out, _ = call(*COMMANDS[name], "--format", "sarif", "--json")
        assert status == 2
        assert "contradicts --json" in out
