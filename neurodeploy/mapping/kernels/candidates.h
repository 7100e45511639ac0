/* Finds promising cores for a neuron, and estimates or computes what a move would cost. Moves nothing. */
#ifndef ND_CANDIDATES_H
#define ND_CANDIDATES_H
#include "penalties.h"

/* Add the weight of a source to every core that a row reaches. */
INLINE void add_shared(const CoreState *state, Workspace *work, int64_t row, double weight) {
  const int64_t size = AT(state->list_size, row);
  const uint32_t *list = VIEW(state->list_core, AT(state->list_ptr, row), size);
  for (int64_t k = 0; k < size; k++) AT(work->shared, list[k]) += weight;
}

/* Add the weight of a source to every core that a row reaches and no other row of the source has reached before. */
INLINE void add_shared_once(const CoreState *state, Workspace *work, int64_t row, double weight, int64_t synapse) {
  const int64_t size = AT(state->list_size, row);
  const uint32_t *list = VIEW(state->list_core, AT(state->list_ptr, row), size);
  for (int64_t k = 0; k < size; k++) {
    if (AT(work->last_synapse, list[k]) == synapse) continue;
    AT(work->shared, list[k]) += weight;
    AT(work->last_synapse, list[k]) = synapse;
  }
}

/* Fill work->shared for a neuron; return the weight of its sources, one for each synapse. */
static double scan_shared(const Hypergraph *graph, const CoreState *state, Workspace *work, int64_t neuron) {
  double degree = 0.0;
  __builtin_memset(work->shared.at, 0, (size_t)work->shared.n * sizeof(double));
  const int64_t start = AT(graph->in_ptr, neuron), stop = AT(graph->in_ptr, neuron + 1);
  for (int64_t at = start; at < stop; at++) {
    const int64_t row = AT(graph->in_row, at), source = AT(graph->row_source, row);
    const int64_t first = AT(graph->source_ptr, source), last = AT(graph->source_ptr, source + 1);
    const double weight = AT(graph->source_weight, source);
    degree += weight;
    if (last - first == 1) {
      add_shared(state, work, row, weight);
      continue;
    }
    for (int64_t sibling = first; sibling < last; sibling++)
      add_shared_once(state, work, AT(graph->source_row, sibling), weight, at);
  }
  return degree;
}

/* Compartments of a neuron. */
INLINE int64_t compartments_of(const Hypergraph *graph, const CoreLimits *limits, int64_t neuron) {
  return AT(limits->compartments, AT(graph->population, neuron));
}

/* Estimated cost of a neuron in a core, in pairs; `fresh`: weight of its sources that are new to the core. */
static double score(const Hypergraph *graph, const CoreLimits *limits, const CoreState *state, int64_t neuron, int64_t core,
                    double fresh) {
  double added = fresh * (1.0 + marginal_penalty(limits, state, INPUTS, core));
  added += marginal_penalty(limits, state, OUTPUTS, core) * (double)AT(state->n_destinations, neuron);
  added += marginal_penalty(limits, state, COMPARTMENTS, core) * (double)compartments_of(graph, limits, neuron);
  return added + marginal_penalty(limits, state, MEMORY, core) * fresh;
}

/* Fill work->candidates for a neuron; return how many there are.

   A candidate shares a source with the neuron, belongs to its pin group and has compartments for it: compartments are never
   exceeded, because the word tables end there. */
static int64_t best_cores(const Hypergraph *graph, const CoreLimits *limits, const CoreState *state, Workspace *work,
                          int64_t neuron) {
  const double degree = scan_shared(graph, state, work, neuron);
  const int64_t most = work->candidates.n, home = AT(state->core_of, neuron), cores = work->shared.n;
  const int64_t room = AT(limits->limit, COMPARTMENTS) - compartments_of(graph, limits, neuron);
  const double *shared = work->shared.at;
  int64_t kept = 0, *chosen = work->candidates.at;
  double *scores = VIEW(work->scores, 0, most);
  for (int64_t core = 0; core < cores; core++) {
    if (shared[core] == 0.0) continue;
    const double fresh = degree - shared[core];
    if (core == home || (kept == most && fresh >= scores[most - 1])) continue;
    if (AT(state->pin_group, core) != AT(graph->pin_group, neuron)) continue;
    if (*load_of(state, COMPARTMENTS, core) > room) continue;
    const double added = score(graph, limits, state, neuron, core, fresh);
    int64_t place;
    if (kept < most)
      place = kept++;
    else if (added < scores[kept - 1])
      place = kept - 1;
    else
      continue;
    for (; place > 0 && scores[place - 1] > added; place--) {
      scores[place] = scores[place - 1];
      chosen[place] = chosen[place - 1];
    }
    scores[place] = added;
    chosen[place] = core;
  }
  return kept;
}

/* Note one output axon more (sign 1) or fewer (-1) from a source to `core`, on the source's own core. */
INLINE void add_axon_delta(const CoreState *state, Workspace *work, int64_t source, int64_t core, int64_t sign) {
  if (source >= state->core_of.n || AT(state->core_of, source) < 0) return;
  const int64_t home = AT(state->core_of, source);
  if (AT(work->axon_delta, home) == 0 && AT(work->is_affected, home) == 0) {
    AT(work->is_affected, home) = 1;
    AT(work->affected, AT(work->n_affected, 0)) = home;
    AT(work->n_affected, 0)++;
  }
  AT(work->axon_delta, home) += sign * (1 + (AT(state->chip, home) != AT(state->chip, core)));
}

