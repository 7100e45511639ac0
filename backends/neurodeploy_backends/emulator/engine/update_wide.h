/* Updates of compartments in 64 bits: every dialect, noise, ternary spikes, and counts of what leaves its range. */
#ifndef ND_UPDATE_WIDE_H
#define ND_UPDATE_WIDE_H
#include "noise.h"

INLINE int64_t wrapped64(int64_t x, int64_t bits) {
  const int64_t half = (int64_t)1 << bits;
  return ((x + half) & (2 * half - 1)) - half;
}

/* What a register of `bits` and a sign holds of x; `how` is KEEP, WRAP or FOLD. */
INLINE int64_t overflowed(int64_t x, int64_t bits, int64_t how) {
  const int64_t top = (int64_t)1 << bits;
  if (how == WRAP) return wrapped64(x, bits);
  if (how == FOLD && x > top) return x - 2 * top;
  if (how == FOLD && x <= -top) return x + 2 * top;
  return x;
}

/* Whether a neuron at v spikes, 1 or -1; ternary ones have a lower threshold too. */
INLINE int64_t fires(const Call *call, const Population *pop, int64_t i, int64_t v) {
  const Layout *layout = call->layout;
  if (pop->model != TERNARY) return v > layout->vth.wide[i];
  const int64_t rows = layout->parameters.n / PARAMETERS;
  return ((double)v > AT(layout->parameters, i)) - ((double)v < AT(layout->parameters, rows + i));
}

/* One step of a population of compartments under any dialect; counts overflows in `watch`. */
static void update_wide(const Call *call, const Population *pop, int64_t slot) {
  const Layout *layout = call->layout;
  const Switches *dialect = &layout->switches;
  State *state = call->state;
  const int64_t bits = dialect->state_bits, watched = call->output->watch.n / 3;
  for (int64_t i = pop->start; i < pop->start + pop->size; i++) {
    int64_t *acc = state->acc.wide + CHECKED(slot + i - pop->start, 1, state->acc.n), total = *acc;
    *acc = 0;
    const int64_t z = pop->noise > 0 ? noise_of(call, pop, i) : 0;
    total += pop->noise == 1 ? z : 0;
    const int64_t q = dialect->accumulator_bits > 0 ? wrapped64(total, dialect->accumulator_bits) : total;
    const int64_t plain = decayed64(state->u.wide[i], layout->ku.wide[i], dialect->decay_bits) + q;
    const int64_t u = overflowed(plain, bits, dialect->current_overflow);
    const int64_t drive = u + layout->bias.wide[i] + (pop->noise == 2 ? z : 0);
    const int64_t kept = overflowed(drive, bits, dialect->drive_overflow);
    const int64_t free_v = decayed64(state->v.wide[i], layout->kv.wide[i], dialect->decay_bits) + kept;
    int64_t v = min64(max64(free_v, layout->vmin.wide[i]), layout->vmax.wide[i]);
    if (watched) {
      AT(call->output->watch, i) += q != total;
      AT(call->output->watch, watched + i) += (plain != u) | (drive != kept);
      AT(call->output->watch, 2 * watched + i) += v != free_v;
    }
    uint8_t *dead = VIEW(state->refract, i, 1);
    if (*dead > 0) v = 0;
    const int64_t sent = fires(call, pop, i, v);
    if (pop->model == TERNARY) AT(state->values, i) = (double)sent;
    mark(call, i, sent != 0);
    if (sent != 0) {
      v = layout->reset.wide[i] < 0 ? 0 : v - layout->reset.wide[i];
      *dead = AT(layout->refract, i);
    }
    *dead -= *dead > 0;
    state->u.wide[i] = u;
    state->v.wide[i] = v;
  }
}

#endif
