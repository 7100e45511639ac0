/* Generated from neurodeploy.network.procedural.nouns by neurodeploy.native.header; do not edit. */
#ifndef ND_NOUNS_H
#define ND_NOUNS_H
#include "kernels.h"

/* How partners are drawn: different ones, with repeats, by distance. */
enum {DIFFERENT = 0, REPEATED = 1, NEAR = 2};

/* A distance kernel on three axes. */
typedef struct {
  /* (3,) neurons of the source along each axis. */
  span_i64 sources;
  /* (3,) neurons of the target along each axis. */
  span_i64 targets;
  /* (3,) distance of 1 of `a` on each axis, see `network.procedural.geometry`. */
  span_f64 lengths;
  /* (3,) sources on either side of a target that can be within the radius, or more. */
  span_i64 reach;
  /* Steps of the profile in a squared distance of 1. */
  double unit;
  /* 1 if opposite ends of each axis meet. */
  int64_t periodic;
  /* Threshold of each step of the profile, for words of 32 bits, and 0 for pairs beyond. */
  span_u64 thresholds;
} Geometry;

/* How the partners of a neuron are drawn. */
typedef struct {
  /* DIFFERENT, REPEATED or NEAR. */
  int64_t how;
  /* Neurons that one neuron can be joined to. */
  int64_t room;
  /* 1 if neuron k is never joined to neuron k. */
  int64_t skips_itself;
  /* (1,) state of the keys of partners. */
  span_u64 start;
  /* Distances, of NEAR. */
  Geometry near;
} Rule;

/* Memory of one thread, 0 between calls where it is flags. */
typedef struct {
  /* One bit for each possible partner; 8 words for each mark. */
  span_u64 bits;
  /* Whether one of 8 words of `bits` is not 0; a multiple of 8. */
  span_u8 marks;
  /* How often each possible partner was drawn, of REPEATED. */
  span_u8 times;
  /* Sources along each axis, one axis behind the other, of NEAR. */
  span_i32 places;
  /* Their squared distances, in steps of the profile. */
  span_f64 squares;
} Scratch;

/* Where the weights and delays of synapses come from. */
typedef struct {
  /* (1,) state of the keys of values. */
  span_u64 start;
  /* Values of a weight's distribution: 1 or 65536. */
  int64_t levels;
  /* (1 or 65536,) delays in steps. */
  span_u8 delays;
} Values;

#endif  /* ND_NOUNS_H */
