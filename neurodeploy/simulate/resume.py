"""Runs in parts: checks before a run resumes from a state, and the parts joined to one recording.

Parts share no step: one ends with step k and the next begins with step k + 1, so that their rows together are those of the
uninterrupted run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.base.rows import rows_sorted
from neurodeploy.diagnostics import Diagnostic, DiagnosticError, about, finding, raise_errors
from neurodeploy.diagnostics.choices import needs
from neurodeploy.network import Latency, Network
from neurodeploy.program.program import Program
from neurodeploy.signals.options import RunOptions
from neurodeploy.signals.recording import Recording
from neurodeploy.signals.state import RunState
from neurodeploy.signals.stimulus import Stimulus
from neurodeploy.simulate.decode import drain_steps
from neurodeploy.simulate.recording_check import require_sound_recording
from neurodeploy.simulate.shown import FORM, ShownInput

__all__ = ["continued", "drawn_faults", "input_hashes", "part_findings", "resume_faults", "state_slice"]

Array = NDArray[Any]


def input_hashes(network: Network, stimulus: Stimulus, options: RunOptions, step: int) -> tuple[str, ...]:
    """Return the hash of each sample's input in steps 1..`step`, the same for rows and rasters.

    Noise from the user is part of the input. Drawn noise is not: seed, sample and step determine it.
    """
    shown = [ShownInput() for _ in range(stimulus.n_samples)]
    for item in network.inputs:
        for own, parts in zip(shown, _sample_parts(stimulus, item.name, item.size, step), strict=False):
            own.add(item.name, *parts)
    for name in sorted(options.noise):
        draws = options.noise[name][:, :step]
        for sample, own in enumerate(shown):
            flat = draws[sample % len(draws)].ravel()
            places = np.flatnonzero(flat)
            own.add(f"noise {name}", places, flat[places].astype(np.float64))
    return tuple(own.text() for own in shown)


def _earlier_hashes(network: Network, stimulus: Stimulus, options: RunOptions, step: int) -> tuple[str, ...]:
    """The same as earlier versions computed it."""
    hashes = [hashlib.blake2b(digest_size=16) for _ in range(stimulus.n_samples)]
    for item in network.inputs:
        for sample, parts in enumerate(_sample_parts(stimulus, item.name, item.size, step)):
            for part in parts:
                hashes[sample].update(f"{item.name} {part.size}:".encode())
                hashes[sample].update(np.ascontiguousarray(part).view(np.uint8).data)
    for name in sorted(options.noise):
        draws = options.noise[name][:, :step].astype("<i2")
        for sample, own in enumerate(hashes):
            own.update(f"noise {name}:".encode() + draws[sample % len(draws)].tobytes())
    return tuple(own.hexdigest() for own in hashes)


def _sample_parts(stimulus: Stimulus, name: str, lines: int, step: int) -> Iterator[tuple[Array, ...]]:
    """Yield for each sample the indices step * lines + line of an input's non-zero values up to `step`, and these values."""
    if name in stimulus.currents:
        for values in stimulus.currents[name][:, :step]:
            flat = np.asarray(values, dtype="<f8").ravel()
            places = np.flatnonzero(flat)
            yield places.astype("<i8"), flat[places]
    elif name in stimulus.rasters:
        for raster in stimulus.rasters[name][:, :step]:
            yield (np.flatnonzero(raster).astype("<i8"),)
    else:
        rows = stimulus.spikes.get(name, np.zeros((0, 3), dtype=np.int32))
        cuts = np.searchsorted(rows[:, 0], np.arange(stimulus.n_samples + 1))
        for start, stop in pairwise(cuts):
            own = rows[start:stop]
            own = own[own[:, 1] <= step].astype("<i8")
            yield (own[:, 1] * lines + own[:, 2] - lines,)


