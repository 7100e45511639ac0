"""The program of a placed mapping."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from neurodeploy.mapping.encode import segments_by_core
from neurodeploy.mapping.mapping import Mapping
from neurodeploy.program.audit import require_planned_memory
from neurodeploy.program.emit import build_tables
from neurodeploy.program.generated import with_rule
from neurodeploy.program.program import PlacedPopulation, Program
from neurodeploy.quantize.projection import is_generated
from neurodeploy.resources.encoding import EncodedSegment

__all__ = ["emit_program"]


def emit_program(mapping: Mapping) -> Program:
    """Return the program of a mapping: its core tables, with the network and the target for which they were made.

    The tables are recounted: RuntimeError if the synapse memory of a core differs from the plan of its segments.
    """
    quantized = mapping.quantized
    core_ids = np.arange(mapping.n_cores) if mapping.core_ids is None else mapping.core_ids
    lines = {item.name: item.size for item in quantized.network.inputs}
    planned = np.zeros(mapping.n_cores, dtype=np.int64)
    formats, routes, tables = build_tables(
        quantized.populations, lines, mapping.core_of, core_ids, _counted(segments_by_core(mapping), planned)
    )
    placed = tuple(
        PlacedPopulation(
            name=item.name,
            size=item.size,
            kind=item.kind,
            scale=item.scale,
            v_frame=item.v_frame,
            compartments_per_neuron=item.compartments_per_neuron,
            parameters=item.parameters,
        )
        for item in quantized.populations
    )
    program = Program(
        network=quantized.network,
        target=mapping.target,
        quantize_options=quantized.options,
        placement_seed=mapping.placement_seed,
        ledger=quantized.ledger,
        populations=placed,
        formats=formats,
        inputs=routes,
        tables=tables,
    )
    require_planned_memory(program, planned)
    if not any(is_generated(item.connectivity) for item in quantized.projections):
        return program
    return with_rule(program, quantized.projections, shared_axons=mapping.shared_axons)


def _counted(cores: Iterable[list[EncodedSegment]], words: NDArray[np.int64]) -> Iterator[list[EncodedSegment]]:
    """The segments of each core; adds their words to `words` (n_cores,)."""
    for core, segments in enumerate(cores):
        words[core] = sum(item.words for item in segments)
        yield segments
