/* Empties cores, relieves overfull ones and splits those that stay overfull. */
#ifndef ND_RELIEF_H
#define ND_RELIEF_H
#include "improve.h"

/* What `relieve` returns where it moves nothing: no core is overfull, or the journal has no room for a round. */
enum { CLEAR = -1, FULL = -2 };

/* Move a neuron to the best core that keeps the rare limits, whatever its loads; return whether there is one. */
static int force_out(const Hypergraph *graph, const CoreLimits *limits, CoreState *state, Workspace *work, int64_t neuron) {
  const int64_t home = AT(state->core_of, neuron), kept = best_cores(graph, limits, state, work, neuron);
  for (int64_t place = 0; place < kept; place++) {
    const int64_t to = AT(work->candidates, place);
    move_neuron(graph, limits, state, neuron, to);
    if (keeps_rare_limits(limits, state, to)) {
      record_move(work, neuron, home);
      return 1;
    }
  }
  move_neuron(graph, limits, state, neuron, home);
  return 0;
}

/* Write the neurons of a core into work->members; return how many. */
static int64_t list_members(const CoreState *state, Workspace *work, int64_t core) {
  int64_t count = 0;
  for (int64_t neuron = AT(state->first_member, core); neuron >= 0 && count < work->members.n;
       neuron = AT(state->next_member, neuron))
    AT(work->members, count++) = neuron;
  return count;
}

/* Try to move each neuron of an overfull core once, or (`swapping` 1) to exchange it, until the core keeps its limits or the
   journal is full; return how many moved. */
static int64_t relieve_core(const Hypergraph *graph, const CoreLimits *limits, CoreState *state, Workspace *work, int64_t core,
                            int64_t swapping) {
  const int64_t count = list_members(state, work, core);
  int64_t moved = 0;
  for (int64_t place = 0; place < count; place++) {
    if (!is_overfull(limits, state, core) || 2 * (AT(work->n_moves, 0) + 2) > work->journal.n) break;
    const int64_t neuron = AT(work->members, place);
    if (swapping == 1)
      moved += try_swap(graph, limits, state, work, neuron);
    else
      moved += try_move(graph, limits, state, work, neuron, 0.0);
  }
  return moved;
}

#endif
