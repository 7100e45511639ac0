"""Target files: damaged text, odd values, numbers that tables and arithmetic do not hold, dialects of their own."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import numpy as np
from mutate import spoil_bytes

import neurodeploy as nd
from neurodeploy.compiler import compile_network
from neurodeploy.hardware.target import Target
from neurodeploy.simulate import RunOptions, Stimulus

NUMBERS = (
    *(
        "0",
        "-1",
        "1",
        "2",
        "3",
        "7",
        "31",
        "63",
        "64",
        "127",
        "128",
        "255",
        "256",
        "4095",
        "4096",
        "32767",
        "32768",
        "65536",
    ),
    *(
        "131072",
        "2147483647",
        "2147483648",
        "9223372036854775807",
        "1e18",
        "1e308",
        "1e400",
        "nan",
        "inf",
        "-inf",
        "0.5",
    ),
    *(
        "1" * 5000,
        "1_0",
        "0x10",
        "true",
        '""',
        '"x"',
        '"\\u001b[31m"',
        "[]",
        "{}",
        "[[[1]]]",
        "[0]",
        "[-1]",
        "[1, 1]",
        "[2, 1]",
    ),
    *("[" * 5000 + "]" * 5000, "2026-02-30", "'" + "x" * 10_000 + "'", '"none-set"'),
)


def _network() -> nd.Network:
    return nd.Network(
        name="pair",
        time=nd.Time(dt_s=1e-3),
        inputs=(nd.Input(name="lines", shape=2),),
        populations=(
            nd.Population(
                name="cells",
                shape=3,
                neuron=nd.CubaLif(tau_m_s=0.01, tau_syn_s=0.005, v_threshold=1, bias=0.05, refractory_steps=1),
            ),
            nd.Population(name="chip", shape=2, neuron=nd.LoihiCuba(du=4095, dv=3, vth_mant=3, bias_mant=1)),
        ),
        projections=(
            nd.dense("lines", "cells", np.ones((3, 2)) / 3),
            nd.sparse("cells", "chip", np.ones((2, 3)) * 8, delay_steps=1),
        ),
        outputs=(nd.Output(name="answer", source="chip"),),
    )


def make(folder: Path) -> None:
    every = files("neurodeploy_targets")
    dialect = (
        every.joinpath("dialects.toml").read_text(encoding="utf-8").partition("[loihi2]")[0].partition("[loihi1]")[2]
    )
    table = (
        re.sub(r"= \{value = ([^,]+),[^\n]*\}", r"= \1", dialect)
        .replace('"none-set"', "")
        .replace("title", "name = 'own'\ntitle")
    )
    tiny = every.joinpath("tiny.toml").read_text(encoding="utf-8")
    (folder / "tiny.toml").write_text(tiny, encoding="utf-8")
    (folder / "own.toml").write_text(
        tiny.replace('dialect = "loihi1"\n', "") + "\n[dialect]\n" + table, encoding="utf-8"
    )


def mutate(folder: Path, dice) -> None:
    path = dice.choice(sorted(folder.glob("*.toml")))
    for other in folder.glob("*.toml"):
        if other != path:
            other.unlink()
    if dice.random() < 0.15:
        spoil_bytes(path, dice)
        return
    lines = path.read_text(encoding="utf-8").split("\n")
    for _ in range(dice.choice((1, 1, 2, 3))):
        at = dice.randrange(len(lines))
        found = list(re.finditer(r"(?<==)\s*(?:-?[\d.e-]+|\[[^\]]*\]|\"[^\"]*\")", lines[at]))
        what = dice.random()
        if what < 0.8 and found:
            spot = dice.choice(found)
            lines[at] = lines[at][: spot.start()] + " " + dice.choice(NUMBERS) + lines[at][spot.end() :]
        elif what < 0.9:
            del lines[at]
        else:
            lines.insert(at, dice.choice(lines))
    path.write_text("\n".join(lines), encoding="utf-8")


def use(folder: Path) -> None:
    for path in sorted(folder.glob("*.toml")):
        target = nd.load_target(str(path))
        assert isinstance(target, Target)
        program = compile_network(_network(), target, nd.CompileOptions(fixes=False)).program
        if program is None:
            continue
        given = _network()
        held = program.tables
        assert int(held.refract_delay[0]) == given.populations[0].neuron.refractory_steps + 1
        assert set(held.entry_delay.tolist()) <= {0, 1}
        rows = np.argwhere(np.ones((1, 4, 2), dtype=bool)) + np.array([0, 1, 0])
        shown = Stimulus(n_samples=1, n_steps=4, spikes={"lines": rows.astype(np.int32)})
        nd.run(program, shown, options=RunOptions(threads=1))
