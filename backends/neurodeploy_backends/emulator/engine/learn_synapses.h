/* The products of a rule, evaluated for some synapses at a time: each operation runs over all of them before the next. */
#ifndef ND_LEARN_SYNAPSES_H
#define ND_LEARN_SYNAPSES_H
#include "learn_traces.h"

/* Synapses of a batch, bits of the fraction of an accumulator, and its range [lava-nc: 15 bits and a sign]. */
enum { SOME = 256, FRACTION_BITS = 7, LEAST_SUM = -(1 << 15) - 1, MOST_SUM = (1 << 15) - 1 };

/* A batch of synapses: where they are, what their neurons did, and their variables before the epoch's end. */
typedef struct {
  int64_t n;
  int32_t synapse[SOME], pre[SOME], post[SOME], x0[SOME], y0[SOME];
  int32_t w[SOME], d[SOME], t[SOME];
  int32_t value[SOME], product[SOME], total[SOME];
} Batch;

INLINE int32_t within(int32_t x, int32_t low, int32_t high) { return x < low ? low : x > high ? high : x; }

static void load_trace(const Learning *rule, Batch *batch, int64_t name, int64_t dependency) {
  const int32_t *neuron = name <= X2 ? batch->pre : batch->post, *spiked = name <= X2 ? batch->x0 : batch->y0;
  for (int64_t k = 0; k < batch->n; k++) {
    const int64_t step = dependency == OF_X0 ? batch->x0[k] : dependency == OF_Y0 ? batch->y0[k] : rule->link->epoch;
    batch->value[k] = trace_at(rule, name, neuron[k], spiked[k], step);
  }
}

/* Values of a factor's variable. */
static void load_value(const Learning *rule, Batch *batch, int64_t variable, int64_t dependency) {
  const int32_t *from = variable == W ? batch->w : variable == D ? batch->d : batch->t;
  if (variable <= Y3) {
    load_trace(rule, batch, variable, dependency);
  } else if (variable == X0 || variable == Y0) {
    const int32_t *spiked = variable == X0 ? batch->x0 : batch->y0;
    for (int64_t k = 0; k < batch->n; k++) batch->value[k] = spiked[k] > 0;
  } else {
    for (int64_t k = 0; k < batch->n; k++) batch->value[k] = from[k];
  }
}

static void multiply(const Learning *rule, Batch *batch, const FactorRecord *factor, int64_t dependency) {
  const int32_t constant = (int32_t)factor->constant, low = (int32_t)factor->low, high = (int32_t)factor->high;
  load_value(rule, batch, factor->variable, dependency);
  for (int64_t k = 0; k < batch->n; k++) {
    int32_t value = batch->value[k] + constant;
    if (factor->sign) value = (value > 0) - (value < 0);
    batch->product[k] *= within(value, low, high);
  }
}

/* Add one product to the accumulators. */
static void add_term(const Learning *rule, Batch *batch, const TermRecord *term) {
  const int32_t mantissa = (int32_t)term->mantissa, down = (int32_t)term->down, up = (int32_t)term->up;
  const int32_t *spiked = term->dependency == OF_X0 ? batch->x0 : batch->y0;
  const int due = term->dependency == OF_U && rule->step / rule->link->epoch % term->period == 0;
  for (int64_t k = 0; k < batch->n; k++) batch->product[k] = term->dependency == OF_U ? due : spiked[k] > 0;
  for (int64_t f = term->factors; f < term->factor_stop; f++)
    multiply(rule, batch, VIEW(rule->all->factors, f, 1), term->dependency);
  for (int64_t k = 0; k < batch->n; k++) {
    const int32_t product = up32((batch->product[k] * mantissa) >> down, up);
    batch->total[k] = within(batch->total[k] + within(product, LEAST_SUM, MOST_SUM), LEAST_SUM, MOST_SUM);
  }
}

/* What is added to an accumulator before its fraction is dropped: it rounds up where the draw is below the fraction. */
INLINE int32_t rounding_of(const Learning *rule) {
  const double draw = draw_of(rule, OF_SYNAPSES) * (1 << FRACTION_BITS), most = (1 << FRACTION_BITS) - 1;
  return (int32_t)most - (int32_t)(draw < most ? draw : most);
}

/* Evaluate products [first, stop) and write the new values of a variable. `old`: (n,) its values; `low`, `high`: its range.
   Return whether any of them is so low that the accumulator cannot hold it, and changes it at the end of any epoch. */
