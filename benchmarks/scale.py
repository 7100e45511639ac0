"""Measures how large networks are compiled: each figure in a process of its own, with its peak of memory and processor time.

    python benchmarks/scale.py                       everything at full size; takes about an hour of two processors
    python benchmarks/scale.py --only pd14 --size 0.1
    python benchmarks/scale.py --only plan           prints a plan for Hala Point from a sheet of a million neurons

Figures end with the load of the machine: wall times of a busy machine say little, processor seconds more.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

__all__ = ["main", "plan_lines"]

CHILD = Path(__file__).with_name("scale_child.py")
SIZES = {"pd14": 1.0, "ten_million": 10_000_000, "shapes": 100_000_000, "plan": 1_000_000}
"""Share of the microcircuit, or neurons, by case."""
GOALS = {
    "pd14": "compiled in < 600 s and < 8 GiB, and run",
    "ten_million": "checked and mapped in < 900 s and < 20 GiB",
    "shapes": "< 5 s",
    "plan": "no goal",
}
PLANNED = (10_000_000, 50_000_000, 100_000_000, 1_150_000_000)
"""Neurons of the plans; the last is what Hala Point is said to hold."""
RESIDENT_BYTES, SHARD_BYTES = 8 * 12, 300 << 20
"""Memory that a coordinator holds for each neuron, about (registers, cores, counts), and a worker for a shard (cells, batches)."""
MACHINES = (1, 8, 64)
"""Machines of the plans, of two workers each."""


def measured(case: str, size: float) -> dict[str, Any]:
    """Return the figures of one case; {"failed": what it said} if it ended without any."""
    done = subprocess.run([sys.executable, str(CHILD), case, repr(size)], capture_output=True, text=True, check=False)
    if done.returncode:
        return {"failed": (done.stderr or f"status {done.returncode}").strip().splitlines()[-1]}
    return json.loads(done.stdout.splitlines()[-1])


def plan_lines(figures: dict[str, Any]) -> list[str]:
    """Return the plan for a board from the `figures` of the case "plan"; what is extrapolated is said to be."""
    neurons, cores, pairs = figures["neurons"], figures["cores"], figures["pairs"]
    lines = [
        f"measured: {neurons:,} neurons, {figures['synapses']:,} synapses: {cores:,} cores, {pairs:,} pairs of a source and a core,"
        f" {figures['pairs_between_chips'] / pairs:.1%} of them between chips, {figures['compile_cpu_s']:.0f} processor"
        f" seconds, {figures['shards_cpu_s']:.0f} of them in shards",
        "extrapolated in proportion to neurons (the sheet has no rim; the time to place cores grows a little faster):",
    ]
    for planned in PLANNED:
        factor = planned / neurons
        needed, board = round(cores * factor), figures["cores_of_board"]
        chips = -(-needed // figures["cores_of_chip"])
        fits = "fits" if needed <= board else f"{needed / board:.1f} boards"
        lines.append(
            f"  {planned:>13,} neurons: {needed:>9,} cores, {chips:>6,} chips of {board // figures['cores_of_chip']:,} ({fits});"
            f" {pairs * factor:.3g} messages if every neuron spikes once,"
            f" {figures['pairs_between_chips'] * factor:.3g} between chips; links unknown: no bandwidth is public"
        )
        shards_s, whole_s = figures["shards_cpu_s"] * factor, figures["compile_cpu_s"] * factor
        lines += [_machines(planned, count, shards_s, whole_s - shards_s, pairs * factor) for count in MACHINES]
    return lines


def _machines(neurons: int, machines: int, shards_s: float, rest_s: float, pairs: float) -> str:
    """Time and memory of one plan: shards on all machines; all other stages, counts and pairs on the one that coordinates."""
    coordinator = (neurons * RESIDENT_BYTES + 8 * pairs) / 2**30
    worker = 2 * (SHARD_BYTES + neurons * 8) / 2**30
    return (
        f"      {machines:>3} machines of 2 workers: about {rest_s + shards_s / (2 * machines):,.0f} s,"
        f" {worker:.1f} GiB each, {coordinator:.1f} GiB on the coordinator"
    )


def main(arguments: list[str] | None = None) -> int:
    """Measure, print and optionally write the figures; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=list(SIZES), action="append", help="only this case; may be repeated")
    parser.add_argument("--size", type=float, help="share of the microcircuit, or neurons, in place of the full size")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    given = parser.parse_args(arguments)
    found: dict[str, Any] = {}
    for case in given.only or list(SIZES):
        size = SIZES[case] if given.size is None else given.size
        before = os.getloadavg()[0]
        found[case] = {**measured(case, size), "size": size, "load_before": before, "load_after": os.getloadavg()[0]}
        print(f"{case} at {size:g} (goal at full size: {GOALS[case]})")
        for name, value in found[case].items():
            print(f"  {name}: {value:,.2f}" if isinstance(value, float) else f"  {name}: {value}")
        if case == "plan" and "failed" not in found[case]:
            print("\n".join(plan_lines(found[case])))
    if given.json is not None:
        given.json.write_text(json.dumps(found, indent=1) + "\n")
    return int(any("failed" in item for item in found.values()))


if __name__ == "__main__":
    sys.exit(main())
