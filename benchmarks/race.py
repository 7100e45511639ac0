"""Races the emulator against its peers on the same networks and the same input, in the same minutes.

    python benchmarks/race.py install            make the environments of the bare loops and the peers (uv), once
    python benchmarks/race.py                    everything; about half an hour
    python benchmarks/race.py --quick            the small workloads and the fast peers, a few minutes
    python benchmarks/race.py --workloads w1,w3 --peers brian2-cpp,lava --repeats 3 --json race.json

See benchmarks/README.md for what each figure means.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import json
import os
import platform
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "backends"), str(HERE.parent / "targets")]

import environments  # noqa: E402
import report  # noqa: E402
import start  # noqa: E402
from measure import Settings, race  # noqa: E402
from measure_microcircuit import microcircuit  # noqa: E402
from peers import PEERS  # noqa: E402
from rich.console import Console  # noqa: E402
from worker import WorkerError  # noqa: E402
from workloads import CASES, build  # noqa: E402

from neurodeploy import DiagnosticError  # noqa: E402

QUICK = {"workloads": ["w1", "w2", "w3", "tiny", "w7"], "peers": ["brian2-cpp", "lava", "nengo-loihi"]}
WORKLOADS = [*CASES, "w7"]


def _names(text: str, allowed: list[str]) -> list[str]:
    names = [item.strip().lower() for item in text.split(",") if item.strip()]
    unknown = [item for item in names if item not in allowed]
    if unknown:
        raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: not one of {', '.join(allowed)}")
    return names


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    peers = [peer.key for peer in PEERS]
    parser.add_argument("action", nargs="?", choices=["run", "install", "show"], default="run")
    parser.add_argument("file", nargs="?", type=Path, help="show: results that --json wrote")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK['workloads']}, {QUICK['peers']}, shorter runs")
    parser.add_argument("--workloads", type=lambda text: _names(text, WORKLOADS), help=",".join(WORKLOADS))
    parser.add_argument("--peers", type=lambda text: _names(text, peers), help=",".join(peers) + "; '' for none")
    parser.add_argument("--repeats", type=int, help="default 5, quick 3")
    parser.add_argument("--no-start", action="store_true", help="leave imports, first results and compilations out")
    parser.add_argument("--threads", type=int, default=2, help="threads of the two parallel figures")
    parser.add_argument("--timeout", type=float, default=600, help="seconds for any one answer of a worker")
    parser.add_argument(
        "--json", nargs="?", const="-", metavar="FILE", help="write everything measured; - is standard output"
    )
    return parser.parse_args()


def _cpu() -> str:
    with contextlib.suppress(OSError, IndexError):
        return Path("/proc/cpuinfo").read_text().split("model name")[1].split(":")[1].split("\n")[0].strip()
    return platform.processor() or platform.machine()


def _machine() -> dict[str, Any]:
    from importlib.metadata import version

    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in ("neurodeploy", "numpy", "pydantic")},
    }


def _keep(results: dict[str, Any], file: str | None) -> None:
    """Write what is measured so far: the next workload may take an hour."""
    if file not in (None, "-"):
        Path(file).write_text(json.dumps(results, indent=1))


def _start(results: dict[str, Any], settings: Settings, say: Callable[[str], None]) -> None:
    """Add what a user waits for before anything runs."""
    repeats = max(3, settings.repeats)
    results["first_result"] = start.first_result(repeats, settings.timeout_s, say)
    results["import"] = start.import_time(repeats, settings.timeout_s, say)
    results["compile"] = start.compile_times(start.COMPILED, 1 if settings.quick else repeats, settings.timeout_s, say)


def _run(options: argparse.Namespace, console: Console) -> dict[str, Any]:
    keys = options.workloads or (QUICK["workloads"] if options.quick else WORKLOADS)
    default = QUICK["peers"] if options.quick else [peer.key for peer in PEERS]
    chosen = default if options.peers is None else options.peers
    peers = [peer for peer in PEERS if peer.key in chosen]
    settings = Settings(options.repeats or (3 if options.quick else 5), options.quick, options.threads, options.timeout)
    machine = {**_machine(), "load_before": os.getloadavg()[0]}
    results: dict[str, Any] = {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": machine,
        "repeats": settings.repeats,
        "quick": options.quick,
        "workloads": {},
    }
    with console.status("") as status:
        for key in keys:
            before = os.getloadavg()[0]
            where = results if key == "w7" else results["workloads"]
            try:
                measured = (
                    microcircuit(settings, status.update)
                    if key == "w7"
                    else race(build(key), peers, settings, status.update)
                )
            except (WorkerError, DiagnosticError) as error:
                measured = {"failed": str(error)}
            where[key] = {**measured, "load": [before, os.getloadavg()[0]]}
            _keep(results, options.json)
        if not options.no_start:
            _start(results, settings, status.update)
    machine["load_after"] = os.getloadavg()[0]
    return results


def main() -> int:
    """Install, run or show."""
    options = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the workers are ended too
    console = Console(stderr=options.json == "-", width=None if sys.stdout.isatty() else 150)
    if options.action == "install":
        chosen = [peer for peer in PEERS if options.peers is None or peer.key in options.peers]
        faults = environments.install([environments.BARE, *(peer.environment for peer in chosen)])
        for name, text in faults.items():
            console.print(f"[red]{name}[/]: {text}")
        return 1 if faults else 0
    if options.action == "show":
        report.show(json.loads(options.file.read_text()), console)
        return 0
    results = _run(options, console)
    if options.json == "-":
        print(json.dumps(results, indent=1))
    _keep(results, options.json)
    report.show(results, console)
    differ = [
        f"{key} {name}"
        for key, item in results["workloads"].items()
        for name, line in item.get("peers", {}).items()
        if line["exact"] and not line.get("agreement", {"identical": True})["identical"]
    ]
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
