"""Maps networks that are hard to map, and prints cores and traffic against their bounds.

    python benchmarks/mapping.py                  every case; the largest take minutes and gigabytes
    python benchmarks/mapping.py --quick          the cases that take seconds
    python benchmarks/mapping.py --cases pd,mlp --level 3 --json mapping.json

Cores are those of one large chip, so that a row can be compared with figures that ignore chip borders; hops are counted
on a flat mesh of single cores with side ceil(sqrt(cores)). "board" is the same network on the smallest real board that
holds it, with its tiles, and one more output axon for every core on another chip.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import sys
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "backends"), str(HERE.parent / "targets")]

from mapping_cases import CASES, MapCase  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402

import neurodeploy as nd  # noqa: E402
from neurodeploy.diagnostics import DiagnosticError  # noqa: E402
from neurodeploy.hardware.target import Target  # noqa: E402
from neurodeploy.mapping import Mapping, MappingOptions, MappingQuality, emit_program, partition, place  # noqa: E402
from neurodeploy.mapping.measure_quality import measure_quality  # noqa: E402
from neurodeploy.program import Program  # noqa: E402
from neurodeploy.program.audit import use_of_program  # noqa: E402
from neurodeploy.quantize import Quantized, quantize  # noqa: E402
from neurodeploy.resources import core_limits, lower_bounds  # noqa: E402

ROOM = 96
"""Side of the flat mesh on which a network is cut: more cores than any case needs."""


def flat(target: Target, side: int) -> Target:
    """The target with side * side of its cores on one chip, each on a separate tile."""
    values = {"cores": side * side, "cores_per_tile": 1, "mesh_columns": side, "mesh_rows": side}
    figures = {name: getattr(target.chip, name).model_copy(update={"value": value}) for name, value in values.items()}
    return target.model_copy(update={"chip": target.chip.model_copy(update=figures), "board": None})


def violations(program: Program) -> int:
    """Cores that exceed a limit, re-counted from the program alone."""
    limits = core_limits(program.target)
    use = use_of_program(program)
    over = [values > limits[name].value for name, values in use.items()]
    return int(sum(over).astype(bool).sum())  # type: ignore[union-attr]


class Stopwatch:
    """Seconds by stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def run(self, stage: str, work: Any) -> Any:
        start = time.perf_counter()
        try:
            return work()
        finally:
            self.seconds[stage] = round(time.perf_counter() - start, 2)


def mapped(quantized: Quantized, target: Target, options: MappingOptions, clock: Stopwatch, name: str) -> Mapping | str:
    """The mapping, or the reason why none was found."""
    try:
        return clock.run(name, lambda: partition(quantized, target, options=options))
    except DiagnosticError as error:
        return error.diagnostics[0].message


def on_mesh(cut: Mapping, target: Target, options: MappingOptions, clock: Stopwatch, name: str) -> Program:
    """The program on a flat mesh just large enough."""
    mesh = flat(target, math.ceil(math.sqrt(cut.n_cores)))
    bare = cut.model_copy(update={"target": mesh, "core_ids": None, "pin_group": None})
    return clock.run(name, lambda: emit_program(place(bare, options=options)))


def on_board(quantized: Quantized, target: Target, options: MappingOptions) -> dict[str, Any]:
    """The smallest board that holds the network."""
    for name in sorted(target.boards, key=lambda key: target.boards[key].chips.value):
        board, clock = nd.load_target(target.name, board=name, rules=target.rule_set), Stopwatch()
        bounds = lower_bounds(quantized, board)
        if max(bounds.values()) > board.cores:
            continue  # proven not to fit
        cut = mapped(quantized, board, options, clock, "partition")
        if isinstance(cut, str):
            continue
        program = clock.run("place", lambda cut=cut, board=board: emit_program(place(cut, options=options)))
        found = measure_quality(program, bounds, options.rates)
        return {"board": name, "seconds": clock.seconds, "violations": violations(program), **found.model_dump()}
    return {"board": None, "why": "no board holds it"}


def measure(case: MapCase, rules: str, level: int, seed: int, *, boards: bool) -> dict[str, Any]:
    """One row: first fit, row by row; the requested level; bounds, times, memory."""
    clock, target, began = Stopwatch(), nd.load_target("loihi1", rules=rules), time.process_time()
    network, rates = clock.run("build", case.build)
    quantized = clock.run("quantize", lambda: quantize(network, target))
    row: dict[str, Any] = {
        "case": case.key,
        "title": case.title,
        "rules": rules,
        "known": case.known,
        "reach": case.reach,
        "hops_under": case.hops_under,
    }
    row |= {
        "neurons": sum(p.size for p in network.populations),
        "synapses": sum(p.connectivity.n_synapses for p in quantized.projections),
    }
    row["bounds"] = lower_bounds(quantized, target)
    options = MappingOptions(level=level, placement_seed=seed, rates=rates)  # type: ignore[arg-type]
    wide = flat(target, ROOM)
    for name, chosen in (("first fit", MappingOptions(level=0, rates=rates)), (f"-O{level}", options)):
        cut = mapped(quantized, wide, chosen, clock, f"{name}: partition")
        if isinstance(cut, str):
            row[name] = {"why": cut}
            continue
        program = on_mesh(cut, target, chosen, clock, f"{name}: place")
        found: MappingQuality = measure_quality(program, row["bounds"], rates)
        row[name] = {"violations": violations(program), **found.model_dump()}
        done = f"{case.key}, rules {rules}, {name}: {found.cores:,} cores, {sum(clock.seconds.values()):.0f} s so far"
        sys.stderr.write(done + "\n")
    if boards:
        row["on a board"] = clock.run("board", lambda: on_board(quantized, target, options))
    row["seconds"], row["cpu_s"] = clock.seconds, round(time.process_time() - began, 1)
    row["peak_gib"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2)
    return row


