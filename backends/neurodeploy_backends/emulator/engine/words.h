/* The integers of state: 32 bits in a narrow layout, 64 in a wide one. ND_WIDE chooses. */
#ifndef ND_WORDS_H
#define ND_WORDS_H
#include "plastic_tables.h"
#include "tables.h"

#if ND_WIDE
typedef int64_t word;
#else
typedef int32_t word;
#endif

/* Pointer to elements [from, from + size) of a span of words. */
#if ND_WIDE
#define WORDS(span, from, size) ((span).wide + CHECKED(from, size, (span).n))
#else
#define WORDS(span, from, size) ((span).narrow + CHECKED(from, size, (span).n))
#endif
#define WORD(span, index) (*WORDS(span, index, 1))

/* One call: what it reads, what it writes, and the half of the lists that this step fills. */
typedef struct {
  const Layout *layout;
  State *state;
  const Stimuli *stimuli;
  Output *output;
  const Control *control;
  const Plasticity *plastic;
  int64_t sample, step, parity;
} Call;

/* Slot of a step; most populations have one, and a division takes as long as a short update. */
INLINE int64_t slot_of(int64_t step, int64_t slots) { return slots == 1 ? 0 : step % slots; }

INLINE int32_t *listed(const Call *call, const Population *pop) {
  const span_i32 spikes = call->state->spikes;
  return VIEW(spikes, call->parity * (spikes.n >> 1) + pop->start, pop->padded);
}

INLINE int64_t *count_of(const Call *call, int64_t number) {
  return VIEW(call->state->counts, call->parity * call->layout->populations.n + number, 1);
}

/* Note whether the neuron of a row spikes in this step. */
INLINE void mark(const Call *call, int64_t row, int fires) {
  uint64_t *bits = VIEW(call->state->fired, row >> 6, 1), bit = UINT64_C(1) << (row & 63);
  *bits = fires ? *bits | bit : *bits & ~bit;
}

#endif