def resume_faults(program: Program, stimulus: Stimulus, options: RunOptions, steps: int) -> list[Diagnostic]:
    """Return ND509 if a state belongs to another run, and ND512 if its input or its noise was different."""
    kept, where = options.resume, about("network", program.network.name)
    if kept is None:
        return []
    found = list[Diagnostic]()
    if kept.program_digest != program.digest():
        message = f"state is of program {kept.program_digest[:12]!r}, not of {program.digest()[:12]!r}"
        found.append(finding("ND509", where, message))
    if steps <= kept.step:
        message = "state is at or after the last step of the run, so nothing is left to run"
        found.append(finding("ND509", where, message, found=kept.step, limit=steps - 1, unit="step"))
    if kept.n_samples != stimulus.n_samples:
        message = "state has a different number of samples than the stimulus"
        found.append(finding("ND509", where, message, found=kept.n_samples, limit=stimulus.n_samples, unit="sample"))
    elif len(kept.shown) != kept.n_samples:
        message = f"state has input hashes of {len(kept.shown)} samples but contains {kept.n_samples} samples"
        found.append(finding("ND509", where, message))
    return found or [*_shown_faults(program, stimulus, options, kept), *drawn_faults(program, stimulus, options, kept)]


def _shown_faults(program: Program, stimulus: Stimulus, options: RunOptions, kept: RunState) -> Iterator[Diagnostic]:
    """ND512 if the input before the cut has changed."""
    hashes = input_hashes if all(text.startswith(FORM) for text in kept.shown) else _earlier_hashes
    shown = hashes(program.network, stimulus, options, kept.step)
    other = [k for k, (one, two) in enumerate(zip(shown, kept.shown, strict=True)) if one != two]
    if not other:
        return
    message = f"input of steps 1 to {kept.step:,} differs from the input with which the state was kept"
    message += f", in {len(other):,} of {kept.n_samples:,} samples, first sample {other[0]}"
    late = [item.name for item in program.network.inputs if isinstance(item.encoder, Latency)]
    fixes = [f"pass the same samples and the same --seed (seed of the kept run: {kept.seed})"]
    fixes += [f"input '{name}' uses latency coding, which depends on --steps: pass the same --steps" for name in late]
    yield finding("ND512", about("network", program.network.name), message, fixes=fixes)


def drawn_faults(program: Program, stimulus: Stimulus, options: RunOptions, kept: RunState) -> Iterator[Diagnostic]:
    """Yield ND512 if noise of `program` would continue with other draws than those of a state.

    `stimulus`, `options`: of the run that resumes. `kept`: the state.
    """
    noisy = [p.name for p in program.populations if "noise_at" in p.parameters and p.name not in options.noise]
    if not noisy:
        return
    drawn = {"seed": (kept.seed, options.seed), "first sample": (kept.first_sample, stimulus.first_sample)}
    for word, (before, now) in drawn.items():
        if before != now:
            message = f"noise of '{noisy[0]}' was drawn with {word} {before} and would continue with {now}"
            yield finding("ND512", about("network", program.network.name), message, fixes=[f"{word} {before}"])


def part_findings(network: Network, recording: Recording, stimulus: Stimulus) -> tuple[Diagnostic, ...]:
    """Return ND515 if a run that was not stopped covers only some steps of each sample, drain included."""
    last = stimulus.n_steps + drain_steps(network)
    first, end = recording.first_step, recording.n_steps
    if not recording.complete or (first == 1 and end >= last):
        return ()
    message = (
        f"figures cover steps {first:,} to {end:,} of {last:,}, a part of each inference; accuracy needs complete runs"
    )
    return (finding("ND515", about("recording"), message),)


def state_slice(kept: RunState, start: int, stop: int) -> RunState:
    """Return the state of samples [start, stop) only."""
    return kept.model_copy(
        update={
            "n_samples": stop - start,
            "first_sample": kept.first_sample + start,
            "shown": kept.shown[start:stop],
            "variables": {name: values[start:stop] for name, values in kept.variables.items()},
            "arriving": {name: values[start:stop] for name, values in kept.arriving.items()},
            "learning": {name: values[start:stop] for name, values in kept.learning.items()},
        }
    )


