/* Orders neurons of networks too large for an embedding: compact groups, each next to an earlier one. See groups.py. */
#include "structs.h"

/* Count one synapse more between the group and a neuron; `size` is that of the frontier, return the new one. */
INLINE int64_t add_connection(Frontier *frontier, int64_t other, int64_t size) {
  if (AT(frontier->status, other) == GROUPED) return size;
  const int64_t place = AT(frontier->place, other);
  if (place >= 0) {
    AT(frontier->synapses, place)++;
    return size;
  }
  if (size == frontier->neuron.n) return size;
  AT(frontier->place, other) = (int32_t)size;
  AT(frontier->neuron, size) = other;
  AT(frontier->synapses, size) = 1;
  if (AT(frontier->status, other) == UNKNOWN) {
    int64_t *known = VIEW(frontier->queue, frontier->queue.n - 1, 1);
    AT(frontier->status, other) = DISCOVERED;
    AT(frontier->queue, *known) = other;
    ++*known;
  }
  return size + 1;
}

/* Add a neuron to a group; return the size of the frontier. Adds to `sources` those that are new to the group. */
static int64_t take(const Hypergraph *graph, Frontier *frontier, int64_t neuron, int32_t group, int64_t size, int64_t *sources) {
  AT(frontier->status, neuron) = GROUPED;
  const int64_t first_in = AT(graph->in_ptr, neuron), last_in = AT(graph->in_ptr, neuron + 1);
  for (int64_t at = first_in; at < last_in; at++) {
    const int64_t source = AT(graph->row_source, AT(graph->in_row, at));
    if (AT(frontier->source_group, source) != group) {
      AT(frontier->source_group, source) = group;
      ++*sources;
    }
    if (source < frontier->status.n) size = add_connection(frontier, source, size);
  }
  const int64_t first_row = AT(graph->source_ptr, neuron), last_row = AT(graph->source_ptr, neuron + 1);
  for (int64_t at = first_row; at < last_row; at++) {
    const int64_t row = AT(graph->source_row, at), first = AT(graph->out_ptr, row), last = AT(graph->out_ptr, row + 1);
    for (int64_t to = first; to < last; to++) size = add_connection(frontier, AT(graph->out_target, to), size);
  }
  return size;
}

/* Ungrouped neuron with most synapses from and to the group, the first of several; -1: there is none. */
static int64_t strongest(const Frontier *frontier, int64_t size) {
  int64_t neuron = -1;
  int32_t most = 0;
  for (int64_t at = 0; at < size; at++) {
    if (AT(frontier->synapses, at) <= most) continue;
    const int64_t other = AT(frontier->neuron, at);
    if (AT(frontier->status, other) == GROUPED) continue;
    most = AT(frontier->synapses, at);
    neuron = other;
  }
  return neuron;
}

EXPORT(int64_t, list_groups)(const Hypergraph *graph, Frontier *frontier, int64_t input_axons, int64_t compartments,
                             span_i64 *order) {
  const int64_t n = order->n, *known = VIEW(frontier->queue, frontier->queue.n - 1, 1);
  int64_t placed = 0, first = 0, unknown = 0;
  for (int32_t group = 0; placed < n; group++) {
    while (first < *known && AT(frontier->status, AT(frontier->queue, first)) == GROUPED) first++;
    while (unknown < n && AT(frontier->status, unknown) == GROUPED) unknown++;
    int64_t neuron = first < *known ? AT(frontier->queue, first) : unknown;
    int64_t size = 0, sources = 0, members = 0;
    while (neuron >= 0) {
      size = take(graph, frontier, neuron, group, size, &sources);
      AT(*order, placed++) = neuron;
      members++;
      neuron = sources >= input_axons || members >= compartments ? -1 : strongest(frontier, size);
    }
    for (int64_t at = 0; at < size; at++) AT(frontier->place, AT(frontier->neuron, at)) = -1;
  }
  return 0;
}
