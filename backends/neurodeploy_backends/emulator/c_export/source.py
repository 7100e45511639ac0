"""The C of a program: its files, from its model."""

from __future__ import annotations

from neurodeploy.c_export.nouns import CExportOptions, CSource
from neurodeploy.c_export.write import MARK
from neurodeploy.diagnostics import Diagnostic, DiagnosticError, about, finding
from neurodeploy.network import Linear
from neurodeploy.program import Program
from neurodeploy_backends.emulator.c_export.answers import answer_function, tally_lines, tally_size
from neurodeploy_backends.emulator.c_export.arrays import Arrays, at, bytes_of, unsigned_of
from neurodeploy_backends.emulator.c_export.header import header_text
from neurodeploy_backends.emulator.c_export.main_files import main_files
from neurodeploy_backends.emulator.c_export.model import Group, Model, graded, model_of
from neurodeploy_backends.emulator.c_export.rules import rules_text
from neurodeploy_backends.emulator.c_export.sending import send_function, send_loops
from neurodeploy_backends.emulator.c_export.updates import (
    MEMORIES,
    index_type,
    most_of,
    neuron_of,
    reset_lines,
    update_function,
    value_start,
)

__all__ = ["c_source"]

CHECKS = """/* What C leaves to compilers: a shift of a negative number down keeps its sign. */
typedef char {p}_checks_shift[(-1 >> 1) == -1 ? 1 : -1];
typedef char {p}_checks_size[sizeof({p}_state) <= {P}_RAM_BYTES ? 1 : -1];"""
HALVES = """/* Weight k of a table that holds two in a byte. */
static inline int32_t half_byte(const uint8_t *weights, uint32_t k) {
  const int32_t both = weights[k >> 1];
  return (((k & 1u) ? both >> 4 : both & 15) ^ 8) - 8;
}"""
REALS = """#include <float.h>
#if FLT_EVAL_METHOD != 0 && FLT_EVAL_METHOD != 1
#error "doubles must be rounded to 64 bits after each operation: on 32-bit x86, compile with -msse2 -mfpmath=sse"
#endif
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#endif"""


def c_source(program: Program, options: CExportOptions) -> CSource:
    """The C of a sound program. Raises DiagnosticError: ND985 (it learns, or has hardware faults)."""
    if program.faults:
        number = len(program.faults)
        message = f"has {number:,} hardware fault{'s' * (number > 1)}, which C does not model"
        fixes = ["export the program without faults"]
        raise DiagnosticError(
            "export", (finding("ND985", about("program", program.network.name), message, fixes=fixes),)
        )
    learning = [item for item in program.network.projections if item.plasticity is not None]
    if learning:
        fixes = ["neurodeploy learned PROGRAM RECORDING --fixed -o fixed.ndp, and export that"]
        found = [
            finding("ND985", about("projection", item.name), "learns, which C does not", fixes=fixes)
            for item in learning
        ]
        raise DiagnosticError("export", tuple(found))
    model, arrays, p = model_of(program), Arrays(), options.prefix
    fields = _fields(model, arrays)
    source = _source(model, arrays, p)
    files = {
        f"{p}.h": header_text(model, arrays, p, fields, MARK),
        f"{p}.c": source,
        f"{p}_rules.h": _rules(model, p),
    }
    if options.main:
        files |= main_files(model, p)
    return CSource(
        files=files, tables=tuple(arrays.tables), word_bits=64 if model.wide else 32, findings=_lacks(program)
    )


def _lacks(program: Program) -> tuple[Diagnostic, ...]:
    outputs = program.network.outputs
    if not outputs or not isinstance(outputs[0].decoder, Linear):
        return ()
    message = "is decoded by the host in real numbers, so that the C gives no answer"
    fixes = ["decode what the C gives: the spikes, or v, of the population"]
    return (finding("ND988", about("output", outputs[0].name), message, fixes=fixes),)


def _rules(model: Model, p: str) -> str:
    compartments = any(group.compartment for group in model.groups)
    kinds = not all(group.compartment for group in model.groups)
    guard = f"{p.upper()}_RULES_H"
    head = f"/* {MARK}: do not edit.\n\n   The rules of neurons, as neurodeploy's compiled engine runs them. */"
    text = rules_text(wide=model.wide, compartments=compartments, kinds=kinds)
    return f"{head}\n#ifndef {guard}\n#define {guard}\n#include <stdint.h>\n\n#define INLINE static inline\n\n{text}\n\n#endif\n"


def _fields(model: Model, arrays: Arrays) -> list[str]:
    """Declarations of the state, the largest types first, so that no room is lost between them."""
    word = "int64_t" if model.wide else "int32_t"
    values = sum(group.size for group in model.groups if group.sends_values)
    memories = sum(group.size for group in model.groups if group.row["model"] in MEMORIES)
    refractory = sum(group.size for group in model.groups if group.refractory)
    wanted = [
        ("step", "steps made since the reset", "uint64_t", 1),
        *(
            [("seed", "seed of the noise", "int64_t", 1), ("sample", "sample, for the noise", "int64_t", 1)]
            if model.noisy
            else []
        ),
        ("u", "synaptic currents", word, model.neurons),
        ("v", "membrane voltages", word, model.neurons),
        ("sums", "sums that arrive", word, model.sums),
        ("memory_0", "third states", "int64_t", memories),
        ("memory_1", "fourth states", "int64_t", memories),
        ("values", "values sent", "double", values),
        ("tally", "tally of the output", "uint32_t", tally_size(model)),
        ("counts", "numbers of spikes", unsigned_of(most_of(model)), len(model.groups)),
        ("spikes", "lists of spikes", index_type(model), model.neurons),
        ("dead", "refractory steps left", "uint8_t", refractory),
    ]
    order = sorted((item for item in wanted if item[3]), key=lambda item: -bytes_of(item[2]))
    fields = [arrays.state(name, holds, kind, count) for name, holds, kind, count in order]
    rest = -sum(item.size_bytes for item in arrays.tables) % 8
    return [*fields, arrays.state("padding", "padding", "uint8_t", rest)] if rest else fields


