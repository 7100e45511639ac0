/* Walks that visit all synapses of a part: what they are, how many each source has, and writing them to the arenas. */
#include "reach.h"

static int64_t survey_segment(const Walk *walk, int64_t number, int64_t base, const Survey *into, int64_t rows) {
  const Segment segment = segment_of(walk, number);
  int64_t count = 0;
  for (int64_t k = 0; k < segment.n; k++) {
    const int64_t weight = weight_of(walk, &segment, k);
    if (weight == 0) continue;
    const int64_t row = AT(walk->row, base + segment.target[k]), kind = kind_of(walk, &segment, k), delay = segment.delay[k];
    SynapseFacts *fact = (SynapseFacts *)VIEW(into->facts, pair_of(walk, kind, row), 1);
    fact->least_delay = fact->entries == 0 ? delay : min64(fact->least_delay, delay);
    fact->most_delay = max64(fact->most_delay, delay);
    fact->entries++;
    fact->bits |= weight;
    fact->least = min64(fact->least, weight);
    fact->most = max64(fact->most, weight);
    const span_i64 sums = weight < 0 ? into->low : into->high;
    AT(sums, AT(into->plane_of_class, kind) * rows + row) += weight;
    count++;
  }
  return count;
}

/* Fill `into` from all synapses of a part; return the most entries that one source has. */
EXPORT(int64_t, survey)(const Walk *walk, const Routes *routes, const Survey *into) {
  const int64_t rows = 64 * walk->part.n;
  int64_t most = 0;
  for (int64_t source = 0; source < routes->start.n; source++) {
    int64_t count = 0;
    for (int64_t route = AT(routes->start, source); route < AT(routes->stop, source); route++) {
      const Reach reach = reach_of(walk, routes, route);
      count += AT(walk->entry_ptr, reach.stop) - AT(walk->entry_ptr, reach.first);
      for (int64_t number = reach.first; number < reach.stop; number++)
        AT(into->counts, source) += (int32_t)survey_segment(walk, number, reach.base, into, rows);
    }
    most = max64(most, count);
  }
  return most;
}

static void count_segment(const Walk *walk, int64_t number, int64_t base, const span_i32 *block, int64_t source, int64_t sources,
                          const span_i32 *counts) {
  const Segment segment = segment_of(walk, number);
  for (int64_t k = 0; k < segment.n; k++) {
    const int64_t row = AT(walk->row, base + segment.target[k]);
    const int64_t own = AT(*block, pair_of(walk, kind_of(walk, &segment, k), row));
    if (own >= 0 && weight_of(walk, &segment, k) != 0) AT(*counts, own * sources + source)++;
  }
}

/* Add the number of synapses of each source to `counts` (blocks, sources); `block` (classes, parts) names the blocks. */
EXPORT(int64_t, count)(const Walk *walk, const Routes *routes, const span_i32 *block, const span_i32 *counts) {
  const int64_t sources = routes->start.n;
  for (int64_t source = 0; source < sources; source++)
    for (int64_t route = AT(routes->start, source); route < AT(routes->stop, source); route++) {
      const Reach reach = reach_of(walk, routes, route);
      for (int64_t number = reach.first; number < reach.stop; number++)
        count_segment(walk, number, reach.base, block, source, sources, counts);
    }
  return 0;
}

/* Write a weight to element `at` of an arena. */
INLINE void put_weight(const Fills *fills, int64_t bytes, int64_t at, int64_t weight) {
  if (bytes == 1)
    AT(fills->weights8, at) = (int8_t)weight;
  else
    AT(fills->weights16, at) = (int16_t)weight;
}

/* Write synapse `k` of a block that begins at element `first` and is stored in groups of four. */
INLINE void put_grouped(const Fills *fills, int64_t bytes, int64_t first, int64_t k, int64_t target, int64_t weight) {
  const int64_t group = k / GROUP, lane = k % GROUP;
  const uint16_t narrow = (uint16_t)target;
  if (bytes == 1) {
    int8_t *place = VIEW(fills->weights8, first + group * 3 * GROUP, 3 * GROUP);
    __builtin_memcpy(place + 2 * lane, &narrow, 2);
    place[2 * GROUP + lane] = (int8_t)weight;
  } else {
    int16_t *place = VIEW(fills->weights16, first + group * 2 * GROUP, 2 * GROUP);
    __builtin_memcpy(place + lane, &narrow, 2);
    place[GROUP + lane] = (int16_t)weight;
  }
}

