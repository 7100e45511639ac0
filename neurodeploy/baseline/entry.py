"""The BaselineEntry of a program and one of its recordings."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from neurodeploy.base.noun import array_sha256, json_digest
from neurodeploy.base.plain import as_table
from neurodeploy.baseline.nouns import BaselineEntry, EstimateRange
from neurodeploy.compiler import CompileOptions
from neurodeploy.diff.provenance import Provenance, arrays_digest, provenance_of
from neurodeploy.profile import Estimate, Profile
from neurodeploy.profile.budgets import METRIC_UNITS
from neurodeploy.profile.measures import profile_measures
from neurodeploy.program.program import Program
from neurodeploy.signals.recording import Recording
from neurodeploy.signals.stimulus import Stimulus

__all__ = ["ESTIMATES", "TOTALS", "entry_of", "exact_figures", "has_metrics"]

ESTIMATES = ("energy_per_inference", "energy_static_per_inference", "time_per_inference", "time_per_step")
"""Figures of a profile that are estimates."""
TOTALS = {
    "synops_per_inference": "synops",
    "updates_per_inference": "updates",
    "active_updates_per_inference": "active_updates",
    "messages_per_inference": "messages",
    "hops_per_inference": "hops",
    "chip_messages_per_inference": "chip_messages",
    "spikes_per_inference": "spikes",
}
"""Mean count of a profile -> name of the total over all samples."""
LEFT_OUT = ("lower_bound", "confusion", "support", *ESTIMATES)
"""Figures that say nothing of the program, are estimates, or many for what others say."""
MOST_CLASSES = 20
"""Largest number of classes whose figures are kept one by one."""
EDITS = ("prune", "prune_sources", "max_delay", "share_parameters", "clip_weights", "channel_scales", "soft_reset")
"""Options of a compilation that edit the network."""
OF_A_CLASS = ("precision", "recall", "f1", "auc")


def _plain(value: float) -> int | float:
    """A figure without the last digits of a double, which sums of another order change."""
    return int(value) if float(value).is_integer() and abs(value) < 2**53 else float(f"{value:.12g}")


def exact_figures(program: Program, profile: Profile) -> dict[str, int | float]:
    """Return the deterministic figures of a profile: resources, spikes of each population, event counts as totals over all
    samples, and accuracy and metrics as they are.

    `program`: the program of the profile. A mean over samples was a total divided by their number, so that multiplying and
    rounding gives the total exactly, up to 2**52.
    """
    found: dict[str, int | float] = {"chips": int(np.unique(program.tables.core_id // _cores_per_chip(program)).size)}
    for name, measure in profile_measures(profile).items():
        if measure.value is None or _is_left_out(name, profile):
            continue
        if name in TOTALS:
            found[TOTALS[name]] = round(measure.value * max(profile.n_samples, 1))
        else:
            found[name] = _plain(measure.value)
    found.update((f"spikes.{item.name}", item.spikes) for item in profile.populations)
    return dict(sorted(found.items()))


def _is_left_out(name: str, profile: Profile) -> bool:
    base, _, rest = name.partition(".")
    if base in OF_A_CLASS and rest not in ("", "macro", "weighted"):
        many = profile.metrics is not None and len(profile.metrics.classes) > MOST_CLASSES
        return many or not rest.isdigit()
    return base in LEFT_OUT or rest == "mean"


def has_metrics(entry: BaselineEntry) -> bool:
    """Return whether an entry holds figures of metrics, which are computed only where they are asked for."""
    return any(name.partition(".")[0] in METRIC_UNITS for name in entry.figures)


def _range(item: Estimate) -> EstimateRange:
    """An estimate without the digits that another order of its sums would change."""
    value, low, high = (float(f"{number:.6g}") for number in (item.value, item.low, item.high))
    return EstimateRange(value=value, low=low, high=high, unit=item.unit, kind=item.kind)


def _cores_per_chip(program: Program) -> int:
    return int(program.target.chip.cores.value)


def _spikes_digest(rows: Mapping[str, Any]) -> str:
    return arrays_digest({name: np.asarray(array, dtype=np.int64) for name, array in rows.items()})


def _stimulus(recording: Recording, stimulus: Stimulus | None) -> str:
    """Digest of the input: the input spikes that the recording holds, and the currents of the samples if they are given."""
    found = {"spikes": _spikes_digest(recording.input_spikes)}
    if stimulus is not None and stimulus.currents:
        found["currents"] = arrays_digest({n: np.asarray(a, dtype=np.float64) for n, a in stimulus.currents.items()})
    return json_digest(found)


def _edits(options: CompileOptions | None) -> dict[str, str]:
    """The options that edit a network, where they are not the default, as text."""
    chosen, usual = options or CompileOptions(), CompileOptions()
    found = dict[str, str]()
    for name in EDITS:
        value = getattr(chosen, name)
        if value != getattr(usual, name):
            table = as_table(value)
            found[name] = str(value) if table is None else ", ".join(f"{key}={table[key]}" for key in sorted(table))
    return found


def entry_of(
    program: Program,
    recording: Recording,
    profile: Profile,
    *,
    labels: ArrayLike | None = None,
    stimulus: Stimulus | None = None,
    options: CompileOptions | None = None,
) -> BaselineEntry:
    """Return the entry of a program, one of its recordings, and their profile.

    `labels`: (n_samples,) integers that the accuracy of the profile refers to; None: it has none. `stimulus`: the encoded
    samples, whose currents a recording does not hold. `options`: of the compilation, of which a program keeps only some.
    """
    estimates: dict[str, Estimate | None] = {name: getattr(profile, name) for name in ESTIMATES}
    known = provenance_of(program)
    return BaselineEntry(
        **{name: getattr(known, name) for name in Provenance.model_fields},
        neurodeploy=version("neurodeploy"),
        edits=_edits(options),
        backend=recording.backend,
        n_samples=recording.n_samples,
        first_step=recording.first_step,
        n_steps=recording.n_steps,
        seed=recording.seed,
        stimulus=_stimulus(recording, stimulus),
        labels=None if labels is None else array_sha256(np.asarray(labels, dtype=np.int64)),
        spikes=_spikes_digest(recording.spikes),
        figures=exact_figures(program, profile),
        estimates={name: _range(item) for name, item in estimates.items() if item is not None},
    )
