/* Learning by PES: `spec_pes` defines it, and both compute the same bits.

   Everything is an integer: what a trace becomes is tabulated, and a fraction rounds up where the 32 bits of a draw are below
   as many bits of the fraction. */
#include "learn_pes.h"
#include "mixed.h"

/* Bits of an accumulator below a mantissa, bits of a mantissa's magnitude, bits of a draw, and the largest error.
   [nengo-loihi 1.1.0 emulator/interface.py: LEARN_FRAC, weight_update, scale_pes_errors] */
enum { BELOW = 7, MAGNITUDE = 8, DRAW = 32, MOST_ERROR = 127 };

/* Synapses whose draws are made before they are used. */
enum { AHEAD = 256 };

/* Number of the first synapse in a draw. */
#define FIRST_SYNAPSE (UINT64_C(1) << 31)

/* One projection in one step. */
typedef struct {
  const Plasticity *all;
  const LinkRecord *link;
  const PesRecord *own;
  uint64_t key; /* of all draws of this step */
} Pes;

static Pes pes_of(const Plasticity *all, int64_t number, int64_t step) {
  const LinkRecord *link = VIEW(all->links, number, 1);
  return (Pes){all, link, VIEW(all->pes.rules, link->pes, 1), AT(all->pes.key, link->pes) ^ ((uint64_t)step << 32)};
}

INLINE uint32_t drawn(uint64_t key, uint64_t number) { return (uint32_t)(mixed_bits(key ^ number) >> (64 - DRAW)); }

/* Note the sources that spiked in the step before; at the end of an epoch of traces, follow these. */
static void follow_sources(const Pes *rule, int64_t step) {
  const int64_t n = rule->link->n_source, at = rule->own->source_at, table = rule->link->pes * 2 * PES_TRACES;
  const uint8_t *sent = VIEW(rule->all->pes.sent, at, n);
  uint8_t *spiked = VIEW(rule->all->pes.spiked, at, n);
  for (int64_t i = 0; i < n; i++) spiked[i] |= sent[i];
  if (step % rule->own->trace_epoch != 0) return;
  int16_t *x = VIEW(rule->all->traces, rule->link->trace, n);
  for (int64_t i = 0; i < n; i++) {
    const int64_t k = table + spiked[i] * PES_TRACES + CHECKED(x[i], 1, PES_TRACES);
    const int64_t up = (int64_t)drawn(rule->key, (uint64_t)i) < AT(rule->all->pes.chance, k);
    x[i] = (int16_t)min64(AT(rule->all->pes.whole, k) + up, PES_TRACES - 1);
  }
  __builtin_memset(spiked, 0, (size_t)n);
}

/* Errors with the sign of each target, on and off; whether any is other than 0. */
static int sign_errors(const Pes *rule, int32_t *signs) {
  const int64_t pairs = rule->link->n_target / 2;
  const int16_t *error = VIEW(rule->all->pes.error, rule->own->error_at, pairs);
  int any = 0;
  for (int64_t j = 0; j < pairs; j++) {
    signs[j] = -error[j], signs[pairs + j] = error[j];
    any |= error[j] != 0;
  }
  return any;
}

/* Learn at n synapses of one source from `from` on. `factor`: its trace times the rate's mantissa; `rows`: whether the synapses
   reach all targets in their order. */
