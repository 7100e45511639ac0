"""Study: scores, cores, energy and time of a converted network by the number of steps."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.blame.inputs import Given, levels, rasters, stimulus_of
from neurodeploy.blame.nouns import StepRow, Study
from neurodeploy.blame.passes import Mode, clock_signals, layer_pass
from neurodeploy.blame.scores import Scorer, scorer
from neurodeploy.blame.stages import Staged, staged
from neurodeploy.compiler import CompileOptions, compile_network
from neurodeploy.convert.notes import Notes, expanded
from neurodeploy.convert.rates import layer_values
from neurodeploy.hardware.target import Target
from neurodeploy.network import Network
from neurodeploy.profile import profile
from neurodeploy.program import Program
from neurodeploy.quantize import Quantized, quantize
from neurodeploy.signals import Stimulus
from neurodeploy.simulate import answers, decoded, run
from neurodeploy.simulate.probes import membrane_probe
from neurodeploy.trained.layers import layers_of
from neurodeploy.trained.network import TrainedNetwork

__all__ = ["SAMPLES", "STEPS", "Following", "study_integers", "study_steps"]

Array = NDArray[Any]
Following = Callable[[str, int, int], None]
"""Called with (activity, amount done, total amount)."""
STEPS = (4, 8, 16, 32, 64)
"""Numbers of steps of a study, unless others are asked for."""
SAMPLES = 1000
"""Samples at most that a study runs, unless asked for more."""
BATCH = 1 << 23
"""Values of the largest layer, over steps and samples, that are simulated at a time."""


class _Compiled(NamedTuple):
    """A network for one number of steps, or for several of which the integers do not depend."""

    program: Program
    quantized: Quantized


def study_steps(
    network: Network,
    notes: Notes,
    given: Given,
    target: Target,
    steps: Iterable[int] = STEPS,
    *,
    offered: int | None = None,
    progress: Following | None = None,
) -> Study:
    """Return the study of a converted network for samples, all of which are run.

    `steps`: numbers of steps. `offered`: samples that the user gave, if more than are run. `progress`: called with (activity, done, total).

    Raises DiagnosticError with the findings of the compilation if the network does not fit the target.
    """
    every = sorted(set(steps))
    compiled = _compiled(network, target, every[0], None)
    float_form = staged(network, compiled.quantized, target.dialect, notes)
    exact = outputs(float_form, given, every[0], "exact")
    own = scorer(notes.task, exact, given.labels)
    rows: list[StepRow] = []
    for number, count in enumerate(every):
        if progress:
            progress(f"running {count} steps", number, len(every))
        compiled = _compiled(network, target, count, compiled)
        rows.append(_row(float_form, compiled, given, count, own, exact))
    return Study(
        network=network.name,
        target=target.name,
        measure=own.measure,
        n_samples=given.n,
        offered=given.n if offered is None else offered,
        labelled=given.labels is not None,
        calibrated_for=notes.steps,
        trained=own.score(exact),
        trained_error=own.standard_error(exact),
        rows=tuple(rows),
    )


def study_integers(
    network: Network,
    trained: TrainedNetwork,
    given: Given,
    target: Target,
    steps: int,
    *,
    offered: int | None = None,
) -> Study:
    """Return the study of a converted network whose neurons compute with integers, which has one number of steps.

    `trained`: the network that it was converted from. `given`: samples, all of which are run. `offered`: samples that the user
    gave, if more than are run. Raises DiagnosticError with the findings of a compilation that fails.
    """
    program = compile_network(network, target, CompileOptions()).require()
    recording = run(program, stimulus_of(network, given, steps))
    layers = layers_of(trained)
    exact = layer_values(layers, given.values).values[layers.layers[-1].name].astype(np.float64)
    own, values = scorer(trained.task, exact, given.labels), decoded(network, recording)
    chip = next(iter(values.values()))[:, -1] if values else None
    answered = answers(network, recording)
    if own.measure == "accuracy" and answered is not None:
        chip = np.eye(max(exact.shape[1], 2))[answered]
    assert chip is not None, "internal: a converted network has an output"
    figures = profile(program, recording)
    row = StepRow(
        steps=steps,
        spiking=None,
        chip=own.score(chip),
        standard_error=own.standard_error(chip),
        standard_error_of_loss=own.error_of_difference(exact, chip),
        rms_error=float(np.sqrt(np.square(chip - exact).mean())) if own.measure == "r2" else None,
        cores=figures.cores,
        energy=figures.energy_per_inference,
        time=figures.time_per_inference,
        spikes=sum(item.spikes_per_inference for item in figures.populations),
    )
    return Study(
        network=network.name, target=target.name, measure=own.measure, n_samples=given.n,
        offered=given.n if offered is None else offered, labelled=given.labels is not None, calibrated_for=steps,
        trained=own.score(exact), trained_error=own.standard_error(exact), rows=(row,),
    )  # fmt: skip


def _compiled(network: Network, target: Target, steps: int, before: _Compiled | None) -> _Compiled:
    """The network for a number of steps: the program of another number if the integers are the same."""
    timed = network.model_copy(update={"time": network.time.model_copy(update={"steps_per_sample": steps})})
    if before is not None:
        made = quantize(timed, target)
        if (made.populations, made.projections) == (before.quantized.populations, before.quantized.projections):
            return before
    result = compile_network(timed, target, CompileOptions(fixes=before is None))
    program = result.require()
    assert result.quantized is not None, "internal: a program was made of integers"
    return _Compiled(program, result.quantized)


def _row(form: Staged, compiled: _Compiled, given: Given, steps: int, own: Scorer, exact: Array) -> StepRow:
    stimulus = stimulus_of(form.network, given, steps)
    recording = run(compiled.program, stimulus)
    unit = form.notes.layers[-1].units[0]
    population = form.stages[unit.population]
    scale = next(item.scale for item in compiled.quantized.populations if item.name == unit.population) or 1.0
    output = next(item.name for item in form.network.outputs if item.source == unit.population)
    v = recording.states[membrane_probe(output)][:, -1].astype(np.float64)
    chip = v / scale / steps * expanded(unit.gain, population.size)
    figures = profile(compiled.program, recording)
    return StepRow(
        steps=steps,
        spiking=own.score(outputs(form, given, steps, "float", stimulus)),
        chip=own.score(chip),
        standard_error=own.standard_error(chip),
        standard_error_of_loss=own.error_of_difference(exact, chip),
        rms_error=float(np.sqrt(np.square(chip - exact).mean())),
        cores=figures.cores,
        energy=figures.energy_per_inference,
        time=figures.time_per_inference,
        spikes=sum(item.spikes_per_inference for item in figures.populations),
    )


def outputs(form: Staged, given: Given, steps: int, mode: Mode, stimulus: Stimulus | None = None) -> Array:
    """Return (samples, size) outputs of a converted network with every layer in one mode.

    `stimulus`: the samples encoded for `steps` steps, if they are at hand.
    """
    if stimulus is None and mode != "exact":
        stimulus = stimulus_of(form.network, given, steps)
    work = clock_signals(form, steps)
    largest = max([item.size for item in form.stages.values()] + [item.size for item in form.network.inputs])
    batch, made = max(BATCH // (largest * work.total), 1), list[Array]()
    for start in range(0, given.n, batch):
        numbers = np.arange(start, min(start + batch, given.n))
        if mode == "exact" or stimulus is None:
            signals = dict(levels(form.network, given.part(numbers)))
        else:
            signals = dict(rasters(form.network, stimulus.part(numbers), work.total))
        for layer in form.layers.values():
            signals |= layer_pass(work, layer, mode, signals)
        made.append(signals[form.notes.layers[-1].units[0].population])
    return np.concatenate(made)
