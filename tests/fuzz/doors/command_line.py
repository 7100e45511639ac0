"""Command lines: random words of every command, legal and hostile, at small inputs that are whole or spoiled."""

from __future__ import annotations

import contextlib
import io
import json
import os
from pathlib import Path

import numpy as np
import typer.main
from mutate import spoil_bytes

import neurodeploy as nd
from neurodeploy.cli.main import app

GOOD = {
    "--target": ("loihi1", "loihi2", "tiny", "xylo_audio2", "speck"),
    "--board": ("pair", "nahuku8", "hala_point"),
    "--rules": ("nxtf", "nengo-loihi"),
    "--dialect": ("nengo", "loihi2", "brian2loihi"),
    "--backend": ("emulator", "reference", "lava"),
    "--weight-bits": ("4", "wires=6"),
    "--prune": ("0.5", "wires=0.1"),
    "--prune-sources": ("0.5",),
    "--max-delay": ("3", "wires=0"),
    "--share-parameters": ("1", "cells=2"),
    "--stimulus": ("pair.stimulus.npz",),
    "--golden": ("pair.stimulus.npz",),
    "--traffic": ("run.ndr",),
    "--positions": ("positions.npz",),
    "--resume": ("half.nds",),
    "--program": ("pair.ndp",),
    "--shapes": ("net.toml",),
    "--out": ("out.ndp", "out.ndr"),
    "--save-state": ("out.nds",),
    "--steps": ("1", "3", "7"),
    "--samples": ("1", "2"),
    "--seed": ("0", "9223372036854775807"),
    "--placement-seed": ("0", "7"),
    "--threads": ("1", "2"),
    "--timeout": ("5",),
    "--time-limit": ("0.5",),
    "--fix-time": ("0", "1"),
    "--avoid-cores": ("0", "1-3"),
    "--pin": ("cells=0", "cells=0-3"),
    "--partitioner": ("metis",),
    "--level": ("0", "1", "2"),
    "--optimize": ("cores", "latency", "energy"),
    "--max-cores": ("1", "8"),
    "--budget": ("cores<=4", "energy<=1uJ", "synapse_memory<=80%"),
    "--format": ("text", "concise", "json", "sarif", "junit", "github"),
    "--dt": ("1e-3",),
    "--reset": ("zero", "subtract"),
    "--case": ("dense",),
    "--table": ("table.md",),
}
"""Values that a person means, by option."""
BAD = (
    *("", "nan", "-1", "0", "1e400", "9" * 40, "2147483648", "x" * 3_000, "\x1b[31m", "a\nb", "\udcff", "\0", "[/x]"),
    *(
        "=",
        "a=",
        "=1",
        "a=b=c",
        "0-99999999999",
        "/dev/zero",
        "/dev/full",
        ".",
        "-",
        "--",
        "pipe",
        "loop",
        "pair.nd.json",
    ),
)
FILES = (
    "pair.nd.json",
    "pair.ndp",
    "run.ndr",
    "half.nds",
    "self.nd.json",
    "net.toml",
    "pair.stimulus.npz",
    "missing.ndp",
)
COMMANDS = (
    "check",
    "compile",
    "fit",
    "convert",
    "blame",
    "run",
    "profile",
    "compare",
    "verify",
    "explain",
    "targets",
    "schema",
    "backends",
)
SLOW = ("backends doctor", "backends conformance", "backends install", "backends new", "serve")
"""Left out: they run other programs, write where they are told, or serve until they are stopped."""


def call(*words: str) -> tuple[int, str]:
    """The status and all that is printed."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            app(list(words), prog_name="neurodeploy")
        except SystemExit as left:
            return int(left.code or 0), out.getvalue() + err.getvalue()
    return 0, out.getvalue() + err.getvalue()


def make(folder: Path) -> None:
    os.chdir(folder)
    cells = nd.Population(name="cells", shape=2, neuron=nd.If(v_threshold=1.0))
    network = nd.Network(
        name="pair",
        time=nd.Time(dt_s=1e-3),
        inputs=(nd.Input(name="lines", shape=2, encoder="spikes"),),
        populations=(cells,),
        projections=(nd.dense("lines", "cells", 2 * np.eye(2), name="wires"),),
        outputs=(nd.Output(name="answer", source="cells"),),
    )
    alone = nd.Population(name="cells", shape=2, neuron=nd.If(v_threshold=1.0, bias=0.25))
    nd.save(network, "pair.nd.json")
    nd.save(nd.Network(name="self", time=nd.Time(dt_s=1e-3), populations=(alone,)), "self.nd.json")
    np.savez("pair.stimulus.npz", lines=np.ones((2, 4, 2), dtype=np.uint8), labels=[0, 1])
    np.savez("positions.npz", cells=np.zeros((2, 2)))
    Path("net.toml").write_text('name = "net"\ninput = [1, 8, 8]\n[[layers]]\nkind = "dense"\nchannels = 4\n')
    Path("words.json").write_text('["run", "pair.nd.json", "--target", "loihi1"]')
    os.symlink("loop", "loop")
    for words in (
        ("compile", "pair.nd.json", "-t", "loihi1", "-o", "pair.ndp", "--golden", "pair.stimulus.npz"),
        (
            "run",
            "pair.ndp",
            "--stimulus",
            "pair.stimulus.npz",
            "-o",
            "run.ndr",
            "--steps",
            "2",
            "--save-state",
            "half.nds",
        ),
    ):
        status, told = call(*words)
        if status:
            raise RuntimeError(told)


def _commands():
    found = {}

    def walk(command, words):
        if words and " ".join(words) not in SLOW:
            found[" ".join(words)] = command
        for name, inner in getattr(command, "commands", {}).items():
            walk(inner, (*words, name))

    walk(typer.main.get_command(app), ())
    return found


KNOWN = _commands()


def _words(dice) -> list[str]:
    name = dice.choice(sorted(KNOWN))
    words = name.split()
    options = [item for item in KNOWN[name].params if item.param_type_name == "option" and item.name != "help"]
    for _ in range(dice.choice((0, 1, 1, 2))):
        words.append(dice.choice(FILES) if dice.random() < 0.85 else dice.choice(BAD))
    if any(item.name == "target" for item in options) and dice.random() < 0.8:
        words += ["--target", dice.choice(GOOD["--target"])]
    for item in dice.sample(options, min(len(options), dice.choice((0, 1, 2, 3, 5)))):
        option = next((text for text in item.opts if text.startswith("--")), item.opts[0])
        if item.is_flag:
            words.append(option)
            continue
        good = GOOD.get(option, ("x",))
        words.append(f"{option}={dice.choice(good) if dice.random() < 0.7 else dice.choice(BAD)}")
    return words


def mutate(folder: Path, dice) -> None:
    (folder / "words.json").write_text(json.dumps(_words(dice)))
    os.mkfifo(folder / "pipe")
    if dice.random() < 0.15:
        spoil_bytes(folder / dice.choice(("pair.nd.json", "pair.ndp", "run.ndr", "half.nds", "net.toml")), dice)


def use(folder: Path) -> None:
    os.chdir(folder)
    words = json.loads(Path("words.json").read_text())
    status, told = call(*words)
    if status not in (0, 1, 2, 3) or "internal error: " in told or "Traceback" in told:
        raise RuntimeError(f"status {status} of {words}: {told[:600]}")
