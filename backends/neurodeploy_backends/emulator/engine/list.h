/* Lists of what fires in a step: flagged neurons, and the events, rasters and values of inputs. */
#ifndef ND_LIST_H
#define ND_LIST_H
#include "words.h"

#if defined(__AVX512BW__)
#include <immintrin.h>
#elif defined(__SSE2__)
#include <emmintrin.h>
#endif

/* 64 bits, one for each of 64 bytes: set where the byte is not 0. */
INLINE uint64_t bits_of(const uint8_t *bytes) {
#if defined(__AVX512BW__)
  const __m512i all = _mm512_loadu_si512(bytes);
  return _mm512_test_epi8_mask(all, all);
#elif defined(__SSE2__)
  uint64_t bits = 0;
  for (int part = 0; part < 4; part++) {
    const __m128i some = _mm_loadu_si128((const __m128i *)(bytes + 16 * part));
    const int zero = _mm_movemask_epi8(_mm_cmpeq_epi8(some, _mm_setzero_si128()));
    bits |= (uint64_t)(~zero & 0xFFFF) << (16 * part);
  }
  return bits;
#else
  uint64_t bits = 0;
  for (int k = 0; k < 64; k++) bits |= (uint64_t)(bytes[k] != 0) << k;
  return bits;
#endif
}

/* Append first + the index of every byte that is not 0, of n bytes, a multiple of 64; return the new count. */
INLINE int64_t list_flags(const uint8_t *flags, int64_t n, int32_t first, int32_t *spikes, int64_t count) {
  for (int64_t low = 0; low < n; low += 64) {
    uint64_t bits = bits_of(flags + low);
    while (bits) {
      spikes[count++] = first + (int32_t)low + __builtin_ctzll(bits);
      bits &= bits - 1;
    }
  }
  return count;
}

/* Lines of a raster that fire in this step; their number. */
static int64_t list_raster(const Call *call, const Population *pop) {
  const Stimuli *stimuli = call->stimuli;
  if (call->step > stimuli->steps) return 0;
  const int64_t n = pop->size, whole = n & ~(int64_t)63;
  const int64_t at = AT(stimuli->column, pop->input) + (call->sample * stimuli->steps + call->step - 1) * n;
  const uint8_t *fires = VIEW(stimuli->raster, at, n);
  int32_t *spikes = listed(call, pop);
  int64_t count = list_flags(fires, whole, 0, spikes, 0);
  for (int64_t line = whole; line < n; line++)
    if (fires[line]) spikes[count++] = (int32_t)line;
  return count;
}

/* Lines of an input that fire in this step; their number. Events are sorted by sample and step. */
static int64_t list_input(const Call *call, const Population *pop) {
  const Stimuli *stimuli = call->stimuli;
  if (AT(stimuli->column, pop->input) >= 0) return list_raster(call, pop);
  int64_t *cursor = VIEW(call->state->cursor, pop->input, 1);
  const int64_t stop = AT(stimuli->first, pop->input + 1), sample = call->sample, step = call->step;
  const int32_t *event = VIEW(stimuli->events, 3 * *cursor, 3 * (stop - *cursor));
  const int32_t *end = event + 3 * (stop - *cursor), *begin = event;
  while (event < end && (event[0] < sample || (event[0] == sample && event[1] < step))) event += 3;
  int32_t *spikes = listed(call, pop);
  int64_t count = 0;
  for (; event < end && event[1] == step && event[0] == sample; event += 3) spikes[count++] = event[2];
  *cursor += (event - begin) / 3;
  return count;
}

/* Lines of an input of values that are not 0 in this step, their values stored; their number. */
static int64_t list_values(const Call *call, const Population *pop) {
  const Stimuli *stimuli = call->stimuli;
  if (call->step > stimuli->steps) return 0;
  const int64_t at = (call->sample * stimuli->steps + call->step - 1) * stimuli->value_columns + pop->input;
  const double *shown = VIEW(stimuli->values, at, pop->size);
  double *values = VIEW(call->state->values, pop->start, pop->size);
  int32_t *spikes = listed(call, pop);
  int64_t count = 0;
  for (int64_t line = 0; line < pop->size; line++) {
    values[line] = shown[line];
    if (shown[line] != 0.0) spikes[count++] = (int32_t)line;
  }
  return count;
}

#endif
