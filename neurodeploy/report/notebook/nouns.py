"""Networks, programs, recordings, profiles and compilations in notebooks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from neurodeploy.base.noun import IntArray
from neurodeploy.compiler import Compilation
from neurodeploy.network import Network, Projection
from neurodeploy.network.delays import possible_delays
from neurodeploy.profile import Profile, resource_use
from neurodeploy.program import Program
from neurodeploy.report.markup import element, text
from neurodeploy.report.notebook.findings import folded_findings
from neurodeploy.report.notebook.parts import bar, box, from_rich, heading, note, table
from neurodeploy.report.notebook.raster import small_raster
from neurodeploy.report.tables import compilation_lines, profile_report
from neurodeploy.signals import Learned, Recording

__all__ = ["compilation_html", "network_html", "profile_html", "program_html", "recording_html"]

MOST_ENTRIES = 20_000_000
"""Synapse entries beyond which the use of resources is not counted for a picture."""


def _shape(shape: tuple[int, ...]) -> str:
    return " x ".join(f"{side:,}" for side in shape)


def network_html(network: Network) -> str:
    """Return inputs, populations with parameters, projections and outputs."""
    steps = network.time.steps_per_sample
    facts = [
        f"{sum(item.size for item in network.populations):,} neurons",
        f"steps of {1e3 * network.time.dt_s:g} ms",
        f"{steps:,} steps a sample" if steps else "",
    ]
    plastic = any(item.plasticity is not None for item in network.projections)
    heads = ("projection", "from", "to", "operation", "delay", *(("plasticity",) if plastic else ()))
    rows = [_projection(item)[: len(heads)] for item in network.projections]
    return box(
        heading("Network", network.name, *facts),
        table(("input", "shape", "encoder"), _inputs(network), text_columns=3),
        table(("population", "shape", "neuron"), _populations(network), text_columns=3),
        table(heads, rows, text_columns=len(heads)),
        table(("output", "reads", "decoder"), _outputs(network), text_columns=3),
    )


def _inputs(network: Network) -> Iterator[list[str]]:
    for item in network.inputs:
        yield [text(item.name), _shape(item.shape), element("code", text(item.encoder))]


def _populations(network: Network) -> Iterator[list[str]]:
    for item in network.populations:
        yield [text(item.name), _shape(item.shape), element("code", text(item.neuron))]


def _outputs(network: Network) -> Iterator[list[str]]:
    for item in network.outputs:
        yield [text(item.name), text(item.source), element("code", text(item.decoder))]


def _projection(item: Projection) -> list[str]:
    sides: tuple[int, ...] = np.shape(getattr(item.operation, "weights", 0.0))
    shape = f" {_shape(sides)}" if sides else ""
    delays = possible_delays(item)
    delay = (
        "" if not delays.any() else f"{delays.min()} to {delays.max()}" if delays.size > 1 else str(int(delays.max()))
    )
    rule = element("code", text(item.plasticity.text)) if item.plasticity is not None else ""
    return [text(item.name), text(item.source), text(item.target), text(item.operation.kind) + shape, delay, rule]


def program_html(program: Program) -> str:
    """Return the target, the cores, the fullest core by resource, and the populations of a program."""
    tables, target = program.tables, program.target
    chips = int(np.unique(tables.core_id // int(target.chip.cores.value)).size)
    cores = f"{tables.n_cores:,} core{'s' if tables.n_cores > 1 else ''}"
    where = f"{target.name} on {target.board}" if target.board else target.name
    facts = [f"for {where}", f"{cores} on {chips} chip{'s' if chips > 1 else ''}", f"program {program.digest()[:12]}"]
    core = np.repeat(np.arange(tables.n_cores), np.diff(tables.compartment_ptr))
    rows = [
        [text(item.name), f"{item.size:,}", text(item.kind), f"{len(np.unique(core[program.table_rows[item.name]])):,}"]
        for item in program.populations
    ]
    return box(
        heading("Program", program.network.name, *facts),
        table(("population", "neurons", "kind", "cores"), rows),
        _resources(program),
        folded_findings(program.findings),
    )


def _resources(program: Program) -> str:
    if program.tables.entry_mantissa.size > MOST_ENTRIES:
        return note("the use of resources takes long to count here; nd.profile has it")
    rows = [
        [
            text(item.name.replace("_", " ")),
            f"{item.worst:,}",
            f"{item.limit:,.0f} {text(item.unit)}",
            bar(item.worst / item.limit),
        ]
        for item in resource_use(program)
        if item.limit
    ]
    return table(("resource", "fullest core", "limit", ""), rows)


def recording_html(recording: Recording) -> str:
    """Return where a recording ran, the spikes of each population, and the raster of its first sample."""
    engine = f"engine {recording.engine}" if recording.engine else ""
    place = recording.backend if recording.backend == recording.ran_on else f"{recording.backend} ({recording.ran_on})"
    steps = f"{recording.n_samples:,} samples of {recording.n_steps - recording.first_step + 1:,} steps"
    stopped = "" if recording.complete else "stopped before its end"
    kept = (
        recording.spikes
        if recording.recorded is None
        else {name: recording.spikes[name] for name in recording.recorded}
    )
    every = {**recording.input_spikes, **kept}
    n = max(recording.n_samples, 1)
    rows = [[text(name), f"{len(found):,}", f"{len(found) / n:,.1f}"] for name, found in every.items()]
    states = ", ".join(recording.states)
    shown = [np.asarray(found, dtype=np.int64).reshape(-1, 3) for found in every.values()]
    drawn = dict(list(zip(every, shown, strict=True))[:8])
    return box(
        heading("Recording", "", f"ran on {place}", engine, steps, stopped, f"program {recording.program_digest[:12]}"),
        table(("input or population", "spikes", "spikes / sample"), rows),
        note(f"states: {states}") if states else "",
        note(f"learned: {', '.join(recording.learned.synapses)}") if recording.learned else "",
        small_raster(drawn, 0, recording.first_step, recording.n_steps) if drawn and recording.n_samples else "",
        folded_findings(recording.findings),
    )


def learned_html(learned: Learned) -> str:
    """Return the range and mean of every learned variable, over its synapses and samples."""
    rows = [
        [text(name), f"{len(values):,}", f"{values[0].size:,}", *_spread(values)]
        for name, values in learned.synapses.items()
        if values.ndim > 1 and len(values)
    ]
    heads = ("variable", "samples apart", "synapses", "least", "mean", "greatest")
    facts = f"after step {learned.step:,}", f"program {learned.program_digest[:12]}" if learned.program_digest else ""
    return box(heading("Learned", "", *facts), table(heads, rows))


def _spread(values: IntArray) -> tuple[str, str, str]:
    if not values.size:
        return "-", "-", "-"
    return f"{int(values.min()):,}", f"{float(values.mean()):,.1f}", f"{int(values.max()):,}"


def profile_html(profile: Profile) -> str:
    """Return the bill: what the terminal prints of a profile."""
    return box(from_rich(profile_report(profile, "Profile")), folded_findings(profile.findings))


def compilation_html(result: Compilation) -> str:
    """Return the verdict, cores and bounds of a compilation, and its findings."""
    verdict, *lines = compilation_lines(result)
    name = result.program.network.name if result.program else ""
    facts = [verdict, *(line for line in lines if not line.startswith("stages"))]
    return box(heading("Compilation", name, *facts), _placed(result), folded_findings(result.findings))


def _placed(result: Compilation) -> str:
    return _resources(result.program) if result.program else ""