/* Note the axons that a neuron's core and its sources are rid of if it leaves; return the weight of these sources. */
static double freed_axons(const Hypergraph *graph, const CoreState *state, Workspace *work, int64_t neuron) {
  const int64_t home = AT(state->core_of, neuron);
  const int64_t first = AT(graph->in_ptr, neuron), last = AT(graph->in_ptr, neuron + 1);
  double freed = 0.0;
  AT(work->n_affected, 0) = 0;
  AT(work->freed_inputs, 0) = 0;
  for (int64_t at = first; at < last; at++) {
    const int64_t row = AT(graph->in_row, at);
    if (AT(state->list_count, find(state, row, home)) != 1 || !is_only_row(graph, state, row, home)) continue;
    const int64_t source = AT(graph->row_source, row);
    AT(work->freed_inputs, 0)--;
    freed += AT(graph->source_weight, source);
    add_axon_delta(state, work, source, home, -1);
  }
  return freed;
}

/* Change of the penalty of a resource of a core if its load changes by `by`. */
INLINE double penalty_change(const CoreLimits *limits, const CoreState *state, int64_t resource, int64_t core, int64_t by) {
  return load_penalty(limits, state, resource, *load_of(state, resource, core) + by) - *penalty_of(state, resource, core);
}

/* `change`, with the penalties of input axons and compartments; `fresh`: sources of the neuron that are new to `core`. */
INLINE double add_input_penalties(const Hypergraph *graph, const CoreLimits *limits, const CoreState *state,
                                  const Workspace *work, int64_t neuron, int64_t core, int64_t fresh, double change) {
  const int64_t home = AT(state->core_of, neuron), each = compartments_of(graph, limits, neuron);
  change += penalty_change(limits, state, INPUTS, home, AT(work->freed_inputs, 0));
  change += penalty_change(limits, state, INPUTS, core, fresh);
  change += penalty_change(limits, state, COMPARTMENTS, home, -each);
  return change + penalty_change(limits, state, COMPARTMENTS, core, each);
}

/* `change`, with the penalties of output axons: of the cores of all sources, of the neuron's core and of `core`. */
static double add_output_penalties(const Hypergraph *graph, const CoreLimits *limits, const CoreState *state,
                                   const Workspace *work, int64_t neuron, int64_t core, double change) {
  const int64_t home = AT(state->core_of, neuron), own = output_axons(graph, state, neuron, home);
  const int64_t there = has_one_chip(state) ? own : output_axons(graph, state, neuron, core);
  int home_pending = 1, core_pending = 1;
  for (int64_t place = 0; place < AT(work->n_affected, 0); place++) {
    const int64_t of = AT(work->affected, place);
    const int64_t extra = AT(work->axon_delta, of) - (of == home ? own : 0) + (of == core ? there : 0);
    home_pending = home_pending && of != home;
    core_pending = core_pending && of != core;
    change += penalty_change(limits, state, OUTPUTS, of, extra);
  }
  if (home_pending) change += penalty_change(limits, state, OUTPUTS, home, -own);
  if (core_pending) change += penalty_change(limits, state, OUTPUTS, core, there);
  return change;
}

/* Change of the cost if a neuron goes to `core`, in pairs; memory is judged when the move is made.
   `freed`: what `freed_axons` returned for the neuron. */
static double cost_of_move(const Hypergraph *graph, const CoreLimits *limits, const CoreState *state, Workspace *work,
                           int64_t neuron, int64_t core, double freed) {
  const int64_t kept = AT(work->n_affected, 0), first = AT(graph->in_ptr, neuron), last = AT(graph->in_ptr, neuron + 1);
  int64_t fresh = 0;
  double change = -freed;
  for (int64_t place = 0; place < kept; place++)
    AT(work->saved_delta, place) = AT(work->axon_delta, AT(work->affected, place));
  for (int64_t at = first; at < last; at++) {
    const int64_t row = AT(graph->in_row, at);
    if (find(state, row, core) >= 0 || !is_only_row(graph, state, row, core)) continue;
    const int64_t source = AT(graph->row_source, row);
    fresh++;
    change += AT(graph->source_weight, source);
    add_axon_delta(state, work, source, core, 1);
  }
  change = add_input_penalties(graph, limits, state, work, neuron, core, fresh, change);
  change = add_output_penalties(graph, limits, state, work, neuron, core, change);
  for (int64_t place = 0; place < AT(work->n_affected, 0); place++) {
    const int64_t of = AT(work->affected, place);
    AT(work->axon_delta, of) = place < kept ? AT(work->saved_delta, place) : 0;
    AT(work->is_affected, of) = place < kept;
  }
  AT(work->n_affected, 0) = kept;
  return change;
}

/* Clear what `freed_axons` noted. */
INLINE void forget_deltas(Workspace *work) {
  for (int64_t place = 0; place < AT(work->n_affected, 0); place++) {
    AT(work->axon_delta, AT(work->affected, place)) = 0;
    AT(work->is_affected, AT(work->affected, place)) = 0;
  }
}

#endif
