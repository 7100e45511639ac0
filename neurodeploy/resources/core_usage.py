"""Core resources used by neurons, counted exactly from their synapses. Independent of any mapping."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from neurodeploy.hardware.target import Target
from neurodeploy.network import Trace
from neurodeploy.quantize.projection import QuantizedProjection
from neurodeploy.quantize.quantized import Quantized, QuantizedPopulation
from neurodeploy.resources.learning import source_traces
from neurodeploy.resources.output_axons import OutputAxonUse
from neurodeploy.resources.segment_plan import ProjectionSlice, SegmentPlan, plan_segment, stored_plans

__all__ = ["CoreUsage", "core_usage", "projections_into"]

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class CoreUsage:
    """Resources used in one core; that of an empty core by default."""

    rows: int = 0
    """Neurons; each has one row of the core's tables."""
    compartments: int = 0
    """Compartments of these neurons."""
    output_axons: int = 0
    """Output axons of these neurons."""
    plans: tuple[SegmentPlan, ...] = ()
    """Encoding of each projection into these neurons, each counted as if it were alone."""
    parameter_sets: frozenset[tuple[int, ...]] = frozenset()
    """Distinct sets of registers that a core stores once for all neurons that have the same."""
    threshold_sets: frozenset[int] = frozenset()
    """Distinct thresholds."""

    @cached_property
    def segments(self) -> dict[str, list[SegmentPlan]]:
        """Source population -> its projections as they are stored together."""
        return stored_plans(self.plans)

    @cached_property
    def list_words(self) -> dict[str, Ints]:
        """Source population -> (n,) words of the list of each source that has one."""
        return {
            name: same[0].list_words
            if len(same) == 1
            else sum((plan.words_per_source for plan in same[1:]), same[0].words_per_source)
            for name, same in self.segments.items()
        }

    def figures(self) -> dict[str, int]:
        """Return the use of each resource, by the names of `CoreLimits`, and words_per_axon."""
        plans = [plan for same in self.segments.values() for plan in same]
        return {
            "compartments": self.compartments,
            "synapse_memory": sum(plan.words for plan in plans),
            "input_axons": sum(_input_axons(same, self.list_words[name]) for name, same in self.segments.items()),
            "output_axons": self.output_axons,
            "parameter_sets": len(self.parameter_sets),
            "threshold_sets": len(self.threshold_sets),
            "synapse_formats": len({plan.format_key for plan in plans}),
            "accumulators": self.compartments << max((plan.delay_bits for plan in plans), default=0),
            "words_per_axon": max((int(words.max(initial=0)) for words in self.list_words.values()), default=0),
            "source_traces": len(
                frozenset[Trace]().union(*(source_traces(plan.projection.plasticity) for plan in plans))
            ),
        }

    def __add__(self, other: CoreUsage) -> CoreUsage:
        """Return the use of a core that holds the neurons of both."""
        return CoreUsage(
            rows=self.rows + other.rows,
            compartments=self.compartments + other.compartments,
            output_axons=self.output_axons + other.output_axons,
            plans=self.plans + other.plans,
            parameter_sets=self.parameter_sets | other.parameter_sets,
            threshold_sets=self.threshold_sets | other.threshold_sets,
        )


def _input_axons(same: list[SegmentPlan], words: Ints) -> int:
    """Input axons of the sources of some projections from one population; `words`: (n,) of each source's list."""
    if len(same) == 1:
        return same[0].input_axons
    learns = [plan for plan in same if plan.axons_each > 1]
    plastic = np.unique(np.concatenate([np.zeros(0, dtype=np.int64), *(plan.sources for plan in learns)]))
    more = max((plan.axons_each - 1 for plan in learns), default=0)
    return int(np.count_nonzero(words)) + more * plastic.size


def core_usage(
    target: Target,
    population: QuantizedPopulation,
    into: list[QuantizedProjection],
    neurons: Ints,
    output_axons: OutputAxonUse,
    first_row: int = 0,
) -> CoreUsage:
    """Return the core resources used by `neurons` (ascending) of a population.

    `into`: the projections into the population; `output_axons`: those of the whole population; `first_row`: row of the
    core that the first neuron takes.
    """
    plans = [plan_segment(ProjectionSlice(target, projection, neurons, first_row)) for projection in into]
    thresholds = np.unique(population.vth_mant[neurons]) if population.spiking else np.zeros(0, dtype=np.int64)
    return CoreUsage(
        rows=neurons.size,
        compartments=neurons.size * population.compartments_per_neuron,
        output_axons=output_axons.of(neurons),
        plans=tuple(plan for plan in plans if plan.words),
        parameter_sets=_parameter_sets(population, neurons),
        threshold_sets=frozenset(int(value) for value in thresholds),
    )


def _parameter_sets(population: QuantizedPopulation, neurons: Ints) -> frozenset[tuple[int, ...]]:
    sets, set_of = population.parameter_sets
    return frozenset(sets[number] for number in np.flatnonzero(np.bincount(set_of[neurons], minlength=len(sets))))


def projections_into(quantized: Quantized) -> dict[str, list[QuantizedProjection]]:
    """Return the projections into each population."""
    into: dict[str, list[QuantizedProjection]] = {item.name: [] for item in quantized.populations}
    for projection in quantized.projections:
        into[projection.target].append(projection)
    return into