static int learn_variable(const Learning *rule, Batch *batch, int64_t first, int64_t stop, const int32_t *old, int16_t *new,
                          int32_t low, int32_t high) {
  const int32_t up = rounding_of(rule);
  for (int64_t k = 0; k < batch->n; k++) batch->total[k] = old[k] * (1 << FRACTION_BITS);
  for (int64_t term = first; term < stop; term++) add_term(rule, batch, VIEW(rule->all->terms, term, 1));
  int beyond = 0;
  for (int64_t k = 0; k < batch->n; k++) {
    const int32_t value = within((batch->total[k] + up) >> FRACTION_BITS, low, high);
    beyond |= value * (1 << FRACTION_BITS) < LEAST_SUM;
    new[batch->synapse[k]] = (int16_t)value;
  }
  return beyond;
}

/* Learn at the synapses of a batch. */
static void learn_batch(const Learning *rule, Batch *batch) {
  const LinkRecord *link = rule->link;
  int16_t *w = VIEW(rule->all->learned, link->learned, 3 * link->n), *d = w + link->n, *t = d + link->n;
  const int32_t *pre = VIEW(rule->all->pre, link->synapse, link->n), *post = VIEW(rule->all->post, link->synapse, link->n);
  const int32_t *tx = VIEW(rule->all->spiked_at, link->spiked, link->n_source + link->n_target), *ty = tx + link->n_source;
  for (int64_t k = 0; k < batch->n; k++) {
    const int64_t s = CHECKED(batch->synapse[k], 1, link->n);
    batch->pre[k] = pre[s], batch->post[k] = post[s];
    batch->x0[k] = tx[pre[s]], batch->y0[k] = ty[post[s]];
    batch->w[k] = w[s], batch->d[k] = d[s], batch->t[k] = t[s];
  }
  int beyond = 0;
  if (link->term_d > link->terms)
    beyond |= learn_variable(rule, batch, link->terms, link->term_d, batch->w, w, (int32_t)link->w_low, (int32_t)link->w_high);
  if (link->term_t > link->term_d) beyond |= learn_variable(rule, batch, link->term_d, link->term_t, batch->d, d, 0, MOST_DELAY);
  if (link->term_stop > link->term_t) beyond |= learn_variable(rule, batch, link->term_t, link->term_stop, batch->t, t, LEAST_TAG, MOST_TAG);
  if (beyond) AT(rule->all->counts, rule->number * 3 + 2) = 1;
}

INLINE void put_synapse(const Learning *rule, Batch *batch, int64_t synapse) {
  batch->synapse[batch->n++] = (int32_t)synapse;
  if (batch->n < SOME) return;
  learn_batch(rule, batch);
  batch->n = 0;
}

/* Which synapses are due at the end of this epoch. */
typedef struct {
  int x0, y0, all;
} Due;

static Due due_of(const Learning *rule) {
  const LinkRecord *link = rule->link;
  int64_t *all = VIEW(rule->all->counts, rule->number * 3 + 2, 1);
  Due due = {0, 0, *all != 0};
  *all = 0;
  for (int64_t k = link->terms; k < link->term_stop; k++) {
    const TermRecord *term = VIEW(rule->all->terms, k, 1);
    due.x0 |= term->dependency == OF_X0;
    due.y0 |= term->dependency == OF_Y0;
    due.all |= term->dependency == OF_U && rule->step / link->epoch % term->period == 0;
  }
  return due;
}

/* Learn at the synapses of all sources that have spiked, and at those of targets that have, each synapse once. */
static void learn_synapses(const Learning *rule) {
  const LinkRecord *link = rule->link;
  const Due due = due_of(rule);
  const int64_t *rows = VIEW(rule->all->pointer, link->rows, link->n_source + 1);
  const int64_t *columns = VIEW(rule->all->pointer, link->columns, link->n_target + 1);
  const int32_t *column = VIEW(rule->all->column, link->synapse, link->n), *pre = VIEW(rule->all->column_pre, link->synapse, link->n);
  const int32_t *tx = VIEW(rule->all->spiked_at, link->spiked, link->n_source);
  const int64_t *count = VIEW(rule->all->counts, rule->number * 3, 2);
  Batch batch;
  batch.n = 0;
  if (due.all) {
    for (int64_t s = 0; s < link->n; s++) put_synapse(rule, &batch, s);
  } else {
    const int32_t *sources = VIEW(rule->all->listed, link->spiked, link->n_source);
    const int32_t *targets = VIEW(rule->all->listed, link->spiked + link->n_source, link->n_target);
    for (int64_t k = 0; due.x0 && k < count[0]; k++)
      for (int64_t s = rows[sources[k]]; s < rows[sources[k] + 1]; s++) put_synapse(rule, &batch, s);
    for (int64_t k = 0; due.y0 && k < count[1]; k++)
      for (int64_t c = columns[targets[k]]; c < columns[targets[k] + 1]; c++)
        if (!due.x0 || tx[pre[c]] == 0) put_synapse(rule, &batch, column[c]);
  }
  if (batch.n) learn_batch(rule, &batch);
}

#endif
