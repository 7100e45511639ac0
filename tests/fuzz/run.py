"""Feed mutated files to one door and report what is not a finding: exceptions, crashes, hangs, memory.

    python tests/fuzz/run.py programs --tries 20000 --seed 1

Try `i` of a seed is always the same, so `--start i --tries 1 --keep FOLDER` repeats one and keeps its files. A door is a
module of `doors/` with `make(folder)`, which writes good files, `mutate(folder, dice)`, which spoils them, and
`use(folder)`, which gives them to the public functions; `DiagnosticError` is the right answer, and so is success.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path

HERE = Path(__file__).parent
SECONDS = 10.0
"""Time that one try may take."""
MEMORY_BYTES = 4 << 30
"""Address space that one try may add to what the imported package takes."""


def doors() -> list[str]:
    return sorted(file.stem for file in (HERE / "doors").glob("*.py") if not file.stem.startswith("_"))


# --- the child: tries, one line of JSON before and after each


def limit_memory() -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0]) if os.path.exists("/proc/self/statm") else 0
    if pages:
        most = pages * resource.getpagesize() + MEMORY_BYTES
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def attempt(door, folder: Path) -> str | None:
    """What is wrong with the answer to the files of a folder; None if nothing is."""
    from neurodeploy.diagnostics import DiagnosticError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            door.use(folder)
    except DiagnosticError as error:
        internal = [item for item in error.diagnostics if item.code == "ND901"]
        return f"ND901: {internal[0].message}" if internal else None
    except BaseException as error:  # whatever else comes out is the fault that is looked for
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "neurodeploy" in frame.filename]
        last = frames[-1] if frames else traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__} at {Path(last.filename).name}:{last.lineno}: {str(error)[:200]}"
    return None


def child(name: str, good: Path, seed: int, start: int, stop: int, keep: Path | None) -> None:
    door = importlib.import_module(f"doors.{name}")
    door.use(good)  # the good files pass, and what compiles at first use is compiled
    limit_memory()
    out = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what a door prints is no answer
    with tempfile.TemporaryDirectory() as scratch:
        for index in range(start, stop):
            print(json.dumps({"try": index}), file=out, flush=True)
            folder = Path(scratch) / "case"
            shutil.copytree(good, folder, symlinks=True)
            door.mutate(folder, random.Random(f"{seed} {name} {index}"))
            if keep:
                shutil.copytree(folder, keep, symlinks=True, dirs_exist_ok=True)
            print(json.dumps({"done": index, "fault": attempt(door, folder)}), file=out, flush=True)
            shutil.rmtree(folder, ignore_errors=True)


# --- the parent: starts children, again after a crash or a hang


class TimeLimit:
    """Ends a process that gives no line for a while."""

    def __init__(self, process: subprocess.Popen) -> None:
        self.process, self.last, self.ended = process, time.monotonic(), False
        self.grace = 300.0  # until the first line: imports, and what is compiled at first use
        threading.Thread(target=self.look, daemon=True).start()

    def alive(self) -> None:
        self.last, self.grace = time.monotonic(), SECONDS

    def look(self) -> None:
        while self.process.poll() is None:
            time.sleep(0.1)
            if time.monotonic() - self.last > self.grace:
                self.ended = True
                self.process.kill()


def fuzz(name: str, tries: int, seed: int, start: int = 0, keep: Path | None = None) -> list[tuple[int, str]]:
    """(try, fault) of every try that did not end in success or a finding."""
    faults: list[tuple[int, str]] = []
    with tempfile.TemporaryDirectory() as folder:
        good = Path(folder) / "good"
        good.mkdir()
        subprocess.run([sys.executable, __file__, name, "--make", str(good)], check=True)
        index, stop = start, start + tries
        while index < stop:
            words = [sys.executable, __file__, name, "--child", str(good), "--seed", str(seed)]
            words += ["--start", str(index), "--tries", str(stop - index), *(["--keep", str(keep)] if keep else [])]
            began = index
            with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
                watch, current = TimeLimit(process), None
                for line in process.stdout or ():
                    watch.alive()
                    told = json.loads(line)
                    current = told.get("try", current)
                    if "done" in told:
                        index = told["done"] + 1
                        faults += [(told["done"], told["fault"])] if told["fault"] else []
                status = process.wait()
            if status or watch.ended:
                if current is None:
                    raise SystemExit(f"door '{name}' ends with {status} before its first try")
                if current >= index:
                    faults.append((current, f"takes over {SECONDS:g} s" if watch.ended else f"ends with {status}"))
                    index = current + 1
            elif index == began:
                raise SystemExit(f"door '{name}' makes no progress at try {index}")
    return faults


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("door", choices=doors())
    parser.add_argument("--tries", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="copy the files of every try here; with --tries 1")
    parser.add_argument("--make", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.make:
        importlib.import_module(f"doors.{asked.door}").make(asked.make)
        return 0
    if asked.child:
        child(asked.door, asked.child, asked.seed, asked.start, asked.start + asked.tries, asked.keep)
        return 0
    faults = fuzz(asked.door, asked.tries, asked.seed, asked.start, asked.keep)
    kinds = Counter(fault for _, fault in faults)
    first = {fault: index for index, fault in reversed(faults)}
    for fault, count in kinds.most_common():
        print(f"{count:6d}  first at try {first[fault]}: {fault}")
    print(f"{asked.door}: {asked.tries} tries, {len(faults)} faults")
    return int(bool(faults))


if __name__ == "__main__":
    raise SystemExit(main())