INLINE void learn_some(const Pes *rule, int64_t from, int64_t n, int32_t factor, const int32_t *signs, int rows) {
  const int32_t up = (int32_t)max64(rule->own->shift, 0), down = (int32_t)max64(-rule->own->shift, 0);
  const uint32_t low = (uint32_t)rule->own->low_bits, all_low = low + BELOW, top = (UINT32_C(1) << (MAGNITUDE - low)) - 1;
  const int32_t *post = VIEW(rule->all->post, rule->link->synapse + from, n);
  int16_t *w = VIEW(rule->all->learned, rule->link->learned + from, n);
  uint32_t draw[AHEAD];
  if (rule->own->rounds)
    for (int64_t k = 0; k < n; k++) draw[k] = drawn(rule->key, FIRST_SYNAPSE + (uint64_t)(from + k));
  else
    __builtin_memset(draw, 0xFF, sizeof draw); /* above every fraction */
  for (int64_t k = 0; k < n; k++) {
    const int32_t change = up32(factor * signs[rows ? k : post[k]], up) >> down, total = w[k] * (1 << BELOW) + change;
    const uint32_t magnitude = (uint32_t)(total < 0 ? -total : total), fraction = magnitude << (DRAW - all_low);
    uint32_t stored = (magnitude >> all_low) + (draw[k] < fraction);
    stored = (stored < top ? stored : top) << low;
    w[k] = (int16_t)(total < 0 ? -(int32_t)stored : (int32_t)stored);
  }
}

static void learn_row(const Pes *rule, int64_t from, int64_t stop, int32_t factor, const int32_t *signs) {
  for (int64_t s = from; s < stop; s += AHEAD) {
    const int64_t n = min64(stop - s, AHEAD);
    if (rule->own->rows)
      learn_some(rule, s, n, factor, signs + s - from, 1);
    else
      learn_some(rule, s, n, factor, signs, 0);
  }
}

/* Learn at all synapses, but for those that cannot change: without a trace or an error, a weight that is stored stays. */
static void learn_weights(const Pes *rule, int64_t number) {
  const LinkRecord *link = rule->link;
  int64_t *all = VIEW(rule->all->counts, 3 * number + 2, 1);
  int32_t *signs = VIEW(rule->all->pes.signs, 0, link->n_target);
  if (!sign_errors(rule, signs) && !*all) return;
  const int64_t *rows = VIEW(rule->all->pointer, link->rows, link->n_source + 1);
  const int16_t *x = VIEW(rule->all->traces, link->trace, link->n_source);
  for (int64_t i = 0; i < link->n_source; i++) {
    const int32_t factor = (int32_t)rule->own->mantissa * x[i];
    if (factor != 0 || *all) learn_row(rule, rows[i], rows[i + 1], factor, signs);
  }
  *all = 0;
}

void ND_JOIN(learn_pes, ND_LEVEL)(const Plasticity *all, int64_t number, int64_t step) {
  const Pes rule = pes_of(all, number, step);
  follow_sources(&rule, step);
  if (step % rule.own->epoch == 0) learn_weights(&rule, number);
}

/* Error of the next step from the values of its source, of one line or two for each. */
static void keep_errors(const Pes *rule, Sent sent, int64_t lines) {
  const int64_t pairs = rule->link->n_target / 2;
  const double scale = AT(rule->all->pes.scale, rule->link->pes);
  double *value = VIEW(rule->all->pes.lines, 0, lines);
  int16_t *error = VIEW(rule->all->pes.error, rule->own->error_at, pairs);
  __builtin_memset(value, 0, (size_t)lines * sizeof(double));
  for (int64_t k = 0; k < sent.n; k++) value[CHECKED(sent.neuron[k], 1, lines)] = sent_value(sent, k);
  for (int64_t j = 0; j < pairs; j++) {
    const double signs = lines == pairs ? value[j] : value[j] - value[pairs + j];
    const double scaled = rounded(scale * signs), most = MOST_ERROR;
    error[j] = (int16_t)(scaled < -most ? -most : scaled < most ? scaled : most);
  }
}

void ND_JOIN(keep_pes, ND_LEVEL)(const Plasticity *all, int64_t number, Sent source, Sent error, int64_t lines) {
  const Pes rule = pes_of(all, number, 0);
  uint8_t *sent = VIEW(all->pes.sent, rule.own->source_at, rule.link->n_source);
  __builtin_memset(sent, 0, (size_t)rule.link->n_source);
  for (int64_t k = 0; k < source.n; k++) sent[CHECKED(source.neuron[k], 1, rule.link->n_source)] = sent_value(source, k) != 0;
  keep_errors(&rule, error, lines);
}
