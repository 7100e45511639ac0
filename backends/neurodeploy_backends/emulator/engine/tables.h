/* Generated from neurodeploy_backends.emulator.engine.tables by neurodeploy.native.header; do not edit. */
#ifndef ND_TABLES_H
#define ND_TABLES_H
#include "kernels.h"

/* Kinds of population: an input of spikes; compartments that share all registers; that differ in bias only; that differ in
   any register; an input of values; any population of a wide layout. */
enum {INPUT = 0, EVEN = 1, BIASED = 2, MIXED = 3, VALUES = 4, WIDE = 5};

/* Neuron models of wide populations. Those up to TERNARY are compartments. */
enum {CUBA = 0, TERNARY = 1, SIGMA_DELTA = 2, DELTA = 3, SIGMA = 4, RELU = 5, PRODUCT = 6, RESONATE = 7, RESONATE_ZERO = 8, ADAPTIVE = 9};

/* Parameters of a neuron of another model than a compartment, at most. */
enum {PARAMETERS = 6};

/* Kinds of block: rows of weights for all targets; targets and weights; targets with delays and weights; sparse, sorted by
   tile of the targets; patterns that several sources share; targets and weights that a source's value multiplies. */
enum {DENSE = 0, SPARSE = 1, DELAYED = 2, TILED = 3, SHARED = 4, VALUED = 5};

/* What a register does with a number beyond its bits. */
enum {KEEP = 0, WRAP = 1, FOLD = 2};

/* Kinds of disturbance: bits of state that change before a step; a register that holds another number; a synapse that adds
   something in addition. */
enum {FORCE = 0, PATCH = 1, EXTRA = 2};

/* States that are forced. */
enum {FORCED_U = 0, FORCED_V = 1, FORCED_REFRACT = 2};

/* Registers that are patched, `Layout.refract` last. */
enum {PATCHED_KU = 0, PATCHED_KV = 1, PATCHED_BIAS = 2, PATCHED_VTH = 3, PATCHED_RESET = 4, PATCHED_REFRACT = 5};

/* One record of `Layout.populations`: a population, a range of one, or an input. All int64; rows are engine rows. */
typedef struct {
  /* First row. */
  int64_t start;
  /* Neurons or lines. */
  int64_t size;
  /* `size` up to the next multiple of 64. */
  int64_t padded;
  /* INPUT ... WIDE. */
  int64_t kind;
  /* Thread that updates it. */
  int64_t owner;
  /* Offset of its accumulators, (planes, slots, padded). */
  int64_t acc;
  /* 1 + the longest delay of a synapse into it. */
  int64_t slots;
  /* Sums of each neuron: those of its ports, then those that are still shifted. */
  int64_t planes;
  /* Offset of plane 0 in `Layout.plane_shift` and `Layout.plane_port`. */
  int64_t plane_shift;
  /* Planes that stay apart; the others are added to them when they arrive. */
  int64_t ports;
  /* CUBA ... ADAPTIVE. */
  int64_t model;
  /* 1 if its spikes carry a value. */
  int64_t graded;
  /* 0 none, 1 added to the current, 2 to the membrane. */
  int64_t noise;
  int64_t noise_exponent;
  int64_t noise_offset;
  /* Column of its first neuron in `Stimuli.noise`; -1 if its noise is drawn. */
  int64_t noise_column;
  /* Shift up that gives an accumulator its unit and pushes out what wraps. */
  int64_t left;
  /* Shift down after it. */
  int64_t right;
  /* Shift up and down that wraps u; 0 if it cannot wrap. */
  int64_t state_shift;
  /* The same of u + bias. */
  int64_t drive_shift;
  /* 1 if nothing can overflow, 2 if v meets no limit either. */
  int64_t proven;
  /* 2**decay_bits less the decay of u, where all neurons share it; likewise the next five. */
  int64_t ku;
  int64_t kv;
  int64_t bias;
  int64_t vth;
  int64_t vmin;
  int64_t vmax;
  /* 1 if the population stays silent once its state is 0. */
  int64_t sleeps;
  /* Steps between periodic resets; 0 for none. */
  int64_t reset_every;
  /* Step of a reset, modulo `reset_every`. */
  int64_t reset_at;
  /* First of its rows in `Output.rows`. */
  int64_t record;
  /* Rows it may record in one call; 0 if it is not recorded. */
  int64_t room;
  /* Offset of its neuron numbers in `Layout.ids`; -1 if they ascend one by one from `first`. */
  int64_t ids;
  /* Neuron of its first row. */
  int64_t first;
  /* Number of an input of spikes; first column of an input of values. */
  int64_t input;
  /* First of its runs in `Layout.run_start`. */
  int64_t runs;
  /* One after its last run. */
  int64_t run_stop;
} Population;
typedef struct { const Population *at; int64_t n; } span_Population;