def _source(model: Model, arrays: Arrays, p: str) -> str:
    """The source: tables, then the functions that read them."""
    updates = [update_function(model, arrays, p, group) for group in model.groups]
    sends = [send_function(model, arrays, p, number) for number in range(len(model.blocks))]
    answer = answer_function(model, arrays, p)
    head = f'/* {MARK}: do not edit. */\n#include "{p}.h"\n#include "{p}_rules.h"'
    parts = [head, *([REALS] if _real(model) else []), CHECKS.format(p=p, P=p.upper()), *arrays.texts]
    parts += [_dialect(model)] if model.wide else []
    parts += [HALVES] if any("half_byte(" in text for text in sends) else []
    parts += [*updates, *sends, _reset(model, arrays, p), _step(model, p), *_readers(model, p)]
    return "\n\n".join([*parts, *(["\n".join(answer)] if answer else [])]) + "\n"


def _real(model: Model) -> bool:
    """Whether the C computes with doubles."""
    return any(group.sends_values for group in model.groups) or bool(model.value_lines())


def _dialect(model: Model) -> str:
    values = ", ".join(str(int(value)) for value in model.low.layout.switches)
    return f"/* The arithmetic, in the order of its record. */\nstatic const Switches dialect = {{{values}}};"


def _reset(model: Model, arrays: Arrays, p: str) -> str:
    lines = [f"void {p}_reset({p}_state *s) {{", "  s->step = 0;"]
    if model.noisy:
        lines += ["  s->seed = 0;", "  s->sample = 0;"]
    for group in model.groups:
        lines += reset_lines(model, arrays, p, group)
    zeroed = {item.name: item.count for item in arrays.tables if item.memory == "ram"}
    for name in ("sums", "values", "tally", "counts", "dead"):
        if zeroed.get(name, 0):
            zero = "0.0" if name == "values" else "0"
            lines += [f"  for (uint32_t i = 0; i < {zeroed[name]}u; i++) s->{name}[i] = {zero};"]
    lines += ["}"]
    if model.noisy:
        lines += [
            "",
            f"void {p}_seed({p}_state *s, int64_t seed, int64_t sample) {{",
            "  s->seed = seed;",
            "  s->sample = sample;",
            "}",
        ]
    return "\n".join(lines)


def _step(model: Model, p: str) -> str:
    values = ", const double *values" if model.value_lines() else ""
    lines = [f"int {p}_step({p}_state *s, const uint32_t *lines, uint32_t n_lines{values}) {{"]
    lines += ["  for (uint32_t k = 0; k < n_lines; k++)", f"    if (lines[k] >= {p.upper()}_LINES) return -1;"]
    if not model.spike_lines():
        lines[1:] = ["  (void)lines;", "  if (n_lines > 0) return -1;"]
    read = {block.source for block in model.blocks}
    lines += ["  (void)values;"] if values and not any(item.number in read for item in model.value_lines()) else []
    lines += ["  s->step++;"]
    slotted = [group for group in model.groups if group.slots > 1]
    lines += [f"  const uint32_t slot_{group.ident} = (uint32_t)(s->step % {group.slots}u);" for group in slotted]
    for group in model.groups:
        slot = f", slot_{group.ident}" if group.slots > 1 else ""
        lines.append(f"  {p}_update_{group.ident}(s{slot});")
    return "\n".join([*lines, *tally_lines(model), *send_loops(model, p), "  return 0;", "}"])


def _readers(model: Model, p: str) -> list[str]:
    """Functions that read spikes and states by population and neuron."""
    of = f"const {p}_state *s, uint32_t population"
    lines = [f"uint32_t {p}_count({of}) {{ return s->counts[population]; }}"]
    spike = [
        f"uint32_t {p}_spike({of}, uint32_t k) {{",
        *(["  uint32_t i;"] if any(group.grid for group in model.groups) else []),
        "  switch (population) {",
    ]
    for group in model.groups:
        row = f"s->spikes[{at(group.start, 'k')}]"
        if group.grid is None:
            spike.append(f"    case {group.number}: return {row};")
        else:
            spike.append(f"    case {group.number}: i = {row}; return {neuron_of(group, 'i')};")
    lines.append("\n".join([*spike, "    default: return 0;", "  }", "}"]))
    if graded(model):
        value = [f"int64_t {p}_value({of}, uint32_t k) {{", "  switch (population) {"]
        for group in (item for item in model.groups if item.sends_values):
            row = f"s->spikes[{at(group.start, 'k')}]"
            value.append(f"    case {group.number}: return whole(s->values[{at(value_start(model, group), row)}]);")
        lines.append("\n".join([*value, "    default: return 1;", "  }", "}"]))
    for state in ("u", "v"):
        read = [f"int64_t {p}_{state}({of}, uint32_t neuron) {{", "  switch (population) {"]
        for group in model.groups:
            read.append(f"    case {group.number}: return s->{state}[{at(group.start, _row_of(group))}];")
        lines.append("\n".join([*read, "    default: return 0;", "  }", "}"]))
    return lines


def _row_of(group: Group) -> str:
    """The row of a neuron."""
    if group.grid is None:
        return "neuron"
    channels, places = group.grid
    return f"neuron % {places}u * {channels}u + neuron / {places}u"
