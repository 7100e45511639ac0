"""All figures of serving, by one command: how fast, how steady, and whether a bit differs.

    python benchmarks/serve.py                       everything but the soak of a million requests; some minutes
    python benchmarks/serve.py --quick               shorter rounds
    python benchmarks/serve.py --only json,open      parts: json, binary, open, stream, bits, soak, drift, peers
    python benchmarks/serve.py --only soak           a million requests; --requests N for fewer
    python benchmarks/serve.py --json serve.json
    python benchmarks/serve.py install               MLServer and Triton for the part peers, each in a separate environment

Server and client are processes of their own on this machine, and the processor time of both is printed: what the client takes, the
server does not have. The exit status is 1 if a reply differs from nd.run, or a request fails. See benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path[:0] = [str(HERE), str(ROOT), str(ROOT / "backends"), str(ROOT / "targets")]

from rich.console import Console  # noqa: E402
from serve_http import Case, Figure, arrivals, bits, case_of, closed  # noqa: E402
from serve_peers import bounds, install_peers  # noqa: E402
from serve_soak import soak  # noqa: E402
from serve_stream import streams  # noqa: E402

PARTS = ("json", "binary", "open", "stream", "bits", "soak", "drift", "peers")


def _parts(text: str) -> list[str]:
    names = [item.strip() for item in text.split(",") if item.strip()]
    unknown = [item for item in names if item not in PARTS]
    if unknown:
        raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: not one of {', '.join(PARTS)}")
    return names


def _figures(part: str, case: Case, options: argparse.Namespace) -> Iterator[Figure]:
    rounds, quick = options.rounds or (2 if options.quick else 3), options.quick
    if part in ("json", "binary"):
        yield from closed(part, case, rounds, quick)
    elif part == "open":
        yield from arrivals(case, rounds, quick)
    elif part == "stream":
        yield from streams(rounds, quick)
    elif part == "bits":
        yield from bits(case, quick)
    elif part == "soak":
        yield from soak(case, options.requests or (20_000 if quick else 1_000_000))
    elif part == "drift":
        yield _drift(quick)
    elif part == "peers":
        yield from bounds(case, rounds, quick)


def _drift(quick: bool) -> Figure:
    """What drift.py prints: false alarms and delays of the monitor of a served model."""
    command = [sys.executable, str(HERE / "drift.py")]
    command += ["--calibrations", "3", "--samples", "6000", "--sizes", "360"] if quick else []
    path = os.pathsep.join([*sys.path[1:4], os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": path, "COLUMNS": "150"}
    )
    text = done.stdout.rstrip() or done.stderr.strip()[-500:]
    return Figure(f"drift\n{text}", {"title": "drift", "text": text, "status": done.returncode}, not done.returncode)


def main() -> int:
    """Print the figures; the exit status is 1 if a reply differs or a request fails."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", choices=("measure", "install"), default="measure")
    parser.add_argument("--quick", action="store_true", help="shorter rounds")
    parser.add_argument("--only", type=_parts, default=[item for item in PARTS if item != "soak"], help=",".join(PARTS))
    parser.add_argument("--rounds", type=int, help="default 3, quick 2")
    parser.add_argument("--requests", type=int, help="of the soak; default 1,000,000, quick 20,000")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything measured")
    options = parser.parse_args()
    if options.what == "install":
        faults = install_peers()
        print("\n".join(f"{name}: {message}" for name, message in faults.items()) or "the peers are there")
        return int(bool(faults))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # a server that was started ends with us
    console, good = Console(), True
    results: dict[str, Any] = {"load": os.getloadavg()[0]}
    console.print(
        f"load {os.getloadavg()[0]:.2f} of {os.cpu_count()} cores before the first server starts", highlight=False
    )
    with tempfile.TemporaryDirectory() as folder:
        case = case_of(Path(folder))
        for part in options.only:
            results[part] = []
            for figure in _figures(part, case, options):
                results[part].append(figure.values)
                good = good and figure.good
                console.print(figure.text, highlight=False, soft_wrap=True, markup=False)
    if options.json:
        options.json.write_text(json.dumps(results, indent=1))
    return int(not good)


if __name__ == "__main__":
    sys.exit(main())
