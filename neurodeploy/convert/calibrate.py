"""Calibration: the largest value of every layer that its rates can send, found on samples.

A search tries one percentile for all layers, with a range for each layer or for each channel, on few samples; the best are
tried on more; then each layer is changed alone. What is compared are the answers of a simulation with the weights that the
target stores, and constants that are corrected by the mean error of each channel: a coding that is best without the correction
is not the one that is best with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.convert.activations import layer_coding
from neurodeploy.convert.build import start_of
from neurodeploy.convert.coding import Coded, relu_coding
from neurodeploy.convert.correct import corrected
from neurodeploy.convert.inputs import input_coding
from neurodeploy.convert.plan import Plan, plan_of
from neurodeploy.convert.ranges import PERCENTILES, Candidate, Ranges
from neurodeploy.convert.rates import LayerValues, Run, layer_values, simulate
from neurodeploy.convert.score import Score, divergence, relative_error
from neurodeploy.convert.stored import Stored, stored
from neurodeploy.hardware.target import Target
from neurodeploy.trained.layers import Layer, Layers

__all__ = ["Calibrated", "Candidate", "Goal", "Samples", "calibrate", "codings_of"]

Array = NDArray[Any]
SEARCHED, FEWER = 500, 100
"""Samples at most that the best candidates, and all candidates, are tried on."""
FINALISTS = 3
"""Candidates that are tried on more samples."""
WORK = 2e9
"""Synapses times steps times samples of one simulation of the search, at most; fewer samples are tried for larger networks."""
LAST = 2 * WORK
"""The same of the last correction of constants: a mean error needs more samples than a choice."""
HELD = 1 << 25
"""Values of layers that are held at once; fewer samples are used for larger networks."""
UNRESOLVED = 0.04
"""RMS error of rounding, relative to the RMS of the weights, from which a start is not worth its synapses."""
FIRST = 16
"""Samples from which it mostly shows that v leaves its range."""
FULL, SPARED = 0.9, 0.7
"""Share of the range of the target that v may use on the calibration samples, and that ranges are widened to."""


class Samples(NamedTuple):
    """Calibration data."""

    values: dict[str, Array]
    """Input -> (samples, size) float32."""
    labels: Array | None
    """(samples,) classes; None: the trained network's own answers stand for them."""

    @property
    def n_samples(self) -> int:
        """Number of samples."""
        return len(next(iter(self.values.values())))

    def taken(self, which: Array) -> Samples:
        """Return the samples with the given numbers."""
        return Samples(
            {key: x[which] for key, x in self.values.items()}, None if self.labels is None else self.labels[which]
        )


class Goal(NamedTuple):
    """What a calibration aims at."""

    steps: int
    """Steps of a sample."""
    target: Target | None = None
    """The chip whose weights are simulated; None: weights of floats."""
    hard: bool = False
    """Whether spikes set v to 0."""
    values: bool = False
    """Whether the output is values, not an answer."""
    bias_correction: bool = True
    """Whether constants are corrected by the mean error of each channel, where that helps."""
    seed: int = 0
    """Seed of the choice of samples."""


class Calibrated(NamedTuple):
    """The best plan that the search found."""

    plan: Plan
    """Its plan, in floats."""
    chosen: dict[str, Candidate]
    """Layer -> how its range was chosen."""
    floats: LayerValues
    """Values of the trained network for the calibration samples."""
    scores: dict[Candidate, Score]
    """Candidate for all layers -> its score on the fewest samples."""
    score: Score
    """The score of the best plan."""
    stored: Stored
    """The plan as the target stores it."""
    run: Run
    """Its simulation on the samples of the search."""
    samples: Samples
    """The samples of the search."""
    wanted: Array
    """(samples, size) output of the trained network for them."""
    shifted: bool
    """Whether constants were corrected."""


