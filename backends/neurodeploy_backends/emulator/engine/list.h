/* Lists of what fires in a step: neurons that a bit or a byte marks, and the events, rasters and values of inputs. */
#ifndef ND_LIST_H
#define ND_LIST_H
#include "lanes.h"
#include "words.h"

/* Append first + the place of every byte that is not 0, of n bytes, a multiple of 64; return the new count. */
INLINE int64_t list_bytes(const uint8_t *bytes, int64_t n, int32_t first, int32_t *list, int64_t count) {
  for (int64_t low = 0; low < n; low += 64) count = list_bits(bits_of_bytes(bytes + low), first + (int32_t)low, list, count);
  return count;
}

/* Lines of a raster that fire in this step; their number. */
static int64_t list_raster(const Call *call, const Population *pop) {
  const Stimuli *stimuli = call->stimuli;
  const int64_t shown = call->step - stimuli->begin;
  if (shown >= stimuli->steps) return 0;
  const int64_t n = pop->size, whole = n & ~(int64_t)63;
  const int64_t at = AT(stimuli->column, pop->input) + (call->sample * stimuli->steps + shown) * n;
  const uint8_t *fires = VIEW(stimuli->raster, at, n);
  int32_t *spikes = listed(call, pop);
  int64_t count = list_bytes(fires, whole, 0, spikes, 0);
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
  const int64_t index = call->step - stimuli->begin;
  if (index >= stimuli->steps) return 0;
  const int64_t at = (call->sample * stimuli->steps + index) * stimuli->value_columns + pop->input;
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
