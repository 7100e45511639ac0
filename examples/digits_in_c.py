"""The digits as C for a microcontroller: exported, compiled on this machine, and compared with the emulator.

    python examples/digits_in_c.py

On a microcontroller the loop is the same: `nd_reset` before a picture, `nd_step` with the pixels that spike in each step, and
`nd_answer` at its end. Here the loop is nd_main.c, which reads the pixels from its standard input.
"""

import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

import neurodeploy as nd

DIGITS = Path(__file__).parent / "digits"
PICTURES = 40


def main() -> None:
    """Export, compile, run, compare."""
    program = nd.compile(nd.load(DIGITS / "digits.nd.json"), "loihi1")
    with np.load(DIGITS / "digits.stimulus.npz") as file:
        pictures, labels = file["inputs"][:PICTURES], file["labels"][:PICTURES]
    shown = nd.encode(program, {"pixels": pictures})
    steps = shown.n_steps + 2  # two layers: what is shown last needs two more steps
    expected = nd.answers(program, nd.run(program, shown, until=steps))
    with TemporaryDirectory() as place:
        made = nd.export_c(program, Path(place, "firmware"), max_flash_bytes=32 * 1024, max_ram_bytes=4 * 1024)
        print(f"{made.flash_bytes:,} bytes of flash and {made.ram_bytes:,} bytes of RAM, beside the code")
        compiler = next((name for name in ("cc", "gcc", "clang") if shutil.which(name)), None)
        if compiler is None:
            print("no C compiler here: the firmware is written, but not run")
            return
        sources = [str(Path(place, "firmware", name)) for name in ("nd_main.c", "nd.c")]
        subprocess.run([compiler, "-std=c99", "-O2", *sources, "-o", f"{place}/nd"], check=True)
        rows = np.argwhere(shown.rasters["pixels"]) if shown.rasters else shown.spikes["pixels"] - [0, 1, 0]
        text = "".join(f"{sample} {step + 1} {line}\n" for sample, step, line in rows)
        ran = subprocess.run(
            [f"{place}/nd", str(steps), str(PICTURES)], input=text, capture_output=True, text=True, check=True
        )
    answers = [int(line.split()[2]) for line in ran.stdout.splitlines() if line.startswith("answer")]
    print(f"{np.mean(np.equal(answers, labels)):.1%} of {PICTURES} pictures are right, in C as on the emulator")
    assert answers == list(expected), "the C answers as the emulator does"


if __name__ == "__main__":
    main()
