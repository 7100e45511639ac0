"""Exported C against the emulator: the time of a step of one sample, on this processor, and the bytes of each program.

    python benchmarks/c_export.py

Both run the same events one sample after the other in one thread; the time of the C is that of a process that reads them as text
and prints its spikes. Processor time is compared, because others may use the machine.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import neurodeploy as nd
from neurodeploy.network import Dense
from neurodeploy.simulate import RunOptions, Stimulus

ROOT = Path(__file__).parents[1]
SAMPLES, STEPS = 50, 32


def program_of(name: str) -> nd.Program:
    """The digits example, or a wide dense network."""
    if name == "digits":
        return nd.compile(nd.load(ROOT / "examples" / "digits" / "digits.nd.json"), "loihi1")
    rng = np.random.default_rng(1)
    layers = (
        nd.Population(name="hidden", shape=512, neuron=nd.Lif(tau_m_s=0.02, r=20, v_threshold=1.0)),
        nd.Population(name="out", shape=10, neuron=nd.Lif(tau_m_s=0.02, r=20, v_threshold=1.0)),
    )
    wires = (
        nd.Projection(name="a", source="in", target="hidden", operation=Dense(weights=rng.normal(size=(512, 256)) / 4)),
        nd.Projection(name="b", source="hidden", target="out", operation=Dense(weights=rng.normal(size=(10, 512)) / 4)),
    )
    output = nd.Output(name="answer", source="out")
    network = nd.Network(
        name="dense",
        time=nd.Time(dt_s=1e-3),
        inputs=(nd.Input(name="in", shape=256),),
        populations=layers,
        projections=wires,
        outputs=(output,),
    )
    return nd.compile(network, "loihi1")


def stimulus_of(program: nd.Program) -> Stimulus:
    """A tenth of the lines spikes in each step."""
    item = program.network.inputs[0]
    rows = np.argwhere(np.random.default_rng(2).random((SAMPLES, STEPS, item.size)) < 0.1)
    rows[:, 1] += 1  # steps count from 1
    return Stimulus(n_samples=SAMPLES, n_steps=STEPS, spikes={item.name: rows.astype(np.int32)})


def c_time_s(folder: Path, text: str) -> tuple[float, int]:
    """(processor time of the C, spikes that it prints)."""
    files = [str(folder / "nd_main.c"), str(folder / "nd.c")]
    subprocess.run(["cc", "-std=c99", "-O2", *files, "-o", str(folder / "nd")], check=True)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    ran = subprocess.run(
        [str(folder / "nd"), str(STEPS), str(SAMPLES)], input=text, capture_output=True, text=True, check=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spikes = sum(not line.startswith("answer") for line in ran.stdout.splitlines())
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime, spikes


def measure(name: str, folder: Path) -> str:
    """A row of the table."""
    program = program_of(name)
    stimulus = stimulus_of(program)
    made = nd.export_c(program, folder / name)
    (rows,) = stimulus.spikes.values()
    seconds, spikes = c_time_s(folder / name, "".join(f"{a} {b} {c}\n" for a, b, c in rows))
    options = RunOptions(threads=1)
    nd.run(program, stimulus, options=options, until=STEPS)
    begun = time.process_time()
    recording = nd.run(program, stimulus, options=options, until=STEPS)
    emulator = time.process_time() - begun
    assert sum(len(item) for item in recording.spikes.values()) == spikes, "the C has other spikes"
    each = [1e6 * value / (SAMPLES * STEPS) for value in (seconds, emulator)]
    sizes = f"{made.flash_bytes:>10,} {made.ram_bytes:>8,} {made.word_bits:>5}"
    return f"{name:8} {sizes} {each[0]:>9.2f} {each[1]:>13.2f} {each[0] / each[1]:>7.2f} {spikes:>8,}"


def main() -> None:
    """Print the table."""
    print(f"{SAMPLES} samples of {STEPS} steps; load {os.getloadavg()[0]:.1f}; Python {sys.version.split()[0]}")
    print("network  flash byte RAM byte  bits  C us/step emulator us/s   ratio   spikes")
    with tempfile.TemporaryDirectory() as folder:
        for name in ("digits", "dense"):
            print(measure(name, Path(folder)))


if __name__ == "__main__":
    main()
