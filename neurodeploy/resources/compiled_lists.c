/* Synapses of a window into some neurons, list by list: counted, written, compared and measured. */
#include "compiled_lists.h"

/* --- the taps that reach one neuron */

/* Taps [first, stop) of one axis whose source, `at` + tap * `step`, lies on an axis of `size`. */
typedef struct { int64_t first, stop; } Inside;

INLINE Inside inside(int64_t at, int64_t step, int64_t taps, int64_t size) {
  Inside found = {at < 0 ? (-at + step - 1) / step : 0, taps};
  if (at + (taps - 1) * step >= size) found.stop = size > at ? (size - at + step - 1) / step : 0;
  return found;
}

/* Write the taps of one output channel that have a synapse: offset of the source, row, column, mantissa; return how many. */
static int64_t taps_of(const Window *window, int64_t channel, const span_i32 *taps) {
  const int64_t kernel = window->kernel_height * window->kernel_width, plane = window->height * window->width;
  const int64_t from = channel * window->deep * kernel, group = channel / (window->channels / window->groups);
  const uint8_t *present = VIEW(window->present, from, window->deep * kernel);
  const int16_t *mantissa = VIEW(window->mantissas, from, window->deep * kernel);
  int32_t *kept = VIEW(*taps, 0, 4 * window->deep * kernel);
  int64_t found = 0;
  for (int64_t deep = 0; deep < window->deep; deep++) {
    for (int64_t row = 0; row < window->kernel_height; row++) {
      const int64_t offset = (group * window->deep + deep) * plane + row * window->step_rows * window->width;
      for (int64_t column = 0; column < window->kernel_width; column++, present++, mantissa++) {
        if (!*present) continue;
        kept[4 * found] = (int32_t)(offset + column * window->step_columns);
        kept[4 * found + 1] = (int32_t)row;
        kept[4 * found + 2] = (int32_t)column;
        kept[4 * found++ + 3] = *mantissa;
      }
    }
  }
  return found;
}

/* Where the taps of one neuron begin, and which of them meet the source. */
typedef struct {
  int64_t origin;
  Inside rows, columns;
  int whole;
} Place;

INLINE Place place_of(const Window *window, int64_t number) {
  const int64_t row = number / window->target_width, column = number % window->target_width;
  const int64_t y = row * window->stride_rows - window->pad_rows, x = column * window->stride_columns - window->pad_columns;
  Place place = {y * window->width + x, inside(y, window->step_rows, window->kernel_height, window->height),
                 inside(x, window->step_columns, window->kernel_width, window->width), 0};
  place.whole = place.rows.first == 0 && place.rows.stop == window->kernel_height && place.columns.first == 0 &&
                place.columns.stop == window->kernel_width;
  return place;
}

INLINE int meets(const Place *place, const int32_t *tap) {
  return place->whole || (tap[1] >= place->rows.first && tap[1] < place->rows.stop && tap[2] >= place->columns.first &&
                          tap[2] < place->columns.stop);
}

/* Do `work` for the synapses of all neurons, neuron by neuron; it reads `k` (place in `neurons`), `source` and `tap`. */
#define EACH_SYNAPSE(window, neurons, taps, work)                                                  \
  do {                                                                                             \
    const int64_t area = (window)->target_height * (window)->target_width;                         \
    int64_t channel = -1, n_taps = 0;                                                              \
    for (int64_t k = 0; k < (neurons)->n; k++) {                                                   \
      const int64_t neuron = AT(*(neurons), k);                                                    \
      if (neuron / area != channel) n_taps = taps_of((window), channel = neuron / area, (taps));   \
      const Place place = place_of((window), neuron % area);                                       \
      for (int64_t one = 0; one < n_taps; one++) {                                                 \
        const int32_t *tap = VIEW(*(taps), 4 * one, 4);                                            \
        if (!meets(&place, tap)) continue;                                                         \
        const int64_t source = place.origin + tap[0];                                              \
        work;                                                                                      \
      }                                                                                            \
    }                                                                                              \
  } while (0)

/* Add the synapses that each source has into the neurons. */
EXPORT(int64_t, count_synapses)(const Window *window, const span_i64 *neurons, const span_i32 *taps, const span_i64 *count) {
  EACH_SYNAPSE(window, neurons, taps, AT(*count, source)++);
  return 0;
}

/* Write the synapses into the neurons list by list; `next` (sources,): the place of each list, moved to its end. */
EXPORT(int64_t, fill_lists)
(const Window *window, const span_i64 *neurons, const span_i32 *taps, const span_i64 *next, const Lists *lists) {
  EACH_SYNAPSE(window, neurons, taps, {
    const int64_t at = AT(*next, source)++;
    AT(lists->rows, at) = (int32_t)k;
    AT(lists->mantissas, at) = (int16_t)tap[3];
  });
  return 0;
}

