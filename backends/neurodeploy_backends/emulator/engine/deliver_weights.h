/* Sparse, delayed and shared delivery of the spikes of one block, for weights of one type. Included once with WEIGHT int8_t and
   once with int16_t; OF(name) makes the names differ. Nothing here has a guard: it is a template. */

/* A group of synapses: four 16-bit targets, then their four weights, so that a row is one run of memory. */
typedef struct {
  uint16_t target[4];
  WEIGHT weight[4];
} OF(Group);

/* Ask for the cache lines of groups [start, stop), of 64 at most. */
INLINE void OF(prefetch_groups)(const OF(Group) *groups, int64_t start, int64_t stop) {
  const char *line = (const char *)(groups + start), *end = (const char *)(groups + min64(stop, start + 64));
  for (; line < end; line += 64) PREFETCH(line);
}

/* Add the four weights of a group. Two loads for four targets, because loads and stores limit this loop. */
INLINE void OF(add_group)(const OF(Group) *group, int32_t shift, word *acc) {
  uint32_t first, second;
  __builtin_memcpy(&first, group->target, 4);
  __builtin_memcpy(&second, group->target + 2, 4);
  acc[first & 0xFFFF] += up32(group->weight[0], shift);
  acc[first >> 16] += up32(group->weight[1], shift);
  acc[second & 0xFFFF] += up32(group->weight[2], shift);
  acc[second >> 16] += up32(group->weight[3], shift);
}

/* Add the weights of groups [start, stop) to their accumulators. */
INLINE void OF(scatter)(const OF(Group) *groups, int64_t start, int64_t stop, int32_t shift, word *acc) {
  const OF(Group) *group = groups + start, *end = groups + stop;
  for (; group + 1 < end; group += 2) {
    OF(add_group)(group, shift, acc);
    OF(add_group)(group + 1, shift, acc);
  }
  if (group < end) OF(add_group)(group, shift, acc);
}

/* Sparse: groups by source. */
INLINE void OF(add_sparse)(const OF(Group) *groups, const int32_t *pointer, const int32_t *spikes, int64_t count, int32_t shift,
                          word *acc) {
  for (int64_t j = 0; j < count; j++) {
    if (j + AHEAD < count) {
      const int32_t *ahead = pointer + spikes[j + AHEAD];
      OF(prefetch_groups)(groups, ahead[0], ahead[1]);
    }
    const int32_t *row = pointer + spikes[j];
    OF(scatter)(groups, row[0], row[1], shift, acc);
  }
}

/* Tiled: sparse into many targets; the segments of all spikes are sorted by tile, so that one tile at a time stays in the
   cache. pointer: first segment of each source (n + 1), then for each segment its first group and its tile, and the end of the
   last one. */
INLINE void OF(add_tiled)(const OF(Group) *groups, const int32_t *pointer, const Block *block, const int32_t *spikes,
                          int64_t count, int32_t shift, int64_t *queue, word *acc, int64_t size) {
  const int64_t tiles = (size + ((int64_t)1 << block->tile_bits) - 1) >> block->tile_bits;
  const int32_t (*segment)[2] = (const int32_t (*)[2])(pointer + block->tiles + 1);
  int64_t *ends = queue, *sorted = queue + tiles + 1;
  for (int64_t k = 0; k <= tiles; k++) ends[k] = 0;
  for (int64_t j = 0; j < count; j++) {
    if (j + FAR < count) PREFETCH(segment + pointer[spikes[j + FAR]]);
    for (int64_t s = pointer[spikes[j]]; s < pointer[spikes[j] + 1]; s++) ends[segment[s][1] + 1]++;
  }
  for (int64_t k = 0; k < tiles; k++) ends[k + 1] += ends[k];
  const int64_t total = ends[tiles];
  for (int64_t j = 0; j < count; j++)
    for (int64_t s = pointer[spikes[j]]; s < pointer[spikes[j] + 1]; s++)
      sorted[ends[segment[s][1]]++] = up64(segment[s][0], 16) | (segment[s + 1][0] - segment[s][0]);
  for (int64_t done = 0, tile = 0; tile < tiles; tile++) {
    word *part = acc + (tile << block->tile_bits);
    for (; done < ends[tile]; done++) {
      if (done + FAR < total) {
        const int64_t ahead = sorted[done + FAR];
        OF(prefetch_groups)(groups, ahead >> 16, (ahead >> 16) + (ahead & 0xFFFF));
      }
      const int64_t next = sorted[done];
      OF(scatter)(groups, next >> 16, (next >> 16) + (next & 0xFFFF), shift, part);
    }
  }
}

