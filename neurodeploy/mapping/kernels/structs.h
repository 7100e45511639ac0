/* Generated from neurodeploy.mapping.kernels.structs by neurodeploy.native.header; do not edit. */
#ifndef ND_STRUCTS_H
#define ND_STRUCTS_H
#include "kernels.h"

/* Resources of a core whose loads are always known: compartments, words of synapse memory, input axons, output axons. */
enum {COMPARTMENTS = 0, MEMORY = 1, INPUTS = 2, OUTPUTS = 3};

/* Resources of a core that seldom bind: distinct parameter sets, distinct thresholds, synapse formats, accumulators. */
enum {PARAMETER_SETS = 0, THRESHOLDS = 1, FORMATS = 2, ACCUMULATORS = 3};

/* Slots of `CoreState.cost`. */
enum {PAIRS = 0, PENALTIES = 1, STEEPNESS = 2};

/* What is known of a neuron while groups grow. */
enum {UNKNOWN = 0, DISCOVERED = 1, GROUPED = 2};

/* Slots of `Stream.counters`: core being filled, entries in use of `pair_source`, output axons expected of the core. */
enum {CORE = 0, SOURCES = 1, EXPECTED = 2};

/* Stands for a limit that the target does not have. */
#define NO_LIMIT INT64_C(1152921504606846976)

/* Synapses of a network by row, by source and by target neuron. Constant during a search. */
typedef struct {
  /* (rows,) source of each row. */
  span_i32 row_source;
  /* (rows,) projection of each row. */
  span_i32 row_projection;
  /* (sources + 1,) where the rows of each source begin in `source_row`. */
  span_i64 source_ptr;
  /* (rows,) rows by source. */
  span_i32 source_row;
  /* (neurons + 1,) where the synapses of each target neuron begin in `in_row` and `in_delay`. */
  span_i64 in_ptr;
  /* (synapses,) row of each synapse, by target neuron. */
  span_i32 in_row;
  /* (synapses,) delay class of each synapse, by target neuron; (1,) if no synapse is delayed. */
  span_u8 in_delay;
  /* (rows + 1,) where the synapses of each row begin in `out_target`. */
  span_i64 out_ptr;
  /* (synapses,) target neuron of each synapse, by row. */
  span_i32 out_target;
  /* (neurons,) population of each neuron. */
  span_i32 population;
  /* (neurons,) neurons of different pin groups share no core. */
  span_i32 pin_group;
  /* (sources,) cost of one (source, core) pair of each source. */
  span_f64 source_weight;
} Hypergraph;

/* Limits of a core and the words of every list of synapses. Constant during a search.

   The word tables end one neuron above the most neurons of a population that fit a core. */
typedef struct {
  /* (4,) by COMPARTMENTS, MEMORY, INPUTS, OUTPUTS; NO_LIMIT where there is none. */
  span_i64 limit;
  /* (populations,) compartments of one neuron. */
  span_i64 compartments;
  /* (weight classes, delay classes, index classes, width) words of a sparse list of that many synapses. */
  span_i64 sparse_words;
  /* (weight classes, delay classes, width) words of a dense list over that many neurons. */
  span_i64 dense_words;
  /* (width,) index class of a sparse list into that many neurons. */
  span_i64 index_class;
  /* (projections,) class of the weight bits. */
  span_i64 weight_class;
  /* (projections,) class of the whole weight format: bits, exponent, sign. */
  span_i64 format_id;
  /* (projections,) population that the projection ends in. */
  span_i64 target_population;
  /* (projections,) one more than the widest delay class of the projection. */
  span_i64 n_delay_classes;
  /* (delay classes,) bits. */
  span_i64 delay_bits;
  /* (index classes,) bits. */
  span_i64 index_bits;
  /* (2, neurons) by PARAMETER_SETS, THRESHOLDS: class of each neuron; -1 is not counted. */
  span_i64 parameter_class;
  /* (4,) by PARAMETER_SETS, THRESHOLDS, FORMATS, ACCUMULATORS; NO_LIMIT where it cannot bind. */
  span_i64 rare_limit;
} CoreLimits;

