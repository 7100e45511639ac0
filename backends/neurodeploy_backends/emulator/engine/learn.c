/* Learning by sums of products, step by step: `spec_learning` defines it, and both compute the same bits.

   In each step the spikes of source and target are counted. At the end of an epoch the traces are followed to its end, and
   the products are evaluated for the synapses whose source or target has spiked; for all where a product of u is due. */
#include "learn_at_once.h"

/* Note a source or a target that spikes in this step of the epoch. `from`: its first in `spiked_at`; `count`: how many are
   listed. */
INLINE void note(const Learning *rule, int64_t from, int64_t neuron, int64_t *count) {
  int32_t *at = VIEW(rule->all->spiked_at, from + neuron, 1);
  if (*at == 0) AT(rule->all->listed, from + (*count)++) = (int32_t)neuron;
  *at = (int32_t)rule->now;
}

/* x1 after the value of a graded spike, or of none; `over`: whether it went beyond the top of a trace. */
INLINE int64_t graded_trace(int64_t graded, int64_t x, int64_t half, int *over) {
  const int64_t total = (x + half) & 0xFF;
  *over = total > TRACE_TOP;
  if (graded == SATURATING) return min64(total, TRACE_TOP);
  return *over ? total - TRACE_TOP : total;
}

/* Values beyond the top do not stay: any step brings them back, with a spike or without. Those of sources that spike are put
   aside as they were. */
static void settle_graded(const Learning *rule, Sent sent) {
  int16_t *x1 = trace_of(rule, rule->all->traces, X1), *aside = trace_of(rule, rule->all->own, X1);
  int over;
  for (int64_t k = 0; k < sent.n; k++) aside[sent.neuron[k]] = x1[sent.neuron[k]];
  for (int64_t i = 0; i < rule->link->n_source; i++) x1[i] = (int16_t)graded_trace(rule->link->graded, x1[i], 0, &over);
}

/* Set x1 from the value of a graded spike; return whether the spike counts. */
INLINE int take_value(const Learning *rule, int64_t i, double value, int16_t *x1) {
  const int64_t graded = rule->link->graded, half = (int64_t)rounded(value / 2) & 0xFF;
  int over;
  if (graded == OVERWRITE) {
    x1[i] = (int16_t)half;
    return 1;
  }
  x1[i] = (int16_t)graded_trace(graded, trace_of(rule, rule->all->own, X1)[i], half, &over);
  return graded == SATURATING || over;
}

static void count_source(const Learning *rule, Sent sent) {
  const LinkRecord *link = rule->link;
  const TraceRecord *kinds = rule->kinds;
  int16_t *x1 = trace_of(rule, rule->all->traces, X1), *x2 = trace_of(rule, rule->all->traces, X2);
  int64_t *count = VIEW(rule->all->counts, rule->number * 3, 1);
  if (link->graded >= SATURATING) settle_graded(rule, sent);
  for (int64_t k = 0; k < sent.n; k++) {
    const int64_t i = CHECKED(sent.neuron[k], 1, link->n_source);
    const double value = sent_value(sent, k);
    const int again = AT(rule->all->spiked_at, link->spiked + i) > 0;
    if (value == 0) continue;
    if (link->graded == REGULAR) {
      if (again) x1[i] = with_impulse(x1[i], kinds[X1].whole, kinds[X1].fraction, 0);
    } else if (!take_value(rule, i, value, x1)) {
      continue;
    }
    if (again) x2[i] = with_impulse(x2[i], kinds[X2].whole, kinds[X2].fraction, 0);
    note(rule, link->spiked, i, count);
  }
}

static void count_target(const Learning *rule, Sent sent) {
  const LinkRecord *link = rule->link;
  const int64_t from = link->spiked + link->n_source, draw = (int64_t)draw_of(rule, Y_REPEATED);
  int64_t *count = VIEW(rule->all->counts, rule->number * 3 + 1, 1);
  for (int64_t k = 0; k < sent.n; k++) {
    const int64_t j = CHECKED(sent.neuron[k], 1, link->n_target);
    if (sent_value(sent, k) == 0) continue;
    if (!link->thirds && AT(rule->all->spiked_at, from + j) > 0)
      for (int64_t name = Y1; name <= Y3; name++) {
        int16_t *z = trace_of(rule, rule->all->traces, name) + j;
        *z = with_impulse(*z, rule->kinds[name].whole, rule->kinds[name].fraction, draw);
      }
    note(rule, from, j, count);
  }
}

/* Set the traces of the target that third factors set, and compute the others from the spikes of the step before. */
static void follow_target(const Learning *rule) {
  const LinkRecord *link = rule->link;
  const int64_t third[3] = {link->third_1, link->third_2, link->third_3}, n = link->n_target;
  const uint8_t *sent = VIEW(rule->all->sent, link->target_at, n);
  for (int64_t k = 0; k < 3; k++) {
    int16_t *z = trace_of(rule, rule->all->traces, Y1 + k);
    const int16_t *step = VIEW(rule->all->computed, (5 * rule->number + Y1 + k) * 2 * TRACE_VALUES, 2 * TRACE_VALUES);
    const int64_t *next = VIEW(rule->all->next, 3 * link->target_at + k * n, n);
    for (int64_t j = 0; j < n; j++)
      z[j] = third[k] >= 0 ? (int16_t)min64(max64(next[j], LEAST_TRACE), TRACE_TOP)
                           : step[sent[j] * TRACE_VALUES + z[j] - LEAST_TRACE];
  }
}

/* Keep which targets spike in this step. */
static void keep_sent(const Learning *rule, Sent sent) {
  uint8_t *kept = VIEW(rule->all->sent, rule->link->target_at, rule->link->n_target);
  __builtin_memset(kept, 0, (size_t)rule->link->n_target);
  for (int64_t k = 0; k < sent.n; k++) kept[sent.neuron[k]] = sent_value(sent, k) != 0;
}

/* End an epoch: traces, then synapses, then no neuron has spiked. */
static void end_epoch(const Learning *rule) {
  follow_traces(rule);
  if (rule->link->epoch == 1)
    learn_at_once(rule);
  else
    learn_synapses(rule);
  keep_traces(rule);
  int64_t *count = VIEW(rule->all->counts, rule->number * 3, 2);
  for (int64_t side = 0; side < 2; side++) {
    const int64_t from = rule->link->spiked + side * rule->link->n_source;
    for (int64_t k = 0; k < count[side]; k++) AT(rule->all->spiked_at, from + AT(rule->all->listed, from + k)) = 0;
    count[side] = 0;
  }
}

void ND_JOIN(learn, ND_LEVEL)(const Plasticity *all, int64_t number, Sent source, Sent target, int64_t step) {
  const LinkRecord *link = VIEW(all->links, number, 1);
  const Learning learning = {all, link, VIEW(all->kinds, 5 * number, 5), number, step, (step - 1) % link->epoch + 1};
  const Learning *rule = &learning;
  count_source(rule, source);
  if (link->thirds) follow_target(rule);
  count_target(rule, target);
  if (link->thirds) keep_sent(rule, target);
  if (step % link->epoch == 0) end_epoch(rule);
}
