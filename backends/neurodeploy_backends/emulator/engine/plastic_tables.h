/* Generated from neurodeploy_backends.emulator.engine.plastic_tables by neurodeploy.native.header; do not edit. */
#ifndef ND_PLASTIC_TABLES_H
#define ND_PLASTIC_TABLES_H
#include "kernels.h"

/* Least value of a trace, and number of values that a trace can have: those that third factors or graded spikes set too. */
enum {LEAST_TRACE = -128, TRACE_VALUES = 384};

/* Least learned weight, and their number. */
enum {LEAST_MANTISSA = -256, MANTISSAS = 512};

/* Range of d. */
enum {LEAST_DELAY = 0, MOST_DELAY = 255};

/* Range of t. The accumulator does not hold the least one, so that such a tag changes at the end of every epoch. */
enum {LEAST_TAG = -257, MOST_TAG = 255};

/* Traces of a projection, in the order of their records; as factors of a product, too. */
enum {X1 = 0, X2 = 1, Y1 = 2, Y2 = 3, Y3 = 4};

/* Dependencies of a product. */
enum {OF_X0 = 0, OF_Y0 = 1, OF_U = 2};

/* Factors that are no traces: 1 if the source, the target spiked in the epoch. */
enum {X0 = 5, Y0 = 6};

/* Factors that are variables of a synapse. */
enum {W = 7, D = 8, T = 9};

/* What the value of a graded spike does to x1. */
enum {REGULAR = 0, OVERWRITE = 1, SATURATING = 2, OVERFLOWING = 3};

/* Rows of draws. */
enum {X_DECAY = 0, X_IMPULSE = 1, Y_DECAY = 2, Y_IMPULSE = 3, Y_REPEATED = 4, OF_SYNAPSES = 5};

enum {DRAWS = 6};

/* Values that a trace of PES can have. */
enum {PES_TRACES = 128};

/* Steps after which a trace has reached the value where it stays. */
enum {MOST_LEVELS = 255};

/* One plastic projection. All int64; offsets are those of its first element in an array of `Plasticity`. */
typedef struct {
  /* Number of the population that sends. */
  int64_t source;
  /* Number of the population that receives. */
  int64_t target;
  /* Synapses. */
  int64_t n;
  int64_t n_source;
  int64_t n_target;
  /* Offset in `pointer`: first synapse of each source, and one after the last. */
  int64_t rows;
  /* Offset in `pointer`: first element in `column` of each target, and one after the last. */
  int64_t columns;
  /* Offset in `post`, `pre`, `place`, `delay` and `column`. */
  int64_t synapse;
  /* 1 if each source reaches all rows of the target, in their order, with one delay. */
  int64_t dense;
  /* Shift up of a weight to the unit of the accumulators; -1 where `weight` has to be read. */
  int64_t shift;
  /* Offset in `weight`. */
  int64_t weight;
  /* The longest delay. */
  int64_t most_delay;
  /* Offset in `plane`. */
  int64_t plane;
  /* Offset in `learned` of w, then d and t, (3, n). */
  int64_t learned;
  /* Offset in `traces` of x1, x2 (n_source), y1, y2, y3 (n_target). */
  int64_t trace;
  /* Offset in `spiked_at` and `listed` of the sources, then the targets. */
  int64_t spiked;
  /* Offset in `sent`, and three times that in `third_weight` and `next`, of the targets. */
  int64_t target_at;
  /* Steps of an epoch. */
  int64_t epoch;
  /* REGULAR ... OVERFLOWING. */
  int64_t graded;
  /* 1 if the rule has third factors: the target computes its traces. */
  int64_t thirds;
  /* Number of the population that sets y1; -1 for none. */
  int64_t third_1;
  int64_t third_2;
  int64_t third_3;
  /* First of its products in `terms`: those of w, then d and t. */
  int64_t terms;
  int64_t term_d;
  int64_t term_t;
  int64_t term_stop;
  /* Offset in `left` of the factors of sources, (products, n_source). */
  int64_t left;
  /* Offset in `right` of those of targets, (products, n_target). */
  int64_t right;
  /* Variables that the rule reads or changes: 1 w, 2 d, 4 t. */
  int64_t reads;
  /* Range of w. */
  int64_t w_low;
  int64_t w_high;
  /* Its record in `PesPart.rules`; -1 for a sum of products. */
  int64_t pes;
} LinkRecord;
typedef struct { const LinkRecord *at; int64_t n; } span_LinkRecord;

/* One trace; each projection has five. All int64. */
typedef struct {
  /* 0 if it is 0 all the time. */
  int64_t live;
  /* What a spike adds. */
  int64_t whole;
  /* Draw below which it adds 1 more. */
  int64_t fraction;
  /* The same at the end of an epoch, where values of graded spikes or of the target replace impulses. */
  int64_t end_whole;
  int64_t end_fraction;
} TraceRecord;
typedef struct { const TraceRecord *at; int64_t n; } span_TraceRecord;

/* One product. All int64. */
typedef struct {
  /* OF_X0 ... OF_U. */
  int64_t dependency;
  /* Of u: epochs from one time to the next. */
  int64_t period;
  int64_t mantissa;
  /* Bits that the width of its factors exceeds the accumulator by. */
  int64_t down;
  /* Shift up after that. */
  int64_t up;
  /* First of its factors. */
  int64_t factors;
  int64_t factor_stop;
} TermRecord;
typedef struct { const TermRecord *at; int64_t n; } span_TermRecord;

