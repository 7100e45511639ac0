/* Fills cores one after the other from batches of synapses, of which none is kept. See stream.py. */
#include "words.h"

/* Add `sign` to the count of a cell for a core; return the count before. */
INLINE int64_t add_to_cell(int64_t *cell, int64_t core, int64_t sign) {
  const int64_t count = *cell >> 32 == core + 1 ? *cell & INT64_C(0xffffffff) : 0;
  *cell = up64(core + 1, 32) | (count + sign);
  return count;
}

/* A row enters the core (sign 1) or leaves it (-1): count its projection, and its source if no other row has it. */
INLINE void add_row(Stream *stream, CoreState *state, int64_t place, int64_t source, int64_t sign) {
  AT(state->n_rows, AT(stream->projection, place)) += (int32_t)sign;
  const int64_t shared = AT(stream->first_shared, place);
  if (shared >= 0) {
    const int64_t before = add_to_cell(VIEW(stream->rows_of_source, shared + source, 1), AT(stream->counters, CORE), sign);
    if ((sign > 0 ? before : before - 1) > 0) return;
  }
  *load_of(state, INPUTS, 0) += sign;
  if (sign > 0)
    AT(stream->pair_source, AT(stream->counters, SOURCES)++) = (int32_t)(AT(stream->first_source, place) + source);
}

/* Change the sparse words of a projection: a list of `count` synapses gets one more (sign 1) or fewer (-1). */
INLINE void add_words(const int64_t *table, int64_t *words, int64_t each, int64_t widths, int64_t count, int64_t sign) {
  for (int64_t k = 0; k < each; k++) words[k] += table[k * widths + count + sign] - table[k * widths + count];
}

/* Synapses of one projection of the stream into a column of the batch. */
typedef struct { int64_t start, stop; } Range;

INLINE Range range_of(const Stream *stream, const StreamBatch *batch, int64_t place, int64_t column) {
  const int64_t columns = batch->ptr.n / stream->projection.n;
  const int64_t *ptr = VIEW(batch->ptr, place * columns + column, 2);
  return (Range){ptr[0], ptr[1]};
}

/* Add (sign 1) or remove (-1) the synapses into a neuron. */
static void add_synapses(const CoreLimits *limits, CoreState *state, Stream *stream, const StreamBatch *batch, int64_t column,
                         int64_t sign) {
  const int64_t indices = limits->index_bits.n, widths = limits->index_class.n, levels = limits->delay_bits.n;
  const int64_t core = AT(stream->counters, CORE);
  for (int64_t place = 0; place < stream->projection.n; place++) {
    const int64_t projection = AT(stream->projection, place), classes = AT(limits->n_delay_classes, projection);
    const int64_t each = classes * indices, first = AT(limits->weight_class, projection) * levels * indices * widths;
    const int64_t *table = VIEW(limits->sparse_words, first, each * widths);
    int64_t *words = sparse_words_of(limits, state, 0, projection), row = AT(stream->first_row, place);
    const Range synapses = range_of(stream, batch, place, column);
    for (int64_t at = synapses.start; at < synapses.stop; at++) {
      const int64_t source = AT(batch->source, at);
      const int64_t count = CHECKED(add_to_cell(VIEW(stream->synapses, row + source, 1), core, sign), 1, widths);
      add_words(table, words, each, widths, count, sign);
      if (classes > 1) n_delayed_of(limits, state, 0, projection)[AT(batch->level, at)] += (int32_t)sign;
      if ((sign > 0 ? count : count - 1) == 0) add_row(stream, state, place, source, sign);
    }
  }
}

/* Add (sign 1) or remove (-1) a neuron and its synapses. */
static void add_neuron(const CoreLimits *limits, CoreState *state, Stream *stream, const StreamBatch *batch, int64_t at,
                       int64_t sign) {
  const int64_t population =
      stream->projection.n ? AT(limits->target_population, AT(stream->projection, 0)) : AT(state->pin_group, 0);
  const int64_t neurons = limits->parameter_class.n / 2, classes = state->n_of_class.n / 2;
  AT(state->n_neurons, population) += (int32_t)sign;
  AT(state->size, 0) += (int32_t)sign;
  *load_of(state, COMPARTMENTS, 0) += sign * AT(limits->compartments, population);
  for (int64_t kind = 0; kind < 2; kind++) {
    const int64_t class = AT(limits->parameter_class, kind * neurons + AT(batch->neuron, at));
    if (class >= 0) AT(state->n_of_class, kind * classes + class) += (int32_t)sign;
  }
  add_synapses(limits, state, stream, batch, AT(batch->column, at), sign);
  *load_of(state, MEMORY, 0) = synapse_memory(limits, state, 0);
}

/* Whether the core keeps its limits of everything but output axons. */
static int core_holds(const CoreLimits *limits, const CoreState *state) {
  for (int64_t resource = COMPARTMENTS; resource <= INPUTS; resource++)
    if (*load_of(state, resource, 0) > AT(limits->limit, resource)) return 0;
  return keeps_rare_limits(limits, state, 0);
}

#define CLEAR_SPAN(span) __builtin_memset((span).at, 0, (size_t)(span).n * sizeof *(span).at)

/* Begin an empty core. */
static void next_core(CoreState *state, Stream *stream) {
  AT(stream->counters, CORE)++;
  AT(stream->pair_ptr, AT(stream->counters, CORE)) = AT(stream->counters, SOURCES);
  AT(stream->counters, EXPECTED) = 0;
  CLEAR_SPAN(state->load);
  CLEAR_SPAN(state->n_neurons);
  CLEAR_SPAN(state->n_rows);
  CLEAR_SPAN(state->sparse_words);
  CLEAR_SPAN(state->n_delayed);
  CLEAR_SPAN(state->n_of_class);
  AT(state->size, 0) = 0;
}

EXPORT(int64_t, stream_fill)(const CoreLimits *limits, CoreState *state, Stream *stream, const StreamBatch *batch,
                             int64_t first, span_i32 *core_of) {
  int64_t at = first;
  while (at < batch->column.n) {
    const int64_t column = AT(batch->column, at), saved = AT(stream->counters, SOURCES);
    int64_t rows = 0;
    for (int64_t place = 0; place < stream->projection.n; place++) {
      const Range synapses = range_of(stream, batch, place, column);
      rows += synapses.stop - synapses.start;
    }
    if (saved + rows > stream->pair_source.n) return at;
    add_neuron(limits, state, stream, batch, at, 1);
    const int64_t outputs = AT(stream->counters, EXPECTED) + AT(batch->expected, at);
    if (core_holds(limits, state) && outputs <= AT(limits->limit, OUTPUTS)) {
      AT(stream->counters, EXPECTED) = outputs;
      AT(*core_of, at) = (int32_t)AT(stream->counters, CORE);
      at++;
      continue;
    }
    add_neuron(limits, state, stream, batch, at, -1);
    AT(stream->counters, SOURCES) = saved;
    if (AT(state->size, 0) == 0) return -1 - at;
    next_core(state, stream);
  }
  return at;
}
