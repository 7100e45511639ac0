"""All figures of learning on the chip, by one command: what is exact, how fast it is, and what the examples reach.

    python benchmarks/learning.py                      everything; about ten minutes
    python benchmarks/learning.py --quick              fewer cases, rounds and steps
    python benchmarks/learning.py --only lava,brian2   parts: exact, lava, brian2, before, examples
    python benchmarks/learning.py --json learning.json

`exact` compares the definition with the engines of lava-nc and nengo-loihi, which approximate the chip, as their authors say. The
races are paired: both sides run in turn in the same minutes, on one thread, and the ratio is that of one round. The exit status
is 1 if a compared value differs. See benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
SOURCES = [str(HERE), str(ROOT), str(ROOT / "backends"), str(ROOT / "targets")]
sys.path[:0] = SOURCES

from learning_race import Raced, race_before, race_brian2, race_lava  # noqa: E402
from rich.console import Console  # noqa: E402

PARTS = ("exact", "lava", "brian2", "before", "examples")
RACES = {"lava": race_lava, "brian2": race_brian2, "before": race_before}
EXACT = {
    "rules against lava-nc": (["learning_exact.py", "--cases", "1000"], ["learning_exact.py", "--cases", "100"]),
    "PES against nengo-loihi": (["learning_pes.py"], ["learning_pes.py", "200"]),
}
"""What is compared -> script and options, and those of --quick."""


def _parts(text: str) -> list[str]:
    names = [item.strip() for item in text.split(",") if item.strip()]
    unknown = [item for item in names if item not in PARTS]
    if unknown:
        raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: not one of {', '.join(PARTS)}")
    return names


def _run(command: list[str], limit_s: float) -> tuple[int, list[str]]:
    """(exit status, lines of output) of a script of ours; its last line of error where it failed without output."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(SOURCES)}
    try:
        done = subprocess.run(
            [sys.executable, *command],
            capture_output=True,
            text=True,
            timeout=limit_s,
            env=environment,
            check=False,
            cwd=ROOT,
        )
    except subprocess.TimeoutExpired:
        return 1, [f"no end within {limit_s:.0f} s"]
    lines = [line for line in done.stdout.splitlines() if line.strip()]
    return done.returncode, lines or done.stderr.strip().splitlines()[-1:]


def _exact(quick: bool, limit_s: float, console: Console) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for title, commands in EXACT.items():
        name, *options = commands[quick]
        with console.status(title):
            status, lines = _run([str(HERE / name), *options], limit_s)
        found[title] = {"status": status, "lines": lines}
        console.print(f"{title}: " + "\n  ".join(lines), highlight=False, soft_wrap=True)
    return found


def _examples(limit_s: float, console: Console) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for path in sorted((ROOT / "examples").glob("learning_*")):
        script = path / "run.py" if path.is_dir() else path
        with console.status(path.name):
            status, lines = _run([str(script)], limit_s)
        figures = [line for line in lines if re.search(r"\d", line)]
        found[path.stem] = {"status": status, "lines": figures}
        console.print(f"example {path.stem}: " + "\n  ".join(figures), highlight=False, soft_wrap=True)
    return found


def _line(item: Raced) -> str:
    goal = f" (goal {item.goal})" if item.goal else ""
    if item.ratio is None:
        return f"{item.title}: not measured{goal}: {item.note}"
    rounds = f"{item.low:.3g} to {item.high:.3g}"
    times = f"{item.ours_us:,.1f} us a step here, {item.theirs_us:,.1f} there"
    return f"{item.title}: {item.ratio:.3g}x{goal}, rounds {rounds}; {times}" + (f"; {item.note}" if item.note else "")


def main() -> int:
    """Print the figures; the exit status is 1 if a compared value differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer cases, rounds and steps")
    parser.add_argument("--only", type=_parts, default=list(PARTS), help=",".join(PARTS))
    parser.add_argument("--rounds", type=int, help="default 5, quick 3")
    parser.add_argument("--timeout", type=float, default=900, help="seconds for any one answer")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything measured")
    options = parser.parse_args()
    console, rounds = Console(), options.rounds or (3 if options.quick else 5)
    results: dict[str, Any] = {"load": os.getloadavg()[0]}
    for part in options.only:
        if part == "exact":
            results[part] = _exact(options.quick, options.timeout, console)
        elif part == "examples":
            results[part] = _examples(options.timeout, console)
        else:
            with console.status("") as status:
                raced = []
                for item in RACES[part](rounds, options.quick, options.timeout, status.update):
                    raced.append(item._asdict())
                    console.print(_line(item), highlight=False, soft_wrap=True)
            results[part] = raced
    if options.json:
        options.json.write_text(json.dumps(results, indent=1))
    return int(any(item["status"] for item in results.get("exact", {}).values()))


if __name__ == "__main__":
    sys.exit(main())