/* Set the flag (source, core) of every core that a source reaches; `core` (targets,), `flags` (sources, cores). */
EXPORT(int64_t, mark_cores)
(const Window *window, const span_i64 *neurons, const span_i32 *taps, const span_i32 *core, int64_t cores, const span_u8 *flags) {
  EACH_SYNAPSE(window, neurons, taps, AT(*flags, source * cores + AT(*core, neuron)) = 1);
  return 0;
}

/* --- lists */

/* The finaliser of splitmix64 (Steele et al. 2014). */
INLINE uint64_t hashed(uint64_t x) {
  x += UINT64_C(0x9E3779B97F4A7C15);
  x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
  x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
  return x ^ (x >> 31);
}

/* Write the hash of each list: of its rows from the first, its mantissas and its delays. */
EXPORT(int64_t, hash_lists)(const Lists *lists, const span_u64 *hashes) {
  for (int64_t k = 0; k < lists->starts.n; k++) {
    const int64_t n = AT(lists->length, k);
    const int32_t *row = VIEW(lists->rows, AT(lists->starts, k), n);
    const int16_t *mantissa = VIEW(lists->mantissas, AT(lists->starts, k), n);
    const uint8_t *delay = VIEW(lists->delays, AT(lists->starts, k), n);
    uint64_t sum = hashed((uint64_t)n);
    for (int64_t one = 0; one < n; one++)
      sum += hashed((uint64_t)(row[one] - row[0]) << 24 | (uint64_t)(uint16_t)mantissa[one] << 8 | delay[one]);
    AT(*hashes, k) = sum;
  }
  return 0;
}

/* Number equal keys alike, in the order in which they first occur; `slots`, 0 before: a power of two above the number of keys.
   Return how many differ; the first of each lies at `example`. */
EXPORT(int64_t, group_keys)(const span_u64 *keys, const span_i32 *slots, const span_i64 *kind, const span_i64 *example) {
  const uint64_t mask = (uint64_t)slots->n - 1;
  int64_t n = 0;
  for (int64_t k = 0; k < keys->n; k++) {
    const uint64_t key = AT(*keys, k);
    uint64_t slot = hashed(key) & mask;
    while (AT(*slots, slot) && AT(*keys, AT(*example, AT(*slots, slot) - 1)) != key) slot = (slot + 1) & mask;
    if (AT(*slots, slot) == 0) {
      AT(*example, n) = k;
      AT(*slots, slot) = (int32_t)++n;
    }
    AT(*kind, k) = AT(*slots, slot) - 1;
  }
  return n;
}

/* Whether some list differs from the one that `like` (lists,) names. */
EXPORT(int64_t, lists_differ)(const Lists *lists, const span_i64 *like) {
  for (int64_t k = 0; k < lists->starts.n; k++) {
    const int64_t other = AT(*like, k), n = AT(lists->length, k);
    if (other == k) continue;
    if (AT(lists->length, other) != n) return 1;
    const int32_t *row = VIEW(lists->rows, AT(lists->starts, k), n), *rows = VIEW(lists->rows, AT(lists->starts, other), n);
    const int16_t *own = VIEW(lists->mantissas, AT(lists->starts, k), n);
    const int16_t *its = VIEW(lists->mantissas, AT(lists->starts, other), n);
    const uint8_t *delay = VIEW(lists->delays, AT(lists->starts, k), n), *delays = VIEW(lists->delays, AT(lists->starts, other), n);
    const int32_t shift = row[0] - rows[0];
    int32_t differ = 0;
    for (int64_t one = 0; one < n; one++) differ |= (row[one] - rows[one] - shift) | (own[one] ^ its[one]) | (delay[one] ^ delays[one]);
    if (differ) return 1;
  }
  return 0;
}

/* Write the words of each list as runs whose rows are less than 1 << `skip_bits` apart; `measure` as in `synapse_memory`. */
EXPORT(int64_t, list_run_words)
(const span_i64 *starts, const span_i64 *lengths, const span_i32 *rows, int64_t skip_bits, const Measure *measure,
 const span_i64 *words) {
  const int64_t word = measure->word, padded = measure->end < 0, end = padded ? 0 : measure->end;
  const int64_t full = measure->entry * measure->bits + measure->prefix;
  const int64_t whole = padded ? (full + word - 1) / word * word : full;
  for (int64_t k = 0; k < starts->n; k++) {
    const int64_t n = AT(*lengths, k);
    const int32_t *row = VIEW(*rows, AT(*starts, k), n);
    int64_t total = 0;
    for (int64_t first = 0, stop; first < n; first = stop) {
      for (stop = first + 1; stop < n && row[stop] - row[stop - 1] < INT32_C(1) << skip_bits;) stop++;
      int64_t rest = stop - first;
      for (; rest >= measure->entry; rest -= measure->entry) total += whole;
      const int64_t part = rest ? rest * measure->bits + measure->prefix : 0;
      total += padded ? (part + word - 1) / word * word : part;
    }
    AT(*words, k) = total ? (total + end + word - 1) / word : 0;
  }
  return 0;
}
