"""Programs as C, compiled and run: their rows, answers and states, against those of the emulator."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import numpy as np

import neurodeploy as nd
from neurodeploy.c_export import CExportOptions, c_exporter, write_folder
from neurodeploy.native.toolchain import toolchains
from neurodeploy.network import Current
from neurodeploy.simulate import RunOptions, Stimulus

STRICT = ("-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-Wconversion")
SANITIZED = ("-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")


def compiled(folder: Path, prefix: str = "nd", flags: tuple[str, ...] = ("-O1",)) -> Path:
    """The program of an exported folder."""
    command, out = next(iter(toolchains())).command, folder / "program"
    sources = [str(folder / f"{prefix}_main.c"), str(folder / f"{prefix}.c")]
    made = subprocess.run(
        [*command, *STRICT, *flags, *sources, "-o", str(out)], capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stderr
    return out


def events(program: nd.Program, stimulus: Stimulus, until: int) -> str:
    """A stimulus up to a step as the rows that nd_main.c reads."""
    rows, starts = [], [0, 0]
    for item in program.network.inputs:
        valued = isinstance(item.encoder, Current)
        start, starts[valued] = starts[valued], starts[valued] + item.size
        if valued and item.name in stimulus.currents:
            values = stimulus.currents[item.name]
            for sample, step, line in zip(*np.nonzero(values), strict=True):
                value = float(values[sample, step, line]).hex()
                rows.append((int(sample), int(step) + 1, f"v {start + line} {value}"))
        elif item.name in stimulus.spikes:
            rows += [(int(a), int(b), f"{start + c}") for a, b, c in stimulus.spikes[item.name]]
        elif item.name in stimulus.rasters:
            fires = np.argwhere(stimulus.rasters[item.name])
            rows += [(int(a), int(b) + 1, f"{start + c}") for a, b, c in fires]
    rows.sort(key=lambda row: row[:2])
    return "".join(f"{sample} {step} {rest}\n" for sample, step, rest in rows if step <= until)


def output_of(program: Path, text: str, steps: int, samples: int, seed: int = 0) -> list[list[str]]:
    """The rows that a program prints."""
    ran = subprocess.run(
        [str(program), str(steps), str(samples), str(seed), "state"],
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return [line.split(" ") for line in ran.stdout.splitlines()]


def expected_rows(program: nd.Program, recording: Any) -> list[list[str]]:
    """Spikes of a recording as rows of text, in the order of population, sample and step."""
    found = []
    graded = any(rows.size for rows in recording.payloads.values()) or bool(recording.payloads)
    for item in program.populations:
        rows = recording.spikes[item.name]
        values = recording.payloads.get(item.name, np.ones(len(rows), dtype=np.int64))
        for (sample, step, neuron), value in zip(rows.tolist(), values.tolist(), strict=True):
            found.append([str(sample), str(step), item.name, str(neuron), *([str(value)] if graded else [])])
    return sorted(found)


def assert_exported(
    program: nd.Program,
    stimulus: Stimulus,
    until: int,
    folder: Path,
    *,
    seed: int = 0,
    flags: tuple[str, ...] = ("-O1",),
) -> None:
    """The C of a program gives the spikes, values, answers and states of the emulator."""
    stimulus = stimulus.model_copy(update={"first_sample": 0})  # nd_main.c counts samples from 0
    write_folder(c_exporter().c_source(program, CExportOptions()).files, folder, force=True)
    made = output_of(compiled(folder, flags=flags), events(program, stimulus, until), until, stimulus.n_samples, seed)
    recording = nd.run(program, stimulus, until=until, options=RunOptions(seed=seed, keep_state=True))
    assert sorted(row for row in made if row[0] not in ("state", "answer")) == expected_rows(program, recording)
    final = recording.final_state.variables
    states = [row for row in made if row[0] == "state"]
    wanted = [
        ["state", str(sample), item.name, str(i), *(str(final[f"{item.name}.{name}"][sample, i]) for name in "uv")]
        for sample in range(stimulus.n_samples)
        for item in program.populations
        for i in range(item.size)
    ]
    assert states == wanted
    answers = [int(row[2]) for row in made if row[0] == "answer"]
    known = nd.answers(program, recording) if program.network.outputs else None
    if answers:
        assert answers == list(known)
