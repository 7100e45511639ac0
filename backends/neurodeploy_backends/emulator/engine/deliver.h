/* Delivery of what is listed: each block of synapses adds the rows of its sources to the accumulators of its target. */
#ifndef ND_DELIVER_H
#define ND_DELIVER_H
#include "deliver_dense.h"
#include "arithmetic.h"
#include "learn.h"

/* Rows of synapses, and segments of rows, that are prefetched before they are needed. */
enum { AHEAD = 4, FAR = 48 };

#define WEIGHT int8_t
#define OF(name) name##_8
#include "deliver_weights.h"
#undef WEIGHT
#undef OF
#define WEIGHT int16_t
#define OF(name) name##_16
#include "deliver_weights.h"
#undef WEIGHT
#undef OF

static void deliver(const Call *call, const Block *block) {
  const Layout *layout = call->layout;
  const Population *source = &AT(layout->populations, block->source), *target = &AT(layout->populations, block->target);
  int64_t *pending = VIEW(call->state->pending, block->target, 1);
  *pending = max64(*pending, call->step + target->slots);
  if (block->bytes == 1)
    deliver_8(call, layout->weights8.at + block->weights, block, source, target);
  else
    deliver_16(call, layout->weights16.at + block->weights, block, source, target);
}

#endif
