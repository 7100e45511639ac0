/* Exchanges cores between slots, by simulated annealing. See anneal.py. */
#include "board.h"
#include "exponential.h"

/* A cost that is never taken. */
static const double FORBIDDEN = __builtin_inf();

/* Next random number in [0, 1): xorshift64. */
INLINE double draw(Placement *placement) {
  uint64_t *state = VIEW(placement->random, 0, 1), x = *state;
  x ^= x << 13;
  x ^= x >> 7;
  x ^= x << 17;
  *state = x;
  return (double)(x >> 11) / 9007199254740992.0;
}

INLINE int64_t distance(int64_t a, int64_t b) { return a < b ? b - a : a - b; }

/* Hop distance between two slots. */
INLINE int64_t hop_distance(const Board *board, int64_t a, int64_t b) {
  if (AT(board->chip, a) != AT(board->chip, b)) return AT(board->shape, 4);
  return distance(AT(board->column, a), AT(board->column, b)) + distance(AT(board->row, a), AT(board->row, b));
}

/* Change of the cost if a core goes to slot `to`, its traffic with core `other` left out. */
static double cost_of_shift(const CoreTraffic *flow, const Board *board, const Placement *placement, int64_t core, int64_t to,
                            int64_t other) {
  const int64_t home = AT(placement->slot, core), first = AT(flow->ptr, core), last = AT(flow->ptr, core + 1);
  double change = 0.0;
  for (int64_t at = first; at < last; at++) {
    const int64_t partner = AT(flow->to, at);
    if (partner == other) continue;
    const int64_t there = AT(placement->slot, partner);
    change += AT(flow->traffic, at) * (double)(hop_distance(board, to, there) - hop_distance(board, home, there));
  }
  return change;
}

/* Enter a core into a slot. */
INLINE void set_slot(Placement *placement, int64_t core, int64_t slot) {
  AT(placement->slot, core) = slot;
  AT(placement->core, slot) = core;
}

/* Recompute output axons as if a core went to `chip`; its slot is still the old one. */
static void update_output_axons(const CoreTraffic *flow, const Board *board, Placement *placement, int64_t core,
                                int64_t chip) {
  const int64_t before = AT(board->chip, AT(placement->slot, core));
  const int64_t first_out = AT(flow->out_ptr, core), last_out = AT(flow->out_ptr, core + 1);
  for (int64_t at = first_out; at < last_out; at++) {
    const int64_t to = AT(flow->out_to, at), there = AT(board->chip, AT(placement->slot, to));
    if (to != core) AT(placement->output_axons, core) += AT(flow->out_pairs, at) * ((there != chip) - (there != before));
  }
  const int64_t first_in = AT(flow->in_ptr, core), last_in = AT(flow->in_ptr, core + 1);
  for (int64_t at = first_in; at < last_in; at++) {
    const int64_t sender = AT(flow->in_from, at), there = AT(board->chip, AT(placement->slot, sender));
    if (sender != core) AT(placement->output_axons, sender) += AT(flow->in_pairs, at) * ((there != chip) - (there != before));
  }
}

/* Whether every core keeps the limit on output axons. */
INLINE int keeps_axons(const Placement *placement) {
  const int64_t limit = AT(placement->limit, 0), *axons = placement->output_axons.at;
  int64_t most = axons[0];
  for (int64_t core = 1; core < placement->output_axons.n; core++) most = max64(most, axons[core]);
  return most <= limit;
}

/* Swap a core with core `other` (-1: an empty slot) at slot `to` of another chip, as far as output axons and slots go.

   Returns whether every core keeps its limit; if not, the swap is undone. */
static int swap_between_chips(const CoreTraffic *flow, const Board *board, Placement *placement, int64_t core, int64_t other,
                              int64_t to) {
  const int64_t home = AT(placement->slot, core), home_chip = AT(board->chip, home), to_chip = AT(board->chip, to);
  update_output_axons(flow, board, placement, core, to_chip);
  AT(placement->slot, core) = to;
  if (other >= 0) {
    update_output_axons(flow, board, placement, other, home_chip);
    AT(placement->slot, other) = home;
  }
  if (keeps_axons(placement)) return 1;
  if (other >= 0) {
    update_output_axons(flow, board, placement, other, to_chip);
    AT(placement->slot, other) = to;
  }
  update_output_axons(flow, board, placement, core, home_chip);
  AT(placement->slot, core) = home;
  return 0;
}

