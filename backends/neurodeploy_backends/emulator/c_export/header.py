"""The header of an exported program: sizes, names, the state, and the functions."""

from __future__ import annotations

import neurodeploy
from neurodeploy_backends.emulator.c_export.answers import answer_declarations
from neurodeploy_backends.emulator.c_export.arrays import Arrays, plain
from neurodeploy_backends.emulator.c_export.model import Model, graded

__all__ = ["constants", "header_text"]


def constants(model: Model, prefix: str) -> list[str]:
    """Numbers and names of the program as enumerations."""
    up = prefix.upper()
    spikes, values = model.spike_lines(), model.value_lines()
    names = [f"  {up}_POPULATIONS = {len(model.groups)},", f"  {up}_NEURONS = {model.neurons},"]
    names += [f"  {up}_LINES = {sum(item.size for item in spikes)},", f"  {up}_VALUES = {sum(i.size for i in values)}"]
    lines = [
        "/* Sizes: populations, neurons of all of them, lines of all inputs of spikes, and those of all inputs of values. */"
    ]
    lines += ["enum {", *names, "};", "", "/* Populations, and the neurons of each. */", "enum {"]
    rows = [
        row
        for group in model.groups
        for row in (
            f"  {up}_POPULATION_{group.ident.upper()} = {group.number}, /* {plain(group.name)} */",
            f"  {up}_NEURONS_{group.ident.upper()} = {group.size},",
        )
    ]
    rows[-1] = rows[-1].rstrip(",")
    lines += [*rows, "};"]
    for item in model.lines:
        what = "values" if item.values else "lines"
        lines += [
            "",
            f"/* Input {plain(item.name)}: its first {what[:-1]} among the {what} of all inputs, and their number. */",
        ]
        name = item.ident.upper()
        lines += [f"enum {{ {up}_FIRST_{name} = {item.start}, {up}_{what.upper()}_{name} = {item.size} }};"]
    return lines


def header_text(model: Model, arrays: Arrays, prefix: str, fields: list[str], mark: str) -> str:
    """The header. `fields`: declarations of the state; `arrays`: all arrays, whose bytes are known by now."""
    up, guard = prefix.upper(), f"{prefix.upper()}_H"
    flash = sum(item.size_bytes for item in arrays.tables if item.memory == "flash")
    ram = sum(item.size_bytes for item in arrays.tables if item.memory == "ram")
    program = model.program
    about = [
        f"/* {mark}: do not edit.",
        "",
        f"   Network {plain(program.network.name)}, compiled for {plain(program.target.name)}"
        f" (arithmetic {program.target.dialect.name}) by neurodeploy {neurodeploy.__version__}.",
        f"   Program {program.digest()}",
        f"   {flash} bytes of constant tables (flash) and {ram} bytes of state (RAM); the code comes on top.",
        "",
        *_usage(model, prefix),
        "*/",
    ]
    lines = [*about, f"#ifndef {guard}", f"#define {guard}", "#include <stdint.h>", ""]
    lines += [
        f'#define {up}_PROGRAM "{program.digest()}"',
        f"#define {up}_FLASH_BYTES {flash}",
        f"#define {up}_RAM_BYTES {ram}",
    ]
    lines += [
        "",
        *constants(model, prefix),
        "",
        "/* All that changes. One for each stream of input. */",
        "typedef struct {",
    ]
    lines += [*fields, f"}} {prefix}_state;", "", *_functions(model, prefix), "#endif", ""]
    return "\n".join(lines)


def _usage(model: Model, prefix: str) -> list[str]:
    values = ", values" if model.value_lines() else ""
    answer = [f"     printf(..., {prefix}_answer(&state));"] if model.output else []
    return [
        f"     static {prefix}_state state;",
        f"     {prefix}_reset(&state);                        before each sample",
        f"     {prefix}_step(&state, lines, n_lines{values});  in each step: the lines that spike",
        *answer,
    ]


def _functions(model: Model, prefix: str) -> list[str]:
    state, values = f"{prefix}_state *state", ", const double *values" if model.value_lines() else ""
    of = "uint32_t population"
    lines = ["/* The cleared state, in which every sample begins. */", f"void {prefix}_reset({state});", ""]
    if model.noisy:
        lines += [
            "/* After a reset: the seed of a run and the number of its sample, on which the noise depends; else both are 0. */"
        ]
        lines += [f"void {prefix}_seed({state}, int64_t seed, int64_t sample);", ""]
    shown = f" values: {prefix.upper()}_VALUES numbers, 0 for nothing." if values else ""
    lines += [
        f"/* One step. lines: those that spike, each once, below {prefix.upper()}_LINES; NULL if n_lines is 0.{shown} Return 0, or -1",
        "   without a step for a line that is none. */",
        f"int {prefix}_step({state}, const uint32_t *lines, uint32_t n_lines{values});",
        "",
        "/* Spikes of a population in the last step: their number, and the neuron of spike k. */",
        f"uint32_t {prefix}_count(const {state}, {of});",
        f"uint32_t {prefix}_spike(const {state}, {of}, uint32_t k);",
        "",
    ]
    if graded(model):
        lines += ["/* Value of spike k of a population in the last step: 1 if its spikes carry none. */"]
        lines += [f"int64_t {prefix}_value(const {state}, {of}, uint32_t k);", ""]
    lines += ["/* Synaptic current and membrane voltage of a neuron, or the first two states of another kind. */"]
    lines += [
        f"int64_t {prefix}_u(const {state}, {of}, uint32_t neuron);",
        f"int64_t {prefix}_v(const {state}, {of}, uint32_t neuron);",
        "",
    ]
    return [*lines, *answer_declarations(model, prefix)]
