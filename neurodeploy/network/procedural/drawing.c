/* The synapses of procedural operations: partners of neurons, then weights and delays. `network.procedural.draws` defines them. */
#include "nouns.h"

/* --- words */

enum { MOST_TIMES = 64, STEPS = 4096, AXES = 3 };
#define GOLDEN UINT64_C(0x9E3779B97F4A7C15)

INLINE uint64_t mix(uint64_t x) {
  x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
  x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
  return x ^ (x >> 31);
}
INLINE uint64_t drawn(uint64_t key, uint64_t i) { return mix(key + (i + 1) * GOLDEN); }
INLINE int64_t below(uint64_t r, uint64_t n) {
  return (int64_t)(((r >> 32) * n + (((r & UINT64_C(0xFFFFFFFF)) * n) >> 32)) >> 32);
}

/* Count the draws that each target gets of draws [from, stop). */
EXPORT(int64_t, count_targets)(const span_u64 *start, int64_t from, int64_t stop, const span_i64 *counts) {
  const uint64_t state = AT(*start, 0);
  for (int64_t i = from; i < stop; i++) AT(*counts, below(drawn(state, (uint64_t)i), (uint64_t)counts->n))++;
  return 0;
}

/* --- partners */

/* Set a bit; return whether it was set before. */
INLINE int set_bit(const Scratch *own, int64_t x) {
  const uint64_t bit = UINT64_C(1) << (x & 63), before = AT(own->bits, x >> 6);
  AT(own->bits, x >> 6) = before | bit;
  AT(own->marks, x >> 9) = 1;
  return (before & bit) != 0;
}

/* Where synapses are written, and the neuron whose partners they are; `room` if it may be one of them. */
typedef struct {
  const span_i32 *source, *times;
  int64_t at, itself;
} Written;

/* Write the partners of one word of flags in ascending order. */
INLINE void write_word(const Scratch *own, int64_t word, uint64_t flags, Written *out, int repeats) {
  const int64_t n = __builtin_popcountll(flags), itself = out->itself;
  int32_t *source = VIEW(*out->source, out->at, n), *times = repeats ? VIEW(*out->times, out->at, n) : 0;
  for (int64_t k = 0; flags; flags &= flags - 1, k++) {
    const int64_t x = word * 64 + __builtin_ctzll(flags);
    source[k] = (int32_t)(x + (x >= itself));
    if (repeats) {
      times[k] = AT(own->times, x);
      AT(own->times, x) = 0;
    }
  }
  out->at += n;
}

/* Write the partners whose bits are set, and clear the bits; a mark stands for 8 words, and marks are read 8 at a time. */
INLINE void write_set(const Scratch *own, Written *out, int repeats) {
  for (int64_t eight = 0; eight < own->marks.n; eight += 8) {
    uint64_t there;
    uint8_t *marks = VIEW(own->marks, eight, 8);
    __builtin_memcpy(&there, marks, 8);
    if (!there) continue;
    __builtin_memset(marks, 0, 8);
    for (; there; there &= there - 1) {
      const int64_t first = 8 * eight + (__builtin_ctzll(there) & ~INT64_C(7));
      uint64_t *words = VIEW(own->bits, first, 8);
      uint32_t set = 0;
      for (int64_t word = 0; word < 8; word++) set |= (uint32_t)(words[word] != 0) << word;
      for (; set; set &= set - 1) {
        const int64_t word = __builtin_ctz(set);
        write_word(own, first + word, words[word], out, repeats);
        words[word] = 0;
      }
    }
  }
}

/* Write the partners whose bits are not set, and clear the bits. */
INLINE void write_unset(const Scratch *own, int64_t room, Written *out) {
  const int64_t words = (room + 63) / 64;
  for (int64_t word = 0; word < words; word++) {
    const int64_t rest = room - word * 64;
    const uint64_t all = rest >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << rest) - 1;
    write_word(own, word, ~AT(own->bits, word) & all, out, 0);
    AT(own->bits, word) = 0;
  }
  __builtin_memset(own->marks.at, 0, (size_t)own->marks.n);
}

INLINE void draw_different(const Rule *rule, uint64_t key, int64_t count, const Scratch *own, Written *out) {
  int64_t left = min64(count, rule->room - count);
  for (uint64_t i = 0; left > 0; i++) left -= !set_bit(own, below(drawn(key, i), (uint64_t)rule->room));
  if (count > rule->room - count)
    write_unset(own, rule->room, out);
  else
    write_set(own, out, 0);
}

INLINE void draw_repeated(const Rule *rule, uint64_t key, int64_t count, const Scratch *own, Written *out) {
  for (int64_t i = 0; i < count; i++) {
    const int64_t x = below(drawn(key, (uint64_t)i), (uint64_t)rule->room);
    set_bit(own, x);
    AT(own->times, x) += AT(own->times, x) < MOST_TIMES;
  }
  write_set(own, out, 1);
}

