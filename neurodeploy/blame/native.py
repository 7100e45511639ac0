"""Blame of a spiking network that was not converted: which population's integers change what the float reference computes."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurodeploy.blame.findings import blame_findings, require_floats
from neurodeploy.blame.mixed import float_populations, mixed
from neurodeploy.blame.nouns import Blame, LayerBlame, Measure
from neurodeploy.blame.rounding import rounded_weights
from neurodeploy.blame.scores import mean_error
from neurodeploy.blame.share import DECIDED
from neurodeploy.compiler import CompileOptions, compile_network
from neurodeploy.diagnostics import DiagnosticError, about, finding, raise_errors
from neurodeploy.hardware.target import Target
from neurodeploy.network import Network
from neurodeploy.program import Program
from neurodeploy.quantize import Quantized
from neurodeploy.signals import Recording, RunOptions, Stimulus
from neurodeploy.simulate import answers, get_backend, last_step
from neurodeploy.simulate.probes import membrane_probe

__all__ = ["blame_populations", "few_samples"]

Array = NDArray[Any]
Progress = Callable[[int, int], None]


def few_samples(stimulus: Stimulus, labels: ArrayLike | None, most: int) -> tuple[Stimulus, int]:
    """Return at most `most` samples, spread evenly over all, and the number of all.

    `labels`: (samples,) classes; None: those of the stimulus. Raises DiagnosticError: ND505.
    """
    if labels is not None:
        try:
            classes = np.asarray(labels)
        except (ValueError, TypeError, RuntimeError):
            classes = np.asarray(None)
        if classes.shape != (stimulus.n_samples,) or classes.dtype.kind not in "iu":
            message = f"are {classes.dtype} {list(classes.shape)}; needs whole numbers of shape [{stimulus.n_samples}]"
            raise DiagnosticError("blame", (finding("ND505", about("labels"), message),))
        stimulus = stimulus.model_copy(update={"labels": classes})
    n_samples = stimulus.n_samples
    if n_samples <= most:
        return stimulus, n_samples
    return stimulus.part(np.linspace(0, n_samples - 1, most).round().astype(np.int64)), n_samples


class _Outcome(NamedTuple):
    """What a mixed network did."""

    counts: dict[str, Array]
    """Population -> (samples, size) spikes."""
    answers: Array | None
    """(samples,) classes; None without an output."""


def blame_populations(
    network: Network,
    stimulus: Stimulus,
    target: Target,
    *,
    offered: int | None = None,
    progress: Progress | None = None,
) -> Blame:
    """Return the blame of a spiking network: each population in floats alone, and in integers alone.

    `stimulus`: with labels, if there are any; without them the answers of the float reference count as right. `offered`: samples
    that the user gave, if more than those of the stimulus. `progress`: called with (runs done, all runs).

    Raises DiagnosticError: ND866 (all neurons compute with integers), ND502 (neurons that the reference does not have), and the
    findings of a compilation that fails.
    """
    require_floats(network)
    result = compile_network(network, target, CompileOptions())
    program = result.require()
    assert result.quantized is not None, "internal: a program was made of integers"
    names = float_populations(network)
    runs = _Runs(program, result.quantized, stimulus, 2 + 2 * len(names), progress)
    floats, chip = runs.outcome(()), runs.outcome(names)
    swaps = {name: (runs.outcome({*names} - {name}), runs.outcome({name})) for name in names}
    judge = _Judge(floats, stimulus.labels, names)
    gap = judge.parts(floats) - judge.parts(chip)
    by_points = judge.measure == "accuracy" and bool(gap.mean() > max(DECIDED * mean_error(gap), 0.0))
    made = Blame(
        network=network.name,
        target=target.name,
        steps=stimulus.n_steps,
        measure=judge.measure,
        n_samples=stimulus.n_samples,
        offered=stimulus.n_samples if offered is None else offered,
        labelled=stimulus.labels is not None,
        trained=judge.score(floats),
        chip=judge.score(chip),
        standard_error=mean_error(gap),
        shared_by="points" if by_points else "error",
        layers=_rows(runs, judge, floats, chip, swaps, by_points=by_points),
    )
    return made.model_copy(update={"findings": tuple(blame_findings(made))})


class _Runs:
    """Runs of a network in which some populations are on the chip."""

    def __init__(
        self, program: Program, quantized: Quantized, stimulus: Stimulus, total: int, progress: Progress | None
    ) -> None:
        self.program, self.quantized, self.stimulus = program, quantized, stimulus
        self.backend, self.options = get_backend("reference"), RunOptions()
        raise_errors("blame", [*self.backend.check(program)])
        self.steps = int(last_step(program.network, stimulus, self.options))
        self.total, self.progress, self.done = total, progress, 0

    def outcome(self, on_chip: Collection[str]) -> _Outcome:
        """Return what the network does with these populations on the chip."""
        network = mixed(self.quantized, on_chip)
        program = self.program.model_copy(update={"network": network})
        recording = self.backend.run(program, self.stimulus, steps=self.steps, options=self.options)
        self.done += 1
        if self.progress:
            self.progress(self.done, self.total)
        counts = {item.name: recording.spike_counts(item.name, item.size) for item in network.populations}
        return _Outcome(counts, answers(network, self.in_volts(network, recording, on_chip)))

    def in_volts(self, network: Network, recording: Recording, on_chip: Collection[str]) -> Recording:
        """Return the recording with v of populations on the chip in the units of the network, for the outputs that read it."""
        scales = {item.name: item for item in self.quantized.populations}
        states = dict(recording.states)
        for output in network.outputs:
            own, name = scales[output.source], membrane_probe(output.name)
            if output.source in on_chip and name in states:
                states[name] = states[name] / (own.scale or 1.0) + own.v_frame
        return recording.model_copy(update={"states": states})


class _Judge:
    """Scores of outcomes beside the float reference."""

    def __init__(self, floats: _Outcome, labels: Array | None, names: tuple[str, ...]) -> None:
        self.floats, self.names = floats, [name for name in names if floats.counts[name].any()]
        self.measure: Measure = "spikes" if floats.answers is None else "accuracy"
        self.wanted = floats.answers if labels is None else labels

    def parts(self, outcome: _Outcome) -> Array:
        """Return (samples,) contributions, whose mean is the score."""
        if outcome.answers is not None:
            return (outcome.answers == self.wanted).astype(np.float64)
        return 1.0 - self.differences(outcome)

    def score(self, outcome: _Outcome) -> float:
        """Return the score, at most 1."""
        return float(self.parts(outcome).mean())

    def closeness(self, outcome: _Outcome) -> float:
        """Return minus the mean relative difference of spike counts."""
        return -float(self.differences(outcome).mean())

    def differences(self, outcome: _Outcome) -> Array:
        """Return (samples,) mean over populations of |count - that of the reference|, relative to the mean count."""
        found = [
            np.abs(outcome.counts[name] - self.floats.counts[name]).mean(axis=1) / self.floats.counts[name].mean()
            for name in self.names
        ]
        n_samples = len(next(iter(self.floats.counts.values())))
        return np.mean(found, axis=0) if found else np.zeros(n_samples)


def _rows(
    runs: _Runs,
    judge: _Judge,
    floats: _Outcome,
    chip: _Outcome,
    swaps: dict[str, tuple[_Outcome, _Outcome]],
    *,
    by_points: bool,
) -> tuple[LayerBlame, ...]:
    """A row for each population."""
    loss = judge.score if by_points else judge.closeness
    weights = {
        name: max((loss(exact) - loss(chip) + loss(floats) - loss(alone)) / 2, 0.0)
        for name, (exact, alone) in swaps.items()
    }
    total = sum(weights.values())
    whole = loss(floats) - loss(chip)
    rounding = {name: rounded_weights(runs.quantized, name, runs.program.target) for name in swaps}
    return tuple(
        LayerBlame(
            layer=name,
            kind="population",
            share=weights[name] / total if total else 0.0,
            regained=100 * (judge.score(exact) - judge.score(chip)),
            alone=100 * (judge.score(floats) - judge.score(alone)),
            error=-judge.closeness(alone),
            by_steps=0.0,
            by_clipping=0.0,
            by_weights=(loss(exact) - loss(chip)) / whole if whole else 0.0,
            **_activity(floats.counts[name], chip.counts[name], runs.steps),
            clipped=rounding[name].clipped,
            weight_error=rounding[name].error,
        )
        for name, (exact, alone) in swaps.items()
    )


def _activity(wanted: Array, counts: Array, steps: int) -> dict[str, Any]:
    """Fields of LayerBlame on rates."""
    silent, full = ~counts.any(axis=0), (counts >= steps).sum(axis=0)
    return {
        "neurons": wanted.shape[1],
        "silent": int(silent.sum()),
        "dead": int((silent & wanted.any(axis=0)).sum()),
        "saturated": int((full >= max(len(counts) / 10, 1)).sum()),
        "rate_shift": float((counts - wanted).mean()) / steps,
        "rate": float(wanted.mean()) / steps,
    }