def _cells(row: dict[str, Any], name: str) -> tuple[str, ...]:
    found = row.get(name, {})
    if "why" in found:
        return ("none: " + found["why"], "", "", "", "")
    ratio = found["spikes_hops"] / found["shell_bound"] if found["shell_bound"] else 1.0
    hops = f"{found['spikes_hops']:.3g} ({ratio:.2f}x)"
    bad = f" ({found['violations']} over)" if found["violations"] else ""
    seconds = sum(took for stage, took in row["seconds"].items() if stage.startswith(name))
    return (
        f"{found['cores']:,}{bad}",
        f"{found['axon_bound']:,}",
        hops,
        f"{found['heaviest_link']:.3g}",
        f"{seconds:.1f}",
    )


HEADS = ("", "cores", "bound", "axon bound", "spikes x hops (of shell bound)", "heaviest link", "s")


def _under(row: dict[str, Any], level: int) -> float | None:
    """By how much spikes x hops are below those of first fit, row by row; None where either is missing."""
    plain, found = row.get("first fit", {}).get("spikes_hops"), row.get(f"-O{level}", {}).get("spikes_hops")
    return 1 - found / plain if plain and found is not None else None


def verdict(row: dict[str, Any], level: int) -> str:
    """The verdict on cores and hops against the figures to reach."""
    cores, under = row.get(f"-O{level}", {}).get("cores"), _under(row, level)
    reached = (
        "not placed" if cores is None else "reached" if cores <= row["reach"] else f"missed by {cores - row['reach']:,}"
    )
    parts = [f"cores to reach {row['reach']:,}: {reached}"]
    if under is not None:
        wanted = row["hops_under"]
        goal = "" if wanted is None else f" (to reach {wanted:.0%}: {'reached' if under >= wanted else 'missed'})"
        parts.append(f"spikes x hops {under:.0%} under first fit{goal}")
    return "; ".join([*parts, f"known: {row['known']}"])


def show(rows: list[dict[str, Any]], level: int) -> None:
    """Print a table for each row."""
    console = Console(width=150, highlight=False)
    for row in rows:
        table, bound = Table(*HEADS, box=None), max(row["bounds"].values(), default=1)
        for name in ("first fit", f"-O{level}"):
            cells = _cells(row, name)
            table.add_row(name, cells[0], f"{bound:,}", *cells[1:])
        board = row.get("on a board")
        if board and board.get("board"):
            text = f"{board['cores']:,} on {board['chips']} chips"
            took = f"{sum(board['seconds'].values()):.1f}"
            hops, link = f"{board['spikes_hops']:.3g}", f"{board['heaviest_link']:.3g}"
            table.add_row(board["board"], text, "", f"{board['axon_bound']:,}", hops, link, took)
        sizes = f"{row['neurons']:,} neurons, {row['synapses']:,} synapses"
        console.print(
            f"\n{row['case']}: {row['title']}; {sizes}; rules {row['rules']}", table, verdict(row, level), sep="\n"
        )
        console.print("bounds: " + ", ".join(f"{name} {n:,}" for name, n in row["bounds"].items()))
        stages = ", ".join(f"{name} {took:.1f}" for name, took in row["seconds"].items())
        console.print(f"seconds: {stages}; {row['cpu_s']:.0f} of processor time; peak {row['peak_gib']} GiB")


def _text(rows: list[dict[str, Any]], level: int | None) -> str:
    return json.dumps({"level": level, "rows": rows}, indent=2) + "\n"


def main() -> int:
    """Run the requested cases; return 1 if a core of any result exceeds a limit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="the cases that take seconds")
    parser.add_argument("--cases", help=",".join(CASES))
    parser.add_argument("--level", type=int, choices=[1, 2, 3], help="default: each case's own")
    parser.add_argument("--rules", help="rule sets, comma separated; default: each case's own")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--no-board", action="store_true", help="leave the real boards out")
    parser.add_argument("--json", nargs="?", const="-", metavar="FILE", help="write everything; - is standard output")
    given = parser.parse_args()
    keys = (
        given.cases.split(",") if given.cases else [key for key, case in CASES.items() if case.quick or not given.quick]
    )
    rows: list[dict[str, Any]] = []
    for key in keys:
        for rules in given.rules.split(",") if given.rules else CASES[key].rules:
            level = given.level or CASES[key].level
            rows.append(measure(CASES[key], rules, level, given.seed, boards=not given.no_board))
            if given.json != "-":
                show(rows[-1:], level)
            if given.json and given.json != "-":  # after every row: the next one may take an hour
                Path(given.json).write_text(_text(rows, given.level), encoding="utf-8")
    if given.json == "-":
        sys.stdout.write(_text(rows, given.level))
    return int(any(found.get("violations") for row in rows for found in row.values() if isinstance(found, dict)))


if __name__ == "__main__":
    sys.exit(main())
