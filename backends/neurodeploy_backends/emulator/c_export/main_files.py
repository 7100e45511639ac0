"""The files around an exported program: a main that reads events and prints spikes, and how to compile it."""

from __future__ import annotations

from neurodeploy.c_export.write import MARK
from neurodeploy_backends.emulator.c_export.model import Model, graded

__all__ = ["main_files"]

MAIN = r"""/* @MARK@: do not edit.

   Run the program on events from the standard input, and print its spikes.

     ./@p@ STEPS [SAMPLES] [SEED] < events.txt

   A row of the input is "sample step line" for a spike of a line; samples count from 0, steps from 1, and rows are sorted by
   sample and step.@VALUES_HELP@ A row of the output is "sample step population neuron"@VALUE_HELP@;
   "u" and "v" rows show the state of each population at the end of a sample if SEED is followed by the word state. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "@p@.h"

static const char *const names[] = {@NAMES@};
static const uint32_t sizes[] = {@SIZES@};
static @p@_state state;
static const unsigned long n_lines = @P@_LINES, n_values = @P@_VALUES;

/* A row of the input that is not shown yet. */
typedef struct {
  unsigned long sample, step, line;
  double value;
  int is_value, there;
} row;

static row next_row(void) {
  char text[200];
  while (fgets(text, sizeof text, stdin)) {
    row read = {0, 0, 0, 0.0, 0, 0};
    if (sscanf(text, "%lu %lu v %lu %lf", &read.sample, &read.step, &read.line, &read.value) == 4)
      read.is_value = read.there = 1;
    else if (sscanf(text, "%lu %lu %lu", &read.sample, &read.step, &read.line) == 3)
      read.there = 1;
    else
      continue;
    return read;
  }
  return (row){0, 0, 0, 0.0, 0, 0};
}

static void print_spikes(unsigned long sample, unsigned long step) {
  for (uint32_t p = 0; p < @P@_POPULATIONS; p++)
    for (uint32_t k = 0; k < @p@_count(&state, p); k++) {
      printf("%lu %lu %s %" PRIu32, sample, step, names[p], @p@_spike(&state, p, k));
      @PRINT_VALUE@printf("\n");
    }
}

static void print_states(unsigned long sample) {
  for (uint32_t p = 0; p < @P@_POPULATIONS; p++)
    for (uint32_t i = 0; i < sizes[p]; i++)
      printf("state %lu %s %" PRIu32 " %" PRId64 " %" PRId64 "\n", sample, names[p], i, @p@_u(&state, p, i), @p@_v(&state, p, i));
}

int main(int argc, char **argv) {
  static uint32_t lines[@P@_LINES + 1];
  static double values[@P@_VALUES + 1];
  const unsigned long steps = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
  const unsigned long samples = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;
  const int states = argc > 4 && strcmp(argv[4], "state") == 0;
  if (steps == 0) {
    fprintf(stderr, "usage: @p@ STEPS [SAMPLES] [SEED] [state] < events.txt\n");
    return 2;
  }
  row next = next_row();
  for (unsigned long sample = 0; sample < samples; sample++) {
    @p@_reset(&state);
    @SEED@for (unsigned long step = 1; step <= steps; step++) {
      uint32_t n = 0;
      memset(values, 0, sizeof values);
      for (; next.there && next.sample == sample && next.step == step; next = next_row()) {
        if (next.is_value && next.line < n_values)
          values[next.line] = next.value;
        else if (!next.is_value && next.line < n_lines && n < n_lines)
          lines[n++] = (uint32_t)next.line;
        else {
          fprintf(stderr, "@p@: no line %lu\n", next.line);
          return 1;
        }
      }
      if (@p@_step(&state, lines, n@VALUES@) != 0) return 1;
      print_spikes(sample, step);
    }
    @ANSWER@if (states) print_states(sample);
  }
  if (next.there) fprintf(stderr, "@p@: a row of sample %lu, step %lu is out of order or beyond the end\n", next.sample, next.step);
  return next.there ? 1 : 0;
}
"""
MAKEFILE = """# @MARK@: do not edit.
CC ?= cc
CFLAGS ?= -O2
STRICT = -std=c99 -Wall -Wextra -pedantic -Wconversion

@p@: @p@_main.c @p@.c @p@.h @p@_rules.h
	$(CC) $(STRICT) $(CFLAGS) -o $@ @p@_main.c @p@.c

.PHONY: clean
clean:
	rm -f @p@
"""
CMAKE = """# @MARK@: do not edit.
cmake_minimum_required(VERSION 3.10)
project(@p@ C)
set(CMAKE_C_STANDARD 99)
set(CMAKE_C_EXTENSIONS OFF)
add_library(@p@_network STATIC @p@.c)
target_include_directories(@p@_network PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
add_executable(@p@ @p@_main.c)
target_link_libraries(@p@ PRIVATE @p@_network)
"""


def main_files(model: Model, prefix: str) -> dict[str, str]:
    """The main, Makefile and CMakeLists.txt."""
    values, answer, valued = bool(model.value_lines()), bool(model.output), bool(graded(model))
    names = ", ".join(f'"{group.name}"' for group in model.groups)
    value = 'printf(" %" PRId64, @p@_value(&state, p, k));\n      ' if valued else ""
    seed = "@p@_seed(&state, argc > 3 ? (int64_t)strtoll(argv[3], NULL, 10) : 0, (int64_t)sample);\n    "
    shown = 'printf("answer %lu %" PRIu32 "\\n", sample, @p@_answer(&state));\n    '
    filled = {
        "@VALUES_HELP@": ' "sample step v line value" shows a value.' if values else "",
        "@VALUE_HELP@": ", and a value where there is one" if valued else "",
        "@NAMES@": names,
        "@SIZES@": ", ".join(str(group.size) for group in model.groups),
        "@PRINT_VALUE@": value,
        "@SEED@": seed if model.noisy else "",
        "@VALUES@": ", values" if values else "",
        "@ANSWER@": shown if answer else "",
        "@MARK@": MARK,
    }
    files = {f"{prefix}_main.c": MAIN, "Makefile": MAKEFILE, "CMakeLists.txt": CMAKE}
    for mark, text in filled.items():
        files = {name: content.replace(mark, text) for name, content in files.items()}
    names_of = {"@p@": prefix, "@P@": prefix.upper()}
    for mark, text in names_of.items():
        files = {name: content.replace(mark, text) for name, content in files.items()}
    return files
