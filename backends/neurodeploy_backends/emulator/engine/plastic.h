/* Plastic projections in a step: spikes meet the weights learned so far, then everything sent is learned from. */
#ifndef ND_PLASTIC_H
#define ND_PLASTIC_H
#include "learn.h"
#include "learn_pes.h"
#include "words.h"

/* Longest delay of a synapse, and one. */
enum { DELAYS = 256 };

/* One plastic projection whose spikes are delivered. */
typedef struct {
  const Plasticity *all;
  const LinkRecord *link;
  const int16_t *w;
  const int32_t *place, *weight;
  const uint8_t *delay;
  word *acc;
  int64_t offset[DELAYS]; /* of the accumulators of each delay */
} Delivery;

/* Number of the neuron in row k of a population. */
INLINE int64_t neuron_of(const Call *call, const Population *pop, int64_t k) {
  return pop->ids >= 0 ? AT(call->layout->ids, pop->ids + k) : k + pop->first;
}

INLINE int valued_of(const Call *call, int64_t number) { return AT(call->plastic->valued, number); }

static Delivery delivery_of(const Call *call, const LinkRecord *link, const Population *target) {
  const Plasticity *all = call->plastic;
  const int64_t each = target->slots * target->padded;
  Delivery to = {.all = all, .link = link};
  to.w = VIEW(all->learned, link->learned, link->n);
  to.place = VIEW(all->place, link->synapse, link->n);
  to.delay = VIEW(all->delay, link->synapse, link->n);
  to.weight = VIEW(all->weight, link->weight, MANTISSAS) - LEAST_MANTISSA;
  to.acc = WORDS(call->state->acc, target->acc, target->planes * each);
  for (int64_t d = 0; d <= link->most_delay; d++)
    to.offset[d] = AT(all->plane, link->plane + d) * each + slot_of(call->step + 1 + d, target->slots) * target->padded;
  return to;
}

/* Add the weights of synapses [from, stop), those of one spike. */
INLINE void add_synapses(const Delivery *to, int64_t from, int64_t stop) {
  if (to->link->dense && to->link->shift >= 0) {
    word *RESTRICT acc = to->acc + to->offset[to->link->most_delay];
    const int16_t *RESTRICT w = to->w + from;
    const int32_t shift = (int32_t)to->link->shift;
    for (int64_t k = 0; k < stop - from; k++) acc[k] += up32(w[k], shift);
    return;
  }
  for (int64_t s = from; s < stop; s++) to->acc[to->offset[to->delay[s]] + to->place[s]] += to->weight[to->w[s]];
}

#if ND_WIDE
/* The same for a spike that carries a value. */
static void add_valued_synapses(const Delivery *to, int64_t from, int64_t stop, double value) {
  for (int64_t s = from; s < stop; s++) {
    const double sum = (double)to->weight[to->w[s]] * value;
    to->acc[to->offset[to->delay[s]] + to->place[s]] += whole(rounded(sum));
  }
}
#endif

/* Deliver the spikes of one projection. */
static void deliver_link(const Call *call, const LinkRecord *link) {
  const Population *source = &AT(call->layout->populations, link->source), *target = &AT(call->layout->populations, link->target);
  const int64_t count = *count_of(call, link->source), *rows = VIEW(call->plastic->pointer, link->rows, link->n_source + 1);
  const int32_t *spikes = listed(call, source);
  int64_t *pending = VIEW(call->state->pending, link->target, 1);
  if (count == 0) return;
  *pending = max64(*pending, call->step + target->slots);
  const Delivery to = delivery_of(call, link, target);
  for (int64_t k = 0; k < count; k++) {
    const int64_t i = neuron_of(call, source, spikes[k]);
#if ND_WIDE
    if (valued_of(call, link->source)) {
      add_valued_synapses(&to, rows[i], rows[i + 1], AT(call->state->values, source->start + spikes[k]));
      continue;
    }
#endif
    add_synapses(&to, rows[i], rows[i + 1]);
  }
}

/* What a population or an input sends in this step. `valued`: whether its spikes carry values; `room`: for the numbers of
   neurons that are held in another order. */
