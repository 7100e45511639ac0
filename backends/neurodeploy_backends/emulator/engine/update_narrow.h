/* Updates of compartments in 32 bits, for programs in which that is exact: everything wraps, or nothing overflows. */
#ifndef ND_UPDATE_NARROW_H
#define ND_UPDATE_NARROW_H
#include "lanes.h"
#include "words.h"

/* Neurons whose spikes share one word of bits. */
enum { BATCH = 64 };

/* x * keep / 4096 rounded toward zero, for |x| < 2**27. The 12 low bits are multiplied apart, so nothing overflows. */
INLINE lanes32 decayed(lanes32 x, lanes32 keep) {
  const lanes32 up = (x >> 31) & 4095;
  return (x >> 12) * keep + (((x & 4095) * keep + up) >> 12);
}

/* x in a register of 32 - bits bits. */
INLINE lanes32 wrapped(lanes32 x, int32_t bits) { return (x << bits) >> bits; }

/* What all neurons of a population share. */
typedef struct {
  lanes32 ku, kv, bias, vth, vmin, vmax;
  int32_t left, right, state, drive, top;
} Shared;

INLINE Shared shared_of(const Layout *layout, const Population *pop) {
  return (Shared){all32((int32_t)pop->ku),   all32((int32_t)pop->kv),   all32((int32_t)pop->bias),
                  all32((int32_t)pop->vth),  all32((int32_t)pop->vmin), all32((int32_t)pop->vmax),
                  (int32_t)pop->left,        (int32_t)pop->right,       (int32_t)pop->state_shift,
                  (int32_t)pop->drive_shift, (int32_t)layout->switches.fold_from};
}

/* The state of a batch of neurons, and the sums that have arrived for them. */
typedef struct {
  int32_t *u, *v, *acc;
} Rows;

/* One step of a batch whose neurons share their registers, without refractory steps, reset to zero; the bits of those that
   spike. What is known when this is compiled: `biases` is NULL if all share one; `wraps` is 0 if nothing overflows, `limits`
   if v meets no limit. */
INLINE uint64_t step_even(const Shared *all, Rows rows, const int32_t *biases, int wraps, int limits) {
  uint64_t bits = 0;
  for (int k = 0; k < BATCH; k += LANES) {
    lanes32 q = load32(rows.acc + k) << all->left;
    store32(rows.acc + k, all32(0));
    const lanes32 bias = biases ? load32(biases + k) : all->bias;
    lanes32 x = decayed(load32(rows.u + k), all->ku), y = decayed(load32(rows.v + k), all->kv);
    if (wraps) {
      x = wrapped(x + (q >> all->right), all->state);
      y += wrapped(x + bias, all->drive);
    } else {
      x += q;
      y += x + bias;
    }
    store32(rows.u + k, x);
    if (limits) y = least(greatest(y, all->vmin), all->vmax);
    const mask fired = greater(y, all->vth);
    store32(rows.v + k, choose(fired, all32(0), y));
    bits |= bits_of(fired) << k;
  }
  return bits;
}

/* One step of a batch with registers, refractory steps and reset for each neuron; u folds if the layout says so. */
INLINE uint64_t step_mixed(const Layout *layout, const Shared *all, Rows rows, uint8_t *dead, int64_t at) {
  uint64_t bits = 0;
  const lanes32 none = all32(0), top = all32(all->top);
  for (int k = 0; k < BATCH; k += LANES) {
    const lanes32 q = (load32(rows.acc + k) << all->left) >> all->right;
    lanes32 x = wrapped(decayed(load32(rows.u + k), widened_i16(layout->ku.half + at + k)) + q, all->state);
    store32(rows.acc + k, none);
    x -= choose(greater(x, top), 2 * top, none);
    x += choose(greater(1 - top, x), 2 * top, none);
    store32(rows.u + k, x);
    lanes32 y = decayed(load32(rows.v + k), widened_i16(layout->kv.half + at + k));
    y += wrapped(x + load32(layout->bias.narrow + at + k), all->drive);
    y = least(greatest(y, load32(layout->vmin.narrow + at + k)), load32(layout->vmax.narrow + at + k));
    lanes32 waits = widened_u8(dead + k);
    y = choose(greater(waits, none), none, y);
    const mask fired = greater(y, load32(layout->vth.narrow + at + k));
    waits = choose(fired, widened_u8(layout->refract.at + at + k), waits);
    store_u8(dead + k, greatest(waits - 1, none));
    /* reset is what a spike takes off v: -1 all of it, else a number (vth to subtract, 0 for none) */
    const lanes32 reset = load32(layout->reset.narrow + at + k);
    store32(rows.v + k, choose(fired, choose(greater(none, reset), none, y - reset), y));
    bits |= bits_of(fired) << k;
  }
  return bits;
}

/* Update a population batch by batch and list its spikes; STEP gives the bits of the batch that begins at row `at`. */
#define FOR_BATCHES(STEP)                                                                                        \
  for (int64_t low = 0; low < pop->size; low += BATCH) {                                                         \
    const int64_t at = pop->start + low;                                                                         \
    const Rows rows = {u + low, v + low, acc + low};                                                             \
    uint64_t bits = STEP;                                                                                        \
    if (pop->size - low < BATCH) bits &= (UINT64_C(1) << (pop->size - low)) - 1;                                 \
    fired[low >> 6] = bits;                                                                                      \
    count = list_batch(bits, (int32_t)low, spikes, count);                                                        \
    (void)at;                                                                                                    \
  }

/* Update and list a population; return how many neurons spike. What is proven to change nothing is left out. */
static int64_t update_narrow(const Call *call, const Population *pop, int64_t slot) {
  const Layout *layout = call->layout;
  State *state = call->state;
  int32_t *u = WORDS(state->u, pop->start, pop->padded), *v = WORDS(state->v, pop->start, pop->padded);
  int32_t *acc = WORDS(state->acc, slot, pop->padded), *spikes = listed(call, pop);
  uint64_t *fired = VIEW(state->fired, pop->start >> 6, pop->padded >> 6);
  uint8_t *dead = VIEW(state->refract, pop->start, pop->padded);
  const Shared all = shared_of(layout, pop);
  const int32_t *bias = layout->bias.narrow;
  int64_t count = 0;
  if (pop->kind == MIXED)
    FOR_BATCHES(step_mixed(layout, &all, rows, dead + low, at))
  else if (pop->kind == EVEN && pop->proven == 2)
    FOR_BATCHES(step_even(&all, rows, NULL, 0, 0))
  else if (pop->kind == EVEN && pop->proven == 1)
    FOR_BATCHES(step_even(&all, rows, NULL, 0, 1))
  else if (pop->kind == EVEN)
    FOR_BATCHES(step_even(&all, rows, NULL, 1, 1))
  else if (pop->proven == 2)
    FOR_BATCHES(step_even(&all, rows, bias + at, 0, 0))
  else if (pop->proven == 1)
    FOR_BATCHES(step_even(&all, rows, bias + at, 0, 1))
  else
    FOR_BATCHES(step_even(&all, rows, bias + at, 1, 1))
  return count;
}

#endif
