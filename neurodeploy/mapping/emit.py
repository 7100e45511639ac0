"""The program of a placed mapping."""

from __future__ import annotations

import numpy as np

from neurodeploy.mapping.encode import encoded
from neurodeploy.mapping.mapping import Mapping
from neurodeploy.program.audit import require_planned_memory
from neurodeploy.program.emit import build_tables
from neurodeploy.program.program import PlacedPopulation, Program

__all__ = ["emit_program"]


def emit_program(mapping: Mapping) -> Program:
    """Return the program of a mapping: its core tables, with the network and the target for which they were made.

    The tables are recounted: RuntimeError if the synapse memory of a core differs from the plan of its segments.
    """
    mapping = encoded(mapping)
    quantized = mapping.quantized
    core_ids = np.arange(mapping.n_cores) if mapping.core_ids is None else mapping.core_ids
    lines = {item.name: item.size for item in quantized.network.inputs}
    formats, routes, tables = build_tables(
        quantized.populations, lines, mapping.core_of, core_ids, mapping.segments or ()
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
    words = [item.words for item in mapping.segments or ()]
    planned = np.bincount([item.core for item in mapping.segments or ()], words, mapping.n_cores).astype(np.int64)
    require_planned_memory(program, planned)
    return program