static void fill_segment(const Walk *walk, int64_t number, int64_t base, const Fills *fills) {
  const Segment segment = segment_of(walk, number);
  for (int64_t k = 0; k < segment.n; k++) {
    const int64_t row = AT(walk->row, base + segment.target[k]), weight = weight_of(walk, &segment, k);
    const int64_t own = AT(fills->block, pair_of(walk, kind_of(walk, &segment, k), row));
    if (own < 0 || weight == 0) continue;
    const Fill *fill = VIEW(fills->blocks, own, 1);
    int64_t *place = VIEW(fills->place, own, 1);
    const int64_t target = row - fill->start, shown = weight >> fill->shift;
    if (fill->form == ROWS) {
      put_weight(fills, fill->bytes, *place + target, shown);
    } else if (fill->form == GROUPED) {
      put_grouped(fills, fill->bytes, fill->weights, (*place)++, target, shown);
    } else {
      AT(fills->index32, fill->targets + *place) = (uint32_t)(segment.delay[k] * fill->stride + target);
      put_weight(fills, fill->bytes, fill->weights + (*place)++, shown);
    }
  }
}

/* Write all blocks of a part that are rows, lists or groups. */
EXPORT(int64_t, fill)(const Walk *walk, const Routes *routes, const Fills *fills) {
  for (int64_t source = 0; source < routes->start.n; source++) {
    for (int64_t own = 0; own < fills->blocks.n; own++) {
      const Fill *fill = VIEW(fills->blocks, own, 1);
      AT(fills->place, own) = fill->form == ROWS     ? fill->weights + source * fill->stride
                              : fill->form == LISTED ? AT(fills->pointer, fill->pointer + source)
                                                     : GROUP * (int64_t)AT(fills->pointer, fill->pointer + source);
    }
    for (int64_t route = AT(routes->start, source); route < AT(routes->stop, source); route++) {
      const Reach reach = reach_of(walk, routes, route);
      for (int64_t number = reach.first; number < reach.stop; number++) fill_segment(walk, number, reach.base, fills);
    }
  }
  return 0;
}

/* --- blocks whose sources are sorted by target */

/* Write the synapses of one source in a range to its room, as (row - start) << 16 | weight; return how many. */
static int64_t gathered(const Walk *walk, const Routes *routes, int64_t source, const Range *range) {
  int64_t count = 0;
  for (int64_t route = AT(routes->start, source); route < AT(routes->stop, source); route++) {
    const Reach reach = reach_of(walk, routes, route);
    for (int64_t number = reach.first; number < reach.stop; number++) {
      const Segment segment = segment_of(walk, number);
      if (segment.kind[0] > range->kind || segment.kind[walk->delays - 1] < range->kind) continue;
      uint64_t *room = VIEW(range->room, count, segment.n);
      int64_t kept = 0;
      for (int64_t k = 0; k < segment.n; k++) {
        const int64_t row = AT(walk->row, reach.base + segment.target[k]), weight = weight_of(walk, &segment, k);
        room[kept] = (uint64_t)(row - range->start) << 16 | (uint16_t)(weight >> range->shift);
        kept += (row >= range->start) & (row < range->stop) & (weight != 0) & (kind_of(walk, &segment, k) == range->kind);
      }
      count += kept;
    }
  }
  return count;
}

/* Sources of few synapses are sorted by insertion, and longer ones by digits of this many bits. */
enum { FEW = 24, DIGIT_BITS = 8, DIGITS = 1 << DIGIT_BITS };

/* Sort n words by all but their low 16 bits; return the half of the room in which they then lie. */
static const uint64_t *sorted(uint64_t *words, uint64_t *other, int64_t n) {
  uint64_t least = ~(uint64_t)0, most = 0, falls = 0;
  for (int64_t k = 0; k < n; k++) {
    const uint64_t row = words[k] >> 16;
    falls |= (uint64_t)(row < most);
    least = row < least ? row : least;
    most = row > most ? row : most;
  }
  if (!falls) return words;
  if (n <= FEW) {
    for (int64_t k = 1; k < n; k++) {
      const uint64_t word = words[k];
      int64_t at = k;
      for (; at > 0 && words[at - 1] >> 16 > word >> 16; at--) words[at] = words[at - 1];
      words[at] = word;
    }
    return words;
  }
  for (int shift = 0; (most - least) >> shift; shift += DIGIT_BITS) {
    int64_t ends[DIGITS] = {0}, end = 0;
    for (int64_t k = 0; k < n; k++) ends[((words[k] >> 16) - least) >> shift & (DIGITS - 1)]++;
    for (int64_t digit = 0; digit < DIGITS; digit++) {
      const int64_t count = ends[digit];
      ends[digit] = end;
      end += count;
    }
    for (int64_t k = 0; k < n; k++) other[ends[((words[k] >> 16) - least) >> shift & (DIGITS - 1)]++] = words[k];
    uint64_t *swap = words;
    words = other;
    other = swap;
  }
  return words;
}

/* The synapses of one source in a range, sorted by target; `count` of them. */
static const uint64_t *sorted_synapses(const Walk *walk, const Routes *routes, int64_t source, const Range *range, int64_t *count) {
  const int64_t half = range->room.n / 2;
  *count = gathered(walk, routes, source, range);
  return sorted(VIEW(range->room, 0, half), VIEW(range->room, half, half), *count);
}

