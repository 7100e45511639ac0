/* The kernels of the search that Python calls. Each does what the function of its name does in the Python modules here. */
#include "filling.h"
#include "relief.h"

#define CORES const Hypergraph *graph, const CoreLimits *limits, CoreState *state, Workspace *work

EXPORT(int64_t, list_output_axons)(const Hypergraph *graph, const CoreState *state, span_i64 *found) {
  for (int64_t neuron = 0; neuron < found->n; neuron++)
    AT(*found, neuron) = output_axons(graph, state, neuron, AT(state->core_of, neuron));
  return 0;
}

EXPORT(int64_t, assign)(const Hypergraph *graph, const CoreLimits *limits, CoreState *state, const span_i32 *core_of) {
  for (int64_t neuron = 0; neuron < core_of->n; neuron++) move_neuron(graph, limits, state, neuron, AT(*core_of, neuron));
  return 0;
}

EXPORT(int64_t, undo)(CORES, int64_t keep) {
  while (AT(work->n_moves, 0) > keep) {
    const int64_t move = --AT(work->n_moves, 0);
    move_neuron(graph, limits, state, AT(work->journal, 2 * move), AT(work->journal, 2 * move + 1));
  }
  return 0;
}

EXPORT(int64_t, all_fit)(const CoreLimits *limits, const CoreState *state) {
  for (int64_t core = 0; core < n_cores(state); core++)
    if (!fits(limits, state, core)) return 0;
  return 1;
}

EXPORT(int64_t, set_steepness)(const CoreLimits *limits, CoreState *state, double steepness) {
  AT(state->cost, STEEPNESS) = steepness;
  for (int64_t core = 0; core < n_cores(state); core++)
    for (int64_t resource = 0; resource < 4; resource++) update_penalty(limits, state, resource, core);
  return 0;
}

EXPORT(double, overflow)(const CoreLimits *limits, const CoreState *state) {
  double total = 0.0;
  for (int64_t core = 0; core < n_cores(state); core++)
    for (int64_t resource = 0; resource < 4; resource++) {
      const int64_t limit = AT(limits->limit, resource);
      total += (double)max64(0, *load_of(state, resource, core) - limit) / (double)limit;
    }
  return total;
}

EXPORT(int64_t, fill)(const Hypergraph *graph, const CoreLimits *limits, CoreState *state, const span_i64 *order,
                      const span_i64 *expected) {
  int64_t core = 0, outputs = 0, at = 0;
  while (at < order->n) {
    const int64_t neuron = AT(*order, at), with = outputs + AT(*expected, neuron);
    const int alone = AT(state->size, core) == 0;
    const int may_enter = alone || AT(state->pin_group, core) == AT(graph->pin_group, neuron);
    if (may_enter && fits_beside(graph, limits, state, neuron, core, with)) {
      outputs = with;
      at++;
      continue;
    }
    if (alone) return -1 - neuron;
    core++;
    outputs = 0;
    if (core >= n_cores(state)) return 0;
  }
  return core + 1;
}

EXPORT(int64_t, grow)(const Hypergraph *graph, const CoreLimits *limits, CoreState *state, const span_i64 *expected,
                      double usual, double balance, span_i32 *shared, span_i64 *left) {
  const double most_inputs = (double)AT(limits->limit, INPUTS), most_outputs = (double)AT(limits->limit, OUTPUTS);
  int64_t core = 0, outputs = 0, many = left->n;
  while (many > 0) {
    const double lean =
        balance * ((double)*load_of(state, INPUTS, core) / most_inputs - (double)outputs / most_outputs) / usual;
    const int64_t best = best_to_add(graph, limits, state, core, outputs, expected, usual, lean, shared, left, many);
    const int64_t neuron = best < 0 ? -1 : AT(*left, best);
    const int is_empty = AT(state->size, core) == 0;
    if (best >= 0 && (is_empty || AT(state->pin_group, core) == AT(graph->pin_group, neuron))) {
      count_shared(graph, state, neuron, core, shared);
      if (place_if_held(graph, limits, state, neuron, core)) {
        outputs += AT(*expected, neuron);
        many--;
        AT(*left, best) = AT(*left, many);
        AT(*left, many) = neuron;
        continue;
      }
      if (is_empty) return 0;
    }
    core++;
    outputs = 0;
    if (core >= n_cores(state)) return 0;
    __builtin_memset(shared->at, 0, (size_t)shared->n * sizeof(int32_t));
  }
  return core + 1;
}

EXPORT(int64_t, sweep)(CORES, const span_i64 *order, const span_f64 *slack) {
  int64_t moved = 0;
  for (int64_t place = 0; place < order->n; place++) {
    AT(work->n_moves, 0) = 0;
    moved += try_move(graph, limits, state, work, AT(*order, place), AT(*slack, place));
  }
  return moved;
}

EXPORT(int64_t, exchange)(CORES, const span_i64 *order) {
  int64_t moved = 0;
  for (int64_t place = 0; place < order->n; place++) {
    AT(work->n_moves, 0) = 0;
    moved += try_swap(graph, limits, state, work, AT(*order, place));
  }
  return moved;
}

EXPORT(int64_t, empty_core)(CORES, int64_t core) {
  AT(work->n_moves, 0) = 0;
  while (AT(state->first_member, core) >= 0)
    if (!force_out(graph, limits, state, work, AT(state->first_member, core))) return 0;
  return 1;
}

EXPORT(int64_t, scatter)(CORES, int64_t core) {
  for (int64_t neuron = AT(state->first_member, core), after; neuron >= 0; neuron = after) {
    after = AT(state->next_member, neuron);
    AT(work->n_moves, 0) = 0;
    force_out(graph, limits, state, work, neuron);
  }
  return 0;
}

EXPORT(int64_t, relieve)(CORES, int64_t swapping) {
  int64_t over = 0, moved = 0;
  if (2 * (AT(work->n_moves, 0) + work->members.n) >= work->journal.n) return FULL;
  for (int64_t core = 0; core < n_cores(state); core++) {
    if (!is_overfull(limits, state, core)) continue;
    over++;
    moved += relieve_core(graph, limits, state, work, core, swapping);
  }
  return over == 0 ? CLEAR : moved;
}

EXPORT(int64_t, split_core)(const Hypergraph *graph, const CoreLimits *limits, CoreState *state, int64_t core, int64_t empty) {
  while (is_overfull(limits, state, core) && AT(state->size, core) > 1) {
    const int64_t neuron = AT(state->first_member, core);
    move_neuron(graph, limits, state, neuron, empty);
    if (AT(state->size, empty) == 1 || fits(limits, state, empty)) continue;
    move_neuron(graph, limits, state, neuron, core);
    return 0;
  }
  return 1;
}
