/* Faults: bits of state that change before a step, registers that hold other numbers, synapses that add something else. */
#ifndef ND_DISTURB_H
#define ND_DISTURB_H
#include "words.h"

INLINE word changed(word x, const Disturbance *d) { return (word)((((int64_t)x & d->keep) | d->put) ^ d->flip); }

/* Change bits of the state of a row, whose population wakes up. */
static void force(const Call *call, const Disturbance *d) {
  State *state = call->state;
  AT(state->asleep, d->target) = 0;
  if (d->what == FORCED_REFRACT) {
    uint8_t *left = VIEW(state->refract, d->row, 1);
    *left = (uint8_t)(((*left & d->keep) | d->put) ^ d->flip);
    return;
  }
  word *x = d->what == FORCED_U ? WORDS(state->u, d->row, 1) : WORDS(state->v, d->row, 1);
  *x = changed(*x, d);
}

/* Set a register; ku and kv of a narrow layout have 16 bits. */
static void patch(const Layout *layout, const Disturbance *d) {
  if (d->what == PATCHED_REFRACT) {
    AT(layout->refract, d->row) = (uint8_t)d->put;
    return;
  }
#if !ND_WIDE
  if (d->what == PATCHED_KU || d->what == PATCHED_KV) {
    const span_word decay = d->what == PATCHED_KU ? layout->ku : layout->kv;
    decay.half[CHECKED(d->row, 1, decay.n)] = (int16_t)d->put;
    return;
  }
#endif
  const span_word registers[] = {layout->ku, layout->kv, layout->bias, layout->vth, layout->reset};
  WORD(registers[d->what], d->row) = (word)d->put;
}

/* Before the populations of a step: faults of state and of registers that are there in it. */
static void disturb(const Call *call) {
  const Layout *layout = call->layout;
  for (int64_t k = 0; k < layout->disturbances.n; k++) {
    const Disturbance *d = layout->disturbances.at + k;
    if (call->step < d->first || call->step > d->last) continue;
    if (d->kind == FORCE)
      force(call, d);
    else if (d->kind == PATCH)
      patch(layout, d);
  }
}

/* Whether a sender sends in this step. */
static int sends(const Call *call, const Disturbance *d) {
  const Population *source = &AT(call->layout->populations, d->source);
  const int64_t count = *count_of(call, d->source);
  if (count == 0) return 0;
  if (source->kind != INPUT) {
    const int64_t row = source->start + d->sender;
    return AT(call->state->fired, row >> 6) >> (row & 63) & 1;
  }
  const int32_t *lines = listed(call, source);
  for (int64_t j = 0; j < count; j++)
    if (lines[j] == d->sender) return 1;
  return 0;
}

/* After the blocks of a step: what faulty synapses add besides. */
static void add_extras(const Call *call) {
  const Layout *layout = call->layout;
  int64_t source = -1, sender = -1;
  int sent = 0;
  for (int64_t k = 0; k < layout->disturbances.n; k++) {
    const Disturbance *d = layout->disturbances.at + k;
    if (d->kind != EXTRA || call->step < d->first || call->step > d->last) continue;
    if (d->source != source || d->sender != sender) {
      source = d->source;
      sender = d->sender;
      sent = sends(call, d);
    }
    if (!sent) continue;
    const Population *target = &AT(layout->populations, d->target);
    const int64_t slot = target->acc + slot_of(call->step + 1 + d->delay, target->slots) * target->padded;
    WORD(call->state->acc, slot + d->row - target->start) += (word)d->weight;
    int64_t *pending = VIEW(call->state->pending, d->target, 1);
    *pending = max64(*pending, call->step + target->slots);
  }
}

#endif
