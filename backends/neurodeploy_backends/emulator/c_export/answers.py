"""The answer of an exported program: decoders of spikes and membranes, in integers."""

from __future__ import annotations

import numpy as np

from neurodeploy.network import FirstSpike, Membrane, Sigma, SpikeCount
from neurodeploy_backends.emulator.c_export.arrays import Arrays, at
from neurodeploy_backends.emulator.c_export.model import Group, Model
from neurodeploy_backends.emulator.c_export.updates import neuron_of

__all__ = ["answer_declarations", "answer_function", "tally_lines", "tally_size"]


def _group(model: Model) -> Group:
    assert model.output is not None, "internal: there is an output"
    return next(group for group in model.groups if group.name == model.output.source)


def tally_size(model: Model) -> int:
    """Numbers that the state keeps for the answer."""
    if model.output is None or isinstance(model.output.decoder, Membrane):
        return 0
    decoder, size = model.output.decoder, _group(model).size
    return (decoder.groups or size) if isinstance(decoder, SpikeCount) else size


def tally_lines(model: Model) -> list[str]:
    """Statements of a step that follow the spikes of the output."""
    if not tally_size(model):
        return []
    assert model.output is not None, "internal: there is an output"
    group, each = _group(model), _group(model).size // tally_size(model)
    row = f"s->spikes[{at(group.start, 'k')}]"
    neuron = neuron_of(group, "i")
    place = neuron if each == 1 else f"({neuron}) / {each}u"
    lines = [f"  for (uint32_t k = 0; k < s->counts[{group.number}]; k++) {{", f"    const uint32_t i = {row};"]
    if isinstance(model.output.decoder, FirstSpike):
        return [*lines, f"    if (s->tally[{place}] == 0) s->tally[{place}] = (uint32_t)s->step;", "  }"]
    return [*lines, f"    s->tally[{place}]++;", "  }"]


def answer_declarations(model: Model, prefix: str) -> list[str]:
    """The declaration of the function that gives the answer, if there is one."""
    if model.output is None:
        return []
    decoder = model.output.decoder
    rule = (
        "the neuron, or the group of neurons, with the most spikes since the reset"
        if isinstance(decoder, SpikeCount)
        else "the neuron that spiked first since the reset; 0 if none has"
        if isinstance(decoder, FirstSpike)
        else "the neuron with the highest membrane voltage plus offset now"
    )
    return [
        f"/* Answer of output {model.output.name}: {rule}. The lowest number wins ties. */",
        f"uint32_t {prefix}_answer(const {prefix}_state *state);",
        "",
    ]


def answer_function(model: Model, arrays: Arrays, prefix: str) -> list[str]:
    """The function that gives the answer, if there is one."""
    if model.output is None:
        return []
    decoder = model.output.decoder
    head = f"uint32_t {prefix}_answer(const {prefix}_state *s) {{"
    if isinstance(decoder, Membrane):
        return [head, *_membrane(model, arrays, prefix, decoder), "}"]
    score = "s->tally[i]" if isinstance(decoder, SpikeCount) else "UINT32_MAX - (s->tally[i] - 1u)"
    return [
        head,
        "  uint32_t best = 0, most = 0;",
        f"  for (uint32_t i = 0; i < {tally_size(model)}u; i++) {{",
        f"    const uint32_t score = {score};",
        "    if (i == 0 || score > most) {",
        "      best = i;",
        "      most = score;",
        "    }",
        "  }",
        "  return best;",
        "}",
    ]


def _membrane(model: Model, arrays: Arrays, prefix: str, decoder: Membrane) -> list[str]:
    """Scores in 32 bits where they and the offsets are whole and small; else in doubles, as the emulator decodes them."""
    group = _group(model)
    neurons = model.program.network.population_by_name[group.name].neuron
    state = "u" if isinstance(neurons, Sigma) else "v"
    offset = np.broadcast_to(np.asarray(decoder.offset, dtype=np.float64), (group.size,))
    small = not model.wide and bool((offset == np.rint(offset)).all() and (np.abs(offset) < 2**30).all())
    kind = "int32_t" if small else "double"
    added = ""
    if (offset != 0).any():
        values, stored = (offset.astype(np.int64), "") if small else (offset, "double")
        name = arrays.constant(f"{prefix}_offset", values, f"offsets of the membranes of {group.name}", stored)
        added = f" + ({kind}){name}[i]"
    row = "i" if group.grid is None else f"i % {group.grid[1]}u * {group.grid[0]}u + i / {group.grid[1]}u"
    return [
        "  uint32_t best = 0;",
        f"  {kind} most = 0;",
        f"  for (uint32_t i = 0; i < {group.size}u; i++) {{",
        f"    const {kind} score = ({kind})s->{state}[{at(group.start, row)}]{added};",
        "    if (i == 0 || score > most) {",
        "      best = i;",
        "      most = score;",
        "    }",
        "  }",
        "  return best;",
    ]
