/* Epochs of one step, in which all traces count as they are at its end. A product then is one factor of the source times one
   of the target, and of w, d and t: the first two are computed once for each neuron. Products of 32 bits wrap, so the order in
   which factors are multiplied changes no bit. */
#ifndef ND_LEARN_AT_ONCE_H
#define ND_LEARN_AT_ONCE_H
#include "learn_synapses.h"

/* Synapses of one source or of one target: where they are, and the numbers of the neurons at their other ends. */
typedef struct {
  int64_t n, first;
  const int32_t *synapse; /* NULL: from `first` on */
  const int32_t *other;   /* NULL: from `other_first` on */
  int64_t other_first, own;
  int of_source;
} Strip;

/* Accumulators, and the factors of the neurons at the other ends. */
typedef struct {
  int32_t total[SOME], product[SOME], side[SOME], old[3][SOME];
} Bench;

/* Whether a factor belongs to the source, and whether to the target. */
INLINE int is_source(int64_t variable) { return variable <= X2 || variable == X0; }
INLINE int is_target(int64_t variable) { return (variable >= Y1 && variable <= Y3) || variable == Y0; }

INLINE int32_t *side_of(const Learning *rule, int source, int64_t term) {
  const LinkRecord *link = rule->link;
  const int64_t n = source ? link->n_source : link->n_target;
  return VIEW(source ? rule->all->left : rule->all->right, (source ? link->left : link->right) + (term - link->terms) * n, n);
}

/* Multiply a side of a product by one factor, for all neurons or for those listed. */
static void multiply_side(const Learning *rule, const FactorRecord *factor, int32_t *side, int64_t n, const int32_t *listed) {
  const int32_t constant = (int32_t)factor->constant, low = (int32_t)factor->low, high = (int32_t)factor->high;
  const int64_t name = factor->variable;
  if (name > Y3 || !rule->kinds[name].live) {
    const int64_t from = rule->link->spiked + (name == X0 || name <= X2 ? 0 : rule->link->n_source);
    const int32_t *spiked = rule->all->spiked_at.at + from, counts = name > Y3;
    for (int64_t k = 0; k < n; k++) {
      const int64_t i = listed ? listed[k] : k;
      side[i] *= within((counts && spiked[i] > 0) + constant, low, high);
    }
    return;
  }
  const int16_t *z = trace_of(rule, rule->all->final, name);
  if (listed)
    for (int64_t k = 0; k < n; k++) side[listed[k]] *= within(z[listed[k]] + constant, low, high);
  else
    for (int64_t k = 0; k < n; k++) side[k] *= within(z[k] + constant, low, high);
}

/* Compute one side of a product; `listed`: only for neurons that have spiked, the others are 0. */
static void fill_side(const Learning *rule, int64_t number, int source, int listed) {
  const LinkRecord *link = rule->link;
  const TermRecord *term = VIEW(rule->all->terms, number, 1);
  const int64_t from = link->spiked + (source ? 0 : link->n_source), all = source ? link->n_source : link->n_target;
  const int64_t n = listed ? AT(rule->all->counts, rule->number * 3 + !source) : all;
  const int32_t *neurons = listed ? VIEW(rule->all->listed, from, all) : NULL, start = source ? (int32_t)term->mantissa : 1;
  int32_t *side = side_of(rule, source, number);
  for (int64_t k = 0; k < n; k++) side[neurons ? neurons[k] : k] = start;
  for (int64_t f = term->factors; f < term->factor_stop; f++) {
    const FactorRecord *factor = VIEW(rule->all->factors, f, 1);
    if (source ? is_source(factor->variable) : is_target(factor->variable)) multiply_side(rule, factor, side, n, neurons);
  }
}

/* Whether a product can be other than 0 at all in this epoch. */
static int is_due(const Learning *rule, const TermRecord *term) {
  if (term->dependency == OF_U) return rule->step % term->period == 0;
  return AT(rule->all->counts, rule->number * 3 + (term->dependency == OF_Y0)) > 0;
}

static void fill_sides(const Learning *rule) {
  for (int64_t k = rule->link->terms; k < rule->link->term_stop; k++) {
    const TermRecord *term = VIEW(rule->all->terms, k, 1);
    if (!is_due(rule, term)) continue;
    fill_side(rule, k, 1, term->dependency == OF_X0);
    fill_side(rule, k, 0, term->dependency == OF_Y0);
  }
}

