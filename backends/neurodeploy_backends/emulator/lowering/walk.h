/* Generated from neurodeploy_backends.emulator.lowering.walk by neurodeploy.native.header; do not edit. */
#ifndef ND_WALK_H
#define ND_WALK_H
#include "kernels.h"

/* Synapses stored together: four targets, then their weights. */
enum {GROUP = 4};

/* Bits of the smallest tile of targets, and sizes that are tried, each twice the one before. */
enum {LEAST_BITS = 10, LEVELS = 6};

/* Forms that `fill` writes: rows of weights for all targets; an index and a weight each; groups. */
enum {ROWS = 0, LISTED = 1, GROUPED = 2};

/* Where the spikes of one part go: routes [start[i], stop[i]) of source i. */
typedef struct {
  span_i64 start;
  span_i64 stop;
  span_i32 core;
  /* Input axon of the core. */
  span_i32 axon;
} Routes;

/* The core tables, see `program.tables.Tables`, and what engine rows, classes and weights their entries have. */
typedef struct {
  span_i64 in_axon_ptr;
  span_i64 list_ptr;
  span_i64 compartment_ptr;
  span_i32 in_axon_list;
  span_i32 in_axon_base;
  span_i64 segment_ptr;
  span_i32 segment_format;
  span_i64 entry_ptr;
  span_u16 entry_target;
  span_i16 entry_mantissa;
  span_u8 entry_delay;
  /* (table rows,) engine row of each. */
  span_i32 row;
  /* (engine rows / 64,) part of each 64 engine rows. */
  span_i32 part;
  int64_t parts;
  /* (formats, delays) class of a synapse; the classes of one format are consecutive. */
  span_i32 class_of;
  int64_t delays;
  /* (formats, mantissas) weight of mantissa `lowest` + k. */
  span_i64 weight;
  int64_t mantissas;
  int64_t lowest;
} Walk;

/* The synapses of one class from one part to another, those with a weight of 0 left out. */
typedef struct {
  int64_t entries;
  /* Set in any weight. */
  int64_t bits;
  /* Least weight. */
  int64_t least;
  int64_t most;
  int64_t least_delay;
  int64_t most_delay;
} SynapseFacts;
typedef struct { const SynapseFacts *at; int64_t n; } span_SynapseFacts;

/* What `survey` fills. */
typedef struct {
  /* (classes, parts) of SYNAPSE_FACTS, all 0 before. */
  span_SynapseFacts facts;
  span_i64 plane_of_class;
  /* (planes, engine rows) sum of the negative weights that can reach a row in one step; the positive ones in `high`. */
  span_i64 low;
  span_i64 high;
  /* (sources,) synapses of each source, those with a weight of 0 left out; 0 before. */
  span_i32 counts;
} Survey;

/* One block that `fill` writes. */
typedef struct {
  /* ROWS, LISTED or GROUPED. */
  int64_t form;
  /* Of a weight: 1 or 2. */
  int64_t bytes;
  /* First engine row of the target. */
  int64_t start;
  /* Shift down of a weight. */
  int64_t shift;
  /* Weights of a row, or accumulators of a delay. */
  int64_t stride;
  /* Offset in `Fills.weights8` or `Fills.weights16`. */
  int64_t weights;
  /* Offset in `Fills.index32`, of listed ones. */
  int64_t targets;
  /* Offset in `Fills.pointer`, of listed and grouped ones: where each source begins. */
  int64_t pointer;
} Fill;
typedef struct { const Fill *at; int64_t n; } span_Fill;

/* The blocks of one source part, and the arenas into which they are written; these are 0 before. */
typedef struct {
  /* (classes, parts) number of the block; -1 for those that `fill` and `count` pass over. */
  span_i32 block;
  /* (blocks,) of FILL. */
  span_Fill blocks;
  /* (blocks,) scratch. */
  span_i64 place;
  span_i8 weights8;
  span_i16 weights16;
  span_u32 index32;
  span_i32 pointer;
} Fills;

/* The synapses of one block: a class, and engine rows [start, stop). */
typedef struct {
  int64_t kind;
  int64_t start;
  int64_t stop;
  /* Shift down of a weight. */
  int64_t shift;
  /* (2, n) scratch for the most synapses that one source has. */
  span_u64 room;
} Range;

/* Distinct lists of a part's sources: equal offsets from the first target, and equal weights. */
typedef struct {
  /* Hash table: 1 + number of a pattern, 0 before; a power of two above the number of sources. */
  span_i32 slots;
  /* (sources,) hash of each pattern. */
  span_u64 keys;
  /* (sources, 2) pattern and first target of each; -1 before, and where a source has no synapses. */
  span_i32 of_source;
  /* (sources + 1,) first word of each pattern, and one after the last; 0 before. */
  span_i64 first;
  /* Offset << 16 | weight of each synapse of the patterns. */
  span_u64 words;
} Patterns;

/* A block sorted by tile of its targets. */
typedef struct {
  /* Of a tile's size. */
  int64_t bits;
  int64_t bytes;
  int64_t segments;
  /* Offset of the groups in `Fills.weights8` or `Fills.weights16`. */
  int64_t weights;
  /* Offset in `Fills.pointer`: first segment of each source (n + 1), then first group and tile of each segment (m + 1). */
  int64_t pointer;
} Tiles;

#endif  /* ND_WALK_H */