/* One factor of a product. All int64. */
typedef struct {
  /* X1 ... T. */
  int64_t variable;
  int64_t constant;
  /* 1 if only the sign counts. */
  int64_t sign;
  /* Range of the factor. */
  int64_t low;
  int64_t high;
} FactorRecord;
typedef struct { const FactorRecord *at; int64_t n; } span_FactorRecord;

/* One PES projection. All int64; offsets are those of its first element in an array of `PesPart`. */
typedef struct {
  /* Number of the population or input that gives the error. */
  int64_t error;
  /* Offset in `sent` and `spiked`. */
  int64_t source_at;
  /* Offset in `error`. */
  int64_t error_at;
  /* Of the learning rate. */
  int64_t mantissa;
  /* Bits by which mantissa * trace * error is shifted up to the unit of the accumulator; down if negative. */
  int64_t shift;
  /* Low bits of a mantissa that are not stored. */
  int64_t low_bits;
  /* Steps between updates of the trace. */
  int64_t trace_epoch;
  /* Steps between updates of the weights. */
  int64_t epoch;
  /* 0 if fractions are dropped. */
  int64_t rounds;
  /* 1 if each source reaches all targets. */
  int64_t rows;
} PesRecord;
typedef struct { const PesRecord *at; int64_t n; } span_PesRecord;

/* What PES projections have besides: their rules, and the state of one sample. */
typedef struct {
  /* (projections,) of PES. */
  span_PesRecord rules;
  /* (projections,) factor of the error. */
  span_f64 scale;
  /* (projections, 2, PES_TRACES) next value of a trace, rounded down: without and with a spike since the last. */
  span_i16 whole;
  /* The same: 2**32 times the draw below which it rounds up. */
  span_i64 chance;
  /* (projections,) of the draws of this sample. */
  span_u64 key;
  /* 1 where a source spiked in the step before. */
  span_u8 sent;
  /* 1 where a source has spiked since its trace was updated. */
  span_u8 spiked;
  /* Of each pair of targets, from the step before. */
  span_i16 error;
  /* Values of the lines of an error; scratch. */
  span_f64 lines;
  /* Error of each target with its sign; scratch. */
  span_i32 signs;
} PesPart;

/* All plastic projections of a program, and the state of one sample. */
typedef struct {
  /* (projections,) of LINK. */
  span_LinkRecord links;
  /* (5 * projections,) of TRACE. */
  span_TraceRecord kinds;
  /* Of TERM. */
  span_TermRecord terms;
  /* Of FACTOR. */
  span_FactorRecord factors;
  span_i64 pointer;
  /* (synapses,) source of each. */
  span_i32 pre;
  /* (synapses,) target of each. */
  span_i32 post;
  /* (synapses,) row of the target, from its first. */
  span_i32 place;
  /* (synapses,). */
  span_u8 delay;
  /* Synapses by target and then by source. */
  span_i32 column;
  /* Their sources, in the same order. */
  span_i32 column_pre;
  /* (projections, MANTISSAS) what a mantissa adds, in the unit of the accumulators. */
  span_i32 weight;
  /* Plane of the target for each delay. */
  span_i64 plane;
  /* (5 * projections, TRACE_VALUES) value one step later, rounded down. */
  span_i16 decay;
  /* The same: what is rounded off. */
  span_f64 fraction;
  /* (5 * projections, 2, TRACE_VALUES) value one step later of a trace that the target computes: without and with a spike. */
  span_i16 computed;
  /* (3, targets) of each projection: factors of what a third factor sends. */
  span_i64 third_weight;
  /* 0 if weights stay as they are. */
  int64_t learns;
  /* Step to which index 0 of the draws belongs: 1, or a later one in a session. */
  int64_t drawn_from;
  /* Steps for which there are draws. */
  int64_t steps;
  /* (projections, DRAWS, steps). */
  span_f64 draws;
  /* w, d and t. */
  span_i16 learned;
  /* Traces as they are between two steps. */
  span_i16 traces;
  /* The same after the last spike of the epoch; scratch. */
  span_i16 own;
  /* The same at the end of the epoch; scratch. */
  span_i16 final;
  /* Step of the epoch in which a source or target spiked last, from 1; 0 if it has not. */
  span_i32 spiked_at;
  /* Sources, then targets, that have spiked in the epoch. */
  span_i32 listed;
  /* (projections, 3) how many sources and targets are listed; 1 if all synapses are due at the end of the epoch. */
  span_i64 counts;
  /* 1 where a target spiked in the step before, of rules with third factors. */
  span_u8 sent;
  /* (3, targets) of each projection: what third factors set in the next step. */
  span_i64 next;
  /* (5, MOST_LEVELS + 1, TRACE_VALUES) value of each trace some steps later; scratch. */
  span_i16 levels;
  /* Factors of the sources in each product, where an epoch is one step; scratch. */
  span_i32 left;
  /* The same of targets. */
  span_i32 right;
  /* (2, neurons) numbers of neurons that are held in another order; scratch. */
  span_i32 room;
  /* (populations,) 1 where spikes carry values. */
  span_u8 valued;
  /* (columns,) probed element of `learned`, or -1 - the element of `traces`. */
  span_i64 probe_place;
  /* (samples, steps, columns). */
  span_i64 probes;
  PesPart pes;
} Plasticity;

#endif  /* ND_PLASTIC_TABLES_H */