/* Sides are 0 again for the neurons that have spiked. */
static void clear_sides(const Learning *rule) {
  const LinkRecord *link = rule->link;
  for (int64_t number = link->terms; number < link->term_stop; number++) {
    const int64_t dependency = VIEW(rule->all->terms, number, 1)->dependency;
    if (dependency == OF_U) continue;
    const int source = dependency == OF_X0;
    const int32_t *neurons = rule->all->listed.at + link->spiked + (source ? 0 : link->n_source);
    int32_t *side = side_of(rule, source, number);
    for (int64_t k = 0; k < AT(rule->all->counts, rule->number * 3 + !source); k++) side[neurons[k]] = 0;
  }
}

/* Multiply products by w, d or t. */
static void multiply_old(const Bench *bench, int32_t *product, const FactorRecord *factor, int64_t n) {
  const int32_t constant = (int32_t)factor->constant, low = (int32_t)factor->low, high = (int32_t)factor->high;
  const int32_t *old = bench->old[factor->variable - W];
  if (factor->sign)
    for (int64_t k = 0; k < n; k++) product[k] *= (old[k] + constant > 0) - (old[k] + constant < 0);
  else
    for (int64_t k = 0; k < n; k++) product[k] *= within(old[k] + constant, low, high);
}

INLINE int32_t added(int32_t total, int32_t product, int32_t down, int32_t up) {
  return within(total + within(up32(product >> down, up), LEAST_SUM, MOST_SUM), LEAST_SUM, MOST_SUM);
}

/* Add one product to the accumulators of a strip. */
static void add_product(const Learning *rule, Bench *bench, const Strip *strip, int64_t number) {
  const TermRecord *term = VIEW(rule->all->terms, number, 1);
  const int32_t own = side_of(rule, strip->of_source, number)[strip->own];
  const int32_t *side = side_of(rule, !strip->of_source, number) + strip->other_first, down = (int32_t)term->down, up = (int32_t)term->up;
  int32_t *RESTRICT total = bench->total;
  const int64_t n = strip->n;
  if (strip->other) {
    for (int64_t k = 0; k < n; k++) bench->side[k] = side[strip->other[k]];
    side = bench->side;
  }
  int plain = 1;
  for (int64_t f = term->factors; f < term->factor_stop; f++) plain &= VIEW(rule->all->factors, f, 1)->variable < W;
  if (plain) {
    for (int64_t k = 0; k < n; k++) total[k] = added(total[k], own * side[k], down, up);
    return;
  }
  for (int64_t k = 0; k < n; k++) bench->product[k] = own * side[k];
  for (int64_t f = term->factors; f < term->factor_stop; f++) {
    const FactorRecord *factor = VIEW(rule->all->factors, f, 1);
    if (factor->variable >= W) multiply_old(bench, bench->product, factor, n);
  }
  for (int64_t k = 0; k < n; k++) total[k] = added(total[k], bench->product[k], down, up);
}

/* Learn one variable at the synapses of a strip. `number`: 0 for w, 1 for d, 2 for t. */
static void learn_strip_variable(const Learning *rule, Bench *bench, const Strip *strip, int64_t number) {
  const LinkRecord *link = rule->link;
  const int64_t ends[4] = {link->terms, link->term_d, link->term_t, link->term_stop}, n = strip->n;
  const int32_t low = number == 0 ? (int32_t)link->w_low : number == 1 ? 0 : LEAST_TAG;
  const int32_t high = number == 0 ? (int32_t)link->w_high : number == 1 ? MOST_DELAY : MOST_TAG;
  const int32_t up = rounding_of(rule);
  int16_t *new = VIEW(rule->all->learned, link->learned + number * link->n, link->n);
  for (int64_t k = 0; k < n; k++) bench->total[k] = bench->old[number][k] * (1 << FRACTION_BITS);
  for (int64_t term = ends[number]; term < ends[number + 1]; term++) {
    if (is_due(rule, VIEW(rule->all->terms, term, 1)))
      add_product(rule, bench, strip, term);
    else if (number == 2) /* a product of 0 changes a tag that the accumulator does not hold */
      for (int64_t k = 0; k < n; k++) bench->total[k] = within(bench->total[k], LEAST_SUM, MOST_SUM);
  }
  int32_t least = 0;
  int16_t *RESTRICT to = new + strip->first;
  for (int64_t k = 0; k < n; k++) {
    const int32_t value = within((bench->total[k] + up) >> FRACTION_BITS, low, high);
    least = value < least ? value : least;
    bench->total[k] = value;
  }
  if (strip->synapse)
    for (int64_t k = 0; k < n; k++) new[strip->synapse[k]] = (int16_t)bench->total[k];
  else
    for (int64_t k = 0; k < n; k++) to[k] = (int16_t)bench->total[k];
  if (number == 2 && least == LEAST_TAG) AT(rule->all->counts, rule->number * 3 + 2) = 1;
}

