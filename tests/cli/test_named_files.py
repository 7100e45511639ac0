"""Files named on the command line: unusable ones are reported before any work, output paths are tried first, links stay."""

from __future__ import annotations

import os
import stat
import threading

import numpy as np
import pytest
from factories import network_of

import neurodeploy as nd
from neurodeploy.cli import compile_commands


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    network = network_of(
        (nd.Population(name="cells", shape=2, neuron=nd.If(v_threshold=1.0)),),
        (nd.dense("lines", "cells", 2 * np.eye(2), name="wires"),),
        inputs=(nd.Input(name="lines", shape=2, encoder="spikes"),),
        name="pair",
    )
    nd.save(network, "pair.nd.json")
    np.savez("pair.stimulus.npz", lines=np.ones((1, 3, 2), dtype=np.uint8))
    os.mkfifo("pipe.ndp")
    os.mkdir("folder.ndp")
    os.symlink("loop.ndp", "loop.ndp")
    return tmp_path


COMPILE = ("compile", "pair.nd.json", "-t", "tiny")


@pytest.fixture
def unworked(monkeypatch):
    """Nothing may be compiled."""

    def worked(*_):
        raise AssertionError("the work began")

    monkeypatch.setattr(compile_commands, "compile_model", worked)


@pytest.mark.parametrize(
    ("path", "status", "told"),
    [
        ("nowhere/x.ndp", 1, "error[ND007] file 'nowhere/x.ndp': cannot be written: No such file or directory"),
        ("/proc/x.ndp", 1, "error[ND007] file '/proc/x.ndp': cannot be written"),
        ("folder.ndp", 1, "error[ND007] file 'folder.ndp': is a folder"),
        ("loop.ndp", 2, "error[ND709] option '--out': 'loop.ndp' cannot be read: Too many levels of symbolic links"),
        ("pair.nd.json", 2, "error[ND701] option '--out': 'pair.nd.json' does not end in .ndp"),
        ("-", 2, "error[ND709] option '--out': '-' is not a file"),
        ("", 2, "error[ND709] option '--out': '' is not a file name"),
        ("a\0.ndp", 2, "is not a file name: it contains NUL"),
        ("n" * 400 + ".ndp", 2, "File name too long"),
    ],
    ids=lambda item: str(item)[:12],
)
def test_where_nothing_can_be_written_is_said_before_the_work(folder, call, unworked, path, status, told):
    before = sorted(os.listdir())
    met, _, err = call(*COMPILE, "--out", path)
    assert met == status
    assert told in " ".join(err.split())
    assert sorted(os.listdir()) == before


def test_a_link_stays_a_link_and_a_mode_its_mode(folder, call):
    (folder / "real.ndp").touch(mode=0o600)
    os.symlink("real.ndp", "link.ndp")
    assert call(*COMPILE, "-o", "link.ndp")[0] == 0
    assert (folder / "link.ndp").is_symlink()
    assert stat.S_IMODE((folder / "real.ndp").stat().st_mode) == 0o600
    assert nd.load("real.ndp").target.name == "tiny"


def test_a_device_and_a_pipe_take_the_bytes(folder, call):
    got = []
    reader = threading.Thread(target=lambda: got.append((folder / "pipe.ndp").read_bytes()))
    reader.start()
    assert call(*COMPILE, "-o", "pipe.ndp")[0] == 0
    reader.join(timeout=20)
    assert call(*COMPILE, "-o", "plain.ndp")[0] == 0
    assert got == [(folder / "plain.ndp").read_bytes()]
    assert call(*COMPILE, "-o", "/dev/null")[0] == 0
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/dev/zero", "'/dev/zero' is a device, not a file"),
        ("pipe.ndp", "'pipe.ndp' is a pipe, not a file"),
        ("folder.ndp", "'folder.ndp' is a folder, not a file"),
        ("-", "'-' is not a file: standard input and output are not supported"),
        ("loop.ndp", "Too many levels of symbolic links"),
    ],
)
@pytest.mark.parametrize(
    "words",
    [
        ("check", "-t", "tiny", "PATH"),
        ("check", "-t", "tiny", "--shapes", "PATH"),
        ("run", "pair.nd.json", "-t", "tiny", "--stimulus", "PATH"),
        ("run", "pair.nd.json", "-t", "tiny", "--resume", "PATH"),
        ("profile", "pair.nd.json", "PATH", "-t", "tiny"),
        ("compile", "pair.nd.json", "-t", "tiny", "--golden", "PATH"),
        ("compile", "pair.nd.json", "-t", "tiny", "--traffic", "PATH"),
        ("compile", "pair.nd.json", "-t", "tiny", "--positions", "PATH"),
        ("compare", "PATH", "PATH"),
        ("verify", "PATH"),
    ],
    ids=" ".join,
)
def test_what_is_no_file_is_read_by_no_command(folder, call, words, path, told):
    status, _, err = call(*(path if word == "PATH" else word for word in words))
    if path == "folder.ndp" and "--stimulus" in words:  # a folder can hold recordings; this one holds none
        assert (status, "error[ND099] " in err) == (1, True)
        return
    assert status == 2
    assert "error[ND709] " in err
    assert told in " ".join(err.split())


def test_a_template_is_not_begun_where_it_cannot_be_written(folder, call, monkeypatch):
    monkeypatch.chdir("/proc")
    status, _, err = call("backends", "new", "mychip")
    assert status == 1
    assert "error[ND007] file 'neurodeploy-mychip/neurodeploy_mychip': cannot be made" in err
