/* The traces of a projection at the end of an epoch. All neurons share the draws of a step, so what becomes of a value in k
   steps is one table for each trace; exp was called where the tables of one step were made. */
#ifndef ND_LEARN_TRACES_H
#define ND_LEARN_TRACES_H
#include "learn.h"

/* Largest value of a trace, unless a graded spike sets it. */
enum { TRACE_TOP = 127 };

/* One projection in one step. */
typedef struct {
  const Plasticity *all;
  const LinkRecord *link;
  const TraceRecord *kinds;
  int64_t number, step;
  int64_t now; /* step of the epoch, from 1 */
} Learning;

INLINE double draw_of(const Learning *rule, int64_t which) {
  return AT(rule->all->draws, (rule->number * DRAWS + which) * rule->all->steps + rule->step - rule->all->drawn_from);
}

INLINE int64_t neurons_of(const Learning *rule, int64_t name) { return name <= X2 ? rule->link->n_source : rule->link->n_target; }

/* Offset of a trace in the arrays of traces. */
INLINE int64_t place_of(const Learning *rule, int64_t name) {
  const LinkRecord *link = rule->link;
  return link->trace + (name <= X2 ? name * link->n_source : 2 * link->n_source + (name - Y1) * link->n_target);
}

INLINE int16_t *trace_of(const Learning *rule, span_i16 arrays, int64_t name) {
  return VIEW(arrays, place_of(rule, name), neurons_of(rule, name));
}

/* z after a spike. */
INLINE int16_t with_impulse(int64_t z, int64_t whole_part, int64_t fraction, int64_t draw) {
  return (int16_t)min64(max64(z + whole_part + (draw < fraction), 0), TRACE_TOP);
}

INLINE int16_t *levels_of(const Learning *rule, int64_t name) {
  return VIEW(rule->all->levels, name * (MOST_LEVELS + 1) * TRACE_VALUES, (MOST_LEVELS + 1) * TRACE_VALUES);
}

/* Value of z some steps later, from the tables of a trace. */
INLINE int16_t later(const int16_t *levels, int64_t z, int64_t steps) {
  return levels[min64(steps, MOST_LEVELS) * TRACE_VALUES + z - LEAST_TRACE];
}

/* Fill the tables of a trace for this epoch: value after 0, 1, ... steps. */
static void fill_levels(const Learning *rule, int64_t name) {
  const int64_t at = (5 * rule->number + name) * TRACE_VALUES, steps = min64(rule->link->epoch, MOST_LEVELS);
  const int16_t *down = VIEW(rule->all->decay, at, TRACE_VALUES);
  const double *rest = VIEW(rule->all->fraction, at, TRACE_VALUES), draw = draw_of(rule, name <= X2 ? X_DECAY : Y_DECAY);
  int16_t *levels = levels_of(rule, name), *once = levels + TRACE_VALUES;
  for (int64_t k = 0; k < TRACE_VALUES; k++) levels[k] = (int16_t)(k + LEAST_TRACE);
  for (int64_t k = 0; k < TRACE_VALUES; k++) once[k] = (int16_t)(down[k] + (draw < rest[k]));
  for (int64_t s = 2; s <= steps; s++)
    for (int64_t k = 0; k < TRACE_VALUES; k++) levels[s * TRACE_VALUES + k] = once[levels[(s - 1) * TRACE_VALUES + k] - LEAST_TRACE];
}

/* Follow a trace through the epoch: `own` is its value after the last spike of each neuron, `final` that at the end. */
static void follow_trace(const Learning *rule, int64_t name) {
  const int64_t side = name > X2, epoch = rule->link->epoch, n = neurons_of(rule, name);
  const int64_t from = rule->link->spiked + side * rule->link->n_source, count = AT(rule->all->counts, rule->number * 3 + side);
  const TraceRecord *kind = rule->kinds + name;
  const int64_t draw = (int64_t)draw_of(rule, name <= X2 ? X_IMPULSE : Y_IMPULSE);
  const int16_t *z = trace_of(rule, rule->all->traces, name), *levels = levels_of(rule, name);
  int16_t *own = trace_of(rule, rule->all->own, name), *final = trace_of(rule, rule->all->final, name);
  const int16_t *whole_epoch = levels + min64(epoch, MOST_LEVELS) * TRACE_VALUES - LEAST_TRACE;
  for (int64_t i = 0; i < n; i++) final[i] = whole_epoch[z[i]];
  for (int64_t k = 0; k < count; k++) {
    const int64_t i = AT(rule->all->listed, from + k), at = AT(rule->all->spiked_at, from + i);
    own[i] = with_impulse(later(levels, z[i], at), kind->end_whole, kind->end_fraction, draw);
    final[i] = later(levels, own[i], epoch - at);
  }
}

static void follow_traces(const Learning *rule) {
  for (int64_t name = X1; name <= Y3; name++) {
    if (!rule->kinds[name].live) continue;
    fill_levels(rule, name);
    follow_trace(rule, name);
  }
}

/* Traces go on from where they are at the end of the epoch; those that the target computes are its own. */
static void keep_traces(const Learning *rule) {
  for (int64_t name = X1; name <= (rule->link->thirds ? X2 : Y3); name++)
    if (rule->kinds[name].live)
      __builtin_memcpy(trace_of(rule, rule->all->traces, name), trace_of(rule, rule->all->final, name),
                       (size_t)neurons_of(rule, name) * sizeof(int16_t));
}

/* Value of a trace of a neuron at a step of the epoch. `spiked`: step of its last spike, 0 for none. */
INLINE int32_t trace_at(const Learning *rule, int64_t name, int64_t neuron, int64_t spiked, int64_t step) {
  const int64_t at = place_of(rule, name) + neuron;
  if (!rule->kinds[name].live) return 0;
  if (step == rule->link->epoch) return AT(rule->all->final, at);
  const int16_t *levels = levels_of(rule, name);
  if (spiked == 0 || step < spiked) return later(levels, AT(rule->all->traces, at), step);
  return later(levels, AT(rule->all->own, at), step - spiked);
}

#endif