def continued(parts: Sequence[Recording]) -> Recording:
    """Return the recording of a whole run, joined from the recordings of its consecutive `parts`.

    Each part runs with keep_state=True, and the next one with resume=part.final_state.

    Raises DiagnosticError: ND002 (arguments), ND513 (a part is not sound), ND551 (no parts, parts of different runs, or
    steps that are missing or duplicated).

    Example: nd.continued([first, nd.run(program, samples, resume=first.final_state)])
    """
    needs("continued", parts=(parts, (list, tuple)))
    needs("continued", **{f"parts[{number}]": (part, Recording) for number, part in enumerate(parts)})
    if not parts:
        raise DiagnosticError(
            "run", (finding("ND551", about("recordings"), "are missing: at least one part of a run is needed"),)
        )
    for part in parts:
        require_sound_recording(part)
    first, last = parts[0], parts[-1]
    raise_errors("run", [fault for one, two in pairwise(parts) for fault in _discontinuities(one, two)])
    spikes, payloads = dict[str, Array](), dict[str, Array]()
    for name in first.spikes:
        rows = np.concatenate([part.spikes[name] for part in parts])
        order = np.lexsort((rows[:, 2], rows[:, 1], rows[:, 0]))
        spikes[name] = rows[order]
        if name in first.payloads:
            payloads[name] = np.concatenate([part.payloads[name] for part in parts])[order]
    active = [part.active_updates for part in parts if part.active_updates is not None]
    return last.model_copy(
        update={
            "first_step": first.first_step,
            "spikes": spikes,
            "payloads": payloads,
            "input_spikes": {
                name: rows_sorted(np.concatenate([part.input_spikes[name] for part in parts]))
                for name in first.input_spikes
            },
            "states": {name: np.concatenate([part.states[name] for part in parts], axis=1) for name in first.states},
            "active_updates": np.concatenate(active, axis=1) if len(active) == len(parts) else None,
            "overflows": _added(parts),
            "findings": tuple(dict.fromkeys(item for part in parts for item in part.findings)),
        }
    )


def _added(parts: Sequence[Recording]) -> dict[str, Array]:
    """Sums of the overflow counters that every part has."""
    names = [name for name in parts[0].overflows if all(name in part.overflows for part in parts)]
    return {name: np.sum([part.overflows[name] for part in parts], axis=0) for name in names}


def _widths(arrays: Mapping[str, Array]) -> dict[str, int]:
    return {name: arrays[name].shape[-1] for name in sorted(arrays)}


def _cores(recording: Recording) -> int:
    return 0 if recording.active_updates is None else recording.active_updates.shape[2]


def _discontinuities(one: Recording, two: Recording) -> Iterator[Diagnostic]:
    """ND551 if `two` does not continue `one`."""
    pairs: dict[str, tuple[Any, Any]] = {
        "programs": (one.program_digest[:12], two.program_digest[:12]),
        "numbers of samples": (one.n_samples, two.n_samples),
        "populations": (sorted(one.spikes), sorted(two.spikes)),
        "inputs": (sorted(one.input_spikes), sorted(two.input_spikes)),
        "spike values": (sorted(one.payloads), sorted(two.payloads)),
        "populations recorded": (one.recorded, two.recorded),
        "states": (_widths(one.states), _widths(two.states)),
        "overflows": (_widths(one.overflows), _widths(two.overflows)) if one.overflows and two.overflows else ({}, {}),
        "cores": (_cores(one), _cores(two)) if _cores(one) and _cores(two) else (0, 0),
        "seeds": (one.seed, two.seed),
    }
    differences = [f"{what} {left} and {right}" for what, (left, right) in pairs.items() if left != right]
    if one.n_steps + 1 != two.first_step:
        differences.append(f"one ends with step {one.n_steps}, the next begins with step {two.first_step}")
    if not one.complete:
        differences.append("a part was stopped")
    if differences:
        yield finding("ND551", about("recordings"), "are not consecutive parts of one run: " + "; ".join(differences))