/* Random slot within `reach` tiles of a core's own, or once in four draws on any of several chips; -1: outside the mesh. */
static int64_t candidate(const Board *board, Placement *placement, int64_t core, int64_t reach, int64_t chips) {
  const int64_t columns = AT(board->shape, 0), rows = AT(board->shape, 1), home = AT(placement->slot, core);
  const int64_t in_tile = AT(board->shape, 2), in_chip = AT(board->shape, 3);
  if (chips > 1 && draw(placement) < 0.25) return (int64_t)(draw(placement) * (double)board->chip.n);
  const int64_t column = AT(board->column, home) + (int64_t)(draw(placement) * (double)(2 * reach + 1)) - reach;
  const int64_t row = AT(board->row, home) + (int64_t)(draw(placement) * (double)(2 * reach + 1)) - reach;
  if (column < 0 || column >= columns || row < 0 || row >= rows) return -1;
  const int64_t place = (row * columns + column) * in_tile + (int64_t)(draw(placement) * (double)in_tile);
  return place < in_chip ? AT(board->chip, home) * in_chip + place : -1;
}

INLINE int is_open(const Board *board, const Placement *placement, int64_t core, int64_t slot) {
  return AT(board->is_open, AT(placement->pin_group, core) * board->chip.n + slot);
}

/* Change of the cost if a core goes to slot `to` and its occupant to the core's slot; FORBIDDEN where a pin group is against it. */
static double cost_of_swap(const CoreTraffic *flow, const Board *board, const Placement *placement, int64_t core, int64_t to) {
  const int64_t other = AT(placement->core, to), home = AT(placement->slot, core);
  if (to == home || !is_open(board, placement, core, to)) return FORBIDDEN;
  const double change = cost_of_shift(flow, board, placement, core, to, other);
  if (other < 0) return change;
  if (!is_open(board, placement, other, home)) return FORBIDDEN;
  return change + cost_of_shift(flow, board, placement, other, home, core);
}

/* Swap a core with the occupant of slot `to`; return 0 where output axons forbid it. */
static int swap(const CoreTraffic *flow, const Board *board, Placement *placement, int64_t core, int64_t to) {
  const int64_t other = AT(placement->core, to), home = AT(placement->slot, core);
  const int leaves = AT(board->chip, home) != AT(board->chip, to);
  if (leaves && !swap_between_chips(flow, board, placement, core, other, to)) return 0;
  AT(placement->core, home) = -1;
  set_slot(placement, core, to);
  if (other >= 0) set_slot(placement, other, home);
  return 1;
}

EXPORT(double, total_cost)(const CoreTraffic *flow, const Board *board, const Placement *placement) {
  double cost = 0.0;
  for (int64_t core = 0; core < placement->slot.n; core++) {
    const int64_t first = AT(flow->ptr, core), last = AT(flow->ptr, core + 1), slot = AT(placement->slot, core);
    for (int64_t at = first; at < last; at++)
      cost += AT(flow->traffic, at) * (double)hop_distance(board, slot, AT(placement->slot, AT(flow->to, at)));
  }
  return 0.5 * cost;
}

EXPORT(double, anneal)(const CoreTraffic *flow, const Board *board, Placement *placement, int64_t proposals, double hot,
                       double fall) {
  const int64_t chips = AT(board->chip, board->chip.n - 1) + 1, longest = max64(AT(board->shape, 0), AT(board->shape, 1));
  double gained = 0.0;
  for (int64_t step = 0; step < proposals; step++) {
    const double done = (double)step / (double)proposals, left = 1.0 - done, heat = hot * exponential(fall * done);
    const int64_t reach = max64(1, (int64_t)((double)longest * (left * left)));
    const int64_t core = (int64_t)(draw(placement) * (double)placement->slot.n);
    const int64_t to = candidate(board, placement, core, reach, chips);
    if (to < 0) continue;
    const double change = cost_of_swap(flow, board, placement, core, to);
    if (change > 0 && (change == FORBIDDEN || draw(placement) >= exponential(-change / heat))) continue;
    if (swap(flow, board, placement, core, to)) gained -= change;
  }
  return gained;
}

EXPORT(int64_t, add_link_loads)(const Board *board, const span_i64 *slot, const span_i64 *ptr, const span_i64 *to,
                                const span_f64 *traffic, span_f64 *loads) {
  const int64_t columns = AT(board->shape, 0), rows = AT(board->shape, 1);
  for (int64_t core = 0; core < slot->n; core++) {
    const int64_t a = AT(*slot, core), chip = AT(board->chip, a), first = AT(*ptr, core), last = AT(*ptr, core + 1);
    double *mesh = VIEW(*loads, chip * 4 * rows * columns, 4 * rows * columns);
    for (int64_t at = first; at < last; at++) {
      const int64_t b = AT(*slot, AT(*to, at)), column = AT(board->column, b), row = AT(board->row, b);
      if (AT(board->chip, b) != chip) continue;
      int64_t x = AT(board->column, a), y = AT(board->row, a);
      for (; x != column; x += column > x ? 1 : -1) mesh[((column > x ? 0 : 1) * rows + y) * columns + x] += AT(*traffic, at);
      for (; y != row; y += row > y ? 1 : -1) mesh[((row > y ? 2 : 3) * rows + y) * columns + x] += AT(*traffic, at);
    }
  }
  return 0;
}
