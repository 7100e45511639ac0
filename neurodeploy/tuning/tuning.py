"""Search for compile options on samples: scales of channels, clipped weights, headroom.

Every setting is compiled and run on the exact emulator, and its spike counts are compared with those of the float reference
on the same samples. Populations are settled one after the other, those nearest to the input first, because differences
travel with the spikes. Half of the samples choose; the other half says whether the choice helps, or nothing is changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from neurodeploy.base.noun import Noun
from neurodeploy.compiler import CompileOptions
from neurodeploy.compiler.compile import compile_with
from neurodeploy.compiler.quantize_cache import QuantizeCache
from neurodeploy.compiler.rescale import rescalable
from neurodeploy.diagnostics import Diagnostic, DiagnosticError, about, finding
from neurodeploy.diagnostics.ledger import LedgerLine
from neurodeploy.hardware.target import Target
from neurodeploy.network import Network
from neurodeploy.network.graded import IntegerNeuron
from neurodeploy.program import Program
from neurodeploy.signals import Samples, Stimulus
from neurodeploy.simulate import accuracy, answers, encode, run

__all__ = ["TUNED", "Agreement", "Tuned", "tune"]

Progress = Callable[[int, int], None]
TUNED = ("channel_scales", "doublings", "clip_weights")
"""Fields of CompileOptions that the search sets."""
CHANNEL_SCALE = 8
"""Largest power of two for a channel: three more bits; more thresholds than four would fill the sets of a core."""
CLIPPED = (0.001, 0.003, 0.01)
"""Fractions of the largest weights of a projection that are tried."""
DOUBLINGS = 2
"""Doublings of a scale that are tried, one at a time."""
LEAST_GAIN = 0.02
"""Share of the difference that a setting must remove to be kept; less is chance."""
FEWEST = 4
"""Samples at least: two choose and two judge."""


class Agreement(NamedTuple):
    """How far the integers are from the floats on some samples."""

    difference: float
    """Mean over populations of mean |count of spikes - that of the float reference| / mean count of the reference."""
    by_population: dict[str, float]
    accuracy: float | None
    """Fraction of correct answers of the integers; None without labels or outputs."""


class Tuned(Noun):
    """The options that a search found, and what they improve on samples that did not choose them."""

    options: CompileOptions
    """The options to compile with; those given, if nothing helps."""
    before: float
    """Mean relative difference of spike counts from the float reference, with the options as given."""
    after: float
    """The same with the options found."""
    accuracy_before: float | None = None
    """Fraction of correct answers with the options as given; None without labels."""
    accuracy_after: float | None = None
    """Fraction of correct answers with the options found; None without labels."""
    reference_accuracy: float | None = None
    """Fraction of correct answers of the float reference; None without labels."""
    by_population: dict[str, tuple[float, float]] = Field(default_factory=dict)
    """Population -> its difference before and after."""
    tried: int = 0
    """Settings that were compiled and run."""
    samples: int = 0
    """Samples that judged, which are those that did not choose."""
    ledger: tuple[LedgerLine, ...] = ()
    """What was found, with the difference before and after."""
    findings: tuple[Diagnostic, ...] = ()
    """Warnings and notes."""


class _Part(NamedTuple):
    """Some of the samples with what the float reference answers to them."""

    stimulus: Stimulus
    counts: dict[str, NDArray[Any]]
    accuracy: float | None


def tune(
    network: Network, target: Target, options: CompileOptions, samples: Samples, *, progress: Progress | None = None
) -> Tuned:
    """Return compile options whose integers agree best with the floats of a network.

    `samples`: as for a run, with labels if there are any. `progress`: called with (settings tried, of all).

    Raises DiagnosticError: ND871 (too few samples), ND872 (nothing to tune), those of the compilation and of the samples.
    """
    stimulus = encode(network, samples)
    if stimulus.n_samples < FEWEST:
        message = f"are {stimulus.n_samples}; half of them choose the options, and the others judge the choice"
        numbers: dict[str, Any] = {"found": stimulus.n_samples, "limit": FEWEST, "unit": "samples"}
        raise DiagnosticError("compile", (finding("ND871", about("samples"), message, **numbers),))
    search = _Search(network, target, options, progress)
    whole = search.program(options)
    even, odd = (_part(whole, stimulus.part(np.arange(first, stimulus.n_samples, 2))) for first in (0, 1))
    start = search.agreement(whole, even)
    best = search.settled(even, start.difference)
    before = search.agreement(whole, odd)
    after = before if best == options else search.agreement(search.program(best), odd)
    if after.difference >= before.difference or _less(after.accuracy, before.accuracy):
        best, after = options, before
    return _result(search, best, before, after, odd)


def _less(one: float | None, other: float | None) -> bool:
    return one is not None and other is not None and one < other


def _part(program: Program, stimulus: Stimulus) -> _Part:
    recording = run(program, stimulus, backend="reference")
    counts = {item.name: recording.spike_counts(item.name, item.size) for item in program.network.populations}
    return _Part(stimulus, counts, _accuracy(program, recording, stimulus))


def _accuracy(program: Program, recording: Any, stimulus: Stimulus) -> float | None:
    found = answers(program.network, recording)
    return None if found is None or stimulus.labels is None else accuracy(found, stimulus.labels)


class _Search:
    """Programs of one network, and how well they agree with its floats."""

    def __init__(self, network: Network, target: Target, options: CompileOptions, progress: Progress | None) -> None:
        self.network, self.target, self.options = network, target, options
        self.cache, self.progress, self.tried = QuantizeCache(network), progress, 0
        self.settings = list(_settings(network, options))

    def program(self, options: CompileOptions) -> Program:
        """Return the program with some options, mapped as fast as possible. Raises DiagnosticError if there is none."""
        result = compile_with(self.cache, self.target, options.model_copy(update={"level": 0, "fixes": False}))
        return result.require()

    def agreement(self, program: Program, part: _Part) -> Agreement:
        """Return how far a program is from the floats on a part of the samples."""
        recording = run(program, part.stimulus)
        found = dict[str, float]()
        for item in self.network.populations:
            wanted = part.counts[item.name]
            if wanted.any():
                counts = recording.spike_counts(item.name, item.size)
                found[item.name] = float(np.abs(counts - wanted).mean() / wanted.mean())
        mean = float(np.mean(list(found.values()))) if found else 0.0
        return Agreement(mean, found, _accuracy(program, recording, part.stimulus))

    def settled(self, part: _Part, difference: float) -> CompileOptions:
        """Return the options with every setting that helps on a part of the samples. `difference`: that of the given ones."""
        best = self.options
        for field, name, values in self.settings:
            for value in values:
                trial = best.model_copy(update={field: {**getattr(best, field), name: value}})
                found = self._difference(trial, part)
                if found < difference * (1 - LEAST_GAIN):
                    best, difference = trial, found
        return best

    def _difference(self, options: CompileOptions, part: _Part) -> float:
        self.tried += 1
        if self.progress is not None:
            self.progress(self.tried, sum(len(values) for *_, values in self.settings))
        try:
            return self.agreement(self.program(options), part).difference
        except DiagnosticError:  # it does not fit, or a register does not hold it
            return np.inf


def _settings(network: Network, options: CompileOptions) -> Iterator[tuple[str, str, tuple[float, ...]]]:
    """Yield (field, population or projection, values to try), those nearest to the input first."""
    for name in _from_the_input(network):
        population = network.population_by_name[name]
        if isinstance(population.neuron, IntegerNeuron):
            continue
        if name not in options.channel_scales and not rescalable(network, population):
            yield "channel_scales", name, (CHANNEL_SCALE,)
        if name not in options.doublings:
            yield "doublings", name, tuple(range(1, DOUBLINGS + 1))
        for item in network.projections:
            if item.target == name and item.name not in options.clip_weights and hasattr(item.operation, "weights"):
                yield "clip_weights", item.name, CLIPPED


def _from_the_input(network: Network) -> list[str]:
    """Names of populations by their distance from the inputs, then in the order of the network."""
    distance = {item.name: 0 for item in network.inputs}
    for _ in network.populations:
        for item in network.projections:
            if item.source in distance:
                distance.setdefault(item.target, distance[item.source] + 1)
    return sorted((item.name for item in network.populations), key=lambda name: distance.get(name, len(distance)))


def _result(search: _Search, best: CompileOptions, before: Agreement, after: Agreement, part: _Part) -> Tuned:
    names = before.by_population
    made = Tuned(
        options=best,
        before=before.difference,
        after=after.difference,
        accuracy_before=before.accuracy,
        accuracy_after=after.accuracy,
        reference_accuracy=part.accuracy,
        by_population={name: (names[name], after.by_population.get(name, 0.0)) for name in names},
        tried=search.tried,
        samples=part.stimulus.n_samples,
    )
    return made.model_copy(update={"ledger": (_line(search, made),)})


def _line(search: _Search, made: Tuned) -> LedgerLine:
    """The ledger line of a search."""
    changed = made.options != search.options
    got = f"{made.after:.2%} with the options found" if changed else "no setting that was tried helps"
    return LedgerLine(
        subject=about("network", search.network.name),
        quantity="difference of spike counts from floats",
        asked=f"{made.before:.2%} on {made.samples} samples",
        got=got,
        level="approximate",
        option="calibrate",
        note=f"{made.tried} settings were compiled and run on as many other samples",
    )
