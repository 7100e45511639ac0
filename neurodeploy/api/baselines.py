"""Baselines: the deterministic figures of a program, kept in a file and compared exactly."""

from __future__ import annotations

import os
from collections.abc import Mapping as MappingOf
from os import PathLike
from pathlib import Path

from numpy.typing import ArrayLike

from neurodeploy.api.running import labels_of, profile, require_own
from neurodeploy.baseline import (
    FILE,
    Baseline,
    BaselineEntry,
    baseline_findings,
    entry_differences,
    entry_of,
    merged,
    missing_entry,
    save_baseline,
)
from neurodeploy.baseline import load_baseline as load_file
from neurodeploy.compiler import CompileOptions
from neurodeploy.diagnostics.choices import needs
from neurodeploy.diff import Differences
from neurodeploy.io.write import locked, place
from neurodeploy.metrics import Metrics
from neurodeploy.program import Program
from neurodeploy.simulate import Recording, Stimulus

__all__ = ["baseline", "check_baseline", "load_baseline", "write_baseline"]

AnyPath = str | PathLike[str]
PATHS = (str, PathLike)


def baseline(
    program: Program,
    recording: Recording,
    *,
    labels: ArrayLike | None = None,
    metrics: Metrics | None = None,
    stimulus: Stimulus | None = None,
    options: CompileOptions | None = None,
) -> BaselineEntry:
    """Return the deterministic figures of a program and one of its recordings, and digests of all they depend on.

    The figures are cores, resources, spikes of each population, events as totals over all samples, and the accuracy. They are
    the same on every machine; energy and time are kept as intervals for information.

    `labels`: (samples,) integers, for the accuracy. `metrics`: as nd.metrics returns them. `stimulus`: the encoded samples,
    which nd.encode returns; needed only so that a change of input currents is noticed, which a recording does not hold.
    `options`: of the compilation, so that a change of an option that edits the network, such as prune, is named.

    Raises DiagnosticError: ND002 (arguments), ND505 (labels), ND513 and ND514 (recording not sound, or not of everything),
    ND703 (recording of another program).

    Example: nd.write_baseline({"net": nd.baseline(program, recording, labels=labels)})
    """
    require_own("baseline", program, recording)
    needs("baseline", stimulus=(stimulus, (Stimulus, type(None))), options=(options, (CompileOptions, type(None))))
    shown = profile(program, recording, labels=labels, metrics=metrics)
    known = None if labels is None else labels_of("baseline", recording, labels)
    return entry_of(program, recording, shown, labels=known, stimulus=stimulus, options=options)


def load_baseline(path: AnyPath = FILE) -> Baseline:
    """Return the baseline of a file.

    `path`: default neurodeploy-baseline.json in the current folder. Raises DiagnosticError: ND002 (arguments), ND622 (missing,
    damaged, or of a newer release).

    Example: nd.load_baseline().entries["net"].figures["cores"]
    """
    needs("load_baseline", path=(path, PATHS))
    return load_file(path)


def write_baseline(entries: MappingOf[str, BaselineEntry], path: AnyPath = FILE) -> Baseline:
    """Write entries to a baseline file, and return all that it then holds. Other entries of the file are kept.

    `entries`: name -> entry, as nd.baseline returns it. `path`: default neurodeploy-baseline.json in the current folder. The
    file is canonical JSON, so that one moved figure is one changed line.

    Raises DiagnosticError: ND002 (arguments), ND007 (cannot be written), ND622 (the file is not a baseline).

    Example: nd.write_baseline({"net": entry})
    """
    needs("write_baseline", entries=(entries, MappingOf), path=(path, PATHS))
    needs("write_baseline", **{f"entries['{name}']": (entry, BaselineEntry) for name, entry in entries.items()})
    file = Path(path)
    with locked(place(file).parent):  # two processes, as those of a test run, may add an entry each
        made = merged(load_file(file) if os.path.exists(file) else None, entries)
        save_baseline(made, file)
    return made


def check_baseline(entry: BaselineEntry, base: AnyPath | Baseline = FILE, *, name: str | None = None) -> Differences:
    """Return how an entry differs from a baseline, with the findings of `neurodeploy baseline check`.

    `entry`: what nd.baseline returns now. `base`: a baseline or the path of its file. `name`: of the entry in it; default: the
    name of the network.

    The comparison is exact. The findings are ND620 (figures moved), ND621 (not in the baseline), ND623 (figures of one side
    only) and ND624 (something changed that moved nothing).

    Raises DiagnosticError: ND002 (arguments), ND622 (missing, damaged, or of a newer release).

    Example: nd.check_baseline(nd.baseline(program, recording)).same
    """
    needs(
        "check_baseline", entry=(entry, BaselineEntry), base=(base, (Baseline, *PATHS)), name=(name, (str, type(None)))
    )
    known = base if isinstance(base, Baseline) else load_file(base)
    file, own = FILE if isinstance(base, Baseline) else str(base), name or entry.network
    before = known.entries.get(own)
    if before is None:
        missing = missing_entry(own, file, tuple(known.entries))
        return Differences(of="baseline", base=file, head=own, findings=(missing,))
    found = entry_differences(before, entry, (file, own))
    return found.model_copy(update={"findings": baseline_findings(own, found, file)})