/* Write the sources of one axis that may be near a place, ascending, with squared distances; return how many. */
INLINE int64_t near_axis(const Geometry *near, int64_t axis, int64_t place, int32_t *places, double *squares) {
  const int64_t n = AT(near->sources, axis), m = AT(near->targets, axis), reach = AT(near->reach, axis);
  const int64_t middle = (2 * place + 1) * n / (2 * m), ring = near->periodic, whole_ring = ring && 2 * reach + 1 >= n;
  const int64_t first = whole_ring ? 0 : ring ? middle - reach : max64(middle - reach, 0);
  const int64_t stop = whole_ring ? n : ring ? middle + reach + 1 : min64(middle + reach + 1, n);
  const double length = AT(near->lengths, axis), unit = near->unit;
  int64_t found = 0;
  /* on a ring those beyond the end come first, then those inside, then those before the start */
  for (int64_t part = 0; part < 3; part++) {
    const int64_t shift = part == 0 ? n : part == 1 ? 0 : -n;
    const int64_t from = max64(first, shift), to = min64(stop, shift + n);
    for (int64_t i = from - shift; i < to - shift; i++) {
      int64_t a = (2 * i + 1) * m - (2 * place + 1) * n;
      a = a < 0 ? -a : a;
      if (ring) a = min64(a, 2 * n * m - a);
      const double apart = (double)a * length;
      places[found] = (int32_t)i;
      squares[found++] = apart * apart * unit;
    }
  }
  return found;
}

/* Write the sources of the last axis that are drawn, where `far` and `base` are those of the axes before it. Each candidate is
   written and, if it is not drawn, written over by the next one. */
INLINE void near_row(const Rule *rule, uint64_t key, int64_t base, double far, const int32_t *places, const double *squares,
                     int64_t n, int64_t itself, Written *out) {
  const uint64_t *thresholds = VIEW(rule->near.thresholds, 0, STEPS + 1);
  int32_t *source = VIEW(*out->source, out->at, n);
  int64_t found = 0;
  for (int64_t k = 0; k < n; k++) {
    const double square = far + squares[k];
    const int64_t own = base + places[k], step = (int64_t)(square < STEPS ? square : STEPS);
    source[found] = (int32_t)own;
    found += (drawn(key, (uint64_t)own) >> 32 < thresholds[step]) & (own != itself);
  }
  out->at += found;
}

INLINE void draw_near(const Rule *rule, uint64_t key, int64_t neuron, const Scratch *own, Written *out) {
  const Geometry *near = &rule->near;
  int32_t *places[AXES];
  double *squares[AXES];
  int64_t n[AXES], left = neuron, offset = 0, place[AXES];
  for (int64_t axis = AXES - 1; axis >= 0; axis--) {
    place[axis] = left % AT(near->targets, axis);
    left /= AT(near->targets, axis);
  }
  for (int64_t axis = 0; axis < AXES; axis++) {
    const int64_t most = min64(2 * AT(near->reach, axis) + 1, AT(near->sources, axis));
    places[axis] = VIEW(own->places, offset, most);
    squares[axis] = VIEW(own->squares, offset, most);
    n[axis] = near_axis(near, axis, place[axis], places[axis], squares[axis]);
    offset += most;
  }
  const int64_t itself = rule->skips_itself ? neuron : -1, rows = AT(near->sources, 1), columns = AT(near->sources, 2);
  for (int64_t i = 0; i < n[0]; i++)
    for (int64_t j = 0; j < n[1]; j++) {
      const double far = squares[0][i] + squares[1][j];
      if (!(far < STEPS)) continue;
      const int64_t base = ((int64_t)places[0][i] * rows + places[1][j]) * columns;
      int64_t first = 0, stop = n[2]; /* without those at either end that are too far */
      while (first < stop && !(far + squares[2][first] < STEPS)) first++;
      while (stop > first && !(far + squares[2][stop - 1] < STEPS)) stop--;
      near_row(rule, key, base, far, places[2] + first, squares[2] + first, stop - first, itself, out);
    }
}

/* Write the partners of each neuron, ascending, and how often each was drawn unless `times` is empty; `ptr` (neurons + 1,).
   Return how many. */
EXPORT(int64_t, draw_partners)
(const Rule *rule, const span_i64 *neurons, const span_i64 *counts, const Scratch *own, const span_i64 *ptr, const span_i32 *source,
 const span_i32 *times) {
  Written out = {source, times, 0, 0};
  const uint64_t start = AT(rule->start, 0);
  AT(*ptr, 0) = 0;
  for (int64_t k = 0; k < neurons->n; k++) {
    const int64_t neuron = AT(*neurons, k);
    const uint64_t key = drawn(start, (uint64_t)neuron);
    out.itself = rule->skips_itself ? neuron : INT64_MAX;
    if (rule->how == DIFFERENT)
      draw_different(rule, key, AT(*counts, k), own, &out);
    else if (rule->how == REPEATED)
      draw_repeated(rule, key, AT(*counts, k), own, &out);
    else
      draw_near(rule, key, neuron, own, &out);
    AT(*ptr, k + 1) = out.at;
  }
  return out.at;
}

