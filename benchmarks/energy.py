"""Compares energy and time with every published measurement of Loihi 1 whose network can be built.

    python benchmarks/energy.py                 all points, and SANA-FE if it is installed; about a minute
    python benchmarks/energy.py --points braille_rsnn,sddpg_nav --no-sanafe --json energy.json

A measurement is compared at its own boundary. Where the activity is not public, all lines and neurons spike at rates from
0.5 to 5 % a step, and the line claims nothing. See benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "backends"), str(HERE.parent / "targets")]

from energy_networks import DVS_CORES, DVS_STEPS, MissingError, dvs_data  # noqa: E402
from energy_points import (  # noqa: E402
    NOT_BUILT,
    POINTS,
    Comparison,
    against_sanafe,
    compared,
    measurements,
)

from neurodeploy import DiagnosticError  # noqa: E402
from neurodeploy.report.quantity import si  # noqa: E402

SECONDS = 300
"""Longest run of SANA-FE."""


def _verdict(item: Comparison) -> str:
    if item.activity == "assumed":
        return "in range, no claim" if item.inside else "outside the range, no claim"
    nominal = f"nominal {item.ratio[0] - 1:+.0%}"
    if not item.measured:
        return f"{'inside' if item.inside else 'outside'} of ours, {nominal}"
    return f"{'inside' if item.inside else 'OUTSIDE'}, {nominal}{', calibrated on it' if item.calibrated else ''}"


def lines(item: Comparison) -> Iterator[str]:
    """Yield a comparison as lines of at most 100 characters."""
    first, last = item.nominal
    nominal = si(first, item.unit) if first == last else f"{si(first, item.unit)} to {si(last, item.unit)}"
    a, b = item.ratio
    ratio = f"{a:.2f}" if a == b else f"{a:.2f} to {b:.2f}"
    yield f"{item.point}: {item.figure}, boundary {item.boundary}, activity {item.activity}"
    interval = f"({si(item.low, item.unit)} - {si(item.high, item.unit)})"
    yield f"  published {si(item.published, item.unit)}; ours {nominal} {interval}; ratio {ratio}: {_verdict(item)}"
    yield f"  {item.why}"


def _sanafe() -> Iterator[Comparison]:
    dvs_data()  # says what is missing
    command = [sys.executable, str(HERE / "energy_sanafe.py"), str(DVS_STEPS), *map(str, DVS_CORES)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    if done.returncode:
        raise MissingError(f"SANA-FE ended with {done.returncode}: {done.stderr.strip().splitlines()[-1:]}")
    yield from against_sanafe(json.loads(done.stdout.strip().splitlines()[-1]))


def _found(wanted: list[str], *, sanafe: bool) -> Iterator[tuple[str, list[Comparison], str]]:
    """(point, its comparisons, why there are none) one after the other."""
    published = measurements()
    for point in POINTS:
        if point.key not in wanted:
            continue
        try:
            yield point.key, list(compared(point, published[point.key])), ""
        except (MissingError, DiagnosticError) as error:
            yield point.key, [], str(error).splitlines()[0]
    if sanafe:
        try:
            yield "sanafe", list(_sanafe()), ""
        except (MissingError, subprocess.TimeoutExpired) as error:
            yield "sanafe", [], str(error)


def main() -> int:
    """Print every comparison; the exit status is 1 if a held-back measurement with known activity is outside."""
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("--points", default=",".join(point.key for point in POINTS), help="ids, separated by commas")
    reader.add_argument("--no-sanafe", action="store_true", help="leave SANA-FE out")
    reader.add_argument("--json", type=Path, metavar="FILE", help="write everything compared")
    options, every = reader.parse_args(), list[Comparison]()
    for key, found, missing in _found(options.points.split(","), sanafe=not options.no_sanafe):
        every += found
        for item in found:
            print(*lines(item), sep="\n", flush=True)
        if missing:
            print(f"{key}: not compared: {missing}")
    for key, why in NOT_BUILT.items():
        print(f"{key}: not built: {why}")
    held = [item for item in every if item.activity == "real" and not item.calibrated and item.measured]
    inside = sum(item.inside for item in held)
    near = sum(abs(item.ratio[0] - 1) <= 0.25 for item in held)
    print(f"known activity, held back: {inside} of {len(held)} inside, {near} within 25 % of nominal")
    if options.json:
        options.json.write_text(json.dumps([item._asdict() for item in every], indent=1) + "\n", encoding="utf-8")
    return int(inside < len(held))


if __name__ == "__main__":
    sys.exit(main())
