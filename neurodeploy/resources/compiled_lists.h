/* Generated from neurodeploy.resources.compiled_lists by neurodeploy.native.header; do not edit. */
#ifndef ND_COMPILED_LISTS_H
#define ND_COMPILED_LISTS_H
#include "kernels.h"

/* A window over (groups * deep, height, width) neurons; see `network.connectivity.WindowConnectivity`. */
typedef struct {
  /* (channels, deep, kernel height, kernel width). */
  span_i16 mantissas;
  /* As `mantissas`, 0 where there is no synapse. */
  span_u8 present;
  /* Channels of the target. */
  int64_t channels;
  /* Groups of channels. */
  int64_t groups;
  /* Source channels of a group. */
  int64_t deep;
  int64_t kernel_height;
  int64_t kernel_width;
  /* Rows of the source. */
  int64_t height;
  /* Columns of the source. */
  int64_t width;
  int64_t target_height;
  int64_t target_width;
  int64_t stride_rows;
  int64_t stride_columns;
  int64_t pad_rows;
  int64_t pad_columns;
  /* Rows between taps. */
  int64_t step_rows;
  int64_t step_columns;
} Window;

/* Lists of synapses: list k is [starts[k], starts[k] + length[k]), with at least one synapse. */
typedef struct {
  span_i64 starts;
  span_i64 length;
  /* Target of each synapse, ascending within a list. */
  span_i32 rows;
  span_i16 mantissas;
  span_u8 delays;
} Lists;

/* What the words of run-length lists depend on; see `synapse_memory`. */
typedef struct {
  /* Bits of one synapse. */
  int64_t bits;
  /* Bits of an entry's prefix. */
  int64_t prefix;
  /* Synapses of a full entry. */
  int64_t entry;
  /* Bits of a word. */
  int64_t word;
  /* Bits of a list's end; -1: every entry is padded to whole words. */
  int64_t end;
} Measure;

#endif  /* ND_COMPILED_LISTS_H */