/* Learn at the synapses of a strip, of SOME at most. */
static void learn_strip(const Learning *rule, Bench *bench, const Strip *strip) {
  const LinkRecord *link = rule->link;
  const int64_t ends[4] = {link->terms, link->term_d, link->term_t, link->term_stop};
  for (int64_t number = 0; number < 3; number++) {
    if (!(link->reads >> number & 1)) continue;
    const int16_t *old = VIEW(rule->all->learned, link->learned + number * link->n, link->n);
    if (strip->synapse)
      for (int64_t k = 0; k < strip->n; k++) bench->old[number][k] = old[strip->synapse[k]];
    else
      for (int64_t k = 0; k < strip->n; k++) bench->old[number][k] = old[strip->first + k];
  }
  for (int64_t number = 0; number < 3; number++)
    if (ends[number + 1] > ends[number]) learn_strip_variable(rule, bench, strip, number);
}

/* Learn at all synapses of a source. */
static void learn_row(const Learning *rule, Bench *bench, int64_t source) {
  const LinkRecord *link = rule->link;
  const int64_t *rows = VIEW(rule->all->pointer, link->rows, link->n_source + 1);
  const int all_targets = link->n == link->n_source * link->n_target;
  for (int64_t from = rows[source]; from < rows[source + 1]; from += SOME) {
    const int32_t *post = VIEW(rule->all->post, link->synapse + from, 1);
    const int64_t n = min64(rows[source + 1] - from, SOME);
    const Strip strip = {n, from, NULL, all_targets ? NULL : post, all_targets ? from - rows[source] : 0, source, 1};
    learn_strip(rule, bench, &strip);
  }
}

/* Learn at the synapses of a target; `rows`: those of sources that have spiked have learned already. */
static void learn_column(const Learning *rule, Bench *bench, int64_t target, int rows) {
  const LinkRecord *link = rule->link;
  const int64_t *columns = VIEW(rule->all->pointer, link->columns, link->n_target + 1);
  const int32_t *column = VIEW(rule->all->column, link->synapse, link->n), *pre = VIEW(rule->all->column_pre, link->synapse, link->n);
  const int32_t *tx = VIEW(rule->all->spiked_at, link->spiked, link->n_source);
  const int16_t *w = VIEW(rule->all->learned, link->learned, link->n);
  int32_t synapse[SOME], other[SOME];
  for (int64_t from = columns[target]; from < columns[target + 1]; from += SOME) {
    const int64_t stop = min64(columns[target + 1], from + SOME);
    int64_t n = 0;
    for (int64_t c = from; c < stop; c++) {
      synapse[n] = column[c];
      other[n] = pre[c];
      PREFETCH(w + column[c]);
      n += !rows || tx[other[n]] == 0;
    }
    const Strip strip = {n, 0, synapse, other, 0, target, 0};
    learn_strip(rule, bench, &strip);
  }
}

/* The same as `learn_synapses`. */
static void learn_at_once(const Learning *rule) {
  const LinkRecord *link = rule->link;
  const Due due = due_of(rule);
  const int64_t *count = VIEW(rule->all->counts, rule->number * 3, 2);
  const int32_t *sources = VIEW(rule->all->listed, link->spiked, link->n_source), *targets = sources + link->n_source;
  Bench bench;
  fill_sides(rule);
  for (int64_t i = 0; due.all && i < link->n_source; i++) learn_row(rule, &bench, i);
  for (int64_t k = 0; !due.all && due.x0 && k < count[0]; k++) learn_row(rule, &bench, sources[k]);
  for (int64_t k = 0; !due.all && due.y0 && k < count[1]; k++) learn_column(rule, &bench, targets[k], due.x0);
  clear_sides(rule);
}

#endif
