"""What a user waits for before anything runs: the import, the first result of a fresh process, compilations.

Every figure is that of a new process; the least of the repeats counts.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from environments import home

__all__ = ["COMPILED", "compile_times", "first_result", "import_time"]

HERE = Path(__file__).parent
ROOT = HERE.parent
Say = Callable[[str], None]
COMPILED = ("digits", "w2", "pilotnet", "dvs")
"""Keys of compile_cases.CASES, which is not imported here: this process stays free of the package."""
FIRST = ["-m", "neurodeploy", "run", str(ROOT / "examples" / "digits" / "digits.nd.json"), "--target", "loihi1"]
"""The first command of the README."""
IMPORT = "import json, time; a, b = time.perf_counter(), time.process_time(); import neurodeploy; "
IMPORT += "print(json.dumps({'wall_s': time.perf_counter() - a, 'processor_s': time.process_time() - b}))"


def _environment(folder: Path, bytecode: Path) -> dict[str, str]:
    """The variables of a user's process: this checkout, no cache but bytecode, which pip compiles when it installs."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "XDG_", "NUMBA_"))}
    sources = os.pathsep.join(str(ROOT / part) for part in (".", "backends", "targets"))
    own = {"PYTHONPATH": sources, "PYTHONPYCACHEPREFIX": str(bytecode), "HOME": str(folder)}
    return {**kept, **own, "XDG_CACHE_HOME": str(folder / "cache")}


def _once(arguments: list[str], bytecode: Path, timeout_s: float) -> dict[str, Any]:
    """Run one process with empty caches; return its wall and processor seconds and its output."""
    with tempfile.TemporaryDirectory(prefix="first-") as folder:
        command = [sys.executable, *arguments]
        before, start = _children_s(), time.perf_counter()
        done = subprocess.run(
            command,
            cwd=folder,
            env=_environment(Path(folder), bytecode),
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        wall, used = time.perf_counter() - start, _children_s() - before
    if done.returncode:
        return {"failed": (done.stderr or done.stdout).strip().splitlines()[-1][:300]}
    return {"wall_s": wall, "processor_s": used, "output": done.stdout}


def _children_s() -> float:
    """Processor seconds of all processes that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _least(rows: list[dict[str, Any]]) -> dict[str, Any]:
    failed = next((row for row in rows if "failed" in row), None)
    return failed or {**rows[0], **{name: min(row[name] for row in rows) for name in ("wall_s", "processor_s")}}


def _repeated(arguments: list[str], repeats: int, timeout_s: float) -> list[dict[str, Any]]:
    """The first process finds no bytecode at all, the others that of the first."""
    home().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bytecode-", dir=home()) as bytecode:
        return [_once(arguments, Path(bytecode), timeout_s) for _ in range(1 + repeats)]


def first_result(repeats: int, timeout_s: float, say: Say) -> dict[str, Any]:
    """`neurodeploy run digits`: with bytecode and nothing else cached, and without any bytecode of Python and packages."""
    say("first result of neurodeploy run digits")
    first, *rest = _repeated(FIRST, repeats, timeout_s)
    found = _least(rest)
    shown = found.pop("output", "").splitlines()[:1]
    return {**found, "shown": shown, "without_bytecode": {name: first[name] for name in first if name != "output"}}


def import_time(repeats: int, timeout_s: float, say: Say) -> dict[str, Any]:
    """`import neurodeploy` within a fresh interpreter."""
    say("import neurodeploy")
    rows = _repeated(["-c", IMPORT], repeats, timeout_s)[1:]
    return _least([row if "failed" in row else json.loads(row["output"]) for row in rows])


def compile_times(keys: tuple[str, ...], repeats: int, timeout_s: float, say: Say) -> dict[str, Any]:
    """Key -> seconds of the first compilation of a process, or why there are none."""
    found = dict[str, Any]()
    for key in keys:
        say(f"compiling {key}")
        rows = _repeated([str(HERE / "compile_cases.py"), key], repeats, timeout_s)[1:]
        found[key] = _least([row if "failed" in row else json.loads(row["output"]) for row in rows])
    return found