/* One record of `Layout.blocks`: synapses from one population to another, of one class. All int64. */
typedef struct {
  /* DENSE ... VALUED. */
  int64_t kind;
  /* Of a weight: 1 or 2. */
  int64_t bytes;
  /* Number of the population that sends. */
  int64_t source;
  /* Number of the population that receives. */
  int64_t target;
  /* Thread that delivers it, the target's. */
  int64_t owner;
  /* Accumulators of a dense row. */
  int64_t width;
  /* Offset in `Layout.weights8` or `Layout.weights16`. */
  int64_t weights;
  /* Offset in `Layout.index32`. */
  int64_t targets;
  /* Offset in `Layout.pointer`. */
  int64_t pointer;
  /* Shift up of a weight to the unit of the accumulators. */
  int64_t shift;
  /* Of all its synapses, in steps; 0 where each has its own. */
  int64_t delay;
  /* Plane of the target to which it adds. */
  int64_t plane;
  /* Tiled: bits of a tile's size. Shared: patterns + 1. */
  int64_t tile_bits;
  /* Tiled and shared: sources. */
  int64_t tiles;
} Block;
typedef struct { const Block *at; int64_t n; } span_Block;

/* One record of `Layout.disturbances`: what faults change in a run of steps. All int64; rows are engine rows. */
typedef struct {
  /* FORCE, PATCH or EXTRA. */
  int64_t kind;
  /* First step. */
  int64_t first;
  /* Last step. */
  int64_t last;
  /* Number of the population whose row it is. */
  int64_t target;
  /* Row that is forced or patched, or to which a synapse adds. */
  int64_t row;
  /* State or register. */
  int64_t what;
  /* Forced: bits that are kept. */
  int64_t keep;
  /* Forced: bits that are set. Patched: the number. */
  int64_t put;
  /* Forced: bits that are inverted. */
  int64_t flip;
  /* Extra: number of the population that sends. */
  int64_t source;
  /* Row of the neuron within its population, or line. */
  int64_t sender;
  /* Extra: steps beyond the one that every synapse takes. */
  int64_t delay;
  /* Extra: what it adds. */
  int64_t weight;
} Disturbance;
typedef struct { const Disturbance *at; int64_t n; } span_Disturbance;

/* The dialect. */
typedef struct {
  /* Bits besides the sign to which a sum wraps; 0 if it does not. */
  int64_t accumulator_bits;
  /* Bits of u and v besides the sign. */
  int64_t state_bits;
  /* KEEP, WRAP or FOLD: what u does. */
  int64_t current_overflow;
  /* The same of u + bias. */
  int64_t drive_overflow;
  /* Beyond plus or minus this a narrow u folds. */
  int64_t fold_from;
  /* A weight is a mantissa shifted up by this. */
  int64_t weight_shift;
  /* A decay is in parts of 2**decay_bits. */
  int64_t decay_bits;
} Switches;

/* A program as the kernels read it. Registers are (rows,), int32 or smaller in a narrow layout, int64 in a wide one. */
typedef struct {
  /* (populations,) of POPULATION. */
  span_Population populations;
  /* (blocks,) of BLOCK. */
  span_Block blocks;
  /* 2**decay_bits less the decay of u. */
  span_word ku;
  /* The same of v. */
  span_word kv;
  span_word bias;
  /* Threshold in units of v; out of reach for neurons that do not spike. */
  span_word vth;
  span_word vmin;
  span_word vmax;
  /* Refractory delay in steps, uint8. */
  span_u8 refract;
  /* What a spike takes off v; -1: all of it. */
  span_word reset;
  /* Shift down of the sums of each plane. */
  span_i64 plane_shift;
  /* Port to which each plane belongs. */
  span_i64 plane_port;
  /* (6, rows) float64 parameters of other models than compartments, in the order of `lowering.models`. */
  span_f64 parameters;
  /* (2, rows) memory of the cleared state. */
  span_i64 initial;
  /* (rows,) number of a neuron among all of the program: its noise depends on it. */
  span_i64 global_neuron;
  /* Neuron of each row, of populations that are held in another order. */
  span_i32 ids;
  span_i8 weights8;
  /* Weights of all blocks, int8 and int16; sparse ones in groups of four targets, then four weights. */
  span_i16 weights16;
  /* delay * padded + target of synapses with delays, uint32. */
  span_u32 index32;
  /* int32: where the rows of a source start; tile segments; patterns and their runs. */
  span_i32 pointer;
  /* First row of each run of rows on one core, and one after the last. */
  span_i64 run_start;
  /* Core of each run. */
  span_i64 run_core;
  /* (n,) of DISTURBANCE, what faults change; those of one sender stand together. */
  span_Disturbance disturbances;
  Switches switches;
} Layout;

