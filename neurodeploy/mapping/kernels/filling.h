/* Fills empty cores one after the other: in a given order, or by the sources that neurons share.

   How many output axons a neuron takes follows from where its targets go, so it is expected: `expected` (neurons,). */
#ifndef ND_FILLING_H
#define ND_FILLING_H
#include "moves.h"

/* Whether the compartments, the memory and the rare limits of a core are kept. */
static int holds(const CoreLimits *limits, const CoreState *state, int64_t core) {
  if (*load_of(state, COMPARTMENTS, core) > AT(limits->limit, COMPARTMENTS)) return 0;
  return *load_of(state, MEMORY, core) <= AT(limits->limit, MEMORY) && keeps_rare_limits(limits, state, core);
}

/* Put a neuron on a core and take it back unless the core holds it; return whether it does. */
static int place_if_held(const Hypergraph *graph, const CoreLimits *limits, CoreState *state, int64_t neuron, int64_t core) {
  move_neuron(graph, limits, state, neuron, core);
  if (holds(limits, state, core)) return 1;
  move_neuron(graph, limits, state, neuron, -1);
  return 0;
}

/* Move a neuron to a core; return whether the core keeps its limits beside the `outputs` axons of its other neurons. */
static int fits_beside(const Hypergraph *graph, const CoreLimits *limits, CoreState *state, int64_t neuron, int64_t core,
                       int64_t outputs) {
  move_neuron(graph, limits, state, neuron, core);
  return holds(limits, state, core) && *load_of(state, INPUTS, core) <= AT(limits->limit, INPUTS) &&
         outputs <= AT(limits->limit, OUTPUTS);
}

/* Place in left[0:many] of the neuron that is worth most to a core; -1: none fits. */
static int64_t best_to_add(const Hypergraph *graph, const CoreLimits *limits, const CoreState *state, int64_t core,
                           int64_t outputs, const span_i64 *expected, double usual, double lean, const span_i32 *shared,
                           const span_i64 *left, int64_t many) {
  const int64_t inputs = *load_of(state, INPUTS, core);
  const int64_t most_inputs = AT(limits->limit, INPUTS), most_outputs = AT(limits->limit, OUTPUTS);
  const int is_empty = AT(state->size, core) == 0;
  int64_t best = -1;
  double most = -1.0e30;
  for (int64_t at = 0; at < many; at++) {
    const int64_t neuron = AT(*left, at), degree = AT(graph->in_ptr, neuron + 1) - AT(graph->in_ptr, neuron);
    const int64_t expects = AT(*expected, neuron), known = AT(*shared, neuron);
    if (outputs + expects > most_outputs || inputs + degree - known > most_inputs) continue;
    const double worth = is_empty ? (double)degree / (double)most_inputs + (double)expects / (double)most_outputs
                                  : ((double)known + 0.5) / (double)(degree + 1) + lean * ((double)expects - usual);
    if (worth > most) {
      best = at;
      most = worth;
    }
  }
  return best;
}

/* Add 1 to `shared` of every target of each source that a neuron brings to a core. */
static void count_shared(const Hypergraph *graph, const CoreState *state, int64_t neuron, int64_t core, span_i32 *shared) {
  const int64_t first = AT(graph->in_ptr, neuron), last = AT(graph->in_ptr, neuron + 1);
  for (int64_t at = first; at < last; at++) {
    const int64_t row = AT(graph->in_row, at);
    if (find(state, row, core) >= 0) continue;
    const int64_t start = AT(graph->out_ptr, row), stop = AT(graph->out_ptr, row + 1);
    for (int64_t place = start; place < stop; place++) AT(*shared, AT(graph->out_target, place))++;
  }
}

#endif