def calibrate(layers: Layers, samples: Samples, goal: Goal, candidates: list[Candidate]) -> Calibrated:
    """Return the plan whose simulated answers are best. `candidates`: choices for all layers that are tried."""
    samples = samples.taken(_some(samples.n_samples, HELD // sum(layer.size for layer in layers.layers), goal.seed))
    tried = tuple(dict.fromkeys(item.percentile for item in candidates))
    search = _Search(layers, samples, goal, tried if len(tried) == 1 else tuple(sorted({*tried, *PERCENTILES})))
    few = search.on(search.sized(FEWER))
    scores = {item: few.tried(dict.fromkeys(layers.by_name, item)).score for item in candidates}
    ranked = sorted(candidates, key=lambda item: -scores[item].value)[:FINALISTS]
    more = search.on(search.sized(SEARCHED))
    best = max((more.tried(dict.fromkeys(layers.by_name, item)) for item in ranked), key=lambda item: item.score.value)
    best = more.settled(more.refined(best), search.on(search.sized(SEARCHED, LAST)))
    return Calibrated(
        best.plan, best.chosen, search.floats, scores, best.score, best.stored, best.run, more.samples, more.wanted,
        best.shifted,
    )  # fmt: skip


def _some(n_samples: int, most: int, seed: int) -> Array:
    """Numbers of at most so many samples, at least one, chosen with the seed, in no order: the first of them are as any."""
    return np.random.default_rng(seed).permutation(n_samples)[: max(int(most), 1)]


class _Try(NamedTuple):
    """A plan that was simulated."""

    chosen: dict[str, Candidate]
    plan: Plan
    stored: Stored
    run: Run
    score: Score
    shifted: bool = False


class _Search:
    """Plans of one network, and their scores on some of the calibration samples."""

    def __init__(
        self, layers: Layers, samples: Samples, goal: Goal, percentiles: tuple[float, ...], ranges: Ranges | None = None
    ) -> None:
        self.layers, self.samples, self.goal, self.percentiles = layers, samples, goal, percentiles
        self.floats = layer_values(layers, samples.values)
        self.ranges = ranges or Ranges(self.floats, percentiles)
        self.wanted = self.floats.values[layers.layers[-1].name]
        self.labels = self.wanted.argmax(axis=1) if samples.labels is None else samples.labels
        self.inputs = {item.name: input_coding(item, samples.values[item.name]) for item in layers.inputs}

    def sized(self, most: int, work: float = WORK) -> int:
        """Return the number of samples of a simulation, at most `most`. `work`: synapses times steps times samples at most."""
        plan = self.plan({name: Candidate(self.percentiles[0], per_channel=False) for name in self.layers.by_name})
        return max(min(most, int(work / (self.goal.steps * max(synapses_of_plan(plan), 1)))), 16)

    def on(self, n_samples: int) -> _Search:
        """Return the same search on some of the samples."""
        which = _some(self.samples.n_samples, n_samples, self.goal.seed)
        made = _Search(self.layers, self.samples.taken(which), self.goal, self.percentiles, self.ranges)
        made.inputs = self.inputs
        return made

    def plan(self, chosen: Mapping[str, Candidate], ranges: Ranges | None = None) -> Plan:
        """Return the plan for the ranges of layers."""
        ranges, codings = ranges or self.ranges, dict(self.inputs)
        for layer in self.layers.layers:
            codings[layer.name] = coding_of(layer, ranges, chosen[layer.name], codings)
        return plan_of(self.layers, codings, hard=self.goal.hard)

    def tried(self, chosen: dict[str, Candidate]) -> _Try:
        """Return the plan of a choice with its simulation and score.

        Neurons whose v would leave the range of the target, which sums far below 0 do, get a larger range of values.
        """
        plan = self.plan(chosen)
        held = self.held(plan)
        first = {key: x[:FIRST] for key, x in self.samples.values.items()}
        if not is_full(held, simulate(held.plan, first, self.goal.steps)):  # mostly known from the first samples
            found = self.simulated(chosen, plan, held)
            if not found.score.full:
                return found
        return self.simulated(chosen, self.plan(chosen, self.ranges.with_floors(self.floors(held))))

    def floors(self, held: Stored) -> dict[str, Array]:
        """Return layer -> (size,) ranges for which v stays inside the range of the target, were sums the same in every step."""
        found = dict[str, Array]()
        for item in held.plan.populations:
            layer = self.layers.by_name[item.layer]
            if item.kind != "integrate" or item.name not in held.room:
                continue
            channels = np.abs(self.ranges.floats.sums[layer.name]).max(axis=0).reshape(layer.sum_shape[0], -1)
            most = np.repeat(channels.max(axis=1), channels.shape[1])
            found[layer.name] = most * self.goal.steps / (held.room[item.name] * SPARED)
        return found

    def held(self, plan: Plan) -> Stored:
        """Return a plan as the target stores it."""
        return stored(plan, self.goal.steps, self.goal.target) if self.goal.target else Stored(plan, {})

    def simulated(self, chosen: dict[str, Candidate], plan: Plan, held: Stored | None = None) -> _Try:
        """Return a plan, with corrected constants if that is asked for, with its simulation and score.

        Corrected constants are not rounded yet. `held`: the plan as it is stored, if that is known.
        """
        held = held or self.held(plan)
        if not self.goal.bias_correction:
            return self.exactly(chosen, plan, held)
        made = corrected(plan, held.plan, self.floats, self.samples.values, self.goal.steps)
        return _Try(chosen, made.plan, held, made.run, self.score(plan, held, made.run), shifted=True)

    def exactly(self, chosen: dict[str, Candidate], plan: Plan, held: Stored | None = None) -> _Try:
        """Return a plan as it is, with its simulation and score. `held`: as in `simulated`."""
        held = held or self.held(plan)
        run = simulate(held.plan, self.samples.values, self.goal.steps)
        return _Try(chosen, plan, held, run, self.score(plan, held, run))

    def score(self, plan: Plan, held: Stored, run: Run) -> Score:
        """Return the score of a simulated plan."""
        read = run.read[:, -1] / self.goal.steps * plan.codings[plan.populations[-1].layer].units[0].gain
        wanted, full, values = self.wanted[: len(read)], is_full(held, run), self.goal.values
        error = relative_error(read, wanted, values=values)
        if values:
            return Score(0.0, error, full=full)
        right = float((read.argmax(axis=1) == self.labels[: len(read)]).mean())
        return Score(right, error, divergence(read, wanted), full)

    def refined(self, best: _Try) -> _Try:
        """Return the best plan after each layer's range was moved to its neighbours, one layer at a time."""
        for layer in self.layers.layers[:-1]:
            now = best.chosen[layer.name]
            place = self.percentiles.index(now.percentile)
            near = [self.percentiles[k] for k in (place - 1, place + 1) if 0 <= k < len(self.percentiles)]
            for percentile in near:
                found = self.tried({**best.chosen, layer.name: now._replace(percentile=percentile)})
                best = found if found.score.value > best.score.value else best
        return best

    def settled(self, best: _Try, last: _Search) -> _Try:
        """Return the plan as the target stores it, with corrected constants if they bring its output closer.

        What a target rounds off them is added once at the start. `last`: the search on the samples that correct them.
        """
        plain = self.exactly(best.chosen, plan_of(self.layers, best.plan.codings, hard=self.goal.hard))
        if not best.shifted:
            return plain
        made = last.corrected(plain.plan, plain.stored.plan)
        steady = self.exactly(best.chosen, made)
        made = last.corrected(made, steady.stored.plan, once=True)
        once = self.exactly(best.chosen, without_unresolved(made, self.held(made).plan))
        return max(plain, steady._replace(shifted=True), once._replace(shifted=True), key=lambda item: item.score.value)

    def corrected(self, plan: Plan, held: Plan, *, once: bool = False) -> Plan:
        """Return a plan with corrected constants. `held`: the plan as it is stored. `once`: as in `correct.corrected`."""
        return corrected(plan, held, self.floats, self.samples.values, self.goal.steps, once=once).plan


def without_unresolved(plan: Plan, held: Plan) -> Plan:
    """Return a plan without what is added once where a weight does not resolve it. `held`: the plan as the target stores it."""
    made = list(plan.populations)
    for number, (item, own) in enumerate(zip(plan.populations, held.populations, strict=True)):
        if item.first is None or own.first is None:
            continue
        error, whole = (float(np.square(x).mean()) for x in (own.first - item.first, start_of(item)[1]))
        if error > UNRESOLVED**2 * whole:
            made[number] = item._replace(first=None)
    return plan._replace(populations=tuple(made))


def is_full(held: Stored, run: Run) -> bool:
    """Return whether v leaves the range of the target in a simulation `run` of a plan as it is stored, `held`."""
    return any(run.reach[name] > FULL * room for name, room in held.room.items() if name in run.reach)


def synapses_of_plan(plan: Plan) -> int:
    """Return the synapses of all populations, those of a convolution written out."""
    total = 0
    for item in plan.populations:
        for wire in item.wires:
            taps = [np.prod(np.shape(getattr(step, "weights", 1))[1:]) for step in wire.steps]
            total += item.constant.size * max([1, *(int(n) for n in taps)])
    return total


def codings_of(layers: Layers, samples: Samples, floats: LayerValues, candidate: Candidate) -> dict[str, Coded]:
    """Return the coding of every input and layer, with ranges of all layers chosen alike."""
    ranges = Ranges(floats, (candidate.percentile,))
    found = {item.name: input_coding(item, samples.values[item.name]) for item in layers.inputs}
    for layer in layers.layers:
        found[layer.name] = coding_of(layer, ranges, candidate, found)
    return found


def coding_of(layer: Layer, ranges: Ranges, chosen: Candidate, found: Mapping[str, Coded]) -> Coded:
    """Return the coding of a layer whose range is chosen as given. `found`: codings of the inputs and layers before it."""
    sums = ranges.floats.sums[layer.name]
    if layer.activation is None:
        return relu_coding(np.full(layer.size, float(np.abs(sums).max()) or 1.0))
    return layer_coding(layer, sums, found, lambda below: ranges.largest(layer, chosen, below=below))
