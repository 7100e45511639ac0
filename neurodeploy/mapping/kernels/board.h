/* Generated from neurodeploy.mapping.kernels.board by neurodeploy.native.header; do not edit. */
#ifndef ND_BOARD_H
#define ND_BOARD_H
#include "kernels.h"

/* Messages between cores, and the output axons that they take. */
typedef struct {
  /* (cores + 1,) where the partners of each core begin in `to` and `traffic`. */
  span_i64 ptr;
  /* Partners of each core, ascending, without the core itself. */
  span_i64 to;
  /* Messages either way between a core and its partner, in the unit of the rates. */
  span_f64 traffic;
  /* (cores + 1,) where the destinations of each core begin in `out_to` and `out_pairs`. */
  span_i64 out_ptr;
  /* Destination cores of each core, ascending, itself included. */
  span_i64 out_to;
  /* (neuron, destination core) pairs to each destination. */
  span_i64 out_pairs;
  /* (cores + 1,) where the senders to each core begin in `in_from` and `in_pairs`. */
  span_i64 in_ptr;
  /* Sender cores of each core, ascending, itself included. */
  span_i64 in_from;
  /* (neuron, destination core) pairs from each sender. */
  span_i64 in_pairs;
} CoreTraffic;

/* Slots of a board: one for each physical core. */
typedef struct {
  /* (slots,) chip of each slot, ascending. */
  span_i64 chip;
  /* (slots,) column of the slot's tile in the mesh of its chip. */
  span_i64 column;
  /* (slots,) row of the slot's tile. */
  span_i64 row;
  /* (pin groups, slots) whether a core of a pin group may lie in a slot. */
  span_u8 is_open;
  /* (5,) mesh columns, mesh rows, cores of a tile, cores of a chip, hop distance between chips (`far`). */
  span_i64 shape;
} Board;

/* Slot of every core, and the state of the annealing. */
typedef struct {
  /* (cores,) slot of each core. */
  span_i64 slot;
  /* (slots,) core in each slot; -1: none. */
  span_i64 core;
  /* (cores,) pin group of each core. */
  span_i64 pin_group;
  /* (cores,) output axons of each core. */
  span_i64 output_axons;
  /* (1,) most output axons of a core. */
  span_i64 limit;
  /* (1,) state of the random numbers. */
  span_u64 random;
} Placement;

#endif  /* ND_BOARD_H */
