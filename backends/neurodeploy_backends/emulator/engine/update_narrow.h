/* Updates of compartments in 32 bits, for programs in which that is exact: everything wraps, or nothing overflows. */
#ifndef ND_UPDATE_NARROW_H
#define ND_UPDATE_NARROW_H
#include "list.h"

/* Neurons updated before their flags are scanned: what the first-level cache holds. */
enum { CHUNK = 2048 };

/* x * keep / 4096 rounded toward zero, for |x| < 2**27. The 12 low bits are multiplied apart, so nothing overflows. */
INLINE int32_t decayed(int32_t x, int16_t keep) {
  const int16_t high = (int16_t)(x >> 12), low = (int16_t)(x & 4095);
  const int32_t up = (x >> 31) & 4095;
  return (int32_t)high * keep + (((int32_t)low * keep + up) >> 12);
}

/* x in a register of 32 - bits bits. */
INLINE int32_t wrapped(int32_t x, int32_t bits) { return up32(x, bits) >> bits; }

/* What a chunk of neurons reads and writes. */
typedef struct {
  int32_t *u, *v, *acc;
  uint8_t *flags;
} Rows;

/* One step of n neurons that share their registers, without refractory steps, reset to zero. What is known when this is
   compiled: `biases` is NULL if all share one; `wraps` is 0 if nothing overflows, `limits` if v meets no limit. */
INLINE void update_even(const Population *pop, Rows rows, const int32_t *RESTRICT biases, int wraps, int limits, int64_t n) {
  int32_t *RESTRICT u = rows.u, *RESTRICT v = rows.v, *RESTRICT acc = rows.acc;
  uint8_t *RESTRICT flags = rows.flags;
  const int16_t ku = (int16_t)pop->ku, kv = (int16_t)pop->kv;
  const int32_t shared = (int32_t)pop->bias, vth = (int32_t)pop->vth;
  const int32_t vmin = (int32_t)pop->vmin, vmax = (int32_t)pop->vmax;
  const int32_t left = (int32_t)pop->left, right = (int32_t)pop->right;
  const int32_t state = (int32_t)pop->state_shift, drive = (int32_t)pop->drive_shift;
  for (int64_t i = 0; i < n; i++) {
    const int32_t q = up32(acc[i], left), bias = biases ? biases[i] : shared;
    acc[i] = 0;
    int32_t x, y;
    if (wraps) {
      x = wrapped(decayed(u[i], ku) + (q >> right), state);
      y = decayed(v[i], kv) + wrapped(x + bias, drive);
    } else {
      x = decayed(u[i], ku) + q;
      y = decayed(v[i], kv) + (x + bias);
    }
    u[i] = x;
    if (limits) {
      y = y < vmin ? vmin : y;
      y = y > vmax ? vmax : y;
    }
    const int32_t fired = y > vth;
    flags[i] = (uint8_t)fired;
    v[i] = fired ? 0 : y;
  }
}

/* The same without the operations that are proven to change nothing. */
INLINE void update_shared(const Population *pop, Rows rows, const int32_t *biases, int64_t n) {
  if (pop->proven == 2)
    update_even(pop, rows, biases, 0, 0, n);
  else if (pop->proven == 1)
    update_even(pop, rows, biases, 0, 1, n);
  else
    update_even(pop, rows, biases, 1, 1, n);
}

/* One step of rows [at, at + n) with registers, refractory steps and reset for each; u folds if the layout says so. */
static void update_mixed(const Call *call, const Population *pop, Rows rows, int64_t at, int64_t n) {
  const Layout *layout = call->layout;
  int32_t *RESTRICT u = rows.u, *RESTRICT v = rows.v, *RESTRICT acc = rows.acc;
  uint8_t *RESTRICT flags = rows.flags, *RESTRICT dead = VIEW(call->state->refract, at, n);
  const int16_t *RESTRICT ku = layout->ku.half + at, *RESTRICT kv = layout->kv.half + at;
  const int32_t *RESTRICT bias = layout->bias.narrow + at, *RESTRICT vth = layout->vth.narrow + at;
  const int32_t *RESTRICT vmin = layout->vmin.narrow + at, *RESTRICT vmax = layout->vmax.narrow + at;
  const int32_t *RESTRICT reset = layout->reset.narrow + at;
  const uint8_t *RESTRICT refract = VIEW(layout->refract, at, n);
  const int32_t left = (int32_t)pop->left, right = (int32_t)pop->right, top = (int32_t)layout->switches.fold_from;
  const int32_t state = (int32_t)pop->state_shift, drive = (int32_t)pop->drive_shift;
  for (int64_t i = 0; i < n; i++) {
    int32_t x = wrapped(decayed(u[i], ku[i]) + (up32(acc[i], left) >> right), state);
    x -= up32(top, 1) & -(x > top);
    x += up32(top, 1) & -(x <= -top);
    acc[i] = 0;
    u[i] = x;
    int32_t y = decayed(v[i], kv[i]) + wrapped(x + bias[i], drive);
    y = y < vmin[i] ? vmin[i] : y;
    y = y > vmax[i] ? vmax[i] : y;
    const int32_t left_dead = dead[i];
    y = left_dead > 0 ? 0 : y;
    const int32_t fired = y > vth[i];
    flags[i] = (uint8_t)fired;
    const int32_t waits = fired ? refract[i] : left_dead;
    dead[i] = (uint8_t)(waits - (waits > 0));
    /* reset is what a spike takes off v: -1 all of it, else a number (vth to subtract, 0 for none) */
    const int32_t after = reset[i] < 0 ? 0 : y - reset[i];
    v[i] = fired ? after : y;
  }
}

/* Update and list a population chunk by chunk; return how many neurons spike. */
static int64_t update_narrow(const Call *call, const Population *pop, int64_t slot) {
  State *state = call->state;
  int32_t *spikes = listed(call, pop);
  int64_t count = 0;
  for (int64_t low = 0; low < pop->size; low += CHUNK) {
    const int64_t n = min64(CHUNK, pop->size - low), at = pop->start + low, whole = (n + 15) & ~(int64_t)15;
    const Rows rows = {WORDS(state->u, at, whole), WORDS(state->v, at, whole), WORDS(state->acc, slot + low, whole),
                       VIEW(state->flags, at, (n + 63) & ~(int64_t)63)};
    if (pop->kind == EVEN)
      update_shared(pop, rows, NULL, whole);
    else if (pop->kind == BIASED)
      update_shared(pop, rows, call->layout->bias.narrow + at, whole);
    else
      update_mixed(call, pop, rows, at, whole);
    for (int64_t k = n; k < whole; k++) rows.flags[k] = 0;
    count = list_flags(rows.flags, (n + 63) & ~(int64_t)63, (int32_t)low, spikes, count);
  }
  return count;
}

#endif