/* Shared: patterns that several sources share, as those of a convolution do, each a few runs of neighboring targets. Zeros fill
   a run up to whole vectors. pointer: pattern and base of each source (2 n), then first run of each pattern (p + 1), then for
   each run its target relative to the base, its length and its first weight. */
static void OF(add_patterns)(const WEIGHT *weights, const int32_t *pointer, const Block *block, const int32_t *spikes,
                             int64_t count, word *acc) {
  const int32_t shift = (int32_t)block->shift;
  const int32_t *first_run = pointer + 2 * block->tiles, *runs = first_run + block->tile_bits + 1;
  for (int64_t j = 0; j < count; j++) {
    const int32_t *source = pointer + 2 * (int64_t)spikes[j];
    for (const int32_t *run = runs + 3 * first_run[source[0]]; run < runs + 3 * first_run[source[0] + 1]; run += 3)
      OF(add_run)(weights + run[2], run[1], shift, acc + source[1] + run[0]);
  }
}

/* Delayed: an index counts through the slots, starting with that of the next step. */
static void OF(add_delayed)(const WEIGHT *weights, const uint32_t *index, const int32_t *pointer, int32_t shift,
                            const int32_t *spikes, int64_t count, word *ring, int64_t end, int64_t now) {
  for (int64_t j = 0; j < count; j++) {
    if (j + AHEAD < count) {
      const int64_t ahead = pointer[spikes[j + AHEAD]];
      for (int line = 0; line < 128; line += 16) PREFETCH(index + ahead + line);
      PREFETCH(weights + ahead);
      PREFETCH(weights + ahead + 64);
    }
    for (int64_t k = pointer[spikes[j]]; k < pointer[spikes[j] + 1]; k++) {
      int64_t place = now + index[k];
      place -= place >= end ? end : 0;
      ring[place] += up32(weights[k], shift);
    }
  }
}

#if ND_WIDE
/* Valued: the same for sources that send values; weight * value is rounded to the nearest integer, ties to even. */
static void OF(add_valued)(const WEIGHT *weights, const uint32_t *index, const int32_t *pointer, int32_t shift,
                           const int32_t *spikes, int64_t count, const double *values, word *ring, int64_t end, int64_t now) {
  for (int64_t j = 0; j < count; j++) {
    const double value = values[spikes[j]];
    for (int64_t k = pointer[spikes[j]]; k < pointer[spikes[j] + 1]; k++) {
      int64_t place = now + index[k];
      place -= place >= end ? end : 0;
      ring[place] += valued_weight(weights[k], shift, value);
    }
  }
}
#endif

/* Add the rows of every spike that the source listed. */
static void OF(deliver)(const Call *call, const WEIGHT *weights, const Block *block, const Population *source,
                        const Population *target) {
  const Layout *layout = call->layout;
  State *state = call->state;
  const int32_t *spikes = listed(call, source), *pointer = layout->pointer.at + block->pointer;
  const int32_t shift = (int32_t)block->shift;
  const int64_t count = *count_of(call, block->source), end = target->slots * target->padded;
  const int64_t next = slot_of(call->step + 1 + block->delay, target->slots) * target->padded;
  word *ring = WORDS(state->acc, target->acc + block->plane * end, end), *acc = ring + next;
  const OF(Group) *groups = (const OF(Group) *)weights;
  switch (block->kind) {
    case DENSE: OF(add_rows)(weights, block->width, spikes, count, shift, acc); break;
    case SPARSE:
      if (shift == 0)
        OF(add_sparse)(groups, pointer, spikes, count, 0, acc);
      else
        OF(add_sparse)(groups, pointer, spikes, count, shift, acc);
      break;
    case SHARED: OF(add_patterns)(weights, pointer, block, spikes, count, acc); break;
    case TILED: {
      const int64_t each = state->queue.n / call->control->threads;
      int64_t *queue = VIEW(state->queue, call->control->thread * each, each);
      if (shift == 0)
        OF(add_tiled)(groups, pointer, block, spikes, count, 0, queue, acc, target->size);
      else
        OF(add_tiled)(groups, pointer, block, spikes, count, shift, queue, acc, target->size);
      break;
    }
    case DELAYED:
      OF(add_delayed)(weights, layout->index32.at + block->targets, pointer, shift, spikes, count, ring, end, next);
      break;
    default: {
#if ND_WIDE
      const double *values = VIEW(state->values, source->start, source->size);
      OF(add_valued)(weights, layout->index32.at + block->targets, pointer, shift, spikes, count, values, ring, end, next);
#endif
    }
  }
}
