"""Stimuli, options and noise as arrays of any shape, and stimulus files (.npz)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from doors._runs import program, stimulus
from mutate import INTEGERS, spoil_array, spoil_bytes, spoil_npz

import neurodeploy as nd
from neurodeploy.diagnostics import DiagnosticError
from neurodeploy.network import Probe
from neurodeploy.simulate import RunOptions, SampleValues, Stimulus, encode, load_stimulus

NUMBERS = [*INTEGERS, 10**30, 3, 5, 6]


def make(folder: Path) -> None:
    shown = stimulus()
    raster = np.zeros((2, 6, 5), dtype=np.uint8)
    rows = shown.spikes["lines"]
    raster[rows[:, 0], rows[:, 1] - 1, rows[:, 2]] = 1
    fields = {"lines": raster, "values": shown.currents["values"], "labels": np.array([0, 1])}
    np.savez(folder / "net.stimulus.npz", **fields)
    np.savez(folder / "handed.npz", rows=rows, raster=raster, values=fields["values"], noise=np.ones((1, 12, 3), int))
    np.save(folder / "numbers.npy", np.array([2, 6, 0, 0, 9, -1]))
    (folder / "how.txt").write_text("")


def mutate(folder: Path, dice) -> None:
    spoil_npz(folder / "net.stimulus.npz", dice)
    if dice.random() < 0.1:
        spoil_bytes(folder / "net.stimulus.npz", dice)
    with np.load(folder / "handed.npz") as held:
        arrays = dict(held)
    for name in dice.sample(sorted(arrays), dice.choice((1, 1, 2))):
        arrays[name] = spoil_array(arrays[name], dice)
    np.savez(folder / "handed.npz", **arrays)
    chosen = {place: dice.choice(NUMBERS) for place in dice.sample(range(6), dice.choice((0, 1, 2)))}
    (folder / "how.txt").write_text("\n".join(f"{place} {value}" for place, value in chosen.items()))


def use(folder: Path) -> None:
    found = list[DiagnosticError]()
    for door in (_from_file, _from_arrays):
        try:
            door(folder)
        except DiagnosticError as error:
            found.append(error)
    if found:
        raise found[0]


def _from_file(folder: Path) -> None:
    made = program()
    nd.run(made, encode(made.network, load_stimulus(folder / "net.stimulus.npz", made.network)))


def _from_arrays(folder: Path) -> None:
    samples, steps, first, seed, last, threads = 2, 6, 0, 0, 9, 1
    numbers = [samples, steps, first, seed, last, threads]
    for line in (folder / "how.txt").read_text().split("\n"):
        if line:
            place, value = line.split()
            numbers[int(place)] = int(value)
    samples, steps, first, seed, last, threads = numbers
    with np.load(folder / "handed.npz", allow_pickle=False) as held:
        arrays = dict(held)
    made = program()
    encode(made.network, SampleValues(values={"lines": arrays["raster"], "values": arrays["values"]}), seed=seed)
    fields = {"n_samples": samples, "n_steps": steps, "first_sample": first, "currents": {"values": arrays["values"]}}
    options = RunOptions(
        seed=seed,
        threads=threads,
        noise={"noisy": arrays["noise"]},
        probes=(Probe(name="u", target="noisy", variable="u"),),
    )
    for shown in (
        Stimulus(**fields, spikes={"lines": arrays["rows"]}),
        Stimulus(**fields, rasters={"lines": arrays["raster"]}),
    ):
        nd.run(made, shown, until=last, options=options)
