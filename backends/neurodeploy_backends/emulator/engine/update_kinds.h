/* Updates of the neuron kinds that are no compartments. */
#ifndef ND_UPDATE_KINDS_H
#define ND_UPDATE_KINDS_H
#include "noise.h"
#include "kinds.h"

/* One step of a population of another kind; state.values holds what it sends, 1 for a plain spike. */
static void update_kind(const Call *call, const Population *pop, int64_t slot) {
  const Layout *layout = call->layout;
  State *state = call->state;
  const int64_t rows = layout->parameters.n / PARAMETERS, far = pop->slots * pop->padded;
  for (int64_t i = pop->start; i < pop->start + pop->size; i++) {
    const int64_t at = slot + i - pop->start;
    double p[PARAMETERS];
    for (int64_t k = 0; k < PARAMETERS; k++) p[k] = AT(layout->parameters, k * rows + i);
    int64_t b = 0;
    const int64_t total = state->acc.wide[CHECKED(at, 1, state->acc.n)];
    state->acc.wide[at] = 0;
    if (pop->ports > 1) {
      b = state->acc.wide[CHECKED(at + far, 1, state->acc.n)] >> layout->switches.weight_shift;
      state->acc.wide[at + far] = 0;
    }
    const Neuron x = {state->u.wide + i, state->v.wide + i, VIEW(state->memory, i, 1), VIEW(state->memory, rows + i, 1)};
    const int64_t sent = updated_kind(&layout->switches, pop->model, p, total, b, x);
    mark(call, i, sent != 0);
    AT(state->values, i) = (double)sent;
  }
}

#endif
