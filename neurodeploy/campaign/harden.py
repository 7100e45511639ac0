"""Advice that was recomputed: bits to protect, and neurons to duplicate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from neurodeploy.campaign.draw import Group
from neurodeploy.campaign.duplicate import can_duplicate, duplicated
from neurodeploy.campaign.golden import right_of
from neurodeploy.campaign.nouns import Advice, Duplicated, FaultChoice, Protected
from neurodeploy.campaign.run import Results, campaign_of, results_of, try_rest
from neurodeploy.campaign.statistics import Share
from neurodeploy.campaign.summary import Tried, bit_name, total
from neurodeploy.compiler import CompileOptions, compile_network
from neurodeploy.program.program import Program
from neurodeploy.signals import Progress

__all__ = ["advice_of", "protected_bits"]

MOST_LINES, ENOUGH = 12, 0.05
"""Lines of bits to protect at most, and the share of what was critical at which more are not worth a line."""
COPIED = 0.1
"""Share of the neurons of a population that get a copy."""
MOST_NEURONS = 1000
"""Neurons of a population that are tried at most."""


def advice_of(results: Results, progress: Progress | None = None) -> Advice:
    """Return advice from a campaign that was tried.

    `results`: of it. `progress`: called with (populations done, populations). Raises DiagnosticError: as nd.run and nd.compile.
    """
    names = [item.name for item in results.program.populations if can_duplicate(results.program, item.name)]
    made = list[Duplicated]()
    for number, name in enumerate(names if results.golden.answers is not None else []):
        if progress is not None:
            progress(number, len(names))
        found = _with_copies(results, name)
        made += [] if found is None else [found]
    return Advice(protected=protected_bits(results), duplicated=tuple(made))


# --- bits


class _Bit(NamedTuple):
    """All words of one bit of one field of one layer."""

    name: str
    n_bits: int
    critical: float
    """Faults of it that are critical, as estimated on the first half."""


def protected_bits(results: Results) -> tuple[Protected, ...]:
    """Return the bits whose protection leaves the fewest critical faults, those that bring most first.

    `results`: of a campaign that was tried.
    """
    tried, sizes = results.tried(), results.draw.sizes
    first, second = tried[::2], tried[1::2]
    stored = _stored(results.draw.groups)
    whole = total(second, sizes, results.judge.critical, results.options.confidence)
    if whole is None or not whole.value:
        return ()
    lines, chosen, every = list[Protected](), dict[str, None](), max(sum(stored.values()), 1)
    for bit in _ranked(results, first, stored)[:MOST_LINES]:
        chosen[bit.name] = None
        n_bits = sum(stored[name] for name in chosen)
        left = _left(results, second, chosen)
        if left is None:
            break
        lines.append(Protected(bit=bit.name, n_bits=n_bits, share_of_bits=n_bits / every, critical=left))
        if left.value <= ENOUGH * whole.value:
            break
    return tuple(lines)


def _left(results: Results, tried: Sequence[Tried], protected: Mapping[str, None]) -> Share | None:
    """Share of critical faults outside some bits."""
    judge = results.judge
    inside = {item.outcome.number for item in tried if bit_name(item.fault) in protected}
    return total(
        tried,
        results.draw.sizes,
        lambda outcome: judge.critical(outcome) and outcome.number not in inside,
        results.options.confidence,
    )


def _stored(groups: Sequence[Group]) -> dict[str, int]:
    """Bit -> words that have it, however many effects it is tried with."""
    found = dict[str, int]()
    for item in groups:
        label = bit_name(item.fault(0))
        if label is not None:
            found |= {f"{label.rpartition(' ')[0]} {bit}": item.n_words for bit in item.bits}
    return found


def _ranked(results: Results, tried: Sequence[Tried], stored: Mapping[str, int]) -> list[_Bit]:
    """Bits with critical faults, by how many of these they have."""
    sizes, drawn = results.draw.sizes, np.bincount([item.group for item in tried], minlength=len(results.draw.sizes))
    weight, judge = dict[str, float](), results.judge
    for item in tried:
        name = bit_name(item.fault)
        if name is not None and judge.critical(item.outcome):
            weight[name] = weight.get(name, 0.0) + sizes[item.group] / drawn[item.group]
    found = [_Bit(name, stored[name], value) for name, value in weight.items()]
    return sorted(found, key=lambda item: (-item.critical, item.n_bits, item.name))


# --- neurons


def _with_copies(results: Results, population: str) -> Duplicated | None:
    """What copies of the neurons that matter most bring; None if none matters, or the network with copies does not fit."""
    before = _losses(results, results.program, population)
    tried = sorted(before.tried(), key=lambda item: (-item.outcome.answers, item.fault.neuron or 0))
    count = max(1, round(COPIED * before.program.network.population_by_name[population].size))
    neurons = [item.fault.neuron or 0 for item in tried[:count] if before.judge.critical(item.outcome)]
    if not neurons:
        return None
    network = duplicated(results.program.network, population, np.array(sorted(neurons), dtype=np.int64))
    chosen = results.program.quantize_options
    options = CompileOptions(weight_bits=chosen.weight_bits, doublings=chosen.doublings, fixes=False)
    program = compile_network(network, results.program.target, options, stop="emit").program
    if program is None:
        return None
    return _compared(before, _losses(results, program, population), population, sorted(neurons))


def _losses(results: Results, program: Program, population: str) -> Results:
    """A campaign of dead neurons of a population. Raises KeyboardInterrupt if it was stopped."""
    size = program.network.population_by_name[population].size
    choice = FaultChoice(where="neuron", what=("dead",), populations=(population,))
    update = {"faults": (choice,), "size": min(size, MOST_NEURONS), "rates": (), "limit": None}
    options = results.options.model_copy(update=update)
    made = results_of(program, results.stimulus, options, seed=results.seed, until=results.n_steps)
    if not try_rest(made, lambda outcome: made.outcomes.update({outcome.number: outcome})):
        raise KeyboardInterrupt
    return made


def _compared(before: Results, after: Results, population: str, neurons: list[int]) -> Duplicated:
    one, two = campaign_of(before), campaign_of(after)
    labels = before.golden.labels
    right = before.golden.answers if labels is None else labels
    accuracy = right_of(after.golden.answers, right) / after.stimulus.n_samples
    kept = 1.0 if one.accuracy is None else one.accuracy
    fewer = (
        one.critical is not None
        and two.critical is not None
        and two.critical.high * two.n_faults < one.critical.low * one.n_faults
    )
    return Duplicated(
        population=population,
        neurons=tuple(neurons),
        n_cores_before=before.program.tables.n_cores,
        n_cores=after.program.tables.n_cores,
        accuracy_before=one.accuracy,
        accuracy=accuracy,
        n_neurons_before=one.n_drawn,
        n_neurons=two.n_drawn,
        n_critical_before=one.by_kind[0].n_critical,
        n_critical=two.by_kind[0].n_critical,
        helps=fewer and accuracy >= kept,
    )
