"""A damaged file gives a finding that names it: never a traceback, an internal error, or a partial output."""

from __future__ import annotations

import json
import random
import struct

import numpy as np
import pytest
from factories import leave, network_of, write_nir_neuron

import neurodeploy as nd

TRIES = 4
ODD = (None, -1, 0, 1e308, 10**30, float("nan"), True, "x", "../../etc/passwd", [], {}, [[1]], {"tensor": [1]})
COMMANDS = {
    "pair.nd.json": ("check", "pair.nd.json", "-t", "loihi1"),
    "pair.nd.npz": ("check", "pair.nd.json", "-t", "loihi1"),
    "pair.stimulus.npz": ("run", "pair.nd.json", "-t", "loihi1", "--no-reference"),
    "pair.ndp": ("check", "pair.ndp"),
    "run.ndr": ("profile", "pair.ndp", "run.ndr"),
    "kept.nds": ("run", "pair.ndp", "--stimulus", "pair.stimulus.npz", "--steps", "9", "--resume", "kept.nds"),
    "model.nir": ("check", "model.nir", "-t", "loihi1", "--dt", "1e-4", "--reset", "zero"),
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Name -> bytes of one good file of each kind."""
    folder = tmp_path_factory.mktemp("whole")
    network = network_of(
        (
            nd.Population(
                name="cells", shape=2, neuron=nd.CubaLif(tau_m_s=[0.01, 0.02], tau_syn_s=0.005, v_threshold=1)
            ),
        ),
        (nd.dense("lines", "cells", np.eye(2)), nd.sparse("cells", "cells", np.eye(2), delay_steps=2)),
        inputs=(nd.Input(name="lines", shape=2),),
        outputs=(nd.Output(name="answer", source="cells"),),
        name="pair",
    )
    nd.save(network, folder / "pair.nd.json")
    np.savez_compressed(folder / "pair.stimulus.npz", lines=np.ones((2, 5, 2), dtype=np.uint8), labels=[0, 1])
    write_nir_neuron(folder / "model.nir")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for words in (
            ("compile", "pair.nd.json", "-t", "loihi1", "-o", "pair.ndp"),
            (*COMMANDS["pair.stimulus.npz"], "--out", "run.ndr", "--save-state", "kept.nds"),
            *COMMANDS.values(),
        ):
            assert leave(words) == 0, words
    return {name: (folder / name).read_bytes() for name in COMMANDS}


def flipped(content, dice):
    for _ in range(dice.randint(1, 4)):
        content[dice.randrange(len(content))] ^= 1 << dice.randrange(8)


def truncated(content, dice):
    del content[dice.randrange(len(content)) :]


def zeroed(content, dice):
    start = dice.randrange(len(content))
    content[start : start + 16] = bytes(16)


def inserted(content, dice):
    start = dice.randrange(len(content))
    content[start:start] = struct.pack("<Q", dice.getrandbits(64))


@pytest.mark.parametrize("round_", [0, *(pytest.param(number, marks=pytest.mark.slow) for number in (1, 2))])
@pytest.mark.parametrize("how", [flipped, truncated, zeroed, inserted])
@pytest.mark.parametrize("name", COMMANDS)
def test_damaged_bytes(whole, tmp_path, monkeypatch, capsys, name, how, round_):
    monkeypatch.chdir(tmp_path)
    dice = random.Random(f"{name} {how.__name__} {round_}")
    for file, content in whole.items():
        (tmp_path / file).write_bytes(content)
    for _ in range(TRIES):
        content = bytearray(whole[name])
        how(content, dice)
        (tmp_path / name).write_bytes(content)
        status, err = leave(COMMANDS[name]), capsys.readouterr().err
        assert status in (0, 1), err
        assert status == 0 or "error[" in err
        assert "ND901" not in err


def places(plain, path=()):
    """Every place of plain data, as the keys to it."""
    inside = plain.items() if isinstance(plain, dict) else enumerate(plain) if isinstance(plain, list) else ()
    for key, value in inside:
        yield (*path, key)
        yield from places(value, (*path, key))


def changed(plain, dice):
    *path, last = dice.choice(list(places(plain)))
    for key in path:
        plain = plain[key]
    what = dice.choice((*ODD, "remove", "add"))
    if what == "remove":
        del plain[last]
    elif what == "add" and isinstance(plain, dict):
        plain["an unknown field"] = 1
    else:
        plain[last] = what


@pytest.mark.parametrize("seed", [*range(8), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(8, 24))])
def test_edited_documents(whole, tmp_path, monkeypatch, capsys, seed):
    monkeypatch.chdir(tmp_path)
    dice = random.Random(seed)
    for file, content in whole.items():
        (tmp_path / file).write_bytes(content)
    for _ in range(TRIES):
        document = json.loads(whole["pair.nd.json"])
        for _ in range(dice.randint(1, 2)):
            changed(document, dice)
        (tmp_path / "pair.nd.json").write_text(json.dumps(document))
        status, err = leave(COMMANDS["pair.nd.json"]), capsys.readouterr().err
        assert status in (0, 1), f"{document} {err}"
        assert "ND901" not in err
