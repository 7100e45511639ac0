/* What a core stores: words of its synapses, its formats, and whether it keeps every limit.

   The words of both encodings and of every index and delay width are summed at all times, so that memory is never recounted. */
#ifndef ND_WORDS_H
#define ND_WORDS_H
#include "lists.h"

INLINE int64_t n_projections(const CoreLimits *limits) { return limits->weight_class.n; }

/* Rows of a projection with a synapse in a core. */
INLINE int32_t *n_rows_of(const CoreLimits *limits, const CoreState *state, int64_t core, int64_t projection) {
  return VIEW(state->n_rows, core * n_projections(limits) + projection, 1);
}

/* Synapses of a projection in a core, by delay class. */
INLINE int32_t *n_delayed_of(const CoreLimits *limits, const CoreState *state, int64_t core, int64_t projection) {
  const int64_t levels = limits->delay_bits.n;
  return VIEW(state->n_delayed, (core * n_projections(limits) + projection) * levels, levels);
}

/* Words of the lists of a projection in a core if they are sparse, by delay class and index class. */
INLINE int64_t *sparse_words_of(const CoreLimits *limits, const CoreState *state, int64_t core, int64_t projection) {
  const int64_t each = limits->delay_bits.n * limits->index_bits.n;
  return VIEW(state->sparse_words, (core * n_projections(limits) + projection) * each, each);
}

/* A projection in a core. */
typedef struct {
  int64_t words;
  /* Delay class. */
  int64_t level;
  /* Index class; -1: dense. */
  int64_t index;
} Encoding;

/* Widest delay class among the synapses of a projection in a core. */
INLINE int64_t widest_delay_class(const CoreLimits *limits, const CoreState *state, int64_t core, int64_t projection) {
  const int32_t *delayed = n_delayed_of(limits, state, core, projection);
  for (int64_t level = AT(limits->n_delay_classes, projection) - 1; level > 0; level--)
    if (delayed[level] > 0) return level;
  return 0;
}

/* Words, delay class and index class of a projection in a core, in the smaller encoding. */
INLINE Encoding projection_words(const CoreLimits *limits, const CoreState *state, int64_t core, int64_t projection) {
  const int64_t populations = limits->compartments.n, widths = limits->index_class.n, levels = limits->delay_bits.n;
  const int64_t width = AT(state->n_neurons, core * populations + AT(limits->target_population, projection));
  const int64_t level = widest_delay_class(limits, state, core, projection), index = AT(limits->index_class, width);
  const int64_t row_words = AT(limits->dense_words, (AT(limits->weight_class, projection) * levels + level) * widths + width);
  const int64_t dense = *n_rows_of(limits, state, core, projection) * row_words;
  const int64_t sparse = sparse_words_of(limits, state, core, projection)[level * limits->index_bits.n + index];
  return dense <= sparse ? (Encoding){dense, level, -1} : (Encoding){sparse, level, index};
}

/* Words of all synapses of a core. */
static int64_t synapse_memory(const CoreLimits *limits, const CoreState *state, int64_t core) {
  int64_t total = 0;
  for (int64_t projection = 0; projection < n_projections(limits); projection++)
    if (*n_rows_of(limits, state, core, projection) > 0) total += projection_words(limits, state, core, projection).words;
  return total;
}

/* Whether the synapse formats and the accumulators of a core are within their limits.

   Every compartment has one accumulator for each step of the longest delay that the delay bits can hold. */
static int keeps_format_limits(const CoreLimits *limits, const CoreState *state, int64_t core) {
  int64_t used = 0, widest = 0;
  int64_t *keys = VIEW(state->format_keys, 0, n_projections(limits));
  for (int64_t projection = 0; projection < n_projections(limits); projection++) {
    if (*n_rows_of(limits, state, core, projection) == 0) continue;
    const Encoding found = projection_words(limits, state, core, projection);
    const int64_t delay_bits = AT(limits->delay_bits, found.level);
    const int64_t index_bits = found.index < 0 ? 0 : AT(limits->index_bits, found.index);
    const int64_t key = (AT(limits->format_id, projection) * 64 + delay_bits) * 64 + index_bits;
    int64_t other = 0;
    while (other < used && keys[other] != key) other++;
    keys[other] = key;
    used = max64(used, other + 1);
    widest = max64(widest, delay_bits);
  }
  const int64_t accumulators = up64(*load_of(state, COMPARTMENTS, core), widest);
  return used <= AT(limits->rare_limit, FORMATS) && accumulators <= AT(limits->rare_limit, ACCUMULATORS);
}

/* Classes of parameter sets or thresholds that a core has a neuron of. */
INLINE int64_t classes_used(const CoreState *state, int64_t kind, int64_t core) {
  const int64_t classes = state->n_of_class.n / (2 * n_cores(state));
  const int32_t *count = VIEW(state->n_of_class, (kind * n_cores(state) + core) * classes, classes);
  int64_t used = 0;
  for (int64_t k = 0; k < classes; k++) used += count[k] > 0;
  return used;
}

/* Whether a core keeps the limits that seldom bind: parameter sets, thresholds, formats, accumulators. */
static int keeps_rare_limits(const CoreLimits *limits, const CoreState *state, int64_t core) {
  for (int64_t kind = 0; kind < 2; kind++) {
    const int64_t most = AT(limits->rare_limit, kind);
    if (most < NO_LIMIT && classes_used(state, kind, core) > most) return 0;
  }
  if (AT(limits->rare_limit, FORMATS) >= NO_LIMIT && AT(limits->rare_limit, ACCUMULATORS) >= NO_LIMIT) return 1;
  return keeps_format_limits(limits, state, core);
}

/* Whether a core keeps every limit. */
static int fits(const CoreLimits *limits, const CoreState *state, int64_t core) {
  for (int64_t resource = 0; resource < 4; resource++)
    if (*load_of(state, resource, core) > AT(limits->limit, resource)) return 0;
  return keeps_rare_limits(limits, state, core);
}

#endif