static Sent sent_of(const Call *call, int64_t number, int valued, int32_t *room) {
  const Population *pop = &AT(call->layout->populations, number);
  Sent sent = {listed(call, pop), *count_of(call, number), NULL, pop->kind == VALUES};
#if ND_WIDE
  if (valued) sent.value = VIEW(call->state->values, pop->start, pop->size);
#endif
  if (pop->ids >= 0) {
    for (int64_t k = 0; k < sent.n; k++) room[k] = (int32_t)neuron_of(call, pop, sent.neuron[k]);
    sent.neuron = room;
  }
  (void)valued;
  return sent;
}

/* What a third factor that sends `value` sets: integers wrap at 64 bits, other values do not. */
INLINE int64_t third_value(double value, int64_t factor, int real) {
  return (int64_t)(real ? rounded(value * (double)factor) : (double)((int64_t)value * factor));
}

/* Keep what third factors set in the next step. */
static void keep_thirds(const Call *call, const LinkRecord *link) {
  const int64_t third[3] = {link->third_1, link->third_2, link->third_3}, n = link->n_target;
  for (int64_t k = 0; k < 3; k++) {
    if (third[k] < 0) continue;
    const Population *pop = &AT(call->layout->populations, third[k]);
    const Sent sent = sent_of(call, third[k], valued_of(call, third[k]), VIEW(call->plastic->room, 0, pop->size));
    const int64_t *factor = VIEW(call->plastic->third_weight, 3 * link->target_at + k * n, n);
    int64_t *next = VIEW(call->plastic->next, 3 * link->target_at + k * n, n);
    __builtin_memset(next, 0, (size_t)n * sizeof(int64_t));
    for (int64_t s = 0; s < sent.n; s++) {
      const int64_t from = pop->size == 1 ? 0 : sent.neuron[s], stop = pop->size == 1 ? n : from + 1;
      for (int64_t j = from; j < stop; j++) next[j] = third_value(sent_value(sent, s), factor[j], sent.real);
    }
  }
}

/* Keep what a PES projection learns from in the next step. */
static void keep_pes(const Call *call, int64_t number, Sent source) {
  const Plasticity *all = call->plastic;
  const int64_t half = all->room.n / 2, error = AT(all->pes.rules, AT(all->links, number).pes).error;
  const Sent sent = sent_of(call, error, valued_of(call, error), VIEW(all->room, half, half));
  ND_JOIN(keep_pes, ND_LEVEL)(all, number, source, sent, AT(call->layout->populations, error).size);
}

/* Learn by PES before the spikes of this step meet the weights. */
static void learn_before(const Call *call) {
  const Plasticity *all = call->plastic;
  for (int64_t number = 0; number < all->links.n; number++)
    if (AT(all->links, number).pes >= 0) ND_JOIN(learn_pes, ND_LEVEL)(all, number, call->step);
}

/* Learn from what is sent in this step, once it is delivered. */
static void learn_all(const Call *call) {
  const Plasticity *all = call->plastic;
  for (int64_t number = 0; number < all->links.n; number++) {
    const LinkRecord *link = VIEW(all->links, number, 1);
    const int64_t half = all->room.n / 2;
    const Sent source = sent_of(call, link->source, valued_of(call, link->source), VIEW(all->room, 0, half));
    if (link->pes >= 0) {
      keep_pes(call, number, source);
      continue;
    }
    const Sent target = sent_of(call, link->target, valued_of(call, link->target), VIEW(all->room, half, half));
    ND_JOIN(learn, ND_LEVEL)(all, number, source, target, call->step);
    if (link->thirds) keep_thirds(call, link);
  }
}

/* Record what is probed of the state that is learned, as it is after this step. */
static void probe_learned(const Call *call) {
  const Plasticity *all = call->plastic;
  const int64_t columns = all->probe_place.n, row = call->sample * call->output->length + call->step - call->output->first;
  int64_t *shown = VIEW(all->probes, row * columns, columns);
  for (int64_t column = 0; column < columns; column++) {
    const int64_t place = all->probe_place.at[column];
    shown[column] = place >= 0 ? AT(all->learned, place) : AT(all->traces, -1 - place);
  }
}

/* The part of plastic projections in a step, after its spikes are listed. */
static void plastic_step(const Call *call) {
  const Plasticity *all = call->plastic;
  if (all->learns) learn_before(call);
  for (int64_t number = 0; number < all->links.n; number++) deliver_link(call, VIEW(all->links, number, 1));
  if (all->learns) learn_all(call);
  if (all->probe_place.n > 0) probe_learned(call);
}

#endif
