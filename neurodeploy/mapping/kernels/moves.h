/* Moves a neuron and keeps every count of the cores exact. Chooses no move.

   For every row a short list holds (core, synapses there). From these lists follow the input axons of a core (its distinct
   sources), the output axons of a source (its distinct cores, one more for each on another chip) and the words of every list.
   A move is tried by making it, and undone if the cost did not fall. */
#ifndef ND_MOVES_H
#define ND_MOVES_H
#include "penalties.h"
#include "words.h"

/* Enter a neuron into the members of a core. */
INLINE void link_member(const Hypergraph *graph, CoreState *state, int64_t neuron, int64_t core) {
  const int32_t first = AT(state->first_member, core);
  AT(state->next_member, neuron) = first;
  AT(state->previous_member, neuron) = -1;
  if (first >= 0) AT(state->previous_member, first) = (int32_t)neuron;
  AT(state->first_member, core) = (int32_t)neuron;
  AT(state->size, core)++;
  AT(state->pin_group, core) = AT(graph->pin_group, neuron);
}

/* Remove a neuron from the members of a core. */
INLINE void unlink_member(CoreState *state, int64_t neuron, int64_t core) {
  const int32_t left = AT(state->previous_member, neuron), right = AT(state->next_member, neuron);
  if (left >= 0)
    AT(state->next_member, left) = right;
  else
    AT(state->first_member, core) = right;
  if (right >= 0) AT(state->previous_member, right) = left;
  if (--AT(state->size, core) == 0) AT(state->pin_group, core) = -1;
}

/* Add (sign 1) or remove (-1) one synapse of a row in a core. Returns the synapses before; `changed`: whether the core was
   added to the list or removed from it. */
INLINE int64_t update_list(CoreState *state, int64_t row, int64_t core, int32_t sign, int *changed) {
  const int64_t start = AT(state->list_ptr, row), stop = start + AT(state->list_size, row);
  int64_t place = find(state, row, core);
  *changed = place < 0;
  if (place < 0) {
    place = stop;
    AT(state->list_core, place) = (uint32_t)core;
    AT(state->list_count, place) = 0;
    if (has_positions(state)) *position_of(state, row, core) = (int16_t)(stop - start);
    AT(state->list_size, row)++;
  }
  const int32_t count = AT(state->list_count, place);
  AT(state->list_count, place) = count + sign;
  if (count + sign == 0) { /* the last entry takes its place */
    const uint32_t last = AT(state->list_core, stop - 1);
    AT(state->list_core, place) = last;
    AT(state->list_count, place) = AT(state->list_count, stop - 1);
    if (has_positions(state)) {
      *position_of(state, row, last) = (int16_t)(place - start);
      *position_of(state, row, core) = -1;
    }
    AT(state->list_size, row)--;
    *changed = 1;
  }
  return count;
}

/* Change the sparse words of a projection in a core: a list of `count` synapses gets one more (sign 1) or fewer (-1). */
INLINE void update_words(const CoreLimits *limits, CoreState *state, int64_t core, int64_t projection, int64_t count,
                         int32_t sign) {
  const int64_t indices = limits->index_bits.n, widths = limits->index_class.n, levels = limits->delay_bits.n;
  const int64_t each = AT(limits->n_delay_classes, projection) * indices;
  const int64_t first = AT(limits->weight_class, projection) * levels * indices * widths;
  const int64_t *table = VIEW(limits->sparse_words, first, each * widths);
  const int64_t before = CHECKED(count, 1, widths), after = CHECKED(count + sign, 1, widths);
  int64_t *words = sparse_words_of(limits, state, core, projection);
  for (int64_t k = 0; k < each; k++) words[k] += table[k * widths + after] - table[k * widths + before];
}

/* A source has a synapse more (sign 1) or fewer (-1) in a core: change the output axons of its own core, if it has one.
   Returns the change of that core's penalty. */
INLINE double update_destinations(const CoreLimits *limits, CoreState *state, int64_t source, int64_t core, int32_t sign) {
  AT(state->n_destinations, source) += sign;
  if (source >= state->core_of.n || AT(state->core_of, source) < 0) return 0.0;
  const int64_t home = AT(state->core_of, source);
  int64_t *outputs = load_of(state, OUTPUTS, home);
  double *penalty = penalty_of(state, OUTPUTS, home);
  *outputs += sign * (1 + (AT(state->chip, home) != AT(state->chip, core)));
  const double now = load_penalty(limits, state, OUTPUTS, *outputs), change = now - *penalty;
  *penalty = now;
  return change;
}

