"""Makes the pictures of report pages in docs/figures, from reports that it makes first.

Run from the root of the repository: python docs/screenshots.py [FOLDER]. It needs Chromium, and for the networks of other
projects the folder that NEURODEPLOY_REFERENCE_DATA names; pictures of those that are missing are left as they are.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import neurodeploy as nd

ROOT = Path(__file__).parents[1]
REAL = Path(os.environ.get("NEURODEPLOY_REFERENCE_DATA", ROOT.parent / "shared")) / "real_inputs"
WIDE, PHONE = 1100, 400
"""Widths of the pictures in pixels."""


def digits() -> str:
    """The report of the digits network of the examples."""
    folder = ROOT / "examples" / "digits"
    samples = nd.load(folder / "digits.stimulus.npz")
    program = nd.compile(nd.load(folder / "digits.nd.json"), "loihi1")
    recording, floats = nd.run(program, samples), nd.run(program, samples, backend="reference")
    budgets = ("accuracy>=98%", "energy_per_inference<=2uJ", "cores<=4")
    return nd.report(program, recording, samples=samples, reference=floats, budgets=budgets)


def nmnist() -> str:
    """The report of a convolutional network of the NIR paper on real recordings of N-MNIST, 300 steps of 1 ms."""
    events = np.load(REAL / "nmnist" / "test20_events.npz")
    sample, step = np.repeat(np.arange(20), np.diff(events["offsets"])), events["t_us"] // 1000
    inside, raster = step < 300, np.zeros((20, 300, 2, 34, 34), np.uint8)
    raster[sample[inside], step[inside], events["p"][inside], events["y"][inside], events["x"][inside]] = 1
    options = nd.ImportOptions(dt_s=1e-3, reset="zero", producer="nir")
    network = nd.load(REAL / "nir_paper" / "02_cnn" / "cnn_sinabs.nir", options, kind=nd.Imported).network
    labels = events["labels"].astype(int)
    samples = nd.SampleValues(values={network.inputs[0].name: raster}, labels=labels)
    program = nd.compile(network, "loihi1")
    recording, floats = nd.run(program, samples), nd.run(program, samples, backend="reference")
    return nd.report(program, recording, samples=samples, reference=floats)


def pilotnet() -> str:
    """The report of lava-dl's sigma-delta PilotNet on a slowly changing picture."""
    path = REAL / "public_files" / "pilotnet_sdnn_tut.net"
    network = nd.load(path, nd.ImportOptions(dt_s=1e-3), kind=nd.Imported).network
    draw = np.random.default_rng(6)
    change = np.cumsum(draw.integers(-5, 6, (9, 3, 66, 200)), axis=0)
    frames = np.clip(draw.integers(-64, 65, (3, 66, 200)) + change, -128, 127)[None].astype(float)
    program = nd.compile(network, "loihi2")
    return nd.report(program, nd.run(program, frames), samples=frames)


PICTURES: tuple[tuple[str, Any, str, str, int, bool], ...] = (
    ("report-digits", digits, "header", "#verdict", WIDE, False),
    ("report-digits-dark", digits, "header", "#verdict", WIDE, True),
    ("report-digits-phone", digits, "header", "#verdict", PHONE, False),
    ("report-nmnist-cost", nmnist, "#bill", "#bill figure:nth-of-type(2)", WIDE, False),
    ("report-nmnist-map", nmnist, "#map", "#map", WIDE, False),
    ("report-nmnist-floorline", nmnist, "#floorline", "#floorline", WIDE, False),
    ("report-digits-raster", digits, "#raster", "#raster", WIDE, False),
    ("report-pilotnet-map", pilotnet, "#map", "#map", WIDE, True),
    ("report-pilotnet-traffic", pilotnet, "#traffic", "#traffic", WIDE, False),
)
"""Name, report, first and last element, width in pixels, and whether the theme is dark."""


def main(folder: Path) -> None:
    """Write all pictures to a folder."""
    sys.path.insert(0, str(ROOT / "tests" / "report" / "page"))
    import browser  # pyright: ignore[reportMissingImports]

    program = browser.found()
    if program is None:
        sys.exit("no Chromium is on the PATH")
    opened, made = browser.Browser(program), dict[Any, Path]()
    with tempfile.TemporaryDirectory() as kept:
        for name, report, first, last, width, dark in PICTURES:
            if report is not digits and not REAL.is_dir():
                print(f"left as it is: {name}, because '{REAL}' is missing")
                continue
            if report not in made:
                made[report] = Path(kept) / f"{report.__name__}.html"
                made[report].write_text(report(), encoding="utf-8")
            opened.open(made[report], width=width, dark=dark)
            picture = opened.picture(first, last)
            (folder / f"{name}.png").write_bytes(picture)
            print(f"{name}.png: {len(picture) / 1000:,.0f} kB")
    opened.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "figures")
