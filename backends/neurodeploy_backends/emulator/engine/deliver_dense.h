/* Dense delivery: rows of weights for all targets, and runs of neighboring targets. Rows and runs are whole vectors long. */
#ifndef ND_DELIVER_DENSE_H
#define ND_DELIVER_DENSE_H
#include "lanes.h"
#include "words.h"

#if ND_WIDE

#define DEFINE_ROWS(WEIGHT, OF)                                                                                         \
  INLINE void OF(add_run)(const WEIGHT *RESTRICT row, int64_t n, int32_t shift, word *RESTRICT acc) {                   \
    for (int64_t k = 0; k < n; k++) acc[k] += up32(row[k], shift);                                                      \
  }                                                                                                                     \
  static void OF(add_rows)(const WEIGHT *weights, int64_t n, const int32_t *spikes, int64_t count, int32_t shift, word *acc) { \
    for (int64_t j = 0; j < count; j++) OF(add_run)(weights + spikes[j] * n, n, shift, acc);                            \
  }

#define OF(name) name##_8
DEFINE_ROWS(int8_t, OF)
#undef OF
#define OF(name) name##_16
DEFINE_ROWS(int16_t, OF)
#undef OF

#else

/* Rows of int8 whose sums int16 hold. */
enum { ROWS = 255 };

INLINE void add_lanes(int32_t *acc, lanes32 sum, int32_t shift) { store32(acc, load32(acc) + (sum << shift)); }

INLINE void add_halves(int32_t *acc, lanes16 sum, int32_t shift) {
  lanes32 low, high;
  widen16(sum, &low, &high);
  add_lanes(acc, low, shift);
  add_lanes(acc + LANES, high, shift);
}

INLINE void add_run_8(const int8_t *row, int64_t n, int32_t shift, int32_t *acc) {
  for (int64_t k = 0; k < n; k += LANES) add_lanes(acc + k, widened_i8(row + k), shift);
}

INLINE void add_run_16(const int16_t *row, int64_t n, int32_t shift, int32_t *acc) {
  for (int64_t k = 0; k < n; k += LANES) add_lanes(acc + k, widened_i16(row + k), shift);
}

/* Sum the rows of all spikes over STRIP columns in registers, then add the sums to the accumulators: four vectors of columns
   at a time as long as there are, then one. */
#define ADD_ROWS(VECTOR, LOAD, WIDTH, STORE)                                            \
  int64_t k = 0;                                                                        \
  for (; k + 4 * (WIDTH) <= n; k += 4 * (WIDTH)) {                                      \
    VECTOR a = {0}, b = {0}, c = {0}, d = {0};                                          \
    for (int64_t j = 0; j < count; j++) {                                               \
      const __typeof__(weights) row = weights + spikes[j] * n + k;                      \
      a += LOAD(row);                                                                   \
      b += LOAD(row + (WIDTH));                                                         \
      c += LOAD(row + 2 * (WIDTH));                                                     \
      d += LOAD(row + 3 * (WIDTH));                                                     \
    }                                                                                   \
    STORE(acc + k, a, shift);                                                           \
    STORE(acc + k + (WIDTH), b, shift);                                                 \
    STORE(acc + k + 2 * (WIDTH), c, shift);                                             \
    STORE(acc + k + 3 * (WIDTH), d, shift);                                             \
  }                                                                                     \
  for (; k < n; k += (WIDTH)) {                                                         \
    VECTOR a = {0};                                                                     \
    for (int64_t j = 0; j < count; j++) a += LOAD(weights + spikes[j] * n + k);         \
    STORE(acc + k, a, shift);                                                           \
  }

INLINE void add_some_rows(const int8_t *weights, int64_t n, const int32_t *spikes, int64_t count, int32_t shift, int32_t *acc) {
  ADD_ROWS(lanes16, halves_i8, 2 * LANES, add_halves)
}

static void add_rows_8(const int8_t *weights, int64_t n, const int32_t *spikes, int64_t count, int32_t shift, int32_t *acc) {
  for (int64_t j = 0; j < count; j += ROWS) add_some_rows(weights, n, spikes + j, min64(count - j, ROWS), shift, acc);
}

static void add_rows_16(const int16_t *weights, int64_t n, const int32_t *spikes, int64_t count, int32_t shift, int32_t *acc) {
  ADD_ROWS(lanes32, widened_i16, LANES, add_lanes)
}

#endif

#endif
