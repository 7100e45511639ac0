/* Updates of compartments in 64 bits: every dialect, noise, ternary spikes, and counts of what leaves its range. */
#ifndef ND_UPDATE_WIDE_H
#define ND_UPDATE_WIDE_H
#include "noise.h"
#include "compartment.h"

/* Whether a neuron at v spikes, 1 or -1; ternary ones have a lower threshold too. */
INLINE int64_t fires(const Call *call, const Population *pop, int64_t i, int64_t v) {
  const Layout *layout = call->layout;
  if (pop->model != TERNARY) return v > layout->vth.wide[i];
  const int64_t rows = layout->parameters.n / PARAMETERS;
  return ternary(v, AT(layout->parameters, i), AT(layout->parameters, rows + i));
}

/* One step of a population of compartments under any dialect; counts overflows in `watch`. */
static void update_wide(const Call *call, const Population *pop, int64_t slot) {
  const Layout *layout = call->layout;
  State *state = call->state;
  const int64_t watched = call->output->watch.n / 3;
  for (int64_t i = pop->start; i < pop->start + pop->size; i++) {
    int64_t *acc = state->acc.wide + CHECKED(slot + i - pop->start, 1, state->acc.n);
    const int64_t z = pop->noise > 0 ? noise_of(call, pop, i) : 0;
    const Compartment own = {layout->ku.wide[i], layout->kv.wide[i], layout->bias.wide[i], layout->vmin.wide[i],
                             layout->vmax.wide[i]};
    const Moved now = moved(&layout->switches, own, state->u.wide[i], state->v.wide[i], *acc + (pop->noise == 1 ? z : 0),
                            pop->noise == 2 ? z : 0);
    *acc = 0;
    if (watched) {
      AT(call->output->watch, i) += now.accumulator;
      AT(call->output->watch, watched + i) += now.current;
      AT(call->output->watch, 2 * watched + i) += now.limit;
    }
    uint8_t *dead = VIEW(state->refract, i, 1);
    const int64_t v = *dead > 0 ? 0 : now.v, sent = fires(call, pop, i, v);
    if (pop->model == TERNARY) AT(state->values, i) = (double)sent;
    mark(call, i, sent != 0);
    state->u.wide[i] = now.u;
    state->v.wide[i] = settled(v, sent, layout->reset.wide[i], AT(layout->refract, i), dead);
  }
}

#endif
