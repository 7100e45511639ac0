"""The BaselineEntry of a program and one of its recordings."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from neurodeploy.base.noun import Noun, array_sha256, json_digest
from neurodeploy.baseline.nouns import BaselineEntry, EstimateRange
from neurodeploy.diff.parts import network_parts, target_parts
from neurodeploy.profile import Estimate, Profile
from neurodeploy.profile.measures import profile_measures
from neurodeploy.program.program import Program
from neurodeploy.signals.recording import Recording
from neurodeploy.signals.stimulus import Stimulus

__all__ = ["ESTIMATES", "TOTALS", "entry_of", "exact_figures"]

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
LEFT_OUT = ("lower_bound", *ESTIMATES)
"""Figures that say nothing of the program, or are estimates."""


def _plain(value: float) -> int | float:
    return int(value) if float(value).is_integer() and abs(value) < 2**53 else float(value)


def exact_figures(program: Program, profile: Profile) -> dict[str, int | float]:
    """Return the deterministic figures of a profile: resources, spikes of each population, event counts as totals over all
    samples, and accuracy and metrics as they are.

    `program`: the program of the profile. A mean over samples was a total divided by their number, so that multiplying and
    rounding gives the total exactly, up to 2**52.
    """
    found: dict[str, int | float] = {"chips": int(np.unique(program.tables.core_id // _cores_per_chip(program)).size)}
    for name, measure in profile_measures(profile).items():
        if measure.value is None or name.partition(".")[0] in LEFT_OUT or name.endswith(".mean"):
            continue
        if name in TOTALS:
            found[TOTALS[name]] = round(measure.value * max(profile.n_samples, 1))
        else:
            found[name] = _plain(measure.value)
    found.update((f"spikes.{item.name}", item.spikes) for item in profile.populations)
    return dict(sorted(found.items()))


def _range(item: Estimate) -> EstimateRange:
    """An estimate without the digits that another order of its sums would change."""
    value, low, high = (float(f"{number:.6g}") for number in (item.value, item.low, item.high))
    return EstimateRange(value=value, low=low, high=high, unit=item.unit, kind=item.kind)


def _cores_per_chip(program: Program) -> int:
    return int(program.target.chip.cores.value)


def _arrays_digest(arrays: Mapping[str, Any]) -> str:
    rows = {name: [list(array.shape), array.dtype.kind, array_sha256(array)] for name, array in arrays.items()}
    return json_digest(rows)


def _spikes_digest(rows: Mapping[str, Any]) -> str:
    return _arrays_digest({name: np.asarray(array, dtype=np.int64) for name, array in rows.items()})


def _integers(program: Program) -> str:
    """Digest of the integers of a program, in the order of neurons and not of cores."""
    tables = program.tables
    columns = (
        "du",
        "dv",
        "vth_mant",
        "bias_mant",
        "bias_exp",
        "refract_delay",
        "vmin_exp",
        "vmax_exp",
        "reset",
        "spiking",
    )
    registers = {
        f"{name}/{column}": getattr(tables, column)[rows].astype(np.int64)
        for name, rows in program.table_rows.items()
        for column in columns
    }
    formats = sorted(json_digest(_json(item)) for item in program.formats)
    ledger = sorted(json_digest(_json(item)) for item in program.ledger)
    return json_digest({"registers": _arrays_digest(registers), "formats": formats, "ledger": ledger})


def _json(noun: Noun) -> object:
    return noun.model_dump(mode="json")


def _placement(program: Program) -> str:
    tables = program.tables
    return _arrays_digest({"core": tables.core_id, "first": tables.compartment_ptr, "population": tables.population, "neuron": tables.neuron})  # fmt: skip


def _stimulus(recording: Recording, stimulus: Stimulus | None) -> str:
    """Digest of the input: the input spikes that the recording holds, and the currents of the samples if they are given."""
    found = {"spikes": _spikes_digest(recording.input_spikes)}
    if stimulus is not None and stimulus.currents:
        found["currents"] = _arrays_digest({n: np.asarray(a, dtype=np.float64) for n, a in stimulus.currents.items()})
    return json_digest(found)


def entry_of(
    program: Program,
    recording: Recording,
    profile: Profile,
    *,
    labels: ArrayLike | None = None,
    stimulus: Stimulus | None = None,
) -> BaselineEntry:
    """Return the entry of a program, one of its recordings, and their profile.

    `labels`: (n_samples,) integers that the accuracy of the profile refers to; None: it has none. `stimulus`: the encoded
    samples, whose currents a recording does not hold.
    """
    target, options = program.target, program.quantize_options
    chosen = {name: dict(getattr(options, name)) for name in type(options).model_fields}
    estimates: dict[str, Estimate | None] = {name: getattr(profile, name) for name in ESTIMATES}
    return BaselineEntry(
        network=program.network.name,
        neurodeploy=version("neurodeploy"),
        program=program.digest(),
        network_parts=network_parts(program.network),
        target=target.name,
        board=target.board,
        dialect=target.dialect.name,
        rule_set=target.rule_set,
        target_parts=target_parts(target),
        options={name: values for name, values in chosen.items() if values},
        placement_seed=program.placement_seed,
        integers=_integers(program),
        placement=_placement(program),
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