/* State of one sample, and scratch. */
typedef struct {
  /* (rows,) int32 or int64. */
  span_word u;
  /* (rows,). */
  span_word v;
  /* (2, rows) third and fourth state of models that have them. */
  span_i64 memory;
  /* Accumulators of all populations. */
  span_word acc;
  /* (rows,) uint8 refractory steps left. */
  span_u8 refract;
  /* (rows / 64,) one bit for each row, set where its neuron spikes in this step. */
  span_u64 fired;
  /* (2 * rows and lines,) int32: what each population lists, by parity of the steps made. */
  span_i32 spikes;
  /* (2, populations): how many each lists, by parity. */
  span_i64 counts;
  /* (rows and lines,) float64 values sent, in wide layouts. */
  span_f64 values;
  /* (populations,) last step in which something listed so far can arrive. */
  span_i64 pending;
  /* (populations,) uint8, 1 while nothing can move it. */
  span_u8 asleep;
  /* (inputs of spikes + 1,) next event of each. */
  span_i64 cursor;
  /* (threads, n) scratch of tiled blocks. */
  span_i64 queue;
  /* (8,) element 0 counts the threads that have met. */
  span_i64 arrived;
  /* (threads, neurons) uint8 scratch that sorts neurons. */
  span_u8 marks;
} State;

/* What all inputs show, of all samples. */
typedef struct {
  /* (n, 3) int32 (sample, step, line), sorted; the rows of input k are [first[k], first[k + 1]). */
  span_i32 events;
  span_i64 first;
  /* uint8, flat: (samples, steps, lines) of input k from column[k] on, 1 where a line fires. */
  span_u8 raster;
  /* (inputs of spikes + 1,); -1: the input has events. */
  span_i64 column;
  /* Step to which index 0 of rasters and values belongs: 1, or the first of a session's call. */
  int64_t begin;
  /* Steps that are shown from `begin` on. */
  int64_t steps;
  /* (samples, steps, value_columns) float64 of all inputs of values side by side. */
  span_f64 values;
  int64_t value_columns;
  /* (noise_samples, noise_steps, noise_columns) int16 draws that replace those of the generator; one sample serves all. */
  span_i16 noise;
  int64_t noise_samples;
  int64_t noise_steps;
  int64_t noise_columns;
  /* Number of the first sample among all that are run. */
  int64_t number;
} Stimuli;

/* Buffers that one call fills, and arrays of the whole run. */
typedef struct {
  /* (3 * n,) int32: (sample, step, neuron) of each spike, by population. */
  span_i32 rows;
  /* (n,) int64 values beside them; empty if no population sends any. */
  span_i64 payloads;
  /* (2, populations) rows so far, by parity of the steps made. */
  span_i64 written;
  /* (columns,) row of each probed neuron. */
  span_i64 probe_row;
  /* (columns,) 0 v, 1 u, 2 the chip's voltage register, 3 and 4 the memories. */
  span_i64 probe_kind;
  /* (columns,) thread that probes it. */
  span_i64 probe_owner;
  /* What the voltage register shows for each refractory step. */
  int64_t probe_unit;
  /* (samples, steps, columns) int64. */
  span_i64 probes;
  /* (samples, steps, cores) int32 active compartments; of size 0 if they are not counted. */
  span_i32 active;
  /* (3, rows) int64 overflows of accumulator, of current or drive, and limits met by v; (3, 0) if they are not counted. */
  span_i64 watch;
  /* Step to which index 0 of `probes` and `active` belongs. */
  int64_t first;
  /* Steps of `probes` and `active`. */
  int64_t length;
  /* Cores of `active`; 0 if activity is not counted. */
  int64_t cores;
} Output;

/* What one call runs. */
typedef struct {
  /* Where to begin. */
  int64_t sample;
  int64_t step;
  /* One after the last sample. */
  int64_t stop;
  /* Last step of each sample. */
  int64_t steps;
  /* First step of each sample. */
  int64_t first;
  /* Steps that the call may make. */
  int64_t todo;
  /* Number of the thread that calls. */
  int64_t thread;
  /* Threads that share each sample. */
  int64_t threads;
  int64_t seed;
} Control;

/* Where a call ended. */
typedef struct {
  /* Where to continue. */
  int64_t sample;
  int64_t step;
  /* Steps made. */
  int64_t made;
} Reached;

#endif  /* ND_TABLES_H */