/* Add (sign 1) or remove (-1) the synapses into a neuron: lists, words, input axons of the core, output axons of sources.
   Most of a search is spent in this loop. */
static void update_synapses(const Hypergraph *graph, const CoreLimits *limits, CoreState *state, int64_t neuron, int64_t core,
                            int32_t sign) {
  double pairs = 0.0, penalties = 0.0;
  int64_t axons = 0;
  const int64_t first = AT(graph->in_ptr, neuron), last = AT(graph->in_ptr, neuron + 1);
  for (int64_t at = first; at < last; at++) {
    const int64_t row = AT(graph->in_row, at), projection = AT(graph->row_projection, row);
    int changed;
    const int64_t count = update_list(state, row, core, sign, &changed);
    update_words(limits, state, core, projection, count, sign);
    if (AT(limits->n_delay_classes, projection) > 1)
      n_delayed_of(limits, state, core, projection)[AT(graph->in_delay, at)] += sign;
    if (!changed) continue;
    *n_rows_of(limits, state, core, projection) += sign;
    if (!is_only_row(graph, state, row, core)) continue;
    const int64_t source = AT(graph->row_source, row);
    axons += sign;
    pairs += AT(graph->source_weight, source);
    penalties += update_destinations(limits, state, source, core, sign);
  }
  *load_of(state, INPUTS, core) += axons;
  AT(state->cost, PAIRS) += sign * pairs;
  AT(state->cost, PENALTIES) += penalties;
}

/* Add (sign 1) or remove (-1) the compartments, the parameter set and the threshold of a neuron. */
static void update_compartments(const Hypergraph *graph, const CoreLimits *limits, CoreState *state, int64_t neuron,
                                int64_t core, int32_t sign) {
  const int64_t population = AT(graph->population, neuron), neurons = graph->population.n;
  AT(state->n_neurons, core * limits->compartments.n + population) += sign;
  *load_of(state, COMPARTMENTS, core) += sign * AT(limits->compartments, population);
  for (int64_t kind = 0; kind < 2; kind++) {
    const int64_t class = AT(limits->parameter_class, kind * neurons + neuron);
    if (class < 0) continue;
    const int64_t classes = state->n_of_class.n / (2 * n_cores(state));
    AT(state->n_of_class, (kind * n_cores(state) + core) * classes + class) += sign;
  }
}

/* Recompute the memory of a core and the penalties of its loads. */
static void update_core(const CoreLimits *limits, CoreState *state, int64_t core) {
  *load_of(state, MEMORY, core) = synapse_memory(limits, state, core);
  for (int64_t resource = 0; resource < 4; resource++) update_penalty(limits, state, resource, core);
}

/* Take a neuron off its core. */
static void take_off(const Hypergraph *graph, const CoreLimits *limits, CoreState *state, int64_t neuron) {
  const int64_t core = AT(state->core_of, neuron);
  *load_of(state, OUTPUTS, core) -= output_axons(graph, state, neuron, core);
  AT(state->core_of, neuron) = -1;
  unlink_member(state, neuron, core);
  update_synapses(graph, limits, state, neuron, core, -1);
  update_compartments(graph, limits, state, neuron, core, -1);
  update_core(limits, state, core);
}

/* Put a neuron that has no core on one. */
static void put_on(const Hypergraph *graph, const CoreLimits *limits, CoreState *state, int64_t neuron, int64_t core) {
  update_synapses(graph, limits, state, neuron, core, 1);
  update_compartments(graph, limits, state, neuron, core, 1);
  AT(state->core_of, neuron) = (int32_t)core;
  *load_of(state, OUTPUTS, core) += output_axons(graph, state, neuron, core);
  link_member(graph, state, neuron, core);
  update_core(limits, state, core);
}

/* Take a neuron off its core, if it has one, and put it on core `to`; -1: on none. */
NOINLINE void move_neuron(const Hypergraph *graph, const CoreLimits *limits, CoreState *state, int64_t neuron, int64_t to) {
  if (AT(state->core_of, neuron) >= 0) take_off(graph, limits, state, neuron);
  if (to >= 0) put_on(graph, limits, state, neuron, to);
}

/* Append a move to the journal, as long as there is room; `home`: core of the neuron before. */
INLINE void record_move(Workspace *work, int64_t neuron, int64_t home) {
  int64_t *n = VIEW(work->n_moves, 0, 1);
  if (2 * *n < work->journal.n) {
    AT(work->journal, 2 * *n) = neuron;
    AT(work->journal, 2 * *n + 1) = home;
  }
  ++*n;
}

#endif
