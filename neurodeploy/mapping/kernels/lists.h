/* On which cores the targets of a source lie. Changes nothing. */
#ifndef ND_LISTS_H
#define ND_LISTS_H
#include "structs.h"

/* What most kernels read and write. */
typedef struct {
  const Hypergraph *graph;
  const CoreLimits *limits;
  CoreState *state;
  Workspace *work;
} Cores;

INLINE int64_t n_cores(const CoreState *state) { return state->size.n; }

/* Load of a core. */
INLINE int64_t *load_of(const CoreState *state, int64_t resource, int64_t core) {
  return VIEW(state->load, resource * n_cores(state) + core, 1);
}

/* Position of a core in a row's list, -1: not there; only where the table is stored. */
INLINE int16_t *position_of(const CoreState *state, int64_t row, int64_t core) {
  return VIEW(state->list_position, row * n_cores(state) + core, 1);
}

INLINE int has_positions(const CoreState *state) { return state->list_position.n > 1; }

/* Place of `core` in the lists, within the list of `row`; -1: not there. */
INLINE int64_t find(const CoreState *state, int64_t row, int64_t core) {
  const int64_t start = AT(state->list_ptr, row);
  if (has_positions(state)) {
    const int64_t position = *position_of(state, row, core);
    return position >= 0 ? start + position : -1;
  }
  const int64_t size = AT(state->list_size, row);
  const uint32_t *list = VIEW(state->list_core, start, size);
  for (int64_t k = 0; k < size; k++)
    if (list[k] == (uint32_t)core) return start + k;
  return -1;
}

/* Whether no other row of the source of `row` has a synapse in `core`. */
INLINE int is_only_row(const Hypergraph *graph, const CoreState *state, int64_t row, int64_t core) {
  const int64_t source = AT(graph->row_source, row);
  const int64_t first = AT(graph->source_ptr, source), last = AT(graph->source_ptr, source + 1);
  if (last - first == 1) return 1;
  for (int64_t at = first; at < last; at++) {
    const int64_t other = AT(graph->source_row, at);
    if (other != row && find(state, other, core) >= 0) return 0;
  }
  return 1;
}

/* Whether a row of graph->source_row[first:stop] has a synapse in `core`. */
INLINE int is_reached(const Hypergraph *graph, const CoreState *state, int64_t first, int64_t stop, int64_t core) {
  for (int64_t at = first; at < stop; at++)
    if (find(state, AT(graph->source_row, at), core) >= 0) return 1;
  return 0;
}

INLINE int has_one_chip(const CoreState *state) { return AT(state->chip, state->chip.n - 1) == AT(state->chip, 0); }

/* Output axons of a neuron if it lies on `core`: one for each core of its targets, two where that is on another chip. */
static int64_t output_axons(const Hypergraph *graph, const CoreState *state, int64_t source, int64_t core) {
  int64_t total = AT(state->n_destinations, source);
  if (has_one_chip(state)) return total;
  const int64_t first = AT(graph->source_ptr, source), last = AT(graph->source_ptr, source + 1);
  const int32_t chip = AT(state->chip, core);
  for (int64_t at = first; at < last; at++) {
    const int64_t row = AT(graph->source_row, at), size = AT(state->list_size, row);
    const uint32_t *list = VIEW(state->list_core, AT(state->list_ptr, row), size);
    for (int64_t k = 0; k < size; k++)
      if (AT(state->chip, list[k]) != chip) total += !is_reached(graph, state, first, at, list[k]);
  }
  return total;
}

#endif
