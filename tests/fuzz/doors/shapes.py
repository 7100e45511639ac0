"""Shapes files: layers by their shapes alone, in TOML."""

from __future__ import annotations

import copy
from pathlib import Path

from mutate import odd, spoil_bytes, spoil_plain

import neurodeploy as nd
from neurodeploy.mapping import fit_layers
from neurodeploy.network.layer_shapes import load_layers

DOCUMENT = {
    "name": "net",
    "input": [2, 12, 12],
    "reset": "zero",
    "weight_bits": 8,
    "layers": [
        {"kind": "conv", "channels": 4, "kernel": 3, "padding": "same", "name": "first"},
        {"kind": "pool", "kernel": [2, 2]},
        {"kind": "depthwise", "kernel": 3, "stride": 2, "delay_steps": 1},
        {"kind": "dense", "channels": 10, "weight_bits": 4, "reset": "subtract"},
    ],
}


def toml(value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + ", ".join(toml(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f'"{key}" = {toml(item)}' for key, item in value.items()) + "}"
    if isinstance(value, int) and abs(value) >= 10**4300:
        return "1" + "0" * 4400
    if isinstance(value, str):
        return '"' + "".join(c if c.isalnum() else f"\\u{ord(c):04x}" for c in value) + '"'
    return "''" if value is None else repr(value)


def write(folder: Path, document) -> None:
    text = "\n".join(f'"{key}" = {toml(item)}' for key, item in document.items())
    (folder / "net.toml").write_text(text, errors="surrogatepass")


def make(folder: Path) -> None:
    write(folder, DOCUMENT)


def large(dice):
    """A size that is legal, and may ask for much."""
    return dice.choice((1, 2, 3, 7, 64, 500, 1024, 4096, 10**4, 10**5, 10**6, 2**22, 2**31))


def mutate(folder: Path, dice) -> None:
    if dice.random() < 0.15:
        spoil_bytes(folder / "net.toml", dice)
        return
    document = copy.deepcopy(DOCUMENT)
    for _ in range(dice.choice((1, 1, 2, 3))):
        spoil_plain(document, dice, dice.choice((odd, large, large)))
    write(folder, document)


def use(folder: Path) -> None:
    fit_layers(load_layers(folder / "net.toml"), nd.load_target("loihi1"))
