/* Updates of compartments in 32 bits, for programs in which that is exact: everything wraps, or nothing overflows. */
#ifndef ND_UPDATE_NARROW_H
#define ND_UPDATE_NARROW_H
#include "lanes.h"
#include "narrow.h"
#include "words.h"

/* Neurons whose spikes share one word of bits. */
enum { BATCH = 64 };

INLINE Shared shared_of(const Layout *layout, const Population *pop) {
  return (Shared){all32((int32_t)pop->ku),   all32((int32_t)pop->kv),   all32((int32_t)pop->bias),
                  all32((int32_t)pop->vth),  all32((int32_t)pop->vmin), all32((int32_t)pop->vmax),
                  (int32_t)pop->left,        (int32_t)pop->right,       (int32_t)pop->state_shift,
                  (int32_t)pop->drive_shift, (int32_t)layout->switches.fold_from};
}

/* Rows further on. */
INLINE Rows rows_at(Rows rows, int64_t k) { return (Rows){rows.u + k, rows.v + k, rows.acc + k}; }

/* One step of a batch whose neurons share their registers, except the bias if `biases` is not NULL; the bits of those that
   spike. `wraps` and `limits`: see `even_step`. */
INLINE uint64_t step_even(const Shared *all, Rows rows, const int32_t *biases, int wraps, int limits) {
  uint64_t bits = 0;
  for (int k = 0; k < BATCH; k += LANES) {
    const lanes32 bias = biases ? load32(biases + k) : all->bias;
    bits |= bits_of(even_step(all, rows_at(rows, k), bias, wraps, limits)) << k;
  }
  return bits;
}

INLINE Own own_at(const Layout *layout, int64_t at) {
  return (Own){widened_i16(layout->ku.half + at),  widened_i16(layout->kv.half + at),  load32(layout->bias.narrow + at),
               load32(layout->vth.narrow + at),    load32(layout->vmin.narrow + at),   load32(layout->vmax.narrow + at),
               widened_u8(layout->refract.at + at), load32(layout->reset.narrow + at)};
}

/* One step of a batch whose neurons have registers of their own; the bits of those that spike. */
INLINE uint64_t step_mixed(const Layout *layout, const Shared *all, Rows rows, uint8_t *dead, int64_t at) {
  uint64_t bits = 0;
  for (int k = 0; k < BATCH; k += LANES)
    bits |= bits_of(mixed_step(all, own_at(layout, at + k), rows_at(rows, k), dead + k)) << k;
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
