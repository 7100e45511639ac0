/* From a route to the synapses that it reaches. */
#ifndef ND_REACH_H
#define ND_REACH_H
#include "walk.h"

/* The list that one route reaches: segments [first, stop), and the table row of target 0. */
typedef struct {
  int64_t first, stop, base;
} Reach;

INLINE Reach reach_of(const Walk *walk, const Routes *routes, int64_t route) {
  const int64_t core = AT(routes->core, route), axon = AT(walk->in_axon_ptr, core) + AT(routes->axon, route);
  const int64_t list = AT(walk->list_ptr, core) + AT(walk->in_axon_list, axon);
  return (Reach){AT(walk->segment_ptr, list), AT(walk->segment_ptr, list + 1),
                 AT(walk->compartment_ptr, core) + AT(walk->in_axon_base, axon)};
}

/* The columns of one segment. */
typedef struct {
  int64_t n;
  const uint16_t *target;
  const int16_t *mantissa;
  const uint8_t *delay;
  const int64_t *weight; /* by mantissa - lowest */
  const int32_t *kind;   /* by delay */
} Segment;

INLINE Segment segment_of(const Walk *walk, int64_t number) {
  const int64_t from = AT(walk->entry_ptr, number), n = AT(walk->entry_ptr, number + 1) - from;
  const int64_t style = AT(walk->segment_format, number);
  return (Segment){n,
                   VIEW(walk->entry_target, from, n),
                   VIEW(walk->entry_mantissa, from, n),
                   VIEW(walk->entry_delay, from, n),
                   VIEW(walk->weight, style * walk->mantissas, walk->mantissas),
                   VIEW(walk->class_of, style * walk->delays, walk->delays)};
}

INLINE int64_t weight_of(const Walk *walk, const Segment *segment, int64_t k) {
  return segment->weight[CHECKED(segment->mantissa[k] - walk->lowest, 1, walk->mantissas)];
}

INLINE int64_t kind_of(const Walk *walk, const Segment *segment, int64_t k) {
  (void)walk;
  return segment->kind[CHECKED(segment->delay[k], 1, walk->delays)];
}

/* Index of a class and the part of an engine row in tables (classes, parts). */
INLINE int64_t pair_of(const Walk *walk, int64_t kind, int64_t row) { return kind * walk->parts + AT(walk->part, row >> 6); }

#endif