/* Count, for each target from `low` on, the sources that reach it; `target`: all partners of some sources. */
EXPORT(int64_t, count_partners)(const span_i32 *target, int64_t low, const span_i64 *counts) {
  for (int64_t k = 0; k < target->n; k++) {
    const int64_t own = AT(*target, k) - low;
    if (own >= 0 && own < counts->n) AT(*counts, own)++;
  }
  return 0;
}

/* Write the sources from `first` on behind those that each target has; `next`: the place of each target, moved on. */
EXPORT(int64_t, turn_partners)
(const span_i64 *ptr, const span_i32 *target, int64_t first, int64_t low, const span_i64 *next, const span_i32 *source) {
  for (int64_t k = 0; k + 1 < ptr->n; k++)
    for (int64_t one = AT(*ptr, k); one < AT(*ptr, k + 1); one++) {
      const int64_t own = AT(*target, one) - low;
      if (own >= 0 && own < next->n) AT(*source, AT(*next, own)++) = (int32_t)(first + k);
    }
  return 0;
}

/* --- values */

/* Do `work` for each synapse; it reads `k` (the place of its target), `one`, `level` and `delay`. */
#define EACH_VALUE(values, neurons, ptr, source, times, work)                                          \
  do {                                                                                                 \
    const int64_t levels = (values)->levels, drawn_delays = (values)->delays.n > 1;                    \
    const int any = levels > 1 || drawn_delays, repeats = (times)->n > 0;                              \
    for (int64_t k = 0; k < (neurons)->n; k++) {                                                       \
      const uint64_t key = drawn(AT((values)->start, 0), (uint64_t)AT(*(neurons), k));                 \
      for (int64_t one = AT(*(ptr), k); one < AT(*(ptr), k + 1); one++) {                              \
        const uint64_t r = any ? drawn(key, (uint64_t)AT(*(source), one)) : 0;                         \
        const int64_t above = repeats ? (AT(*(times), one) - 1) * levels : 0;                          \
        const int64_t level = above + (levels > 1 ? (int64_t)(r & 65535) : 0);                         \
        const uint8_t delay = AT((values)->delays, drawn_delays ? (int64_t)(r >> 16 & 65535) : 0);     \
        work;                                                                                          \
      }                                                                                                \
    }                                                                                                  \
  } while (0)

/* Write the row of each synapse's weight, and its delay. */
EXPORT(int64_t, draw_values)
(const Values *values, const span_i64 *neurons, const span_i64 *ptr, const span_i32 *source, const span_i32 *times,
 const span_i32 *rows, const span_u8 *delays) {
  EACH_VALUE(values, neurons, ptr, source, times, {
    AT(*rows, one) = (int32_t)level;
    AT(*delays, one) = delay;
  });
  return 0;
}

/* Write each synapse's mantissa, from a table of one for each row, and its delay. */
EXPORT(int64_t, draw_mantissas)
(const Values *values, const span_i64 *neurons, const span_i64 *ptr, const span_i32 *source, const span_i32 *times,
 const span_i16 *table, const span_i16 *mantissas, const span_u8 *delays) {
  EACH_VALUE(values, neurons, ptr, source, times, {
    AT(*mantissas, one) = AT(*table, level);
    AT(*delays, one) = delay;
  });
  return 0;
}

/* Add the synapses of each source, flag the rows of weights that occur, and keep the longest delay of each target. */
EXPORT(int64_t, survey_values)
(const Values *values, const span_i64 *neurons, const span_i64 *ptr, const span_i32 *source, const span_i32 *times,
 const span_i64 *fan_out, const span_u8 *used, const span_u8 *longest) {
  EACH_VALUE(values, neurons, ptr, source, times, {
    AT(*fan_out, AT(*source, one))++;
    AT(*used, level) = 1;
    if (delay > AT(*longest, k)) AT(*longest, k) = delay;
  });
  return 0;
}

/* Add, for each target, the numbers that belong to the weights of its synapses; `numbers`: one for each row. */
EXPORT(int64_t, sum_values)
(const Values *values, const span_i64 *neurons, const span_i64 *ptr, const span_i32 *source, const span_i32 *times,
 const span_f64 *numbers, const span_f64 *sums) {
  EACH_VALUE(values, neurons, ptr, source, times, {
    AT(*sums, k) += AT(*numbers, level);
    (void)delay;
  });
  return 0;
}
