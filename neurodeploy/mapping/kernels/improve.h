/* Lowers the cost: neurons go to another core, or change places. Every limit may be exceeded. */
#ifndef ND_IMPROVE_H
#define ND_IMPROVE_H
#include "candidates.h"
#include "moves.h"

/* Fall of the cost that counts as one, in pairs: more than rounding. */
static const double LEAST = 1e-6;
/* Neurons of a core that are tried in exchange for one. */
enum { SWAPPED = 40 };

/* Cost of the cores, in pairs. */
INLINE double cost_now(const CoreState *state) { return AT(state->cost, PAIRS) + AT(state->cost, PENALTIES); }

/* Most promising core for a neuron, where the cost falls most or rises by less than `slack` pairs; -1: none. */
static int64_t best_move(const Hypergraph *graph, const CoreLimits *limits, CoreState *state, Workspace *work, int64_t neuron,
                         double slack) {
  const int64_t kept = best_cores(graph, limits, state, work, neuron);
  const double freed = freed_axons(graph, state, work, neuron);
  int64_t best = -1;
  double least = slack - LEAST;
  for (int64_t place = 0; place < kept; place++) {
    const int64_t core = AT(work->candidates, place);
    const double change = cost_of_move(graph, limits, state, work, neuron, core, freed);
    if (change < least) {
      best = core;
      least = change;
    }
  }
  forget_deltas(work);
  return best;
}

/* Move a neuron where the cost falls most (or rises by less than `slack` pairs); return whether it moved. */
static int64_t try_move(const Hypergraph *graph, const CoreLimits *limits, CoreState *state, Workspace *work, int64_t neuron,
                        double slack) {
  const int64_t home = AT(state->core_of, neuron), to = best_move(graph, limits, state, work, neuron, slack);
  if (to < 0) return 0;
  const double before = cost_now(state);
  move_neuron(graph, limits, state, neuron, to);
  if (cost_now(state) < before + slack - LEAST && keeps_rare_limits(limits, state, to)) {
    record_move(work, neuron, home);
    return 1;
  }
  move_neuron(graph, limits, state, neuron, home);
  return 0;
}

/* First neuron, from `neuron` on in its core's list, for which `core` has compartments; -1: none.

   Compartments are never exceeded, not even during a trial: the word tables end there. */
static int64_t next_fitting(const Hypergraph *graph, const CoreLimits *limits, const CoreState *state, int64_t neuron,
                            int64_t core) {
  const int64_t room = AT(limits->limit, COMPARTMENTS) - *load_of(state, COMPARTMENTS, core);
  while (neuron >= 0 && compartments_of(graph, limits, neuron) > room) neuron = AT(state->next_member, neuron);
  return neuron;
}

/* Whether the cost is below `before` and two cores keep the limits that seldom bind. */
static int is_better(const CoreLimits *limits, const CoreState *state, double before, int64_t one, int64_t other) {
  if (cost_now(state) >= before - LEAST) return 0;
  return keeps_rare_limits(limits, state, one) && keeps_rare_limits(limits, state, other);
}

/* Exchange a neuron for a member of `core` where the cost falls; return whether it did, everything else is taken back.

   The neuron goes there first and stays while members of that core are tried, one after the other, on its old core. */
static int swap_with_core(const Hypergraph *graph, const CoreLimits *limits, CoreState *state, Workspace *work, int64_t neuron,
                          int64_t core) {
  const int64_t home = AT(state->core_of, neuron);
  const double before = cost_now(state);
  int64_t partner = AT(state->first_member, core);
  move_neuron(graph, limits, state, neuron, core);
  for (int64_t tried = 0; tried < SWAPPED; tried++) {
    partner = next_fitting(graph, limits, state, partner, home);
    if (partner < 0) break;
    const int64_t following = AT(state->next_member, partner);
    move_neuron(graph, limits, state, partner, home);
    if (is_better(limits, state, before, core, home)) {
      record_move(work, neuron, home);
      record_move(work, partner, core);
      return 1;
    }
    move_neuron(graph, limits, state, partner, core);
    partner = following;
  }
  move_neuron(graph, limits, state, neuron, home);
  return 0;
}

/* Exchange a neuron for one of a promising core where the cost falls; return whether it did. */
static int64_t try_swap(const Hypergraph *graph, const CoreLimits *limits, CoreState *state, Workspace *work, int64_t neuron) {
  const int64_t kept = best_cores(graph, limits, state, work, neuron);
  for (int64_t place = 0; place < kept; place++)
    if (swap_with_core(graph, limits, state, work, neuron, AT(work->candidates, place))) return 1;
  return 0;
}

#endif
