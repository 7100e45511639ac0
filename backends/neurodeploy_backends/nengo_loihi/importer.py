"""Importer of Nengo networks: FILE.py:NAME, built by nengo-loihi in its own interpreter.

nengo is GPL-2.0 and is imported only there. What comes back are integers: the registers, synapses and input spikes that
nengo-loihi's emulator would run, as a network of `loihi_cuba` compartments.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from neurodeploy.diagnostics import Diagnostic, DiagnosticError, about, finding, raise_errors
from neurodeploy.importers.load import Format
from neurodeploy.importers.options import Imported, ImportOptions
from neurodeploy.io.archive import read_bytes
from neurodeploy.network.validate import require_valid
from neurodeploy.worker import Limits, Result, Script, interpreter_of, missing, run_job
from neurodeploy_backends.nengo_loihi.assemble import network_of, samples_of
from neurodeploy_backends.nengo_loihi.environment import NENGO_LOIHI
from neurodeploy_backends.nengo_loihi.refusals import refusals
from neurodeploy_backends.nengo_loihi.remarks import ledger_of, remarks_of

__all__ = ["FORMAT", "import_plan", "import_result", "load_nengo", "load_nengo_text"]

HERE = "neurodeploy_backends.nengo_loihi.importer"
FORMAT = Format(
    ".py",
    f"{HERE}:load_nengo",
    ("dt_s", "duration_s", "presentation_s"),
    named=True,
    text_reader=f"{HERE}:load_nengo_text",
)
SCRIPT = Path(__file__).with_name("child") / "import_model.py"
DT_S = 0.001
"""Default step, in seconds, which is nengo-loihi's."""
DURATION_S = 1.0
"""Default length of the simulated input, in seconds."""
MOST_STEPS = 10_000_000
"""Most steps of the simulated input: nengo-loihi keeps what each of them sends."""
GIVEN = ("nengo", "nengo_loihi", "np", "numpy")
"""Modules that a text without a file may use without importing them."""


def load_nengo(path: Path, options: ImportOptions) -> Imported:
    """Return the network of FILE.py:NAME, or the only network of FILE.py, with its input as samples.

    Raises DiagnosticError: ND001 (unreadable), ND003 (not text), ND080-ND085, ND501 (nengo-loihi is not installed), ND546.
    """
    file, name = _split(path)
    try:
        text = read_bytes(file).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"is not UTF-8 text: {error.reason} at byte {error.start:,}"
        raise DiagnosticError("import", (finding("ND003", about("file", file), message),)) from None
    return _imported(import_plan(text, str(file.resolve()), name, options), str(file), options)


def load_nengo_text(text: str, name: str, options: ImportOptions) -> Imported:
    """Return the network called `name` of a text, which may use nengo, nengo_loihi and numpy (np) without importing them.

    Raises DiagnosticError: as load_nengo.
    """
    shown = f"<source of {name}>" if name else "<source>"
    return _imported(import_plan(text, shown, name, options, given=GIVEN), shown, options)


def _split(path: Path) -> tuple[Path, str]:
    """File and name of FILE.py:NAME."""
    match = re.fullmatch(r"(.*\.py)(?::(.*))?", path.name, flags=re.DOTALL)
    assert match is not None, "internal: the path fits the format"
    return path.with_name(match[1]), match[2] or ""


def import_plan(
    text: str, path: str, name: str, options: ImportOptions, *, given: tuple[str, ...] = (), golden: bool = False
) -> dict[str, Any]:
    """Return the plan of a job. `golden`: also run nengo-loihi's emulator, and return its spikes and states."""
    dt_s = options.dt_s or DT_S
    duration_s = options.duration_s or DURATION_S
    if not duration_s / dt_s < MOST_STEPS:
        message = f"{duration_s:g} s in steps of {dt_s:g} s is {duration_s / dt_s:g} steps; the limit is {MOST_STEPS:,}"
        fixes = [f"--duration {dt_s * MOST_STEPS:g} at most, or a longer --dt"]
        raise DiagnosticError("import", (finding("ND701", about("option", "--duration"), message, fixes=fixes),))
    steps = max(1, round(duration_s / dt_s))
    each = steps if options.presentation_s is None else min(steps, max(1, round(options.presentation_s / dt_s)))
    plan: dict[str, Any] = {"text": text, "path": path, "name": name, "given": list(given), "cwd": os.getcwd()}
    return {**plan, "dt": dt_s, "steps": steps // each * each, "steps_of_sample": each, "golden": golden}


def import_result(plan: dict[str, Any], subject: str) -> Result:
    """Return the result of a job. Raises DiagnosticError: ND080-ND085, ND501, ND546."""
    interpreter, absent = interpreter_of(NENGO_LOIHI), missing(NENGO_LOIHI, NENGO_LOIHI.name)
    raise_errors("import", [absent] if absent else [])
    assert interpreter is not None, "internal: an environment that is not missing has an interpreter"
    try:
        result = run_job(Script(NENGO_LOIHI.name, interpreter.path, SCRIPT), plan, {}, limits=Limits())
    except DiagnosticError as error:
        raise DiagnosticError("import", tuple(_stopped(item, subject) for item in error.diagnostics)) from None
    raise_errors("import", refusals(result.meta.get("refused", []), subject, interpreter.path))
    return result


def _stopped(item: Diagnostic, subject: str) -> Diagnostic:
    """ND082 for a process that hung or ended; others unchanged."""
    if item.code not in ("ND541", "ND542"):
        return item
    fixes = ["a larger NEURODEPLOY_WORKER_SILENCE_S, if the file needs longer"] if item.code == "ND541" else []
    return finding("ND082", about("file", subject), item.message, fixes=fixes)


def _imported(plan: dict[str, Any], subject: str, options: ImportOptions) -> Imported:
    result = import_result(plan, subject)
    remarks, ledger = remarks_of(result, subject), ledger_of(result, plan, options)
    raise_errors("import", remarks, strict=options.strict)
    network = network_of(result, plan, subject)
    require_valid(network)
    return Imported(network=network, ledger=ledger, findings=remarks, samples=samples_of(result, plan))
