"""Plastic projections in a run of the definition: their state, the weights that spikes meet, and their part of a step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodeploy.hardware.arithmetic import dropped_bits, learned_weights
from neurodeploy.network import Pes, Projection, SumOfProducts
from neurodeploy.program.plastic import PlasticSynapses, plastic_projections, plastic_synapses, starting_values
from neurodeploy.program.program import Program
from neurodeploy.signals import Learned, RunOptions, RunState
from neurodeploy.simulate.learning_draws import EpochDraws, stacked_draws
from neurodeploy.simulate.pes_draws import pes_draws
from neurodeploy_backends.emulator.spec_learning import Synapses, cleared_epoch, count_source, count_target, learn
from neurodeploy_backends.emulator.spec_learning_steps import keep_spikes, learn_in_step
from neurodeploy_backends.emulator.spec_pes import cleared_pes, keep_sent, learn_pes

__all__ = [
    "NEXT",
    "Plastic",
    "PlasticState",
    "kept_learning",
    "kept_names",
    "learned_synapses",
    "plastic_of",
    "plastic_state",
]

Ints = NDArray[np.int64]
Array = NDArray[Any]
NEXT = "_next"
"""Suffix of the kept values of third factors, which act in the next step."""
TRACES = ("x1", "x2", "tx", "y1", "y2", "y3", "ty")
"""Kept variables of sources and targets."""
PES_VARIABLES = ("w", "x1", "spiked", "sent", "error")
"""Kept variables of PES."""


def kept_names(rule: SumOfProducts | Pes) -> tuple[str, ...]:
    """Variables of a projection that a state keeps."""
    if isinstance(rule, Pes):
        return PES_VARIABLES
    thirds = dict.fromkeys(f"{third.trace}{NEXT}" for third in rule.third_factors)
    return (*rule.variables, *TRACES, *(("sent",) if thirds else ()), *thirds)


class Plastic(NamedTuple):
    """A plastic projection of a machine."""

    projection: Projection
    rule: SumOfProducts | Pes
    synapses: Synapses
    start: dict[str, Ints]
    """w, d, t at the start, (n,) each."""
    exponent: int
    in_steps: bool
    """Whether the dialect learns in every step, see `spec_learning_steps`."""
    low_bits: int
    """Low bits of a mantissa that the format does not store."""
    of_entry: Ints
    """(entries,) synapse of each entry of the core tables; -1 for entries of other projections and for no synapse."""


class EpochLearning:
    """A sum of products: it learns after the spikes of a step."""

    def __init__(
        self, item: Plastic, rule: SumOfProducts, start: Mapping[str, Ints], numbers: range, steps: int
    ) -> None:
        self.item, self.rule = item, rule
        self.state = cleared_epoch(item.synapses, start["w"], start["d"], start["t"], len(numbers))
        self.draws: EpochDraws = stacked_draws(rule, steps, numbers)
        shape = (len(numbers), item.synapses.n_target)
        self.thirds = {third.trace: np.zeros(shape, dtype=np.int64) for third in rule.third_factors}
        """Trace -> value that it has in the next step."""

    def before(self, t: int) -> None:
        """Nothing: weights change after the spikes of a step."""

    def after(self, sent: Mapping[str, Ints], t: int) -> None:
        """Learn from what populations and inputs send in step t, (samples, size) each."""
        state, projection = self.state, self.item.projection
        count_source(self.rule, state, sent[projection.source], t)
        count_target(self.rule, state, sent[projection.target], self.thirds, t, self.draws)
        learn(self.rule, self.item.synapses, state, t, self.draws)
        for third in self.rule.third_factors:
            value = np.rint(sent[third.source] * np.asarray(third.weight)).astype(np.int64)
            self.thirds[third.trace] = np.array(np.broadcast_to(value, state.y1.shape))

    def variable(self, name: str) -> Ints:
        """Values of a variable that a probe records."""
        return getattr(self.state, name)

    def kept(self) -> dict[str, Ints]:
        """Variable -> its values, as `RunState.learning` holds them."""
        thirds = {f"{trace}{NEXT}": values for trace, values in self.thirds.items()}
        return {name: thirds[name] if name in thirds else getattr(self.state, name) for name in kept_names(self.rule)}

    def restore(self, kept: Mapping[str, Ints]) -> None:
        """Take the values of a kept state."""
        for name, values in kept.items():
            if name.endswith(NEXT):
                self.thirds[name.removesuffix(NEXT)] = values
            else:
                setattr(self.state, name, values)


class StepLearning(EpochLearning):
    """A sum of products in a dialect that learns in every step: before its spikes, from those of the step before."""

    def before(self, t: int) -> None:
        """Learn from the spikes of the step before."""
        learn_in_step(self.rule, self.item.synapses, self.state, t, self.draws, 1 << self.item.low_bits)

    def after(self, sent: Mapping[str, Ints], t: int) -> None:
        """Keep the spikes of step t for the next step."""
        keep_spikes(self.state, sent[self.item.projection.source], sent[self.item.projection.target])


class PesLearning:
    """PES: it learns before the spikes of a step, from those of the step before."""

    def __init__(self, item: Plastic, rule: Pes, start: Mapping[str, Ints], numbers: range) -> None:
        self.item, self.rule, self.numbers = item, rule, numbers
        self.state = cleared_pes(item.synapses, start["w"], len(numbers))

    def before(self, t: int) -> None:
        """Update traces and weights."""
        synapses = self.item.synapses
        draws = pes_draws(self.rule, self.numbers, t, synapses.n_source, synapses.pre.size)
        learn_pes(self.rule, synapses, self.state, t, draws, self.item.low_bits)

    def after(self, sent: Mapping[str, Array], t: int) -> None:
        """Keep the spikes and the error of step t for the next step."""
        source, error = sent[self.item.projection.source], sent[self.rule.error]
        keep_sent(self.rule, self.item.synapses, self.state, source, error)

    def variable(self, name: str) -> Ints:
        """Values of a variable that a probe records."""
        return self.kept()[name]

    def kept(self) -> dict[str, Ints]:
        """Variable -> its values, as `RunState.learning` holds them."""
        state = self.state
        return {"w": state.w, "x1": state.x, "spiked": state.spiked, "sent": state.sent, "error": state.error}

    def restore(self, kept: Mapping[str, Ints]) -> None:
        """Take the values of a kept state."""
        for name, values in kept.items():
            setattr(self.state, "x" if name == "x1" else name, values)


@dataclass
class PlasticState:
    """State of the plastic projections between two steps."""

    projections: dict[str, EpochLearning | PesLearning] = field(default_factory=dict)
    learns: bool = True

    def weights(self, name: str, sample: Ints, synapse: Ints, program: Program) -> Ints:
        """(n,) what spikes add at synapses of samples."""
        item = self.projections[name]
        return learned_weights(program.target.dialect, item.state.w[sample, synapse], item.item.exponent)

    def before(self, t: int) -> None:
        """Learn before the spikes of step t meet weights."""
        for item in self.projections.values() if self.learns else ():
            item.before(t)

    def after(self, sent: Mapping[str, Array], t: int) -> None:
        """Learn from what populations and inputs send in step t, (samples, size) each."""
        for item in self.projections.values() if self.learns else ():
            item.after(sent, t)


def plastic_of(program: Program) -> dict[str, Plastic]:
    """Plastic projections of a sound program by name; some have no synapses, but traces all the same."""
    found = plastic_synapses(program)
    return {
        item.name: _plastic(program, found[item.name]) if item.name in found else _empty(program, item)
        for item in plastic_projections(program.network)
    }


def _empty(program: Program, projection: Projection) -> Plastic:
    """A plastic projection that has no synapse."""
    if projection.plasticity is None:
        raise RuntimeError("only plastic projections are asked for")
    none, n_target = np.zeros(0, dtype=np.int64), program.network.population_by_name[projection.target].size
    return Plastic(
        projection=projection,
        rule=projection.plasticity,
        synapses=Synapses(none, none, program.network.source_size(projection.source), n_target, "mixed"),
        start={"w": none, "d": none, "t": none},
        exponent=0,
        in_steps=program.target.dialect.learning == "brian2",
        low_bits=0,
        of_entry=np.full(program.tables.entry_target.size, -1, dtype=np.int64),
    )


def _plastic(program: Program, found: PlasticSynapses) -> Plastic:
    projection, listed, rule, style = found.projection, found.listed, found.rule, found.style
    of_entry = np.full(program.tables.entry_target.size, -1, dtype=np.int64)
    of_entry[found.entry] = np.arange(found.entry.size)
    return Plastic(
        projection=projection,
        rule=rule,
        synapses=Synapses(listed.pre, listed.post, listed.n_source, listed.n_target, style.sign_mode),
        start=starting_values(program, found),
        exponent=style.exponent,
        in_steps=program.target.dialect.learning == "brian2",
        low_bits=dropped_bits(program.target.dialect, style.weight_bits, style.sign_mode),
        of_entry=of_entry,
    )


def plastic_state(
    items: Mapping[str, Plastic], samples: range, steps: int, first: int, options: RunOptions
) -> PlasticState:
    """State of `samples` (positions in the stimulus) before their first step; `first`: number of sample 0 in the whole run."""
    state = PlasticState(learns=options.learn != "off")
    numbers = range(first + samples.start, first + samples.stop)
    for name, item in items.items():
        start = _begin(item, samples, options.learned)
        state.projections[name] = _learning(item, start, numbers, steps)
        if options.resume is not None:
            _restore(name, state.projections[name], options.resume, samples)
    return state


def _learning(item: Plastic, start: Mapping[str, Ints], numbers: range, steps: int) -> EpochLearning | PesLearning:
    rule = item.rule
    if isinstance(rule, Pes):
        return PesLearning(item, rule, start, numbers)
    return (StepLearning if item.in_steps else EpochLearning)(item, rule, start, numbers, steps)


def _begin(item: Plastic, samples: range, learned: Learned | None) -> dict[str, Ints]:
    start = dict(item.start)
    for name in item.rule.variables if learned is not None and item.synapses.pre.size else ():
        given = learned.synapses[f"{item.projection.name}.{name}"] if learned is not None else start[name]
        start[name] = given if len(given) == 1 else given[samples.start : samples.stop]
    return start


def kept_learning(state: PlasticState) -> dict[str, Array]:
    """The state as `RunState.learning` holds it."""
    return {
        f"{name}.{variable}": values
        for name, item in state.projections.items()
        for variable, values in item.kept().items()
    }


def _restore(name: str, item: EpochLearning | PesLearning, kept: RunState, samples: range) -> None:
    some = slice(samples.start, samples.stop)
    item.restore({variable: kept.learning[f"{name}.{variable}"][some].astype(np.int64) for variable in item.kept()})


def learned_synapses(state: PlasticState) -> dict[str, Array]:
    """What the samples have learned, as `Learned.synapses` holds it."""
    return {
        f"{name}.{variable}": item.kept()[variable].astype(np.int16)
        for name, item in state.projections.items()
        for variable in (item.rule.variables if item.item.synapses.pre.size else ())
    }