/* Assignment of neurons to cores and everything that follows from it. */
typedef struct {
  /* (neurons,) core of each neuron; -1: none yet. */
  span_i32 core_of;
  /* (4, cores) by COMPARTMENTS, MEMORY, INPUTS, OUTPUTS. */
  span_i64 load;
  /* (cores, populations) neurons of each population in each core. */
  span_i32 n_neurons;
  /* (cores, projections) rows with a synapse in the core. */
  span_i32 n_rows;
  /* (cores, projections, delay classes, index classes) words of all lists if they are sparse. */
  span_i64 sparse_words;
  /* (cores, projections, delay classes) synapses; one delay class if no synapse is delayed. */
  span_i32 n_delayed;
  /* (rows + 1,) where the list of each row begins in `list_core` and `list_count`. */
  span_i64 list_ptr;
  /* (rows,) distinct cores of each row's targets. */
  span_i32 list_size;
  /* Cores of each row's targets, in the order of their arrival; room for as many as there can be. */
  span_u32 list_core;
  /* Synapses of the row in that core. */
  span_i32 list_count;
  /* (rows, cores) position of a core in a row's list, -1: not there; (1, 1) where the table would be too large: the list is
     searched then. */
  span_i16 list_position;
  /* (sources,) distinct cores of each source's targets. */
  span_i64 n_destinations;
  /* (2, cores, classes) neurons of each parameter class in each core, by PARAMETER_SETS, THRESHOLDS. */
  span_i32 n_of_class;
  /* (cores,) first neuron of a core's linked list; -1: empty. */
  span_i32 first_member;
  /* (neurons,) next neuron of the same core; -1: last. */
  span_i32 next_member;
  /* (neurons,) previous neuron of the same core; -1: first. */
  span_i32 previous_member;
  /* (cores,) neurons of each core. */
  span_i32 size;
  /* (cores,) chip of each core, ascending. */
  span_i32 chip;
  /* (cores,) pin group of each core; -1: empty. */
  span_i32 pin_group;
  /* (3,) by PAIRS (weighted (source, core) pairs), PENALTIES (of all loads), STEEPNESS (penalty per axon above a limit). */
  span_f64 cost;
  /* (4, cores) penalty of each load, in pairs. */
  span_f64 penalty;
  /* (projections,) scratch: distinct synapse formats of a core. */
  span_i64 format_keys;
} CoreState;

/* Scratch arrays of a search, and the journal of its moves. */
typedef struct {
  /* (cores,) weight of the sources that the neuron at hand shares with each core. */
  span_f64 shared;
  /* (cores,) last synapse at which a core was counted in `shared`. */
  span_i64 last_synapse;
  /* (moves, 2) moved neuron and its core before. */
  span_i64 journal;
  /* (1,) entries in use of `journal`. */
  span_i64 n_moves;
  /* (1,) change of the input axons of the neuron's core if the neuron leaves; 0 or less. */
  span_i64 freed_inputs;
  /* (cores,) change of output axons by a move that is being judged. */
  span_i64 axon_delta;
  /* (cores,) 1 for the cores that `affected` lists. */
  span_i64 is_affected;
  /* (cores,) cores whose output axons may change, in the order of discovery. */
  span_i64 affected;
  /* (1,) entries in use of `affected`. */
  span_i64 n_affected;
  /* (cores,) `axon_delta` of each entry of `affected` before a destination is judged. */
  span_i64 saved_delta;
  /* (CANDIDATES,) most promising cores for the neuron at hand, best first. */
  span_i64 candidates;
  /* (CANDIDATES,) estimated cost of each candidate, in pairs. */
  span_f64 scores;
  /* (neurons,) neurons of the core that is being relieved. */
  span_i64 members;
} Workspace;

/* Neurons connected to the group that grows, and the order in which neurons were discovered. */
typedef struct {
  /* (neurons,) UNKNOWN, DISCOVERED or GROUPED. */
  span_u8 status;
  /* (neurons,) place in `neuron`; -1: not connected to the group. */
  span_i32 place;
  /* (FRONTIER,) neurons connected to the group, grouped ones included. */
  span_i64 neuron;
  /* (FRONTIER,) synapses between each of them and the group. */
  span_i32 synapses;
  /* (neurons + 1,) neurons in the order of discovery; the last element is their number. */
  span_i64 queue;
  /* (sources,) last group that each source has a synapse to. */
  span_i32 source_group;
} Frontier;

/* Synapses into some neurons of one population, which are about to be placed; the next batch takes their place. */
typedef struct {
  /* (neurons,) column of each neuron in `ptr`, in the order of placing. */
  span_i64 column;
  /* (neurons,) number of each neuron in the network. */
  span_i64 neuron;
  /* (neurons,) output axons that each neuron is expected to take. */
  span_i64 expected;
  /* (projections of the stream, columns + 1) where the synapses into each column begin in `source` and `level`. */
  span_i64 ptr;
  /* (synapses,) source neuron or line of each synapse, as its projection numbers them. */
  span_i32 source;
  /* (synapses,) delay class of each synapse; (1,) if no synapse is delayed. */
  span_u8 level;
} StreamBatch;

/* Cores that are filled one after the other from batches; nothing is kept of a core but its sources.

   A cell holds the number of the core that it was written for (from 1, in the upper 32 bits) and a count. */
typedef struct {
  /* (projections of the stream,) their places in `CoreLimits`. */
  span_i64 projection;
  /* (projections of the stream,) cell of the first source. */
  span_i64 first_row;
  /* (projections of the stream,) cell in `rows_of_source` of the first source; -1: no other projection has these sources. */
  span_i64 first_shared;
  /* (projections of the stream,) number of the first source in the network. */
  span_i64 first_source;
  /* (rows,) cells: synapses of each row in the core. */
  span_i64 synapses;
  /* (sources,) cells: rows of each source with a synapse in the core. */
  span_i64 rows_of_source;
  /* (room,) sources of each core, in the order of their arrival. */
  span_i32 pair_source;
  /* (cores + 1,) where the sources of each core begin; one core for each neuron at most. */
  span_i64 pair_ptr;
  /* (3,) by CORE, SOURCES, EXPECTED. */
  span_i64 counters;
} Stream;

#endif  /* ND_STRUCTS_H */