static uint64_t hash_of(const uint64_t *words, int64_t n) {
  const uint64_t base = words[0] & ~(uint64_t)0xFFFF;
  uint64_t key = UINT64_C(14695981039346656037);
  for (int64_t k = 0; k < n; k++) key = (key ^ (words[k] - base)) * UINT64_C(1099511628211);
  return key ^ key >> 29;
}

static int is_pattern(const Patterns *found, int64_t pattern, uint64_t key, const uint64_t *words, int64_t n) {
  const int64_t first = AT(found->first, pattern);
  if (AT(found->keys, pattern) != key || AT(found->first, pattern + 1) - first != n) return 0;
  const uint64_t base = words[0] & ~(uint64_t)0xFFFF, *known = VIEW(found->words, first, n);
  uint64_t differ = 0;
  for (int64_t k = 0; k < n; k++) differ |= known[k] ^ (words[k] - base);
  return differ == 0;
}

/* Find the patterns of all sources; return how many, or -1 if they do not fit `found->words`. */
EXPORT(int64_t, find_patterns)(const Walk *walk, const Routes *routes, const Range *range, const Patterns *found) {
  const uint64_t mask = (uint64_t)found->slots.n - 1;
  int64_t patterns = 0;
  for (int64_t source = 0; source < routes->start.n; source++) {
    int64_t n;
    const uint64_t *words = sorted_synapses(walk, routes, source, range, &n);
    if (n == 0) continue;
    const uint64_t key = hash_of(words, n);
    uint64_t slot = key & mask;
    while (AT(found->slots, slot) && !is_pattern(found, AT(found->slots, slot) - 1, key, words, n)) slot = (slot + 1) & mask;
    if (AT(found->slots, slot) == 0) {
      const int64_t at = AT(found->first, patterns);
      if (at + n > found->words.n) return -1;
      uint64_t *kept = VIEW(found->words, at, n);
      for (int64_t k = 0; k < n; k++) kept[k] = words[k] - (words[0] & ~(uint64_t)0xFFFF);
      AT(found->keys, patterns) = key;
      AT(found->first, patterns + 1) = at + n;
      AT(found->slots, slot) = (int32_t)++patterns;
    }
    AT(found->of_source, 2 * source) = AT(found->slots, slot) - 1;
    AT(found->of_source, 2 * source + 1) = (int32_t)(words[0] >> 16);
  }
  return patterns;
}

/* Count the segments and the groups of a block for every size of tile: into `totals` (LEVELS, 2). */
EXPORT(int64_t, count_tiles)(const Walk *walk, const Routes *routes, const Range *range, const span_i64 *totals) {
  for (int64_t source = 0; source < routes->start.n; source++) {
    int64_t n;
    const uint64_t *words = sorted_synapses(walk, routes, source, range, &n);
    for (int64_t level = 0; level < LEVELS; level++) {
      const int64_t bits = 16 + LEAST_BITS + level;
      for (int64_t k = 0, stop; k < n; k = stop) {
        for (stop = k + 1; stop < n && words[stop] >> bits == words[k] >> bits;) stop++;
        AT(*totals, 2 * level)++;
        AT(*totals, 2 * level + 1) += (stop - k + GROUP - 1) / GROUP;
      }
    }
  }
  return 0;
}

/* Write a block that is sorted by tile. */
EXPORT(int64_t, fill_tiles)(const Walk *walk, const Routes *routes, const Range *range, const Tiles *tiles, const Fills *fills) {
  const int64_t sources = routes->start.n, bits = 16 + tiles->bits;
  int32_t *first = VIEW(fills->pointer, tiles->pointer, sources + 1);
  int32_t *start = VIEW(fills->pointer, tiles->pointer + sources + 1, 2 * tiles->segments + 2);
  int64_t segment = 0, group = 0;
  for (int64_t source = 0; source < sources; source++) {
    int64_t n;
    const uint64_t *words = sorted_synapses(walk, routes, source, range, &n);
    first[source] = (int32_t)segment;
    for (int64_t k = 0, stop; k < n; k = stop) {
      for (stop = k; stop < n && words[stop] >> bits == words[k] >> bits; stop++) {
        const int64_t target = (int64_t)(words[stop] >> 16) & ((1 << tiles->bits) - 1);
        put_grouped(fills, tiles->bytes, tiles->weights, GROUP * group + stop - k, target, (int16_t)words[stop]);
      }
      start[2 * segment] = (int32_t)group;
      start[2 * segment++ + 1] = (int32_t)(words[k] >> bits);
      group += (stop - k + GROUP - 1) / GROUP;
    }
  }
  first[sources] = (int32_t)segment;
  start[2 * segment] = (int32_t)group;
  return segment;
}
