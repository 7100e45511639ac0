/* What a step leaves in the recording: rows of spikes, probed states, and counts of active compartments. */
#ifndef ND_RECORD_H
#define ND_RECORD_H
#include "list.h"

/* Neurons of a population that is held in another order, ascending, in place of its list: they are marked, then scanned. */
static void put_in_order(const Call *call, const Population *pop, int32_t *neurons, int64_t count) {
  const int64_t width = call->state->marks.n / call->control->threads;
  uint8_t *marks = VIEW(call->state->marks, pop->owner * width, width);
  const int32_t *spikes = listed(call, pop), *ids = VIEW(call->layout->ids, pop->ids, pop->size);
  for (int64_t k = 0; k < count; k++) marks[ids[spikes[k]]] = 1;
  list_bytes(marks, width, 0, neurons, 0);
  for (int64_t k = 0; k < count; k++) marks[neurons[k]] = 0;
}

/* Record a population's spikes as rows (sample, step, neuron), and the values of graded ones. */
INLINE void write_rows(const Call *call, const Population *pop, int64_t number, int64_t count) {
  Output *output = call->output;
  const int64_t populations = call->layout->populations.n;
  const int64_t at = pop->record + AT(output->written, (1 - call->parity) * populations + number);
  int32_t *rows = VIEW(output->rows, 3 * at, 3 * count);
  const int32_t *spikes = listed(call, pop);
  const int32_t sample = (int32_t)call->sample, step = (int32_t)call->step;
  int32_t first = (int32_t)pop->first;
  if (pop->ids >= 0 && count > 0) {
    /* the neurons lie at the end of the rows until each has found its place */
    int32_t *neurons = rows + 2 * count;
    put_in_order(call, pop, neurons, count);
    spikes = neurons;
    first = 0;
  }
  for (int64_t k = 0; k < count; k++) {
    const int32_t neuron = first + spikes[k];
    rows[3 * k] = sample;
    rows[3 * k + 1] = step;
    rows[3 * k + 2] = neuron;
  }
  if (pop->graded == 1 && output->payloads.n > 0) {
    const double *values = VIEW(call->state->values, pop->start, pop->size);
    int64_t *payloads = VIEW(output->payloads, at, count);
    for (int64_t k = 0; k < count; k++) payloads[k] = whole(values[spikes[k]]);
  }
  AT(output->written, call->parity * populations + number) = at - pop->record + count;
}

/* Count compartments with u, v, bias or input other than 0 by core. */
static void count_active(const Call *call, const Population *pop, int64_t slot) {
  const Layout *layout = call->layout;
  const State *state = call->state;
  Output *output = call->output;
  const int64_t row = (call->sample * output->length + call->step - output->first) * output->cores;
  for (int64_t run = pop->runs; run < pop->run_stop; run++) {
    const int64_t low = AT(layout->run_start, run), size = AT(layout->run_start, run + 1) - low;
    const word *acc = WORDS(state->acc, slot + low - pop->start, size), *bias = WORDS(layout->bias, low, size);
    const word *u = WORDS(state->u, low, size), *v = WORDS(state->v, low, size);
    int32_t count = 0;
    for (int64_t i = 0; i < size; i++) count += (acc[i] | u[i] | v[i] | bias[i]) != 0;
    AT(output->active, row + AT(layout->run_core, run)) += count;
  }
}

/* Record the probed states that belong to this thread. */
static void probe(const Call *call) {
  const State *state = call->state;
  const Output *output = call->output;
  const int64_t columns = output->probe_row.n, rows = state->u.n;
  int64_t *shown = VIEW(output->probes, (call->sample * output->length + call->step - output->first) * columns, columns);
  for (int64_t column = 0; column < columns; column++) {
    if (output->probe_owner.at[column] != call->control->thread) continue;
    const int64_t row = output->probe_row.at[column], kind = output->probe_kind.at[column];
    if (kind >= 3)
      shown[column] = AT(state->memory, (kind - 3) * rows + row);
    else if (kind == 1)
      shown[column] = WORD(state->u, row);
    else if (kind == 2 && (AT(state->fired, row >> 6) >> (row & 63) & 1))
      shown[column] = AT(call->layout->refract, row) * output->probe_unit;
    else
      shown[column] = WORD(state->v, row);
  }
}

#endif
